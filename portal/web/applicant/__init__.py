"""The applicant's door: own profile, registrations, training and certificates."""

from portal.rules.workflow import Seat
from portal.web.guards import door

blueprint = door("applicant", {Seat.APPLICANT}, "/applicant")

from portal.web.applicant import routes  # noqa: E402, F401 - routes hang themselves on the blueprint
