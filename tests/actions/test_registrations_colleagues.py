"""A unit enters its colleagues: good rows become drafts, bad rows say what is wrong and leave nothing behind."""

import pytest

from portal.actions.colleagues import enter_colleagues
from portal.actions.registrations import submit_registration
from portal.models import Case, Filing, Person
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed
from tests import make
from tests.actions.registering import scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-10 10:00")


def row(number: int, **changes) -> dict:
    sample = invented.make_person(number, seed="colleagues")
    return {"name": sample.name, "id_number": sample.id_number, "phone": sample.phone, "sex": sample.sex,
            "position": sample.post, **changes}  # fmt: skip


def test_every_row_stands_alone():
    s = scene()
    outsider = make.make_person(make.make_organisation())
    namesake = make.make_person(s.organisation)
    registered = s.open()
    rows = [
        row(1),
        row(2, id_number="510197199001011235"),
        row(3, sex="男" if row(3)["sex"] == "女" else "女", phone="12"),
        row(1),
        row(4, name=outsider.name, id_number=outsider.id_number),
        row(5, name=s.person.name, id_number=s.person.id_number, sex=""),
        row(6, name="改名了", id_number=namesake.id_number, sex=""),
        row(7),
    ]
    before = Person.select().count()
    entered = enter_colleagues(rows, s.plan, actor=s.reviewers["U"])
    wrong = {each.row: [field for field, _ in each.errors] for each in entered if each.errors}
    assert set(wrong) == {3, 4, 5, 6, 7, 8}
    assert set(wrong[4]) == {"phone", "sex"} and wrong[8] == ["name"]
    assert [each.case.title for each in entered if each.case] == [row(1)["name"], row(7)["name"]]
    assert Person.select().count() == before + 2
    assert Case.select().count() == 3 and Case.get_by_id(registered.id).version == registered.version


def test_the_person_still_completes_and_confirms():
    s = scene()
    (entered,) = enter_colleagues([row(1)], s.plan, actor=s.reviewers["U"])
    person = Person.get_by_id(entered.case.person_id)
    assert person.user_id is None and person.organisation_id == s.organisation.id
    user = make.make_user(person.name, login=person.id_number)
    make.make_grant("A", user=user)
    Person.update(user=user).where(Person.id == person.id).execute()
    own = make.applicant(Person.get_by_id(person.id))
    with pytest.raises(Invalid, match="先维护个人信息"):
        submit_registration(entered.case, actor=own, seen=entered.case.version, declared=True)
    with pytest.raises(NotAllowed):
        submit_registration(entered.case, actor=s.reviewers["U"], seen=entered.case.version, declared=True)


def test_the_unit_itself_must_qualify():
    s = scene()
    with pytest.raises(NotAllowed):
        enter_colleagues([row(1)], s.plan, actor=s.actor)
    Filing.update(state="draft").execute()
    with pytest.raises(NotAllowed, match="备案"):
        enter_colleagues([row(1)], s.plan, actor=s.reviewers["U"])
