"""How study time is counted: what is required, what one beat is worth, and how a plan's minutes are shared out."""

from datetime import datetime, timedelta

BEAT_SECONDS = 20  # how often an open study page reports
MAX_BEAT = 60  # seconds one beat can be worth at most: a page that was silent longer was not being studied


def count_required(minutes: int | None, class_hours: int | None, class_hour_minutes: int) -> int:
    """Seconds of study a plan requires: its minutes, or else its class hours (R4.03, R4.04); 0 when it states neither.

    皖技鉴〔2021〕 附件2 三: 学习时长为 120 分钟; 川人社职鉴〔2022〕21号 五: 视频培训课时.
    """
    return 60 * (minutes if minutes is not None else (class_hours or 0) * class_hour_minutes)


def credit_beat(last: datetime, now: datetime, *, room: int, closes_at: datetime | None) -> tuple[int, datetime]:
    """What the time since the last beat is worth, in whole seconds, and from when the next beat counts.

    Never more than has passed on the server's clock, than MAX_BEAT, than the module has `room` for, or than lies before
    the end of the study time (R2.12, R4.05). A clock that was turned back is worth nothing. Fractions of a second are
    carried over, so that many short beats lose nothing.
    """
    until = min(now, closes_at) if closes_at else now
    elapsed = int((until - last).total_seconds()) if until > last else 0
    if elapsed > MAX_BEAT or now < last:
        return max(0, min(elapsed, MAX_BEAT, room)), now
    return max(0, min(elapsed, room)), last + timedelta(seconds=elapsed)


def share_minutes(total: int | None, parts: int, *, least: int = 1) -> list[int]:
    """A plan's minutes shared evenly among its modules: they add up to `total`, the first ones have the odd minutes.

    Without a total each gets one class hour of 45 minutes, to be edited.
    """
    if not total:
        return [45] * parts
    whole, rest = divmod(total, parts)
    return [max(least, whole + (place < rest)) for place in range(parts)]


def percent(done: int, required: int) -> int:
    """How far somebody is, 0 to 100, cut and never rounded up: 100 means that nothing is missing."""
    return 100 if required <= 0 else min(100, done * 100 // required)
