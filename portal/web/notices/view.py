"""What a notice's page shows: the same parts in the same order as its paper (R2.37)."""

from dataclasses import dataclass

from flask import url_for

from portal.documents.notice import break_title, compose_opening, split_body
from portal.models import Notice
from portal.models.recipients import attachments_of
from portal.papers.bulletins import listed_table
from portal.papers.notices import DISCLOSURE, compose_contacts, compose_notice
from portal.rules.dates import print_date


@dataclass(frozen=True)
class Attached:
    """One attachment in the list: its number, title, where it opens, and what it is."""

    number: int
    title: str
    href: str
    note: str


@dataclass(frozen=True)
class NoticeView:
    """A notice ready for the template; `paragraphs` are (level, text) with level 0 for running text."""

    notice: Notice
    title_lines: tuple[str, ...]
    opening: str
    paragraphs: tuple[tuple[int, str], ...]
    contacts: tuple
    attachments: tuple[Attached, ...]
    signed_on: str
    printed_on: str
    disclosure: str
    listed: tuple  # heads and rows of a bulletin's list, or ()


def present(notice: Notice, blueprint: str) -> NoticeView:
    """The view of a notice whose attachments open at `blueprint`'s own address."""
    paper = compose_notice(notice)
    attached = []
    for row in attachments_of(notice):
        note = row.file.name if row.file else ""
        href = url_for(f"{blueprint}.notice_attachment", id=notice.id, attachment=row.id)
        attached.append(Attached(row.position, row.title, href, note))
    return NoticeView(
        notice=notice,
        title_lines=break_title(notice.title) if notice.title else ("（未填写标题）",),
        opening=compose_opening(paper),
        paragraphs=tuple(
            (each.level, "".join(text for text, _ in (*each.head, *each.text))) for each in split_body(notice.body)
        ),
        contacts=compose_contacts(notice.contacts),
        attachments=tuple(attached),
        signed_on=print_date(notice.signed_on) if notice.signed_on else "　　年　月　日",
        printed_on=print_date(notice.printed_on) if notice.printed_on else "",
        disclosure=DISCLOSURE if notice.is_public else "",
        listed=listed_table(notice) if notice.listed else (),
    )
