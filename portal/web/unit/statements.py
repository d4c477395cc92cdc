"""The room of statements in the unit's door: for the unit itself, or for its people."""

from portal.web import statements as room
from portal.web.unit import blueprint

room.mount(blueprint)
