"""Lists in pages: from the last row shown onwards, whatever is added or removed meanwhile."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from flask import request, url_for
from peewee import Field, ModelSelect, Tuple


@dataclass(frozen=True)
class Listed:
    """One page of a list, with the addresses of its neighbours ('' where there is none)."""

    rows: list
    previous: str
    next: str


def take_page(query: ModelSelect, *columns: Field, newest_first: bool = False, size: int = 50) -> Listed:
    """The page of `query` that the address asks for; `columns` are the order, none of them null, unique together."""
    before, after = _cursor("before", columns), _cursor("after", columns)
    key = columns[0] if len(columns) == 1 else Tuple(*columns)

    def ordered(backwards: bool):
        descending = newest_first != backwards
        return query.order_by(*(column.desc() if descending else column for column in columns)).limit(size + 1)

    def beyond(cursor: list, backwards: bool):
        value = cursor[0] if len(columns) == 1 else tuple(cursor)
        return (key < value) if newest_first != backwards else (key > value)

    if before is not None:
        rows = list(ordered(True).where(beyond(before, True)))
        has_previous, has_next, rows = len(rows) > size, True, rows[:size][::-1]
    else:
        rows = list(ordered(False) if after is None else ordered(False).where(beyond(after, False)))
        has_previous, has_next, rows = after is not None, len(rows) > size, rows[:size]
    return Listed(
        rows,
        _address("before", rows[0], columns) if rows and has_previous else "",
        _address("after", rows[-1], columns) if rows and has_next else "",
    )


def _cursor(name: str, columns: Sequence[Field]) -> list | None:
    """The place a neighbour's address carries; None when there is none or somebody has changed it."""
    try:
        values = json.loads(request.args.get(name, "null"))
    except ValueError:
        return None
    plain = isinstance(values, list) and len(values) == len(columns)
    if not plain or not all(isinstance(value, str) or (type(value) is int and abs(value) < 2**63) for value in values):
        return None
    return values


def _address(name: str, row, columns: Sequence[Field]) -> str:
    kept = {key: value for key, value in request.args.items() if key not in ("before", "after") and value}
    # The stored value: of a reference the id, not the row behind it.
    place = json.dumps([row.__data__[column.name] for column in columns], ensure_ascii=False, separators=(",", ":"))
    return url_for(request.endpoint, **(request.view_args or {}), **kept, **{name: place})
