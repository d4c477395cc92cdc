"""The last minute of a card: claimed and voided, claimed twice, handed out twice, at the same moment."""

from contextlib import nullcontext
from datetime import datetime

import pytest

from portal import clock
from portal.actions import card_claims, card_moves, cards
from portal.actions.events import verify_chain
from portal.models import Claim, Credential, Event
from portal.models.sanction_records import standing_of
from portal.rules.errors import Refusal, Stale
from portal.rules.flows.credential import State
from tests.house.world import load_calendar
from tests.make_cards import fresh, make_desk

ROUNDS = 6
LAST = datetime(2023, 5, 26, 23, 59, 59)
OVER = datetime(2023, 5, 27)


@pytest.fixture
def desk(on_disk):
    load_calendar()
    clock.set_for_test(datetime(2023, 3, 1, 10))
    return make_desk(1)


def claiming(desk):
    return lambda: card_claims.claim_cards(
        [desk.cards[0].id], actor=desk.unit, receiver="李明", receiver_phone="13900000000"
    )


def moves_of(card) -> list[str]:
    rows = Event.select().where(Event.subject == f"credential:{card.id}", Event.action.in_(["claim", "void"]))
    return [row.action for row in rows]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_claiming_while_midnight_voids(desk, at_once, monkeypatch, round_):
    """The clock strikes between the two: whoever has the lock first decides, and the other finds it decided."""
    ticks = iter([LAST] * (3 + 4 * round_) + [OVER] * 1000)
    monkeypatch.setattr(clock, "now", lambda: next(ticks))
    monkeypatch.setattr(clock, "today", lambda: clock.now().date())
    said = at_once([claiming(desk), lambda: cards.void_overdue(OVER), lambda: cards.void_overdue(OVER)])
    monkeypatch.undo()
    clock.set_for_test(OVER)
    cards.void_overdue()
    card = fresh(desk.cards[0])
    assert verify_chain()[1] is None and len(moves_of(card)) == 1
    if isinstance(said[0], Exception):
        assert isinstance(said[0], Stale)
        assert (card.state, moves_of(card), Claim.select().count()) == (State.VOID_UNCLAIMED, ["void"], 0)
        assert len(standing_of(card.person, card.province).trailing) == 1
    else:
        assert (card.state, moves_of(card), card.claim_id) == (State.CLAIMED, ["claim"], said[0].id)
        assert standing_of(card.person, card.province).trailing == []


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_claims_of_one_card(desk, at_once, round_):
    said = at_once([claiming(desk), claiming(desk)])
    assert sum(isinstance(answer, Stale) for answer in said) == 1, said
    assert Claim.select().count() == 1 and moves_of(desk.cards[0]) == ["claim"]


@pytest.mark.parametrize("round_", range(3))
def test_two_officers_hand_out_one_claim(desk, at_once, round_):
    made = claiming(desk)()
    jobs = [lambda n=n: card_claims.hand_out_claim(made, actor=desk.issuer, officer=f"王{n}", on_paper=True)
            for n in "一二"]  # fmt: skip
    said = at_once(jobs)
    assert sum(isinstance(answer, Refusal) for answer in said) == 1, said
    handed = [row for row in Event.select().where(Event.action == "hand_out_claim")]
    assert len(handed) == 1 and handed[0].data["officer"] == Claim.get().officer


def test_the_race_is_real(desk, at_once, monkeypatch):
    """The control: without the transactions and the compared version, claim and voiding both succeed."""
    from threading import Barrier

    gate = Barrier(2, timeout=10)

    def careless(card, action, *, actor, note="", data=None, **changes):
        gate.wait()
        state = {"claim": State.CLAIMED, "void": State.VOID_UNCLAIMED}[str(action)]
        Credential.update(state=state, **changes).where(Credential.id == card.id).execute()
        gate.wait()

    for module in (cards, card_claims):
        monkeypatch.setattr(module, "transaction", nullcontext)
        monkeypatch.setattr(module, "move_credential", careless)
        monkeypatch.setattr(module, "recount_unclaimed", lambda person, actor: None)
        monkeypatch.setattr(module, "tell", lambda *args, **kw: None)
    monkeypatch.setattr(card_claims, "record", lambda *args, **kw: None)
    monkeypatch.setattr(card_claims, "void_overdue", lambda: 0)
    monkeypatch.setattr(card_claims, "next_number", lambda series: 1, raising=False)
    monkeypatch.setattr(card_claims, "load_current", Credential.get_by_id)
    monkeypatch.setattr(Credential, "state_now", property(lambda card: State(card.state)))
    monkeypatch.setattr(cards, "void_one", lambda card: careless(card, "void", actor=None) or True)
    said = at_once([claiming(desk), lambda: cards.void_overdue(OVER)])
    assert [isinstance(answer, Exception) for answer in said] == [False, False], said
    assert card_moves.move_credential is not careless
