"""Excel and CSV in: what a workbook must be before anybody opens it, and its rows as plain texts."""

import csv
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import PurePath
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from defusedxml import ElementTree

from portal.rules.errors import Invalid


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row: `row` as Excel counts it, `column` from 1 (0: the row as a whole), and what to do."""

    row: int
    column: int
    message: str


@dataclass(frozen=True)
class Limits:
    """How large an incoming table may be; bytes, characters and seconds."""

    file_bytes: int = 10 * 1024 * 1024
    unpacked_bytes: int = 50 * 1024 * 1024
    entries: int = 500
    ratio: int = 100
    rows: int = 20_000
    columns: int = 200
    cell_characters: int = 5_000
    memory_bytes: int = 768 * 1024 * 1024
    seconds: int = 20


DEFAULT_LIMITS = Limits()


class Incoming(NamedTuple):
    """A table as it came in: `rows[0]` is Excel's row 1; `errors` name the cells whose value was lost on the way."""

    rows: list[list[str]]
    errors: list[RowError]


_NOT_READABLE = "文件无法读取，可能已损坏或加密，请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。"
_TOO_LARGE = "文件内容过大，请删除多余的行、列和格式后重新上传，或分成几个文件。"
_OLE = b"\xd0\xcf\x11\xe0"
# 3.40103E+17: an identity number that Excel turned into a number; its last digits are gone for good.
_ROUNDED = re.compile(r"[+-]?\d+(\.\d+)?[eE]\+?\d{2}")
_EXACT_DIGITS = 15
_NO_BOMB = 100_000  # bytes; a part this small may be packed as tightly as it likes


def read_rows(content: bytes, filename: str, limits: Limits = DEFAULT_LIMITS) -> Incoming:
    """The first sheet of an .xlsx or .xls, or a .csv (UTF-8 or GB 18030), as texts; nothing in the file is executed.

    Whole numbers come without .0, dates as 2022-12-08, moments as 2022-12-08 14:30. Numbers too long for Excel's
    fifteen digits are reported as row errors, as their last digits are lost. Raises Invalid("file") with a Chinese
    reason for what is no table, is too large, or carries macros, links or other active parts.
    """
    suffix = PurePath(filename).suffix.lower()
    if not content:
        raise Invalid("file", "文件是空的，请重新选择文件。")
    if len(content) > limits.file_bytes:
        raise Invalid("file", f"文件超过{limits.file_bytes // 1024 // 1024} MB，请缩小或分成几个文件后上传。")
    if content[:2] == b"PK" and suffix == ".xlsx":
        _check_package(content, limits)
        cells = _read_apart(content, limits)
    elif content[:4] == _OLE and suffix in (".xls", ".xlsx"):
        _check_ole(content)
        cells = _read_apart(content, limits)
    elif suffix == ".csv":
        cells = _read_csv(content, limits)
    else:
        raise Invalid("file", "请上传 .xlsx、.xls 或 .csv 格式的表格；网页另存的表格请先用 Excel 另存为 .xlsx。")
    return _settle_rows(cells, limits)


def _check_package(content: bytes, limits: Limits) -> None:
    """The zip's directory is believed for nothing but a refusal: reading stops at the announced sizes anyway."""
    try:
        with ZipFile(BytesIO(content)) as package:
            entries = package.infolist()
            if len(entries) > limits.entries or sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
                raise Invalid("file", _TOO_LARGE)
            if any(entry.file_size > max(limits.ratio * entry.compress_size, _NO_BOMB) for entry in entries):
                raise Invalid("file", _TOO_LARGE)
            if len({entry.filename.lower() for entry in entries}) != len(entries):
                raise Invalid("file", _NOT_READABLE)
            if any(entry.flag_bits & 1 for entry in entries):
                raise Invalid("file", "文件已加密，请取消密码后重新上传。")
            for entry in entries:
                _check_part(entry.filename.lower(), package.read(entry))
    except (BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise Invalid("file", _NOT_READABLE) from error
    except Exception as error:
        # zlib.error and whatever else a hostile archive makes the unpacker say; our own refusals pass as they are.
        raise error if isinstance(error, Invalid) else Invalid("file", _NOT_READABLE) from error


_ACTIVE = ("vbaproject", "xl/macrosheets", "xl/activex", "xl/embeddings", "xl/ctrlprops", "xl/customui", "customui")


def _check_part(name: str, content: bytes) -> None:
    if name.startswith("xl/externallinks") or "xl/connections" in name or "xl/querytables" in name:
        raise Invalid("file", "文件中有指向其他文件或数据源的链接，请断开链接（粘贴为数值）后重新上传。")
    if any(part in name for part in _ACTIVE):
        raise Invalid("file", "文件中有宏、控件或嵌入的对象，请另存为不含宏的 .xlsx 后重新上传。")
    if not name.endswith((".xml", ".rels", ".vml")):
        # A part that hides a sheet under another name would not have been looked at.
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise Invalid("file", _NOT_READABLE)
        return
    # Office writes UTF-8 without declarations of its own; a document type is the door to entity tricks.
    if b"\0" in content[:200] or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Invalid("file", _NOT_READABLE)
    if name == "[content_types].xml" and b"macroenabled" in content.lower():
        raise Invalid("file", "文件中有宏，请另存为不含宏的 .xlsx 后重新上传。")
    if name.endswith(".rels"):
        for relation in ElementTree.fromstring(content):
            is_hyperlink = relation.get("Type", "").endswith("/hyperlink")
            if relation.get("TargetMode") == "External" and not is_hyperlink:
                raise Invalid("file", "文件中有指向其他文件或数据源的链接，请断开链接（粘贴为数值）后重新上传。")


def _check_ole(content: bytes) -> None:
    names = {label: label.encode("utf-16-le") for label in ("EncryptedPackage", "_VBA_PROJECT", "Macros")}
    if names["EncryptedPackage"] in content:
        raise Invalid("file", "文件已加密，请取消密码后重新上传。")
    if names["_VBA_PROJECT"] in content or names["Macros"] in content:
        raise Invalid("file", "文件中有宏，请另存为不含宏的 .xlsx 后重新上传。")


# Runs in a process of its own under limits of memory and time: a sheet that claims a cell in XFD1048576, or repeats
# one long text in every cell, or finds a fault in the reader, ends that process and nothing else. Standard library
# and python-calamine only; it answers one JSON line.
_READER = """
import json, sys
from io import BytesIO
memory, seconds, rows, columns, characters = map(int, sys.argv[1:])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
from datetime import date, datetime, time, timedelta
from python_calamine import CalamineWorkbook
def plain(value):
    if value is None or value == "": return ""
    if isinstance(value, bool): return "TRUE" if value else "FALSE"
    if isinstance(value, float): return ["n", int(value)] if value.is_integer() else ["n", value]
    if isinstance(value, int): return ["n", value]
    if isinstance(value, datetime):
        whole = not (value.hour or value.minute or value.second)
        return value.strftime("%Y-%m-%d" if whole else "%Y-%m-%d %H:%M")
    if isinstance(value, date): return value.isoformat()
    if isinstance(value, time): return value.strftime("%H:%M")
    if isinstance(value, timedelta): return str(value)
    return str(value)
def answer(**words): sys.stdout.write(json.dumps(words)); sys.exit()
try:
    book = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
    sheet = book.get_sheet_by_index(0)
    if sheet.end is not None and (sheet.end[0] >= rows or sheet.end[1] >= columns): answer(problem="large")
    table, total = [], 0
    for row in ([] if sheet.end is None else sheet.iter_rows()):
        cells = [plain(value) for value in row]
        total += sum(len(cell) for cell in cells if isinstance(cell, str))
        if total > characters: answer(problem="large")
        table.append(cells)
    start = sheet.start or (0, 0)
except MemoryError:
    answer(problem="large")
except Exception:
    answer(problem="unreadable")
answer(rows=[[""] * start[1] + row for row in table])
"""


def _read_apart(content: bytes, limits: Limits) -> list[list]:
    sizes = (limits.memory_bytes, limits.seconds, limits.rows + 1, limits.columns, limits.unpacked_bytes)
    try:
        reader = subprocess.run([sys.executable, "-I", "-c", _READER, *map(str, sizes)], input=content,
                                capture_output=True, timeout=limits.seconds * 2, check=False)
        answer = json.loads(reader.stdout) if reader.returncode == 0 else {"problem": "large"}
    except (subprocess.TimeoutExpired, ValueError):
        answer = {"problem": "large"}
    if "problem" in answer:
        raise Invalid("file", _TOO_LARGE if answer["problem"] == "large" else _NOT_READABLE)
    return answer["rows"]


def _read_csv(content: bytes, limits: Limits) -> list[list]:
    text = _decode(content)
    head = text[:text.find("\n")] if "\n" in text else text
    separator = max(",\t;", key=head.count)
    rows: list[list] = []
    csv.field_size_limit(max(limits.cell_characters, 131_072))
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) > limits.rows + 1 or len(row) > limits.columns:
                raise Invalid("file", _TOO_LARGE)
    except csv.Error as error:
        raise Invalid("file", _NOT_READABLE) from error
    return rows


def _decode(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid("file", "文件的文字编码无法识别，请用 Excel 或 WPS 另存为 .xlsx 后上传。")


def _settle_rows(cells: list[list], limits: Limits) -> Incoming:
    rows, errors = [], []
    for number, row in enumerate(cells, 1):
        texts = []
        for column, cell in enumerate(row, 1):
            text, is_lost = _read_value(cell)
            if len(text) > limits.cell_characters:
                errors.append(RowError(number, column, f"内容超过{limits.cell_characters}字，请缩短。"))
                text = text[:limits.cell_characters]
            elif is_lost:
                errors.append(RowError(number, column, (
                    f"“{text}”是数值格式，末尾的数字已丢失；请把该列设为“文本”格式后重新填写完整的号码。")))
            texts.append(text)
        rows.append(texts)
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) > limits.rows + 1:
        raise Invalid("file", f"表格超过{limits.rows}行，请分成几个文件上传。")
    return Incoming(rows, [error for error in errors if error.row <= len(rows)])


def _read_value(cell: str | list) -> tuple[str, bool]:
    """The cell's text, and whether its last digits were lost in a number of more than fifteen digits."""
    if isinstance(cell, list):
        number = cell[1]
        if abs(number) >= 10 ** _EXACT_DIGITS:
            return f"{float(number):.5E}", True
        return (str(number) if isinstance(number, int) else f"{number:.15g}"), False
    text = cell.strip()
    return text, bool(_ROUNDED.fullmatch(text))
