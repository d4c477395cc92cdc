"""The room of notices in the city's door: reading what the office received."""

from portal.web import notices as room
from portal.web.city import blueprint
from portal.web.city.routes import ENTRIES

room.mount(blueprint)
ENTRIES.append(room.nav_items)
