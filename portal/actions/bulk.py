"""The same decision on many cases: each in its own transaction, each with its own event and its own result (R3.46)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portal.actions.cases import Decision, check_decision, decide
from portal.models import Case
from portal.rules.errors import Refusal
from portal.rules.kinds import KINDS, noun_of
from portal.rules.workflow import Actor


@dataclass(frozen=True)
class Outcome:
    """What became of one case of a bulk decision."""

    case: int
    title: str
    done: bool
    message: str


def decide_many(pairs: Iterable[tuple[int, int]], decision: Decision, *, actor: Actor) -> list[Outcome]:
    """The same decision on many (case id, seen version) pairs, each in its own transaction, each with its outcome."""
    return [
        _try(case_id, actor, lambda case, seen=seen: decide(case, decision, actor=actor, seen=seen).label)
        for case_id, seen in pairs
    ]


def preview_many(pairs: Iterable[tuple[int, int]], decision: Decision, *, actor: Actor) -> list[Outcome]:
    """What decide_many would do, without doing it."""
    return [
        _try(case_id, actor, lambda case, seen=seen: check_decision(case, decision, actor=actor, seen=seen) and "")
        for case_id, seen in pairs
    ]


def _try(case_id: int, actor: Actor, verb: Callable[[Case], str]) -> Outcome:
    case = Case.visible_to(actor).where(Case.id == case_id).first()
    if case is None:
        return Outcome(case_id, "", False, "没有找到这件报名。")
    if not KINDS[case.kind].in_bulk:
        return Outcome(case_id, case.title, False, f"{noun_of(case.kind)}须逐件办理，不能批量决定。")
    try:
        return Outcome(case_id, case.title, True, verb(case))
    except Refusal as refusal:
        return Outcome(case_id, case.title, False, refusal.message)
