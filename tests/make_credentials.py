"""Factories of the credentials' tests: people who passed, and credentials that were issued to them."""

from portal import clock
from portal.actions import issuing
from portal.actions.files import keep_file
from portal.actions.sealing import seal
from portal.cli.demo.pictures import draw_portrait
from portal.models import Case, Credential, Organisation, Person, Plan, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.flows.registration import State
from portal.rules.workflow import SYSTEM, Actor
from portal.storage import Store
from tests import make
from tests.actions.registering import give_portrait


def make_passed(
    plan: Plan, organisation: Organisation, person: Person | None = None, *, state: str = State.PASSED,
    occupation=None, portrait: bool = True, **kw,
) -> Registration:  # fmt: skip
    """A registration in the plan that has passed everything, of a (new) person with a portrait."""
    person = person or make.make_person(organisation)
    if portrait and person.portrait_id is None:
        person = give_portrait(person)
    case = Case.create(
        kind="registration", state=state, organisation=organisation, person=person, plan=plan, province=plan.province,
        title=person.name, number=f"B{plan.id}-{person.id}", created_at=clock.now(), submitted_at=clock.now(),
    )  # fmt: skip
    return Registration.create(
        case=case, plan=plan, person=person, organisation=organisation, employer_name=organisation.name,
        occupation=occupation or make.make_occupation(), live_key=f"{plan.id}:{person.id}", **kw,
    )  # fmt: skip


def issuer_of(province: str) -> Actor:
    """The seat that issues the province's credentials."""
    seat = profile_of(province).owners.credentials
    office = make.make_province_centre(province)
    if seat == "D":
        office = make.make_office(
            level="province", body="department", province=province, name=profile_of(province).wording.department
        )
    return make.actor_of(make.make_grant(seat, office))


def make_credential(province: str = make.SICHUAN, *, registration: Registration | None = None, **kw) -> Credential:
    """A credential issued today by the seat that issues them, with everything it needs."""
    if registration is None:
        organisation = kw.pop("organisation", None) or make.make_organisation(
            province=province, region={"anhui": "合肥市", "sichuan": "成都市"}[province]
        )
        plan = kw.pop("plan", None) or make.make_plan(province=province, **kw)
        registration = make_passed(plan, organisation)
    return issuing.issue_one(registration, actor=issuer_of(registration.plan.province))


def with_photo(credential: Credential, app, kind: int = 0) -> Credential:
    """The credential with a real portrait on disk, sealed anew: for tests that print."""
    store = Store(app.config["PORTAL"].uploads)
    kept = store.keep_issued(draw_portrait(kind), "照片.jpg", kind="jpeg")
    credential.portrait = keep_file(
        owner=f"person:{credential.person_id}", slot="person.portrait", kept=kept, actor=SYSTEM
    )
    credential.mac = seal(credential)
    credential.save(only=[Credential.portrait, Credential.mac])
    return Credential.get_by_id(credential.id)
