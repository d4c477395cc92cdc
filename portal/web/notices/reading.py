"""The pages for reading notices: what the office received or issued, its text, its PDF, its attachments."""

from flask import request, url_for

from portal.actions.notices import PUBLISHED, STATE_LABELS, STATE_TONES
from portal.models import Notice, NoticeRecipient
from portal.models.recipients import recipients_of
from portal.rules.workflow import Seat
from portal.web.guards import actor
from portal.web.notices import actions_on
from portal.web.notices.answers import send_attachment, send_notice
from portal.web.notices.view import present
from portal.web.pages import get_or_404, show

ROWS = 30


def notices():
    """The list of notices, newest first: received ones, or those of the own office."""
    reader = actor()
    own = request.args.get("own") == "1"
    received = NoticeRecipient.select(NoticeRecipient.notice).where(NoticeRecipient.office == reader.office)
    query = Notice.visible_to(reader).where((Notice.office == reader.office) if own else Notice.id.in_(received))
    before = request.args.get("before", type=int)
    rows = list((query.where(Notice.id < before) if before else query).order_by(Notice.id.desc()).limit(ROWS + 1))
    copies = {
        id
        for (id,) in NoticeRecipient.select(NoticeRecipient.notice)
        .where(NoticeRecipient.office == reader.office, NoticeRecipient.is_copy)
        .tuples()
    }
    return show(
        "notices/list.html", pieces=("notices/_notices.html",), rows=rows[:ROWS], own=own, copies=copies,
        state_labels=STATE_LABELS, state_tones=STATE_TONES, may_write=reader.seat in _WRITERS,
        next=url_for(".notices", own=1 if own else None, before=rows[ROWS - 1].id) if len(rows) > ROWS else "",
        previous=url_for(".notices", own=1 if own else None) if before else "",
    )  # fmt: skip


def notice(id: int):
    """One notice with everything the reader may do with it; a forward with the original after it (R2.40)."""
    reader = actor()
    row = get_or_404(Notice.visible_to(reader).where(Notice.id == id))
    original = row.forward_of
    forwards = list(
        Notice.select().where(Notice.forward_of == row.id, Notice.office == reader.office).order_by(Notice.id)
    )
    mine = row.office_id == reader.office
    return show(
        "notices/notice.html", view=present(row, request.blueprint), notice=row, mine=mine, forwards=forwards,
        original=present(original, request.blueprint) if original else None,
        recipients=recipients_of(row) if mine and row.state == PUBLISHED else [],
        verbs=actions_on.verbs_on(row, reader), state_labels=STATE_LABELS, state_tones=STATE_TONES,
        note=_note_of(row, reader),
    )  # fmt: skip


def notice_pdf(id: int):
    """The notice as PDF, on demand."""
    row = get_or_404(Notice.visible_to(actor()).where(Notice.id == id))
    return send_notice(row, actor=actor())


def notice_attachment(id: int, attachment: int):
    """One attachment of a notice that the reader may see."""
    row = get_or_404(Notice.visible_to(actor()).where(Notice.id == id))
    return send_attachment(row, attachment, actor=actor())


ROUTES = (
    ("", notices),
    ("/<int:id>", notice),
    ("/<int:id>/pdf", notice_pdf),
    ("/<int:id>/attachments/<int:attachment>", notice_attachment),
)
_WRITERS = {Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}


def _note_of(row: Notice, reader) -> str:
    """抄送 where the reader's office is only a copied body."""
    copied = NoticeRecipient.select().where(
        NoticeRecipient.notice == row.id, NoticeRecipient.office == reader.office, NoticeRecipient.is_copy
    )  # fmt: skip
    return "抄送" if reader.office and copied.exists() else ""


