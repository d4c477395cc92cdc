"""The first pages of this door."""

from portal.web.city import blueprint
