"""Notices on paper: the rows of a notice and its attachments become the document, and the making is logged."""

from portal.actions.events import log_document
from portal.documents import notice as paper
from portal.documents.annex import annex_pdf
from portal.documents.tables import Roster, roster_pdf
from portal.models import Notice, NoticeAttachment
from portal.models.jurisdictions import profile_of
from portal.models.recipients import attachments_of
from portal.papers.bulletins import listed_annex
from portal.papers.guide import guide_text
from portal.papers.tables import blank_table, unit_table
from portal.rules.workflow import Actor

DISCLOSURE = "此件主动公开"


def print_notice(notice: Notice, *, actor: Actor) -> bytes:
    """The notice as PDF on demand (R2.52), a forward with its original after it; blanks print as blanks (R2.11).

    Raises MissingGlyph when a character cannot be printed.
    """
    original = notice.forward_of
    content = paper.notice_pdf(compose_notice(notice), compose_notice(original) if original else None)
    log_document("notice", f"notice:{notice.id}", content, actor=actor, number=notice.number or "")
    return content


def compose_notice(notice: Notice) -> paper.Notice:
    """The document's plain data from the rows; all parts of R2.37 in their order."""
    return paper.Notice(
        issuer=notice.issuer,
        number=notice.number or "",
        title=notice.title,
        addressees=(notice.addressees,) if notice.addressees else (),
        purpose=notice.purpose,
        basis=tuple(
            paper.Basis(basis["title"], basis.get("number", ""), basis.get("issuer", "")) for basis in notice.basis
        ),
        announcement=notice.announcement,
        body=notice.body,
        contacts=compose_contacts(notice.contacts),
        annexes=tuple(_compose_annex(notice, attachment) for attachment in attachments_of(notice))
        + ((listed_annex(notice),) if notice.listed else ()),
        signature=notice.signature,
        signed_on=notice.signed_on,
        disclosure=DISCLOSURE if notice.is_public else "",
        keywords=tuple(notice.keywords.split()),
        copied_to=(notice.copy_to,) if notice.copy_to else (),
        printed_by=notice.printed_by,
        printed_on=notice.printed_on,
    )


def compose_contacts(contacts: list[dict]) -> tuple[paper.Contacts, ...]:
    """Contacts grouped by their office; several people share landline, email and address lines (R2.29)."""
    offices: dict[str, list[dict]] = {}
    for contact in contacts:
        offices.setdefault(contact.get("office", ""), []).append(contact)
    return tuple(
        paper.Contacts(
            people=tuple(
                paper.Person(each["name"], (each["mobile"],) if each.get("mobile") else ())
                for each in rows
                if each.get("name")
            ),
            landlines=_distinct(rows, "phone"),
            email="、".join(_distinct(rows, "email")),
            address="；".join(_distinct(rows, "address")),
            office=office,
        )
        for office, rows in offices.items()
    )


def print_annex(attachment: NoticeAttachment) -> bytes:
    """A built-in attachment as a PDF of its own, for the attachment list (R2.30); a table is its empty form."""
    annex = _compose_annex(attachment.notice, attachment)
    if attachment.builtin != "table":
        return annex_pdf(annex.title, annex.body)
    return roster_pdf(_blank_form(attachment.notice))


def _blank_form(notice: Notice) -> Roster:
    """The empty table that goes with a notice: the province's own, or the members' table under a forward."""
    is_summary = profile_of(notice.province).forms.summary.kind == "summary_table"
    if is_summary and notice.plan and notice.forward_of_id is None:
        return unit_table(notice.plan, 0, "　" * 12)
    return blank_table(notice)


def _compose_annex(notice: Notice, attachment: NoticeAttachment) -> paper.Annex:
    """A file is listed only; a built-in document also follows the notice on a page of its own."""
    if attachment.builtin == "guide":
        return paper.Annex(attachment.title, body=guide_text(notice.province))
    if attachment.builtin == "conditions" and notice.plan:
        return paper.Annex(attachment.title, body=notice.plan.conditions_text)
    if attachment.builtin == "table":
        form = _blank_form(notice)
        heads = tuple(head.replace("\n", "") for head in form.columns)
        return paper.Annex(attachment.title, columns=heads, blank_rows=7, printed_title=form.title)
    return paper.Annex(attachment.title)


def _distinct(rows: list[dict], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row[key] for row in rows if row.get(key)))

