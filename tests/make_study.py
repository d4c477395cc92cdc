"""Factories of online study: an approved participant of a plan with modules, and the beats of an open page."""

from datetime import date, timedelta

from portal import clock
from portal.actions import study
from portal.actions.modules import modules_of
from portal.models import Case, Module, Plan, Registration
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor
from tests import make

WINDOW = {
    "opens_on": date(2022, 11, 28), "closes_on": date(2022, 12, 5), "study_from": date(2022, 12, 8),
    "study_to": date(2022, 12, 20),
}  # fmt: skip


def make_module(plan: Plan, title: str = "考评技术", *, kind: str = "text", minutes: int = 60, **kw) -> Module:
    """A module after the others; a text one has a body."""
    position = len(modules_of(plan)) + 1
    values = {"body": "考评人员应当独立评分。" if kind == "text" else "", **kw}
    return Module.create(plan=plan, position=position, title=title, kind=kind, minutes=minutes, **values)


def make_participant(plan: Plan, *, state: str = State.APPROVED, person=None, **kw) -> Registration:
    """A person of an organisation whose registration in the plan is in this state (approved)."""
    person = person or make.make_person(make.make_organisation(province=plan.province, region=kw.pop("region", {
        "anhui": "合肥市", "sichuan": "成都市"}[plan.province])), **kw)  # fmt: skip
    number = f"T{plan.id:04d}{Case.select().count() + 1:06d}"
    case = Case.create(
        kind="registration", state=state, person=person, plan=plan, organisation=person.organisation,
        province=plan.province, title=person.name, number=number, created_at=clock.now(), submitted_at=clock.now(),
    )  # fmt: skip
    return Registration.create(
        case=case, plan=plan, person=person, organisation=person.organisation, occupation=make.make_occupation()
    )


def make_class(minutes: int | None = 120, *, province: str = make.ANHUI, modules=(60, 60), **plan) -> Plan:
    """A plan with a study window around December 2022 and modules of these lengths."""
    row = make.make_plan(province=province, minutes=minutes, **{**WINDOW, "assessments": ["online"], **plan})
    for number, length in enumerate(modules, 1):
        make_module(row, f"模块{number}", minutes=length)
    return row


def sit(registration: Registration, module: Module, seconds: int, *, tab: str = "a", every: int = 20, actor: Actor):
    """Study for so many seconds from now on, as an open page does; the frozen clock goes along. Gives the last beat."""
    beat = study.start_study(registration, module, tab=tab, actor=actor)
    left = seconds
    while left > 0:
        step = min(every, left)
        clock.set_for_test(clock.now() + timedelta(seconds=step))
        beat = study.keep_beat(registration, module, tab=tab, actor=actor)
        left -= step
    return beat
