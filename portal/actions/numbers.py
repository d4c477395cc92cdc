"""Numbers that are given out once: a counter row moved inside the transaction that uses the number."""

from portal.database import database

# Drawn at most verbs, a thousand times in one batch of credentials, while the only write lock is held.
_DRAW = "INSERT INTO counter (name, last) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last"


def next_number(series: str) -> int:
    """The next number of a series, from 1, gapless; rolled back together with whatever used it."""
    assert database.in_transaction(), "a number is drawn inside the transaction that uses it"
    return database.execute_sql(_DRAW, (series,)).fetchone()[0]


def touch(series: str) -> None:
    """Move a counter that only serves as a stamp of change, such as the calendar's."""
    next_number(series)
