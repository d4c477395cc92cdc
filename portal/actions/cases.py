"""Decisions on cases of every kind: pass, return, reject, undo, extend — one at a time or many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from portal import clock
from portal.actions import deadlines
from portal.actions.claims import is_held_by_other
from portal.actions.events import record, tell, user_of, users_at
from portal.actions.numbers import next_number
from portal.database import transaction
from portal.models import Case, Correction, Event, Grant, Person, Step, Submission
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import Action, State
from portal.rules.workflow import IN_REVIEW, Actor, Transition


@dataclass(frozen=True)
class OnBehalf:
    """A decision that a body without an account took on paper (R0.28): when, under which number, with which scan."""

    decided_on: date
    document_number: str
    file: int | None = None


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided, as typed: `items` are the returned ones [{"key", "label", "note"}], `due_on` the last
    day for their correction, `second_reason` why one return was not enough, `waivers` {condition key: reason},
    `confirmed` the unit's per-person confirmation that the conditions are met.
    """

    action: str
    note: str = ""
    items: tuple[dict, ...] = ()
    due_on: date | None = None
    second_reason: str = ""
    waivers: dict = field(default_factory=dict)
    confirmed: bool = False
    on_behalf: OnBehalf | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one case of a bulk decision."""

    case: int
    title: str
    done: bool
    message: str


# What a kind of case demands before a decision, and what follows from it inside the same transaction.
# Filled by the kinds' own files, such as actions/registrations.py: {(kind, action): function(case, decision, actor, step)}.
CHECKS: dict[tuple[str, str], Callable] = {}
EFFECTS: dict[tuple[str, str], Callable] = {}


def decide(case: Case, decision: Decision, *, actor: Actor, seen: int) -> Event:
    """Carry out one decision and give its event.

    `seen` is the version of the case that the reviewer looked at. Raises NotAllowed (not this actor's turn, own
    case, same person at two levels), Stale (somebody else decided meanwhile: says who, what and when) or Invalid
    (a reason or an item is missing, or the case itself does not fulfil what the action demands).
    """
    with transaction():
        case = Case.get_by_id(case.id)
        transition, step = check_decision(case, decision, actor=actor, seen=seen)
        return _apply(case, transition, step, decision, actor)


def decide_many(
    pairs: Iterable[tuple[int, int]], decision: Decision, *, actor: Actor, progress: Callable[[int], None] | None = None
) -> list[Outcome]:
    """The same decision on many (case id, seen version) pairs, each in its own transaction, each with its outcome."""
    outcomes = []
    for number, (case_id, seen) in enumerate(pairs, start=1):
        case = Case.visible_to(actor).where(Case.id == case_id).first()
        if case is None:
            outcomes.append(Outcome(case_id, "", False, "没有找到这件报名。"))
            continue
        try:
            event = decide(case, decision, actor=actor, seen=seen)
            outcomes.append(Outcome(case_id, case.title, True, event.label))
        except Refusal as refusal:
            outcomes.append(Outcome(case_id, case.title, False, refusal.message))
        if progress:
            progress(number)
    return outcomes


def preview_many(pairs: Iterable[tuple[int, int]], decision: Decision, *, actor: Actor) -> list[Outcome]:
    """What decide_many would do, without doing it."""
    outcomes = []
    for case_id, seen in pairs:
        case = Case.visible_to(actor).where(Case.id == case_id).first()
        if case is None:
            outcomes.append(Outcome(case_id, "", False, "没有找到这件报名。"))
            continue
        try:
            check_decision(case, decision, actor=actor, seen=seen)
            outcomes.append(Outcome(case_id, case.title, True, ""))
        except Refusal as refusal:
            outcomes.append(Outcome(case_id, case.title, False, refusal.message))
    return outcomes


def check_decision(case: Case, decision: Decision, *, actor: Actor, seen: int) -> tuple[Transition, Step]:
    """The transition and the step a decision would use; raises like decide() and changes nothing."""
    flow = FLOWS[case.kind]
    if case.version != seen:
        raise Stale(_what_happened(case))
    step = Step.get_or_none(Step.case == case.id, Step.position == case.position)
    if case.state != IN_REVIEW or step is None:
        flow.find(decision.action, seat=actor.seat, state=case.state)
        raise Stale(_what_happened(case))
    seat = _seat_for(case, step, decision, actor)
    transition = flow.find(decision.action, seat=seat, state=case.state)
    if transition.note == "required" and not decision.note.strip():
        raise Invalid("note", "请填写理由，申请人会看到这段文字。")
    if is_held_by_other(case, actor.user):
        raise Stale(f"{case.claimed_by.name}正在办理（保留至{case.claimed_until:%H:%M}），如需办理请先接手。")
    _check_other_eyes(case, actor)
    if decision.action == Action.RETURN:
        _check_return(case, decision)
    check = CHECKS.get((case.kind, str(decision.action)))
    if check:
        check(case, decision, actor, step)
    return transition, step


def undo_decision(case: Case, *, actor: Actor, seen: int) -> Event:
    """Take back the last decision on the case, putting everything back as it was.

    Open to the same seat and office until the next level has acted or the applicant has edited; raises Stale or
    NotAllowed otherwise.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale(_what_happened(case))
        event = undoable(case, actor)
        if event is None:
            raise NotAllowed("这项决定已不能撤销：下一级已办理、申请人已修改，或不是您的单位作出的决定。")
        FLOWS[case.kind].find(Action.UNDO, seat=actor.seat, state=case.state)
        undo = event.data["undo"]
        effect = EFFECTS.get((case.kind, f"undo {event.action}"))
        if effect:
            effect(case, event, actor)
        before = case.state
        restored = dict(undo["case"])
        for name in ("due_on", "paused_on"):
            restored[name] = date.fromisoformat(restored[name]) if restored[name] else None
        _write(case, **restored, claimed_by=None, claimed_until=None)
        for row in undo["steps"]:
            row = dict(row)
            Step.update(
                reached_at=row["reached_at"], due_on=row["due_on"], days_left=row["days_left"],
                outcome=row["outcome"], decided_at=row["decided_at"], decided_by=row["decided_by"], seen=row["seen"],
            ).where(Step.case == case.id, Step.position == row["position"]).execute()  # fmt: skip
        Correction.update(withdrawn_at=clock.now()).where(
            Correction.case == case.id, Correction.withdrawn_at.is_null(), Correction.answered_at.is_null()
        ).execute()
        done = record(
            Action.UNDO, "撤销决定", actor=actor, case=case, before=before, after=case.state,
            note=f"撤销“{event.label}”", data={"undone": event.id},
        )  # fmt: skip
        tell(
            user_of(case.person_id), f"“{event.label}”的决定已被撤销，正在重新审核。", kind="undo", case=case,
            link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
        return done


def undoable(case: Case, actor: Actor) -> Event | None:
    """The decision this actor could take back now, or None."""
    event = (
        Event.select()
        .where(Event.case == case.id, Event.action.not_in(["claim", "release", "take_over", "view"]))
        .order_by(Event.id.desc())
        .first()
    )
    if event is None or event.action not in {Action.PASS, Action.RETURN, Action.REJECT}:
        return None
    if event.seat != actor.seat or event.office_id != actor.office or event.data.get("version") != case.version:
        return None
    return event


def extend_correction(case: Case, *, actor: Actor, seen: int, until: date, note: str) -> Event:
    """Give the applicant more time for a draft or a correction (R3.44); `until` is the last day.

    Raises Invalid when the day has passed or no reason is given.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale(_what_happened(case))
        FLOWS[case.kind].find(Action.EXTEND, seat=actor.seat, state=case.state)
        if not note.strip():
            raise Invalid("note", "请填写延长期限的理由。")
        if until < clock.today():
            raise Invalid("until", "延长后的截止日期不能早于今天。")
        EFFECTS[(case.kind, str(Action.EXTEND))](case, until, actor)
        _write(case)
        event = record(
            Action.EXTEND, "延长期限", actor=actor, case=case, before=case.state, after=case.state, note=note,
            data={"until": until.isoformat()},
        )  # fmt: skip
        tell(
            user_of(case.person_id), f"办理期限已延长至{until:%Y-%m-%d}，请按时提交。", kind="extend", case=case,
            link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
        return event


def arrive(case: Case, step: Step) -> None:
    """Let the case come to a level: its clock starts, or goes on with the days that were left (never earlier than announced)."""
    today = clock.today()
    due = deadlines.due_for(case, step, today)
    step.reached_at = step.reached_at or clock.now()
    step.due_on, step.days_left, step.outcome, step.decided_at, step.decided_by = due, None, None, None, None
    step.save()
    _write(
        case, state=IN_REVIEW, position=step.position, office=step.office_id, due_on=due or NO_DUE, paused_on=None,
        arrived_at=clock.now(), claimed_by=None, claimed_until=None,
    )  # fmt: skip
    tell(
        users_at(step.office_id), f"{case.title}的报名已到本单位，待审核。", kind="arrived", case=case,
        dedupe=f"arrived:{case.id}:{case.version}",
    )  # fmt: skip


def bump(case: Case, **changes) -> None:
    """Change a case's row on behalf of its own kind's verbs, growing the version; raises Stale when it moved meanwhile."""
    _write(case, **changes)


def acts_for(case: Case, actor: Actor) -> Step | None:
    """The step whose decision this actor could record for a body without an account (R0.28), or None."""
    if case.state != IN_REVIEW or actor.office is None or case.office_id == actor.office:
        return None
    step = Step.get_or_none(Step.case == case.id, Step.position == case.position)
    if step is None or Grant.active_at(step.office_id).exists():
        return None
    mine = Step.select().where(Step.case == case.id, Step.office == actor.office, Step.seat == actor.seat)
    return step if mine.exists() else None


def _seat_for(case: Case, step: Step, decision: Decision, actor: Actor) -> str:
    if step.office_id == actor.office and step.seat == actor.seat:
        if decision.on_behalf:
            raise Invalid("on_behalf", "这件报名就在您的单位，请直接作出决定。")
        return step.seat
    if decision.on_behalf is not None and acts_for(case, actor):
        if not decision.on_behalf.document_number.strip():
            raise Invalid("document_number", "请填写该单位决定的文号。")
        if decision.on_behalf.decided_on > clock.today():
            raise Invalid("decided_on", "决定日期不能晚于今天。")
        return step.seat
    if Step.select().where(Step.case == case.id, Step.office == actor.office, Step.outcome.is_null(False)).exists():
        raise Stale(_what_happened(case))
    raise NotAllowed("这件报名现在不在您的单位，不能作出决定。")


def _check_other_eyes(case: Case, actor: Actor) -> None:
    owner = Person.select(Person.user).where(Person.id == case.person_id).tuples().first()
    if owner and owner[0] is not None and owner[0] == actor.user:
        raise NotAllowed("不能审核本人的报名，请由其他工作人员办理。")
    same = Step.select().where(
        Step.case == case.id, Step.position < case.position, Step.decided_by == actor.user, Step.outcome.is_null(False)
    )
    if actor.user is not None and same.exists():
        raise NotAllowed("您已在前一级审核过这件报名，同一人不得连续审核两级，请由其他工作人员办理。")


def _check_return(case: Case, decision: Decision) -> None:
    if not decision.items:
        raise Invalid("items", "请勾选需要补正的内容，申请人只能修改勾选的内容。")
    if decision.due_on is not None and decision.due_on < clock.today():
        raise Invalid("due_on", "补正截止日期不能早于今天。")
    earlier = Correction.select().where(Correction.case == case.id, Correction.withdrawn_at.is_null())
    if earlier.exists() and not decision.second_reason.strip():
        raise Invalid("second_reason", "这件报名已退回过一次（一次性补正），再次退回请说明原因。")


def _apply(case: Case, transition: Transition, step: Step, decision: Decision, actor: Actor) -> Event:
    before, undo = case.state, _snapshot(case)
    owner_body = _deciding_body(case, step)
    submission = Submission.select(Submission.number).where(Submission.case == case.id).order_by(
        Submission.number.desc()
    ).tuples().first()  # fmt: skip
    data = {"undo": undo, "position": step.position}
    if decision.on_behalf:
        data["on_behalf"] = {
            "document_number": decision.on_behalf.document_number,
            "decided_on": decision.on_behalf.decided_on.isoformat(),
            "file": decision.on_behalf.file,
        }
    if decision.waivers:
        data["waivers"] = decision.waivers
    if decision.action == Action.RETURN:
        step.days_left = deadlines.days_left(case)
    step.outcome, step.decided_at, step.decided_by = str(decision.action), clock.now(), actor.user
    step.seen = submission[0] if submission else 0
    step.save()
    following = None
    if transition.moves == "next":
        following = Step.get_or_none(Step.case == case.id, Step.position == step.position + 1)
    if following is not None:
        arrive(case, following)
    elif decision.action == Action.RETURN:
        correction = _write_correction(case, step, decision)
        data["correction"] = correction.id
        _write(case, state=transition.target, paused_on=clock.today(), claimed_by=None, claimed_until=None)
    else:
        _write(case, state=transition.target, due_on=NO_DUE, claimed_by=None, claimed_until=None)
    effect = EFFECTS.get((case.kind, str(decision.action)))
    if effect:
        effect(case, decision, actor, step, following)
    data["version"] = case.version
    label = _label(case, transition, step, actor, decision)
    event = record(
        decision.action, label, actor=actor, case=case, before=before, after=case.state, note=decision.note,
        body=owner_body, on_behalf=step.office.name if decision.on_behalf else "", data=data,
    )  # fmt: skip
    _tell_applicant(case, label, decision, following)
    return event


def _deciding_body(case: Case, step: Step) -> str:
    """Whose decision is recorded: a centre acts by order of its department (R0.24)."""
    region = step.office.region.name if step.office.region_id else ""
    return profile_of(case.province).deciding_body(step.seat, region=region, unit=step.office.name)


def _write_correction(case: Case, step: Step, decision: Decision) -> Correction:
    today = clock.today()
    due = decision.due_on or deadlines.correction_due(case, today)
    last = (
        Submission.select(Submission.number)
        .where(Submission.case == case.id)
        .order_by(Submission.number.desc())
        .first()
    )
    return Correction.create(
        case=case.id,
        number=f"补正〔{today.year}〕{next_number(f'correction:{step.office_id}:{today.year}')}-{step.office_id}号",
        submission=last.number if last else 0,
        office=step.office_id,
        items=list(decision.items),
        reason=decision.note,
        second_reason=decision.second_reason,
        due_on=due,
        at=clock.now(),
    )


def _label(case: Case, transition: Transition, step: Step, actor: Actor, decision: Decision) -> str:
    level = profile_of(case.province).verb_label(step.seat)
    label = {Action.PASS: f"{level}通过", Action.REJECT: f"{level}不通过"}.get(transition.action, transition.label)
    return f"{label}（代录）" if decision.on_behalf else label


def _tell_applicant(case: Case, label: str, decision: Decision, following: Step | None) -> None:
    text = f"您的报名（{case.number or case.id}）：{label}。"
    if decision.action != Action.PASS and decision.note:
        text += f"理由：{decision.note}"
    elif following is not None:
        text += f"下一步：{profile_of(case.province).state_label(following.seat)}。"
    tell(
        user_of(case.person_id), text, kind=str(decision.action), case=case,
        link=f"/applicant/registrations/{case.id}",
    )  # fmt: skip


def _snapshot(case: Case) -> dict:
    steps = Step.select().where(Step.case == case.id).order_by(Step.position)
    return {
        "case": {
            "state": str(case.state),
            "position": case.position,
            "office": case.office_id,
            "due_on": case.due_on.isoformat(),
            "paused_on": case.paused_on.isoformat() if case.paused_on else None,
        },
        "steps": [
            {
                "position": s.position,
                "reached_at": s.reached_at and s.reached_at.isoformat(" ", "microseconds"),
                "due_on": s.due_on and s.due_on.isoformat(),
                "days_left": s.days_left,
                "outcome": s.outcome,
                "decided_at": s.decided_at and s.decided_at.isoformat(" ", "microseconds"),
                "decided_by": s.decided_by_id,
                "seen": s.seen,
            }
            for s in steps
        ],
    }


def _write(case: Case, **changes) -> None:
    """The one conditional UPDATE: zero rows mean that somebody else was faster."""
    changed = (
        Case.update(version=case.version + 1, **changes)
        .where(Case.id == case.id, Case.version == case.version)
        .execute()
    )
    if not changed:
        raise Stale(_what_happened(case))
    case.version += 1
    for name, value in changes.items():
        setattr(case, name, value)


def _what_happened(case: Case) -> str:
    """Who did what when, for somebody whose page is older than the case."""
    event = (
        Event.select()
        .where(Event.case == case.id, Event.action.not_in(["claim", "release", "take_over", "view"]))
        .order_by(Event.id.desc())
        .first()
    )
    if event is None:
        return "这件报名已有变化，请刷新后查看最新情况。"
    where = f"（{event.body}）" if event.body else ""
    return f"这件报名已由{event.name}{where}于{event.at:%Y-%m-%d %H:%M}办理：{event.label}。请刷新后查看最新情况。"


__all__ = [
    "CHECKS", "EFFECTS", "Decision", "OnBehalf", "Outcome", "State", "acts_for", "arrive", "bump", "check_decision",
    "decide", "decide_many", "extend_correction", "preview_many", "undo_decision", "undoable",
]  # fmt: skip
