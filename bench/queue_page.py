"""The queue page: beside its floor, over the rows, over the pages, and beside a tuned Django admin."""

import json
import os
import subprocess
import venv
from pathlib import Path

import pysqlite3

from bench.clients import pages_a_second
from bench.rig import BENCH, OUT, PORT, RUNS, Login, Report, Server, copied, middle, portal_server, python, say

FILTERED, PLAIN = "/province/cases?plan=7", "/province/cases"
RIVAL_PAGE = "/admin/rival/case/?plan=7"
RIVAL_PORT = PORT + 10
DEEP = 5_000


def measure(report: Report, small: Path, large: Path, cases: tuple[int, int], *, runs: int = RUNS) -> None:
    """Server time beside the floor, queries, growth and the deep page."""
    report.title("Queue page, 50 rows, filters and counters (processor time of a WSGI call)")
    deep = deep_address(large)
    found: dict[str, list[dict]] = {"small": [], "large": [], "plain": [], "deep": []}
    for run in range(runs):
        say(f"queue page, run {run + 1}")
        for name, folder, address in (
            ("small", small, FILTERED), ("large", large, FILTERED), ("plain", large, PLAIN), ("deep", large, deep),
        ):  # fmt: skip
            found[name].append(json.loads(python("bench.one_page", folder, address)))

    def figure(name: str, key: str = "page") -> float:
        return middle([each[key] for each in found[name]])

    ours, queries = figure("large"), int(figure("large", "queries"))
    report.most(f"one plan's queue, {cases[1]:,} cases", ours, "floor", figure("large", "floor"), 2)
    report.line("queries (SQLite's trace)", str(queries), "", "≤ 8", queries <= 8)
    report.most(f"growth from {cases[0]:,} cases", ours, "before", figure("small"), 1.2)
    report.most(f"page {DEEP:,} by its keyset address", figure("deep"), "page 1", figure("plain"), 1.1)


def deep_address(folder: Path) -> str:
    """The address that page DEEP of the province's queue has (or its last full page, in a small database)."""
    with pysqlite3.connect(folder / "portal.sqlite3") as db:
        where = "FROM \"case\" WHERE office_id = 1 AND state = 'under_review'"
        rows = db.execute(f"SELECT count(*) {where}").fetchone()[0]
        row = min((DEEP - 1) * 50, rows - 60)
        last = f"SELECT due_on, id {where} ORDER BY due_on, id LIMIT 1 OFFSET ?"
        day, number = db.execute(last, (row - 1,)).fetchone()
    return f"{PLAIN}?after={day}_{number}"


def race(report: Report, folder: Path, seconds: int, *, runs: int = RUNS) -> None:
    """Pages a second under the production server, ours and the rival's in turn while both are up."""
    report.title("Pages a second, 32 connections (wrk), each under its production server with two workers")
    copy, cookie = prepare_rival(folder)
    rate: dict[str, list[float]] = {"portal": [], "Django": []}
    cost: dict[str, list[float]] = {"portal": [], "Django": []}
    with portal_server(folder) as portal, rival_server(copy) as django:
        lanes = {
            "portal": (portal, portal.url + FILTERED, Login(folder, "bench-P-0").cookie),
            "Django": (django, django.url + RIVAL_PAGE, cookie),
        }
        for _, url, cookie in lanes.values():
            pages_a_second(url, cookie, 1)  # warm
        for run in range(runs):
            say(f"pages a second, run {run + 1}")
            for name, (server, url, cookie) in lanes.items():
                before = server.cpu()
                rate[name].append(pages_a_second(url, cookie, seconds))
                cost[name].append((server.cpu() - before) * 1000 / (rate[name][-1] * seconds))
    ours, theirs = middle(rate["portal"]), middle(rate["Django"])
    report.least("queue page beside Django admin, tuned", ours, "Django", theirs, 6, "pages/s")
    ours, theirs = middle(cost["portal"]), middle(cost["Django"])
    other = f"Django {theirs:.2f} ms: {theirs / ours:.1f} ×"
    report.line("processor time of the server for a page", f"{ours:.2f} ms", other)


def prepare_rival(folder: Path) -> tuple[Path, str]:
    """Django in an environment of its own, a copy of the database for it, and a signed-in administrator's cookie."""
    home = OUT / "rival"
    if not (home / "bin" / "granian").exists():
        say("installing Django and granian into bench/out/rival")
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", "Django==5.2.*", "granian", "pysqlite3"], check=True)
    copy = copied(folder, "rival-data") / "portal.sqlite3"
    said = subprocess.run(
        [home / "bin" / "python", "-m", "rival.wsgi"], cwd=BENCH, env=os.environ | {"RIVAL_DATA": str(copy)},
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return copy, said.stdout.strip()


def rival_server(copy: Path) -> Server:
    """Two workers with one thread each: the fastest of granian's settings for it, as for the portal."""
    command = [
        OUT / "rival" / "bin" / "granian", "--interface", "wsgi", "--port", RIVAL_PORT, "--workers", 2,
        "--blocking-threads", 1, "--no-ws", "rival.wsgi:application",
    ]  # fmt: skip
    return Server(command, port=RIVAL_PORT, cwd=BENCH, RIVAL_DATA=str(copy))
