"""Public verification with the limiter on: look-ups a second, and latency in an open loop, beside a bare floor."""

import asyncio
import random
import re
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench import clients
from bench.rig import PORT, RUNS, Report, Server, middle, p99, portal_server, say
from bench.seed_credentials import name_of, number_of, token_of
from portal.models.jurisdictions import use_profiles
from portal.settings import ROOT

ADDRESSES, CLIENTS, RATE = 10_000, 32, 300
# What comes in, in twentieths: half of all numbers and tokens are unknown.
MIX = ("number",) * 4 + ("name",) * 4 + ("token",) * 2 + ("unknown",) * 4 + ("wrong",) * 4 + ("guess",) * 2


class LookUps:
    """Look-ups by ten thousand addresses in turn, and what was answered."""

    def __init__(self, credentials: int, *, bare: bool = False, token: str = ""):
        self.credentials, self.bare, self.token = credentials, bare, token
        self.random = random.Random(20221216)
        self.answers: Counter = Counter()
        self.at = 0

    def requests(self) -> Iterator[clients.Request]:
        """One look-up after the other, without end."""
        while True:
            self.at += 1
            yield self._request(self.random.choice(MIX), self.random.randrange(1, self.credentials + 1), self.at)

    def _request(self, what: str, n: int, at: int) -> clients.Request:
        address = f"10.{at % ADDRESSES // 250}.{at % 250}.7"
        form = None
        if what in ("token", "guess"):
            path = f"/verify/t/{token_of(n) if what == 'token' else token_of(-n)}"
        else:
            path, name = "/verify", {"name": name_of(n), "wrong": name_of(n + 1)}.get(what, "")
            number = number_of(n, is_known=what != "unknown")
            # Half of the wrong ones are a known number with another's name, half are unknown altogether.
            form = {"csrf_token": self.token, "number": number, "name": name}

        async def send(connection: clients.Connection) -> bool:
            status, body = await connection.send("GET" if form is None else "POST", path, "", form, client=address)
            # What is known is found, what is not is not: a fast wrong answer is none.
            found = "没有查到".encode() not in body if not self.bare else body != b"unknown"
            right = found == (what in ("number", "name", "token")) and status == (404 if what == "guess" else 200)
            self.answers[what if right else f"{what} {status}"] += 1
            return right

        return send

    def check(self) -> str:
        """'' when every answer was right; else what was not."""
        return ", ".join(f"{what}: {number}" for what, number in self.answers.items() if what not in MIX)


def measure(report: Report, folder: Path, credentials: int, seconds: int, *, runs: int = RUNS) -> None:
    """The section of the report."""
    report.title(f"Verification, {credentials:,} credentials, {ADDRESSES:,} client addresses, limiter on, half unknown")
    use_profiles(ROOT / "data" / "profiles")
    rate: dict[str, list[float]] = {"portal": [], "floor": []}
    tail: dict[str, list[float]] = {"portal": [], "floor": []}
    wrong = ""
    for run in range(runs):
        for name in rate:
            say(f"verification, {name}, run {run + 1}")
            (folder / "throttle").unlink(missing_ok=True)  # what the run before has counted
            with _server(name, folder) as server:
                token = _form_token(server) if name == "portal" else ""
                looks = LookUps(credentials, bare=name == "floor", token=token)
                asyncio.run(clients.closed_loop(server.port, looks.requests(), 8, 1))  # warm
                rate[name].append(asyncio.run(clients.closed_loop(server.port, looks.requests(), CLIENTS, seconds)))
                took = clients.open_loop(server.port, islice(looks.requests(), RATE * seconds), RATE)
                tail[name].append(p99(asyncio.run(took)) * 1000)
                wrong = wrong or looks.check()
                if name == "portal":
                    wrong = wrong or _check_limiter(server)
    ours, theirs = middle(rate["portal"]), middle(rate["floor"])
    other = f"floor {theirs:.0f}/s: 1/{theirs / ours:.1f}"
    report.line(f"look-ups a second, {CLIENTS} clients", f"{ours:.0f}/s", other, f"≥ {RATE}/s", ours >= RATE)
    ours, theirs = middle(tail["portal"]), middle(tail["floor"])
    report.line(f"p99 at {RATE}/s, open loop", f"{ours:.1f} ms", f"floor {theirs:.1f} ms", "< 200 ms", ours < 200)
    report.line("answers right, limiter at 100", wrong or "all", "", "all", not wrong)


def _server(name: str, folder: Path) -> Server:
    if name == "portal":
        return portal_server(folder, PORTAL_PROXIES="1")
    return Server([sys.executable, "-m", "bench.bare", folder, PORT], port=PORT)


def _form_token(server: Server) -> str:
    page = urllib.request.urlopen(f"{server.url}/verify", timeout=10).read().decode()
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def _check_limiter(server: Server) -> str:
    """'' when one address gets 100 look-ups and the 101st is refused, on whichever worker they land."""

    async def hammer() -> Counter:
        codes: Counter = Counter()
        for n in range(101):
            connection = clients.Connection(server.port)
            status, _ = await connection.send("GET", f"/verify/t/{token_of(-n)}", "", client="192.0.2.1")
            codes[status] += 1
            connection.close()
        return codes

    codes = asyncio.run(hammer())
    return "" if codes == {404: 100, 429: 1} else f"the limiter let {dict(codes)} pass"


