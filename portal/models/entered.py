"""Whom a unit has entered for plans: the registrations its people opened for others."""

from collections.abc import Iterable

from peewee import fn

from portal.models.cases import Case, Event, Registration
from portal.models.people import Person
from portal.models.plans import Plan
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor, Seat

DELETED = "delete_entered"  # the event of a draft that its unit has taken back


def entered_by(actor: Actor, states: Iterable[State]):
    """The cases the actor's unit has entered that are in one of these states, with person and plan.

    A registration that its person began alone is nobody else's business before it is submitted; and when the person
    moves to another unit, this one sees it no more. Nor what it has deleted.
    """
    return (
        Case.select(Case, Person, Plan)
        .join(Person, on=(Case.person == Person.id))
        .switch(Case)
        .join(Plan, on=(Case.plan == Plan.id))
        .switch(Case)
        .join(Registration, on=(Registration.case == Case.id))
        .where(_entered(actor), Case.state.in_(list(states)))
    )


def count_entered(actor: Actor) -> dict[str, int]:
    """How many of them are in each state."""
    rows = Case.select(Case.state, fn.COUNT(Case.id)).join(Registration, on=(Registration.case == Case.id))
    return dict(rows.where(_entered(actor)).group_by(Case.state).tuples())


def _entered(actor: Actor):
    opened = Event.select().where(
        Event.case == Case.id, Event.action == "open", Event.seat == Seat.UNIT, Event.office == actor.office
    )
    deleted = Event.select().where(Event.case == Case.id, Event.action == DELETED)
    mine = Registration.organisation == actor.organisation
    return mine & fn.EXISTS(opened) & ~fn.EXISTS(deleted)
