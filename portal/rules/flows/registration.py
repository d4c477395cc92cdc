"""The life of an examiner registration up to the final approval (appendix D1; 川人社职鉴〔2022〕21号 六)."""

from enum import StrEnum

from portal.rules.workflow import IN_REVIEW, REVIEWERS, Flow, Seat, move


class State(StrEnum):
    DRAFT = "draft"
    UNDER_REVIEW = IN_REVIEW
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"


class Action(StrEnum):
    SUBMIT = "submit"
    RESUBMIT = "resubmit"
    PASS = "pass"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    UNDO = "undo"
    EXTEND = "extend"


FLOW = Flow(
    "registration",
    "考评员报名",
    State.DRAFT,
    (
        move(Action.SUBMIT, {State.DRAFT}, State.UNDER_REVIEW, {Seat.APPLICANT}, "提交报名", moves="first"),
        move(Action.RESUBMIT, {State.RETURNED}, State.UNDER_REVIEW, {Seat.APPLICANT}, "补正后重新提交", moves="first"),
        move(Action.PASS, {State.UNDER_REVIEW}, State.APPROVED, REVIEWERS, "通过", note="optional", moves="next"),
        move(Action.RETURN, {State.UNDER_REVIEW}, State.RETURNED, REVIEWERS, "退回补正", note="required"),
        move(Action.REJECT, {State.UNDER_REVIEW}, State.REJECTED, REVIEWERS, "审核不通过", note="required"),
        move(
            Action.WITHDRAW,
            {State.DRAFT, State.UNDER_REVIEW, State.RETURNED},
            State.WITHDRAWN,
            {Seat.APPLICANT},
            "撤回报名",
            note="optional",
        ),
        # Once the unit has reported upward, only the unit may withdraw, with a reason (R3.43).
        move(
            Action.WITHDRAW,
            {State.UNDER_REVIEW, State.RETURNED},
            State.WITHDRAWN,
            {Seat.UNIT},
            "代为撤回",
            note="required",
        ),
        # Only as part of cancelling the plan, which nothing under way may outlive, or of a unit's deleting a draft
        # that it has entered itself for somebody who has no account yet.
        move(
            Action.WITHDRAW,
            {State.DRAFT, State.UNDER_REVIEW, State.RETURNED},
            State.WITHDRAWN,
            {Seat.SYSTEM},
            "计划取消，报名终止",
            note="optional",
        ),
        # Where an undo leads is written in the event it takes back; the table says from where it is open.
        move(
            Action.UNDO,
            {State.UNDER_REVIEW, State.RETURNED, State.REJECTED, State.APPROVED},
            State.UNDER_REVIEW,
            REVIEWERS,
            "撤销本次决定",
        ),
        move(Action.EXTEND, {State.DRAFT, State.RETURNED}, None, REVIEWERS, "延长补正期限", note="required"),
    ),
    labels={
        State.DRAFT: "草稿",
        State.UNDER_REVIEW: "审核中",
        State.RETURNED: "退回补正",
        State.REJECTED: "审核不通过",
        State.WITHDRAWN: "已撤回",
        State.APPROVED: "审核通过",
    },
    tones={
        State.DRAFT: "neutral",
        State.UNDER_REVIEW: "soon",
        State.RETURNED: "late",
        State.REJECTED: "bad",
        State.WITHDRAWN: "neutral",
        State.APPROVED: "good",
    },
    clock_stops=frozenset({State.RETURNED}),
    final=frozenset({State.REJECTED, State.WITHDRAWN, State.APPROVED}),
)
