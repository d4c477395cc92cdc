"""What a reviewer can demand: everything that can be ticked can be corrected, and nothing else can be ticked."""

import pytest

from portal.actions.cases import Decision, decide
from portal.models import Case
from portal.rules.errors import Invalid
from portal.rules.flows.registration import State
from tests import make
from tests.actions.registering import Scene, scene
from tests.web.desks import browser, fresh

ALWAYS, REGION = {"registration.reviewer", "person.organisation"}, "person.exam_region"
HINT = "没有勾选框的内容不能补正：如有误，请审核不通过或联系技术人员"


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def boxes(page) -> set[str]:
    return {e.get("value") for e in page.tree.iter("input") if e.get("name") == "item"}


def controls(page, case: Case) -> set[str]:
    """The items that the applicant's page offers a control for."""
    found = set()
    for e in page.tree.iter():
        if not isinstance(e.tag, str):
            continue
        name, href = e.get("name") or "", e.get("href") or ""
        if e.tag in ("input", "select", "textarea") and e.get("disabled") is None and e.get("type") != "hidden":
            if name.startswith("person-"):
                found.add(f"person.{name.removeprefix('person-')}")
            elif name in ("occupation", "reviewer", "health", "declarations"):
                found.add(f"registration.{name}")
            elif name == "employer":
                found.add("person.employer")
        for kind, place in (("qualification", "/qualifications/"), ("work", "/work/")):
            if e.tag == "a" and place in href:
                found.add(f"{kind}.{href.split(place)[1].split('/')[0].split('?')[0]}")
        action = e.get("action") or ""
        if e.tag == "form" and action.endswith("/portrait"):
            found.add("person.portrait")
        if e.tag == "form" and action.endswith("/stamped-form"):
            found.add("stamped_form")
        if e.tag == "form" and (e.get("id") or "").startswith("upload-"):
            found.add(f"{e.get('id').removeprefix('upload-')}.scan")
    return found


@pytest.mark.parametrize("province", [make.SICHUAN, make.ANHUI])
def test_everything_that_can_be_ticked_can_be_corrected(client, province):
    s = scene(province, plan={"require_stamped_form": True}, grade="senior" if province == make.SICHUAN else "examiner")
    case = s.submitted()
    desk = browser(client.app, s.reviewers["U"])
    page = desk.page(f"/unit/cases/{case.id}")
    offered = boxes(page)
    assert HINT in page.text and "初审单位" in page.text and "报考区域" in page.text
    # Anhui locks the region once it is saved (R1.08), Sichuan does not.
    assert not offered & ALWAYS and (REGION in offered) == (province == make.SICHUAN) and len(offered) > 12
    done = desk.post(f"/unit/cases/{case.id}/return", {
        "seen": fresh(case).version, "item": sorted(offered), "note": "请逐项补正"})  # fmt: skip
    assert done.status_code == 303 and fresh(case).state == State.RETURNED
    own = client.sign_in(make.grant_of(s.person)).page(f"/applicant/registrations/{case.id}/edit")
    assert offered - controls(own, case) == set()


def test_fixed_items_are_refused_however_they_are_sent(client):
    s = scene(make.ANHUI, grade="examiner")
    case, fixed = s.submitted(), {*ALWAYS, REGION}
    desk = browser(client.app, s.reviewers["U"])
    for keys in (sorted(fixed), ["registration.reviewer"]):
        answer = desk.post(f"/unit/cases/{case.id}/return", {
            "seen": fresh(case).version, "item": keys, "note": "x"})  # fmt: skip
        assert answer.status_code == 422 and fresh(case).state == State.UNDER_REVIEW
    for key in fixed:
        items = ({"key": key, "label": "某项", "note": ""}, {"key": "person.phone", "label": "联系电话", "note": ""})
        with pytest.raises(Invalid, match="某项不能由申请人补正"):
            decide(case, Decision("return", note="x", items=items), actor=s.reviewers["U"], seen=fresh(case).version)
    assert fresh(case).state == State.UNDER_REVIEW


def test_name_and_document_can_be_returned_while_nothing_else_rests_on_them(client):
    s = scene()
    case = s.submitted()
    desk = browser(client.app, s.reviewers["U"])
    identity = {"person.name", "person.id_type", "person.id_number"}
    assert identity <= boxes(desk.page(f"/unit/cases/{case.id}"))
    # With a second submitted registration they stay as they were (people.can_edit_identity).
    other = Scene(make.make_plan(), s.organisation, s.person, s.actor, s.reviewers).submitted()
    for each in (case, other):
        assert not boxes(desk.page(f"/unit/cases/{each.id}")) & identity
        assert "person.phone" in boxes(desk.page(f"/unit/cases/{each.id}"))
