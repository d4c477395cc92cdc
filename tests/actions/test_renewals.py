"""复核换证 from the plan to the linked new card, and what the own register says for a registration."""

from datetime import date

import pytest

from portal.actions import card_claims, card_corrections, cards, issuing, plans, registrations, renewals, sweeps
from portal.actions.people_evidence import save_qualification
from portal.models import Case, Credential, HeldQualification, Registration
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.credential import State
from portal.rules.flows.registration import State as Participant
from portal.rules.workflow import Seat
from tests import make
from tests.actions import registering
from tests.actions.registering import scene
from tests.house.world import load_calendar
from tests.make_cards import Desk, fresh
from tests.make_credentials import issuer_of, make_credential, make_passed


@pytest.fixture
def s(db, at):
    """A senior examiner's file with a whole registration behind it."""
    load_calendar()
    at("2023-03-01 10:00")
    return scene()


@pytest.fixture
def desk(s) -> Desk:
    unit = s.reviewers["U"]
    return Desk(s.plan, s.organisation, unit, issuer_of(s.plan.province))


def hold_card(s, desk) -> Credential:
    """A valid senior card of the scene's person, three years from 2023-03-01."""
    case = s.submitted()
    Registration.update(stamped_form=None).where(Registration.case == case.id).execute()
    Case.update(state=Participant.PASSED).where(Case.id == case.id).execute()
    return hand_out(desk, make_credential(registration=Registration.get_by_id(case.id)))


def hand_out(desk, card: Credential) -> Credential:
    desk.release(card)
    claim = card_claims.claim_cards([card.id], actor=desk.unit, receiver="李明", receiver_phone="13900000000")
    card_claims.hand_out_claim(claim, actor=desk.issuer, officer="王晓", on_paper=True)
    return fresh(card)


def renewal_plan(**kw):
    return make.make_plan(kind="renewal", minutes=None, assessments=[], name="2025年复核换证", **kw)


@pytest.mark.requirement("R2.07")
def test_a_renewal_plan_is_made_and_open_to_holders_only(s, desk, at):
    centre = s.reviewers["P"]
    plan = plans.create_plan(actor=centre, grade="senior", kind="renewal")
    assert plan.kind == "renewal" and "复核换证" in plan.name and "-HZ-" in plan.batch_no
    blanks = [name for name, _ in plans.find_blanks(plan)]
    assert blanks == []  # neither study nor assessment is demanded
    plan = plans.publish_plan(plan, actor=centre, seen=plan.version)
    assert plan.state == "published"
    hold_card(s, desk)
    other = registering.give_portrait(make.make_person(s.organisation))
    open_plan = renewal_plan()
    with pytest.raises(NotAllowed, match="复核换证只面向持有高级考评员证书"):
        registrations.open_registration(open_plan, actor=make.applicant(other))
    with pytest.raises(NotAllowed, match="复核换证只面向"):  # the other grade is no substitute
        registrations.open_registration(renewal_plan(grade="examiner"), actor=s.actor)
    assert registrations.open_registration(open_plan, actor=s.actor).state == "draft"


def test_a_renewal_with_an_assessment_needs_its_numbers(s):
    values = {"kind": "renewal", "assessments": ["online"], "name": "换证", "batch_no": "X", "minutes": None,
              "class_hours": None, "pass_mark": None, "attempts": None}  # fmt: skip
    assert [name for name, _ in plans._list_blanks(values)] == ["pass_mark", "attempts"]
    assert [name for name, _ in plans._list_blanks({**values, "kind": "training"})] == [
        "minutes", "pass_mark", "attempts"]  # fmt: skip


@pytest.mark.parametrize("state", [State.VOID_UNCLAIMED, State.REVOKED, State.REPLACED, State.AWAITING_CLAIM])
def test_what_is_not_held_any_more_cannot_be_renewed(s, desk, state):
    card = hold_card(s, desk)
    assert renewals.renewable_credentials(renewal_plan(), s.person) == [card]
    Credential.update(state=state).where(Credential.id == card.id).execute()
    assert renewals.renewable_credentials(renewal_plan(), s.person) == []


def test_the_draft_starts_with_the_old_file(s, desk, at):
    card = hold_card(s, desk)
    at("2026-01-05 10:00")
    case = registrations.open_registration(renewal_plan(), actor=s.actor)
    registration = Registration.get_by_id(case.id)
    assert registration.occupation_id == card.occupation_id
    assert registration.reviewer_id == card.registration.reviewer_id
    data, files = registrations.contents_of(registration)
    assert [row["number"] for row in data["qualifications"]] == ["1723000000100001", "K20200001"]
    assert len(data["work"]) == 1 and all(files[f"qualification.{row['id']}.scan"] for row in data["qualifications"])
    assert data["registration"]["declarations"] == []  # nobody declares for anybody
    assert [each.id for each in registrations.occupations_for(registration)] == [card.occupation_id]


@pytest.mark.requirement("R6.24", "R2.07")
def test_a_card_that_ends_in_two_months_is_renewed_from_its_old_end(s, desk, at):
    card = hold_card(s, desk)
    assert card.valid_to == date(2026, 2, 28)
    at("2025-12-28 10:00")
    plan = renewal_plan(training_from=None, training_to=None)
    case = registering.fill(registrations.open_registration(plan, actor=s.actor), s.actor)
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    for seat in "UCP":  # the same chain as ever
        case = s.decide(case, "pass", seat)
    assert case.state == Participant.APPROVED
    sweeps.run_sweeps()
    assert [renewals.pass_without_assessment(None), Case.get_by_id(case.id).state] == [0, Participant.PASSED]
    new = issuing.issue_one(Registration.get_by_id(case.id), actor=desk.issuer)
    assert (new.replaces_id, new.succession, new.valid_to) == (card.id, "renewal", date(2029, 2, 28))
    assert fresh(card).state == State.VALID  # the old one holds until the new one is in hand
    assert renewals.renewable_credentials(plan, s.person) == []  # once is enough
    new = hand_out(desk, new)
    assert (new.state, fresh(card).state) == (State.VALID, State.REPLACED)


def test_an_expired_card_does_not_stand_in_its_own_way(s, desk, at):
    hold_card(s, desk)
    HeldQualification.delete().where(HeldQualification.kind == "考评员").execute()
    at("2026-06-01 10:00")
    sweeps.run_sweeps()
    case = registering.fill(registrations.open_registration(renewal_plan(), actor=s.actor), s.actor)
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    assert case.state == "under_review"
    with pytest.raises(Invalid, match="考评员资格"):  # for a first-time senior class the expired one is none
        plan = make.make_plan()
        case = registering.fill(registrations.open_registration(plan, actor=s.actor), s.actor)
        registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)


def test_a_corrected_renewal_still_replaces_the_old_card(s, desk, at):
    old = hold_card(s, desk)
    at("2025-12-28 10:00")
    registration = make_passed(renewal_plan(), s.organisation, s.person)
    new = issuing.issue_one(registration, actor=desk.issuer)
    right = card_corrections.correct_credential(new, actor=desk.issuer, values={"name": "赵改正"}, reason="有误")
    hand_out(desk, right)
    assert fresh(old).state == State.REPLACED


@pytest.mark.requirement("R3.14")
def test_the_own_register_decides_whether_somebody_is_an_examiner(s, desk, at):
    """Without a valid card: refused; with one of the own register: met, without any scan of it."""
    HeldQualification.delete().execute()
    registering.hold(s.person, s.actor)
    registering.people_evidence.save_work_entry(s.person, actor=s.actor, values=registering.WORK)

    def verdict(plan) -> str:
        case = registering.fill(registrations.open_registration(plan, actor=s.actor), s.actor)
        results = registrations.evaluate_registration(Registration.get_by_id(case.id))
        return next(str(result.outcome) for result in results if result.key == "examiner")

    assert verdict(s.plan) == "not_met"
    card = hand_out(desk, make_credential(registration=make_passed(
        make.make_plan(grade="examiner"), s.organisation, s.person)))  # fmt: skip
    assert verdict(make.make_plan()) == "met"
    at("2026-02-28 10:00")
    assert verdict(make.make_plan()) == "met"
    at("2026-03-01 10:00")
    assert verdict(make.make_plan()) == "not_met"
    at("2024-03-01 10:00")
    cards.revoke_credential(card, actor=desk.issuer, reason="提供虚假材料")
    assert verdict(make.make_plan()) == "not_met"
    # A scan of a card that the register knows as revoked is nothing for a reviewer to judge.
    registering.hold(s.person, s.actor, **{**registering.CARD, "number": card.number})
    assert verdict(make.make_plan()) == "not_met"
    registering.hold(s.person, s.actor, **registering.CARD)
    assert verdict(make.make_plan()) == "judgement"


@pytest.mark.requirement("R3.06")
def test_an_own_certificate_is_confirmed_without_a_scan(db, at):
    at("2021-08-05 10:00")
    s = scene(make.ANHUI, grade="examiner")
    certificate = make_credential(registration=make_passed(
        make.make_plan(province=make.ANHUI, grade="examiner"), s.organisation, s.person))  # fmt: skip
    values = {"kind": "考评员", "occupation_name": "汽车维修工", "grade": "考评员", "number": certificate.number,
              "issuer": "省中心", "issued_on": "2021-08-05"}  # fmt: skip
    right = save_qualification(s.person, actor=s.actor, values=values)
    assert right.confirmed_by == "本系统证书（证卡）登记"
    registering.hold(s.person, s.actor, level="2")
    case = registrations.open_registration(s.plan, actor=s.actor)
    declared = [key for key in registrations.profile_of("anhui").declarations_for("examiner") if key != "truthful"]
    chosen = {"occupation": make.make_occupation().id, "health": True, "declarations": declared}
    case = registrations.save_registration(case, actor=s.actor, values=chosen, seen=case.version)
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    assert case.state == "under_review"
    for wrong in ({"number": "K20200001"}, {"grade": "高级考评员"}, {"occupation_name": "电工"}):
        row = save_qualification(s.person, actor=s.actor, values={**values, **wrong})
        assert row.confirmed_by == ""
    with pytest.raises(Exception, match="请上传"):
        other = make.make_plan(province=make.ANHUI, grade="examiner")
        case = registrations.open_registration(other, actor=s.actor)
        case = registrations.save_registration(case, actor=s.actor, values=chosen, seen=case.version)
        registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    issuer = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    cards.revoke_credential(certificate, actor=issuer, reason="有误")
    row = save_qualification(s.person, actor=s.actor, values={**values, "issuer": "省鉴定中心"})
    assert row.confirmed_by == ""
