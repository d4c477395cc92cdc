"""Opening a registration: who may, for what, and what it says to those who may not."""

from datetime import date

import pytest

from portal.actions import registrations
from portal.actions.registration_guards import check_organisation, offered_occupations
from portal.models import Case, Filing, Organisation, Registration
from portal.papers.registration import compose_form
from portal.rules.errors import Invalid, NotAllowed
from tests import make
from tests.actions.registering import NoFiles, give_portrait, scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-10 10:00")


@pytest.mark.requirement("R1.05")
def test_an_incomplete_profile_comes_first():
    s = scene()
    s.person.portrait = None
    s.person.save()
    with pytest.raises(NotAllowed) as refusal:
        s.open()
    assert refusal.value.message == "先维护个人信息，后报名考试"
    assert Case.select().count() == 0
    assert Registration.select().count() == 0


@pytest.mark.requirement("R1.24", "R1.25")
def test_education_and_address_are_needed_where_the_province_asks_for_them():
    for field in ("education", "address"):
        s = scene(**{field: ""})
        with pytest.raises(NotAllowed, match="先维护个人信息，后报名考试"):
            s.open()
        s.person.education, s.person.address = "本科", "示例路1号"
        s.person.save()
        case = s.filled()
        s.person.__class__.update(**{field: ""}).where(s.person.__class__.id == s.person.id).execute()
        with pytest.raises(Invalid, match="先维护个人信息"):
            registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)


def test_the_other_province_asks_for_the_position_instead():
    s = scene(make.ANHUI, grade="examiner", education="", address="")
    assert s.open().state == "draft"
    other = scene(make.ANHUI, grade="examiner", position="")
    with pytest.raises(NotAllowed, match="先维护个人信息"):
        other.open()


@pytest.mark.requirement("R1.09", "R2.35")
def test_only_people_of_the_plans_regions():
    direct, wuhu = make.make_region("省直", province=make.ANHUI), make.make_region("芜湖市", province=make.ANHUI)
    hefei = make.make_region("合肥市", province=make.ANHUI)
    s = scene(make.ANHUI, grade="examiner", unit_kind="province", plan={"regions": [direct.code]}, exam_region=wuhu)
    with pytest.raises(NotAllowed) as refusal:
        s.open()
    assert "省直" in refusal.value.message and "芜湖市" in refusal.value.message
    assert "技术人员" in refusal.value.message and "0551-" in refusal.value.message
    s.plan.regions = [direct.code, hefei.code]
    s.plan.save()
    for region, allowed in ((hefei, True), (direct, True), (wuhu, False)):
        person = give_portrait(make.make_person(s.organisation, exam_region=region))
        assert (registrations.why_not(s.plan, person) == "") is allowed, region.name


def test_a_plan_of_another_province_is_closed():
    s = scene()
    elsewhere = scene(make.ANHUI, grade="examiner")
    assert "只面向" in registrations.why_not(elsewhere.plan, s.person)


@pytest.mark.requirement("R1.15", "R2.17")
@pytest.mark.parametrize(
    ("state", "allowed"),
    [("filed", True), ("submitted", True), ("draft", False), ("rejected", False), ("exited", False), (None, False)],
)
def test_only_people_of_filed_or_applying_organisations(state, allowed):
    s = scene()
    Filing.delete().execute()
    if state:
        Filing.create(organisation=s.organisation, state=state)
    if allowed:
        assert s.open().state == "draft"
    else:
        with pytest.raises(NotAllowed, match="暂不接收其它单位人员报名"):
            s.open()
        assert Case.select().count() == 0


def test_a_filing_that_has_run_out_does_not_count(at):
    s = scene()
    Filing.update(ends_on=date(2022, 12, 10)).execute()
    check_organisation(s.plan, s.organisation)
    at("2022-12-11 00:00")
    with pytest.raises(NotAllowed):
        check_organisation(s.plan, s.organisation)


@pytest.mark.requirement("R2.18")
def test_an_audience_limited_to_kinds_of_organisations():
    s = scene(plan={"audience_kinds": ["central_branch", "provincial_industry"]})
    with pytest.raises(NotAllowed, match="央企驻地分支机构、省级行业评价组织"):
        s.open()
    Organisation.update(category="provincial_industry").where(Organisation.id == s.organisation.id).execute()
    s.person = s.person.__class__.get_by_id(s.person.id)
    assert s.open().state == "draft"


@pytest.mark.requirement("R2.19")
def test_only_occupations_of_the_plans_classes_are_offered():
    repair = make.make_occupation("4-12-01-01", "汽车维修工")
    second = make.make_occupation("2-02-07-09", "示例工程人员")
    s = scene(occupations=[repair, second], plan={"classes": [3, 4, 5, 6]})
    assert offered_occupations(s.plan, s.organisation) == [repair]
    case = s.open()
    with pytest.raises(Invalid) as refusal:
        registrations.save_registration(case, actor=s.actor, values={"occupation": second.id}, seen=case.version)
    assert refusal.value.field == "occupation"


@pytest.mark.requirement("R2.20")
def test_the_offer_is_exactly_what_is_filed_or_applied_for():
    a, b = make.make_occupation("4-12-01-01", "汽车维修工"), make.make_occupation("4-07-03-04", "企业人力资源管理师")
    foreign = make.make_occupation("6-20-01-01", "未备案职业")
    inactive = make.make_occupation("6-20-01-02", "停用职业", active=False)
    s = scene(occupations=[a, inactive])
    applied = Filing.create(organisation=s.organisation, state="submitted")
    from portal.models import ScopeLine

    ScopeLine.create(filing=applied, occupation=b, levels="3")
    case = s.open()
    registration = Registration.get_by_id(case.id)
    assert {each.id for each in registrations.occupations_for(registration)} == {a.id, b.id}
    with pytest.raises(Invalid):
        registrations.save_registration(case, actor=s.actor, values={"occupation": foreign.id}, seen=case.version)
    assert Registration.get_by_id(case.id).occupation_id is None
    applied.state = "draft"
    applied.save()
    assert [each.id for each in registrations.occupations_for(registration)] == [a.id]


@pytest.mark.requirement("R3.09")
def test_a_second_registration_needs_a_plan_that_allows_it():
    s = scene()
    s.open()
    with pytest.raises(NotAllowed, match="已报名本计划"):
        s.open()
    assert Registration.select().count() == 1
    other = scene(plan={"registrations_per_person": 2})
    first = other.filled()
    second = other.open()
    with pytest.raises(Invalid, match="已报名这个职业"):
        registrations.save_registration(
            second, actor=other.actor, values={"occupation": make.make_occupation().id}, seen=second.version
        )
    another = make.make_occupation("4-07-03-04", "企业人力资源管理师")
    registrations.save_registration(second, actor=other.actor, values={"occupation": another.id}, seen=second.version)
    assert Registration.get_by_id(first.id).occupation_id != Registration.get_by_id(second.id).occupation_id
    with pytest.raises(NotAllowed):
        other.open()


def test_a_withdrawn_registration_frees_the_place():
    s = scene()
    case = s.open()
    registrations.withdraw_registration(case, actor=s.actor, seen=case.version)
    assert s.open().id != case.id


def test_the_window_decides(at):
    s = scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13)})
    for moment, allowed in (
        ("2022-12-08 23:59:59", False), ("2022-12-09 00:00", True), ("2022-12-13 23:59:59", True),
        ("2022-12-14 00:00", False),
    ):  # fmt: skip
        at(moment)
        assert (registrations.why_not(s.plan, s.person) == "") is allowed, moment


@pytest.mark.requirement("R0.03", "R3.26")
def test_employer_and_recommender_are_two_fields_and_one_of_them_reviews():
    s = scene()
    member = make.make_member(s.organisation, "示例会员单位")
    s.person.employer_name = member.name
    s.person.save()
    case = s.open()
    registration = Registration.get_by_id(case.id)
    assert registration.employer_name == "示例会员单位"
    assert registration.organisation_id == s.organisation.id
    choices = {unit.id: role for unit, role in registrations.reviewer_choices(registration)}
    assert choices == {s.organisation.id: "推荐单位", member.id: "所在单位"}
    from tests.actions.registering import fill

    case = fill(case, s.actor, reviewer=s.organisation.id)
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    data, _ = registrations.contents_of(Registration.get_by_id(case.id))
    assert data["person"]["employer"] == "示例会员单位"
    assert data["person"]["organisation"] == s.organisation.name
    form = compose_form(Registration.get_by_id(case.id), 1, "a" * 64, NoFiles())
    printed = {field.label: field.value for section in form.sections for field in section.fields}
    assert printed["实际工作单位（会员单位）"] == "示例会员单位"
    assert printed["评价机构（单位名称）"] == s.organisation.name
    # Only in the recommending unit's queue: the case waits at its office, and the member unit cannot see it.
    assert case.office.organisation_id == s.organisation.id
    employer = make.actor_of(make.make_grant("U", make.make_office(organisation=member)))
    assert Case.visible_to(employer).count() == 0
    assert [row.id for row in Case.visible_to(s.reviewers["U"])] == [case.id]


def test_where_the_recommender_always_reviews_there_is_no_choice():
    s = scene(make.ANHUI, grade="examiner")
    make.make_member(s.organisation, "示例会员单位")
    s.person.employer_name = "示例会员单位"
    s.person.save()
    registration = Registration.get_by_id(s.open().id)
    assert [unit.id for unit, _ in registrations.reviewer_choices(registration)] == [s.organisation.id]
