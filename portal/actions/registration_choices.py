"""What an applicant chooses on a registration: each value with its check, and the item it belongs to."""

from collections.abc import Callable, Mapping

from portal.actions.people import is_region_locked
from portal.actions.registration_copy import unlocked_keys
from portal.actions.registration_guards import occupations_for, reviewer_choices
from portal.models import Case, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.registration import State
from portal.rules.profile import TRUTHFUL
from portal.rules.submission import FIXED_ITEMS, IDENTITY_ITEMS

# Which item of the submission each typed value belongs to: a correction opens items, not fields.
_ITEM_OF = {
    "occupation": "registration.occupation",
    "reviewer": "registration.reviewer",
    "employer": "person.employer",
    "health": "registration.health",
    "declarations": "registration.declarations",
    "qualifications": "",
    "work": "",
}


def fixed_keys(case: Case) -> frozenset[str]:
    """The item keys that the applicant could not correct if they were returned: nobody may demand them.

    Besides what is always fixed: a locked exam region (R1.08), and name and document while another submitted
    registration of the person rests on them (people.can_edit_identity).
    """
    fixed = FIXED_ITEMS
    if case.person is not None and is_region_locked(case.person):
        fixed |= {"person.exam_region"}
    others = Case.select().where(
        Case.person == case.person_id, Case.kind == case.kind, Case.id != case.id, Case.submitted_at.is_null(False),
        Case.state != State.RETURNED,
    )  # fmt: skip
    return fixed | IDENTITY_ITEMS if others.exists() else fixed


def present_choice(registration: Registration, key: str):
    """What is stored for one of the typed values of save_registration()."""
    if key in ("occupation", "reviewer"):
        return getattr(registration, f"{key}_id")
    if key == "employer":
        return registration.employer_name
    stored = registration.data.get(key)
    return list(stored or []) if key == "declarations" else stored


def check_unlocked(case: Case, changes: Mapping) -> None:
    """Raises NotAllowed unless every changed value belongs to a returned item."""
    if "reviewer" in changes:
        raise NotAllowed("初审单位提交后不能更改；确需更换的，请撤回后重新报名。")
    unlocked = unlocked_keys(case)
    locked = [key for key in changes if _ITEM_OF.get(key) not in unlocked]
    if locked:
        raise NotAllowed("只能修改补正告知书中列出的内容，其他内容不能修改。")


def _set_occupation(registration: Registration, value: int | None) -> None:
    offered = {each.id: each for each in occupations_for(registration)}
    if value is not None and value not in offered:
        raise Invalid("occupation", "所选职业不在可申报的范围内，请从列表中选择。")
    registration.occupation = offered.get(value)
    registration.live_key = live_key(registration)


def _set_reviewer(registration: Registration, value: int | None) -> None:
    choices = {organisation.id: organisation for organisation, _ in reviewer_choices(registration)}
    if value is not None and value not in choices:
        raise Invalid("reviewer", "请从列表中选择初审单位。")
    registration.reviewer = choices.get(value)


def _set_employer(registration: Registration, value: str) -> None:
    registration.employer_name = " ".join(str(value or "").split())[:200]
    if registration.reviewer is not None and registration.case.submitted_at is None:
        choices = [organisation.id for organisation, _ in reviewer_choices(registration)]
        if registration.reviewer_id not in choices:
            registration.reviewer = choices[0] if choices else None


def _set_health(registration: Registration, value: bool | None) -> None:
    registration.data = registration.data | {"health": value if isinstance(value, bool) else None}


def _set_declarations(registration: Registration, value: list[str]) -> None:
    known = set(profile_of(registration.plan.province).declarations_for(registration.plan.grade)) - {TRUTHFUL}
    registration.data = registration.data | {"declarations": [key for key in value if key in known]}


def _set_rows(key: str):
    def keep(registration: Registration, value: list[int] | None) -> None:
        registration.data = registration.data | {key: None if value is None else [int(each) for each in value]}

    return keep


_SETTERS: dict[str, Callable] = {
    "occupation": _set_occupation,
    "reviewer": _set_reviewer,
    "employer": _set_employer,
    "health": _set_health,
    "declarations": _set_declarations,
    "qualifications": _set_rows("qualifications"),
    "work": _set_rows("work"),
}


def set_choice(registration: Registration, key: str, value) -> None:
    """Put one typed value into the working copy; raises Invalid when it was not on offer."""
    _SETTERS[key](registration, value)


def live_key(registration: Registration) -> str:
    """Unique while the registration is live: one per person and plan, or per occupation where a plan allows more."""
    key = f"{registration.plan_id}:{registration.person_id}"
    if registration.plan.registrations_per_person > 1:
        return f"{key}:{registration.occupation_id or 'new'}"
    return key
