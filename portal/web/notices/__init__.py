"""The room of received notices, mounted into the unit's, city's and province's doors: list, page, PDF, attachments."""

from flask import Blueprint


def mount(blueprint: Blueprint) -> None:
    """Hang the room on a door: endpoints such as unit.notice, addresses such as /unit/notices/3/pdf."""
    from portal.web.notices import reading

    for rule, view in reading.ROUTES:
        blueprint.add_url_rule(f"/notices{rule}", view.__name__, view, methods=["GET"])
