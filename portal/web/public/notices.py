"""Public notices: list, page with attachments, PDF; what is not public is not there (R11.02, R2.45)."""

from flask import request, url_for
from flask_login import current_user

from portal.models import Notice
from portal.rules.workflow import Actor, Seat
from portal.web.guards import actor
from portal.web.notices.answers import send_attachment, send_notice
from portal.web.notices.view import present
from portal.web.pages import get_or_404, show
from portal.web.public import blueprint
from portal.web.public.provinces import chosen_province, province_tabs

ROWS = 30


@blueprint.get("/notices")
def notices():
    """All public notices, the newest first; pinned ones lead the first page (R2.51)."""
    province, offset = chosen_province(), max(request.args.get("from", 0, type=int), 0)
    rows = list(public_notices(province).offset(offset).limit(ROWS + 1))
    return show(
        "public/notices.html", pieces=("public/_public-notices.html",), rows=rows[:ROWS], province=province,
        provinces=province_tabs("public.notices", province), next=_page(offset + ROWS) if len(rows) > ROWS else "",
        previous=_page(offset - ROWS) if offset else "",
    )  # fmt: skip


@blueprint.get("/notices/<int:id>")
def notice(id: int):
    """One public notice with its attachments; the address of any other answers 404."""
    row = get_or_404(_public(id))
    original = row.forward_of if row.forward_of and row.forward_of.is_public else None
    return show(
        "public/notice.html", view=present(row, "public"), notice=row,
        original=present(original, "public") if original and original.state == "published" else None,
    )  # fmt: skip


@blueprint.get("/notices/<int:id>/pdf")
def notice_pdf(id: int):
    """The PDF of a public notice."""
    return send_notice(get_or_404(_public(id)), actor=visitor())


@blueprint.get("/notices/<int:id>/attachments/<int:attachment>")
def notice_attachment(id: int, attachment: int):
    """One attachment of a public notice."""
    return send_attachment(get_or_404(_public(id)), attachment, actor=visitor())


def public_notices(province: str = ""):
    """The public notices, pinned ones first, then the newest."""
    query = Notice.visible_to(None)
    if province:
        query = query.where(Notice.province == province)
    return query.order_by(Notice.pinned.desc(), Notice.published_at.desc(), Notice.id.desc())


def visitor() -> Actor:
    """Who downloads: the signed-in reader, or an anonymous visitor by network address."""
    if current_user.is_authenticated and current_user.seat:
        return actor()
    return Actor(user=None, name="访客", seat=Seat.SYSTEM, address=request.remote_addr or "")


def _public(id: int):
    return Notice.visible_to(None).where(Notice.id == id)


def _page(offset: int) -> str:
    return url_for("public.notices", province=chosen_province() or None, **({"from": offset} if offset > 0 else {}))
