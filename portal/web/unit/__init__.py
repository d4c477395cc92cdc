"""The unit's door: its people's registrations, tables, notices and members."""

from portal.rules.workflow import Seat
from portal.web.guards import door

blueprint = door("unit", {Seat.UNIT}, "/unit")

from portal.web.unit import (  # noqa: E402, F401 - routes hang themselves on the blueprint
    cards,
    colleagues,
    notices,
    organisation,
    routes,
    sanctions,
    statements,
    supervision,
    tables,
)
