"""The files of a registration: certificate materials, the printed and the stamped 申报表, and its later hand-in."""

from collections.abc import Iterable, Mapping
from datetime import date

from portal import clock
from portal.actions.cases import bump
from portal.actions.events import record, tell, user_of
from portal.actions.files import keep_file, remove_file
from portal.actions.people import PORTRAIT_SLOT, set_portrait
from portal.actions.people_evidence import attach_scan, save_qualification
from portal.actions.recusal import is_own_case, own_case_said
from portal.actions.registration_copy import (
    STAMPED_FORM,
    awaits_stamp,
    contents_of,
    has_valid_stamp,
    hash_printed,
    unlocked_keys,
)
from portal.actions.registrations import use_qualification
from portal.database import transaction
from portal.models import Case, FileVersion, HeldQualification, Person, Registration, Step, WorkEntry
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.registration import ADMITTED, State
from portal.rules.workflow import IN_REVIEW, Actor, Seat

_ROWS = {"qualification": HeldQualification, "work": WorkEntry}


def attach_file(
    case: Case, *, actor: Actor, slot: str, kept, seen: int | None = None, replace: bool = False
) -> FileVersion:
    """Add a kept file (storage.Kept) to person.portrait, qualification.<id>.scan or work.<id>.scan.

    With `replace` it takes the place of the slot's files, which stay on record (R12.04). Raises NotAllowed for a slot
    that is not the applicant's or, in a returned registration, not among the returned items; Stale when submitted.
    """
    with transaction():
        case, person = _load_editable(case, actor, seen)
        _check_slot(case, person, slot)
        if slot == PORTRAIT_SLOT:
            version = set_portrait(person, actor=actor, kept=kept).portrait
        else:
            version = attach_scan(person, slot=slot, kept=kept, actor=actor, replace=replace)
        bump(case)
    return version


def add_qualification(case: Case, *, actor: Actor, values: Mapping, kept: Iterable = ()) -> HeldQualification:
    """A new certificate with its kept files (storage.Kept), used in this draft at once: all of it or nothing (R3.02).

    Raises like people_evidence.save_qualification() and registrations.use_qualification().
    """
    with transaction():
        row = save_qualification(case.person, actor=actor, values=values)
        for each in kept:
            attach_scan(case.person, slot=f"qualification.{row.id}.scan", kept=each, actor=actor)
        use_qualification(case, row, actor=actor)
    return row


def detach_file(case: Case, *, actor: Actor, version: FileVersion, seen: int | None = None) -> None:
    """Take a material out of use; raises like attach_file()."""
    with transaction():
        case, person = _load_editable(case, actor, seen)
        if version.owner != f"person:{person.id}" or version.slot == PORTRAIT_SLOT:
            raise NotAllowed("这份文件不能删除。")
        _check_slot(case, person, version.slot)
        remove_file(version, actor=actor)
        record("remove_file", "删除证明材料", actor=actor, case=case, data={"file": version.id, "slot": version.slot})
        bump(case)


def take_form_version(registration: Registration, *, actor: Actor) -> tuple[int, str]:
    """The version number and check hash for a print of the 申报表 now; a changed content is a new version."""
    with transaction():
        registration = Registration.get_by_id(registration.case_id)
        content = hash_printed(*contents_of(registration))
        if content != registration.form_hash:
            registration.form_version += 1
            registration.form_hash = content
            registration.save(only=[Registration.form_version, Registration.form_hash])
        record(
            "print_form", f"打印申报表（第{registration.form_version}版）", actor=actor, case=registration.case,
            data={"version": registration.form_version, "hash": content},
        )  # fmt: skip
    return registration.form_version, content


def attach_stamped_form(case: Case, *, actor: Actor, kept, seen: int | None = None) -> FileVersion:
    """Keep the scan of the stamped 申报表, by the applicant or the first-reviewing unit (R3.36).

    It counts for the newest print only. Possible until the unit has passed the registration, and later while it is
    awaited (R3.37). Raises Invalid when the form was not printed or has changed since.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if seen is not None and case.version != seen:
            raise Stale("这件报名已有变化，请刷新后再上传。")
        registration = Registration.get_by_id(case.id)
        registration.case = case
        _check_may_stamp(case, registration, actor)
        if registration.form_version == 0:
            raise Invalid("stamped_form", "请先打印申报表，盖章后再上传扫描件。")
        if registration.form_hash != hash_printed(*contents_of(registration)):
            raise Invalid("stamped_form", "申报表的内容在打印后已修改，请重新打印、盖章后再上传。")
        awaited = awaits_stamp(registration)
        version = keep_file(owner=f"case:{case.id}", slot=STAMPED_FORM, kept=kept, actor=actor)
        registration.stamped_form, registration.stamped_version = version, registration.form_version
        registration.save(only=[Registration.stamped_form, Registration.stamped_version])
        bump(case)
        record(
            "stamped_form", "补交盖章的申报表" if awaited else "上传盖章的申报表", actor=actor, case=case,
            data={"file": version.id, "version": registration.form_version},
        )  # fmt: skip
    return version


def record_stamp_exception(
    case: Case, *, actor: Actor, seen: int, reason: str, reported_to: str, on: date | None, until: date | None
) -> Registration:
    """The unit records that the stamped form comes later: why, to whom it was reported and when, until when it follows.

    川人社职鉴〔2022〕21号 八（三）: 可先向单位负责同志报备, 正常上班后补齐 (R0.17, R3.37). Raises Invalid per field.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale("这件报名已有变化，请刷新后再登记。")
        first = Step.get_or_none(Step.case == case.id, Step.position == 0)
        if actor.seat != Seat.UNIT or first is None or first.office_id != actor.office:
            raise NotAllowed("只有初审单位可以登记延后提交盖章申报表的情况。")
        if is_own_case(case, actor):
            raise NotAllowed(own_case_said(case))
        if case.state not in (IN_REVIEW, State.RETURNED):
            raise Stale("这件报名的审核已结束，不能再登记。")
        registration = Registration.get_by_id(case.id)
        if has_valid_stamp(registration):
            raise NotAllowed("盖章的申报表已上传，无需登记。")
        _check_exception_fields(reason, reported_to, on, until)
        registration.stamp_exception = {
            "reason": reason.strip(), "reported_to": reported_to.strip(), "on": on.isoformat(),
            "until": until.isoformat(), "by": actor.name,
        }  # fmt: skip
        registration.save(only=[Registration.stamp_exception])
        bump(case)
        record(
            "stamp_exception", "登记延后提交盖章申报表", actor=actor, case=case, note=reason.strip(),
            data=registration.stamp_exception,
        )  # fmt: skip
        tell(
            user_of(case.person_id), f"单位已登记您延后提交盖章申报表，请在{until:%Y-%m-%d}前补交。",
            kind="stamp_exception", case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
    return registration


def files_of_case(case: Case) -> set[int]:
    """Ids of all files that a reviewer who may see the case may open (R13.08): those of its submissions, the stamped
    forms of every version and the scans of recorded decisions.

    What the applicant has uploaded and not yet submitted is theirs alone; their own door opens it.
    """
    own = FileVersion.select(FileVersion.id).where(FileVersion.owner == f"case:{case.id}")
    found = {number for (number,) in own.tuples()}
    for submission in case.submissions:
        for versions in submission.files.values():
            found.update(versions)
    return found


def _check_exception_fields(reason: str, reported_to: str, on: date | None, until: date | None) -> None:
    today = clock.today()
    if not reason.strip():
        raise Invalid("reason", "请选择或填写不能及时盖章的原因。")
    if not reported_to.strip():
        raise Invalid("reported_to", "请填写报备的单位负责同志姓名。")
    if on is None or on > today:
        raise Invalid("on", "请填写报备日期，不能晚于今天。")
    if until is None or until < today:
        raise Invalid("until", "请填写补交的截止日期，不能早于今天。")


def _load_editable(case: Case, actor: Actor, seen: int | None) -> tuple[Case, Person]:
    case = Case.get_by_id(case.id)
    if actor.seat != Seat.APPLICANT or actor.person != case.person_id:
        raise NotAllowed("只能修改本人的报名。")
    if case.state not in (State.DRAFT, State.RETURNED):
        raise Stale("报名已提交，不能再修改材料，请刷新后查看最新情况。")
    if seen is not None and case.version != seen:
        raise Stale("这份报名已在别处修改，请刷新页面后再上传。")
    return case, case.person


def _check_slot(case: Case, person: Person, slot: str) -> None:
    kind, _, rest = slot.partition(".")
    number, _, what = rest.partition(".")
    known = slot == PORTRAIT_SLOT
    if kind in _ROWS and what == "scan" and number.isdigit():
        model = _ROWS[kind]
        rows = model.select().where(model.id == int(number), model.person == person.id, model.removed_at.is_null())
        known = rows.exists()
    if not known:
        raise NotAllowed("没有这项材料，请刷新页面后重试。")
    if case.state == State.RETURNED and slot not in unlocked_keys(case):
        raise NotAllowed("只能修改补正告知书中列出的内容，这项材料不能修改。")


def _check_may_stamp(case: Case, registration: Registration, actor: Actor) -> None:
    first = Step.get_or_none(Step.case == case.id, Step.position == 0)
    own = actor.seat == Seat.APPLICANT and actor.person == case.person_id
    unit = actor.seat == Seat.UNIT and first is not None and first.office_id == actor.office
    if not (own or unit):
        raise NotAllowed("只有申请人本人或初审单位可以上传盖章的申报表。")
    at_unit = case.state == IN_REVIEW and case.position == 0
    # A returned form may have to be stamped anew because a printed value was corrected.
    awaited = case.state in (IN_REVIEW, *ADMITTED) and awaits_stamp(registration)
    if case.state in (State.DRAFT, State.RETURNED) or at_unit or awaited:
        return
    if case.state in (State.REJECTED, State.WITHDRAWN):
        raise Stale("这件报名已经结束，不需要再上传盖章的申报表。")
    raise Stale("这件报名已由单位上报，盖章的申报表不能再更换。")
