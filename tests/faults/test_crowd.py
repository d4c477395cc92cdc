"""Twenty reviewers press at the same time, over real connections: each case moves once, the others are told by whom."""

import threading
import time

import pytest

from tests.browser.chromium import running
from tests.browser.live import Client

CASES, CROWD = 12, 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("crowd") / "data", "queue", workers=2, cases=CASES, reviewers=CROWD) as server:
        yield server


def test_each_case_moves_once(server):
    answers, gate = [], threading.Barrier(CROWD)

    def approve_all(role: str):
        client = Client(server, role)
        gate.wait(30)
        for case, version in server.seeded["cases"]:
            answers.append((case, *client.post(f"/city/cases/{case}/approve", {"seen": version, "action": "pass"})[:2]))

    threads = [threading.Thread(target=approve_all, args=(f"reviewer{n}",)) for n in range(CROWD)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert len(answers) == CASES * CROWD and time.monotonic() - started < 60
    statuses = sorted(status for _, status, _ in answers)
    assert set(statuses) <= {200, 303, 409}, {s: statuses.count(s) for s in set(statuses)}
    for case, _ in server.seeded["cases"]:
        mine = [(status, text) for id_, status, text in answers if id_ == case]
        won = [status for status, _ in mine if status != 409]
        assert len(won) == 1, f"case {case}: {len(won)} approvals were carried out"
        # The others read who decided, what, and that it happened just now.
        assert all("市审" in text and "通过" in text for status, text in mine if status == 409)
    assert server.query("SELECT COUNT(*), COUNT(DISTINCT case_id) FROM event WHERE action = 'pass' AND seat = 'C'") == [
        (CASES, CASES)
    ]
    server.run("-m", "flask", "--app", "app", "audit", "verify")


def test_without_the_version_several_would_have_won(tmp_path):
    """Control: the same crowd over rows that are read and then written without a version wins more than once."""
    from peewee import sqlite3 as engine

    file, wins, gate = tmp_path / "naive.db", [], threading.Barrier(8)
    with engine.connect(file) as store:
        store.execute("PRAGMA journal_mode = wal")
        store.execute("CREATE TABLE c (id INTEGER PRIMARY KEY, state TEXT)")
        store.executemany("INSERT INTO c VALUES (?, 'waiting')", [(n,) for n in range(30)])

    def approve_all():
        mine = engine.connect(file, timeout=30, isolation_level=None)
        gate.wait(30)
        for number in range(30):
            if mine.execute("SELECT state FROM c WHERE id = ?", (number,)).fetchone()[0] == "waiting":
                time.sleep(0.001)
                mine.execute("UPDATE c SET state = 'passed' WHERE id = ?", (number,))
                wins.append(number)
        mine.close()

    threads = [threading.Thread(target=approve_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(wins) > len(set(wins)), "the naive approval was never carried out twice: the crowd does not meet"
