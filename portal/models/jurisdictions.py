"""The jurisdiction profiles in use and the working-day calendar: what the rules need to know of this instance."""

from pathlib import Path

from portal.database import database
from portal.models.catalogues import CalendarYear, Workday
from portal.rules.profile import Profile, load_profiles
from portal.rules.workdays import Calendar

_profiles: dict[str, Profile] = {}
_calendar: tuple[int, Calendar] | None = None


def use_profiles(folder: Path) -> None:
    """Load and check every profile of the folder; raises ProfileError, which names file and key (R13.20)."""
    _profiles.clear()
    _profiles.update(load_profiles(folder))


def profiles() -> dict[str, Profile]:
    """All profiles by key."""
    return dict(_profiles)


def profile_of(province: str) -> Profile:
    """The profile of a province by its key. There is no global profile."""
    return _profiles[province]


def working_calendar() -> Calendar:
    """The calendar as stored; read again whenever the counter "calendar" has moved (every change moves it)."""
    global _calendar
    row = database.execute_sql("SELECT last FROM counter WHERE name = 'calendar'").fetchone()
    stamp = row[0] if row else 0
    if _calendar is None or _calendar[0] != stamp:
        days = list(Workday.select(Workday.day, Workday.is_workday).tuples())
        _calendar = (
            stamp,
            Calendar(
                frozenset(day for day, worked in days if not worked),
                frozenset(day for day, worked in days if worked),
                frozenset(year for (year,) in CalendarYear.select(CalendarYear.year).tuples()),
            ),
        )
    return _calendar[1]


def forget_calendar() -> None:
    """Drop the cached calendar (tests that roll their database back need it)."""
    global _calendar
    _calendar = None


def official_calendar() -> Calendar:
    """The calendar of all years whose official arrangements the library knows, as `flask init` loads it."""
    import chinese_calendar

    first, last = min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year
    return Calendar(
        frozenset(chinese_calendar.holidays), frozenset(chinese_calendar.workdays), frozenset(range(first, last + 1))
    )
