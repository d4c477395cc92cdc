"""Which buttons a notice's page offers to its reader."""

from flask import current_app, request, url_for

from portal.actions.notices import DRAFT, PUBLISHED
from portal.models import Notice
from portal.rules.workflow import Actor, Seat


def verbs_on(notice: Notice, reader: Actor) -> dict[str, str]:
    """Addresses by verb (edit, publish, withdraw, pin, unpin, delete, forward, table, tables): what is possible now."""
    mine = notice.office_id == reader.office
    writes = reader.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT) or (
        reader.seat == Seat.UNIT and notice.forward_of_id is not None
    )
    found: list[str] = []
    if mine and writes and notice.state == DRAFT:
        found += ["edit", "publish", "delete"]
    if mine and writes and notice.state == PUBLISHED:
        found += ["withdraw"]
        if notice.is_public and reader.seat != Seat.UNIT:
            found += ["unpin" if notice.pinned else "pin"]
    if reader.seat == Seat.UNIT and not mine and notice.state == PUBLISHED and notice.forward_of_id is None:
        found += ["forward"]
    if reader.seat == Seat.UNIT and notice.wants_table and notice.state == PUBLISHED:
        found += ["tables"] if mine else ["table"]
    return {
        verb: url_for(f"{request.blueprint}.{endpoint}", id=notice.id)
        for verb in found
        if f"{request.blueprint}.{(endpoint := _ENDPOINTS[verb])}" in current_app.view_functions
    }


_ENDPOINTS = {
    "edit": "edit_notice", "publish": "publish_notice", "delete": "delete_notice", "withdraw": "withdraw_notice",
    "pin": "pin_notice", "unpin": "pin_notice", "forward": "forward_notice", "table": "table", "tables": "tables",
}  # fmt: skip
