"""Where a registration is: who has it now, until when, and whether it can still be submitted."""

from dataclasses import dataclass
from datetime import date, datetime

from portal import clock
from portal.actions.registration_copy import open_correction
from portal.actions.study import required_seconds
from portal.models import Case, Plan, Registration, Step
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import profile_of, working_calendar
from portal.rules.flows.plan import PHASE_LABELS, Phase, PlanState
from portal.rules.flows.registration import FLOW, State
from portal.rules.workdays import Remaining
from portal.rules.workflow import IN_REVIEW


@dataclass(frozen=True)
class Standing:
    """Where a registration is: `label` its state, `holder` who has it (''), `due_on` until when, `remaining` of it.

    `advice` says what the applicant can do now, `tone` colours it.
    """

    label: str
    holder: str = ""
    due_on: date | None = None
    remaining: Remaining | None = None
    advice: str = ""
    tone: str = "neutral"


def label_for_applicant(case: Case) -> tuple[str, str]:
    """The state in the applicant's words, with its tone: who is approved is 学习中 once the study has begun (R3.42).

    It stays one state; this is a word of the applicant's pages. Whoever missed the study is 学习中 until that is
    found, and a plan that was cancelled or asks for no study has no such word.
    """
    if case.state == State.APPROVED and case.plan.state == PlanState.PUBLISHED and required_seconds(case.plan):
        window = case.plan.study_window
        if window.is_complete() and clock.now() >= window.opens_at:
            return "学习中", "info"
    return FLOW.labels[case.state], FLOW.tones[case.state]


def standing(case: Case) -> Standing:
    """Who has the case now and until when, for lists and the time line (R3.42)."""
    label, tone = label_for_applicant(case)
    if case.state == IN_REVIEW:
        step = Step.get(Step.case == case.id, Step.position == case.position)
        due = None if case.due_on == NO_DUE else case.due_on
        return Standing(profile_of(case.province).state_label(step.seat), step.office.name, due, _left(due), tone=tone)
    if case.state in (State.DRAFT, State.RETURNED):
        registration = Registration.get_by_id(case.id)
        due = last_day(registration)
        advice = "请填写完整后提交。" if case.state == State.DRAFT else "请按补正告知书补正后重新提交。"
        if is_late(registration, clock.now()):
            advice = "已过截止时间，不能提交；如需延长，请联系退回的单位。"
            if case.state == State.DRAFT:
                advice = _closed_advice(registration.plan)
        return Standing(label, "申请人本人", due, _left(due), advice, tone)
    return Standing(label, tone=tone)


def _closed_advice(plan: Plan) -> str:
    """What is left to do with a draft outside of the window; nobody at a desk sees it, so nobody can be asked."""
    phase = plan.phase(clock.now())
    if phase == Phase.PUBLISHED:
        return "现在不在报名时间内，请在报名开始后再提交。"
    over = PHASE_LABELS[phase] if phase in (Phase.CANCELLED, Phase.FINISHED) else PHASE_LABELS[Phase.CLOSED]
    return f"本计划{over}，草稿不能再提交；请放弃填报，需要参加的，请报名以后的计划。"


def last_day(registration: Registration) -> date | None:
    """The last day for submitting: the window's, the correction's or an extension's, whichever is latest (R3.44)."""
    correction = open_correction(registration.case)
    days = [registration.plan.closes_on, registration.extended_to, correction.due_on if correction else None]
    return max((day for day in days if day), default=None)


def _left(due: date | None) -> Remaining | None:
    return working_calendar().remaining(clock.today(), due) if due else None


def is_late(registration: Registration, moment: datetime) -> bool:
    """Whether neither window, correction nor extension allows a submission at `moment` (R3.33, R3.44).

    A plan that was cancelled or finished takes nothing any more, whatever was extended before.
    """
    if registration.plan.state != PlanState.PUBLISHED:
        return True
    if registration.plan.phase(moment) == Phase.OPEN:
        return False
    correction, today = open_correction(registration.case), moment.date()
    if registration.extended_to is not None and today <= registration.extended_to:
        return False
    return not (correction is not None and correction.due_on is not None and today <= correction.due_on)
