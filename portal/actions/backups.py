"""Backing up a whole instance into one file while it runs, and restoring it after every check has passed."""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from peewee import OperationalError
from peewee import sqlite3 as engine

from portal import clock, database
from portal.actions.events import record, verify_chain
from portal.models import TABLES, Event
from portal.rules.errors import Refusal
from portal.rules.workflow import Actor
from portal.settings import Settings

FORMAT = 1
MANIFEST, DATABASE, KEY = "manifest.json", "portal.sqlite3", "secret_key"
_FOLDERS = ("uploads", "issued", "fonts")
_IN_FOLDERS = tuple((folder,) for folder in _FOLDERS)
_CHUNK = 1 << 20
_ODD_OBJECTS = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"


class Unusable(Refusal):
    """A backup file cannot be trusted; nothing was changed."""


@dataclass(frozen=True)
class Made:
    """A finished backup: its file, and what it holds (`size` in bytes)."""

    file: Path
    tables: int
    rows: int
    files: int
    size: int


@dataclass(frozen=True)
class Restored:
    """A finished restore; `kept` is where the data that was there before lies now."""

    rows: int
    files: int
    events: int
    kept: Path | None


def make_backup(settings: Settings, file: Path | None, *, actor: Actor) -> Made:
    """Write database, uploads, issued files, fonts and key into one tar file, with a manifest of their SHA-256.

    The database is copied through our own engine (VACUUM INTO): `cp` of a live WAL file loses what is in the WAL, and
    another SQLite on the same file may damage it. Raises Refusal when the disk is full; then no file is left behind.
    """
    now = clock.now()
    file = Path(file) if file else settings.backups / f"portal-{now:%Y%m%d-%H%M%S}.tar"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(file.name + ".partial")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            copy = Path(folder) / DATABASE
            with database.transaction():
                record("backup", "备份", actor=actor, subject="instance", note=file.name)
            database.database.execute_sql("VACUUM INTO ?", (str(copy),))
            rows, chain = _read_copy(copy, [table._meta.table_name for table in TABLES])
            names, total = _write_archive(draft, settings, copy, now, rows, chain)
        os.replace(draft, file)
        _sync_folder(file.parent)
    except (OSError, OperationalError) as error:
        draft.unlink(missing_ok=True)
        if getattr(error, "errno", None) == ENOSPC or "disk is full" in str(error):
            advice = f"请清理 {file.parent} 所在磁盘，或把备份写到另一个磁盘。"
            raise Refusal(f"磁盘空间不足，备份没有完成：{advice}") from None
        raise
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return Made(file, len(rows), sum(rows.values()), len(names) - 2, total)


def restore_backup(settings: Settings, file: Path) -> Restored:
    """Put an instance back from a backup file; call it while holding the instance's lock.

    Everything is unpacked beside the data, checked (names, hashes, schema without triggers or views, integrity, event
    chain and its end, numbers of rows), and only then swapped in; the old data is moved aside, never deleted. Raises
    Unusable and changes nothing when any check fails.
    """
    data = settings.data
    with tempfile.TemporaryDirectory(dir=data.parent, prefix=".restore-") as folder:
        fresh = Path(folder) / "data"
        manifest = _unpack(file, fresh)
        events = _check_database(fresh / DATABASE, manifest)
        kept = None
        names = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", KEY, *_FOLDERS)
        present = [name for name in names if (data / name).exists()]
        if present:
            kept = data / f"before-restore-{clock.now():%Y%m%d-%H%M%S}"
            kept.mkdir(mode=0o700)
            for name in present:
                os.replace(data / name, kept / name)
        for item in fresh.iterdir():
            if item.name != MANIFEST:
                os.replace(item, data / item.name)
        _sync_folder(data)
    for name in (*_FOLDERS, "backups", "incoming"):
        (data / name).mkdir(mode=0o700, exist_ok=True)
    return Restored(sum(manifest["rows"].values()), len(manifest["files"]) - 2, events, kept)


def _write_archive(draft: Path, settings: Settings, copy: Path, now, rows: dict, chain: str) -> tuple[dict, int]:
    """The tar file: contents first, the manifest of their hashes last, since files may still arrive meanwhile."""
    hashes: dict[str, str] = {}
    with tarfile.open(draft, "w") as archive:
        _add(archive, copy, DATABASE, hashes)
        _add(archive, settings.secret_key_file, KEY, hashes)
        for folder in _FOLDERS:
            root = settings.data / folder
            for path in sorted(root.rglob("*")) if root.exists() else ():
                if path.is_file() and not path.is_symlink() and not _is_passing(path.relative_to(root)):
                    _add(archive, path, f"{folder}/{path.relative_to(root).as_posix()}", hashes)
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(timespec="seconds"),
            "rows": rows,
            "files": hashes,
            "chain": chain,
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        archive.addfile(entry, io.BytesIO(content))
    with open(draft, "rb+") as handle:
        os.fsync(handle.fileno())
    os.chmod(draft, 0o600)
    return hashes, draft.stat().st_size


def _add(archive: tarfile.TarFile, path: Path, name: str, hashes: dict) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
        handle.seek(0)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = os.fstat(handle.fileno()).st_size, 0o600, int(path.stat().st_mtime)
        archive.addfile(entry, handle)
    hashes[name] = digest.hexdigest()


def _is_passing(path: Path) -> bool:
    """Previews and half-written drafts are made again and do not belong into a backup."""
    return any(part.startswith(".") or part in ("cache", "previews") for part in path.parts)


def _unpack(file: Path, into: Path) -> dict:
    """Unpack with every name checked; gives the manifest after each file's hash was compared with it."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(file, "r:") as archive:
            for entry in archive:
                path = PurePosixPath(entry.name)
                # An empty name, like ".", has no parts; any other spelling of a path could name a file twice.
                known = entry.name in (MANIFEST, DATABASE, KEY) or path.parts[:1] in _IN_FOLDERS and len(path.parts) > 1
                odd = not entry.isreg() or path.is_absolute() or ".." in path.parts or str(path) != entry.name
                if odd or not known or entry.name in found:
                    raise Unusable(f"备份文件中有不允许的内容（{entry.name}），没有恢复。")
                target = into / path
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with archive.extractfile(entry) as source, open(target, "wb", opener=_private) as copy:
                    while chunk := source.read(_CHUNK):
                        digest.update(chunk)
                        copy.write(chunk)
                    copy.flush()
                    os.fsync(copy.fileno())
                found[entry.name] = digest.hexdigest()
        manifest = json.loads((into / MANIFEST).read_text(encoding="utf8"))
    except (tarfile.TarError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == ENOSPC:
            raise Refusal("磁盘空间不足，没有恢复，原有数据没有改变。") from None
        raise Unusable("这不是完整的备份文件，没有恢复，原有数据没有改变。") from None
    found.pop(MANIFEST)
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(name), dict) for name in ("files", "rows")):
        raise Unusable("这不是完整的备份文件，没有恢复，原有数据没有改变。")
    if manifest.get("format") != FORMAT:
        raise Unusable("备份文件由更新版本的平台生成，请先更新平台再恢复。")
    if found != manifest["files"]:
        wrong = sorted(set(found.items()) ^ set(manifest["files"].items()))
        raise Unusable(f"备份文件已损坏或被改动（{wrong[0][0]}），没有恢复，原有数据没有改变。")
    return manifest


def _check_database(path: Path, manifest: dict) -> int:
    """Prove the unpacked database on a connection of its own; gives the number of sound events."""
    was = database.database.database
    try:
        rows, chain = _read_copy(path, manifest["rows"])
        database.use(path)
        database.open_connection()
        odd = database.database.execute_sql(_ODD_OBJECTS).fetchall()
        if odd:
            raise Unusable(f"备份的数据库中有不应有的对象（{odd[0][0]}），没有恢复。")
        if database.database.execute_sql("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise Unusable("备份的数据库已损坏，没有恢复，原有数据没有改变。")
        database.migrate()
        sound, broken = verify_chain()
        if broken is not None:
            raise Unusable(f"备份的操作记录在第{broken.id}条损坏，没有恢复，原有数据没有改变。")
        # A chain that lacks its end is sound as far as it goes: only the manifest knows where it ended.
        if chain != manifest.get("chain"):
            raise Unusable("备份的操作记录不完整（末尾缺失），没有恢复，原有数据没有改变。")
        if rows != manifest["rows"]:
            raise Unusable("备份的数据库与备份清单的行数不一致，没有恢复，原有数据没有改变。")
        database.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return sound
    finally:
        if not database.database.is_closed():
            database.database.close()
        for suffix in ("-wal", "-shm"):
            Path(str(path) + suffix).unlink(missing_ok=True)
        if was:
            database.use(was)


def _read_copy(path: Path, tables: Iterable[str]) -> tuple[dict[str, int], str]:
    """Rows of these tables and the last hash of the event chain in a copied file, '' when it has no events.

    Only the copy can say it: the live database may have grown since. A table that is not there is left out. Raises
    Unusable when the file is no database.
    """
    copy = engine.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    try:
        there = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        rows = {
            name: copy.execute('SELECT count(*) FROM "{}"'.format(name.replace('"', '""'))).fetchone()[0]
            for name in tables
            if name in there
        }
        if Event._meta.table_name not in there:
            return rows, ""
        last = copy.execute(f'SELECT hash FROM "{Event._meta.table_name}" ORDER BY id DESC LIMIT 1').fetchone()
        return rows, last[0] if last else ""
    except engine.DatabaseError:
        raise Unusable("备份的数据库已损坏，没有恢复，原有数据没有改变。") from None
    finally:
        copy.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


