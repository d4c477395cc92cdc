"""Persons: look one up, change a wrong exam region (R0.14), merge one who was entered twice."""

from flask import request, url_for
from peewee import JOIN

from portal.actions import people as verbs
from portal.actions.people_merging import merge_people
from portal.models import Case, Event, Organisation, Person, Plan, Registration
from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze
from portal.web.admin import blueprint
from portal.web.admin.forms import ExamRegionForm, MergeForm
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, province_name, show
from portal.web.paging import take_page


@blueprint.get("/people")
def people():
    """Persons by name or document number; nothing is listed before something was asked."""
    words = request.args.get("words", "").strip()
    listed = None
    if words:
        plain = squeeze(words)
        query = (
            Person.select(Person, Organisation)
            .join(Organisation, JOIN.LEFT_OUTER, on=(Person.organisation == Organisation.id))
            .where(
                Person.name.contains(words) | (Person.id_number == plain.upper()) | (Person.phone == plain),
                Person.merged_into.is_null(),
            )
        )
        listed = take_page(query, Person.id)
    return show(
        "admin/people.html", pieces=("admin/_people.html",), listed=listed, words=words, province_name=province_name
    )


@blueprint.get("/people/<int:id>")
def person(id: int):
    """One person: who it is, the registrations, and what technical staff may change."""
    row = _person(id)
    return _show(row, _region_form(row, None), MergeForm(formdata=None))


@blueprint.post("/people/<int:id>/exam-region")
def change_exam_region(id: int):
    """Change a saved exam region, with the reason in the record."""
    row = _person(id)
    form = _region_form(row, request.form)
    if form.validate():
        region = next((each for each in verbs.exam_regions(row.province) if each.id == form.region.data), None)
        try:
            if region is None:
                raise Invalid("region", "请从列表中选择报考区域。")
            verbs.change_exam_region(row, region=region, note=form.note.data, actor=actor())
            return go(url_for("admin.person", id=id), f"报考区域已改为{region.name}。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(row, form, MergeForm(formdata=None), 422)


@blueprint.post("/people/<int:id>/merge")
def merge_person(id: int):
    """Take another record of the same person into this one."""
    row, form = _person(id), MergeForm()
    if form.validate():
        drop = Person.get_or_none(Person.id == form.drop.data, Person.merged_into.is_null())
        try:
            if drop is None:
                raise Invalid("drop", "没有这个编号的人员，或已并入他人。")
            merge_people(row, drop, note=form.note.data, actor=actor())
            return go(url_for("admin.person", id=id), f"已并入{drop.name}的记录。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(row, _region_form(row, None), form, 422)


def _show(row: Person, region_form: ExamRegionForm, merge_form: MergeForm, status: int = 200):
    registrations = (
        Registration.select(Registration, Case, Plan)
        .join(Case)
        .join_from(Registration, Plan)
        .where(Registration.person == row.id)
        .order_by(Case.id.desc())
        .limit(20)
    )
    return show(
        "admin/person.html", status=status, person=row, form=region_form, merge_form=merge_form,
        province=province_name(row.province), registrations=list(registrations),
        twins=list(Person.select().where(
            Person.name == row.name, Person.id != row.id, Person.merged_into.is_null(),
            Person.province == row.province).limit(10)),
        events=list(Event.select().where(Event.subject == f"person:{row.id}").order_by(Event.id.desc()).limit(20)),
    )  # fmt: skip


def _region_form(row: Person, typed) -> ExamRegionForm:
    form = ExamRegionForm(formdata=typed)
    form.region.choices = [("", "请选择"), *((r.id, r.name) for r in verbs.exam_regions(row.province))]
    if typed is None:
        form.region.data = row.exam_region_id
    return form


def _person(id: int) -> Person:
    return get_or_404(Person.select().where(Person.id == id, Person.merged_into.is_null()))
