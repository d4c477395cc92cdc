"""The applicant's own record of sanctions, with both counts explained."""

from portal.web.applicant import blueprint
from portal.web.applicant.home import own_person
from portal.web.pages import show
from portal.web.sanction_words import explain_everywhere, lead_to_statement


@blueprint.get("/sanctions")
def sanctions():
    """Every event that counts, the rule, and what follows (R7.07)."""
    person = own_person()
    return show(
        "applicant/sanctions.html", person=person, everywhere=explain_everywhere(person), lead=lead_to_statement
    )
