"""Papers that were handed in while something else of the participant was wrong: what they are worth afterwards."""

from datetime import datetime

import pytest

from portal.actions import exams, plans
from portal.actions.participants import correct_result, keep_result
from portal.actions.sweeps import run_sweeps
from portal.actions.unfinished import close_class
from portal.database import transaction
from portal.models import AssessmentResult, Attempt, Event, Plan
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.make_classes import class_scene
from tests.make_exam import (
    actor_for,
    answer_for,
    make_bank,
    make_candidate,
    make_exam_plan,
    make_slot_plan,
    sit,
    state_of,
)


@pytest.fixture
def both(db, at):
    """A plan with both assessments, and its centre."""
    at("2021-09-01 10:00")
    make_bank()
    plan = make_exam_plan(assessments=["online", "offline"])
    return plan, make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, plan.office))


def offline(registration, centre, passed):
    keep_result(registration, "offline", actor=centre, source="entered", passed=passed)


def results(registration) -> dict:
    rows = AssessmentResult.select().where(AssessmentResult.registration == registration.case_id)
    return {row.assessment: row.passed for row in rows}


@pytest.mark.parametrize("points, passed", [("90", True), ("89.5", False)])
def test_a_paper_handed_in_while_the_offline_result_was_wrong_counts_after_the_correction(both, points, passed):
    plan, centre = both
    registration = make_candidate(plan)
    if not passed:
        sit(registration, "10")
    attempt = exams.start_attempt(registration, actor=actor_for(registration))
    offline(registration, centre, False)  # a slip of the centre, in the middle of the exam
    assert state_of(registration) == "failed"
    exams.submit_attempt(attempt.id, actor=actor_for(registration), values=answer_for(attempt, points))
    assert results(registration) == {"offline": False}
    correct_result(registration, "offline", actor=centre, reason="登记时看错了行")
    run_sweeps()
    assert results(registration) == {"online": passed}
    assert state_of(registration) == ("assessed_part" if passed else "failed")
    if passed:
        offline(registration, centre, True)
        assert state_of(registration) == "passed"


def test_a_passed_paper_is_never_failed_by_closing_the_plan(both):
    plan, centre = both
    registration = make_candidate(plan)
    attempt = exams.start_attempt(registration, actor=actor_for(registration))
    offline(registration, centre, False)
    exams.submit_attempt(attempt.id, actor=actor_for(registration), values=answer_for(attempt, "95"))
    correct_result(registration, "offline", actor=centre, reason="登记时看错了行")
    with transaction():
        close_class(Plan.get_by_id(plan.id), actor=centre)
    assert results(registration) == {"online": True}
    assert state_of(registration) == "unfinished"  # the offline part is what is missing


def change(plan, centre, **values):
    plan = Plan.get_by_id(plan.id)
    return plans.update_plan(plan, values=values, actor=centre, seen=plan.version, reason="因疫情调整考核方式")


def test_an_assessment_that_is_dropped_leaves_nobody_half_way(db, at):
    at("2021-09-01 10:00")
    s = class_scene()
    half, new = s.join(State.ASSESSED_PART), s.join()
    AssessmentResult.create(
        registration=half.case_id, assessment="online", score=95, passed=True, source="exam", at="2021-09-01"
    )
    with pytest.raises(Invalid, match="考核方式"):  # control: the other way round harms those who have passed
        only = class_scene(assessments=["online"])
        only.join()
        change(only.plan, only.centre, assessments=["online", "offline"])
    change(s.plan, s.centre, assessments=["online"])
    assert (state_of(half), state_of(new)) == ("passed", "study_done")
    assert Event.select().where(Event.case == half.case_id, Event.action == "pass_all").count() == 1


def test_a_slot_put_off_to_another_day_keeps_no_paper_open_over_night(db, at):
    """Prolonged during the exam is one thing; put off is another: nobody has the questions at home till then."""
    at("2022-12-16 14:31")
    make_bank(make.SICHUAN)
    plan = make_slot_plan(opens_on=None, closes_on=None, study_from=None, study_to=None, training_from=None,
                          training_to=None)
    centre = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, plan.office))
    registration = make_candidate(plan)
    attempt = exams.start_attempt(registration, actor=actor_for(registration))
    change(plan, centre, exam_starts_at=datetime(2022, 12, 17, 14, 30), exam_ends_at=datetime(2022, 12, 17, 16, 30))
    assert Attempt.get_by_id(attempt.id).due_at == datetime(2022, 12, 16, 16, 30)
    change(plan, centre, exam_starts_at=datetime(2022, 12, 16, 14, 30), exam_ends_at=datetime(2022, 12, 16, 17, 0))
    assert Attempt.get_by_id(attempt.id).due_at == datetime(2022, 12, 16, 17, 0)


def test_a_plan_can_be_closed_when_the_last_paper_is_due_and_no_sweep_has_run(both, at):
    plan, centre = both
    registration = make_candidate(plan)
    attempt = exams.start_attempt(registration, actor=actor_for(registration))
    exams.save_answers(attempt.id, values=answer_for(attempt, "95"), actor=actor_for(registration))
    at("2021-09-01 10:59")
    with pytest.raises(NotAllowed, match="1人正在考试"), transaction():
        close_class(Plan.get_by_id(plan.id), actor=centre)
    at("2021-09-01 11:00")
    with transaction():
        close_class(Plan.get_by_id(plan.id), actor=centre)
    assert results(registration) == {"online": True} and state_of(registration) == "unfinished"
    assert Attempt.get_by_id(attempt.id).submitted_by == "system"


@pytest.mark.parametrize("sat", [True, False])
def test_nobody_stays_in_a_finished_plan_after_a_correction(both, sat):
    plan, centre = both
    registration = make_candidate(plan)
    attempt = exams.start_attempt(registration, actor=actor_for(registration)) if sat else None
    offline(registration, centre, False)
    if sat:
        exams.submit_attempt(attempt.id, actor=actor_for(registration), values=answer_for(attempt, "95"))
    with transaction():
        close_class(Plan.get_by_id(plan.id), actor=centre)
        Plan.update(state="finished").where(Plan.id == plan.id).execute()
    with transaction():
        correct_result(registration, "offline", actor=centre, reason="登记时看错了行")
        offline(registration, centre, True)
    assert state_of(registration) == "assessed_part"
    run_sweeps()
    assert state_of(registration) == ("passed" if sat else "unfinished")
    assert run_sweeps()["lapse_overdue"] == 0
