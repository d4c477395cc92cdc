"""Many beats of one person at the same moment: never more is credited than the wall clock has seen."""

from datetime import datetime, timedelta

import pytest

from portal import clock, database
from portal.actions import study, study_reminders
from portal.actions.modules import modules_of
from portal.models import Case, Event, Message, StudyTime
from portal.rules.errors import Stale
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.make_study import make_class, make_participant

HANDS, ROUNDS = 8, 10
START = datetime(2022, 12, 10, 10, 0)


@pytest.fixture
def learner(on_disk):
    """A participant, the first module, and the actor."""
    registration = make_participant(make_class(120, modules=(200,)))
    return registration, modules_of(registration.plan)[0], make.applicant(registration.person)


def beats(learner, at_once, tabs) -> list:
    """Ten rounds of twenty seconds; in each, every tab beats once, all at the same moment."""
    registration, module, actor = learner
    said = []
    for number in range(1, ROUNDS + 1):
        clock.set_for_test(START + timedelta(seconds=20 * number))
        said += at_once([lambda tab=tab: study.keep_beat(registration, module, tab=tab, actor=actor) for tab in tabs])
    return said


@pytest.mark.requirement("R4.05")
def test_one_tab_that_beats_eight_times_at_once_is_credited_once(learner, at_once):
    registration, module, actor = learner
    study.start_study(registration, module, tab="a", actor=actor)
    said = beats(learner, at_once, ["a"] * HANDS)
    assert [each for each in said if isinstance(each, Exception)] == []
    assert study.credited_seconds(registration) == 20 * ROUNDS


@pytest.mark.requirement("R4.05")
def test_eight_tabs_at_once_are_one(learner, at_once):
    registration, module, actor = learner
    tabs = [f"tab{number}" for number in range(HANDS)]
    at_once([lambda tab=tab: study.start_study(registration, module, tab=tab, actor=actor) for tab in tabs])
    said = beats(learner, at_once, tabs)
    assert sum(isinstance(each, Stale) for each in said) == (HANDS - 1) * ROUNDS
    assert study.credited_seconds(registration) == 20 * ROUNDS


def test_control_without_the_lock_the_same_beats_count_several_times(learner, at_once, monkeypatch):
    """The same work, the last beat read outside of the write lock: what was credited twice is seen."""
    from threading import Barrier

    registration, module, actor = learner
    study.start_study(registration, module, tab="a", actor=actor)
    gate, real = Barrier(HANDS), study.credit_beat

    class Open:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return False

    def credit_together(*args, **kw):
        gate.wait(timeout=60)  # everybody has read the last beat before anybody writes
        return real(*args, **kw)

    monkeypatch.setattr(study, "transaction", Open)
    monkeypatch.setattr(study, "credit_beat", credit_together)
    beats(learner, at_once, ["a"] * HANDS)
    assert study.credited_seconds(registration) > 20 * ROUNDS


def test_the_last_second_opens_the_assessments_once(learner, at_once):
    registration, module, actor = learner
    StudyTime.create(registration=registration.case_id, module=module, seconds=7190, last_at=START)
    study.start_study(registration, module, tab="a", actor=actor)
    clock.set_for_test(START + timedelta(seconds=20))
    at_once([lambda: study.keep_beat(registration, module, tab="a", actor=actor)] * HANDS)
    assert Case.get_by_id(registration.case_id).state == State.STUDY_DONE
    assert Event.select().where(Event.action == "finish_study").count() == 1
    assert study.credited_seconds(registration) == 7210


@pytest.mark.requirement("R4.20")
def test_two_clicks_and_the_sweep_at_once_are_one_reminder(learner, at_once):
    registration, _, _ = learner
    clock.set_for_test(datetime(2022, 12, 19, 10, 0))
    centre = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, registration.plan.office))

    def click():
        return study_reminders.remind_participants(registration.plan, [registration.case_id], actor=centre).sent

    said = at_once([click, click, click, lambda: study_reminders.remind_before_end(clock.now())])
    assert sum(said) == 1 and Message.select().where(Message.kind == "study").count() == 1
    assert database.database.is_closed() is False
