"""Random histories of strikes, annulments, cards and liftings: counters and bars against a plain model of the rules."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from portal import clock
from portal.actions import bars, cards, strikes
from portal.actions.bars import check_not_barred
from portal.actions.card_claims import claim_cards
from portal.database import database
from portal.models import Bar, Credential, Event, Notice, Person, Strike
from portal.models.sanction_records import standing_of
from portal.rules.errors import NotAllowed, Stale
from tests import make
from tests.make_sanctions import centre, department, make_card, make_registration, unit_seat

LIMIT = RUN = 2
START = datetime(2022, 1, 4, 10, 0)
FAR = date(2030, 1, 1)  # no card's last day comes by itself here
PLACE: "Place"
SEEN: Counter = Counter()  # how the bars of all histories ended


class PlainPerson:
    """The rules of 七 and 八（二）, written down once more, by hand: lists of events, and sums over them."""

    def __init__(self, unit: int):
        self.unit = unit
        self.strikes: list[dict] = []  # {"key", "unit", "counts"} in the order of the decisions
        self.cards: list[dict] = []  # {"key", "what": open|void|collected, "cleared"} in the order of issue
        self.struck_bar = False
        self.card_bar: set | None = None  # the cards it rests on
        self.barred_unit: int | None = None

    def struck(self) -> list[dict]:
        return [each for each in self.strikes if each["counts"]]

    def in_a_row(self, upto: int | None = None) -> list[dict]:
        run: list[dict] = []
        for card in self.cards[:upto]:
            if card["what"] == "collected":
                run = []
            elif card["what"] == "void" and not card["cleared"]:
                run.append(card)
        return run

    def reckon_strikes(self, world: "World") -> None:
        """Set or end the bar of the person; the unit's follows from the strike that reached the limit."""
        enough = len(self.struck()) >= LIMIT
        unit = self.struck()[LIMIT - 1]["unit"] if enough else None
        if enough and not self.struck_bar:
            self.struck_bar, self.barred_unit = True, unit
            world.units[unit].add(self)
        elif not enough and self.struck_bar:
            self.struck_bar = False
            world.release(self)
        elif enough and unit != self.barred_unit:
            world.release(self)
            self.barred_unit = unit
            world.units[unit].add(self)

    def reckon_cards(self) -> None:
        """The bar comes with two in a row at the end; it goes when its cards stand in no row of two any more."""
        if self.card_bar is not None:
            rows = [self.in_a_row(n) for n in range(len(self.cards) + 1)]
            holding = [row for row in rows if len(row) >= RUN and self.card_bar & {each["key"] for each in row}]
            if holding:
                longest = max(holding, key=len)
                self.card_bar = {each["key"] for each in longest}
                return
            self.card_bar = None
        if len(self.in_a_row()) >= RUN:
            self.card_bar = {each["key"] for each in self.in_a_row()}


class World:
    """All people, and for each unit whose bars hold it."""

    def __init__(self):
        self.people: list[PlainPerson] = []
        self.units: dict[int, set] = {}

    def release(self, person: PlainPerson) -> None:
        if person.barred_unit is not None:
            self.units[person.barred_unit].discard(person)
        person.barred_unit = None


class Place:
    """What every history begins with: both offices of the province, two units, two people."""

    def __init__(self):
        self.centre, self.department = centre(), department()
        self.organisations = [make.make_organisation() for _ in range(2)]
        self.seats = [make.actor_of(unit_seat(each)) for each in self.organisations]
        self.people = [make.make_person(self.organisations[n % 2]) for n in range(2)]


class Counters(RuleBasedStateMachine):
    """Two units, two people, one province; every move goes through the verbs of the portal."""

    def __init__(self):
        super().__init__()
        self.now = START
        clock.set_for_test(self.now)
        self.centre, self.department = PLACE.centre, PLACE.department
        self.organisations, self.seats, self.people = PLACE.organisations, PLACE.seats, list(PLACE.people)
        self.frame = database.savepoint()
        self.frame.__enter__()
        self.world = World()
        self.world.units = {each.id: set() for each in self.organisations}
        self.world.people = [PlainPerson(person.organisation_id) for person in self.people]
        self.open: list = []  # registrations whose decision was annulled
        self.lifted = 0

    def teardown(self):
        SEEN.update(
            (bar.kind, "person" if bar.person_id else "unit", bar.ending or "in force") for bar in Bar.select()
        )
        self.frame.rollback()
        self.frame.__exit__(None, None, None)
        clock.set_for_test(None)

    def tick(self) -> None:
        self.now += timedelta(days=1)
        clock.set_for_test(self.now)

    # ---- what happens

    @rule(who=st.integers(0, 1), again=st.booleans(), ground=st.sampled_from(["absent", "dropout"]))
    def strike(self, who, again, ground):
        """In a new plan, which barred people may have running too; or a decision that was annulled, made again."""
        self.tick()
        mine = [each for each in self.open if each.person_id == self.people[who].id] if again else []
        registration = mine[0] if mine else make_registration(Person.get_by_id(self.people[who].id))
        self.open = [each for each in self.open if each.case_id != registration.case_id]
        plain = self.world.people[who]
        before, barred = len(plain.struck()), plain.struck_bar
        said = "".join(strikes.preview_strike(registration))
        assert f"由{before}次变为{before + 1}次" in said
        row = strikes.record_strike(registration, ground=ground, reason="未到课", actor=self.centre)
        plain.strikes.append({"key": row.id, "unit": registration.organisation_id, "counts": True, "annulled": False})
        plain.reckon_strikes(self.world)
        assert ("立即取消" in said) == (plain.struck_bar and not barred)

    @rule(who=st.integers(0, 1))
    def change_the_unit(self, who):
        """What was decided before stays with the old unit."""
        self.tick()
        there = next(each for each in self.organisations if each.id != self.people[who].organisation_id)
        Person.update(organisation=there).where(Person.id == self.people[who].id).execute()
        self.people[who] = Person.get_by_id(self.people[who].id)

    @precondition(lambda self: any(not s["annulled"] for p in self.world.people for s in p.strikes))
    @rule(pick=st.integers(0, 50))
    def annul(self, pick):
        self.tick()
        rows = [(n, s) for n, p in enumerate(self.world.people) for s in p.strikes if not s["annulled"]]
        who, plain = rows[pick % len(rows)]
        registration = Strike.get_by_id(plain["key"]).registration
        strikes.annul_strike(registration, actor=self.centre, reason="申辩成立")
        plain["annulled"], plain["counts"] = True, False
        self.open.append(registration)
        self.world.people[who].reckon_strikes(self.world)

    @rule(who=st.integers(0, 1))
    def issue(self, who):
        self.tick()
        person = Person.get_by_id(self.people[who].id)
        card = make_card(person, claim_due=FAR)
        self.world.people[who].cards.append({"key": card.id, "what": "open", "cleared": False})

    def _cards(self, what):
        return [(n, c) for n, p in enumerate(self.world.people) for c in p.cards if c["what"] == what]

    @rule(who=st.integers(0, 1))
    def lose(self, who):
        """A new card that nobody fetches, while older ones may still be open."""
        self.issue(who)
        self._void(who, self.world.people[who].cards[-1])

    @precondition(lambda self: self._cards("open"))
    @rule(pick=st.integers(0, 50))
    def void(self, pick):
        self.tick()
        rows = self._cards("open")
        self._void(*rows[pick % len(rows)])

    def _void(self, who, plain):
        past = self.now.date() - timedelta(days=1)
        Credential.update(claim_due=past).where(Credential.id == plain["key"]).execute()
        assert cards.void_overdue() == 1
        plain["what"] = "void"
        self.world.people[who].reckon_cards()

    @precondition(lambda self: self._cards("open"))
    @rule(pick=st.integers(0, 50))
    def collect(self, pick):
        self.tick()
        rows = self._cards("open")
        who, plain = rows[pick % len(rows)]
        card = Credential.get_by_id(plain["key"])
        seat = self.seats[[each.id for each in self.organisations].index(card.organisation_id)]
        claim_cards([card.id], actor=seat, receiver="王示例", receiver_phone="13800000000")
        plain["what"] = "collected"
        self.world.people[who].reckon_cards()

    @precondition(lambda self: self._cards("void"))
    @rule(pick=st.integers(0, 50))
    def restore(self, pick):
        self.tick()
        rows = self._cards("void")
        who, plain = rows[pick % len(rows)]
        cards.restore_card(Credential.get_by_id(plain["key"]), actor=self.department, reason="误作废")
        Credential.update(claim_due=FAR).where(Credential.id == plain["key"]).execute()
        plain["what"], plain["cleared"] = "open", False
        self.world.people[who].reckon_cards()

    @precondition(lambda self: any(each.struck_bar for each in self.world.people))
    @rule(who=st.integers(0, 1), by=st.sampled_from("PD"))
    def lift_strikes(self, who, by):
        self._lift(who, by, "strikes")

    @precondition(lambda self: any(each.card_bar for each in self.world.people))
    @rule(who=st.integers(0, 1), by=st.sampled_from("PDD"))
    def lift_unclaimed(self, who, by):
        self._lift(who, by, "unclaimed")

    def _lift(self, who, by, kind):
        self.tick()
        plain, actor = self.world.people[who], self.centre if by == "P" else self.department
        stands = plain.struck_bar if kind == "strikes" else plain.card_bar is not None
        bar = Bar.select().where(Bar.person == self.people[who].id, Bar.kind == kind).order_by(Bar.id.desc()).first()
        if bar is None:
            assert not stands
            return
        if kind == "unclaimed" and by == "P":
            with pytest.raises(NotAllowed):
                bars.lift_bar(bar, actor=actor, reason="解除")
            return
        if not stands:
            with pytest.raises(Stale):
                bars.lift_bar(bar, actor=actor, reason="解除")
            return
        bars.lift_bar(bar, actor=actor, reason="解除")
        self.lifted += 1
        if kind == "strikes":
            for each in plain.struck():
                each["counts"] = False
            plain.struck_bar = False  # its unit's own bar stays until it is lifted itself
        else:
            resting = plain.card_bar | {each["key"] for each in plain.in_a_row()}
            for each in plain.cards:
                each["cleared"] = each["cleared"] or each["key"] in resting
            plain.card_bar = None

    @precondition(lambda self: any(self.world.units.values()))
    @rule(which=st.integers(0, 1), by=st.sampled_from("PD"))
    def lift_unit(self, which, by):
        self.tick()
        unit = self.organisations[which]
        bar = Bar.select().where(Bar.organisation == unit.id, Bar.live_key.is_null(False)).first()
        assert (bar is not None) == bool(self.world.units[unit.id])
        if bar is not None:
            bars.lift_bar(bar, actor=self.centre if by == "P" else self.department, reason="已整改")
            self.lifted += 1
            self.world.units[unit.id].clear()

    # ---- what must be so at every moment

    @invariant()
    def counters_and_bars_are_those_of_the_model(self):
        for person, plain in zip(self.people, self.world.people, strict=True):
            standing = standing_of(person, "sichuan")
            assert [each.id for each in standing.counting] == [each["key"] for each in plain.struck()]
            assert [each.id for each in standing.trailing] == [each["key"] for each in plain.in_a_row()]
            live = {bar.kind: bar for bar in Bar.select().where(Bar.person == person.id, Bar.live_key.is_null(False))}
            assert ("strikes" in live, "unclaimed" in live) == (plain.struck_bar, plain.card_bar is not None)
            if "unclaimed" in live:
                assert set(live["unclaimed"].cause["credentials"]) == plain.card_bar and live["unclaimed"].permanent
            self.register(person, plain)
        for unit in self.organisations:
            live = list(Bar.select().where(Bar.organisation == unit.id, Bar.live_key.is_null(False)))
            assert len(live) == bool(self.world.units[unit.id])

    def register(self, person, plain):
        """Enrolment is refused exactly to those whom the model bars."""
        unit = person.organisation
        barred = plain.struck_bar or plain.card_bar is not None or bool(self.world.units[unit.id])
        try:
            check_not_barred(person, unit, province="sichuan")
        except NotAllowed:
            assert barred
        else:
            assert not barred

    @invariant()
    def every_bar_has_its_events_and_its_bulletin(self):
        for bar in Bar.select():
            moves = [e.action for e in Event.select().where(Event.subject == f"bar:{bar.id}").order_by(Event.id)]
            assert moves[0] == "bar" and (moves[-1] == f"bar_{bar.ending}") == bool(bar.ending)
            if bar.kind == "strikes" and bar.person_id and bar.live_key:
                assert Notice.get_by_id(bar.bulletin_id).kind == "bulletin"
        assert Event.select().where(Event.action == "bar_lifted").count() == self.lifted


def test_counters_and_bars_follow_the_plain_model(db):
    """Twenty-five histories of up to fifty moves, always the same ones."""
    global PLACE
    clock.set_for_test(START)
    PLACE = Place()
    run_state_machine_as_test(
        Counters,
        settings=settings(
            max_examples=25, stateful_step_count=50, deadline=None, derandomize=True, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    # The histories came to everything that can become of a bar, or they would prove nothing.
    ways = {("strikes", "person"), ("strikes", "unit"), ("unclaimed", "person")}
    reached = {(kind, whose, ending) for kind, whose in ways for ending in ("in force", "lifted", "groundless")}
    assert reached <= SEEN.keys(), reached - SEEN.keys()
