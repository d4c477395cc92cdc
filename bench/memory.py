"""Memory of the whole process tree after a mixed load: pages, searches, case pages and approvals at the same time."""

import asyncio
import random
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

from bench.approval import Work
from bench.clients import Connection, Request, open_loop
from bench.rig import PORT, Login, Report, p95, portal_server, say
from bench.search import STRINGS

APPROVALS, PAGES, SEARCHES, CASES = 50, 25, 10, 10  # a second


def reading(address: str, login: Login) -> Request:
    """A GET that must be answered with 200."""

    async def send(connection: Connection) -> bool:
        status, _ = await connection.send("GET", address, login.cookie)
        if status != 200:
            raise SystemExit(f"{address}: {status}")
        return True

    return send


async def mixed(work: Work, seconds: int) -> dict[str, list[float]]:
    """All loads at once; gives the seconds that each request took."""
    some = random.Random(1)

    def queue_pages():
        while True:
            yield reading(f"/province/cases?plan={some.randrange(1, 41)}", some.choice(work.logins))

    def searches():
        while True:
            yield reading(f"/province/cases?{urlencode({'q': some.choice(STRINGS)})}", some.choice(work.logins))

    def case_pages():
        while True:
            yield reading(f"/province/cases/{some.choice(work.cases)[0]}", some.choice(work.logins))

    loads = {
        "approvals": (work.requests(), APPROVALS),
        "pages": (queue_pages(), PAGES),
        "searches": (searches(), SEARCHES),
        "cases": (case_pages(), CASES),
    }
    took = await asyncio.gather(
        *(open_loop(PORT, islice(requests, int(rate * seconds)), rate) for requests, rate in loads.values())
    )
    return dict(zip(loads, took, strict=True))


def measure(report: Report, folder: Path, minutes: float) -> None:
    """The section of the report; `folder` is written to."""
    rates = f"{APPROVALS} approvals, {PAGES} queue pages, {SEARCHES} searches, {CASES} case pages a second"
    report.title(f"Memory after {minutes:g} minutes of {rates}")
    work = Work(folder)
    with portal_server(folder) as server:
        start = server.pss()
        say(f"mixed load for {minutes:g} minutes")
        took = asyncio.run(mixed(work, int(minutes * 60)))
        end = server.pss()
    for name, values in took.items():
        report.line(f"  {name}: p95 of {len(values):,}", f"{p95(values) * 1000:.1f} ms")
    report.line("PSS of the process tree", f"{end:.0f} MB", f"at the start {start:.0f} MB", "≤ 400 MB", end <= 400)
    wrong = work.check()
    number = f"{sum(work.acknowledged.values()):,} acknowledged"
    report.line("none lost, none twice, chain sound", number, wrong or "all stored once", "0 wrong", not wrong)
