"""Offline training and the end of a class: who may sit where, what an attendance can be, and when a period is over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from portal.rules.errors import Invalid
from portal.rules.flows.registration import State

# Online study comes first (R4.12); whoever has failed or is up for a decision is no longer assigned. Somebody may have
# passed already where the offline training ends without an assessment of its own.
ASSIGNABLE = frozenset({State.STUDY_DONE, State.ASSESSED_PART, State.PASSED})
# The states in which the end of the class left somebody behind, and what was decided about it.
LEFT_BEHIND = frozenset({State.UNFINISHED, State.EXCUSED, State.STRUCK})
HAS_PASSED = frozenset({State.PASSED, State.CERTIFIED})
OTHER_REASON = "其他"
MOST_SEATS = 5000


class Value(StrEnum):
    """The attendance of one participant at one session (川人社职鉴〔2022〕21号 八（二）; R4.15)."""

    PRESENT = "present"
    EXCUSED = "excused"
    ABSENT = "absent"


VALUE_LABELS = {Value.PRESENT: "到场", Value.EXCUSED: "有正当理由未到", Value.ABSENT: "无故缺勤"}
VALUE_TONES = {Value.PRESENT: "good", Value.EXCUSED: "neutral", Value.ABSENT: "bad"}


@dataclass(frozen=True)
class Period:
    """When the parts of a plan end, None where nothing says so: the online study, and the online assessment."""

    study_ends: datetime | None
    exam_ends: datetime | None

    def is_study_over(self, moment: datetime) -> bool:
        """Whether no more study counts at `moment` (R4.06)."""
        return self.study_ends is not None and moment >= self.study_ends

    def is_exam_over(self, moment: datetime) -> bool:
        """Whether the online assessment can no longer be started at `moment` (R5.15)."""
        return self.exam_ends is not None and moment >= self.exam_ends


def period_of(study_ends: datetime | None, exam_ends: datetime | None) -> Period:
    """The period of a plan: a self-timed assessment without an end of its own ends with the study window."""
    return Period(study_ends, exam_ends or study_ends)


def is_offered(region: str | None, allowed: Collection[str]) -> bool:
    """Whether people who may train in the `allowed` regions (codes) are sent to a session in `region` (R4.14, R0.22).

    A session without a region is for everybody.
    """
    return region is None or region in allowed


def check_times(starts_at: datetime | None, ends_at: datetime | None, study_opens: date | None = None) -> None:
    """Raises Invalid for a session without times, that ends before it starts, or comes before the online study."""
    if starts_at is None:
        raise Invalid("starts_at", "请填写开始时间。")
    if ends_at is None:
        raise Invalid("ends_at", "请填写结束时间。")
    if ends_at <= starts_at:
        raise Invalid("ends_at", "结束时间应晚于开始时间。")
    if study_opens is not None and starts_at.date() < study_opens:
        raise Invalid("starts_at", f"线下培训在在线学习之后开展，不能早于{study_opens:%Y-%m-%d}。")
