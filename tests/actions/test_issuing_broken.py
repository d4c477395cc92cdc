"""Renewals, corrections and midnights that cross each other while credentials are issued."""

from datetime import datetime

import pytest

from portal.actions import card_claims, card_corrections, cards, issuing, renewals
from portal.models import Credential
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State
from tests import make
from tests.make_cards import Desk, fresh, make_desk
from tests.make_credentials import make_passed


@pytest.fixture
def desk(db, at) -> Desk:
    at("2023-03-01 10:00")
    return make_desk(0)


def hand_out(desk, card: Credential) -> Credential:
    if card.state == State.ISSUED:
        desk.release(card)
    if fresh(card).state == State.AWAITING_CLAIM:
        card_claims.claim_cards([card.id], actor=desk.unit, receiver="李明", receiver_phone="13900000000")
    card_claims.hand_out_claim(fresh(card).claim, actor=desk.issuer, officer="王晓", on_paper=True)
    return fresh(card)


def renewal(old: Credential, **kw):
    plan = make.make_plan(province=old.province, grade=old.grade, kind="renewal", minutes=None, assessments=[])
    return make_passed(plan, old.organisation, old.person, occupation=old.occupation, **kw)


def test_one_card_is_renewed_once_however_many_plans_there_are(desk, at):
    old = hand_out(desk, desk.issue())
    at("2025-12-28 10:00")
    first, second = renewal(old), renewal(old)
    issuing.issue_one(first, actor=desk.issuer)
    with pytest.raises(NotAllowed, match="复核换证"):
        issuing.issue_one(second, actor=desk.issuer)
    assert Credential.select().where(Credential.replaces == old.id).count() == 1


def test_a_corrected_renewal_is_on_the_way_like_any_other(desk, at):
    old = hand_out(desk, desk.issue())
    at("2025-12-28 10:00")
    new = issuing.issue_one(renewal(old), actor=desk.issuer)
    card_corrections.correct_credential(new, actor=desk.issuer, values={"name": "赵改正"}, reason="有误")
    registration = renewal(old)
    assert renewals.renewable_credentials(registration.plan, old.person) == []
    with pytest.raises(NotAllowed, match="复核换证"):
        issuing.issue_one(registration, actor=desk.issuer)


def test_after_a_renewed_card_was_left_uncollected_the_old_one_can_be_renewed_again(desk, at):
    old = hand_out(desk, desk.issue())
    at("2025-11-03 10:00")
    new = issuing.issue_one(renewal(old), actor=desk.issuer)
    desk.release(new)
    at("2026-02-20 10:00")  # void by the calendar, whether or not the sweep has run
    assert fresh(new).state_now == State.VOID_UNCLAIMED and fresh(new).state == State.AWAITING_CLAIM
    registration = renewal(old)
    assert [row.id for row in renewals.renewable_credentials(registration.plan, old.person)] == [old.id]
    assert issuing.issue_one(registration, actor=desk.issuer).replaces_id == old.id


def test_a_renewal_replaces_the_old_card_also_if_that_was_corrected_meanwhile(desk, at):
    old = hand_out(desk, desk.issue())
    at("2025-12-28 10:00")
    new = issuing.issue_one(renewal(old), actor=desk.issuer)
    right = card_corrections.correct_credential(fresh(old), actor=desk.issuer, values={"name": "赵改正"}, reason="有误")
    right = hand_out(desk, right)
    assert right.state == State.VALID
    hand_out(desk, new)
    assert fresh(right).state == State.REPLACED
    valid = Credential.select().where(Credential.person == old.person, Credential.state == State.VALID)
    assert [card.id for card in valid] == [new.id]


def test_a_corrected_old_card_that_is_handed_out_after_its_renewal_does_not_stay_valid(desk, at):
    old = hand_out(desk, desk.issue())
    at("2025-12-28 10:00")
    new = issuing.issue_one(renewal(old), actor=desk.issuer)
    right = card_corrections.correct_credential(fresh(old), actor=desk.issuer, values={"name": "赵改正"}, reason="有误")
    hand_out(desk, new)
    hand_out(desk, right)
    valid = Credential.select().where(Credential.person == old.person, Credential.state == State.VALID)
    assert [card.id for card in valid] == [new.id]


@pytest.mark.parametrize("province", [make.SICHUAN, make.ANHUI])
def test_a_credential_issued_over_midnight_carries_one_date(db, at, monkeypatch, province):
    """Number, printed date, stored date and end of validity are of one year, on whichever side of midnight."""
    from portal import clock
    from tests.make_credentials import issuer_of

    at("2022-12-31 10:00")
    region = {"anhui": "合肥市", "sichuan": "成都市"}[province]
    unit = make.make_organisation(province=province, region=region)
    registration = make_passed(make.make_plan(province=province), unit)
    issuer, draw = issuer_of(province), issuing.next_number

    def slow_draw(series):
        clock.set_for_test(datetime(2023, 1, 1, 0, 0, 1))
        return draw(series)

    clock.set_for_test(datetime(2022, 12, 31, 23, 59, 59, 999_000))
    monkeypatch.setattr(issuing, "next_number", slow_draw)
    card = issuing.issue_one(registration, actor=issuer)
    assert f"{card.issued_on.year}年" in card.printed["issued_on"]
    assert str(card.issued_on.year) in card.number
    if card.valid_to:
        assert (card.valid_to.year, card.valid_to.month) == (card.issued_on.year + 3, 12)


def test_a_card_that_is_renewed_is_not_left_without_end_by_revoking_the_new_one(desk, at):
    """The renewed card is revoked before anybody had it: the old one goes on, and can be renewed again."""
    old = hand_out(desk, desk.issue())
    at("2025-12-28 10:00")
    new = issuing.issue_one(renewal(old), actor=desk.issuer)
    cards.revoke_credential(new, actor=desk.issuer, reason="误发")
    assert fresh(old).state == State.VALID
    assert issuing.issue_one(renewal(old), actor=desk.issuer).replaces_id == old.id


def test_a_renewed_card_is_not_restored_beside_another_renewal(desk, at):
    old = hand_out(desk, desk.issue())
    at("2025-11-03 10:00")
    new = issuing.issue_one(renewal(old), actor=desk.issuer)
    desk.release(new)
    at("2026-02-20 10:00")
    cards.void_overdue()
    again = issuing.issue_one(renewal(old), actor=desk.issuer)
    with pytest.raises(NotAllowed, match="另行换证"):
        cards.restore_card(fresh(new), actor=desk.issuer, reason="查明为误作废")
    assert fresh(new).state == State.VOID_UNCLAIMED
    cards.revoke_credential(again, actor=desk.issuer, reason="误发")
    assert cards.restore_card(fresh(new), actor=desk.issuer, reason="查明为误作废").state == State.AWAITING_CLAIM
