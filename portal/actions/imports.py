"""Tables that come in: their columns, what is wrong with which cell, and storing all rows or none."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from portal import clock
from portal.actions.events import record
from portal.database import transaction
from portal.models import ImportReport
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor, Seat

_HEAD_ROWS = 5  # titles may stand above the head
_YES = frozenset({"是", "有", "y", "yes", "1", "true", "√", "✓", "✔"})
_NO = frozenset({"否", "无", "n", "no", "0", "false", "×", "-"})
_IN_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")


class Fault(NamedTuple):
    """What is wrong: `row` as Excel counts it, `column` from 1 (0: the row as a whole), and what to do."""

    row: int
    column: int
    message: str


@dataclass
class Record:
    """One row as read: `values` by column key (absent: the table has no such column), `columns` where each stands."""

    row: int
    values: dict[str, Any]
    columns: Mapping[str, int]

    def fault(self, key: str, message: str) -> Fault:
        """A fault of this row, beside the cell of that column where the table has it."""
        return Fault(self.row, self.columns.get(key, 0), message)


@dataclass(frozen=True)
class Column:
    """One column: its headings (the first is the template's), and how its text is read; `read` raises Invalid."""

    key: str
    headings: tuple[str, ...]
    required: bool = False
    read: Callable[[str], Any] = str
    example: str = ""

    @property
    def label(self) -> str:
        """The heading in the template."""
        return self.headings[0]


@dataclass(frozen=True)
class ImportKind:
    """A kind of table. `identity` names the columns that make a row unique in the file; `skip` leaves rows out;
    `check` finds what only the database knows; `store` writes and gives (created, changed).
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    check: Callable[[list[Record]], list[Fault]]
    store: Callable[[list[Record], Actor], tuple[int, int]]
    seats: frozenset[Seat] = frozenset({Seat.TECHNICIAN})
    skip: Callable[[Mapping[str, str]], bool] = lambda texts: False
    notes: tuple[str, ...] = ()


@dataclass
class Examined:
    """A table that was looked at: its head row, the readable rows, what is wrong, and how many rows were left out."""

    head: int
    records: list[Record]
    faults: list[Fault] = field(default_factory=list)
    skipped: int = 0


def examine(kind: ImportKind, rows: Sequence[Sequence[str]], lost: Sequence[Fault] = ()) -> Examined:
    """Read the rows (`rows[0]` is Excel's row 1) without writing anything; `lost` are faults the reader found already.

    Raises Invalid("file") when there is no head with the required columns, or nothing below it.
    """
    head, places = _find_head(kind, rows)
    result = Examined(head, [], [fault for fault in lost if fault.row > head])
    broken = {fault.row for fault in result.faults}
    seen: dict[tuple, int] = {}
    for number, row in enumerate(rows[head:], head + 1):
        texts = {key: (row[place - 1] if place <= len(row) else "").strip() for key, place in places.items()}
        if not any(texts.values()):
            continue
        if kind.skip(texts):
            result.skipped += 1
            continue
        record_, faults = _read_row(kind, number, texts, places)
        if not faults and number not in broken:
            same = tuple(record_.values.get(key) for key in kind.identity)
            if same in seen:
                place = next((places[key] for key in kind.identity if key in places), 0)
                faults = [Fault(number, place, f"与第{seen[same]}行重复，请保留一行。")]
            seen.setdefault(same, number)
        result.faults += faults
        if not faults and number not in broken:
            result.records.append(record_)
    if not result.records and not result.faults:
        raise Invalid("file", "表格中没有可导入的数据，请在表头下面逐行填写。")
    result.faults = sorted({*result.faults, *kind.check(result.records)})
    return result


def open_report(kind: ImportKind, name: str, examined: Examined, workbook: bytes, *, actor: Actor) -> ImportReport:
    """Keep what was found: the original while it waits for confirmation, or the marked workbook of a refused one."""
    check_seat(kind, actor)
    with transaction():
        return ImportReport.create(
            kind=kind.key, name=name[:200], user=actor.user, at=clock.now(), accepted=len(examined.records),
            refused=len({fault.row for fault in examined.faults}), errors=[list(fault) for fault in examined.faults],
            workbook=workbook,
        )  # fmt: skip


def store_report(kind: ImportKind, report: ImportReport, examined: Examined, *, actor: Actor) -> tuple[int, int]:
    """Write all rows of a waiting import, or none; gives how many were created and how many changed.

    `examined` must be fresh: the database may have moved since the preview. A second sending writes nothing and raises
    Stale. Raises Invalid("file") when a row has become wrong.
    """
    check_seat(kind, actor)
    with transaction():
        is_first = ImportReport.update(stored=True, workbook=None).where(
            ImportReport.id == report.id, ~ImportReport.stored, ImportReport.refused == 0
        ).execute()  # fmt: skip
        if not is_first:
            raise Stale("这份表格已经导入过，或含有错误，没有重复导入。")
        return store_rows(kind, examined, report.name, actor=actor)


def store_rows(kind: ImportKind, examined: Examined, name: str, *, actor: Actor) -> tuple[int, int]:
    """Write all rows of a table without faults; raises Invalid("file") with the first fault otherwise."""
    check_seat(kind, actor)
    if examined.faults:
        first = examined.faults[0]
        raise Invalid("file", f"有{len(examined.faults)}处错误，没有导入任何数据。第{first.row}行：{first.message}")
    with transaction():
        created, changed = kind.store(examined.records, actor)
        record(
            "import", f"导入{kind.title}", actor=actor, subject=f"import:{kind.key}",
            note=f"{name}：新增{created}条，更新{changed}条", data={"rows": len(examined.records)},
        )  # fmt: skip
        return created, changed


def check_seat(kind: ImportKind, actor: Actor) -> None:
    """Raises NotAllowed when this seat may not import this kind of table."""
    if actor.seat not in kind.seats and actor.seat != Seat.TECHNICIAN:
        raise NotAllowed(f"您没有导入{kind.title}的权限，请由技术人员办理。")


def read_flag(text: str) -> bool:
    """A yes or no as tables write it; blank is no."""
    plain = squeeze(text).lower()
    if plain in _YES:
        return True
    if plain in _NO or not plain:
        return False
    raise Invalid("flag", f"“{text}”无法识别，请填“是”或“否”。")


def read_day(text: str):
    """A day, or None when blank."""
    return parse_date(text) if text else None


def at_most(length: int) -> Callable[[str], str]:
    """A reader for texts of at most so many characters, blanks folded."""

    def read(text: str) -> str:
        folded = " ".join(text.split())
        if len(folded) > length:
            raise Invalid("text", f"最多{length}个字，请精简。")
        return folded

    return read


def one_of(words: Mapping[str, Any], what: str) -> Callable[[str], Any]:
    """A reader for one of these words (values may also be given as they are); blank gives ''."""

    def read(text: str) -> Any:
        plain = squeeze(text)
        if not plain:
            return ""
        if plain in words:
            return words[plain]
        if plain in words.values():
            return plain
        raise Invalid("word", f"{what}“{text}”无法识别，可填：{'、'.join(words)}。")

    return read


def _find_head(kind: ImportKind, rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    """The number of the head row, and the place of each known column in it."""
    best: tuple[int, dict[str, int]] = (0, {})
    for number, row in enumerate(rows[:_HEAD_ROWS], 1):
        names = [_plain_heading(text) for text in row]
        places = {}
        for column in kind.columns:
            wanted = {_plain_heading(text) for text in (*column.headings, column.key)}
            place = next((at for at, name in enumerate(names, 1) if name in wanted and at not in places.values()), None)
            if place:
                places[column.key] = place
        if len(places) > len(best[1]):
            best = number, places
    missing = [column.label for column in kind.columns if column.required and column.key not in best[1]]
    if missing:
        raise Invalid("file", f"表头缺少：{'、'.join(missing)}。请使用本页的模板，表头应在前{_HEAD_ROWS}行内。")
    return best


def _plain_heading(text: str) -> str:
    """A heading without what stands in brackets behind it, blanks and marks: 职业编码（必填）* is 职业编码."""
    return squeeze(_IN_BRACKETS.sub("", text)).strip("*＊:：").lower()


def _read_row(
    kind: ImportKind, number: int, texts: dict[str, str], places: dict[str, int]
) -> tuple[Record, list[Fault]]:
    values, faults = {}, []
    for column in kind.columns:
        if column.key not in places:
            continue
        text = texts[column.key]
        if column.required and not text:
            faults.append(Fault(number, places[column.key], f"请填写{column.label}。"))
            continue
        try:
            values[column.key] = column.read(text)
        except Invalid as refusal:
            faults.append(Fault(number, places[column.key], refusal.message))
    return Record(number, values, places), faults
