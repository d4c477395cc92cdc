"""Runs a story in a process of its own, on a data folder of its own: commands open, replace and delete the database."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a command on this data folder, without the caller's own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "FLASK_"))}
    return clean | {"PYTHONPATH": str(ROOT), "PORTAL_DATA": str(data), "FLASK_APP": str(ROOT / "app.py"), **more}


def alone(story: Callable, data: Path, *arguments, **more: str) -> str:
    """Call a function of a test module with these arguments (as texts) in its own process; gives what it printed."""
    call = f"import sys; from {story.__module__} import {story.__name__} as story; story(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", call, *map(str, arguments)], cwd=ROOT, env=environment(data, **more), timeout=280,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def flask(data: Path, *arguments: str, typed: str = "", **more: str) -> subprocess.CompletedProcess:
    """One `flask …` command as a shell runs it."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *map(str, arguments)], cwd=data.parent, env=environment(data, **more),
        input=typed, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
