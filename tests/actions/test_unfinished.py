"""The end of a class: what time and the closing leave behind, and what is decided about it."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from portal import database
from portal.actions import participants, plans, unfinished
from portal.actions.bars import check_not_barred
from portal.actions.registrations import withdraw_registration
from portal.actions.sweeps import SWEEPS, run_sweeps
from portal.actions.undoing import undo_decision
from portal.models import AssessmentResult, Attempt, Bar, Case, Event, Plan, Registration, Strike, StudyTime
from portal.models.sanction_records import standing_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene
from tests.make_classes import (
    class_scene,
    events_of,
    make_class_session,
    make_excuse,
    make_module,
    make_seat,
    state_of,
    version_of,
)
from tests.make_exam import SLOT

BEGIN = "2022-12-15 09:00"
SLOT_PLAN = {
    **SLOT, "mode": "online", "assessments": ["online"], "exam_minutes": None, "study_from": date(2022, 12, 15),
    "study_to": date(2022, 12, 16), "opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13),
    "closes_time": time(17),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _now(db, at):
    at(BEGIN)


def sichuan(**plan):
    """The class of 川人社职鉴〔2022〕21号: study 15–16 December, one exam on the 16th, 14:30–16:30."""
    s = class_scene(make.SICHUAN, **{**SLOT_PLAN, **plan})
    make_module(s.plan)
    return s


def make_attempt(registration, score: str | None, number: int = 1) -> Attempt:
    """An attempt that was marked, or that still runs."""
    return Attempt.create(
        registration=registration.case_id, number=number, seed="0", items=[], pass_mark=90,
        started_at=datetime(2022, 12, 16, 14, 30), due_at=datetime(2022, 12, 16, 16, 30),
        submitted_at=datetime(2022, 12, 16, 15) if score else None, score=score and Decimal(score),
        passed=score and Decimal(score) >= 90, open_key=None if score else registration.case_id,
    )  # fmt: skip


@pytest.mark.requirement("R5.15")
def test_not_sitting_in_the_slot_is_listed_for_a_decision_to_the_minute():
    s = sichuan()
    absent, studying, sat = s.join(State.STUDY_DONE), s.join(State.APPROVED), s.join(State.PASSED)
    assert unfinished.lapse_overdue(datetime(2022, 12, 16, 16, 29, 59)) == 0
    assert (state_of(absent), state_of(studying)) == ("study_done", "approved")
    assert unfinished.lapse_overdue(datetime(2022, 12, 16, 16, 30)) == 2
    assert [state_of(each) for each in (absent, studying, sat)] == ["unfinished", "unfinished", "passed"]
    assert unfinished.gap_of(absent).missing == (unfinished.NO_EXAM,)
    assert unfinished.gap_of(absent).ground == unfinished.ABSENT
    assert [event.name for event in events_of(absent, "lapse")] == ["系统"]
    assert unfinished.lapse_overdue(datetime(2022, 12, 16, 16, 30)) == 0, "and again nothing"
    unfinished.strike_participant(absent.case, actor=s.centre, reason="无故缺考", seen=version_of(absent))
    assert Strike.get().ground == "absent" and state_of(absent) == "struck"


def test_an_attempt_that_runs_or_was_failed_is_no_absence():
    s = sichuan()
    running, failed = s.join(), s.join()
    make_attempt(running, None)
    make_attempt(failed, "75")
    assert unfinished.lapse_overdue(datetime(2022, 12, 16, 16, 31)) == 0
    assert (state_of(running), state_of(failed)) == ("study_done", "study_done")


def test_all_sweeps_together_fail_who_sat_and_list_who_did_not(at):
    s = sichuan(attempts=2)
    failed, absent = s.join(), s.join()
    make_attempt(failed, "75")
    at("2022-12-16 16:30")
    assert [name for name, _, _ in SWEEPS].index("lapse_overdue") > [name for name, _, _ in SWEEPS].index(
        "submit_overdue")  # fmt: skip
    run_sweeps()
    assert (state_of(failed), state_of(absent)) == ("failed", "unfinished")


def test_study_left_undone_lapses_when_the_window_closes_but_not_before():
    s = sichuan(exam_starts_at=None, exam_ends_at=None, exam_minutes=60)
    late, begun, done = s.join(State.APPROVED), s.join(State.APPROVED), s.join(State.PASSED)
    module = make_module(s.plan)
    StudyTime.create(registration=begun.case_id, module=module, seconds=600, last_at=datetime(2022, 12, 16, 10))
    assert unfinished.lapse_overdue(datetime(2022, 12, 16, 23, 59, 59)) == 0
    assert unfinished.lapse_overdue(datetime(2022, 12, 17)) == 2
    assert [state_of(each) for each in (late, begun, done)] == ["unfinished", "unfinished", "passed"]
    assert (unfinished.gap_of(late).ground, unfinished.gap_of(begun).ground) == ("absent", "dropout")
    assert unfinished.gap_of(begun).missing == (unfinished.NO_STUDY,)


def test_what_happens_on_outside_platforms_is_left_to_the_closing(at):
    s = class_scene(make.SICHUAN, **{**SLOT_PLAN, "exam_place": "outside"})
    one, two = s.join(State.APPROVED), s.join()
    assert unfinished.lapse_overdue(datetime(2023, 1, 1)) == 0
    at("2022-12-20 09:00")
    plans.finish_plan(s.plan, actor=s.centre, seen=s.plan.version)
    assert (state_of(one), state_of(two)) == ("unfinished", "unfinished")


def test_somebody_absent_from_offline_training_is_listed_the_day_after():
    s = class_scene(make.ANHUI, study_to=date(2022, 12, 28))
    session = make_class_session(s.plan, starts_at=datetime(2022, 12, 15, 8), ends_at=datetime(2022, 12, 15, 17))
    one, present, excused = s.join(State.ASSESSED_PART), s.join(State.ASSESSED_PART), s.join(State.ASSESSED_PART)
    for each, value in ((one, "absent"), (present, "present"), (excused, "excused")):
        make_seat(session, each, value)
        AssessmentResult.create(
            registration=each.case_id, assessment="online", score=95, passed=True, source="exam", at=session.ends_at
        )
    assert unfinished.lapse_overdue(datetime(2022, 12, 15, 23, 59)) == 0
    assert unfinished.lapse_overdue(datetime(2022, 12, 16)) == 1
    assert [state_of(each) for each in (one, present, excused)] == ["unfinished", "assessed_part", "assessed_part"]
    assert unfinished.gap_of(one).missing == (unfinished.WAS_ABSENT,)


def test_those_who_wait_for_an_offline_assessment_cost_the_sweep_no_query_each(monkeypatch):
    """It runs every few seconds, maybe for weeks after the exam of a large class."""
    s = sichuan(mode="mixed", assessments=["online", "offline"])
    moment, counts = datetime(2022, 12, 20), []
    real = database.database.execute_sql

    def count(sql, *given, **named):
        counts[-1] += 1
        return real(sql, *given, **named)

    for more in (2, 18):
        for _ in range(more):
            one = s.join(State.ASSESSED_PART)
            make_attempt(one, "95")
            AssessmentResult.create(
                registration=one.case_id, assessment="online", score=95, passed=True, source="exam", at=moment
            )
        counts.append(0)
        with monkeypatch.context() as patched:
            patched.setattr(database.database, "execute_sql", count)
            assert unfinished.lapse_overdue(moment) == 0
    assert counts[0] == counts[1] > 0


@pytest.mark.requirement("R4.16")
def test_closing_a_plan_lists_everybody_unfinished_and_can_leave_decisions_open(at):
    s = class_scene(make.SICHUAN, **{**SLOT_PLAN, "mode": "mixed", "assessments": ["online", "offline"]})
    everywhere = ("approved", "study_done", "assessed_part", "passed", "failed", "certified")
    states = {state: s.join(state) for state in everywhere}
    at("2022-12-15 10:00")
    plan = plans.finish_plan(s.plan, actor=s.centre, seen=s.plan.version)
    assert plan.state == "finished"
    after = {state: state_of(each) for state, each in states.items()}
    assert after == {
        "approved": "unfinished", "study_done": "unfinished", "assessed_part": "unfinished", "passed": "passed",
        "failed": "failed", "certified": "certified",
    }  # fmt: skip
    # Dropping out is decided in the same way as an absence, also after the closing.
    one, two = states[State.APPROVED], states[State.STUDY_DONE]
    unfinished.excuse_participant(one.case, actor=s.centre, reason="隔离", seen=version_of(one))
    unfinished.strike_participant(two.case, actor=s.centre, reason="中途退出", seen=version_of(two))
    assert (state_of(one), state_of(two)) == ("excused", "struck")
    assert state_of(states[State.ASSESSED_PART]) == "unfinished"


def test_who_sat_and_failed_has_failed_at_the_closing_with_the_best_score(at):
    s = sichuan(attempts=3, exam_starts_at=None, exam_ends_at=datetime(2022, 12, 31), exam_minutes=60)
    one, running = s.join(), s.join()
    make_attempt(one, "85.55"), make_attempt(one, "70", 2)
    attempt = make_attempt(running, None)
    with pytest.raises(NotAllowed, match="1人正在考试"):
        plans.finish_plan(s.plan, actor=s.centre, seen=s.plan.version)
    assert Plan.get_by_id(s.plan.id).state == "published" and state_of(one) == "study_done"
    attempt.delete_instance()
    plans.finish_plan(s.plan, actor=s.centre, seen=s.plan.version)
    result = AssessmentResult.get(AssessmentResult.registration == one.case_id)
    assert (result.score, result.passed, state_of(one)) == (Decimal("85.5"), False, "failed")
    assert state_of(running) == "unfinished"


def test_a_pass_mark_lowered_since_never_turns_a_failed_attempt_into_a_pass(at):
    s = sichuan(attempts=3, exam_starts_at=None, exam_ends_at=datetime(2022, 12, 31), exam_minutes=60)
    one = s.join()
    make_attempt(one, "85")
    Plan.update(pass_mark=80).where(Plan.id == s.plan.id).execute()
    plans.finish_plan(s.plan, actor=s.centre, seen=s.plan.version)
    assert state_of(one) == "failed" and AssessmentResult.get().score is None


@pytest.mark.requirement("R5.13")
def test_passing_only_one_of_two_required_assessments_issues_nothing():
    from portal.actions.issuing import issuable

    s = class_scene(make.ANHUI)
    one, both = s.join(), s.join()
    for each in (one, both):
        participants.keep_result(each, "online", actor=s.centre, source="imported", score="95")
    assert state_of(one) == "assessed_part"
    participants.keep_result(both, "offline", actor=s.centre, source="entered", passed=True)
    assert (state_of(one), state_of(both)) == ("assessed_part", "passed")
    ready, skipped = issuable(s.plan)
    listed = [row.case_id for row in ready] + [row.case_id for row, _ in skipped]
    assert one.case_id not in [row.case_id for row in ready] and both.case_id in listed
    participants.keep_result(one, "offline", actor=s.centre, source="entered", passed=False)
    assert state_of(one) == "failed"


def test_the_decision_needs_the_centre_a_reason_and_the_newest_page():
    s = sichuan()
    one = s.join(State.UNFINISHED)
    seen = version_of(one)
    other = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    unit = make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=s.unit)))
    own = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office, one.person.user))
    for verb in (unfinished.strike_participant, unfinished.excuse_participant):
        for actor in (other, unit, own):
            with pytest.raises(NotAllowed):
                verb(one.case, actor=actor, reason="x", seen=seen)
        with pytest.raises(Invalid):
            verb(one.case, actor=s.centre, reason=" ", seen=seen)
        with pytest.raises(Stale):
            verb(one.case, actor=s.centre, reason="x", seen=seen - 1)
    assert state_of(one) == "unfinished" and not Strike.select().exists()
    unfinished.excuse_participant(one.case, actor=s.centre, reason="隔离", seen=seen)
    with pytest.raises(Stale):
        unfinished.strike_participant(one.case, actor=s.centre, reason="x", seen=version_of(one))


def test_a_decision_is_annulled_with_its_strike_and_what_followed():
    s = sichuan()
    person = make.make_person(s.unit)
    first = s.join(State.UNFINISHED, person=person)
    unfinished.strike_participant(first.case, actor=s.centre, reason="缺考", seen=version_of(first))
    other = sichuan()
    second = other.join(State.UNFINISHED, unit=s.unit, person=person)
    assert any("取消" in line for line in unfinished.preview_decision(second.case)), "the preview says what follows"
    unfinished.strike_participant(second.case, actor=other.centre, reason="缺考", seen=version_of(second))
    with pytest.raises(NotAllowed):
        check_not_barred(person, s.unit)
    unfinished.annul_decision(second.case, actor=other.centre, reason="申辩成立", seen=version_of(second))
    assert state_of(second) == "unfinished" and len(standing_of(person, "sichuan").counting) == 1
    check_not_barred(person, s.unit)
    assert Bar.select().where(Bar.lifted_at.is_null(), Bar.ends_on.is_null(), Bar.live_key.is_null(False)).count() == 0
    unfinished.excuse_participant(second.case, actor=other.centre, reason="隔离", seen=version_of(second))
    unfinished.annul_decision(second.case, actor=other.centre, reason="再议", seen=version_of(second))
    assert state_of(second) == "unfinished"


def test_a_strike_and_its_move_are_one(monkeypatch):
    s = sichuan()
    one = s.join(State.UNFINISHED)
    from portal.actions import strikes

    def break_down(*_, **__):
        raise RuntimeError("no")

    monkeypatch.setattr(strikes, "recount_strikes", break_down)
    with pytest.raises(RuntimeError):
        unfinished.strike_participant(one.case, actor=s.centre, reason="x", seen=version_of(one))
    assert state_of(one) == "unfinished" and not Strike.select().exists() and events_of(one, "strike") == []


def test_an_accepted_reason_stands_against_a_strike_and_a_filed_one_does_not():
    s = sichuan()
    one, two = s.join(State.UNFINISHED), s.join(State.UNFINISHED)
    make_excuse(one, accepted=True), make_excuse(two)
    with pytest.raises(NotAllowed, match="已认可"):
        unfinished.strike_participant(one.case, actor=s.centre, reason="x", seen=version_of(one))
    unfinished.strike_participant(two.case, actor=s.centre, reason="理由不成立", seen=version_of(two))
    assert (state_of(one), state_of(two)) == ("unfinished", "struck")


WITHDRAWAL = {"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13), "training_from": date(2022, 12, 15),
              "training_to": date(2022, 12, 16)}  # fmt: skip


def approved_scene(at):
    """A registration that unit, city and province have passed."""
    at("2022-12-10 09:00")
    s = scene(plan=WITHDRAWAL)
    case = s.submitted()
    for seat in "UCP":
        case = s.decide(case, "pass", seat)
    return s, case


@pytest.mark.requirement("R3.43")
def test_withdrawal_by_the_unit_before_the_class_starts_counts_no_strike(at):
    s, case = approved_scene(at)
    at("2022-12-14 23:59")
    with pytest.raises(Invalid):
        withdraw_registration(case, actor=s.reviewers["U"], seen=case.version)
    withdraw_registration(case, actor=s.reviewers["U"], seen=case.version, note="本人调离")
    assert Case.get_by_id(case.id).state == "withdrawn" and not Strike.select().exists()
    assert standing_of(s.person, "sichuan").counting == []
    at("2023-01-10 09:00")
    run_sweeps()
    assert Case.get_by_id(case.id).state == "withdrawn" and not Strike.select().exists()
    # Before the unit's review the applicant withdraws alone.
    at("2022-12-10 09:00")
    again = scene(plan=WITHDRAWAL)
    own = again.submitted()
    withdraw_registration(own, actor=again.actor, seen=own.version)
    assert Case.get_by_id(own.id).state == "withdrawn"


@pytest.mark.requirement("R3.43")
def test_from_the_first_day_of_the_class_on_nobody_is_withdrawn(at):
    s, case = approved_scene(at)
    with pytest.raises(Stale):
        withdraw_registration(case, actor=s.actor, seen=case.version)
    at("2022-12-15 00:00")
    with pytest.raises(NotAllowed, match="培训已经开始"):
        withdraw_registration(case, actor=s.reviewers["U"], seen=case.version, note="本人调离")
    assert Case.get_by_id(case.id).state == "approved"


def test_traces_of_study_or_exam_keep_the_approval(at):
    s, case = approved_scene(at)
    at("2022-12-14 10:00")
    make_attempt(Registration.get_by_id(case.id), None)
    with pytest.raises(NotAllowed, match="学习或考核记录"):
        withdraw_registration(case, actor=s.reviewers["U"], seen=case.version, note="调离")
    with pytest.raises(NotAllowed, match="已开始学习或考核"):
        undo_decision(case, actor=s.reviewers["P"], seen=case.version)
    Attempt.delete().execute()
    undo_decision(case, actor=s.reviewers["P"], seen=case.version)
    assert Case.get_by_id(case.id).state == "under_review" and Event.select().where(Event.action == "undo").count() == 1
