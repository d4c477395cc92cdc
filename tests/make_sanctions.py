"""Factories of absences, strikes and cards: what histories of sanctions are made of."""

from datetime import date
from itertools import count

from portal import clock
from portal.actions.strikes import record_strike
from portal.models import Case, Credential, Organisation, Person, Plan, Registration
from portal.rules.flows.credential import State as CardState
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor, Seat
from tests import make

_serial = count(1)


def make_registration(person: Person, plan: Plan | None = None, *, state: str = State.UNFINISHED, **kw) -> Registration:
    """A registration of a person in a (new) plan, in a state of the class; its unit is the person's present one."""
    plan = plan or make.make_plan(province=person.province)
    organisation = kw.pop("organisation", None) or person.organisation
    case = Case.create(
        kind="registration", state=state, organisation=organisation, person=person, plan=plan, province=plan.province,
        number=f"9{next(_serial):011d}", title=person.name, created_at=clock.now(), submitted_at=clock.now(),
    )  # fmt: skip
    Registration.create(
        case=case.id, plan=plan, person=person, organisation=organisation, reviewer=organisation,
        occupation=make.make_occupation(), live_key=f"{person.id}:{plan.id}:{case.id}", **kw,
    )  # fmt: skip
    return Registration.get_by_id(case.id)


def make_strike(person: Person, plan: Plan | None = None, *, actor: Actor | None = None, ground: str = "absent", **kw):
    """A strike decided through the verb, on a new unfinished registration."""
    registration = make_registration(person, plan, **kw)
    return record_strike(
        registration, ground=ground, reason="未参加培训且未说明原因", actor=actor or centre(registration.plan.province)
    )


def make_card(
    person: Person, *, state: str = CardState.AWAITING_CLAIM, issued_on: date | None = None, occupation=None, **kw
) -> Credential:
    """A card as it stands in the file, without the verbs that lead there."""
    number = next(_serial)
    occupation = occupation or make.make_occupation()
    values = {
        "number": f"川考评2{clock.today().year}{number:05d}", "kind": "card", "province": person.province,
        "person": person, "organisation": person.organisation, "grade": "senior", "occupation": occupation,
        "occupation_name": occupation.name, "levels": "3,2,1", "name": person.name, "state": state,
        "issued_on": issued_on or clock.today(), "token": f"token{number}", "mac": "", "created_at": clock.now(),
    }  # fmt: skip
    return Credential.create(**{**values, **kw})


def centre(province: str = make.SICHUAN) -> Actor:
    """Somebody of the province's centre (P)."""
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(province)))


def department(province: str = make.SICHUAN) -> Actor:
    """Somebody of the province's department (D)."""
    return make.actor_of(make.make_grant(Seat.DEPARTMENT, make_department(province)))


def make_department(province: str = make.SICHUAN):
    """The province's department; made once."""
    from portal.models import Office

    found = Office.get_or_none(Office.province == province, Office.level == "province", Office.body == "department")
    return found or make.make_office(level="province", body="department", province=province)


def unit_seat(organisation: Organisation):
    """A grant at a unit's office, so that the unit has an inbox."""
    return make.make_grant(Seat.UNIT, make.make_office(organisation=organisation))
