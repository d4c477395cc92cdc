"""The first pages of this door."""

from portal.web.province import blueprint
