"""A real server process on a real SQLite file, started, killed and asked by tests; and a plain HTTP client for it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import psutil
from peewee import sqlite3 as engine

from portal import clock

ROOT = Path(__file__).resolve().parents[2]


class LiveServer:
    """`python -m portal.serve` on a data folder of its own; `seeded` is what the seed told about its rows."""

    def __init__(self, data: Path, scenario: str, *, now: datetime | None = None, workers: int = 1, **seed):
        self.data, self.port, self.process = data, free_port(), None
        # The server's clock is shifted by what this file holds, so that a story of 2022 plays in 2022 and can go on.
        data.mkdir(parents=True, exist_ok=True)
        self._shift = data / "clock-shift"
        self.set_clock(now)
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PORTAL_")},
            "PORTAL_DATA": str(data), "PORTAL_TESTING": "1", "PORTAL_PORT": str(self.port),
            "PORTAL_WORKERS": str(workers), "PORTAL_ACCESS_LOG": "0", "PORTAL_TEST_CLOCK_SHIFT": str(self._shift),
        }  # fmt: skip
        self.seeded = self.seed(scenario, **seed)

    def set_clock(self, moment: datetime | None) -> None:
        """From now on it is `moment` for the server and everything it runs, and time goes on from there; None: real."""
        seconds = (moment - clock.now()).total_seconds() if moment else 0.0
        fresh = self._shift.with_suffix(".new")
        fresh.write_text(str(seconds), encoding="ascii")
        fresh.replace(self._shift)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What the server has printed so far."""
        return (self.data / "server.log").read_text(errors="replace")

    def run(self, *arguments: str) -> str:
        """Run a Python command in the server's environment and give its output."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def seed(self, scenario: str, **options) -> dict:
        """Add rows beside the running server."""
        return json.loads(self.run("-m", "tests.browser.seed", scenario, json.dumps(options)).splitlines()[-1])

    def start(self) -> "LiveServer":
        with open(self.data / "server.log", "ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.serve"], cwd=ROOT, env=self.env, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        for _ in range(300):
            if self.answers():
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop(hard=True)
        raise AssertionError("the server did not start: " + self.log[-3000:])

    def answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return Client(self).get("/")[0] < 500
        return False

    def workers(self) -> list[psutil.Process]:
        """The web worker processes: the forked children, not the job process."""
        with contextlib.suppress(psutil.NoSuchProcess):
            me = psutil.Process(self.process.pid)
            return [p for p in me.children(recursive=True) if "jobs" not in " ".join(_line(p))]
        return []

    def kill_workers(self) -> int:
        """kill -9 every web worker; gives how many there were."""
        doomed = self.workers()
        for worker in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        return len(doomed)

    def stop(self, hard: bool = False) -> None:
        if self.process is None:
            return
        family = [self.process]
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [*psutil.Process(self.process.pid).children(recursive=True)]
        if hard:
            self.process.kill()
        else:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self.process = None

    def query(self, sql: str, *values) -> list[tuple]:
        """Read the live database beside the server, with the same engine."""
        handle = engine.connect(str(self.data / "portal.sqlite3"), timeout=10)
        try:
            return handle.execute(sql, values).fetchall()
        finally:
            handle.close()


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return ["jobs"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """One keep-alive connection with the cookie of a role; no browser, so that hundreds of requests are cheap."""

    def __init__(self, server: LiveServer, role: str | None = None):
        self.server = server
        login = server.seeded["logins"][role] if role else {"cookie": "", "csrf": ""}
        self.cookie, self.csrf = login["cookie"], login["csrf"]
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def open(self, method: str, path: str, body: bytes | None = None, **headers) -> tuple[int, str, dict]:
        """(status, text, headers); raises OSError or HTTPException when the connection breaks."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            headers["Cookie"] = f"portal={self.cookie}"
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return response.status, response.read().decode("utf8", "replace"), dict(response.getheaders())
        except Exception:
            self.connection.close()
            raise

    def get(self, path: str, **headers):
        return self.open("GET", path, **headers)

    def post(self, path: str, data: dict, **headers):
        body = urlencode({"csrf_token": self.csrf, **data}, doseq=True).encode()
        return self.open("POST", path, body, Content_Type="application/x-www-form-urlencoded", **headers)

    def upload(self, path: str, data: dict, field: str, name: str, content: bytes, **headers):
        body, kind = multipart({"csrf_token": self.csrf, **data}, field, name, content)
        return self.open("POST", path, body, Content_Type=kind, **headers)


def multipart(data: dict, field: str, name: str, content: bytes) -> tuple[bytes, str]:
    """A form with one file, as a browser sends it, and its content type."""
    mark = "----portal-test-7f3a"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in data.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
