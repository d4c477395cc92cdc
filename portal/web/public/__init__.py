"""The public"s door, open to everybody: notices, plans, guide and contact."""

from portal.web.guards import door

blueprint = door("public", None, None)

from portal.web.public import routes  # noqa: E402, F401 - routes hang themselves on the blueprint
