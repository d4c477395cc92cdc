"""Every file of the corpus is either refused with a sentence that helps, leaving nothing, or kept clean."""

import hashlib
import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from portal.rules.errors import Invalid
from portal.storage import PORTRAIT, SCAN, STAMP, Store
from tests.storage.cases import BOMBS, HONEST, HOSTILE, NAMES
from tests.storage.corpus import (
    GPS,
    MARK,
    content_bomb,
    draw,
    echo_bomb,
    heic_that_lies,
    jpeg,
    jpeg_turned,
    pdf,
    png,
    png_by_hand,
    ramp_of_16_bits,
    save,
)

ROOT = Path(__file__).resolve().parents[2]


def list_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "files")


def open_kept(store, kept) -> Image.Image:
    image = Image.open(io.BytesIO(store.read(kept.path)))
    image.load()
    return image


def test_corpus_is_large_and_its_titles_differ():
    titles = [case.title for case in HONEST + HOSTILE]
    assert len(titles) == len(set(titles)) >= 100


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.title)
def test_hostile_file_is_refused_and_leaves_nothing(store, case):
    with pytest.raises(Invalid) as refusal:
        store.keep(case.make(), case.filename, case.limits, field="upload")
    assert case.says in refusal.value.message
    assert refusal.value.field == "upload"
    assert list_files(store.root) == []


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.title)
def test_honest_file_is_kept_clean(store, case):
    sent = case.make()
    kept = store.keep(io.BytesIO(sent), case.filename, case.limits)
    stored = store.read(kept.path)
    assert list_files(store.root) == [store.root / kept.path]
    assert (len(stored), hashlib.sha256(stored).hexdigest()) == (kept.size, kept.sha256)
    assert MARK not in stored
    assert b"PhoneMaker" not in stored
    if kept.mime.startswith("image/"):
        assert hashlib.sha256(sent).hexdigest() != kept.sha256
        image = open_kept(store, kept)
        assert image.format == ("PNG" if case.limits is STAMP else "JPEG")
        assert not image.getexif().get_ifd(GPS)
        assert len(image.getexif()) == 0
        assert not {"icc_profile", "comment", "exif", "xmp", "Comment"} & set(image.info)
        assert stored.endswith(b"\xff\xd9" if image.format == "JPEG" else b"IEND\xaeB`\x82")
        assert max(image.size) <= case.limits.stored_side
        assert kept.pages == 1
    else:
        assert stored == sent


@pytest.mark.parametrize(("sent", "kept_name"), NAMES.items(), ids=range(len(NAMES)))
def test_name_is_made_harmless_and_never_becomes_a_path(store, sent, kept_name):
    kept = store.keep(pdf(), sent, SCAN)
    assert kept.name == kept_name
    (only,) = list_files(store.root)
    assert only.relative_to(store.root).as_posix() == kept.path
    assert len(only.name) == 36
    kept.name.encode()


def test_missing_name_is_replaced(store):
    assert store.keep(pdf(), None, SCAN).name == "文件.pdf"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_picture_is_stored_upright(store, orientation):
    image = open_kept(store, store.keep(jpeg_turned(orientation), "a.jpg", SCAN))
    assert image.size == (200, 280)
    for place, is_red in {(50, 60): True, (150, 60): False, (50, 220): False, (150, 220): False}.items():
        red, green, _ = image.getpixel(place)
        assert red > 180 and (green < 60) == is_red


def test_colours_survive_every_mode(store):
    for data, name in ((jpeg("CMYK"), "a.jpg"), (save(draw().convert("P"), "PNG"), "a.png"), (png("RGBA"), "a.png")):
        image = open_kept(store, store.keep(data, name, SCAN)).convert("RGB")
        red, green, blue = image.getpixel((50, 60))
        assert red > 170 and green < 90 and blue < 90, name
        assert min(image.getpixel((150, 220))) > 235


def test_sixteen_bit_grey_is_scaled_not_cut(store):
    image = open_kept(store, store.keep(save(ramp_of_16_bits(), "PNG"), "a.png", SCAN))
    shades = [image.getpixel((128, row)) for row in (10, 128, 245)]
    assert shades == pytest.approx([10, 128, 245], abs=3)


def test_transparent_scan_lies_on_white_and_stamp_stays_transparent(store):
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    clear.paste((200, 0, 0, 255), (40, 40, 60, 60))
    data = save(clear, "PNG")
    scan = open_kept(store, store.keep(data, "a.png", SCAN))
    assert min(scan.getpixel((5, 5))) > 250
    stamp = open_kept(store, store.keep(data, "a.png", STAMP))
    assert stamp.mode == "RGBA"
    assert stamp.getpixel((5, 5))[3] == 0
    assert stamp.getpixel((50, 50)) == (200, 0, 0, 255)


def test_large_picture_is_reduced_and_small_one_is_not_enlarged(store):
    assert open_kept(store, store.keep(jpeg(size=(4800, 2400)), "a.jpg", SCAN)).size == (4096, 2048)
    assert open_kept(store, store.keep(jpeg(size=(4032, 3024)), "a.jpg", SCAN)).size == (4032, 3024)
    assert open_kept(store, store.keep(jpeg(size=(60, 84)), "a.jpg", SCAN)).size == (60, 84)


def test_pixel_limit_is_exact(store):
    limits = replace(SCAN, max_pixels=10_000)
    store.keep(png(size=(100, 100)), "a.png", limits)
    with pytest.raises(Invalid, match="尺寸过大"):
        store.keep(png(size=(100, 101)), "a.png", limits)


def test_byte_limit_is_exact_and_reading_stops_there(store):
    data = jpeg()
    assert store.keep(data, "a.jpg", replace(SCAN, max_bytes=len(data)))

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"\xff\xd8\xff" + bytes(size - 3) if size > 3 else bytes(size)

    source = Endless()
    with pytest.raises(Invalid, match="扫描件超过 1M"):
        store.keep(source, "a.jpg", replace(SCAN, max_bytes=1024 * 1024))
    assert source.given == 1024 * 1024 + 1


def test_mixed_up_picture_names_are_hints(store):
    kept = store.keep(png(), "mmexport.jpg", SCAN)
    assert kept.name == "mmexport.jpg"
    assert kept.warnings == ("文件扩展名是 .jpg，实际是PNG 图片，已按实际类型保存",)
    assert store.keep(png(), "a.png", SCAN).warnings == ()


def test_page_count_is_recorded(store):
    assert [store.keep(pdf(pages=number), "a.pdf", SCAN).pages for number in (1, 2, 50)] == [1, 2, 50]


def test_five_megabytes_are_a_scan_but_no_portrait(store):
    noise = save(Image.effect_noise((2400, 2400), 120), "JPEG", quality=95)
    assert 3 * 1024 * 1024 < len(noise) < 10 * 1024 * 1024
    assert store.keep(noise, "a.jpg", SCAN)
    with pytest.raises(Invalid, match="照片超过 3M"):
        store.keep(noise, "a.jpg", PORTRAIT)


# ---------------------------------------------------------------- memory and time, measured

MEASURE = """
import json, resource, sys, time
from portal.rules.errors import Invalid
from portal import storage
path, name, limits, root, unguarded = sys.argv[1:]
bounds = getattr(storage, limits)
if unguarded == "yes":
    import dataclasses
    bounds = dataclasses.replace(bounds, max_pixels=10**10, max_side=10**6)
began = time.monotonic()
try:
    with open(path, "rb") as source:
        storage.Store(root).keep(source, name, bounds)
    message = None
except Invalid as refusal:
    message = refusal.message
# Not RUSAGE_SELF: it begins with the size of the test process this one was started from.
own = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
most = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(json.dumps({"mib": most / 1024, "seconds": time.monotonic() - began, "message": message}))
"""


def measure(tmp_path, data: bytes, name: str, limits="SCAN", *, unguarded=False) -> dict:
    """Largest resident size (MiB) of the portal's or the decoding process, and the time, for one upload."""
    (tmp_path / "bomb").write_bytes(data)
    order = [sys.executable, "-c", MEASURE, str(tmp_path / "bomb"), name, limits, str(tmp_path / "files")]
    order.append("yes" if unguarded else "no")
    done = subprocess.run(order, cwd=ROOT, capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", BOMBS, ids=lambda case: case.title)
def test_bomb_stays_below_150_mib(tmp_path, case):
    data = case.make()
    assert len(data) <= 10 * 1024 * 1024
    found = measure(tmp_path, data, case.filename, "ATTACHMENT" if case.filename.endswith("docx") else "SCAN")
    assert case.says in found["message"]
    assert found["mib"] <= 150
    assert list_files(tmp_path / "files") == []


def test_control_the_same_bomb_does_need_the_memory_without_the_size_check(tmp_path):
    found = measure(tmp_path, png_by_hand(10_000, 10_000), "a.png", unguarded=True)
    assert found["mib"] > 150


def test_heic_that_lies_about_its_size_is_harmless(tmp_path):
    found = measure(tmp_path, heic_that_lies(), "a.heic")
    assert found["mib"] <= 150
    assert "损坏" in found["message"]


@pytest.mark.parametrize("change", [echo_bomb, content_bomb(1500)], ids=["echo", "content"])
def test_page_that_eats_memory_ends_in_the_limited_process(store, change):
    with pytest.raises(Invalid, match="无法处理"):
        store.keep(pdf(change), "a.pdf", SCAN)
    assert list_files(store.root) == []


def test_page_that_never_ends_is_stopped_by_the_clock(store):
    began = time.monotonic()
    with pytest.raises(Invalid, match="无法处理"):
        store.keep(pdf(echo_bomb), "a.pdf", replace(SCAN, seconds=1, memory=16 * 1024**3))
    assert time.monotonic() - began < 8
    assert list_files(store.root) == []
