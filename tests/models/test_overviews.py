"""The figures of a plan's overview count where each case is now, whatever its levels said before a correction."""

from datetime import date

import pytest

from portal.actions.registrations import submit_registration
from portal.models import Case, Step
from portal.models.overviews import cases_of, count_levels, count_states
from tests.actions.registering import scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def levels(plan) -> dict[str, tuple[int, int]]:
    """Number and number of late cases of each level that has any; each number is as long as its list."""
    for count in count_levels(plan):
        assert cases_of(plan, level=count.key).count() == count.number
        assert cases_of(plan, level=count.key, late=True).count() == count.late
    return {count.key: (count.number, count.late) for count in count_levels(plan) if count.number}


def states(plan) -> dict[str, int]:
    return {count.key: count.number for count in count_states(plan)}


def test_a_resubmitted_case_counts_at_the_level_that_has_it_and_nowhere_else(at):
    plan = {"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 30), "training_from": None, "training_to": None,
            "review_by": {"U": "2022-12-13", "C": "2022-12-15"}}  # fmt: skip
    s = scene(plan=plan)
    case = s.returned(["person.phone"], seat="C")
    assert levels(s.plan) == {} and states(s.plan) == {"returned": 1}
    case = submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    # What the city said in the first round is still on record, and must not count.
    assert Step.get(Step.case == case.id, Step.seat == "C").outcome == "return"
    assert levels(s.plan) == {"U": (1, 0)} and states(s.plan) == {"under_review": 1}
    at("2022-12-16 09:00")
    assert levels(s.plan) == {"U": (1, 1)}
    case = s.decide(case, "pass", "U")
    assert set(levels(s.plan)) == {"C"}
    assert [row.id for row in cases_of(s.plan, level="C")] == [case.id]
    for seat in "CP":
        case = s.decide(Case.get_by_id(case.id), "pass", seat)
    assert levels(s.plan) == {} and states(s.plan) == {"approved": 1}
