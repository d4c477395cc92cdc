"""Plans: drafting with blanks, numbers, publishing, windows to the second, and what may change afterwards."""

from datetime import date, datetime, time

import pytest

from portal.actions import plans
from portal.models import Case, Event, Message, Plan, Registration
from portal.models.plans import Plan as PlanTable
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.plan import Phase, PlanState
from portal.rules.workflow import IN_REVIEW, Seat
from tests import make


@pytest.fixture
def sichuan(db):
    """The actor of the provincial centre of Sichuan."""
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.SICHUAN)))


@pytest.fixture
def anhui(db):
    """The actor of the provincial centre of Anhui."""
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))


def complete(plan, actor, **values):
    """The plan with the numbers entered, saved."""
    values = {"minutes": 120, "pass_mark": 90, "attempts": 2, **values}
    return plans.update_plan(plan, values=values, actor=actor, seen=plan.version)


def register(plan, state=IN_REVIEW):
    """Somebody registered in the plan."""
    unit = make.make_organisation(province=plan.province)
    person = make.make_person(unit)
    case = Case.create(
        kind="registration", state=state, organisation=unit, person=person, plan=plan, province=plan.province,
        title=person.name, created_at=datetime(2022, 12, 9),
    )  # fmt: skip
    Registration.create(case=case, plan=plan, person=person, organisation=unit, live_key=f"{plan.id}:{person.id}")
    return person


@pytest.mark.requirement("R2.01")
def test_a_published_plan_is_listed_and_a_draft_is_not(sichuan, at):
    at("2022-12-01 09:00")
    applicant = make.applicant(make.make_person(make.make_organisation()))
    plan = complete(plans.create_plan(actor=sichuan, grade="senior"), sichuan)
    assert plan not in Plan.visible_to(applicant)
    plan = plans.publish_plan(plan, actor=sichuan, seen=plan.version)
    assert plan in Plan.visible_to(applicant)
    assert Event.get(Event.subject == f"plan:{plan.id}", Event.action == "publish").name == sichuan.name


def test_only_the_owning_body_may_publish(sichuan, anhui):
    city = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre()))
    plan = complete(plans.create_plan(actor=sichuan, grade="senior"), sichuan)
    for other in (city, anhui):
        with pytest.raises(NotAllowed):
            plans.publish_plan(plan, actor=other, seen=plan.version)
        with pytest.raises(NotAllowed):
            plans.update_plan(plan, values={"name": "x"}, actor=other, seen=plan.version)
    with pytest.raises(NotAllowed):
        plans.create_plan(actor=city, grade="senior")
    assert Plan.get_by_id(plan.id).state == PlanState.DRAFT


def test_name_is_mandatory_at_publication_only(sichuan):
    plan = complete(plans.create_plan(actor=sichuan, grade="senior"), sichuan, name="")
    assert plan.name == ""
    with pytest.raises(Invalid) as refused:
        plans.publish_plan(plan, actor=sichuan, seen=plan.version)
    assert refused.value.field == "name"


@pytest.mark.requirement("R2.04")
def test_batch_numbers_are_proposed_and_never_shared(sichuan, at):
    at("2022-12-01 09:00")
    first = plans.create_plan(actor=sichuan, grade="senior")
    assert first.batch_no == "51-2022-PX-001"
    first = plans.update_plan(first, values={"batch_no": "51-2022-PX-002"}, actor=sichuan, seen=first.version)
    second = plans.create_plan(actor=sichuan, grade="senior")
    assert second.batch_no == "51-2022-PX-003"
    with pytest.raises(Invalid) as refused:
        plans.update_plan(second, values={"batch_no": "51-2022-PX-002 "}, actor=sichuan, seen=second.version)
    assert refused.value.field == "batch_no" and "已被" in refused.value.message
    assert plans.create_plan(actor=sichuan, grade="examiner", kind="renewal").batch_no == "51-2022-HZ-001"
    published = plans.publish_plan(complete(first, sichuan), actor=sichuan, seen=first.version + 1)
    with pytest.raises(Invalid):
        plans.update_plan(published, values={"batch_no": "x"}, actor=sichuan, seen=published.version, reason="改号")


def test_blank_dates_may_be_published_but_never_open(anhui, at):
    at("2021-07-20 09:00")
    plan = complete(plans.create_plan(actor=anhui, grade="examiner"), anhui, opens_on=date(2021, 8, 4), closes_on=None)
    plan = plans.publish_plan(plan, actor=anhui, seen=plan.version)
    assert not plan.is_open(datetime(2021, 8, 5, 12)) and plan.phase(datetime(2030, 1, 1)) == Phase.PUBLISHED
    plan = plans.update_plan(plan, values={"closes_on": date(2021, 8, 9)}, actor=anhui, seen=plan.version)
    assert plan.is_open(datetime(2021, 8, 5, 12))


def test_the_exam_slot_is_two_instants(sichuan):
    starts, ends = datetime(2022, 12, 16, 14, 30), datetime(2022, 12, 16, 16, 30)
    plan = plans.create_plan(actor=sichuan, grade="senior")
    plans.update_plan(plan, values={"exam_starts_at": starts, "exam_ends_at": ends}, actor=sichuan, seen=plan.version)
    stored = PlanTable.get_by_id(plan.id)
    assert (stored.exam_starts_at, stored.exam_ends_at) == (starts, ends)
    body = plans_body(stored)
    assert "12月16日14:30至16:30" in body


def plans_body(plan):
    """The sections a notice of this plan would start with."""
    from portal.actions.notices import compose_from_plan

    return compose_from_plan(plan)["body"]


SICHUAN_DATES = {
    "opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13), "review_by": {"U": "2022-12-13", "C": "2022-12-14"},
    "training_from": date(2022, 12, 15), "training_to": date(2022, 12, 16),
    "exam_starts_at": datetime(2022, 12, 16, 14, 30), "exam_ends_at": datetime(2022, 12, 16, 16, 30),
}  # fmt: skip


@pytest.mark.requirement("R2.16")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({}, None),
        ({"exam_starts_at": datetime(2022, 12, 13, 23, 59), "training_from": None, "training_to": None,
          "review_by": {}}, "exam_starts_at"),
        ({"exam_starts_at": datetime(2022, 12, 14, 0, 0), "training_from": None, "training_to": None,
          "review_by": {}}, None),
        ({"exam_starts_at": datetime(2022, 12, 15, 14, 30)}, "exam_starts_at"),
        ({"training_from": date(2022, 12, 13)}, "training_from"),
        ({"training_from": date(2022, 12, 14)}, None),
        ({"review_by": {"U": "2022-12-12"}}, "review_by"),
        ({"review_by": {"U": "2022-12-14", "C": "2022-12-13"}}, "review_by"),
        ({"closes_on": date(2022, 12, 8)}, "closes_on"),
        ({"training_to": date(2022, 12, 14)}, "training_to"),
        ({"exam_ends_at": datetime(2022, 12, 16, 14, 30)}, "exam_ends_at"),
    ],
)  # fmt: skip
def test_dates_keep_their_order(sichuan, changed, field):
    plan = plans.create_plan(actor=sichuan, grade="senior")
    values = {**SICHUAN_DATES, **changed}
    if field is None:
        plans.update_plan(plan, values=values, actor=sichuan, seen=plan.version)
        assert Plan.get_by_id(plan.id).closes_on == values["closes_on"]
        return
    with pytest.raises(Invalid) as refused:
        plans.update_plan(plan, values=values, actor=sichuan, seen=plan.version)
    assert refused.value.field == field
    assert Plan.get_by_id(plan.id).closes_on is None


@pytest.mark.requirement("R2.26")
@pytest.mark.parametrize("missing", ["pass_mark", "minutes", "attempts"])
def test_a_province_without_figures_makes_the_publisher_enter_them(sichuan, missing):
    plan = plans.create_plan(actor=sichuan, grade="senior")
    assert (plan.minutes, plan.pass_mark, plan.attempts) == (None, None, None)
    plan = complete(plan, sichuan, **{missing: None})
    with pytest.raises(Invalid) as refused:
        plans.publish_plan(plan, actor=sichuan, seen=plan.version)
    assert refused.value.field == missing
    assert Plan.get_by_id(plan.id).state == PlanState.DRAFT
    plan = complete(plan, sichuan)
    assert plans.publish_plan(plan, actor=sichuan, seen=plan.version).state == PlanState.PUBLISHED


@pytest.mark.requirement("R2.25")
def test_a_changed_pass_mark_belongs_to_its_plan_alone(anhui):
    first = plans.create_plan(actor=anhui, grade="examiner")
    assert (first.minutes, first.pass_mark, first.attempts) == (120, 90, 2)
    second = plans.create_plan(actor=anhui, grade="examiner", copy_of=first)
    second = plans.update_plan(second, values={"pass_mark": 80}, actor=anhui, seen=second.version)
    assert (Plan.get_by_id(first.id).pass_mark, Plan.get_by_id(second.id).pass_mark) == (90, 80)
    assert plans.create_plan(actor=anhui, grade="examiner").pass_mark == 90


@pytest.mark.requirement("R2.06")
def test_the_grade_selects_the_conditions(sichuan, anhui):
    texts = {
        grade: plans.create_plan(actor=actor, grade=grade).conditions_text
        for actor, grade in ((sichuan, "senior"), (anhui, "examiner"))
    }
    assert "至少一年以上实际考评工作经历" in texts["senior"] and "高级技师" in texts["senior"]
    assert "三级/高级工" in texts["examiner"] and "一年" not in texts["examiner"]
    with pytest.raises(Invalid):
        plans.create_plan(actor=sichuan, grade="master")


@pytest.mark.requirement("R2.34")
def test_the_state_follows_the_dates_by_itself(sichuan, at):
    at("2022-12-01 09:00")
    plan = complete(plans.create_plan(actor=sichuan, grade="senior"), sichuan, **SICHUAN_DATES)
    assert plan.phase(datetime(2022, 12, 10)) == Phase.DRAFT
    plan = plans.publish_plan(plan, actor=sichuan, seen=plan.version)
    for moment, phase in (
        (datetime(2022, 12, 8, 23, 59, 59), Phase.PUBLISHED),
        (datetime(2022, 12, 9), Phase.OPEN),
        (datetime(2022, 12, 13, 23, 59, 59), Phase.OPEN),
        (datetime(2022, 12, 14), Phase.CLOSED),
        (datetime(2022, 12, 15), Phase.TRAINING),
        (datetime(2022, 12, 16, 14, 30), Phase.EXAM),
        (datetime(2022, 12, 17), Phase.CLOSED),
    ):
        assert plan.phase(moment) == phase, moment
    at("2022-12-20 09:00")
    assert plans.finish_plan(plan, actor=sichuan, seen=plan.version).phase(datetime(2022, 12, 10)) == Phase.FINISHED


def test_a_plan_with_open_cases_cannot_be_finished(sichuan, at):
    at("2022-12-20 09:00")
    plan = make.make_plan(opens_on=date(2022, 12, 9), closes_on=date(2022, 12, 13))
    register(plan)
    with pytest.raises(NotAllowed, match="1件"):
        plans.finish_plan(plan, actor=sichuan, seen=plan.version)
    still_open = make.make_plan()
    with pytest.raises(NotAllowed, match="尚未截止"):
        plans.finish_plan(still_open, actor=sichuan, seen=still_open.version)


def test_a_cancelled_plan_tells_everybody_registered(sichuan, at):
    at("2022-12-10 09:00")
    plan = make.make_plan()
    there, gone = register(plan), register(plan, state="withdrawn")
    with pytest.raises(Invalid):
        plans.cancel_plan(plan, actor=sichuan, seen=plan.version, reason=" ")
    plan = plans.cancel_plan(plan, actor=sichuan, seen=plan.version, reason="师资调整")
    assert plan.phase(datetime(2022, 12, 10)) == Phase.CANCELLED
    assert "师资调整" in Message.get(Message.user == there.user_id).text
    assert not Message.select().where(Message.user == gone.user_id).exists()


class TestPublishedPlans:
    """What may still change once people rely on the plan."""

    @pytest.fixture
    def plan(self, sichuan, at):
        at("2022-12-10 09:00")
        window = {"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13)}
        return make.make_plan(**window, training_from=None, training_to=None, classes=["4"])

    def change(self, plan, actor, reason="", **values):
        return plans.update_plan(plan, values=values, actor=actor, seen=plan.version, reason=reason)

    def test_contacts_need_no_reason(self, plan, sichuan):
        changed = self.change(plan, sichuan, contacts=[{"name": "黄工", "mobile": "13900000000"}])
        assert changed.contacts[0]["name"] == "黄工"

    def test_a_weighty_change_needs_a_reason_and_is_told(self, plan, sichuan):
        person = register(plan)
        with pytest.raises(Invalid) as refused:
            self.change(plan, sichuan, closes_on=date(2022, 12, 14))
        assert refused.value.field == "reason"
        self.change(plan, sichuan, reason="报名系统曾短时中断", closes_on=date(2022, 12, 14))
        assert "报名截止日期" in Message.get(Message.user == person.user_id).text
        event = Event.get(Event.subject == f"plan:{plan.id}", Event.action == "update")
        assert event.data["changes"] == {"closes_on": ["2022-12-13", "2022-12-14"]} and event.note

    @pytest.mark.parametrize(
        "values",
        [
            {"closes_on": date(2022, 12, 12)},
            {"closes_time": time(17, 0)},
            {"closes_on": None},
            {"opens_on": date(2022, 12, 10)},
            {"grade": "examiner"},
            {"pass_mark": 91},
            {"minutes": 121},
            {"attempts": 1},
            {"classes": ["5"]},
            {"regions": ["510100"]},
            {"require_stamped_form": True},
            {"registrations_per_person": 2},
            {"name": ""},
            {"pass_mark": None},
        ],
    )
    def test_a_harmful_change_is_refused_even_with_a_reason(self, plan, sichuan, values):
        register(plan)
        with pytest.raises(Invalid):
            self.change(plan, sichuan, reason="说明", **values)
        assert Plan.get_by_id(plan.id).version == plan.version

    @pytest.mark.parametrize(
        "values",
        [{"pass_mark": 89}, {"attempts": 3}, {"classes": ["4", "5"]}, {"closes_on": date(2022, 12, 15)}],
    )
    def test_a_kinder_change_is_accepted_with_a_reason(self, plan, sichuan, values):
        register(plan)
        assert self.change(plan, sichuan, reason="说明", **values).version == plan.version + 1

    def test_the_number_per_person_stays_while_anybody_is_registered(self, plan, sichuan):
        gone = register(plan, state="withdrawn")
        Registration.update(live_key=None).where(Registration.person == gone).execute()
        plan = self.change(plan, sichuan, reason="说明", registrations_per_person=2)
        register(plan)
        for number in (1, 3):
            with pytest.raises(Invalid, match="每人可报名数不能再修改") as refused:
                self.change(plan, sichuan, reason="说明", registrations_per_person=number)
            assert refused.value.field == "registrations_per_person"
        assert self.change(plan, sichuan, reason="说明", registrations_per_person=2).registrations_per_person == 2

    def test_an_old_page_is_refused(self, plan, sichuan):
        self.change(plan, sichuan, links={"system": "https://example.invalid/"})
        with pytest.raises(Stale):
            self.change(plan, sichuan, links={})


def test_a_copy_takes_no_dates_along(sichuan):
    plan = complete(plans.create_plan(actor=sichuan, grade="senior"), sichuan, **SICHUAN_DATES, name="上期")
    copy = plans.create_plan(actor=sichuan, grade="", copy_of=plan)
    assert (copy.name, copy.grade, copy.opens_on, copy.review_by) == ("上期", "senior", None, {})
    assert copy.batch_no != plan.batch_no and copy.contents == plan.contents


def test_the_content_list_is_the_provinces_and_editable(sichuan, anhui):
    assert len(plans.create_plan(actor=anhui, grade="examiner").contents) == 2
    plan = plans.create_plan(actor=sichuan, grade="senior")
    assert len(plan.contents) == 5 and plan.contents[4] == "考评员工作流程标准视频学习"
    plan = plans.update_plan(plan, values={"contents": ["甲", "乙"]}, actor=sichuan, seen=plan.version)
    body = plans_body(plan)
    assert "（一）甲；\n（二）乙。" in body and "视频学习" not in body


def test_online_only_has_no_offline_assessment(sichuan):
    plan = plans.create_plan(actor=sichuan, grade="senior")
    with pytest.raises(Invalid) as refused:
        plans.update_plan(plan, values={"assessments": ["online", "offline"]}, actor=sichuan, seen=plan.version)
    assert refused.value.field == "assessments"
    assert "线下" not in plans_body(plan)


def test_the_last_day_counts_whole(sichuan):
    plan = make.make_plan(opens_on=date(2022, 12, 9), closes_on=date(2022, 12, 13))
    for moment, is_open in (
        (datetime(2022, 12, 8, 23, 59, 59), False),
        (datetime(2022, 12, 9, 0, 0), True),
        (datetime(2022, 12, 13, 23, 59, 59), True),
        (datetime(2022, 12, 14, 0, 0), False),
    ):
        assert plan.is_open(moment) is is_open, moment


def test_a_draft_can_be_thrown_away_and_a_published_plan_cannot(sichuan):
    plan = plans.create_plan(actor=sichuan, grade="senior")
    plans.delete_draft(plan, actor=sichuan, seen=plan.version)
    assert Plan.get_or_none(Plan.id == plan.id) is None
    published = make.make_plan()
    with pytest.raises(NotAllowed):
        plans.delete_draft(published, actor=sichuan, seen=published.version)


def test_an_online_class_with_study_days_only_prints_them_as_its_training(sichuan):
    plan = plans.create_plan(actor=sichuan, grade="senior")
    values = {"study_from": date(2022, 12, 15), "study_to": date(2022, 12, 16)}
    plan = plans.update_plan(plan, values=values, actor=sichuan, seen=plan.version)
    assert plan.mode == "online" and "培训时间。12月15日至16日。" in plans_body(plan)
    values = {"training_from": date(2022, 12, 17), "training_to": date(2022, 12, 18)}
    plan = plans.update_plan(plan, values=values, actor=sichuan, seen=plan.version)
    assert "培训时间。12月17日至18日。" in plans_body(plan)


def test_a_class_for_units_of_the_province_alone_names_no_city_as_reviewer(sichuan):
    direct, city = make.make_region("省属"), make.make_region("成都市")
    plan = plans.create_plan(actor=sichuan, grade="senior")
    for regions, named in ([direct.code], False), ([direct.code, city.code], True), ([], True):
        plan = plans.update_plan(plan, values={"regions": regions}, actor=sichuan, seen=plan.version)
        assert ("市（州）职业技能鉴定指导中心审核" in plans_body(plan)) is named, regions
