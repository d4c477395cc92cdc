"""The unified exam: a class logs in, starts and answers by real requests; then answers under kills -9, with a control.

Every latency runs from the moment a request was due, so that a slow server cannot hide behind a waiting client.
"""

import asyncio
import random
import re
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import psutil
import pysqlite3

from bench.clients import Connection
from bench.rig import Login, Report, Server, copied, p95, p99, portal_server, say
from bench.seed_exam import PASSWORD

SIZE, LOGIN_MINUTES, START_SECONDS, EVERY, SAVE_MINUTES = 1_500, 10, 60, 20, 5
CONNECTIONS, PLACES = 256, 80
# Under fire: so many participants, each writing the many-valued places as fast as it is answered.
FIGHTERS, KILLS, CONTROL_KILLS, BETWEEN_KILLS = 40, 50, 10, (2.8, 3.6)
MULTIPLE = range(40, 60)  # the places of the multiple choices in the paper of the profile
VALUES = ["".join(letters) for size in (1, 2, 3, 4) for letters in combinations("ABCD", size)]
_TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')


class Crowd:
    """The participants' browsers over a pool of kept connections; what was asked, answered and acknowledged."""

    def __init__(self, port: int, *, is_under_fire: bool = False):
        self.is_under_fire = is_under_fire
        self.free = [Connection(port) for _ in range(CONNECTIONS)]
        self.took: dict[str, list[float]] = {}
        self.wrong: Counter = Counter()
        self.acknowledged: dict[tuple[int, int], str] = {}

    async def ask(self, what: str, due: float, method: str, path: str, cookie: str, form: dict | None, wanted: int):
        """One request; gives the head and the body, or None when it was not answered as wanted."""
        while not self.free:
            await asyncio.sleep(0.001)
        connection = self.free.pop()
        was_kept = connection.writer is not None
        try:
            status, body = await connection.send(method, path, cookie, form)
        except OSError:
            if not was_kept or self.is_under_fire:
                self.wrong[f"{what}: connection lost"] += 1
                return None
            status = 0
        finally:
            self.free.append(connection)
        if not status:  # closed while it was idle: a browser asks again, too
            return await self.ask(what, due, method, path, cookie, form, wanted)
        if status != wanted:
            self.wrong[f"{what}: {status}"] += 1
            return None
        self.took.setdefault(what, []).append(time.perf_counter() - due)
        return connection.head, body

    def close(self) -> None:
        """Give all connections up."""
        for connection in self.free:
            connection.close()


class Candidate:
    """One participant from the login to the answers."""

    def __init__(self, number: int, crowd: Crowd):
        self.number, self.crowd, self.cookie, self.token, self.attempt = number, crowd, "", "", 0
        self.random = random.Random(number)

    async def log_in(self, due: float) -> None:
        """Open the login page, send the form."""
        await _until(due)
        page = await self.crowd.ask("login page", due, "GET", "/account/login", "", None, 200)
        if page is None:
            return
        form = {"csrf_token": _token(page[1]), "login": f"bench-{self.number}", "password": PASSWORD, "account": ""}
        now = time.perf_counter()
        answer = await self.crowd.ask("login", now, "POST", "/account/login", _cookie(page[0]), form, 303)
        self.cookie = _cookie(answer[0]) if answer else ""

    async def start(self, due: float) -> None:
        """Read the rules, start, see the paper."""
        await _until(due)
        home = f"/applicant/training/{self.number}/exam"
        rules = await self.crowd.ask("rules", due, "GET", home, self.cookie, None, 200)
        if rules is None:
            return
        self.cookie = _cookie(rules[0]) or self.cookie  # the first page after a login gives the session its token
        now, form = time.perf_counter(), {"csrf_token": _token(rules[1]), "agreed": "y"}
        begun = await self.crowd.ask("start", now, "POST", f"{home}/start", self.cookie, form, 303)
        if begun is None:
            return
        place = re.search(rb"location: \S*?(/applicant/training/exam/(\d+))", begun[0], re.IGNORECASE)
        now = time.perf_counter()
        paper = await self.crowd.ask("paper", now, "GET", place[1].decode(), self.cookie, None, 200)
        if paper is not None:
            self.attempt, self.token = int(place[2]), _token(paper[1])

    async def answer(self, first: float, until: float) -> None:
        """Save an answer every 20 seconds."""
        due = first + self.random.uniform(0, EVERY)
        while due < until and self.attempt:
            await _until(due)
            place = self.random.randrange(PLACES)
            value = self.random.choice("AB" if place >= 60 else "ABCD")
            await self.save(due, place, value)
            due += EVERY

    async def save(self, due: float, place: int, value: str) -> bool:
        """One answer; remembered as soon as it is acknowledged."""
        path = f"/applicant/training/exam/{self.attempt}/answers/{place}"
        form = {"csrf_token": self.token, "value": value}
        answer = await self.crowd.ask("save", due, "POST", path, self.cookie, form, 204)
        if answer is not None:
            self.crowd.acknowledged[self.attempt, place] = value
        return answer is not None


def measure(report: Report, folder: Path, size: int, minutes: float, seconds: float) -> None:
    """The class of `size` logs in over `minutes`, starts within `seconds` and answers for SAVE_MINUTES."""
    copy = copied(folder, "exam")
    say(f"{size:,} participants: {minutes:g} minutes of logins, {seconds:g} seconds of starts, then answers")
    with portal_server(copy) as server:
        crowd = Crowd(server.port)
        save_minutes = min(SAVE_MINUTES, minutes)
        asyncio.run(_sit(crowd, size, minutes * 60, seconds, save_minutes * 60))
        handed_in = _end_slot(copy)
        memory = server.pss()
    took, wrong = crowd.took, sum(crowd.wrong.values())
    report.title(f"Unified exam: {size:,} participants, an answer every {EVERY} s each")
    for what in ("login", "start", "paper"):
        if took.get(what):
            report.line(f"{what}, p95", f"{p95(took[what]) * 1000:.0f} ms", f"{len(took[what]):,} requests")
    saves = took.get("save", [0.0])
    report.line("saving an answer, p95", f"{p95(saves) * 1000:.1f} ms", f"{len(saves):,} answers", "< 300 ms",
                p95(saves) < 0.3)  # fmt: skip
    report.line("saving an answer, p99", f"{p99(saves) * 1000:.1f} ms", f"slowest {max(saves) * 1000:.0f} ms")
    said = "; ".join(f"{what} × {count}" for what, count in crowd.wrong.items())
    report.line("errors", str(wrong), said, "0", wrong == 0)
    stored = _stored(copy)
    lost = sum(stored.get(key) != value for key, value in crowd.acknowledged.items())
    report.line("acknowledged answers not stored", str(lost), f"{len(crowd.acknowledged):,} looked at", "0", lost == 0)
    report.line("all papers handed in by the server", f"{handed_in:.1f} s", "after the end of the slot")
    report.line("memory of the whole server", f"{memory:.0f} MB")


def fight(report: Report, folder: Path, kills: int, control_kills: int) -> None:
    """Answers while the web workers are killed, and the same with a server that acknowledges before it commits."""
    report.title("Answers under kill -9 of web workers")
    for early, rounds in ((False, kills), (True, control_kills)):
        copy = copied(folder, "exam")
        say(f"{rounds} kills" + (", control: acknowledged before it is committed" if early else ""))
        server = portal_server(copy)
        if early:
            server.command = [sys.executable, "-m", "bench.early"]
        with server:
            acknowledged, killed, count = asyncio.run(_fight(server, copy, rounds))
        stored = _stored(copy)
        lost = sum(_age(stored.get(key)) < newest for key, newest in acknowledged.items())
        what = "control that acknowledges first: lost" if early else "acknowledged answers lost"
        report.line(what, f"{lost} of {count:,}", f"{killed} kills", "> 0" if early else "0",
                    (lost > 0) if early else (lost == 0 and killed >= rounds))  # fmt: skip


async def _sit(crowd: Crowd, size: int, login_seconds: float, start_seconds: float, save_seconds: float) -> None:
    candidates, now = [Candidate(n, crowd) for n in range(1, size + 1)], time.perf_counter() + 1
    await asyncio.gather(*(one.log_in(now + login_seconds * at / size) for at, one in enumerate(candidates)))
    inside = [one for one in candidates if one.cookie]
    now = time.perf_counter() + 1
    until = now + start_seconds + save_seconds

    async def sit(one: Candidate) -> None:
        await one.start(now + one.random.uniform(0, start_seconds))
        await one.answer(time.perf_counter(), until)

    await asyncio.gather(*map(sit, inside))
    crowd.close()


async def _fight(server: Server, folder: Path, rounds: int) -> tuple[dict, int, int]:
    """Gives for each place the age of the newest acknowledged value; killed workers; number of acknowledgements."""
    crowd, newest, count, over = Crowd(server.port, is_under_fire=True), {}, 0, asyncio.Event()
    fighters = []
    for number in range(1, FIGHTERS + 1):
        login, one = Login(folder, f"bench-A-{number}"), Candidate(number, crowd)
        one.cookie = login.cookie
        await one.start(time.perf_counter())
        fighters.append(one)

    async def write(one: Candidate) -> None:
        nonlocal count
        for age, value in enumerate(VALUES):  # no other value comes twice to a place: a stored one tells its age
            for place in MULTIPLE:
                is_saved = False
                while not is_saved and not over.is_set():
                    with suppress(ConnectionError):
                        is_saved = await one.save(time.perf_counter(), place, value)
                    await asyncio.sleep(one.random.uniform(0.4, 1.0))
                if is_saved:
                    newest[one.attempt, place] = age
                    count += 1

    async def kill() -> int:
        killed, chance = 0, random.Random(9)
        for _ in range(rounds):
            before, pause = count, chance.uniform(*BETWEEN_KILLS)
            await asyncio.sleep(pause)
            while count == before:  # in the middle of the work
                if server.process.poll() is not None or all(writer.done() for writer in writers):
                    raise SystemExit(f"no more answers: the server's exit code is {server.process.poll()}")
                await asyncio.sleep(0.02)
            # The one that has run longest: a worker that dies as soon as it has started stops the server for a moment.
            oldest = min(_workers(server), key=lambda worker: worker.create_time(), default=None)
            if oldest is not None:
                oldest.kill()
                killed += 1
        over.set()
        return killed

    writers = [asyncio.create_task(write(one)) for one in fighters]
    killed = await kill()
    await asyncio.gather(*writers)
    await asyncio.sleep(1)
    crowd.close()
    return newest, killed, count


def _workers(server: Server) -> list[psutil.Process]:
    """The web workers of the server, not its job process."""
    found = []
    for process in psutil.Process(server.process.pid).children(recursive=True):
        with suppress(psutil.Error):
            if "jobs" not in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _end_slot(folder: Path) -> float:
    """Let the slot be over now; gives the seconds until the server by itself has handed in every paper."""
    with pysqlite3.connect(folder / "portal.sqlite3", timeout=30) as db:
        db.execute("UPDATE attempt SET due_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+8 hours')")
    begun = time.perf_counter()
    while time.perf_counter() - begun < 120:
        with pysqlite3.connect(folder / "portal.sqlite3", timeout=30) as db:
            if not db.execute("SELECT COUNT(*) FROM attempt WHERE submitted_at IS NULL").fetchone()[0]:
                break
        time.sleep(0.2)
    return time.perf_counter() - begun


def _stored(folder: Path) -> dict[tuple[int, int], str]:
    with pysqlite3.connect(folder / "portal.sqlite3") as db:
        rows = db.execute("SELECT attempt_id, position, value FROM answer").fetchall()
    return {(attempt, place): value for attempt, place, value in rows}


def _age(value: str | None) -> int:
    return VALUES.index(value) if value else -1


async def _until(due: float) -> None:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))


def _token(body: bytes) -> str:
    return _TOKEN.search(body)[1].decode()


def _cookie(head: bytes) -> str:
    """The session cookie that an answer sets, '' when it sets none."""
    found = re.search(rb"\r\nset-cookie: (portal=[^;]+)", head, re.IGNORECASE)
    return found[1].decode() if found else ""
