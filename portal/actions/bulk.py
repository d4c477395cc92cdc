"""The same decision on many cases: each in its own transaction, each with its own event and its own result (R3.46)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portal.actions.cases import Decision, check_decision, decide
from portal.models import Case
from portal.rules.errors import Refusal
from portal.rules.workflow import Actor


@dataclass(frozen=True)
class Outcome:
    """What became of one case of a bulk decision."""

    case: int
    title: str
    done: bool
    message: str


def decide_many(
    pairs: Iterable[tuple[int, int]], decision: Decision, *, actor: Actor, progress: Callable[[int], None] | None = None
) -> list[Outcome]:
    """The same decision on many (case id, seen version) pairs, each in its own transaction, each with its outcome."""
    outcomes = []
    for number, (case_id, seen) in enumerate(pairs, start=1):
        case = Case.visible_to(actor).where(Case.id == case_id).first()
        if case is None:
            outcomes.append(Outcome(case_id, "", False, "没有找到这件报名。"))
        else:
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
