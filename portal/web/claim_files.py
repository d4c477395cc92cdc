"""The files of a claim of cards, as the unit and the province get them alike; the caller has found the claim."""

from flask import Response, abort

from portal.models import Claim
from portal.papers.card_claims import claim_table
from portal.papers.claim_bundle import pack_bundle
from portal.papers.tables import write_table
from portal.web.files import send, send_bytes, store
from portal.web.guards import actor


def send_table(claim: Claim, suffix: str):
    """The 汇总表 of exactly the claimed people, as pdf or xlsx (R10.09)."""
    content, name, mime = write_table(claim_table(claim), suffix, subject=f"claim:{claim.id}", actor=actor())
    return send_bytes(content, name, mime)


def send_bundle(claim: Claim):
    """The materials of all claimed people in one ZIP (R6.10)."""
    name, pieces = pack_bundle(claim, actor=actor(), store=store())
    response = Response(pieces, mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def send_stamped_table(claim: Claim):
    """The scan of the stamped table, 404 while there is none (R6.11)."""
    if claim.stamped_table_id is None:
        abort(404)
    return send(claim.stamped_table)
