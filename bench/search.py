"""Searching by a part of a name, over HTTP against the production server: rare, middling and frequent strings."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlencode

from bench.clients import Connection
from bench.rig import PORT, Login, Report, p95, portal_server, say

# By the surname's share in the seed: the commonest, middling, two characters, rare, absent; parts of given names.
STRINGS = (
    "王", "李", "韩", "欧阳", "阚", "龘", "伟", "浩", "王伟", "李娜", "欧阳明", "阚静", "韩浩", "子轩", "伟伟",
    "王建国", "张志强", "阚梓涵", "明明", "王龘",
)  # fmt: skip
DESKS = (("province", "P"), ("city", "C"), ("unit", "U"))
FILTERS = ({}, {"plan": "7"}, {"due": "late"})


async def search_all(logins: dict, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each search, one after the other, by office."""
    took: dict[str, list[float]] = {door: [] for door, _ in DESKS}
    connection = Connection(PORT)
    for _ in range(rounds):
        for door, seat in DESKS:
            for text in STRINGS:
                for more in FILTERS:
                    address = f"/{door}/cases?{urlencode({'q': text, **more})}"
                    start = time.perf_counter()
                    status, _ = await connection.send("GET", address, logins[seat].cookie)
                    if status != 200:
                        raise SystemExit(f"{address}: {status}")
                    took[door].append((time.perf_counter() - start) * 1000)
    connection.close()
    return took


def measure(report: Report, folder: Path, rounds: int) -> None:
    """The section of the report."""
    report.title("Search by 1–3 characters of a name (whole page over HTTP, production server)")
    logins = {seat: Login(folder, f"bench-{seat}-0") for _, seat in DESKS}
    say("searching")
    with portal_server(folder):
        asyncio.run(search_all(logins, 1))  # warm
        took = asyncio.run(search_all(logins, rounds))
    for door, values in took.items():
        worst = max(range(len(values)), key=values.__getitem__) % (len(STRINGS) * len(FILTERS))
        note = f"slowest {max(values):.0f} ms: {STRINGS[worst // len(FILTERS)]} {FILTERS[worst % len(FILTERS)] or ''}"
        report.line(f"{door}: p95 of {len(values):,}", f"{p95(values):.1f} ms", note, "≤ 60 ms", p95(values) <= 60)
