"""Jobs take turns: a long one keeps neither a short one nor what time alone does waiting for its end."""

import threading

from portal import jobs
from portal.actions import jobs as job_rows
from portal.actions import sweeps
from portal.models import Job
from tests import make


def run_two(monkeypatch, turn: float) -> tuple[list[str], int]:
    """A long job of 20 steps and then a short one of 1: in which order their steps came, and how often was swept."""
    actor, order, swept = make.actor_of(make.make_grant("P")), [], []

    def step(job: Job) -> bool:
        order.append(job.kind)
        job.done += 1
        return job.done >= job.total

    for name, total in (("long", 20), ("short", 1)):
        monkeypatch.setitem(jobs.KINDS, name, step)
        job_rows.start_job(name, actor=actor, data={}, total=total)
    for name, value in (("PAUSE", 0.01), ("TURN", turn), ("SWEEP_EVERY", 0.0)):
        monkeypatch.setattr(jobs, name, value)
    monkeypatch.setattr(sweeps, "run_sweeps", lambda: swept.append(len(order)))
    stop, lease = threading.Event(), job_rows.lease_job

    def lease_or_stop():
        job = lease()
        if job is None:
            stop.set()
        return job

    monkeypatch.setattr(jobs.jobs, "lease_job", lease_or_stop)
    jobs.work_forever(stop)
    assert all(job.state == "done" for job in Job.select())
    return order, sum(0 < steps < 20 for steps in swept)


def test_a_short_job_does_not_wait_for_the_end_of_a_long_one(db, monkeypatch):
    order, swept = run_two(monkeypatch, turn=0.000001)
    assert order.index("short") < 3 and order.count("long") == 20
    assert swept >= 10


def test_without_turns_it_would(db, monkeypatch):
    order, swept = run_two(monkeypatch, turn=3600)
    assert order.index("short") == 20 and swept == 0
