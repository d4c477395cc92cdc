"""The room of supervision in the unit's door: what was found at the own organisation."""

from portal.web import supervision as room
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES

room.mount(blueprint)
ENTRIES.append(room.nav_items)
