"""The first page after the login, and what several of this door's pages ask about the signed-in person."""

from flask import redirect, url_for

from portal.models import Case, Person, Registration
from portal.rules.flows.registration import ADMITTED
from portal.web.applicant import blueprint
from portal.web.guards import actor
from portal.web.pages import get_or_404


@blueprint.get("/")
def home():
    """To the registrations, or to the profile while it has never been saved (R1.03, R1.05)."""
    person = own_person()
    return redirect(url_for("applicant.registrations" if person.saved_at else "applicant.profile"), 303)


def own_person() -> Person:
    """The person of the signed-in account, or a 404."""
    return get_or_404(Person.select().where(Person.id == actor().person))


def approved_registrations() -> list[Registration]:
    """The person's approved registrations, newest first."""
    return list(
        Registration.select()
        .join(Case)
        .where(Registration.person == actor().person, Case.state.in_(list(ADMITTED)))
        .order_by(Case.id.desc())
    )
