"""A unit's claim of its people's cards: claiming, the stamped table, and the handing out by the province."""

import re
from collections.abc import Iterable

from portal import clock
from portal.actions.bars import recount_unclaimed
from portal.actions.card_moves import move_credential, unit_users
from portal.actions.cards import load_current, void_overdue
from portal.actions.events import record, tell, user_of, users_at
from portal.actions.files import keep_file, remove_file
from portal.actions.issuing import settle_renewal
from portal.actions.numbers import next_number
from portal.database import transaction
from portal.models import Claim, Credential, FileVersion, Office
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.credential import FLOW, ISSUERS, Action, State
from portal.rules.workflow import SYSTEM, Actor, Seat

TABLE_SLOT = "stamped_table"
ONLY_UNITS = "证卡由单位统一领取，个人不能领取，请联系所在单位。"
_PHONE = re.compile(r"[0-9+() -]{7,30}")


def claim_cards(ids: Iterable[int], *, actor: Actor, receiver: str, receiver_phone: str, kept=None) -> Claim:
    """The unit claims these cards; this instant is what counts (川人社职鉴〔2022〕21号 七; R6.09, R6.12).

    `kept` (a storage.Kept) is the scan of the stamped 汇总表, which may also follow later. All cards are claimed or
    none. Raises NotAllowed for anybody but the unit and for cards of others, Invalid("receiver", "receiver_phone",
    "cards"), Stale when one of the cards cannot be claimed any more: its last day is over, or somebody was faster.
    """
    if actor.seat != Seat.UNIT or actor.organisation is None:
        raise NotAllowed(ONLY_UNITS)
    receiver, receiver_phone = " ".join(receiver.split()), receiver_phone.strip()
    if not receiver or len(receiver) > 60:
        raise Invalid("receiver", "请填写领取人姓名（不超过60个字）。")
    if not _PHONE.fullmatch(receiver_phone):
        raise Invalid("receiver_phone", "请填写领取人的联系电话。")
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise Invalid("cards", "请至少选择一张证卡。")
    void_overdue()
    with transaction():
        cards = [load_current(id_) for id_ in sorted(wanted)]
        if any(card.organisation_id != actor.organisation for card in cards):
            raise NotAllowed("所选证卡中有不属于本单位的，请刷新后重新选择。")
        for card in cards:
            if card.state_now == State.VOID_UNCLAIMED:
                raise Stale(
                    f"{card.name}的证卡{card.number}领取截止日为{card.claim_due.isoformat()}，逾期未领取，已作废，不能领取；"
                    "有异议的，可在“诚信记录”中提出陈述申辩。"
                )
            if card.state_now != State.AWAITING_CLAIM:
                raise Stale(
                    f"{card.name}的证卡{card.number}{FLOW.labels[card.state_now]}，不能领取，请刷新后重新选择。"
                )
        claim = _create(cards[0], actor, receiver=receiver, receiver_phone=receiver_phone)
        for card in cards:
            move_credential(card, Action.CLAIM, actor=actor, data={"claim": claim.number}, claim=claim)
            recount_unclaimed(card.person, actor=SYSTEM)
            text = f"单位已为您申请领取证卡{card.number}（领取单号{claim.number}）。"
            tell(user_of(card.person_id), text, kind="card_claim")
        record(
            "claim_cards", "申请领取证卡", actor=actor, subject=f"claim:{claim.id}",
            data={"number": claim.number, "cards": [card.number for card in cards], "receiver": receiver},
        )  # fmt: skip
        if kept is not None:
            claim.stamped_table = _keep_table(claim, kept, actor)
        tell(
            issuing_users(claim.province),
            f"{actor.office_name}申请领取{len(cards)}张证卡（领取单号{claim.number}），请核对后交付。",
            kind="card_claim", link=f"/province/cards/claims/{claim.id}",
        )  # fmt: skip
        return claim


def attach_stamped_table(claim: Claim, *, kept, actor: Actor) -> Claim:
    """Keep the scan of the stamped 汇总表 (R6.11); a newer one takes its place until the cards are handed out."""
    with transaction():
        claim = Claim.get_by_id(claim.id)
        if actor.seat != Seat.UNIT or actor.organisation != claim.organisation_id:
            raise NotAllowed("只有领取单位可以上传盖章的汇总表。")
        if not waiting_cards(claim):
            raise Stale("这批证卡已经交付，不能再更换汇总表。")
        claim.stamped_table = _keep_table(claim, kept, actor)
        return claim


def hand_out_claim(claim: Claim, *, actor: Actor, officer: str, on_paper: bool = False) -> int:
    """Hand the claimed cards to the unit; gives how many (R6.11).

    Refused without the scan of the stamped table unless it was received `on_paper`. Raises Invalid("officer",
    "on_paper"), NotAllowed, or Stale when nothing is left to hand out.
    """
    officer = " ".join(officer.split())
    if not officer or len(officer) > 60:
        raise Invalid("officer", "请填写交付人姓名（不超过60个字）。")
    with transaction():
        claim = Claim.get_by_id(claim.id)
        if actor.seat not in ISSUERS or actor.province != claim.province:
            raise NotAllowed("只有发证的省级部门可以交付证卡。")
        if claim.stamped_table_id is None and not on_paper:
            raise Invalid("on_paper", "单位还没有上传盖章的汇总表；已收到纸质汇总表的，请勾选“已收到纸质盖章汇总表”。")
        cards = [load_current(card.id) for card in waiting_cards(claim)]
        cards = [card for card in cards if card.state_now == State.CLAIMED]
        if not cards:
            raise Stale("这个领取单没有待交付的证卡，请刷新后查看。")
        note = "已收到纸质盖章汇总表" if on_paper and claim.stamped_table_id is None else ""
        for card in cards:
            data = {"claim": claim.number, "officer": officer}
            move_credential(card, Action.HAND_OUT, actor=actor, note=note, data=data)
            settle_renewal(card)
            tell(user_of(card.person_id), f"您的证卡{card.number}已由单位领取。", kind="card_claim")
        now = clock.now()
        Claim.update(handed_at=now, handed_by=actor.user, officer=officer, note=note or claim.note).where(
            Claim.id == claim.id
        ).execute()
        record(
            "hand_out_claim", "交付证卡", actor=actor, subject=f"claim:{claim.id}", note=note,
            data={"number": claim.number, "cards": [card.number for card in cards], "officer": officer},
        )  # fmt: skip
        tell(
            unit_users(claim.organisation_id), f"领取单{claim.number}的{len(cards)}张证卡已交付，交付人{officer}。",
            kind="card_claim", link=f"/unit/cards/claims/{claim.id}",
        )  # fmt: skip
        return len(cards)


def open_claim(card: Credential, *, note: str, actor: Actor) -> Claim:
    """A claim that nobody had to make: for a card that takes the place of one in somebody's hands.

    Call it inside a transaction, with a card that belongs to a unit.
    """
    earlier = Claim.get_or_none(Claim.id == card.replaces.claim_id) if card.replaces_id else None
    return _create(
        card, actor, receiver=earlier.receiver if earlier else "", note=note,
        receiver_phone=earlier.receiver_phone if earlier else "",
    )  # fmt: skip


def waiting_cards(claim: Claim) -> list[Credential]:
    """The cards of a claim that the province still has to hand out."""
    rows = Credential.select().where(Credential.claim == claim.id, Credential.state == State.CLAIMED)
    return list(rows.order_by(Credential.id))


def issuing_users(province: str) -> list[int]:
    """The accounts of the provincial body that issues credentials there."""
    body = "department" if profile_of(province).owners.credentials == Seat.DEPARTMENT else "centre"
    offices = Office.select(Office.id).where(
        Office.province == province, Office.level == "province", Office.body == body, Office.active
    )
    return [user for (office,) in offices.tuples() for user in users_at(office)]


def _keep_table(claim: Claim, kept, actor: Actor) -> FileVersion:
    if claim.stamped_table_id is not None:
        remove_file(claim.stamped_table, actor=actor)
    version = keep_file(owner=f"claim:{claim.id}", slot=TABLE_SLOT, kept=kept, actor=actor)
    Claim.update(stamped_table=version).where(Claim.id == claim.id).execute()
    record("upload", "上传盖章的汇总表", actor=actor, subject=f"claim:{claim.id}", data={"file": version.id})
    return version


def _create(card: Credential, actor: Actor, **values) -> Claim:
    return Claim.create(
        organisation=card.organisation_id, province=card.province, number=_draw_number(card.province),
        claimed_at=clock.now(), claimed_by=actor.user, **values,
    )  # fmt: skip


def _draw_number(province: str) -> str:
    """领, the province's two digits, the year and a serial: 领51-2023-0001."""
    head = f"领{profile_of(province).code[:2]}-{clock.today().year}"
    return f"{head}-{next_number(f'claim:{head}'):04d}"
