"""The 一次性补正告知书 of one registration: everything that is wrong, told at once, as PDF."""

from portal.actions.events import log_document
from portal.documents.correction import Correction as Paper
from portal.documents.correction import CorrectionItem, correction_pdf
from portal.models import Case, Correction, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.workflow import Actor


def print_correction(correction: Correction, *, actor: Actor) -> tuple[bytes, str]:
    """The notice as (PDF, file name), for the applicant and the reviewers alike; the print is logged (R12.07).

    Raises MissingGlyph for a character that cannot be printed.
    """
    case = Case.get_by_id(correction.case_id)
    registration = Registration.get_by_id(case.id)
    paper = Paper(
        person=case.title,
        plan_name=registration.plan.name,
        case_number=case.number or str(case.id),
        items=tuple(CorrectionItem(item["label"], item["note"] or correction.reason) for item in correction.items),
        office=correction.office.name,
        issued_on=correction.at.date(),
        due_on=correction.due_on,
        number=correction.number,
        words=_words(correction),
        title=profile_of(case.province).wording.correction_title,
    )
    content = correction_pdf(paper)
    log_document("correction_notice", f"case:{case.id}", content, actor=actor, number=correction.number)
    return content, f"{paper.title}（{case.title}）.pdf"


def _words(correction: Correction) -> str:
    parts = []
    if any(item["note"] for item in correction.items):
        parts.append(f"总体意见：{correction.reason}")
    if correction.second_reason:
        parts.append(f"再次告知补正的原因：{correction.second_reason}")
    return "　".join(parts)
