"""个人信息: one page with three blocks, saved explicitly, with every error beside its field (R1.17)."""

from flask import flash, request, url_for

from portal import clock
from portal.actions import people
from portal.models import HeldQualification, Membership, Organisation, Person, WorkEntry
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid
from portal.rules.facts import LEVEL_LABELS
from portal.rules.periods import Period, total_months
from portal.storage import PORTRAIT
from portal.web.applicant import blueprint
from portal.web.applicant.forms import ProfileForm
from portal.web.applicant.home import own_person
from portal.web.applicant.uploads import portrait_of
from portal.web.guards import actor
from portal.web.pages import go, show


@blueprint.route("/profile", methods=["GET", "POST"])
def profile():
    """The profile; a good photo is kept even when another field is wrong, since a browser would not send it again."""
    person = own_person()
    form = ProfileForm(person)
    if request.method == "GET":
        form.fill(person)
        return _show(form, person)
    form.validate()
    portrait_error = _take_portrait(person)
    typed = _drop_fixed(person, form.typed())
    faults = people.find_profile_faults(person, typed)
    for fault in faults:
        form.refuse(fault)
    if faults or portrait_error or any(field.errors for field in form):
        return _show(form, Person.get_by_id(person.id), portrait_error, 422)
    people.save_profile(person, actor=actor(), values=typed)
    missing = people.missing_fields(Person.get_by_id(person.id))
    told = ("warn", f"已保存。报名前还需补充：{'、'.join(missing)}。") if missing else "个人信息已保存。"
    return go(url_for("applicant.profile"), told)


def _take_portrait(person: Person) -> str:
    """Keep the uploaded photo; gives what is wrong with it, or ''."""
    upload = request.files.get("portrait")
    if upload is None or not upload.filename:
        return ""
    try:
        kept = portrait_of(upload)
    except Invalid as refusal:
        return refusal.message
    people.set_portrait(person, actor=actor(), kept=kept)
    for warning in kept.warnings:
        flash(f"照片提示：{warning}", "warn")
    return ""


def _drop_fixed(person: Person, typed: dict) -> dict:
    """Without the fields the page shows as fixed; the verb would ignore them too."""
    if not people.can_edit_identity(person):
        for name in ("name", "id_type", "id_number"):
            typed.pop(name, None)
    if people.is_region_locked(person):
        typed.pop("exam_region", None)
    return typed


def _show(form: ProfileForm, person: Person, portrait_error: str = "", status: int = 200):
    rules = profile_of(person.province)
    work = list(_rows(WorkEntry, person))
    employers = [name for (name,) in _member_names(person)]
    return show(
        "applicant/profile.html", status=status, form=form, person=person, portrait_error=portrait_error,
        missing=people.missing_fields(person), locked=people.is_region_locked(person), locks=rules.region_rules.locked,
        fixed=not people.can_edit_identity(person), contact=rules.region_rules.lock_contact,
        organisations=[each.name for each in people.evaluation_organisations(person.province)], employers=employers,
        held=list(_rows(HeldQualification, person)), work=work, months=_months(work),
        photo_bytes=PORTRAIT.max_bytes, required=rules.registration.required_fields,
        levels=LEVEL_LABELS,
    )  # fmt: skip


def _rows(model, person: Person):
    return model.select().where(model.person == person.id, model.removed_at.is_null()).order_by(model.id)


def _months(work: list[WorkEntry]) -> int:
    return total_months([Period(row.starts_on, row.ends_on) for row in work], clock.today())


def _member_names(person: Person):
    """The organisation and its member units, as suggestions for the employer."""
    if person.organisation is None:
        return []
    members = Membership.select(Membership.member).where(Membership.association == person.organisation)
    return (
        Organisation.select(Organisation.name)
        .where((Organisation.id == person.organisation_id) | Organisation.id.in_(members))
        .order_by(Organisation.name)
        .tuples()
    )
