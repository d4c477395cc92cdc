"""One server per data folder: the lock that every process of a server holds and that restore asks for."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Held(Exception):
    """Another process holds the lock; `holder` is the process id it wrote down, or None if unreadable."""

    def __init__(self, holder: int | None):
        super().__init__(f"held by process {holder}")
        self.holder = holder


def take(path: Path) -> int:
    """Take the lock for this process and the children that inherit it; returns the file descriptor, raises Held.

    The lock belongs to the open file: it ends only when the last process that inherited the descriptor is gone, so a
    killed server whose workers still write keeps its folder locked, and a crash leaves no stale lock behind.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, 32, 0).strip()
        os.close(handle)
        raise Held(int(text) if text.isdigit() else None) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Keep servers away for as long as the block runs (restore, migration); raises Held while a server runs."""
    handle = take(path)
    try:
        yield
    finally:
        os.close(handle)
