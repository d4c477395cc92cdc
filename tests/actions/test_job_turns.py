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

    def sweep() -> dict[str, int]:
        swept.append(len(order))
        return {}

    monkeypatch.setattr(sweeps, "run_sweeps", sweep)
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


def test_a_flood_is_finished_before_the_worker_rests(db, monkeypatch):
    left, runs, stop = [450], [], threading.Event()

    def sweep() -> dict[str, int]:
        runs.append(min(left[0], 200))
        left[0] -= runs[-1]
        if not runs[-1]:
            stop.set()
        return {"submit_overdue": runs[-1]}

    monkeypatch.setattr(sweeps, "run_sweeps", sweep)
    monkeypatch.setattr(jobs, "SWEEP_EVERY", 3600.0)
    monkeypatch.setattr(jobs, "PAUSE", 0.0)
    worker = threading.Timer(5, stop.set)  # without it the next run would be an hour away
    worker.start()
    jobs.work_forever(stop)
    worker.cancel()
    assert runs == [200, 200, 50, 0]
