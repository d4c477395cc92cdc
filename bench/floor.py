"""The least a queue page can cost: hand-optimised SQL without an ORM, and the portal's own template in plain Jinja.

What does not depend on the database (labels, choices, addresses) is taken from the portal's page beforehand, for free;
so are the login, the session and the headers. `is_same` proves that the result is the portal's page,
byte by byte.
"""

import re
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pysqlite3
from flask import Flask, template_rendered
from jinja2 import Environment, FileSystemLoader

from portal import clock
from portal.database import PRAGMAS
from portal.models.jurisdictions import working_calendar
from portal.models.queue_filters import CAP, PAGE, capped, text_of
from portal.models.queues import QueueRow
from portal.rules.workdays import SOON
from portal.settings import ROOT
from portal.web.desk.queue import Line
from portal.web.guards import actor as current_actor
from portal.web.pages import NavItem, asset

ASSETS = ("icon.svg", "base.css", "pages.css", "desk.css", "review.css", "htmx", "portal.js")

ROWS = """
SELECT c.id, c.version, c.kind, c.state, c.number, c.title, c.due_on, c.arrived_at, c.claimed_by_id, u.name,
  c.claimed_until, p.name, o.name, g.name, k.name, k.job,
  (SELECT count(*) FROM correction x WHERE x.case_id = c.id AND x.withdrawn_at IS NULL),
  r.stamp_exception IS NOT NULL AND r.stamp_exception <> 'null' AND r.stamped_form_id IS NULL,
  t.seat,
  CASE WHEN h.user_id = :user THEN 'own'
    WHEN EXISTS (SELECT 1 FROM step s WHERE s.case_id = c.id AND s.position < c.position AND s.decided_by_id = :user
      AND s.outcome IS NOT NULL) THEN 'same' END
FROM "case" c
  JOIN plan p ON p.id = c.plan_id JOIN organisation o ON o.id = c.organisation_id JOIN region g ON g.id = o.region_id
  JOIN registration r ON r.case_id = c.id JOIN occupation k ON k.id = r.occupation_id
  JOIN person h ON h.id = c.person_id JOIN step t ON t.case_id = c.id AND t.position = c.position
  LEFT JOIN user u ON u.id = c.claimed_by_id AND c.claimed_until > :now
WHERE c.office_id = :office AND c.state = 'under_review' AND c.plan_id = :plan
ORDER BY c.due_on, c.id LIMIT :limit"""

_HERE = 'SELECT 1 FROM "case" WHERE office_id = :office AND state ='
NUMBERS = "SELECT " + ", ".join(
    f"(SELECT count(*) FROM ({part} LIMIT {CAP}))"
    for part in (
        f"{_HERE} 'under_review'",
        f"{_HERE} 'under_review' AND due_on < :today",
        f"{_HERE} 'under_review' AND due_on = :today",
        f"{_HERE} 'under_review' AND due_on > :today AND due_on <= :soon",
        'SELECT 1 FROM "case" WHERE claimed_by_id = :user AND +office_id = :office AND claimed_until > :now',
        f"{_HERE} 'returned'",
        "SELECT 1 FROM event WHERE user_id = :user AND at >= :today AND action IN ('pass','return','reject')"
        " AND +office_id = :office",
        "SELECT 1 FROM message WHERE user_id = :user AND read_at IS NULL",
    )
)
PLANS = """SELECT id, batch_no || ' ' || name FROM plan WHERE province = 'sichuan' AND state <> 'draft'
  ORDER BY id DESC LIMIT 60"""


_CSRF = re.compile(r'(name="csrf_token" value=")[^"]*')


class Floor:
    """One page, drawn again and again: the same address, the same reviewer, fresh data each time."""

    def __init__(self, database: Path, app: Flask, address: str, cookie: str):
        self.connection = pysqlite3.connect(database, isolation_level=None)
        for name, value in PRAGMAS.items():
            self.connection.execute(f"PRAGMA {name} = {value}")
        plain = Environment(
            loader=FileSystemLoader(ROOT / "templates"), autoescape=True, auto_reload=False, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self.context, self.values, assets = self._given(app, address, cookie)
        plain.filters |= app.jinja_env.filters
        plain.globals |= {
            "csrf_token": lambda: "token", "get_flashed_messages": lambda **_: (), "asset": assets.__getitem__,
        }  # fmt: skip
        self.template = plain.get_template("desk/queue.html")
        # The words of a deadline depend on the calendar only, and that changes once a year.
        self.words = {str(line.row.due_on): line[1:4] for line in self.context["lines"]}
        self.state = self.context["lines"][0][5:7]

    def _given(self, app: Flask, address: str, cookie: str) -> tuple[dict, dict, dict]:
        """What the portal gave its template for this address, the values of the queries, the addresses of assets."""
        kept: dict = {}
        assets: dict[str, str] = {}

        def keep(_, template, context, **__) -> None:
            chrome = context["chrome"]
            names = [name for name in dir(chrome) if not name.startswith("_")]
            frame = SimpleNamespace(**{name: getattr(chrome, name) for name in names})
            frame.user = chrome.user and SimpleNamespace(name=chrome.user.name)
            kept.update(context | {"chrome": frame})
            assets.update({name: asset(name) for name in ASSETS})
            actor = current_actor()
            kept["actor"] = {"office": actor.office, "user": actor.user}

        with template_rendered.connected_to(keep, app):
            app.test_client(use_cookies=False).get(address, headers={"Cookie": cookie})
        for name in ("g", "request", "session", "config", "current_user", "csrf_token", "get_flashed_messages"):
            kept.pop(name, None)
        now = clock.now()
        values = kept.pop("actor") | {
            "plan": kept["filters"].plan, "limit": PAGE + 1, "now": text_of(now), "today": now.date().isoformat(),
            "soon": working_calendar().add(now.date(), SOON).isoformat(),
        }  # fmt: skip
        return kept, values, assets

    def page(self) -> str:
        """The HTML."""
        run, given = self.connection.execute, self.context
        words, state = self.words, self.state
        rows = run(ROWS, self.values).fetchmany(PAGE)
        waiting, late, today, soon, mine, returned, decided, unread = map(capped, run(NUMBERS, self.values).fetchone())
        lines = [
            Line(QueueRow._make(row)._replace(arrived_at=datetime.fromisoformat(row[7])), *words[row[6]], False, *state)
            for row in rows
        ]
        on_tabs, on_counters = (waiting, returned, None, decided, None), (waiting, late, today, soon, mine)
        tabs = [(*tab[:3], number) for tab, number in zip(given["tabs"], on_tabs, strict=True)]
        counters = [(item[0], n, *item[2:]) for item, n in zip(given["counters"], on_counters, strict=True)]
        frame = given["chrome"]
        frame.nav[0] = NavItem(frame.nav[0].label, frame.nav[0].href, waiting, frame.nav[0].active)
        frame.unread = int(unread)
        fresh = {"lines": lines, "tabs": tabs, "counters": counters, "plans": run(PLANS).fetchall()}
        return self.template.render(given | fresh)

    def is_same(self, html: str) -> bool:
        """Whether the portal's page is this page, apart from the token."""
        return _CSRF.sub(r"\1", html) == _CSRF.sub(r"\1", self.page())
