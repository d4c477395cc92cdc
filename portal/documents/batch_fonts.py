"""Small fonts for a batch of documents: only the characters that occur, so that no document cuts up the whole face."""

from collections.abc import Iterable
from io import BytesIO

from fontTools import subset
from fontTools.ttLib import TTFont

from portal.documents.fonts import Face


def cut_face(face: Face, text: str) -> bytes:
    """The face with the outlines of these characters only, with the same metrics and features."""
    options = subset.Options(
        layout_features=["*"], notdef_outline=True, glyph_names=False, name_IDs=["*"], hinting=False
    )
    font = TTFont(face.path, fontNumber=face.index, lazy=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    out = BytesIO()
    font.save(out)
    return out.getvalue()


def collect_characters(texts: Iterable[str]) -> str:
    """Every character of these texts once, in one fixed order."""
    return "".join(sorted(set().union(*texts)))
