"""The end of validity: what is still alive on the day after its last day becomes expired (R6.25)."""

from datetime import datetime

from portal import clock
from portal.actions.card_moves import holders_and_unit, move_credential
from portal.actions.events import tell
from portal.database import transaction
from portal.models import Credential
from portal.rules.flows.credential import ALIVE, Action, State
from portal.rules.workdays import last_moment
from portal.rules.workflow import SYSTEM


def expire_credentials(moment: datetime | None = None) -> int:
    """The sweep: every credential whose last day of validity is over by `moment`; gives how many. Idempotent.

    A card that was to be collected by an earlier day is not expired but void: that sweep runs before this one.
    """
    today, done = (moment or clock.now()).date(), 0
    due = Credential.select(Credential.id).where(Credential.state.in_(sorted(ALIVE)), Credential.valid_to < today)
    for (id_,) in list(due.order_by(Credential.id).tuples()):
        with transaction():
            done += expire_one(Credential.get_by_id(id_))
    return done


def expire_one(card: Credential) -> bool:
    """Expire one credential if its time is over; False when there is nothing to do. Call inside a transaction."""
    if card.state not in ALIVE or card.state_now != State.EXPIRED:
        return False
    move_credential(
        card, Action.EXPIRE, actor=SYSTEM, note=f"有效期至{card.valid_to.isoformat()}",
        ended_at=last_moment(card.valid_to),
    )  # fmt: skip
    text = f"{card.name}的{card.occupation_name}证书（证卡）{card.number}有效期已于{card.valid_to.isoformat()}届满。"
    tell(holders_and_unit(card), text, kind="credential", dedupe=f"expired:{card.id}")
    return True
