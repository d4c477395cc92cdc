"""Reminders to those who are behind with their study: sent by the centre, or by time alone before the window ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from peewee import fn

from portal import clock
from portal.actions.events import record, tell, user_of
from portal.actions.study import credited_of, required_seconds
from portal.database import transaction
from portal.models import Case, Message, Person, Plan, Progress
from portal.models.jurisdictions import profile_of
from portal.rules.dates import print_date
from portal.rules.errors import NotAllowed
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor, Seat

_AUTOMATIC = "study-end"


@dataclass(frozen=True)
class Reminded:
    """How many got a message, and why the others did not: told already today, not behind, or without an account."""

    sent: int
    today: int
    not_behind: int
    no_account: int


def remind_participants(plan: Plan, cases: Collection[int], *, actor: Actor) -> Reminded:
    """One message to each of these participants who is behind, at most one a day (R4.20).

    Raises NotAllowed unless the actor's office owns the plan, or the study time is over.
    """
    with transaction():
        plan, today, now = Plan.get_by_id(plan.id), clock.today(), clock.now()
        if actor.seat != Seat.PROVINCE_CENTRE or plan.office_id != actor.office:
            raise NotAllowed("只有发布计划的省级鉴定中心可以发送学习提醒。")
        window = plan.study_window
        if plan.state != PlanState.PUBLISHED or (window.is_complete() and now >= window.closes_at):
            raise NotAllowed("学习时间已经结束，不再发送学习提醒。")
        rows = {row.id: row for row in Case.select().where(Case.plan == plan.id, Case.id.in_(list(cases)))}
        behind = [row for row in rows.values() if row.state == State.APPROVED]
        told = _reminded_on(today, [row.id for row in behind])
        sent = no_account = 0
        for case in behind:
            if case.id in told:
                continue
            if _remind(plan, case, today, dedupe=f"study:{case.id}:{today}"):
                sent += 1
            else:
                no_account += 1
        if sent:
            record("remind_study", "发送学习提醒", actor=actor, subject=f"plan:{plan.id}", note=f"{sent}人")
        return Reminded(sent, len(told), len(rows) - len(behind), no_account)


def remind_before_end(moment: datetime) -> int:
    """The sweep: so many days before the study time ends, who is behind is told once for each of the province's days.

    A server that was off on the day catches up later, with the reminder that is due then. Who has been reminded on the
    same day by the centre is told the day after.
    """
    today, sent = moment.date(), 0
    for plan in Plan.select().where(Plan.state == PlanState.PUBLISHED):
        window = plan.study_window
        if not window.contains(moment):
            continue
        left = (window.closes_on - today).days
        due = [days for days in profile_of(plan.province).training.study_reminders if left <= days]
        if due:
            sent += _remind_all(plan, today, f"{window.closes_on}:{min(due)}")
    return sent


def _remind_all(plan: Plan, today: date, key: str) -> int:
    """Remind everybody behind who has no message of this key yet; found by the index of message.dedupe."""
    told = Message.select().where(Message.dedupe == fn.PRINTF(f"{_AUTOMATIC}:%d:{key}:%d", Case.id, Person.user))
    rows = (
        Case.select()
        .join(Person, on=(Case.person == Person.id))
        .where(Case.plan == plan.id, Case.state == State.APPROVED, Person.user.is_null(False), ~fn.EXISTS(told))
    )
    sent = 0
    for case in rows:
        with transaction():
            if not _reminded_on(today, [case.id]) and Case.get_by_id(case.id).state == State.APPROVED:
                sent += _remind(plan, case, today, dedupe=f"{_AUTOMATIC}:{case.id}:{key}")
    return sent


def _remind(plan: Plan, case: Case, today: date, *, dedupe: str) -> bool:
    """Write the message and the day; False for a person without an account."""
    users = user_of(case.person_id)
    if not users:
        return False
    done, required, window = credited_of([case.id]).get(case.id, 0), required_seconds(plan), plan.study_window
    until = f"学习时间到{print_date(window.closes_on)}为止，" if window.is_complete() else ""
    stands = f"您已学习{done // 60}分钟，要求{required // 60}分钟。"
    tell(
        users, f"《{plan.name}》学习提醒：{stands}{until}请合理安排时间，按时学完。", kind="study", case=case,
        link=f"/applicant/training/{case.id}", dedupe=dedupe,
    )  # fmt: skip
    Progress.insert(case=case.id, reminded_on=today).on_conflict(
        conflict_target=[Progress.case], update={"reminded_on": today}
    ).execute()
    return True


def _reminded_on(day: date, cases: list[int]) -> set[int]:
    rows = Progress.select(Progress.case).where(Progress.case.in_(cases), Progress.reminded_on == day)
    return {case for (case,) in rows.tuples()}


def soonest_reminder(plan: Plan) -> date | None:
    """The next day on which the portal reminds by itself, for the overview; None when there is none."""
    window, today = plan.study_window, clock.today()
    if not window.is_complete():
        return None
    days = (window.closes_on - timedelta(days=n) for n in profile_of(plan.province).training.study_reminders)
    return min((day for day in days if day > today), default=None)
