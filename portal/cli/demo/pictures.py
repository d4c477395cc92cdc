"""Invented scans and portraits, drawn with the applicant's own data, so that a reviewer has what to compare."""

import io
from functools import lru_cache
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from portal.documents.fonts import FALLBACK, list_system_faces

INK, RED, PAPER, GREY = (30, 30, 36), (196, 30, 30), (250, 248, 240), (120, 120, 126)
PORTRAIT_SIZE = (358, 441)  # two inches at 260 dots
SKIN = ((244, 214, 190), (236, 200, 172), (228, 188, 158))
HAIR = ((28, 24, 22), (52, 40, 32), (88, 84, 82))
COAT = ((36, 42, 66), (60, 62, 70), (24, 60, 62), (92, 40, 44))
BACKGROUND = ((255, 255, 255), (98, 158, 222), (255, 255, 255))


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The typeface that set-up guarantees, which also knows the rare characters of names."""
    face = next(face for face in list_system_faces() if face.family == FALLBACK)
    return ImageFont.truetype(face.path, size, index=face.index)


@lru_cache(maxsize=4096)
def _text_mask(text: str, size: int) -> Image.Image:
    # Rendering is what costs; labels and names come again and again.
    right, bottom = font(size).getbbox(text)[2:]
    mask = Image.new("L", (right + 1, bottom + 1))
    ImageDraw.Draw(mask).text((0, 0), text, 255, font(size))
    return mask


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, ink: tuple, size: int) -> None:
    if text:
        draw.bitmap(place, _text_mask(text, size), ink)


@lru_cache
def draw_portrait(kind: int) -> bytes:
    """A drawn head and shoulders as JPEG; even kinds are women, odd ones men. Nobody is depicted."""
    random, (width, height) = Random(f"portrait/{kind}"), PORTRAIT_SIZE
    picture = Image.new("RGB", PORTRAIT_SIZE, random.choice(BACKGROUND))
    draw = ImageDraw.Draw(picture)
    skin, hair, coat = random.choice(SKIN), random.choice(HAIR), random.choice(COAT)
    middle = width // 2 + random.randrange(-4, 5)
    wide = random.randrange(76, 88)
    if kind % 2 == 0:
        draw.rounded_rectangle((middle - wide - 22, 84, middle + wide + 22, 330), 80, fill=hair)
    draw.rounded_rectangle((middle - 150, 330, middle + 150, height + 80), 90, fill=coat)
    draw.polygon([(middle - 46, 320), (middle + 46, 320), (middle, 420)], fill=(245, 245, 245))
    draw.rounded_rectangle((middle - 36, 262, middle + 36, 350), 30, fill=tuple(c - 14 for c in skin))
    draw.ellipse((middle - wide, 96, middle + wide, 308), fill=skin)
    draw.pieslice((middle - wide - 6, 78, middle + wide + 6, 250), 180, 360, fill=hair)
    shade = tuple(c - 40 for c in skin)
    for side in (-1, 1):
        draw.line((middle + side * 22, 183, middle + side * 46, 183), fill=hair, width=4)
        draw.ellipse((middle + side * 34 - 9, 198, middle + side * 34 + 9, 208), fill=(250, 250, 250))
        draw.ellipse((middle + side * 34 - 5, 198, middle + side * 34 + 5, 208), fill=INK)
    draw.line((middle, 206, middle - 7, 238, middle + 6, 240), fill=shade, width=3, joint="curve")
    draw.line((middle - 22, 262, middle, 267, middle + 22, 262), fill=(176, 96, 90), width=4, joint="curve")
    return _jpeg(picture.filter(ImageFilter.GaussianBlur(1.1)), 82)


def draw_certificate(
    title: str, lines: tuple[tuple[str, str], ...], *, issuer: str, portrait: int, seed: int, unclear: bool = False
) -> Image.Image:
    """A certificate of the two-page kind with its fields; with `unclear` it is a bad photograph of it."""
    random = Random(seed)
    sheet = _sheet(title, seed % 3).copy()
    draw = ImageDraw.Draw(sheet)
    sheet.paste(_small_portrait(portrait), (836, 64))
    for row, (label, value) in enumerate(lines):
        y = 96 + row * 54
        _write(draw, (540, y), f"{label}：", GREY, 20)
        _write(draw, (540 + 21 * (len(label) + 1), y - 2), value, INK, 23)
    _write(draw, (90, 470), issuer, INK, 24)
    sheet.paste(RED, (150, 410), _seal(issuer))
    if unclear:
        sheet = sheet.resize((250, 165)).filter(ImageFilter.GaussianBlur(1.2)).resize((1000, 660)).rotate(
            9, fillcolor=(70, 66, 60)
        )  # fmt: skip
    elif random.random() < 0.25:
        sheet = sheet.rotate(random.choice((-1.4, 0.9, 1.6)), Image.Resampling.BILINEAR, fillcolor=(206, 204, 200))
    return sheet


def draw_query_page(lines: tuple[tuple[str, str], ...]) -> Image.Image:
    """A screen of an online query of certificates (联网查询结果页面截图)."""
    sheet = Image.new("RGB", (1000, 660), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, 1000, 74), fill=(28, 84, 150))
    _write(draw, (30, 18), "技能人才评价证书全国联网查询", (255, 255, 255), 32)
    _write(draw, (30, 100), "查询结果（1条）", INK, 24)
    for row, (label, value) in enumerate(lines):
        y = 150 + row * 56
        draw.rectangle((30, y, 970, y + 56), outline=(200, 206, 214))
        draw.rectangle((30, y, 230, y + 56), fill=(240, 244, 249), outline=(200, 206, 214))
        _write(draw, (46, y + 14), label, GREY, 22)
        _write(draw, (250, y + 13), value, INK, 24)
    return sheet


def draw_form(title: str, lines: tuple[tuple[str, str], ...], *, stamp: str, print_line: str) -> Image.Image:
    """A signed and stamped 申报表, as a scanner gives it back."""
    sheet = Image.new("RGB", (827, 1169), (252, 252, 250))
    draw = ImageDraw.Draw(sheet)
    draw.text((413, 70), title, INK, font(30), anchor="mm")
    for row, (label, value) in enumerate(lines):
        y = 120 + row * 52
        draw.rectangle((70, y, 757, y + 52), outline=INK)
        draw.line((250, y, 250, y + 52), fill=INK)
        _write(draw, (84, y + 13), label, INK, 21)
        _write(draw, (264, y + 13), value[:24], INK, 21)
    y = 120 + len(lines) * 52
    draw.rectangle((70, y, 757, y + 260), outline=INK)
    _write(draw, (84, y + 14), "单位初审意见：经审核，材料真实，符合申报条件，同意推荐。", INK, 21)
    _write(draw, (420, y + 120), stamp[:16], INK, 22)
    _write(draw, (470, y + 200), "（盖章）", INK, 21)
    sheet.paste(RED, (470, y + 60), _seal(stamp))
    _write(draw, (70, 1110), print_line, GREY, 17)
    return sheet


def draw_proof(title: str, paragraphs: tuple[str, ...], *, stamp: str, day: str) -> Image.Image:
    """A one-page letter of an organisation with its seal."""
    sheet = Image.new("RGB", (827, 1169), (254, 254, 252))
    draw = ImageDraw.Draw(sheet)
    draw.text((413, 130), title, INK, font(38), anchor="mm")
    y = 230
    for paragraph in paragraphs:
        for start in range(0, len(paragraph), 26):
            _write(draw, (90 if start else 138, y), paragraph[start : start + 26], INK, 24)
            y += 46
    _write(draw, (430, y + 110), stamp, INK, 24)
    _write(draw, (480, y + 160), day, INK, 24)
    sheet.paste(RED, (480, y + 40), _seal(stamp))
    return sheet


def as_jpeg(sheet: Image.Image) -> bytes:
    """The sheet as a small JPEG file."""
    return _jpeg(sheet, 62)


def as_pdf(sheets: list[Image.Image]) -> bytes:
    """The sheets as the pages of one PDF, as a scanner makes it."""
    file = io.BytesIO()
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:], resolution=100, quality=62)
    return file.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


@lru_cache
def _small_portrait(kind: int) -> Image.Image:
    return Image.open(io.BytesIO(draw_portrait(kind))).resize((112, 138))


@lru_cache
def _sheet(title: str, tint: int) -> Image.Image:
    """The blank certificate: frame, title and the sentence every certificate of the kind carries."""
    sheet = Image.new("RGB", (1000, 660), PAPER)
    draw = ImageDraw.Draw(sheet)
    line = ((176, 140, 60), (60, 110, 160), (150, 60, 60))[tint]
    for inset in (16, 22, 26):
        draw.rectangle((inset, inset, 999 - inset, 659 - inset), outline=line, width=2)
    draw.line((500, 40, 500, 620), fill=(222, 214, 196), width=2)
    draw.text((262, 150), title, RED if tint == 2 else INK, font(34 if len(title) < 10 else 28), anchor="mm")
    told = ("本证书由评价机构依据国家职业", "技能标准组织评价后颁发，表明", "持证人具备相应的技能水平。")
    for row, text in enumerate(told):
        _write(draw, (90, 230 + row * 40), text, INK, 24)
    return sheet


@lru_cache
def _seal(name: str) -> Image.Image:
    """A round seal as a mask: ring, star, and the name along the ring."""
    size = 150
    mask = Image.new("L", (size, size))
    draw = ImageDraw.Draw(mask)
    draw.ellipse((3, 3, size - 4, size - 4), outline=190, width=5)
    middle = size / 2
    points = [
        (middle + radius * sin(turn * pi / 5), middle - radius * cos(turn * pi / 5))
        for turn in range(10)
        for radius in [24 if turn % 2 == 0 else 10]
    ]
    draw.polygon(points, fill=190)
    letters = name[:18]
    spread = min(240, 20 * len(letters))
    for number, letter in enumerate(letters):
        angle = -spread / 2 + spread * (number + 0.5) / len(letters)
        stamp = Image.new("L", (22, 22))
        ImageDraw.Draw(stamp).text((11, 11), letter, 190, font(17), anchor="mm")
        stamp = stamp.rotate(-angle, Image.Resampling.BILINEAR)
        x = middle + 56 * sin(angle * pi / 180) - 11
        y = middle - 56 * cos(angle * pi / 180) - 11
        mask.paste(stamp, (round(x), round(y)), stamp)
    return mask
