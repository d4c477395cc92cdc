"""The comparison for approvals: a bare Flask POST that writes the same rows in the same transaction, without a portal.

usage: python -m bench.bare FOLDER PORT        (the same granian, workers and lobby as `portal.serve`)
"""

import hashlib
import json
import multiprocessing
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import pysqlite3
from flask import Flask, abort, redirect, request

from portal.database import PRAGMAS
from portal.lobby import Lobby
from portal.settings import Settings

# The columns an event's hash covers, in the portal's order (portal.actions.events).
HASHED = (
    "at", "case_id", "subject", "action", "label", "user_id", "name", "seat", "office_id", "body", "on_behalf",
    "deputy_for", "before", "after", "note", "data", "address", "previous",
)  # fmt: skip
OFFICE, BODY = 1, "四川省职业技能鉴定指导中心"
_local: dict = {}


def connection() -> pysqlite3.Connection:
    """The worker's one connection."""
    if "connection" not in _local:
        _local["connection"] = pysqlite3.connect(_local["database"], isolation_level=None, timeout=10)
        for name, value in PRAGMAS.items():
            _local["connection"].execute(f"PRAGMA {name} = {value}")
    return _local["connection"]


app = Flask(__name__)


@app.get("/")
def home():
    return "ready"


@app.post("/cases/<int:case>/approve")
def approve(case: int):
    """The last level's approval: case, step, registration, event with its hash, message to the applicant."""
    user, seen, db = int(request.form["user"]), int(request.form["seen"]), connection()
    now = datetime.now()
    moment = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    db.execute("BEGIN IMMEDIATE")
    try:
        row = db.execute(
            'SELECT state, version, position, due_on, arrived_at, person_id, number FROM "case" WHERE id = ?', (case,)
        ).fetchone()
        if row is None or row[:2] != ("under_review", seen):
            db.execute("ROLLBACK")
            abort(409)
        before, version, position, due_on, arrived_at, person, number = row
        undo = {"state": before, "position": position, "office": OFFICE, "due_on": due_on, "arrived_at": arrived_at}
        db.execute(
            "UPDATE step SET outcome = 'pass', decided_at = ?, decided_by_id = ?, seen = 1"
            " WHERE case_id = ? AND position = ?",
            (moment, user, case, position),
        )
        db.execute(
            "UPDATE \"case\" SET state = 'approved', version = version + 1, due_on = '9999-12-31',"
            " claimed_by_id = NULL, claimed_until = NULL WHERE id = ? AND version = ?",
            (case, version),
        )
        db.execute("UPDATE registration SET waivers = '[]' WHERE case_id = ?", (case,))
        values = {
            "at": now.isoformat(timespec="microseconds"), "case_id": case, "subject": "", "action": "pass",
            "label": "审核通过", "user_id": user, "name": "审核员", "seat": "P", "office_id": OFFICE, "body": BODY,
            "on_behalf": "", "deputy_for": "", "before": before, "after": "approved", "note": "",
            "data": {"undo": undo, "position": position, "submission": 1, "version": version + 1},
            "address": "127.0.0.1",
            "previous": db.execute("SELECT hash FROM event ORDER BY id DESC LIMIT 1").fetchone()[0],
        }  # fmt: skip
        hashed = hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        stored = values | {"at": moment, "data": json.dumps(values["data"], ensure_ascii=False), "hash": hashed}
        names = ", ".join(f'"{name}"' for name in stored)
        db.execute(f"INSERT INTO event ({names}) VALUES ({', '.join('?' * len(stored))})", list(stored.values()))
        db.execute(
            "INSERT INTO message (user_id, case_id, kind, text, link, at)"
            " SELECT user_id, ?, 'pass', ?, ?, ? FROM person WHERE id = ?",
            (case, f"您的报名（{number}）：审核通过。", f"/applicant/registrations/{case}", moment, person),
        )
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return redirect("/", 303)


@app.post("/verify")
def verify():
    """The floor of a look-up: one statement by its index and a line of text; no page, no token, no limit, no seal."""
    number, name = request.form["number"], request.form["name"]
    row = connection().execute("SELECT state, name, printed FROM credential WHERE number = ?", (number,)).fetchone()
    if row is None or (name and name != row[1]):
        return "unknown"
    return row[2] if name else row[0]


@app.get("/verify/t/<token>")
def verify_token(token: str):
    row = connection().execute("SELECT printed FROM credential WHERE token = ?", (token,)).fetchone()
    return (row[0], 200) if row else ("unknown", 404)


def load(settings: Settings) -> Lobby:
    """The application inside a worker."""
    _local["database"] = str(settings.database)
    return Lobby(app, limit=settings.request_bytes, folder=settings.incoming)


def main(folder: str, port: int) -> None:
    """Serve like the portal."""
    from portal.serve import _build_server  # the very same server is the point of the comparison

    settings = Settings(data=Path(folder), port=port, workers=2)
    multiprocessing.set_start_method("fork", force=True)
    _build_server(settings).serve(target_loader=partial(load, settings), wrap_loader=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
