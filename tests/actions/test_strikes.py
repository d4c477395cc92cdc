"""Strikes: one per person and plan, the first warns, the second bars person and unit, all in one transaction."""

import pytest

from portal.actions import bars, strikes
from portal.actions.bars import check_not_barred
from portal.actions.events import verify_chain
from portal.actions.people import save_profile
from portal.models import Bar, Case, Message, Notice, Organisation, Person, Strike
from portal.models.sanction_records import standing_of, struck_units
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.workflow import Seat
from tests import make
from tests.make_sanctions import centre, department, make_registration, make_strike, unit_seat


@pytest.fixture
def unit(db, at):
    at("2022-12-19 10:00")
    found = make.make_organisation("云帆技能评价有限公司")
    found.seat = unit_seat(found)
    return found


def barred(**subject) -> list[Bar]:
    return list(Bar.select().where(*[getattr(Bar, name) == row for name, row in subject.items()],
                                   Bar.live_key.is_null(False)))  # fmt: skip


def inbox(user, word: str) -> list[str]:
    return [m.text for m in Message.select().where(Message.user == user) if word in m.text]


@pytest.mark.requirement("R7.01")
def test_one_strike_per_person_and_plan(unit):
    """Two occupations in one plan, both decided: one absence, one strike; a second decision on one is refused."""
    person, plan = make.make_person(unit), make.make_plan(registrations_per_person=2)
    one, two = make_registration(person, plan), make_registration(person, plan)
    actor = centre()
    first = strikes.record_strike(one, ground="absent", reason="未到课", actor=actor)
    assert strikes.record_strike(two, ground="dropout", reason="中途退出", actor=actor) == first
    assert Strike.select().count() == 1
    assert {Case.get_by_id(each.case_id).state for each in (one, two)} == {"struck"}
    with pytest.raises(Stale):
        strikes.record_strike(one, ground="absent", reason="未到课", actor=actor)
    assert len(standing_of(person, "sichuan").counting) == 1
    assert not Bar.select().exists()


@pytest.mark.requirement("R7.02", "R7.20")
def test_two_strikes_in_different_years_bar_person_and_unit(unit, at):
    """A strike in 2022, a pass in 2023, a strike in 2024: barred, with the unit, and the bulletin is drafted."""
    person = make.make_person(unit)
    make_strike(person, make.make_plan(name="2022年培训班"))
    at("2023-06-01 10:00")
    make_registration(person, make.make_plan(name="2023年培训班"), state="passed")
    assert not Bar.select().exists()
    at("2024-06-01 10:00")
    make_strike(person, make.make_plan(name="2024年培训班"))
    (own,), (units,) = barred(person=person), barred(organisation=unit)
    assert units.follows == own and not own.permanent and own.ends_on is None
    notice = Notice.get(Notice.kind == "bulletin")
    assert notice.state == "draft" and {row["bar"] for row in notice.listed} == {own.id, units.id}
    assert "2022年培训班" in notice.body and "2024年培训班" in notice.body
    assert verify_chain()[1] is None


@pytest.mark.requirement("R7.03")
def test_one_strike_each_of_two_people_bars_nobody(unit):
    """The province sees the unit's count; nobody is barred."""
    for _ in range(2):
        make_strike(make.make_person(unit))
    assert not Bar.select().exists()
    assert [(row.id, count, people) for row, count, people in struck_units("sichuan")] == [(unit.id, 2, 2)]


@pytest.mark.requirement("R7.04")
def test_both_bars_stand_or_fall_with_the_decision(unit, monkeypatch):
    """The second decision sets both bars in its own transaction: what fails at the end takes everything back."""
    person, actor = make.make_person(unit), centre()
    make_strike(person, actor=actor)
    registration = make_registration(person)

    def fail(*args, **kw):
        raise RuntimeError("no bulletin")

    with monkeypatch.context() as broken:
        broken.setattr(bars, "draft_bulletin", fail)
        with pytest.raises(RuntimeError):
            strikes.record_strike(registration, ground="dropout", reason="中途退出", actor=actor)
    assert Case.get_by_id(registration.case_id).state == "unfinished"
    assert Strike.select().count() == 1 and not Bar.select().exists() and not Notice.select().exists()
    strikes.record_strike(registration, ground="dropout", reason="中途退出", actor=actor)
    assert len(barred(person=person)) == len(barred(organisation=unit)) == Notice.select().count() == 1


@pytest.mark.requirement("R7.07")
def test_the_first_strike_warns_person_and_unit_once(unit):
    person = make.make_person(unit)
    make_strike(person)
    assert len(inbox(person.user_id, "1/2")) == len(inbox(unit.seat.user_id, "1/2")) == 1
    assert not Bar.select().exists()
    make_strike(person)
    assert len(inbox(person.user_id, "1/2")) == 1  # the second one bars, and warns of nothing any more
    assert len(inbox(person.user_id, "取消申报资格（") + inbox(person.user_id, "起被取消申报资格")) >= 1


@pytest.mark.requirement("R1.34")
def test_a_strike_stays_with_the_unit_of_its_registration(unit):
    """The person changes the unit: the old registration and the old strike still name the old one."""
    person = make.make_person(unit)
    first = make_strike(person)
    other = make.make_organisation("远航技能评价有限公司")
    save_profile(person, actor=make.applicant(person), values={"organisation": other.name})
    assert Person.get_by_id(person.id).organisation == other
    assert standing_of(person, "sichuan").strikes[0].unit == unit.name
    assert Strike.get_by_id(first.id).organisation == unit
    assert Strike.get_by_id(first.id).registration.organisation == unit
    make_strike(Person.get_by_id(person.id))
    # The strike that reached the limit was under the new unit: it is the one that is barred (R7.03).
    assert [bar.organisation for bar in Bar.select().where(Bar.organisation.is_null(False))] == [other]
    assert [(row.name, count) for row, count, _ in struck_units("sichuan")] == [(unit.name, 1), (other.name, 1)]


def test_where_no_limit_is_set_strikes_are_recorded_and_bar_nobody(db, at):
    """The profile decides: without a limit there is neither a warning nor a bar."""
    at("2021-07-20 10:00")
    unit = make.make_organisation(province=make.ANHUI, region="合肥市")
    person = make.make_person(unit)
    for _ in range(3):
        make_strike(person)
    assert len(standing_of(person, "anhui").counting) == 3
    assert not Bar.select().exists() and not inbox(person.user_id, "1/")
    check_not_barred(person, unit)


def test_bars_are_per_province(unit):
    person = make.make_person(unit)
    for _ in range(2):
        make_strike(person)
    with pytest.raises(NotAllowed):
        check_not_barred(person, unit, province="sichuan")
    check_not_barred(person, None, province="anhui")


def test_annulling_recounts_and_ends_a_bar_without_ground(unit):
    person, actor = make.make_person(unit), centre()
    first, second = make_strike(person, actor=actor), make_strike(person, actor=actor)
    strikes.annul_strike(second.registration, actor=actor, reason="申辩成立：当日住院")
    assert Case.get_by_id(second.registration_id).state == "unfinished"
    assert not barred(person=person) and not barred(organisation=unit)
    assert {bar.ending for bar in Bar.select()} == {"groundless"}
    assert not Notice.select().exists()  # the draft would have made known what is no longer so
    assert [each.id for each in standing_of(person, "sichuan").counting] == [first.id]
    assert inbox(person.user_id, "终止取消申报资格") and inbox(unit.seat.user_id, "终止取消申报资格")
    check_not_barred(person, unit)
    # Decided anew against the person: the count is two again, and the bar is back.
    strikes.record_strike(second.registration, ground="absent", reason="证明不实", actor=actor)
    assert len(barred(person=person)) == len(barred(organisation=unit)) == 1


def test_annulling_an_older_strike_moves_the_bar_to_the_unit_that_now_reached_the_limit(unit):
    """Three strikes under three units: without the first, the third is the one that reached the limit."""
    person, actor = make.make_person(unit), centre()
    units = [unit, make.make_organisation(), make.make_organisation()]
    rows = [make_strike(person, actor=actor, organisation=each) for each in units]
    assert barred(organisation=units[1]) and not barred(organisation=units[2])
    strikes.annul_strike(rows[0].registration, actor=actor, reason="申辩成立")
    assert barred(person=person) and barred(organisation=units[2]) and not barred(organisation=units[1])


def test_a_unit_barred_for_two_people_stays_so_while_one_of_them_is(unit):
    actor, people = centre(), [make.make_person(unit), make.make_person(unit)]
    rows = [(make_strike(person, actor=actor), make_strike(person, actor=actor)) for person in people]
    (units,) = barred(organisation=unit)
    assert len(units.cause["bars"]) == 2
    strikes.annul_strike(rows[0][1].registration, actor=actor, reason="申辩成立")
    assert barred(organisation=unit) == [units] and not barred(person=people[0])
    strikes.annul_strike(rows[1][0].registration, actor=actor, reason="申辩成立")
    assert not barred(organisation=unit)


def test_an_annulled_strike_goes_over_to_the_other_registration_of_the_plan(unit):
    person, plan, actor = make.make_person(unit), make.make_plan(registrations_per_person=2), centre()
    one, two = make_registration(person, plan), make_registration(person, plan)
    for each in (one, two):
        strikes.record_strike(each, ground="absent", reason="未到课", actor=actor)
    strikes.annul_strike(one, actor=actor, reason="申辩成立")
    (left,) = standing_of(person, "sichuan").counting
    assert Strike.get_by_id(left.id).registration_id == two.case_id
    strikes.annul_strike(two, actor=actor, reason="申辩成立")
    assert standing_of(person, "sichuan").counting == []


def test_only_the_centre_of_the_plan_decides(unit):
    registration = make_registration(make.make_person(unit))
    foreign = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    for actor in (foreign, department(), make.actor_of(unit.seat)):
        with pytest.raises(NotAllowed):
            strikes.record_strike(registration, ground="absent", reason="未到课", actor=actor)
    with pytest.raises(Invalid):
        strikes.record_strike(registration, ground="absent", reason=" ", actor=centre())
    with pytest.raises(Invalid):
        strikes.record_strike(registration, ground="late", reason="未到课", actor=centre())
    assert not Strike.select().exists()


def test_the_preview_says_what_would_follow_and_changes_nothing(unit):
    person, actor = make.make_person(unit), centre()
    before = make_registration(person)
    said = "".join(strikes.preview_strike(before))
    assert "0次变为1次" in said and "1/2" in said and "不取消" in said
    strikes.record_strike(before, ground="absent", reason="未到课", actor=actor)
    following = make_registration(person)
    said = "".join(strikes.preview_strike(following))
    assert "1次变为2次" in said and "立即取消" in said and unit.name in said and "通报" in said
    assert not Bar.select().exists() and Strike.select().count() == 1
    strikes.record_strike(following, ground="absent", reason="未到课", actor=actor)
    assert "只增加次数" in "".join(strikes.preview_strike(make_registration(person)))


def test_the_preview_where_no_limit_is_set(db, at):
    at("2021-07-20 10:00")
    person = make.make_person(make.make_organisation(province=make.ANHUI, region="合肥市"))
    assert "只作记录" in "".join(strikes.preview_strike(make_registration(person)))
    assert Organisation.select().count() == 1
