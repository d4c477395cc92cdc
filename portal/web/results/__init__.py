"""The results room: how the people an office may see fare in each class, the pass list, and their notices (R5.18)."""

from flask import Blueprint, request, url_for

from portal.rules.workflow import Actor, Seat
from portal.web.guards import DOOR_OF
from portal.web.pages import NavItem


def mount(blueprint: Blueprint) -> None:
    """Hang the room's pages on a door: endpoints such as unit.results, addresses such as /unit/results."""
    from portal.web.results import excuses, routes

    rules = routes.ROUTES + (excuses.UNIT_ROUTES if blueprint.name == "unit" else ())
    for rule, methods, view in rules:
        blueprint.add_url_rule(rule, view.__name__, view, methods=methods)


def nav_items(actor: Actor) -> list[NavItem]:
    """The room's entry in a door's navigation; the province comes here from its plans."""
    if actor.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT):
        return []
    href = url_for(f"{DOOR_OF[actor.seat]}.results")
    return [NavItem("培训考核", href, active=request.path.startswith(href))]
