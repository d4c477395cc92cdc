"""The room of notices, mounted into doors: reading for unit, city and province, writing for those that may."""

from flask import Blueprint, request, url_for

from portal.rules.workflow import Actor


def mount(blueprint: Blueprint, *, writes: bool = False, pins: bool = False) -> None:
    """Hang the room on a door: endpoints such as unit.notice, addresses such as /unit/notices/3/pdf.

    `writes`: with the pages for drafts; `pins`: with pinning on the public home page.
    """
    from portal.web.notices import reading, writing

    routes = [(rule, view, ("GET",)) for rule, view in reading.ROUTES]
    routes += writing.ROUTES if writes else ()
    routes += (writing.PIN_ROUTE,) if pins else ()
    for rule, view, methods in routes:
        blueprint.add_url_rule(f"/notices{rule}", view.__name__, view, methods=list(methods))


def nav_items(actor: Actor) -> list:
    """The room's entry in a door's navigation."""
    from portal.web.guards import DOOR_OF
    from portal.web.pages import NavItem

    href = url_for(f"{DOOR_OF[actor.seat]}.notices")
    return [NavItem("通知", href, "", request.path.startswith(href))]
