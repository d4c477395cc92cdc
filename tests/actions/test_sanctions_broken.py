"""Decisions that follow a cancelled plan, and bars at the edges of their days."""

from datetime import date

import pytest

from portal.actions import bars, strikes, unfinished
from portal.actions.bars import check_not_barred
from portal.models import Bar, Case, Plan, Strike
from portal.models.sanction_records import standing_of
from portal.rules.errors import NotAllowed
from tests import make
from tests.make_sanctions import centre, make_registration, make_strike, unit_seat


@pytest.fixture
def person(db, at):
    at("2022-12-19 10:00")
    unit = make.make_organisation("云帆技能评价有限公司", occupations=[make.make_occupation()])
    unit_seat(unit)
    return make.make_person(unit)


def test_nobody_is_struck_for_a_class_that_was_cancelled(person):
    registration = make_registration(person)
    Plan.update(state="cancelled").where(Plan.id == registration.plan_id).execute()
    case = Case.get_by_id(registration.case_id)
    with pytest.raises(NotAllowed, match="已取消"):
        unfinished.strike_participant(case, actor=centre(), reason="未参加", seen=case.version)
    assert not Strike.select().exists() and Case.get_by_id(case.id).state == "unfinished"


def test_a_strike_in_the_last_minute_of_a_bar_and_one_after_it(person, at):
    make_strike(person)
    make_strike(person)
    bar = Bar.get(Bar.person == person)
    bars.set_end_date(bar, actor=centre(), ends_on=date(2022, 12, 31), reason="期限一年")
    at("2022-12-31 23:59")
    make_strike(person)  # while barred: cleared with the bar
    at("2023-01-01 00:00")
    check_not_barred(person, None)
    assert standing_of(person, "sichuan").counting == []
    make_strike(person)
    assert len(standing_of(person, "sichuan").counting) == 1
    assert not Bar.select().where(Bar.person == person, Bar.live_key.is_null(False)).exists()


def test_annulling_a_strike_while_the_bar_has_run_out_unswept(person, at):
    first, second = make_strike(person), make_strike(person)
    bars.set_end_date(Bar.get(Bar.person == person), actor=centre(), ends_on=date(2022, 12, 31), reason="期限")
    at("2023-01-02 09:00")
    strikes.annul_strike(first.registration, actor=centre(), reason="查明请过假")
    assert second.annulled_at is None and standing_of(person, "sichuan").counting == []
    bar = Bar.get(Bar.person == person)
    assert (bar.ending, bar.live_key) == ("expired", None)
