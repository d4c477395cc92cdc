"""Who came to an offline session, and with which result: entered in one go, corrected with a reason (R4.15, R4.18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from portal import clock
from portal.actions.events import record, tell, user_of
from portal.actions.participants import correct_result, keep_result
from portal.actions.recusal import check_not_oneself
from portal.actions.sessions import check_owner, class_link
from portal.database import transaction
from portal.models import AssessmentResult, Attendance, Case, Registration, Session
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.exam import keep_score
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import State
from portal.rules.sessions import VALUE_LABELS, Value
from portal.rules.workflow import Actor

OFFLINE = "offline"
_DECIDED = frozenset({State.EXCUSED, State.STRUCK})


@dataclass(frozen=True)
class Outcome:
    """What was entered of one participant's offline assessment: a score, or pass/fail alone; a note for the file."""

    score: Decimal | str | None = None
    passed: bool | None = None
    note: str = ""

    def is_blank(self) -> bool:
        """Whether nothing was entered."""
        return (self.score is None or not str(self.score).strip()) and self.passed is None


def record_attendance(
    session: Session, values: Mapping[int, str], *, actor: Actor, notes: Mapping[int, str] | None = None,
    reason: str = "",
) -> int:  # fmt: skip
    """Keep the attendance {attendance id: present | excused | absent} of a session; gives how many changed.

    All or nothing. A value that stands already is corrected with a `reason`, until the absence has been decided upon or
    a result stands on it. Raises NotAllowed before the session starts, Invalid("value" or "reason"), Stale for somebody
    who is no longer in the session.
    """
    notes, changed = notes or {}, 0
    with transaction():
        session = Session.get_by_id(session.id)
        _check_taking(session, actor)
        rows = {
            row.id: row
            for row in Attendance.select().where(Attendance.session == session.id, Attendance.removed_at.is_null())
        }
        for id_, value in values.items():
            if value not in list(Value):
                raise Invalid("value", "请选择到场、有正当理由未到或无故缺勤。")
            row = rows.get(id_)
            if row is None:
                raise Stale("名单已有变化，请刷新后重新登记。")
            note = (notes.get(id_) or "").strip()[:300]
            if row.value == value and row.note == note:
                continue
            if row.value == value:
                row.note = note
                row.save(only=[Attendance.note])
                continue
            set_attendance(row, value, actor=actor, reason=reason, note=note)
            changed += 1
    return changed


def set_attendance(row: Attendance, value: str, *, actor: Actor, reason: str = "", note: str = "") -> None:
    """One participant's attendance with its event; call it inside a transaction. Raises like record_attendance()."""
    case, session = Case.get_by_id(row.registration_id), row.session
    check_not_oneself(case.person_id, actor, "到场情况")
    before = row.value
    if before is not None:
        if case.state in _DECIDED:
            raise NotAllowed(f"{case.title}的缺勤已作出认定，不能再更正；请先撤销认定。")
        if not reason.strip():
            raise Invalid("reason", f"{case.title}的到场情况已登记为“{VALUE_LABELS[before]}”，更正请填写理由。")
    if value != Value.PRESENT and _result_of(case.id, session) is not None:
        raise NotAllowed(f"{case.title}已登记本期考核结果，不能改为未到场；如有误，请先更正考核结果。")
    row.value, row.note = value, note or row.note
    row.decided_at, row.decided_by = clock.now(), actor.user
    row.save(only=[Attendance.value, Attendance.note, Attendance.decided_at, Attendance.decided_by])
    label = "更正线下培训到场情况" if before else "登记线下培训到场情况"
    record(
        "attendance", label, actor=actor, case=case, before=VALUE_LABELS[before] if before else "",
        after=VALUE_LABELS[value], note=reason.strip() or note, data={"session": session.id, "value": value},
    )  # fmt: skip
    if value != Value.PRESENT or before is not None:
        tell(
            user_of(case.person_id),
            f"线下培训“{session.name}”登记为“{VALUE_LABELS[value]}”。如有正当理由，请在系统中说明并上传证明材料。"
            if value == Value.ABSENT else f"线下培训“{session.name}”登记为“{VALUE_LABELS[value]}”。",
            kind="attendance", case=case, link=class_link(case),
        )  # fmt: skip


def enter_result(
    session: Session, registration: Registration, outcome: Outcome, *, actor: Actor, reason: str = ""
) -> AssessmentResult | None:
    """Keep the offline assessment of a participant who was present (R4.18, R5.12); the event names who entered it.

    A standing result is corrected with a `reason`, while nothing has been issued on it. None when it says the same.
    Raises NotAllowed for somebody absent or not yet marked present, Invalid("score" or "note"), Stale.
    """
    with transaction():
        session = Session.get_by_id(session.id)
        _check_taking(session, actor)
        registration = Registration.get_by_id(registration.case_id)
        case = registration.case
        row = Attendance.get_or_none(
            Attendance.session == session.id, Attendance.registration == case.id, Attendance.removed_at.is_null()
        )
        if row is None:
            raise NotAllowed(f"{case.title}不在“{session.name}”的名单中，不能登记考核结果。")
        if row.value is None:
            raise NotAllowed(f"请先登记{case.title}是否到场，再登记考核结果。")
        if row.value != Value.PRESENT:
            raise NotAllowed(f"{case.title}登记为“{VALUE_LABELS[row.value]}”，不能登记考核结果。")
        standing = AssessmentResult.get_or_none(
            AssessmentResult.registration == case.id, AssessmentResult.assessment == OFFLINE
        )
        score = keep_score(outcome.score) if outcome.score is not None and str(outcome.score).strip() else None
        if standing is not None:
            mark = session.plan.pass_mark
            passed = score >= mark if score is not None and mark is not None else outcome.passed
            if standing.score == score and standing.passed == passed:
                return None
            if not reason.strip():
                raise Invalid("note", f"{case.title}的考核结果已登记，更正请填写理由，会记入档案并告知本人。")
            correct_result(registration, OFFLINE, actor=actor, reason=reason)
        if score is not None and session.plan.pass_mark is None:
            raise Invalid("score", "本计划没有设置合格分数线，请直接选择合格或不合格。")
        return keep_result(
            registration, OFFLINE, actor=actor, source="entered", score=score,
            passed=None if score is not None else outcome.passed, session=session, note=outcome.note,
        )  # fmt: skip


def enter_results(
    session: Session, outcomes: Mapping[int, Outcome], *, actor: Actor, reason: str = ""
) -> int:  # fmt: skip
    """The results {case: outcome} of a session, all or nothing; blank ones are left alone. Gives how many changed."""
    changed = 0
    with transaction():
        for case, outcome in outcomes.items():
            if outcome.is_blank():
                continue
            registration = Registration.get_or_none(Registration.case == case)
            if registration is None:
                raise Stale("名单已有变化，请刷新后重新登记。")
            changed += enter_result(session, registration, outcome, actor=actor, reason=reason) is not None
    return changed


def _check_taking(session: Session, actor: Actor) -> None:
    plan = session.plan
    check_owner(plan, actor)
    if plan.state not in (PlanState.PUBLISHED, PlanState.FINISHED):
        raise NotAllowed("本计划已取消，不能再登记。")
    if session.cancelled_at is not None:
        raise NotAllowed("这一期已经取消，不能登记。")
    if clock.now() < session.starts_at:
        raise NotAllowed(f"“{session.name}”于{session.starts_at:%Y-%m-%d %H:%M}开始，开始后才能登记。")


def _result_of(case: int, session: Session) -> AssessmentResult | None:
    return AssessmentResult.get_or_none(
        AssessmentResult.registration == case, AssessmentResult.assessment == OFFLINE,
        AssessmentResult.session == session.id,
    )  # fmt: skip
