"""Who must keep their hands off a case: whoever it is about, and whoever has already reviewed it at another level."""

from portal.database import database
from portal.models import Case, Step
from portal.rules.errors import NotAllowed
from portal.rules.kinds import noun_of
from portal.rules.workflow import Actor

SAME_EYES = "您已审核过这件{noun}，同一人不得审核同一件{noun}的两级，请由其他工作人员办理。"


def other_eyes_needed(case: Case, steps: list[Step], actor: Actor, *, on_behalf: bool = False) -> str:
    """Why somebody else has to decide: it is the actor's own case (R0.31), or the same person decided it at any
    earlier level, not only at the one before (stricter than R0.29 asks); '' when nothing stands against it.

    Writing down another body's decision is not deciding, so only the first rule holds for it.
    """
    if is_own_case(case, actor):
        return own_case_said(case)
    earlier = (each for each in steps if each.position < case.position and each.outcome)
    if not on_behalf and actor.user is not None and any(each.decided_by_id == actor.user for each in earlier):
        return SAME_EYES.format(noun=noun_of(case.kind))
    return ""


def own_case_said(case: Case) -> str:
    """The refusal for whoever the case is about."""
    return f"不能审核本人的{noun_of(case.kind)}，请由其他工作人员办理。"


def is_own_case(case: Case, actor: Actor) -> bool:
    """Whether the case is about the actor: then no seat lets them have a hand in its review (R0.31)."""
    return is_oneself(case.person_id, actor)


def is_oneself(person: int | None, actor: Actor) -> bool:
    """Whether this person is the actor, in whatever seat they act now."""
    if person is None or actor.user is None:
        return False
    # Asked at every decision, twice for each credential of a batch: SQL that is built once.
    found = database.execute_sql("SELECT 1 FROM person WHERE id = ? AND user_id = ?", (person, actor.user))
    return found.fetchone() is not None


def check_not_oneself(person: int | None, actor: Actor, matter: str) -> None:
    """Raises NotAllowed when the matter, as it is called in Chinese, is the actor's own."""
    if is_oneself(person, actor):
        raise NotAllowed(f"不能办理本人的{matter}，请由其他工作人员办理。")
