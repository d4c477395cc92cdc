"""Which page a case is shown on: one room for each kind of case (rules.kinds)."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.models import Case
from portal.rules.flows import registration as registrations
from portal.rules.flows import statement as statements
from portal.web.desk import registration, statement
from portal.web.pages import show


@dataclass(frozen=True)
class Room:
    """The page of one kind, the piece that HTMX swaps, and what fills them: f(case, form=…, typed=…) -> context.

    The pieces of all kinds have the root #desk: the next case takes the place of this one, whatever its kind.

    `stays_after`: the decisions after which the reader still has something to do with the case.
    """

    page: str
    piece: str
    context_of: Callable[..., dict]
    stays_after: frozenset[str] = frozenset()


ROOMS: dict[str, Room] = {
    registrations.FLOW.name: Room("desk/case.html", "desk/_desk.html", registration.context_of),
    statements.FLOW.name: Room(
        "desk/statement.html", "desk/_statement.html", statement.context_of, frozenset({statements.Action.PASS})
    ),
}


def show_case(found: Case, status: int = 200, *, form=None, typed=None, message: dict | None = None, **more):
    """The case's page, whole or as a piece; `more` replaces single values of its context."""
    room = ROOMS[found.kind]
    context = room.context_of(found, form=form, typed=typed) | {"message": message} | more
    return show(room.page, pieces=(room.piece,), status=status, **context)


def parts_of(found: Case) -> dict:
    """The context of a case's page: what a small form on it is checked against."""
    return ROOMS[found.kind].context_of(found)
