"""The helpdesk room: unit and centres hand a one-time code to somebody of theirs who forgot the password (R1.33)."""

from flask import Blueprint


def mount(blueprint: Blueprint) -> None:
    """Hang the room's pages on a door: endpoints such as unit.helpdesk, addresses such as /unit/helpdesk."""
    from portal.web.helpdesk import routes

    for rule, methods, view in routes.ROUTES:
        blueprint.add_url_rule(rule, view.__name__, view, methods=methods)
