"""Workbooks that become rows: reading an upload, preview and confirmation, the marked workbook, the templates."""

from collections.abc import Iterable

from portal.actions import imports
from portal.actions.calendar import WORKDAYS
from portal.actions.card_import import CARDS
from portal.actions.catalogues import CERTIFICATES, EDITIONS, occupations_of
from portal.actions.imports import Examined, Fault, ImportKind
from portal.actions.organisation_import import ORGANISATIONS
from portal.actions.questions import QUESTIONS
from portal.documents.incoming import Incoming, read_rows
from portal.documents.sheets import SheetLayout, mark_errors, write_sheet
from portal.models import ImportReport
from portal.rules.errors import Invalid
from portal.rules.workflow import Actor

KINDS: dict[str, ImportKind] = {
    kind.key: kind for kind in (*map(occupations_of, EDITIONS), CERTIFICATES, ORGANISATIONS, CARDS, WORKDAYS, QUESTIONS)
}


def preview_import(kind: ImportKind, content: bytes, filename: str, *, actor: Actor) -> ImportReport:
    """Look at an upload and keep what was found; nothing is imported yet. Raises Invalid("file") for what is no table.

    Without errors the upload waits for confirm_import(); with errors the workbook with red cells is kept instead.
    """
    incoming = read_rows(content, filename)
    examined = _examine(kind, incoming)
    kept = mark_errors(incoming.rows, examined.faults, sheet_name=kind.title) if examined.faults else content
    return imports.open_report(kind, filename, examined, kept, actor=actor)


def confirm_import(report: ImportReport, *, actor: Actor) -> tuple[int, int]:
    """Import all rows of a previewed upload, or none; gives (created, changed). Raises Stale the second time."""
    kind = KINDS[report.kind]
    imports.check_seat(kind, actor)
    if report.stored or report.workbook is None or report.refused:
        examined = Examined(0, [])  # store_report refuses it in its transaction, with the right words
    else:
        examined = _examine(kind, read_rows(bytes(report.workbook), report.name))
    return imports.store_report(kind, report, examined, actor=actor)


def import_file(kind: ImportKind, content: bytes, filename: str, *, actor: Actor) -> tuple[int, int]:
    """Read and import a file in one step, all rows or none (command line); gives (created, changed)."""
    imports.check_seat(kind, actor)
    return imports.store_rows(kind, _examine(kind, read_rows(content, filename)), filename, actor=actor)


def examine_file(kind: ImportKind, content: bytes, filename: str) -> Examined:
    """What is in a file, row by row, with its faults; nothing is kept. Raises Invalid("file") for what is no table."""
    return _examine(kind, read_rows(content, filename))


def rows_of(report: ImportReport) -> list[list[str]]:
    """The rows of an upload that waits or was refused, for its preview; [] when it is imported."""
    if report.workbook is None:
        return []
    return read_rows(bytes(report.workbook), "a.xlsx" if report.refused else report.name).rows


def make_template(kind: ImportKind) -> bytes:
    """The .xlsx to fill in: notes and an example above the head, where they cannot be imported by mistake."""
    example = "；".join(f"{column.label} {column.example}" for column in kind.columns if column.example)
    lines = (f"说明：{''.join(kind.notes)}带*的列必填。", f"填写示例：{example}")
    head = [f"{column.label}{'*' if column.required else ''}" for column in kind.columns]
    return write_sheet(head, [], SheetLayout(sheet_name=kind.title, lines=lines))


def _examine(kind: ImportKind, incoming: Incoming) -> Examined:
    return imports.examine(kind, incoming.rows, _faults(incoming.errors))


def _faults(errors: Iterable) -> list[Fault]:
    return [Fault(error.row, error.column, error.message) for error in errors]


def kind_of(key: str) -> ImportKind:
    """The kind of table of a key; raises Invalid("kind")."""
    if key not in KINDS:
        raise Invalid("kind", "没有这种表格。")
    return KINDS[key]
