"""Whom a unit has recommended in a plan: the registrations that passed its first review, as rows of its tables."""

from peewee import Tuple, fn

from portal.models.cases import Case, Registration, Step, Submission
from portal.models.people import Person
from portal.models.plans import Plan
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
    return [
        {key: row[key] for key in ("name", "employer", "position", "id_number", "phone")}
        | {"held": row["qualifications"]}
        for row in summary_rows(plan, organisation)
    ]


def summary_rows(plan: Plan, organisation: int) -> list[dict[str, str]]:
    """The rows of the 汇总表 (R10.07) for everybody recommended, with the keys of `submission.PERSON_FIELDS` in use.

    They print what was submitted and reviewed, not what the profile says today (R1.27); the actual employer stands as
    单位 (R1.16).
    """
    registrations = list(recommended_in(plan, organisation))
    submitted = newest_contents([registration.case_id for registration in registrations])
    rows = []
    for registration in registrations:
        data = submitted[registration.case_id]
        person, occupation = data["person"], data["registration"].get("occupation")
        printed = ("employer", "name", "sex", "id_number", "education", "position", "phone", "address")
        rows.append({key: str(person.get(key) or "") for key in printed} | {
            "qualifications": "；".join(describe_submitted(held) for held in data["qualifications"]),
            "occupation": occupation["label"] if occupation else "",
        })  # fmt: skip
    return rows


def newest_contents(cases: list[int]) -> dict[int, dict]:
    """The data of the newest submission of each case, by case (portal/rules/submission.py)."""
    last = Submission.select(Submission.case, fn.MAX(Submission.number)).where(Submission.case.in_(cases))
    return {
        row.case_id: row.data
        for row in Submission.select(Submission.case, Submission.data).where(
            Tuple(Submission.case, Submission.number).in_(last.group_by(Submission.case))
        )
    }


def describe_submitted(held: dict) -> str:
    """持证情况: one submitted certificate or title with its specific level, such as 企业人力资源管理师三级/高级工
    （职业资格）(皖人协秘〔2021〕2号 附件1 备注②)."""
    return f"{held['occupation']['label']}{held['level']}（{held['kind']}）"
