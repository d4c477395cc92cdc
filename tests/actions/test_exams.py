"""Attempts: when they can be started, what is saved, how they end, and what follows from a score."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from portal.actions import exams, participants, plans
from portal.actions.events import verify_chain
from portal.models import Answer, AssessmentResult, Attempt, Case, Event, Message, Plan, Question
from portal.models.exam_papers import shown_paper
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.workflow import SYSTEM
from tests import make
from tests.make_exam import (
    actor_for,
    answer_for,
    make_bank,
    make_candidate,
    make_exam_plan,
    make_question,
    make_slot_plan,
    sit,
    state_of,
)

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def self_timed(at):
    """Anhui: 60 minutes from one's own start, two attempts."""
    at("2021-09-02 09:00")
    make_bank()
    return make_candidate(make_exam_plan())


@pytest.fixture
def slot():
    """Sichuan: everybody from 14:30 to 16:30."""
    make_bank(make.SICHUAN)
    return make_candidate(make_slot_plan())


def start(registration) -> Attempt:
    return exams.start_attempt(registration, actor=actor_for(registration))


def test_nobody_starts_before_the_study_is_done(at):
    at("2021-09-02 09:00")
    make_bank()
    registration = make_candidate(make_exam_plan(), state="approved")
    with pytest.raises(NotAllowed, match="尚未完成规定的学习"):
        start(registration)
    assert Attempt.select().count() == 0
    assert participants.finish_study(Case.get_by_id(registration.case_id))
    assert start(registration).number == 1


@pytest.mark.requirement("R5.03", "R5.09")
@pytest.mark.parametrize("points, passed", [("89", False), ("89.5", False), ("90", True)])
def test_ninety_points_are_enough_and_less_are_not(self_timed, points, passed):
    attempt = sit(self_timed, points)
    assert (attempt.score, attempt.passed) == (Decimal(points), passed)
    assert attempt.submitted_by == "candidate" and attempt.open_key is None
    assert state_of(self_timed) == ("passed" if passed else "study_done")
    result = AssessmentResult.get_or_none(AssessmentResult.registration == self_timed.case_id)
    if passed:
        assert (result.score, result.passed, result.source, result.entered_by) == (Decimal("90.0"), True, "exam", None)
    else:
        assert result is None, "a second attempt is possible"


@pytest.mark.requirement("R5.04")
def test_two_failures_end_it(self_timed):
    assert sit(self_timed, 80).number == 1
    assert "还有1次考核机会" in Message.get(Message.kind == "exam").text
    assert sit(self_timed, 70).number == 2
    assert state_of(self_timed) == "failed"
    result = AssessmentResult.get()
    assert (result.score, result.passed) == (Decimal("80.0"), False), "the better of the two"
    with pytest.raises(NotAllowed):
        start(self_timed)
    assert Attempt.select().count() == 2
    assert verify_chain()[1] is None


@pytest.mark.requirement("R5.04")
def test_after_a_pass_there_is_no_second_attempt(self_timed):
    sit(self_timed, 90)
    assert exams.why_no_exam(self_timed) == "线上考核已合格，不需要再次参加。"
    with pytest.raises(NotAllowed, match="已合格"):
        start(self_timed)


@pytest.mark.requirement("R5.05")
def test_started_is_used_and_another_plan_gives_two_again(self_timed, at):
    first = start(self_timed)
    at("2021-09-02 10:00")
    assert exams.submit_overdue(at("2021-09-02 10:00")) == 1, "abandoned: nothing was ever answered"
    first = Attempt.get_by_id(first.id)
    assert (first.score, first.passed, first.submitted_by) == (0, False, "system")
    assert start(self_timed).number == 2, "the abandoned one counts"
    at("2021-09-02 11:00")
    exams.submit_overdue(at("2021-09-02 11:00"))
    assert state_of(self_timed) == "failed"
    other = make_candidate(make_exam_plan(), person=self_timed.person)
    assert [sit(other, 80).number, sit(other, 80).number] == [1, 2]


@pytest.mark.requirement("R5.07", "R5.08")
def test_the_slot_to_the_second(slot, at):
    at("2022-12-16 14:29:59")
    with pytest.raises(NotAllowed, match="2022年12月16日14:30开始"):
        start(slot)
    at("2022-12-16 16:00")
    attempt = start(slot)
    assert (attempt.due_at - attempt.started_at).total_seconds() == 30 * 60, "entered late, ends with everybody"
    exams.save_answers(attempt.id, values=answer_for(attempt, 90), actor=actor_for(slot))
    assert exams.submit_overdue(at("2022-12-16 16:29:59")) == 0
    assert exams.submit_overdue(at("2022-12-16 16:30:00")) == 1, "nobody has a page open"
    attempt = Attempt.get_by_id(attempt.id)
    assert str(attempt.submitted_at) == "2022-12-16 16:30:00"
    assert (attempt.submitted_by, attempt.score, state_of(slot)) == ("system", 90, "passed")
    assert exams.submit_overdue(at("2022-12-16 16:30:15")) == 0


def test_the_first_and_the_last_moment_of_the_slot(slot, at):
    at("2022-12-16 16:30")
    with pytest.raises(NotAllowed, match="结束"):
        start(slot)
    at("2022-12-16 14:30")
    assert start(slot).number == 1


@pytest.mark.requirement("R5.08")
def test_the_limit_for_late_arrivals(at):
    make_bank(make.SICHUAN)
    late = make_candidate(make_slot_plan(late_minutes=30))
    at("2022-12-16 15:00:01")
    with pytest.raises(NotAllowed, match="30分钟"):
        start(late)
    at("2022-12-16 15:00:00")
    attempt = start(late)
    at("2022-12-16 15:40")
    assert start(late).id == attempt.id, "who is in may come back"


def test_a_failed_slot_with_attempts_left_is_a_failure_and_no_absence(slot, at):
    at("2022-12-16 14:40")
    sit(slot, 70)
    assert state_of(slot) == "study_done", "there is time for a second attempt"
    assert exams.submit_overdue(at("2022-12-16 16:29:59")) == 0
    assert exams.submit_overdue(at("2022-12-16 16:30")) == 1
    assert (state_of(slot), AssessmentResult.get().score) == ("failed", Decimal("70.0"))
    assert exams.submit_overdue(at("2022-12-16 16:31")) == 0


def test_who_never_sat_is_left_to_the_list_of_absences(slot, at):
    assert exams.submit_overdue(at("2022-12-17 09:00")) == 0
    assert state_of(slot) == "study_done" and AssessmentResult.select().count() == 0


def test_a_self_timed_test_never_outlasts_the_window(at):
    make_bank()
    plan = make_exam_plan(study_from=at("2021-08-30 00:00").date(), study_to=at("2021-09-02 00:00").date(),
                          training_from=None, training_to=None)  # fmt: skip
    registration = make_candidate(plan)
    at("2021-09-02 23:40")
    attempt = start(registration)
    assert str(attempt.due_at) == "2021-09-03 00:00:00"
    at("2021-09-03 00:00")
    assert exams.why_no_exam(make_candidate(plan)).endswith("结束，不能再进入。")


@pytest.mark.requirement("R5.10")
def test_a_paper_has_a_hundred_points_and_two_people_have_different_ones(self_timed):
    other = make_candidate(Plan.get_by_id(self_timed.plan_id))
    mine, theirs = shown_paper(start(self_timed)), shown_paper(start(other))
    for paper in (mine, theirs):
        assert sum(item.points for item in paper) == 100
        assert [item.kind for item in paper] == ["single"] * 6 + ["multiple"] * 3 + ["judge"] * 20
        assert len({item.text for item in paper}) == 29
        assert all([text for _, text in item.options] == ["正确", "错误"] for item in paper if item.kind == "judge")
    assert [item.text for item in mine] != [item.text for item in theirs]
    def orders(paper):
        return {item.text: [text for _, text in item.options] for item in paper}

    both = orders(mine).keys() & orders(theirs).keys()
    assert any(orders(mine)[text] != orders(theirs)[text] for text in both), "options, too, are mixed"


def test_only_fitting_questions_are_drawn(at):
    at("2021-09-02 09:00")
    plan = make_exam_plan(grade="senior", contents=["考评技术"], paper=[{"kind": "single", "count": 4, "points": "25"}])
    fitting = [make_question(**kw).id for kw in ({}, {"grade": "senior"}, {"topic": "考评技术"}, {"topic": ""})]
    for wrong in ({"grade": "examiner"}, {"topic": "别的内容"}, {"province": make.SICHUAN},
                  {"removed_at": at("2021-09-02 09:00")}):  # fmt: skip
        make_question(**wrong)
    attempt = start(make_candidate(plan))
    assert {item[0] for item in attempt.items} == set(fitting)


def test_too_small_a_bank_costs_no_attempt(self_timed):
    Question.update(removed_at="2021-09-02 08:00:00.000000").where(Question.kind == "multiple").execute()
    with pytest.raises(NotAllowed, match="没有占用您的考核机会"):
        start(self_timed)
    assert Attempt.select().count() == 0
    make_bank(single=0, judge=0)
    assert start(self_timed).number == 1


def test_a_running_attempt_is_continued_with_its_answers_and_its_end(self_timed, at):
    attempt = start(self_timed)
    assert exams.save_answer(attempt.id, place=3, value="B", actor=actor_for(self_timed)) == attempt.due_at
    exams.save_answer(attempt.id, place=6, value="CA", actor=actor_for(self_timed))
    at("2021-09-02 09:20")
    again = start(self_timed)
    assert (again.id, again.due_at) == (attempt.id, attempt.due_at)
    assert [item.value for item in shown_paper(again)][3:7] == ["B", "", "", "AC"]
    exams.save_answer(attempt.id, place=3, value="D", actor=actor_for(self_timed))
    exams.save_answer(attempt.id, place=6, value="", actor=actor_for(self_timed))
    assert [item.value for item in shown_paper(again)][3:7] == ["D", "", "", ""]


def test_an_answer_after_the_end_is_refused_and_does_not_count(slot, at):
    at("2022-12-16 16:20")
    attempt, actor = start(slot), actor_for(slot)
    right = answer_for(attempt, 100)
    at("2022-12-16 16:29:59.999999")
    exams.save_answer(attempt.id, place=0, value=right[0], actor=actor)
    at("2022-12-16 16:30")
    with pytest.raises(Stale, match="考核时间已到"):
        exams.save_answer(attempt.id, place=1, value=right[1], actor=actor)
    done = exams.submit_attempt(attempt.id, actor=actor, values=right)
    assert (done.submitted_by, done.score) == ("system", 10), "what came with the late submission does not count"
    assert str(done.submitted_at) == "2022-12-16 16:30:00"


@pytest.mark.requirement("R5.09")
def test_a_submitted_paper_is_frozen(self_timed):
    attempt = sit(self_timed, 80)
    before = (attempt.score, attempt.submitted_at, shown_paper(attempt))
    with pytest.raises(Stale, match="已经提交"):
        exams.save_answer(attempt.id, place=0, value="A", actor=actor_for(self_timed))
    again = exams.submit_attempt(attempt.id, actor=actor_for(self_timed), values=answer_for(attempt, 100))
    assert (again.score, again.submitted_at, shown_paper(again)) == before
    assert Event.select().where(Event.action == "submit_exam").count() == 1


def test_a_result_of_the_exam_is_never_corrected(self_timed):
    sit(self_timed, 90)
    centre = make.actor_of(make.make_grant("P", make.make_province_centre(make.ANHUI)))
    with pytest.raises(NotAllowed, match="已锁定"):
        participants.correct_result(self_timed, "online", actor=centre, reason="误判")


def test_a_multiple_choice_needs_exactly_the_right_options(self_timed):
    attempt = start(self_timed)
    items = [item for item in shown_paper(attempt) if item.kind == "multiple"]
    partly = {items[0].place: items[0].right, items[1].place: items[1].right[:-1]}
    letters = "".join(letter for letter, _ in items[2].options)
    if items[2].right == letters:
        letters = letters[1:]
    done = exams.submit_attempt(attempt.id, actor=actor_for(self_timed), values={**partly, items[2].place: letters})
    assert done.score == 10, "one exact set, one too small, one wrong"


def test_forged_answers(self_timed):
    attempt, other = start(self_timed), start(make_candidate(Plan.get_by_id(self_timed.plan_id)))
    actor = actor_for(self_timed)
    for place, value in ((29, "A"), (0, "E"), (28, "C"), (0, "x"), (0, "AAAAAAAAAAAA"), (10**12, "A")):
        with pytest.raises(Invalid):
            exams.save_answer(attempt.id, place=place, value=value, actor=actor)
    with pytest.raises(NotAllowed):
        exams.save_answer(other.id, place=0, value="A", actor=actor)
    with pytest.raises(NotAllowed):
        exams.submit_attempt(other.id, actor=actor)
    with pytest.raises(NotAllowed):
        exams.start_attempt(other.registration, actor=actor)
    assert Answer.select().count() == 0
    with pytest.raises(Invalid):
        exams.save_answers(attempt.id, values={0: "A", 1: "H"}, actor=actor)
    assert Answer.select().count() == 0, "all or none"


def test_89_96_is_no_ninety(self_timed):
    result = participants.keep_result(self_timed, "online", actor=SYSTEM, source="exam", score="89.96")
    assert (result.score, result.passed) == (Decimal("89.9"), False)
    assert state_of(self_timed) == "failed"


def test_the_outside_platform_is_for_those_who_may_sit(at):
    at("2022-12-16 10:00")
    plan = make_slot_plan(exam_place="outside", links={"exam": "https://kaoping.example.cn"})
    registration = make_candidate(plan)
    assert exams.exam_address(registration) == "https://kaoping.example.cn"
    assert exams.exam_address(make_candidate(plan, state="approved")) == ""
    assert exams.exam_address(make_candidate(plan, state="under_review")) == ""
    with pytest.raises(NotAllowed, match="考试平台"):
        start(registration)
    at("2022-12-16 16:30")
    assert exams.exam_address(registration) == "", "it is over"


def test_a_cancelled_plan_keeps_the_paper_and_decides_nothing(self_timed, at):
    attempt = start(self_timed)
    plan = Plan.get_by_id(self_timed.plan_id)
    centre = make.actor_of(make.make_grant("P", plan.office))
    plans.cancel_plan(plan, actor=centre, seen=plan.version, reason="另行安排")
    assert exams.submit_overdue(at("2021-09-02 10:00")) == 1
    assert Attempt.get_by_id(attempt.id).submitted_by == "system"
    assert AssessmentResult.select().count() == 0 and state_of(self_timed) == "study_done"


def test_a_prolonged_slot_prolongs_running_papers_and_a_shortened_one_takes_nothing(at):
    at("2022-12-16 15:00")
    make_bank(make.SICHUAN)
    days = {"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 12), "training_from": date(2022, 12, 15),
            "training_to": date(2022, 12, 16)}  # fmt: skip
    slot = make_candidate(make_slot_plan(**days))
    attempt, plan = start(slot), Plan.get_by_id(slot.plan_id)
    centre = make.actor_of(make.make_grant("P", plan.office))
    for end, due in (("2022-12-16 17:00", "2022-12-16 17:00:00"), ("2022-12-16 16:00", "2022-12-16 17:00:00")):
        values = {"exam_ends_at": datetime.fromisoformat(end)}
        plan = plans.update_plan(plan, values=values, actor=centre, seen=plan.version, reason="系统故障")
        assert str(Attempt.get_by_id(attempt.id).due_at) == due
    at("2022-12-16 16:59")
    assert exams.save_answer(attempt.id, place=0, value="A", actor=actor_for(slot))


def test_a_plan_made_easier_meanwhile_counts(self_timed):
    attempt = start(self_timed)
    Plan.update(pass_mark=80).where(Plan.id == self_timed.plan_id).execute()
    done = exams.submit_attempt(attempt.id, actor=actor_for(self_timed), values=answer_for(attempt, 85))
    assert (done.passed, done.pass_mark, state_of(self_timed)) == (True, 80, "passed")
