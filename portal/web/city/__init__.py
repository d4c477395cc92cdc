"""The city's door, for county, city centre and city bureau."""

from portal.rules.workflow import Seat
from portal.web.guards import door

blueprint = door("city", {Seat.COUNTY, Seat.CITY_CENTRE, Seat.CITY_BUREAU}, "/city")

from portal.web.city import notices, routes, supervision  # noqa: E402, F401 - routes hang themselves on the blueprint
