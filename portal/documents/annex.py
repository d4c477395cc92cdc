"""An attachment that the portal itself writes (申报条件, 报考流程), as a file of its own."""

from portal.documents.notice import split_body
from portal.documents.render import render


def annex_pdf(title: str, body: str) -> bytes:
    """The attachment as A4 PDF: its title and plain text with numbered headings. Raises MissingGlyph."""
    return render("annex", {"title": title, "paragraphs": split_body(body)})
