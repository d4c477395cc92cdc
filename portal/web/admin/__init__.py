"""The technical staff's door: offices, users, seats, catalogues and settings."""

from portal.rules.workflow import Seat
from portal.web.guards import door

blueprint = door("admin", {Seat.TECHNICIAN}, "/admin")

from portal.web.admin import routes  # noqa: E402, F401 - routes hang themselves on the blueprint
