"""The beginning of this door; its own rooms append their entries to the navigation."""

from portal.web import helpdesk, pool, results
from portal.web.desk.furnishing import furnish
from portal.web.unit import blueprint

ENTRIES = furnish(blueprint, results, pool, helpdesk)
