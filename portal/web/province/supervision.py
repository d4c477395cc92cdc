"""The room of supervision in the province's door: about the organisations of the territory."""

from portal.web import supervision as room
from portal.web.province import blueprint
from portal.web.province.routes import ENTRIES

room.mount(blueprint, writes=True)
ENTRIES.append(room.nav_items)
