"""What every measurement stands on: seeded data folders, servers pinned to two cores, signed-in clients, figures."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path
from statistics import median
from typing import TextIO

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

ROOT = Path(__file__).parent.parent
BENCH, OUT = ROOT / "bench", ROOT / "bench" / "out"
CORES = "0,1"
PORT = 8611
RUNS = 3
_CSRF = "c" * 40


def alone() -> TextIO:
    """The lock of a measurement: two at once would measure each other; keep what it gives until the end."""
    OUT.mkdir(exist_ok=True)
    lock = (OUT / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("another measurement is running") from None
    return lock


# ---- data ------------------------------------------------------------------------------------------------------------


def seeded(cases: int, what: str = "") -> Path:
    """The data folder with so many cases (or, with `what`, so many of what bench/seed_<what>.py makes).

    Built anew when the schema, the seed or the day has changed.
    """
    folder, seed = (OUT / f"{what}-{cases}", f"seed_{what}") if what else (OUT / str(cases), "seed")
    sources = [BENCH / "seed.py", BENCH / f"{seed}.py", *sorted((ROOT / "portal" / "migrations").glob("*.py"))]
    stamp = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()[:16] + f" {date.today()}"
    mark = folder / "bench-stamp"
    if not mark.exists() or mark.read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        say(f"building {cases:,} {what or 'cases'} …")
        python(f"bench.{seed}", folder, cases)
        mark.write_text(stamp)
    return folder


def copied(folder: Path, name: str) -> Path:
    """A fresh copy of a data folder, for what writes."""
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    # Whole folders only: a -wal of other data beside a database would destroy it.
    subprocess.run(["cp", "-a", "--reflink=auto", folder, target], check=True)
    return target


def python(module: str, *arguments) -> str:
    """Run a module of this folder in a process of its own and give what it printed."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True).stdout


# ---- servers ---------------------------------------------------------------------------------------------------------


class Server:
    """A server process tree, pinned to two cores; use it in a `with`, which waits until it answers and ends it."""

    def __init__(self, command: list, *, port: int = PORT, cwd: Path = ROOT, **environment: str):
        self.command, self.port, self.cwd, self.environment = command, port, cwd, environment
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> "Server":
        self.log = (OUT / f"server-{self.port}.log").open("w")
        self.process = subprocess.Popen(
            ["taskset", "-c", CORES, *map(str, self.command)], cwd=self.cwd, stdout=self.log, stderr=self.log,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | self.environment, start_new_session=True,
        )  # fmt: skip
        for _ in range(300):
            time.sleep(0.1)
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended at once, see {self.log.name}")
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                continue
        raise SystemExit(f"the server does not answer, see {self.log.name}")

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

    def pss(self) -> float:
        """Proportional set size of the whole process tree, in MB."""
        return sum(_pss_of(pid) for pid in _tree(self.process.pid)) / 1024

    def cpu(self) -> float:
        """Seconds of processor time that the process tree has used."""
        return sum(_cpu_of(pid) for pid in _tree(self.process.pid))


def portal_server(folder: Path, port: int = PORT, **environment: str) -> Server:
    """The portal as shipped: granian with a worker per core, and the job worker."""
    return Server(
        [sys.executable, "-m", "portal.serve"], port=port, PORTAL_DATA=str(folder), PORTAL_PORT=str(port),
        PORTAL_HOST="127.0.0.1", **environment,
    )  # fmt: skip


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [pid] + [each for child in children.read_text().split() for each in _tree(int(child))]
    except OSError:
        return []


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


# ---- clients ---------------------------------------------------------------------------------------------------------


class Login:
    """A reviewer's browser: the cookie of a login that the seed has made, and a CSRF token that fits it."""

    def __init__(self, folder: Path, token: str):
        app = Flask(__name__)
        app.secret_key = (folder / "secret_key").read_text().strip()
        session = {"_user_id": token, "_fresh": True, "_permanent": True, "csrf_token": _CSRF}
        self.cookie = f"portal={SecureCookieSessionInterface().get_signing_serializer(app).dumps(session)}"
        self.csrf = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(_CSRF)


# ---- figures ---------------------------------------------------------------------------------------------------------


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def p99(values: list[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


def middle(runs: list[float]) -> float:
    """The median of the runs."""
    return median(runs)


def say(text: str) -> None:
    """Progress, beside the figures."""
    print(f"  … {text}", file=sys.stderr, flush=True)


def load() -> str:
    """The machine's load average of the last minute, which every figure carries: others may have used the cores."""
    return f"{os.getloadavg()[0]:.1f}"


class Report:
    """The figures as they come, each beside what it is compared with and its target."""

    def __init__(self):
        self.failed = 0

    def title(self, text: str) -> None:
        print(f"\n{text}\n{'-' * 118}")

    def line(self, what: str, ours: str, other: str = "", target: str = "", good: bool | None = None) -> None:
        """One figure; `good` None means that it has no target of its own."""
        verdict = {True: "ok", False: "MISSED", None: ""}[good]
        self.failed += good is False
        print(f"{what:<40} {ours:>20}  {other:<30} {target:<8} {verdict:<6} load {load()}", flush=True)

    def most(self, what: str, ours: float, name: str, theirs: float, times: float, unit: str = "ms") -> None:
        """One figure that may be at most `times` its comparison."""
        other = f"{name} {theirs:.2f} {unit}: {ours / theirs:.2f} ×"
        self.line(what, f"{ours:.2f} {unit}", other, f"≤ {times:g} ×", ours <= times * theirs)

    def least(self, what: str, ours: float, name: str, theirs: float, times: float, unit: str) -> None:
        """One figure that must be at least `times` its comparison."""
        other = f"{name} {theirs:.0f} {unit}: {ours / theirs:.1f} ×"
        self.line(what, f"{ours:.0f} {unit}", other, f"≥ {times:g} ×", ours >= times * theirs)
