"""The worker: leases jobs from our own database and does them in small committed steps, resumed after a crash."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from peewee import JOIN

from portal import clock, database
from portal.actions import issuing, jobs, registration_checks, sweeps  # noqa: F401 - the checks hang themselves in
from portal.actions.bulk import decide_many, preview_many
from portal.actions.cases import Decision
from portal.actions.credential_files import keep_rendered
from portal.models import Credential, FileVersion, Grant, Job
from portal.papers import credentials
from portal.rules.errors import NotAllowed, Refusal

# Idle time between looks at the table, seconds; a started job waits at most this long.
PAUSE = 1.0
# Time between two runs of what happens by the calendar alone, seconds; opening a page does it too (R13.07).
SWEEP_EVERY = 15.0
# How long one job may go on before the others, and what time alone does, have their turn, seconds.
TURN = 10.0
# Rows of one step: few enough that a click in between waits less than one would notice.
ROWS_A_STEP = 10
# Documents of one step: they are drawn before its transaction begins, and lost with a killed worker.
DOCUMENTS_A_STEP = 10

log = logging.getLogger("portal.jobs")

# What each kind does in one step, inside the transaction that also keeps its progress: it advances job.done and
# job.result and gives True when the work is finished.
KINDS: dict[str, Callable[..., bool]] = {}
# What some kinds do before that, outside of any transaction, because it takes its time and others want to write
# meanwhile; what it gives is handed to the step. After a crash it is simply done again.
PREPARATIONS: dict[str, Callable[[Job], object]] = {}
_fonts: dict[int, object] = {}


def kind(name: str, *, prepare: Callable[[Job], object] | None = None) -> Callable:
    """Register the step function of a kind of job, and what it needs prepared."""

    def keep(step: Callable[..., bool]) -> Callable[..., bool]:
        KINDS[name] = step
        if prepare is not None:
            PREPARATIONS[name] = prepare
        return step

    return keep


def work_forever(stop: threading.Event) -> None:
    """Do jobs, and what has become due by time alone, until `stop` is set; a running step is finished first."""
    database.open_connection()
    swept = 0.0
    while not stop.is_set():
        if time.monotonic() - swept >= SWEEP_EVERY:
            # Each does a limited number at a time: a whole class's papers are finished now, not by and by.
            swept = 0.0 if any(sweeps.run_sweeps().values()) else time.monotonic()
        try:
            job = jobs.lease_job()
        except Exception:
            log.exception("looking for jobs failed")
            job = None
        if job is None:
            stop.wait(PAUSE)
        else:
            do_job(job, stop, seconds=TURN)


def do_job(job: Job, stop: threading.Event | None = None, *, seconds: float | None = None) -> None:
    """Do the steps of a leased job until it is finished, cancelled, failed, its turn is over (`seconds`; None: as long
    as it takes), or the worker has to stop."""
    began = time.monotonic()
    while (stop is None or not stop.is_set()) and (seconds is None or time.monotonic() - began < seconds):
        try:
            if do_step(job):
                return
        except Refusal as refusal:
            jobs.fail_job(job, refusal.message)
            return
        except Exception:
            log.exception("job %s (%s) failed", job.id, job.kind)
            jobs.fail_job(job, "处理中断，已完成的部分已保存，请联系技术人员。")
            return
    # Given back at once: the next start, or the next turn, need not wait for the lease to run out.
    jobs.give_back(job)


def do_step(job: Job) -> bool:
    """One step and its progress in one transaction: after a crash it has either happened and counted, or neither.

    True when nothing is left to do, also because somebody cancelled the job.
    """
    step = KINDS.get(job.kind)
    if step is None:
        raise NotAllowed("系统不认识这类后台任务，请联系技术人员。")
    prepare = PREPARATIONS.get(job.kind)
    prepared = (prepare(job),) if prepare else ()
    with database.transaction() as transaction:
        is_finished = step(job, *prepared)
        if not jobs.keep_step(job, is_finished=is_finished):
            transaction.rollback()
            return True
    return is_finished


@kind("bulk")
def decide_in_bulk(job: Job) -> bool:
    """Decide on the next rows of a bulk decision, each with its own event; results are kept row by row (R3.46)."""
    return _bulk_step(job, decide_many)


@kind("preview")
def preview_bulk(job: Job) -> bool:
    """Find out what a bulk decision would do with the next rows."""
    return _bulk_step(job, preview_many)


def _draw_next(job: Job) -> list[credentials.Drawn]:
    """The documents of the next credentials of the batch, on disk but not yet entered; none after the job's end."""
    if Job.get_by_id(job.id).state != jobs.RUNNING:
        return []
    ids = job.data["credentials"][job.done : job.done + DOCUMENTS_A_STEP]
    # With their portraits: the threads below must not ask the database.
    found = Credential.select(Credential, FileVersion).join(
        FileVersion, JOIN.LEFT_OUTER, on=(Credential.portrait == FileVersion.id)
    )
    rows = {row.id: row for row in found.where(Credential.id.in_(ids))}
    if job.id not in _fonts:  # of one job at a time; a worker that takes over cuts them anew
        _fonts.clear()
        _fonts[job.id] = credentials.prepare_fonts(job.data["credentials"])
    missing = [rows[id_] for id_ in ids if id_ in rows and rows[id_].file_id is None]
    # One draws (under the renderer's lock) while the other waits for the disk.
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(partial(credentials.draw, batch=_fonts[job.id]), missing))


@kind(issuing.RENDER_JOB, prepare=_draw_next)
def render_credentials(job: Job, drawn: list[credentials.Drawn]) -> bool:
    """Enter the drawn documents of a batch; what could not be drawn is held back and named, the others go on.

    Issuing happened before: cancelling this takes back no number, and what is not drawn yet is drawn on demand.
    """
    actor = jobs.unpack_actor(job.data["actor"])
    for each in drawn:
        if each.kept is not None:
            keep_rendered(each.credential, each.kept, actor=actor)
        else:
            row = Credential.get_by_id(each.credential)
            job.result.setdefault("held", []).append([row.id, row.name, row.number, each.reason])
    job.done = min(job.done + DOCUMENTS_A_STEP, len(job.data["credentials"]))
    return job.done >= len(job.data["credentials"])


def _bulk_step(job: Job, verb: Callable) -> bool:
    actor = jobs.unpack_actor(job.data["actor"])
    _check_seat(actor)
    pairs = [tuple(pair) for pair in job.data["pairs"][job.done : job.done + ROWS_A_STEP]]
    outcomes = verb(pairs, Decision(**job.data["decision"]), actor=actor)
    result = job.result
    for outcome in outcomes:
        if outcome.done:
            result.setdefault("passed", []).append(outcome.case)
        else:
            result.setdefault("skipped", []).append([outcome.case, outcome.title, outcome.message])
    job.done += len(pairs)
    return job.done >= len(job.data["pairs"])


def _check_seat(actor) -> None:
    """A seat that was taken away meanwhile decides nothing more."""
    held = Grant.active_at(actor.office).where(Grant.user == actor.user, Grant.seat == str(actor.seat))
    if not held.exists():
        raise NotAllowed(f"{actor.name}已不再担任这个身份，其余各件没有办理（{clock.now():%Y-%m-%d %H:%M}）。")
