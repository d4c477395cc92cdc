"""Legal days: which day is worked, and when a term of working days, days, months or years ends; arithmetic on a table.

The start day is never counted (民法典 第二百零一条).  A year without an official calendar is computed Monday to Friday
and must be shown with ESTIMATED_NOTE.
"""

import calendar as _gregorian
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from portal.rules.errors import Invalid

ESTIMATED_NOTE = "暂按未公布节假日计算"
NO_DEADLINE = "无期限"
SOON = 3  # up to this many working days left, the queue says "soon"

_ALL_DAYS = range(1, date.max.toordinal() + 1)


class Unit(StrEnum):
    """The units in which the source documents give their terms; the values are the words printed after the number."""

    WORKING_DAYS = "个工作日"
    DAYS = "日"
    MONTHS = "个月"
    YEARS = "年"


class Term(NamedTuple):
    """A length of time as the documents give it, such as Term(60, Unit.WORKING_DAYS)."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit.value}"


class Step(NamedTuple):
    """One day looked at while counting: whether it counted, and why, in Chinese."""

    day: date
    counted: bool
    reason: str


class Explanation(NamedTuple):
    """How a count came about: each day looked at, the resulting day, and whether a year was only estimated."""

    steps: list[Step]
    result: date
    estimated: bool


class Remaining(NamedTuple):
    """What a queue shows of a deadline: signed working days (None without one), the word, and the tone of its colour.

    Tones: "none", "ok", "soon", "today", "late".
    """

    days: int | None
    word: str
    tone: str


@dataclass(frozen=True)
class Calendar:
    """The official calendar as exceptions from Monday to Friday.

    `days_off`: weekdays that are free; `days_worked`: weekend days that are worked (调休); `years`: the years whose
    calendar the State Council has published and somebody has loaded.  A weekend day among `days_off`, or a weekday
    among `days_worked`, changes nothing, so a full holiday list may be given as it is.
    """

    days_off: frozenset[date] = frozenset()
    days_worked: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()
    _off: list[int] = field(init=False, repr=False, compare=False)
    _worked: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        # Sorted ordinals of the exceptions that matter: counting is then two bisections, whatever the distance.
        off = sorted(day.toordinal() for day in self.days_off if day.weekday() < 5)
        worked = sorted(day.toordinal() for day in self.days_worked if day.weekday() >= 5)
        object.__setattr__(self, "_off", off)
        object.__setattr__(self, "_worked", worked)

    def is_workday(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return day in self.days_worked if day.weekday() >= 5 else day not in self.days_off

    def covers(self, day: date) -> bool:
        """Whether the year of `day` has an official calendar."""
        return day.year in self.years

    def is_estimated(self, a: date, b: date) -> bool:
        """Whether any year from `a` to `b` (in either order) lacks an official calendar: then show ESTIMATED_NOTE."""
        first, last = sorted((a.year, b.year))
        return any(year not in self.years for year in range(first, last + 1))

    def between(self, a: date, b: date) -> int:
        """The working days after `a` up to and including `b`; negative when `b` is before `a`, 0 on the same day."""
        if b >= a:
            return self._rank(b.toordinal()) - self._rank(a.toordinal())
        return self._rank(b.toordinal() - 1) - self._rank(a.toordinal() - 1)

    def add(self, start: date, n: int) -> date:
        """The n-th working day after `start` (not counted); a negative `n` counts back, 0 gives `start` itself.

        Raises Invalid("days") beyond the years 1 to 9999.
        """
        if n == 0:
            return start
        # Counting back, the start day itself must not count either, so the rank before it is the base.
        base = self._rank(start.toordinal()) if n > 0 else self._rank(start.toordinal() - 1) + 1
        wanted = base + n
        found = bisect_left(_ALL_DAYS, wanted, key=self._rank)
        if wanted < 1 or found == len(_ALL_DAYS):
            raise _beyond_range()
        return date.fromordinal(_ALL_DAYS[found])

    def explain(self, start: date, n: int) -> Explanation:
        """Count like `add`, and tell for each day looked at whether it counted and why."""
        result = self.add(start, n)
        direction = 1 if n > 0 else -1
        steps = [
            self._step(date.fromordinal(ordinal))
            for ordinal in range(start.toordinal() + direction, result.toordinal() + direction, direction)
            if n != 0
        ]
        return Explanation(steps, result, self.is_estimated(start, result))

    def due(self, start: date, term: Term) -> date:
        """The last day of a term that begins on `start` (not counted); a negative amount gives the last day before.

        `end = due(...)` is still in time; the term is over at `last_moment(end)`.
        """
        match term.unit:
            case Unit.WORKING_DAYS:
                return self.add(start, term.amount)
            case Unit.DAYS:
                return add_days(start, term.amount)
            case Unit.MONTHS:
                return add_months(start, term.amount)
            case Unit.YEARS:
                return add_years(start, term.amount)
        raise ValueError(f"no such unit: {term.unit!r}")

    def remaining(self, today: date, due_on: date | None) -> Remaining:
        """What the queue shows on `today` for a deadline whose last day is `due_on` (None: no deadline)."""
        if due_on is None:
            return Remaining(None, *remaining_word(None))
        if due_on > today:
            left = self.between(today, due_on)
            if left == 0:  # today and the last day lie in one stretch of free days: "today" would be wrong
                return Remaining(0, f"剩{(due_on - today).days}天（休息日到期）", "soon")
            return Remaining(left, *remaining_word(left))
        if due_on < today:
            over = self.between(due_on, today)
            if over == 0:  # the last day has passed, but no working day since
                return Remaining(0, "已逾期", "late")
            return Remaining(-over, *remaining_word(-over))
        return Remaining(0, *remaining_word(0))

    def _rank(self, ordinal: int) -> int:
        """How many working days lie in the years from 1 up to and including this ordinal (ordinal 1 is a Monday)."""
        weeks, rest = divmod(ordinal, 7)
        return 5 * weeks + min(rest, 5) - bisect_right(self._off, ordinal) + bisect_right(self._worked, ordinal)

    def _step(self, day: date) -> Step:
        is_weekend = day.weekday() >= 5
        if is_weekend:
            reason = "周末调休上班" if day in self.days_worked else "节假日" if day in self.days_off else "周末"
        else:
            reason = "节假日放假" if day in self.days_off else "工作日"
        if not self.covers(day):
            reason += f"（{ESTIMATED_NOTE}）"
        return Step(day, self.is_workday(day), reason)


def remaining_word(days: int | None) -> tuple[str, str]:
    """Word and tone for `days` working days left (negative: over; None: no deadline).

    When only the two dates are known use `Calendar.remaining`, which knows the cases around free days.
    """
    if days is None:
        return NO_DEADLINE, "none"
    if days < 0:
        return f"逾期{-days}个工作日", "late"
    if days == 0:
        return "今天到期", "today"
    return f"剩{days}个工作日", "soon" if days <= SOON else "ok"


def add_days(start: date, n: int) -> date:
    """The n-th calendar day after `start` (not counted); raises Invalid("days") beyond the years 1 to 9999."""
    try:
        return start + timedelta(days=n)
    except OverflowError:
        raise _beyond_range() from None


def add_months(start: date, n: int) -> date:
    """The same day `n` months later; the month's last day where that day is missing (民法典 第二百零二条)."""
    year, month = divmod(start.year * 12 + start.month - 1 + n, 12)
    if not date.min.year <= year <= date.max.year:
        raise _beyond_range()
    return date(year, month + 1, min(start.day, _gregorian.monthrange(year, month + 1)[1]))


def add_years(start: date, n: int) -> date:
    """The same day `n` years later; 28 February where 29 February is missing (民法典 第二百零二条)."""
    return add_months(start, 12 * n)


def last_day_of_validity(issued: date, years: int) -> date:
    """The last valid day of what is valid from its day of issue: the day before the anniversary.

    Issued 2023-03-01 for 3 years: 2026-02-28 (川人社职鉴〔2022〕21号 七).
    """
    anniversary = add_years(issued, years)
    if anniversary.day != issued.day:  # 29 February has no anniversary: the clamped day itself completes the year
        return anniversary
    return add_days(anniversary, -1)


def month_end(year: int, month: int) -> date:
    """The last day of a month, such as the end of March for annual reports (3月底前)."""
    return date(year, month, _gregorian.monthrange(year, month)[1])


def last_moment(day: date) -> datetime:
    """The instant at which `day` is over: the next day 00:00, itself no longer in time."""
    return datetime.combine(add_days(day, 1), time.min)


def is_within(moment: datetime, start: date | datetime | None, end: date | datetime | None) -> bool:
    """Whether `moment` lies in a window: plain days count whole, first and last included; a clock time ends sharply.

    Until 9 August: 23:59:59 on that day is in time.  8月9日17:00前: 16:59:59 is in time, 17:00:00 is not.
    None leaves that side open.
    """
    if start is not None and not isinstance(start, datetime):
        start = datetime.combine(start, time.min)
    if end is not None and not isinstance(end, datetime):
        end = last_moment(end)
    return (start is None or moment >= start) and (end is None or moment < end)


def _beyond_range() -> Invalid:
    return Invalid("days", "天数太大，超出可计算的日期范围，请改小")
