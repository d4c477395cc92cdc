"""Word and Excel attachments: real, plain packages without macros, embedded objects or external parts."""

import io
import re
import zipfile

from portal.rules.errors import Refusal
from portal.storage.limits import DOCX, XLSX
from portal.storage.sniffing import MIME

_MAIN_PART = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_MOST_PARTS = 2_000
_MOST_BYTES = 200 * 1024 * 1024  # unpacked, as announced; only the small parts named below are really unpacked
_SMALL_PART = 1024 * 1024
_ACTIVE_PART = re.compile(
    r"vba|macro|activex|/embeddings/|oleobject|\.(bin|exe|dll|js|vbs|bat|com|scr)$", re.IGNORECASE
)
# Excel keeps harmless printer settings as .bin
_HARMLESS_PART = re.compile(r"/printersettings/printersettings\d+\.bin$", re.IGNORECASE)
_DAMAGED = "文件不完整或已损坏，无法打开，请在 Word 或 WPS 中另存为 .docx 或 .xlsx 后再上传"
_ACTIVE = "文件含有宏、嵌入对象或外部链接的内容，请另存为不含宏的 .docx 或 .xlsx，或导出为 PDF 后再上传"


def check_office(data: bytes) -> tuple[dict, bytes]:
    """Report (kind, mime, pages) of a .docx or .xlsx package; nothing is made. Raises Refusal for everything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _check_package(package, data)
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # zipfile raises many kinds of errors on broken input
        raise Refusal(_DAMAGED) from error


def _check_package(package: zipfile.ZipFile, data: bytes) -> tuple[dict, bytes]:
    parts = package.infolist()
    names = [part.filename for part in parts]
    # The archive ends with its directory, and begins with its first part: nothing is hidden before or behind.
    if data[-22:-18] != b"PK\x05\x06" or min((part.header_offset for part in parts), default=1) != 0:
        raise Refusal(_DAMAGED)
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_BYTES:
        raise Refusal("文件展开后过大，请删减内容或导出为 PDF 后再上传")
    if len(set(names)) != len(names) or any(_is_odd(part) for part in parts):
        raise Refusal(_DAMAGED)
    kinds = {_MAIN_PART[name] for name in names if name in _MAIN_PART}
    if len(kinds) != 1 or "[Content_Types].xml" not in names:
        raise Refusal("文件是压缩包，不是 Word 或 Excel 文件，请解压后上传其中的文件")
    if any(_ACTIVE_PART.search(name) and not _HARMLESS_PART.search(name) for name in names):
        raise Refusal(_ACTIVE)
    for part in parts:
        if part.filename == "[Content_Types].xml" or part.filename.endswith(".rels"):
            _check_small_part(package, part)
    kind = kinds.pop()
    return {"kind": kind, "mime": MIME[kind], "pages": 0}, b""


def _is_odd(part: zipfile.ZipInfo) -> bool:
    path = part.filename
    return bool(part.flag_bits & 0x1) or path.startswith(("/", "\\")) or ".." in path.split("/") or "\\" in path


def _check_small_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.file_size > _SMALL_PART:
        raise Refusal(_DAMAGED)
    with package.open(part) as stream:
        text = stream.read(_SMALL_PART + 1)
    if b"\x00" in text or b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # NUL: UTF-16 would hide words from the search
        raise Refusal(_DAMAGED)
    if re.search(rb"macroEnabled|vbaProject", text, re.IGNORECASE):
        raise Refusal(_ACTIVE)
    for relation in re.findall(rb"<[^>]*Relationship\b[^>]*>", text):
        # A hyperlink leads outside only when it is clicked; everything else is fetched on opening.
        if re.search(rb"""TargetMode\s*=\s*["']External""", relation) and b"/hyperlink" not in relation:
            raise Refusal(_ACTIVE)
