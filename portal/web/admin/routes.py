"""The first pages of this door."""

from portal.web.admin import blueprint
