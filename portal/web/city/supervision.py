"""The room of supervision in the city's door: about the organisations of the territory."""

from portal.web import supervision as room
from portal.web.city import blueprint
from portal.web.city.routes import ENTRIES

room.mount(blueprint, writes=True)
ENTRIES.append(room.nav_items)
