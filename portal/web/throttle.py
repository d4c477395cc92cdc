"""How often one network address may do the same thing within a minute, counted for all worker processes together."""

import fcntl
import os
import struct
import threading
from datetime import datetime, timedelta
from hashlib import blake2b
from ipaddress import ip_address
from pathlib import Path

from flask import abort, current_app, request

from portal import clock
from portal.web.errors import refuse

WINDOW = 60_000  # milliseconds
MOST_PER_MINUTE = 120  # as many moments as fit into a slot
BUCKETS, SLOTS = 8192, 8

# One slot: the key, the moment of the last use, the oldest entry of the ring, how many entries count; then the ring,
# with moments cut to 32 bits (49 days, while no slot outlives a minute of silence). Eight slots fill one 4 KiB block.
_HEAD = struct.Struct("<16sQHH4x")
_RING = struct.Struct("<I")
_SLOT_BYTES = _HEAD.size + MOST_PER_MINUTE * _RING.size
_BUCKET_BYTES = SLOTS * _SLOT_BYTES
_START = datetime(2020, 1, 1)


def throttle(name: str, per_minute: int) -> None:
    """Count one use of `name` by the address that asks; beyond `per_minute` within any 60 seconds, answer 429.

    Call it where the work begins, after the form was checked: `throttle("objection", 10)`. The request ends here
    with a page in Chinese that says when to try again. Refused requests do not count, so waiting always helps.
    Whose address it is, behind proxies, `settings.trusted_proxies` decides.
    """
    settings = current_app.config["PORTAL"]
    tally = current_app.extensions.get("tally")
    if tally is None:
        tally = current_app.extensions["tally"] = Tally(settings.data / "throttle")
    said = f"{name} {per_minute} {network_of(request.remote_addr)}".encode()
    key = blake2b(said, key=settings.secret_key.encode()[:64], digest_size=16).digest()
    now = clock.now()
    wait = tally.take(key, per_minute, now)
    if wait:
        # To the next full second, so that whoever tries again at the time named gets in.
        again = (now + timedelta(milliseconds=wait) + timedelta(seconds=1)).replace(microsecond=0)
        seconds = -(-wait // 1000)
        answer = refuse(
            429, f"操作过于频繁：同一网络每分钟最多{per_minute}次。请在{again:%H:%M:%S}（约{seconds}秒）以后再试。"
        )
        answer.headers["Retry-After"] = str(seconds)
        abort(answer)


def network_of(address: str | None) -> str:
    """Whom an address stands for: itself, or for IPv6 its /64, of which one customer has all 2^64 addresses.

    What is no address (a Unix socket's client, say) is one and the same client.
    """
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "?"
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(found) if found.version == 4 else f"{int(found) >> 64:x}/64"


class Tally:
    """The moments of each key's latest uses, in one file that all processes on this machine share.

    Memory of a process would multiply the limit by the number of workers, and a table would cost a commit with fsync
    for each look-up. The file is no larger than 32 MiB, however many addresses come, and mostly a hole: a bucket holds
    eight keys, a key that was silent for a minute makes room. When a bucket is full of busy keys (tens of thousands
    of addresses within a minute) the one that was silent longest is forgotten: then the limit becomes coarse for a
    few, but nobody is ever refused because of others. Nothing is synced, and damage at worst forgets or, for a
    minute, adds. Keys are keyed hashes: the file tells nobody who asked.
    """

    def __init__(self, path: Path, *, buckets: int = BUCKETS):
        self._path, self._buckets = path, buckets
        self._handle: int | None = None
        # POSIX locks keep processes apart, but not the threads of one.
        self._threads = threading.Lock()

    def take(self, key: bytes, limit: int, now: datetime) -> int:
        """Count a use of a 16-byte key: 0 while it is among the `limit` within 60 seconds, else milliseconds to wait.

        A full or unwritable disk does not stop anything: then this process counts for itself until it ends.
        """
        if not 1 <= limit <= MOST_PER_MINUTE:
            raise ValueError(f"a limit is between 1 and {MOST_PER_MINUTE} a minute")
        moment = (now - _START) // timedelta(milliseconds=1)
        with self._threads:
            try:
                return self._count(self._open(), key, limit, moment)
            except OSError:
                if self._handle is not None:
                    os.close(self._handle)
                self._handle = os.memfd_create("throttle", os.MFD_CLOEXEC)
                return self._count(self._handle, key, limit, moment)

    def _open(self) -> int:
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._handle

    def _count(self, handle: int, key: bytes, limit: int, moment: int) -> int:
        place = int.from_bytes(key[:8], "little") % self._buckets * _BUCKET_BYTES
        fcntl.lockf(handle, fcntl.LOCK_EX, _BUCKET_BYTES, place)
        try:
            bucket = os.pread(handle, _BUCKET_BYTES, place).ljust(_BUCKET_BYTES, b"\0")
            at = _find_slot(bucket, key)
            slot = bytearray(bucket[at : at + _SLOT_BYTES])
            wait = _use_slot(slot, key, limit, moment)
            if not wait:
                os.pwrite(handle, slot, place + at)
            return wait
        finally:
            fcntl.lockf(handle, fcntl.LOCK_UN, _BUCKET_BYTES, place)


def _find_slot(bucket: bytes, key: bytes) -> int:
    """Where the key's slot begins in its bucket, or else the slot that was silent longest (an empty one before all)."""
    starts = range(0, _BUCKET_BYTES, _SLOT_BYTES)
    for start in starts:
        if bucket.startswith(key, start):
            return start
    return min(starts, key=lambda start: _HEAD.unpack_from(bucket, start)[1])


def _use_slot(slot: bytearray, key: bytes, limit: int, moment: int) -> int:
    """Enter the moment into the slot and give 0, or give the milliseconds to wait and leave it as it is."""
    owner, last, oldest, used = _HEAD.unpack_from(slot)
    # A clock that was turned back starts anew; a process that is a blink behind another counts as being level.
    ahead = last - moment
    if owner != key or ahead > WINDOW or -ahead >= WINDOW:
        oldest = used = 0
    elif ahead > 0:
        moment = last
    oldest, used = oldest % limit, min(used, limit)
    ring = _HEAD.size + oldest * _RING.size
    if used == limit:
        passed = (moment - _RING.unpack_from(slot, ring)[0]) & 0xFFFFFFFF
        if passed < WINDOW:
            return WINDOW - passed
    _RING.pack_into(slot, ring, moment & 0xFFFFFFFF)
    _HEAD.pack_into(slot, 0, key, moment, (oldest + 1) % limit, min(used + 1, limit))
    return 0
