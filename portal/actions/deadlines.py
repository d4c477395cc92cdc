"""Last days of reviews and corrections, and what becomes of them when the clock stops or the calendar changes."""

from datetime import date

from portal import clock
from portal.actions.events import record
from portal.models import Case, Plan, Step
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import profile_of, working_calendar
from portal.rules.flows.registration import FLOW
from portal.rules.workflow import IN_REVIEW, Actor, Seat

# No source gives a figure for the applicant's correction; five working days is what the 2020 rules give elsewhere.
CORRECTION_DAYS = 5


def due_for(case: Case, step: Step, today: date) -> date | None:
    """The last day for this level, from `today`; None when neither plan nor profile sets one.

    A plan's own date for the level wins (川人社职鉴〔2022〕21号 八（一）“按时完成”), otherwise the profile's working
    days. After a correction the level keeps the working days it had left, and the announced last day, as well as the
    plan's date, which may have been put off meanwhile, is never moved to an earlier one.
    """
    calendar, planned = working_calendar(), _plan_date(case, step)
    if step.days_left is not None:
        due = calendar.add(today, max(step.days_left, 1))
    else:
        words = profile_of(case.province).seats.get(Seat(step.seat))
        days = words.review_days if words and case.kind == FLOW.name else None
        due = planned or (calendar.add(today, days) if days else None)
    return due and max(day for day in (due, planned, step.due_on) if day)


def days_left(case: Case) -> int | None:
    """Working days that remain until the case's last day, 0 when it has passed, None when there is none."""
    if case.due_on == NO_DUE:
        return None
    return max(working_calendar().between(clock.today(), case.due_on), 0)


def correction_due(case: Case, today: date) -> date:
    """The proposed last day for a correction, CORRECTION_DAYS working days from today; the reviewer may set another."""
    return working_calendar().add(today, CORRECTION_DAYS)


def move_running(old_calendar, *, actor: Actor) -> int:
    """After a change of the calendar, move the running deadlines that would now end later; never earlier.

    Gives the number of moved cases; each gets an event, so that the change can be seen. Call inside a transaction.
    """
    calendar, moved = working_calendar(), 0
    running = Case.select().where(Case.state == IN_REVIEW, Case.due_on != NO_DUE, Case.due_on >= clock.today())
    for case in running:
        step = Step.get_or_none(Step.case == case.id, Step.position == case.position)
        if step is None or case.arrived_at is None or _plan_date(case, step) == case.due_on:
            continue
        start = case.arrived_at.date()
        length = old_calendar.between(start, case.due_on)
        due = calendar.add(start, length)
        if due > case.due_on:
            _put_off(case, due, "工作日历调整，期限顺延", actor)
            moved += 1
    return moved


def move_to_plan_dates(plan: Plan, *, actor: Actor) -> int:
    """After a change of a plan's review dates, move the running deadlines to a date that is now later; never earlier.

    An earlier new date is for the cases that arrive from now on, and a case without a last day gets none. Late cases
    are moved as well: the plan gives them more time. Gives the number of moved cases, each with an event. Call inside
    a transaction.
    """
    moved = 0
    for seat, text in plan.review_by.items():
        if not text:
            continue
        day = date.fromisoformat(text)
        waiting = (
            Case.select()
            .join(Step, on=((Step.case == Case.id) & (Step.position == Case.position)))
            .where(Case.plan == plan.id, Case.state == IN_REVIEW, Step.seat == str(seat), Case.due_on < day)
        )
        for case in list(waiting):
            _put_off(case, day, "计划审核截止日推迟，期限顺延", actor)
            moved += 1
    return moved


def _put_off(case: Case, due: date, label: str, actor: Actor) -> None:
    note = f"{case.due_on.isoformat()} → {due.isoformat()}"
    record("deadline", label, actor=actor, case=case, note=note)
    Case.update(due_on=due).where(Case.id == case.id).execute()
    Step.update(due_on=due).where(Step.case == case.id, Step.position == case.position).execute()


def _plan_date(case: Case, step: Step) -> date | None:
    if case.plan_id is None:
        return None
    row = Plan.select(Plan.review_by).where(Plan.id == case.plan_id).tuples().first()
    text = (row[0] or {}).get(str(step.seat)) if row else None
    return date.fromisoformat(text) if text else None
