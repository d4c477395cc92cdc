"""One attempt however many tabs start it, one submission whoever is first, and no acknowledged answer uncounted."""

from contextlib import nullcontext
from threading import Barrier

import pytest

from portal import clock
from portal.actions import exams
from portal.actions.events import verify_chain
from portal.database import database
from portal.models import AssessmentResult, Attempt, Event
from portal.rules.errors import Refusal, Stale
from portal.rules.workflow import SYSTEM
from tests import make
from tests.make_exam import SLOT, actor_for, answer_for, make_bank, make_candidate, make_slot_plan, state_of

ROUNDS = 6
TABS = 8


@pytest.fixture
def candidate(on_disk, at):
    """Somebody inside the slot of the unified exam."""
    at("2022-12-16 15:00")
    make_bank(make.SICHUAN)
    return make_candidate(make_slot_plan())


def start(registration):
    actor = actor_for(registration)
    return lambda: exams.start_attempt(registration, actor=actor).id


@pytest.mark.requirement("R5.11")
def test_parallel_starts_give_one_attempt(candidate, at_once):
    said = at_once([start(candidate)] * TABS)
    assert Attempt.select().count() == 1
    assert said == [Attempt.get().id] * TABS, "every tab shows the same paper"
    assert Event.select().where(Event.action == "start_exam").count() == 1


def without_lock(monkeypatch):
    """Take the write lock away: every tab looks before any of them writes."""
    gate = Barrier(TABS)

    def seed(length):
        gate.wait(timeout=60)
        return "0" * length

    monkeypatch.setattr(exams, "transaction", nullcontext)
    monkeypatch.setattr(exams, "record", lambda *a, **k: None)
    monkeypatch.setattr(exams.secrets, "token_hex", seed)


def test_without_the_lock_the_key_still_keeps_the_second_one_out(candidate, at_once, monkeypatch):
    without_lock(monkeypatch)
    said = at_once([start(candidate)] * TABS)
    assert Attempt.select().count() == 1
    assert sum(isinstance(each, Exception) for each in said) == TABS - 1


def test_control_without_lock_and_key_there_are_many(candidate, at_once, monkeypatch):
    """The two tests above can fail: with both protections gone, every tab has an attempt of its own."""
    without_lock(monkeypatch)
    for index in ("attempt_open_key", "attempt_registration_id_number"):
        database.execute_sql(f'DROP INDEX "{index}"')
    at_once([start(candidate)] * TABS)
    assert Attempt.select().count() == TABS


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_candidate_and_system_submit_at_once(candidate, at_once, round_, at):
    """At the last instant: whoever is first submits, the other does nothing, and the result is kept once."""
    attempt = exams.start_attempt(candidate, actor=actor_for(candidate))
    values, actor = answer_for(attempt, 90), actor_for(candidate)
    exams.save_answers(attempt.id, values=values, actor=actor)
    at("2022-12-16 16:29:59.999")
    by_hand = lambda: exams.submit_attempt(attempt.id, actor=actor)  # noqa: E731
    by_clock = lambda: exams.submit_overdue(SLOT["exam_ends_at"])  # noqa: E731
    said = at_once([by_hand, by_clock] * 3)
    assert not [each for each in said if isinstance(each, Exception)]
    done = Attempt.get()
    assert (done.score, done.passed, done.open_key) == (90, True, None)
    assert sum(said[1::2]) == (done.submitted_by == "system"), "the sweep counts what it has done itself"
    assert str(done.submitted_at) == {
        "candidate": "2022-12-16 16:29:59.999000", "system": "2022-12-16 16:30:00"}[done.submitted_by]  # fmt: skip
    assert Event.select().where(Event.action == "submit_exam").count() == 1
    assert AssessmentResult.select().count() == 1 and state_of(candidate) == "passed"
    assert verify_chain()[1] is None


def test_control_without_the_guard_both_submit(candidate, at_once, monkeypatch, at):
    """The test above can fail: without lock and guard the system's submission overwrites the candidate's."""
    attempt, submitted, gate = exams.start_attempt(candidate, actor=actor_for(candidate)), [], Barrier(2)
    at("2022-12-16 16:29:59.999")
    mark = exams._mark

    def mark_together(row):
        gate.wait(timeout=60)
        return mark(row)

    monkeypatch.setattr(exams, "transaction", nullcontext)
    monkeypatch.setattr(exams, "record", lambda action, *a, **k: submitted.append(action))
    monkeypatch.setattr(exams, "_still_open", lambda row: Attempt.id == row.id)
    monkeypatch.setattr(exams, "_mark", mark_together)
    monkeypatch.setattr(exams, "keep_result", lambda *a, **k: None)
    actor = actor_for(candidate)
    at_once([
        lambda: exams._close(attempt, "candidate", clock.now(), actor),
        lambda: exams._close(attempt, "system", SLOT["exam_ends_at"], SYSTEM),
    ])  # fmt: skip
    assert submitted == ["submit_exam"] * 2


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_acknowledged_answer_of_the_last_instant_counts(candidate, at_once, round_, at):
    attempt = exams.start_attempt(candidate, actor=actor_for(candidate))
    right, actor = answer_for(attempt, 100), actor_for(candidate)
    at("2022-12-16 16:29:59.999")
    save = lambda: exams.save_answer(attempt.id, place=0, value=right[0], actor=actor)  # noqa: E731
    said = at_once([save, lambda: exams.submit_overdue(SLOT["exam_ends_at"])])
    assert said[1] == 1 and (isinstance(said[0], Stale) or not isinstance(said[0], Refusal))
    assert Attempt.get().score == (0 if isinstance(said[0], Stale) else 10)


def test_control_without_the_check_an_answer_is_acknowledged_and_not_counted(candidate, monkeypatch, at):
    attempt = exams.start_attempt(candidate, actor=actor_for(candidate))
    right, actor = answer_for(attempt, 100), actor_for(candidate)
    at("2022-12-16 16:29:59.999")
    exams.submit_overdue(SLOT["exam_ends_at"])
    with pytest.raises(Stale):
        exams.save_answer(attempt.id, place=0, value=right[0], actor=actor)
    monkeypatch.setattr(exams, "_SAVE", exams._SAVE.replace("AND a.submitted_at IS NULL", ""))
    assert exams.save_answer(attempt.id, place=0, value=right[0], actor=actor)
    assert Attempt.get().score == 0
