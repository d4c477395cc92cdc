"""更正: a wrong credential is revoked, and a linked one with a new number takes exactly its place."""

from collections.abc import Mapping

from portal import clock
from portal.actions.bars import recount_unclaimed
from portal.actions.card_claims import open_claim
from portal.actions.card_moves import holders_and_unit, move_credential
from portal.actions.cards import load_current
from portal.actions.events import tell
from portal.actions.issuing import issue_successor
from portal.database import transaction
from portal.models import Credential
from portal.rules.flows.credential import Action, State
from portal.rules.workflow import SYSTEM, Actor


def correct_credential(card: Credential, *, actor: Actor, values: Mapping[str, str], reason: str) -> Credential:
    """更正: revoke a wrong credential and issue a linked one with a new number; gives the new one.

    A card keeps its place: what waited waits on until the same last day, what was claimed or in somebody's hands goes
    to the unit again. `values` as `issuing.issue_successor` takes them; raises as that does, or like a revocation.
    """
    with transaction():
        card = load_current(card.id)
        place, claim = State(card.state), card.claim_id
        move_credential(card, Action.CORRECT, actor=actor, note=reason, ended_at=clock.now(), reason=reason.strip())
        successor = issue_successor(card, values=values, actor=actor, reason=reason)
        if place != State.ISSUED and successor.state == State.ISSUED:
            _keep_place(successor, card, place, claim, actor)
        recount_unclaimed(card.person, actor=actor)
        tell(
            holders_and_unit(card),
            f"{card.name}的证书（证卡）{card.number}已更正换发，新编号{successor.number}，原编号作废。理由：{reason.strip()}",
            kind="credential",
        )  # fmt: skip
        return successor


def _keep_place(successor: Credential, old: Credential, place: State, claim: int | None, actor: Actor) -> None:
    """The corrected card where the wrong one was; the unit gets what it had claimed without claiming again."""
    today = clock.today()
    released_on, due = (old.released_on, old.claim_due) if place == State.AWAITING_CLAIM else (today, today)
    move_credential(successor, Action.RELEASE, actor=actor, note="更正换发", released_on=released_on, claim_due=due)
    if place == State.AWAITING_CLAIM:
        return
    if place == State.VALID and successor.organisation_id is not None:
        claim = open_claim(successor, note=f"更正换发，原编号{old.number}", actor=actor).id
    move_credential(successor, Action.CLAIM, actor=SYSTEM, note="更正换发", claim=claim)
    if successor.organisation_id is None:  # no unit that could fetch it: handed to the holder on the spot
        move_credential(successor, Action.HAND_OUT, actor=actor, note="更正换发，交付本人")
