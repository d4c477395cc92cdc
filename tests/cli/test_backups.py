"""Backup and restore: everything comes back, and nothing that cannot be trusted does."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from tests.cli.alone import alone

TABLES_AND_FILES = "counts.json"


def fill_and_back_up(archive: str) -> None:
    """An instance with rows in several tables and files of each kind, backed up while a server holds the lock."""
    from app import create_app
    from portal import database, lock
    from portal.actions.events import record
    from portal.actions.files import keep_file
    from portal.rules.workflow import SYSTEM
    from portal.settings import Settings
    from portal.storage import Store
    from tests import make

    settings = Settings.from_environment().prepare()
    app = create_app(settings)
    database.open_connection()
    database.migrate()
    store, issued = Store(settings.uploads), Store(settings.issued)
    unit = make.make_organisation(occupations=[make.make_occupation()])
    with database.transaction():
        for number in range(20):
            person = make.make_person(unit)
            kept = store.keep_issued(b"%PDF-1.4 " + os.urandom(3000 + number), "扫描件.pdf")
            keep_file(owner=f"person:{person.id}", slot="scan", kept=kept, actor=SYSTEM)
            record("test", f"第{number}人", actor=SYSTEM)
    issued.keep_issued(b"%PDF-1.4 issued", "证书.pdf")
    (settings.fonts / "own.ttf").write_bytes(b"font")
    kept = store.keep_issued(b"\xff\xd8 not a picture", "照片.jpg", kind="jpeg")
    (settings.uploads / "cache").mkdir()
    (settings.uploads / "cache" / "preview.jpg").write_bytes(b"drawn again when asked for")
    with lock.holding(settings.lock_file):  # a running server does not keep a backup away
        result = app.test_cli_runner().invoke(args=["backup", archive])
        assert result.exit_code == 0, (result.output, result.exception)
        assert "备份完成" in result.output
        refused = app.test_cli_runner().invoke(args=["restore", archive, "--yes"])
        assert refused.exit_code == 1 and "平台正在运行" in refused.output, refused.output
    settings.data.joinpath(TABLES_AND_FILES).write_text(json.dumps(count_everything(settings)))


def restore_and_compare(archive: str, expected: str) -> None:
    """Restore into an empty folder; counts and contents are those of before, and the chain is whole."""
    from app import create_app
    from portal import database
    from portal.actions.events import verify_chain
    from portal.settings import Settings

    runner = create_app().test_cli_runner()
    result = runner.invoke(args=["restore", archive, "--yes"])
    assert result.exit_code == 0, (result.output, result.exception)
    settings = Settings.from_environment()
    assert settings.is_initialised
    create_app(settings)
    database.open_connection()
    assert count_everything(settings) == json.loads(Path(expected).read_text())
    assert verify_chain() == (21, None)  # the backup itself is on record


def restore_over(archive: str) -> None:
    """Restore over an instance that lives: what was there lies beside it afterwards."""
    from app import create_app
    from portal.settings import Settings

    result = create_app().test_cli_runner().invoke(args=["restore", archive, "--yes"])
    assert result.exit_code == 0, (result.output, result.exception)
    kept = list(Settings.from_environment().data.glob("before-restore-*"))
    assert len(kept) == 1 and (kept[0] / "portal.sqlite3").exists() and (kept[0] / "secret_key").exists()


def try_to_restore(archive: str, words: str) -> None:
    """A restore that is refused with these words and changes nothing."""
    from app import create_app
    from portal.settings import Settings

    settings = Settings.from_environment()
    before = {path: path.read_bytes() for path in settings.data.rglob("*") if path.is_file()}
    result = create_app(settings).test_cli_runner().invoke(args=["restore", archive, "--yes"])
    assert result.exit_code == 1 and words in result.output, (result.output, result.exception)
    after = {path: path.read_bytes() for path in settings.data.rglob("*") if path.is_file()}
    before.pop(settings.lock_file, None), after.pop(settings.lock_file, None)
    assert after == before
    assert not list(settings.data.parent.glob(".restore-*"))


def count_everything(settings) -> dict:
    """Rows of every table, and a digest of every file that matters by its place."""
    from portal import database
    from portal.models import TABLES

    rows = {table._meta.table_name: table.select().count() for table in TABLES}
    names = database.database.execute_sql("SELECT count(*) FROM case_name").fetchone()[0]
    files = {
        path.relative_to(settings.data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in (settings.uploads, settings.issued, settings.fonts)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "cache" not in path.parts
    }
    files["secret_key"] = hashlib.sha256(settings.secret_key_file.read_bytes()).hexdigest()
    return {"rows": rows, "names": names, "files": files}


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory):
    """(archive, its instance's counts) of one filled instance."""
    folder = tmp_path_factory.mktemp("backup")
    archive = folder / "portal.tar"
    alone(fill_and_back_up, folder / "data", archive)
    return archive, folder / "data" / TABLES_AND_FILES


@pytest.mark.requirement("R13.15")
def test_what_was_deleted_comes_back_whole(backed_up, tmp_path):
    archive, expected = backed_up
    alone(restore_and_compare, tmp_path / "data", archive, expected)
    assert len(json.loads(expected.read_text())["files"]) >= 23
    assert oct(archive.stat().st_mode & 0o777) == "0o600"


def test_a_restore_over_a_living_instance_keeps_the_old_one(backed_up, tmp_path):
    alone(fill_and_back_up, tmp_path / "data", tmp_path / "other.tar")
    alone(restore_over, tmp_path / "data", backed_up[0])


def rewrite(archive: Path, target: Path, change) -> Path:
    """A copy of the archive whose members went through `change(name, content) -> (entry, content) | None`."""
    with tarfile.open(archive) as source, tarfile.open(target, "w") as copy:
        for member in source:
            content = source.extractfile(member).read()
            changed = change(member, content)
            if changed is not None:
                entry, content = changed
                entry.size = len(content) if entry.isreg() else 0
                copy.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return target


def flip(member, content):
    if member.name.startswith("uploads/") and member.name.endswith(".pdf"):
        content = content[:-1] + bytes([content[-1] ^ 1])
    return member, content


def climb(member, content):
    if member.name.startswith("fonts/"):
        member.name = "uploads/../../escaped.ttf"
    return member, content


def link(member, content):
    if member.name.startswith("fonts/"):
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member, content


def lose_a_file(member, content):
    return None if member.name.startswith("issued/") else (member, content)


def lose_the_manifest(member, content):
    return None if member.name == "manifest.json" else (member, content)


def have_no_name(member, content):
    if member.name.startswith("fonts/"):
        member.name = ""
    return member, content


def be_a_dot(member, content):
    if member.name.startswith("fonts/"):
        member.name = "."
    return member, content


def be_spelled_twice(member, content):
    if member.name.startswith("fonts/"):
        member.name = member.name.replace("/", "//")
    return member, content


def list_nothing(member, content):
    return member, b"[]" if member.name == "manifest.json" else content


def come_from_the_future(member, content):
    return member, content.replace(b'"format": 1', b'"format": 9') if member.name == "manifest.json" else content


@pytest.mark.parametrize(("change", "words"), [
    (flip, "已损坏或被改动"), (climb, "不允许的内容"), (link, "不允许的内容"), (lose_a_file, "已损坏或被改动"),
    (lose_the_manifest, "不是完整的备份文件"), (come_from_the_future, "更新版本"), (have_no_name, "不允许的内容"),
    (be_a_dot, "不允许的内容"), (be_spelled_twice, "不允许的内容"), (list_nothing, "不是完整的备份文件"),
])  # fmt: skip
def test_a_changed_archive_is_refused(backed_up, tmp_path, change, words):
    archive = rewrite(backed_up[0], tmp_path / "changed.tar", change)
    alone(try_to_restore, tmp_path / "data", archive, words)
    assert not (tmp_path.parent / "escaped.ttf").exists() and not (tmp_path / "escaped.ttf").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_truncated_archive_is_refused(backed_up, tmp_path, share):
    content = backed_up[0].read_bytes()
    archive = tmp_path / "short.tar"
    archive.write_bytes(content[: int(len(content) * share)])
    alone(try_to_restore, tmp_path / "data", archive, "没有恢复")


def change_the_database(archive: str, target: str, statement: str) -> None:
    """A copy of the archive whose database went through a statement, with a manifest that agrees to it."""
    from portal import database

    folder = Path(target).parent
    with tarfile.open(archive) as source:
        content = source.extractfile("portal.sqlite3").read()
        manifest = json.loads(source.extractfile("manifest.json").read())
    copy = folder / "copy.sqlite3"
    copy.write_bytes(content)
    database.use(copy)
    database.open_connection()
    database.database.execute_sql(statement)
    database.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.database.close()
    content = copy.read_bytes()
    manifest["files"]["portal.sqlite3"] = hashlib.sha256(content).hexdigest()
    new = {"portal.sqlite3": content, "manifest.json": json.dumps(manifest).encode()}
    rewrite(Path(archive), Path(target), lambda member, old: (member, new.get(member.name, old)))


@pytest.mark.parametrize(("statement", "words"), [
    ("UPDATE event SET name = '别人' WHERE id = 7", "第7条损坏"),
    ("DELETE FROM event WHERE id = 3", "第4条损坏"),
    ("DELETE FROM event WHERE id = (SELECT max(id) FROM event)", "末尾缺失"),
    ("DELETE FROM event", "末尾缺失"),
    ("DELETE FROM person WHERE id = (SELECT max(id) FROM person)", "行数不一致"),
    ("CREATE TRIGGER x AFTER INSERT ON user BEGIN DELETE FROM event; END", "不应有的对象"),
    ("CREATE VIEW x AS SELECT * FROM user", "不应有的对象"),
])  # fmt: skip
def test_a_database_with_a_tampered_record_or_strange_objects_is_refused(backed_up, tmp_path, statement, words):
    target = tmp_path / "tampered.tar"
    alone(change_the_database, tmp_path / "unused", backed_up[0], target, statement)
    alone(try_to_restore, tmp_path / "data", target, words)


def back_up_while_events_are_written(archive: str) -> None:
    """The chain grows before, during and after the copy; the manifest describes the copy all the same."""
    from threading import Event as Signal
    from threading import Thread

    from app import create_app
    from portal import database
    from portal.actions import backups
    from portal.actions.events import record
    from portal.rules.workflow import SYSTEM
    from portal.settings import Settings

    settings = Settings.from_environment().prepare()
    create_app(settings)
    database.open_connection()
    database.migrate()
    stop, written = Signal(), []

    def write():
        database.open_connection()
        while not stop.is_set():
            with database.transaction():
                record("test", f"第{len(written)}条", actor=SYSTEM)
            written.append(1)
        database.database.close()

    writer, copy, at_copy = Thread(target=write), database.database.execute_sql, []

    def wait_for_more():
        before = len(written)
        while len(written) < before + 3:
            assert writer.is_alive()

    def copy_under_load(sql, *rest, **more):
        if not sql.startswith("VACUUM INTO"):
            return copy(sql, *rest, **more)
        wait_for_more()
        done = copy(sql, *rest, **more)
        at_copy.append(len(written))
        wait_for_more()
        return done

    writer.start()
    database.database.execute_sql = copy_under_load
    try:
        backups.make_backup(settings, Path(archive), actor=SYSTEM)
    finally:
        stop.set()
        writer.join()
    assert len(written) >= at_copy[0] + 3
    with tarfile.open(archive) as made:
        counted = json.loads(made.extractfile("manifest.json").read())["rows"]["event"]
    assert counted < len(written) + 1  # the control: the live chain is longer than the one in the file


def restore_what_was_made_under_load(archive: str) -> None:
    """The restore accepts it, and has as many events as the manifest says."""
    from app import create_app
    from portal import database
    from portal.actions.events import verify_chain
    from portal.settings import Settings

    result = create_app().test_cli_runner().invoke(args=["restore", archive, "--yes"])
    assert result.exit_code == 0, (result.output, result.exception)
    create_app(Settings.from_environment())
    database.open_connection()
    with tarfile.open(archive) as made:
        counted = json.loads(made.extractfile("manifest.json").read())["rows"]["event"]
    assert verify_chain() == (counted, None)


def test_a_backup_made_while_people_work_describes_its_own_copy(tmp_path):
    archive = tmp_path / "busy.tar"
    alone(back_up_while_events_are_written, tmp_path / "data", archive)
    alone(restore_what_was_made_under_load, tmp_path / "fresh", archive)


def back_up_to_a_full_disk(folder: str) -> None:
    """The disk fills while the database is copied, and while the archive is written: nothing is left behind."""
    from peewee import OperationalError

    from app import create_app
    from portal import database
    from portal.actions import backups
    from portal.models import Event
    from portal.settings import Settings

    app = create_app(Settings.from_environment().prepare())
    database.open_connection()
    database.migrate()
    run, copy_engine = app.test_cli_runner(), database.database.execute_sql

    def no_room(*_, **__):
        raise OSError(28, "No space left on device")

    def full(sql, *rest, **more):
        if sql.startswith("VACUUM INTO"):
            raise OperationalError("database or disk is full")
        return copy_engine(sql, *rest, **more)

    for target, name, fault in ((backups, "_add", no_room), (database.database, "execute_sql", full)):
        right = getattr(target, name)
        setattr(target, name, fault)
        result = run.invoke(args=["backup", f"{folder}/full.tar"])
        setattr(target, name, right)
        assert result.exit_code == 1 and "磁盘空间不足" in result.output, (result.output, result.exception)
        assert list(Path(folder).iterdir()) == []
    assert run.invoke(args=["backup", f"{folder}/full.tar"]).exit_code == 0
    assert Event.select().where(Event.action == "backup").count() >= 1


def test_a_full_disk_is_told_and_leaves_no_half_backup(tmp_path):
    (tmp_path / "disk").mkdir()
    alone(back_up_to_a_full_disk, tmp_path / "data", tmp_path / "disk")


def try_without_room(archive: str, folder: str) -> None:
    """Restoring onto a full disk changes nothing."""
    from app import create_app
    from portal.actions import backups
    from portal.settings import Settings

    settings = Settings.from_environment()
    (settings.data).mkdir(parents=True)

    def no_room(*_):
        raise OSError(28, "No space left on device")

    backups.os.fsync = no_room
    result = create_app(settings).test_cli_runner().invoke(args=["restore", archive, "--yes"])
    assert result.exit_code == 1 and "磁盘空间不足" in result.output, (result.output, result.exception)
    assert [path.name for path in settings.data.iterdir()] in ([], ["server.lock"])


def test_a_restore_without_room_changes_nothing(backed_up, tmp_path):
    alone(try_without_room, tmp_path / "data", backed_up[0], tmp_path)
