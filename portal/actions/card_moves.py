"""The one way a credential changes its state: a move of its table, its event, and who is told."""

from peewee import IntegrityError

from portal.actions.events import record, user_of, users_at
from portal.actions.recusal import check_not_oneself
from portal.models import Credential, Event, Office
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.credential import FLOW, Action
from portal.rules.workflow import Actor, Seat

_BY_TIME = (Action.VOID, Action.EXPIRE)
# What weighs something; releasing and handing out only carry out what was decided (R0.31).
_DECISIONS = (Action.RESTORE, Action.REVOKE, Action.CORRECT)
CHANGED = "这张证书（证卡）刚刚有变化，请刷新后查看最新情况。"


def move_credential(
    card: Credential, action: str, *, actor: Actor, note: str = "", data: dict | None = None, **changes
) -> Event:
    """Make one move of the credential's table and write its event; `changes` are further columns of the same UPDATE.

    Call it inside a transaction with a row that was read there. Raises NotAllowed (never this seat's), Stale (not in
    this state now, or somebody was faster), Invalid("reason") where the table demands a reason. `card` follows.
    """
    # What time does starts from the stored state; everything else from what time has made of it by now.
    transition = FLOW.find(action, seat=actor.seat, state=card.state if action in _BY_TIME else card.state_now)
    check_reach(card, actor)
    if action in _DECISIONS:
        check_not_oneself(card.person_id, actor, "证书（证卡）")
    if transition.note == "required" and not note.strip():
        raise Invalid("reason", "请填写理由，会记入档案并告知单位和本人。")
    before, values = card.state, {"state": transition.target, "version": card.version + 1, **changes}
    try:
        changed = (
            Credential.update(**values)
            .where(Credential.id == card.id, Credential.version == card.version, Credential.state == before)
            .execute()
        )
    except IntegrityError as error:
        raise Stale(CHANGED) from error
    if not changed:
        raise Stale(CHANGED)
    for name, value in values.items():
        setattr(card, name, value)
    return record(
        action, transition.label, actor=actor, subject=subject_of(card), before=before, after=transition.target,
        note=note.strip(), data={"number": card.number, **(data or {})},
    )  # fmt: skip


def check_reach(card: Credential, actor: Actor) -> None:
    """Raises NotAllowed for a credential of another province or another unit than the actor's."""
    is_foreign = {
        Seat.UNIT: actor.organisation != card.organisation_id,
        Seat.APPLICANT: actor.person != card.person_id,
        Seat.PROVINCE_CENTRE: actor.province != card.province,
        Seat.DEPARTMENT: actor.province != card.province,
    }.get(actor.seat, False)
    if is_foreign:
        raise NotAllowed("这张证书（证卡）不属于您管理的范围。")


def subject_of(card: Credential) -> str:
    """What the events about a credential are filed under."""
    return f"credential:{card.id}"


def unit_users(organisation: int | None) -> list[int]:
    """The accounts at a unit's own office; none without one."""
    office = Office.get_or_none(Office.organisation == organisation, Office.active) if organisation else None
    return users_at(office.id) if office else []


def holders_and_unit(card: Credential) -> list[int]:
    """The accounts of the holder and of the holder's unit."""
    return [*user_of(card.person_id), *unit_users(card.organisation_id)]
