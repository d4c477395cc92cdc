"""The limited process in which strangers' files are decoded: no file writes, bounded memory, bounded time.

One process per file costs 60–100 ms and buys that a crash, an endless page or a memory bomb ends there.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from portal.rules.errors import Refusal

_ROOT = str(Path(__file__).resolve().parents[2])
_START = f"import sys; sys.path.insert(0, {_ROOT!r}); from portal.storage.workshop import work; work()"
_OUT_OF_BOUNDS = 71  # exit code of a process that ran into its memory limit in Python code
_AT_ONCE = threading.BoundedSemaphore(2)  # a large picture takes up to 250 MB: never one per web thread
# The child gets no other variables, hence none of the portal's secrets.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "TEMP")


class OutOfBounds(Exception):
    """The file made the process crash or exceed its time or memory."""


def run(task: str, source: BinaryIO, *, seconds: int, memory: int, **options) -> tuple[dict, bytes]:
    """Do `task` ("picture", "portrait", "pdf", "office", "page", "thumbnail") with the open file `source`.

    `seconds` bounds the processor time (and twice that the waiting), `memory` the address space in bytes.
    Gives the task's report and the bytes it made. Raises Refusal with a Chinese message, or OutOfBounds.
    Memory and processor limits need POSIX; elsewhere only the waiting time is bounded.
    """
    order = json.dumps({"task": task, "seconds": seconds, "memory": memory, "options": options})
    environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
    environment["MALLOC_ARENA_MAX"] = "1"  # each further arena would take 64 MB of the address space
    source.seek(0)
    with _AT_ONCE:
        child = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-c", _START, order],
            stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        )
        try:
            out, err = child.communicate(timeout=2 * seconds + 5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise OutOfBounds("timeout") from None
        except BaseException:
            child.kill()
            child.wait()
            raise
    if child.returncode < 0 or child.returncode == _OUT_OF_BOUNDS:
        raise OutOfBounds(str(child.returncode))
    if child.returncode != 0:
        raise RuntimeError("the decoding process failed: " + err.decode("utf-8", "replace")[-2000:])
    head, _, payload = out.partition(b"\n")
    report = json.loads(head)
    if "refused" in report:
        raise Refusal(report["refused"])
    return report, payload


def work() -> None:
    """The child's side: read the order from the command line and the file from standard input, answer on output."""
    order = json.loads(sys.argv[1])
    task = _load_task(order["task"])  # importing needs files and memory, so limits come after it
    _limit_self(order["seconds"], order["memory"])
    try:
        # A copy in memory: the libraries seek, and must not be able to move a file offset the parent shares.
        report, payload = task(sys.stdin.buffer.read(), **order["options"])
    except Refusal as refusal:
        report, payload = {"refused": refusal.message}, b""
    except MemoryError:
        os._exit(_OUT_OF_BOUNDS)
    sys.stdout.buffer.write(json.dumps(report).encode() + b"\n" + payload)
    sys.stdout.buffer.flush()
    # Libraries are not given the chance to crash while they take themselves down.
    os._exit(0)


def _load_task(name: str):
    """The function for a task; only the libraries that it needs are imported."""
    if name == "picture":
        from portal.storage.images import clean_picture as task
    elif name == "portrait":
        from portal.storage.portraits import clean_portrait as task
    elif name == "thumbnail":
        from portal.storage.images import reduce_picture as task
    elif name == "pdf":
        from portal.storage.pdfs import check_pdf as task
    elif name == "page":
        from portal.storage.pdfs import draw_page as task
    elif name == "office":
        from portal.storage.office import check_office as task
    else:
        raise ValueError(name)
    return task


def _limit_self(seconds: int, memory: int) -> None:
    """Give up the right to write files, to use more memory and time than allowed, and to leave core dumps."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
