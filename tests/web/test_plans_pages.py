"""The centre's pages for plans: drafting, publishing, and the overview whose lists are as long as its figures."""

from datetime import date, datetime

import pytest

from portal.actions import plans
from portal.actions.modules import modules_of, what_is_missing
from portal.models import Case, Module, Organisation, Plan, Step
from portal.models.cases import NO_DUE
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import State
from portal.rules.workflow import IN_REVIEW, Seat
from tests import make


@pytest.fixture
def grant(db):
    """A seat at the provincial centre of Sichuan."""
    make.make_region("成都市")
    return make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre())


@pytest.fixture
def desk(client, grant):
    """That seat, signed in."""
    return client.sign_in(grant)


def test_a_plan_is_drafted_from_the_template_saved_and_published(desk, page):
    edit = page("/province/plans/new").press("new-plan-form", grade="senior", kind="training")
    plan = Plan.get()
    assert edit.url == f"/province/plans/{plan.id}/edit" and plan.batch_no in edit.html
    shown = page(f"/province/plans/{plan.id}")
    assert "发布前还需要填写" in shown.text and "合格分数线" in shown.text
    refused = shown.press(f"/province/plans/{plan.id}/publish")
    assert "请填写" in refused.text and Plan.get_by_id(plan.id).state == PlanState.DRAFT
    saved = page(f"/province/plans/{plan.id}/edit").press(
        "plan-form", minutes="120", pass_mark="90", attempts="2", opens_on="２０２２年１２月９日",
        closes_on="2022-12-13", closes_time="17:00", review_C="2022-12-14",
        training_from="2022-12-15", training_to="2022-12-16",
        exam_starts_at="2022-12-16T14:30", exam_ends_at="2022-12-16T16:30",
        **{"contacts-0-name": "黄工", "contacts-0-mobile": "13900000001", "groups-0-number": "600000001",
           "groups-0-name": "培训班群", "groups-0-audience": "applicants"},
    )  # fmt: skip
    assert "已保存" in saved.text
    plan = Plan.get_by_id(plan.id)
    assert (plan.opens_on, plan.closes_on) == (date(2022, 12, 9), date(2022, 12, 13))
    assert plan.review_by == {"C": "2022-12-14"}
    assert plan.exam_starts_at == datetime(2022, 12, 16, 14, 30) and plan.contacts[0]["mobile"] == "13900000001"
    assert plan.groups[0]["number"] == "600000001" and len(plan.contents) == 5
    names = ("closes_time", "links", "regions", "contacts", "groups", "classes")
    before = {name: getattr(plan, name) for name in names}
    page(f"/province/plans/{plan.id}/edit").press("plan-form")
    assert {name: getattr(Plan.get_by_id(plan.id), name) for name in before} == before, "saving again changes nothing"
    done = page(f"/province/plans/{plan.id}").press(f"/province/plans/{plan.id}/publish")
    assert "计划已发布" in done.text and Plan.get_by_id(plan.id).state == PlanState.PUBLISHED


def test_what_participants_would_find_empty_is_said_before_the_plan_is_published(desk, page):
    page("/province/plans/new").press("new-plan-form", grade="senior", kind="training")
    plan = Plan.get()
    first, second, *others = modules_of(plan)
    shown = page(f"/province/plans/{plan.id}")
    assert f"{first.title}：{what_is_missing(first)}" in shown.text and f"{second.title}：" in shown.text
    assert f"/province/plans/{plan.id}/modules" in shown.links()
    Module.update(kind="text", body="一、考评纪律。").where(Module.id == first.id).execute()
    shown = page(f"/province/plans/{plan.id}")
    assert f"{first.title}：" not in shown.text and f"{second.title}：" in shown.text
    Module.update(kind="text", body="正文").where(Module.plan == plan.id).execute()
    assert "看到的是空白" not in page(f"/province/plans/{plan.id}").text
    Module.delete().where(Module.plan == plan.id).execute()
    Plan.update(minutes=120, pass_mark=90, attempts=2).where(Plan.id == plan.id).execute()
    shown = page(f"/province/plans/{plan.id}")
    assert "还没有学习模块" in shown.text
    shown.press(f"/province/plans/{plan.id}/publish")
    assert Plan.get_by_id(plan.id).state == PlanState.PUBLISHED, "a warning, no refusal"
    assert "还没有学习模块" not in page(f"/province/plans/{plan.id}").text


def test_wrong_dates_come_back_beside_their_field_with_the_input_kept(desk, page):
    page("/province/plans/new").press("new-plan-form", grade="senior", kind="training")
    plan = Plan.get()
    answer = page(f"/province/plans/{plan.id}/edit").press(
        "plan-form", expect=422, name="刚输入的名称", opens_on="2022-12-09", closes_on="2022-12-08"
    )
    assert "截止时间应晚于" in answer.text and "刚输入的名称" in answer.html
    answer = page(f"/province/plans/{plan.id}/edit").press("plan-form", expect=422, link_system="javascript:alert(1)")
    assert "http://" in answer.text and "javascript:alert(1)" in answer.html
    assert Plan.get_by_id(plan.id).opens_on is None


def test_a_published_plan_asks_for_a_reason(desk, page):
    window = {"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13)}
    plan = make.make_plan(**window, training_from=None, training_to=None)
    form = page(f"/province/plans/{plan.id}/edit")
    answer = form.press("plan-form", expect=422, closes_on="2022-12-15")
    assert "修改报名截止日期请填写理由" in answer.text
    form = page(f"/province/plans/{plan.id}/edit")
    saved = form.press("plan-form", closes_on="2022-12-15", reason="系统维护", then="page")
    assert "系统维护" in saved.text and "2022-12-13 → 2022-12-15" in saved.text


def test_an_old_page_does_not_overwrite(desk, page, grant):
    plan = make.make_plan()
    old = page(f"/province/plans/{plan.id}/edit")
    plans.update_plan(plan, values={"contacts": [{"name": "他人"}]}, actor=make.actor_of(grant), seen=plan.version)
    old.press("plan-form", expect=409, name="旧页面")
    assert Plan.get_by_id(plan.id).name == plan.name


def test_the_department_reads_and_does_not_write(client, page):
    plan = make.make_plan()
    draft = make.make_plan(state="draft", name="草稿计划")
    department = make.make_office(level="province", body="department")
    client.sign_in(make.make_grant(Seat.DEPARTMENT, department))
    listed = page("/province/plans")
    assert plan.name in listed.text and "草稿计划" not in listed.text and "新建计划" not in listed.text
    assert client.get(f"/province/plans/{draft.id}").status_code == 404
    assert client.get(f"/province/plans/{plan.id}/edit").status_code == 404
    assert client.post(f"/province/plans/{plan.id}/cancel", {"seen": "1", "reason": "x"}).status_code == 404
    asked = {"grade": "senior", "kind": "training", "copy_of": "0"}
    assert client.post("/province/plans/new", asked).status_code == 403
    assert Plan.get_by_id(plan.id).state == PlanState.PUBLISHED


def register(plan, unit, state=IN_REVIEW, seat="U", due_on=NO_DUE):
    """One registration, waiting at a level."""
    person = make.make_person(unit, account=False)
    case = Case.create(
        kind="registration", state=state, position=0, organisation=unit, person=person, plan=plan,
        province=plan.province, title=person.name, due_on=due_on, created_at=datetime(2022, 12, 9),
    )  # fmt: skip
    Step.create(case=case, position=0, seat=seat, office=make.make_office(organisation=unit))
    return case


@pytest.mark.requirement("R2.31")
def test_every_figure_of_the_overview_is_as_long_as_its_list(desk, page, at):
    at("2022-12-15 09:00")
    plan = make.make_plan(review_by={"U": "2022-12-13", "C": "2022-12-14"})
    county = make.make_region("某区", level="county", parent=make.make_region("成都市"))
    units = [make.make_organisation(region=region) for region in ("成都市", "绵阳市", county)]
    late, future = date(2022, 12, 14), date(2022, 12, 16)
    for unit, state, seat, due in (
        (units[0], IN_REVIEW, "U", late), (units[0], IN_REVIEW, "C", late), (units[0], IN_REVIEW, "C", future),
        (units[1], IN_REVIEW, "P", NO_DUE), (units[1], State.RETURNED, "U", late),
        (units[2], State.APPROVED, "P", late),
        (units[2], State.DRAFT, "U", NO_DUE), (units[2], IN_REVIEW, "U", date(2022, 12, 15)),
    ):  # fmt: skip
        register(plan, unit, state, seat, due)
    register(make.make_plan(), units[0], IN_REVIEW, "U", late)
    shown = page(f"/province/plans/{plan.id}")
    links = {link for link in shown.links() if f"/plans/{plan.id}/cases" in link}
    assert len(links) >= 14
    figures = {}
    for anchor in shown.tree.iter("a"):
        if anchor.get("href") in links:
            text = "".join(anchor.itertext())
            figures[anchor.get("href")] = int("".join(char for char in text if char.isdigit()))
    for link, figure in figures.items():
        rows = [row for row in page(link).tree.iter("tr") if row.get("data-row") is not None]
        assert len(rows) == figure, link
    base = f"/province/plans/{plan.id}/cases"
    assert figures[base] == 8 and figures[f"{base}?late=1"] == 2
    assert figures[f"{base}?late=1&level=U"] == 1 and figures[f"{base}?late=1&level=C"] == 1
    chengdu = units[0].region_id
    assert figures[f"{base}?city={chengdu}"] == 6, "a county counts to its city"
    assert "逾期" in page("/province/plans").text


def test_strange_filters_find_nothing(desk, page, client):
    plan = make.make_plan()
    assert client.get(f"/province/plans/{plan.id}/cases?unit=x").status_code == 404
    assert client.get(f"/province/plans/{plan.id}/cases?city=99999999999999999999").status_code == 200
    assert "没有这样的报名" in page(f"/province/plans/{plan.id}/cases?state=nonsense").text
    foreign = make.make_plan(province=make.ANHUI, grade="examiner", state="draft")
    assert client.get(f"/province/plans/{foreign.id}").status_code == 404
    assert Organisation.select().count() == 0
