"""kill -9 in the middle of decisions and uploads: what was acknowledged is stored, what is stored is whole."""

import hashlib
import http.client
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from portal.storage import Store
from tests.browser.chromium import running
from tests.browser.live import Client, free_port
from tests.storage import corpus

CASES = 48


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with a city's queue, killed again and again by these tests."""
    with running(tmp_path_factory.mktemp("killed") / "data", "queue", workers=2, cases=CASES, reviewers=4) as server:
        yield server


def killer(server, stop: threading.Event, pause: float) -> int:
    """Kill every worker, wait until the server answers again, and so on."""
    kills = 0
    while not stop.wait(pause):
        kills += server.kill_workers()
        for _ in range(200):
            if server.answers() or stop.is_set():
                break
            time.sleep(0.05)
    return kills


def work_under_fire(server, workers: list, pause: float = 0.35) -> int:
    """Run the callables in threads while the server's workers are killed; gives the number of kills."""
    stop, kills = threading.Event(), []
    shooting = threading.Thread(target=lambda: kills.append(killer(server, stop, pause)))
    threads = [threading.Thread(target=worker) for worker in workers]
    for thread in (*threads, shooting):
        thread.start()
    for thread in threads:
        thread.join(60)
    stop.set()
    shooting.join(20)
    for _ in range(100):
        if server.answers():
            break
        time.sleep(0.1)
    return kills[0] if kills else 0


def test_an_acknowledged_decision_survives(server):
    """Every approval that was answered is in the database, once; the chain of events is whole."""
    queue, acknowledged, lock = list(server.seeded["cases"]), [], threading.Lock()

    def approve(role: str):
        client = Client(server, role)
        while True:
            with lock:
                if not queue:
                    return
                case, version = queue.pop()
            time.sleep(0.15)  # a person's pace, so that the kills meet decisions and not an empty queue
            for _ in range(200):
                with suppress(OSError, http.client.HTTPException):
                    status, text, _ = client.post(f"/city/cases/{case}/approve", {"seen": version, "action": "pass"})
                    if status in (200, 303):
                        acknowledged.append(case)
                    if status in (200, 303, 403, 404, 409, 422):
                        break
                time.sleep(0.05)

    kills = work_under_fire(server, [lambda role=f"reviewer{n}": approve(role) for n in range(4)], pause=0.4)
    assert kills >= 2, "control: workers were really killed"
    passed = [row[0] for row in server.query("SELECT case_id FROM event WHERE action = 'pass' AND seat = 'C'")]
    assert len(passed) == len(set(passed)), "a decision was carried out twice"
    assert set(acknowledged) <= set(passed), f"acknowledged but lost: {set(acknowledged) - set(passed)}"
    assert len(acknowledged) >= 10, "control: decisions were acknowledged"
    # Whole or not at all: a decision's event, its step and its case's position belong together.
    assert not server.query(
        """SELECT c.id, c.position, s.outcome FROM "case" c JOIN step s ON s.case_id = c.id AND s.seat = 'C'
        WHERE (s.outcome IS NOT NULL) <> (c.position = 2)
           OR (s.outcome IS NOT NULL) <> EXISTS (SELECT 1 FROM event e WHERE e.case_id = c.id AND e.action = 'pass'
               AND e.seat = 'C')"""
    )
    server.run("-m", "flask", "--app", "app", "audit", "verify")


def test_an_upload_is_whole_or_not_there(server):
    """After kills in the middle of uploads every row has its file with its hash, and every answer has its row."""
    draft, slot = server.seeded["draft"], f"qualification.{server.seeded['qualification']}.scan"
    content, acknowledged = corpus.jpeg(size=(900, 1200)), []

    def upload():
        client = Client(server, "writer")
        until = time.monotonic() + 9
        while time.monotonic() < until:
            with suppress(OSError, http.client.HTTPException):
                status, _, _ = client.upload(
                    f"/applicant/registrations/{draft}/files", {"slot": slot}, "scan", "证书.jpg", content
                )
                if status == 303:
                    acknowledged.append(1)

    before = server.query("SELECT COUNT(*) FROM file_version")[0][0]
    kills = work_under_fire(server, [upload, upload], pause=0.6)
    rows = server.query("SELECT path, sha256, size FROM file_version")
    assert kills >= 2 and acknowledged
    assert len(rows) - before >= len(acknowledged), "an acknowledged upload has no row"
    uploads = server.data / "uploads"
    for path, sha256, size in rows:
        stored = (uploads / path).read_bytes()
        assert len(stored) == size and hashlib.sha256(stored).hexdigest() == sha256, path
    # What a kill left behind is only an unnamed draft or a file without a row, and the sweep takes it away.
    known = {path for path, _, _ in rows}
    kept = {p.relative_to(uploads).as_posix() for p in uploads.rglob("*.jpg") if "cache" not in p.parts}
    for orphan in kept - known:
        os.utime(uploads / orphan, (time.time() - 7 * 86400,) * 2)
    assert set(Store(uploads).sweep(known, older_than_hours=1)) == kept - known


CONTROL = """
import os, sqlite3, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
store = sqlite3.connect(sys.argv[2])
store.execute("CREATE TABLE IF NOT EXISTS done (id INTEGER PRIMARY KEY)")
store.commit()
class Careless(BaseHTTPRequestHandler):
    def do_POST(self):
        store.execute("INSERT INTO done VALUES (?)", (int(self.path[1:]),))
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *a): pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Careless).serve_forever()
"""


def test_the_check_sees_a_server_that_answers_before_it_stores(tmp_path):
    """Control: the same check on a server that acknowledges before its commit finds the loss."""
    port, file = free_port(), tmp_path / "careless.db"
    process = subprocess.Popen([sys.executable, "-c", CONTROL, str(port), str(file)])
    acknowledged = []
    try:
        for number in range(20):
            for _ in range(100):
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                    connection.request("POST", f"/{number}")
                    if connection.getresponse().status == 200:
                        acknowledged.append(number)
                    break
                except OSError:
                    time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    stored = {row[0] for row in sqlite3.connect(file).execute("SELECT id FROM done")}
    assert len(acknowledged) == 20 and not set(acknowledged) <= stored
