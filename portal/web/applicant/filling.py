"""Filling in a registration: one page that saves as it goes, its materials, and the read-back before submitting."""

from types import SimpleNamespace

from flask import make_response, request, url_for

from portal import clock
from portal.actions import people, people_evidence, registration_files, registrations
from portal.actions.registration_copy import (
    awaits_stamp,
    evaluate_registration,
    has_valid_stamp,
    last_submission,
    open_correction,
    results_of,
    unlocked_keys,
)
from portal.models import Case, FileVersion, HeldQualification, Registration, WorkEntry
from portal.models.jurisdictions import profile_of
from portal.rules.eligibility import blocks, needs_judgement, needs_waiver
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows.registration import FLOW, State
from portal.rules.profile import TRUTHFUL
from portal.storage import PORTRAIT, SCAN
from portal.web.applicant import blueprint
from portal.web.applicant.forms import ProfileForm, QualificationForm, RegistrationForm
from portal.web.applicant.uploads import keep_scans, own_file, portrait_of
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show

PIECES = ("applicant/_materials.html", "applicant/_results.html", "applicant/_seen.html")


def own_case(id: int) -> Case:
    """A registration of the signed-in person, else 404."""
    return get_or_404(Case.visible_to(actor()).where(Case.id == id, Case.kind == FLOW.name))


@blueprint.route("/registrations/<int:id>/edit", methods=["GET", "POST"])
def fill_registration(id: int):
    """The registration form; a submitted registration leads to its status page instead."""
    case = own_case(id)
    if case.state not in (State.DRAFT, State.RETURNED):
        return go(url_for("applicant.registration", id=id))
    registration = Registration.get_by_id(id)
    if request.method == "GET":
        return show("applicant/fill.html", pieces=("applicant/_results.html",), **describe(registration))
    form = build_form(registration)
    form.validate()
    try:
        registrations.save_registration(case, actor=actor(), values=form.values(), seen=seen_version(case))
    except Invalid as refusal:
        form.refuse(refusal)
        return show("applicant/fill.html", status=422, **describe(registration, form=form))
    if "next" in request.form:
        return go(url_for("applicant.confirm_registration", id=id))
    return go(url_for("applicant.fill_registration", id=id), "已保存。")


@blueprint.post("/registrations/<int:id>/autosave")
def autosave_registration(id: int):
    """The same, on the way: 204 with the time and the new version (docs/pages.md)."""
    case = own_case(id)
    form = build_form(Registration.get_by_id(id))
    form.validate()
    case = registrations.save_registration(case, actor=actor(), values=form.values(), seen=seen_version(case))
    response = make_response("", 204)
    response.headers["X-Saved-At"] = f"{clock.now():%H:%M}"
    response.headers["X-Seen"] = str(case.version)
    return response


@blueprint.post("/registrations/<int:id>/person")
def correct_person(id: int):
    """The returned items of the personal information; the profile keeps them too."""
    case = own_case(id)
    registration = Registration.get_by_id(id)
    if case.state != State.RETURNED:
        raise Stale("这件报名现在不能修改，请刷新后查看最新情况。")
    form = person_form(registration)
    form.validate()
    typed = form.typed()
    faults = people.find_profile_faults(registration.person, typed)
    for fault in faults:
        form.refuse(fault)
    if faults:
        return show("applicant/fill.html", status=422, **describe(registration, person=form))
    registrations.correct_person(case, actor=actor(), values=typed, seen=seen_version(case))
    return go(url_for("applicant.fill_registration", id=id), "已保存。")


@blueprint.post("/registrations/<int:id>/qualifications")
def add_to_registration(id: int):
    """Certificate information and its materials in one go, on the registration page itself (R3.02)."""
    case = own_case(id)
    registration = Registration.get_by_id(id)
    if case.state != State.DRAFT:
        raise NotAllowed("只能修改补正告知书中列出的内容，不能增加证书。")
    form = QualificationForm()
    form.validate()
    typed = {**form.typed(), "material_kind": request.form.get("material_kind", "")}
    faults = people_evidence.find_qualification_faults(registration.person, typed)
    try:
        kept = keep_scans("scan")
    except Invalid as refusal:
        faults.append(refusal)
        kept = []
    for fault in faults:
        form.refuse(fault)
    if faults:
        return show("applicant/fill.html", status=422, **describe(registration, adding=form))
    registration_files.add_qualification(case, actor=actor(), values=typed, kept=kept)
    return go(url_for("applicant.fill_registration", id=id) + "#materials", "证书信息已保存。")


@blueprint.post("/registrations/<int:id>/files")
def upload_to_registration(id: int):
    """Scans for one slot of the registration: several files at once, added or in place of the present ones."""
    case = own_case(id)
    slot, error = request.form.get("slot", ""), None
    try:
        for number, kept in enumerate(keep_scans("scan")):
            replace = number == 0 and request.form.get("mode") == "replace"
            registration_files.attach_file(case, actor=actor(), slot=slot, kept=kept, replace=replace)
        if request.form.get("material_kind"):
            registrations.name_material(case, slot, request.form["material_kind"], actor=actor())
    except Invalid as refusal:
        error = (slot, refusal.message)
    return after_upload(id, error)


@blueprint.post("/registrations/<int:id>/portrait")
def upload_portrait(id: int):
    """A new photo for a returned portrait."""
    case = own_case(id)
    try:
        kept = portrait_of(request.files.get("scan"))
        registration_files.attach_file(case, actor=actor(), slot=people.PORTRAIT_SLOT, kept=kept)
    except Invalid as refusal:
        return after_upload(id, (people.PORTRAIT_SLOT, refusal.message))
    return after_upload(id)


@blueprint.post("/registrations/<int:id>/files/<int:file>/remove")
def remove_from_registration(id: int, file: int):
    """Take one file out of use."""
    registration_files.detach_file(own_case(id), actor=actor(), version=own_file(file))
    return after_upload(id)


@blueprint.route("/registrations/<int:id>/confirm", methods=["GET", "POST"])
def confirm_registration(id: int):
    """报名信息确认: everything read back, and only from here is it submitted (R3.03)."""
    case = own_case(id)
    if case.state not in (State.DRAFT, State.RETURNED):
        return go(url_for("applicant.registration", id=id))
    registration = Registration.get_by_id(id)
    if request.method == "GET":
        return show("applicant/confirm.html", **read_back(registration))
    try:
        case = registrations.submit_registration(
            case, actor=actor(), seen=seen_version(case), declared=request.form.get("declared") == "yes"
        )
    except (Invalid, NotAllowed) as refusal:
        status = 422 if isinstance(refusal, Invalid) else 403
        return show("applicant/confirm.html", status=status, **read_back(registration, refusal))
    return go(url_for("applicant.registration", id=id), f"报名已提交，报名编号：{case.number}。")


def seen_version(case: Case) -> int:
    """The version the page was drawn with; a page that does not say is taken as too old."""
    return request.form.get("seen", type=int) or 0


def build_form(registration: Registration) -> RegistrationForm:
    """The form with the choices of this registration, bound to what was typed or else to what is stored."""
    person = registration.person
    held, work = rows_of(HeldQualification, person), rows_of(WorkEntry, person)
    typed = request.endpoint in ("applicant.fill_registration", "applicant.autosave_registration")
    is_bound = typed and request.method == "POST"
    form = RegistrationForm(
        registration, **({} if is_bound else {"formdata": None}),
        offered=registrations.occupations_for(registration), reviewers=registrations.reviewer_choices(registration),
        held=[(row.id, f"{row.occupation_name} {people_evidence.level_label(row)}（{row.kind}）") for row in held],
        work=[(row.id, f"{row.starts_on}至{row.ends_on or '今'} {row.organisation_name}") for row in work],
        unlocked=unlocked_keys(registration.case) if registration.case.state == State.RETURNED else None,
    )  # fmt: skip
    if not is_bound:
        form.fill(registration, [row.id for row in held], [row.id for row in work])
    return form


def person_form(registration: Registration) -> ProfileForm:
    """The returned fields of the personal information, and only they."""
    keys = unlocked_keys(registration.case)
    names = {key.removeprefix("person.") for key in keys if key.startswith("person.")} - {"portrait", "organisation"}
    if people.is_region_locked(registration.person):
        names.discard("exam_region")
    is_bound = request.endpoint == "applicant.correct_person"
    form = ProfileForm(
        registration.person, **({} if is_bound else {"formdata": None}), prefix="person-", only=frozenset(names)
    )
    if not is_bound:
        form.fill(registration.person)
    return form


def rows_of(model, person) -> list:
    """The person's rows in use, oldest first."""
    return list(model.select().where(model.person == person.id, model.removed_at.is_null()).order_by(model.id))


def after_upload(id: int, error: tuple[str, str] | None = None):
    """The pieces that an upload changes, or the whole page again."""
    registration = Registration.get_by_id(id)
    if request.htmx or error:
        status = 422 if error else 200
        return show("applicant/fill.html", pieces=PIECES, status=status, **describe(registration, error=error))
    return go(url_for("applicant.fill_registration", id=id) + "#materials", "已保存。")


def describe(registration: Registration, *, form=None, adding=None, person=None, error=None) -> dict:
    """Everything the page shows."""
    case = registration.case
    data, files = registrations.contents_of(registration)
    unlocked = unlocked_keys(case) if case.state == State.RETURNED else None
    profile = profile_of(registration.plan.province)
    declared = profile.declarations_for(registration.plan.grade)
    return {
        "registration": registration,
        "case": case,
        "plan": registration.plan,
        "form": form or build_form(registration),
        "person_form": person or (person_form(registration) if unlocked is not None else None),
        "adding": adding or QualificationForm(formdata=None),
        "adding_open": adding is not None,
        "data": data,
        "results": results_for_page(registration),
        "materials": materials_of(registration, data, files, unlocked),
        "portrait": (files.get("person.portrait") or [None])[-1],
        "material_kinds": profile.registration.material_kinds,
        "declarations": {key: each for key, each in declared.items() if key != TRUTHFUL},
        "correction": open_correction(case),
        "unlocked": unlocked,
        "standing": registrations.standing(case),
        "missing": people.missing_fields(registration.person) if case.submitted_at is None else [],
        "error": error,
        "scan_bytes": SCAN.max_bytes,
        "photo_bytes": PORTRAIT.max_bytes,
        "stamp": describe_stamp(registration),
    }


def describe_stamp(registration: Registration) -> SimpleNamespace:
    """What the stamped form's part of a page says."""
    version = registration.stamped_form
    return SimpleNamespace(
        required=registration.plan.require_stamped_form,
        version=version,
        valid=has_valid_stamp(registration),
        awaited=awaits_stamp(registration),
        printed=registration.form_version,
        exception=registration.stamp_exception,
    )


def results_for_page(registration: Registration) -> list[SimpleNamespace]:
    """Eligibility in the words of the kit: verdict, condition, what was found, quoted source."""
    results = results_of(registration)
    stopping, waiting = set(blocks(results)), set(needs_waiver(results))
    judged = set(needs_judgement(results))
    return [
        SimpleNamespace(
            verdict="judge" if result in judged or result in waiting else "not_met" if result in stopping else "met",
            text=result.text or result.label,
            found=result.explanation + ("（可以提交，由审核单位决定是否放宽）" if result in waiting else ""),
            source=result.source,
        )
        for result in results
    ]


def materials_of(registration: Registration, data: dict, files: dict, unlocked) -> list[SimpleNamespace]:
    """Each certificate and work entry with its facts, files and what is still missing."""
    shown = []
    sent = {} if unlocked is None else last_submission(registration.case).files
    for row in data["qualifications"]:
        key = f"qualification.{row['id']}"
        facts = [(label, row[name]) for name, label in _FACTS if row[name] or name != "valid_to"]
        title = f"{row['occupation']['label']} {row['level']}（{row['kind']}）"
        shown.append(_material(key, title, facts, files, unlocked))
        shown[-1].kind, shown[-1].kind_label = row["material_key"], row["material_kind"]
        shown[-1].confirmed = row["confirmed_by"]
        shown[-1].edit = url_for("applicant.edit_qualification", id=row["id"], case=registration.case_id)
    for row in data["work"]:
        key = f"work.{row['id']}"
        facts = [("考评职业", row["occupation"]), ("起止", f"{row['from']}至{row['to'] or '今'}")]
        facts.append(("说明", row["evidence"]))
        shown.append(_material(key, f"考评工作经历：{row['organisation']}", facts, files, unlocked))
        shown[-1].kind, shown[-1].kind_label, shown[-1].confirmed = "", "", ""
        shown[-1].edit = url_for("applicant.edit_work", id=row["id"], case=registration.case_id)
    for each in shown:
        # What was returned is wanted anew; pages added since then are not to be replaced by the next one.
        each.is_returned = each.can_upload and {file.id for file in each.files} <= set(sent.get(each.slot, ()))
    return shown


_FACTS = (("number", "证书编号"), ("issuer", "发证机构"), ("issued_on", "发证日期"), ("valid_to", "有效期至"))


def _material(key: str, title: str, facts: list, files: dict, unlocked) -> SimpleNamespace:
    slot = f"{key}.scan"
    ids = files.get(slot, [])
    return SimpleNamespace(
        key=key, slot=slot, title=title, facts=facts, is_work=key.startswith("work"),
        files=list(FileVersion.select().where(FileVersion.id.in_(ids)).order_by(FileVersion.version)) if ids else [],
        can_edit=unlocked is None or key in unlocked, can_upload=unlocked is None or slot in unlocked,
    )  # fmt: skip


def read_back(registration: Registration, refusal: Refusal | None = None) -> dict:
    """The confirmation page: every item as it will be submitted, gaps, results, the declaration."""
    profile, plan = profile_of(registration.plan.province), registration.plan
    results = evaluate_registration(registration)
    groups: dict[str, list] = {}
    for item in registrations.items_of(registration):
        groups.setdefault(item.group, []).append(item)
    blocked = _why_not_now(registration)
    return {
        "registration": registration,
        "case": registration.case,
        "plan": plan,
        "groups": groups,
        "files": _file_rows(groups),
        "gaps": registrations.find_gaps(registration),
        "blocking": blocks(results),
        "late": blocked,
        "results": results_for_page(registration),
        "declaration": profile.declarations[TRUTHFUL],
        "refusal": refusal.message if refusal else "",
        "work_groups": applicant_groups(plan),
        "stamp": describe_stamp(registration),
        "standing": registrations.standing(registration.case),
    }


def applicant_groups(plan) -> list[dict]:
    """The plan's work groups for applicants; those for liaisons are not theirs to see (R1.28)."""
    return [group for group in plan.groups if str(group.get("audience", "")).startswith("applicant")]


def _file_rows(groups: dict) -> dict[int, FileVersion]:
    ids = {number for items in groups.values() for item in items for number in item.files}
    return {row.id: row for row in FileVersion.select().where(FileVersion.id.in_(list(ids)))} if ids else {}


def _why_not_now(registration: Registration) -> str:
    try:
        registrations.check_time(registration)
    except NotAllowed as refusal:
        return refusal.message
    return ""
