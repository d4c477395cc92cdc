"""Twenty reviewers on the same cases at the same moment, on a real database file: one transition each, no more."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from portal import clock, database
from portal.actions import cases
from portal.actions.cases import Decision
from portal.actions.events import verify_chain
from portal.models import Case, Event, Office, Step, jurisdictions
from portal.rules.errors import Stale
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import Scene, give_portrait, scene

SESSIONS, CASES = 20, 6


@pytest.fixture
def colleagues(_schema, tmp_path):
    """Twenty reviewers of one unit and its waiting cases, in a database file; the in-memory database comes back."""
    previous = database.database.database
    database.use(tmp_path / "parallel.sqlite3")
    database.open_connection()
    database.migrate()
    jurisdictions.use_profiles(Path(__file__).parents[2] / "data" / "profiles")
    jurisdictions.forget_calendar()
    make.reset()
    clock.set_for_test(datetime(2022, 12, 12, 9, 0))
    s = scene()
    with database.transaction():
        waiting = [s.submitted()]
        for _ in range(CASES - 1):
            person = give_portrait(make.make_person(s.organisation))
            waiting.append(Scene(s.plan, s.organisation, person, make.applicant(person), s.reviewers).submitted())
        office = Office.get_by_id(waiting[0].office_id or Case.get_by_id(waiting[0].id).office_id)
        people = [make.actor_of(make.make_grant(Seat.UNIT, office)) for _ in range(SESSIONS)]
    yield people, [Case.get_by_id(case.id) for case in waiting]
    database.database.close()
    database.use(previous)
    database.open_connection()
    database.migrate()
    jurisdictions.forget_calendar()


def decide_at_once(people, waiting) -> list[tuple[int, str]]:
    """Everybody decides on all cases, each in an order of their own; (case, "done" or the refusal) of every try."""
    barrier = Barrier(len(people))

    def work(actor):
        database.open_connection()
        mine, said = list(waiting), []
        random.Random(actor.user).shuffle(mine)
        barrier.wait()
        for case in mine:
            try:
                cases.decide(case, Decision("pass", confirmed=True), actor=actor, seen=case.version)
                said.append((case.id, "done"))
            except Stale as refusal:
                said.append((case.id, refusal.message))
        database.database.close()
        return said

    with ThreadPoolExecutor(len(people)) as pool:
        return [line for lines in pool.map(work, people) for line in lines]


def passes(case: Case) -> int:
    """How many transitions the case has made."""
    return Event.select().where(Event.case == case.id, Event.action == "pass").count()


@pytest.mark.requirement("R3.34")
def test_each_case_moves_once_and_everybody_else_is_told_who_was_faster(colleagues):
    people, waiting = colleagues
    said = decide_at_once(people, waiting)
    assert len(said) == SESSIONS * CASES
    for case in waiting:
        mine = [text for id_, text in said if id_ == case.id]
        assert mine.count("done") == 1
        winner = Event.get(Event.case == case.id, Event.action == "pass").name
        assert all(winner in text for text in mine if text != "done")
        assert passes(case) == 1
        now = Case.get_by_id(case.id)
        assert (now.version, now.position) == (case.version + 1, 1)
        assert Step.get(Step.case == case.id, Step.position == 0).outcome == "pass"
    assert verify_chain()[1] is None


def _without_the_lock(monkeypatch, people):
    """Take away the write lock around a decision, and let everybody read before anybody writes."""
    gate, check, record = Barrier(len(people)), cases.check_decision, cases.record

    def check_and_wait(*given, **named):
        found = check(*given, **named)
        gate.wait(timeout=30)
        return found

    def record_alone(*given, **named):
        with database.transaction():
            return record(*given, **named)

    monkeypatch.setattr(cases, "transaction", nullcontext)
    monkeypatch.setattr(cases, "check_decision", check_and_wait)
    monkeypatch.setattr(cases, "record", record_alone)


def test_the_version_alone_lets_one_through(colleagues, monkeypatch):
    people, waiting = colleagues
    _without_the_lock(monkeypatch, people)
    said = decide_at_once(people, waiting[:1])
    assert [text for _, text in said].count("done") == 1


def test_control_without_the_version_several_would_get_through(colleagues, monkeypatch):
    people, waiting = colleagues
    _without_the_lock(monkeypatch, people)

    def bump_blindly(case, **changes):
        Case.update(version=case.version + 1, **changes).where(Case.id == case.id).execute()
        case.version += 1
        for name, value in changes.items():
            setattr(case, name, value)

    monkeypatch.setattr(cases, "bump", bump_blindly)
    said = decide_at_once(people, waiting[:1])
    assert [text for _, text in said].count("done") > 1
    assert passes(waiting[0]) > 1
