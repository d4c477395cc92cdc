"""Everything that happens because of the time alone, without anybody: one list, run as often as one likes (R13.07)."""

import logging
from collections.abc import Callable
from datetime import datetime

from portal import clock
from portal.actions.exams import submit_overdue

log = logging.getLogger("portal.sweeps")

# Each takes the moment and gives how many rows it changed. Each is idempotent, writes in short transactions of its own,
# finds its rows by an index, and is never relied upon: guards and pages compare the dates themselves.
SWEEPS: tuple[tuple[str, str, Callable[[datetime], int]], ...] = (
    # Papers before absences: who sat the exam and failed was not absent.
    ("submit_overdue", "到时自动交卷", submit_overdue),
)


def run_sweeps(moment: datetime | None = None) -> dict[str, int]:
    """Run all of them at `moment` (now); gives how much each changed. One that fails is logged and stops no other."""
    moment, done = moment or clock.now(), {}
    for name, _, sweep in SWEEPS:
        try:
            done[name] = sweep(moment)
        except Exception:
            log.exception("sweep %s failed", name)
    return done
