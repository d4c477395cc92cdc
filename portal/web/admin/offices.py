"""Offices and regions."""

from collections.abc import Sequence

from flask import request, url_for
from peewee import JOIN, fn

from portal.actions import offices as verbs
from portal.models import Grant, Office, Region
from portal.models.jurisdictions import profiles
from portal.rules.errors import Invalid
from portal.web.admin import blueprint
from portal.web.admin.forms import OfficeForm, RegionForm
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, province_name, show
from portal.web.paging import take_page


@blueprint.get("/offices")
def offices():
    """Centres and departments, and who has no account."""
    asked = {key: request.args.get(key, "").strip() for key in ("words", "province", "level")}
    query = Office.select(Office, Region).join(Region, JOIN.LEFT_OUTER).where(Office.level != "unit")
    if asked["words"]:
        query = query.where(Office.name.contains(asked["words"]))
    if asked["province"]:
        query = query.where(Office.province == asked["province"])
    if asked["level"]:
        query = query.where(Office.level == asked["level"])
    listed = take_page(query, Office.id)
    with_account = {
        id_ for (id_,) in Office.select(Office.id).where(fn.EXISTS(Grant.active_at(Office.id))).tuples()
    }  # fmt: skip
    return show(
        "admin/offices.html", pieces=("admin/_offices.html",), listed=listed, asked=asked, with_account=with_account,
        kinds=verbs.OFFICE_KINDS, levels={k: v for k, v in verbs.LEVEL_LABELS.items() if k not in ("direct", "unit")},
        provinces=_provinces(), province_name=province_name, active=sum(bool(value) for value in asked.values()),
    )  # fmt: skip


@blueprint.route("/offices/add", methods=["GET", "POST"])
def add_office():
    """One more centre or department."""
    return _edit_office(None, OfficeForm())


@blueprint.route("/offices/<int:id>", methods=["GET", "POST"])
def edit_office(id: int):
    """One centre or department."""
    office = get_or_404(Office.select().where(Office.id == id, Office.level != "unit"))
    form = OfficeForm(obj=office)
    if request.method == "GET":
        form.contacts.data = "\n".join(
            " ".join(filter(None, (each.get(key) for key in ("name", "phone", "email")))) for each in office.contacts
        )
    return _edit_office(office, form)


@blueprint.get("/regions")
def regions():
    """Provinces, cities and counties with their codes."""
    rows = list(Region.select().order_by(Region.province, Region.code))
    children: dict[int, list[Region]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    tree: list[tuple[int, Region]] = []

    def walk(parent, depth: int) -> None:
        for row in children.get(parent, ()):
            tree.append((depth, row))
            walk(row.id, depth + 1)

    walk(None, 0)
    return show("admin/regions.html", tree=tree, levels=verbs.LEVEL_LABELS)


@blueprint.route("/regions/add", methods=["GET", "POST"])
def add_region():
    """A new county or city; no code has to change for it (R13.25)."""
    return _edit_region(None, RegionForm(parent=request.args.get("parent", type=int)))


@blueprint.route("/regions/<int:id>", methods=["GET", "POST"])
def edit_region(id: int):
    """Name, filing code and use of a region."""
    region = get_or_404(Region.select().where(Region.id == id))
    return _edit_region(region, RegionForm(obj=region))


def read_contact_lines(lines: Sequence[str]) -> list[dict]:
    """Contacts typed one per line: name, telephone, and an e-mail address where there is one."""
    contacts = []
    for line in lines:
        words = line.replace("：", " ").replace(":", " ").split()
        email = next((word for word in words if "@" in word), "")
        *names, phone = [word for word in words if word != email] or [""]
        contacts.append({"name": " ".join(names), "phone": phone, "email": email})
    return contacts


def _edit_office(office: Office | None, form: OfficeForm):
    places = Region.select().where(Region.level.in_(["city", "county"]), Region.active).order_by(Region.code)
    form.region.choices = [("", "（省级机构不选）"), *((r.id, f"{_place(r)}") for r in places)]
    if office is not None:
        del form.kind, form.province, form.region
    if request.method == "POST" and form.validate():
        values = {**form.data, "contacts": read_contact_lines(form.contacts.lines)}
        if office is None:
            values["region"] = Region.get_or_none(Region.id == form.region.data)
        try:
            saved = verbs.save_office(office, values, actor=actor())
            return go(url_for("admin.offices"), f"已保存“{saved.name}”。")
        except Invalid as refusal:
            form.refuse(refusal)
    status = 422 if request.method == "POST" else 200
    return show("admin/office.html", status=status, form=form, office=office, kinds=verbs.OFFICE_KINDS)


def _edit_region(region: Region | None, form: RegionForm):
    parents = Region.select().where(Region.level.in_(["province", "city"])).order_by(Region.code)
    form.parent.choices = [("", "请选择"), *((row.id, _place(row)) for row in parents)]
    if region is not None:
        del form.level, form.parent, form.code
    if request.method == "POST" and form.validate():
        try:
            saved = verbs.save_region(region, form.data, actor=actor())
            return go(url_for("admin.regions"), f"已保存“{saved.name}”。")
        except Invalid as refusal:
            form.refuse(refusal)
    status = 422 if request.method == "POST" else 200
    return show("admin/region.html", status=status, form=form, region=region)


def _place(region: Region) -> str:
    """A region with what it lies in."""
    words = province_name(region.province)
    if region.level == "county" and region.parent:
        words += f" {region.parent.name}"
    return f"{words} {region.name}" if region.level != "province" else words


def _provinces() -> list[tuple[str, str]]:
    return [(key, profile.name) for key, profile in profiles().items()]
