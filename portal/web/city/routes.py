"""The first pages of this door: home leads to the desk, and the navigation is collected from the door's rooms."""

from flask import redirect, url_for

from portal.rules.workflow import Actor
from portal.web import desk, helpdesk
from portal.web.city import blueprint
from portal.web.pages import NavItem

# The daily work comes first: other rooms of this door append their own function, (actor) -> list of NavItem.
ENTRIES = [desk.nav_items]
SELDOM = [helpdesk.nav_items]

desk.mount(blueprint)
helpdesk.mount(blueprint)


def nav(actor: Actor) -> list[NavItem]:
    """The navigation of this door."""
    return [item for entries in (*ENTRIES, *SELDOM) for item in entries(actor)]


blueprint.nav = nav


@blueprint.get("/")
def home():
    """Where a login leads: to what waits."""
    return redirect(url_for("city.queue"), 303)
