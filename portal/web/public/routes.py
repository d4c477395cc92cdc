"""The first pages of this door."""

from portal.web.public import blueprint
