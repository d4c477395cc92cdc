"""The first pages of this door."""

from portal.web.unit import blueprint
