"""The one way from a template and plain data to PDF bytes: no network, no files, same data in, same bytes out."""

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from threading import RLock

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image, UnidentifiedImageError
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from portal.documents import batch_fonts, fonts, glyphs
from portal.rules import dates
from portal.rules.errors import Invalid

log = logging.getLogger("portal.documents")
_TEMPLATES = Path(__file__).parents[2] / "templates" / "documents"
# Longer input is no official document but an attempt to keep the one renderer busy.
_MOST_CHARACTERS = 2_000_000
_MOST_PIXELS = 25_000_000
_IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}

# WeasyPrint crashes when threads share a font configuration, and grows when each document makes its own: so there is
# one configuration per process, and one lock around it.
_lock = RLock()
_own_faces: tuple[fonts.Face, ...] = ()


class _AssetFetcher(URLFetcher):
    """Hands out what was passed in, under asset:<name>; every other address ends the rendering."""

    def __init__(self, assets: Mapping[str, tuple[bytes, str]]):
        super().__init__(allowed_protocols=())
        self._assets = assets

    def fetch(self, url, headers=None):
        scheme, _, name = url.partition(":")
        if scheme != "asset" or name not in self._assets:
            raise FatalURLFetchingError(f"a document asked for {url[:200]!r}")
        content, media_type = self._assets[name]
        return URLFetcherResponse(url, content, {"Content-Type": media_type})


def set_font_folder(folder: str | Path | None) -> tuple[str, ...]:
    """Use a bureau's own font files (.ttf .otf .ttc .otc) from now on; None: none. Gives the family names in use.

    Only families that a stack in `fonts.STACKS` asks for are taken. Call it once at start-up.
    """
    global _own_faces
    with _lock:
        _own_faces = tuple(fonts.list_folder_faces(Path(folder))) if folder else ()
        _load_fonts.cache_clear()
        _load_stylesheets.cache_clear()
        return tuple(dict.fromkeys(face.family for face in _own_faces))


def find_unprintable(text: str) -> str:
    """The characters of `text` that no document could print, '' when all is well: to warn while a name is typed."""
    with _lock:
        return glyphs.find_unprintable(text, fonts.choose_faces("fangsong", _own_faces))


class FontBatch:
    """Small fonts for many documents of one template, twice as fast as the whole faces: see `prepare_batch`."""

    def __init__(self, name: str, text: str):
        assets, families, rules = {}, {}, []
        for stack in _list_stacks(name):
            listed, weight = fonts.describe_stack(stack, _own_faces)
            face = fonts.choose_faces(stack, _own_faces)[0]
            if face not in families:
                families[face] = f"{face.family} Batch{len(families)}"
                assets[f"batch/{len(assets)}"] = (batch_fonts.cut_face(face, text), "font/sfnt")
                rules.append(f'@font-face {{ font-family: "{families[face]}"; font-weight: {weight}; '
                             f"src: url(asset:batch/{len(assets) - 1}) }}")
            rules.append(f':root {{ --{stack}: "{families[face]}", {listed}; --{stack}-weight: {weight} }}')
        self.configuration = FontConfiguration()
        self.stylesheets = [
            CSS(string=css, url_fetcher=_AssetFetcher(assets), font_config=self.configuration)
            for css in ("\n".join(rules), *_read_styles(name))]


def prepare_batch(name: str, texts: Iterable[str]) -> FontBatch | None:
    """What render() takes as `batch` for documents that hold nothing but `texts` and their template's own words.

    None where the first face of a stack cannot be cut; documents are then drawn with the whole faces.
    """
    with _lock:
        template = (_TEMPLATES / name / "page.html").read_text("utf-8")
        try:
            return FontBatch(name, batch_fonts.collect_characters([template, *texts]))
        except Exception:  # a bureau's own font may be of a kind that the library cannot cut
            log.exception("no batch fonts for %s", name)
            return None


def render(name: str, context: Mapping, *, images: Mapping[str, bytes] | None = None,
           created: date | None = None, batch: FontBatch | None = None) -> bytes:
    """The PDF of templates/documents/<name>/page.html, filled with `context`, in the look of its style.css.

    `images` are JPEG or PNG bytes which the template shows as <img src="asset:NAME">; `batch` comes from
    prepare_batch() for this template and changes the speed, not the look. The same input gives the same bytes; the file
    carries a creation date only when `created` is given. Raises glyphs.MissingGlyph for a character that cannot be
    printed as itself, Invalid for an image that is none or a text beyond all measure; RuntimeError when the result
    would fetch anything from elsewhere.
    """
    html = _environment.get_template(f"{name}/page.html").render(context, created=created)
    if len(html) > _MOST_CHARACTERS:
        raise Invalid("text", "内容过长，无法生成文件，请减少内容或改用 Excel 表格下载。")
    assets = {key: _check_image(content) for key, content in (images or {}).items()}
    return _write_pdf(name, html, assets, batch)


def _write_pdf(name: str, html: str, assets: Mapping[str, tuple[bytes, str]], batch: FontBatch | None = None) -> bytes:
    with _lock:
        for stack in _list_stacks(name):
            glyphs.check_text(html, fonts.choose_faces(stack, _own_faces))
        try:
            return HTML(string=html, url_fetcher=_AssetFetcher(assets), base_url="asset:").write_pdf(
                font_config=batch.configuration if batch else _load_fonts()[0],
                stylesheets=batch.stylesheets if batch else _load_stylesheets(name), finisher=_check_painted)
        except FatalURLFetchingError as error:
            # It is a BaseException in WeasyPrint; above this line it is an ordinary failure.
            raise RuntimeError(str(error)) from error


def _check_painted(document, _pdf) -> None:
    glyphs.check_painted(document)


def _check_image(content: bytes) -> tuple[bytes, str]:
    try:
        with Image.open(BytesIO(content), formats=tuple(_IMAGE_TYPES)) as image:
            width, height = image.size
            media_type = _IMAGE_TYPES[image.format]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Invalid("image", "图片无法识别，请使用 JPEG 或 PNG 格式的图片。") from error
    if width * height > _MOST_PIXELS:
        raise Invalid("image", "图片像素过大，请缩小后再使用（不超过 2500 万像素）。")
    return content, media_type


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False)
    environment.filters["date"] = dates.print_date
    return environment


@lru_cache(maxsize=1)
def _load_fonts() -> tuple[FontConfiguration, CSS]:
    """The process's font configuration, with the bureau's own files in it, and the sheet that names the stacks."""
    configuration = FontConfiguration()
    assets, rules = {}, []
    for number, face in enumerate(_own_faces):
        assets[f"font/{number}"] = (Path(face.path).read_bytes(), "font/sfnt")
        rules.append(f'@font-face {{ font-family: "{face.family}"; src: url(asset:font/{number}) }}')
    for stack in fonts.STACKS:
        families, weight = fonts.describe_stack(stack, _own_faces)
        rules.append(f":root {{ --{stack}: {families}; --{stack}-weight: {weight} }}")
    return configuration, CSS(string="\n".join(rules), url_fetcher=_AssetFetcher(assets), font_config=configuration)


@cache
def _load_stylesheets(name: str) -> list[CSS]:
    configuration, stacks = _load_fonts()
    return [stacks] + [
        CSS(string=text, url_fetcher=_AssetFetcher({}), font_config=configuration) for text in _read_styles(name)]


@cache
def _read_styles(name: str) -> tuple[str, ...]:
    return tuple((_TEMPLATES / folder / "style.css").read_text("utf-8") for folder in ("base", name))


@cache
def _list_stacks(name: str) -> tuple[str, ...]:
    used = set(re.findall(r"var\(--(\w+)\)", "".join(_read_styles(name))))
    return tuple(stack for stack in fonts.STACKS if stack in used)


_environment = _make_environment()
