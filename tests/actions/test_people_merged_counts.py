"""One human being under two documents: after the merge, strikes and uncollected cards count together."""

from datetime import date

import pytest

from portal.actions.bars import check_not_barred
from portal.actions.people_merging import merge_people
from portal.models import Bar, Credential, Person, Strike
from portal.models.sanction_records import standing_of
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State
from portal.rules.workflow import Seat
from tests import make
from tests.make_sanctions import make_card, make_strike


@pytest.fixture
def unit(db, at):
    at("2023-03-01 10:00")
    return make.make_organisation()


def merge(keep: Person, drop: Person) -> Person:
    return merge_people(keep, drop, actor=make.actor_of(make.make_grant(Seat.TECHNICIAN)), note="同一人")


def test_two_uncollected_cards_bar_who_has_them_after_the_merge(unit):
    keep, drop = make.make_person(unit), make.make_person(unit)
    for number, person in enumerate((keep, drop)):
        make_card(person, state=State.VOID_UNCLAIMED, issued_on=date(2022, 1, 1 + number))
    check_not_barred(keep, unit)
    merged = merge(keep, drop)
    assert Credential.select().where(Credential.person == merged.id).count() == 2
    assert Bar.get(Bar.live_key.is_null(False)).person_id == merged.id
    with pytest.raises(NotAllowed):
        check_not_barred(merged, unit)


def test_strikes_of_both_count_together(unit):
    keep, drop = make.make_person(unit), make.make_person(unit)
    make_strike(keep)
    make_strike(drop)
    merged = merge(keep, drop)
    assert len(standing_of(merged, merged.province).counting) == 2
    assert Bar.select().where(Bar.person == merged.id, Bar.live_key.is_null(False)).count() == 1


def test_two_strikes_in_one_plan_stay_one(unit):
    keep, drop, plan = make.make_person(unit), make.make_person(unit), make.make_plan()
    make_strike(keep, plan)
    strike = make_strike(drop, plan)
    from portal.models import Registration

    Registration.update(live_key=None).where(Registration.case == strike.registration_id).execute()
    merged = merge(keep, drop)
    assert Strike.select().where(Strike.person == merged.id).count() == 2
    assert len(standing_of(merged, merged.province).counting) == 1
    assert not Bar.select().where(Bar.person == merged.id, Bar.live_key.is_null(False)).exists()


def test_bars_go_along_lifted_ones_too(unit):
    from portal.actions.bars import lift_bar, recount_unclaimed
    from portal.database import transaction
    from tests.make_sanctions import department

    keep, drop = make.make_person(unit), make.make_person(unit)
    for day in (1, 2):
        make_card(drop, state=State.VOID_UNCLAIMED, issued_on=date(2022, 1, day))
    with transaction():
        bar = recount_unclaimed(drop, actor=department())
    merged = merge(keep, drop)
    assert [row.id for row in Bar.select().where(Bar.person == merged.id, Bar.live_key.is_null(False))] == [bar.id]
    with pytest.raises(NotAllowed):
        check_not_barred(merged, unit)
    lift_bar(Bar.get_by_id(bar.id), actor=department(), reason="证卡寄送有误")
    again = merge(make.make_person(unit), merged)
    check_not_barred(again, unit)  # what was lifted counts no more, under whichever document


def test_a_unit_stays_barred_for_what_both_did_together_and_for_nothing_else(unit):
    """Each document's bar held a unit; after the merge only the unit of the strike that reached the limit is held."""
    other = make.make_organisation("远航职业技能评价有限公司")
    keep, drop = make.make_person(unit), make.make_person(other)
    for person in (keep, keep, drop, drop):
        make_strike(person)
    stands = Bar.live_key.is_null(False)
    assert Bar.select().where(Bar.organisation.in_([unit, other]), stands).count() == 2
    merged = merge(keep, drop)
    bar, ended = Bar.get(Bar.person == merged.id, stands), Bar.get(Bar.organisation == other.id)
    assert ended.ending == "groundless" and ended.live_key is None
    assert Bar.get(Bar.organisation == unit.id, stands).cause == {"bars": [bar.id]}


def test_the_unit_of_a_bar_that_goes_along_stays_barred(unit):
    keep, drop = make.make_person(unit), make.make_person(unit)
    for person in (drop, drop):
        make_strike(person)
    merge(keep, drop)
    assert Bar.select().where(Bar.organisation == unit.id, Bar.live_key.is_null(False)).count() == 1
