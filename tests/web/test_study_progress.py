"""The centre's overview of the study: figures, reminders once a day, and the outside platform's table."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from portal import clock
from portal.actions import study_reminders
from portal.actions.participants import results_of
from portal.actions.study import credited_seconds
from portal.documents.sheets import SheetLayout, write_sheet
from portal.models import AssessmentResult, Attempt, Case, Event, ImportReport, Message, Progress, StudyTime
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.make_study import make_class, make_participant

HEAD = ["姓名", "证件号码", "学习时长（分钟）", "课时", "成绩"]


@pytest.fixture(autouse=True)
def _day(db, at):
    at("2022-12-10 09:00")


@pytest.fixture
def plan(client):
    """A running plan whose centre is signed in."""
    row = make_class()
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, row.office))
    return row


@pytest.fixture
def sign_in_on(client, plan, at):
    """Another day: the centre signs in again."""

    def sign_in(text):
        moment = at(text)
        client.sign_out()
        client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, plan.office))
        return moment

    return sign_in


def studied(plan, minutes, **kw):
    """A participant who has studied so many minutes."""
    registration = make_participant(plan, **kw)
    if minutes:
        StudyTime.create(
            registration=registration.case_id, module=plan.modules[0], seconds=minutes * 60, last_at=clock.now()
        )
    return registration


def messages(kind="study"):
    return list(Message.select().where(Message.kind == kind).order_by(Message.id))


def upload(page, plan, rows, head=HEAD, expect=200):
    """Send a table through the page's form."""
    table = write_sheet(head, rows, SheetLayout(sheet_name="进度"))
    shown = page(f"/province/plans/{plan.id}/progress/import")
    return shown.press("study-import-form", file=(io.BytesIO(table), "进度.xlsx"), expect=expect)


def line(registration, minutes="", hours="", score=""):
    return [registration.person.name, registration.person.id_number, minutes, hours, score]


def state_of(registration):
    return Case.get_by_id(registration.case_id).state


def test_the_overview_counts_and_filters(page, plan):
    none, half = studied(plan, 0), studied(plan, 60)
    done = studied(plan, 120, state=State.STUDY_DONE)
    Progress.create(case=done.case_id, done_at=clock.now())
    make_participant(plan, state=State.UNDER_REVIEW)
    shown = page(f"/province/plans/{plan.id}/progress")
    assert "3全部" in shown.text.replace(" ", "") and "2未学满" in shown.text.replace(" ", "")
    assert "50%" in shown.text and "100%" in shown.text and "0%" in shown.text
    for standing, names in (("behind", {none, half}), ("none", {none}), ("done", {done})):
        listed = page(f"/province/plans/{plan.id}/progress?standing={standing}").text
        assert {row for row in (none, half, done) if row.person.name in listed} == names
    named = page(f"/province/plans/{plan.id}/progress?name={half.person.name}").text
    assert half.person.name in named and done.person.name not in named
    unit = page(f"/province/plans/{plan.id}/progress?unit={half.organisation_id}").text
    assert half.person.name in unit and done.person.name not in unit
    page(f"/province/plans/{plan.id}/progress?unit=abc&standing=x")


@pytest.mark.requirement("R4.20")
def test_reminding_all_below_100_percent_is_one_message_each_and_once_a_day(page, plan, sign_in_on):
    behind = [studied(plan, minutes) for minutes in (0, 60, 119)]
    studied(plan, 120, state=State.STUDY_DONE)
    shown = page(f"/province/plans/{plan.id}/progress?standing=behind")
    boxes = [e.get("value") for e in shown.tree.iter("input") if e.get("name") == "case"]
    assert boxes == [str(row.case_id) for row in behind]
    after = shown.press("remind", case=boxes, who="chosen")
    assert "已提醒3人" in after.text
    assert [m.user_id for m in messages()] == [row.person.user_id for row in behind]
    assert "已学习60分钟，要求120分钟" in messages()[1].text and "2022年12月20日" in messages()[1].text
    again = page(f"/province/plans/{plan.id}/progress").press("remind", who="all")
    assert "已提醒0人；3人今天已经提醒过" in again.text and len(messages()) == 3
    sign_in_on("2022-12-11 00:00")
    page(f"/province/plans/{plan.id}/progress").press("remind", who="all")
    assert len(messages()) == 6
    assert Event.select().where(Event.action == "remind_study").count() == 2


def test_nobody_who_is_done_without_an_account_or_of_another_plan_is_reminded(client, page, plan):
    done, without = studied(plan, 120, state=State.STUDY_DONE), studied(plan, 0, account=False)
    foreign = make_participant(make_class())
    answer = client.post(
        f"/province/plans/{plan.id}/progress/remind",
        {"who": "chosen", "case": [done.case_id, without.case_id, foreign.case_id]},
    )
    assert answer.status_code == 303 and messages() == []


def test_after_the_window_nothing_is_sent(client, page, plan, sign_in_on):
    row = studied(plan, 0)
    sign_in_on("2022-12-21 00:00")
    assert "提醒所选" not in page(f"/province/plans/{plan.id}/progress").text
    answer = client.post(f"/province/plans/{plan.id}/progress/remind", {"case": row.case_id})
    assert answer.status_code == 403 and messages() == []


@pytest.mark.requirement("R4.20")
def test_the_portal_reminds_by_itself_before_the_window_ends(page, plan, at):
    """Anhui reminds three days and one day before the last day of 20 December."""
    behind = studied(plan, 30)
    studied(plan, 120, state=State.STUDY_DONE)
    assert "2022年12月17日 自动提醒" in page(f"/province/plans/{plan.id}/progress").text
    sent = []
    for day in ("16 23:59", "17 00:00", "17 12:00", "18 09:00", "19 00:00", "20 23:59", "21 00:00"):
        moment = at(f"2022-12-{day}")
        sent.append(study_reminders.remind_before_end(moment))
        assert study_reminders.remind_before_end(moment) == 0  # run twice, sent once
    assert sent == [0, 1, 0, 0, 1, 0, 0]
    assert [m.user_id for m in messages()] == [behind.person.user_id] * 2


def test_a_server_that_was_off_reminds_later_and_never_twice_on_one_day(page, plan, at, sign_in_on):
    studied(plan, 30)
    moment = sign_in_on("2022-12-18 08:00")
    page(f"/province/plans/{plan.id}/progress").press("remind", who="all")
    assert study_reminders.remind_before_end(moment) == 0  # the centre was faster today
    assert study_reminders.remind_before_end(at("2022-12-19 08:00")) == 1
    assert len(messages()) == 2


@pytest.mark.requirement("R4.22")
def test_unknown_numbers_are_reported_and_the_rest_is_loaded(client, page, plan):
    one, two = make_participant(plan), make_participant(plan)
    stranger = make.make_person()
    rows = [line(one, "120"), ["无此人", stranger.id_number, "90", "", ""], line(two, "45.5")]
    shown = upload(page, plan, rows)
    assert "已导入 2 行；1 行有误" in shown.text and "本计划没有这个证件号码的参训人员" in shown.text
    assert (credited_seconds(one), credited_seconds(two)) == (7200, 2730)
    assert (state_of(one), state_of(two)) == (State.STUDY_DONE, State.APPROVED)
    assert Progress.get_or_none(Progress.case == two.case_id).outside_at == clock.now()
    report = ImportReport.get()
    book = client.get(f"/province/plans/{plan.id}/progress/reports/{report.id}/workbook")
    sheet = load_workbook(io.BytesIO(book.data)).active
    wrong = [cell.coordinate for row in sheet for cell in row if cell.comment]
    assert wrong == ["B3"] and "本计划没有" in sheet["B3"].comment.text
    assert sheet["B3"].fill.fgColor.rgb == "FFFFC7CE" and sheet["C2"].value == "120"


def test_the_marked_workbook_is_corrected_and_sent_again(client, page, plan):
    """Loading the same rows a second time changes nothing (idempotent)."""
    one, two = make_participant(plan), make_participant(plan)
    wrong = [two.person.name + "错", two.person.id_number, "60", "", ""]
    upload(page, plan, [line(one, "120", score="95"), wrong])
    events = Event.select().where(Event.case == one.case_id).count()
    shown = upload(page, plan, [line(one, "120", score="95"), line(two, "60")])
    assert "已导入 2 行" in shown.text and "有误" not in shown.text.split("已导入 2 行")[1]
    assert Event.select().where(Event.case == one.case_id).count() == events
    assert credited_seconds(two) == 3600
    assert "更新1人，无变化1人" in Event.select().where(Event.action == "import").order_by(Event.id.desc()).get().note


def test_five_percent_wrong_rows_leave_nothing_half_loaded(page, plan):
    """Of 100 rows five are wrong in five ways, one only in its last cell: each of them is not loaded at all."""
    everybody = [make_participant(plan) for _ in range(100)]
    rows = [line(row, "120", score="95") for row in everybody]
    rows[10][2] = "两小时"
    rows[30][4] = "101"
    rows[50][0] = "别人"
    rows[70][2], rows[70][4] = "119", "95"  # a score without the required study
    rows[90][1] = rows[89][1]
    shown = upload(page, plan, rows)
    assert "已导入 95 行；5 行有误" in shown.text
    for number, row in enumerate(everybody):
        loaded = number not in (10, 30, 50, 70, 90)
        assert (state_of(row) == State.PASSED) == loaded, number
        assert (credited_seconds(row) == 7200) == loaded, number
        assert credited_seconds(row) in (0, 7200) and len(results_of(row)) == loaded


@pytest.mark.requirement("R5.16")
def test_an_imported_score_uses_the_same_pass_rule(page, plan):
    """90 is the mark: 90 and 90.04 pass, 89.9 and 89.99 fail, and nothing is rounded up."""
    scores = {"90": True, "90.04": True, "89.9": False, "89.99": False, "100": True, "0": False}
    people = {score: make_participant(plan) for score in scores}
    upload(page, plan, [line(row, "120", score=score) for score, row in people.items()])
    for score, row in people.items():
        (result,) = results_of(row)
        assert result.passed == scores[score] and result.source == "imported" and result.assessment == "online"
        assert state_of(row) == (State.PASSED if scores[score] else State.FAILED)
    assert {f"{row.score}" for row in AssessmentResult.select()} == {"90", "89.9", "100", "0"}


def test_class_hours_count_with_the_provinces_length(page, plan):
    row, both = make_participant(plan), make_participant(plan)
    upload(page, plan, [line(row, hours="2"), line(both, "10", "8")])
    assert (credited_seconds(row), credited_seconds(both)) == (2 * 45 * 60, 600)


def test_a_score_that_differs_or_belongs_to_the_portal_is_refused(page, plan):
    scored, sat = make_participant(plan), make_participant(plan, state=State.STUDY_DONE)
    upload(page, plan, [line(scored, "120", score="80")])
    Attempt.create(
        registration=sat.case_id, number=1, seed="s", items=[], pass_mark=90, started_at=clock.now(),
        due_at=clock.now() + timedelta(hours=1), open_key=sat.case_id,
    )  # fmt: skip
    shown = upload(page, plan, [line(scored, score="95"), line(sat, "50", score="95")])
    assert "已登记的结果为80.0分" in shown.text and "以系统评分为准" in shown.text
    assert state_of(scored) == State.FAILED and credited_seconds(sat) == 0


@pytest.mark.parametrize("state", [State.UNFINISHED, State.STRUCK, State.EXCUSED])
def test_what_was_decided_is_not_changed_by_a_table(page, plan, state):
    row = make_participant(plan, state=state)
    assert "不能再导入" in upload(page, plan, [line(row, "120")]).text
    assert credited_seconds(row) == 0 and state_of(row) == state


def test_a_table_without_its_head_and_an_empty_row_are_refused_in_words(page, plan):
    row = make_participant(plan)
    assert "表头缺少：证件号码" in upload(page, plan, [["甲", "1"]], head=["姓名", "时长"], expect=422).text
    assert "请填写学习时长、课时或成绩" in upload(page, plan, [line(row)]).text
    assert ImportReport.select().count() == 1


def test_a_cancelled_plan_takes_no_table(client, page, plan):
    plan.state = "cancelled"
    plan.save()
    assert "不能导入" in page(f"/province/plans/{plan.id}/progress/import").text


def test_the_template_is_read_again(client, page, plan):
    row = make_participant(plan)
    book = load_workbook(io.BytesIO(client.get(f"/province/plans/{plan.id}/progress/template").data))
    book.active.append([row.person.name, row.person.id_number, "30", "", ""])
    filled = io.BytesIO()
    book.save(filled)
    filled.seek(0)
    page(f"/province/plans/{plan.id}/progress/import").press("study-import-form", file=(filled, "进度.xlsx"))
    assert credited_seconds(row) == 1800


def test_who_takes_part_for_two_occupations_has_studied_for_both(page, plan):
    first = studied(plan, 0)
    second = make_participant(plan, person=first.person)
    struck = make_participant(plan, person=first.person, state=State.STRUCK)
    upload(page, plan, [line(first, minutes="120", score="91")])
    assert (state_of(first), state_of(second), state_of(struck)) == ("passed", "passed", "struck")
    assert AssessmentResult.select().count() == 2
    upload(page, plan, [line(first, minutes="120", score="91")])
    assert Event.get(Event.subject == f"plan:{plan.id}", Event.note.contains("无变化1人"))
