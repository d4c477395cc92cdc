"""Persons: real-name registration, the profile's checks, the locked exam region, portraits, merging."""

from datetime import date

import pytest

from portal.actions import people, people_evidence, people_merging, registrations
from portal.actions.registration_copy import contents_of
from portal.models import Case, Event, Grant, HeldQualification, Person, Registration, User, WorkEntry
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.identity import check_character
from tests import make
from tests.actions.registering import SENIOR, WORK, fake_kept, give_portrait, hold, scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-10 10:00")


def somebody(number: int = 900) -> dict:
    sample = invented.make_person(number, seed="people")
    return {"name": sample.name, "id_type": "201", "id_number": sample.id_number, "phone": sample.phone}


def register(province: str = make.SICHUAN, **changes) -> User:
    values = {**somebody(), **changes}
    return people.register_person(values.pop("name"), province=province, password_hash="!", **values)


def wrong_check_digit(number: str) -> str:
    return number[:17] + ("0" if number[17] != "0" else "1")


def technician():
    return make.actor_of(make.make_grant("T", make.make_province_centre()))


def faults(person, **values) -> dict[str, str]:
    return {fault.field: fault.message for fault in people.find_profile_faults(person, values)}


@pytest.mark.requirement("R1.02")
def test_one_account_per_document_number():
    user = register()
    assert user.login == somebody()["id_number"]
    assert Grant.get(Grant.user == user).seat == "A"
    for again in ({}, {"name": "另一个人"}, {"id_number": somebody()["id_number"].lower()}):
        with pytest.raises(Invalid) as refusal:
            register(**again)
        assert refusal.value.field == "id_number"
    with pytest.raises(Invalid):
        register(id_number=wrong_check_digit(somebody(901)["id_number"]))
    assert User.select().count() == 1 and Person.select().count() == 1


def test_an_account_takes_over_the_person_a_unit_has_entered():
    entered = make.make_person(make.make_organisation(), account=False, **{
        key: value for key, value in somebody().items() if key != "phone"
    })  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        register(name="别的姓名")
    assert refusal.value.field == "name"
    user = register()
    assert Person.get_by_id(entered.id).user_id == user.id
    assert Person.select().count() == 1


def test_a_renewed_travel_permit_is_the_same_person():
    register(id_type="210", id_number="H1234567800")
    with pytest.raises(Invalid):
        register(id_type="210", id_number="H1234567801")


@pytest.mark.requirement("R1.17")
def test_all_errors_at_once():
    person = make.make_person(make.make_organisation())
    other = "男" if person.sex == "女" else "女"
    wrong = faults(person, phone="123", sex=other, organisation="不存在的单位", position="工")
    assert set(wrong) == {"phone", "sex", "organisation"}
    with pytest.raises(Invalid):
        people.save_profile(person, actor=make.applicant(person), values={"phone": "123", "position": "新职务"})
    assert Person.get_by_id(person.id).position == person.position


@pytest.mark.requirement("R1.18")
def test_the_number_is_checked_and_must_agree_with_sex_and_birth():
    person = make.make_person(make.make_organisation())
    assert "id_number" in faults(person, id_number=wrong_check_digit(person.id_number))
    assert "id_number" in faults(person, id_number=person.id_number[:17])
    month_13 = person.id_number[:10] + "13" + person.id_number[12:17]
    assert "id_number" in faults(person, id_number=month_13 + check_character(month_13))
    other = "男" if person.sex == "女" else "女"
    assert "不一致" in faults(person, sex=other)["sex"]
    assert faults(person, sex=person.sex) == {}
    assert "不一致" in faults(person, birth="1990-01-01")["birth"]
    assert faults(person, birth=person.birth.isoformat()) == {}


@pytest.mark.requirement("R1.07")
def test_the_regions_are_the_provinces_own_and_every_city():
    profile = registrations.profile_of(make.ANHUI)
    for region in profile.regions:
        make.make_region(region.name, province=make.ANHUI)
    make.make_region("示例县", province=make.ANHUI, level="county")
    names = [region.name for region in people.exam_regions(make.ANHUI)]
    assert names[0] == "省直" and set(names) == {region.name for region in profile.regions} and len(names) == 17


@pytest.mark.requirement("R1.08", "R0.14")
def test_a_saved_region_is_changed_by_technical_staff_only():
    direct, wuhu = make.make_region("省直", province=make.ANHUI), make.make_region("芜湖市", province=make.ANHUI)
    unit = make.make_organisation(province=make.ANHUI, region=direct, unit_kind="province")
    person = make.make_person(unit, exam_region=None, saved_at=None)
    own = make.applicant(person)
    people.save_profile(person, actor=own, values={"exam_region": wuhu.code})
    person = Person.get_by_id(person.id)
    assert person.exam_region_id == wuhu.id and people.is_region_locked(person)
    people.save_profile(person, actor=own, values={"exam_region": direct.code, "position": "主任"})
    person = Person.get_by_id(person.id)
    assert person.exam_region_id == wuhu.id and person.position == "主任"
    with pytest.raises(NotAllowed, match="技术人员"):
        people.change_exam_region(person, actor=own, region=direct, note="误填")
    with pytest.raises(Invalid):
        people.change_exam_region(person, actor=technician(), region=direct, note=" ")
    people.change_exam_region(person, actor=technician(), region=direct, note="本人申请，误填")
    assert Person.get_by_id(person.id).exam_region_id == direct.id
    event = Event.get(Event.action == "exam_region")
    assert (event.before, event.after, event.note) == ("芜湖市", "省直", "本人申请，误填")


@pytest.mark.requirement("R1.14")
def test_the_organisation_comes_from_the_list():
    unit, member = make.make_organisation("示例评价机构"), make.make_organisation("示例会员单位", kind="")
    elsewhere = make.make_organisation("外省评价机构", province=make.ANHUI, region="合肥市")
    person = make.make_person(unit)
    for name in ("随便写的单位", "示例评价", member.name, elsewhere.name):
        assert "organisation" in faults(person, organisation=name), name
    other = make.make_organisation("另一评价机构")
    people.save_profile(person, actor=make.applicant(person), values={"organisation": " 另一评价机构 "})
    assert Person.get_by_id(person.id).organisation_id == other.id


@pytest.mark.requirement("R1.10")
def test_without_a_photo_the_profile_is_incomplete():
    person = make.make_person(make.make_organisation())
    people.save_profile(person, actor=make.applicant(person), values={"position": "主任"})
    assert people.missing_fields(Person.get_by_id(person.id)) == ["近期免冠照片"]
    people.set_portrait(person, actor=make.applicant(person), kept=fake_kept())
    assert people.missing_fields(Person.get_by_id(person.id)) == []


@pytest.mark.requirement("R1.26")
def test_the_position_is_needed_for_the_recommendation_form():
    unit = make.make_organisation(province=make.ANHUI, region="合肥市")
    person = give_portrait(make.make_person(unit, position=""))
    assert people.missing_fields(person) == ["职务"]
    assert "请填写职务" in faults(person, position="")["position"]
    s = scene(make.ANHUI, grade="examiner", position="")
    with pytest.raises(NotAllowed, match="先维护个人信息"):
        s.open()


@pytest.mark.requirement("R1.20")
def test_a_specific_level_is_stored_and_shown():
    from portal.models.recommended import describe_submitted

    s = scene()
    person = s.person
    hold(person, make.applicant(person), occupation_name="人力资源管理师", level="2", kind="职业资格")
    row = HeldQualification.get()
    assert (row.occupation_name, row.level, row.kind) == ("人力资源管理师", 2, "职业资格")
    assert row.number and row.issuer and row.issued_on == date(2019, 5, 10)
    data, _ = contents_of(Registration.get_by_id(s.open().id))
    assert describe_submitted(data["qualifications"][0]) == "人力资源管理师二级/技师（职业资格）"


@pytest.mark.requirement("R1.21")
def test_a_qualification_without_its_level_cannot_be_saved():
    person = make.make_person(make.make_organisation())
    actor = make.applicant(person)
    for name in ("人力资源管理师", "劳动关系协调员"):
        with pytest.raises(Invalid) as refusal:
            hold(person, actor, scan=False, occupation_name=name, level="")
        assert refusal.value.field == "level"
    with pytest.raises(Invalid) as refusal:
        hold(person, actor, scan=False, kind="专业技术职务", level="2", grade="")
    assert refusal.value.field == "grade"
    assert HeldQualification.select().count() == 0
    assert hold(person, actor, scan=False, kind="专业技术职务", level="2", grade="中级").level is None


def test_dates_of_certificates_and_work_are_checked():
    person = make.make_person(make.make_organisation())
    wrong = {f.field for f in people_evidence.find_qualification_faults(person, {**SENIOR, "issued_on": "2022-12-11"})}
    assert wrong == {"issued_on"}
    assert people_evidence.find_qualification_faults(person, {**SENIOR, "issued_on": "2022-12-10"}) == []
    backwards = {**WORK, "starts_on": "2022-01-02", "ends_on": "2022-01-01"}
    assert [fault.field for fault in people_evidence.find_work_faults(backwards)] == ["ends_on"]
    assert people_evidence.find_work_faults({**WORK, "starts_on": "2022-01-02", "ends_on": "2022年1月2日"}) == []


@pytest.mark.requirement("R1.22")
def test_the_total_months_follow_from_the_log():
    from portal.actions.registration_copy import months_of

    s = scene()
    people_evidence.save_work_entry(
        s.person, actor=s.actor, values={**WORK, "starts_on": "2021-01-01", "ends_on": "2021-06-30"}
    )
    people_evidence.save_work_entry(
        s.person, actor=s.actor, values={**WORK, "starts_on": "2022-03-01", "ends_on": "2022-08-31"}
    )
    case = s.open()
    data, _ = registrations.contents_of(Registration.get_by_id(case.id))
    assert months_of(data, date(2022, 12, 10)) == 12


def test_only_the_own_profile_can_be_saved():
    unit = make.make_organisation()
    one, other = make.make_person(unit), make.make_person(unit)
    with pytest.raises(NotAllowed):
        people.save_profile(one, actor=make.applicant(other), values={"position": "x"})
    with pytest.raises(NotAllowed):
        people_evidence.save_qualification(one, actor=make.applicant(other), values=SENIOR)


def test_what_was_removed_meanwhile_is_not_revived_by_an_older_page():
    person = make.make_person(make.make_organisation())
    own = make.applicant(person)
    held = people_evidence.save_qualification(person, actor=own, values=SENIOR)
    entry = people_evidence.save_work_entry(person, actor=own, values=WORK)
    known_held, known_entry = HeldQualification.get_by_id(held.id), WorkEntry.get_by_id(entry.id)
    people_evidence.remove_qualification(held, actor=own)
    people_evidence.remove_work_entry(entry, actor=own)
    with pytest.raises(NotAllowed, match="删除"):
        people_evidence.save_qualification(
            person, actor=own, values={**SENIOR, "number": "NEU1"}, qualification=known_held
        )
    with pytest.raises(NotAllowed, match="删除"):
        people_evidence.save_work_entry(person, actor=own, values={**WORK, "evidence": "新"}, entry=known_entry)
    held, entry = HeldQualification.get_by_id(held.id), WorkEntry.get_by_id(entry.id)
    assert held.removed_at and held.number != "NEU1" and entry.removed_at and entry.evidence == WORK["evidence"]


def test_a_save_writes_the_changed_columns_only(monkeypatch):
    person = make.make_person(make.make_organisation())
    own = make.applicant(person)
    held = people_evidence.save_qualification(person, actor=own, values=SENIOR)
    entry = people_evidence.save_work_entry(person, actor=own, values=WORK)
    written = []
    for table in (HeldQualification, WorkEntry):
        save = table.save
        monkeypatch.setattr(
            table, "save", lambda row, save=save, only=None: written.append(only) or save(row, only=only)
        )
    people_evidence.save_qualification(person, actor=own, values={**SENIOR, "number": "neu 1"}, qualification=held)
    people_evidence.save_work_entry(person, actor=own, values={**WORK, "evidence": "新"}, entry=entry)
    people_evidence.save_work_entry(person, actor=own, values={**WORK, "evidence": "新"}, entry=entry)
    assert written == [["number"], ["evidence"]]
    assert HeldQualification.get_by_id(held.id).number == "NEU1" and WorkEntry.get_by_id(entry.id).evidence == "新"


def test_name_and_number_are_fixed_once_submitted():
    s = scene()
    assert people.can_edit_identity(s.person)
    s.submitted()
    name = s.person.name
    people.save_profile(s.person, actor=s.actor, values={"name": "新名字"})
    assert Person.get_by_id(s.person.id).name == name


def test_a_corrected_number_is_the_new_login():
    user = register()
    person = Person.get(Person.user == user)
    number = somebody(902)["id_number"]
    from portal.rules.identity import sex

    people.save_profile(person, actor=make.applicant(person), values={"id_number": number, "sex": sex(number)})
    assert User.get_by_id(user.id).login == number


def test_two_entries_of_one_person_become_one():
    s = scene()
    double = give_portrait(make.make_person(s.organisation))
    hold(double, make.applicant(double))
    with pytest.raises(NotAllowed):
        people_merging.merge_people(s.person, double, actor=s.actor, note="同一人")
    kept = people_merging.merge_people(s.person, double, actor=technician(), note="核对证件，同一人")
    assert HeldQualification.get().person_id == kept.id
    assert Person.get_by_id(double.id).merged_into_id == kept.id
    assert people.find_person(double.id_type, double.id_number).id == kept.id
    assert not User.get_by_id(double.user_id).active


def test_two_live_registrations_in_one_plan_stop_a_merge():
    s = scene()
    case = s.open()
    double = give_portrait(make.make_person(s.organisation))
    other = registrations.open_registration(s.plan, actor=make.applicant(double))
    with pytest.raises(Invalid, match="撤回"):
        people_merging.merge_people(s.person, double, actor=technician(), note="同一人")
    registrations.withdraw_registration(case, actor=s.actor, seen=case.version)
    people_merging.merge_people(s.person, double, actor=technician(), note="同一人")
    assert Case.get_by_id(other.id).person_id == s.person.id
    assert Registration.get_by_id(other.id).live_key == f"{s.plan.id}:{s.person.id}"
