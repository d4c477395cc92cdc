"""Whose hands a case is in: claiming, releasing and taking over; a claim expires by itself."""

from datetime import timedelta

from portal import clock
from portal.actions.events import record
from portal.actions.recusal import is_own_case, own_case_said
from portal.database import transaction
from portal.models import Case
from portal.rules.errors import NotAllowed, Stale
from portal.rules.kinds import noun_of
from portal.rules.workflow import IN_REVIEW, REVIEWERS, Actor

# Long enough to read a file of scans, short enough that a forgotten one does not hold up the queue.
CLAIM_MINUTES = 20


def claim_case(case: Case, *, actor: Actor, take_over: bool = False) -> Case:
    """Mark the case as being handled by this actor for CLAIM_MINUTES; renews an own claim.

    Raises Stale when a colleague holds it and `take_over` is not asked for; NotAllowed when the case is elsewhere or
    the actor's own (R0.31), or the seat reviews nothing.
    """
    now = clock.now()
    with transaction():
        case = Case.get_by_id(case.id)
        if case.state != IN_REVIEW or case.office_id != actor.office or actor.seat not in REVIEWERS:
            raise NotAllowed(f"这件{noun_of(case.kind)}目前不在您的单位，不能认领。")
        if is_own_case(case, actor):
            raise NotAllowed(own_case_said(case))
        if is_held_by_other(case, actor.user) and not take_over:
            raise Stale(
                f"{case.claimed_by.name}正在办理（保留至{case.claimed_until:%H:%M}），如需办理请点击“接手办理”。"
            )
        taken = case.claimed_by.name if is_held_by_other(case, actor.user) else ""
        is_new = case.claimed_by_id != actor.user or case.claimed_until is None or case.claimed_until <= now
        case.claimed_by, case.claimed_until = actor.user, now + timedelta(minutes=CLAIM_MINUTES)
        Case.update(claimed_by=actor.user, claimed_until=case.claimed_until).where(Case.id == case.id).execute()
        if is_new:
            record(
                "take_over" if taken else "claim",
                "接手办理" if taken else "认领",
                actor=actor,
                case=case,
                note=f"原办理人：{taken}" if taken else "",
            )
    return case


def release_case(case: Case, *, actor: Actor) -> None:
    """Give a case that this actor holds back to the office's queue; nothing happens when somebody else holds it."""
    with transaction():
        freed = (
            Case.update(claimed_by=None, claimed_until=None)
            .where(Case.id == case.id, Case.claimed_by == actor.user)
            .execute()
        )
        if freed:
            record("release", "放回队列", actor=actor, case=case)


def is_held_by_other(case: Case, user: int | None) -> bool:
    """Whether a colleague's claim on the case is still running."""
    return (
        case.claimed_by_id is not None
        and case.claimed_by_id != user
        and case.claimed_until is not None
        and case.claimed_until > clock.now()
    )
