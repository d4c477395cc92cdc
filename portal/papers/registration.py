"""A registration on paper: the 申报表 to be signed and stamped, from the frozen contents or the draft."""

from datetime import date

from portal import clock
from portal.actions.events import log_document
from portal.actions.registration_copy import contents_of, last_submission, months_of, results_of
from portal.actions.registration_files import take_form_version
from portal.actions.registration_guards import chain_offices
from portal.documents.registration_form import (
    ConditionResult,
    Field,
    RegistrationForm,
    Section,
    StampPlace,
    registration_form_pdf,
)
from portal.models import FileVersion, Registration, Step
from portal.models.jurisdictions import profile_of
from portal.rules.errors import NotAllowed
from portal.rules.submission import PERSON_FIELDS
from portal.rules.workflow import Actor, Seat
from portal.storage import Store

_WIDE = {"address", "organisation", "employer"}
_HELD = ("类别", "职业（工种）或专业", "等级", "证书编号", "发证机构", "发证日期")
_WORKED = ("考评单位", "考评职业", "开始日期", "结束日期", "证明人或说明")


def print_registration(registration: Registration, *, actor: Actor, store: Store) -> bytes:
    """The 申报表 as PDF, with its version and check code; the print is logged (R12.07, R10.64).

    A changed content makes a new version, and earlier stamped ones worthless. Raises MissingGlyph when a character
    cannot be printed.
    """
    version, code = take_form_version(registration, actor=actor)
    registration = Registration.get_by_id(registration.case_id)
    content = registration_form_pdf(compose_form(registration, version, code, store))
    number = f"{registration.case.number or registration.case_id}-{version}"
    log_document("registration_form", f"case:{registration.case_id}", content, actor=actor, number=number)
    return content


def compose_form(registration: Registration, version: int, code: str, store: Store) -> RegistrationForm:
    """The document's plain data: what was submitted, or for a draft what would be submitted now (R1.27)."""
    data, files = contents_of(registration)
    plan, case = registration.plan, registration.case
    profile = profile_of(plan.province)
    grade = profile.grade(plan.grade).name
    submission = last_submission(case)
    return RegistrationForm(
        title=profile.forms.application.title.format(grade=grade),
        plan_name=plan.name,
        case_number=case.number or "",
        version=version,
        check_code=code[:8].upper(),
        sections=_sections(data, submission.at.date() if submission else clock.today()),
        eligibility=tuple(
            ConditionResult(result.text or result.label, result.outcome_label, result.explanation, result.source)
            for result in results_of(registration)
        ),
        stamps=_stamps(registration, data),
        portrait=_portrait(files, store),
        submitted_on=submission.at.date() if submission else None,
        note=_note(registration),
    )


def _sections(data: dict, on: date) -> tuple[Section, ...]:
    person, about = data["person"], data["registration"]
    basics = tuple(
        Field(label, str(person.get(key) or ""), key in _WIDE) for key, label in PERSON_FIELDS.items() if key in person
    )
    chosen = [Field("申报考评职业（工种）", _label(about.get("occupation")), True)]
    chosen.append(Field("初审单位", _label(about.get("reviewer")), True))
    if "health" in about:
        words = {True: "身体健康，能够正常组织开展考评活动", False: "不能正常组织开展考评活动"}
        chosen.append(Field("健康状况", words.get(about["health"], ""), True))
    held = tuple(
        (row["kind"], row["occupation"]["label"], row["level"], row["number"], row["issuer"], row["issued_on"])
        for row in data["qualifications"]
    )
    work = tuple(
        (row["organisation"], row["occupation"], row["from"], row["to"] or "至今", row["evidence"])
        for row in data["work"]
    )
    sections = [Section("个人信息", basics), Section("报名信息", tuple(chosen))]
    sections.append(Section("持证情况", columns=_HELD, rows=held))
    if work:
        heading = f"考评工作经历（合计{months_of(data, on)}个月）"
        sections.append(Section(heading, columns=_WORKED, rows=work))
    return tuple(sections)


def _stamps(registration: Registration, data: dict) -> tuple[StampPlace, ...]:
    profile = profile_of(registration.plan.province)
    declared = profile.declarations_for(registration.plan.grade)
    # A text that introduces clauses ends with a colon; on paper the sentence stands alone.
    statement = "".join(f"{declaration.text.rstrip('：。')}。" for declaration in declared.values())
    places = [StampPlace("申报人签名", statement, signer="申报人", needs_stamp=False)]
    headings = profile.forms.application.stamps
    places += [StampPlace(headings[seat]) for seat in _seats(registration) if seat in headings]
    return tuple(places)


def _seats(registration: Registration) -> list[Seat]:
    steps = Step.select(Step.seat).where(Step.case == registration.case_id).order_by(Step.position)
    frozen = [Seat(seat) for (seat,) in steps.tuples()]
    if frozen or registration.reviewer is None:
        return frozen
    try:
        return [seat for seat, _ in chain_offices(registration)]
    except NotAllowed:
        return list(profile_of(registration.plan.province).chain(registration.reviewer.unit_kind))


def _note(registration: Registration) -> str:
    parts = []
    if registration.stamp_exception:
        told = registration.stamp_exception
        parts.append(
            f"延后提交盖章申报表：{told['reason']}，{told['on']}向{told['reported_to']}报备，补交期限{told['until']}。"
        )
    for waiver in registration.waivers:
        parts.append(f"{waiver['label']}：同意放宽，理由：{waiver['reason']}（{waiver['office']}）。")
    return "".join(parts)


def _portrait(files: dict, store: Store) -> bytes | None:
    versions = files.get("person.portrait") or []
    version = FileVersion.get_or_none(FileVersion.id == versions[-1]) if versions else None
    return store.read(version.path) if version else None


def _label(value) -> str:
    return value["label"] if value else ""
