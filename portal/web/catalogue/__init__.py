"""The catalogue room: occupations, their other names, and imports; mounted into doors (R13.24)."""

from flask import Blueprint


def mount(blueprint: Blueprint) -> None:
    """Hang the room's pages on a door: endpoints such as province.occupations at /province/occupations."""
    from portal.web.catalogue import imports, occupations

    for room in (occupations, imports):
        for rule, methods, view in room.ROUTES:
            blueprint.add_url_rule(rule, view.__name__, view, methods=methods)
