"""Uploaded and issued files: what they really are is checked, then they are kept under random names outside static/."""

import errno
import hashlib
import io
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from portal.rules.errors import Invalid, Refusal
from portal.storage import workshop
from portal.storage.limits import (
    ATTACHMENT,
    COURSE,
    DOCX,
    IMAGES,
    PDF,
    PORTRAIT,
    SCAN,
    STAMP,
    VIDEO,
    VIDEOS,
    XLSX,
    Limits,
)
from portal.storage.sniffing import (
    HEAD,
    MIME,
    SUFFIX,
    TITLES,
    find_name_conflict,
    is_picture_suffix,
    name_foreign_type,
    sniff,
    split_name,
)
from portal.storage.videos import check_video

__all__ = ["ATTACHMENT", "COURSE", "PORTRAIT", "SCAN", "STAMP", "VIDEO", "DiskFull", "Kept", "Limits", "Store"]

# A few widths only: a visitor who asks for every number of pixels must not fill the disk with previews.
PREVIEW_WIDTHS = (160, 480, 800, 1200, 1600, 2400)
PREVIEW_DAYS = 30  # previews are drawn again when somebody asks after that

_PATH = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.(jpg|png|pdf|docx|xlsx|mp4|webm)")
_CHUNK = 256 * 1024
_TOO_COMPLEX = "文件过于复杂或已损坏，无法处理，请重新导出、打印为普通 PDF，或拍照上传"
_NO_PREVIEW = "这个文件无法生成预览，请下载原件查看"


class DiskFull(Refusal):
    """The disk has no room: nothing was kept (to be answered 507)."""

    def __init__(self):
        super().__init__("磁盘空间不足，文件没有保存，请稍后重试或联系管理员")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is safely on disk, as its row should record it."""

    path: str  # relative to the store's root, e.g. ab/ab12….pdf; never shown to a user
    sha256: str  # of the stored bytes, which for pictures are not the uploaded ones
    size: int  # bytes, stored
    mime: str
    pages: int  # 1 for pictures, 0 where there are no pages to show
    name: str  # harmless form of the original name, with the stored type's suffix, for downloads
    warnings: tuple[str, ...] = ()  # Chinese hints to show beside the field; none of them refuses


class Store:
    """A folder of files that never change: a new version is a new file, and a file without a row is swept later."""

    def __init__(self, root: Path):
        self.root = Path(root)

    def keep(self, source: BinaryIO | bytes, filename: str | None, limits: Limits, *, field: str = "file") -> Kept:
        """Check an upload against `limits` and keep it; when this returns, the file has survived a power cut.

        Pictures are written anew (upright, without metadata), PDF and Office files stay as they are. The caller
        writes its row afterwards. Raises Invalid(field, …) for what cannot be accepted and DiskFull; then, as
        when `source` breaks off with an error of its own, nothing stays behind.
        """
        stem, suffix = split_name(filename)
        with self._draft() as (draft, handle):
            head = _receive(source, handle, limits, field)
            kind = sniff(head)
            _check_type(kind, head, suffix, limits, field)
            try:
                report, payload = _examine(draft, kind, limits)
            except Refusal as refusal:
                raise Invalid(field, refusal.message) from refusal
            except workshop.OutOfBounds as error:
                raise Invalid(field, _TOO_COMPLEX) from error
            warnings = [*_check_name(suffix, kind, report["kind"], field), *report.get("warnings", ())]
            if payload:
                handle.seek(0)
                handle.truncate()
                _write(handle, payload)
            return self._settle(draft, handle, stem, report["kind"], report["pages"], warnings)

    def keep_issued(self, content: bytes, filename: str, *, kind: str = PDF, pages: int = 1) -> Kept:
        """Keep a file that the portal itself made (certificate, notice, export), as durably but without suspicion.

        `kind` is "pdf", "xlsx", "docx", "jpeg" or "png". Raises DiskFull.
        """
        stem, _ = split_name(filename)
        with self._draft() as (draft, handle):
            _write(handle, content)
            return self._settle(draft, handle, stem, kind, pages, ())

    def open(self, path: str) -> BinaryIO:
        """The kept file, opened for reading; FileNotFoundError when there is none or `path` is not one of ours."""
        return self._locate(path).open("rb")

    def place_of(self, path: str) -> Path:
        """Where the kept file lies, for answers that send parts of it; FileNotFoundError as in `open`."""
        return self._locate(path)

    def read(self, path: str) -> bytes:
        """The kept file's bytes; FileNotFoundError as in `open`."""
        return self._locate(path).read_bytes()

    def verify(self, path: str, sha256: str) -> bool:
        """Whether the kept file is there and still has this SHA-256 (hexadecimal)."""
        try:
            with self.open(path) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == sha256.lower()
        except OSError:
            return False

    def preview(self, path: str, page: int = 1, width: int = 1200) -> bytes:
        """A page of a PDF (counted from 1) or a picture as JPEG for looking at on the screen.

        The width in pixels is rounded up to one of `PREVIEW_WIDTHS`; pictures are never enlarged. What was drawn
        once is remembered. Raises FileNotFoundError for an unknown file or page, Invalid where nothing can be drawn.
        """
        original = self._locate(path)
        if original.suffix in {SUFFIX[kind] for kind in (DOCX, XLSX, *VIDEOS)}:
            raise Invalid("file", _NO_PREVIEW)
        if not 1 <= page <= 1000 or (page > 1 and original.suffix != SUFFIX[PDF]):
            raise FileNotFoundError(path)
        width = next((known for known in PREVIEW_WIDTHS if known >= width), PREVIEW_WIDTHS[-1])
        remembered = self.root / "cache" / f"{path}.{page}.{width}.jpg"
        with suppress(FileNotFoundError):
            picture = remembered.read_bytes()
            if picture.endswith(b"\xff\xd9"):  # previews are not fsynced: after a power cut one may be torn
                return picture
        picture = self._draw(original, page, width)
        self._remember(remembered, picture)
        return picture

    def sweep(self, known_paths: Collection[str], older_than_hours: float = 24) -> list[str]:
        """Remove files no row knows, broken-off uploads and stale previews; gives the paths of the files removed.

        Only what is older than `older_than_hours` (at least 1) goes: a file is on disk a moment before its row.
        """
        if older_than_hours < 1:
            raise ValueError("sweeping files younger than an hour would remove uploads that are under way")
        if not self.root.is_dir():
            return []
        known, removed = set(known_paths), []
        now = self._ask_disk_for_time()
        limit = now - older_than_hours * 3600
        for entry in _walk(self.root / "incoming"):
            if entry.stat().st_mtime < limit:
                entry.unlink(missing_ok=True)
        for file in _walk(self.root):
            path = file.relative_to(self.root).as_posix()
            if _PATH.fullmatch(path) and path not in known and file.stat().st_mtime < limit:
                file.unlink(missing_ok=True)
                removed.append(path)
        for preview in _walk(self.root / "cache"):
            original = self.root / preview.parent.name / ".".join(preview.name.split(".")[:2])
            if not original.exists() or preview.stat().st_mtime < now - PREVIEW_DAYS * 86400:
                preview.unlink(missing_ok=True)
        return removed

    def _locate(self, path: str) -> Path:
        """The place of a kept file; the pattern keeps out `..`, absolute paths, drafts and previews."""
        if not _PATH.fullmatch(path):
            raise FileNotFoundError(path)
        place = self.root / path
        if not place.is_file():
            raise FileNotFoundError(path)
        return place

    @contextmanager
    def _draft(self) -> Iterator[tuple[Path, FileIO]]:
        """A file to write into, on the same file system; gone at the end unless it was settled."""
        folder = self.root / "incoming"
        draft = folder / secrets.token_hex(16)
        handle = None
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = open(draft, "x+b", buffering=0, opener=_open_privately)  # noqa: SIM115 - closed below
            yield draft, handle
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull from error
            raise
        finally:
            if handle is not None:
                handle.close()
            draft.unlink(missing_ok=True)

    def _settle(self, draft: Path, handle: FileIO, stem: str, kind: str, pages: int, warnings) -> Kept:
        """Give a complete draft its final name, only after its content is on the disk itself."""
        size = handle.tell()
        handle.seek(0)
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        os.fsync(handle.fileno())
        handle.close()
        token = secrets.token_hex(16)
        path = f"{token[:2]}/{token}{SUFFIX[kind]}"
        place = self.root / path
        place.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            os.replace(draft, place)
            _sync_folder(place.parent)
            _sync_folder(self.root)  # the folder itself may be new
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        return Kept(path, sha256, size, MIME[kind], pages, stem + SUFFIX[kind], tuple(warnings))

    def _draw(self, original: Path, page: int, width: int) -> bytes:
        bounds = {"seconds": SCAN.seconds, "memory": SCAN.memory}
        try:
            with original.open("rb") as source:
                if original.suffix == SUFFIX[PDF]:
                    report, picture = workshop.run("page", source, page=page, width=width, **bounds)
                else:
                    report, picture = workshop.run("thumbnail", source, width=width, **bounds)
        except (Refusal, workshop.OutOfBounds) as error:
            raise Invalid("file", _NO_PREVIEW) from error
        if report.get("missing"):
            raise FileNotFoundError(f"{original.name} page {page}")
        return picture

    def _remember(self, place: Path, picture: bytes) -> None:
        """Keep a preview if there is room; without room it is simply drawn again next time."""
        with suppress(OSError, DiskFull), self._draft() as (draft, handle):
            _write(handle, picture)
            handle.close()
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(draft, place)

    def _ask_disk_for_time(self) -> float:
        """The file system's own present, in its own seconds: file times are compared with nothing else."""
        with self._draft() as (draft, handle):
            _write(handle, b".")
            return draft.stat().st_mtime


def _receive(source: BinaryIO | bytes, handle: FileIO, limits: Limits, field: str) -> bytes:
    """Write the upload into the draft, never more than `max_bytes` of it; gives its first bytes."""
    stream = source if hasattr(source, "read") else io.BytesIO(source)
    head, size = b"", 0
    while chunk := stream.read(min(_CHUNK, limits.max_bytes + 1 - size)):
        size += len(chunk)
        if size > limits.max_bytes:
            raise Invalid(field, limits.too_big.format(size=f"{limits.max_bytes / 1024 / 1024:g}M"))
        if len(head) < HEAD:
            head += chunk[: HEAD - len(head)]
        _write(handle, chunk)
    if not size:
        raise Invalid(field, "文件是空的，请重新选择文件后上传")
    return head


def _check_type(kind: str | None, head: bytes, suffix: str, limits: Limits, field: str) -> None:
    """Refuse what `limits` does not list, going by the content alone."""
    if kind in limits.types or (kind == "zip" and limits.types & {DOCX, XLSX}):
        return
    title = "压缩包" if kind == "zip" else TITLES[kind] if kind else name_foreign_type(head)
    said = f"文件扩展名是 {suffix}，内容却是{title}" if suffix else f"文件内容是{title}"
    raise Invalid(field, f"{said}，不能作为{limits.label}；请上传 {limits.accepts} 格式的文件")


def _check_name(suffix: str, kind: str, stored_kind: str, field: str) -> list[str]:
    """Compare the name with the content: a mix-up among pictures is a hint, everything else is refused."""
    found = kind if kind in IMAGES else stored_kind
    announced = find_name_conflict(suffix, found)
    if announced is None:
        return []
    if found in IMAGES and is_picture_suffix(suffix):
        return [f"文件扩展名是 {suffix}，实际是{TITLES[found]}，已按实际类型保存"]
    raise Invalid(field, f"文件扩展名是 {suffix}，内容却是{TITLES[found]}，请核对文件或改正扩展名后再上传")


def _examine(draft: Path, kind: str, limits: Limits) -> tuple[dict, bytes]:
    """Have the content looked at in the limited process; gives its report and, for pictures, the new file."""
    bounds = {"seconds": limits.seconds, "memory": limits.memory}
    with draft.open("rb") as source:
        if kind in VIDEOS:
            check_video(source, kind, draft.stat().st_size)
            return {"kind": kind, "pages": 0}, b""
        if kind == "zip":
            return workshop.run("office", source, **bounds)
        if kind == PDF:
            return workshop.run("pdf", source, max_pages=limits.max_pages, **bounds)
        return workshop.run(
            "portrait" if limits.is_portrait else "picture", source, kind=kind, stored_side=limits.stored_side,
            max_side=limits.max_side, min_side=limits.min_side, max_pixels=limits.max_pixels,
            keeps_transparency=limits.keeps_transparency, **bounds,
        )


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(handle: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[handle.write(rest):]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open folders, and writes names through by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below `folder`, at whatever depth; nothing when it does not exist."""
    for base, _, names in os.walk(folder):
        for name in names:
            yield Path(base) / name
