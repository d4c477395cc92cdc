"""A renewal plan on the pages: made, published, shown to holders and refused to others, without study or exam."""

from datetime import date

import pytest

from portal.models import Case, Plan, Registration
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import give_portrait
from tests.actions.test_renewals import hold_card, renewal_plan
from tests.house.world import load_calendar
from tests.make_cards import Desk
from tests.make_credentials import issuer_of


@pytest.fixture
def held(app, at):
    from tests.actions.registering import scene

    load_calendar()
    at("2023-03-01 10:00")
    s = scene()
    hold_card(s, Desk(s.plan, s.organisation, s.reviewers["U"], issuer_of(s.plan.province)))
    at("2025-12-01 10:00")
    return s


@pytest.mark.requirement("R2.07")
def test_the_province_makes_a_renewal_plan(client, held):
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    page = client.page("/province/plans/new").press("new-plan-form", grade="senior", kind="renewal")
    plan = Plan.select().order_by(Plan.id.desc()).first()
    assert plan.kind == "renewal" and plan.minutes is None and plan.assessments == [] and "复核换证" in page.text


@pytest.mark.requirement("R2.07")
def test_holders_open_it_and_others_read_why_not(client, held):
    plan = renewal_plan()
    client.sign_in(make.grant_of(held.person))
    page = client.page(f"/applicant/plans/{plan.id}")
    assert "复核换证只面向" not in page.text
    client.post(f"/applicant/plans/{plan.id}/register")
    case = Case.get(Case.plan == plan.id)
    page = client.page(f"/applicant/registrations/{case.id}/edit")
    assert "汽车维修工" in page.text and Registration.get_by_id(case.id).occupation.name == "汽车维修工"
    client.sign_out()
    other = give_portrait(make.make_person(held.organisation))
    client.sign_in(make.grant_of(other))
    page = client.page(f"/applicant/plans/{plan.id}")
    assert "复核换证只面向持有高级考评员证书" in page.text
    assert client.post(f"/applicant/plans/{plan.id}/register").status_code == 403
    assert Case.select().where(Case.plan == plan.id).count() == 1


def test_pages_of_a_renewal_without_study_and_exam(client, held):
    plan = renewal_plan(study_from=None, training_from=None, training_to=None)
    client.sign_in(make.grant_of(held.person))
    client.post(f"/applicant/plans/{plan.id}/register")
    case = Case.get(Case.plan == plan.id)
    for state in (State.APPROVED, State.STUDY_DONE, State.PASSED):
        Case.update(state=state).where(Case.id == case.id).execute()
        for place in ("/applicant/training", f"/applicant/registrations/{case.id}", "/applicant/certificates"):
            assert "None" not in client.page(place).text
    client.sign_out()
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    for place in ("", "/cases", "/modules", "/progress"):
        assert "None" not in client.page(f"/province/plans/{plan.id}{place}").text
    client.sign_out()
    assert "None" not in client.page(f"/plans/{plan.id}").text


@pytest.mark.parametrize(
    ("day", "is_led"),
    [("2025-11-29", False), ("2025-11-30", True), ("2026-02-28", True), ("2026-03-01", True), ("2026-05-01", False)],
)
def test_a_credential_at_its_end_leads_to_the_open_renewal(client, held, at, day, is_led):
    """From 90 days before its last day 2026-02-28 on, expired ones too, while the plan takes registrations."""
    dates = {"opens_on": date(2025, 11, 1), "closes_on": date(2026, 4, 30), "study_from": None}
    plan = renewal_plan(training_from=None, training_to=None, **dates)
    other = renewal_plan(grade="examiner", training_from=None, training_to=None, **dates)
    at(f"{day} 10:00")
    client.sign_in(make.grant_of(held.person))
    links = client.page("/applicant/certificates").links()
    assert (f"/applicant/plans/{plan.id}" in links) == is_led and f"/applicant/plans/{other.id}" not in links
    client.sign_out()
    client.sign_in(make.grant_of(give_portrait(make.make_person(held.organisation))))
    assert f"/applicant/plans/{plan.id}" not in client.page("/applicant/certificates").links()


def test_without_an_open_renewal_the_page_leads_to_none(client, held):
    draft = renewal_plan(state="draft")
    client.sign_in(make.grant_of(held.person))
    assert f"/applicant/plans/{draft.id}" not in client.page("/applicant/certificates").links()
