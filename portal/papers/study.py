"""The outside platform's table of study time and scores: read, loaded, and given back with its wrong cells marked."""

from portal.actions.imports import Fault, check_seat, examine
from portal.actions.study_imports import load_progress, progress_kind
from portal.actions.study_reports import keep_report
from portal.documents.incoming import read_rows
from portal.documents.sheets import mark_errors
from portal.models import ImportReport, Plan
from portal.rules.workflow import Actor


def import_progress(plan: Plan, content: bytes, filename: str, *, actor: Actor) -> ImportReport:
    """Load the right rows of an upload and keep a report; with wrong rows it holds the marked workbook (R4.22).

    Raises Invalid("file") for what is no such table, NotAllowed for who may not.
    """
    kind = progress_kind(plan)
    check_seat(kind, actor)
    incoming = read_rows(content, filename)
    lost = [Fault(error.row, error.column, error.message) for error in incoming.errors]
    examined = examine(kind, incoming.rows, lost)
    wrong = {fault.row for fault in examined.faults}
    loaded = load_progress(plan, [each for each in examined.records if each.row not in wrong], actor=actor)
    faults = sorted([*examined.faults, *loaded.faults])
    workbook = mark_errors(incoming.rows, faults, sheet_name=kind.title) if faults else None
    return keep_report(
        plan, filename, faults=faults, accepted=loaded.changed + loaded.same, workbook=workbook, actor=actor
    )
