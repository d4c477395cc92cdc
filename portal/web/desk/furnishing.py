"""What every reviewers' door begins with: the desk, its shared rooms, a navigation and a home page."""

from collections.abc import Callable

from flask import Blueprint, redirect, url_for

from portal.rules.workflow import Actor
from portal.web import desk
from portal.web.pages import NavItem

Entry = Callable[[Actor], list[NavItem]]


def furnish(blueprint: Blueprint, *rooms) -> list[Entry]:
    """Mount the desk and the shared rooms; home leads to what waits.

    Gives the list to which the door's own rooms append their navigation, (actor) -> list of NavItem. The daily work
    comes first, the shared rooms, which are seldom needed, last.
    """
    entries: list[Entry] = [desk.nav_items]
    for room in (desk, *rooms):
        room.mount(blueprint)

    def nav(actor: Actor) -> list[NavItem]:
        return [item for entry in (*entries, *(room.nav_items for room in rooms)) for item in entry(actor)]

    def home():
        return redirect(url_for(f"{blueprint.name}.queue"), 303)

    blueprint.nav = nav
    blueprint.add_url_rule("/", "home", home, methods=["GET"])
    return entries
