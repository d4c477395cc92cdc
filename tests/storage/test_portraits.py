"""Portraits get hints in words that help, and no hint refuses."""

import io

import pytest
from PIL import Image, ImageDraw, ImageFilter

from portal.storage import PORTRAIT, SCAN, Store
from tests.storage.corpus import save


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "files")


def portrait(size=(413, 579), background="white", blur=0) -> bytes:
    """A face-like drawing with texture."""
    image = Image.new("RGB", size, background)
    wide, high = size
    pencil = ImageDraw.Draw(image)
    pencil.ellipse((wide * .3, high * .2, wide * .7, high * .6), fill=(224, 180, 150))
    pencil.rectangle((wide * .15, high * .65, wide * .85, high), fill=(40, 60, 110))
    for line in range(20):
        strand = (wide * .3, high * (.2 + line / 100), wide * .7, high * (.2 + line / 90))
        pencil.line(strand, fill=(30, 20, 20), width=2)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    return save(image, "JPEG", quality=95)


@pytest.mark.parametrize(("data", "words"), [
    (portrait(), []),
    (portrait((600, 800)), []),
    (portrait(background=(245, 243, 240)), []),
    (portrait(background=(67, 142, 219)), ["背景不是白色"]),
    (portrait(background=(190, 20, 30)), ["背景不是白色"]),
    (portrait(background=(90, 90, 90)), ["背景不是白色"]),
    (portrait((579, 413)), ["比例"]),
    (portrait((500, 500)), ["比例"]),
    (portrait((120, 168)), ["120×168 像素"]),
    (portrait(blur=9), ["模糊"]),
    (save(Image.open(io.BytesIO(portrait())).convert("L"), "JPEG"), ["黑白"]),
], ids=["good", "3-to-4", "nearly-white", "blue", "red", "grey", "lying", "square", "small", "blurred", "black-white"])
def test_portrait_hints_warn_and_never_refuse(store, data, words):
    kept = store.keep(data, "p.jpg", PORTRAIT)
    assert len(kept.warnings) == len(words), kept.warnings
    for word, hint in zip(words, kept.warnings, strict=True):
        assert word in hint


def test_scans_get_no_portrait_hints(store):
    assert store.keep(portrait(background="blue"), "p.jpg", SCAN).warnings == ()
