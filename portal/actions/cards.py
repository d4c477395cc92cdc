"""The card desk of the province: release, voiding what nobody collected, restoring, revoking and correcting."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal import clock
from portal.actions.bars import recount_unclaimed
from portal.actions.card_moves import holders_and_unit, move_credential, subject_of, unit_users
from portal.actions.events import record, tell
from portal.actions.expiry import expire_one
from portal.database import transaction
from portal.models import Credential
from portal.models.jurisdictions import profile_of, working_calendar
from portal.models.succession import rival_of
from portal.rules.errors import NotAllowed, Refusal
from portal.rules.flows.credential import Action, State
from portal.rules.workdays import last_moment
from portal.rules.workflow import SYSTEM, Actor

UNIT_PAGE = "/unit/cards"


@dataclass(frozen=True)
class Outcome:
    """What became of one card of a bulk action."""

    card: Credential
    done: bool
    message: str


def release_cards(ids: Iterable[int], *, actor: Actor) -> list[Outcome]:
    """发放: from today the 60 working days run (川人社职鉴〔2022〕21号 七; R6.13); each unit gets one message.

    All cards of a call are released in one transaction; what cannot be released is skipped and says why.
    """
    outcomes = []
    with transaction():
        for card in _in_order(ids, actor):
            try:
                with transaction():
                    _release(card, actor)
                outcomes.append(Outcome(card, True, f"领取截止日{card.claim_due.isoformat()}"))
            except Refusal as refusal:
                outcomes.append(Outcome(card, False, refusal.message))
        _tell_units([outcome.card for outcome in outcomes if outcome.done])
    return outcomes


def claim_days(province: str) -> int:
    """The working days a unit has to collect; raises NotAllowed where nothing is collected (R6.03)."""
    days = profile_of(province).credential.claim_working_days
    if days is None:
        raise NotAllowed("本省颁发电子证书，由本人下载打印，不需要发放和领取。")
    return days


def load_current(id_: int) -> Credential:
    """The row as it stands, with what has become due by time alone done first; call inside a transaction."""
    card = Credential.get_by_id(id_)
    if not void_one(card):
        expire_one(card)
    return card


def void_overdue(moment: datetime | None = None) -> int:
    """The sweep: cards not claimed by the end of their last day are void (R6.12, R6.15); gives how many. Idempotent.

    Each in a transaction of its own, with the holder's run of non-collections counted anew in it.
    """
    today, done = (moment or clock.now()).date(), 0
    due = Credential.select(Credential.id).where(Credential.state == State.AWAITING_CLAIM, Credential.claim_due < today)
    for (id_,) in list(due.order_by(Credential.claim_due, Credential.id).tuples()):
        with transaction():
            done += void_one(Credential.get_by_id(id_))
    return done


def void_one(card: Credential) -> bool:
    """Void one card if its last day is over and nobody claimed it; call inside a transaction with a fresh row.

    It ends at the midnight after the last day, whenever this runs.
    """
    if card.state != State.AWAITING_CLAIM or card.state_now != State.VOID_UNCLAIMED:
        return False
    due = card.claim_due.isoformat()
    move_credential(
        card, Action.VOID, actor=SYSTEM, note=f"领取截止日{due}，逾期未领取", data={"claim_due": due},
        ended_at=last_moment(card.claim_due), reason="领取期限内未领取，视为自动放弃",
    )  # fmt: skip
    recount_unclaimed(card.person, actor=SYSTEM)
    tell(
        holders_and_unit(card),
        f"{card.name}的{card.occupation_name}证卡{card.number}截至{due}未领取，视为自动放弃，证卡已作废。",
        kind="card_void", dedupe=f"void:{card.id}:{due}",
    )  # fmt: skip
    return True


def restore_card(card: Credential, *, actor: Actor, reason: str) -> Credential:
    """Undo a wrong voiding (R6.20): the card can be claimed anew, for a whole period counted from today.

    The holder's run of non-collections is counted anew, which lifts a bar that no longer follows. Raises Invalid
    without a reason, Stale unless the card is void, NotAllowed when its validity is over.
    """
    with transaction():
        card = load_current(card.id)
        if card.valid_to is not None and clock.today() > card.valid_to:
            raise NotAllowed("证卡的有效期已届满，不能恢复。")
        rival = rival_of(card)
        if rival is not None:
            raise NotAllowed(f"原证卡已另行换证（{rival.number}），不能再恢复这一张。")
        today, before = clock.today(), card.claim_due
        due = working_calendar().add(today, claim_days(card.province))
        move_credential(
            card, Action.RESTORE, actor=actor, note=reason,
            data={"claim_due_before": before and before.isoformat(), "claim_due": due.isoformat()},
            released_on=today, claim_due=due, ended_at=None, reason="",
        )  # fmt: skip
        recount_unclaimed(card.person, actor=actor)
        tell(
            holders_and_unit(card),
            f"{card.name}的证卡{card.number}已恢复，请单位于{due.isoformat()}（含）前申请领取。理由：{reason.strip()}",
            kind="card_restored", link="",
        )  # fmt: skip
        return card


def revoke_credential(card: Credential, *, actor: Actor, reason: str) -> Credential:
    """Take a certificate or card away, with the reason; it stays in the history and in verification (R6.18)."""
    with transaction():
        card = load_current(card.id)
        move_credential(card, Action.REVOKE, actor=actor, note=reason, ended_at=clock.now(), reason=reason.strip())
        tell(
            holders_and_unit(card), f"{card.name}的证书（证卡）{card.number}已撤销。理由：{reason.strip()}",
            kind="credential",
        )  # fmt: skip
        return card


def move_claim_dues(*, actor: Actor) -> int:
    """After a change of the working calendar, put off the running last days of collection; never earlier.

    Gives the number of cards; each gets an event, each unit one message. Call inside the transaction of the change.
    """
    calendar, moved = working_calendar(), []
    running = Credential.select().where(
        Credential.state == State.AWAITING_CLAIM, Credential.claim_due >= clock.today(),
        Credential.released_on.is_null(False),
    )  # fmt: skip
    for card in list(running):
        due = calendar.add(card.released_on, claim_days(card.province))
        if due <= card.claim_due:
            continue
        note = f"{card.claim_due.isoformat()} → {due.isoformat()}"
        record("claim_due", "工作日历调整，领取期限顺延", actor=actor, subject=subject_of(card), note=note,
               before=card.state, after=card.state)  # fmt: skip
        Credential.update(claim_due=due, version=card.version + 1).where(Credential.id == card.id).execute()
        card.claim_due = due
        moved.append(card)
    for (organisation, due), number in _count_by(moved).items():
        tell(
            unit_users(organisation), f"因工作日历调整，{number}张证卡的领取截止日顺延至{due.isoformat()}。",
            kind="card_release", link=UNIT_PAGE,
        )  # fmt: skip
    return len(moved)


def _release(card: Credential, actor: Actor) -> None:
    days, today = claim_days(card.province), clock.today()
    expire_one(card)
    due = working_calendar().add(today, days)
    move_credential(
        card, Action.RELEASE, actor=actor, data={"claim_due": due.isoformat(), "working_days": days},
        released_on=today, claim_due=due,
    )  # fmt: skip


def _tell_units(cards: list[Credential]) -> None:
    for (organisation, due), number in _count_by(cards).items():
        tell(
            unit_users(organisation),
            f"有{number}张考评员证卡可以领取，请于{due.isoformat()}（含）前申请领取；逾期视为自动放弃，证卡作废。",
            kind="card_release", link=UNIT_PAGE,
        )  # fmt: skip


def _count_by(cards: list[Credential]) -> dict[tuple[int | None, date], int]:
    numbers: dict[tuple[int | None, date], int] = {}
    for card in cards:
        key = card.organisation_id, card.claim_due
        numbers[key] = numbers.get(key, 0) + 1
    return numbers


def _in_order(ids: Iterable[int], actor: Actor) -> list[Credential]:
    """The cards of these ids that the actor may see, each once; ids of others are as if they did not exist."""
    wanted = list(dict.fromkeys(ids))
    found = {}
    for start in range(0, len(wanted), 500):
        rows = Credential.visible_to(actor).where(Credential.id.in_(wanted[start : start + 500]))
        found |= {card.id: card for card in rows}
    return [found[id_] for id_ in wanted if id_ in found]
