"""The order in which a plan's dates must follow each other: registration, review, study, training, exam (R2.16)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from portal.rules.flows.plan import Window


@dataclass(frozen=True)
class PlanDates:
    """All dates of a plan; whatever is still blank is None and is not compared (R2.11).

    `review_by` is the last day of each level, in the order of the levels: (level's name, day).
    """

    window: Window
    review_by: Sequence[tuple[str, date]] = field(default=())
    study: tuple[date | None, date | None] = (None, None)
    training: tuple[date | None, date | None] = (None, None)
    exam: tuple[datetime | None, datetime | None] = (None, None)


def find_disorder(dates: PlanDates) -> Iterator[tuple[str, str]]:
    """Every date that stands before what must come first, as (field, Chinese sentence); equal days are in order.

    Sources: 培训班通知 二 (报名, 在线学习, 线下培训) and 川人社职鉴〔2022〕21号 二 (报名, 培训, 考试).
    """
    window = dates.window
    if window.is_complete() and window.closes_at <= window.opens_at:
        yield "closes_on", "报名截止时间应晚于报名开始时间，请核对。"
    for name, label, (start, end) in (
        ("study_to", "在线学习", dates.study),
        ("training_to", "培训", dates.training),
        ("exam_ends_at", "考试", dates.exam),
    ):
        if start and end and (end < start or (isinstance(end, datetime) and end == start)):
            yield name, f"{label}结束时间应晚于开始时间，请核对。"
    last_day, last_name = window.closes_on, "报名截止"
    for level, day in dates.review_by:
        if last_day and day < last_day:
            yield "review_by", f"{level}的审核截止日（{day}）不能早于{last_name}（{last_day}）。"
        last_day, last_name = day, f"{level}的审核截止日"
    for name, label, (start, _) in (("study_from", "在线学习", dates.study), ("training_from", "培训", dates.training)):
        if start and last_day and start < last_day:
            yield name, f"{label}开始日（{start}）不能早于{last_name}（{last_day}）。"
    yield from _find_early_exam(dates)


def _find_early_exam(dates: PlanDates) -> Iterator[tuple[str, str]]:
    starts = dates.exam[0]
    if starts is None:
        return
    if dates.window.closes_at and starts < dates.window.closes_at:
        yield "exam_starts_at", "考试开始时间不能早于报名截止时间，请核对。"
    reviews = [day for _, day in dates.review_by]
    for label, days in (("审核截止日", reviews), ("在线学习", dates.study), ("培训", dates.training)):
        known = [day for day in days if day]
        if known and starts.date() < max(known):
            yield "exam_starts_at", f"考试开始日不能早于{label}的最后一天（{max(known)}）。"
