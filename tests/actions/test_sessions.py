"""Offline sessions: who is assigned where, who is told, attendance and results, and good reasons."""

from datetime import datetime

import pytest

from portal.actions import attendance as taking
from portal.actions import excuses, organisations, sessions, unfinished
from portal.actions.attendance import Outcome
from portal.models import (
    AssessmentResult,
    Attendance,
    Case,
    Excuse,
    FileVersion,
    Message,
    Organisation,
    Region,
    Session,
    Strike,
)
from portal.models.class_lists import candidates_for, seats_taken, session_of, sessions_for
from portal.papers.sessions import print_session_notice, session_list, write_list
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import fake_kept
from tests.documents.paper import Paper
from tests.make_classes import class_scene, events_of, make_excuse, state_of, version_of

SESSION_DAY = "2021-09-08 10:00"


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2021-09-02 09:00")


def told(registration, kind: str = "session") -> list[str]:
    """What the participant was told, the newest last."""
    rows = Message.select().where(Message.user == registration.person.user_id, Message.kind == kind)
    return [row.text for row in rows.order_by(Message.id)]


def values_of(session: Session, **changes) -> dict:
    return {name: getattr(session, name) for name in sessions.FIELDS} | changes


@pytest.mark.requirement("R4.11")
def test_a_participant_sits_in_one_session_and_the_list_prints():
    s = class_scene()
    first, second = s.session("第一期"), s.session("第二期")
    one, two = s.join(), s.join()
    s.assign(first, one), s.assign(first, two)
    s.assign(second, one)  # moved, not doubled
    assert [row.session_id for row in Attendance.select().where(
        Attendance.registration == one.case_id, Attendance.removed_at.is_null())] == [second.id]  # fmt: skip
    assert (seats_taken(first), seats_taken(second)) == (1, 1)
    with pytest.raises(Stale):
        s.assign(second, one)
    content, name, mime = write_list(session_list(first), "pdf", subject=f"plan:{s.plan.id}", actor=s.centre)
    paper = Paper(content)
    for words in ("第一期", "2021年9月8日9:00至17:00", "示范路1号培训楼201教室", two.case.title, two.person.id_number):
        assert paper.has(words), words
    assert not paper.has(one.case.title) and mime == "application/pdf" and name.endswith(".pdf")


@pytest.mark.requirement("R4.12")
def test_only_who_finished_the_online_study_is_assigned():
    s = class_scene()
    session = s.session()
    studying, done, part = s.join(State.APPROVED), s.join(State.STUDY_DONE), s.join(State.ASSESSED_PART)
    with pytest.raises(NotAllowed, match="在线学习完成后"):
        s.assign(session, studying)
    for state in (State.FAILED, State.UNFINISHED, State.STRUCK, State.REJECTED):
        with pytest.raises(NotAllowed):
            s.assign(session, s.join(state))
    assert {row.case_id for row in candidates_for(session)} == {done.case_id, part.case_id}
    s.assign(session, done), s.assign(session, part)
    assert seats_taken(session) == 2
    # In bulk one after the other, and who cannot be assigned is named with the reason.
    more, other = s.join(), s.session("第二期")
    done_ = sessions.assign_participants(other, [more, studying], actor=s.centre)
    assert done_.done == 1 and [(row.case_id, "在线学习" in why) for row, why in done_.skipped] == [
        (studying.case_id, True)
    ]


@pytest.mark.requirement("R2.15")
def test_a_session_added_later_notifies_the_assigned_people_only(at):
    s = class_scene()
    first = s.session("第一期")
    one, two = s.join(), s.join()
    s.assign(first, one)
    at("2021-09-06 09:00")
    before = told(one)
    later = s.session("第二期", starts_at=datetime(2021, 9, 20, 9), ends_at=datetime(2021, 9, 20, 17), place="会议中心")
    assert told(one) == before and told(two) == [], "adding a session tells nobody yet"
    seat = s.assign(later, two)
    assert told(one) == before
    assert len(told(two)) == 1 and "第二期" in told(two)[0] and "2021年9月20日9:00至17:00" in told(two)[0]
    notice = Paper(print_session_notice(seat, actor=s.centre)[0])
    assert notice.has(two.case.title) and notice.has("会议中心") and notice.has("2021年9月20日9:00至17:00")
    # A changed place is told to those who sit there, and to nobody else.
    sessions.edit_session(later, actor=s.centre, values=values_of(later, place="人才大厦"), seen=later.version)
    assert len(told(two)) == 2 and "人才大厦" in told(two)[1] and told(one) == before
    # What nobody needs to know is not told.
    later = Session.get_by_id(later.id)
    sessions.edit_session(later, actor=s.centre, values=values_of(later, capacity=40), seen=later.version)
    assert len(told(two)) == 2


@pytest.mark.requirement("R4.14", "R0.22")
def test_people_of_the_provinces_own_units_train_in_the_allowed_regions_only():
    s = class_scene(unit_kind="province", region="省直")
    hefei, wuhu = make.make_region("合肥市", province="anhui"), make.make_region("芜湖市", province="anhui")
    direct = make.make_region("省直", province="anhui")
    here, there, own = (s.session(name, region=place) for name, place in (
        ("合肥期", hefei), ("芜湖期", wuhu), ("省直期", direct)))  # fmt: skip
    one = s.join()
    assert [each.name for each in sessions_for(one, datetime(2021, 9, 2))] == ["合肥期", "省直期"], "no other"
    assert not candidates_for(there).exists() and candidates_for(here).exists() and candidates_for(own).exists()
    with pytest.raises(NotAllowed, match="芜湖市"):
        s.assign(there, one)
    assert not Attendance.select().exists()
    s.assign(here, one), s.assign(own, one)
    # The unit's own list decides from now on (R0.22).
    unit = Organisation.get_by_id(s.unit.id)
    values = {name: getattr(unit, name) for name in (
        "name", "usci", "kind", "businesses", "category", "unit_kind", "region", "address", "contact", "active",
        "registrar", "nature", "legal_representative", "capital")}  # fmt: skip
    technician = make.actor_of(make.make_grant(Seat.TECHNICIAN))
    organisations.save_organisation(unit, {**values, "allowed_regions": [wuhu.code]}, actor=technician)
    two = s.join(unit=Organisation.get_by_id(unit.id))
    assert [each.name for each in sessions_for(two, datetime(2021, 9, 2))] == ["芜湖期"]
    s.assign(there, two)
    with pytest.raises(NotAllowed, match="合肥市"):
        s.assign(here, two)


def test_a_citys_people_train_in_their_own_city_unless_their_list_says_more():
    s = class_scene()
    wuhu = Region.get_or_none(Region.name == "芜湖市") or make.make_region("芜湖市", province="anhui")
    session, anywhere = s.session("芜湖期", region=wuhu), s.session("不限", region=None)
    one = s.join()
    with pytest.raises(NotAllowed, match="合肥市"):
        s.assign(session, one)
    s.assign(anywhere, one)
    with pytest.raises(Invalid) as refused:
        sessions.edit_session(anywhere, actor=s.centre, values=values_of(anywhere, region=wuhu), seen=anywhere.version)
    assert refused.value.field == "region"


def test_the_last_seat_is_the_last_and_the_number_cannot_sink_below_the_assigned():
    s = class_scene()
    session = s.session(capacity=2)
    one, two, three = s.join(), s.join(), s.join()
    s.assign(session, one), s.assign(session, two)
    with pytest.raises(NotAllowed, match="已满（2人）"):
        s.assign(session, three)
    with pytest.raises(Invalid) as refused:
        sessions.edit_session(session, actor=s.centre, values=values_of(session, capacity=1), seen=session.version)
    assert refused.value.field == "capacity"
    session = sessions.edit_session(
        session, actor=s.centre, values=values_of(session, capacity=3), seen=session.version
    )
    s.assign(session, three)
    assert seats_taken(session) == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"), ({"place": ""}, "place"), ({"capacity": 0}, "capacity"),
        ({"capacity": None}, "capacity"),
        ({"ends_at": datetime(2021, 9, 8, 9)}, "ends_at"), ({"starts_at": None}, "starts_at"),
        ({"starts_at": datetime(2021, 9, 1, 9)}, "starts_at"),
    ],
)  # fmt: skip
def test_a_session_needs_a_sound_time_place_and_capacity(changes, field):
    s = class_scene()
    with pytest.raises(Invalid) as refused:
        s.session(**changes)
    assert refused.value.field == field and not Session.select().exists()


def test_sessions_belong_to_the_plans_centre_and_to_mixed_plans_that_run():
    s = class_scene()
    other = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.SICHUAN)))
    session = s.session()
    for actor in (other, make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=s.unit)))):
        with pytest.raises(NotAllowed):
            sessions.assign_participant(session, s.join(), actor=actor)
    for changes in ({"mode": "online", "assessments": ["online"]}, {"state": "finished"}, {"state": "cancelled"}):
        with pytest.raises(NotAllowed):
            class_scene(**changes).session()


def test_cancelling_frees_and_tells_those_assigned(at):
    s = class_scene()
    session, one, two = s.session(), s.join(), s.join()
    seat = s.assign(session, one)
    with pytest.raises(Invalid):
        sessions.cancel_session(session, actor=s.centre, reason=" ", seen=session.version)
    sessions.cancel_session(session, actor=s.centre, reason="场地维修", seen=session.version)
    assert "场地维修" in told(one)[-1] and told(two) == []
    assert session_of(one) is None and seats_taken(session) == 0
    with pytest.raises(NotAllowed):
        print_session_notice(Attendance.get_by_id(seat.id), actor=s.centre)
    with pytest.raises(NotAllowed):
        s.assign(session, two)
    # With attendance taken there is nothing to cancel any more.
    again = s.session("第二期")
    taken = s.assign(again, one)
    at(SESSION_DAY)
    s.mark(taken, "present")
    with pytest.raises(NotAllowed):
        sessions.cancel_session(again, actor=s.centre, reason="x", seen=again.version)


@pytest.mark.requirement("R4.15")
def test_each_participant_has_one_attendance_value_corrected_with_a_reason_until_decided(at):
    s = class_scene()
    session = s.session()
    seats = [s.assign(session, s.join()) for _ in range(3)]
    with pytest.raises(NotAllowed, match="开始后才能登记"):
        s.mark(seats[0], "present")
    at(SESSION_DAY)
    marks = dict(zip((seat.id for seat in seats), ("present", "excused", "absent"), strict=True))
    assert taking.record_attendance(session, marks, actor=s.centre) == 3
    assert [Attendance.get_by_id(seat.id).value for seat in seats] == ["present", "excused", "absent"]
    assert Attendance.select().where(Attendance.session == session.id).count() == 3
    assert taking.record_attendance(session, marks, actor=s.centre) == 0, "saying the same again changes nothing"
    with pytest.raises(Invalid) as refused:
        s.mark(seats[2], "present")
    assert refused.value.field == "reason" and Attendance.get_by_id(seats[2].id).value == "absent"
    s.mark(seats[2], "present", reason="签到表补交")
    assert Attendance.get_by_id(seats[2].id).value == "present"
    event = events_of(s.people[2], "attendance")[-1]
    assert (event.before, event.after, event.note, event.user_id) == (
        "无故缺勤", "到场", "签到表补交", s.centre.user)  # fmt: skip
    with pytest.raises(Invalid):
        s.mark(seats[0], "late", reason="x")
    Case.update(state=State.STRUCK).where(Case.id == s.people[2].case_id).execute()
    with pytest.raises(NotAllowed, match="已作出认定"):
        s.mark(seats[2], "absent", reason="x")


def test_one_wrong_row_saves_none(at):
    s = class_scene()
    session = s.session()
    one, two = s.assign(session, s.join()), s.assign(session, s.join())
    sessions.remove_participant(two, actor=s.centre)
    at(SESSION_DAY)
    with pytest.raises(Stale):
        taking.record_attendance(session, {one.id: "present", two.id: "present"}, actor=s.centre)
    assert Attendance.get_by_id(one.id).value is None


@pytest.mark.requirement("R4.18", "R5.12")
def test_a_result_is_entered_per_session_as_score_or_pass_and_names_who_entered_it(at):
    s = class_scene(assessments=["offline"])
    session = s.session()
    seats = [s.assign(session, s.join()) for _ in range(5)]
    at(SESSION_DAY)
    values = ("present", "present", "present", "present", "absent")
    taking.record_attendance(session, {seat.id: v for seat, v in zip(seats, values, strict=True)}, actor=s.centre)
    one, two, three, four, absent = s.people
    entered = taking.enter_results(
        session,
        {one.case_id: Outcome("90"), two.case_id: Outcome("89.99"), three.case_id: Outcome(passed=True),
         four.case_id: Outcome(passed=False, note="操作不规范")}, actor=s.centre,
    )  # fmt: skip
    assert entered == 4
    assert [state_of(each) for each in s.people] == ["passed", "failed", "passed", "failed", "study_done"]
    rows = {row.registration_id: row for row in AssessmentResult.select()}
    assert str(rows[two.case_id].score) == "89.9" and rows[three.case_id].score is None
    assert rows[four.case_id].note == "操作不规范"
    for row in rows.values():
        assert (row.entered_by_id, row.source, row.session_id) == (s.centre.user, "entered", session.id)
    assert [event.user_id for event in events_of(one, "pass_all")] == [s.centre.user]
    with pytest.raises(NotAllowed, match="无故缺勤"):
        taking.enter_result(session, absent, Outcome(passed=True), actor=s.centre)
    assert state_of(absent) == "study_done"
    with pytest.raises(NotAllowed, match="不能改为未到场"):
        s.mark(seats[0], "absent", reason="x")


def test_who_was_not_marked_present_gets_no_result(at):
    s = class_scene()
    session, one, stranger = s.session(), s.join(), s.join()
    seat = s.assign(session, one)
    at(SESSION_DAY)
    with pytest.raises(NotAllowed, match="请先登记"):
        taking.enter_result(session, one, Outcome("95"), actor=s.centre)
    with pytest.raises(NotAllowed, match="名单"):
        taking.enter_result(session, stranger, Outcome("95"), actor=s.centre)
    s.mark(seat, "excused")
    with pytest.raises(NotAllowed):
        taking.enter_result(session, one, Outcome("95"), actor=s.centre)
    assert not AssessmentResult.select().exists()


def test_a_wrong_result_is_corrected_with_a_reason_while_nothing_is_issued(at):
    s = class_scene(assessments=["offline"])
    session, one = s.session(), s.join()
    seat = s.assign(session, one)
    at(SESSION_DAY)
    s.mark(seat, "present")
    taking.enter_result(session, one, Outcome("60"), actor=s.centre)
    assert state_of(one) == "failed"
    assert taking.enter_result(session, one, Outcome("60"), actor=s.centre) is None
    with pytest.raises(Invalid) as refused:
        taking.enter_result(session, one, Outcome("96"), actor=s.centre)
    assert refused.value.field == "note" and state_of(one) == "failed"
    taking.enter_result(session, one, Outcome("96"), actor=s.centre, reason="登分错误")
    assert state_of(one) == "passed" and AssessmentResult.get().score == 96
    assert events_of(one, "correct_result")[0].note == "登分错误"
    Case.update(state=State.CERTIFIED).where(Case.id == one.case_id).execute()
    with pytest.raises(Stale):
        taking.enter_result(session, one, Outcome("50"), actor=s.centre, reason="x")
    assert AssessmentResult.get().score == 96


@pytest.mark.requirement("R4.17")
def test_an_excused_absence_adds_no_strike(at):
    s = class_scene()
    session, one, two = s.session(), s.join(), s.join()
    seats = [s.assign(session, one), s.assign(session, two)]
    at(SESSION_DAY)
    for seat in seats:
        s.mark(seat, "absent")
    filed = excuses.file_excuse(
        one, actor=make.applicant(one.person), reason="疫情防控隔离", text="9月7日起集中隔离。",
        kept=[fake_kept("隔离通知.jpg")], session=session,
    )  # fmt: skip
    evidence = FileVersion.get(FileVersion.slot == f"excuse:{filed.id}")
    assert (evidence.owner, evidence.name) == (f"case:{one.case_id}", "隔离通知.jpg")
    at("2021-09-10 09:00")
    assert unfinished.lapse_overdue(datetime(2021, 9, 10, 9)) == 2
    excuses.decide_excuse(filed, actor=s.centre, accepted=True, note="材料属实")
    assert state_of(one) == "excused" and Attendance.get_by_id(seats[0].id).value == "excused"
    assert not Strike.select().exists()
    with pytest.raises(NotAllowed):
        unfinished.strike_participant(one.case, actor=s.centre, reason="x", seen=version_of(one))
    # The other one had no reason: the same absence, unexcused, is a strike.
    unfinished.strike_participant(two.case, actor=s.centre, reason="未说明理由", seen=version_of(two))
    assert [row.registration_id for row in Strike.select()] == [two.case_id]
    assert "材料属实" in told(one, "excuse")[-1]


def test_a_reason_is_filed_by_oneself_or_the_unit_and_decided_once_by_the_centre(at):
    s = class_scene()
    one, other = s.join(), s.join()
    unit = make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=s.unit)))
    foreign = make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=make.make_organisation(
        province="anhui", region="合肥市"))))  # fmt: skip
    values = {"reason": "患病住院", "text": "住院治疗。"}
    for actor in (make.applicant(other.person), foreign, s.centre):
        with pytest.raises(NotAllowed):
            excuses.file_excuse(one, actor=actor, **values)
    for wrong, field in (({"reason": "睡过头"}, "reason"), ({"text": " "}, "text")):
        with pytest.raises(Invalid) as refused:
            excuses.file_excuse(one, actor=unit, **{**values, **wrong})
        assert refused.value.field == field
    filed = excuses.file_excuse(one, actor=unit, **values)
    with pytest.raises(Stale):
        excuses.file_excuse(one, actor=make.applicant(one.person), **values)
    with pytest.raises(NotAllowed):
        excuses.decide_excuse(filed, actor=unit, accepted=True, note="x")
    with pytest.raises(Invalid):
        excuses.decide_excuse(filed, actor=s.centre, accepted=False, note=" ")
    excuses.decide_excuse(filed, actor=s.centre, accepted=False, note="证明不足")
    with pytest.raises(Stale):
        excuses.decide_excuse(filed, actor=s.centre, accepted=True, note="x")
    excuses.file_excuse(one, actor=unit, **values)  # with better evidence, once more
    assert Excuse.select().count() == 2 and state_of(one) == "study_done"


def test_nobody_decides_on_the_own_reason():
    s = class_scene()
    one = s.join()
    grant = make.make_grant(Seat.PROVINCE_CENTRE, s.plan.office, one.person.user)
    with pytest.raises(NotAllowed, match="本人"):
        excuses.decide_excuse(make_excuse(one), actor=make.actor_of(grant), accepted=True, note="x")


def test_somebody_excused_from_one_session_goes_to_the_next(at):
    s = class_scene()
    first, later = s.session("第一期", capacity=1), s.session(
        "第二期", starts_at=datetime(2021, 9, 20, 9), ends_at=datetime(2021, 9, 20, 17))  # fmt: skip
    one, two = s.join(), s.join()
    seat = s.assign(first, one)
    at(SESSION_DAY)
    s.mark(seat, "excused")
    s.assign(first, two)  # the seat is free again
    s.assign(later, one)
    assert session_of(one).session_id == later.id and Attendance.get_by_id(seat.id).value == "excused"
    s.mark(Attendance.get(Attendance.registration == two.case_id), "absent")
    with pytest.raises(NotAllowed, match="无故缺勤"):
        s.assign(later, two)
