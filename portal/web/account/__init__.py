"""The account"s door, open to everybody: login, registration, password, seats and messages."""

from portal.web.guards import door

blueprint = door("account", None, "/account")

from portal.web.account import routes  # noqa: E402, F401 - routes hang themselves on the blueprint
