"""What was decided: the office's finished list by keyset, and the reader's own decisions of today with their undo."""

import json
from datetime import datetime
from typing import NamedTuple

from portal import clock
from portal.database import database
from portal.models.queue_filters import PAGE, Filters, contains, parse_cursor, parse_moment, search, text_of
from portal.models.queues import QueuePage
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import Action
from portal.rules.workflow import Actor


class DoneRow(NamedTuple):
    """One decision of the office, or of the reader today."""

    id: int
    version: int
    kind: str
    state: str
    number: str | None
    title: str
    plan: str | None
    organisation: str | None
    outcome: str
    decided_at: datetime
    who: str | None
    key: int
    label: str
    note: str
    undoable: bool


def decided_by_office(actor: Actor, filters: Filters, limit: int = PAGE) -> QueuePage:
    """What this office decided last on each case, newest first, by keyset on (decided_at, step)."""
    values: dict = {"office": actor.office, "limit": limit + 1}
    where = ["s.office_id = :office", "s.decided_at IS NOT NULL"]
    backwards = bool(filters.before)
    mark = parse_cursor(filters.before or filters.after, moment=True)
    if mark:
        where.append(f"(s.decided_at, s.id) {'>' if backwards else '<'} (:mark, :mark_id)")
        values |= {"mark": mark[0], "mark_id": mark[1]}
    if filters.outcome:
        where.append("s.outcome = :outcome")
        values["outcome"] = filters.outcome
    join = ""
    wanted = search(filters.q)
    if wanted is not None:
        values["wanted"] = json.dumps(wanted.ids)
        if wanted.complete:
            where.append("s.case_id IN (SELECT value FROM json_each(:wanted))")
            where[0] = "+s.office_id = :office"
        else:
            join = 'JOIN "case" q ON q.id = s.case_id'
            where.append("q.title LIKE :like ESCAPE '\\'")
            values["like"] = contains(filters.q)
    if filters.plan:
        join = 'JOIN "case" q ON q.id = s.case_id'
        where.append("q.plan_id = :plan")
        values["plan"] = filters.plan
    if filters.kind:
        join = 'JOIN "case" q ON q.id = s.case_id'
        where.append("q.kind = :kind")
        values["kind"] = filters.kind
    order = "ASC" if backwards else "DESC"
    sql = f"""SELECT c.id, c.version, c.kind, c.state, c.number, c.title, p.name, o.name, s.outcome, s.decided_at,
      u.name, s.id, '', '', 0
      FROM (SELECT s.id, s.case_id, s.outcome, s.decided_at, s.decided_by_id FROM step s {join}
            WHERE {" AND ".join(where)}
            ORDER BY s.decided_at {order}, s.id {order} LIMIT :limit) s
      JOIN "case" c ON c.id = s.case_id LEFT JOIN plan p ON p.id = c.plan_id
      LEFT JOIN organisation o ON o.id = c.organisation_id LEFT JOIN user u ON u.id = s.decided_by_id
      ORDER BY s.decided_at {order}, s.id {order}"""
    rows = [_done(line) for line in database.execute_sql(sql, values).fetchall()]
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    has_previous, has_next = (more, True) if backwards else (bool(filters.after), more)
    return QueuePage(
        rows,
        f"{text_of(rows[0].decided_at)}_{rows[0].key}" if rows and has_previous else "",
        f"{text_of(rows[-1].decided_at)}_{rows[-1].key}" if rows and has_next else "",
    )


def decided_today_by(actor: Actor, limit: int = 200) -> list[DoneRow]:
    """What this user decided today, newest first; `undoable` where nothing has happened to the case since."""
    sql = """SELECT c.id, c.version, c.kind, c.state, c.number, c.title, p.name, o.name, e.action, e.at, e.name, e.id,
      e.label, e.note,
      json_extract(e.data, '$.version') = c.version AND e.seat = :seat AND e.office_id = :office
      FROM event e JOIN "case" c ON c.id = e.case_id LEFT JOIN plan p ON p.id = c.plan_id
      LEFT JOIN organisation o ON o.id = c.organisation_id
      WHERE e.user_id = :user AND e.at >= :midnight AND e.action IN ('pass','return','reject') AND e.office_id = :office
      ORDER BY e.at DESC, e.id DESC LIMIT :limit"""
    values = {
        "user": actor.user, "office": actor.office, "seat": str(actor.seat), "midnight": clock.today().isoformat(),
        "limit": limit,
    }  # fmt: skip
    return [_done(line) for line in database.execute_sql(sql, values).fetchall()]


def _done(line) -> DoneRow:
    row = DoneRow._make(line)
    undoable = bool(row.undoable) and FLOWS[row.kind].has(Action.UNDO)
    return row._replace(decided_at=parse_moment(row.decided_at), undoable=undoable)
