"""The glyph gate: a document that would print a hole or a box is held back, and the character named."""

import unicodedata
from functools import lru_cache
from io import BytesIO

from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont

from portal.documents.fonts import Face
from portal.rules.errors import Invalid

# Invisible by design and harmless: zero-width space and joiners, word joiner, byte-order mark, soft hyphen. Texts
# pasted from office programs are full of them. Direction marks are not here: they can make a name read differently.
_IGNORABLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_LINE_MARKS = frozenset("\t\n\r")


class MissingGlyph(Invalid):
    """A text holds characters that cannot be printed as themselves; `chars` are these characters, each once."""

    def __init__(self, chars: str):
        self.chars = "".join(dict.fromkeys(chars))
        named = "、".join(f"“{_show(char)}”（U+{ord(char):04X}，{_explain(char)}）" for char in self.chars)
        super().__init__("text", f"有无法打印的字符：{named}。请改用规范汉字，或请管理员补充含有该字的字体。")


def find_unprintable(text: str, faces: tuple[Face, ...]) -> str:
    """The characters of `text`, each once and in order, for which no face has an outline; '' when all can be printed.

    The first face that claims a character must also draw it: some fonts map a letter to an empty glyph, and the layout
    engine would take that one and print nothing.
    """
    return "".join(char for char in dict.fromkeys(text) if not _can_print(char, faces))


def check_text(text: str, faces: tuple[Face, ...]) -> None:
    """Raise MissingGlyph when `text` holds a character that `faces` cannot draw."""
    if missing := find_unprintable(text, faces):
        raise MissingGlyph(missing)


def check_painted(document) -> None:
    """Raise MissingGlyph when a glyph that was really painted has no outline (`document`: WeasyPrint's, painted).

    The first check asks the faces we expect; this one asks the faces the layout engine took in the end.
    """
    missing = []
    for font in document.fonts.values():
        missing += [chr(code_point) for code_point in font.missing]
        shown = {glyph: text for glyph, text in font.to_unicode.items()
                 if glyph < font.glyph_count and _needs_ink(text)}
        missing += [text[0] for text in _find_blank(font.file_content, font.index, shown)]
    if missing:
        raise MissingGlyph("".join(missing))


def _can_print(char: str, faces: tuple[Face, ...]) -> bool:
    if char in _IGNORABLE or char in _LINE_MARKS:
        return True
    category = unicodedata.category(char)
    if category in ("Co", "Cs", "Cc", "Cf"):
        return False
    # Python's tables are older than some fonts: in the two ideographic planes the font's outline decides.
    if category == "Cn" and not 0x20000 <= ord(char) <= 0x3FFFD:
        return False
    if category == "Zs":
        return True
    for face in faces:
        drawn = _draws(face, char)
        if drawn is not None:
            return drawn
    return False


@lru_cache(maxsize=32)
def _open_face(path: str, index: int) -> tuple[dict[int, str], object]:
    font = TTFont(path, fontNumber=index, lazy=True)
    return font.getBestCmap() or {}, font.getGlyphSet()


@lru_cache(maxsize=65_536)
def _draws(face: Face, char: str) -> bool | None:
    """True: drawn; False: claimed but blank; None: the face does not know the character."""
    cmap, glyphs = _open_face(face.path, face.index)
    name = cmap.get(ord(char))
    if name is None:
        return None
    pen = BoundsPen(glyphs)
    glyphs[name].draw(pen)
    return pen.bounds is not None


def _find_blank(font_file: bytes, index: int, shown: dict[int, str]) -> list[str]:
    """The texts of those glyph ids in `shown` that have no outline in the (subset) font that went into the file."""
    if not shown:
        return []
    # A subset is a single font even where it was cut from a collection.
    font = TTFont(BytesIO(font_file), fontNumber=index if font_file[:4] == b"ttcf" else -1, lazy=True)
    if "glyf" in font:
        # Reading the offsets suffices, and spares the naming of some 30,000 glyphs.
        offsets = font["loca"]
        return [text for glyph, text in shown.items() if offsets[glyph] == offsets[glyph + 1]]
    glyphs, blank = font.getGlyphSet(), []
    for glyph, text in shown.items():
        pen = BoundsPen(glyphs)
        glyphs[font.getGlyphName(glyph)].draw(pen)
        if pen.bounds is None:
            blank.append(text)
    return blank


def _needs_ink(text: str) -> bool:
    return any(char not in _IGNORABLE and unicodedata.category(char) not in ("Zs", "Cc") for char in text)


def _show(char: str) -> str:
    return char if unicodedata.category(char) not in ("Co", "Cs", "Cc", "Cf", "Cn") else "？"


def _explain(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Co":
        return "私用区字符，别处无法识读"
    if category == "Cn" and not 0x20000 <= ord(char) <= 0x3FFFD:
        return "未分配的字符"
    if category in ("Cc", "Cf", "Cs"):
        return "不可见的控制字符"
    return "字库中没有该字的字形"
