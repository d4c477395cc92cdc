"""The server process tree: one per data folder, back after kills, gone after a signal, not held up by slow clients."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal import lock
from portal.serve import OneLine
from portal.settings import Settings

ROOT = Path(__file__).parent.parent

# Stands in for the portal: what is tested here is the process tree around it.
APPLICATION = """
import os, sys, time, types
from flask import Flask, request
if os.path.exists("broken"):
    raise RuntimeError("cannot start")
jobs = types.ModuleType("portal.jobs")
def work_forever(stop):
    open("jobs.pid", "w").write(str(os.getpid()))
    while not stop.wait(0.05):
        pass
    open("jobs.ended", "w").close()
jobs.work_forever = work_forever
sys.modules["portal.jobs"] = jobs
import portal
portal.jobs = jobs
def create_app():
    app = Flask("app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 5 * 1024 * 1024
    app.add_url_rule("/", view_func=lambda: str(os.getpid()), endpoint="index")
    app.add_url_rule("/<path:text>", view_func=lambda text: text, endpoint="path")
    app.add_url_rule("/up", view_func=lambda: str(len(request.get_data())), methods=["POST"], endpoint="up")
    return app
"""


class Server:
    """One server process on a free port, with its output in a file."""

    def __init__(self, folder: Path, **env):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / f"log.{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        clean |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PORTAL_DATA": str(folder / "live")}
        clean |= {"PORTAL_PORT": str(self.port), "PORTAL_WORKERS": "2", "PORTAL_REQUEST_MIB": "21", **env}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.serve"], cwd=folder, env=clean, stdout=log, stderr=log
            )

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ask(self, path="/", method="GET", body=None, headers=None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            chunked = "Transfer-Encoding" in (headers or {})
            connection.request(method, path, body=body, headers=headers or {}, encode_chunked=chunked)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_up(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask()[0] == 200
        return False

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("did not come true in time")


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APPLICATION)
    Settings(data=tmp_path / "live").prepare().database.touch()
    return tmp_path


@pytest.fixture
def start(folder):
    """start(**env) starts a server; all are stopped afterwards."""
    servers = []

    def begin(**env) -> Server:
        servers.append(Server(folder, **env))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_whole_tree_within_seconds_and_gives_0(folder, start, stop):
    server = start()
    until(server.is_up)
    until((folder / "jobs.pid").exists)
    until(lambda: "平台已启动：http://127.0.0.1:" in server.output)
    tree = [int((folder / "jobs.pid").read_text()), int(server.ask()[1]), *children(server.process.pid)]
    began = time.monotonic()
    server.process.send_signal(stop)
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < 8
    assert [pid for pid in tree if is_alive(pid)] == []
    assert (folder / "jobs.ended").exists(), "the job process was asked to end, not shot"
    assert "平台已停止" in server.output
    with lock.holding(folder / "live" / "server.lock"):
        pass


def test_second_server_and_restore_are_refused_while_one_runs(folder, start):
    first = start()
    until(first.is_up)
    second = start()
    assert second.process.wait(20) == 2
    assert f"进程号 {first.process.pid}" in second.output and "请先停止它" in second.output
    with pytest.raises(lock.Held) as held, lock.holding(folder / "live" / "server.lock"):
        pass
    assert held.value.holder == first.process.pid
    assert first.is_up()


def test_killed_workers_and_killed_jobs_come_back(folder, start):
    server = start()
    until(server.is_up)
    until((folder / "jobs.pid").exists)
    for _ in range(3):  # granian alone gives up at the second kill within seconds
        os.kill(int(until(lambda: server.is_up() and server.ask()[1])), signal.SIGKILL)
        time.sleep(0.2)
    before = int((folder / "jobs.pid").read_text())
    os.kill(before, signal.SIGKILL)
    until(lambda: (folder / "jobs.pid").read_text() not in ("", str(before)))
    until(server.is_up)
    assert server.process.poll() is None


def test_killed_server_leaves_nobody_behind_and_the_lock_holds_until_then(folder, start):
    server = start()
    until(server.is_up)
    worker = int(server.ask()[1])
    os.kill(worker, signal.SIGSTOP)  # a worker in the middle of a long write
    server.process.kill()
    server.process.wait()
    try:
        with pytest.raises(lock.Held), lock.holding(folder / "live" / "server.lock"):
            pass
    finally:
        os.kill(worker, signal.SIGCONT)
    until(lambda: not is_alive(worker))
    jobs = int((folder / "jobs.pid").read_text())
    until(lambda: not is_alive(jobs))

    def is_free() -> bool:
        # The other worker may take a moment longer to die; the lock is free when the last one is gone.
        with contextlib.suppress(lock.Held), lock.holding(folder / "live" / "server.lock"):
            return True
        return False

    until(is_free)


def test_application_that_cannot_start_ends_the_server_with_1(folder, start):
    (folder / "broken").touch()
    server = start()
    assert server.process.wait(30) == 1
    assert "cannot start" in server.output and "无法启动" in server.output


def test_start_migrates_before_the_first_page(folder, start):
    server = start()
    until(lambda: "平台已启动" in server.output)
    assert server.output.index("数据库已升级：0001") < server.output.index("平台已启动")
    server.stop()
    again = start()
    until(again.is_up)
    assert "数据库已升级" not in again.output


def test_failed_migration_starts_nothing(folder, start):
    (folder / "live" / "portal.sqlite3").write_bytes(b"this is no database" * 100)
    server = start()
    assert server.process.wait(20) == 2 and "数据库升级失败" in server.output
    assert "平台已启动" not in server.output


def test_uninitialised_folder_and_busy_port_are_refused_with_advice(folder, start, tmp_path):
    fresh = start(PORTAL_DATA=str(tmp_path / "fresh"))
    assert fresh.process.wait(20) == 2 and "./run flask init" in fresh.output
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = start(PORTAL_PORT=str(other.getsockname()[1]))
        assert busy.process.wait(20) == 2 and "PORTAL_PORT" in busy.output
    assert "Traceback" not in fresh.output + busy.output


def test_slow_uploads_do_not_hold_pages_up(start):
    server = start(PORTAL_WORKERS="1")
    until(server.is_up)
    uploads = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(30)]
    for upload in uploads:
        upload.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
    time.sleep(0.3)
    began = time.monotonic()
    assert all(server.ask()[0] == 200 for _ in range(5))
    assert time.monotonic() - began < 2
    for upload in uploads:
        upload.sendall(b"bc")
        assert b"200 OK" in upload.recv(4096)
        upload.close()


def test_large_bodies_arrive_up_to_the_limit_and_larger_ones_get_an_answer(start):
    server = start()
    until(server.is_up)
    limit = 5 * 1024 * 1024
    assert server.ask("/up", "POST", b"x" * limit) == (200, str(limit))
    assert server.ask("/up", "POST", b"x" * (limit + 1))[0] == 413
    assert server.ask("/up", "POST", iter([b"x" * limit]), {"Transfer-Encoding": "chunked"})[0] == 200
    assert server.ask("/up", "POST", iter([b"x" * limit, b"x"]), {"Transfer-Encoding": "chunked"})[0] == 413
    assert server.ask("/", headers={"X-Large": "x" * 200_000})[0] in (400, 431)
    assert server.is_up()


def test_static_files_stay_inside_their_folder(start):
    server = start()
    until(server.is_up)
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/hostname"):
        status, text = server.ask(path)
        assert "create_app" not in text and "import" not in text, path
        assert status == 404 or text == path[1:], path


def test_log_holds_the_path_but_no_query_and_no_forged_line(start):
    server = start()
    until(server.is_up)
    server.ask("/search%0a2026-01-01%20forged?name=%E5%BC%A0%E4%B8%89&code=510105199001010010")
    until(lambda: "/search" in server.output)
    lines = [line for line in server.output.splitlines() if "/search" in line]
    assert len(lines) == 1 and "\\n2026-01-01 forged" in lines[0]
    assert "510105199001010010" not in server.output and "张三" not in server.output
    assert not any(line.startswith("2026-01-01 forged") for line in server.output.splitlines())


def test_one_line_formatter_leaves_ordinary_text_alone():
    import logging

    def shown(text: str) -> str:
        return OneLine().format(logging.LogRecord("a", logging.INFO, "", 0, text, None, None))

    assert shown("GET /审核/1 200") == "GET /审核/1 200"
    assert shown("a\r\nb\x1b[31m\u2028") == "a\\r\\nb\\x1b[31m\\u2028"


def test_the_server_s_threads_import_nothing_while_workers_are_forked(tmp_path):
    """A module under import in another thread at the moment of a fork stays locked in the worker, which then hangs."""
    code = """
import sys
from pathlib import Path
from portal import serve
from portal.settings import Settings
settings, before = Settings(data=Path(sys.argv[1]), testing=True, port=int(sys.argv[2])), set(sys.modules)
while not serve._answers(settings): serve.time.sleep(0.05)
print(sorted(set(sys.modules) - before))
"""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    page = subprocess.Popen(
        [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", str(tmp_path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), port], capture_output=True, text=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )  # fmt: skip
    finally:
        page.kill()
        page.wait()
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
