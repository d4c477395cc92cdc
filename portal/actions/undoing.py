"""Taking back a decision: open to the same seat and office until anything else has happened to the case."""

from datetime import date

from portal import clock
from portal.actions import deadlines
from portal.actions.cases import DECISIONS, EFFECTS, PASSING, bump, tell_parties, what_happened
from portal.actions.events import record
from portal.actions.recusal import is_own_case, own_case_said
from portal.database import transaction
from portal.models import Case, Correction, Event, Step
from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import Action
from portal.rules.workflow import Actor


def undo_decision(case: Case, *, actor: Actor, seen: int) -> Event:
    """Take back the last decision on the case, putting everything back as it was.

    Open to the same seat and office until the next level has acted or the applicant has edited; raises Stale or
    NotAllowed otherwise.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale(what_happened(case))
        if is_own_case(case, actor):
            raise NotAllowed(own_case_said(case))
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
        bump(case, **restored, claimed_by=None, claimed_until=None)
        for row in undo["steps"]:
            row = dict(row)
            Step.update(
                reached_at=row["reached_at"], due_on=row["due_on"], days_left=row["days_left"],
                outcome=row["outcome"], decided_at=row["decided_at"], decided_by=row["decided_by"], seen=row["seen"],
            ).where(Step.case == case.id, Step.position == row["position"]).execute()  # fmt: skip
        if case.plan_id:
            # The level's date may have been put off after the case had left it.
            deadlines.move_to_plan_dates(case.plan, actor=actor)
        Correction.update(withdrawn_at=clock.now()).where(
            Correction.case == case.id, Correction.withdrawn_at.is_null(), Correction.answered_at.is_null()
        ).execute()
        done = record(
            Action.UNDO, "撤销决定", actor=actor, case=case, before=before, after=case.state,
            note=f"撤销“{event.label}”", data={"undone": event.id},
        )  # fmt: skip
        tell_parties(case, f"“{event.label}”的决定已被撤销，正在重新审核。", kind="undo")
        return done


def undoable(case: Case, actor: Actor) -> Event | None:
    """The decision this actor could take back now, or None; a kind whose table knows no undo has none."""
    if not FLOWS[case.kind].has(Action.UNDO):
        return None
    event = (
        Event.select()
        .where(Event.case == case.id, Event.action.not_in(PASSING))
        .order_by(Event.id.desc())
        .first()
    )
    if event is None or event.action not in DECISIONS:
        return None
    if event.seat != actor.seat or event.office_id != actor.office or event.data.get("version") != case.version:
        return None
    return None if is_own_case(case, actor) else event
