"""Factories of the online assessment: a bank of questions, a plan with a paper, a participant who may sit it."""

from datetime import datetime
from itertools import count

from portal import clock
from portal.actions import exams
from portal.models import Attempt, Case, Person, Plan, Question, Registration
from portal.models.exam_papers import shown_paper
from portal.rules.workflow import Actor
from tests import make

# 89, 89.5 and 90 points can all be reached with it.
PAPER = [{"kind": "single", "count": 6, "points": "10"}, {"kind": "multiple", "count": 3, "points": "10"},
         {"kind": "judge", "count": 20, "points": "0.5"}]  # fmt: skip
SLOT = {"exam_starts_at": datetime(2022, 12, 16, 14, 30), "exam_ends_at": datetime(2022, 12, 16, 16, 30)}
_numbers = count(1)


def make_question(kind: str = "single", *, province: str = make.ANHUI, **kw) -> Question:
    """A question of the bank with four different options (two for a judgement)."""
    number = next(_numbers)
    options = ["正确", "错误"] if kind == "judge" else [f"第{number}题的选项{sign}" for sign in "甲乙丙丁"]
    answer = {"single": "ABCD"[number % 4], "multiple": ("ABD", "CD", "AC", "ABCD")[number % 4],
              "judge": "AB"[number % 2]}[kind]  # fmt: skip
    return Question.create(**{
        "province": province, "kind": kind, "text": f"第{number}题：下列说法是否符合规定", "options": options,
        "answer": answer, "created_at": clock.now(), **kw,
    })  # fmt: skip


def make_bank(province: str = make.ANHUI, *, single: int = 10, multiple: int = 6, judge: int = 25, **kw) -> None:
    """So many questions of each kind."""
    for kind, number in (("single", single), ("multiple", multiple), ("judge", judge)):
        for _ in range(number):
            make_question(kind, province=province, **kw)


def make_exam_plan(province: str = make.ANHUI, **kw) -> Plan:
    """A plan whose only assessment is the online one: self-timed for 60 minutes, two attempts, 90 points."""
    values = {"assessments": ["online"], "paper": PAPER, "exam_minutes": 60, "exam_starts_at": None}
    return make.make_plan(province=province, **{**values, **kw})


def make_slot_plan(province: str = make.SICHUAN, **kw) -> Plan:
    """A plan with the unified slot of 川人社职鉴〔2022〕21号: 16 December 2022, 14:30 to 16:30."""
    return make_exam_plan(province, **{**SLOT, "exam_minutes": None, **kw})


def make_candidate(plan: Plan, state: str = "study_done", person: Person | None = None) -> Registration:
    """A participant of the plan in this state."""
    if person is None:
        organisation = make.make_organisation(
            province=plan.province, region={"anhui": "合肥市", "sichuan": "成都市"}[plan.province]
        )
        person = make.make_person(organisation)
    case = Case.create(
        kind="registration", state=state, person=person, plan=plan, organisation=person.organisation_id,
        province=plan.province, title=person.name, created_at=clock.now(), number=f"B{next(_numbers):06d}",
    )  # fmt: skip
    return Registration.create(case=case, plan=plan, person=person, organisation=person.organisation_id)


def actor_for(registration: Registration) -> Actor:
    """The candidate's own actor."""
    return make.applicant(Person.get_by_id(registration.person_id))


def answer_for(attempt: Attempt, points: str | float) -> dict[int, str]:
    """Answers that earn exactly so many points of PAPER: dear questions first, wrong ones for the rest."""
    left, values = float(points), {}
    for item in shown_paper(Attempt.get_by_id(attempt.id)):
        if float(item.points) <= left:
            left -= float(item.points)
            values[item.place] = item.right
        else:
            values[item.place] = next(letter for letter, _ in item.options if letter != item.right)
    assert left == 0, f"{points} cannot be reached"
    return values


def sit(registration: Registration, points: str | float) -> Attempt:
    """Start, answer for so many points and hand in."""
    actor = actor_for(registration)
    attempt = exams.start_attempt(registration, actor=actor)
    return exams.submit_attempt(attempt.id, actor=actor, values=answer_for(attempt, points))


def state_of(registration: Registration) -> str:
    """Where the participant stands."""
    return Case.get_by_id(registration.case_id).state
