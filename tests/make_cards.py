"""Factories of the card desk's tests: a unit with cards that are issued or released, and everybody who acts on them."""

from dataclasses import dataclass, field

from portal.actions import cards
from portal.models import Credential, Organisation, Person, Plan
from portal.rules.workflow import Actor, Seat
from tests import make
from tests.make_credentials import issuer_of, make_credential, make_passed


@dataclass
class Desk:
    """A unit with its account, the issuing department, and the unit's cards."""

    plan: Plan
    organisation: Organisation
    unit: Actor
    issuer: Actor
    cards: list[Credential] = field(default_factory=list)

    def issue(self, people: int = 1, *, person: Person | None = None, plan: Plan | None = None, **kw) -> Credential:
        """One or more new cards, issued now; gives the last one."""
        for _ in range(people):
            registration = make_passed(plan or self.plan, self.organisation, person, **kw)
            self.cards.append(make_credential(registration=registration))
        return self.cards[-1]

    def release(self, *some: Credential) -> list[Credential]:
        """Release these, or all; gives them as they are then."""
        cards.release_cards([card.id for card in some or self.cards], actor=self.issuer)
        return [fresh(card) for card in some or self.cards]


def make_desk(number: int = 1, *, released: bool = True, organisation: Organisation | None = None) -> Desk:
    """A desk with so many cards of the unit's people, released unless said otherwise."""
    organisation = organisation or make.make_organisation(occupations=[make.make_occupation()])
    unit = make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=organisation)))
    desk = Desk(make.make_plan(), organisation, unit, issuer_of(organisation.province))
    if number:
        desk.issue(number)
        if released:
            desk.cards = desk.release()
    return desk


def fresh(card: Credential) -> Credential:
    """The row as it stands now."""
    return Credential.get_by_id(card.id)
