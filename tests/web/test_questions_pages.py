"""The bank's pages at the province's door, its Excel import, a plan's paper, and the attempts of a plan."""

import io

import openpyxl
import pytest

from portal.actions import questions as verbs
from portal.actions.imports import store_rows
from portal.models import Attempt, Event, ImportReport, Plan, Question
from portal.models.exam_papers import shown_paper
from portal.papers.imports import KINDS, make_template
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.exam import KIND_LABELS
from portal.rules.workflow import Seat
from tests import make
from tests.make_exam import PAPER, make_bank, make_candidate, make_exam_plan, make_question, sit

HEAD = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "适用等级", "学习内容", "解析"]
GOOD = [
    ["单选题", "资格证卡有效期为几年", "一年", "二年", "三年", "四年", "C", "高级考评员", "考务管理", "七"],
    ["多选", "考评员应当做到", "公正", "保密", "回避", "代考", "a、b,C", "", "", ""],
    ["判断题", "考评员应持证上岗", "", "", "", "", "正确", "考评员", "", ""],
]
QUESTION = {"kind": "single", "text": "证卡有效期为几年", "option_A": "一年", "option_B": "二年", "option_C": "三年",
            "answer": "C"}  # fmt: skip


@pytest.fixture
def centre(client, at):
    """The provincial centre of Sichuan, signed in."""
    at("2022-12-12 10:00")
    grant = make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.SICHUAN))
    client.sign_in(grant)
    return make.actor_of(grant)


def in_use():
    return Question.select().where(Question.removed_at.is_null())


def workbook(rows) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def upload(page, rows):
    return page("/province/imports/questions").press("import-form", file=(workbook(rows), "试题.xlsx"))


def test_three_kinds_are_added_and_found_by_every_filter(centre, page):
    page("/province/questions/add").press("question-form", **QUESTION, grade="senior", topic="考务管理")
    multiple = {"kind": "multiple", "text": "考评员应当做到", "option_A": "公正", "option_B": "保密", "answer": "b a"}
    page("/province/questions/add").press("question-form", **multiple)
    page("/province/questions/add").press("question-form", kind="judge", text="考评员应持证上岗", answer="正确")
    assert [(row.kind, row.answer, row.options[0]) for row in in_use().order_by(Question.id)] == [
        ("single", "C", "一年"), ("multiple", "AB", "公正"), ("judge", "A", "正确")
    ]  # fmt: skip
    for query, found in (
        ("", 3), ("kind=judge", 1), ("topic=考务管理", 1), ("topic=none", 2), ("grade=senior", 1), ("grade=none", 2),
        ("words=证卡", 1), ("words=没有", 0), ("kind=judge&grade=senior", 0),
    ):  # fmt: skip
        shown = page(f"/province/questions?{query}")
        assert shown.html.count("<tr data-row>") == found, query
    assert "多选题" in page("/province/questions").text


def test_what_is_wrong_stands_beside_its_field(centre, page):
    shown = page("/province/questions/add").press("question-form", expect=422, **{**QUESTION, "answer": "D"})
    assert "答案中的D没有对应的选项" in shown.text
    shown = page("/province/questions/add").press("question-form", expect=422, **{**QUESTION, "option_C": "一年"})
    assert shown.find("option_C-error") is not None
    assert in_use().count() == 0


def test_an_edit_leaves_old_papers_as_they_were(centre, page):
    make_bank(make.SICHUAN, single=6, multiple=3, judge=20)
    attempt = sit(make_candidate(make_exam_plan(make.SICHUAN)), 80)
    before = shown_paper(attempt)
    old = Question.get(Question.kind == "single")
    page(f"/province/questions/{old.id}").press("question-form", text="改写后的题干", option_A="改写后的选项")
    new = Question.get(Question.replaces == old.id)
    assert (new.text, new.options[0], new.kind) == ("改写后的题干", "改写后的选项", "single")
    assert Question.get_by_id(old.id).removed_at is not None
    other = Question.get(Question.kind == "judge", Question.removed_at.is_null())
    page(f"/province/questions/{other.id}").press(f"/province/questions/{other.id}/remove")
    assert in_use().where(Question.id == other.id).count() == 0
    assert shown_paper(Attempt.get_by_id(attempt.id)) == before
    assert page(f"/province/questions/{old.id}", 404)
    with pytest.raises(Stale):
        verbs.save_question(old, {**QUESTION, "options": ["一年", "二年", "三年"]}, actor=centre)


def test_the_same_question_twice_and_an_edit_without_a_change(centre):
    values = {**QUESTION, "options": ["一年", "二年", "三年"]}
    row = verbs.save_question(None, values, actor=centre)
    with pytest.raises(Invalid, match="已有同样的题目"):
        verbs.save_question(None, values, actor=centre)
    assert verbs.save_question(row, values, actor=centre).id == row.id and Question.select().count() == 1
    assert verbs.save_question(None, {**values, "grade": "senior"}, actor=centre).id != row.id


def test_only_the_own_provinces_centre_keeps_the_bank(centre, client):
    foreign = make_question(province=make.ANHUI)
    assert client.get(f"/province/questions/{foreign.id}").status_code == 404
    assert client.post(f"/province/questions/{foreign.id}/remove").status_code == 404
    department = make.make_grant(
        Seat.DEPARTMENT, make.make_office(level="province", body="department", province=make.SICHUAN)
    )
    for grant in (department, make.make_grant(Seat.TECHNICIAN)):
        with pytest.raises(NotAllowed):
            verbs.save_question(None, {**QUESTION, "options": ["一", "二", "三"]}, actor=make.actor_of(grant))
    client.sign_out()
    client.sign_in(department)
    assert client.get("/province/questions").status_code == 403


def test_a_table_without_errors_is_imported_once_and_corrects_what_is_there(centre, page):
    shown = upload(page, [HEAD, *GOOD])
    assert in_use().count() == 0, "nothing before the preview is confirmed"
    report = ImportReport.get()
    done = page(shown.url).press(f"/province/imports/reports/{report.id}/confirm")
    assert "新增3条，更新0条" in done.text
    assert [(r.kind, r.answer, r.grade, r.topic) for r in in_use().order_by(Question.id)] == [
        ("single", "C", "senior", "考务管理"), ("multiple", "ABC", "", ""), ("judge", "A", "examiner", "")
    ]  # fmt: skip
    assert all(row.province == make.SICHUAN for row in in_use())
    assert Event.get(Event.action == "import").note.endswith("新增3条，更新0条")
    corrected = [GOOD[0][:6] + ["D"] + GOOD[0][7:], GOOD[1], ["判断题", "新的一题", "", "", "", "", "×", "", "", ""]]
    shown = upload(page, [HEAD, *corrected])
    report = ImportReport.select().order_by(ImportReport.id.desc()).get()
    assert "新增1条，更新1条" in page(shown.url).press(f"/province/imports/reports/{report.id}/confirm").text
    assert in_use().count() == 4 and in_use().where(Question.text == GOOD[0][1]).get().answer == "D"


def test_one_wrong_row_stops_the_whole_table_and_comes_back_marked(centre, page, client):
    rows = [HEAD, *GOOD, ["单选题", "没有答案的题", "一", "二", "", "", "", "", "", ""],
            ["单选题", "答案超出选项", "一", "二", "", "", "C", "", "", ""],
            ["问答题", "题型不对", "一", "二", "", "", "A", "", "", ""],
            ["多选题", "只有一个答案", "一", "二", "", "", "A", "", "", ""],
            ["单选题", "空着的选项", "一", "", "三", "", "A", "高级工", "", ""],
            GOOD[2]]  # fmt: skip
    shown = upload(page, rows)
    report = ImportReport.get()
    assert in_use().count() == 0 and report.refused == 6 and not report.stored
    faults = {(row, column) for row, column, _ in report.errors}
    assert {(5, 7), (6, 7), (7, 1), (8, 7), (9, 8), (10, 1)} <= faults
    assert "请填写答案" in shown.text
    marked = client.get(f"/province/imports/reports/{report.id}/workbook")
    sheet = openpyxl.load_workbook(io.BytesIO(marked.data)).active
    assert "没有对应的选项" in sheet.cell(6, 7).comment.text and sheet.cell(6, 7).fill.fill_type == "solid"
    assert sheet.cell(2, 7).comment is None
    client.post(f"/province/imports/reports/{report.id}/confirm")
    assert in_use().count() == 0


def test_the_template_can_be_filled_in_and_read_back(centre, page):
    book = openpyxl.load_workbook(io.BytesIO(make_template(KINDS["questions"])))
    head = next(row for row in book.active.iter_rows(values_only=True) if row[1] and str(row[1]).startswith("题干"))
    values = dict(zip(HEAD, GOOD[0], strict=True))
    book.active.append([values.get(str(name).rstrip("*"), "") for name in head])
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    page("/province/imports/questions").press("import-form", file=(out, "模板.xlsx"))
    assert ImportReport.get().accepted == 1 and ImportReport.get().refused == 0


def test_a_technician_has_no_bank(centre):
    from portal.actions.imports import examine

    technician = make.actor_of(make.make_grant(Seat.TECHNICIAN))
    with pytest.raises(NotAllowed):
        store_rows(KINDS["questions"], examine(KINDS["questions"], [HEAD, *GOOD]), "题.xlsx", actor=technician)
    assert in_use().count() == 0


def test_the_paper_of_a_plan_must_have_a_hundred_points(centre, page):
    plan = make.make_plan(state="draft", published_at=None)
    form = page(f"/province/plans/{plan.id}/edit")
    wrong = {"paper_single_count": "99", "paper_single_points": "1"}
    shown = form.press("plan-form", expect=422, **wrong)
    assert "合计99分，应恰为100分" in shown.text and shown.find("paper_single_count-error") is not None
    right = {"paper_single_count": "90", "paper_single_points": "1", "paper_judge_count": "20",
             "paper_judge_points": "0.5", "exam_minutes": "60", "late_minutes": "30", "exam_place": "portal",
             "assessments": "online"}  # fmt: skip
    form.press("plan-form", **right)
    plan = Plan.get_by_id(plan.id)
    single, judge = plan.paper
    assert single == {"kind": "single", "count": 90, "points": "1"}
    assert judge == {"kind": "judge", "count": 20, "points": "0.5"}
    assert (plan.exam_minutes, plan.late_minutes, plan.exam_place) == (60, 30, "portal")
    kept = page(f"/province/plans/{plan.id}/edit").values("plan-form")
    assert (kept["paper_judge_count"], kept["paper_judge_points"], kept["paper_multiple_count"]) == ("20", "0.5", "")
    record = page(f"/province/plans/{plan.id}").text
    assert "单选题，题数90，每题分值1" in record, "the record of changes speaks Chinese"


def test_the_centre_sees_beforehand_that_questions_are_missing(centre, page):
    plan = make_exam_plan(make.SICHUAN, paper=PAPER)
    make_bank(make.SICHUAN, single=6, multiple=2, judge=20)
    shown = page(f"/province/plans/{plan.id}").text
    assert "还差 1 题" in shown and "参加人员将不能开始考核" in shown
    make_question("multiple", province=make.SICHUAN)
    shown = page(f"/province/plans/{plan.id}").text
    assert "还差" not in shown and shown.count("够用") == len(KIND_LABELS)


def test_the_centre_reads_every_paper_again(centre, page, client):
    make_bank(make.SICHUAN)
    plan = make_exam_plan(make.SICHUAN)
    attempt = sit(make_candidate(plan), 80)
    shown = page(f"/province/plans/{plan.id}/exam")
    assert shown.html.count("<tr data-row>") == 1 and "80.0" in shown.text and "不合格" in shown.text
    for state, rows in (("running", 0), ("passed", 0), ("failed", 1)):
        assert page(f"/province/plans/{plan.id}/exam?state={state}").html.count("<tr data-row>") == rows
    paper = page(f"/province/plans/{plan.id}/exam/{attempt.id}").text
    assert all(item.text in paper for item in shown_paper(attempt)) and "正确答案：" in paper
    assert client.get(f"/province/plans/{make_exam_plan().id}/exam").status_code == 404
    other = make_exam_plan(make.SICHUAN)
    assert client.get(f"/province/plans/{other.id}/exam/{attempt.id}").status_code == 404
