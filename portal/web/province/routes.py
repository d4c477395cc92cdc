"""The beginning of this door; its own rooms append their entries to the navigation."""

from portal.web import catalogue, helpdesk, pool, results
from portal.web.desk import reasons
from portal.web.desk.furnishing import furnish
from portal.web.province import blueprint

ENTRIES = furnish(blueprint, results, pool, reasons, catalogue, helpdesk)
