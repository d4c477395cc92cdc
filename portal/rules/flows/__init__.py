"""One transition table per kind of case; FLOWS finds it by the case's kind."""

from portal.rules.flows import registration

FLOWS = {registration.FLOW.name: registration.FLOW}
