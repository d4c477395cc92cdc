"""培训学习 at the applicant's door: what is shown when, how an open page is timed, and who gets the material."""

from datetime import timedelta

import pytest

from portal import clock
from portal.actions.files import keep_file
from portal.actions.modules import modules_of
from portal.models import Module, Plan, PlatformAccount, Registration, StudyTime
from portal.rules.flows.registration import FLOW, State
from portal.rules.workflow import SYSTEM, Seat
from portal.storage import Store
from tests import make
from tests.make_study import make_class, make_module, make_participant
from tests.storage import corpus, videos


@pytest.fixture(autouse=True)
def _day(db, at):
    at("2022-12-10 09:00")


def later(**kw):
    clock.set_for_test(clock.now() + timedelta(**kw))


@pytest.fixture
def learner(client):
    """A participant of a plan with two modules of an hour, signed in."""
    registration = make_participant(make_class())
    client.sign_in(make.grant_of(registration.person))
    return registration


def tab_of(shown) -> str:
    """The token in a module's page."""
    return next(e.get("value") for e in shown.form("study-form").iter("input") if e.get("name") == "tab")


def beat(client, registration, module, verb, tab):
    """What static/study.js sends."""
    path = f"/applicant/training/{registration.case_id}/modules/{module.id}/{verb}"
    return client.post(path, {"tab": tab}, htmx=True)


def put_file(app, module: Module, content: bytes, kind: str) -> Module:
    """Give a module a stored file."""
    kept = Store(app.config["PORTAL"].uploads).keep_issued(content, f"材料.{kind}", kind=kind, pages=2)
    version = keep_file(owner=f"plan:{module.plan_id}", slot=f"module:{module.id}", kept=kept, actor=SYSTEM)
    Module.update(file=version).where(Module.id == module.id).execute()
    return Module.get_by_id(module.id)


@pytest.mark.requirement("R4.01")
@pytest.mark.parametrize("state, words", [
    (State.UNDER_REVIEW, "报名正在审核"), (State.RETURNED, "退回补正"), (State.REJECTED, "审核未通过"),
    (State.DRAFT, "还没有提交"),
])  # fmt: skip
def test_before_the_approval_there_is_nothing_to_study_and_the_reason_is_shown(client, page, state, words):
    registration = make_participant(make_class(), state=state)
    module = modules_of(registration.plan)[0]
    client.sign_in(make.grant_of(registration.person))
    shown = page("/applicant/training")
    assert "还没有可学习的培训" in shown.text and words in shown.text and "模块1" not in shown.text
    own = page(f"/applicant/training/{registration.case_id}")
    assert words in own.text and "模块1" not in own.text
    page(f"/applicant/training/{registration.case_id}/modules/{module.id}", status=403)
    assert beat(client, registration, module, "start", "a").status_code == 403


@pytest.mark.requirement("R3.29")
def test_after_the_provinces_approval_the_modules_appear(client, page):
    from tests.actions.registering import scene

    s = scene(plan={"study_from": clock.today(), "study_to": clock.today() + timedelta(days=9)})
    make_module(s.plan, "政策法规")
    case = s.submitted()
    client.sign_in(make.grant_of(s.person))
    for seat in "UCP":
        assert "还没有可学习的培训" in page("/applicant/training").text
        assert "政策法规" not in page(f"/applicant/training/{case.id}").text
        s.decide(case, "pass", seat)
    assert s.plan.name in page("/applicant/training").text
    assert "政策法规" in page(f"/applicant/training/{case.id}").text


@pytest.mark.requirement("R4.02")
def test_the_left_navigation_leads_to_the_approved_plans_each_with_its_progress(client, page, learner):
    second = make_participant(make_class(90, name="第二个培训班"), person=learner.person)
    make_participant(make_class(name="别人的培训班"))
    StudyTime.create(
        registration=second.case_id, module=modules_of(second.plan)[0], seconds=45 * 60, last_at=clock.now()
    )
    home = page("/applicant/registrations")
    links = [e.get("href") for e in home.tree.iter("a") if "".join(e.itertext()).strip() == "培训学习"]
    assert set(links) == {"/applicant/training"}
    text = page("/applicant/training").text
    assert "已学习 0 分钟，要求 120 分钟" in text
    assert "第二个培训班" in text and "50%" in text and "已学习 45 分钟，要求 90 分钟" in text
    assert "别人的培训班" not in text


@pytest.mark.requirement("R4.21")
def test_an_open_page_is_timed_and_shows_the_servers_minutes(client, page, learner):
    module = modules_of(learner.plan)[0]
    shown = page(f"/applicant/training/{learner.case_id}/modules/{module.id}")
    tab = tab_of(shown)
    assert beat(client, learner, module, "start", tab).status_code == 200
    for _ in range(10):
        later(seconds=18)
        answer = beat(client, learner, module, "beat", tab)
    assert answer.status_code == 200 and 'id="study-clock"' in answer.text
    assert StudyTime.get().seconds == 180
    assert "已学习 3 分钟，要求 120 分钟" in " ".join(answer.text.split())
    assert "2022年12月20日" in answer.text
    assert "已学习 3 分钟，要求 120 分钟" in page(f"/applicant/training/{learner.case_id}").text


@pytest.mark.requirement("R4.24")
def test_the_deadline_is_on_the_study_page(page, learner):
    module = modules_of(learner.plan)[0]
    for place in ("", f"/modules/{module.id}"):
        assert "请在 2022年12月20日 前（含当日）学完" in page(f"/applicant/training/{learner.case_id}{place}").text


@pytest.mark.requirement("R4.05")
def test_two_open_pages_are_two_tabs_and_the_older_one_is_told(client, page, learner):
    one, two = modules_of(learner.plan)
    first = tab_of(page(f"/applicant/training/{learner.case_id}/modules/{one.id}"))
    again = tab_of(page(f"/applicant/training/{learner.case_id}/modules/{one.id}"))
    assert first != again
    beat(client, learner, one, "start", first)
    beat(client, learner, one, "start", again)
    for _ in range(30):
        later(seconds=20)
        assert beat(client, learner, one, "beat", again).status_code == 200
        refused = beat(client, learner, one, "beat", first)
        assert refused.status_code == 409 and "另一个页面" in refused.text
    assert StudyTime.get().seconds == 600


@pytest.mark.requirement("R4.05")
def test_numbers_in_a_beat_are_not_even_read(client, page, learner):
    module = modules_of(learner.plan)[0]
    path = f"/applicant/training/{learner.case_id}/modules/{module.id}"
    client.post(f"{path}/start", {"tab": "a", "seconds": "7200"}, htmx=True)
    later(seconds=5)
    forged = {"tab": "a", "seconds": "7200", "minutes": "120", "beat_at": "2020-01-01", "total": "7200"}
    assert client.post(f"{path}/beat?seconds=7200", forged, htmx=True).status_code == 200
    assert StudyTime.get().seconds == 5
    assert client.post(f"{path}/beat", {}, htmx=True).status_code == 400


@pytest.mark.requirement("R4.06")
def test_after_the_window_the_page_can_be_read_and_counts_nothing(client, page, learner, at):
    module = modules_of(learner.plan)[0]
    path = f"/applicant/training/{learner.case_id}/modules/{module.id}"
    at("2022-12-20 23:59")
    client.sign_out()
    client.sign_in(make.grant_of(learner.person))
    assert "study-form" in page(path).html and "study.js" in page(path).html
    at("2022-12-21 00:00")
    shown = page(path)
    assert "study-form" not in shown.html and "study.js" not in shown.html
    assert "学习时间已经结束" in shown.text and "考评人员应当独立评分" in shown.text
    answer = beat(client, learner, module, "start", "a")
    assert answer.status_code == 403 and "已经结束" in answer.text
    assert StudyTime.select().count() == 0


@pytest.mark.requirement("R4.09")
@pytest.mark.parametrize("kind", ["text", "pdf", "video", "link"])
def test_each_kind_can_be_opened_and_timed(app, client, page, learner, kind):
    url = "https://course.example.invalid/x" if kind == "link" else ""
    module = make_module(learner.plan, "材料", kind=kind, url=url)
    if kind == "pdf":
        put_file(app, module, corpus.pdf(pages=2), "pdf")
    if kind == "video":
        put_file(app, module, videos.mp4(), "mp4")
    path = f"/applicant/training/{learner.case_id}/modules/{module.id}"
    shown = page(path)
    material = {
        "text": "考评人员应当独立评分", "pdf": f'src="{path}/pages/2?w=1200"', "video": f'src="{path}/file"',
        "link": f'href="{url}"',
    }[kind]  # fmt: skip
    assert material in shown.html
    if kind == "pdf":
        assert client.get(f"{path}/pages/2?w=480").mimetype == "image/jpeg"
        assert client.get(f"{path}/pages/3?w=480").status_code == 404
        assert client.get(f"{path}/file").data.startswith(b"%PDF")
    if kind == "video":
        assert client.get(f"{path}/file").data == videos.mp4()
    tab = tab_of(shown)
    beat(client, learner, module, "start", tab)
    later(seconds=20)
    assert beat(client, learner, module, "beat", tab).status_code == 200
    assert StudyTime.get(StudyTime.module == module.id).seconds == 20


def test_a_video_comes_in_the_parts_a_player_asks_for(app, client, page, learner):
    module = put_file(app, make_module(learner.plan, "录像", kind="video"), videos.mp4(5000), "mp4")
    path, whole = f"/applicant/training/{learner.case_id}/modules/{module.id}/file", videos.mp4(5000)
    first = client.get(path)
    assert first.status_code == 200 and first.headers["Accept-Ranges"] == "bytes" and first.mimetype == "video/mp4"
    assert first.headers["Content-Length"] == str(len(whole))

    def part(span, **headers):
        return client.get(path, headers={"Range": span, **headers})

    answer = part("bytes=100-199")
    assert answer.status_code == 206 and answer.data == whole[100:200]
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert part("bytes=5000-").data == whole[5000:]
    assert part("bytes=-7").data == whole[-7:]
    beyond = part(f"bytes={len(whole)}-")
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == f"bytes */{len(whole)}"
    same = part("bytes=0-9", **{"If-Range": first.headers["ETag"]})
    assert same.status_code == 206 and same.data == whole[:10]
    other = part("bytes=0-9", **{"If-Range": '"another"'})
    assert other.status_code == 200 and other.data == whole
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_only_participants_and_the_owning_centre_get_the_material(app, client, learner):
    module = put_file(app, make_module(learner.plan, "录像", kind="video"), videos.mp4(), "mp4")
    own = f"/applicant/training/{learner.case_id}/modules/{module.id}/file"
    assert client.get(own).status_code == 200
    stranger = make_participant(make_class())
    centre = f"/province/plans/{learner.plan_id}/modules/{module.id}/file"
    for grant, path, status in (
        (make.grant_of(stranger.person), own, 404),
        (make.grant_of(stranger.person), f"/applicant/training/{stranger.case_id}/modules/{module.id}/file", 404),
        (make.make_grant(Seat.PROVINCE_CENTRE, learner.plan.office), centre, 200),
        (make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre("sichuan")), centre, 404),
    ):
        client.sign_out()
        client.sign_in(grant)
        assert client.get(path).status_code == status, path
    client.sign_out()
    assert client.get(own).status_code == 303


@pytest.mark.requirement("R4.19")
def test_the_platform_and_the_own_account_are_shown_and_nobody_elses(client, page):
    plan = make_class(links={"training": "https://platform.example.invalid/"})
    mine, other = make_participant(plan), make_participant(plan)
    for number, registration in enumerate((mine, other)):
        PlatformAccount.create(
            registration=registration.case_id, login=f"pt-{number}", password=f"Start-{number}", allotted_at=clock.now()
        )
    client.sign_in(make.grant_of(mine.person))
    shown = page(f"/applicant/training/{mine.case_id}")
    assert "https://platform.example.invalid/" in shown.text and "pt-0" in shown.text and "Start-0" in shown.text
    assert "pt-1" not in shown.text and "pt-1" not in page("/applicant/training").text
    page(f"/applicant/training/{other.case_id}", status=404)


@pytest.mark.requirement("R4.23")
def test_the_group_number_is_shown_and_the_confirmation_kept(client, page):
    groups = [
        {"number": "712345678", "name": "学员群", "audience": "applicants"},
        {"number": "798765432", "name": "联系人群", "audience": "liaisons"},
    ]
    registration = make_participant(make_class(groups=groups))
    client.sign_in(make.grant_of(registration.person))
    shown = page(f"/applicant/training/{registration.case_id}")
    assert "712345678" in shown.text and "798765432" not in shown.text
    after = shown.press(f"/applicant/training/{registration.case_id}/group-joined")
    assert "本人确认" in after.text
    assert Registration.get_by_id(registration.case_id).group_joined_at == clock.now()


def test_without_a_script_the_start_button_leads_back_to_the_page(client, page, learner):
    module = modules_of(learner.plan)[0]
    shown = page(f"/applicant/training/{learner.case_id}/modules/{module.id}")
    assert "没有启用 JavaScript" in shown.html
    answer = client.post(f"/applicant/training/{learner.case_id}/modules/{module.id}/start", {"tab": "a"})
    assert answer.status_code == 303


def badges(shown) -> list[str]:
    return ["".join(e.itertext()).strip() for e in shown.tree.iter("span") if "badge" in (e.get("class") or "")]


def read_state(page, case: int) -> set[str]:
    """The state as each of the applicant's four pages words it."""
    places = ("/applicant/registrations", f"/applicant/registrations/{case}", f"/applicant/training/{case}")
    words = {"审核通过", "学习中", "学习完成", "考核合格"}
    listed = page("/applicant/training").text.partition("状态")[2]
    found = {next(word for word in badges(page(place)) if word in words) for place in places}
    return found | {next(word for word in words if listed.startswith(word))}


def test_who_is_approved_reads_studying_from_the_first_day_of_study_on(client, page, at):
    """The flow's state and its word stay; before the first moment, and where no study is asked for, it is 审核通过."""
    day = clock.today() + timedelta(days=3)
    plan = make_class(study_from=day, study_to=day + timedelta(days=5))
    registration = make_participant(plan)
    at(f"{day - timedelta(days=1)} 23:59:59")
    client.sign_in(make.grant_of(registration.person))
    assert read_state(page, registration.case_id) == {"审核通过"}
    at(f"{day} 00:00:00")
    assert read_state(page, registration.case_id) == {"学习中"}
    assert Registration.get_by_id(registration.case_id).case.state == State.APPROVED
    assert FLOW.labels[State.APPROVED] == "审核通过"
    for values, word in (({"minutes": None}, "审核通过"), ({"minutes": 120, "state": "cancelled"}, "审核通过"),
                         ({"state": "published"}, "学习中")):  # fmt: skip
        Plan.update(**values).where(Plan.id == plan.id).execute()
        assert read_state(page, registration.case_id) == {word}, values
