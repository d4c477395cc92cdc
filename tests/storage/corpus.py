"""Makers of files as strangers send them: honest ones of every kind, damaged ones and hostile ones."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
import pillow_heif
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw, PngImagePlugin

pillow_heif.register_heif_opener()

MARK = b"<script>alert('mark')</script>"  # must be in no stored file
GPS = 0x8825
ORIENTATION = 0x0112


# ---------------------------------------------------------------- pictures

def draw(size=(200, 280), mode="RGB") -> Image.Image:
    """A picture whose upper left quarter is red and whose rest is nearly white, so that turns can be told apart."""
    image = Image.new("RGB", size, (250, 250, 250))
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2, size[1] // 2), fill=(200, 20, 20))
    return image.convert(mode)


def save(image: Image.Image, form: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(mode="RGB", size=(200, 280), **options) -> bytes:
    return save(draw(size, mode), "JPEG", quality=90, **options)


def png(mode="RGB", size=(200, 280), **options) -> bytes:
    return save(draw(size, mode), "PNG", **options)


def heic(size=(200, 280), **options) -> bytes:
    return save(draw(size), "HEIF", **options)


def jpeg_turned(orientation: int) -> bytes:
    """A picture stored turned, with the EXIF mark that turns it upright again."""
    undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}[orientation]
    image = draw() if undo is None else draw().transpose(undo)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return save(image, "JPEG", quality=95, exif=exif)


def exif_with_gps() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(GPS).update({1: "N", 2: (31.0, 49.0, 0.0), 3: "E", 4: (117.0, 13.0, 0.0)})
    return exif


def ramp_of_16_bits() -> Image.Image:
    """Grey from black above to white below, 256 × 256, with sixteen bits a pixel."""
    return Image.frombytes("I;16", (256, 256), b"".join(struct.pack("<H", row * 257) * 256 for row in range(256)))


def png_with_texts() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", MARK.decode())
    texts.add_itxt("XML:com.adobe.xmp", MARK.decode())
    texts.add_text("Long", MARK.decode() * 50, zip=True)
    return png(pnginfo=texts, exif=exif_with_gps())


def animated(form: str) -> bytes:
    return save(draw(), form, save_all=True, append_images=[draw((200, 280), "L").convert("RGB")], duration=100)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_by_hand(width: int, height: int, *, bits=8, colour=0, rows: int | None = None, extra: bytes = b"") -> bytes:
    """A PNG of zeros without ever holding its pixels; fewer `rows` than `height` leave it incomplete."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = bytes(1 + (width * bits * channels + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", body)
            + png_chunk(b"IEND", b""))


def png_with_text_bomb() -> bytes:
    """A small picture with 200 MB of compressed comment."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    return png_by_hand(64, 64, extra=png_chunk(b"zTXt", b"Comment\x00\x00" + body))


def png_with_profile_bomb() -> bytes:
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    return png_by_hand(64, 64, extra=png_chunk(b"iCCP", b"profile\x00\x00" + body))


def heic_that_lies(real=(3000, 3000), said=(100, 100)) -> bytes:
    """A HEIC whose header announces a small picture, while its stream decodes to a large one."""
    return heic(real).replace(struct.pack(">II", *real), struct.pack(">II", *said))


def jpeg_of_size(size=(60_000, 60_000)) -> bytes:
    """A JPEG whose frame header claims a huge size."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5:at + 9] = struct.pack(">HH", *size)
    return bytes(data)


def jpeg_padded(size: int) -> bytes:
    """An honest JPEG of exactly `size` bytes: comment segments fill it."""
    data = jpeg(size=(413, 579))
    fill = size - len(data)
    segments = b""
    while fill:
        length = min(fill, 65_000)
        if 0 < fill - length < 4:
            length -= 4
        segments += b"\xff\xfe" + struct.pack(">H", length - 2) + bytes(length - 4)
        fill -= length
    return data[:2] + segments + data[2:]


# ---------------------------------------------------------------- PDF

def pdf(change: Callable[[pikepdf.Pdf], None] | None = None, pages=1, size=(595, 842), **options) -> bytes:
    """A PDF with text-like strokes on each page, altered by `change` before it is saved."""
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=size)
        if pages <= 50:
            document.pages[-1].contents_add(b"0 0 0 rg 100 100 200 40 re f")
    if change:
        change(document)
    out = io.BytesIO()
    document.save(out, **options)
    document.close()
    return out.getvalue()


def scan_pdf(pages=2, size=(1240, 1754)) -> bytes:
    """What a scanner makes: one JPEG per page."""
    out = io.BytesIO()
    first, *others = [draw(size) for _ in range(pages)]
    first.save(out, "PDF", save_all=True, append_images=others, resolution=150)
    return out.getvalue()


def script(document) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def open_with(action: Callable) -> Callable:
    def change(document):
        document.Root.OpenAction = action(document)
    return change


def act_on_page(document):
    document.pages[0].AA = Dictionary(O=script(document))


def hide_orphan(document):
    # Not reachable from the catalogue, but a later revision could reach it.
    document.Root.Spare = document.make_indirect(Array([document.make_indirect(script(document))]))


def nest_script(document):
    box: pikepdf.Object = script(document)
    for _ in range(20):
        box = Array([Dictionary(Next=box)])
    document.Root.Spare = box


def embed_file(document):
    document.attachments["a.exe"] = pikepdf.AttachedFileSpec(document, b"MZ" + MARK, filename="a.exe")


def annotate(**entries) -> Callable:
    def change(document):
        note = Dictionary(Type=Name.Annot, Rect=[0, 0, 100, 100], **entries)
        document.pages[0].Annots = Array([document.make_indirect(note)])
    return change


def add_form(**entries) -> Callable:
    def change(document):
        document.Root.AcroForm = Dictionary(Fields=Array([]), **entries)
    return change


def name_scripts(document):
    tree = Dictionary(Names=Array(["x", document.make_indirect(script(document))]))
    document.Root.Names = Dictionary(JavaScript=tree)


def resize(width: float, height: float) -> Callable:
    def change(document):
        document.pages[0].MediaBox = Array([0, 0, width, height])
    return change


def large_picture(document):
    stream = pikepdf.Stream(document, zlib.compress(bytes(1000)))
    stream.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=30_000, Height=30_000, BitsPerComponent=8,
                             ColorSpace=Name.DeviceRGB, Filter=Name.FlateDecode))
    document.pages[0].add_resource(stream, Name.XObject, Name.Im0)
    document.pages[0].contents_add(b"q 500 0 0 500 0 0 cm /Im0 Do Q")


def content_bomb(megabytes: int) -> Callable:
    def change(document):
        packer = zlib.compressobj(9)
        block = b"q Q " * (256 * 1024)
        body = b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
        stream = pikepdf.Stream(document, body)
        stream.Filter = Name.FlateDecode
        document.pages[0].Contents = document.make_indirect(stream)
    return change


def echo_bomb(document):
    """Forms that draw the next form twenty times each, six deep: 64 million drawings."""
    inner = None
    for _ in range(6):
        form = pikepdf.Stream(document, b"0 0 9 9 re f" if inner is None else b"/X Do " * 20)
        form.update(Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 600, 900]))
        if inner is not None:
            form.Resources = Dictionary(XObject=Dictionary(X=inner))
        inner = document.make_indirect(form)
    document.pages[0].add_resource(inner, Name.XObject, Name.X)
    document.pages[0].contents_add(b"/X Do " * 20)


def second_revision(change_to: bytes) -> bytes:
    """A plain PDF to which a second revision adds an open action by an incremental update."""
    base = pdf(qdf=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    with pikepdf.open(io.BytesIO(base)) as document:
        root, pages = document.Root.objgen[0], document.Root.Pages.objgen[0]
        count = len(document.objects) + 1
    at = len(base)
    body = f"{root} 0 obj\n<</Type/Catalog/Pages {pages} 0 R/OpenAction ".encode() + change_to + b">>\nendobj\n"
    old = int(base[base.rindex(b"startxref") + 9:].split()[0])
    table = f"xref\n{root} 1\n{at:010d} 00000 n \n".encode()
    trailer = f"trailer\n<</Size {count}/Root {root} 0 R/Prev {old}>>\nstartxref\n{at + len(body)}\n%%EOF\n".encode()
    return base + body + table + trailer


# ---------------------------------------------------------------- archives

def package(parts: dict[str, bytes], **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **more}.items():
            archive.writestr(name, content)
    return out.getvalue()


RELATIONS = (b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
             b'<Relationship Id="r1" Type="http://x/officeDocument" Target="word/document.xml"/>%s</Relationships>')
DOCX_PARTS = {
    "[Content_Types].xml": b'<Types><Override PartName="/word/document.xml" ContentType="document+xml"/></Types>',
    "_rels/.rels": RELATIONS % b"",
    "word/document.xml": "<w:document>关于举办考评员培训的通知</w:document>".encode(),
}
XLSX_PARTS = {
    "[Content_Types].xml": b"<Types/>",
    "xl/workbook.xml": b"<workbook/>",
    "xl/printerSettings/printerSettings1.bin": b"\x00\x01",
}


def external(kind: str) -> dict[str, bytes]:
    link = (f'<Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
            'Target="http://example.invalid/x" TargetMode="External"/>')
    return {**DOCX_PARTS, "word/_rels/document.xml.rels": RELATIONS % link.encode()}


def zip_bomb() -> bytes:
    return package({**DOCX_PARTS, "word/media/a.xml": bytes(250 * 1024 * 1024)})


def truncate(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]
