"""Factories of the card desk's tests: a unit with cards that are issued or released, and everybody who acts on them."""

from dataclasses import dataclass, field

from portal.actions import cards, people_evidence, registrations
from portal.actions.files import keep_file
from portal.models import Case, Credential, HeldQualification, Organisation, Person, Plan, Registration
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor, Seat
from tests import make
from tests.actions import registering
from tests.actions.registering import give_portrait
from tests.make_credentials import issuer_of, make_credential, make_passed
from tests.storage import corpus


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


def submit_for(desk: Desk, store, *, person: Person | None = None, scans: int = 2, **names) -> Credential:
    """An issued card behind which a whole registration stands, with real scans and a stamped form in the store."""
    person = give_portrait(person or make.make_person(desk.organisation, **names))
    actor = make.applicant(person)
    registering.hold(person, actor, scan=False)
    registering.hold(person, actor, scan=False, **registering.CARD)
    for row in HeldQualification.select().where(HeldQualification.person == person):
        for _ in range(scans):
            kept = store.keep_issued(corpus.jpeg(), "证书.jpg", kind="jpeg")
            people_evidence.attach_scan(person, slot=f"qualification.{row.id}.scan", kept=kept, actor=actor)
    people_evidence.save_work_entry(person, actor=actor, values=registering.WORK)
    make.make_city_centre()
    case = registering.fill(registrations.open_registration(desk.plan, actor=actor), actor)
    registrations.submit_registration(case, actor=actor, seen=case.version, declared=True)
    kept = store.keep_issued(b"%PDF-1.4 stamped", "申报表.pdf")
    form = keep_file(owner=f"case:{case.id}", slot="stamped_form", kept=kept, actor=desk.unit)
    Registration.update(stamped_form=form).where(Registration.case == case.id).execute()
    Case.update(state=State.PASSED).where(Case.id == case.id).execute()
    desk.cards.append(make_credential(registration=Registration.get_by_id(case.id)))
    return desk.cards[-1]
