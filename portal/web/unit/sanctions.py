"""The unit's own record of sanctions, and the explanation of the counts of its people."""

from flask import abort, request, url_for

from portal.models import Person
from portal.models.sanction_ledger import Filters, LedgerRow, ledger
from portal.models.sanction_records import bars_of, people_of_unit
from portal.web.guards import actor
from portal.web.pages import NavItem, show
from portal.web.sanction_words import explain, lead_to_statement, present_bar
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES


@blueprint.get("/sanctions")
def sanctions():
    """The unit's bars, and the strikes, non-collections and bars of its people (R7.07)."""
    own, province = actor().organisation, actor().province
    people = people_of_unit(own, province)
    known = {person.id for person in people}

    def href_of_row(row: LedgerRow) -> str:
        return url_for("unit.explanation", id=row.person) if row.person in known else ""

    return show(
        "unit/sanctions.html", bars=[present_bar(bar) for bar in bars_of(organisation=own, province=province)],
        rows=ledger(province, Filters(organisation=own)), href_of_row=href_of_row, lead=lead_to_statement,
    )  # fmt: skip


@blueprint.get("/sanctions/people/<int:id>")
def explanation(id: int):
    """Both counts of one of the unit's people, event by event; anybody else is not found."""
    person = _own(id) or abort(404)
    return show(
        "unit/explanation.html", person=person, explained=explain(person, actor().province), unit=actor().organisation,
        lead=lead_to_statement,
    )


def nav_items(reader) -> list[NavItem]:
    """The entry in the door's navigation."""
    href = url_for("unit.sanctions")
    return [NavItem("诚信记录", href, "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _own(id: int) -> Person | None:
    reader = actor()
    struck = (each for each in people_of_unit(reader.organisation, reader.province) if each.id == id)
    return Person.get_or_none(Person.id == id, Person.organisation == reader.organisation) or next(struck, None)
