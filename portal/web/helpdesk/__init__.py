"""The helpdesk room: unit and centres hand a one-time code to somebody of theirs who forgot the password (R1.33)."""

from flask import Blueprint, request, url_for

from portal.rules.workflow import Actor, Seat
from portal.web.guards import DOOR_OF
from portal.web.pages import NavItem

SEATS = frozenset({Seat.UNIT, Seat.CITY_CENTRE, Seat.PROVINCE_CENTRE})


def mount(blueprint: Blueprint) -> None:
    """Hang the room's pages on a door: endpoints such as unit.helpdesk, addresses such as /unit/helpdesk."""
    from portal.web.helpdesk import routes

    for rule, methods, view in routes.ROUTES:
        blueprint.add_url_rule(rule, view.__name__, view, methods=methods)


def nav_items(actor: Actor) -> list[NavItem]:
    """The room's entry in a door's navigation, for the seats that may help."""
    if actor.seat not in SEATS:
        return []
    href = url_for(f"{DOOR_OF[actor.seat]}.helpdesk")
    return [NavItem("重置密码", href, active=request.path.startswith(href))]
