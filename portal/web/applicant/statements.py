"""The room of statements in the applicant's door: against what was decided about oneself."""

from portal.web import statements as room
from portal.web.applicant import blueprint

room.mount(blueprint)
