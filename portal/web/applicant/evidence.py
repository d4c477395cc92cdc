"""持证情况 and 考评工作经历: one page for each row, reached from the profile or from a registration."""

from flask import abort, request, url_for

from portal.actions import people_evidence as evidence
from portal.models import FileVersion, HeldQualification, Occupation, Person, WorkEntry
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid
from portal.storage import SCAN
from portal.web.applicant import blueprint
from portal.web.applicant.forms import QualificationForm, WorkForm
from portal.web.applicant.home import own_person
from portal.web.applicant.uploads import keep_scans
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show


@blueprint.route("/qualifications/new", methods=["GET", "POST"])
def add_qualification():
    """A new row of 持证情况, with its scans in one go."""
    return _edit_qualification(own_person(), None)


@blueprint.route("/qualifications/<int:id>", methods=["GET", "POST"])
def edit_qualification(id: int):
    """Change a row, add or take away scans."""
    person = own_person()
    return _edit_qualification(person, _own(HeldQualification, person, id))


@blueprint.post("/qualifications/<int:id>/remove")
def remove_qualification(id: int):
    """Take the row out of the register."""
    evidence.remove_qualification(_own(HeldQualification, own_person(), id), actor=actor())
    return go(way_back(), "已删除这条持证情况。")


@blueprint.route("/work/new", methods=["GET", "POST"])
def add_work():
    """A new stretch of assessment work."""
    return _edit_work(own_person(), None)


@blueprint.route("/work/<int:id>", methods=["GET", "POST"])
def edit_work(id: int):
    """Change a stretch of assessment work."""
    person = own_person()
    return _edit_work(person, _own(WorkEntry, person, id))


@blueprint.post("/work/<int:id>/remove")
def remove_work(id: int):
    """Take the entry out of the log."""
    evidence.remove_work_entry(_own(WorkEntry, own_person(), id), actor=actor())
    return go(way_back(), "已删除这条考评工作经历。")


def way_back() -> str:
    """Where one came from: the registration named in the address, or the profile."""
    case = request.values.get("case", type=int)
    return url_for("applicant.fill_registration", id=case) if case else url_for("applicant.profile")


def _edit_qualification(person: Person, row: HeldQualification | None):
    form = QualificationForm()
    kind = request.form.get("material_kind", "")
    if request.method == "GET":
        if row is not None:
            for name in form.typed():
                value = getattr(row, name)
                form[name].data = value.isoformat() if name in ("issued_on", "valid_to") and value else value
            form["level"].data = str(row.level or "")
        return _show_qualification(form, person, row)
    form.validate()
    typed = {**form.typed(), "material_kind": kind or (row.material_kind if row else "")}
    faults = evidence.find_qualification_faults(person, typed)
    try:
        kept = keep_scans("scan")
    except Invalid as refusal:
        faults.append(Invalid("scan", refusal.message))
        kept = []
    for fault in faults:
        form.refuse(fault)
    if faults or any(field.errors for field in form):
        return _show_qualification(form, person, row, 422)
    saved = evidence.save_qualification(person, actor=actor(), values=typed, qualification=row)
    for number, each in enumerate(kept):
        replace = number == 0 and request.form.get("mode") == "replace"
        slot = f"qualification.{saved.id}.scan"
        evidence.attach_scan(person, slot=slot, kept=each, actor=actor(), replace=replace)
    return go(way_back(), "持证情况已保存。")


def _show_qualification(form, person: Person, row: HeldQualification | None, status: int = 200):
    return show(
        "applicant/qualification.html", status=status, form=form, row=row, case=request.values.get("case", type=int),
        scan_bytes=SCAN.max_bytes, back=way_back(),
        material_kinds=profile_of(person.province).registration.material_kinds,
        material_kind=request.form.get("material_kind") or (row.material_kind if row else ""),
        files=_versions(person, f"qualification.{row.id}.scan") if row else [],
        names=[name for (name,) in Occupation.select(Occupation.name).where(Occupation.active).distinct().tuples()],
    )  # fmt: skip


def _edit_work(person: Person, row: WorkEntry | None):
    form = WorkForm()
    if request.method == "GET":
        if row is not None:
            for name in form.typed():
                value = getattr(row, name)
                form[name].data = value.isoformat() if name in ("starts_on", "ends_on") and value else value
        return _show_work(form, person, row)
    form.validate()
    faults = evidence.find_work_faults(form.typed())
    try:
        kept = keep_scans("scan")
    except Invalid as refusal:
        faults.append(Invalid("scan", refusal.message))
        kept = []
    for fault in faults:
        form.refuse(fault)
    if faults or any(field.errors for field in form):
        return _show_work(form, person, row, 422)
    saved = evidence.save_work_entry(person, actor=actor(), values=form.typed(), entry=row)
    for number, each in enumerate(kept):
        replace = number == 0 and request.form.get("mode") == "replace"
        evidence.attach_scan(person, slot=f"work.{saved.id}.scan", kept=each, actor=actor(), replace=replace)
    return go(way_back(), "考评工作经历已保存。")


def _show_work(form, person: Person, row: WorkEntry | None, status: int = 200):
    return show(
        "applicant/work.html", status=status, form=form, row=row, case=request.values.get("case", type=int),
        scan_bytes=SCAN.max_bytes, back=way_back(),
        files=_versions(person, f"work.{row.id}.scan") if row else [],
    )  # fmt: skip


def _own(model, person: Person, id: int):
    row = get_or_404(model.select().where(model.id == id, model.person == person.id))
    if row.removed_at is not None:
        abort(404)
    return row


def _versions(person: Person, slot: str) -> list[FileVersion]:
    """Every version of a slot, newest first; earlier ones open too (R12.04)."""
    return list(
        FileVersion.select()
        .where(FileVersion.owner == f"person:{person.id}", FileVersion.slot == slot)
        .order_by(FileVersion.version.desc())
    )
