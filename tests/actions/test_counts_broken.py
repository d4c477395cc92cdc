"""Histories in which a counter of sanctions could go wrong: corrections, restorings and annulments out of turn."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.actions import bars, strikes
from portal.actions.card_claims import claim_cards, hand_out_claim
from portal.actions.card_corrections import correct_credential
from portal.actions.cards import restore_card, void_overdue
from portal.models import Bar, Credential, Strike
from portal.models.sanction_records import standing_of
from tests import make
from tests.make_cards import fresh, make_desk
from tests.make_sanctions import centre, department, make_card, make_registration, make_strike, unit_seat


@pytest.fixture
def unit(db, at):
    at("2022-12-19 10:00")
    found = make.make_organisation("云帆技能评价有限公司", occupations=[make.make_occupation()])
    unit_seat(found)
    return found


def void(card: Credential) -> None:
    """Let a card's last day of collection pass, and the sweep find it."""
    Credential.update(claim_due=clock.today() - timedelta(days=1)).where(Credential.id == card.id).execute()
    assert void_overdue() == 1


def test_a_correction_of_an_old_collected_card_is_no_collection(db, at):
    """Collected, then void; the collected one is corrected; then void again: that is twice in a row."""
    at("2022-03-01 10:00")
    desk = make_desk(1)
    (first,) = desk.cards
    claim = claim_cards([first.id], actor=desk.unit, receiver="李明", receiver_phone="13900000000")
    hand_out_claim(claim, actor=desk.issuer, officer="王晓", on_paper=True)
    at("2022-06-01 10:00")
    void(desk.release(desk.issue(person=first.person, plan=make.make_plan()))[0])
    at("2022-12-01 10:00")
    new = correct_credential(fresh(first), actor=desk.issuer, values={"name": "赵改正"}, reason="姓名录入有误")
    assert len(standing_of(first.person, "sichuan").trailing) == 1
    hand_out_claim(fresh(new).claim, actor=desk.issuer, officer="王晓", on_paper=True)
    at("2023-01-03 10:00")
    void(desk.release(desk.issue(person=first.person, plan=make.make_plan()))[0])
    assert Bar.get(Bar.person == first.person).permanent


def test_a_corrected_card_that_is_left_uncollected_counts_in_the_place_of_the_wrong_one(unit):
    person = make.make_person(unit)
    wrong = make_card(person, issued_on=date(2022, 1, 1), state="revoked")
    void(make_card(person, issued_on=date(2022, 3, 1)))
    collected = make_card(person, issued_on=date(2022, 5, 1))
    Credential.update(state="valid").where(Credential.id == collected.id).execute()
    void(make_card(person, issued_on=date(2022, 7, 1), replaces=wrong, succession="correction"))
    assert standing_of(person, "sichuan").trailing == [] and not Bar.select().exists()


def test_a_card_restored_after_a_lifting_and_left_again_counts(unit):
    """What the lifting cleared were those two times; the third time is a new one."""
    person = make.make_person(unit)
    rows = [make_card(person, issued_on=date(2022, number, 1)) for number in (1, 2)]
    for row in rows:
        void(row)
    bars.lift_bar(Bar.get(Bar.person == person), actor=department(), reason="情况属实，予以解除")
    assert standing_of(person, "sichuan").trailing == []
    clock.set_for_test(clock.now() + timedelta(days=3))
    restore_card(fresh(rows[1]), actor=centre(), reason="查明为误作废")
    clock.set_for_test(clock.now() + timedelta(days=120))
    void(rows[1])
    assert [each.id for each in standing_of(person, "sichuan").trailing] == [rows[1].id]


def test_a_cleared_strike_does_not_return_with_the_other_registration_of_the_plan(unit):
    person, plan = make.make_person(unit), make.make_plan()
    first = make_registration(person, plan)
    second = make_registration(person, plan)
    for each in (first, second):
        strikes.record_strike(each, ground="absent", reason="未参加培训", actor=centre())
    make_strike(person)
    bars.lift_bar(Bar.get(Bar.person == person), actor=centre(), reason="经核实予以解除")
    assert standing_of(person, "sichuan").counting == []
    strikes.annul_strike(first, actor=centre(), reason="查明请过假")
    assert Strike.select().where(Strike.live_key.is_null(False)).count() == 2
    assert standing_of(person, "sichuan").counting == []
    assert not Bar.select().where(Bar.person == person, Bar.live_key.is_null(False)).exists()
