"""The room of supervision: records and cases about organisations; the organisation itself reads them."""

from flask import Blueprint, request, url_for

from portal.rules.workflow import Actor


def mount(blueprint: Blueprint, *, writes: bool = False) -> None:
    """Hang the room on a door: endpoints such as city.supervisions, addresses such as /city/supervision/3.

    `writes`: with the pages for new records, cases and decisions.
    """
    from portal.web.supervision import records, violations

    for prefix, part in (("supervision", records), ("violations", violations)):
        for rule, methods, view in part.READING + (part.WRITING if writes else ()):
            blueprint.add_url_rule(f"/{prefix}{rule}", view.__name__, view, methods=list(methods))


def nav_items(actor: Actor) -> list:
    """The room's entry in a door's navigation."""
    from portal.web.guards import DOOR_OF
    from portal.web.pages import NavItem

    door = DOOR_OF[actor.seat]
    places = (url_for(f"{door}.supervisions"), url_for(f"{door}.violations"))
    return [NavItem("监督检查", places[0], "", request.path.startswith(places))]
