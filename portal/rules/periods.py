"""Lengths of time by the calendar: full years of age, and experience computed from a log of periods."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DAYS_OF_A_BROKEN_YEAR = 365


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included; `last` None means that it still runs."""

    first: date
    last: date | None = None


@dataclass(frozen=True)
class Experience:
    """The measured log: `years` full years, `whole_months` full calendar months summed over the `spells`
    (unbroken stretches), `loose_days` beside them, `total_days` in all."""

    years: int
    whole_months: int
    loose_days: int
    total_days: int
    spells: int

    @property
    def words(self) -> str:
        """Such as 累计13个月零5天（共401天）; broken experience also names the number of spells."""
        length = f"{self.whole_months}个月" if self.whole_months else ""
        if self.loose_days or not length:
            length += f"零{self.loose_days}天" if length else f"{self.loose_days}天"
        broken = f"，分{self.spells}段" if self.spells > 1 else ""
        return f"累计{length}（共{self.total_days}天{broken}）"


def full_years(since: date, on: date) -> int:
    """Full years between two days, 周岁: one more on each anniversary; 29 February has its anniversary on 1 March."""
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def merge_periods(periods: Iterable[Period], on: date) -> tuple[tuple[date, date], ...]:
    """Unbroken stretches up to `on`, sorted; overlapping and directly following periods become one.

    Running periods end `on`; what lies after `on`, or ends before it begins, does not count.
    """
    spells: list[tuple[date, date]] = []
    for first, last in sorted((period.first, min(period.last or on, on)) for period in periods):
        if last < first:
            continue
        if spells and first <= spells[-1][1] + timedelta(days=1):
            spells[-1] = (spells[-1][0], max(spells[-1][1], last))
        else:
            spells.append((first, last))
    return tuple(spells)


def measure_experience(periods: Iterable[Period], on: date) -> Experience:
    """Measure a work log as of the day `on`.

    An unbroken year runs from a day to the day before its anniversary, so it has 365 or 366 days; over several spells
    no calendar year applies and 365 days make one (川人社职鉴〔2022〕21号 四（三）: 至少一年以上).
    """
    spells = merge_periods(periods, on)
    months = [_count_whole_months(first, last) for first, last in spells]
    total_days = sum((last - first).days + 1 for first, last in spells)
    years = max((full_years(first, last + timedelta(days=1)) for first, last in spells), default=0)
    if len(spells) > 1:
        years = max(years, total_days // DAYS_OF_A_BROKEN_YEAR)
    return Experience(
        years=years,
        whole_months=sum(count for count, _ in months),
        loose_days=sum(days for _, days in months),
        total_days=total_days,
        spells=len(spells),
    )


def total_months(periods: Iterable[Period], on: date) -> int:
    """Total months of experience for the review page (R1.22): whole calendar months of each spell, and one more for
    every 31 days left over, so that the figure never says more than was worked."""
    worked = measure_experience(periods, on)
    return worked.whole_months + worked.loose_days // 31


def _count_whole_months(first: date, last: date) -> tuple[int, int]:
    """Whole months and remaining days of a spell, both ends included."""
    after = last + timedelta(days=1)
    months = (after.year - first.year) * 12 + after.month - first.month - (after.day < first.day)
    begun = _add_months(first, months)
    return months, (after - begun).days


def _add_months(day: date, months: int) -> date:
    """The same day of a later month; where that month is too short, the first of the month after it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        year, month = divmod(year * 12 + month + 1, 12)
        return date(year, month + 1, 1)
