"""The case page of whatever kind: opening it, claiming it while it is shown, giving it back."""

from flask import request

from portal.actions.claims import claim_case, release_case
from portal.models import Case
from portal.rules.errors import Stale
from portal.rules.kinds import noun_of
from portal.web.desk.case_words import claim_context
from portal.web.desk.files import visible_case
from portal.web.desk.queue import here
from portal.web.desk.rooms import show_case
from portal.web.guards import actor
from portal.web.pages import go, show


def case(id_: int):
    """GET /cases/17: the split view, whole or as a piece; claims nothing."""
    found = visible_case(id_)
    return show_case(found)


def claim(id_: int):
    """POST /cases/17/claim: made when the page is shown; a colleague's claim is left alone."""
    return _claim(id_, take_over=False)


def take_over(id_: int):
    """POST /cases/17/take-over: the colleague's claim becomes this reader's, visibly."""
    return _claim(id_, take_over=True)


def release(id_: int):
    """POST /cases/17/release: back to the queue."""
    desk, found = here(), visible_case(id_)
    release_case(found, actor=actor())
    return go(f"{desk.base}{desk.suffix}", f"{found.title}的{noun_of(found.kind)}已放回待办。")


def _claim(id_: int, *, take_over: bool):
    desk, found = here(), visible_case(id_)
    status, message = 200, None
    try:
        found = claim_case(found, actor=actor(), take_over=take_over)
    except Stale as refusal:
        status, message = 409, {"tone": "warn", "text": refusal.message, "details": ()}
        found = Case.get_by_id(id_)
    if request.htmx:
        return show("desk/case.html", pieces=("desk/_claim.html",), status=status, desk=desk, **claim_context(found))
    if message:
        return show_case(found, status=409, message=message)
    return go(f"{desk.base}/{id_}{desk.suffix}")


ROUTES = (
    ("/<int:id_>", ["GET"], case),
    ("/<int:id_>/claim", ["POST"], claim),
    ("/<int:id_>/take-over", ["POST"], take_over),
    ("/<int:id_>/release", ["POST"], release),
)
