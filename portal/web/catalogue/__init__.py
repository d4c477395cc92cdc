"""The catalogue room: occupations, their other names, and imports; mounted into doors (R13.24)."""

from flask import Blueprint, request, url_for

from portal.actions.catalogues import MAINTAINERS
from portal.papers.imports import KINDS
from portal.rules.workflow import Actor, Seat
from portal.web.guards import DOOR_OF
from portal.web.pages import NavItem


def mount(blueprint: Blueprint) -> None:
    """Hang the room's pages on a door: endpoints such as province.occupations at /province/occupations."""
    from portal.web.catalogue import imports, occupations

    for room in (occupations, imports):
        for rule, methods, view in room.ROUTES:
            blueprint.add_url_rule(rule, view.__name__, view, methods=methods)


def nav_items(actor: Actor) -> list[NavItem]:
    """The room's entries in a door's navigation, for the seats that maintain the catalogue or may import a table."""
    rooms = [("职业目录", "occupations")] if actor.seat in MAINTAINERS else []
    if any(actor.seat in {Seat.TECHNICIAN, *kind.seats} for kind in KINDS.values()):
        rooms.append(("数据导入", "imports"))
    hrefs = [(label, url_for(f"{DOOR_OF[actor.seat]}.{name}")) for label, name in rooms]
    return [NavItem(label, href, active=request.path.startswith(href)) for label, href in hrefs]
