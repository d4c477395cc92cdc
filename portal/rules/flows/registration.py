"""An examiner registration from the draft to the credential (appendix D1; 川人社职鉴〔2022〕21号 五–八)."""

from enum import StrEnum

from portal.rules.workflow import IN_REVIEW, REVIEWERS, Flow, Seat, move


class State(StrEnum):
    DRAFT = "draft"
    UNDER_REVIEW = IN_REVIEW
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"  # appendix D1 calls it studying: the final approval opens the training
    STUDY_DONE = "study_done"
    ASSESSED_PART = "assessed_part"
    PASSED = "passed"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    EXCUSED = "excused"
    STRUCK = "struck"
    CERTIFIED = "certified"


# Everything that can follow the final approval: who is or was a participant of the class.
ADMITTED = frozenset(
    {
        State.APPROVED, State.STUDY_DONE, State.ASSESSED_PART, State.PASSED, State.FAILED, State.UNFINISHED,
        State.EXCUSED, State.STRUCK, State.CERTIFIED,
    }
)  # fmt: skip
# What a cancelled plan ends: nobody has decided on it yet.
UNDER_WAY = (State.DRAFT, State.UNDER_REVIEW, State.RETURNED)
# The participants who still have something to do in the class.
IN_CLASS = frozenset({State.APPROVED, State.STUDY_DONE, State.ASSESSED_PART})


class Action(StrEnum):
    SUBMIT = "submit"
    RESUBMIT = "resubmit"
    PASS = "pass"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    UNDO = "undo"
    EXTEND = "extend"
    FINISH_STUDY = "finish_study"
    PASS_PART = "pass_part"
    PASS_ALL = "pass_all"
    FAIL = "fail"
    LAPSE = "lapse"
    CORRECT_RESULT = "correct_result"
    EXCUSE = "excuse"
    STRIKE = "strike"
    ANNUL = "annul"
    CERTIFY = "certify"


RESULTS_BY = {Seat.SYSTEM, Seat.PROVINCE_CENTRE}

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
        # Once the unit has reported upward, only the unit may withdraw, with a reason (R3.43); an approved one only
        # until the class starts.
        move(
            Action.WITHDRAW,
            {State.UNDER_REVIEW, State.RETURNED, State.APPROVED},
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
        # Training and assessment: results come from the portal's own exam (S), or are entered or imported (P).
        move(Action.FINISH_STUDY, {State.APPROVED}, State.STUDY_DONE, {Seat.SYSTEM}, "完成规定学习"),
        move(Action.PASS_PART, {State.STUDY_DONE}, State.ASSESSED_PART, RESULTS_BY, "通过一项考核"),
        move(Action.PASS_ALL, {State.STUDY_DONE, State.ASSESSED_PART}, State.PASSED, RESULTS_BY, "考核合格"),
        move(Action.FAIL, {State.STUDY_DONE, State.ASSESSED_PART}, State.FAILED, RESULTS_BY, "考核不合格"),
        # An entered result that was wrong, while nothing has been issued on it.
        move(
            Action.CORRECT_RESULT,
            {State.ASSESSED_PART, State.PASSED, State.FAILED},
            State.STUDY_DONE,
            {Seat.PROVINCE_CENTRE},
            "更正考核结果",
            note="required",
        ),
        # The period is over, or the plan is closed, and something was left undone: a person decides (R4.16, R5.15).
        move(Action.LAPSE, IN_CLASS, State.UNFINISHED, RESULTS_BY, "未按期完成培训考核"),
        move(
            Action.EXCUSE,
            {State.UNFINISHED},
            State.EXCUSED,
            {Seat.PROVINCE_CENTRE},
            "认定有正当理由",
            note="required",
        ),
        move(
            Action.STRIKE,
            {State.UNFINISHED},
            State.STRUCK,
            {Seat.PROVINCE_CENTRE},
            "认定无正当理由",
            note="required",
        ),
        # A decision on an absence that proved wrong (a statement was upheld): it is open again.
        move(
            Action.ANNUL,
            {State.EXCUSED, State.STRUCK},
            State.UNFINISHED,
            {Seat.PROVINCE_CENTRE},
            "撤销缺勤认定",
            note="required",
        ),
        move(
            Action.CERTIFY, {State.PASSED}, State.CERTIFIED, {Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}, "发放证书（证卡）"
        ),
    ),
    labels={
        State.DRAFT: "草稿",
        State.UNDER_REVIEW: "审核中",
        State.RETURNED: "退回补正",
        State.REJECTED: "审核不通过",
        State.WITHDRAWN: "已撤回",
        State.APPROVED: "审核通过",
        State.STUDY_DONE: "已完成学习",
        State.ASSESSED_PART: "部分考核合格",
        State.PASSED: "考核合格",
        State.FAILED: "考核不合格",
        State.UNFINISHED: "未按期完成",
        State.EXCUSED: "有正当理由未完成",
        State.STRUCK: "无故缺勤",
        State.CERTIFIED: "已发证",
    },
    tones={
        State.DRAFT: "neutral",
        State.UNDER_REVIEW: "soon",
        State.RETURNED: "late",
        State.REJECTED: "bad",
        State.WITHDRAWN: "neutral",
        State.APPROVED: "good",
        State.STUDY_DONE: "good",
        State.ASSESSED_PART: "good",
        State.PASSED: "good",
        State.FAILED: "bad",
        State.UNFINISHED: "late",
        State.EXCUSED: "neutral",
        State.STRUCK: "bad",
        State.CERTIFIED: "good",
    },
    clock_stops=frozenset({State.RETURNED}),
    final=frozenset({State.REJECTED, State.WITHDRAWN, State.CERTIFIED}),
)
