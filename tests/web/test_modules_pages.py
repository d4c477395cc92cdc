"""The centre's pages for study modules, and what applicants see of them."""

import io

import pytest

from portal.actions.modules import modules_of
from portal.actions.plans import create_plan
from portal.models import Event, FileVersion, Module, StudyTime
from portal.rules.study import share_minutes
from portal.rules.workflow import Seat
from tests import make
from tests.make_study import make_class, make_module, make_participant
from tests.storage import corpus, videos

CONTENTS = {
    "anhui": ["技能人才评价相关政策、制度", "考评人员考评方法和考评技术"],
    "sichuan": [
        "国家技能人才评价政策法规、制度体系", "国家职业技能标准及命（审）题技术", "技能人才评价考评技术及方法",
        "技能人才评价考务管理", "考评员工作流程标准视频学习",
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _day(db, at):
    at("2022-12-10 09:00")


def centre_of(client, province):
    """The provincial centre, signed in."""
    return client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(province)))


def new_plan(province):
    grant = make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(province))
    return create_plan(actor=make.actor_of(grant), grade="senior")


@pytest.mark.requirement("R4.07")
def test_a_new_plan_of_anhui_has_its_two_modules(db):
    plan = new_plan("anhui")
    rows = modules_of(plan)
    assert [row.title for row in rows] == CONTENTS["anhui"]
    assert sum(row.minutes for row in rows) == plan.minutes == 120


@pytest.mark.requirement("R4.08")
def test_a_new_plan_of_sichuan_has_its_five_modules_the_fifth_is_a_video(db):
    rows = modules_of(new_plan("sichuan"))
    assert [row.title for row in rows] == CONTENTS["sichuan"]
    assert [row.kind for row in rows][4] == "video" and "video" not in [row.kind for row in rows][:4]


def test_minutes_are_shared_so_that_nothing_is_lost():
    assert share_minutes(120, 2) == [60, 60]
    assert share_minutes(122, 5) == [25, 25, 24, 24, 24]
    assert share_minutes(None, 3) == [45, 45, 45]
    assert share_minutes(1, 2) == [1, 1]


def test_a_copied_plan_takes_its_modules_along(db):
    plan = new_plan("anhui")
    module = modules_of(plan)[0]
    Module.update(body="正文", minutes=77).where(Module.id == module.id).execute()
    grant = make.make_grant(Seat.PROVINCE_CENTRE, plan.office)
    copy = create_plan(actor=make.actor_of(grant), grade="senior", copy_of=plan)
    assert [(row.title, row.minutes, row.body) for row in modules_of(copy)][0] == (module.title, 77, "正文")


@pytest.mark.requirement("R4.10")
def test_order_title_material_and_minutes_are_the_centres_and_applicants_see_them(client, page):
    plan = make_class(modules=(60, 60))
    one, two = modules_of(plan)
    registration = make_participant(plan)
    centre_of(client, "anhui")
    listed = page(f"/province/plans/{plan.id}/modules")
    listed.press(f"/province/plans/{plan.id}/modules/{two.id}/up")
    assert [row.title for row in modules_of(plan)] == ["模块2", "模块1"]
    page(f"/province/plans/{plan.id}/modules/{one.id}").press(
        "module-form", title="考评技术要点", kind="text", minutes="75", body="第一段\n\n第二段"
    )
    page(f"/province/plans/{plan.id}/modules/new").press(
        "module-form", title="外部课程", kind="link", minutes="30", url="https://course.example.invalid/a"
    )
    client.sign_out()
    client.sign_in(make.grant_of(registration.person))
    text = page(f"/applicant/training/{registration.case_id}").text
    assert text.index("模块2") < text.index("考评技术要点") < text.index("外部课程")
    assert "75 分钟" in text and "30 分钟" in text
    content = page(f"/applicant/training/{registration.case_id}/modules/{one.id}").text
    assert "第一段" in content and "第二段" in content
    assert Event.select().where(Event.subject == f"plan:{plan.id}", Event.action == "move_module").count() == 1


def test_the_first_has_no_way_up_and_order_by_htmx_swaps_the_list(client, page):
    plan = make_class(modules=(10, 20, 30))
    first, second, _ = modules_of(plan)
    centre_of(client, "anhui")
    assert f"/modules/{first.id}/up" not in page(f"/province/plans/{plan.id}/modules").html
    answer = client.post(f"/province/plans/{plan.id}/modules/{first.id}/down", htmx=True)
    assert answer.status_code == 200 and 'id="modules"' in answer.text
    assert modules_of(plan)[0].id == second.id
    client.post(f"/province/plans/{plan.id}/modules/{second.id}/up")  # at the end nothing happens
    assert modules_of(plan)[0].id == second.id


@pytest.mark.parametrize("field, change, words", [
    ("title", {"title": " "}, "请填写模块名称"), ("minutes", {"minutes": ""}, "请填写计入学习的时长"),
    ("minutes", {"minutes": "0"}, "1至6000"), ("minutes", {"minutes": "6001"}, "1至6000"),
    ("url", {"kind": "link", "url": ""}, "请填写外部链接的网址"), ("url", {"url": "javascript:alert(1)"}, "http://"),
    ("file", {"kind": "text", "file": (io.BytesIO(b"x"), "a.pdf")}, "没有文件"),
])  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(client, page, field, change, words):
    plan = make_class(modules=())
    centre_of(client, "anhui")
    shown = page(f"/province/plans/{plan.id}/modules/new").press(
        "module-form", **{"title": "标题", "kind": "text", "minutes": "10", "body": "", **change}, expect=422
    )
    assert words in shown.text
    assert modules_of(plan) == []


def test_a_pdf_is_no_video_and_a_broken_video_is_refused(client, page):
    plan = make_class(modules=())
    centre_of(client, "anhui")
    values = {"title": "录像", "kind": "video", "minutes": "10", "body": "", "url": ""}
    form = page(f"/province/plans/{plan.id}/modules/new")
    assert "不能作为视频" in form.press(
        "module-form", **values, file=(io.BytesIO(corpus.pdf()), "a.pdf"), expect=422).text  # fmt: skip
    assert "不完整" in form.press(
        "module-form", **values, file=(io.BytesIO(videos.mp4()[:-10]), "a.mp4"), expect=422).text  # fmt: skip
    assert Module.select().count() == FileVersion.select().count() == 0


def test_a_removed_module_goes_and_what_was_studied_stays(client, page, at):
    plan = make_class(modules=(60, 60))
    one, two = modules_of(plan)
    registration = make_participant(plan)
    StudyTime.create(registration=registration.case_id, module=one, seconds=600, last_at=at("2022-12-10 10:00"))
    centre_of(client, "anhui")
    listed = page(f"/province/plans/{plan.id}/modules")
    for row in (one, two):
        listed.press(f"/province/plans/{plan.id}/modules/{row.id}/remove")
    assert modules_of(plan) == []
    assert Module.get_by_id(one.id).removed_at and Module.get_or_none(Module.id == two.id) is None
    client.sign_out()
    client.sign_in(make.grant_of(registration.person))
    assert "已学习 10 分钟" in page("/applicant/training").text
    page(f"/applicant/training/{registration.case_id}/modules/{one.id}", status=404)


def test_the_centre_is_told_that_the_modules_do_not_suffice(client, page):
    plan = make_class(120, modules=(60, 59))
    centre_of(client, "anhui")
    assert "合计 119 分钟，少于本计划要求的 120 分钟" in page(f"/province/plans/{plan.id}/modules").text
    make_module(plan, minutes=1)
    assert "少于" not in page(f"/province/plans/{plan.id}/modules").text


def test_a_finished_plan_shows_its_modules_and_changes_none(client, page):
    plan = make_class(state="finished")
    module = modules_of(plan)[0]
    centre_of(client, "anhui")
    assert "添加模块" not in page(f"/province/plans/{plan.id}/modules").text
    answer = client.post(f"/province/plans/{plan.id}/modules/{module.id}/remove")
    assert answer.status_code == 409 and modules_of(plan)[0].id == module.id


def test_another_provinces_centre_finds_nothing(client, page):
    plan = make_class()
    centre_of(client, "sichuan")
    for path in ("modules", "modules/new", f"modules/{modules_of(plan)[0].id}", "progress", "progress/import"):
        page(f"/province/plans/{plan.id}/{path}", status=404)
