"""Factories of a class: participants in any state, offline sessions, assigned people, and a province's whole scene."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from portal import clock
from portal.actions import attendance as taking
from portal.actions import sessions
from portal.models import (
    Attendance,
    Case,
    Event,
    Excuse,
    Module,
    Office,
    Organisation,
    Person,
    Plan,
    Progress,
    Region,
    Registration,
    Session,
    Step,
)
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor, Seat
from tests import make

_numbers = count(1)
BEGUN = (State.APPROVED,)


def make_class_plan(province: str = make.ANHUI, **kw) -> Plan:
    """A mixed plan whose class runs: online test and offline result both needed (R5.13)."""
    today = clock.today()
    values = {
        "mode": "mixed", "assessments": ["online", "offline"], "exam_minutes": 60, "study_from": today,
        "study_to": today.replace(day=28), "training_from": None, "training_to": None, "opens_on": None,
        "closes_on": None,
    }  # fmt: skip
    return make.make_plan(province=province, **{**values, **kw})


def make_participant(
    plan: Plan, organisation: Organisation, state: str = State.STUDY_DONE, *, person: Person | None = None,
    steps: bool = True, **kw,
) -> Registration:  # fmt: skip
    """Somebody whose registration was approved through unit, city (for a city's unit) and province."""
    person = person or make.make_person(organisation, **kw)
    case = Case.create(
        kind="registration", state=state, person=person, plan=plan, organisation=organisation, province=plan.province,
        title=person.name, created_at=clock.now(), submitted_at=clock.now(), number=f"L{next(_numbers):06d}",
    )  # fmt: skip
    Registration.create(
        case=case, plan=plan, person=person, organisation=organisation, reviewer=organisation,
        occupation=make.make_occupation(),
    )  # fmt: skip
    if steps:
        offices = [("U", Office.get(Office.organisation == organisation)), ("P", plan.office)]
        if organisation.unit_kind == "city":
            offices.insert(1, ("C", make.make_city_centre(organisation.region.name, plan.province)))
        for position, (seat, office) in enumerate(offices):
            Step.create(
                case=case, position=position, seat=seat, office=office, reached_at=clock.now(), outcome="pass",
                decided_at=clock.now(),
            )  # fmt: skip
        Case.update(position=len(offices) - 1, office=plan.office).where(Case.id == case.id).execute()
    if state not in BEGUN:
        Progress.create(case=case, done_at=clock.now())
    return Registration.get_by_id(case.id)


def make_module(plan: Plan, minutes: int = 120) -> Module:
    """A text to study."""
    return Module.create(plan=plan, position=1, title="考评政策", kind="text", body="一、考评纪律。", minutes=minutes)


def make_class_session(plan: Plan, name: str = "第一期", region: str | Region | None = None, **kw) -> Session:
    """A session of a plan, put in directly."""
    if isinstance(region, str):
        region = make.make_region(region, province=plan.province)
    values = {
        "place": "示范路1号培训楼201教室", "starts_at": datetime(2021, 9, 8, 9), "ends_at": datetime(2021, 9, 8, 17),
        "capacity": 30,
    }  # fmt: skip
    return Session.create(plan=plan, name=name, region=region, **{**values, **kw})


def make_seat(session: Session, registration: Registration, value: str | None = None) -> Attendance:
    """A participant in a session, put in directly."""
    return Attendance.create(
        session=session, registration=registration.case_id, assigned_at=clock.now(), value=value,
        decided_at=clock.now() if value else None,
    )  # fmt: skip


def make_excuse(registration: Registration, **kw) -> Excuse:
    """A good reason that waits for its decision."""
    values = {"reason": "疫情防控隔离", "text": "9月7日起集中隔离14天。", "filed_at": clock.now()}
    return Excuse.create(registration=registration.case_id, **{**values, **kw})


@dataclass
class ClassScene:
    """A plan, its centre, and a unit with its liaison; people come with `join`."""

    plan: Plan
    unit: Organisation
    centre: Actor
    people: list[Registration] = field(default_factory=list)

    def join(self, state: str = State.STUDY_DONE, unit: Organisation | None = None, **kw) -> Registration:
        """One more participant."""
        self.people.append(make_participant(self.plan, unit or self.unit, state, **kw))
        return self.people[-1]

    def session(self, name: str = "第一期", **kw) -> Session:
        """A session added by the centre through the verb."""
        values = {
            "name": name, "region": None, "place": "示范路1号培训楼201教室",
            "starts_at": datetime(2021, 9, 8, 9, 0), "ends_at": datetime(2021, 9, 8, 17, 0), "capacity": 30, "note": "",
        }  # fmt: skip
        return sessions.add_session(self.plan, actor=self.centre, values={**values, **kw})

    def assign(self, session: Session, registration: Registration) -> Attendance:
        """Assign through the verb."""
        return sessions.assign_participant(session, registration, actor=self.centre)

    def mark(self, seat: Attendance, value: str, **kw) -> int:
        """Take attendance of one through the verb."""
        return taking.record_attendance(
            Session.get_by_id(seat.session_id), {seat.id: value}, actor=self.centre, **kw
        )


def class_scene(
    province: str = make.ANHUI, *, region: str | None = None, unit_kind: str = "city", **plan
) -> ClassScene:  # fmt: skip
    """The plan of a class with the centre's actor and one unit."""
    region = region or {"anhui": "合肥市", "sichuan": "成都市"}[province]
    row = make_class_plan(province, **plan)
    unit = make.make_organisation(province=province, region=region, unit_kind=unit_kind)
    return ClassScene(row, unit, make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, row.office)))


def state_of(registration: Registration) -> str:
    """Where the participant stands now."""
    return Case.get_by_id(registration.case_id).state


def version_of(registration: Registration) -> int:
    """The version a page would show now."""
    return Case.get_by_id(registration.case_id).version


def events_of(registration: Registration, action: str) -> list[Event]:
    """The events of one kind of a participant, the oldest first."""
    rows = Event.select().where(Event.case == registration.case_id, Event.action == action)
    return list(rows.order_by(Event.id))
