"""The store survives kills, full disks and broken-off uploads, draws previews, and sweeps what no row knows."""

import contextlib
import errno
import hashlib
import io
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

import portal.storage as storage
from portal.rules.errors import Invalid, Refusal
from portal.storage import ATTACHMENT, SCAN, DiskFull, Store, workshop
from tests.storage.corpus import DOCX_PARTS, jpeg, package, pdf, save, scan_pdf

ROOT = Path(__file__).resolve().parents[2]


def list_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "files")


def make_old(store: Store, *paths: str, hours: float) -> None:
    for path in paths:
        then = time.time() - hours * 3600
        os.utime(store.root / path, (then, then))


# ---------------------------------------------------------------- reading

def test_issued_file_is_kept_byte_for_byte(store):
    content = os.urandom(300_000)
    kept = store.keep_issued(content, "考评员证卡.pdf", pages=2)
    assert store.read(kept.path) == content
    assert store.open(kept.path).read() == content
    assert (kept.size, kept.pages, kept.name) == (300_000, 2, "考评员证卡.pdf")
    assert kept.sha256 == hashlib.sha256(content).hexdigest()


def test_verify_notices_one_changed_bit_and_a_missing_file(store):
    kept = store.keep_issued(b"certificate", "a.pdf")
    assert store.verify(kept.path, kept.sha256)
    assert store.verify(kept.path, kept.sha256.upper())
    (store.root / kept.path).write_bytes(b"certificatf")
    assert not store.verify(kept.path, kept.sha256)
    (store.root / kept.path).unlink()
    assert not store.verify(kept.path, kept.sha256)


@pytest.mark.parametrize("path", [
    "../outside.pdf", "/etc/passwd", "ab/../../outside.pdf", "incoming/" + "a" * 32, "", "ab/x.pdf", "ab",
    "cache/ab/" + "a" * 32 + ".pdf.1.160.jpg", "ab/" + "a" * 32 + ".pdf\n", "AB/" + "A" * 32 + ".PDF",
])
def test_only_own_paths_are_opened(store, path, tmp_path):
    (tmp_path / "outside.pdf").write_bytes(b"secret")
    store.keep_issued(b"x", "a.pdf")
    for reading in (store.open, store.read, store.preview):
        with pytest.raises(FileNotFoundError):
            reading(path)


def test_files_are_readable_for_the_owner_only_and_never_guessable(store):
    paths = {store.keep_issued(b"x", "a.pdf").path for _ in range(50)}
    assert len(paths) == 50
    place = store.root / paths.pop()
    assert place.stat().st_mode & 0o077 == 0
    assert place.parent.stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------- durability

def test_content_is_synced_before_its_name_appears_and_the_name_before_returning(store, monkeypatch):
    story = []
    fsync, replace = os.fsync, os.replace

    def tell_fsync(handle):
        story.append("sync " + os.path.relpath(os.readlink(f"/proc/self/fd/{handle}"), store.root).split("/")[0])
        fsync(handle)

    def tell_replace(source, target):
        story.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", tell_fsync)
    monkeypatch.setattr(os, "replace", tell_replace)
    kept = store.keep(jpeg(), "a.jpg", SCAN)
    assert story == ["sync incoming", "name", f"sync {kept.path[:2]}", "sync ."]


KEEP_FOREVER = """
import hashlib, os, pathlib, sys
from portal.storage import Store
store, careless = Store(pathlib.Path(sys.argv[1])), sys.argv[2] == "careless"
while True:
    body = os.urandom(16) * 250_000
    content = hashlib.sha256(body).digest() + body
    if careless:
        place = store.root / "aa" / (os.urandom(16).hex() + ".pdf")
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb", buffering=0) as file:
            for at in range(0, len(content), 4096):
                file.write(content[at:at + 4096])
        path = place.relative_to(store.root).as_posix()
    else:
        path = store.keep_issued(content, "a.pdf").path
    print(path, flush=True)
"""


def kill_while_keeping(root: Path, way: str, times: int) -> tuple[int, int]:
    """Kill a busy process `times` times; gives how many files are half, and how many acknowledged ones are missing."""
    chance = random.Random(7)
    acknowledged = []
    for _ in range(times):
        busy = subprocess.Popen([sys.executable, "-c", KEEP_FOREVER, str(root), way], cwd=ROOT, stdout=subprocess.PIPE)
        acknowledged.append(busy.stdout.readline())  # it is up and busy
        time.sleep(chance.uniform(0, 0.05))
        busy.kill()
        acknowledged += [line for line in busy.communicate()[0].splitlines(keepends=True) if line.endswith(b"\n")]
    half = 0
    for file in list_files(root):
        if "incoming" not in file.parts:
            content = file.read_bytes()
            half += hashlib.sha256(content[32:]).digest() != content[:32]
    missing = sum(not (root / line.decode().strip()).is_file() for line in acknowledged)
    return half, missing


def test_kill_leaves_no_half_file_and_loses_no_acknowledged_one(tmp_path):
    assert kill_while_keeping(tmp_path / "files", "careful", 20) == (0, 0)


def test_control_writing_under_the_final_name_does_leave_half_files(tmp_path):
    half, _ = kill_while_keeping(tmp_path / "files", "careless", 20)
    assert half > 0


def test_broken_off_upload_leaves_nothing(store):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 400_000:
                raise ConnectionResetError("client went away")
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        store.keep(Broken(scan_pdf() + bytes(900_000)), "a.pdf", SCAN)
    assert list_files(store.root) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["write", "fsync", "name"])
def test_full_disk_is_a_sentence_and_leaves_nothing(store, monkeypatch, number, call):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        if call == "write":
            broken.setattr(storage, "_write", fail)
        else:
            broken.setattr(os, {"fsync": "fsync", "name": "replace"}[call], fail)
        for keep in (lambda: store.keep(jpeg(), "a.jpg", SCAN), lambda: store.keep_issued(b"x", "a.pdf")):
            with pytest.raises(DiskFull) as refusal:
                keep()
            assert refusal.value.message == "磁盘空间不足，文件没有保存，请稍后重试或联系管理员"
            assert isinstance(refusal.value, Refusal)
            assert list_files(store.root) == []
    assert store.keep(jpeg(), "a.jpg", SCAN)


def test_failing_last_sync_takes_the_name_away_again(store, monkeypatch):
    fsync = os.fsync
    calls = []

    def fail_on_folder(handle):
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(errno.EIO, "disk broken")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fail_on_folder)
    with pytest.raises(OSError, match="disk broken"):
        store.keep_issued(b"x", "a.pdf")
    assert list_files(store.root) == []


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of two megabytes, where mounting is permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting is not permitted here; the simulated full disk is tested above")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_really_full_disk_refuses_and_recovers(small_disk):
    store = Store(small_disk / "files")
    first = store.keep_issued(os.urandom(1_200_000), "a.pdf")
    for upload in (lambda: store.keep_issued(os.urandom(1_200_000), "b.pdf"),
                   lambda: store.keep(save(Image.effect_noise((1200, 1200), 90), "JPEG", quality=95), "b.jpg", SCAN)):
        with pytest.raises(DiskFull):
            upload()
        assert [file.relative_to(store.root).as_posix() for file in list_files(store.root)] == [first.path]
    assert store.verify(first.path, first.sha256)
    (store.root / first.path).unlink()
    assert store.keep_issued(os.urandom(1_200_000), "b.pdf")


def test_control_plain_writing_on_the_full_disk_leaves_a_part(small_disk):
    with contextlib.suppress(OSError), (small_disk / "part").open("wb", buffering=0) as file:
        for _ in range(30):
            file.write(bytes(100_000))
    assert 0 < (small_disk / "part").stat().st_size < 3_000_000


# ---------------------------------------------------------------- the limited process

def test_many_uploads_at_once_are_all_kept_and_decoded_two_at_a_time(store, monkeypatch):
    running, most = set(), []
    popen = subprocess.Popen

    class Counted(popen):
        def __init__(self, *order, **options):
            super().__init__(*order, **options)
            running.add(self)
            most.append(len(running))

        def communicate(self, *args, **options):
            answer = super().communicate(*args, **options)
            running.discard(self)
            return answer

    monkeypatch.setattr(workshop.subprocess, "Popen", Counted)
    with ThreadPoolExecutor(8) as crowd:
        kept = list(crowd.map(lambda _: store.keep(jpeg(), "a.jpg", SCAN), range(16)))
    assert len({one.path for one in kept}) == 16
    assert all(store.verify(one.path, one.sha256) for one in kept)
    assert max(most) <= 2


def test_portals_secrets_do_not_reach_the_decoding_process(store, monkeypatch):
    monkeypatch.setenv("PORTAL_SECRET_KEY", "hush")
    seen = {}
    popen = subprocess.Popen

    def watch(*order, **options):
        seen.update(options["env"])
        return popen(*order, **options)

    monkeypatch.setattr(workshop.subprocess, "Popen", watch)
    assert store.keep(jpeg(), "a.jpg", SCAN)
    assert seen
    assert "PORTAL_SECRET_KEY" not in seen


def test_own_mistakes_are_not_blamed_on_the_file(store, monkeypatch):
    monkeypatch.setattr(workshop, "_START", "import no_such_module")
    with pytest.raises(RuntimeError, match="no_such_module"):
        store.keep(jpeg(), "a.jpg", SCAN)
    assert list_files(store.root) == []


def test_decoding_process_cannot_write_files(tmp_path):
    code = ("from portal.storage.workshop import _limit_self\n_limit_self(5, 10**9)\n"
            f"open({str(tmp_path / 'x')!r}, 'wb', buffering=0).write(b'x')")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert b"File too large" in done.stderr
    assert (tmp_path / "x").stat().st_size == 0


# ---------------------------------------------------------------- previews

def open_preview(store, path, *args) -> Image.Image:
    image = Image.open(io.BytesIO(store.preview(path, *args)))
    assert image.format == "JPEG"
    image.load()
    return image


def test_preview_draws_the_asked_page(store):
    out = io.BytesIO()
    pages = [Image.new("RGB", (600, 800), colour) for colour in ("red", "blue")]
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    kept = store.keep(out.getvalue(), "a.pdf", SCAN)
    first, second = open_preview(store, kept.path, 1, 480), open_preview(store, kept.path, 2, 480)
    assert first.size == second.size == (480, 640)
    assert first.getpixel((240, 320))[0] > 200 > first.getpixel((240, 320))[2]
    assert second.getpixel((240, 320))[2] > 200 > second.getpixel((240, 320))[0]
    for page in (0, 3, -1, 10**9):
        with pytest.raises(FileNotFoundError):
            store.preview(kept.path, page)


def test_preview_width_is_one_of_a_few_and_pictures_are_not_enlarged(store):
    kept = store.keep(pdf(), "a.pdf", SCAN)
    assert [open_preview(store, kept.path, 1, width).width for width in (1, 160, 161, 1200, 99_999)] == [
        160, 160, 480, 1200, 2400]
    assert len(list_files(store.root / "cache")) == 4
    picture = store.keep(jpeg(size=(1000, 700)), "a.jpg", SCAN)
    assert open_preview(store, picture.path, 1, 480).size == (480, 336)
    assert open_preview(store, picture.path, 1, 2400).size == (1000, 700)
    with pytest.raises(FileNotFoundError):
        store.preview(picture.path, 2)


def test_preview_of_transparent_stamp_is_on_white(store):
    kept = store.keep(save(Image.new("RGBA", (300, 300), (0, 0, 0, 0)), "PNG"), "a.png", storage.STAMP)
    assert open_preview(store, kept.path).getpixel((9, 9)) == (255, 255, 255)


def test_very_tall_page_is_drawn_within_bounds(store):
    kept = store.keep(pdf(size=(20, 14_000)), "a.pdf", SCAN)
    image = open_preview(store, kept.path, 1, 2400)
    assert max(image.size) <= 8000


def test_seal_drawn_as_signature_field_is_visible(store):
    def seal(document):
        look = document.make_indirect(document.make_stream(b"1 0 0 rg 0 0 100 100 re f"))
        look.update({"/Type": Name("/XObject"), "/Subtype": Name("/Form"), "/BBox": [0, 0, 100, 100]})
        field = document.make_indirect(Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="seal", F=4, Rect=[0, 0, 100, 100],
            AP=Dictionary(N=look),
        ))
        document.pages[0].Annots = Array([field])
        document.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)

    kept = store.keep(pdf(seal, size=(400, 400)), "a.pdf", SCAN)
    red, green, blue = open_preview(store, kept.path, 1, 480).getpixel((40, 440))
    assert red > 200 and green < 60 and blue < 60


def test_preview_is_remembered_and_redrawn_when_lost_or_torn(store, monkeypatch):
    kept = store.keep(pdf(), "a.pdf", SCAN)
    drawn = []
    run = workshop.run
    monkeypatch.setattr(workshop, "run", lambda *a, **o: drawn.append(1) or run(*a, **o))
    picture = store.preview(kept.path)
    assert store.preview(kept.path) == picture
    assert len(drawn) == 1
    (remembered,) = list_files(store.root / "cache")
    remembered.write_bytes(picture[: len(picture) // 2])
    assert store.preview(kept.path) == picture
    assert len(drawn) == 2
    assert remembered.read_bytes() == picture


def test_preview_is_given_even_when_there_is_no_room_to_remember_it(store, monkeypatch):
    kept = store.keep(pdf(), "a.pdf", SCAN)
    monkeypatch.setattr(storage, "_write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    assert open_preview(store, kept.path)
    assert list_files(store.root / "cache") == []


def test_office_files_and_damaged_files_say_that_there_is_no_preview(store):
    kept = store.keep(package(DOCX_PARTS), "a.docx", ATTACHMENT)
    with pytest.raises(Invalid, match="请下载原件查看"):
        store.preview(kept.path)
    broken = store.keep_issued(b"%PDF-1.7 nothing", "a.pdf")
    with pytest.raises(Invalid, match="请下载原件查看"):
        store.preview(broken.path)


# ---------------------------------------------------------------- sweeping

def test_sweep_removes_old_orphans_only(store):
    known, orphan, young = (store.keep_issued(pdf(), "a.pdf").path for _ in range(3))
    make_old(store, known, orphan, hours=25)
    make_old(store, young, hours=23)
    assert store.sweep({known}, older_than_hours=24) == [orphan]
    assert {file.relative_to(store.root).as_posix() for file in list_files(store.root)} == {known, young}


def test_sweep_removes_broken_off_uploads_and_previews_without_original(store):
    kept, orphan = (store.keep(pdf(), "a.pdf", SCAN).path for _ in range(2))
    for path in (kept, orphan):
        store.preview(path)
    (store.root / "incoming" / "old").write_bytes(b"half")
    (store.root / "incoming" / "young").write_bytes(b"half")
    make_old(store, "incoming/old", orphan, hours=2)
    assert store.sweep({kept}, older_than_hours=1) == [orphan]
    left = {file.relative_to(store.root).as_posix() for file in list_files(store.root)}
    assert left == {kept, "incoming/young", f"cache/{kept}.1.1200.jpg"}


def test_sweep_drops_previews_after_a_month(store):
    kept = store.keep(pdf(), "a.pdf", SCAN).path
    store.preview(kept, 1, 160)
    store.preview(kept, 1, 480)
    make_old(store, f"cache/{kept}.1.160.jpg", hours=31 * 24)
    make_old(store, f"cache/{kept}.1.480.jpg", hours=29 * 24)
    assert store.sweep({kept}) == []
    assert [file.name.split(".")[-2] for file in list_files(store.root / "cache")] == ["480"]


def test_sweep_never_touches_what_may_be_under_way(store):
    store.keep_issued(b"x", "a.pdf")
    with pytest.raises(ValueError, match="under way"):
        store.sweep(set(), older_than_hours=0.9)
    assert store.sweep(set(), older_than_hours=1) == []
    assert len(list_files(store.root)) == 1


def test_sweeping_an_empty_place_is_fine(store):
    assert store.sweep(set()) == []
