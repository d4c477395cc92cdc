"""The pool of examiners (考评人员储备): who holds what, filtered; and how many there are per occupation and level."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from peewee import JOIN

from portal import clock
from portal.models.credentials import Credential
from portal.models.offices import Organisation, Region
from portal.models.people import Person
from portal.rules.flows.credential import State
from portal.rules.workflow import Actor

SOON_DAYS = 90
# What 有效期 can be asked for; the first one is what the pool is about.
VALIDITIES = {
    "valid": "有效",
    "soon": f"{SOON_DAYS}日内到期",
    "expired": "已过期",
    "not_yet": "尚未领取",
    "ended": "作废、撤销或换证",
}


@dataclass(frozen=True)
class PoolFilter:
    """What is asked for; blank means any. `validity` is a key of VALIDITIES."""

    city: int | None = None
    unit: int | None = None
    occupation: int | None = None
    grade: str = ""
    level: int | None = None
    validity: str = ""
    name: str = ""

    @property
    def active(self) -> int:
        """How many conditions are set."""
        return sum(bool(value) for value in vars(self).values())


def examiners(actor: Actor, asked: PoolFilter):
    """The credentials of the pool that the actor sees and asks for, one row each, with unit and region (R6.28).

    A senior and an ordinary one of the same person stand side by side (R6.26).
    """
    rows = (
        Credential.visible_to(actor)
        .select_extend(Organisation, Region, Person)
        .join(Person, on=(Credential.person == Person.id))
        .switch(Credential)
        .join(Organisation, JOIN.LEFT_OUTER, on=(Credential.organisation == Organisation.id))
        .join(Region, JOIN.LEFT_OUTER, on=(Organisation.region == Region.id))
    )
    if asked.city:
        rows = rows.where((Region.id == asked.city) | (Region.parent == asked.city))
    if asked.unit:
        rows = rows.where(Credential.organisation == asked.unit)
    if asked.occupation:
        rows = rows.where(Credential.occupation == asked.occupation)
    if asked.grade:
        rows = rows.where(Credential.grade == asked.grade)
    if asked.level:
        rows = rows.where(Credential.levels.contains(str(asked.level)))
    if asked.name:
        rows = rows.where(Credential.name.contains(asked.name))
    if asked.validity:
        rows = rows.where(_is_now(asked.validity, clock.today()))
    return rows


def count_examiners(organisation: int, *, on: date | None = None) -> dict[tuple[int, int], int]:
    """{(occupation id, level): number of people} whose credential allows that level on a day, by default today.

    Only credentials that are valid and in somebody's hands; who holds two for the same occupation counts once, with
    all levels of the wider one (R6.26). This is the figure of the rule of five examiners (R8.34, R8.35).
    """
    day, people = on or clock.today(), {}
    for occupation, levels, person in _in_force(organisation, day):
        for level in levels.split(","):
            people.setdefault((occupation, int(level)), set()).add(person)
    return {key: len(held) for key, held in people.items()}


def count_people(organisation: int, *, on: date | None = None) -> dict[int, int]:
    """{occupation id: number of people} with a valid credential for it, whatever the levels."""
    people: dict[int, set[int]] = {}
    for occupation, _, person in _in_force(organisation, on or clock.today()):
        people.setdefault(occupation, set()).add(person)
    return {occupation: len(held) for occupation, held in people.items()}


def levels_allowed(person: int, occupation: int, *, on: date | None = None) -> set[int]:
    """The levels a person may assess in an occupation on a day, by default today: all that any valid credential
    allows, so that the wider one of two counts (R6.26); empty for nobody's card."""
    rows = _valid_on(on or clock.today()).where(Credential.person == person, Credential.occupation == occupation)
    return {int(level) for row in rows for level in row.levels.split(",")}


def cities_of(province: str) -> list[Region]:
    """The regions that units of a province can belong to: its cities, and what is affiliated to the province itself."""
    rows = Region.select().where(Region.province == province, Region.level.in_(["city", "direct"]))
    return list(rows.order_by(Region.code))


def units_with_credentials(actor: Actor) -> list[Organisation]:
    """The units whose people the pool holds, by name."""
    seen = Credential.visible_to(actor).select(Credential.organisation).distinct()
    return list(Organisation.select().where(Organisation.id.in_(seen)).order_by(Organisation.name))


def occupations_with_credentials(actor: Actor) -> list[tuple[int, str]]:
    """(id, name as printed) of the occupations that the pool holds."""
    rows = Credential.visible_to(actor).select(Credential.occupation, Credential.occupation_name)
    known = dict(rows.where(Credential.occupation.is_null(False)).distinct().tuples())
    return sorted(known.items(), key=lambda pair: pair[1])


def _in_force(organisation: int, day: date) -> Iterator[tuple[int, str, int]]:
    rows = _valid_on(day).select(Credential.occupation, Credential.levels, Credential.person)
    return rows.where(Credential.organisation == organisation).tuples().iterator()


def _valid_on(day: date):
    return Credential.select().where(
        Credential.state == State.VALID, Credential.issued_on <= day, Credential.occupation.is_null(False),
        Credential.valid_to.is_null() | (Credential.valid_to >= day), Credential.levels != "",
    )  # fmt: skip


def _is_now(validity: str, today: date):
    """The condition by the calendar, whether or not the sweeps have run."""
    over = Credential.valid_to.is_null(False) & (Credential.valid_to < today)
    unclaimed = (Credential.state == State.AWAITING_CLAIM) & (Credential.claim_due < today)
    alive = Credential.state.in_([State.ISSUED, State.AWAITING_CLAIM, State.CLAIMED, State.VALID])
    return {
        "valid": (Credential.state == State.VALID) & ~over,
        "soon": (Credential.state == State.VALID) & Credential.valid_to.between(
            today, today + timedelta(days=SOON_DAYS)),
        "expired": (Credential.state == State.EXPIRED) | (alive & over & ~unclaimed),
        "not_yet": Credential.state.in_([State.ISSUED, State.AWAITING_CLAIM, State.CLAIMED]) & ~unclaimed & ~over,
        "ended": Credential.state.in_([State.VOID_UNCLAIMED, State.REVOKED, State.REPLACED]) | unclaimed,
    }[validity]  # fmt: skip
