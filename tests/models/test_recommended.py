"""A unit's tables print what was submitted, whatever the profile says later."""

import pytest

from portal.actions import people, people_evidence
from portal.actions.registrations import correct_person, submit_registration
from portal.models import Case, HeldQualification
from portal.models.recommended import rows_of_recommended, summary_rows
from tests import make
from tests.actions.registering import Scene, give_portrait, scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


@pytest.mark.requirement("R1.27")
def test_the_tables_print_the_submission_and_not_the_profile():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    before = summary_rows(s.plan, s.organisation.id), rows_of_recommended(s.plan, s.organisation.id)
    (summary,), (row,) = before
    assert summary["phone"] == row["phone"] == s.person.phone and summary["occupation"] == "汽车维修工"
    assert row["held"] == "汽车维修工一级/高级技师（职业资格）；汽车维修工考评员（考评员）"
    changed = {"phone": "19900009999", "position": "新职务", "address": "新地址", "education": "博士研究生",
               "employer": "新单位"}  # fmt: skip
    people.save_profile(s.person, actor=s.actor, values=changed)
    for held in HeldQualification.select().where(HeldQualification.person == s.person.id):
        people_evidence.remove_qualification(held, actor=s.actor)
    assert (summary_rows(s.plan, s.organisation.id), rows_of_recommended(s.plan, s.organisation.id)) == before
    assert people.Person.get_by_id(s.person.id).phone == "19900009999"
    # Only a corrected submission changes a table, and only in what was returned.
    items = ({"key": "person.phone", "label": "联系电话", "note": ""},)
    case = s.decide(case, "return", "C", items=items, note="空号")
    case = correct_person(case, actor=s.actor, values={"phone": "19900008888"}, seen=case.version)
    assert summary_rows(s.plan, s.organisation.id) == before[0]
    case = submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    s.decide(case, "pass", "U")
    assert summary_rows(s.plan, s.organisation.id) == [{**summary, "phone": "19900008888"}]


def test_each_person_keeps_their_own_row_in_the_order_of_numbers():
    s = scene()
    cases = []
    for _ in range(3):
        person = give_portrait(make.make_person(s.organisation))
        one = Scene(s.plan, s.organisation, person, make.applicant(person), s.reviewers)
        cases.append(one.decide(one.submitted(), "pass", "U"))
    assert [row["name"] for row in summary_rows(s.plan, s.organisation.id)] == [case.title for case in cases]
    s.decide(cases[1], "reject", "C", note="不符合")
    names = [row["name"] for row in rows_of_recommended(s.plan, s.organisation.id)]
    assert names == [cases[0].title, cases[2].title]
    assert Case.select().count() == 3 and rows_of_recommended(s.plan, make.make_organisation().id) == []
