"""What the address of a queue page says, and the small SQL words that all queue queries share."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from portal.database import database
from portal.rules import identity
from portal.rules.flows.registration import Action
from portal.rules.kinds import KINDS

PAGE = 50
CAP = 1000  # counters stop here ("999+"), so that their cost does not grow with the rows
# A search that finds up to this many cases fetches and sorts them; a wider one walks the queue and tests each title.
FETCHED = 5000
TABS = ("waiting", "returned", "behalf", "today", "done")
DECISIONS = (str(Action.PASS), str(Action.RETURN), str(Action.REJECT))
_CHOICES = ("kind", "plan", "unit", "city", "occupation", "due", "claimed", "outcome", "q")


@dataclass(frozen=True)
class Filters:
    """What the address of a queue page says; everything typed or chosen, checked, so that it can be shared.

    `kind` is one of rules.kinds.KINDS, `due` late | today | soon | later | none, `claimed` mine | others | free,
    `outcome` (done only) one of DECISIONS; `after` and `before` are keyset cursors "2022-12-09_17".
    """

    tab: str = "waiting"
    kind: str = ""
    plan: int | None = None
    unit: str = ""
    city: str = ""
    occupation: str = ""
    due: str = ""
    claimed: str = ""
    outcome: str = ""
    q: str = ""
    after: str = ""
    before: str = ""

    @property
    def active(self) -> int:
        """How many filters are set."""
        return sum(bool(getattr(self, name)) for name in _CHOICES)

    def without_page(self) -> "Filters":
        """The same set from its beginning."""
        return replace(self, after="", before="")

    def query(self) -> dict:
        """The address's query: only what differs from the default."""
        return {name: value for name, value in vars(self).items() if value != getattr(Filters, name)}


def read_filters(values: Mapping) -> Filters:
    """Filters from a query string's mapping; what cannot be meant is left out, never an error."""
    def text(name: str, longest: int = 60) -> str:
        return " ".join(str(values.get(name) or "").split())[:longest]

    def one_of(name: str, allowed: tuple) -> str:
        return text(name) if text(name) in allowed else ""

    plan = text("plan", 12)
    return Filters(
        tab=one_of("tab", TABS) or "waiting",
        kind=one_of("kind", tuple(KINDS)),
        plan=int(plan) if plan.isascii() and plan.isdigit() else None,
        unit=text("unit"),
        city=text("city"),
        occupation=text("occupation"),
        due=one_of("due", ("late", "today", "soon", "later", "none")),
        claimed=one_of("claimed", ("mine", "others", "free")),
        outcome=one_of("outcome", DECISIONS),
        q=text("q"),
        after=text("after") if parse_cursor(text("after")) else "",
        before=text("before") if parse_cursor(text("before")) else "",
    )


def cursor_of(due_on: date, id_: int) -> str:
    """The keyset cursor of a row."""
    return f"{due_on.isoformat()}_{id_}"


def capped(number: int) -> str:
    """A counter as shown: 999+ where it was not counted further."""
    return f"{CAP - 1}+" if number >= CAP else str(number)


class Searched(NamedTuple):
    """The ids a search found."""

    ids: list
    complete: bool  # False: there are more than FETCHED, so the ids are not all


def search(q: str) -> Searched | None:
    """The cases a search text means: a receipt number, a document or phone number exactly, or part of a name."""
    if not q:
        return None
    if any(character.isdigit() for character in q):
        number = identity.normalise(q)
        ids = ids_of(
            """SELECT id FROM "case" WHERE number = :n
            UNION SELECT c.id FROM person p JOIN "case" c ON c.person_id = p.id
              WHERE p.id_number = :n AND p.id_type IN (SELECT value FROM json_each(:types))
            UNION SELECT c.id FROM person p JOIN "case" c ON c.person_id = p.id WHERE p.phone = :n LIMIT 5001""",
            {"n": number, "types": json.dumps(list(identity.DOCUMENT_TYPES))},
        )
        return Searched(ids, True)
    characters = [c for c in q if c.isalpha()]
    if not characters:
        return Searched([], True)
    phrase = '"' + " ".join(characters) + '"'
    ids = ids_of("SELECT rowid FROM case_name WHERE case_name MATCH ? LIMIT ?", (phrase, FETCHED + 1))
    return Searched(ids, len(ids) <= FETCHED)


def ids_of(sql: str, values) -> list[int]:
    """The first column of a query."""
    return [line[0] for line in database.execute_sql(sql, values).fetchall()]


def contains(text: str) -> str:
    """The LIKE pattern (ESCAPE '\\') for texts that contain this one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def parse_cursor(text: str, moment: bool = False) -> tuple[str, int] | None:
    """A keyset cursor as (day or moment as stored, id); None for anything else."""
    day, _, number = text.rpartition("_")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    try:
        parsed = datetime.fromisoformat(day)
    except ValueError:
        return None
    return (text_of(parsed) if moment else parsed.date().isoformat()), int(number)


def text_of(value: datetime) -> str:
    """A moment as the database stores it."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")


def parse_moment(text: str | None) -> datetime | None:
    """A stored moment; None for none."""
    return datetime.fromisoformat(text) if text else None
