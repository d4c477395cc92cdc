"""What a registration demands before a decision of a reviewer, and what follows from it; hung into actions.cases."""

from datetime import date

from portal import clock
from portal.actions.bars import check_not_barred
from portal.actions.cases import CHECKS, EFFECTS, PARTIES, Decision
from portal.actions.class_traces import has_traces
from portal.actions.events import user_of
from portal.actions.registration_choices import fixed_keys, live_key
from portal.actions.registration_copy import has_valid_stamp, unpack_results
from portal.actions.registration_guards import check_organisation, live_registrations
from portal.actions.registration_standing import last_day
from portal.models import Case, Event, Plan, Registration, Step
from portal.rules.eligibility import needs_waiver
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import ADMITTED, FLOW, Action
from portal.rules.workflow import Actor, Seat


def check_pass(case: Case, decision: Decision, actor: Actor, step: Step) -> None:
    """Before passing: the unit confirms each person and has the stamped form (R3.41, R3.36); the last level decides on
    waivable conditions and looks at the organisation's filing again (R3.19, R3.23)."""
    registration = Registration.get_by_id(case.id)
    if registration.plan.state == PlanState.CANCELLED:
        raise NotAllowed("本计划已取消，不能再通过；请写明理由，审核不通过。")
    if step.seat == Seat.UNIT or _is_last(step):
        _check_bars(registration)
    if step.seat == Seat.UNIT:
        if not decision.confirmed:
            raise Invalid("confirmed", "请逐人确认符合报考条件后再上报。")
        if registration.plan.require_stamped_form and not has_valid_stamp(registration):
            _check_exception(registration)
    if _is_last(step):
        try:
            check_organisation(registration.plan, registration.organisation)
        except NotAllowed as refusal:
            raise NotAllowed(f"不能通过：{refusal.message}") from refusal
        _check_waivers(registration, decision)


def _check_bars(registration: Registration) -> None:
    """Nobody barred, and nobody of or by a barred unit, is recommended or passed finally (R3.24, R7.06)."""
    plan = registration.plan
    try:
        check_not_barred(
            registration.person, registration.organisation, province=plan.province, registration=registration
        )
        if registration.reviewer_id not in (None, registration.organisation_id):
            check_not_barred(None, registration.reviewer, province=plan.province, registration=registration)
    except NotAllowed as refusal:
        raise NotAllowed(f"不能通过：{refusal.message}") from refusal


def check_return(case: Case, decision: Decision, actor: Actor, step: Step) -> None:
    """Before returning: only what the applicant can correct is demanded."""
    fixed = fixed_keys(case)
    wrong = [item["label"] for item in decision.items if item["key"] in fixed]
    if wrong:
        raise Invalid("items", f"{'、'.join(wrong)}不能由申请人补正：如有误请审核不通过或联系技术人员。")


def apply_pass(case: Case, decision: Decision, actor: Actor, step: Step, following: Step | None) -> None:
    """After passing: the unit's confirmation and the waivers are kept with the registration."""
    kept: dict = {}
    if step.seat == Seat.UNIT:
        kept["confirmed_by_unit"] = {"by": actor.name, "at": f"{clock.now():%Y-%m-%d %H:%M}"}
    if following is None and decision.waivers:
        registration = Registration.get_by_id(case.id)
        known = {result.key: result.label for result in needs_waiver(unpack_results(registration.results))}
        kept["waivers"] = [
            {
                "key": key, "label": known[key], "reason": reason.strip(), "by": actor.name,
                "office": actor.office_name, "at": f"{clock.now():%Y-%m-%d %H:%M}",
            }
            for key, reason in decision.waivers.items()
            if key in known and reason.strip()
        ]  # fmt: skip
    if kept:
        Registration.update(kept).where(Registration.case == case.id).execute()


def undo_pass(case: Case, event: Event, actor: Actor) -> None:
    """Take back what apply_pass() kept."""
    registration = Registration.get_by_id(case.id)
    _check_unfinished(registration.plan)
    if case.state in ADMITTED and has_traces(registration):
        raise NotAllowed("学员已开始学习或考核，不能再撤销审核决定。")
    # The event's level, not the actor's: another body may have recorded the unit's paper decision (R0.28).
    if event.data["position"] == 0:
        registration.confirmed_by_unit = None
    registration.waivers = []
    registration.save()


def apply_reject(case: Case, decision: Decision, actor: Actor, step: Step, following: Step | None) -> None:
    """A rejected registration no longer holds the person's place in the plan; an undo gives it back."""
    Registration.update(live_key=None).where(Registration.case == case.id).execute()


def undo_reject(case: Case, event: Event, actor: Actor) -> None:
    """The registration lives again; raises NotAllowed when the person has registered anew meanwhile."""
    registration = Registration.get_by_id(case.id)
    _check_unfinished(registration.plan)
    key, live = live_key(registration), live_registrations(registration.plan, registration.person)
    if len(live) >= registration.plan.registrations_per_person or any(other.live_key == key for other in live):
        raise NotAllowed("申请人已重新报名本计划，不能再撤销这项决定。")
    Registration.update(live_key=key).where(Registration.case == case.id).execute()


def apply_extension(case: Case, until: date, actor: Actor) -> None:
    """Keep the extended last day and who gave it (R3.44); an announced day never moves to an earlier one."""
    before = last_day(Registration.get_by_id(case.id))
    if before is not None and until < before:
        raise Invalid("until", f"延长后的截止日期不能早于原定的{before:%Y-%m-%d}。")
    Registration.update(extended_to=until, extended_by=f"{actor.office_name} {actor.name}".strip()).where(
        Registration.case == case.id
    ).execute()


def _check_unfinished(plan: Plan) -> None:
    if plan.state == PlanState.FINISHED:
        raise NotAllowed("本计划已办结，不能再撤销决定。")
    if plan.state == PlanState.CANCELLED:
        raise NotAllowed("本计划已取消，不能再撤销决定。")


def _check_exception(registration: Registration) -> None:
    exception = registration.stamp_exception
    if exception is None:
        raise Invalid("stamped_form", "尚未上传盖章的申报表，不能上报；确有特殊情况的，请先登记延后提交的原因。")
    if date.fromisoformat(exception["until"]) < clock.today():
        raise Invalid("stamped_form", f"登记的补交期限（{exception['until']}）已过，请上传盖章的申报表或重新登记。")


def _check_waivers(registration: Registration, decision: Decision) -> None:
    for result in needs_waiver(unpack_results(registration.results)):
        if not decision.waivers.get(result.key, "").strip():
            said = f"“{result.label}”不符合（{result.explanation}）"
            raise Invalid("waivers", f"{said}，同意放宽的，请写明理由；否则不能通过。")


def _is_last(step: Step) -> bool:
    return not Step.select().where(Step.case == step.case_id, Step.position > step.position).exists()


def parties(case: Case) -> list[tuple[list[int], str]]:
    """The applicant, at their own door."""
    return [(user_of(case.person_id), f"/applicant/registrations/{case.id}")]


PARTIES[FLOW.name] = parties
CHECKS[FLOW.name, str(Action.PASS)] = check_pass
CHECKS[FLOW.name, str(Action.RETURN)] = check_return
EFFECTS[FLOW.name, str(Action.PASS)] = apply_pass
EFFECTS[FLOW.name, f"undo {Action.PASS}"] = undo_pass
EFFECTS[FLOW.name, str(Action.REJECT)] = apply_reject
EFFECTS[FLOW.name, f"undo {Action.REJECT}"] = undo_reject
EFFECTS[FLOW.name, str(Action.EXTEND)] = apply_extension
