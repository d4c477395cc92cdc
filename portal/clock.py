"""The only place that asks the time: naive datetimes on the wall clock of Asia/Shanghai, whatever the server's zone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

# China has had one zone and no summer time since 1991, so a fixed offset is exact and needs no tz database.
_SHANGHAI = timedelta(hours=8)
_frozen: datetime | None = None


def now() -> datetime:
    """The present moment on the Asia/Shanghai wall clock, without tzinfo, to the microsecond."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC).replace(tzinfo=None) + _SHANGHAI + _shift()


def today() -> date:
    """The calendar day in Asia/Shanghai."""
    return now().date()


def set_for_test(moment: datetime | None) -> None:
    """Freeze the clock at `moment` (tests only); None lets it run again."""
    global _frozen
    _frozen = moment


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside the block it is `moment`: for the demo loader alone, which lets happen what lies before today."""
    global _frozen
    before, _frozen = _frozen, moment
    try:
        yield
    finally:
        _frozen = before


def _shift() -> timedelta:
    """Offset for a test server in a process of its own: seconds, or the file that holds them and may change while it
    runs; settings refuse it outside of tests."""
    shift = os.environ.get("PORTAL_TEST_CLOCK_SHIFT", "0") or "0"
    if shift.startswith("/"):
        with open(shift, encoding="ascii") as file:
            shift = file.read()
    return timedelta(seconds=float(shift))
