"""Issuing credentials to those who passed: who can have one, number, frozen fields, renewals and corrections."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from portal import clock
from portal.actions import issuing_lookups as lookups
from portal.actions import sealing
from portal.actions.bars import check_not_barred
from portal.actions.card_moves import move_credential, subject_of, unit_users
from portal.actions.events import record, tell
from portal.actions.issuing_lookups import LookUps, look_up
from portal.actions.jobs import start_job
from portal.actions.numbers import next_number
from portal.actions.participants import move_participant
from portal.actions.recusal import is_own_case
from portal.actions.registration_copy import awaits_stamp, has_valid_stamp
from portal.database import database, transaction
from portal.models import Case, Counter, Credential, Job, Occupation, Plan, Registration
from portal.models.jurisdictions import profile_of
from portal.models.succession import corrections_of, renewal_of
from portal.rules import credential as rules
from portal.rules.errors import Invalid, NotAllowed, Refusal
from portal.rules.facts import OccupationRef
from portal.rules.flows import registration as participants
from portal.rules.flows.credential import Action, State
from portal.rules.flows.plan import PlanState
from portal.rules.identity import DOCUMENT_TYPES
from portal.rules.workflow import SEAT_LABELS, SYSTEM, Actor

RENDER_JOB = "render_credentials"
# One transaction holds the only write lock; others wait at most ten seconds for it.
MOST_AT_ONCE = 1000
_CORRECTABLE = ("name", "sex", "id_type", "id_number", "unit", "occupation")
_public_address = "http://127.0.0.1:8000"
# A thousand rows are written while the only write lock is held, hence by SQL that is built once.
_COLUMNS = {name: field for name, field in Credential._meta.fields.items() if name != "id"}
_INSERT = "INSERT INTO credential ({}) VALUES ({})".format(
    ", ".join(f'"{field.column_name}"' for field in _COLUMNS.values()),
    ", ".join("json(?)" if name == "printed" else "?" for name in _COLUMNS),
)
# What is printed must be printable: `portal.papers.credentials` hangs the look at the fonts in here, since actions know
# no documents. Takes the text, gives the characters for which there is no glyph.
UNPRINTABLE: list[Callable[[str], str]] = []


@dataclass(frozen=True)
class Batch:
    """What one issuing made: the credentials, who was left out and why, and the job that renders the documents."""

    credentials: list[Credential]
    skipped: list[tuple[Registration, str]]
    job: Job | None


def use_public_address(address: str) -> None:
    """Under which address this portal is reached from outside (for QR codes); once at start-up."""
    global _public_address
    _public_address = address.rstrip("/")


def may_issue(province: str, actor: Actor) -> bool:
    """Whether this seat issues the province's credentials (profile.owners.credentials; R0.09)."""
    return actor.seat == profile_of(province).owners.credentials and actor.province == province


def check_issuer(province: str, actor: Actor) -> None:
    """Raises NotAllowed for every seat but the one that issues the province's credentials."""
    if not may_issue(province, actor):
        owner = SEAT_LABELS[profile_of(province).owners.credentials]
        raise NotAllowed(f"证书（证卡）由{owner}发放，您没有进行这项操作的权限。")


def waiting(plan: Plan):
    """The query of those who passed and have no credential yet (R5.14), one unit's people side by side."""
    return (
        Registration.select(Registration, Case)
        .join(Case, on=(Registration.case == Case.id))
        .where(Registration.plan == plan.id, Case.state == participants.State.PASSED)
        .order_by(Registration.organisation, Registration.case)
    )


def issuable(
    plan: Plan, rows: Iterable[Registration] | None = None, *, actor: Actor | None = None
) -> tuple[list[Registration], list[tuple[Registration, str]]]:
    """Of those who wait (or of `rows` of them): who can be issued, and who is skipped with the reason (R6.32).

    Changes nothing. In the order in which numbers are given out: the cards of one unit carry consecutive ones.
    """
    ready, skipped, _ = _sort_out(plan, waiting(plan) if rows is None else rows, actor)
    return ready, skipped


def _sort_out(
    plan: Plan, rows: Iterable[Registration], actor: Actor | None
) -> tuple[list[Registration], list[tuple[Registration, str]], LookUps]:
    rows, ready, skipped = list(rows), [], []
    looked = look_up(plan, rows)
    for registration in rows:
        reason = why_not(registration, looked, actor=actor)
        if reason:
            skipped.append((registration, reason))
        else:
            ready.append(registration)
    return ready, skipped, looked


def why_not(registration: Registration, looked: LookUps, *, actor: Actor | None = None) -> str:
    """The first thing that keeps this registration from a credential, as a Chinese sentence; '' when nothing does."""
    case, plan = registration.case, registration.plan
    if case.state == participants.State.CERTIFIED:
        return "已发证。"
    if case.state != participants.State.PASSED:
        return f"当前状态为“{participants.FLOW.labels[case.state]}”，考核合格后才能发证。"
    if actor is not None and is_own_case(case, actor):
        return "不能为本人发证，请由其他工作人员办理。"
    if registration.occupation_id is None:
        return "没有申报考评职业（工种），请核实。"
    frozen = looked.submissions.get(case.id)
    if plan.require_stamped_form and not has_valid_stamp(registration, frozen and (frozen.data, frozen.files)):
        if awaits_stamp(registration):
            return f"尚待补交盖章的申报表（期限{registration.stamp_exception['until']}），收到后才能发证。"
        return "没有有效的盖章申报表，上传后才能发证。"
    if case.id not in looked.portraits:
        return "缺少照片，补齐后才能发证。"
    barred = _why_barred(registration) if case.id in looked.suspects else ""
    if barred:
        return barred
    if plan.kind == rules.RENEWAL and case.id not in looked.renewed:
        return "没有可以复核换证的原证书（证卡）。"
    return _why_unprintable(registration)


def issue_credentials(plan: Plan, registrations: Iterable[Registration], *, actor: Actor) -> Batch:
    """Issue to all of these in one transaction, with consecutive numbers and one job that renders them (R6.31).

    Who cannot have one is left out and named (R6.32); each unit gets one message. Raises NotAllowed for another seat, a
    cancelled plan or a used-up series, Invalid for none or too many at once; then nothing at all is issued.
    """
    check_issuer(plan.province, actor)
    wanted = [registration.case_id for registration in registrations]
    if not wanted:
        raise Invalid("registrations", "请至少选择一名考核合格的人员。")
    if len(set(wanted)) > MOST_AT_ONCE:
        raise Invalid("registrations", f"一次最多发放{MOST_AT_ONCE}人，请分批办理。")
    with transaction():
        plan = Plan.get_by_id(plan.id)
        if plan.state == PlanState.CANCELLED:
            raise NotAllowed("本计划已取消，不能发证。")
        rows = (
            Registration.select(Registration, Case)
            .join(Case, on=(Registration.case == Case.id))
            .where(Registration.plan == plan.id, Registration.case.in_(wanted))
            .order_by(Registration.organisation, Registration.case)
        )
        ready, skipped, looked = _sort_out(plan, rows, actor)
        made = [_issue(registration, looked, actor) for registration in ready]
        job = None
        if made:
            _tell_units(made)
            job = start_rendering(plan, [credential.id for credential in made], skipped, actor=actor)
        return Batch(made, skipped, job)


def issue_one(registration: Registration, *, actor: Actor) -> Credential:
    """Issue to one who passed. Raises NotAllowed with the reason when nothing can be issued (R3.38)."""
    batch = issue_credentials(registration.plan, [registration], actor=actor)
    for left_out, reason in batch.skipped:
        raise NotAllowed(f"{left_out.case.title}：{reason}")
    return batch.credentials[0]


def start_rendering(plan: Plan, credentials: list[int], skipped: list, *, actor: Actor) -> Job:
    """Queue the job that renders these; `skipped` is kept with it, for whoever opens the batch later."""
    left_out = [[registration.case_id, registration.case.title, reason] for registration, reason in skipped]
    data = {"credentials": credentials, "plan": plan.id, "skipped": left_out}
    return start_job(RENDER_JOB, actor=actor, data=data, total=len(credentials))


def issue_successor(old: Credential, *, values: Mapping[str, str], actor: Actor, reason: str) -> Credential:
    """The linked credential with corrected fields and a new number (更正换发); the caller ends the old one.

    `values`: some of name, sex, id_type, id_number and unit, as they are to be printed, and `occupation`, the id of the
    right one. The validity stays: a correction prolongs nothing. Call it inside the transaction that moves `old`.
    Raises Invalid for a field that is not printed, empty, unchanged or unprintable, NotAllowed for another seat.
    """
    check_issuer(old.province, actor)
    if not reason.strip():
        raise Invalid("reason", "请填写更正的理由。")
    changes = {key: str(value).strip() for key, value in values.items()}
    occupation = old.occupation_id
    if changes.get("occupation"):
        right = Occupation.get_or_none(Occupation.id == changes["occupation"])
        if right is None:
            raise Invalid("occupation", "请从列表中选择职业（工种）。")
        occupation, changes["occupation"] = right.id, occupation_label(right)
    for key, value in changes.items():
        if key not in _CORRECTABLE:
            raise Invalid(key, "这一项不能更正。")
        if not value:
            raise Invalid(key, "更正后的内容不能为空。")
        _check_printable(key, value)
    profile = profile_of(old.province)
    today = clock.today()
    printed = {**old.printed, **changes}
    if printed == old.printed:
        raise Invalid("reason", "没有需要更正的内容。")
    with transaction():
        Credential.update(live_key=None).where(Credential.id == old.id).execute()
        token = secrets.token_urlsafe(16)
        number = _draw_number(profile, today.year, old.grade)
        fresh = rules.compose_printed(
            profile.credential, profile.grade(old.grade), person=printed, occupation=printed["occupation"],
            unit=printed["unit"], number=number, issued_on=today, valid_to=old.valid_to, verify=_verify_address(token),
        )  # fmt: skip
        # What stood on the old one stays, also where the province's wording has changed since.
        kept = ("number", "issued_on", "verify", *(("body",) if "occupation" in changes or "name" in changes else ()))
        credential = Credential(
            number=number, kind=old.kind, province=old.province, person=old.person_id, live_key=old.registration_id,
            registration=old.registration_id, plan=old.plan_id, organisation=old.organisation_id, grade=old.grade,
            occupation=occupation, occupation_name=printed["occupation"], levels=old.levels,
            name=printed["name"], valid_to=old.valid_to, portrait=old.portrait_id, token=token, replaces=old.id,
            succession=rules.CORRECTION, printed={**printed, **{key: fresh[key] for key in kept}},
        )  # fmt: skip
        data = {"replaces": old.number, "fields": sorted(changes)}
        return _keep(credential, actor, today, note=reason.strip(), data=data)


def settle_renewal(credential: Credential) -> Credential | None:
    """Once a renewed credential is valid the one it renews becomes 已换证; gives that one, or None (R6.24).

    Corrections on either side change nothing about it; an old one that is handed out after its renewal ends at once.
    Safe to repeat. Call it inside the transaction that makes `credential` valid.
    """
    if credential.state != State.VALID:
        return None
    first, newer = corrections_of(credential)[0], renewal_of(credential)
    ends = []
    if first.succession == rules.RENEWAL and first.replaces_id is not None:
        ends = [(old, credential) for old in corrections_of(first.replaces)]
    if newer is not None and newer.state == State.VALID:
        ends.append((credential, newer))
    replaced = None
    for old, by in ends:
        if old.state in (State.VALID, State.EXPIRED):
            move_credential(old, Action.REPLACE, actor=SYSTEM, data={"by": by.number}, ended_at=clock.now())
            replaced = old
    return replaced


def find_renewed(registration: Registration) -> Credential | None:
    """The credential that a renewal registration renews, or None (see `issuing_lookups.find_renewed`)."""
    return lookups.find_renewed([registration]).get(registration.case_id)


def numbers_left(province: str, grade: str, *, year: int | None = None) -> int:
    """How many numbers the series of this year and grade still has."""
    series = rules.name_series(province, year=year or clock.today().year, grade=grade)
    used = Counter.get_or_none(Counter.name == series)
    return 10 ** profile_of(province).credential.serial_digits - 1 - (used.last if used else 0)


def _issue(registration: Registration, looked: LookUps, actor: Actor) -> Credential:
    """One credential inside the caller's transaction: number, frozen fields, seal, and the participant's last move."""
    plan, person = registration.plan, registration.person
    profile = profile_of(plan.province)
    grade, today = profile.grade(plan.grade), clock.today()
    old = looked.renewed.get(registration.case_id)
    valid_to = rules.last_day(profile.credential, today, old_end=old.valid_to if old else None)
    number = _draw_number(profile, today.year, plan.grade)
    token = secrets.token_urlsafe(16)
    occupation = occupation_label(registration.occupation)
    printed = rules.compose_printed(
        profile.credential, grade, person=_identity(registration), occupation=occupation,
        unit=registration.organisation.name, number=number, issued_on=today, valid_to=valid_to,
        verify=_verify_address(token),
    )  # fmt: skip
    credential = Credential(
        number=number, kind=profile.credential.kind, province=plan.province, person=person.id, plan=plan.id,
        registration=registration.case_id, live_key=registration.case_id, organisation=registration.organisation_id,
        grade=plan.grade, occupation=registration.occupation_id, occupation_name=occupation,
        levels=rules.write_levels(grade), name=printed["name"], valid_to=valid_to, token=token,
        portrait=looked.portraits[registration.case_id], replaces=old, succession=rules.RENEWAL if old else "",
        printed=printed,
    )  # fmt: skip
    move_participant(registration.case, participants.Action.CERTIFY, actor=actor, data={"credential": number})
    return _keep(credential, actor, today, data={"replaces": old.number} if old else {})


def _keep(credential: Credential, actor: Actor, issued_on: date, *, note: str = "", data: dict) -> Credential:
    """Store a composed credential: a card waits for its release, a certificate is valid at once (R2.27, R6.03).

    `issued_on` is the day that is printed and numbered already: midnight may have passed since.
    """
    is_card = credential.kind == rules.CARD
    credential.state = State.ISSUED if is_card else State.VALID
    credential.issued_on, credential.created_at = issued_on, clock.now()
    credential.mac = sealing.seal(credential)
    stored = [_stored(credential, name) for name in _COLUMNS]
    credential.id = database.execute_sql(_INSERT, stored).lastrowid
    record(
        Action.ISSUE, "制作证卡" if is_card else "发放电子证书", actor=actor, subject=subject_of(credential),
        after=credential.state, note=note, data={"number": credential.number, **data},
    )  # fmt: skip
    if credential.replaces_id is not None:
        settle_renewal(credential)
    return credential


def _stored(credential: Credential, name: str):
    if name == "printed":
        return json.dumps(credential.printed, ensure_ascii=False)
    return _COLUMNS[name].db_value(credential.__data__.get(name))


def _draw_number(profile, year: int, grade: str) -> str:
    """The next number of the series; one that an imported credential carries already is passed over."""
    series = rules.name_series(profile.key, year=year, grade=grade)
    while True:
        number = rules.write_number(profile.credential, year=year, grade=grade, serial=next_number(series))
        taken = database.execute_sql("SELECT 1 FROM credential WHERE number = ? AND imported", (number,))
        if taken.fetchone() is None:
            return number


def _verify_address(token: str) -> str:
    return f"{_public_address}/verify/t/{token}"


def occupation_label(occupation: Occupation) -> str:
    """The one occupation (工种) a credential is for, as it is printed (R6.05)."""
    return OccupationRef("", occupation.name, occupation.job).label


def _identity(registration: Registration) -> dict[str, str]:
    # Nobody can change these by oneself after the submission; what technical staff corrected since is right.
    person = registration.person
    return {
        "name": person.name,
        "sex": person.sex,
        "id_type": DOCUMENT_TYPES.get(person.id_type, person.id_type),
        "id_number": person.id_number,
    }


def _why_barred(registration: Registration) -> str:
    try:
        check_not_barred(
            registration.person, registration.organisation, province=registration.plan.province,
            registration=registration,
        )  # fmt: skip
    except Refusal as refusal:
        return refusal.message
    return ""


def _why_unprintable(registration: Registration) -> str:
    texts = {**_identity(registration), "unit": registration.organisation.name}
    texts["occupation"] = occupation_label(registration.occupation)
    missing = _find_unprintable("".join(texts.values()))
    return f"有无法打印的字符：{_quote(missing)}，请先请管理员补充含有该字的字体。" if missing else ""


def _check_printable(field: str, text: str) -> None:
    missing = _find_unprintable(text)
    if missing:
        raise Invalid(field, f"有无法打印的字符：{_quote(missing)}，请改用规范汉字，或请管理员补充含有该字的字体。")


def _find_unprintable(text: str) -> str:
    return "".join(char for look in UNPRINTABLE for char in look(text))


def _quote(chars: str) -> str:
    return "、".join(f"“{char}”（U+{ord(char):04X}）" for char in chars)


def _tell_units(made: list[Credential]) -> None:
    """One message to each unit, however many of its people are in the batch (R6.31)."""
    by_unit: dict[int, list[Credential]] = {}
    for credential in made:
        if credential.organisation_id:
            by_unit.setdefault(credential.organisation_id, []).append(credential)
    for unit, theirs in by_unit.items():
        what = "的证卡已制作，发放后请统一领取" if theirs[0].kind == rules.CARD else "的电子证书已发放，由本人下载"
        text = f"本单位{theirs[0].name}等{len(theirs)}人{what}。" if len(theirs) > 1 else f"{theirs[0].name}{what}。"
        tell(unit_users(unit), text, kind="issued")
