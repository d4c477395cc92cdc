"""What waits on a reviewer's desk: the queue, its counters and searches; bounded, however many cases there are.

The hot queries are written as SQL: each is one walk along an index of "case", limited before it joins.
"""

import json
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from portal import clock
from portal.database import database
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import working_calendar
from portal.models.queue_filters import (
    CAP,
    FETCHED,
    PAGE,
    Filters,
    contains,
    cursor_of,
    ids_of,
    parse_cursor,
    parse_moment,
    search,
    text_of,
)
from portal.rules.flows.registration import State
from portal.rules.flows.statement import FLOW as _STATEMENTS
from portal.rules.workdays import SOON, Calendar
from portal.rules.workflow import Actor

STATEMENT = _STATEMENTS.name
MERGED = 60  # organisations whose rows are merged; above that the whole queue is walked


class QueueRow(NamedTuple):
    """One line of the queue, read with joins; no model is built for it."""

    id: int
    version: int
    kind: str
    state: str
    number: str | None
    title: str
    due_on: date
    arrived_at: datetime | None
    claimed_by: int | None
    claimer: str | None
    claimed_until: datetime | None
    plan: str | None
    organisation: str | None
    region: str | None
    occupation: str | None
    job: str | None
    corrections: int
    awaits_stamp: int
    seat: str
    hindrance: str | None  # "own" or "same" (decided at an earlier level): why this reader must not decide


_COLUMNS = """c.id, c.version, c.kind, c.state, c.number, c.title, c.due_on, c.arrived_at,
  CASE WHEN c.claimed_until > :now THEN c.claimed_by_id END, u.name, c.claimed_until,
  p.name, o.name, g.name, k.name, k.job,
  (SELECT count(*) FROM correction x WHERE x.case_id = c.id AND x.withdrawn_at IS NULL),
  r.stamp_exception IS NOT NULL AND r.stamp_exception <> 'null' AND r.stamped_form_id IS NULL,
  (SELECT t.seat FROM step t WHERE t.case_id = c.id AND t.position = c.position),
  CASE WHEN c.person_id = (SELECT h.id FROM person h WHERE h.user_id = :reader) THEN 'own'
    WHEN EXISTS (SELECT 1 FROM step t WHERE t.case_id = c.id AND t.position < c.position AND +t.decided_by_id = :reader
      AND t.outcome IS NOT NULL) THEN 'same' END"""
_JOINS = """JOIN "case" c ON c.id = found.id
  LEFT JOIN plan p ON p.id = c.plan_id LEFT JOIN organisation o ON o.id = c.organisation_id
  LEFT JOIN region g ON g.id = o.region_id LEFT JOIN registration r ON r.case_id = c.id
  LEFT JOIN occupation k ON k.id = r.occupation_id
  LEFT JOIN user u ON u.id = c.claimed_by_id AND c.claimed_until > :now"""


class QueuePage(NamedTuple):
    """One page of a queue: its rows and the cursors of its neighbours ('' where there is none)."""

    rows: list
    previous: str
    next: str


def waiting_for(
    actor: Actor, filters: Filters, limit: int = PAGE, *, calendar: Calendar | None = None
) -> QueuePage:
    """The cases at this actor's office that the filters leave, by due date; one query (two with a search).

    `calendar` saves the question for it where the caller has it at hand.
    """
    backwards = bool(filters.before)
    sql, values = _found(actor, filters, limit + 1, calendar=calendar)
    order = "DESC" if backwards else "ASC"
    cursor = database.execute_sql(
        f"SELECT {_COLUMNS} FROM ({sql}) found {_JOINS} ORDER BY c.due_on {order}, c.id {order}", values
    )
    rows = [_row(line) for line in cursor.fetchall()]
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    has_previous, has_next = (more, True) if backwards else (bool(filters.after), more)
    return QueuePage(
        rows,
        cursor_of(rows[0].due_on, rows[0].id) if rows and has_previous else "",
        cursor_of(rows[-1].due_on, rows[-1].id) if rows and has_next else "",
    )


def ids_waiting_for(actor: Actor, filters: Filters, limit: int) -> list[tuple[int, int]]:
    """(id, version) of the whole filtered set in queue order, at most `limit`: what a bulk decision freezes."""
    sql, values = _found(actor, filters.without_page(), limit)
    lines = database.execute_sql(
        f'SELECT c.id, c.version FROM ({sql}) found JOIN "case" c ON c.id = found.id ORDER BY c.due_on, c.id', values
    )
    return lines.fetchall()


def next_after(actor: Actor, filters: Filters, due_on: date, id_: int) -> int | None:
    """The case that follows in the same filtered queue and that no colleague holds; from the beginning at the end."""
    free = {"moment": text_of(clock.now())}
    unheld = "(c.claimed_by_id IS NULL OR c.claimed_by_id = :reader OR c.claimed_until <= :moment) AND c.id <> :self"
    free["self"] = id_
    for start in (cursor_of(due_on, id_), ""):
        sql, values = _found(actor, replace(filters, after=start, before=""), 1, extra=unheld, more=free)
        line = database.execute_sql(sql, values).fetchone()
        if line:
            return line[0]
    return None


def one_row(actor: Actor, id_: int) -> QueueRow | None:
    """The line of one case, whatever its state; the caller has checked that the actor may see it."""
    values = {"id": id_, "reader": actor.user, "now": text_of(clock.now())}
    line = database.execute_sql(f"SELECT {_COLUMNS} FROM (SELECT :id AS id) found {_JOINS}", values).fetchone()
    return _row(line) if line else None


class Counters(NamedTuple):
    """How much lies on the desk; each number stops at CAP."""

    waiting: int
    late: int
    today: int
    soon: int
    mine: int
    returned: int
    decided: int
    statements: int = 0


_AT_OFFICE = f'SELECT 1 FROM "case" c WHERE c.office_id = :office AND c.state = \'{State.UNDER_REVIEW}\''
_COUNTED = (
    _AT_OFFICE,
    f"{_AT_OFFICE} AND c.due_on < :today",
    f"{_AT_OFFICE} AND c.due_on = :today",
    f"{_AT_OFFICE} AND c.due_on > :today AND c.due_on <= :soon",
    'SELECT 1 FROM "case" c INDEXED BY case_claimed_by_id WHERE c.claimed_by_id = :user'
    f" AND c.office_id = :office AND c.state = '{State.UNDER_REVIEW}' AND c.claimed_until > :now",
    f'SELECT 1 FROM "case" c WHERE c.office_id = :office AND c.state = \'{State.RETURNED}\'',
    "SELECT 1 FROM event e WHERE e.user_id = :user AND e.at >= :midnight AND e.action IN ('pass','return','reject')"
    " AND e.office_id = :office",
    'SELECT 1 FROM statement z CROSS JOIN "case" c ON c.id = z.case_id WHERE c.office_id = :office'
    f" AND c.state = '{State.UNDER_REVIEW}'",
)
_COUNTERS = "SELECT " + ", ".join(f"(SELECT count(*) FROM ({part} LIMIT :cap))" for part in _COUNTED)


def counters(actor: Actor, *, calendar: Calendar | None = None) -> Counters:
    """All counters of the desk in one statement; each counts at most CAP rows of an index."""
    today, now = clock.today(), clock.now()
    soon = (calendar or working_calendar()).add(today, SOON)
    values = {
        "office": actor.office, "user": actor.user, "today": today.isoformat(), "soon": soon.isoformat(),
        "now": text_of(now), "midnight": today.isoformat(), "cap": CAP,
    }  # fmt: skip
    return Counters(*database.execute_sql(_COUNTERS, values).fetchone())


def plans_waiting(actor: Actor) -> list[tuple[int, str]]:
    """(id, name) of the province's published plans, newest first: the choices of the plan filter."""
    return database.execute_sql(
        "SELECT id, coalesce(nullif(batch_no, '') || ' ', '') || name FROM plan WHERE province = ? AND state <> 'draft'"
        " ORDER BY id DESC LIMIT 60",
        (actor.province,),
    ).fetchall()


def units_named(actor: Actor, text: str, limit: int = 20) -> list[str]:
    """Names of organisations of the province that contain the text: suggestions for the unit filter."""
    lines = database.execute_sql(
        "SELECT name FROM organisation WHERE province = ? AND name LIKE ? ESCAPE '\\'"
        " ORDER BY length(name), name LIMIT ?",
        (actor.province, contains(text), limit),
    )
    return [name for (name,) in lines.fetchall()]


def _found(
    actor: Actor, filters: Filters, limit: int, *, extra: str = "", more: dict | None = None,
    calendar: Calendar | None = None,
) -> tuple[str, dict]:  # fmt: skip
    """The inner query: ids of the filtered queue in order, at most `limit`."""
    now = clock.now()
    values: dict = {"office": actor.office, "reader": actor.user, "limit": limit, "now": text_of(now), **(more or {})}
    state = State.RETURNED if filters.tab == "returned" else State.UNDER_REVIEW
    values["state"] = str(state)
    where = [extra] if extra else []
    backwards = bool(filters.before)
    mark = parse_cursor(filters.before or filters.after)
    if mark:
        where.append(f"(c.due_on, c.id) {'<' if backwards else '>'} (:mark, :mark_id)")
        values |= {"mark": mark[0], "mark_id": mark[1]}
    order = "DESC" if backwards else "ASC"
    if filters.kind:
        where.append("c.kind = :kind")
        values["kind"] = filters.kind
    if filters.plan:
        where.append("c.plan_id = :plan")
        values["plan"] = filters.plan
    where += _due_condition(filters.due, values, calendar)
    candidates = None
    if filters.q:
        wanted = search(filters.q)
        if wanted.complete:
            candidates = wanted.ids
        else:
            where.append("c.title LIKE :like ESCAPE '\\'")
            values["like"] = contains(filters.q)
    if filters.claimed == "free":
        where.append("(c.claimed_by_id IS NULL OR c.claimed_until <= :now)")
    elif filters.claimed:
        whose = "=" if filters.claimed == "mine" else "<>"
        where.append(f"c.claimed_until > :now AND c.claimed_by_id {whose} :reader")
        if candidates is None:
            candidates = ids_of(
                "SELECT id FROM \"case\" WHERE claimed_by_id IS NOT NULL AND claimed_until > ? LIMIT ?",
                (text_of(now), FETCHED),
            )
    if filters.occupation:
        wanted_ids = ids_of(
            "SELECT r.case_id FROM occupation k CROSS JOIN registration r ON r.occupation_id = k.id"
            " WHERE k.name LIKE ? ESCAPE '\\' OR k.job LIKE ? ESCAPE '\\' LIMIT ?",
            (contains(filters.occupation), contains(filters.occupation), FETCHED + 1),
        )
        if len(wanted_ids) <= FETCHED and candidates is None:
            candidates = wanted_ids
        else:
            where.append(
                "EXISTS (SELECT 1 FROM registration r JOIN occupation k ON k.id = r.occupation_id"
                " WHERE r.case_id = c.id"
                " AND (k.name LIKE :occupation ESCAPE '\\' OR k.job LIKE :occupation ESCAPE '\\'))"
            )
            values["occupation"] = contains(filters.occupation)
    if filters.kind == STATEMENT and candidates is None:
        # Few among many registrations: from their own table, not by walking the queue.
        candidates = ids_of(
            'SELECT z.case_id FROM statement z CROSS JOIN "case" c ON c.id = z.case_id AND c.state = ? LIMIT ?',
            (values["state"], FETCHED),
        )
    units = _unit_condition(actor, filters, values)
    if filters.tab == "behalf":
        if candidates is not None:
            where.append("c.id IN (SELECT value FROM json_each(:ids))")
            values["ids"] = json.dumps(candidates)
        return _behalf(actor, where, units, values, order)
    tail = f"ORDER BY c.due_on {order}, c.id {order} LIMIT :limit"
    if candidates is not None:
        values["ids"] = json.dumps(candidates)
        where = ["c.id IN (SELECT value FROM json_each(:ids))", "+c.office_id = :office", "+c.state = :state", *where]
        if units:
            where.append(f"+c.organisation_id IN (SELECT o.id FROM organisation o WHERE {units})")
        return f'SELECT c.id FROM "case" c NOT INDEXED WHERE {" AND ".join(where)} {tail}', values
    where = ["c.office_id = :office", "c.state = :state", *where]
    if units and _are_many(units, values):
        # A text that most units share leaves most rows: walking the queue finds a page of them soon.
        where.append(f"+c.organisation_id IN (SELECT o.id FROM organisation o WHERE {units})")
        units = ""
    if not units:
        return f'SELECT c.id FROM "case" c WHERE {" AND ".join(where)} {tail}', values
    # The first rows of each organisation's own stretch of the index, merged: bounded by the number of organisations.
    inner = f'SELECT c.id FROM "case" c WHERE c.organisation_id = o.id AND {" AND ".join(where)} {tail}'
    return (
        f'SELECT m.id FROM organisation o CROSS JOIN "case" m ON m.id IN ({inner}) WHERE {units}'
        f" ORDER BY m.due_on {order}, m.id {order} LIMIT :limit",
        values,
    )


def _are_many(units: str, values: dict) -> bool:
    """Whether more organisations fulfil the condition than are worth merging."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM organisation o WHERE {units} LIMIT {MERGED + 1})"
    return database.execute_sql(sql, values).fetchone()[0] > MERGED


def _behalf(actor: Actor, where: list, units: str, values: dict, order: str) -> tuple[str, dict]:
    """Cases at offices above the units without an account, whose decision this office may record (R0.28): the first
    rows of each such office, merged."""
    values |= {"today": clock.today().isoformat(), "province": actor.province, "seat": str(actor.seat)}
    if units:
        where = [*where, f"c.organisation_id IN (SELECT o.id FROM organisation o WHERE {units})"]
    tests = " AND ".join(["c.office_id = f.id", "c.state = :state", *where])
    tail = f"ORDER BY c.due_on {order}, c.id {order} LIMIT :limit"
    return (
        f"""SELECT m.id FROM office f CROSS JOIN "case" m ON m.id IN (SELECT c.id FROM "case" c WHERE {tests}
          AND EXISTS (SELECT 1 FROM step t WHERE t.case_id = c.id AND t.office_id = :office AND t.seat = :seat) {tail})
        WHERE f.province = :province AND f.level IN ('county', 'city', 'province') AND f.id <> :office
        AND NOT EXISTS (SELECT 1 FROM "grant" g JOIN user a ON a.id = g.user_id WHERE g.office_id = f.id AND a.active
          AND (g.starts_on IS NULL OR g.starts_on <= :today) AND (g.ends_on IS NULL OR g.ends_on >= :today))
        ORDER BY m.due_on {order}, m.id {order} LIMIT :limit""",
        values,
    )


def _due_condition(due: str, values: dict, calendar: Calendar | None) -> list[str]:
    if not due:
        return []
    today = clock.today()
    soon = (calendar or working_calendar()).add(today, SOON)
    values |= {"today": today.isoformat(), "soon": soon.isoformat(), "never": NO_DUE.isoformat()}
    return {
        "late": ["c.due_on < :today"],
        "today": ["c.due_on = :today"],
        "soon": ["c.due_on > :today AND c.due_on <= :soon"],
        "later": ["c.due_on > :soon AND c.due_on < :never"],
        "none": ["c.due_on = :never"],
    }[due]


def _unit_condition(actor: Actor, filters: Filters, values: dict) -> str:
    """The condition on organisation `o` that the unit and the city filter make, '' when neither is set."""
    parts = []
    if filters.unit:
        parts.append("o.name LIKE :unit ESCAPE '\\'")
        values["unit"] = contains(filters.unit)
    if filters.city:
        parts.append(
            "o.region_id IN (SELECT g.id FROM region g LEFT JOIN region h ON h.id = g.parent_id"
            " WHERE g.province = :region_province AND (g.name = :city OR (h.name = :city AND g.level = 'county')))"
        )
        values |= {"city": filters.city, "region_province": actor.province}
    return " AND ".join(parts)


def _row(line) -> QueueRow:
    # In the order of _COLUMNS; _replace() would make every row twice.
    due_on, arrived_at, claimed_by, claimer, claimed_until = line[6:11]
    return QueueRow(
        *line[:6], date.fromisoformat(due_on), parse_moment(arrived_at), claimed_by, claimer,
        parse_moment(claimed_until), *line[11:],
    )  # fmt: skip
