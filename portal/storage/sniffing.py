"""What a file really is, read from its content, and a safe form of the name it came with."""

import re
import unicodedata

from portal.storage.limits import DOCX, HEIF, IMAGES, JPEG, MP4, PDF, PNG, WEBM, XLSX
from portal.storage.videos import sniff_video

HEAD = 4096  # bytes of a file's beginning that are enough to tell what it is

SUFFIX = {JPEG: ".jpg", PNG: ".png", PDF: ".pdf", DOCX: ".docx", XLSX: ".xlsx", MP4: ".mp4", WEBM: ".webm"}
MIME = {
    JPEG: "image/jpeg",
    PNG: "image/png",
    PDF: "application/pdf",
    DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    MP4: "video/mp4",
    WEBM: "video/webm",
}
TITLES = {
    JPEG: "JPG 图片", PNG: "PNG 图片", HEIF: "HEIC 图片", PDF: "PDF 文件", DOCX: "Word 文档", XLSX: "Excel 表格",
    MP4: "MP4 视频", WEBM: "WebM 视频",
}  # fmt: skip

_OWN_SUFFIXES = {
    JPEG: {".jpg", ".jpeg", ".jpe", ".jfif"},
    PNG: {".png"},
    HEIF: {".heic", ".heif", ".hif"},
    PDF: {".pdf"},
    DOCX: {".docx"},
    XLSX: {".xlsx"},
    MP4: {".mp4", ".m4v"},
    WEBM: {".webm"},
}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_FOREIGN = (
    (b"GIF8", "GIF 图片"),
    (b"BM", "BMP 图片"),
    (b"II*\x00", "TIFF 图片"),
    (b"MM\x00*", "TIFF 图片"),
    (b"\xd0\xcf\x11\xe0", "旧版 Office 文档（.doc 或 .xls）"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf", "压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"MZ", "程序"),
    (b"\x7fELF", "程序"),
    (b"#!", "程序"),
)
_LONGEST_STEM = 80  # characters; Chinese ones take three bytes each, and file systems stop at 255 bytes
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


def sniff(head: bytes) -> str | None:
    """The type that the first `HEAD` bytes show: a type of `limits`, "zip" for any zip archive, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head[4:8] == b"ftyp":
        box = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[at:at + 4] for at in range(16, box, 4))}
        if brands & _HEIF_BRANDS and not brands & {b"avif", b"avis"}:
            return HEIF
    return sniff_video(head)


def name_foreign_type(head: bytes) -> str:
    """What to call a content that is none of our types, in the user's words."""
    for magic, title in _FOREIGN:
        if head.startswith(magic):
            return title
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP 图片"
    if head[4:8] == b"ftyp":
        return "视频或不支持的图片"
    if re.match(rb"(\xef\xbb\xbf)?\s*<", head):
        return "网页"
    return "无法识别的文件"


def find_name_conflict(suffix: str, kind: str) -> str | None:
    """The types (as words) that a name's suffix announces where the content `kind` is another; None when they agree.

    A name without a suffix announces nothing: phones send such names.
    """
    if not suffix or suffix in _OWN_SUFFIXES[kind]:
        return None
    return next((TITLES[other] for other, own in _OWN_SUFFIXES.items() if suffix in own), f"{suffix} 文件")


def is_picture_suffix(suffix: str) -> bool:
    """Whether a suffix announces one of the accepted picture types."""
    return any(suffix in _OWN_SUFFIXES[kind] for kind in IMAGES)


def split_name(filename: str | None) -> tuple[str, str]:
    """A harmless stem and a lower-case suffix (with its dot, or empty) of the name a browser sent.

    Folders, control and direction characters, and what Windows forbids in names are dropped; long stems are cut.
    """
    name = unicodedata.normalize("NFC", filename or "")
    name = re.split(r"[/\\]", name)[-1]
    # Control characters (NUL), format characters (right-to-left override) and lone surrogates go;
    # private-use and unassigned ones stay, since rare characters of Chinese names are found there.
    kept = (c for c in name if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    name = "".join(" " if c.isspace() else c for c in kept)
    name = re.sub(r'[<>:"|?*]', "", name).strip().rstrip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", suffix):
        stem, suffix = name, ""
    stem = re.sub(r"\s+", " ", stem)[:_LONGEST_STEM].strip(" .") or "文件"
    if _DEVICES.match(stem):
        stem = f"_{stem}"
    return stem, f".{suffix.lower()}" if suffix else ""
