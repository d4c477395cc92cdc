"""The review result notice (审核结果通知书): approved or rejected, why, when, and which body decided."""

from dataclasses import dataclass
from datetime import date

from portal.documents.render import render


@dataclass(frozen=True)
class Decision:
    """The decision on one registration.

    `deciding_body` is the body in whose name it stands, whoever clicked (004 三); `handled_by` the centre that acted
    under its authority, if another. `reason` is printed for both outcomes; `advice` says what the person can do now.
    """

    person: str
    plan_name: str
    case_number: str
    is_approved: bool
    reason: str
    decided_on: date
    deciding_body: str
    number: str = ""
    identity_number: str = ""
    unit: str = ""
    occupation: str = ""
    handled_by: str = ""
    advice: str = ""
    contact: str = ""
    title: str = "审核结果通知书"

    @property
    def result(self) -> str:
        """The decision in the words of the registration's states."""
        return "审核通过" if self.is_approved else "审核不通过"


def decision_pdf(decision: Decision) -> bytes:
    """The notice as PDF. Raises MissingGlyph when a character cannot be printed."""
    return render("decision", {"decision": decision})
