"""The applicant's pages of the online assessment: rules, start, paper, answers, handing in, result."""

import pytest

from portal import clock
from portal.actions import participants
from portal.actions.exams import submit_overdue
from portal.models import AssessmentResult, Attempt, Case, Registration
from portal.models.exam_papers import answers_of, shown_paper
from portal.rules.workflow import SYSTEM
from tests import make
from tests.make_exam import answer_for, make_bank, make_candidate, make_exam_plan, make_slot_plan, sit, state_of


@pytest.fixture
def candidate(client, at):
    """Somebody of Anhui who has finished the study and is signed in."""
    at("2021-09-02 09:00")
    make_bank()
    registration = make_candidate(make_exam_plan(name="高级考评员培训班"))
    client.sign_in(make.grant_of(registration.person))
    return registration


@pytest.fixture
def in_slot(client, at):
    """Somebody of Sichuan, signed in before the slot."""
    at("2022-12-16 14:00")
    make_bank(make.SICHUAN)
    registration = make_candidate(make_slot_plan())
    client.sign_in(make.grant_of(registration.person))
    return registration


def home(registration: Registration) -> str:
    return f"/applicant/training/{registration.case_id}/exam"


def begin(client, registration: Registration) -> Attempt:
    answer = client.post(f"{home(registration)}/start", {"agreed": "y"})
    assert answer.status_code == 303, answer.text
    return Attempt.select().where(Attempt.registration == registration.case_id).order_by(Attempt.id.desc()).get()


def paper_of(attempt: Attempt) -> str:
    return f"/applicant/training/exam/{attempt.id}"


@pytest.mark.requirement("R5.01")
def test_a_post_before_the_study_is_done_is_refused(client, page, at):
    at("2021-09-02 09:00")
    make_bank()
    registration = make_candidate(make_exam_plan(), state="approved")
    client.sign_in(make.grant_of(registration.person))
    assert "尚未完成规定的学习" in page(home(registration)).text
    answer = client.post(f"{home(registration)}/start", {"agreed": "y"})
    assert answer.status_code == 403 and "尚未完成规定的学习" in answer.text
    assert Attempt.select().count() == 0
    participants.finish_study(Case.get_by_id(registration.case_id))
    assert begin(client, registration).number == 1


def test_the_rules_stand_before_the_start(candidate, page):
    text = page(home(candidate)).text
    words = ("60分钟", "2次，已使用0次", "90分", "100分", "单选题6题", "少选、多选、错选均不得分", "开始一次即使用一次")
    for word in words:
        assert word in text, word
    refused = page(home(candidate)).press("start-form", expect=422)
    assert "请先阅读考核规则并勾选" in refused.text
    assert Attempt.select().count() == 0


@pytest.mark.requirement("R5.02")
def test_the_pages_say_assessment_for_the_test_and_training_only_for_study(candidate, page, client):
    attempt = begin(client, candidate)
    for address in (home(candidate), paper_of(attempt), f"{paper_of(attempt)}/hand-in"):
        shown = page(address).text
        assert "线上考核" in shown or "确认交卷" in shown
        assert "线上培训" not in shown
    client.post(f"{paper_of(attempt)}/hand-in")
    assert "线上培训" not in page(f"{paper_of(attempt)}/result").text
    assert "线上考核" in page(f"{paper_of(attempt)}/result").text
    study = page(f"/applicant/training/{candidate.case_id}").text
    assert "线上考核" in study


def test_a_whole_examination_without_javascript(candidate, page, client):
    """Tick, save, be told what is missing, hand in, read the score."""
    paper = page(home(candidate)).press("start-form", agreed="y")
    attempt = Attempt.get()
    right = answer_for(attempt, 90)
    fields = {f"a{place}": list(value) for place, value in right.items()}
    first = dict(list(fields.items())[:10])
    paper = paper.press("exam-form", action="save", **first)
    assert "答案已保存" in paper.text and len(answers_of(attempt)) == 10
    confirm = paper.press("exam-form", action="hand-in")
    assert "还有19题没有作答" in confirm.text and Attempt.get().submitted_at is None
    paper = page(paper_of(attempt))
    confirm = paper.press("exam-form", action="hand-in", **fields)
    assert "没有作答" not in confirm.text
    answer = client.post(f"{paper_of(attempt)}/hand-in")
    assert answer.status_code == 303
    result = page(answer.location)
    assert "90.0" in result.text and "合格" in result.text and "本人交卷" in result.text
    assert state_of(candidate) == "passed"


@pytest.mark.requirement("R5.11")
def test_a_reload_keeps_the_answers_and_the_remaining_time(candidate, page, client, at):
    attempt = begin(client, candidate)
    multiple = next(item for item in shown_paper(attempt) if item.kind == "multiple")
    at("2021-09-02 09:10:00")
    saved = client.post(f"{paper_of(attempt)}/answers/0", {"value": "C"})
    assert (saved.status_code, saved.headers["X-Seconds-Left"], saved.data) == (204, "3000", b"")
    client.post(f"{paper_of(attempt)}/answers/{multiple.place}", {"value": "DA"})
    at("2021-09-02 09:20:30")
    for _ in range(2):  # a reload, then another computer with a login of its own
        shown = page(paper_of(attempt))
        form = shown.form("exam-form")
        assert form.get("data-seconds") == str(39 * 60 + 30)
        checked = [
            (box.get("name"), box.get("value")) for box in shown.tree.iter("input") if box.get("checked") is not None
        ]
        assert checked == [("a0", "C"), (f"a{multiple.place}", "A"), (f"a{multiple.place}", "D")]
        client.sign_out()
        client.sign_in(make.grant_of(candidate.person))
    again = client.post(f"{home(candidate)}/start", {"agreed": "y"})
    assert again.location == paper_of(attempt) and Attempt.select().count() == 1
    assert "继续考核" in page(home(candidate)).text


def test_the_whole_form_does_not_undo_what_another_computer_saved(candidate, page, client):
    attempt = begin(client, candidate)
    old = page(paper_of(attempt))
    client.post(f"{paper_of(attempt)}/answers/0", {"value": "C"})
    old.press("exam-form", action="save", a1=["B"])
    assert answers_of(attempt) == {0: "C", 1: "B"}


@pytest.mark.requirement("R5.07", "R5.08")
def test_the_slot_on_the_pages(in_slot, page, client, at):
    at("2022-12-16 14:29")
    assert client.post(f"{home(in_slot)}/start", {"agreed": "y"}).status_code == 403
    assert "2022年12月16日14:30开始" in page(home(in_slot)).text
    assert Attempt.select().count() == 0
    at("2022-12-16 16:00")
    attempt = begin(client, in_slot)
    assert "剩余时间 30:00" in page(paper_of(attempt)).text, "entered at 16:00"
    client.post(f"{paper_of(attempt)}/answers/0", {"value": answer_for(attempt, 100)[0]})
    at("2022-12-16 16:30:00")
    assert submit_overdue(clock.now()) == 1, "without any page"
    row = Attempt.get()
    assert (str(row.submitted_at), row.submitted_by, row.score) == ("2022-12-16 16:30:00", "system", 10)


@pytest.mark.requirement("R5.22")
def test_the_clock_of_the_browser_opens_nothing_and_prolongs_nothing(in_slot, client, at):
    """Whatever a client says about the time: before the slot no paper opens, after it no answer is taken."""
    lies = {"Date": "Fri, 16 Dec 2022 07:00:00 GMT", "X-Client-Time": "2022-12-16T15:00:00"}
    at("2022-12-16 14:29:59")
    early = client.post(f"{home(in_slot)}/start", {"agreed": "y", "now": "2022-12-16T15:00:00"}, headers=lies)
    assert early.status_code == 403 and Attempt.select().count() == 0
    at("2022-12-16 14:30")
    attempt = begin(client, in_slot)
    at("2022-12-16 16:30")
    late = client.post(f"{paper_of(attempt)}/answers/0", {"value": "A", "at": "2022-12-16T15:00:00"}, headers=lies)
    assert late.status_code == 409 and "考核时间已到" in late.text and answers_of(attempt) == {}


def test_after_handing_in_nothing_is_taken_and_back_leads_to_the_result(candidate, page, client):
    attempt = begin(client, candidate)
    assert client.get(paper_of(attempt)).headers["Cache-Control"] == "no-store"
    old = page(paper_of(attempt))
    client.post(f"{paper_of(attempt)}/hand-in")
    refused = client.post(f"{paper_of(attempt)}/answers/0", {"value": "A"})
    assert refused.status_code == 409 and "已经提交" in refused.text
    again = old.press("exam-form", action="save", a0=["A"])
    assert again.url.endswith("/result") and "答卷已经提交" in again.text
    for address in (paper_of(attempt), f"{paper_of(attempt)}/hand-in"):
        assert client.get(address).location == f"{paper_of(attempt)}/result"
    assert client.post(f"{paper_of(attempt)}/hand-in").location == f"{paper_of(attempt)}/result"
    assert answers_of(attempt) == {}


def test_opening_the_page_after_the_end_hands_in(candidate, page, client, at):
    attempt = begin(client, candidate)
    at("2021-09-02 10:00")
    result = page(paper_of(attempt))
    assert result.url.endswith("/result") and "到时自动交卷" in result.text and "还有1次考核机会" in result.text


@pytest.mark.requirement("R5.06")
def test_after_two_failures_the_study_remains_readable(candidate, page, client):
    sit(candidate, 80)
    sit(candidate, 89.5)
    assert state_of(candidate) == "failed"
    shown = page(home(candidate)).text
    assert "89.5" in shown and "80.0" in shown and "考核机会已用完" in shown
    assert client.post(f"{home(candidate)}/start", {"agreed": "y"}).status_code == 403
    assert "高级考评员培训班" in page("/applicant/training").text
    assert "学习进度" in page(f"/applicant/training/{candidate.case_id}").text


@pytest.mark.requirement("R5.19")
def test_89_96_is_stored_and_shown_as_not_passed(candidate, page, client):
    sit(candidate, 80)
    attempt = begin(client, candidate)
    client.post(f"{paper_of(attempt)}/hand-in")
    # No paper of ours can give such a sum: the row is set to it, and the kept result comes from an outside exam.
    Attempt.update(score="89.96", passed=False).where(Attempt.id == attempt.id).execute()
    result = page(f"{paper_of(attempt)}/result")
    assert "89.9" in result.text and "90.0" not in result.text and "不合格" in result.text
    other = make_candidate(make_exam_plan())
    kept = participants.keep_result(other, "online", actor=SYSTEM, source="imported", score="89.96")
    stored = AssessmentResult.get_by_id(kept.id)
    assert (str(stored.score), stored.passed, state_of(other)) == ("89.9", False, "failed")


@pytest.mark.requirement("R5.17")
def test_the_outside_address_is_for_those_who_may_sit(client, page, at):
    at("2022-12-16 10:00")
    address = "https://kaoping.example.invalid/"
    plan = make_slot_plan(exam_place="outside", links={"exam": address})
    for state, seen in (("study_done", True), ("assessed_part", True), ("approved", False), ("under_review", False),
                        ("passed", False), ("struck", False)):  # fmt: skip
        registration = make_candidate(plan, state=state)
        client.sign_in(make.grant_of(registration.person))
        for place in (home(registration), f"/plans/{plan.id}", f"/applicant/plans/{plan.id}"):
            assert (address in page(place).links()) == seen, (state, place)
        client.sign_out()
    assert address not in page(f"/plans/{plan.id}").html


def test_right_answers_are_shown_when_it_is_over_for_all(in_slot, page, client, at):
    at("2022-12-16 14:30")
    attempt = begin(client, in_slot)
    client.post(f"{paper_of(attempt)}/hand-in")
    assert "正确答案：" not in page(f"{paper_of(attempt)}/result").text
    at("2022-12-16 16:30")
    assert "正确答案：" in page(f"{paper_of(attempt)}/result").text


def test_other_peoples_papers_are_not_found(candidate, client):
    other = make_candidate(make_exam_plan())
    attempt = sit(other, 80)
    for address in ("", "/hand-in", "/result"):
        assert client.get(paper_of(attempt) + address).status_code == 404
    for address in ("/answers/0", "/answers", "/hand-in"):
        assert client.post(paper_of(attempt) + address, {"value": "A"}).status_code == 404
    assert client.get(home(other)).status_code == 404
    assert client.post(f"{home(other)}/start", {"agreed": "y"}).status_code == 404
