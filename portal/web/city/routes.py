"""The beginning of this door; its own rooms append their entries to the navigation."""

from portal.web import helpdesk, results
from portal.web.city import blueprint
from portal.web.desk.furnishing import furnish

ENTRIES = furnish(blueprint, results, helpdesk)
