"""Approvals by real decision POSTs: latency in an open loop beside a bare Flask POST, rate in a closed loop, and proof
in the database that nothing acknowledged was lost or stored twice.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

import pysqlite3

from bench import clients
from bench.rig import OUT, PORT, RUNS, Login, Report, Server, middle, p95, portal_server, say
from portal import database
from portal.actions.events import hash_of
from portal.models import Event

REVIEWERS, CLIENTS, RATE = 24, 20, 100
PROVINCE = 1  # the provincial centre's office


class Work:
    """The undecided cases of a data folder, each given out once, and what the server has acknowledged of them."""

    def __init__(self, folder: Path):
        self.folder, self.file = folder, folder / "portal.sqlite3"
        self.logins = [Login(folder, f"bench-P-{n}") for n in range(REVIEWERS)]
        with pysqlite3.connect(self.file) as db:
            # From the end of the queue: its first pages stay what they are.
            self.cases = db.execute(
                "SELECT id, version FROM \"case\" WHERE office_id = ? AND state = 'under_review'"
                " ORDER BY due_on DESC, id DESC",
                (PROVINCE,),
            ).fetchall()
            self.last_event = db.execute("SELECT max(id) FROM event").fetchone()[0]
            self.users = dict(db.execute("SELECT token, user_id FROM login_session WHERE token LIKE 'bench-P-%'"))
        self.left = iter(self.cases)
        self.acknowledged: Counter = Counter()
        self.refused: list[str] = []

    def requests(self, *, bare: bool = False) -> Iterator[clients.Request]:
        """Approvals, each of another case, by the reviewers in turn, as long as there are cases."""
        for who, (case, version) in zip(cycle(range(REVIEWERS)), self.left, strict=False):
            yield self._request(who, case, version, bare)

    def _request(self, who: int, case: int, version: int, bare: bool) -> clients.Request:
        login = self.logins[who]
        if bare:
            path, form = f"/cases/{case}/approve", {"seen": version, "user": self.users[f"bench-P-{who}"], "note": ""}
        else:
            path = f"/province/cases/{case}/approve"
            form = {"csrf_token": login.csrf, "seen": version, "action": "pass", "note": ""}

        async def send(connection: clients.Connection) -> bool:
            status, body = await connection.send("POST", path, login.cookie, form)
            if status == 303:
                self.acknowledged[case] += 1
            else:
                self.refused.append(f"{path}: {status} {body[:4000].decode(errors='replace')}")
            return status == 303

        return send

    def check(self) -> str:
        """'' when exactly the acknowledged cases are decided, each by one event, and the chain is unbroken."""
        if self.refused:
            (OUT / "refused.html").write_text(self.refused[0])
            return f"{len(self.refused)} refused, see bench/out/refused.html"
        with pysqlite3.connect(self.file) as db:
            stored = Counter(
                case
                for (case,) in db.execute(
                    "SELECT case_id FROM event WHERE id > ? AND action = 'pass'", (self.last_event,)
                )
            )
            given = {case for case, _ in self.cases}
            approved = given & {case for (case,) in db.execute("SELECT id FROM \"case\" WHERE state = 'approved'")}
            told = db.execute("SELECT count(*), count(DISTINCT case_id) FROM message WHERE kind = 'pass'").fetchone()
        if stored != self.acknowledged or approved != set(stored) or max(stored.values(), default=1) > 1:
            lost, more = self.acknowledged - stored, stored - self.acknowledged
            return f"lost {len(lost)}, stored but not acknowledged {len(more)}, approved {len(approved)}"
        if told != (len(stored), len(stored)):
            return f"messages: {told}"
        return self._broken_link()

    def _broken_link(self) -> str:
        """'' when every event since the start carries the right hash; the seeded ones are not walked again."""
        database.use(self.file)
        database.open_connection()
        previous = Event.get_by_id(self.last_event).hash
        for event in Event.select().where(Event.id > self.last_event).order_by(Event.id).iterator():
            if event.previous != previous or event.hash != hash_of(event):
                return f"the chain of events breaks at {event.id}"
            previous = event.hash
        return ""


def bare_server(folder: Path) -> Server:
    """The bare application under the portal's server."""
    return Server([sys.executable, "-m", "bench.bare", folder, PORT])


def measure(report: Report, folder: Path, seconds: int, runs: int = RUNS) -> None:
    """The section of the report; `folder` is written to."""
    report.title("Approval, on disk before the answer (POST, synchronous=FULL)")
    work = Work(folder)
    latency: dict[str, list[float]] = {"portal": [], "bare": []}
    rate: dict[str, list[float]] = {"portal": [], "bare": []}
    for run in range(runs):
        for name, server, bare in (("portal", portal_server(folder), False), ("bare", bare_server(folder), True)):
            say(f"approvals, run {run + 1}, {name}")
            with server:
                requests = work.requests(bare=bare)
                asyncio.run(clients.open_loop(PORT, islice(requests, 100), 50))  # warm
                took = asyncio.run(clients.open_loop(PORT, islice(requests, RATE * seconds), RATE))
                latency[name].append(p95(took) * 1000)
                rate[name].append(asyncio.run(clients.closed_loop(PORT, requests, CLIENTS, seconds)))
    ours, theirs = middle(latency["portal"]), middle(latency["bare"])
    what = f"open loop, {RATE}/s for {seconds} s: p95"
    report.most(what, ours, "bare", theirs, 3)
    ours, theirs = middle(rate["portal"]), middle(rate["bare"])
    report.line(f"closed loop, {CLIENTS} clients", f"{ours:.0f}/s", f"bare {theirs:.0f}/s", "≥ 200/s", ours >= 200)
    start = perf_counter()
    wrong = work.check()
    say(f"checked in {perf_counter() - start:.0f} s {wrong}")
    number = f"{sum(work.acknowledged.values()):,} acknowledged"
    report.line("none lost, none twice, chain sound", number, wrong or "all stored once", "0 wrong", not wrong)
