"""A real database file, and many hands on it at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from portal import clock, database
from portal.models import jurisdictions
from tests import make

PROFILES = Path(__file__).parents[2] / "data" / "profiles"


@pytest.fixture
def on_disk(_schema, tmp_path):
    """The path of a migrated database file, in use; afterwards the session's in-memory database is back, empty."""
    previous, path = database.database.database, tmp_path / "portal.sqlite3"
    database.use(path)
    database.open_connection()
    database.migrate()
    jurisdictions.use_profiles(PROFILES)
    jurisdictions.forget_calendar()
    make.reset()
    clock.set_for_test(datetime(2022, 12, 10, 10, 0))
    yield path
    database.database.close()
    database.use(previous)
    database.open_connection()
    database.migrate()
    jurisdictions.forget_calendar()


@pytest.fixture
def at_once(on_disk):
    """at_once(jobs): every callable in a thread and with a connection of its own, begun at the same moment.

    Gives what each returned or, in its place, the exception it raised.
    """

    def run(jobs: list) -> list:
        gate = Barrier(len(jobs))

        def work(job):
            database.open_connection()
            gate.wait(timeout=60)
            try:
                return job()
            except Exception as error:
                return error
            finally:
                database.database.close()

        with ThreadPoolExecutor(len(jobs)) as pool:
            return list(pool.map(work, jobs))

    return run
