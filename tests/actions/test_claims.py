"""Claims: one holder at a time, renewed, expiring, taken over visibly, given back."""

from dataclasses import replace
from datetime import datetime

import pytest

from portal.actions import claims
from portal.models import Case, Event
from portal.rules.errors import NotAllowed, Stale
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene


@pytest.fixture
def desk(db, at):
    """A waiting case and two colleagues of its unit."""
    at("2022-12-12 09:00")
    s = scene()
    case = Case.get_by_id(s.submitted().id)
    other = make.actor_of(make.make_grant(Seat.UNIT, case.office))
    return case, s.reviewers["U"], other


def _events(case) -> list[str]:
    rows = Event.select(Event.action).where(Event.case == case.id, Event.action.in_(["claim", "take_over", "release"]))
    return [action for (action,) in rows.order_by(Event.id).tuples()]


def test_a_claim_is_kept_from_colleagues_and_renewed_without_another_event(desk, at):
    case, mine, other = desk
    claims.claim_case(case, actor=mine)
    with pytest.raises(Stale, match=mine.name):
        claims.claim_case(case, actor=other)
    at("2022-12-12 09:10")
    claims.claim_case(case, actor=mine)
    assert Case.get_by_id(case.id).claimed_until == datetime(2022, 12, 12, 9, 30)
    assert _events(case) == ["claim"]


def test_a_claim_ends_by_itself_on_the_minute(desk, at):
    case, mine, other = desk
    claims.claim_case(case, actor=mine)
    at("2022-12-12 09:19:59")
    assert claims.is_held_by_other(Case.get_by_id(case.id), other.user)
    at("2022-12-12 09:20:00")
    assert not claims.is_held_by_other(Case.get_by_id(case.id), other.user)
    assert claims.claim_case(case, actor=other).claimed_by_id == other.user
    assert _events(case) == ["claim", "claim"]


def test_taking_over_is_visible(desk):
    case, mine, other = desk
    claims.claim_case(case, actor=mine)
    claims.claim_case(case, actor=other, take_over=True)
    assert Case.get_by_id(case.id).claimed_by_id == other.user
    event = Event.select().where(Event.case == case.id, Event.action == "take_over").get()
    assert event.name == other.name and mine.name in event.note


def test_only_the_holder_gives_back(desk):
    case, mine, other = desk
    claims.claim_case(case, actor=mine)
    claims.release_case(case, actor=other)
    assert Case.get_by_id(case.id).claimed_by_id == mine.user
    claims.release_case(case, actor=mine)
    assert Case.get_by_id(case.id).claimed_by_id is None
    assert _events(case) == ["claim", "release"]


def test_nobody_claims_what_is_elsewhere_and_a_claim_changes_no_version(desk):
    case, mine, other = desk
    elsewhere = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("绵阳市")))
    with pytest.raises(NotAllowed):
        claims.claim_case(case, actor=elsewhere)
    claims.claim_case(case, actor=mine)
    assert Case.get_by_id(case.id).version == case.version


def test_nobody_claims_their_own_case_nor_from_a_seat_that_reviews_nothing(desk):
    case, mine, other = desk
    own = make.actor_of(make.make_grant(Seat.UNIT, case.office, case.person.user))
    for refused, take_over in ((own, False), (own, True), (replace(mine, seat=Seat.TECHNICIAN), False),
                               (replace(mine, seat=Seat.APPLICANT), True)):  # fmt: skip
        with pytest.raises(NotAllowed):
            claims.claim_case(case, actor=refused, take_over=take_over)
    assert Case.get_by_id(case.id).claimed_by_id is None and _events(case) == []
    assert claims.claim_case(case, actor=other).claimed_by_id == other.user
