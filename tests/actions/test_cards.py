"""The card desk: release, voiding by time alone, restoring, revoking, correcting; the dates to the minute."""

from datetime import date, datetime

import pytest

from portal import clock
from portal.actions import card_claims, card_corrections, cards, expiry, sweeps
from portal.actions.bars import check_not_barred
from portal.actions.calendar import toggle_day
from portal.actions.registrations import why_not
from portal.actions.sealing import is_sealed
from portal.models import Bar, Credential, Event, Message
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.credential import State
from portal.rules.workflow import Seat
from tests import make
from tests.house.world import load_calendar
from tests.make_cards import fresh, make_desk
from tests.make_credentials import make_credential


@pytest.fixture(autouse=True)
def _calendar(db):
    load_calendar()


def events_of(card, action=None) -> list[Event]:
    rows = Event.select().where(Event.subject == f"credential:{card.id}").order_by(Event.id)
    return [row for row in rows if action is None or row.action == action]


def claim(desk, *some):
    return card_claims.claim_cards(
        [card.id for card in some or desk.cards], actor=desk.unit, receiver="李明", receiver_phone="13900000000"
    )


def voided(desk, card, at, day: str):
    """Let the last day pass, and the sweep run at a moment."""
    at(day)
    sweeps.run_sweeps()
    return fresh(card)


@pytest.mark.requirement("R6.13")
@pytest.mark.parametrize(
    ("released", "last"), [("2025-09-26", date(2025, 12, 25)), ("2023-03-01", date(2023, 5, 26))]
)
def test_the_sixty_working_days_start_after_the_release(at, released, last):
    at(f"{released} 09:00")
    desk = make_desk(2, released=False)
    assert [card.claim_due for card in desk.cards] == [None, None]  # issuing alone starts nothing
    outcomes = cards.release_cards([card.id for card in desk.cards], actor=desk.issuer)
    assert [outcome.done for outcome in outcomes] == [True, True]
    for card in map(fresh, desk.cards):
        assert (card.state, card.released_on, card.claim_due) == (State.AWAITING_CLAIM, clock.today(), last)
    told = [row.text for row in Message.select().where(Message.user == desk.unit.user, Message.kind == "card_release")]
    assert len(told) == 1 and last.isoformat() in told[0] and "2张" in told[0]


def test_only_what_waits_is_released_and_each_is_told_why_not(at):
    at("2023-03-01 09:00")
    desk = make_desk(1)
    other = make_desk(1, released=False)
    outcomes = cards.release_cards([desk.cards[0].id, other.cards[0].id], actor=desk.issuer)
    assert [outcome.done for outcome in outcomes] == [False, True]
    assert "待领取" in outcomes[0].message
    assert cards.release_cards([other.cards[0].id], actor=make.actor_of(make.make_grant("D", make.make_office(
        level="province", body="department", province="anhui")))) == []  # fmt: skip
    with pytest.raises(NotAllowed):
        cards.move_credential(fresh(other.cards[0]), "claim", actor=desk.unit)


@pytest.mark.requirement("R6.12")
def test_the_last_minute_counts(at):
    at("2023-03-01 10:00")
    desk = make_desk(2)
    early, late = desk.cards
    at("2023-05-26 23:59:59")
    assert claim(desk, early).claimed_at == datetime(2023, 5, 26, 23, 59, 59)
    assert fresh(early).state == State.CLAIMED
    at("2023-05-27 00:00:00")
    assert fresh(late).state_now == State.VOID_UNCLAIMED
    with pytest.raises(Stale, match="已作废"):
        claim(desk, late)
    card = fresh(late)
    assert (card.state, card.ended_at) == (State.VOID_UNCLAIMED, datetime(2023, 5, 27))
    assert fresh(early).state == State.CLAIMED


def test_without_any_sweep_the_guard_compares_the_dates(at, monkeypatch):
    """A control: even where nothing voids the card in time, the claim is refused."""
    at("2023-03-01 10:00")
    desk = make_desk(1)
    at("2023-05-27 00:00:00")
    monkeypatch.setattr(card_claims, "void_overdue", lambda: 0)
    monkeypatch.setattr(card_claims, "load_current", Credential.get_by_id)
    with pytest.raises(Stale):
        claim(desk)
    assert fresh(desk.cards[0]).state == State.AWAITING_CLAIM


@pytest.mark.requirement("R6.15")
def test_voiding_twice_is_one_voiding(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    card, person = desk.cards[0], desk.cards[0].person
    at("2023-05-26 23:59:59")
    assert cards.void_overdue() == 0
    at("2023-05-28 03:00")
    assert [sweeps.run_sweeps()["void_cards"] for _ in range(2)] == [1, 0]
    assert len(events_of(card, "void")) == 1
    assert fresh(card).ended_at == datetime(2023, 5, 27)  # whenever the job ran
    assert not Bar.select().exists()
    from portal.models.sanction_records import standing_of

    standing = standing_of(person, person.province)
    assert (len(standing.trailing), len(standing.counting)) == (1, 0)
    for user in (desk.unit.user, person.user_id):
        assert Message.select().where(Message.user == user, Message.kind == "card_void").count() == 1


@pytest.mark.requirement("R6.17")
def test_two_voids_in_different_occupations_bar(at):
    at("2023-03-01 10:00")
    desk = make_desk(0)
    first = desk.issue()
    desk.release(first)
    voided(desk, first, at, "2023-05-27 00:00")
    other = make.make_occupation("6-31-01-03", "电工")
    plan = make.make_plan(grade="examiner")
    second = desk.issue(person=fresh(first).person, plan=plan, occupation=other)
    assert (second.occupation_name, second.grade) != (first.occupation_name, first.grade)
    desk.release(second)
    check_not_barred(second.person, desk.organisation)
    at("2023-10-01 00:00")
    sweeps.run_sweeps()
    bar = Bar.get()
    assert (bar.person_id, bar.permanent, bar.kind) == (first.person_id, True, "unclaimed")
    assert sorted(bar.cause["credentials"]) == [first.id, second.id]
    with pytest.raises(NotAllowed):
        check_not_barred(second.person, desk.organisation)


@pytest.mark.requirement("R6.19")
def test_after_a_first_void_the_person_can_apply_again(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    card = voided(desk, desk.cards[0], at, "2023-05-28 08:00")
    plan, person = make.make_plan(), card.person
    assert why_not(plan, person) == ""
    from portal.actions.registrations import open_registration

    case = open_registration(plan, actor=make.applicant(person))
    assert case.state == "draft" and case.plan_id == plan.id != card.plan_id


@pytest.mark.requirement("R6.20")
def test_restoring_reverses_the_count_and_is_audited(at):
    at("2023-03-01 10:00")
    desk = make_desk(0)
    first = desk.issue()
    desk.release(first)
    voided(desk, first, at, "2023-05-27 00:00")
    second = desk.issue(person=fresh(first).person, plan=make.make_plan())
    desk.release(second)
    voided(desk, second, at, "2023-10-01 00:00")
    assert Bar.select().where(Bar.live_key.is_null(False)).count() == 1
    at("2023-10-09 09:00")
    with pytest.raises(Invalid) as refused:
        cards.restore_card(fresh(second), actor=desk.issuer, reason=" ")
    assert refused.value.field == "reason"
    with pytest.raises(NotAllowed):
        cards.restore_card(fresh(second), actor=desk.unit, reason="我单位已领取")
    card = cards.restore_card(fresh(second), actor=desk.issuer, reason="单位已按期到场，系统登记遗漏")
    assert not Bar.select().where(Bar.live_key.is_null(False)).exists()
    assert (card.state, card.released_on, card.ended_at) == (State.AWAITING_CLAIM, date(2023, 10, 9), None)
    assert cards.working_calendar().between(card.released_on, card.claim_due) == 60
    event = events_of(card, "restore")[0]
    assert event.note == "单位已按期到场，系统登记遗漏" and event.user_id == desk.issuer.user
    assert (event.data["claim_due_before"], event.data["claim_due"]) == ("2023-08-21", card.claim_due.isoformat())
    assert "已恢复" in Message.select().where(Message.user == desk.unit.user).order_by(Message.id.desc()).first().text
    claim(desk, card)
    with pytest.raises(Stale):
        cards.restore_card(fresh(card), actor=desk.issuer, reason="再来一次")


def test_a_restored_card_is_voided_again_with_its_own_event(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    card = voided(desk, desk.cards[0], at, "2023-05-27 08:00")
    card = cards.restore_card(card, actor=desk.issuer, reason="误作废")
    at(f"{card.claim_due} 23:59:59")
    assert sweeps.run_sweeps()["void_cards"] == 0
    card = voided(desk, card, at, "2023-12-01 08:00")
    assert (card.state, len(events_of(card, "void"))) == (State.VOID_UNCLAIMED, 2)


@pytest.mark.requirement("R6.25")
def test_expired_on_the_day_after_the_last_day(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    claimed = claim(desk)
    card_claims.hand_out_claim(claimed, actor=desk.issuer, officer="王晓", on_paper=True)
    card = fresh(desk.cards[0])
    assert (card.state, card.valid_to) == (State.VALID, date(2026, 2, 28))
    at("2026-02-28 23:59:59")
    assert expiry.expire_credentials() == 0 and fresh(card).state_now == State.VALID
    at("2026-03-01 00:00:00")
    assert fresh(card).state_now == State.EXPIRED  # before anything has run
    assert [sweeps.run_sweeps()["expire_credentials"] for _ in range(2)] == [1, 0]
    card = fresh(card)
    assert (card.state, card.ended_at) == (State.EXPIRED, datetime(2026, 3, 1))
    assert len(events_of(card, "expire")) == 1


@pytest.mark.requirement("R6.18")
def test_no_number_ever_returns(at):
    at("2023-03-01 10:00")
    desk = make_desk(2)
    one, two = desk.cards
    voided(desk, one, at, "2023-05-27 08:00")
    cards.restore_card(fresh(two), actor=desk.issuer, reason="误作废")
    cards.revoke_credential(fresh(two), actor=desk.issuer, reason="提供虚假材料")
    third = desk.issue()
    numbers = [one.number, two.number, third.number]
    assert len(set(numbers)) == 3
    assert {card.number: card.state for card in Credential.select()} == dict(
        zip(numbers, (State.VOID_UNCLAIMED, State.REVOKED, State.ISSUED), strict=True)
    )
    from portal.database import database

    with pytest.raises(Exception, match="UNIQUE"), database.atomic():
        Credential.update(number=one.number).where(Credential.id == third.id).execute()


def test_revoking_needs_a_reason_and_the_right_seat(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    with pytest.raises(Invalid):
        cards.revoke_credential(desk.cards[0], actor=desk.issuer, reason="")
    with pytest.raises(NotAllowed):
        cards.revoke_credential(desk.cards[0], actor=desk.unit, reason="不要了")
    card = cards.revoke_credential(desk.cards[0], actor=desk.issuer, reason="提供虚假材料")
    assert (card.state, card.ended_at, card.reason) == (State.REVOKED, clock.now(), "提供虚假材料")
    with pytest.raises(Stale):
        cards.revoke_credential(card, actor=desk.issuer, reason="再次")
    with pytest.raises(Stale):
        claim(desk)


def test_a_correction_keeps_the_place_of_a_waiting_card(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    old = desk.cards[0]
    at("2023-04-10 10:00")
    new = card_corrections.correct_credential(
        old, actor=desk.issuer, values={"name": "赵改正"}, reason="姓名录入有误"
    )
    old, new = fresh(old), fresh(new)
    assert (old.state, old.reason) == (State.REVOKED, "姓名录入有误")
    assert (new.state, new.released_on, new.claim_due) == (State.AWAITING_CLAIM, date(2023, 3, 1), date(2023, 5, 26))
    assert (new.replaces_id, new.succession, new.name) == (old.id, "correction", "赵改正")
    assert new.number != old.number and new.valid_to == old.valid_to and is_sealed(new) and is_sealed(old)
    assert fresh(voided(desk, new, at, "2023-05-27 08:00")).state == State.VOID_UNCLAIMED


def test_a_correction_of_a_collected_card_goes_to_the_unit_again(at):
    at("2023-03-01 10:00")
    desk = make_desk(2)
    first = claim(desk)
    waiting = card_corrections.correct_credential(
        fresh(desk.cards[0]), actor=desk.issuer, values={"name": "赵改正"}, reason="姓名录入有误"
    )
    assert (fresh(waiting).state, fresh(waiting).claim_id) == (State.CLAIMED, first.id)
    assert card_claims.hand_out_claim(first, actor=desk.issuer, officer="王晓", on_paper=True) == 2
    held = fresh(desk.cards[1])
    assert held.state == State.VALID
    new = fresh(card_corrections.correct_credential(held, actor=desk.issuer, values={"name": "钱改正"}, reason="有误"))
    assert new.state == State.CLAIMED and new.claim_id != first.id
    assert new.claim.receiver == "李明" and held.number in new.claim.note
    card_claims.hand_out_claim(new.claim, actor=desk.issuer, officer="王晓", on_paper=True)
    assert fresh(new).state == State.VALID and fresh(held).state == State.REVOKED


def test_nothing_is_half_corrected(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    with pytest.raises(Invalid):
        card_corrections.correct_credential(desk.cards[0], actor=desk.issuer, values={"name": ""}, reason="有误")
    assert fresh(desk.cards[0]).state == State.AWAITING_CLAIM and Credential.select().count() == 1
    assert not events_of(desk.cards[0], "correct")


@pytest.mark.requirement("R6.03")
def test_an_electronic_certificate_is_never_collected(at):
    at("2021-08-20 10:00")
    certificate = make_credential(make.ANHUI)
    assert (certificate.state, certificate.claim_due, certificate.released_on) == (State.VALID, None, None)
    issuer = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    outcome = cards.release_cards([certificate.id], actor=issuer)[0]
    assert not outcome.done and "不需要发放和领取" in outcome.message
    at("2031-08-20 10:00")
    sweeps.run_sweeps()
    assert fresh(certificate).state_now == fresh(certificate).state == State.VALID
    assert not events_of(certificate, "release") and not events_of(certificate, "void")


def test_a_changed_calendar_puts_the_last_day_off_and_never_back(at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    card = desk.cards[0]
    technician = make.actor_of(make.make_grant(Seat.TECHNICIAN))
    at("2023-03-02 10:00")
    toggle_day(date(2023, 5, 24), actor=technician, name="临时放假")
    assert fresh(card).claim_due == date(2023, 5, 29)
    event = events_of(card, "claim_due")[0]
    assert event.note == "2023-05-26 → 2023-05-29"
    toggle_day(date(2023, 5, 24), actor=technician)
    assert fresh(card).claim_due == date(2023, 5, 29) and len(events_of(card, "claim_due")) == 1
    toggle_day(date(2023, 5, 24), actor=technician)
    assert fresh(card).claim_due == date(2023, 5, 29)  # sixty days and no more, however often it is changed
    at("2023-05-30 00:00")
    toggle_day(date(2023, 5, 29), actor=technician)
    assert fresh(card).state_now == State.VOID_UNCLAIMED  # what is over stays over
