"""The holder's own 作废通知 of a card that nobody collected in time."""

from flask import abort

from portal.models import Credential
from portal.papers.card_claims import has_void_notice, print_void_notice
from portal.web.applicant import blueprint
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404


@blueprint.get("/certificates/<int:id>/void-notice.pdf")
def void_notice(id: int):
    """The 作废通知 of an own card (R10.71)."""
    card = get_or_404(Credential.visible_to(actor()).where(Credential.id == id))
    if not has_void_notice(card):
        abort(404)
    return send_bytes(*print_void_notice(card, actor=actor()))
