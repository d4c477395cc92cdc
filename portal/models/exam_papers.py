"""Read queries of the online assessment: when it is sat, the pool of a plan, attempts, and a paper to be shown."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from peewee import fn

from portal.models.plans import Plan
from portal.models.training import Answer, Attempt, Module, Question
from portal.rules.exam import KIND_LABELS, LETTERS, Sitting, find_shortage, read_items, shown_answer


@dataclass(frozen=True)
class ShownItem:
    """A question as a paper shows it: `options` with their letters, what was answered, and what would be right."""

    place: int
    number: int
    kind: str
    points: Decimal
    text: str
    options: list[tuple[str, str]]
    value: str
    right: str
    explanation: str

    @property
    def is_right(self) -> bool:
        """Whether the answer earned the points."""
        return bool(self.value) and self.value == self.right


def sitting_of(plan: Plan) -> Sitting:
    """When a plan's online assessment can be sat.

    A self-timed test ends with the exam's dates where they are given, or else with the study window.
    """
    if plan.exam_minutes is None:
        return Sitting(plan.exam_starts_at, plan.exam_ends_at, None, plan.late_minutes)
    return Sitting(plan.exam_starts_at, plan.exam_ends_at or plan.study_window.closes_at, plan.exam_minutes)


def pool_of(plan: Plan) -> dict[str, list[tuple[int, int]]]:
    """By kind, the (id, number of options) of the questions that fit a plan: its grade, and its contents or any."""
    titles = [title for (title,) in Module.select(Module.title).where(
        Module.plan == plan.id, Module.removed_at.is_null()).tuples()]  # fmt: skip
    rows = fitting(plan.province, plan.grade, [*plan.contents, *titles]).select(
        Question.kind, Question.id, fn.json_array_length(Question.options)
    )
    pool: dict[str, list[tuple[int, int]]] = {kind: [] for kind in KIND_LABELS}
    for kind, question, options in rows.tuples():
        pool[kind].append((question, options))
    return pool


def fitting(province: str, grade: str, topics: list[str]):
    """The questions in use that a paper of this grade and these topics may hold."""
    return Question.select().where(
        Question.province == province, Question.removed_at.is_null(), Question.grade.in_(["", grade]),
        Question.topic.in_(["", *topics]),
    )  # fmt: skip


def shortage_of(plan: Plan) -> list[tuple[str, int, int]]:
    """What the bank lacks for a plan's paper, as (kind, needed, there)."""
    return find_shortage(plan.paper, pool_of(plan))


def attempts_of(registration: int) -> list[Attempt]:
    """A registration's attempts, the first one first."""
    return list(Attempt.select().where(Attempt.registration == registration).order_by(Attempt.number))


def running_attempt(registration: int, moment: datetime) -> Attempt | None:
    """The attempt that runs at `moment`: neither submitted nor due."""
    return Attempt.get_or_none(Attempt.open_key == registration, Attempt.due_at > moment)


def answers_of(attempt: Attempt) -> dict[int, str]:
    """The saved answers by place in the paper."""
    rows = Answer.select(Answer.position, Answer.value).where(Answer.attempt == attempt.id, Answer.at < attempt.due_at)
    return dict(rows.tuples())


def shown_paper(attempt: Attempt) -> list[ShownItem]:
    """The paper exactly as it was drawn: the bank's rows are never changed, so it can be shown at any later time."""
    items, given = read_items(attempt.items), answers_of(attempt)
    questions = {row.id: row for row in Question.select().where(Question.id.in_([item.question for item in items]))}
    shown = []
    for place, item in enumerate(items):
        row = questions[item.question]
        options = [(LETTERS[at], row.options[bank]) for at, bank in enumerate(item.order)]
        shown.append(ShownItem(
            place, place + 1, row.kind, item.points, row.text, options, given.get(place, ""),
            shown_answer(row.answer, item.order), row.explanation,
        ))  # fmt: skip
    return shown
