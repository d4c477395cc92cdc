"""The life of an examiner's certificate or card (appendix D2; 川人社职鉴〔2022〕21号 七)."""

from enum import StrEnum

from portal.rules.workflow import Flow, Seat, move


class State(StrEnum):
    ISSUED = "issued"  # a card that is made and numbered; its validity runs, the 60 working days do not yet
    AWAITING_CLAIM = "awaiting_claim"  # released (发放): the unit may collect, the 60 working days run
    CLAIMED = "claimed"  # the unit has claimed it; the province still has to hand it out
    VALID = "valid"
    VOID_UNCLAIMED = "void_unclaimed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"  # a renewed one took its place (复核换证)


class Action(StrEnum):
    ISSUE = "issue"
    RELEASE = "release"
    CLAIM = "claim"
    HAND_OUT = "hand_out"
    VOID = "void"
    RESTORE = "restore"
    EXPIRE = "expire"
    REVOKE = "revoke"
    CORRECT = "correct"
    REPLACE = "replace"


ISSUERS = {Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}
# Standing for something: not yet ended by time, abandonment, revocation or renewal.
ALIVE = frozenset({State.ISSUED, State.AWAITING_CLAIM, State.CLAIMED, State.VALID})

FLOW = Flow(
    "credential",
    "考评员证书（证卡）",
    State.ISSUED,
    (
        move(Action.RELEASE, {State.ISSUED}, State.AWAITING_CLAIM, ISSUERS, "发放证卡"),
        # Only the unit collects, for its people (七 由单位…统一领取).
        move(Action.CLAIM, {State.AWAITING_CLAIM}, State.CLAIMED, {Seat.UNIT}, "申请领取"),
        # Only as part of a correction: what takes the place of a collected card was collected.
        move(Action.CLAIM, {State.AWAITING_CLAIM}, State.CLAIMED, {Seat.SYSTEM}, "更正换发，沿用原领取"),
        move(Action.HAND_OUT, {State.CLAIMED}, State.VALID, ISSUERS, "交付证卡"),
        move(Action.VOID, {State.AWAITING_CLAIM}, State.VOID_UNCLAIMED, {Seat.SYSTEM}, "逾期未领取，作废"),
        move(Action.RESTORE, {State.VOID_UNCLAIMED}, State.AWAITING_CLAIM, ISSUERS, "恢复证卡", note="required"),
        move(
            Action.EXPIRE,
            {State.ISSUED, State.AWAITING_CLAIM, State.CLAIMED, State.VALID},
            State.EXPIRED,
            {Seat.SYSTEM},
            "有效期届满",
        ),
        move(Action.REVOKE, ALIVE, State.REVOKED, ISSUERS, "撤销", note="required"),
        # 更正: this one is revoked and a linked one with a new number takes its place.
        move(Action.CORRECT, ALIVE, State.REVOKED, ISSUERS, "更正换发", note="required"),
        move(Action.REPLACE, {State.VALID, State.EXPIRED}, State.REPLACED, {Seat.SYSTEM, *ISSUERS}, "复核换证"),
    ),
    labels={
        State.ISSUED: "已制证，待发放",
        State.AWAITING_CLAIM: "待领取",
        State.CLAIMED: "已申请领取，待交付",
        State.VALID: "有效",
        State.VOID_UNCLAIMED: "已作废",
        State.EXPIRED: "已过期",
        State.REVOKED: "已撤销",
        State.REPLACED: "已换证",
    },
    tones={
        State.ISSUED: "neutral",
        State.AWAITING_CLAIM: "soon",
        State.CLAIMED: "soon",
        State.VALID: "good",
        State.VOID_UNCLAIMED: "bad",
        State.EXPIRED: "late",
        State.REVOKED: "bad",
        State.REPLACED: "neutral",
    },
    final=frozenset({State.REVOKED, State.REPLACED}),
)
