"""The ledger of sanctions in Excel: the rows of the page become the sheet, and the making is logged."""

from portal.actions.events import log_document
from portal.documents.sheets import SheetLayout, write_sheet
from portal.models.sanction_ledger import HEADS, Filters, ledger
from portal.rules.workflow import Actor


def ledger_xlsx(province: str, filters: Filters, *, actor: Actor) -> bytes:
    """Every row of the ledger that the filters let through, in the order of the page (R7.19); numbers masked."""
    rows = [row.cells for row in ledger(province, filters)]
    content = write_sheet(HEADS, rows, SheetLayout(sheet_name="诚信台账"))
    log_document("sanctions.xlsx", f"province:{province}", content, actor=actor)
    return content
