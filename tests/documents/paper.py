"""A finished PDF as tests look at it: text by page, where words stand (mm from the top left), fonts."""

from dataclasses import dataclass
from io import BytesIO

import pikepdf
import pypdfium2

_MM = 25.4 / 72


@dataclass(frozen=True)
class Place:
    """Where a text stands on a page."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


class Paper:
    """One PDF; `pages` are the texts as a reader would copy them, `text` all of it without blanks and line ends."""

    def __init__(self, content: bytes):
        self.content = content
        document = pypdfium2.PdfDocument(content)
        self._textpages = [page.get_textpage() for page in document]
        self._heights = [page.get_height() for page in document]
        self.sizes = [(round(page.get_width() * _MM), round(page.get_height() * _MM)) for page in document]
        self.pages = [textpage.get_text_range() for textpage in self._textpages]
        self.text = squeeze("".join(self.pages))

    def find(self, words: str, *, page: int | None = None) -> Place:
        """The first place of `words`, which must stand on one line; AssertionError when they are not there."""
        for number, textpage in enumerate(self._textpages):
            if page is not None and number != page:
                continue
            hit = textpage.search(words, match_case=True).get_next()
            if hit:
                boxes = [textpage.get_charbox(place) for place in range(hit[0], hit[0] + hit[1])]
                height = self._heights[number]
                return Place(number, min(box[0] for box in boxes) * _MM, (height - max(box[3] for box in boxes)) * _MM,
                             max(box[2] for box in boxes) * _MM, (height - min(box[1] for box in boxes)) * _MM)
        raise AssertionError(f"{words!r} is not on the paper:\n" + "\n".join(self.pages))

    def has(self, words: str) -> bool:
        """Whether the words are in the text, wherever its lines break."""
        return squeeze(words) in self.text

    def in_order(self, *parts: str) -> None:
        """Assert that all parts are there, each after the one before it."""
        place = 0
        for part in parts:
            found = self.text.find(squeeze(part), place)
            assert found >= 0, f"{part!r} is missing or out of order after {self.text[max(place - 30, 0):place]!r}"
            place = found + len(squeeze(part))

    def fonts(self) -> set[str]:
        """The names of the embedded fonts without their subset tags."""
        with pikepdf.open(BytesIO(self.content)) as pdf:
            return {str(thing.BaseFont).split("+")[-1] for thing in pdf.objects
                    if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/Font" and "/BaseFont" in thing}

    def info(self) -> dict[str, str]:
        """The document information: title, dates, producer."""
        with pikepdf.open(BytesIO(self.content)) as pdf:
            return {str(key): str(value) for key, value in pdf.docinfo.items()}

    def lang(self) -> str:
        """The language the catalogue declares."""
        with pikepdf.open(BytesIO(self.content)) as pdf:
            return str(pdf.Root.Lang)

    def embedded(self) -> list[str]:
        """Anything a plain printed document must not carry: attachments, scripts, actions, links to elsewhere."""
        found = []
        with pikepdf.open(BytesIO(self.content)) as pdf:
            found += list(pdf.attachments)
            for thing in pdf.objects:
                if isinstance(thing, pikepdf.Dictionary):
                    found += [key for key in ("/EmbeddedFile", "/EF", "/JS", "/JavaScript", "/URI", "/Launch")
                              if key in thing or thing.get("/Type") == key or thing.get("/S") == key]
        return found

    def margins(self, page: int) -> tuple[float, float]:
        """How far left and how far right the visible characters of a page reach."""
        textpage, text = self._textpages[page], self.pages[page]
        boxes = [textpage.get_charbox(place) for place in range(min(textpage.count_chars(), len(text)))
                 if not text[place].isspace()]
        return min(box[0] for box in boxes) * _MM, max(box[2] for box in boxes) * _MM

    def ink(self, place: Place) -> float:
        """How much of a place is dark, 0 to 1: a hole has 0, a Chinese character about 0.1 to 0.4."""
        dots = 4 / _MM
        image = pypdfium2.PdfDocument(self.content)[place.page].render(scale=4).to_pil().convert("L")
        part = image.crop(tuple(round(edge * dots) for edge in (place.left, place.top, place.right, place.bottom)))
        return sum(part.histogram()[:128]) / (part.width * part.height)

    def dark_rows(self, *, page: int = 0, colour: str = "red") -> list[float]:
        """The heights (mm from the top) at which a line of the colour runs over at least half of the page's width."""
        image = pypdfium2.PdfDocument(self.content)[page].render(scale=2).to_pil().convert("RGB")
        width, height = image.size
        rows = []
        for y in range(height):
            pixels = [image.getpixel((x, y)) for x in range(0, width, 4)]
            if colour == "red":
                hits = sum(r > 150 and g < 90 and b < 90 for r, g, b in pixels)
            else:
                hits = sum(r < 110 and g < 110 and b < 110 for r, g, b in pixels)
            if hits > len(pixels) / 2:
                rows.append(y / 2 * _MM)
        return rows


def squeeze(text: str) -> str:
    """The text without any blank: lines and cells break where they must."""
    return "".join(text.split()).replace("\ufffe", "").replace("\u200b", "")
