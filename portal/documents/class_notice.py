"""The one-page notice to one participant of a class: the separate notice of an offline session, and the exam notice."""

from dataclasses import dataclass
from datetime import date

from portal.documents.render import render


@dataclass(frozen=True)
class ClassNotice:
    """`facts` are the lines of the table as (label, text), `points` the numbered things to mind below it.

    `number` is the registration's; `office` signs on `issued_on`.
    """

    title: str
    person: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    points: tuple[str, ...]
    office: str
    issued_on: date
    number: str = ""
    contact: str = ""


def class_notice_pdf(notice: ClassNotice) -> bytes:
    """The notice as PDF. Raises MissingGlyph when a character cannot be printed."""
    return render("class_notice", {"notice": notice})
