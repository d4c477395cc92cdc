"""Random lives of registrations, against a model in plain Python that knows appendix D1 and nothing of the code."""

import copy
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal import clock
from portal.actions import cases, claims, registrations, undoing
from portal.actions.cases import Decision
from portal.actions.events import verify_chain
from portal.database import database
from portal.models import Case, Event, Office, Person, Registration, Step, jurisdictions, queues
from portal.models.cases import NO_DUE
from portal.models.queue_filters import Filters
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import CARD, WORK, fill, give_portrait, hold, people_evidence, scene
from tests.actions.test_deadlines import with_review_days

START = datetime(2022, 12, 8, 9, 0)
OPENS, CLOSES = date(2022, 12, 5), date(2022, 12, 23)
DAYS = {"U": 5, "C": 3, "P": 4}
CHAIN = "UCP"
CLAIM, CORRECTION = timedelta(minutes=20), 5
ITEMS = ("person.phone", "person.employer", "stamped_form")
EDGES = {
    ("draft", "under_review"), ("draft", "withdrawn"),
    ("under_review", "under_review"), ("under_review", "returned"), ("under_review", "rejected"),
    ("under_review", "approved"), ("under_review", "withdrawn"),
    ("returned", "under_review"), ("returned", "withdrawn"),
    # Only by an undo:
    ("rejected", "under_review"), ("approved", "under_review"),
}  # fmt: skip


def add(day: date, days: int) -> date:
    """The n-th day from Monday to Friday after `day`; the test database has no official calendar."""
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def left(day: date, until: date) -> int:
    """Days from Monday to Friday after `day` up to `until`, none when it has passed."""
    return sum((day + timedelta(days=n)).weekday() < 5 for n in range(1, (until - day).days + 1))


class World:
    """Two cities, two units, one province, four applicants, and two people with more than one seat."""

    def __init__(self):
        self.here = scene(plan={"opens_on": OPENS, "closes_on": CLOSES, "training_from": None, "training_to": None})
        there = scene(region="绵阳市")
        people = [self.here.person] + [give_portrait(make.make_person(self.here.organisation)) for _ in range(2)]
        people.append(there.person)
        self.people = {person.id: make.applicant(person) for person in people}
        for person in people:
            actor = self.people[person.id]
            hold(person, actor)
            hold(person, actor, **CARD)
            people_evidence.save_work_entry(person, actor=actor, values=WORK)
        centre, other_centre = self.here.reviewers, there.reviewers
        self.chains = {
            person.id: [(seat, (other_centre if person == there.person else centre)[seat].office) for seat in CHAIN]
            for person in people
        }
        for chain in self.chains.values():  # one plan, hence one provincial centre
            chain[2] = ("P", self.here.plan.office_id)
        unit, city = (Office.get_by_id(centre[seat].office) for seat in "UC")
        both = make.make_user("孙两岗")
        self.reviewers = [
            *centre.values(), other_centre["U"], other_centre["C"],
            make.actor_of(make.make_grant(Seat.UNIT, unit, user=both)),
            make.actor_of(make.make_grant(Seat.CITY_CENTRE, city, user=both)),
            # Somebody who registers and also sits at the unit and in the city.
            make.actor_of(make.make_grant(Seat.UNIT, unit, user=people[1].user)),
            make.actor_of(make.make_grant(Seat.CITY_CENTRE, city, user=people[1].user)),
        ]  # fmt: skip
        self.actors = [*self.people.values(), *self.reviewers]
        self.desks = list({(actor.seat, actor.office, actor.person): actor for actor in self.actors}.values())


WORLD: World


class Lives(RuleBasedStateMachine):
    """Each rule says from the model whether the verb must act or refuse, calls it, and compares."""

    cases = st.integers(0, 9)
    actors = st.integers(0, 13)
    # Mostly those whose turn it is, or every life would end at the first door.
    turns = st.sampled_from([True, True, True, False])

    def __init__(self):
        super().__init__()
        self.now = START
        clock.set_for_test(self.now)
        self.known: dict[int, dict] = {}
        self.changed = False
        self.people = list(WORLD.people.values())
        self.frame = database.savepoint()
        self.frame.__enter__()

    def teardown(self):
        self.frame.rollback()
        self.frame.__exit__(None, None, None)
        clock.set_for_test(None)

    # What the model knows

    def today(self) -> date:
        return self.now.date()

    def pick(self, number: int) -> tuple[int, dict]:
        """One of the cases; one that nothing more can happen to only now and then."""
        ids = sorted(self.known)
        ids = [id_ for id_ in ids if self.known[id_]["state"] != "withdrawn" or number == 9] or ids
        id_ = ids[number % len(ids)]
        return id_, self.known[id_]

    def somebody(self, number: int, life: dict, turn: bool):
        if turn and life["state"] in ("under_review", "returned", "approved", "rejected"):
            seat, office = life["chain"][life["position"]]
            fitting = [a for a in WORLD.reviewers if (str(a.seat), a.office) == (seat, office)]
            return fitting[number % len(fitting)]
        return WORLD.actors[number % len(WORLD.actors)]

    def owns(self, actor, life) -> bool:
        return actor.user == WORLD.people[life["person"]].user

    def is_applicant(self, actor, life) -> bool:
        return actor.seat == Seat.APPLICANT and actor.person == life["person"]

    def at_desk(self, actor, life) -> bool:
        return life["state"] == "under_review" and (str(actor.seat), actor.office) == life["chain"][life["position"]]

    def held_by_other(self, actor, life) -> bool:
        return life["claim"] is not None and life["claim"][0] != actor.user and life["claim"][1] > self.now

    def is_live(self, person) -> bool:
        return any(life["person"] == person and life["live"] for life in self.known.values())

    def window_is_open(self) -> bool:
        return OPENS <= self.today() <= CLOSES

    def last_day(self, life) -> date:
        days = [CLOSES, life["extended"], life["correction"]["due"] if life["correction"] else None]
        return max(day for day in days if day)

    def arrive(self, life, position) -> None:
        days = life["left"][position]
        due = add(self.today(), DAYS[CHAIN[position]] if days is None else max(days, 1))
        before = life["due"][position]
        life["due"][position] = due if before is None else max(due, before)
        life["left"][position], life["outcome"][position], life["by"][position] = None, None, None
        life["reached"].add(position)
        life |= {"state": "under_review", "position": position, "claim": None, "paused": None}

    # Calling a verb and comparing

    def call(self, id_, verb, *, may, actor, events=1, kinds=(NotAllowed, Stale), grows=True):
        """Call the verb; True when it acted. The model says with `may` whether it must."""
        before, count = Case.get_by_id(id_), Event.select().count()
        try:
            verb(before)
        except Refusal as refusal:
            assert not may, f"refused, but must act: {refusal!r}, {self.known[id_]}"
            assert isinstance(refusal, kinds), repr(refusal)
            assert Event.select().count() == count and Case.get_by_id(id_).__data__ == before.__data__
            return False
        assert may, f"acted, but must refuse: {actor}, {self.known[id_]}"
        self.changed = True
        after = Case.get_by_id(id_)
        assert (after.version > before.version) == grows
        assert (before.state, after.state) in EDGES or before.state == after.state
        assert Event.select().count() == count + events
        if events:
            last = Event.select().order_by(Event.id.desc()).first()
            assert (last.user_id, last.seat, last.office_id) == (actor.user, str(actor.seat), actor.office)
        return True

    # What can happen

    @initialize(people=st.sets(st.integers(0, 3), min_size=1))
    def begin(self, people):
        for person in people:
            self._register(person)
            self._submit(max(self.known), self.people[person])

    @rule(person=st.integers(0, 3))
    def register(self, person):
        self._register(person)

    def _register(self, number):
        actor = self.people[number]
        person = actor.person
        may = self.window_is_open() and not self.is_live(person)
        try:
            case = registrations.open_registration(WORLD.here.plan, actor=actor)
        except NotAllowed:
            assert not may
            return
        assert may
        case = fill(case, actor)
        self.changed = True
        self.known[case.id] = {
            "person": person, "chain": WORLD.chains[person], "state": "draft", "position": 0, "due": [None] * 3,
            "left": [None] * 3, "outcome": [None] * 3, "by": [None] * 3, "reached": set(), "claim": None,
            "paused": None, "correction": None, "extended": None, "live": True, "undo": None, "submitted": 0,
            "employer": Registration.get_by_id(case.id).employer_name, "announced": [None] * 3,
        }  # fmt: skip

    @precondition(lambda self: self.known)
    @rule(number=cases, name=st.integers(0, 3), mine=turns)
    def save(self, number, name, mine):
        id_, life = self.pick(number)
        actor = WORLD.people[life["person"]] if mine else WORLD.people[sorted(WORLD.people)[name]]
        text = f"示例实业公司{name}"
        changes = text != life["employer"]
        open_ = life["state"] == "draft"
        if life["state"] == "returned":
            open_ = not changes or "person.employer" in life["correction"]["items"]
        may = self.is_applicant(actor, life) and open_
        if self.call(id_, lambda case: registrations.save_registration(
            case, actor=actor, values={"employer": text}, seen=case.version
        ), may=may, actor=actor, events=0, grows=changes):  # fmt: skip
            life["employer"] = text
            life["undo"] = None if changes else life["undo"]

    @precondition(lambda self: self.known)
    @rule(number=cases, phone=st.integers(1, 5))
    def correct(self, number, phone):
        self._correct(self.pick(number)[0], phone)

    def _correct(self, id_, phone):
        life = self.known[id_]
        actor = WORLD.people[life["person"]]
        may = life["state"] == "returned" and "person.phone" in life["correction"]["items"]
        if self.call(id_, lambda case: registrations.correct_person(
            case, actor=actor, values={"phone": invented.make_phone(phone)}, seen=case.version
        ), may=may, actor=actor):  # fmt: skip
            life["undo"] = None

    @precondition(lambda self: self.known)
    @rule(number=cases, actor=actors, mine=turns, declared=turns)
    def submit(self, number, actor, mine, declared):
        id_, life = self.pick(number)
        actor = WORLD.people[life["person"]] if mine else WORLD.actors[actor % len(WORLD.actors)]
        self._submit(id_, actor, declared)

    def _submit(self, id_, actor, declared=True):
        life = self.known[id_]
        in_time = self.window_is_open() or (life["extended"] is not None and self.today() <= life["extended"])
        if life["correction"]:
            in_time = in_time or self.today() <= life["correction"]["due"]
        may = self.is_applicant(actor, life) and life["state"] in ("draft", "returned") and in_time and declared
        if self.call(id_, lambda case: registrations.submit_registration(
            case, actor=actor, seen=case.version, declared=declared
        ), may=may, actor=actor, kinds=(NotAllowed, Stale, Invalid)):  # fmt: skip
            life |= {"undo": None, "correction": None, "submitted": life["submitted"] + 1}
            self.arrive(life, 0)

    @precondition(lambda self: self.known)
    @rule(
        number=cases, actor=actors, turn=turns, action=st.sampled_from(["pass", "pass", "pass", "return", "reject"]),
        items=st.sets(st.sampled_from(ITEMS), min_size=1),
    )  # fmt: skip
    def decide(self, number, actor, turn, action, items):
        id_, life = self.pick(number)
        self._decide(id_, self.somebody(actor, life, turn), action, items)

    def _decide(self, id_, actor, action, items):
        life = self.known[id_]
        place = life["position"]
        may = self.at_desk(actor, life) and not self.owns(actor, life) and not self.held_by_other(actor, life)
        may = may and not any(life["outcome"][i] and life["by"][i] == actor.user for i in range(place))
        chosen = tuple({"key": key, "label": key, "note": ""} for key in sorted(items))
        decision = Decision(action, note="理由", items=chosen, second_reason="仍有问题", confirmed=True)
        before = copy.deepcopy(life)
        if not self.call(
            id_, lambda case: cases.decide(case, decision, actor=actor, seen=case.version), may=may, actor=actor
        ):
            return
        life["undo"] = (str(actor.seat), actor.office, action, before)
        life["claim"] = None
        if action == "return":
            life["left"][place] = left(self.today(), life["due"][place])
            life |= {"state": "returned", "paused": self.today()}
            life["correction"] = {"items": items, "due": add(self.today(), CORRECTION)}
        elif action == "reject":
            life |= {"state": "rejected", "live": False}
        elif place == 2:
            life["state"] = "approved"
        else:
            self.arrive(life, place + 1)
        life["outcome"][place], life["by"][place] = action, actor.user

    @precondition(
        lambda self: any(life["state"] in ("draft", "under_review", "returned") for life in self.known.values())
    )
    @rule(
        number=cases, actor=actors, action=st.sampled_from(["pass", "pass", "pass", "return", "return", "reject"]),
        items=st.sets(st.sampled_from(ITEMS), min_size=1),
    )  # fmt: skip
    def go_on(self, number, actor, action, items):
        """What the one whose turn it is would do next; without it few lives would get far."""
        ids = sorted(i for i, life in self.known.items() if life["state"] in ("draft", "under_review", "returned"))
        id_ = ids[number % len(ids)]
        life = self.known[id_]
        if life["state"] == "under_review":
            self._decide(id_, self.somebody(actor, life, True), action, items)
        elif life["state"] == "returned" and actor % 2:
            self._correct(id_, 1 + actor % 5)
        else:
            self._submit(id_, WORLD.people[life["person"]])

    go_further = go_on_again = go_on

    @precondition(lambda self: self.known)
    @rule(number=cases, actor=actors, turn=turns)
    def undo(self, number, actor, turn):
        id_, life = self.pick(number)
        actor = self.somebody(actor, life, False)
        if turn and life["undo"]:
            fitting = [a for a in WORLD.reviewers if (str(a.seat), a.office) == life["undo"][:2]]
            actor = fitting[number % len(fitting)]
        may = life["undo"] is not None and life["undo"][:2] == (str(actor.seat), actor.office)
        may = may and not self.owns(actor, life)
        may = may and (life["undo"][2] != "reject" or not self.is_live(life["person"]))
        if self.call(
            id_, lambda case: undoing.undo_decision(case, actor=actor, seen=case.version), may=may, actor=actor
        ):
            kept = {name: life[name] for name in ("employer", "announced", "extended")}
            self.known[id_] = {**life["undo"][3], **kept, "claim": None, "undo": None}

    @precondition(lambda self: self.known)
    @rule(number=cases, actor=actors, turn=turns, take_over=st.booleans())
    def claim(self, number, actor, turn, take_over):
        id_, life = self.pick(number)
        actor = self.somebody(actor, life, turn)
        may = self.at_desk(actor, life) and (take_over or not self.held_by_other(actor, life))
        may = may and not self.owns(actor, life)
        held = life["claim"] is not None and life["claim"][0] == actor.user and life["claim"][1] > self.now
        if self.call(id_, lambda case: claims.claim_case(case, actor=actor, take_over=take_over), may=may, actor=actor,
                     events=0 if held else 1, grows=False):  # fmt: skip
            life["claim"] = (actor.user, self.now + CLAIM)

    @precondition(lambda self: self.known)
    @rule(
        number=cases, actor=actors, mine=st.booleans(), note=st.sampled_from(["本人要求", ""]), really=st.integers(0, 3)
    )
    def withdraw(self, number, actor, mine, note, really):
        """Rarely, since nothing comes after it."""
        id_, life = self.pick(number)
        if really and life["state"] != "returned":
            return
        actor = WORLD.people[life["person"]] if mine else self.somebody(actor, life, actor % 2 == 0)
        reported = life["outcome"][0] == "pass"
        if actor.seat == Seat.UNIT:
            may = life["state"] in ("under_review", "returned") and actor.office == life["chain"][0][1] and bool(note)
            may = may and not self.owns(actor, life)
        else:
            may = self.is_applicant(actor, life) and life["state"] in ("draft", "under_review", "returned")
            may = may and not reported
        if self.call(id_, lambda case: registrations.withdraw_registration(
            case, actor=actor, seen=case.version, note=note
        ), may=may, actor=actor, kinds=(NotAllowed, Stale, Invalid)):  # fmt: skip
            life |= {"state": "withdrawn", "live": False, "undo": None, "claim": None, "paused": None}

    @precondition(lambda self: self.known)
    @rule(number=cases, actor=actors, turn=turns, days=st.integers(-1, 25))
    def extend(self, number, actor, turn, days):
        id_, life = self.pick(number)
        actor = self.somebody(actor, life, turn)
        if turn and life["state"] == "draft":
            actor = WORLD.here.reviewers["P"]
        until = self.today() + timedelta(days=days)
        may = life["state"] in ("draft", "returned") and not self.owns(actor, life) and actor.seat != Seat.APPLICANT
        owner = life["chain"][life["position"]][1] if life["state"] == "returned" else WORLD.here.plan.office_id
        may = may and actor.office == owner and days >= 0 and until >= self.last_day(life)
        if self.call(id_, lambda case: cases.extend_correction(
            case, actor=actor, seen=case.version, until=until, note="情况特殊"
        ), may=may, actor=actor, kinds=(NotAllowed, Stale, Invalid)):  # fmt: skip
            life |= {"extended": until, "undo": None}

    @rule(step=st.sampled_from([1, 19, 21, 60 * 14, 60 * 24, 60 * 24 * 3, 60 * 24 * 9]))
    def wait(self, step):
        """Minutes pass."""
        self.now += timedelta(minutes=step)
        clock.set_for_test(self.now)

    # What holds always

    @invariant()
    def everything_holds(self):
        """Looked at after whatever has changed a row; a refusal has been seen to change none."""
        if self.changed:
            self.changed = False
            self.the_rows_are_what_the_model_says()
            self.no_announced_day_moves_earlier()
            self.nobody_decides_for_himself_or_twice_in_a_row()
            self.everybody_sees_their_own_only()
            self.one_live_registration_a_person()
            assert verify_chain()[1] is None

    def the_rows_are_what_the_model_says(self):
        assert {case.id for case in Case.select(Case.id)} == set(self.known)
        for case in Case.select():
            life = self.known[case.id]
            reviewed = life["state"] not in ("draft", "withdrawn") or life["reached"]
            assert (case.state, case.position) == (life["state"], life["position"])
            assert case.office_id == (life["chain"][life["position"]][1] if reviewed else None)
            assert case.paused_on == life["paused"]
            steps = list(Step.select().where(Step.case == case.id).order_by(Step.position))
            assert [(step.seat, step.office_id) for step in steps] == (life["chain"] if life["submitted"] else [])
            for step, due, days, outcome, by in zip(
                steps, life["due"], life["left"], life["outcome"], life["by"], strict=False
            ):
                assert (step.due_on, step.days_left, step.outcome, step.decided_by_id) == (due, days, outcome, by)
            running = life["state"] in ("under_review", "returned")
            assert case.due_on == (life["due"][life["position"]] if running else NO_DUE)
            assert case.submissions.count() == life["submitted"]

    def no_announced_day_moves_earlier(self):
        for life in self.known.values():
            for place, due in enumerate(life["due"]):
                announced = life["announced"][place]
                if due is not None:
                    assert announced is None or due >= announced or life["state"] == "withdrawn"
                    life["announced"][place] = due

    def nobody_decides_for_himself_or_twice_in_a_row(self):
        for step in Step.select(Step, Case).join(Case).where(Step.outcome.is_null(False)):
            assert step.decided_by_id != Person.get_by_id(step.case.person_id).user_id
        for life in self.known.values():
            # Beyond the present level stand the outcomes of the round before a correction.
            round_ = list(zip(life["by"], life["outcome"], strict=True))[: life["position"] + 1]
            passed = [by for by, outcome in round_ if outcome]
            assert all(one != two for one, two in zip(passed, passed[1:], strict=False))

    def everybody_sees_their_own_only(self):
        for actor in WORLD.desks:
            seen = {case.id for case in Case.visible_to(actor).select(Case.id)}
            if actor.seat == Seat.APPLICANT:
                assert seen == {id_ for id_, life in self.known.items() if life["person"] == actor.person}
                continue
            mine = {
                id_ for id_, life in self.known.items()
                if any(life["chain"][place][1] == actor.office for place in life["reached"])
            }  # fmt: skip
            assert seen == mine
            waiting = {id_ for id_, life in self.known.items() if self.at_desk(actor, life)}
            assert {id_ for id_, _ in queues.ids_waiting_for(actor, Filters(), 100)} == waiting

    def one_live_registration_a_person(self):
        for row in Registration.select():
            life = self.known[row.case_id]
            assert row.live_key == (f"{row.plan_id}:{row.person_id}" if life["live"] else None)
            assert life["live"] == (life["state"] not in ("rejected", "withdrawn"))


def test_random_lives(_schema, monkeypatch):
    """70 lives of up to 40 steps; a failure prints the shortest life that shows it."""
    global WORLD
    with_review_days(monkeypatch, **DAYS)
    with database.atomic() as outer:
        jurisdictions.forget_calendar()
        make.reset()
        clock.set_for_test(START)
        WORLD = World()
        try:
            run_state_machine_as_test(
                Lives,
                settings=settings(
                    max_examples=70, stateful_step_count=40, deadline=None, database=None, derandomize=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            outer.rollback()
            jurisdictions.forget_calendar()
