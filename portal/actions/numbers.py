"""Numbers that are given out once: a counter row moved inside the transaction that uses the number."""

from portal.database import database
from portal.models import Counter


def next_number(series: str) -> int:
    """The next number of a series, from 1, gapless; rolled back together with whatever used it."""
    assert database.in_transaction(), "a number is drawn inside the transaction that uses it"
    row = (
        Counter.insert(name=series, last=1)
        .on_conflict(conflict_target=[Counter.name], update={Counter.last: Counter.last + 1})
        .returning(Counter.last)
        .tuples()
        .execute()
    )
    return next(iter(row))[0]


def touch(series: str) -> None:
    """Move a counter that only serves as a stamp of change, such as the calendar's."""
    next_number(series)
