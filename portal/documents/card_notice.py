"""The notices about cards: when they can be collected until (领取通知), and that one has become void (作废通知)."""

from dataclasses import dataclass
from datetime import date

from portal.documents.render import render


@dataclass(frozen=True)
class CardNotice:
    """A letter with a list: `rows` stand under `heads`, between the first paragraphs and the closing ones."""

    title: str
    addressee: str
    opening: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    closing: tuple[str, ...]
    issuer: str
    signed_on: date


def card_notice_pdf(notice: CardNotice) -> bytes:
    """The notice as PDF. Raises MissingGlyph when a character cannot be printed."""
    return render("card_notice", {"notice": notice})
