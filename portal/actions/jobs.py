"""Rows of long work: started by a door, leased by the one worker, advanced in small committed steps, cancelled."""

from datetime import timedelta

from portal import clock
from portal.database import transaction
from portal.models import Job
from portal.rules.workflow import Actor, Seat

LEASE_SECONDS = 60  # a worker that has not committed a step for this long is taken for dead

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)


def start_job(kind: str, *, actor: Actor, data: dict, total: int) -> Job:
    """Put a piece of long work into the queue; `data` must hold everything that the worker needs."""
    with transaction():
        return Job.create(
            kind=kind, data={**data, "actor": pack_actor(actor)}, total=total, user=actor.user, created_at=clock.now()
        )


def lease_job() -> Job | None:
    """The job whose turn it is, this worker's for LEASE_SECONDS: the oldest that nobody has begun, or else the one that
    was given back, or whose worker died, longest ago. So a short job never waits for the end of a long one."""
    now = clock.now()
    with transaction():
        job = (
            Job.select()
            .where((Job.state == WAITING) | ((Job.state == RUNNING) & (Job.leased_until < now)))
            .order_by(Job.leased_until, Job.id)
            .first()
        )
        if job is None:
            return None
        job.state, job.leased_until = RUNNING, now + timedelta(seconds=LEASE_SECONDS)
        job.save(only=[Job.state, Job.leased_until])
    return job


def keep_step(job: Job, *, is_finished: bool) -> bool:
    """Commit what a step did together with the job's progress; call it inside the step's own transaction.

    False when the job was cancelled or taken over meanwhile: the caller rolls its step back.
    """
    now = clock.now()
    job.state = DONE if is_finished else RUNNING
    changed = (
        Job.update(
            done=job.done, result=job.result, state=job.state, leased_until=now + timedelta(seconds=LEASE_SECONDS),
            finished_at=now if is_finished else None,
        )
        .where(Job.id == job.id, Job.state == RUNNING, Job.leased_until == job.leased_until)
        .execute()
    )  # fmt: skip
    job.leased_until = now + timedelta(seconds=LEASE_SECONDS)
    return bool(changed)


def fail_job(job: Job, message: str) -> None:
    """End a job that cannot go on; what its earlier steps did stays done."""
    with transaction():
        Job.update(state=FAILED, message=message[:300], finished_at=clock.now()).where(
            Job.id == job.id, Job.state == RUNNING
        ).execute()


def cancel_job(job: Job, *, actor: Actor) -> bool:
    """Stop a job before its next step; nothing that is done is taken back. False when it had ended already."""
    with transaction():
        return bool(
            Job.update(state=CANCELLED, finished_at=clock.now(), message=f"由{actor.name}停止")
            .where(Job.id == job.id, Job.user == actor.user, Job.state.in_(OPEN))
            .execute()
        )


def pack_actor(actor: Actor) -> dict:
    """An actor as JSON."""
    return {name: getattr(actor, name) for name in actor.__dataclass_fields__} | {"seat": str(actor.seat)}


def unpack_actor(values: dict) -> Actor:
    """The actor of a job's data."""
    return Actor(**{**values, "seat": Seat(values["seat"])})


def give_back(job: Job) -> None:
    """Let another worker go on with a job that this one cannot finish now."""
    with transaction():
        Job.update(leased_until=clock.now()).where(Job.id == job.id, Job.state == RUNNING).execute()
