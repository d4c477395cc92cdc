"""Numbers that are given out once: many threads and processes at the same moment, unique and without a gap."""

import subprocess
import sys
from pathlib import Path

import pytest

from portal.actions.events import record, verify_chain
from portal.actions.numbers import next_number
from portal.database import database, transaction
from portal.models import Case, Counter, Event
from portal.rules.workflow import SYSTEM
from tests import make
from tests.actions.registering import Scene, fill, give_portrait, scene

ROOT = Path(__file__).parents[2]
HANDS, EACH = 20, 10

# What a request does that needs a number: it reads, draws, and writes what carries the number and an event.
WORKER = """
import sys
from threading import Barrier, Thread
from portal import database
from portal.actions.events import record
from portal.actions.numbers import next_number
from portal.models import Event
from portal.rules.workflow import SYSTEM
database.use(sys.argv[1])
hands, each = int(sys.argv[2]), int(sys.argv[3])
gate = Barrier(hands)
def work():
    database.open_connection()
    gate.wait()
    for _ in range(each):
        with database.transaction():
            Event.select().count()
            number = next_number("test")
            record("number", "取号", actor=SYSTEM, subject=f"number:{number}")
    database.database.close()
threads = [Thread(target=work) for _ in range(hands)]
[t.start() for t in threads]; [t.join() for t in threads]
"""


def taken() -> list[int]:
    """The numbers that were used, in the order of the events."""
    rows = Event.select(Event.subject).where(Event.action == "number").order_by(Event.id).tuples()
    return [int(subject.partition(":")[2]) for (subject,) in rows]


def test_twenty_threads(at_once):
    def work():
        for _ in range(EACH):
            with transaction():
                Event.select().count()
                number = next_number("test")
                record("number", "取号", actor=SYSTEM, subject=f"number:{number}")

    said = at_once([work] * HANDS)
    assert [error for error in said if error] == []  # no "database is locked"
    assert taken() == list(range(1, HANDS * EACH + 1))
    assert verify_chain() == (HANDS * EACH, None)


def test_four_processes_with_five_threads_each(on_disk):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(on_disk), "5", str(EACH)], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    errors = [worker.communicate(timeout=120)[1] for worker in workers]
    assert errors == [""] * 4
    assert taken() == list(range(1, HANDS * EACH + 1))
    assert verify_chain() == (HANDS * EACH, None)


def test_control_a_maximum_in_a_deferred_transaction_fails(at_once):
    """The same work written as one would without thinking: most of it is refused by the database or comes out twice."""
    Counter.create(name="naive", last=0)

    def work():
        numbers = []
        for _ in range(EACH):
            with database.atomic():
                number = Counter.get(Counter.name == "naive").last + 1
                Counter.update(last=number).where(Counter.name == "naive").execute()
                numbers.append(number)
        return numbers

    said = at_once([work] * HANDS)
    failed = [error for error in said if isinstance(error, Exception)]
    numbers = [number for numbers in said if isinstance(numbers, list) for number in numbers]
    assert any("locked" in str(error) for error in failed) or len(numbers) != len(set(numbers))
    assert sorted(numbers) != list(range(1, HANDS * EACH + 1))


def test_a_number_that_was_not_used_is_given_to_the_next(on_disk):
    with pytest.raises(RuntimeError), transaction():
        assert next_number("test") == 1
        raise RuntimeError("what was to carry the number failed")
    with transaction():
        assert next_number("test") == 1


def test_every_series_counts_by_itself(on_disk):
    with transaction():
        assert [next_number("甲"), next_number("乙"), next_number("甲")] == [1, 1, 2]


def test_receipts_of_twenty_people_who_submit_at_once(at_once):
    """Through the verb: twenty applicants, twenty receipt numbers in a row, twenty frozen submissions."""
    from portal.actions.registrations import submit_registration

    s = scene()
    with transaction():
        scenes = [s]
        for _ in range(HANDS - 1):
            person = give_portrait(make.make_person(s.organisation))
            scenes.append(Scene(s.plan, s.organisation, person, make.applicant(person), s.reviewers))
        drafts = [fill(each.open(), each.actor) for each in scenes]

    def submit(each, case):
        return lambda: submit_registration(case, actor=each.actor, seen=case.version, declared=True).number

    said = at_once([submit(each, case) for each, case in zip(scenes, drafts, strict=True)])
    assert sorted(said) == [f"512022{number:06d}" for number in range(1, HANDS + 1)]
    assert {case.number for case in Case.select()} == set(said)
    assert all(case.submissions.count() == 1 and case.state == "under_review" for case in Case.select())
    assert verify_chain()[1] is None
