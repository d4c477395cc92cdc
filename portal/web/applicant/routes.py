"""The first pages of this door."""

from portal.web.applicant import blueprint
