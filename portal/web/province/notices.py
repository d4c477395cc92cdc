"""The province's pages for notices: reading, writing, pinning, a new notice of a plan, and the contact page."""

from flask import request, url_for

from portal.actions.contacts import contacts_of, save_contacts
from portal.actions.notices import create_notice
from portal.models import Plan
from portal.rules.errors import Invalid
from portal.rules.workflow import Actor, Seat
from portal.web import notices as room
from portal.web.guards import actor
from portal.web.notices.contact_forms import ContactsForm
from portal.web.notices.forms import add_blank_rows, rows_of
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.province import blueprint
from portal.web.province.routes import ENTRIES

room.mount(blueprint, writes=True, pins=True)


@blueprint.route("/notices/new", methods=["GET", "POST"])
def new_notice():
    """A new draft: of a plan, whose text is then written from its parameters, or an empty one."""
    if request.method == "GET":
        own = Plan.select().where(Plan.office == actor().office).order_by(Plan.id.desc())
        chosen = request.args.get("plan", type=int)
        return show("province/new_notice.html", plans=list(own), chosen=chosen)
    plan, wanted = None, request.form.get("plan", 0, type=int)
    if wanted:
        plan = get_or_404(Plan.select().where(Plan.id == wanted, Plan.office == actor().office))
    notice = create_notice(actor=actor(), plan=plan)
    return go(url_for(".edit_notice", id=notice.id), "草稿已建立，请核对文字后发布。")


@blueprint.route("/contacts", methods=["GET", "POST"])
def edit_contacts():
    """The lines of the public contact page (R11.13)."""
    form = ContactsForm(contacts_of(actor().province), request.form if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        try:
            save_contacts(rows_of(form.contacts), actor=actor())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".edit_contacts"), "联系方式已保存，公开页面已更新。")
    if request.method == "POST":
        add_blank_rows(form.contacts, 1)
    return show("province/contacts.html", status=422 if form.errors else 200, form=form)


def nav_items(reader: Actor) -> list[NavItem]:
    """Notices for everybody here; the contact page for the centre."""
    items = room.nav_items(reader)
    if reader.seat == Seat.PROVINCE_CENTRE:
        href = url_for("province.edit_contacts")
        items.append(NavItem("联系方式", href, "", request.path == href))
    return items


ENTRIES.append(nav_items)
