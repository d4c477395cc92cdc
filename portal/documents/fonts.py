"""Which typefaces an official document asks for, and the files that really stand behind their names on this machine."""

import ctypes
import ctypes.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

# The last name of every stack is the face that set-up guarantees (Debian fonts-lxgw-wenkai, OFL): it draws all of GBK
# and the rare letters of names. The names before it are what a bureau's own machine may have, best first.
FALLBACK = "LXGW WenKai"
STACKS = {
    "kai": ("STKaiti", "华文楷体", "KaiTi", "楷体", "楷体_GB2312", FALLBACK),
    "fangsong": ("仿宋_GB2312", "FangSong_GB2312", "FangSong", "仿宋", "STFangsong", "华文仿宋",
                 "方正仿宋_GBK", FALLBACK),
    "song": ("SimSun", "宋体", "STSong", "华文宋体", "方正书宋_GBK", "Noto Serif CJK SC", FALLBACK),
    "hei": ("SimHei", "黑体", "STHeiti", "华文黑体", "方正黑体_GBK", FALLBACK),
    "title": ("方正小标宋_GBK", "方正小标宋简体", "FZXiaoBiaoSong-B05", "FZXiaoBiaoSong-B05S", "STZhongsong",
              "华文中宋", FALLBACK),
}
# These stacks stand for faces that are dark by nature; only where the light fallback must serve is its bold cut taken.
_DARK = ("hei", "title")
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")


@dataclass(frozen=True)
class Face:
    """One face in one font file: `index` counts the faces of a collection, `weight` is the CSS weight (400, 700 …)."""

    family: str
    path: str
    index: int
    weight: int


def list_folder_faces(folder: Path) -> list[Face]:
    """The faces of the font files in a bureau's own folder that a stack asks for, under the stack's name for them.

    Files of other families are left out: nothing would ever use them. A missing folder gives an empty list; a file that
    is not a font is skipped.
    """
    wanted = {name.casefold(): name for stack in STACKS.values() for name in stack}
    faces = []
    if not folder.is_dir():
        return faces
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES):
        try:
            fonts = TTCollection(path, lazy=True).fonts if path.suffix.lower() in (".ttc", ".otc") else [TTFont(path)]
        except Exception:  # noqa: S112  a damaged file in the folder must not stop every document of the office
            continue
        for index, font in enumerate(fonts):
            names = {record.toUnicode() for record in font["name"].names if record.nameID in (1, 4, 16)}
            weight = font["OS/2"].usWeightClass if "OS/2" in font else 400
            for name in sorted({wanted[name.casefold()] for name in names if name.casefold() in wanted}):
                faces.append(Face(name, str(path), index, weight))
    return faces


@lru_cache(maxsize=1)
def list_system_faces() -> tuple[Face, ...]:
    """All faces fontconfig knows, one entry per family name (a face may carry a Chinese and an English one).

    Read once per process through the library itself: no child process. OSError when fontconfig is not installed.
    """
    library = _load_fontconfig()
    config = library.FcInitLoadConfigAndFonts()
    try:
        fonts = library.FcConfigGetFonts(config, 0).contents
        faces = []
        for number in range(fonts.nfont):
            pattern = fonts.fonts[number]
            path = _read_string(library, pattern, b"file", 0)
            index = _read_integer(library, pattern, b"index") or 0
            weight = library.FcWeightToOpenType(_read_integer(library, pattern, b"weight") or 80)
            family_number = 0
            while path and (family := _read_string(library, pattern, b"family", family_number)):
                # The upper half of `index` numbers the named instances of a variable font.
                faces.append(Face(family, path, index & 0xFFFF, weight))
                family_number += 1
        return tuple(faces)
    finally:
        library.FcConfigDestroy(config)


def choose_faces(stack: str, own: tuple[Face, ...] = ()) -> tuple[Face, ...]:
    """The faces that stand behind a stack, best first: a bureau's own files (`own`) go before the system's."""
    chosen = []
    for family in STACKS[stack]:
        candidates = [face for face in own if face.family == family] or [
            face for face in list_system_faces() if face.family.casefold() == family.casefold()]
        if candidates:
            target = 700 if stack in _DARK and family == FALLBACK else 400
            chosen.append(min(candidates, key=lambda face: (abs(face.weight - target), face.path, face.index)))
    return tuple(chosen)


def describe_stack(stack: str, own: tuple[Face, ...] = ()) -> tuple[str, str]:
    """(CSS font-family, CSS font-weight) of a stack: only names that exist here, so that no alias rule interferes."""
    faces = choose_faces(stack, own)
    families = ", ".join(f'"{face.family}"' for face in faces) or f'"{FALLBACK}"'
    is_fallback = not faces or faces[0].family == FALLBACK
    return families, "bold" if stack in _DARK and is_fallback else "normal"


class _FontSet(ctypes.Structure):
    _fields_ = [("nfont", ctypes.c_int), ("sfont", ctypes.c_int), ("fonts", ctypes.POINTER(ctypes.c_void_p))]


def _load_fontconfig() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libfontconfig.so.1")
    except OSError:
        library = ctypes.CDLL(ctypes.util.find_library("fontconfig") or "libfontconfig.so.1")
    library.FcInitLoadConfigAndFonts.restype = ctypes.c_void_p
    library.FcConfigGetFonts.restype = ctypes.POINTER(_FontSet)
    library.FcConfigGetFonts.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.FcConfigDestroy.argtypes = [ctypes.c_void_p]
    library.FcPatternGetString.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    library.FcPatternGetInteger.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    library.FcWeightToOpenType.argtypes = [ctypes.c_int]
    return library


def _read_string(library: ctypes.CDLL, pattern: int, name: bytes, number: int) -> str:
    value = ctypes.c_char_p()
    found = library.FcPatternGetString(pattern, name, number, ctypes.byref(value)) == 0
    return value.value.decode("utf-8", "replace") if found and value.value else ""


def _read_integer(library: ctypes.CDLL, pattern: int, name: bytes) -> int | None:
    value = ctypes.c_int()
    return value.value if library.FcPatternGetInteger(pattern, name, 0, ctypes.byref(value)) == 0 else None
