"""Opening a page does what has become due by time alone, so that no cron and no daemon is needed (R13.07)."""

from datetime import timedelta

from flask import current_app, request

from portal import clock
from portal.actions import sweeps


def sweep_on_access() -> None:
    """Run the sweeps unless this process has done so within the last SWEEP_SECONDS (None: never, 0: each time)."""
    seconds = current_app.config["SWEEP_SECONDS"]
    if seconds is None or request.endpoint in ("static", "assets.htmx"):
        return
    now, last = clock.now(), current_app.config.get("SWEPT_AT")
    # A clock that was turned back must not stop it.
    if last is None or now < last or now - last >= timedelta(seconds=seconds):
        current_app.config["SWEPT_AT"] = now
        sweeps.run_sweeps(now)
