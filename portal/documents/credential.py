"""The examiner's electronic certificate (A4) and card (85.6 × 54 mm, two sides), and cards put onto sheets to print."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO

import pikepdf
import segno
from PIL import Image

from portal.documents.render import FontBatch, prepare_batch, render

# What a printer needs of a picture 35 mm wide: 300 dots per inch. A larger one would only make the file heavy.
_PHOTO_PIXELS = (480, 640)
_MM = 72 / 25.4
_CARD = (85.6 * _MM, 54 * _MM)
_A4 = (210 * _MM, 297 * _MM)
CARDS_A_SHEET = 5


def certificate_pdf(printed: Mapping[str, str], portrait: bytes, *, batch: FontBatch | None = None) -> bytes:
    """The certificate as one A4 page. `printed`: see `portal.rules.credential.PRINTED`; `portrait` a JPEG or PNG.

    `batch`: see prepare_fonts(). Raises MissingGlyph for a character that cannot be printed, Invalid for a portrait
    that is no picture.
    """
    return render("e_certificate", {"printed": printed}, images=_images(printed, portrait), batch=batch)


def card_pdf(printed: Mapping[str, str], portrait: bytes, *, batch: FontBatch | None = None) -> bytes:
    """The card as two pages of its own size: front with photo, back with the QR code. Raises like certificate_pdf()."""
    return render("card", {"printed": printed}, images=_images(printed, portrait), batch=batch)


def prepare_fonts(kind: str, batch: Iterable[Mapping[str, str]]) -> FontBatch | None:
    """Small fonts for documents of one kind (card | e_certificate) with these printed fields."""
    return prepare_batch(kind, (text for printed in batch for text in printed.values()))


def lay_out_sheets(cards: Sequence[bytes]) -> bytes:
    """Cards on A4 sheets, five each with front left and back right, cut marks around and a fold between the sides.

    The pages are taken over as they are, so what is printed is what was issued.
    """
    width, height = _CARD
    left, gap = (_A4[0] - 2 * width) / 2, (_A4[1] - CARDS_A_SHEET * height) / (CARDS_A_SHEET + 1)
    with pikepdf.new() as sheets:
        for start in range(0, len(cards), CARDS_A_SHEET):
            sheet = sheets.add_blank_page(page_size=_A4)
            marks = []
            for row, content in enumerate(cards[start : start + CARDS_A_SHEET]):
                top = _A4[1] - gap - row * (height + gap)
                with pikepdf.open(BytesIO(content)) as card:
                    for side, page in enumerate(card.pages[:2]):
                        x = left + side * width
                        sheet.add_overlay(page, pikepdf.Rectangle(x, top - height, x + width, top))
                marks.append(_cut_marks(left, top - height, 2 * width, height))
            sheet.contents_add(sheets.make_stream("\n".join(marks).encode()))
        out = BytesIO()
        sheets.save(out, deterministic_id=True)
    return out.getvalue()


def _cut_marks(x: float, y: float, width: float, height: float) -> str:
    """Short lines outside the corners, and dashed ones where the card is folded."""
    length, off = 4 * _MM, 1 * _MM
    lines = ["q 0.3 w 0 G"]
    for corner_x, out_x in ((x, -1), (x + width, 1)):
        for corner_y, out_y in ((y, -1), (y + height, 1)):
            lines.append(f"{corner_x + out_x * off:.2f} {corner_y:.2f} m")
            lines.append(f"{corner_x + out_x * (off + length):.2f} {corner_y:.2f} l S")
            lines.append(f"{corner_x:.2f} {corner_y + out_y * off:.2f} m")
            lines.append(f"{corner_x:.2f} {corner_y + out_y * (off + length / 2):.2f} l S")
    middle = x + width / 2
    lines.append("[2 2] 0 d")
    for edge, out in ((y, -1), (y + height, 1)):
        lines.append(f"{middle:.2f} {edge + out * off:.2f} m {middle:.2f} {edge + out * (off + length / 2):.2f} l S")
    return "\n".join([*lines, "Q"])


def _images(printed: Mapping[str, str], portrait: bytes) -> dict[str, bytes]:
    return {"portrait": _shrink(portrait), "qr": draw_qr(printed["verify"])}


def draw_qr(address: str) -> bytes:
    """The QR code of an address as PNG, with the four light modules around it that readers need.

    The mask is fixed: to try all eight took a quarter of a document's time, and a random token needs no choice.
    """
    out = BytesIO()
    segno.make(address, error="m", micro=False, mask=2).save(out, kind="png", scale=10, border=4)
    return out.getvalue()


def _shrink(portrait: bytes) -> bytes:
    """The portrait at printing size; one that cannot be read goes on as it is and is refused by render()."""
    try:
        with Image.open(BytesIO(portrait), formats=("JPEG", "PNG")) as image:
            small = image.convert("RGB")
            small.thumbnail(_PHOTO_PIXELS, Image.Resampling.LANCZOS)
            out = BytesIO()
            small.save(out, "JPEG", quality=90)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return portrait
