"""What happens to an admitted participant: study finished, results of assessments, lapsing, and moves of that kind."""

from decimal import Decimal

from portal import clock
from portal.actions.cases import bump
from portal.actions.events import record, tell, user_of
from portal.actions.recusal import check_not_oneself
from portal.database import transaction
from portal.models import AssessmentResult, Case, Event, Plan, Progress, Registration, Session
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.exam import keep_score
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, IN_CLASS, Action, State
from portal.rules.workflow import SYSTEM, Actor, Seat

ASSESSMENTS = {"online": "线上考核", "offline": "线下考核"}


def move_participant(case: Case, action: str, *, actor: Actor, note: str = "", data: dict | None = None) -> Event:
    """Make one move of the registration's table after its approval, with its event; tells the applicant.

    Call it inside a transaction, with what else the move demands checked by the caller. Raises NotAllowed, also to the
    centre of another plan, Stale, or Invalid("note") where the table requires a reason.
    """
    transition = FLOW.find(action, seat=actor.seat, state=case.state)
    _check_reach(case, action, actor)
    if transition.note == "required" and not note.strip():
        raise Invalid("note", "请填写理由，会记入档案并告知本人。")
    before = case.state
    bump(case, state=transition.target)
    event = record(
        action, transition.label, actor=actor, case=case, before=before, after=case.state, note=note.strip(),
        data=data or {},
    )  # fmt: skip
    said = f"理由：{note.strip()}" if note.strip() else ""
    tell(
        user_of(case.person_id), f"您的报名（{case.number}）：{transition.label}。{said}", kind=str(action), case=case,
        link=f"/applicant/registrations/{case.id}",
    )  # fmt: skip
    return event


def finish_study(case: Case) -> bool:
    """The required study time is reached: the assessments open (R4.03). False when the case had moved on already."""
    with transaction():
        case = Case.get_by_id(case.id)
        if case.state != State.APPROVED:
            return False
        now = clock.now()
        Progress.insert(case=case.id, done_at=now).on_conflict(
            conflict_target=[Progress.case], update={"done_at": now}
        ).execute()
        move_participant(case, Action.FINISH_STUDY, actor=SYSTEM)
        return True


def keep_result(
    registration: Registration,
    assessment: str,
    *,
    actor: Actor,
    source: str,
    score: Decimal | str | None = None,
    passed: bool | None = None,
    session: Session | None = None,
    note: str = "",
) -> AssessmentResult:
    """Keep the result of one assessment and move the participant: part passed, all passed, or failed (R5.13).

    `score` is cut to one decimal and decides against the plan's pass mark, inclusive (R5.03, R5.19); without one
    `passed` decides. `source` is exam, entered or imported. Raises Invalid for a score outside 0–100 or an assessment
    that the plan does not list, NotAllowed when the plan is over, Stale when a result stands already or the
    participant is not at that point.
    """
    with transaction():
        case, plan = Case.get_by_id(registration.case_id), Plan.get_by_id(registration.plan_id)
        if plan.state == PlanState.CANCELLED:
            raise NotAllowed("本计划已取消，不能再登记考核结果。")
        if assessment not in plan.assessments:
            raise Invalid("assessment", f"本计划没有设置{ASSESSMENTS.get(assessment, '这项考核')}。")
        if case.state == State.APPROVED:
            raise NotAllowed(f"{case.title}尚未完成规定的学习，不能登记考核结果。")
        standing = {row.assessment: row for row in results_of(registration)}
        if assessment in standing:
            raise Stale(f"{case.title}的{ASSESSMENTS[assessment]}结果已登记；如有误，请先更正。")
        if score is not None:
            score = keep_score(score)
            passed = score >= plan.pass_mark
        elif passed is None:
            raise Invalid("score", "请填写成绩或选择合格、不合格。")
        result = AssessmentResult.create(
            registration=case.id, assessment=assessment, score=score, passed=passed, source=source, session=session,
            entered_by=actor.user, at=clock.now(), note=note.strip()[:300],
        )  # fmt: skip
        _move_on(case, plan, {**standing, assessment: result}, result, actor)
        return result


def correct_result(registration: Registration, assessment: str, *, actor: Actor, reason: str) -> None:
    """Take back a result that was entered or imported wrongly, while nothing has been issued on it (audited).

    Raises NotAllowed for a result of the portal's own exam, which is frozen (R5.09), Stale or Invalid("note").
    """
    with transaction():
        case = Case.get_by_id(registration.case_id)
        result = AssessmentResult.get_or_none(
            AssessmentResult.registration == case.id, AssessmentResult.assessment == assessment
        )
        if result is None:
            raise Stale("没有可更正的考核结果，请刷新后查看。")
        if result.source == "exam":
            raise NotAllowed("系统自动评分的成绩已锁定，不能更正。")
        others = [row for row in results_of(registration) if row.id != result.id]
        was = f"{result.score if result.score is not None else ''}{'合格' if result.passed else '不合格'}"
        move_participant(
            case, Action.CORRECT_RESULT, actor=actor, note=reason, data={"assessment": assessment, "was": was}
        )
        result.delete_instance()
        if others:  # what still stands leads to where it led before
            plan = Plan.get_by_id(registration.plan_id)
            _move_on(case, plan, {row.assessment: row for row in others}, others[-1], actor)


def amend_imported(
    registration: Registration,
    *,
    actor: Actor,
    reason: str,
    seen: int,
    score: Decimal | str | None = None,
    passed: bool | None = None,
) -> AssessmentResult | None:
    """Correct the online result that an outside platform reported, with a reason; with neither score nor `passed` it
    is only taken back, for a row that was never this participant's (R4.22). Gives the new result, if any.

    `seen` is the case's version on the page. Raises like correct_result() and keep_result(), and Stale.
    """
    with transaction():
        registration = Registration.get_by_id(registration.case_id)
        case, plan = registration.case, registration.plan
        if case.version != seen:
            raise Stale("这件报名已有变化，请刷新后查看最新情况。")
        if plan.state == PlanState.CANCELLED:
            raise NotAllowed("本计划已取消，不能再更正考核结果。")
        correct_result(registration, "online", actor=actor, reason=reason)
        if score is not None or passed is not None:
            return keep_result(
                registration, "online", actor=actor, source="entered", score=score, passed=passed, note=reason
            )
        if plan.state == PlanState.FINISHED:  # nobody stays in a class that is over
            lapse(case, actor=actor, note="计划已办结，更正后没有考核结果")
        return None


def is_amendable(registration: Registration, actor: Actor) -> bool:
    """Whether amend_imported() is open to this actor now: the plan's centre, a result of an outside platform, and
    nothing issued on it."""
    plan, case = registration.plan, registration.case
    if plan.office_id != actor.office or plan.state == PlanState.CANCELLED:
        return False
    if all(each.action != Action.CORRECT_RESULT for each in FLOW.open_to(actor.seat, case.state)):
        return False
    return any(row.assessment == "online" and row.source != "exam" for row in results_of(registration))


def settle_assessments(plan: Plan) -> int:
    """After the plan has dropped an assessment: whoever has passed all that is left has passed; gives how many.

    Call it inside the transaction of the change. Where nothing is left (复核换证), it concerns only those who had
    passed something.
    """
    moved = 0
    waiting = [State.STUDY_DONE, State.ASSESSED_PART] if plan.assessments else [State.ASSESSED_PART]
    for case in list(Case.select().where(Case.plan == plan.id, Case.state.in_(waiting))):
        passed = {row.assessment for row in results_of(Registration.get_by_id(case.id)) if row.passed}
        if passed >= set(plan.assessments):
            move_participant(case, Action.PASS_ALL, actor=SYSTEM, note="考核方式调整后，各项考核均已合格")
            moved += 1
    return moved


def lapse(case: Case, *, actor: Actor = SYSTEM, note: str = "") -> bool:
    """The period is over and something was left undone: onto the decision list (R4.16). False when nothing was."""
    with transaction():
        case = Case.get_by_id(case.id)
        if case.state not in IN_CLASS:
            return False
        move_participant(case, Action.LAPSE, actor=actor, note=note)
        return True


def results_of(registration: Registration) -> list[AssessmentResult]:
    """The results that stand, the oldest first."""
    rows = AssessmentResult.select().where(AssessmentResult.registration == registration.case_id)
    return list(rows.order_by(AssessmentResult.id))


def _check_reach(case: Case, action: str, actor: Actor) -> None:
    """Raises NotAllowed for a provincial body whose participant this is not: another province's, or, before the
    credential, of a plan of another centre."""
    foreign = actor.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT) and actor.province != case.province
    if actor.seat == Seat.PROVINCE_CENTRE and action != Action.CERTIFY:
        foreign = not Plan.select().where(Plan.id == case.plan_id, Plan.office == actor.office).exists()
    if foreign:
        raise NotAllowed("只有发布计划的省级鉴定中心可以办理。")
    if action != Action.LAPSE:  # which follows from the closing of the whole class, and decides nothing
        check_not_oneself(case.person_id, actor, "培训考核事项")


def _move_on(case: Case, plan: Plan, standing: dict, newest: AssessmentResult, actor: Actor) -> None:
    said = {"assessment": newest.assessment, "score": str(newest.score) if newest.score is not None else None}
    if any(not row.passed for row in standing.values()):
        move_participant(case, Action.FAIL, actor=actor, data=said)
    elif all(name in standing for name in plan.assessments):
        move_participant(case, Action.PASS_ALL, actor=actor, data=said)
    elif case.state == State.STUDY_DONE:
        move_participant(case, Action.PASS_PART, actor=actor, data=said)
