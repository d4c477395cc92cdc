"""The reviewer's desk: one queue and one case page for unit, county, city and province, mounted into each door."""

from flask import Blueprint, g, request, url_for

from portal.models.jurisdictions import working_calendar
from portal.models.queue_filters import capped
from portal.models.queues import Counters, counters
from portal.rules.workdays import Calendar
from portal.rules.workflow import Actor
from portal.web.pages import NavItem


def mount(blueprint: Blueprint) -> None:
    """Hang the desk's pages on a door: endpoints such as unit.queue, addresses such as /unit/cases/17/approve."""
    from portal.web.desk import behalf, bulk, case, deciding, files, queue

    for room in (queue, case, deciding, files, behalf, bulk):
        for rule, methods, view in room.ROUTES:
            blueprint.add_url_rule(f"/cases{rule}", view.__name__, view, methods=methods)


def nav_items(actor: Actor) -> list[NavItem]:
    """The desk's entry in a door's navigation, with the number of waiting cases."""
    href = url_for(f"{request.blueprint}.queue") if _at_desk() else f"/{_door(actor)}/cases"
    number = desk_counters(actor).waiting
    return [NavItem("待办审核", href, capped(number) if number else "", request.path.startswith(href))]


def desk_counters(actor: Actor) -> Counters:
    """The counters, asked for once per request."""
    if "desk_counters" not in g:
        g.desk_counters = counters(actor, calendar=desk_calendar())
    return g.desk_counters


def desk_calendar() -> Calendar:
    """The working calendar, asked for once per request."""
    if "desk_calendar" not in g:
        g.desk_calendar = working_calendar()
    return g.desk_calendar


def forget_counters() -> None:
    """After a decision the page shows the new numbers."""
    g.pop("desk_counters", None)


def _at_desk() -> bool:
    return request.blueprint in ("unit", "city", "province")


def _door(actor: Actor) -> str:
    from portal.web.guards import DOOR_OF

    return DOOR_OF[actor.seat]
