"""The first page after the login, and the two entries whose contents come after the approval."""

from flask import redirect, url_for

from portal.models import Case, Person, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.flows.registration import ADMITTED
from portal.web.applicant import blueprint
from portal.web.guards import actor
from portal.web.pages import get_or_404, show


@blueprint.get("/")
def home():
    """To the registrations, or to the profile while it has never been saved (R1.03, R1.05)."""
    person = own_person()
    return redirect(url_for("applicant.registrations" if person.saved_at else "applicant.profile"), 303)


@blueprint.get("/certificates")
def certificates():
    """证书查看: what will be here and when."""
    person = own_person()
    title = profile_of(person.province).credential.title if person.province else ""
    return show("applicant/certificates.html", rows=approved_registrations(), title=title.format(grade="考评员"))


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
