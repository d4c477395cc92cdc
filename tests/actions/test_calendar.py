"""The working-day calendar: days, years, tables, and what happens to running deadlines."""

from datetime import date

import pytest

from portal.actions import calendar
from portal.actions.calendar import WORKDAYS
from portal.models import CalendarYear, Case, Event, Step, Workday
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import working_calendar
from portal.papers.imports import import_file
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import IN_REVIEW, Seat
from tests import make


@pytest.fixture
def technician(db):
    return make.actor_of(make.make_grant(Seat.TECHNICIAN))


@pytest.mark.requirement("R13.02")
def test_sixty_ten_and_five_working_days_over_spring_festival(technician, at):
    at("2023-01-10 10:00")
    calendar.load_official_year(2023, actor=technician)
    known, start = working_calendar(), date(2023, 1, 16)
    # 21–27 January are free, 28 and 29 January (a weekend) and 23 April are worked; counted on the printed calendar.
    assert known.add(start, 5) == date(2023, 1, 28)
    assert known.add(start, 10) == date(2023, 2, 2)
    assert known.add(start, 60) == date(2023, 4, 14)
    assert not known.is_workday(date(2023, 1, 27)) and known.is_workday(date(2023, 1, 28))


@pytest.mark.requirement("R13.02")
def test_day_is_toggled_and_toggled_back(technician):
    for day in (date(2023, 3, 1), date(2023, 3, 4)):
        is_workday = working_calendar().is_workday(day)
        assert calendar.toggle_day(day, actor=technician, name="临时安排") != is_workday
        assert working_calendar().is_workday(day) != is_workday
        assert calendar.toggle_day(day, actor=technician) == is_workday
        assert working_calendar().is_workday(day) == is_workday
    assert not Workday.select().exists(), "only exceptions are kept"
    with pytest.raises(Invalid):
        calendar.toggle_day(date(2003, 12, 31), actor=technician)
    with pytest.raises(NotAllowed):
        calendar.toggle_day(date(2023, 3, 1), actor=make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE)))


@pytest.mark.requirement("R13.02")
def test_year_is_imported_from_a_table_and_replaces_the_old_one(technician):
    calendar.toggle_day(date(2031, 5, 6), actor=technician)
    rows = "日期,类型,说明\n2031-01-01,休息,元旦\n2031年1月4日,上班,调休\n2031/1/5,休息,周日\n".encode()
    assert import_file(WORKDAYS, rows, "2031.csv", actor=technician) == (2, 0)
    known = working_calendar()
    assert known.covers(date(2031, 7, 1)) and not known.covers(date(2032, 1, 1))
    assert not known.is_workday(date(2031, 1, 1)) and known.is_workday(date(2031, 1, 4))
    assert known.is_workday(date(2031, 5, 6)), "the table is the whole year"
    stray = "日期,类型\n2031-12-31,休息\n2032-01-01,休息\n".encode()
    with pytest.raises(Invalid, match="一个年度"):
        import_file(WORKDAYS, stray, "a.csv", actor=technician)
    assert not working_calendar().covers(date(2032, 1, 1))


def test_year_that_nobody_published_cannot_be_loaded(technician):
    with pytest.raises(Invalid, match="表格导入"):
        calendar.load_official_year(2099, actor=technician)
    assert not CalendarYear.select().exists()


def test_missing_years_are_this_and_the_next(technician, at):
    at("2022-11-30 10:00")
    assert calendar.missing_years() == [2022, 2023]
    calendar.load_official_year(2022, actor=technician)
    calendar.load_official_year(2023, actor=technician)
    assert calendar.missing_years() == []
    calendar.remove_year(2023, actor=technician)
    assert calendar.missing_years() == [2023]
    known = working_calendar()
    assert known.is_estimated(date(2022, 12, 28), date(2023, 1, 4))
    assert not known.is_estimated(date(2022, 12, 1), date(2022, 12, 9))


def running_case(due, arrived):
    office = make.make_city_centre()
    case = Case.create(
        kind="registration", state=IN_REVIEW, office=office, province=make.SICHUAN, title="甲", due_on=due,
        arrived_at=arrived, created_at=arrived,
    )  # fmt: skip
    Step.create(case=case, position=0, seat="C", office=office, reached_at=arrived, due_on=due)
    return case


@pytest.mark.requirement("R13.02")
def test_change_moves_running_deadlines_later_only_and_visibly(technician, at):
    arrived = at("2023-03-06 10:00")
    case = running_case(date(2023, 3, 13), arrived)
    past, without = running_case(date(2023, 3, 3), arrived), running_case(NO_DUE, arrived)
    calendar.toggle_day(date(2023, 3, 8), actor=technician)
    assert Case.get_by_id(case.id).due_on == date(2023, 3, 14) == Step.get(Step.case == case).due_on
    assert (Case.get_by_id(past.id).due_on, Case.get_by_id(without.id).due_on) == (date(2023, 3, 3), NO_DUE)
    assert Event.get(Event.case == case).note == "2023-03-13 → 2023-03-14"
    calendar.toggle_day(date(2023, 3, 8), actor=technician)
    assert Case.get_by_id(case.id).due_on == date(2023, 3, 14), "an announced last day never comes earlier"
    assert Event.select().where(Event.case == case).count() == 1
