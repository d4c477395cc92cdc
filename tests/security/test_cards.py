"""Other people's exams, certificates, cards, claims and classes: not found by number, and not reached by a form."""

import pytest
from peewee import fn

from portal.actions import card_claims, cards, issuing
from portal.models import Attempt, Attendance, Case, Claim, Credential, Person, Registration, Session, Statement
from portal.rules.flows.credential import State
from tests import make
from tests.house.world import PLACES, add_person
from tests.make_credentials import make_passed

PLACES_WITH_CARDS = ("chengdu", "mianyang")
PASSED_ELSEWHERE = "hefei"


@pytest.fixture(scope="module")
def ground(ground):
    """The world with a collected and a waiting card at two units of a province, and somebody who passed in another."""
    world = ground.world
    issuer = make.actor_of(world.grants["department:sichuan"])
    plan = world.plans["sichuan"]["published"]
    for place in PLACES_WITH_CARDS:
        unit, organisation = make.actor_of(world.grants[f"unit:{place}"]), world.organisations[place]
        person = add_person(world, place, "waiting")
        waiting = issuing.issue_one(make_passed(plan, organisation, person), actor=issuer)
        collected = world.credentials[place]
        cards.release_cards([waiting.id, collected.id], actor=issuer)
        card_claims.claim_cards([collected.id], actor=unit, receiver="领取人", receiver_phone="19900000000")
        world.credentials[f"{place}:waiting"] = Credential.get_by_id(waiting.id)
    person = add_person(world, PASSED_ELSEWHERE, "passed")
    passed = make_passed(world.plans["anhui"]["published"], world.organisations[PASSED_ELSEWHERE], person)
    world.cases[PASSED_ELSEWHERE]["passed"] = Case.get_by_id(passed.case_id)
    ground._prints = None
    return ground


def leaks(ground, role: str, text: str) -> list[str]:
    """What stands in a text of people whom this role has nothing to do with: of other places, or of other provinces."""
    where = role.split(":")[1]
    near = [place for place in PLACES if where in (place, PLACES[place][0])]
    return [word for word in ground.world.secrets(set(PLACES) - set(near)) if word in text]


def own_ids(ground, role: str, model) -> set[int]:
    """The rows of a model that belong to this role, by its own columns (not by what the pages think)."""
    kind, _, where = role.partition(":")
    key = model._meta.primary_key
    if kind == "applicant":
        place, _, state = where.partition(":")
        person = ground.world.people[place][state].id
        query = model.select(key)
        if model is Attempt:
            query = query.join(Registration).where(Registration.person == person)
        else:
            query = query.where(model.person == person)
    elif kind == "unit":
        organisation = ground.world.organisations[where].id
        query = model.select(key)
        if model is Person:
            people = Case.select(Case.person).where(Case.organisation == organisation)
            query = query.where((Person.organisation == organisation) | Person.id.in_(people))
        else:
            query = query.where(model.organisation == organisation)
    elif model is Session:
        plans = [plan.id for plan in ground.world.plans[where].values()]
        query = Session.select(Session.id).where(Session.plan.in_(plans))
    elif model is Attempt:
        plan = ground.world.plans[where]["published"].id
        query = Attempt.select(Attempt.id).join(Registration).where(Registration.plan == plan)
    else:
        query = model.select(key).where(model.province == where)
    return {row[0] for row in query.tuples()}


# (role, method, address, model of the number in it). {plan}: the own province's published plan.
SCANS = [
    *[
        (role, method, address, model)
        for role in ("applicant:chengdu:returned", "applicant:chengdu:approved", "applicant:hefei:certified")
        for method, address, model in (
            ("GET", "/applicant/certificates/{}/download", Credential),
            ("GET", "/applicant/training/exam/{}", Attempt),
            ("GET", "/applicant/training/exam/{}/hand-in", Attempt),
            ("POST", "/applicant/training/exam/{}/hand-in", Attempt),
            ("GET", "/applicant/training/exam/{}/result", Attempt),
            ("POST", "/applicant/training/exam/{}/answers", Attempt),
            ("POST", "/applicant/training/exam/{}/answers/0", Attempt),
            ("GET", "/applicant/training/{}", Case),
            ("GET", "/applicant/training/{}/exam", Case),
            ("POST", "/applicant/training/{}/exam/start", Case),
            ("GET", "/applicant/training/{}/class", Case),
            ("GET", "/applicant/training/{}/class/exam-notice", Case),
            ("GET", "/applicant/training/{}/class/excuse", Case),
            ("GET", "/applicant/statements/{}", Case),
            ("GET", "/applicant/statements/new?credential={}", Credential),
        )
    ],
    *[
        (role, method, address, model)
        for role in ("unit:chengdu", "unit:mianyang")
        for method, address, model in (
            ("GET", "/unit/cards/claims/{}", Claim),
            ("GET", "/unit/cards/claims/{}/table.xlsx", Claim),
            ("GET", "/unit/cards/claims/{}/bundle.zip", Claim),
            ("GET", "/unit/cards/claims/{}/stamped", Claim),
            ("POST", "/unit/cards/claims/{}/table", Claim),
            ("GET", "/unit/cards/{}/void-notice.pdf", Credential),
            ("GET", "/unit/results/{plan}/people/{}", Case),
            ("GET", "/unit/results/{plan}/people/{}/exam-notice", Case),
            ("GET", "/unit/results/{plan}/people/{}/excuse", Case),
            ("GET", "/unit/sanctions/people/{}", Person),
            ("GET", "/unit/statements/{}", Case),
        )
    ],
    *[
        (role, method, address, model)
        for role in ("province:anhui", "department:sichuan", "province:sichuan")
        for method, address, model in (
            ("GET", "/province/cards/{}", Credential),
            ("POST", "/province/cards/{}/revoke", Credential),
            ("GET", "/province/cards/{}/correct", Credential),
            ("GET", "/province/credentials/{}/print", Credential),
            ("GET", "/province/cards/claims/{}", Claim),
            ("POST", "/province/cards/claims/{}/hand-out", Claim),
            ("GET", "/province/sessions/{}", Session),
            ("GET", "/province/sessions/{}/roll", Session),
            ("GET", "/province/plans/{plan}/exam/{}", Attempt),
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize("role, method, address, model", SCANS, ids=lambda value: getattr(value, "__name__", value))
def test_counting_through_the_numbers_finds_only_ones_own(ground, role, method, address, model):
    """Every number there is, and two more: whatever is not one's own is "not found", names nobody, changes nothing."""
    own = own_ids(ground, role, model)
    place = role.split(":")[1]
    plan = ground.world.plans[PLACES[place][0] if place in PLACES else place]["published"].id
    last = model.select(fn.MAX(model._meta.primary_key)).scalar() or 0
    for number in range(1, last + 3):
        if number in own:
            continue
        url = address.replace("{plan}", str(plan)).replace("{}", str(number))
        answer = ground.visit(role, method, url, {"reason": "理由", "officer": "某人", "value": "A", "agreed": "y"})
        assert answer.status == 404, f"{role} {method} {url}: {answer.status} {answer.text[:300]}"
        assert not answer.changed and not leaks(ground, role, answer.text), url


@pytest.mark.parametrize("role, address, model", [
    ("applicant:hefei:certified", "/applicant/certificates/{}/download", Credential),
    ("applicant:chengdu:approved", "/applicant/training/exam/{}", Attempt),
    ("applicant:chengdu:approved", "/applicant/training/{}/class", Case),
    ("unit:chengdu", "/unit/cards/claims/{}", Claim), ("unit:mianyang", "/unit/cards/claims/{}", Claim),
    ("unit:chengdu", "/unit/results/{plan}/people/{}", Case),
    ("department:sichuan", "/province/cards/{}", Credential), ("province:sichuan", "/province/sessions/{}", Session),
    ("department:sichuan", "/province/cards/claims/{}", Claim),
])  # fmt: skip
def test_control_ones_own_is_found(ground, role, address, model):
    """The addresses above are real: with an own number at least one of them answers."""
    place = role.split(":")[1]
    plan = ground.world.plans[PLACES[place][0] if place in PLACES else place]["published"].id
    urls = [address.replace("{plan}", str(plan)).replace("{}", str(id_)) for id_ in own_ids(ground, role, model)]
    assert urls and 200 in {ground.visit(role, "GET", url).status for url in urls}, urls


# ---- numbers inside forms --------------------------------------------------------------------------------------------


def after(ground, role: str, url: str, data: dict, look):
    """What `look()` finds before and after a form was sent; the world is put back."""
    from portal.database import database

    before = look()
    with database.atomic() as savepoint:
        answer = ground.visit(role, "POST", url, data, keep=True)
        found = look()
        savepoint.rollback()
    ground._prints = None
    return answer, before, found


def states() -> dict[int, tuple]:
    """What may not change of any credential."""
    rows = Credential.select(Credential.id, Credential.state, Credential.claim, Credential.version)
    return {row[0]: row[1:] for row in rows.tuples()}


def test_a_unit_claims_no_card_of_another(ground):
    world = ground.world
    own, foreign = world.credentials["chengdu:waiting"].id, world.credentials["mianyang:waiting"].id
    form = {"receiver": "某人", "receiver_phone": "19900000001"}
    for ids in ([foreign], [world.credentials["hefei"].id], [foreign, own]):
        answer, before, found = after(ground, "unit:chengdu", "/unit/cards", {**form, "card": ids}, states)
        assert answer.status < 500
        assert {id_ for id_ in found if found[id_] != before[id_]} <= {own}, ids
        assert not leaks(ground, "unit:chengdu", answer.text)
    # Control: the own one can be claimed.
    answer, before, found = after(ground, "unit:chengdu", "/unit/cards", {**form, "card": [own]}, states)
    assert answer.status == 303 and found[own] != before[own]


def test_a_province_releases_and_issues_only_its_own(ground):
    world = ground.world
    issued = world.credentials["chengdu:returned"]
    assert Credential.get_by_id(issued.id).state in (State.ISSUED, State.AWAITING_CLAIM)
    answer, before, found = after(ground, "province:anhui", "/province/cards", {"card": [issued.id]}, states)
    assert answer.status < 500 and found == before
    passed = world.cases["hefei"]["passed"].id
    plans = {name: world.plans[name]["published"].id for name in ("sichuan", "anhui")}
    for role, plan in (("department:sichuan", plans["sichuan"]), ("department:sichuan", plans["anhui"])):
        answer, before, found = after(ground, role, f"/province/issuing/{plan}", {"case": [passed]}, states)
        assert answer.status < 500 and found == before, (role, plan, answer.status)
    # Control: its own province issues.
    answer, before, found = after(ground, "province:anhui", f"/province/issuing/{plans['anhui']}", {"case": [passed]},
                                  states)  # fmt: skip
    assert answer.status == 303 and len(found) == len(before) + 1


def test_a_class_takes_only_its_own_participants(ground):
    world = ground.world
    session, seat = world.sessions["anhui"], world.seats["chengdu"]

    def seats():
        return sorted(Attendance.select(Attendance.id, Attendance.value, Attendance.removed_at).tuples())

    for path, data in (
        ("assign", {"case": [world.cases["chengdu"]["approved"].id, world.cases["mianyang"]["approved"].id]}),
        ("roll", {f"value-{seat.id}": "absent", "reason": "更正"}),
        (f"people/{seat.id}/remove", {}),
    ):
        url = f"/province/sessions/{session.id}/{path}"
        answer, before, found = after(ground, "province:anhui", url, data, seats)
        assert answer.status < 500 and found == before, path
        assert not leaks(ground, "province:anhui", answer.text)


def test_nobody_states_against_what_was_decided_about_another(ground):
    world = ground.world
    foreign = world.credentials["mianyang"].id
    for role in ("applicant:chengdu:returned", "unit:chengdu"):
        door = role.partition(":")[0]
        url = f"/{door}/statements/new?credential={foreign}"
        answer, before, found = after(ground, role, url, {"text": "我不服"}, lambda: Statement.select().count())
        assert answer.status == 404 and found == before
