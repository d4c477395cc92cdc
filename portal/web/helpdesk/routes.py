"""Looking a person up, and handing out a code that is shown once."""

from flask import abort, request

from portal.actions import passwords
from portal.models import Person, User
from portal.web.guards import actor
from portal.web.helpdesk import SEATS
from portal.web.pages import get_or_404, show


def helpdesk():
    """Search the own people by name or document number."""
    _check_seat()
    words = request.args.get("words", "").strip()
    found = passwords.people_to_help(actor(), words)
    return show("helpdesk/search.html", pieces=("helpdesk/_search.html",), words=words, people=found)


def hand_out_code(person: int):
    """A one-time code for this person, shown this one time."""
    _check_seat()
    row = get_or_404(
        Person.select(Person, User).join(User, on=(Person.user == User.id)).where(Person.id == person, User.active)
    )
    if not passwords.may_reset(row.user, actor()):
        abort(404)
    code = passwords.issue_reset_code(row.user, actor=actor())
    return show("helpdesk/code.html", person=row, code=code, hours=passwords.CODE_HOURS)


def _check_seat() -> None:
    if actor().seat not in SEATS:
        abort(403)


ROUTES = (
    ("/helpdesk", ["GET"], helpdesk),
    ("/helpdesk/<int:person>/code", ["POST"], hand_out_code),
)
