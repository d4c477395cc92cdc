"""Looking at a video's frame: whether an MP4 or WebM file is whole; what is inside is left to the browser's player."""

from typing import BinaryIO

from portal.rules.errors import Refusal
from portal.storage.limits import MP4, WEBM

_BROKEN = "视频文件不完整或已损坏，请重新导出后再上传"
_MOST_BOXES = 10_000  # top-level boxes of a fragmented file; beyond that nobody made it for playing
_EBML = b"\x1aE\xdf\xa3"
# Major and compatible brands of files that browsers play; QuickTime's own ("qt  ") is left out: .mov often is ProRes.
_BRANDS = {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"mmp4"}


def sniff_video(head: bytes) -> str | None:
    """MP4 or WEBM by the first bytes, or None."""
    if head[4:8] == b"ftyp":
        box = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, box, 4))}
        return MP4 if brands & _BRANDS else None
    if head.startswith(_EBML) and b"webm" in head[:64]:
        return WEBM
    return None


def check_video(source: BinaryIO, kind: str, size: int) -> None:
    """Raise Refusal unless the file is as long as it says: an upload or export that broke off plays only in part.

    Of an MP4 the chain of top-level boxes must end exactly at the end of the file and hold the index (moov) and the
    data; of a WebM the segment must not promise more bytes than there are.
    """
    whole = _is_whole_mp4(source, size) if kind == MP4 else _is_whole_webm(source, size)
    if not whole:
        raise Refusal(_BROKEN)


def _is_whole_mp4(source: BinaryIO, size: int) -> bool:
    at, seen = 0, set()
    for _ in range(_MOST_BOXES):
        if at == size:
            break
        source.seek(at)
        head = source.read(16)
        if len(head) < 8:
            return False
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big") if len(head) == 16 else 0
            if length < 16:
                return False
        elif length == 0:  # to the end of the file
            length = size - at
        if length < 8 or at + length > size:
            return False
        seen.add(name)
        at += length
    return at == size and b"moov" in seen and bool(seen & {b"mdat", b"moof"})


def _is_whole_webm(source: BinaryIO, size: int) -> bool:
    source.seek(4)
    length, used = _read_length(source)
    if length is None:
        return False
    at = 4 + used + length
    source.seek(at)
    if source.read(4) != b"\x18S\x80g":  # Segment
        return False
    length, used = _read_length(source)
    return used > 0 and (length is None or at + 4 + used + length <= size)


def _read_length(source: BinaryIO) -> tuple[int | None, int]:
    """An EBML length and the bytes it took; None where it is left open (a live recording), 0 bytes where there is
    none."""
    first = source.read(1)
    if not first or not first[0]:
        return None, 0
    used = 9 - first[0].bit_length()
    rest = source.read(used - 1)
    if len(rest) < used - 1:
        return None, 0
    value = int.from_bytes(bytes([first[0] & (1 << (8 - used)) - 1]) + rest, "big")
    return (None if value == (1 << 7 * used) - 1 else value), used
