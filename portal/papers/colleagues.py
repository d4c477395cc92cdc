"""A unit's table of colleagues: read, looked at row by row, and entered whole or not at all."""

from dataclasses import dataclass

from portal.actions import imports
from portal.actions.colleagues import check_may_enter, colleagues_kind
from portal.actions.imports import Fault
from portal.documents.incoming import read_rows
from portal.models import Plan
from portal.rules.workflow import Actor


@dataclass(frozen=True)
class Refused:
    """A table with faults: its head, and the wrong rows as (Excel's number, cells, {column from 1: messages})."""

    head: list[str]
    rows: list[tuple[int, list[str], dict[int, list[str]]]]
    faults: int


def enter_table(plan: Plan, content: bytes, filename: str, *, actor: Actor) -> int | Refused:
    """Enter all rows of an upload as drafts and give their number; with a wrong row nothing is entered.

    Raises Invalid("file") for what is no table, NotAllowed when the plan does not take this unit's people.
    """
    kind = colleagues_kind(plan, check_may_enter(plan, actor))
    incoming = read_rows(content, filename)
    lost = [Fault(error.row, error.column, error.message) for error in incoming.errors]
    examined = imports.examine(kind, incoming.rows, lost)
    if not examined.faults:
        created, _ = imports.store_rows(kind, examined, filename, actor=actor)
        return created
    wrong: dict[int, dict[int, list[str]]] = {}
    for fault in examined.faults:
        wrong.setdefault(fault.row, {}).setdefault(fault.column, []).append(fault.message)
    head = incoming.rows[examined.head - 1]
    rows = [(number, incoming.rows[number - 1], messages) for number, messages in sorted(wrong.items())]
    return Refused(head, rows, len(examined.faults))
