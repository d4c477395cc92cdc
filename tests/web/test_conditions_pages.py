"""The conditions of a plan on its page, and each one's verdict on the review pages."""

from datetime import date

import pytest

from portal.actions.registration_copy import unpack_results
from portal.models import Registration
from portal.models.jurisdictions import profile_of
from portal.rules.eligibility import Outcome
from tests import make
from tests.actions.registering import scene
from tests.conftest import Browser
from tests.web.desks import DOORS, browser

WORDS = {Outcome.MET: "符合", Outcome.NOT_MET: "不符合", Outcome.JUDGEMENT: "需人工认定"}


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def verdicts(page) -> dict[str, str]:
    """The badge beside each condition of the review page."""
    part = page.find("part-rules")
    return {
        " ".join("".join(item.find("div/p").itertext()).split()): "".join(item[0].itertext()).strip()
        for item in part.iter("li")
    }


@pytest.mark.requirement("R2.22")
@pytest.mark.parametrize(("province", "grade"), [(make.SICHUAN, "senior"), (make.ANHUI, "examiner")])
def test_the_plan_shows_its_conditions_and_the_review_shows_each_verdict(client, province, grade):
    # A man of 72: the age rule (Sichuan) is not fulfilled and only a waiver helps.
    s = scene(province, grade=grade, birth=date(1950, 1, 1), sex="男")
    rules = profile_of(province).conditions(grade)
    own = client.sign_in(make.grant_of(s.person))
    for page in (own.page(f"/applicant/plans/{s.plan.id}"), Browser(client.app).page(f"/plans/{s.plan.id}")):
        for rule in rules:
            assert " ".join(rule.text.split()) in page.text and rule.source in page.text
    # What the plan says in its own words is shown instead of the rules' on the public page.
    s.plan.conditions_text = "（一）自有的条件。\n（二）另一条。"
    s.plan.save()
    assert "自有的条件" in Browser(client.app).page(f"/plans/{s.plan.id}").text
    case, seen = s.submitted(), set()
    for seat in [seat for seat in "UCP" if seat in s.reviewers]:
        shown = verdicts(browser(client.app, s.reviewers[seat]).page(f"{DOORS[seat]}/cases/{case.id}"))
        results = unpack_results(Registration.get_by_id(case.id).results)
        assert {" ".join((r.text or r.label).split()): WORDS[r.outcome] for r in results} == shown
        assert {result.key for result in results} == {rule.key for rule in rules}
        seen |= set(shown.values())
        if seat != "P":
            case = s.decide(case, "pass", seat)
    wanted = {"符合", "需人工认定"} | ({"不符合"} if province == make.SICHUAN else set())
    assert seen == wanted
