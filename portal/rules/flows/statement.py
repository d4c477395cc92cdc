"""A statement (陈述申辩) of a person or a unit against a decision, reviewed like any case (R7.18)."""

from enum import StrEnum

from portal.rules.workflow import IN_REVIEW, Flow, Seat, move


class State(StrEnum):
    DRAFT = "draft"
    UNDER_REVIEW = IN_REVIEW
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    SUBMIT = "submit"
    PASS = "pass"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_PARTIES = {Seat.APPLICANT, Seat.UNIT}
_DECIDERS = {Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}

FLOW = Flow(
    "statement",
    "陈述申辩",
    State.DRAFT,
    (
        move(Action.SUBMIT, {State.DRAFT}, State.UNDER_REVIEW, _PARTIES, "提交陈述申辩", moves="first"),
        move(Action.PASS, {State.UNDER_REVIEW}, State.UPHELD, _DECIDERS, "采纳", note="required", moves="next"),
        move(Action.REJECT, {State.UNDER_REVIEW}, State.DISMISSED, _DECIDERS, "不予采纳", note="required"),
        move(Action.WITHDRAW, {State.UNDER_REVIEW}, State.WITHDRAWN, _PARTIES, "撤回"),
    ),
    labels={
        State.DRAFT: "草稿",
        State.UNDER_REVIEW: "审核中",
        State.UPHELD: "已采纳",
        State.DISMISSED: "不予采纳",
        State.WITHDRAWN: "已撤回",
    },
    tones={
        State.DRAFT: "neutral",
        State.UNDER_REVIEW: "soon",
        State.UPHELD: "good",
        State.DISMISSED: "bad",
        State.WITHDRAWN: "neutral",
    },
    final=frozenset({State.UPHELD, State.DISMISSED, State.WITHDRAWN}),
)
