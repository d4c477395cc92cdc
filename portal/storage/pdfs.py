"""PDF files: kept byte for byte when they are plain, refused when they do anything by themselves, drawn as pictures."""

import io
import math

import pikepdf
import pypdfium2

from portal.rules.errors import Refusal
from portal.storage.limits import PDF
from portal.storage.sniffing import MIME

_DAMAGED = "PDF 文件不完整或已损坏，请重新导出、另存为普通 PDF，或拍照上传"
_ACTIVE = "PDF 含有{what}，不能接收；请另存为普通 PDF（例如打开后选择“打印为 PDF”）或拍照上传"
_ENCRYPTED = "PDF 设有密码或权限限制，请取消密码（例如打开后选择“打印为 PDF”）再上传，或拍照上传"

# Anything that runs, fetches, plays or carries another file. Signatures are welcome: official documents have them.
_ACTIVE_KEYS = {
    "/JS": "脚本", "/JavaScript": "脚本", "/AA": "自动动作", "/XFA": "动态表单", "/EF": "嵌入的文件",
    "/EmbeddedFiles": "嵌入的文件", "/RichMedia": "多媒体", "/RichMediaContent": "多媒体", "/Rendition": "多媒体",
}
_ACTIVE_TYPES = {
    "/EmbeddedFile": "嵌入的文件", "/FileAttachment": "嵌入的文件", "/RichMedia": "多媒体", "/Movie": "多媒体",
    "/Sound": "多媒体", "/Screen": "多媒体", "/3D": "多媒体", "/XML-XFA": "动态表单",
}
_ACTIVE_ACTIONS = {
    "/JavaScript": "脚本", "/Launch": "启动程序的动作", "/SubmitForm": "提交表单的动作",
    "/ImportData": "导入数据的动作", "/GoToR": "打开其他文件的动作", "/GoToE": "打开其他文件的动作",
    "/Rendition": "多媒体", "/RichMediaExecute": "多媒体", "/Movie": "多媒体", "/Sound": "多媒体",
    "/GoTo3DView": "多媒体",
}
_MOST_OBJECTS = 200_000
_DEEPEST = 60
_LARGEST_PICTURE = 40_000_000  # pixels of a picture inside; A4 at 600 dpi has 34.8 million
_LONGEST_SIDE = 14_400  # points (200 inches), the format's own limit; phone apps make one point of every pixel
_DRAWN_PIXELS = 12_000_000
_DRAWN_SIDE = 8_000


def check_pdf(data: bytes, *, max_pages: int) -> tuple[dict, bytes]:
    """Report (kind, mime, pages) of a plain PDF; nothing is made, the file is kept as it is.

    Raises Refusal for damage, passwords, active content, more than `max_pages` pages, and pages that cannot be drawn.
    """
    # Readers take a header or a trailer from anywhere; what stands behind the end is not part of a plain document.
    end = data.rfind(b"%%EOF")
    if end < 0 or data[end + 5:].strip(b"\x00\t\n\x0c\r \x1a"):
        raise Refusal(_DAMAGED)
    try:
        # Without recovery: what must be guessed may be read differently by the reviewer's program.
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise Refusal(_ENCRYPTED)
            pages = len(pdf.pages)
            if pages > max_pages:
                raise Refusal(f"PDF 共 {pages} 页，最多 {max_pages} 页，请拆分后上传")
            if pages == 0:
                raise Refusal(_DAMAGED)
            for page in pdf.pages:
                _check_page_size(page)
            _check_objects(pdf)
    except pikepdf.PasswordError:
        raise Refusal(_ENCRYPTED) from None
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # qpdf's errors, and whatever odd values make of our own arithmetic
        raise Refusal(_DAMAGED) from error
    # The reviewer will look at drawn pages: the first must be drawable, and both libraries must see the same pages.
    if _count_drawable(data) != pages:
        raise Refusal(_DAMAGED)
    draw_page(data, page=1, width=160)
    return {"kind": PDF, "mime": MIME[PDF], "pages": pages}, b""


def draw_page(data: bytes, *, page: int, width: int) -> tuple[dict, bytes]:
    """Page `page` (from 1) as a JPEG `width` pixels wide, narrower for very tall pages; raises Refusal."""
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()  # without it the seals of signature fields stay invisible; it has no script engine
        if page > len(document):
            return {"missing": True}, b""
        leaf = document[page - 1]
        wide, high = leaf.get_size()
        scale = min(width / wide, math.sqrt(_DRAWN_PIXELS / (wide * high)), _DRAWN_SIDE / max(wide, high))
        image = leaf.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85, optimize=True)
        return {}, out.getvalue()
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal(_DAMAGED) from error


def _count_drawable(data: bytes) -> int:
    try:
        return len(pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as error:
        raise Refusal(_DAMAGED) from error


def _check_page_size(page: pikepdf.Page) -> None:
    left, bottom, right, top = (float(number) for number in page.mediabox)
    unit = float(page.obj.get("/UserUnit", 1))
    sides = abs(right - left) * unit, abs(top - bottom) * unit
    if not (min(sides) >= 1 and max(sides) <= _LONGEST_SIDE):  # "not" also catches NaN
        raise Refusal("PDF 的页面尺寸异常，请另存为普通 A4 页面的 PDF 或拍照上传")


def _check_objects(pdf: pikepdf.Pdf) -> None:
    """Walk every object, also those in compressed object streams and those no page refers to."""
    waiting: list[tuple[object, int]] = [(pdf.trailer, 0)]
    waiting.extend((item, 0) for item in pdf.objects)
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if seen > _MOST_OBJECTS or depth > _DEEPEST:
            raise Refusal("PDF 结构过于复杂，请打印为普通 PDF 或拍照上传")
        if isinstance(item, pikepdf.Array):
            children = list(item)
        elif isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            entries = item.stream_dict if isinstance(item, pikepdf.Stream) else item
            _check_dictionary(entries)
            children = [value for _, value in entries.items()]
        else:
            continue
        # Indirect children have their own turn in pdf.objects; following them here would run in circles.
        waiting.extend((child, depth + 1) for child in children
                       if isinstance(child, pikepdf.Object) and not child.is_indirect)


def _check_dictionary(entries: pikepdf.Dictionary) -> None:
    for key in entries.keys():  # noqa: SIM118 - a pikepdf dictionary is not iterable
        if what := _ACTIVE_KEYS.get(key):
            raise Refusal(_ACTIVE.format(what=what))
    for key, table in (("/Type", _ACTIVE_TYPES), ("/Subtype", _ACTIVE_TYPES), ("/S", _ACTIVE_ACTIONS)):
        if what := table.get(_read_name(entries, key)):
            raise Refusal(_ACTIVE.format(what=what))
    opening = entries.get("/OpenAction")
    # Word and LaTeX open at a place of the document (an array, or GoTo): that is no more than a bookmark.
    if isinstance(opening, pikepdf.Dictionary) and _read_name(opening, "/S") != "/GoTo":
        raise Refusal(_ACTIVE.format(what=_ACTIVE_ACTIONS.get(_read_name(opening, "/S"), "自动动作")))
    if _read_name(entries, "/Subtype") == "/Image":
        width, height = int(entries.get("/Width", 0)), int(entries.get("/Height", 0))
        if width * height > _LARGEST_PICTURE or min(width, height) < 0:
            raise Refusal("PDF 内的图片过大，请降低扫描分辨率（300 dpi 即可）后再上传")


def _read_name(entries: pikepdf.Dictionary, key: str) -> str:
    """The name that stands under `key`, with its slash; empty when something else stands there."""
    value = entries.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""
