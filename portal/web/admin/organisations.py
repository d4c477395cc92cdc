"""Evaluation organisations and member units: data, filing, scope and associations."""

from flask import request, url_for
from peewee import JOIN, fn

from portal.actions import organisations as verbs
from portal.actions.catalogues import print_levels
from portal.models import Filing, Grant, Membership, Occupation, Office, Organisation, Region, ScopeLine
from portal.models.jurisdictions import profiles
from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze
from portal.web.admin import blueprint
from portal.web.admin.forms import FilingForm, MemberForm, OrganisationForm, ScopeForm
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, province_name, show
from portal.web.paging import take_page


@blueprint.get("/organisations")
def organisations():
    """All organisations, with filing state and whether they have an account."""
    asked = {key: request.args.get(key, "").strip() for key in ("words", "province", "kind", "state")}
    latest = Filing.alias()
    newest = latest.select(fn.MAX(latest.id)).where(latest.organisation == Organisation.id)
    query = (
        Organisation.select(Organisation, Region, Filing.state.alias("filing_state"))
        .join(Region, JOIN.LEFT_OUTER)
        .switch(Organisation)
        .join(Filing, JOIN.LEFT_OUTER, on=(Filing.id == newest))
    )
    if asked["words"]:
        query = query.where(
            Organisation.name.contains(asked["words"]) | (Organisation.usci == squeeze(asked["words"]).upper())
        )
    if asked["province"]:
        query = query.where(Organisation.province == asked["province"])
    if asked["kind"]:
        query = query.where(Organisation.kind == ("" if asked["kind"] == "member" else asked["kind"]))
    if asked["state"]:
        query = query.where(Filing.state == asked["state"])
    listed = take_page(query.objects(), Organisation.name)
    with_account = {
        id_
        for (id_,) in Office.select(Office.organisation)
        .where(Office.organisation.in_([row.id for row in listed.rows]), fn.EXISTS(Grant.active_at(Office.id)))
        .tuples()
    }
    return show(
        "admin/organisations.html", pieces=("admin/_organisations.html",), listed=listed, asked=asked,
        kinds=verbs.KINDS, states=verbs.FILING_STATES, with_account=with_account, total=query.count(),
        provinces=[(key, profile.name) for key, profile in profiles().items()],
        regions={row.id: row.name for row in Region.select()}, province_name=province_name,
        active=sum(bool(value) for value in asked.values()),
    )  # fmt: skip


@blueprint.route("/organisations/add", methods=["GET", "POST"])
def add_organisation():
    """One more organisation."""
    form = OrganisationForm()
    _set_choices(form, None)
    if request.method == "POST" and form.validate():
        try:
            saved = verbs.save_organisation(None, _values(form), actor=actor())
            return go(url_for("admin.organisation", id=saved.id), "已登记，可继续填写备案信息。")
        except Invalid as refusal:
            form.refuse(refusal)
    status = 422 if request.method == "POST" else 200
    return show("admin/organisation_add.html", status=status, form=form)


@blueprint.route("/organisations/<int:id>", methods=["GET", "POST"])
def organisation(id: int):
    """One organisation."""
    row = _organisation(id)
    form = OrganisationForm(obj=row, **{f"contact_{key}": row.contact.get(key, "") for key in ("name", "phone")})
    form.region.data = form.region.data if request.method == "POST" else row.region_id
    _set_choices(form, row)
    if request.method == "POST" and form.validate():
        try:
            verbs.save_organisation(row, _values(form), actor=actor())
            return go(url_for("admin.organisation", id=id), "已保存。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(row, form=form, status=422 if request.method == "POST" else 200)


@blueprint.post("/organisations/<int:id>/filing")
def save_filing(id: int):
    """Enter the filing's state, number and dates."""
    row, form = _organisation(id), FilingForm()
    if form.validate():
        try:
            verbs.save_filing(row, form.data, actor=actor())
            return go(url_for("admin.organisation", id=id), "备案信息已保存。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(row, filing_form=form, status=422)


@blueprint.post("/organisations/<int:id>/scope")
def save_scope(id: int):
    """Add an occupation to the filing, or change its levels."""
    row, form = _organisation(id), ScopeForm()
    if form.validate():
        try:
            filing = verbs.filing_of(row)
            if filing is None:
                raise Invalid("occupation", "请先填写备案信息，再登记备案职业。")
            occupation = verbs.find_occupation(form.occupation.data)
            verbs.save_scope_line(filing, occupation, form.levels.data or "", actor=actor())
            return go(url_for("admin.organisation", id=id), f"已登记{occupation.code} {occupation.name}。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(row, scope_form=form, status=422)


@blueprint.post("/organisations/<int:id>/scope/<int:line>/remove")
def remove_scope(id: int, line: int):
    """Take an occupation out of the filing."""
    row = get_or_404(ScopeLine.select().join(Filing).where(ScopeLine.id == line, Filing.organisation == id))
    verbs.remove_scope_line(row, actor=actor())
    return go(url_for("admin.organisation", id=id), "已移除。")


@blueprint.post("/organisations/<int:id>/filing-associations")
def join_association(id: int):
    """Make the organisation a member unit of an association."""
    row, form = _organisation(id), MemberForm()
    if form.validate():
        association = Organisation.get_or_none(
            Organisation.name == form.association.data, Organisation.province == row.province
        )
        try:
            if association is None:
                raise Invalid("association", "本省没有这个名称的单位，请填写全称。")
            verbs.join_association(association, row, actor=actor())
            return go(url_for("admin.organisation", id=id), f"已登记为{association.name}的会员单位。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(row, member_form=form, status=422)


def _show(row: Organisation, *, form=None, filing_form=None, scope_form=None, member_form=None, status: int = 200):
    filing = verbs.filing_of(row)
    if form is None:
        form = OrganisationForm(
            formdata=None, obj=row, **{f"contact_{key}": row.contact.get(key, "") for key in ("name", "phone")}
        )
        form.region.data = row.region_id
        _set_choices(form, row)
    lines = []
    if filing is not None:
        lines = list(
            ScopeLine.select(ScopeLine, Occupation).join(Occupation)
            .where(ScopeLine.filing == filing.id).order_by(Occupation.code, Occupation.job)
        )  # fmt: skip
    association = Organisation.alias()
    member_of = (
        Membership.select(Membership, association).join(association, on=(Membership.association == association.id))
        .where(Membership.member == row.id)
    )  # fmt: skip
    office = Office.get_or_none(Office.organisation == row.id)
    return show(
        "admin/organisation.html", status=status, organisation=row, form=form, filing=filing, lines=lines,
        filing_form=filing_form or FilingForm(formdata=None, obj=filing), scope_form=scope_form or ScopeForm(None),
        member_form=member_form or MemberForm(None), print_levels=print_levels,
        associations=[each.association.name for each in member_of],
        members=Membership.select().where(Membership.association == row.id).count(),
        accounts=list(Grant.active_at(office.id)) if office else [], province=province_name(row.province),
    )  # fmt: skip


def _set_choices(form: OrganisationForm, row: Organisation | None) -> None:
    places = [
        (region.id, f"{province_name(key)} {'　' if region.level == 'county' else ''}{region.name}")
        for key in ([row.province] if row else profiles())
        for region in verbs.regions_of(key)
    ]
    form.region.choices = [("", "请选择"), *places]
    allowed = Region.select().where(Region.level.in_(["direct", "city"])).order_by(Region.province, Region.code)
    if row:
        allowed = allowed.where(Region.province == row.province)
    form.allowed_regions.choices = [(region.code, region.name) for region in allowed]


def _values(form: OrganisationForm) -> dict:
    contact = {"name": form.contact_name.data or "", "phone": form.contact_phone.data or ""}
    return {**form.data, "region": Region.get_or_none(Region.id == form.region.data), "contact": contact}


def _organisation(id: int) -> Organisation:
    return get_or_404(Organisation.select().where(Organisation.id == id))
