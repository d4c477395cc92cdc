"""The one-time notice of what must be corrected (一次性补正告知书): every wrong item, by when, and the receipt."""

from dataclasses import dataclass
from datetime import date

from portal.documents.render import render


@dataclass(frozen=True)
class CorrectionItem:
    """One field or document that was returned: its label, and what is wrong with it."""

    label: str
    problem: str


@dataclass(frozen=True)
class Correction:
    """All that one person must correct in one registration, told at once; `due_on` is the last day, included."""

    person: str
    plan_name: str
    case_number: str
    items: tuple[CorrectionItem, ...]
    office: str
    issued_on: date
    due_on: date | None = None
    number: str = ""
    words: str = ""
    contact: str = ""
    has_receipt: bool = True
    title: str = "一次性补正告知书"


def correction_pdf(correction: Correction) -> bytes:
    """The notice as PDF. Raises MissingGlyph when a character cannot be printed."""
    return render("correction", {"correction": correction})
