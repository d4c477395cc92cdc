"""What each kind of upload may be: accepted types and the numbers a file is measured against."""

from dataclasses import dataclass

MIB = 1024 * 1024

JPEG, PNG, HEIF, PDF, DOCX, XLSX = "jpeg", "png", "heif", "pdf", "docx", "xlsx"
MP4, WEBM = "mp4", "webm"
IMAGES = frozenset({JPEG, PNG, HEIF})
VIDEOS = frozenset({MP4, WEBM})


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one kind of upload; change single numbers with `dataclasses.replace(SCAN, max_bytes=…)`.

    Sizes are bytes of the upload as it arrives, sides and pixels are of the picture before any reduction.
    """

    label: str  # what the user calls such a file, e.g. 照片
    types: frozenset[str]  # of JPEG, PNG, HEIF, PDF, DOCX, XLSX, MP4, WEBM
    max_bytes: int
    too_big: str  # the sentence for a file above max_bytes
    stored_side: int = 4096  # longer pictures are reduced to this; an iPhone's 4,032 px stay untouched
    is_portrait: bool = False  # gives hints about background, proportions, sharpness
    keeps_transparency: bool = False  # stays PNG; everything else becomes JPEG
    max_pixels: int = 25_000_000  # Pillow itself only warns below 178 megapixels
    max_side: int = 12_000
    min_side: int = 16
    max_pages: int = 50
    seconds: int = 20  # of processor time for looking at one file
    memory: int = 640 * MIB  # of address space for looking at one file

    @property
    def accepts(self) -> str:
        """The accepted types as the user reads them, e.g. 「JPG、PNG、HEIC、PDF」."""
        names = ((JPEG, "JPG"), (PNG, "PNG"), (HEIF, "HEIC"), (PDF, "PDF"), (DOCX, "DOCX"), (XLSX, "XLSX"),
                 (MP4, "MP4"), (WEBM, "WebM"))
        return "、".join(name for kind, name in names if kind in self.types)


SCAN = Limits("扫描件", IMAGES | {PDF}, 10 * MIB, "扫描件超过 {size}，请降低扫描分辨率或拆成几个文件后再上传")

# 川人社 B附2 二(一)2(3): 照片超过 3M 则显示不能保存. 超过 is strictly more: exactly 3,145,728 bytes is allowed.
# The certificate prints it at 35×49 mm: 1,600 px are more than 800 dpi.
PORTRAIT = Limits("照片", IMAGES, 3 * MIB, "照片超过 3M，不能保存，请压缩到 3M 以内再上传",
                  stored_side=1600, is_portrait=True)

STAMP = Limits("印章图片", frozenset({PNG}), 2 * MIB, "印章图片超过 {size}，请缩小后再上传",
               stored_side=2000, keeps_transparency=True)

ATTACHMENT = Limits("附件", IMAGES | {PDF, DOCX, XLSX}, 20 * MIB, "附件超过 {size}，请压缩或拆分后再上传")

# Modules of study (R4.09). A file comes in one request, so settings.request_bytes is the tighter bound by default.
COURSE = Limits("培训资料", frozenset({PDF}), 50 * MIB, "PDF 文件超过 {size}，请压缩或拆成几个模块", max_pages=500)
VIDEO = Limits("视频", VIDEOS, 1000 * MIB, "视频超过 {size}，请降低清晰度或拆成几个模块")
