"""The pages of a class: sessions, roll, results, good reasons, decisions, notices and lists, from door to door."""

import io
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from portal.actions import participants
from portal.models import AssessmentResult, Attendance, Case, DocumentLog, Excuse, Message, Plan, Session, Strike
from portal.rules.flows.registration import State
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.actions.registering import picture, scene
from tests.documents.paper import Paper
from tests.make_classes import class_scene, events_of, make_class_session, make_excuse, make_seat, state_of
from tests.make_exam import SLOT

NOW = "2021-09-02 09:00"


@pytest.fixture(autouse=True)
def _now(db, at):
    at(NOW)


@pytest.fixture
def s():
    return class_scene()


@pytest.fixture
def centre(client, s):
    """The provincial centre, signed in."""
    return client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office))


def sign_in(client, grant):
    client.sign_out()
    return client.sign_in(grant)


def unit_grant(organisation):
    return make.make_grant(Seat.UNIT, make.make_office(organisation=organisation))


@pytest.mark.requirement("R4.11", "R4.12", "R4.13")
def test_a_session_from_its_adding_to_the_notice_in_the_participants_hands(s, centre, client, page):
    one, studying = s.join(name="郑可欣"), s.join(State.APPROVED, name="钱学习")
    form = page(f"/province/plans/{s.plan.id}/sessions/new")
    assert form.values("session-form")["name"] == "第一期"
    wrong = form.press("session-form", place="", starts_at="2021-09-08T09:00", ends_at="2021-09-08T08:00", capacity="0",
                       expect=422)  # fmt: skip
    assert wrong.values("session-form")["ends_at"] == "2021-09-08T08:00"
    shown = form.press("session-form", place="示范路1号201教室", starts_at="2021-09-08T09:00",
                       ends_at="2021-09-08T17:00", capacity="30", note="自备午餐")  # fmt: skip
    session = Session.get()
    assert "郑可欣" in shown.text and "钱学习" not in shown.text, "who still studies is not offered"
    refused = centre.post(f"/province/sessions/{session.id}/assign", {"case": str(studying.case_id)})
    assert "在线学习完成后" in refused.get_data(as_text=True) and not Attendance.select().exists()
    shown = shown.press("assign-form")
    assert "已安排1人" in shown.text
    printed = Paper(centre.get(f"/province/sessions/{session.id}/list.pdf").data)
    assert printed.has("郑可欣") and printed.has("签到")
    # The participant's messages, page and PDF.
    sign_in(client, make.grant_of(one.person))
    message = Message.get(Message.user == one.person.user_id, Message.kind == "session")
    assert message.text in page("/account/messages").text
    own = page(message.link)
    for words in ("第一期", "2021年9月8日9:00至17:00", "示范路1号201教室", "自备午餐"):
        assert words in own.text, words
    (href,) = [link for link in own.links() if link.endswith("/notice")]
    notice = Paper(client.get(href).data)
    assert notice.has("郑可欣") and notice.has("示范路1号201教室") and notice.has("2021年9月8日9:00至17:00")


def test_only_who_still_needs_the_session_is_ticked_beforehand(s, centre, page):
    states = {"郑学完": State.STUDY_DONE, "钱部分": State.ASSESSED_PART, "孙合格": State.PASSED}
    people = {name: s.join(state, name=name) for name, state in states.items()}
    session = make_class_session(s.plan)
    shown = page(f"/province/sessions/{session.id}")
    assert all(name in shown.text for name in people)
    shown.press("assign-form")
    taken = {row.registration_id for row in Attendance.select()}
    assert taken == {people[name].case_id for name in ("郑学完", "钱部分")}
    page(f"/province/sessions/{session.id}").press("assign-form", case=str(people["孙合格"].case_id))
    assert Attendance.select().count() == 3, "on purpose it can still be done"


@pytest.mark.requirement("R10.68")
def test_the_session_notice_is_for_assigned_people_only(s, client):
    session = make_class_session(s.plan, region="合肥市", note="自备午餐")
    one, two = s.join(name="郑可欣"), s.join(name="钱大成")
    seat = make_seat(session, one)
    client.sign_in(make.grant_of(one.person))
    answer = client.get(f"/applicant/training/{one.case_id}/class/sessions/{seat.id}/notice")
    paper = Paper(answer.data)
    assert answer.mimetype == "application/pdf" and len(paper.pages) == 1
    for words in ("线下培训通知", "郑可欣", "2021年9月8日9:00至17:00", "合肥市", "示范路1号培训楼201教室", s.plan.name):
        assert paper.has(words), words
    assert not paper.has("钱大成")
    assert DocumentLog.get().kind == "session_notice"
    sign_in(client, make.grant_of(two.person))
    for case in (one, two):
        place = f"/applicant/training/{case.case_id}/class/sessions/{seat.id}/notice"
        assert client.get(place).status_code == 404
    Attendance.update(removed_at=datetime(2021, 9, 3)).execute()
    sign_in(client, make.grant_of(one.person))
    place = f"/applicant/training/{one.case_id}/class/sessions/{seat.id}/notice"
    assert client.get(place).status_code == 404, "no longer assigned"


@pytest.mark.requirement("R5.20", "R10.69")
def test_the_exam_notice_names_person_occupation_slot_and_address(client, page, at):
    at("2022-12-14 09:00")
    s = class_scene(make.SICHUAN, mode="online", assessments=["online"], **{**SLOT, "exam_minutes": None},
                    links={"exam": "https://kaoshi.example.cn/lt"}, exam_place="outside",
                    study_from=date(2022, 12, 15), study_to=date(2022, 12, 16))  # fmt: skip
    one, other, waiting = s.join(State.APPROVED, name="郑可欣"), s.join(name="钱大成"), s.join("under_review")
    client.sign_in(make.grant_of(one.person))
    (href,) = [each for each in page(f"/applicant/training/{one.case_id}/class").links() if "exam-notice" in each]
    answer = client.get(href)
    paper = Paper(answer.data)
    for words in ("考试通知", "郑可欣", "汽车维修工", "12月16日", "14:30-16:30", "https://kaoshi.example.cn/lt"):
        assert paper.has(words), words
    assert not paper.has("钱大成") and len(paper.pages) == 1
    assert client.get(f"/applicant/training/{other.case_id}/class/exam-notice").status_code == 404
    sign_in(client, make.grant_of(waiting.person))
    assert client.get(f"/applicant/training/{waiting.case_id}/class/exam-notice").status_code == 404
    # On demand also for the unit, the city and the province, of their own people.
    city = make.make_grant(Seat.CITY_CENTRE, make.make_city_centre())
    centre = make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office)
    for grant, door in ((unit_grant(s.unit), "unit"), (city, "city"), (centre, "province")):
        sign_in(client, grant)
        same = Paper(client.get(f"/{door}/results/{s.plan.id}/people/{one.case_id}/exam-notice").data)
        assert same.has("郑可欣") and same.has("14:30-16:30")


def test_an_exam_that_is_sat_here_names_the_portals_address_and_its_times(s, client):
    Plan.update(exam_minutes=60, exam_starts_at=None, study_to=date(2021, 9, 6)).where(Plan.id == s.plan.id).execute()
    one = s.join()
    client.sign_in(make.grant_of(one.person))
    paper = Paper(client.get(f"/applicant/training/{one.case_id}/class/exam-notice").data)
    for words in ("http://localhost/", "2021年9月6日24:00前自行安排", "60分钟"):
        assert paper.has(words), words
    assert len(paper.pages) == 1


@pytest.mark.requirement("R4.15", "R4.18")
def test_the_roll_and_the_marks_are_entered_as_lists(s, centre, page, at):
    people = [s.join() for _ in range(3)]
    session = make_class_session(s.plan)
    seats = [make_seat(session, each) for each in people]
    at("2021-09-08 18:00")
    sign_in(centre, make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office))
    form = page(f"/province/sessions/{session.id}/roll")
    values = {f"value-{seat.id}": value for seat, value in zip(seats, ("present", "present", "absent"), strict=True)}
    form.press("roll-form", **values, **{f"note-{seats[2].id}": "电话未接"})
    assert [Attendance.get_by_id(seat.id).value for seat in seats] == ["present", "present", "absent"]
    shown = page(f"/province/sessions/{session.id}/roll")
    assert {k: v for k, v in shown.values("roll-form").items() if k.startswith("value-")} == values
    refused = shown.press("roll-form", **{f"value-{seats[2].id}": "present"}, expect=422)
    assert "更正请填写理由" in refused.text and refused.values("roll-form")[f"value-{seats[2].id}"] == "present"
    marks = page(f"/province/sessions/{session.id}/marks")
    names = marks.values("marks-form")
    assert f"score-{people[0].case_id}" in names and f"score-{people[2].case_id}" not in names, "absent: no result"
    refused = marks.press("marks-form", **{f"score-{people[0].case_id}": "101"}, expect=422)
    assert "0至100" in refused.text and refused.values("marks-form")[f"score-{people[0].case_id}"] == "101"
    assert not AssessmentResult.select().exists()
    marks.press("marks-form", **{f"score-{people[0].case_id}": "92.5", f"passed-{people[1].case_id}": "0"})
    rows = {row.registration_id: row for row in AssessmentResult.select()}
    assert rows[people[0].case_id].score and rows[people[0].case_id].passed
    assert rows[people[1].case_id].score is None and not rows[people[1].case_id].passed
    assert [state_of(each) for each in people] == ["assessed_part", "failed", "study_done"]
    again = page(f"/province/sessions/{session.id}/marks")
    again.press("marks-form", **{f"passed-{people[1].case_id}": "1"}, reason="登记错误")
    assert state_of(people[1]) == "assessed_part"


@pytest.mark.parametrize(
    ("chosen", "leads_to", "kept"),
    [({"outcome": "score", "score": "95"}, "assessed_part", "95"), ({"outcome": "passed"}, "assessed_part", None),
     ({"outcome": "score", "score": "89.9"}, "failed", "89.9"), ({"outcome": "none"}, "study_done", "gone")],
)  # fmt: skip
def test_an_imported_result_is_corrected_on_its_participants_page(s, centre, client, page, chosen, leads_to, kept):
    one, keep = s.join(name="郑可欣"), participants.keep_result
    keep(one, "online", actor=s.centre, source="imported", score="60")
    shown = page(f"/province/results/{s.plan.id}/people/{one.case_id}")
    (href,) = [link for link in shown.links() if link.endswith("online-result")]
    form = page(href)
    assert "60分 不合格" in form.text
    assert "请填写更正理由" in form.press("correct-form", **chosen, expect=422).text and state_of(one) == "failed"
    stale = page(href)
    form.press("correct-form", **chosen, note="外部平台重复上传")
    assert state_of(one) == leads_to and events_of(one, "correct_result")[0].note == "外部平台重复上传"
    row = AssessmentResult.get_or_none()
    assert (row is None) if kept == "gone" else (row.score == (kept and Decimal(kept)) and row.source == "entered")
    if kept != "gone":
        stale.press("correct-form", **chosen, note="再改", expect=409)
        assert len(events_of(one, "correct_result")) == 1
    sign_in(client, unit_grant(s.unit))
    assert "online-result" not in client.get(f"/unit/results/{s.plan.id}/people/{one.case_id}").get_data(as_text=True)


def test_the_portals_own_result_stays_frozen_and_nobody_stays_in_a_finished_class(s, centre, page):
    one, two = s.join(), s.join()
    participants.keep_result(one, "online", actor=SYSTEM, source="exam", score="60")
    participants.keep_result(two, "online", actor=s.centre, source="imported", score="95")
    for link in page(f"/province/results/{s.plan.id}/people/{one.case_id}").links():
        assert not link.endswith("online-result")
    place = f"/province/plans/{s.plan.id}/participants/{one.case_id}/online-result"
    assert "系统自动评分的成绩已锁定" in page(place).text
    centre.post(place, {"outcome": "score", "score": "95", "note": "x", "seen": Case.get_by_id(one.case_id).version})
    assert state_of(one) == "failed" and AssessmentResult.get(AssessmentResult.registration == one.case_id).score == 60
    Plan.update(state="finished").where(Plan.id == s.plan.id).execute()
    form = page(f"/province/plans/{s.plan.id}/participants/{two.case_id}/online-result")
    form.press("correct-form", outcome="none", note="不是本人的成绩")
    assert state_of(two) == "unfinished"


@pytest.mark.requirement("R4.17")
def test_a_reason_goes_from_the_participant_with_evidence_to_the_centres_decision(s, client, page):
    one = s.join(State.UNFINISHED)
    client.sign_in(make.grant_of(one.person))
    form = page(f"/applicant/training/{one.case_id}/class/excuse")
    assert "请写明" in form.press("excuse-form", reason="疫情防控隔离", expect=422).text
    scan = (io.BytesIO(picture()), "隔离通知.jpg")
    shown = form.press("excuse-form", reason="疫情防控隔离", text="9月7日起集中隔离14天。", scan=scan)
    assert "等待认定" in shown.text and "隔离通知.jpg" in shown.text
    (own_file,) = [href for href in shown.links() if "/files/" in href]
    assert client.get(own_file).status_code == 200
    sign_in(client, make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office))
    assert "1件待认定" in page(f"/province/plans/{s.plan.id}/unfinished").text
    excuse = Excuse.get()
    page_ = page(f"/province/plans/{s.plan.id}/excuses/{excuse.id}")
    (file,) = [href for href in page_.links() if "/files/" in href]
    assert client.get(file).mimetype == "image/jpeg"
    assert "请填写认定意见" in page_.press("decide-form", accepted="1", expect=422).text
    page_.press("decide-form", accepted="1", note="材料属实")
    assert state_of(one) == "excused" and not Strike.select().exists()
    # Somebody else's evidence stays closed.
    for grant in (unit_grant(make.make_organisation(province="anhui", region="合肥市")), make.make_grant(
            Seat.PROVINCE_CENTRE, make.make_province_centre(make.SICHUAN))):  # fmt: skip
        sign_in(client, grant)
        door = "unit" if grant.seat == "U" else "province"
        href = f"/{door}/results/{s.plan.id}/people/{one.case_id}/excuses/{excuse.id}/files/{file.rsplit('/', 1)[1]}"
        assert client.get(href).status_code == 404


def test_after_an_annulment_the_reason_is_decided_anew_and_both_outcomes_are_open(s, client, centre, page):
    session, one = make_class_session(s.plan), s.join(State.UNFINISHED)
    seat = make_seat(session, one, "absent")
    excuse = make_excuse(one, session=session)
    place = f"/province/plans/{s.plan.id}/excuses/{excuse.id}"
    page(place).press("decide-form", accepted="1", note="材料属实")
    assert state_of(one) == "excused" and Attendance.get_by_id(seat.id).value == "excused"
    assert "重新认定" not in page(place).text, "the absence has been decided"
    absence = f"/province/plans/{s.plan.id}/unfinished/{one.case_id}"
    page(absence).press("decide-form", note="材料系伪造")
    assert "请先重新认定该理由" in page(absence).press(
        "decide-form", decision="unexcused", note="x", expect=403).text and not Strike.select().exists()  # fmt: skip
    assert place in page(absence).links()
    form, stale = page(place), page(place)
    assert "请填写认定意见" in form.press("decide-form", accepted="0", expect=422).text
    form.press("decide-form", accepted="0", note="隔离通知系伪造")
    stale.press("decide-form", accepted="1", note="还是认可", expect=409)
    assert Excuse.get().accepted is False and Attendance.get_by_id(seat.id).value == "absent"
    assert [event.note for event in events_of(one, "decide_excuse")] == ["材料属实", "隔离通知系伪造"]
    page(absence).press("decide-form", decision="unexcused", note="无故缺勤")
    assert state_of(one) == "struck" and Strike.select().count() == 1
    page(absence).press("decide-form", note="申辩成立")
    page(place).press("decide-form", accepted="1", note="医院出具证明")
    assert state_of(one) == "excused" and Strike.get().live_key is None


def test_the_unit_files_a_reason_for_its_own_people_only(s, client, page):
    one = s.join()
    other = s.join(unit=make.make_organisation(province="anhui", region="合肥市"))
    client.sign_in(unit_grant(s.unit))
    shown = page(f"/unit/results/{s.plan.id}/people/{one.case_id}")
    assert f"/unit/results/{s.plan.id}/people/{one.case_id}/excuse" in shown.links()
    shown = page(f"/unit/results/{s.plan.id}/people/{one.case_id}/excuse").press(
        "excuse-form", reason="单位紧急公务", text="抢险救灾。")  # fmt: skip
    assert "单位紧急公务" in shown.text
    assert client.get(f"/unit/results/{s.plan.id}/people/{other.case_id}/excuse").status_code == 404


@pytest.mark.requirement("R4.16")
def test_closing_lists_the_unfinished_and_a_preview_stands_before_the_decision(client, page, at):
    at("2022-12-20 09:00")
    s = class_scene(make.SICHUAN, mode="online", assessments=["online"], opens_on=date(2022, 12, 9),
                    closes_on=date(2022, 12, 13), exam_place="outside")  # fmt: skip
    one, two = s.join(State.STUDY_DONE, name="郑可欣"), s.join(State.APPROVED, name="钱大成")
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office))
    page(f"/province/plans/{s.plan.id}").press(f"/province/plans/{s.plan.id}/finish")
    listed = page(f"/province/plans/{s.plan.id}/unfinished")
    for words in ("郑可欣", "没有参加线上考核", "钱大成", "没有完成在线学习", "2人待认定", "计划已办结"):
        assert words in listed.text, words
    form = page(f"/province/plans/{s.plan.id}/unfinished/{one.case_id}")
    assert "将由0次变为1次" in form.text, "what follows is said before"
    assert "请填写理由" in form.press("decide-form", decision="unexcused", expect=422).text
    assert not Strike.select().exists()
    form.press("decide-form", decision="unexcused", note="无故缺考")
    page(f"/province/plans/{s.plan.id}/unfinished/{two.case_id}").press(
        "decide-form", decision="excused", note="隔离")  # fmt: skip
    assert (state_of(one), state_of(two)) == ("struck", "excused")
    assert Strike.select().count() == 1
    page(f"/province/plans/{s.plan.id}/unfinished/{one.case_id}").press("decide-form", note="申辩成立")
    assert state_of(one) == "unfinished" and Strike.get().live_key is None


@pytest.mark.requirement("R5.18", "R5.21")
def test_results_and_pass_lists_show_a_unit_its_own_people_only(s, client, page):
    other_unit = make.make_organisation(province="anhui", region="合肥市")
    far_unit = make.make_organisation(province="anhui", region="芜湖市")
    names = {
        "郑甲": (State.PASSED, s.unit), "郑乙": (State.CERTIFIED, s.unit), "郑丙": (State.ASSESSED_PART, s.unit),
        "郑丁": (State.FAILED, s.unit), "钱甲": (State.PASSED, other_unit), "孙甲": (State.PASSED, far_unit),
    }  # fmt: skip
    people = {name: s.join(state, unit=unit, name=name) for name, (state, unit) in names.items()}
    for name in ("郑甲", "郑乙", "钱甲", "孙甲"):
        for assessment, score in (("online", "95"), ("offline", None)):
            AssessmentResult.create(registration=people[name].case_id, assessment=assessment, score=score, passed=True,
                                    source="exam", at=datetime(2021, 9, 1))  # fmt: skip
    AssessmentResult.create(registration=people["郑丙"].case_id, assessment="online", score="91", passed=True,
                            source="exam", at=datetime(2021, 9, 1))  # fmt: skip
    AssessmentResult.create(registration=people["郑丁"].case_id, assessment="online", score="89.9", passed=False,
                            source="exam", at=datetime(2021, 9, 1))  # fmt: skip
    passed = {"郑甲", "郑乙", "钱甲", "孙甲"}
    sees = {
        "unit": (unit_grant(s.unit), {"郑甲", "郑乙", "郑丙", "郑丁"}),
        "city": (make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("合肥市", "anhui")), set(names) - {"孙甲"}),
        "province": (make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office), set(names)),
    }
    for door, (grant, visible) in sees.items():
        sign_in(client, grant)
        shown = page(f"/{door}/results/{s.plan.id}").text
        assert {name for name in names if name in shown} == visible, door
        content = client.get(f"/{door}/results/{s.plan.id}/passed.xlsx").data
        cells = [cell for row in load_workbook(BytesIO(content)).active.iter_rows(values_only=True) for cell in row]
        assert {name for name in names if name in cells} == visible & passed, door
        paper = Paper(client.get(f"/{door}/results/{s.plan.id}/passed.pdf").data)
        assert {name for name in names if paper.has(name)} == visible & passed, door
        for name, registration in people.items():
            answer = client.get(f"/{door}/results/{s.plan.id}/people/{registration.case_id}")
            assert answer.status_code == (200 if name in visible else 404), (door, name)
    # The applicant reads the own result, nobody else's, and nobody comes in without an account.
    sign_in(client, make.grant_of(people["郑丁"].person))
    assert "89.9分 不合格" in page(f"/applicant/training/{people['郑丁'].case_id}/class").text
    assert client.get(f"/applicant/training/{people['郑甲'].case_id}/class").status_code == 404
    client.sign_out()
    assert client.get(f"/unit/results/{s.plan.id}").status_code == 303


def test_another_province_finds_no_session_of_ours(s, client):
    session, one = make_class_session(s.plan), s.join(State.UNFINISHED)
    seat = make_seat(session, one)
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.SICHUAN)))
    for place in (
        f"plans/{s.plan.id}/sessions", f"plans/{s.plan.id}/sessions/new", f"sessions/{session.id}",
        f"sessions/{session.id}/edit", f"sessions/{session.id}/roll", f"sessions/{session.id}/marks",
        f"sessions/{session.id}/list.pdf", f"sessions/{session.id}/people/{seat.id}/notice",
        f"plans/{s.plan.id}/unfinished", f"plans/{s.plan.id}/unfinished/{one.case_id}", f"plans/{s.plan.id}/excuses",
        f"results/{s.plan.id}", f"results/{s.plan.id}/people/{one.case_id}", f"results/{s.plan.id}/passed.pdf",
    ):  # fmt: skip
        assert client.get(f"/province/{place}").status_code == 404, place


def test_a_session_is_edited_cancelled_and_emptied_on_its_page(s, centre, page):
    one = s.join()
    session = make_class_session(s.plan)
    seat = make_seat(session, one)
    edited = page(f"/province/sessions/{session.id}/edit").press("session-form", place="人才大厦", capacity="12")
    assert "人才大厦" in edited.text and "容纳12人" in edited.text
    fresh, stale = (page(f"/province/sessions/{session.id}/edit") for _ in range(2))
    fresh.press("session-form", name="首期")
    stale.press("session-form", name="第0期", expect=409)
    shown = page(f"/province/sessions/{session.id}")
    shown.press(f"/province/sessions/{session.id}/people/{seat.id}/remove")
    assert Attendance.get().removed_at is not None
    page(f"/province/sessions/{session.id}").press("cancel-form", reason="场地维修")
    assert Session.get().cancelled_at is not None
    assert "已取消" in page(f"/province/plans/{s.plan.id}/sessions").text


@pytest.mark.requirement("R3.43")
def test_the_units_case_page_offers_the_withdrawal_until_the_class_starts(client, page, at):
    at("2022-12-10 09:00")
    s = scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13), "training_from": date(2022, 12, 15),
                    "training_to": date(2022, 12, 16)})  # fmt: skip
    case = s.submitted()
    for seat in "UCP":
        case = s.decide(case, "pass", seat)
    at("2022-12-15 00:00")
    client.sign_in(unit_grant(s.organisation))
    assert "代为撤回" not in page(f"/unit/cases/{case.id}").text
    at("2022-12-14 23:59")
    sign_in(client, unit_grant(s.organisation))
    page(f"/unit/cases/{case.id}").press("withdraw", **{"withdraw-note": "本人调离"})
    assert Case.get_by_id(case.id).state == "withdrawn" and not Strike.select().exists()


@pytest.mark.requirement("R3.47")
def test_the_milestones_of_a_plan_are_as_long_as_the_lists_behind_them(s, centre, page):
    from portal.models.overviews import MILESTONES, cases_of, count_milestones, count_progress

    city2 = make.make_organisation(province="anhui", region="芜湖市")
    for state, number in (("approved", 2), ("study_done", 1), ("passed", 2), ("certified", 1), ("failed", 1)):
        for _ in range(number):
            s.join(state)
    s.join("passed", unit=city2)
    # One at the city, one returned by the province, one rejected by the unit, one draft.
    waiting, returned, rejected, draft = (s.join(state) for state in (
        "under_review", "returned", "rejected", "draft"))  # fmt: skip
    from portal.models import Step

    def bring(registration, position, **outcomes):
        Case.update(position=position).where(Case.id == registration.case_id).execute()
        for seat, outcome in outcomes.items():
            Step.update(outcome=outcome).where(Step.case == registration.case_id, Step.seat == seat).execute()

    # The city passed it once, before it came back: that no longer counts.
    bring(waiting, 1, U="pass", C=None, P="return")
    bring(returned, 2, U="pass", C="pass", P="return")
    bring(rejected, 0, U="reject", C=None, P=None)
    bring(draft, 0, U=None, C=None, P=None)
    Case.update(submitted_at=None).where(Case.id == draft.case_id).execute()
    wanted = {"applied": 11, "unit_passed": 10, "city_passed": 9, "approved": 8, "studying": 2, "passed": 4,
              "certified": 1}  # fmt: skip
    assert {count.key: count.number for count in count_milestones(s.plan)} == wanted
    for by in ("unit", "city"):
        lines = count_progress(s.plan, by)
        assert len(lines) == 2
        for place, key in enumerate(MILESTONES):
            assert sum(line.numbers[place] for line in lines) == wanted[key]
            for line in lines:
                assert cases_of(s.plan, reached=key, **{by: line.key}).count() == line.numbers[place]
    links = [href for href in page(f"/province/plans/{s.plan.id}").links() if "reached=" in href]
    assert len(links) > len(MILESTONES)
    for href in links:
        shown = page(href)
        number = int(shown.text.split("共 ", 1)[1].split(" 件", 1)[0])
        assert number == shown.html.count("<tr data-row")
        if "unit=" not in href and "city=" not in href:
            assert number == wanted[href.split("reached=")[1].split("&")[0]]
