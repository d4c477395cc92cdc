"""The unit itself: its liaison person and its member units."""

from flask import request, url_for

from portal.actions import members as verbs
from portal.models import Liaison, Membership, Organisation
from portal.rules.errors import Invalid
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES
from portal.web.unit.table_forms import LiaisonForm, MemberForm


@blueprint.get("/organisation")
def organisation():
    """The liaison, the history of liaisons, and the members."""
    return _show(LiaisonForm(formdata=None), MemberForm(formdata=None, prefix="member-"))


@blueprint.post("/organisation/liaison")
def name_liaison():
    """Name the liaison; a second one replaces the first after confirmation."""
    form = LiaisonForm()
    if form.validate():
        try:
            verbs.name_liaison(
                actor=actor(), name=form.name.data, phone=form.phone.data, confirmed=form.confirmed.data
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for("unit.organisation"), "联系人已保存。")
    return _show(form, MemberForm(formdata=None, prefix="member-"), 422)


@blueprint.post("/organisation/members")
def add_member():
    """Add a member unit."""
    form = MemberForm(prefix="member-")
    if form.validate():
        try:
            verbs.add_member(actor=actor(), name=form.name.data, usci=form.usci.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for("unit.organisation"), "会员单位已增加，转发的通知会发给该单位。")
    return _show(LiaisonForm(formdata=None), form, 422)


@blueprint.post("/organisation/members/<int:id>/remove")
def remove_member(id: int):
    """End a membership."""
    query = Membership.select().where(Membership.id == id, Membership.association == actor().organisation)
    verbs.remove_member(get_or_404(query), actor=actor())
    return go(url_for("unit.organisation"), "会员单位已移除。")


def nav_items(reader) -> list[NavItem]:
    """The entry in the door's navigation."""
    href = url_for("unit.organisation")
    return [NavItem("本单位", href, "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _show(liaison_form: LiaisonForm, member_form: MemberForm, status: int = 200):
    own = actor().organisation
    history = Liaison.select().where(Liaison.organisation == own, ~Liaison.active).order_by(Liaison.id.desc())
    return show(
        "unit/organisation.html", status=status, organisation=Organisation.get_by_id(own),
        liaison=verbs.active_liaison(own), history=list(history), members=verbs.members_of(own),
        liaison_form=liaison_form, member_form=member_form,
    )  # fmt: skip
