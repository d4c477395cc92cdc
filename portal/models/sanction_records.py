"""What the rows say about sanctions: the facts of both counters, the bars in force, and who is concerned by them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal import clock
from portal.models.cases import Case, Event, Registration
from portal.models.credentials import Credential
from portal.models.jurisdictions import profile_of
from portal.models.offices import Office, Organisation
from portal.models.people import Person
from portal.models.plans import Plan
from portal.models.sanctions import Bar, Strike
from portal.rules.credential import CORRECTION
from portal.rules.flows.credential import State
from portal.rules.flows.registration import IN_CLASS
from portal.rules.flows.registration import State as Registering
from portal.rules.sanctions import (
    BarKind,
    CardFact,
    StrikeFact,
    counting_strikes,
    explain_cards,
    explain_strikes,
    outcome_of,
    trailing_voids,
)
from portal.rules.workdays import last_moment

CLEARING = ("lifted", "expired")
# Under way: reported and not decided, in class, or passed and without a credential yet.
RUNNING = frozenset(
    {Registering.UNDER_REVIEW, Registering.RETURNED, *IN_CLASS, Registering.UNFINISHED, Registering.PASSED}
)


@dataclass(frozen=True)
class Standing:
    """Both counters of one person in one province, computed from the rows at this moment."""

    strikes: list[StrikeFact]
    cards: list[CardFact]
    cleared_strikes: frozenset[int]
    cleared_cards: frozenset[int]
    strike_limit: int | None
    card_limit: int | None

    @property
    def counting(self) -> list[StrikeFact]:
        """The strikes that count."""
        return counting_strikes(self.strikes, self.cleared_strikes)

    @property
    def trailing(self) -> list[CardFact]:
        """The cards left uncollected in a row by now."""
        return trailing_voids(self.cards, self.cleared_cards)

    def explain(self) -> tuple[list[str], list[str]]:
        """Both counts in sentences: events, arithmetic, rule."""
        return (
            explain_strikes(self.strikes, self.strike_limit, self.cleared_strikes),
            explain_cards(self.cards, self.card_limit, self.cleared_cards),
        )


def standing_of(person: Person, province: str) -> Standing:
    """The facts and counters of a person in a province."""
    profile, cleared = profile_of(province), {"strikes": set(), "credentials": set()}
    for bar in Bar.select().where(Bar.person == person.id, Bar.province == province):
        if has_cleared(bar):
            cleared["strikes"].update(bar.cause.get("strikes", ()))
            cleared["credentials"].update(_cards_cleared_by(bar))
    return Standing(
        strike_facts(person, province), card_facts(person, province), frozenset(cleared["strikes"]),
        frozenset(cleared["credentials"]), profile.strikes.limit, profile.credential.bar_after_unclaimed,
    )  # fmt: skip


def _cards_cleared_by(bar: Bar) -> list[int]:
    """The cards whose voiding a lifted bar cleared; not one that was restored since and left uncollected once more."""
    rows = list(Credential.select().where(Credential.id.in_(list(bar.cause.get("credentials", ())))))
    return [row.id for row in rows if bar.lifted_at is None or (_ended_at(row) or bar.lifted_at) <= bar.lifted_at]


def _ended_at(row: Credential) -> datetime | None:
    """When a card ended, whether or not the sweep has run yet; None when nothing says so."""
    waits = row.state == State.AWAITING_CLAIM and row.claim_due is not None
    return last_moment(row.claim_due) if waits else row.ended_at


def strike_facts(person: Person, province: str) -> list[StrikeFact]:
    """Every strike of a person in a province, annulled ones too, the oldest first."""
    rows = (
        Strike.select(Strike, Plan, Organisation.id, Organisation.name)
        .join(Plan, on=(Strike.plan == Plan.id))
        .switch(Strike)
        .join(Organisation, on=(Strike.organisation == Organisation.id))
        .where(Strike.person == person.id, Plan.province == province)
        .order_by(Strike.at, Strike.id)
    )
    return [
        StrikeFact(
            row.id, row.at, row.plan.name, row.organisation_id, row.organisation.name, row.ground, row.annulled_at
        )
        for row in rows
    ]


def card_facts(person: Person, province: str) -> list[CardFact]:
    """Every card of a person in a province by issue date; an electronic certificate is not collected at all."""
    rows = Credential.select().where(
        Credential.person == person.id, Credential.province == province, Credential.kind == "card"
    )
    profile, known = profile_of(province), {row.id: row for row in rows}
    facts = [
        CardFact(
            row.id, row.number, row.issued_on, f"{row.occupation_name}，{profile.grade(row.grade).name}",
            outcome_of(row.state_now, was_collected=_was_collected(row)), corrects=_first_wording(row, known),
        )
        for row in known.values()
    ]  # fmt: skip
    return sorted(facts, key=lambda fact: fact.place)


def _first_wording(row: Credential, known: dict[int, Credential]) -> tuple[date, int] | None:
    """The date and id of the card that this one corrects in the end; None when it corrects none."""
    first = row
    while first.succession == CORRECTION and first.replaces_id in known:
        first = known[first.replaces_id]
    return None if first.id == row.id else (first.issued_on, first.id)


def _was_collected(row: Credential) -> bool:
    """Whether a card ever came into somebody's hands: claimed, handed over, or taken over from the bureau's list."""
    if row.state in (State.ISSUED, State.AWAITING_CLAIM, State.VOID_UNCLAIMED):
        return False
    if row.claim_id is not None or (row.imported and row.released_on is None):
        return True
    moves = Event.select().where(Event.subject == f"credential:{row.id}")
    in_hand = (Event.action == "import") & Event.after.in_([State.VALID, State.EXPIRED])  # with or without a 发放日期
    return moves.where(Event.action.in_(["claim", "hand_out"]) | in_hand).exists()


def has_cleared(bar: Bar) -> bool:
    """Whether what a bar followed from counts no more: it was lifted by decision, or its end date has passed."""
    return bar.ending in CLEARING or is_over(bar)


def is_over(bar: Bar) -> bool:
    """Whether a bar's own end date has passed, whether or not the sweep has run yet."""
    return bar.ends_on is not None and bar.ends_on < clock.today()


def is_in_force(bar: Bar) -> bool:
    """Whether a bar stands at this moment."""
    return bar.live_key is not None and not is_over(bar)


def bars_in_force(
    *, person: int | None = None, organisation: int | None = None, province: str | None = None
) -> list[Bar]:
    """The bars that stand now, of a person or of a unit, in one province or in all."""
    subject = (Bar.person == person) if person is not None else (Bar.organisation == organisation)
    rows = Bar.select().where(subject, Bar.live_key.is_null(False))
    if province is not None:
        rows = rows.where(Bar.province == province)
    return [bar for bar in rows.order_by(Bar.id) if not is_over(bar)]


def provinces_of(person: Person) -> list[str]:
    """The provinces in which a person has strikes or cards: bars are per province."""
    struck = Strike.select(Plan.province).join(Plan, on=(Strike.plan == Plan.id)).where(Strike.person == person.id)
    carded = Credential.select(Credential.province).where(Credential.person == person.id)
    return sorted({row for (row,) in struck.tuples()} | {row for (row,) in carded.tuples()})


def contact_of(province: str) -> str:
    """Whom to ask about a sanction: the province's centre with its first telephone number."""
    office = Office.get_or_none(
        Office.province == province, Office.level == "province", Office.body == "centre", Office.active
    )
    name = office.name if office else profile_of(province).wording.centre
    phones = [line.get("phone") or line.get("mobile") or "" for line in (office.contacts if office else ())]
    phone = next(filter(None, phones), "")
    return f"{name}，电话：{phone}" if phone else name


def say_bar(bar: Bar) -> str:
    """A bar in a sentence: who, why, since when, until when, on what basis (R3.24)."""
    who = bar.person.name if bar.person_id else bar.organisation.name
    until = f"至{bar.ends_on:%Y-%m-%d}止" if bar.ends_on else "永久取消" if bar.permanent else "至省级部门解除为止"
    return f"{who}自{bar.starts_at:%Y-%m-%d}起被取消申报资格（{until}）。原因：{say_ground(bar)}。依据：{bar.basis}。"


def say_ground(bar: Bar) -> str:
    """What a bar follows from, in words."""
    if bar.organisation_id is not None:
        people = Person.select(Person.name).join(Bar, on=(Bar.person == Person.id))
        names = [name for (name,) in people.where(Bar.id.in_(bar.cause.get("bars", []))).order_by(Bar.id).tuples()]
        return f"本单位参培人员{'、'.join(names)}累计无故缺勤达到规定次数"
    if bar.kind == BarKind.UNCLAIMED:
        rows = Credential.select(Credential.number).where(Credential.id.in_(bar.cause.get("credentials", [])))
        numbers = [number for (number,) in rows.order_by(Credential.issued_on, Credential.id).tuples()]
        return f"连续{len(numbers)}次不领取证卡（{'、'.join(numbers)}）"
    rows = _strikes(bar.cause.get("strikes", []))
    plans = "、".join(f"{row.plan.name}（{row.at:%Y-%m-%d}认定）" for row in rows)
    return f"累计{len(rows)}次无故缺勤：{plans}"


def _strikes(ids: Iterable[int]) -> list[Strike]:
    rows = Strike.select(Strike, Plan).join(Plan, on=(Strike.plan == Plan.id)).where(Strike.id.in_(list(ids)))
    return list(rows.order_by(Strike.at, Strike.id))


def bars_of(*, person: int | None = None, organisation: int | None = None, province: str | None = None) -> list[Bar]:
    """Every bar of a person or unit, ended ones too, the newest first."""
    subject = (Bar.person == person) if person is not None else (Bar.organisation == organisation)
    rows = Bar.select().where(subject)
    return list((rows.where(Bar.province == province) if province else rows).order_by(Bar.id.desc()))


def people_of_unit(organisation: int, province: str) -> list[Person]:
    """The unit's people with a strike, an uncollected card or a bar: present ones, and those struck under the unit."""
    struck = Strike.select(Strike.person).where(Strike.organisation == organisation)
    voided = Credential.select(Credential.person).where(
        Credential.organisation == organisation, Credential.province == province,
        Credential.state == State.VOID_UNCLAIMED,
    )  # fmt: skip
    any_strike = Strike.select(Strike.person)
    barred = Bar.select(Bar.person).where(Bar.person.is_null(False))
    present = (Person.organisation == organisation) & (Person.id.in_(any_strike) | Person.id.in_(barred))
    return list(
        Person.select().where(present | Person.id.in_(struck) | Person.id.in_(voided)).order_by(Person.name, Person.id)
    )


def has_record_in(person: int, province: str) -> bool:
    """Whether a province's staff may open the integrity file of a person: theirs, or somebody with a record there."""
    if Person.select().where(Person.id == person, Person.province == province).exists():
        return True
    struck = Strike.select().join(Plan, on=(Strike.plan == Plan.id))
    return (
        struck.where(Strike.person == person, Plan.province == province).exists()
        or Credential.select().where(Credential.person == person, Credential.province == province).exists()
        or Bar.select().where(Bar.person == person, Bar.province == province).exists()
    )


def running_registrations(bar: Bar) -> list[Registration]:
    """The registrations under way of the barred person, or of the barred unit's people (R7.06)."""
    whose = (Registration.person == bar.person_id) if bar.person_id else (
        (Registration.organisation == bar.organisation_id) | (Registration.reviewer == bar.organisation_id)
    )  # fmt: skip
    return list(
        Registration.select(Registration, Case, Plan, Person)
        .join(Case, on=(Registration.case == Case.id))
        .switch(Registration)
        .join(Plan, on=(Registration.plan == Plan.id))
        .switch(Registration)
        .join(Person, on=(Registration.person == Person.id))
        .where(whose, Plan.province == bar.province, Case.state.in_(list(RUNNING)))
        .order_by(Registration.case)
    )


def count_running(province: str) -> int:
    """How many registrations under way belong to anybody who is barred in the province, each counted once."""
    standing = Bar.select().where(
        Bar.province == province, Bar.live_key.is_null(False), Bar.ends_on.is_null() | (Bar.ends_on >= clock.today())
    )
    people = standing.where(Bar.person.is_null(False)).select(Bar.person)
    units = standing.where(Bar.organisation.is_null(False)).select(Bar.organisation)
    whose = Registration.person.in_(people) | Registration.organisation.in_(units) | Registration.reviewer.in_(units)
    rows = Registration.select().join(Case, on=(Registration.case == Case.id))
    return rows.where(whose, Case.province == province, Case.state.in_(list(RUNNING))).count()


def struck_units(province: str) -> list[tuple[Organisation, int, int]]:
    """The units with strikes that count: (unit, strikes, people), the most first; nobody is barred by this (R7.03)."""
    cleared: set[int] = set()
    for bar in Bar.select().where(Bar.province == province, Bar.person.is_null(False), Bar.kind == BarKind.STRIKES):
        if has_cleared(bar):
            cleared.update(bar.cause.get("strikes", ()))
    rows = (
        Strike.select(Strike, Organisation)
        .join(Plan, on=(Strike.plan == Plan.id))
        .switch(Strike)
        .join(Organisation, on=(Strike.organisation == Organisation.id))
        .where(Plan.province == province, Strike.annulled_at.is_null())
    )
    found: dict[int, tuple[Organisation, list[Strike]]] = {}
    for row in rows:
        if row.id not in cleared:
            found.setdefault(row.organisation_id, (row.organisation, []))[1].append(row)
    counted = [(unit, len(each), len({strike.person_id for strike in each})) for unit, each in found.values()]
    return sorted(counted, key=lambda row: (-row[1], row[0].name))
