"""kill -9 of the job process in the middle of a batch: every document is there once, whole, and no number is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.actions import issuing, sealing
from portal.database import database, migrate, use
from portal.models import Credential, Event, FileVersion, Job
from portal.papers import credentials as papers
from portal.settings import Settings
from tests import make
from tests.make_credentials import issuer_of, make_passed

ROOT = Path(__file__).parents[2]
PEOPLE = 60
WORKER = """
import threading
from app import create_app
from portal import jobs
create_app()
jobs.work_forever(threading.Event())
"""


@pytest.fixture
def batch(_schema, tmp_path):
    """A batch of cards on disk whose documents are still to be drawn."""
    from app import create_app
    from portal.cli.demo.pictures import draw_portrait
    from portal.models import FileVersion
    from portal.storage import Store

    was = database.database
    settings = Settings(data=tmp_path / "data", testing=True).prepare()
    use(settings.database)
    database.connect(reuse_if_open=True)
    migrate()
    create_app(settings)
    make.reset()
    unit, plan = make.make_organisation(), make.make_plan()
    kept = Store(settings.uploads).keep_issued(draw_portrait(1), "照片.jpg", kind="jpeg")
    portrait = FileVersion.create(
        owner="person:0", slot="person.portrait", version=1, path=kept.path, sha256=kept.sha256, size=kept.size,
        mime=kept.mime, name=kept.name, at="2022-01-01",
    )  # fmt: skip
    people = [make.make_person(unit, portrait=portrait) for _ in range(PEOPLE)]
    registrations = [make_passed(plan, unit, person) for person in people]
    issuing.issue_credentials(plan, registrations, actor=issuer_of("sichuan"))
    yield settings
    database.close()
    use(was)
    database.connect(reuse_if_open=True)
    migrate()


def start(settings: Settings, shift: int) -> subprocess.Popen:
    """A job process whose clock is ahead, so that the dead one's lease is over."""
    env = {**os.environ, "PORTAL_DATA": str(settings.data), "PORTAL_TESTING": "1",
           "PORTAL_TEST_CLOCK_SHIFT": str(shift)}  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=env, stderr=subprocess.DEVNULL)


def progress() -> int:
    return Job.get(Job.kind == issuing.RENDER_JOB).done


def test_a_killed_job_goes_on_and_no_number_is_taken_back(batch):
    numbers = sorted(number for (number,) in Credential.select(Credential.number).tuples())
    kills, reached, shift = 0, [], 0
    for goal in (10, 30):
        worker = start(batch, shift)
        until = time.monotonic() + 60
        while progress() < goal and time.monotonic() < until:
            time.sleep(0.005)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills, shift = kills + 1, shift + 120
        reached.append(progress())
    assert kills == 2 and reached[0] < reached[1] < PEOPLE, f"control: it was killed in the middle, at {reached}"
    worker = start(batch, shift)
    until = time.monotonic() + 90
    while Job.get(Job.kind == issuing.RENDER_JOB).state != "done" and time.monotonic() < until:
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    job = Job.get(Job.kind == issuing.RENDER_JOB)
    assert (job.state, job.done, job.result) == ("done", PEOPLE, {})
    assert sorted(number for (number,) in Credential.select(Credential.number).tuples()) == numbers
    assert Credential.select().where(Credential.file.is_null()).count() == 0
    owners = FileVersion.select(FileVersion.owner).where(FileVersion.slot == "credential")
    assert owners.count() == owners.distinct().count() == PEOPLE
    assert Event.select().where(Event.action == sealing.RENDERED).count() == PEOPLE
    assert list(sealing.find_broken(*papers.stores())) == []
