"""One transition table per kind of case; FLOWS finds it by the case's kind. Credentials have a flow, but no case."""

from portal.rules.flows import credential, registration, statement

FLOWS = {flow.FLOW.name: flow.FLOW for flow in (registration, statement, credential)}
