"""Bars: refused with the sanction shown, lifted by the right capacity, permanent for cards left uncollected twice."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.actions import bars, registrations, strikes
from portal.actions.bars import check_not_barred
from portal.actions.card_claims import claim_cards
from portal.actions.cards import restore_card, revoke_credential, void_overdue
from portal.actions.colleagues import enter_colleagues
from portal.actions.recommendations import save_table
from portal.actions.sweeps import run_sweeps
from portal.database import transaction
from portal.models import Bar, Case, Credential, Event, Message, Notice, NoticeRecipient, Office, Person
from portal.models.sanction_records import running_registrations, standing_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.actions.registering import give_portrait, scene
from tests.make_sanctions import centre, department, make_card, make_registration, make_strike, unit_seat


@pytest.fixture
def unit(db, at):
    at("2022-12-19 10:00")
    found = make.make_organisation("云帆技能评价有限公司", occupations=[make.make_occupation()])
    found.seat = unit_seat(found)
    return found


@pytest.fixture
def person(unit):
    return make.make_person(unit)


def bar_of(**subject) -> Bar:
    return Bar.get(*[getattr(Bar, name) == row for name, row in subject.items()], Bar.live_key.is_null(False))


def strike_twice(person) -> Bar:
    for _ in range(2):
        make_strike(person)
    return bar_of(person=person)


def void(card: Credential) -> None:
    """Let a card's last day of collection pass, and the sweep find it."""
    Credential.update(claim_due=clock.today() - timedelta(days=1)).where(Credential.id == card.id).execute()
    assert void_overdue() == 1


def collect(card: Credential) -> None:
    """The unit claims a card."""
    Credential.update(claim_due=clock.today()).where(Credential.id == card.id).execute()
    unit = make.actor_of(unit_seat(card.organisation))
    claim_cards([card.id], actor=unit, receiver="王示例", receiver_phone="13800000000")


# ---- refused with the sanction shown -------------------------------------------------------------


@pytest.mark.requirement("R3.24")
def test_a_barred_person_and_anybody_of_a_barred_unit_cannot_enrol(db, at):
    """The refusal shows the sanction: ground, since when, on what basis, whom to contact."""
    at("2022-12-10 10:00")
    s = scene()
    Office.update(contacts=[{"name": "示例", "phone": "028-55550123"}]).where(Office.id == s.plan.office_id).execute()
    colleague = make.make_person(s.organisation)
    strike_twice(colleague)
    with pytest.raises(NotAllowed) as refused:
        s.open()
    for word in (s.organisation.name, "2022-12-10", "川人社职鉴〔2022〕21号", "028-55550123", colleague.name):
        assert word in refused.value.message
    bars.lift_bar(bar_of(organisation=s.organisation), actor=centre(), reason="已整改")
    s.open()  # the unit is free; its own person is not barred
    own = make.actor_of(make.make_grant(Seat.APPLICANT, user=colleague.user))
    give_portrait(colleague)
    with pytest.raises(NotAllowed) as refused:
        registrations.open_registration(s.plan, actor=own)
    assert "累计2次无故缺勤" in refused.value.message and colleague.name in refused.value.message


@pytest.mark.requirement("R7.06")
def test_a_barred_unit_nobody_new_and_the_running_ones_are_listed(db, at):
    """New enrolment is refused at every door; running registrations go on to be decided case by case."""
    at("2022-12-10 10:00")
    s = scene()
    running = s.submitted()
    draft_of = make.make_person(s.organisation)
    colleague = make.make_person(s.organisation)
    strike_twice(colleague)
    bar = bar_of(organisation=s.organisation)
    assert [each.case_id for each in running_registrations(bar)] == [running.id]
    assert Case.get_by_id(running.id).state == "under_review"  # nothing was stopped
    with pytest.raises(NotAllowed):
        registrations.open_registration(s.plan, actor=make.applicant(draft_of))
    entered = {"name": "王示例", "id_type": "201", "id_number": "510104199001019994"}
    with pytest.raises(NotAllowed, match="被取消申报资格"):
        enter_colleagues([entered], s.plan, actor=s.reviewers["U"])
    # Neither recommended nor passed finally, until the province lets this one go on.
    with pytest.raises(NotAllowed, match="不能通过.*被取消申报资格"):
        s.decide(running, "pass", "U")
    registration = running_registrations(bar)[0]
    with pytest.raises(Invalid):
        bars.permit_running(bar, registration, actor=centre(), reason=" ")
    bars.permit_running(bar, registration, actor=centre(), reason="报名在先，本人无过错")
    running = s.decide(s.decide(s.decide(running, "pass", "U"), "pass", "C"), "pass", "P")
    assert running.state == "approved"
    assert Event.select().where(Event.action == "permit", Event.case == running.id).exists()
    with pytest.raises(Stale):
        bars.permit_running(Bar.get_by_id(bar.id), registration, actor=centre(), reason="再来一次")


def test_a_draft_of_somebody_barred_since_is_not_submitted(db, at):
    at("2022-12-10 10:00")
    s = scene()
    case = s.filled()
    strike_twice(s.person)
    with pytest.raises(NotAllowed, match="累计2次无故缺勤"):
        registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    assert Case.get_by_id(case.id).state == "draft"


def test_a_final_pass_is_refused_for_a_person_barred_meanwhile(db, at):
    at("2022-12-10 10:00")
    s = scene()
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    strike_twice(s.person)
    with pytest.raises(NotAllowed, match="不能通过"):
        s.decide(case, "pass", "P")
    assert s.decide(case, "reject", "P", note="已取消申报资格").state == "rejected"


def test_a_barred_person_is_not_recommended_and_nobody_learns_why(unit, person):
    """A table under a forward: the row is refused; the sanction is told to the person only."""
    strike_twice(person)
    bars.lift_bar(bar_of(organisation=unit), actor=centre(), reason="已整改")
    plan, other = make.make_plan(), make.make_organisation("远航技能评价有限公司")
    seat = unit_seat(other)
    notice = Notice.create(
        office=plan.office, province="sichuan", plan=plan, issuer="x", title="通知", wants_table=True,
        state="published", created_at=plan.created_at,
    )  # fmt: skip
    NoticeRecipient.create(notice=notice, office=seat.office)
    row = {"name": person.name, "employer": "某公司", "id_number": person.id_number}
    with pytest.raises(Invalid) as refused:
        save_table(notice, rows=[{}, row], actor=make.actor_of(seat), seen=0, send=False)
    assert refused.value.field == "rows-1-id_number"
    assert "缺勤" not in refused.value.message and person.name not in refused.value.message


# ---- lifting -------------------------------------------------------------------------------------


@pytest.mark.requirement("R7.05")
def test_lifting_restores_enrolment_clears_the_count_and_is_audited(unit, person):
    bar = strike_twice(person)
    with pytest.raises(NotAllowed):
        check_not_barred(person, None)
    for actor in (make.actor_of(unit.seat), make.applicant(person), centre(make.ANHUI)):
        with pytest.raises(NotAllowed):
            bars.lift_bar(bar, actor=actor, reason="解除")
    with pytest.raises(Invalid):
        bars.lift_bar(bar, actor=centre(), reason="  ")
    actor = centre()
    bars.lift_bar(bar, actor=actor, reason="已接受批评教育，认识深刻")
    check_not_barred(person, None)
    event = Event.get(Event.action == "bar_lifted", Event.subject == f"bar:{bar.id}")
    assert event.user_id == actor.user and event.note == "已接受批评教育，认识深刻"
    assert Message.select().where(Message.user == person.user_id, Message.text.contains("认识深刻")).exists()
    assert standing_of(person, "sichuan").counting == []
    assert "清零" in "".join(standing_of(person, "sichuan").explain()[0])
    with pytest.raises(NotAllowed):
        check_not_barred(None, unit)  # the unit's own bar is lifted by itself
    with pytest.raises(Stale):
        bars.lift_bar(bar, actor=actor, reason="再来一次")
    # The next one is a first strike again.
    make_strike(person)
    assert len(standing_of(person, "sichuan").counting) == 1
    assert not Bar.select().where(Bar.person == person, Bar.live_key.is_null(False)).exists()


def test_what_was_added_while_barred_is_cleared_with_the_bar(unit, person):
    registration = make_registration(person)
    bar = strike_twice(person)
    strikes.record_strike(registration, ground="absent", reason="未到课", actor=centre())
    assert len(standing_of(person, "sichuan").counting) == 3
    bars.lift_bar(bar, actor=centre(), reason="解除")
    assert standing_of(person, "sichuan").counting == []
    check_not_barred(person, None)


def test_an_end_date_ends_the_bar_by_itself_and_the_guard_does_not_wait_for_the_sweep(unit, person, at):
    bar = strike_twice(person)
    with pytest.raises(Invalid):
        bars.set_end_date(bar, actor=centre(), ends_on=date(2022, 12, 18), reason="一年")
    bars.set_end_date(bar, actor=centre(), ends_on=date(2023, 12, 18), reason="一年")
    at("2023-12-18 23:59")
    with pytest.raises(NotAllowed, match="至2023-12-18止"):
        check_not_barred(person, None)
    at("2023-12-19 00:00")
    check_not_barred(person, None)
    assert standing_of(person, "sichuan").counting == []
    assert Bar.get_by_id(bar.id).live_key is not None
    assert run_sweeps()["end_bars"] == 1 and run_sweeps()["end_bars"] == 0
    assert Bar.get_by_id(bar.id).ending == "expired"
    # Two more strikes bar anew, although the old row was never lifted by anybody.
    strike_twice(person)


def test_a_new_bar_can_follow_before_the_sweep_has_closed_the_old_one(unit, person, at):
    bar = strike_twice(person)
    bars.set_end_date(bar, actor=centre(), ends_on=date(2022, 12, 20), reason="两日")
    at("2022-12-21 09:00")
    fresh = strike_twice(person)
    assert fresh.id != bar.id and Bar.get_by_id(bar.id).ending == "expired"


# ---- cards left uncollected ----------------------------------------------------------------------


@pytest.mark.requirement("R6.16", "R7.10")
def test_void_twice_in_a_row_bars_for_ever(unit, at):
    """Void, void: barred for good, no end date, lifted by the department only; void, claimed, void: not barred."""
    kept = make.make_person(unit)
    for number, what in enumerate((void, collect, void), 1):
        what(make_card(kept, issued_on=date(2022, number, 1)))
    check_not_barred(kept, None)
    lost = make.make_person(unit)
    first, second = (make_card(lost, issued_on=date(2022, number, 1)) for number in (1, 2))
    void(first)
    check_not_barred(lost, None)
    void(second)
    bar = bar_of(person=lost)
    assert bar.permanent and bar.ends_on is None
    assert not Bar.select().where(Bar.organisation.is_null(False)).exists()  # this rule does not bar the unit
    at("2045-01-01 10:00")
    with pytest.raises(NotAllowed, match="永久取消.*连续2次不领取证卡"):
        check_not_barred(lost, None)
    with pytest.raises(NotAllowed, match="省人社厅"):
        bars.lift_bar(bar, actor=centre(), reason="改正")
    with pytest.raises(NotAllowed, match="没有截止日期"):
        bars.set_end_date(bar, actor=department(), ends_on=date(2046, 1, 1), reason="一年")
    with pytest.raises(Invalid):
        bars.lift_bar(bar, actor=department(), reason="")
    bars.lift_bar(bar, actor=department(), reason="查明系单位漏领")
    check_not_barred(lost, None)
    assert standing_of(lost, "sichuan").trailing == []


@pytest.mark.requirement("R6.17")
def test_two_voids_in_different_occupations_and_grades_bar(unit):
    person = make.make_person(unit)
    void(make_card(person, issued_on=date(2022, 1, 1), occupation=make.make_occupation()))
    assert len(standing_of(person, "sichuan").trailing) == 1
    other = make.make_occupation("4-07-03-04", "企业人力资源管理师")
    void(make_card(person, issued_on=date(2022, 2, 1), occupation=other, grade="examiner"))
    assert bar_of(person=person).permanent


def test_what_counts_is_the_order_of_issue_not_of_voiding(unit, person):
    """The older card is voided last; one collected between them by issue date still resets."""
    rows = [make_card(person, issued_on=date(2022, number, 1)) for number in (1, 2, 3)]
    void(rows[2])
    collect(rows[1])
    void(rows[0])
    assert not Bar.select().exists()


def test_a_card_collected_later_does_not_end_the_bar(unit, person):
    rows = [make_card(person, issued_on=date(2022, number, 1)) for number in (1, 2, 3)]
    void(rows[0])
    void(rows[1])
    collect(rows[2])
    assert bar_of(person=person).permanent
    assert standing_of(person, "sichuan").trailing == []
    with pytest.raises(NotAllowed):
        check_not_barred(person, None)


def test_a_correction_of_a_collected_card_does_not_join_two_runs(unit, person):
    """Void, collected, void: when the collected one is revoked for a correction, it was collected all the same."""
    rows = [make_card(person, issued_on=date(2022, number, 1)) for number in (1, 2, 3)]
    void(rows[0])
    collect(rows[1])
    void(rows[2])
    revoke_credential(Credential.get_by_id(rows[1].id), actor=centre(), reason="姓名有误")
    with transaction():
        assert bars.recount_unclaimed(person, actor=SYSTEM) is None
    assert not Bar.select().exists()


def test_restoring_a_card_ends_the_permanent_bar_without_ground(unit, person):
    rows = [make_card(person, issued_on=date(2022, number, 1)) for number in (1, 2)]
    void(rows[0])
    void(rows[1])
    restore_card(rows[1], actor=centre(), reason="查明为误作废")
    bar = Bar.get(Bar.person == person)
    assert bar.ending == "groundless" and bar.live_key is None
    assert Event.select().where(Event.action == "bar_groundless").count() == 1
    check_not_barred(person, None)
    void(rows[1])  # not collected again: the first void still counts, it was never cleared
    assert bar_of(person=person).permanent


def test_an_overdue_card_bars_before_the_sweep_has_voided_it(unit, person, at):
    void(make_card(person, issued_on=date(2022, 1, 1)))
    make_card(person, issued_on=date(2022, 6, 1), released_on=date(2022, 6, 1), claim_due=date(2022, 12, 19))
    check_not_barred(person, None)
    at("2022-12-20 00:00")
    assert not Bar.select().exists()
    with pytest.raises(NotAllowed, match="连续2次"):
        check_not_barred(person, None)


def test_where_nothing_is_collected_nobody_is_barred_for_it(db, at):
    at("2021-07-20 10:00")
    unit = make.make_organisation(province=make.ANHUI, region="合肥市")
    person = make.make_person(unit)
    for number in (1, 2):
        void(make_card(person, issued_on=date(2021, number, 1)))
    check_not_barred(person, unit)


def test_both_counters_are_independent(unit, person):
    """Warned for a strike and once uncollected at the same time: neither adds to the other."""
    make_strike(person)
    void(make_card(person, issued_on=date(2022, 1, 1)))
    standing = standing_of(person, "sichuan")
    assert (len(standing.counting), len(standing.trailing)) == (1, 1)
    assert not Bar.select().exists()
    strike_twice(Person.get_by_id(person.id))
    assert {str(bar.kind) for bar in Bar.select().where(Bar.person == person)} == {"strikes"}
