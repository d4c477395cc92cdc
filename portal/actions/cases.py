"""Decisions on one case of any kind: pass, return, reject, extend; who may make them, and what follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from peewee import JOIN

from portal import clock
from portal.actions import deadlines
from portal.actions.claims import is_held_by_other
from portal.actions.events import record, tell, users_at
from portal.actions.numbers import next_number
from portal.actions.recusal import is_own_case, other_eyes_needed, own_case_said
from portal.database import database, transaction
from portal.models import Case, Correction, Event, Grant, Office, Region, Step, Submission
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import Action
from portal.rules.kinds import KINDS, noun_of
from portal.rules.workflow import IN_REVIEW, Actor, Seat, Transition

_DECIDED = (Step.outcome, Step.decided_at, Step.decided_by, Step.seen, Step.days_left)
# Events that do not touch the decision; everything else makes an earlier decision final.
PASSING = ("claim", "release", "take_over", "view", "print_form")
# What decide() carries out; the other moves of a table have verbs and guards of their own.
DECISIONS = frozenset({Action.PASS, Action.RETURN, Action.REJECT})
DESKS = {Seat.UNIT: "/unit", Seat.PROVINCE_CENTRE: "/province", Seat.DEPARTMENT: "/province"}


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


# What a kind of case demands before a decision, and what follows from it inside the same transaction; filled by the
# kinds' own files. CHECKS: f(case, decision, actor, step); EFFECTS: the same with the following step, or None.
# EFFECTS also knows "undo pass" … as f(case, event, actor), and "extend" as f(case, until, actor).
CHECKS: dict[tuple[str, str], Callable] = {}
EFFECTS: dict[tuple[str, str], Callable] = {}
# Whom a kind's decisions concern: f(case) -> [(accounts, address of the case's page at their door)].
PARTIES: dict[str, Callable[[Case], list[tuple[list[int], str]]]] = {}


def decide(case: Case, decision: Decision, *, actor: Actor, seen: int) -> Event:
    """Carry out one decision and give its event.

    `seen` is the version of the case that the reviewer looked at. Raises NotAllowed (not this actor's turn, own
    case, same person at an earlier level), Stale (somebody else decided meanwhile: says who, what and when) or Invalid
    (a reason or an item is missing, or the case itself does not fulfil what the action demands).
    """
    with transaction():
        case = Case.get_by_id(case.id)
        steps = steps_of(case)
        transition, step = check_decision(case, decision, actor=actor, seen=seen, steps=steps)
        return _apply(case, transition, step, steps, decision, actor)


def check_decision(
    case: Case, decision: Decision, *, actor: Actor, seen: int, steps: list[Step] | None = None
) -> tuple[Transition, Step]:
    """The transition and the step a decision would use; raises like decide() and changes nothing."""
    flow = FLOWS[case.kind]
    if decision.action not in DECISIONS:
        raise NotAllowed("没有这种审核决定，请刷新页面后重试。")
    if case.version != seen:
        raise Stale(what_happened(case))
    steps = steps_of(case) if steps is None else steps
    step = next((each for each in steps if each.position == case.position), None)
    if case.state != IN_REVIEW or step is None:
        flow.find(decision.action, seat=actor.seat, state=case.state)
        raise Stale(what_happened(case))
    seat = _seat_for(case, steps, step, decision, actor)
    transition = flow.find(decision.action, seat=seat, state=case.state)
    if is_held_by_other(case, actor.user):
        raise Stale(f"{case.claimed_by.name}正在办理（保留至{case.claimed_until:%H:%M}），如需办理请先接手。")
    refused = other_eyes_needed(case, steps, actor, on_behalf=decision.on_behalf is not None)
    if refused:
        raise NotAllowed(refused)
    if transition.note == "required" and not decision.note.strip():
        raise Invalid("note", "请填写理由，申请人会看到这段文字。")
    if decision.action == Action.RETURN:
        _check_return(case, decision)
    check = CHECKS.get((case.kind, str(decision.action)))
    if check:
        check(case, decision, actor, step)
    return transition, step


def extend_correction(case: Case, *, actor: Actor, seen: int, until: date, note: str) -> Event:
    """Give the applicant more time for a draft or a correction (R3.44); `until` is the last day.

    A correction is extended by the office that returned it, a draft, which no office has seen yet, by the centre that
    owns the plan. Raises NotAllowed for any other, Invalid when the day has passed, is earlier than what was announced
    before, or no reason is given.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale(what_happened(case))
        FLOWS[case.kind].find(Action.EXTEND, seat=actor.seat, state=case.state)
        owner = case.office_id or case.plan.office_id
        if owner != actor.office:
            raise NotAllowed("补正期限由退回的单位延长，尚未提交的报名由发布计划的中心延长。")
        if is_own_case(case, actor):
            raise NotAllowed(own_case_said(case))
        if not note.strip():
            raise Invalid("note", "请填写延长期限的理由。")
        if until < clock.today():
            raise Invalid("until", "延长后的截止日期不能早于今天。")
        EFFECTS[(case.kind, str(Action.EXTEND))](case, until, actor)
        bump(case)
        event = record(
            Action.EXTEND, "延长期限", actor=actor, case=case, before=case.state, after=case.state, note=note,
            data={"until": until.isoformat()},
        )  # fmt: skip
        tell_parties(case, f"办理期限已延长至{until:%Y-%m-%d}，请按时提交。", kind="extend")
        return event


def arrive(case: Case, step: Step) -> None:
    """Let the case come to a level: its clock starts, or goes on with the days left (never earlier than announced)."""
    today = clock.today()
    due = deadlines.due_for(case, step, today)
    step.reached_at = step.reached_at or clock.now()
    step.due_on, step.days_left, step.outcome, step.decided_at, step.decided_by = due, None, None, None, None
    step.save()
    bump(
        case, state=IN_REVIEW, position=step.position, office=step.office_id, due_on=due or NO_DUE, paused_on=None,
        arrived_at=clock.now(), claimed_by=None, claimed_until=None,
    )  # fmt: skip
    # The queue is the place for single cases: a message a day says that there is something in it.
    tell(
        users_at(step.office_id), f"今天有新的{noun_of(case.kind)}到达本单位，请到待办中办理。", kind="arrived",
        link=f"{DESKS.get(Seat(step.seat), '/city')}/cases",
        dedupe=f"arrived:{case.kind}:{step.office_id}:{today.isoformat()}",
    )  # fmt: skip


def bump(case: Case, **changes) -> None:
    """The one conditional UPDATE of a case, growing its version; raises Stale when somebody else was faster."""
    values = [getattr(Case, name).db_value(value) for name, value in changes.items()]
    if not database.execute_sql(_bump_sql(tuple(changes)), [*values, case.id, case.version]).rowcount:
        raise Stale(what_happened(case))
    case.version += 1
    for name, value in changes.items():
        setattr(case, name, value)


@cache
def _bump_sql(names: tuple[str, ...]) -> str:
    columns = "".join(f", {getattr(Case, name).column_name} = ?" for name in names)
    return f'UPDATE "case" SET version = version + 1{columns} WHERE id = ? AND version = ?'


def index_name(case: int, name: str) -> None:
    """Put a case's title into the name index, characters apart, so that one character finds it too."""
    database.execute_sql(
        "INSERT OR REPLACE INTO case_name (rowid, characters) VALUES (?, ?)", (case, " ".join(name.replace(" ", "")))
    )


def acts_for(case: Case, actor: Actor) -> Step | None:
    """The step whose decision this actor could record for a body without an account (R0.28), or None.

    Only bodies of the administration record for each other: a unit never writes down its own supervisor's decision.
    """
    if case.state != IN_REVIEW or actor.office is None or case.office_id == actor.office or actor.seat == Seat.UNIT:
        return None
    steps = steps_of(case)
    step = next((each for each in steps if each.position == case.position), None)
    if step is None or Grant.active_at(step.office_id).exists():
        return None
    return step if any(each.office_id == actor.office and each.seat == actor.seat for each in steps) else None


def steps_of(case: Case) -> list[Step]:
    """The case's frozen chain, first to last, with offices and their regions."""
    return list(
        Step.select(Step, Office.id, Office.name, Office.region, Region.id, Region.name)
        .join(Office, on=(Step.office == Office.id))
        .join(Region, JOIN.LEFT_OUTER, on=(Office.region == Region.id))
        .where(Step.case == case.id)
        .order_by(Step.position)
    )


def _seat_for(case: Case, steps: list[Step], step: Step, decision: Decision, actor: Actor) -> str:
    if step.office_id == actor.office and step.seat == actor.seat:
        if decision.on_behalf:
            raise Invalid("on_behalf", f"这件{noun_of(case.kind)}就在您的单位，请直接作出决定。")
        return step.seat
    if decision.on_behalf is not None and acts_for(case, actor):
        if not decision.on_behalf.document_number.strip():
            raise Invalid("document_number", "请填写该单位决定的文号。")
        if decision.on_behalf.decided_on > clock.today():
            raise Invalid("decided_on", "决定日期不能晚于今天。")
        return step.seat
    if any(each.office_id == actor.office and each.outcome for each in steps):
        raise Stale(what_happened(case))
    raise NotAllowed(f"这件{noun_of(case.kind)}现在不在您的单位，不能作出决定。")


def _check_return(case: Case, decision: Decision) -> None:
    if not decision.items:
        raise Invalid("items", "请勾选需要补正的内容，申请人只能修改勾选的内容。")
    if decision.due_on is not None and decision.due_on < clock.today():
        raise Invalid("due_on", "补正截止日期不能早于今天。")
    earlier = Correction.select().where(Correction.case == case.id, Correction.withdrawn_at.is_null())
    if earlier.exists() and not decision.second_reason.strip():
        raise Invalid("second_reason", "这件报名已退回过一次（一次性补正），再次退回请说明原因。")


def _apply(
    case: Case, transition: Transition, step: Step, steps: list[Step], decision: Decision, actor: Actor
) -> Event:
    before, region = case.state, step.office.region
    profile, body = profile_of(case.province), step.office.name
    if Seat(step.seat) in profile.seats:
        body = profile.deciding_body(step.seat, region=region.name if region else "", unit=step.office.name)
    submission = _last_submission(case)
    data = {"undo": _snapshot(case, steps), "position": step.position, "submission": submission}
    if decision.on_behalf:
        data["on_behalf"] = {
            "document_number": decision.on_behalf.document_number.strip(),
            "decided_on": decision.on_behalf.decided_on.isoformat(),
            "file": decision.on_behalf.file,
        }
    if decision.waivers:
        data["waivers"] = decision.waivers
    following = None
    if transition.moves == "next":
        following = next((each for each in steps if each.position == step.position + 1), None)
    pauses = following is None and transition.target in FLOWS[case.kind].clock_stops
    if pauses:
        step.days_left = deadlines.days_left(case)
    step.outcome, step.decided_at, step.seen = str(decision.action), clock.now(), submission
    # Who writes down a paper decision did not take it: the four-eyes rule must not count them (R0.28, R0.29).
    step.decided_by = None if decision.on_behalf else actor.user
    step.save(only=_DECIDED)
    if decision.action == Action.RETURN:
        data["correction"] = _write_correction(case, step, decision, submission).id
    if following is not None:
        arrive(case, following)
    else:
        # Where the clock only stops, the announced last day stays; everywhere else there is none any more.
        clock_change = {"paused_on": clock.today()} if pauses else {"due_on": NO_DUE}
        bump(case, state=transition.target, claimed_by=None, claimed_until=None, **clock_change)
    effect = EFFECTS.get((case.kind, str(decision.action)))
    if effect:
        effect(case, decision, actor, step, following)
    data["version"] = case.version
    label = _label(case, transition, step, decision)
    event = record(
        decision.action, label, actor=actor, case=case, before=before, after=case.state, note=decision.note.strip(),
        body=body, on_behalf=step.office.name if decision.on_behalf else "", data=data,
    )  # fmt: skip
    _tell_parties(case, label, decision, following)
    return event


def _write_correction(case: Case, step: Step, decision: Decision, submission: int) -> Correction:
    today = clock.today()
    return Correction.create(
        case=case.id,
        number=f"补正〔{today.year}〕{next_number(f'correction:{step.office_id}:{today.year}')}-{step.office_id}号",
        submission=submission,
        office=step.office_id,
        items=list(decision.items),
        reason=decision.note.strip(),
        second_reason=decision.second_reason.strip(),
        due_on=decision.due_on or deadlines.correction_due(case, today),
        at=clock.now(),
    )


def _last_submission(case: Case) -> int:
    """The number of the newest submission, 0 when there is none."""
    rows = Submission.select(Submission.number).where(Submission.case == case.id)
    last = rows.order_by(Submission.number.desc()).tuples().first()
    return last[0] if last else 0


def _label(case: Case, transition: Transition, step: Step, decision: Decision) -> str:
    label = KINDS[case.kind].decided_label(profile_of(case.province), step.seat, transition)
    return f"{label}（代录）" if decision.on_behalf else label


def _tell_parties(case: Case, label: str, decision: Decision, following: Step | None) -> None:
    kind = KINDS[case.kind]
    text = f"您的{kind.noun}（{case.number or case.id}）：{label}。"
    wants_reason = FLOWS[case.kind].note_of(decision.action) == "required"
    if wants_reason and decision.note:
        text += f"理由：{decision.note.strip()}"
    elif following is not None:
        text += f"下一步：{kind.waiting_label(profile_of(case.province), following.seat)}。"
    tell_parties(case, text, kind=str(decision.action))


def tell_parties(case: Case, text: str, *, kind: str) -> None:
    """A message to everybody whose case it is, each with the address at their own door."""
    for users, link in PARTIES[case.kind](case):
        tell(users, text, kind=kind, case=case, link=link)


def _snapshot(case: Case, steps: list[Step]) -> dict:
    """What undo puts back (portal/actions/undoing.py)."""
    return {
        "case": {
            "state": str(case.state),
            "position": case.position,
            "office": case.office_id,
            "due_on": case.due_on.isoformat(),
            "paused_on": case.paused_on.isoformat() if case.paused_on else None,
            "arrived_at": _text(case.arrived_at),
        },
        "steps": [
            {
                "position": step.position,
                "reached_at": _text(step.reached_at),
                "due_on": step.due_on and step.due_on.isoformat(),
                "days_left": step.days_left,
                "outcome": step.outcome,
                "decided_at": _text(step.decided_at),
                "decided_by": step.decided_by_id,
                "seen": step.seen,
            }
            for step in steps
        ],
    }


def _text(moment) -> str | None:
    return moment and moment.isoformat(" ", "microseconds")


def what_happened(case: Case) -> str:
    """Who did what when, for somebody whose page is older than the case."""
    event = (
        Event.select()
        .where(Event.case == case.id, Event.action.not_in(PASSING))
        .order_by(Event.id.desc())
        .first()
    )
    if event is None:
        return f"这件{noun_of(case.kind)}已有变化，请刷新后查看最新情况。"
    where = f"（{event.body}）" if event.body else ""
    done = f"已由{event.name}{where}于{event.at:%Y-%m-%d %H:%M}办理：{event.label}"
    return f"这件{noun_of(case.kind)}{done}。请刷新后查看最新情况。"
