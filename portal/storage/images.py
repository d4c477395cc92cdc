"""Pictures: checked before they are decoded, turned the right way up, and written anew from their pixels alone."""

import io

import pillow_heif
from PIL import ExifTags, Image

from portal.rules.errors import Refusal
from portal.storage.limits import HEIF, JPEG, PNG
from portal.storage.sniffing import MIME

pillow_heif.register_heif_opener(thumbnails=False)
pillow_heif.options.DECODE_THREADS = 2

_FORMATS = {JPEG: ("JPEG", "MPO"), PNG: ("PNG",), HEIF: ("HEIF",)}
_DAMAGED = "图片不完整或已损坏，无法读取，请重新拍照或重新导出后上传"
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Quality 92 without colour subsampling: red seals and thin strokes on scans stay legible.
_QUALITY = {"quality": 92, "subsampling": 0, "optimize": True}


def clean_picture(
    data: bytes, *, kind: str, stored_side: int, max_side: int, min_side: int, max_pixels: int, keeps_transparency: bool
) -> tuple[dict, bytes]:
    """The picture of type `kind` written anew: no metadata, no tail, upright, at most `stored_side` pixels long.

    Gives a report (mime, kind, width, height, pages) and the new file; raises Refusal for what cannot be read
    completely or is larger than `max_pixels` or `max_side`.
    """
    image = open_picture(
        data, kind=kind, stored_side=stored_side, max_side=max_side, min_side=min_side, max_pixels=max_pixels
    )
    return write_picture(image, keeps_transparency=keeps_transparency)


def open_picture(
    data: bytes, *, kind: str, stored_side: int, max_side: int, min_side: int, max_pixels: int
) -> Image.Image:
    """The decoded picture, upright, in mode L, RGB or RGBA, reduced to `stored_side`; raises Refusal."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS[kind])
        # The size stands in the header: nothing has been decoded yet.
        _check_size(*image.size, max_side=max_side, min_side=min_side, max_pixels=max_pixels)
        if kind == JPEG:
            image.draft(None, (stored_side, stored_side))  # decodes at half size where that is enough
        turn = _find_turn(image)
        image.load()
        _check_size(*image.size, max_side=max_side, min_side=1, max_pixels=max_pixels)
        image = _make_plain(image)
        image.thumbnail((stored_side, stored_side), Image.Resampling.LANCZOS)
        return image.transpose(turn) if turn is not None else image
    except (Refusal, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise Refusal(_say_too_large(max_pixels)) from None
    except Exception as error:  # decoders raise whatever they like on broken input
        raise Refusal(_DAMAGED) from error


def write_picture(image: Image.Image, *, keeps_transparency: bool) -> tuple[dict, bytes]:
    """Report and file of a decoded picture: PNG where transparency is to stay, otherwise JPEG on white."""
    out = io.BytesIO()
    kind = PNG if keeps_transparency else JPEG
    if kind == JPEG and image.mode == "RGBA":
        image = _lay_on_white(image)
    image.info = {}  # Pillow would copy comments, profiles and texts from here into the new file
    if kind == PNG:
        image.save(out, "PNG", optimize=True)
    else:
        image.save(out, "JPEG", **_QUALITY)
    report = {"kind": kind, "mime": MIME[kind], "width": image.width, "height": image.height, "pages": 1}
    return report, out.getvalue()


def reduce_picture(data: bytes, *, width: int) -> tuple[dict, bytes]:
    """A JPEG of one of our own stored pictures, at most `width` pixels wide and never enlarged."""
    image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    if image.width > width:
        height = max(1, round(image.height * width / image.width))
        image.draft(None, (width, height))
        image = _make_plain(image).resize((width, height), Image.Resampling.LANCZOS)
    else:
        image = _make_plain(image)
    if image.mode == "RGBA":
        image = _lay_on_white(image)
    out = io.BytesIO()
    image.info = {}
    image.save(out, "JPEG", quality=85, optimize=True)
    return {}, out.getvalue()


def _check_size(width: int, height: int, *, max_side: int, min_side: int, max_pixels: int) -> None:
    if width * height > max_pixels or max(width, height) > max_side:
        raise Refusal(_say_too_large(max_pixels))
    if min(width, height) < min_side:
        raise Refusal(f"图片只有 {width}×{height} 像素，看不清内容，请重新拍照或扫描后上传")


def _say_too_large(max_pixels: int) -> str:
    return f"图片尺寸过大（超过 {max_pixels // 10_000} 万像素或边长过长），请缩小后再上传"


def _find_turn(image: Image.Image) -> Image.Transpose | None:
    """How the picture must be turned to stand upright, going by its EXIF mark; a broken mark turns nothing."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # foreign EXIF blocks are often damaged while the picture itself is fine
        return None


def _make_plain(image: Image.Image) -> Image.Image:
    """The picture in mode L, RGB or RGBA with eight bits a channel."""
    if image.mode.startswith("I"):
        # 16-bit grey: a plain conversion cuts everything above 255 to white instead of scaling.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _lay_on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
