"""One human in several seats: what the seat in use allows, and what stays refused in every seat."""

import pytest

from portal.models import Case, Grant
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import CARD, WORK, hold, people_evidence, scene
from tests.web.desks import browser, fresh


@pytest.mark.requirement("R0.30")
def test_a_unit_officer_enrols_and_cannot_review_it_first(client, at):
    at("2022-12-12 09:00")
    s = scene()
    office = make.make_office(organisation=s.organisation)
    officer = make.make_grant(Seat.UNIT, office, s.person.user)
    applicant = Grant.get(Grant.user == s.person.user, Grant.seat == Seat.APPLICANT)
    hold(s.person, s.actor)
    hold(s.person, s.actor, **CARD)
    people_evidence.save_work_entry(s.person, actor=s.actor, values=WORK)
    # As the unit: no plans to enrol in, and the applicant's door is closed until the seat is switched.
    me = client.sign_in(officer)
    assert me.post(f"/applicant/plans/{s.plan.id}/register").status_code == 403 and not Case.select().count()
    switched = me.post("/account/seat", {"seat": applicant.id})
    assert switched.status_code == 303 and switched.headers["Location"].startswith("/applicant")
    form = me.page(f"/applicant/plans/{s.plan.id}").press(f"/applicant/plans/{s.plan.id}/register")
    case = Case.get()
    values = form.values("registration-form")
    values |= {"occupation": str(make.make_occupation().id), "health": "yes", "next": "1"}
    values["declarations"] = [e.get("value") for e in form.tree.iter("input") if e.get("name") == "declarations"]
    values["health"] = next(e.get("value") for e in form.tree.iter("input") if e.get("name") == "health")
    me.post(f"/applicant/registrations/{case.id}/edit", values)
    me.page(f"/applicant/registrations/{case.id}/confirm").press("submit-form", declared="yes")
    assert fresh(case).submitted_at is not None and fresh(case).office_id == office.id
    assert me.get(f"/unit/cases/{case.id}").status_code == 403
    # Back in the unit's seat: the row is there, without buttons, and every decision is refused.
    assert me.post("/account/seat", {"seat": officer.id}).headers["Location"].startswith("/unit")
    shown = me.page(f"/unit/cases/{case.id}")
    assert "不能审核本人的报名" in shown.text
    assert not [b for b in shown.tree.iter("button") if b.get("name") == "action"]
    for verb in ("approve", "reject", "return"):
        typed = {"seen": fresh(case).version, "confirmed": "y", "note": "x", "item": "person.phone"}
        assert me.post(f"/unit/cases/{case.id}/{verb}", typed).status_code == 403
    assert fresh(case).position == 0 and fresh(case).state == "under_review"
    # The control: a colleague in the same office passes it, and the officer still passes other people's.
    other = browser(client.app, s.reviewers["U"])
    other.post(f"/unit/cases/{case.id}/approve", {"seen": fresh(case).version, "confirmed": "y"})
    assert fresh(case).position == 1
