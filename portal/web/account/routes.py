"""Login, logout, the seat in use, passwords, registration and the inbox."""

from portal.web.account import blueprint
