"""Whom a unit has recommended in a plan: the registrations that passed its first review, as rows of its tables."""

from peewee import fn

from portal.models.cases import Case, Registration, Step
from portal.models.offices import Organisation
from portal.models.people import HeldQualification, Person
from portal.models.plans import Plan
from portal.rules.facts import LEVEL_LABELS
from portal.rules.flows.registration import Action, State
from portal.rules.workflow import Seat


def recommended_in(plan: Plan, organisation: int):
    """The registrations of a plan whose first review this organisation did and passed, in the order of their numbers.

    Rejected and withdrawn ones are left out: the unit no longer stands for them.
    """
    passed = Step.select(Step.case).where(
        Step.case == Case.id, Step.seat == Seat.UNIT, Step.outcome == Action.PASS
    )  # fmt: skip
    return (
        Registration.select(Registration, Case, Person)
        .join(Case, on=(Registration.case == Case.id))
        .switch(Registration)
        .join(Person, on=(Registration.person == Person.id))
        .where(
            Registration.plan == plan.id,
            fn.COALESCE(Registration.reviewer, Registration.organisation) == organisation,
            Case.state.not_in([State.REJECTED, State.WITHDRAWN]),
            fn.EXISTS(passed),
        )
        .order_by(Case.number, Case.id)
    )


def rows_of_recommended(plan: Plan, organisation: int) -> list[dict[str, str]]:
    """The rows of the 参训推荐表 for everybody recommended: keys name, employer, position, id_number, phone, held."""
    rows = []
    for registration in recommended_in(plan, organisation):
        person = registration.person
        rows.append({
            "name": person.name,
            "employer": employer_of(registration),
            "position": person.position,
            "id_number": person.id_number,
            "phone": person.phone,
            "held": describe_held(person.id),
        })  # fmt: skip
    return rows


def summary_rows(plan: Plan, organisation: int) -> list[dict[str, str]]:
    """The rows of the 汇总表 (R10.07) for everybody recommended, with the keys of `submission.PERSON_FIELDS` in use."""
    rows = []
    for registration in recommended_in(plan, organisation):
        person, occupation = registration.person, registration.occupation
        rows.append({
            "employer": employer_of(registration),
            "name": person.name,
            "sex": person.sex,
            "id_number": person.id_number,
            "education": person.education,
            "position": person.position,
            "phone": person.phone,
            "address": person.address,
            "qualifications": describe_held(person.id),
            "occupation": describe_occupation(occupation),
        })  # fmt: skip
    return rows


def employer_of(registration: Registration) -> str:
    """The actual employer, which the tables print as 单位 (R1.16), or the recommending organisation."""
    return registration.employer_name or Organisation.get_by_id(registration.organisation_id).name


def describe_held(person: int) -> str:
    """持证情况 in one cell: each certificate with its specific level (皖人协秘〔2021〕2号 附件1 备注②)."""
    held = HeldQualification.select().where(
        HeldQualification.person == person, HeldQualification.removed_at.is_null()
    ).order_by(HeldQualification.level, HeldQualification.id)  # fmt: skip
    return "；".join(describe_qualification(each) for each in held)


def describe_qualification(held: HeldQualification) -> str:
    """One certificate or title with its level, such as 企业人力资源管理师三级/高级工（职业资格）."""
    level = LEVEL_LABELS.get(held.level or 0, "") or held.grade
    name = f"{held.occupation_name}（{held.job}）" if held.job else held.occupation_name
    return f"{name}{level}（{held.kind}）"


def describe_occupation(occupation) -> str:
    """An occupation with its 工种 in brackets, '' for none."""
    if occupation is None:
        return ""
    return f"{occupation.name}（{occupation.job}）" if occupation.job else occupation.name
