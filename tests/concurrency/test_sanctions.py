"""Two decisions about one person at the same moment: both count, and one bar follows."""

import pytest
from peewee import OperationalError

from portal import database
from portal.actions import strikes
from portal.actions.events import verify_chain
from portal.models import Bar, Case, Notice, Registration, Strike
from portal.models.sanction_records import standing_of
from portal.rules.errors import Stale
from tests import make
from tests.make_sanctions import centre, make_registration, make_strike

ROUNDS = 6


def decide(registration: Registration, actor):
    return lambda: strikes.record_strike(
        Registration.get_by_id(registration.case_id), ground="absent", reason="未到课", actor=actor
    )


def live_bars(**subject) -> int:
    where = [getattr(Bar, name) == row for name, row in subject.items()]
    return Bar.select().where(*where, Bar.live_key.is_null(False)).count()


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.requirement("R7.04")
def test_two_decisions_on_two_plans_at_once(on_disk, at_once, round_):
    """Both are counted, and the one that came second sets one bar of the person, one of the unit, one draft."""
    unit = make.make_organisation()
    person, actors = make.make_person(unit), [centre(), centre()]
    rows = [make_registration(person) for _ in actors]
    said = at_once([decide(row, actor) for row, actor in zip(rows, actors, strict=True)])
    assert all(isinstance(each, Strike) for each in said), said
    assert len(standing_of(person, "sichuan").counting) == 2
    assert (live_bars(person=person), live_bars(organisation=unit), Notice.select().count()) == (1, 1, 1)
    assert verify_chain()[1] is None


def test_ten_clicks_on_one_decision_are_one_strike(on_disk, at_once):
    person, actor = make.make_person(make.make_organisation()), centre()
    row = make_registration(person)
    said = at_once([decide(row, actor)] * 10)
    assert sum(isinstance(each, Strike) for each in said) == 1
    assert all(isinstance(each, Strike | Stale) for each in said)
    assert Strike.select().count() == 1 and Case.get_by_id(row.case_id).state == "struck"


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_annulling_the_first_while_the_second_is_decided(on_disk, at_once, round_):
    """Whichever comes first: one strike is left in the end, and nobody is barred."""
    unit = make.make_organisation()
    person, actor = make.make_person(unit), centre()
    first, second = make_strike(person, actor=actor), make_registration(person)
    annul = lambda: strikes.annul_strike(  # noqa: E731
        Registration.get_by_id(first.registration_id), actor=actor, reason="申辩成立"
    )
    said = at_once([annul, decide(second, actor)])
    assert not any(isinstance(each, Exception) for each in said), said
    assert len(standing_of(person, "sichuan").counting) == 1
    assert live_bars(person=person) == live_bars(organisation=unit) == 0


def test_control_a_transaction_that_begins_by_reading_loses_a_decision(on_disk, at_once, monkeypatch):
    """The protection taken away: what is read before the lock is held is no longer true when it is written."""
    lost = 0
    for _ in range(ROUNDS * 3):
        person, actors = make.make_person(make.make_organisation()), [centre(), centre()]
        rows = [make_registration(person) for _ in actors]
        with monkeypatch.context() as unprotected:
            unprotected.setattr(strikes, "transaction", lambda: database.database.atomic())
            said = at_once([decide(row, actor) for row, actor in zip(rows, actors, strict=True)])
        assert all(isinstance(each, Strike | OperationalError) for each in said), said
        lost += len(standing_of(person, "sichuan").counting) < 2
    assert lost, "nothing went wrong without the lock: the tests above would prove nothing"
