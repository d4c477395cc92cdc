"""The pool room: the examiners that a unit or the province has, filtered and as Excel; mounted into doors (R6.28)."""

from flask import Blueprint, request, url_for

from portal.rules.workflow import Actor
from portal.web.guards import DOOR_OF
from portal.web.pages import NavItem


def mount(blueprint: Blueprint) -> None:
    """Hang the room's pages on a door: endpoints such as unit.pool, addresses such as /unit/pool."""
    from portal.web.pool import pages

    for rule, methods, view in pages.ROUTES:
        blueprint.add_url_rule(rule, view.__name__, view, methods=methods)


def nav_items(actor: Actor) -> list[NavItem]:
    """The room's entry in a door's navigation."""
    href = url_for(f"{DOOR_OF[actor.seat]}.pool")
    return [NavItem("考评人员库", href, active=request.path.startswith(href))]
