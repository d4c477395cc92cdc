"""A unit enters its colleagues: good rows become drafts, bad rows say what is wrong and leave nothing behind."""

import pytest

from portal.actions.colleagues import delete_entered, enter_colleagues
from portal.actions.people import register_person
from portal.actions.registrations import submit_registration
from portal.models import Case, Event, Filing, Person
from portal.models.entered import entered_by
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows.registration import State
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


def entered_by_unit(s, number: int = 1, **changes) -> Case:
    (entered,) = enter_colleagues([row(number, **changes)], s.plan, actor=s.reviewers["U"])
    assert entered.case is not None, entered.errors
    return Case.get_by_id(entered.case.id)


def test_a_mistyped_number_is_deleted_and_leaves_its_holder_nothing_of_anybody_else():
    s = scene()
    case = entered_by_unit(s, name="错号人")
    with pytest.raises(Stale):
        delete_entered(case, actor=s.reviewers["U"], seen=case.version + 1)
    stranger = scene(region="绵阳市").reviewers["U"]
    for actor in (stranger, s.reviewers["C"], s.actor):
        with pytest.raises(NotAllowed):
            delete_entered(case, actor=actor, seen=case.version)
    delete_entered(case, actor=s.reviewers["U"], seen=case.version)
    event = Event.select().order_by(Event.id.desc()).get()
    assert (event.label, event.case_id, event.before, event.after) == ("删除录入的草稿", case.id, "draft", "withdrawn")
    assert not entered_by(s.reviewers["U"], list(State)).exists()
    # The rightful holder registers with the real name, and nothing that was typed for somebody else is there.
    number = row(1)["id_number"]
    register_person("真号主", id_type="201", id_number=number, phone="13900000009", province="sichuan",
                    password_hash="!")  # fmt: skip
    holder = Person.get(Person.id_number == number)
    assert (holder.name, holder.phone, holder.position, holder.organisation_id) == ("真号主", "13900000009", "", None)
    with pytest.raises(Refusal):
        delete_entered(case, actor=s.reviewers["U"], seen=Case.get_by_id(case.id).version)


def test_who_was_deleted_can_be_entered_anew_by_any_unit():
    s = scene()
    case = entered_by_unit(s, name="错号人", position="")
    delete_entered(case, actor=s.reviewers["U"], seen=case.version)
    other = scene(region="绵阳市")
    (again,) = enter_colleagues([row(1)], s.plan, actor=other.reviewers["U"])
    person = Person.get_by_id(again.case.person_id)
    assert (person.name, person.position) == (row(1)["name"], row(1)["position"])
    assert person.organisation_id == other.organisation.id and again.case.id != case.id


def test_nothing_is_deleted_that_somebody_has_taken_over():
    s = scene()
    case = entered_by_unit(s)
    user = make.make_user("本人", login=row(1)["id_number"])
    Person.update(user=user).where(Person.id == case.person_id).execute()
    with pytest.raises(NotAllowed, match="已注册账号"):
        delete_entered(case, actor=s.reviewers["U"], seen=case.version)
    assert Case.get_by_id(case.id).state == "draft"
    assert Person.get_by_id(case.person_id).phone == row(1)["phone"]


def test_entering_the_number_again_corrects_a_name_until_the_person_comes_in():
    s = scene()
    case = entered_by_unit(s, name="错名")
    again = entered_by_unit(s, name="正名")
    person = Person.get_by_id(case.person_id)
    assert (again.id, again.title, person.name) == (case.id, "正名", "正名")
    event = Event.select().where(Event.action == "correct_name").get()
    assert event.data == {"before": "错名", "after": "正名"}
    # With the same name it is still entered already; another unit changes nothing.
    (same,) = enter_colleagues([row(1, name="正名")], s.plan, actor=s.reviewers["U"])
    (foreign,) = enter_colleagues([row(1, name="他名")], s.plan, actor=scene(region="绵阳市").reviewers["U"])
    assert same.case is None and foreign.errors[0][0] == "name"
    user = make.make_user("正名", login=person.id_number)
    Person.update(user=user).where(Person.id == person.id).execute()
    (late,) = enter_colleagues([row(1, name="又名")], s.plan, actor=s.reviewers["U"])
    assert late.errors[0][0] == "name" and Person.get_by_id(person.id).name == "正名"
