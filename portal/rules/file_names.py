"""Names of files that are handed out: harmless on every system, and different from each other."""

import re

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2060\ufeff]+')
_LONGEST = 180  # bytes; most file systems take 255


def safe_name(text: str) -> str:
    """A file or folder name without separators, control and direction marks, of at most 180 bytes."""
    name = _UNSAFE.sub("_", text).strip(" .")
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    return name.rstrip(" .") or "未命名"


def unique_name(name: str, taken: set[str]) -> str:
    """A safe form of `name` that no other in `taken` has, however systems fold letters; it is added to `taken`."""
    stem, dot, suffix = name.rpartition(".")
    stem, number = safe_name(stem or name), 1
    ending = f".{safe_name(suffix)}" if dot and suffix else ""
    result = f"{stem}{ending}"
    while result.casefold() in taken:
        number += 1
        result = f"{stem} {number}{ending}"
    taken.add(result.casefold())
    return result
