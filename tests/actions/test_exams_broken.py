"""Papers that were handed in while something else of the participant was wrong: what they are worth afterwards."""

import pytest

from portal.actions import exams
from portal.actions.participants import correct_result, keep_result
from portal.actions.sweeps import run_sweeps
from portal.actions.unfinished import close_class
from portal.database import transaction
from portal.models import AssessmentResult, Plan
from portal.rules.workflow import Seat
from tests import make
from tests.make_exam import actor_for, answer_for, make_bank, make_candidate, make_exam_plan, sit, state_of


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
