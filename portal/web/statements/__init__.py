"""The room of statements (陈述申辩), mounted into the doors of those who file them: persons and units (R7.18)."""

from flask import Blueprint


def mount(blueprint: Blueprint) -> None:
    """Hang the room on a door: endpoints such as unit.file_statement, addresses such as /unit/statements/3."""
    from portal.web.statements import routes

    for rule, methods, view in routes.ROUTES:
        blueprint.add_url_rule(f"/statements{rule}", view.__name__, view, methods=methods)
