"""The end of a class: who was left behind, by time or at the closing, and what is decided on it (R4.16)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

from peewee import ModelSelect, fn

from portal import clock
from portal.actions.exams import conclude_exam, submit_due
from portal.actions.excuses import accepted_excuse
from portal.actions.participants import lapse, move_participant
from portal.actions.recusal import is_own_case, own_case_said
from portal.actions.sessions import check_owner
from portal.actions.strikes import annul_strike, preview_strike, record_strike
from portal.actions.study import credited_seconds, is_study_done
from portal.database import transaction
from portal.models import AssessmentResult, Attempt, Attendance, Case, Event, Module, Plan, Registration, Strike
from portal.models.exam_papers import sitting_of
from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import IN_CLASS, Action, State
from portal.rules.sessions import Value
from portal.rules.workflow import SYSTEM, Actor

NO_STUDY, NO_EXAM, NO_OFFLINE, WAS_ABSENT = "study", "exam", "offline", "absent"
MISSING = {
    NO_STUDY: "在规定时间内没有完成在线学习",
    NO_EXAM: "没有参加线上考核",
    NO_OFFLINE: "没有线下考核结果",
    WAS_ABSENT: "线下培训无故缺勤",
}
# Who never came is absent; who began and did not finish has dropped out (八（二）: 无故缺勤, 中途无正当理由未完成).
ABSENT, DROPOUT = "absent", "dropout"


@dataclass(frozen=True)
class Gap:
    """What one participant left undone: keys of MISSING, and whether it counts as absence or as dropping out."""

    missing: tuple[str, ...]
    ground: str

    @property
    def words(self) -> str:
        """The missing things in words."""
        return "；".join(MISSING[key] for key in self.missing) or "未完成全部培训考核"


def lapse_overdue(moment: datetime) -> int:
    """Put onto the decision list whoever has missed what is over by now; gives how many (R4.16, R5.15).

    Study and exam on an outside platform are left to the closing of the plan: their results may still be on the way.
    Who has sat and failed is settled with the exams. Idempotent; each participant in a transaction of their own.
    """
    waiting = Case.select().where(Case.plan == Plan.id, Case.state.in_(list(IN_CLASS)))
    plans = Plan.select().where(Plan.state == PlanState.PUBLISHED, fn.EXISTS(waiting))
    return sum(_sweep_plan(plan, moment) for plan in list(plans)) + _end_left_over()


def close_class(plan: Plan, *, actor: Actor) -> int:
    """At the closing of a plan: everybody who still has something to do ends here (R4.16); gives how many.

    Who has sat and failed has failed; the others are listed for a decision. Call it inside the closing's transaction.
    Raises NotAllowed while somebody is sitting the exam.
    """
    now = clock.now()
    open_papers = Attempt.select().join(Registration, on=(Attempt.registration == Registration.case))
    open_papers = open_papers.where(Registration.plan == plan.id, Attempt.submitted_at.is_null())
    for attempt in list(open_papers.where(Attempt.due_at <= now)):
        submit_due(attempt.registration)
    number = open_papers.where(Attempt.due_at > now).count()
    if number:
        raise NotAllowed(f"还有{number}人正在考试，请等考试结束后再办结计划。")
    return sum(_end(case, actor) for case in _in_class(plan))


def gap_of(registration: Registration) -> Gap:
    """What this participant left undone in the plan."""
    plan, missing = registration.plan, []
    standing = _standing(registration.case_id)
    attempts = Attempt.select().where(Attempt.registration == registration.case_id).exists()
    studied = is_study_done(registration) or attempts or bool(standing)
    if not studied:
        missing.append(NO_STUDY)
    elif "online" in plan.assessments and "online" not in standing and not attempts:
        missing.append(NO_EXAM)
    if "offline" in plan.assessments and "offline" not in standing:
        absent = Attendance.select().where(
            Attendance.registration == registration.case_id, Attendance.removed_at.is_null(),
            Attendance.value == Value.ABSENT,
        )  # fmt: skip
        if absent.exists():
            missing.append(WAS_ABSENT)
        elif studied:
            missing.append(NO_OFFLINE)
    was_absent = {NO_EXAM, WAS_ABSENT} & set(missing) or (missing == [NO_STUDY] and not credited_seconds(registration))
    return Gap(tuple(missing), ABSENT if was_absent else DROPOUT)


def excuse_participant(case: Case, *, actor: Actor, reason: str, seen: int) -> Event:
    """Decide that an unfinished participant had a good reason; no strike (R4.17). Raises like strike_participant()."""
    with transaction():
        case, _ = _open(case, actor, seen)
        return move_participant(case, Action.EXCUSE, actor=actor, note=reason)


def strike_participant(case: Case, *, actor: Actor, reason: str, seen: int) -> Strike:
    """Decide that there was no good reason: the move, the strike, and the bars that follow from it, in one go (R4.16).

    Raises NotAllowed for anybody but the plan's centre, in one's own matter, or when a good reason was accepted;
    Invalid("note") without a reason; Stale when it was decided already.
    """
    with transaction():
        case, registration = _open(case, actor, seen)
        if accepted_excuse(registration) is not None:
            raise NotAllowed(f"{case.title}的正当理由已认可，不能认定为无故缺勤；确需改变的，请先重新认定该理由。")
        return record_strike(registration, ground=gap_of(registration).ground, reason=reason, actor=actor)


def annul_decision(case: Case, *, actor: Actor, reason: str, seen: int) -> None:
    """Take back a decision on an absence that proved wrong: it is open again, and its strike no longer counts."""
    with transaction():
        case, registration = _open(case, actor, seen)
        if case.state == State.STRUCK:
            annul_strike(registration, actor=actor, reason=reason)
        else:
            move_participant(case, Action.ANNUL, actor=actor, note=reason)


def preview_decision(case: Case) -> list[str]:
    """What would follow if this absence were found to be without good reason, in sentences."""
    return preview_strike(Registration.get_by_id(case.id))


def _sweep_plan(plan: Plan, moment: datetime) -> int:
    changed = 0
    for overdue, note in _overdue(plan, moment):
        for case in list(overdue):
            with transaction():  # what was read before may have been corrected meanwhile
                changed += overdue.where(Case.id == case.id).exists() and lapse(case, note=note)
    return changed


def _overdue(plan: Plan, moment: datetime) -> Iterator[tuple[ModelSelect, str]]:
    """The participants who have missed what is over, as queries: asked every few seconds, while a class may be sitting
    its exam; nothing is asked while nothing is over."""
    window = plan.study_window
    study_over = window.is_complete() and moment >= window.closes_at and _has_modules(plan)
    exam_over = "online" in plan.assessments and plan.exam_place == "portal" and sitting_of(plan).is_over(moment)
    people = Case.select().where(Case.plan == plan.id).order_by(Case.id)
    studied = people.where(Case.state.in_([str(State.STUDY_DONE), str(State.ASSESSED_PART)]))
    if study_over or exam_over:
        yield people.where(Case.state == State.APPROVED), "规定的时间已过，没有完成在线学习"
    if exam_over:
        sat = Attempt.select().where(Attempt.registration == Case.id)
        yield studied.where(~_has_result("online"), ~fn.EXISTS(sat)), "线上考核时间已过，没有参加考核"
    if "offline" in plan.assessments:
        # The day of the entry is for correcting a slip (R4.15).
        absent = Attendance.select().where(
            Attendance.registration == Case.id, Attendance.removed_at.is_null(), Attendance.value == Value.ABSENT,
            Attendance.decided_at < datetime.combine(moment.date(), time()),
        )  # fmt: skip
        yield studied.where(~_has_result("offline"), fn.EXISTS(absent)), "线下培训登记为无故缺勤"


def _has_modules(plan: Plan) -> bool:
    return Module.select().where(Module.plan == plan.id, Module.removed_at.is_null()).exists()


def _has_result(assessment: str):
    rows = AssessmentResult.select().where(
        AssessmentResult.registration == Case.id, AssessmentResult.assessment == assessment
    )
    return fn.EXISTS(rows)


def _end(case: Case, actor: Actor) -> bool:
    """One participant's class is over: what they sat counts; if it leaves them in class, onto the decision list."""
    attempts = Attempt.select().where(Attempt.registration == case.id).exists()
    if attempts and "online" not in _standing(case.id):
        conclude_exam(case)
        case = Case.get_by_id(case.id)
        if case.state not in IN_CLASS:
            return True
    return lapse(case, actor=actor, note="计划办结时尚未完成")


def _end_left_over() -> int:
    """Nobody stays in a class that is over: a result corrected after the closing may have put somebody back there."""
    rows = Case.select(Case.id).join(Plan, on=(Case.plan == Plan.id))
    rows = rows.where(Plan.state == PlanState.FINISHED, Case.state.in_(list(IN_CLASS))).order_by(Case.id)
    ended = 0
    for (id_,) in list(rows.tuples()):
        with transaction():
            case = Case.get_by_id(id_)
            ended += case.state in IN_CLASS and _end(case, SYSTEM)
    return ended


def _in_class(plan: Plan) -> list[Case]:
    return list(Case.select().where(Case.plan == plan.id, Case.state.in_(list(IN_CLASS))).order_by(Case.id))


def _standing(case: int) -> set[str]:
    rows = AssessmentResult.select(AssessmentResult.assessment).where(AssessmentResult.registration == case)
    return {name for (name,) in rows.tuples()}


def _open(case: Case, actor: Actor, seen: int) -> tuple[Case, Registration]:
    case = Case.get_by_id(case.id)
    registration = Registration.get_by_id(case.id)
    check_owner(registration.plan, actor)
    if is_own_case(case, actor):
        raise NotAllowed(own_case_said(case))
    if case.version != seen:
        raise Stale("这件报名已有变化，请刷新后查看最新情况。")
    return case, registration


__all__ = [
    "ABSENT", "DROPOUT", "MISSING", "Gap", "annul_decision", "close_class", "excuse_participant", "gap_of",
    "lapse_overdue", "preview_decision", "strike_participant",
]  # fmt: skip
