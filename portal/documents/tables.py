"""The lists of people between units and centres: recommendation table and summary table, as PDF and Excel."""

from dataclasses import dataclass

from portal.documents.render import render
from portal.documents.sheets import SheetLayout, write_sheet
from portal.rules.errors import Invalid

# Laying out more rows would keep the one renderer for minutes; nobody prints them either.
_MOST_PRINTED_ROWS = 2_000

# 皖人协秘〔2021〕2号 附件1 (R10.02); widths in millimetres of an upright A4 page.
RECOMMENDATION_COLUMNS = ("姓名", "单位", "职务", "身份证号", "联系电话", "持证情况")
_RECOMMENDATION_WIDTHS = (18, 36, 22, 45, 28, 25)
# 川人社职鉴〔2022〕21号 附件 (R10.07): two heads hold a line break; widths of a landscape page.
SUMMARY_COLUMNS = ("序号", "工作单位", "姓名", "性别", "身份证号码", "文化程度", "现职业资格\n（专业技术职务）",
                   "申报考评\n职业（工种）", "联系电话", "通讯地址")
_SUMMARY_WIDTHS = (11, 40, 18, 10, 45, 18, 34, 29, 28, 32)
SUMMARY_LEAST_ROWS = 7


@dataclass(frozen=True)
class Recommended:
    """One person in the recommendation table; `held` names certificates with their level."""

    name: str
    unit: str
    post: str
    identity_number: str
    phone: str
    held: str


@dataclass(frozen=True)
class Summarised:
    """One person in the summary table."""

    unit: str
    name: str
    gender: str
    identity_number: str
    education: str
    qualification: str
    occupation: str
    phone: str
    address: str


@dataclass(frozen=True)
class Roster:
    """A titled list as it is printed: heads, rows of texts, a line under the title, notes under the table.

    `widths` are millimetres. `file_stem` is the name of the downloaded file, which may differ from the printed title.
    """

    title: str
    file_stem: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    line: str = ""
    notes: tuple[str, ...] = ()
    is_landscape: bool = False

    def file_name(self, suffix: str) -> str:
        """The name to download it under, for suffix "pdf" or "xlsx"."""
        return f"{self.file_stem}.{suffix}"


def make_recommendation_table(people: tuple[Recommended, ...], *, title: str, file_stem: str,
                              notes: tuple[str, ...] = (), least_rows: int = 8) -> Roster:
    """The recommendation table; title, file name and notes come from the jurisdiction profile."""
    rows = [(person.name, person.unit, person.post, person.identity_number, person.phone, person.held)
            for person in people]
    return Roster(title, file_stem, RECOMMENDATION_COLUMNS, _fill_up(rows, len(RECOMMENDATION_COLUMNS), least_rows),
                  _RECOMMENDATION_WIDTHS, notes=notes)


def make_summary_table(people: tuple[Summarised, ...], *, title: str, file_stem: str, unit: str) -> Roster:
    """The summary table, numbered from 1, at least seven rows, with the reporting unit and room for its stamp."""
    rows = [(str(number), person.unit, person.name, person.gender, person.identity_number, person.education,
             person.qualification, person.occupation, person.phone, person.address)
            for number, person in enumerate(people, 1)]
    for number in range(len(rows) + 1, SUMMARY_LEAST_ROWS + 1):
        rows.append((str(number), *[""] * (len(SUMMARY_COLUMNS) - 1)))
    return Roster(title, file_stem, SUMMARY_COLUMNS, tuple(rows), _SUMMARY_WIDTHS, line=f"填报单位：{unit}（盖章）",
                  is_landscape=True)


def roster_pdf(roster: Roster) -> bytes:
    """The list as A4 PDF, heads repeated on every page. Raises Invalid above 2,000 rows, or MissingGlyph."""
    if len(roster.rows) > _MOST_PRINTED_ROWS:
        raise Invalid("rows", f"打印的表格最多{_MOST_PRINTED_ROWS}行，请缩小范围或下载 Excel 表格。")
    return render("roster", {"roster": roster, "heads": [column.split("\n") for column in roster.columns]})


def roster_xlsx(roster: Roster) -> bytes:
    """The list as .xlsx: title in the first row, all cells text. Raises Invalid for a text too long for a cell."""
    widths = tuple(max(6, round(width / 1.9, 1)) for width in roster.widths)
    return write_sheet(roster.columns, roster.rows, SheetLayout(
        title=roster.title, lines=(roster.line,) if roster.line else (), notes=roster.notes, widths=widths,
        is_landscape=roster.is_landscape, sheet_name=roster.file_stem))


def _fill_up(rows: list[tuple[str, ...]], columns: int, least: int) -> tuple[tuple[str, ...], ...]:
    return tuple(rows + [("",) * columns] * max(least - len(rows), 0))
