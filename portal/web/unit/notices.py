"""The unit's notices: reading what it received, and forwarding it to its member units."""

from flask import request, url_for

from portal.actions.forwards import forward_notice as forward
from portal.actions.forwards import recompose_forward
from portal.models import Notice
from portal.web import notices as room
from portal.web.guards import actor
from portal.web.notices.writing import own_notice
from portal.web.pages import get_or_404, go
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES

room.mount(blueprint, writes=True)
ENTRIES.append(room.nav_items)


@blueprint.post("/notices/<int:id>/forward")
def forward_notice(id: int):
    """A draft that forwards a received notice, with everything proposed (R2.40, R2.41)."""
    original = get_or_404(Notice.visible_to(actor()).where(Notice.id == id))
    draft = forward(original, actor=actor())
    return go(url_for("unit.edit_notice", id=draft.id), "转发的草稿已建立，请核对推荐安排和文字后发布。")


@blueprint.post("/notices/<int:id>/recompose")
def recompose_notice(id: int):
    """Write a forward's text anew from its saved arrangements."""
    recompose_forward(own_notice(id), actor=actor(), seen=request.form.get("seen", 0, type=int))
    return go(url_for("unit.edit_notice", id=id), "正文已按推荐安排重新生成。")
