"""Offline training and the end of a class: who may sit where, and what an attendance can be."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum

from portal.rules.errors import Invalid
from portal.rules.flows.registration import State

# Online study comes first (R4.12); whoever has failed or is up for a decision is no longer assigned. Somebody may have
# passed already where the offline training ends without an assessment of its own.
ASSIGNABLE = frozenset({State.STUDY_DONE, State.ASSESSED_PART, State.PASSED})
# Whom a session is still for, among them: who has passed everything is assigned only on purpose.
STILL_NEEDED = frozenset({State.STUDY_DONE, State.ASSESSED_PART})
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
