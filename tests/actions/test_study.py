"""The clock of study: what a beat is worth, which tab holds it, and when the assessments open."""

from datetime import timedelta

import pytest

from portal import clock
from portal.actions import plans, study
from portal.actions.modules import modules_of
from portal.actions.participants import keep_result
from portal.models import Case, Event, Progress, StudyClock, StudyTime
from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows.registration import State
from portal.rules.study import MAX_BEAT
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.make_study import make_class, make_module, make_participant, sit


@pytest.fixture(autouse=True)
def _day(db, at):
    at("2022-12-10 09:00")


def later(**kw):
    """Let time go by."""
    clock.set_for_test(clock.now() + timedelta(**kw))


def learner(plan, **kw):
    """A participant, the two modules, and the actor."""
    registration = make_participant(plan, **kw)
    return registration, modules_of(plan), make.applicant(registration.person)


def state_of(registration) -> str:
    return Case.get_by_id(registration.case_id).state


@pytest.mark.requirement("R4.03")
def test_the_second_before_keeps_the_test_locked_and_the_last_one_opens_it():
    registration, (one, two), actor = learner(make_class(120))
    sit(registration, one, 3600, actor=actor)
    sit(registration, two, 3599, actor=actor)
    assert study.credited_seconds(registration) == 119 * 60 + 59
    assert state_of(registration) == State.APPROVED and not study.is_study_done(registration)
    with pytest.raises(NotAllowed, match="尚未完成规定的学习"):
        keep_result(registration, "online", actor=SYSTEM, source="exam", score="95")
    later(seconds=1)
    beat = study.keep_beat(registration, two, tab="a", actor=actor)
    assert (beat.total, beat.done) == (7200, True)
    assert state_of(registration) == State.STUDY_DONE and study.is_study_done(registration)
    assert Progress.get_by_id(registration.case_id).done_at == clock.now()
    assert Event.select().where(Event.case == registration.case_id, Event.action == "finish_study").count() == 1


@pytest.mark.requirement("R4.04")
def test_eight_class_hours_are_eight_times_the_provinces_class_hour():
    plan = make_class(None, province=make.SICHUAN, class_hours=8, modules=(300, 61))
    registration, (one, two), actor = learner(plan)
    assert study.required_seconds(plan) == 8 * 45 * 60 == 21600
    sit(registration, one, 300 * 60, every=60, actor=actor)
    sit(registration, two, 60 * 60 - 1, every=60, actor=actor)
    assert state_of(registration) == State.APPROVED
    later(seconds=1)
    study.keep_beat(registration, two, tab="a", actor=actor)
    assert state_of(registration) == State.STUDY_DONE


@pytest.mark.requirement("R4.05")
def test_two_tabs_for_ten_minutes_are_ten_minutes():
    registration, (one, two), actor = learner(make_class())
    study.start_study(registration, one, tab="first", actor=actor)
    study.start_study(registration, two, tab="second", actor=actor)
    refused = 0
    for _ in range(30):  # both pages report every twenty seconds, ten minutes long
        later(seconds=20)
        study.keep_beat(registration, two, tab="second", actor=actor)
        with pytest.raises(Stale, match="另一个页面"):
            study.keep_beat(registration, one, tab="first", actor=actor)
        refused += 1
    assert refused == 30
    assert study.credited_seconds(registration) == 600
    assert study.seconds_in(registration, one) == 0


@pytest.mark.requirement("R4.05")
def test_pages_that_snatch_the_clock_from_each_other_gain_nothing():
    """However often two tabs take over: never more than the wall clock."""
    registration, (one, two), actor = learner(make_class())
    began = clock.now()
    for _ in range(30):
        study.start_study(registration, one, tab="a", actor=actor)
        later(seconds=10)
        study.keep_beat(registration, one, tab="a", actor=actor)
        study.start_study(registration, two, tab="b", actor=actor)
        later(seconds=10)
        study.keep_beat(registration, two, tab="b", actor=actor)
    assert study.credited_seconds(registration) == (clock.now() - began).total_seconds() == 600


@pytest.mark.requirement("R4.05")
def test_a_silent_page_is_credited_a_minute_at_most_and_a_closed_one_nothing():
    registration, (one, _), actor = learner(make_class())
    study.start_study(registration, one, tab="a", actor=actor)
    later(hours=3)
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == MAX_BEAT
    later(seconds=20)
    assert study.keep_beat(registration, one, tab="a", actor=actor, pause=True).total == MAX_BEAT + 20
    later(minutes=5)  # hidden
    with pytest.raises(Stale):
        study.keep_beat(registration, one, tab="a", actor=actor)
    study.start_study(registration, one, tab="a", actor=actor)
    later(seconds=20)
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == MAX_BEAT + 40


@pytest.mark.requirement("R4.05")
def test_a_hundred_beats_in_one_second_are_one_second():
    registration, (one, _), actor = learner(make_class())
    study.start_study(registration, one, tab="a", actor=actor)
    for _ in range(100):
        later(milliseconds=10)
        beat = study.keep_beat(registration, one, tab="a", actor=actor)
    assert beat.total == 1


def test_fractions_of_a_second_are_not_lost():
    registration, (one, _), actor = learner(make_class())
    study.start_study(registration, one, tab="a", actor=actor)
    for _ in range(10):
        later(milliseconds=20_700)
        beat = study.keep_beat(registration, one, tab="a", actor=actor)
    assert beat.total == 207


@pytest.mark.requirement("R4.05")
def test_time_beyond_a_modules_length_does_not_count():
    registration, (one, two), actor = learner(make_class(120, modules=(1, 119)))
    beat = sit(registration, one, 200, actor=actor)
    assert beat.full and study.seconds_in(registration, one) == 60
    assert study.credited_seconds(registration) == 60
    assert sit(registration, two, 40, actor=actor).total == 100


def test_a_clock_that_is_turned_back_takes_and_gives_nothing():
    registration, (one, _), actor = learner(make_class())
    sit(registration, one, 40, actor=actor)
    later(hours=-2)
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == 40
    later(seconds=20)
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == 60
    later(hours=2)  # put right again
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == 60 + MAX_BEAT
    assert StudyTime.get().seconds == 120


def test_two_registrations_of_one_person_share_one_clock():
    plan = make_class()
    registration, (one, _), actor = learner(plan)
    second = make_class()
    other = make_participant(second, person=registration.person)
    study.start_study(registration, one, tab="a", actor=actor)
    study.start_study(other, modules_of(second)[0], tab="b", actor=actor)
    later(seconds=20)
    with pytest.raises(Stale):
        study.keep_beat(registration, one, tab="a", actor=actor)
    assert study.keep_beat(other, modules_of(second)[0], tab="b", actor=actor).total == 20
    assert study.credited_seconds(registration) == 0 and StudyClock.select().count() == 1


@pytest.mark.requirement("R2.12", "R4.06")
def test_nothing_is_credited_before_the_window_and_after_it(at):
    registration, (one, two), actor = learner(make_class())
    at("2022-12-07 23:59:40")
    with pytest.raises(NotAllowed, match="2022年12月8日起"):
        study.start_study(registration, one, tab="a", actor=actor)
    at("2022-12-08 00:00:00")
    assert sit(registration, one, 20, actor=actor).total == 20
    at("2022-12-20 23:59:40")
    study.start_study(registration, one, tab="a", actor=actor)
    at("2022-12-20 23:59:50")
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == 30
    at("2022-12-21 00:00:15")  # ten of these seconds lie inside
    assert study.keep_beat(registration, one, tab="a", actor=actor).total == 40
    at("2022-12-21 00:00:35")
    with pytest.raises(NotAllowed, match="已经结束"):
        study.keep_beat(registration, one, tab="a", actor=actor)
    with pytest.raises(NotAllowed, match="已经结束"):
        study.start_study(registration, two, tab="b", actor=actor)
    assert study.credited_seconds(registration) == 40


def test_a_window_that_is_not_announced_is_closed():
    registration, (one, _), actor = learner(make_class(study_from=None, training_from=None))
    with pytest.raises(NotAllowed, match="尚未公布"):
        study.start_study(registration, one, tab="a", actor=actor)


@pytest.mark.parametrize("state", [State.UNDER_REVIEW, State.RETURNED, State.REJECTED, State.PASSED, State.STRUCK])
def test_only_who_is_in_class_is_timed(state):
    registration, (one, _), actor = learner(make_class(), state=state)
    with pytest.raises(NotAllowed):
        study.start_study(registration, one, tab="a", actor=actor)
    assert StudyClock.select().count() == 0


def test_a_cancelled_plan_counts_no_more():
    plan = make_class()
    registration, (one, _), actor = learner(plan)
    study.start_study(registration, one, tab="a", actor=actor)
    plan.state = "cancelled"
    plan.save()
    later(seconds=20)
    with pytest.raises(NotAllowed, match="取消"):
        study.keep_beat(registration, one, tab="a", actor=actor)


def test_nobody_studies_for_somebody_else_or_in_another_plan():
    registration, (one, _), actor = learner(make_class())
    stranger = make.applicant(make_participant(registration.plan).person)
    with pytest.raises(NotAllowed):
        study.start_study(registration, one, tab="a", actor=stranger)
    with pytest.raises(NotAllowed):
        study.start_study(registration, make_module(make_class()), tab="a", actor=actor)


def test_study_goes_on_after_the_required_time_without_a_second_move():
    registration, (one, two), actor = learner(make_class(1))
    sit(registration, one, 60, actor=actor)
    assert sit(registration, two, 60, actor=actor).total == 120
    assert state_of(registration) == State.STUDY_DONE
    assert Event.select().where(Event.action == "finish_study").count() == 1


def test_a_plan_that_requires_nothing_opens_its_assessments_by_itself():
    idle, busy = make_participant(make_class(None)), make_participant(make_class(120))
    assert study.finish_idle_study(clock.now()) == 1
    assert study.finish_idle_study(clock.now()) == 0
    assert (state_of(idle), state_of(busy)) == (State.STUDY_DONE, State.APPROVED)


@pytest.mark.requirement("R4.04")
def test_a_plan_is_published_with_class_hours_instead_of_minutes():
    plan = make_class(None, province=make.SICHUAN, state="draft", class_hours=None)
    centre = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, plan.office))
    assert ("minutes", "请填写学习时长（分钟），系统不会代为设定。") in plans.find_blanks(plan)
    plan = plans.update_plan(plan, values={"class_hours": 8}, actor=centre, seen=plan.version)
    plan = plans.publish_plan(plan, actor=centre, seen=plan.version)
    assert study.required_seconds(plan) == 8 * 45 * 60


def test_less_required_time_opens_the_assessments_to_those_who_have_it():
    plan = make_class(120)
    (one, (module, _), actor), (two, _, _) = learner(plan), learner(plan)
    sit(one, module, 3600, every=60, actor=actor)
    centre = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, plan.office))
    plans.update_plan(plan, values={"minutes": 60}, actor=centre, seen=plan.version, reason="调整学时")
    assert (state_of(one), state_of(two)) == (State.STUDY_DONE, State.APPROVED)
