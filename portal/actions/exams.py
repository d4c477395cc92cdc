"""What happens in the online assessment: attempts started, answers saved, papers submitted and marked."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from peewee import fn

from portal import clock
from portal.actions.events import record, tell, user_of
from portal.actions.participants import keep_result
from portal.database import database, transaction
from portal.models import Answer, AssessmentResult, Attempt, Case, Plan, Question, Registration
from portal.models.exam_papers import answers_of, attempts_of, pool_of, running_attempt, sitting_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.exam import (
    LETTERS,
    SUBMITTED_BY,
    draw_paper,
    find_shortage,
    keep_score,
    mark,
    read_answer,
    read_items,
)
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, State
from portal.rules.workflow import SYSTEM, Actor

# Who may sit: the study is done and the online assessment has no result yet.
SITTING_STATES = (State.STUDY_DONE, State.ASSESSED_PART)
TIME_OVER = "考核时间已到，答卷已由系统提交，不能再作答。"
_SAVE = """
INSERT INTO answer (attempt_id, position, value, at)
SELECT a.id, ?1, ?2, ?3 FROM attempt a JOIN registration r ON r.case_id = a.registration_id
WHERE a.id = ?4 AND r.person_id = ?5 AND a.submitted_at IS NULL AND a.due_at > ?3
  AND json_array_length(a.items, '$[' || ?1 || '][2]') >= ?6
ON CONFLICT (attempt_id, position) DO UPDATE SET value = excluded.value, at = excluded.at
RETURNING (SELECT due_at FROM attempt WHERE id = attempt_id)
"""


def why_no_exam(registration: Registration, *, is_resuming: bool = True) -> str:
    """Why the participant cannot sit the online assessment here and now, '' when it can be started or continued.

    Compares dates and rows itself and relies on no sweep. The bank is looked at, too: a paper that cannot be drawn
    must never cost an attempt.
    """
    now, plan, case = clock.now(), registration.plan, Case.get_by_id(registration.case_id)
    if is_resuming and running_attempt(case.id, now):
        return ""
    standing = _why_not_entitled(case, plan)
    if standing:
        return standing
    if plan.exam_place != "portal":
        return "本次线上考核在指定的考试平台进行，请从本页给出的网址进入。"
    if plan.attempts is None or plan.pass_mark is None or not plan.paper:
        return "本次考核的试卷尚未设置完成，请联系省级鉴定中心。"
    used = Attempt.select().where(Attempt.registration == case.id).count()
    if used >= plan.attempts:
        return f"{plan.attempts}次考核机会已全部使用。"
    closed = sitting_of(plan).why_closed(now)
    if closed:
        return closed
    if find_shortage(plan.paper, pool_of(plan)):
        return "试题尚未准备齐全，暂不能开始考核，没有占用您的考核机会。请联系省级鉴定中心。"
    return ""


def exam_address(registration: Registration) -> str:
    """The outside platform's address, for those who may sit there and nobody else; '' for everybody else (R5.17)."""
    plan = registration.plan
    if plan.exam_place != "outside" or _why_not_entitled(Case.get_by_id(registration.case_id), plan):
        return ""
    return "" if sitting_of(plan).is_over(clock.now()) else plan.links.get("exam", "")


def start_attempt(registration: Registration, *, actor: Actor) -> Attempt:
    """Start an attempt, or give the one that runs: two tabs never have two (R5.11). Started means used (R5.05).

    Raises NotAllowed with the reason when nothing can be started (R5.01, R5.04, R5.07, R5.08, R5.17).
    """
    _check_own(registration, actor)
    submit_due(registration)
    settle_exam(registration, clock.now())
    with transaction():
        now, plan = clock.now(), Plan.get_by_id(registration.plan_id)
        running = running_attempt(registration.case_id, now)
        if running:
            return running
        registration = Registration.get_by_id(registration.case_id)
        refused = why_no_exam(registration, is_resuming=False)
        if refused:
            raise NotAllowed(refused)
        seed = secrets.token_hex(16)
        number = Attempt.select().where(Attempt.registration == registration.case_id).count() + 1
        attempt = Attempt.create(
            registration=registration.case_id, number=number, seed=seed, pass_mark=plan.pass_mark, started_at=now,
            items=[item.stored() for item in draw_paper(seed, plan.paper, pool_of(plan))],
            due_at=sitting_of(plan).due_at(now), open_key=registration.case_id,
        )  # fmt: skip
        record(
            "start_exam", f"开始第{number}次线上考核", actor=actor, case=Case.get_by_id(registration.case_id),
            data={"attempt": attempt.id},
        )  # fmt: skip
        return attempt


def save_answer(attempt: int, *, place: int, value: str, actor: Actor) -> datetime:
    """Save the answer to one question as it is given; gives when the paper is due.

    One statement and no event: 1,500 people do this every 20 seconds. The server's time decides (R5.22). Raises
    Invalid("value"), or Stale once the paper was submitted or is due.
    """
    value, now = read_answer(value), clock.now()
    highest = LETTERS.index(value[-1]) + 1 if value else 1
    with transaction():
        row = database.execute_sql(
            _SAVE, (place, value, Answer.at.db_value(now), attempt, actor.person, highest)
        ).fetchone()
    if row is None:
        found = _own_attempt(attempt, actor)
        if found.submitted_at is None and found.due_at > now:
            raise Invalid("value", "试卷中没有这道题或这个选项，请刷新页面。")
        raise Stale(TIME_OVER if found.submitted_by != "candidate" else "答卷已经提交，不能再修改答案。")
    return Attempt.due_at.python_value(row[0])


def save_answers(attempt: int, *, values: Mapping[int, str], actor: Actor) -> None:
    """Save several answers at once, all or none: the whole form of a page without JavaScript. Raises as save_answer."""
    with transaction():
        for place, value in values.items():
            save_answer(attempt, place=place, value=value, actor=actor)


def submit_attempt(attempt: int, *, actor: Actor, values: Mapping[int, str] | None = None) -> Attempt:
    """Hand the paper in, with these answers saved first; it is marked at once (R5.09). The second submission does
    nothing. After the end the system has handed it in already, without `values`: the server's time decides.
    """
    found = _own_attempt(attempt, actor)
    with transaction():
        found = Attempt.get_by_id(found.id)
        now = clock.now()
        if found.submitted_at is None and now < found.due_at:
            save_answers(found.id, values=values or {}, actor=actor)
            _close(found, "candidate", now, actor)
        else:
            _close(found, "system", now, SYSTEM)
        return Attempt.get_by_id(found.id)


def extend_running(plan: Plan) -> int:
    """The plan's exam was prolonged (an outage): papers that are being written get the time, too; never less.

    One that was put off to a later hour prolongs nothing: nobody shall have the questions until then. Call it
    inside the plan's transaction; gives how many papers are due later now.
    """
    sitting, moved = sitting_of(plan), 0
    if sitting.opens_at is not None and sitting.opens_at > clock.now():
        return 0
    running = (
        Attempt.select()
        .join(Registration, on=(Attempt.registration == Registration.case))
        .where(Registration.plan == plan.id, Attempt.submitted_at.is_null(), Attempt.due_at > clock.now())
    )
    for attempt in running:
        due = sitting.due_at(attempt.started_at)
        if due is not None and due > attempt.due_at:
            moved += Attempt.update(due_at=due).where(_still_open(attempt)).execute()
    return moved


def submit_due(registration: Registration) -> bool:
    """Hand in this participant's paper if its time is over: on access, without waiting for the sweep."""
    now = clock.now()
    overdue = Attempt.get_or_none(Attempt.open_key == registration.case_id, Attempt.due_at <= now)
    return overdue is not None and _close(overdue, "system", now, SYSTEM)


def submit_overdue(moment: datetime) -> int:
    """Sweep: hand in every paper whose time is over, and settle who has attempts left but no time (R5.07).

    Works for at most two seconds' worth of papers at a time, since a page may be waiting for it.
    """
    rows = Attempt.select().where(Attempt.submitted_at.is_null(), Attempt.due_at <= moment)
    overdue = list(rows.order_by(Attempt.due_at, Attempt.id).limit(_AT_ONCE))
    done = sum(_close(attempt, "system", moment, SYSTEM) for attempt in overdue)
    return done + sum(settle_exam(registration, moment) for registration in _unsettled(moment))


def settle_exam(registration: Registration, moment: datetime) -> bool:
    """Give who has sat, and cannot or need not sit again, the result of it (R5.06): papers that were handed in while
    something else was wrong, and attempts that were left when the time ran out. False when there was nothing to do.
    """
    with transaction():
        case, plan = Case.get_by_id(registration.case_id), Plan.get_by_id(registration.plan_id)
        attempts = attempts_of(case.id)
        if not attempts or any(row.submitted_at is None for row in attempts) or _why_not_entitled(case, plan):
            return False
        is_decided = any(row.passed for row in attempts) or len(attempts) >= (plan.attempts or 0)
        if not is_decided and not sitting_of(plan).is_over(moment):
            return False
        conclude_exam(case)
        return True


def conclude_exam(case: Case) -> None:
    """Keep the result of the attempts that were made: the best passed one, or else the best.

    Each attempt counts by the mark it was marked by: one lowered since turns no failed attempt into a pass, and then
    the result stands without a score. Call it inside a transaction, with no paper open.
    """
    attempts, plan = attempts_of(case.id), Plan.get_by_id(case.plan_id)
    passed = [keep_score(row.score) for row in attempts if row.passed]
    best = max(passed or [keep_score(row.score) for row in attempts])
    is_misleading = plan.pass_mark is None or (best >= plan.pass_mark) != bool(passed)
    keep_result(
        Registration.get_by_id(case.id), "online", actor=SYSTEM, source="exam", score=None if is_misleading else best,
        passed=bool(passed) if is_misleading else None, note=f"成绩{best}" if is_misleading else "",
    )  # fmt: skip


_AT_ONCE = 200


def _close(attempt: Attempt, by: str, moment: datetime, actor: Actor) -> bool:
    """Submit, mark and freeze; False when somebody else was first. By the system it is submitted when it was due."""
    with transaction():
        attempt = Attempt.get_by_id(attempt.id)
        if attempt.submitted_at is not None:
            return False
        case, plan = Case.get_by_id(attempt.registration_id), Plan.get_by_id(attempt.registration.plan_id)
        at = attempt.due_at if by == "system" else moment
        score = _mark(attempt)
        pass_mark = min(attempt.pass_mark, plan.pass_mark)  # a plan with participants can only be made easier
        passed = keep_score(score) >= pass_mark
        is_first = Attempt.update(
            submitted_at=at, submitted_by=by, score=score, passed=passed, pass_mark=pass_mark, open_key=None
        ).where(_still_open(attempt)).execute()  # fmt: skip
        if not is_first:
            return False
        kept = keep_score(score)
        record(
            "submit_exam", f"第{attempt.number}次线上考核：{SUBMITTED_BY[by]}", actor=actor, case=case,
            note=f"{kept.normalize():f}分，{'合格' if passed else '不合格'}",
            data={"attempt": attempt.id, "score": str(score), "passed": passed},
        )  # fmt: skip
        if _why_not_entitled(case, plan):
            return True  # cancelled, lapsed or decided meanwhile: the paper is kept, the standing is not touched
        left = (plan.attempts or 0) - attempt.number
        if passed or left <= 0 or sitting_of(plan).is_over(moment):
            conclude_exam(case)
        else:
            tell(
                user_of(case.person_id),
                f"您的第{attempt.number}次线上考核成绩为{kept.normalize():f}分，未达到合格分数线，还有{left}次考核机会。",
                kind="exam", case=case, link=f"/applicant/training/{case.id}/exam",
            )  # fmt: skip
        return True


def _still_open(attempt: Attempt):
    """Only who finds it open submits it: candidate and system may come at the same moment."""
    return (Attempt.id == attempt.id) & Attempt.submitted_at.is_null()


def _mark(attempt: Attempt) -> Decimal:
    items = read_items(attempt.items)
    rows = Question.select(Question.id, Question.answer).where(Question.id.in_([item.question for item in items]))
    return mark(items, dict(rows.tuples()), answers_of(attempt)).quantize(Decimal("0.01"))


def _unsettled(moment: datetime) -> list[Registration]:
    """Participants of running plans who have sat and have no result yet: decided by their papers, or by the time."""
    has_result = AssessmentResult.select().where(
        AssessmentResult.registration == Case.id, AssessmentResult.assessment == "online"
    )
    rows = (
        Registration.select()
        .join(Case, on=(Registration.case == Case.id))
        .join(Plan, on=(Case.plan == Plan.id))
        .join(Attempt, on=(Attempt.registration == Registration.case))
        .where(
            Plan.state == PlanState.PUBLISHED, Case.state.in_(SITTING_STATES), Attempt.submitted_at.is_null(False),
            ~fn.EXISTS(has_result),
        )
        .distinct()
    )  # fmt: skip
    decided = Attempt.passed | (Attempt.number >= Plan.attempts)
    undecided = list(rows.where(~decided))
    plans = Plan.select().where(Plan.id.in_({row.plan_id for row in undecided}))
    over = {plan.id for plan in plans if sitting_of(plan).is_over(moment)}
    return [*rows.where(decided), *(row for row in undecided if row.plan_id in over)]


def _why_not_entitled(case: Case, plan: Plan) -> str:
    """What stands against a participant whatever the hour is: the plan, the study, a result that stands."""
    if plan.state != PlanState.PUBLISHED:
        return "本计划已取消或办结，不能参加考核。"
    if "online" not in plan.assessments:
        return "本计划没有设置线上考核。"
    if case.state == State.APPROVED:
        return "尚未完成规定的学习，学习达到规定时长后才能参加线上考核。"
    result = AssessmentResult.get_or_none(
        AssessmentResult.registration == case.id, AssessmentResult.assessment == "online"
    )
    if result is not None:
        return "线上考核已合格，不需要再次参加。" if result.passed else "线上考核结果为不合格，考核机会已用完。"
    if case.state not in SITTING_STATES:
        return f"当前状态为“{FLOW.labels[case.state]}”，不能参加线上考核。"
    return ""


def _check_own(registration: Registration, actor: Actor) -> None:
    if actor.person is None or registration.person_id != actor.person:
        raise NotAllowed("只能参加本人的线上考核。")


def _own_attempt(attempt: int, actor: Actor) -> Attempt:
    """The actor's own attempt; raises NotAllowed for anybody else's."""
    found = Attempt.get_or_none(Attempt.id == attempt)
    if found is None or actor.person is None or found.registration.person_id != actor.person:
        raise NotAllowed("只能参加本人的线上考核。")
    return found
