"""Notices and their attachments on their way out; the caller has found them among what the reader may see."""

import re

from flask import abort

from portal.actions.events import log_document
from portal.models import Notice, NoticeAttachment
from portal.papers.notices import print_annex, print_notice
from portal.rules.workflow import Actor
from portal.web.files import send, send_bytes


def send_notice(notice: Notice, *, actor: Actor):
    """The notice as PDF under its title (R2.52)."""
    return send_bytes(print_notice(notice, actor=actor), f"{_file_name(notice.title or '通知')}.pdf")


def send_attachment(notice: Notice, attachment: int, *, actor: Actor):
    """One attachment of the notice: the uploaded file, or a built-in document as PDF (R2.30)."""
    row = NoticeAttachment.get_or_none(NoticeAttachment.id == attachment, NoticeAttachment.notice == notice.id)
    if row is None or not (row.builtin or row.file):
        abort(404)
    if row.file:
        return send(row.file, download=True)
    content = print_annex(row)
    log_document("notice.attachment", f"notice:{notice.id}", content, actor=actor)
    return send_bytes(content, f"{_file_name(row.title)}.pdf")


def _file_name(title: str) -> str:
    return re.sub(r"[\\/:*?\"<>|\x00-\x1f]", "", title)[:80] or "通知"
