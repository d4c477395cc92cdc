"""Parallel requests on a real database file: one registration and one submission come out (R3.45)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from portal import clock, database
from portal.actions import registrations
from portal.models import Case, Registration, Submission, jurisdictions
from portal.rules.errors import Refusal
from tests import make
from tests.actions.registering import scene

THREADS = 6


@pytest.fixture
def file_database(_schema, tmp_path):
    """A database file of its own; afterwards the session's in-memory database is back, empty."""
    previous = database.database.database
    database.use(tmp_path / "parallel.sqlite3")
    database.open_connection()
    database.migrate()
    jurisdictions.use_profiles(Path(__file__).parents[2] / "data" / "profiles")
    jurisdictions.forget_calendar()
    make.reset()
    clock.set_for_test(datetime(2022, 12, 10, 10, 0))
    yield
    database.database.close()
    database.use(previous)
    database.open_connection()
    database.migrate()
    jurisdictions.forget_calendar()


def at_once(act) -> list[str]:
    """Do the same in several threads at the same moment; gives what each came to."""
    barrier = Barrier(THREADS)

    def one(_):
        database.open_connection()
        barrier.wait()
        try:
            act()
            return "done"
        except Refusal as refusal:
            return refusal.message
        finally:
            database.database.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


@pytest.mark.requirement("R3.45")
def test_parallel_requests_leave_one_registration_and_one_submission(file_database):
    s = scene()
    said = at_once(s.open)
    assert said.count("done") == 1 and all("不能重复报名" in text for text in said if text != "done")
    assert Registration.select().count() == 1 and Case.select().count() == 1
    from tests.actions.registering import fill

    case = fill(Case.get(), s.actor)
    seen = case.version
    said = at_once(lambda: registrations.submit_registration(case, actor=s.actor, seen=seen, declared=True))
    assert said.count("done") == 1
    assert Submission.select().count() == 1 and Case.get().state == "under_review"


def test_without_the_unique_key_there_would_be_several(file_database, monkeypatch):
    """Control: the same race without the check and the key does leave more than one."""
    monkeypatch.setattr("portal.actions.registrations.check_may_register", lambda *a: None)
    monkeypatch.setattr("portal.actions.registrations.live_key", lambda registration: None)
    s = scene()
    at_once(s.open)
    assert Registration.select().count() == THREADS
