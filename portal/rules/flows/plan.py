"""The life of a plan (appendix D8): publishing, cancelling and finishing are acts; the rest follows the dates."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum


class PlanState(StrEnum):
    """What somebody decided about the plan."""

    DRAFT = "draft"
    PUBLISHED = "published"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """Where a plan stands at a moment, computed from its state and its dates."""

    DRAFT = "draft"
    PUBLISHED = "published"
    OPEN = "open"
    CLOSED = "closed"
    TRAINING = "training"
    EXAM = "exam"
    FINISHED = "finished"
    CANCELLED = "cancelled"


PHASE_LABELS = {
    Phase.DRAFT: "草稿",
    Phase.PUBLISHED: "已发布（未开始报名）",
    Phase.OPEN: "报名中",
    Phase.CLOSED: "报名已截止",
    Phase.TRAINING: "培训中",
    Phase.EXAM: "考核中",
    Phase.FINISHED: "已结束",
    Phase.CANCELLED: "已取消",
}
PHASE_TONES = {
    Phase.DRAFT: "neutral",
    Phase.PUBLISHED: "soon",
    Phase.OPEN: "good",
    Phase.CLOSED: "neutral",
    Phase.TRAINING: "good",
    Phase.EXAM: "soon",
    Phase.FINISHED: "neutral",
    Phase.CANCELLED: "bad",
}


@dataclass(frozen=True)
class Window:
    """A span from the start of the first day (or its clock time) to a last day.

    With a closing time the clock time wins and is exclusive (17:00:00 is late); without one the last day counts
    whole (皖人协秘〔2021〕2号 附件1 备注①; R2.08, R2.10). Either end may be blank; then it is never open (R2.11).
    """

    opens_on: date | None
    closes_on: date | None
    closes_time: time | None = None
    opens_time: time | None = None

    @property
    def opens_at(self) -> datetime | None:
        """The first instant that is inside."""
        return None if self.opens_on is None else datetime.combine(self.opens_on, self.opens_time or time())

    @property
    def closes_at(self) -> datetime | None:
        """The first instant that is outside again."""
        if self.closes_on is None:
            return None
        if self.closes_time is not None:
            return datetime.combine(self.closes_on, self.closes_time)
        return datetime.combine(self.closes_on + timedelta(days=1), time())

    def is_complete(self) -> bool:
        """Both ends are filled in."""
        return self.opens_on is not None and self.closes_on is not None

    def contains(self, moment: datetime) -> bool:
        """Whether the moment lies inside; never for a blank window."""
        return self.is_complete() and self.opens_at <= moment < self.closes_at

    def lies_in(self, outer: "Window") -> bool:
        """Whether this window is inside another, ends included (R2.42)."""
        if not (self.is_complete() and outer.is_complete()):
            return False
        return outer.opens_at <= self.opens_at and self.closes_at <= outer.closes_at


def phase(
    state: str,
    moment: datetime,
    *,
    window: Window,
    training: Window,
    exam_starts_at: datetime | None,
    exam_ends_at: datetime | None,
) -> Phase:
    """Where the plan stands at `moment`; changes by date without anybody acting (R2.34)."""
    if state != PlanState.PUBLISHED:
        return Phase(state)
    if not window.is_complete() or moment < window.opens_at:
        return Phase.PUBLISHED
    if moment < window.closes_at:
        return Phase.OPEN
    if exam_starts_at and exam_starts_at <= moment and (exam_ends_at is None or moment < exam_ends_at):
        return Phase.EXAM
    if training.is_complete() and training.contains(moment):
        return Phase.TRAINING
    return Phase.CLOSED
