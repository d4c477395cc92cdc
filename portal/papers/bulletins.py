"""The list of a bulletin (通报): who is made known for what, as the table that follows its text."""

from portal.documents.notice import Annex
from portal.models import Notice
from portal.rules.dates import parse_date, print_date

TITLE = "取消申报资格人员（单位）名单"


def listed_annex(notice: Notice) -> Annex:
    """The frozen list as a printed attachment (R7.08, R10.72)."""
    heads, rows = listed_table(notice)
    return Annex(TITLE, columns=heads, rows=rows)


def listed_table(notice: Notice) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Heads and rows of the list; numbers are masked, and left out altogether where everybody may read (R7.09)."""
    heads = ("序号", "姓名（单位名称）", "证件号码", "所在单位", "事实", "依据", "起始日期")
    rows = tuple(
        (
            str(number), entry["name"], entry["id_number"] or "——", entry["unit"] or "——", entry["facts"],
            entry["basis"], print_date(parse_date(entry["since"])),
        )
        for number, entry in enumerate(notice.listed, 1)
    )  # fmt: skip
    if not notice.is_public:
        return heads, rows
    return heads[:2] + heads[3:], tuple(row[:2] + row[3:] for row in rows)
