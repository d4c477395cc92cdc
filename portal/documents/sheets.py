"""Excel out: every cell a text that stays what it is, and the workbook that shows a user where the rows are wrong."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from itertools import chain
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from portal.documents.incoming import RowError
from portal.rules.errors import Invalid

_LONGEST_TEXT = 32_767  # of an Excel cell; openpyxl would cut what is longer and say nothing
_WIDEST, _NARROWEST = 42, 6
_THIN = Side(style="thin", color="FF808080")
_FRAME = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD_FILL = PatternFill("solid", fgColor="FFE7EEF7")
_WRONG_FILL = PatternFill("solid", fgColor="FFFFC7CE")
_HEAD_FONT, _BODY_FONT = Font(name="宋体", bold=True), Font(name="宋体")
_TITLE_FONT = Font(name="宋体", bold=True, size=16)
_FORMULA_SIGNS = tuple("=+-@＝＋－＠\t\r")
_EPOCH = datetime(2000, 1, 1)


@dataclass(frozen=True)
class SheetLayout:
    """What stands around a table: a title across all columns, lines under it, notes below, the page it prints on."""

    title: str = ""
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    is_landscape: bool = True
    sheet_name: str = "Sheet1"


PLAIN = SheetLayout()


def write_sheet(head: Sequence[str], rows: Iterable[Sequence], layout: SheetLayout = PLAIN) -> bytes:
    """An .xlsx with one table; `widths` are in characters, by default measured from the head and the first 200 rows.

    Every cell is of type text, whatever it begins with: =1+1 stays these four characters, eighteen digits stay
    eighteen digits. Dates are written 2022-12-08; None is an empty cell. The same data gives the same bytes.
    Raises Invalid for a text that is longer than a cell may be.
    """
    return _write(head, rows, layout, {})


def mark_errors(rows: Sequence[Sequence], errors: Iterable[RowError], *, sheet_name: str = "Sheet1") -> bytes:
    """The user's own rows as .xlsx, the wrong cells red and with a comment that says what is wrong.

    `rows` are the rows as read, the head first; an error's row counts from 1 as in Excel, its column from 1 (0: the row
    as a whole, marked at its first cell).
    """
    wrong: dict[tuple[int, int], list[str]] = {}
    for error in errors:
        wrong.setdefault((error.row, max(error.column, 1)), []).append(error.message)
    rows = list(rows)
    head, body = (rows[0], rows[1:]) if rows else ((), ())
    return _write(head, body, SheetLayout(sheet_name=sheet_name), wrong)


def print_cell(value) -> str:
    """A value as the text of its cell; characters that no .xlsx can hold are left out. Raises Invalid when too long."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        text = value.strftime("%Y-%m-%d %H:%M")
    elif isinstance(value, date):
        text = value.isoformat()
    else:
        text = ILLEGAL_CHARACTERS_RE.sub("", str(value))
    if len(text) > _LONGEST_TEXT:
        raise Invalid("text", f"内容超过一个单元格所能容纳的{_LONGEST_TEXT}个字符，请缩短后再导出。")
    return text


def _write(head: Sequence[str], rows: Iterable[Sequence], layout: SheetLayout,
           wrong: dict[tuple[int, int], list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_clean_name(layout.sheet_name))
    rows = iter(rows)
    first_rows = [row for _, row in zip(range(200), rows, strict=False)]
    columns = max([len(head), *(len(row) for row in first_rows)], default=1) or 1
    head_row = (1 if layout.title else 0) + len(layout.lines) + 1
    widths = layout.widths or _measure(head, first_rows, columns)
    for number in range(1, columns + 1):
        width = widths[number - 1] if number <= len(widths) else _NARROWEST
        sheet.column_dimensions[get_column_letter(number)].width = width
    _set_page(sheet, layout, head_row)

    last_column = get_column_letter(columns)
    above = [(layout.title, _Look(sheet, _TITLE_FONT, side="center", is_framed=False))] if layout.title else []
    loose = _Look(sheet, _BODY_FONT, is_framed=False)
    above += [(line, loose) for line in layout.lines]
    for number, (text, look) in enumerate(above, 1):
        sheet.append([_make_cell(sheet, text, look)])
        sheet.merged_cells.add(f"A{number}:{last_column}{number}")
    look = _Look(sheet, _HEAD_FONT, side="center", fill=_HEAD_FILL)
    sheet.append([_make_cell(sheet, text, look, wrong.get((1, number))) for number, text in enumerate(head, 1)])
    look = _Look(sheet, _BODY_FONT)
    row_number = head_row
    for row_number, row in enumerate(chain(first_rows, rows), head_row + 1):
        filled = [*row, *([""] * (columns - len(row)))]
        sheet.append([_make_cell(sheet, value, look, wrong.get((row_number, number)))
                      for number, value in enumerate(filled, 1)])
    for number, note in enumerate(layout.notes, row_number + 1):
        sheet.append([_make_cell(sheet, note, loose)])
        sheet.merged_cells.add(f"A{number}:{last_column}{number}")
    target = BytesIO()
    book.save(target)
    return _settle(target.getvalue())


def _make_cell(sheet, value, look: "_Look", wrong: list[str] | None = None) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet)
    text = print_cell(value)
    if text:
        cell.value = text
        # The type comes after the value: openpyxl has just taken a text that begins with = for a formula (R13.12).
        cell.data_type = "s"
    # Styles are shared, not set cell by cell: that alone takes three quarters of the time of a large table.
    cell._style = look.choose(is_quoted=text[:1] in _FORMULA_SIGNS, is_wrong=bool(wrong))
    if wrong:
        cell.comment = Comment("；".join(wrong), "系统", width=260, height=40 + 20 * len(wrong))
    return cell


class _Look:
    """The styles of one kind of cell, each registered with the workbook once; all have the format text."""

    def __init__(self, sheet, font: Font, *, side: str | None = None, is_framed: bool = True,
                 fill: PatternFill | None = None):
        self._styles = {}
        for is_quoted in (False, True):
            for is_wrong in (False, True):
                cell = WriteOnlyCell(sheet)
                cell.number_format = "@"
                cell.font = font
                cell.alignment = Alignment(horizontal=side, vertical="center", wrap_text=True)
                cell.quotePrefix = is_quoted
                if is_framed:
                    cell.border = _FRAME
                if is_wrong or fill:
                    cell.fill = _WRONG_FILL if is_wrong else fill
                self._styles[is_quoted, is_wrong] = cell._style

    def choose(self, *, is_quoted: bool, is_wrong: bool):
        """The style array to share; a quoted one tells Excel to keep the text a text when it is edited."""
        return self._styles[is_quoted, is_wrong]


def _set_page(sheet, layout: SheetLayout, head_row: int) -> None:
    sheet.freeze_panes = f"A{head_row + 1}"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.orientation = "landscape" if layout.is_landscape else "portrait"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{head_row}:{head_row}"
    sheet.print_options.horizontalCentered = True


def _measure(head: Sequence[str], rows: Sequence[Sequence], columns: int) -> list[float]:
    """Column widths in characters: a Chinese character counts two, the longest line of each cell decides."""
    widths = [_NARROWEST] * columns
    for row in (head, *rows):
        for place, value in enumerate(row):
            lines = print_cell(value).splitlines() or [""]
            longest = max(sum(2 if ord(char) > 0x2E7F else 1 for char in line) for line in lines)
            widths[place] = min(max(widths[place], longest + 2), _WIDEST)
    return widths


def _clean_name(name: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", " ", name)[:31].strip() or "Sheet1"


def _settle(workbook: bytes) -> bytes:
    """The same workbook without the moment of its making, so that the same data gives the same bytes (R12.07)."""
    target = BytesIO()
    with ZipFile(BytesIO(workbook)) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                stamp = f"{_EPOCH.isoformat()}Z".encode()
                content = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            entry = ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            new.writestr(entry, content)
    return target.getvalue()
