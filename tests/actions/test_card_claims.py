"""A unit's claim: who may, the instant, the stamped table, the handing out; and reminders that arrive once."""

from datetime import date, timedelta

import pytest

from portal.actions import card_claims, card_reminders, cards, sweeps
from portal.models import Claim, Credential, Event, Message
from portal.models.jurisdictions import working_calendar
from portal.models.sanction_records import standing_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.credential import FLOW, State
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import fake_kept
from tests.house.world import load_calendar
from tests.make_cards import fresh, make_desk


@pytest.fixture
def desk(db, at):
    load_calendar()
    at("2023-03-01 10:00")
    return make_desk(3)


def claim(desk, *some, actor=None, **kw) -> Claim:
    values = {"receiver": "李明", "receiver_phone": "13900000000", **kw}
    return card_claims.claim_cards([card.id for card in some or desk.cards], actor=actor or desk.unit, **values)


@pytest.mark.requirement("R6.09")
def test_only_the_unit_claims_and_each_card_is_marked(desk):
    card = desk.cards[0]
    holder = make.applicant(card.person)
    with pytest.raises(NotAllowed, match="单位统一领取"):
        claim(desk, card, actor=holder)
    assert not [move for move in FLOW.open_to(Seat.APPLICANT, State.AWAITING_CLAIM)]
    with pytest.raises(NotAllowed):
        claim(desk, card, actor=desk.issuer)
    made = claim(desk, *desk.cards[:2])
    assert [fresh(card).claim_id for card in desk.cards] == [made.id, made.id, None]
    assert [fresh(card).state for card in desk.cards] == [State.CLAIMED, State.CLAIMED, State.AWAITING_CLAIM]
    assert made.number == "领51-2023-0001" and claim(desk, desk.cards[2]).number == "领51-2023-0002"


def test_a_claim_is_whole_or_not_at_all(desk):
    other = make_desk(1)
    with pytest.raises(NotAllowed):
        claim(desk, *desk.cards, *other.cards)
    cards.revoke_credential(desk.cards[2], actor=desk.issuer, reason="有误")
    with pytest.raises(Stale, match="已撤销"):
        claim(desk)
    assert not Claim.select().exists() and fresh(desk.cards[0]).state == State.AWAITING_CLAIM
    for field, wrong in (("receiver", " "), ("receiver_phone", "请联系单位")):
        with pytest.raises(Invalid) as refused:
            claim(desk, desk.cards[0], **{field: wrong})
        assert refused.value.field == field
    with pytest.raises(Invalid):
        card_claims.claim_cards([], actor=desk.unit, receiver="李明", receiver_phone="13900000000")


def test_claiming_ends_the_run_of_non_collections(desk, at):
    person = desk.cards[0].person
    at("2023-05-27 08:00")
    sweeps.run_sweeps()
    assert len(standing_of(person, person.province).trailing) == 1
    card = desk.issue(person=person, plan=make.make_plan())
    desk.release(card)
    claim(desk, card)
    assert standing_of(person, person.province).trailing == []


@pytest.mark.requirement("R6.11")
def test_handing_out_needs_the_stamped_table(desk, at):
    made = claim(desk, *desk.cards[:2])
    with pytest.raises(Invalid) as refused:
        card_claims.hand_out_claim(made, actor=desk.issuer, officer="王晓")
    assert refused.value.field == "on_paper"
    with pytest.raises(Invalid) as refused:
        card_claims.hand_out_claim(made, actor=desk.issuer, officer=" ", on_paper=True)
    assert refused.value.field == "officer"
    with pytest.raises(NotAllowed):
        card_claims.attach_stamped_table(made, kept=fake_kept("汇总表.pdf"), actor=make_desk(0).unit)
    made = card_claims.attach_stamped_table(made, kept=fake_kept("汇总表.pdf"), actor=desk.unit)
    first = made.stamped_table
    made = card_claims.attach_stamped_table(made, kept=fake_kept("汇总表（重扫）.pdf"), actor=desk.unit)
    assert made.stamped_table.version == 2 and type(first).get_by_id(first.id).removed_at is not None
    at("2023-03-05 15:00")
    assert card_claims.hand_out_claim(made, actor=desk.issuer, officer="王晓") == 2
    made = Claim.get_by_id(made.id)
    assert (made.officer, made.handed_by_id, f"{made.handed_at:%Y-%m-%d %H:%M}", made.receiver) == (
        "王晓", desk.issuer.user, "2023-03-05 15:00", "李明",
    )  # fmt: skip
    for card in map(fresh, desk.cards[:2]):
        assert (card.state, card.claim_id, card.claim.claimed_at.date()) == (State.VALID, made.id, date(2023, 3, 1))
    with pytest.raises(Stale):
        card_claims.hand_out_claim(made, actor=desk.issuer, officer="王晓")
    with pytest.raises(Stale):
        card_claims.attach_stamped_table(made, kept=fake_kept(), actor=desk.unit)


def test_paper_is_enough_when_the_officer_says_so(desk):
    made = claim(desk, desk.cards[0])
    with pytest.raises(NotAllowed):
        card_claims.hand_out_claim(made, actor=desk.unit, officer="王晓", on_paper=True)
    foreign = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    with pytest.raises(NotAllowed):
        card_claims.hand_out_claim(made, actor=foreign, officer="王晓", on_paper=True)
    card_claims.hand_out_claim(made, actor=desk.issuer, officer="王晓", on_paper=True)
    assert "纸质" in Claim.get_by_id(made.id).note
    event = Event.select().where(Event.subject == f"claim:{made.id}").order_by(Event.id.desc()).first()
    assert event.action == "hand_out_claim" and event.data["officer"] == "王晓" and "纸质" in event.note


def test_the_province_and_the_holder_are_told(desk):
    made = claim(desk, desk.cards[0])
    texts = {row.user_id: row.text for row in Message.select().where(Message.kind == "card_claim")}
    assert "1张" in texts[desk.issuer.user] and made.number in texts[desk.cards[0].person.user_id]


@pytest.mark.requirement("R6.14")
def test_three_reminders_exactly(desk, at):
    due, calendar = desk.cards[0].claim_due, working_calendar()
    assert due == date(2023, 5, 26)

    def reminders():
        rows = Message.select().where(Message.user == desk.unit.user, Message.kind == "card_reminder")
        return [row.text for row in rows.order_by(Message.id)]

    at(f"{calendar.add(due, -31)} 08:00")
    sweeps.run_sweeps()
    assert reminders() == []
    for left in (30, 10, 3):
        at(f"{calendar.add(due, -left)} 08:00")
        assert [sweeps.run_sweeps()["card_reminders"] for _ in range(2)] == [1, 0]
        assert f"还剩{left}个工作日" in reminders()[-1] and "3张" in reminders()[-1]
    at(f"{due} 23:59:59")
    sweeps.run_sweeps()
    assert len(reminders()) == 3


def test_who_has_claimed_is_not_reminded_and_a_missed_day_is_made_up_for(desk, at):
    due, calendar = desk.cards[0].claim_due, working_calendar()
    other = make_desk(1)
    claim(other)
    at(f"{calendar.add(due, -8)} 08:00")
    assert card_reminders.send_reminders() == 1  # the tenth day before, two days late; the thirtieth is over
    text = Message.get(Message.kind == "card_reminder").text
    assert "还剩8个工作日" in text
    assert not Message.select().where(Message.user == other.unit.user, Message.kind == "card_reminder").exists()


@pytest.mark.requirement("R6.25")
def test_the_end_of_validity_is_announced_ninety_and_thirty_days_before(desk, at):
    made = claim(desk, desk.cards[0])
    card_claims.hand_out_claim(made, actor=desk.issuer, officer="王晓", on_paper=True)
    card = fresh(desk.cards[0])
    Credential.delete().where(Credential.id != card.id).execute()

    def told(user):
        rows = Message.select().where(Message.user == user, Message.kind == "card_reminder")
        return [row.text for row in rows.order_by(Message.id) if "有效期至" in row.text]

    for days, number in ((91, 0), (90, 1), (31, 1), (30, 2), (1, 2), (0, 2)):
        at(f"{card.valid_to - timedelta(days=days)} 08:00")
        sweeps.run_sweeps()
        sweeps.run_sweeps()
        assert len(told(card.person.user_id)) == len(told(desk.unit.user)) == number, days
    at("2026-03-01 00:00")
    sweeps.run_sweeps()
    assert fresh(card).state == State.EXPIRED and len(told(card.person.user_id)) == 2
