"""Submitting: what is demanded, what is frozen, which offices it goes through, and the time it must be in."""

from datetime import date

import pytest

from portal.actions import people, people_evidence, registrations
from portal.actions.cases import extend_correction
from portal.database import database
from portal.models import (
    Case,
    Event,
    HeldQualification,
    Message,
    Office,
    Organisation,
    Person,
    Plan,
    RegisteredCertificate,
    Registration,
    Step,
    Submission,
)
from portal.rules.errors import Invalid, NotAllowed, Stale
from tests import make
from tests.actions.registering import CARD, WORK, fake_kept, hold, scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-10 10:00")


def submit(s, case, declared=True):
    return registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=declared)


def gaps(case) -> str:
    return " ".join(gap.message for gap in registrations.find_gaps(Registration.get_by_id(case.id)))


@pytest.mark.requirement("R1.19")
def test_the_declaration_is_ticked_and_its_time_stored(at):
    s = scene()
    case = s.filled()
    with pytest.raises(Invalid) as refusal:
        submit(s, case, declared=False)
    assert refusal.value.field == "declared"
    assert Case.get_by_id(case.id).state == "draft" and Registration.get_by_id(case.id).declared_at is None
    moment = at("2022-12-10 10:05")
    submit(s, case)
    assert Registration.get_by_id(case.id).declared_at == moment


@pytest.mark.requirement("R1.27")
def test_a_submission_keeps_what_was_said():
    s = scene()
    case = s.submitted()
    old = s.person.phone
    people.save_profile(s.person, actor=s.actor, values={"phone": "19900009999"})
    data, _ = registrations.contents_of(Registration.get_by_id(case.id))
    assert data["person"]["phone"] == old
    assert people.Person.get_by_id(s.person.id).phone == "19900009999"
    # What is printed is the old one, what the profile says the new one.
    from portal.papers.registration import compose_form
    from tests.actions.registering import NoFiles

    form = compose_form(Registration.get_by_id(case.id), 1, "a" * 64, NoFiles())
    printed = {field.label: field.value for section in form.sections for field in section.fields}
    assert printed["联系电话"] == old
    submission = Submission.get()
    assert submission.number == 1 and submission.data["person"]["phone"] == old


@pytest.mark.requirement("R3.20", "R3.21")
def test_the_declarations_of_the_grade_must_be_ticked():
    s = scene()
    case = s.filled(declarations=["mastery"])
    assert "考评人员守则" in gaps(case)
    with pytest.raises(Invalid):
        submit(s, case)
    case = registrations.save_registration(
        case, actor=s.actor, values={"declarations": ["code_of_conduct"]}, seen=case.version
    )
    with pytest.raises(Invalid, match="业务能力"):
        submit(s, case)
    case = registrations.save_registration(
        case, actor=s.actor, values={"declarations": ["mastery", "code_of_conduct"]}, seen=case.version
    )
    case = submit(s, case)
    told = {row["key"]: row["outcome"] for row in Registration.get_by_id(case.id).results}
    assert "judgement" in told.values()
    # The unit's part of it: without its confirmation of this person nothing goes up.
    with pytest.raises(Invalid, match="确认"):
        s.decide(case, "pass", "U", confirmed=False)
    case = s.decide(case, "pass", "U")
    assert Registration.get_by_id(case.id).confirmed_by_unit["by"] == s.reviewers["U"].name


@pytest.mark.requirement("R3.12")
def test_the_moral_conditions_are_declared_and_stored():
    s = scene(make.ANHUI, grade="examiner")
    profile = registrations.profile_of(make.ANHUI)
    text = profile.declarations["ethics"].text
    for word in ("热爱", "职业道德", "廉洁奉公", "办事公道", "作风正派", "组织、协作能力"):
        assert word in text
    hold(s.person, s.actor, level="3")
    case = s.filled(declarations=[])
    with pytest.raises(Invalid, match="职业道德承诺"):
        submit(s, case)
    case = registrations.save_registration(case, actor=s.actor, values={"declarations": ["ethics"]}, seen=case.version)
    submit(s, case)
    assert {"key": "ethics", "label": "职业道德承诺"} in Submission.get().data["registration"]["declarations"]


@pytest.mark.requirement("R1.23")
def test_health_is_asked_in_one_province_only():
    s = scene()
    case = s.filled(health=None)
    assert "健康" in gaps(case)
    case = registrations.save_registration(case, actor=s.actor, values={"health": False}, seen=case.version)
    with pytest.raises(Invalid, match="不符合申报条件"):
        submit(s, case)
    case = registrations.save_registration(case, actor=s.actor, values={"health": True}, seen=case.version)
    assert submit(s, case).state == "under_review"
    other = scene(make.ANHUI, grade="examiner")
    hold(other.person, other.actor, level="3")
    case = other.submitted()
    assert "health" not in Submission.get(Submission.case == case.id).data["registration"]


@pytest.mark.requirement("R3.04")
def test_certificate_information_is_complete_even_when_the_system_confirms_it():
    s = scene(make.ANHUI, grade="examiner")
    issued = {"number": "1900000000300001", "name": s.person.name, "id_number": s.person.id_number, "kind": "职业资格",
              "occupation_name": "汽车维修工", "level": 3, "source": "本系统证书库"}  # fmt: skip
    RegisteredCertificate.create(**issued)
    row = hold(s.person, s.actor, scan=False, level="3", number="1900000000300001", material_kind="")
    assert row.confirmed_by == "本系统证书库"
    case = s.filled()
    assert gaps(case) == ""
    for field in ("number", "level"):
        kept = getattr(row, field)
        HeldQualification.update(**{field: "" if field == "number" else None}).execute()
        assert "不完整" in gaps(case)
        with pytest.raises(Invalid):
            submit(s, case)
        HeldQualification.update(**{field: kept}).execute()
    assert submit(s, case).state == "under_review"


@pytest.mark.parametrize(
    "wrong", [{"name": "别的人"}, {"id_number": "340100199001010000"}, {"level": 4}, {"number": "X1"}]
)
def test_a_mismatch_with_the_register_demands_a_scan(wrong):
    s = scene(make.ANHUI, grade="examiner")
    RegisteredCertificate.create(**{
        "number": "1900000000300001", "name": s.person.name, "id_number": s.person.id_number, "kind": "职业资格",
        "occupation_name": "汽车维修工", "level": 3, "source": "本系统证书库", **wrong,
    })  # fmt: skip
    row = hold(s.person, s.actor, scan=False, level="3", number="1900000000300001")
    assert row.confirmed_by == ""
    assert "请上传" in gaps(s.filled())


@pytest.mark.requirement("R3.07")
@pytest.mark.parametrize("kind", ["scan", "online_query", "issuer_proof"])
def test_each_kind_of_material_suffices(kind):
    s = scene(make.ANHUI, grade="examiner")
    hold(s.person, s.actor, level="3", material_kind=kind)
    case = submit(s, s.filled())
    label = {each.key: each.label for each in registrations.profile_of(make.ANHUI).registration.material_kinds}[kind]
    items = registrations.items_of(Registration.get_by_id(case.id))
    assert any(f"证明材料种类：{label}" in item.value for item in items)


@pytest.mark.requirement("R3.02")
def test_neither_block_can_be_left_out():
    s = scene(make.ANHUI, grade="examiner")
    case = s.open()
    chosen = {"occupation": make.make_occupation().id, "declarations": ["ethics"]}
    case = registrations.save_registration(case, actor=s.actor, values=chosen, seen=case.version)
    with pytest.raises(Invalid, match="证书相关信息"):
        submit(s, case)
    row = hold(s.person, s.actor, scan=False, level="3")
    with pytest.raises(Invalid, match="请上传"):
        submit(s, case)
    people_evidence.attach_scan(s.person, slot=f"qualification.{row.id}.scan", kept=fake_kept(), actor=s.actor)
    assert submit(s, case).state == "under_review"


def test_a_condition_that_is_not_met_stops_the_submission_and_quotes_the_rule():
    s = scene(make.ANHUI, grade="examiner")
    hold(s.person, s.actor, level="4")
    case = s.filled()
    with pytest.raises(Invalid) as refusal:
        submit(s, case)
    assert "三级/高级工" in refusal.value.message and "附件1（二）" in refusal.value.message
    assert Submission.select().count() == 0


@pytest.mark.requirement("R3.11")
def test_missing_experience_does_not_block_but_is_flagged():
    s = scene(make.ANHUI, grade="examiner")
    hold(s.person, s.actor, level="3")
    case = submit(s, s.filled())
    row = next(row for row in Registration.get_by_id(case.id).results if row["key"] == "experience")
    assert row["outcome"] == "judgement" and "未填写" in row["explanation"]


@pytest.mark.requirement("R3.22")
def test_an_occupation_outside_the_classes_fails():
    second = make.make_occupation("2-02-07-09", "示例工程人员")
    s = scene(occupations=[second, make.make_occupation()], plan={"occupations_from_filing": True})
    hold(s.person, s.actor, occupation_name="示例工程人员")
    hold(s.person, s.actor, **{**CARD, "occupation_name": "示例工程人员"})
    people_evidence.save_work_entry(s.person, actor=s.actor, values=WORK)
    case = s.filled()
    Registration.update(occupation=second).execute()
    results = {r.key: r for r in registrations.evaluate_registration(Registration.get_by_id(case.id))}
    assert results["occupation_class"].outcome == "not_met"
    with pytest.raises(Invalid):
        submit(s, case)
    case = registrations.save_registration(
        case, actor=s.actor, values={"occupation": make.make_occupation().id}, seen=case.version
    )
    results = {r.key: r for r in registrations.evaluate_registration(Registration.get_by_id(case.id))}
    assert results["occupation_class"].outcome == "met"


@pytest.mark.requirement("R0.20", "R3.28")
@pytest.mark.parametrize(("province", "grade"), [(make.ANHUI, "examiner"), (make.SICHUAN, "senior")])
def test_units_of_the_province_skip_the_city(province, grade):
    s = scene(province, grade=grade, unit_kind="province")
    if grade == "examiner":
        hold(s.person, s.actor, level="3")
    case = s.submitted()
    case = s.decide(case, "pass", "U")
    assert case.office_id == s.plan.office_id
    assert [step.seat for step in Step.select().where(Step.case == case.id).order_by(Step.position)] == ["U", "P"]
    assert not Event.select().where(Event.case == case.id, Event.seat == "C").exists()
    case = s.decide(case, "pass", "P")
    assert case.state == "approved"


@pytest.mark.requirement("R3.27")
def test_units_in_a_city_go_through_its_centre():
    s = scene()
    make.make_city_centre("绵阳市")
    case = s.decide(s.submitted(), "pass", "U")
    assert case.office_id == s.reviewers["C"].office
    case = s.decide(case, "pass", "C")
    assert case.office_id == s.reviewers["P"].office


@pytest.mark.requirement("R3.45")
def test_the_same_submission_twice_is_one():
    s = scene()
    case = s.filled()
    seen = case.version
    registrations.submit_registration(case, actor=s.actor, seen=seen, declared=True)
    with pytest.raises(Stale):
        registrations.submit_registration(case, actor=s.actor, seen=seen, declared=True)
    assert Submission.select().count() == 1 and Registration.select().count() == 1


@pytest.mark.requirement("R3.44")
def test_after_the_window_only_an_extension_opens_the_draft(at):
    s = scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13)})
    case = s.filled()
    at("2022-12-14 00:00")
    with pytest.raises(NotAllowed, match="报名已截止"):
        submit(s, case)
    extend_correction(case, actor=s.reviewers["P"], seen=case.version, until=date(2022, 12, 16), note="系统故障")
    at("2022-12-17 00:00")
    case = Case.get_by_id(case.id)
    with pytest.raises(NotAllowed):
        submit(s, case)
    at("2022-12-16 23:59:59")
    assert submit(s, case).state == "under_review"
    event = Event.get(Event.action == "extend")
    assert event.name == s.reviewers["P"].name and event.note == "系统故障"
    assert s.reviewers["P"].name in Registration.get_by_id(case.id).extended_by


def test_the_receipt_number_and_the_name_can_be_found():
    s = scene()
    case = s.submitted()
    assert case.number == "512022000001"
    query = "SELECT rowid FROM case_name WHERE case_name MATCH ?"
    found = database.execute_sql(query, (f'"{case.title[0]}"',)).fetchall()
    assert [row for (row,) in found] == [case.id]
    assert Message.select().where(Message.user == s.person.user_id, Message.case == case.id).exists()


def test_withdrawal_by_oneself_ends_when_the_unit_has_passed():
    s = scene()
    case = s.submitted()
    case = s.decide(case, "pass", "U")
    with pytest.raises(NotAllowed, match="单位"):
        registrations.withdraw_registration(case, actor=s.actor, seen=case.version)
    with pytest.raises(Invalid):
        registrations.withdraw_registration(case, actor=s.reviewers["U"], seen=case.version, note=" ")
    with pytest.raises(NotAllowed):
        registrations.withdraw_registration(case, actor=s.reviewers["P"], seen=case.version, note="x")
    case = registrations.withdraw_registration(case, actor=s.reviewers["U"], seen=case.version, note="本人调离")
    assert case.state == "withdrawn" and Registration.get_by_id(case.id).live_key is None
    again = s.submitted()
    again = registrations.withdraw_registration(again, actor=s.actor, seen=again.version)
    assert again.state == "withdrawn"


def test_nobody_else_fills_in_or_submits():
    s = scene()
    case = s.filled()
    other = scene().actor
    with pytest.raises(NotAllowed):
        registrations.save_registration(case, actor=other, values={"health": False}, seen=case.version)
    with pytest.raises(NotAllowed):
        registrations.submit_registration(case, actor=other, seen=case.version, declared=True)


def test_an_older_page_is_told_so():
    s = scene()
    case = s.filled()
    with pytest.raises(Stale):
        registrations.save_registration(case, actor=s.actor, values={"health": False}, seen=case.version - 1)


def test_who_has_it_and_until_when():
    s = scene(plan={"review_by": {"U": "2022-12-14"}})
    case = s.filled()
    assert registrations.standing(case).holder == "申请人本人"
    case = submit(s, case)
    where = registrations.standing(case)
    assert (where.label, where.holder, where.due_on) == ("待单位初审", s.organisation.name, date(2022, 12, 14))
    case = s.decide(case, "pass", "U")
    assert registrations.standing(case).label == "待市级审核"


def test_a_draft_outside_of_the_window_is_told_what_is_left_to_do(at):
    s = scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13), "training_from": date(2022, 12, 15),
                    "training_to": date(2022, 12, 16)})  # fmt: skip
    case, back = s.filled(), scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13)})
    returned = back.returned(["person.phone"])
    at("2022-12-13 23:59:59")
    assert registrations.standing(case).advice == "请填写完整后提交。"
    for moment in ("2022-12-14 00:00", "2022-12-15 10:00"):
        at(moment)
        advice = registrations.standing(case).advice
        # No page of anybody's can extend a draft, so it sends nobody asking for it.
        assert "报名已截止" in advice and "放弃填报" in advice and "延长" not in advice and "联系" not in advice
    Plan.update(state="finished").where(Plan.id == s.plan.id).execute()
    assert "已结束" in registrations.standing(Case.get_by_id(case.id)).advice
    Plan.update(state="published", opens_on=date(2022, 12, 16), closes_on=date(2022, 12, 20)).where(
        Plan.id == s.plan.id
    ).execute()
    assert "报名开始后再提交" in registrations.standing(Case.get_by_id(case.id)).advice
    at("2022-12-31 10:00")
    assert "请联系退回的单位" in registrations.standing(returned).advice


def test_a_draft_does_not_go_to_a_unit_that_the_person_has_left():
    s = scene()
    case = s.filled()
    new = make.make_organisation(province=make.SICHUAN, region="成都市", unit_kind="city",
                                 occupations=[make.make_occupation()], category="local")  # fmt: skip
    Person.update(organisation=new).where(Person.id == s.person.id).execute()
    with pytest.raises(Invalid) as refusal:
        submit(s, case)
    assert refusal.value.field == "organisation"
    for word in (s.organisation.name, new.name, "放弃填报后重新报名"):
        assert word in refusal.value.message
    # The confirmation page says it as well, and a disused old organisation does not hide it.
    assert "organisation" in [gap.field for gap in registrations.find_gaps(Registration.get_by_id(case.id))]
    Organisation.update(active=False).where(Organisation.id == s.organisation.id).execute()
    with pytest.raises(Invalid, match="放弃填报后重新报名"):
        submit(s, case)
    assert Case.get_by_id(case.id).state == "draft"
    registrations.withdraw_registration(case, actor=s.actor, seen=case.version)
    again = submit(s, s.filled())
    assert again.office_id == Office.get(Office.organisation == new).id


def test_who_moves_back_or_moves_after_submitting_is_not_stopped():
    s = scene()
    case, new = s.filled(), make.make_organisation(province=make.SICHUAN, region="成都市", unit_kind="city")
    Person.update(organisation=new).where(Person.id == s.person.id).execute()
    Person.update(organisation=s.organisation).where(Person.id == s.person.id).execute()
    case = submit(s, case)
    assert case.office_id == s.reviewers["U"].office
    told = ({"key": "person.phone", "label": "联系电话", "note": ""},)
    case = s.decide(case, "return", "U", items=told, note="请补正")
    Person.update(organisation=new).where(Person.id == s.person.id).execute()
    assert submit(s, case).office_id == s.reviewers["U"].office


def test_no_office_no_submission():
    s = scene()
    from portal.models import Office

    case = s.filled()
    Office.update(active=False).where(Office.level == "city").execute()
    with pytest.raises(NotAllowed, match="尚未在系统中设立"):
        submit(s, case)
    assert Step.select().count() == 0


