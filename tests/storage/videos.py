"""Small files with the frame of a video: enough for whoever looks at boxes, nothing that anybody could watch."""


def box(name: bytes, content: bytes) -> bytes:
    """An MP4 box."""
    return (len(content) + 8).to_bytes(4, "big") + name + content


def mp4(size: int = 4096, *, index_first: bool = True) -> bytes:
    """An MP4 whose data take `size` bytes, counting up so that every part of it can be told from the others."""
    head = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41")
    index, data = box(b"moov", bytes(120)), box(b"mdat", bytes(place % 251 for place in range(size)))
    return head + (index + data if index_first else data + index)


def webm(size: int = 1000, *, promised: int | None = None) -> bytes:
    """A WebM whose segment promises `promised` bytes (what it has)."""
    kind = b"\x42\x82\x84webm"
    segment = (size if promised is None else promised) | 1 << 56
    head = b"\x1aE\xdf\xa3" + bytes([0x80 | len(kind)]) + kind
    return head + b"\x18S\x80g" + segment.to_bytes(8, "big") + bytes(size)
