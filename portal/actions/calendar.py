"""The working-day calendar: single days, official and imported years, and what a change does to running deadlines."""

from collections.abc import Callable
from datetime import date

import chinese_calendar

from portal import clock
from portal.actions.cards import move_claim_dues
from portal.actions.deadlines import move_running
from portal.actions.events import record
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most, one_of
from portal.actions.numbers import touch
from portal.actions.offices import check_technician
from portal.database import transaction
from portal.models import CalendarYear, Workday
from portal.models.jurisdictions import official_calendar, working_calendar
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid
from portal.rules.workflow import Actor

FIRST_YEAR, LAST_YEAR = 2004, 2099
OFFICIAL_SOURCE = "国务院办公厅历年节假日安排"
MADE_UP = "调休上班"


def toggle_day(day: date, *, actor: Actor, name: str = "") -> bool:
    """Make a working day free or a free day a working day; gives whether it is a working day now.

    Running deadlines that would now end later are moved, never earlier.
    """
    check_technician(actor)
    _check_year(day.year)
    if len(name) > 40:
        raise Invalid("name", "说明最多40个字，请精简。")

    def change() -> bool:
        is_workday = not working_calendar().is_workday(day)
        Workday.delete().where(Workday.day == day).execute()
        if is_workday != (day.weekday() < 5):
            Workday.create(day=day, is_workday=is_workday, name=name or (MADE_UP if is_workday else "放假"))
        note = f"{day.isoformat()} {'改为工作日' if is_workday else '改为休息日'}"
        record("calendar", "调整工作日历", actor=actor, subject=f"calendar:{day.year}", note=note)
        return is_workday

    return _change(change, actor)[0]


def load_official_year(year: int, *, actor: Actor) -> int:
    """Replace a year's days by the official arrangement as the library knows it; gives how many cases moved.

    Raises Invalid("year") for a year the library does not know: chinesecalendar has to be renewed, or the year imported
    from a table.
    """
    check_technician(actor)
    official = official_calendar()
    if year not in official.years:
        known = f"{min(official.years)}年至{max(official.years)}年"
        raise Invalid("year", f"程序内置的节假日安排只有{known}，{year}年请用表格导入，或升级程序。")
    names = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    days = [
        {"day": day, "is_workday": False, "name": names.get(chinese_calendar.holidays.get(day), "")}
        for day in sorted(official.days_off) if day.year == year
    ]  # fmt: skip
    days += [{"day": d, "is_workday": True, "name": MADE_UP} for d in sorted(official.days_worked) if d.year == year]
    return _change(lambda: _replace_year(year, days, OFFICIAL_SOURCE, actor), actor)[1]


def remove_year(year: int, *, actor: Actor) -> int:
    """Forget a year: from now on it is Monday to Friday and says so (R13.03); gives how many cases moved."""
    check_technician(actor)
    _check_year(year)

    def change() -> None:
        _delete_days(year)
        CalendarYear.delete().where(CalendarYear.year == year).execute()
        record("calendar", "删除年度工作日历", actor=actor, subject=f"calendar:{year}", note=f"{year}年")

    return _change(change, actor)[1]


def missing_years() -> list[int]:
    """This year and the next, as far as their official arrangement has not been loaded (R13.03)."""
    calendar, this = working_calendar(), clock.today().year
    return [year for year in (this, this + 1) if year not in calendar.years]


def _change(write: Callable, actor: Actor) -> tuple:
    """Change the calendar in one transaction, with everything that follows from it; gives (result, moved cases)."""
    with transaction():
        before = working_calendar()
        result = write()
        touch("calendar")
        return result, move_running(before, actor=actor) + move_claim_dues(actor=actor)


def _replace_year(year: int, days: list[dict], source: str, actor: Actor) -> None:
    _delete_days(year)
    for start in range(0, len(days), 200):
        Workday.insert_many(days[start : start + 200]).execute()
    CalendarYear.delete().where(CalendarYear.year == year).execute()
    CalendarYear.create(year=year, source=source[:120], loaded_at=clock.now())
    note = f"{year}年，与周一至周五不同的日期{len(days)}个"
    record("calendar", "导入年度工作日历", actor=actor, subject=f"calendar:{year}", note=note)


def _delete_days(year: int) -> None:
    Workday.delete().where(Workday.day.between(date(year, 1, 1), date(year, 12, 31))).execute()


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid("year", f"年份应在{FIRST_YEAR}年至{LAST_YEAR}年之间。")


def _check_days(records: list[Record]) -> list[Fault]:
    """A table is one year's arrangement: a stray day of another year would make that year look complete."""
    year, faults = records[0].values["day"].year if records else 0, []
    if records and not FIRST_YEAR <= year <= LAST_YEAR:
        faults.append(records[0].fault("day", f"年份应在{FIRST_YEAR}年至{LAST_YEAR}年之间。"))
    for row in records:
        if row.values["day"].year != year:
            faults.append(row.fault("day", f"一张表格只能是一个年度（{year}年）的安排，其他年度请另存为一张表格。"))
        if row.values["is_workday"] == "":
            faults.append(row.fault("is_workday", "请填“休息”或“上班”。"))
    return faults


def _store_days(records: list[Record], actor: Actor) -> tuple[int, int]:
    year = records[0].values["day"].year
    # A free weekend and a worked weekday are what they are anyway; only exceptions are kept.
    days = [
        {"day": row.values["day"], "is_workday": row.values["is_workday"], "name": row.values.get("name", "")}
        for row in records
        if row.values["is_workday"] != (row.values["day"].weekday() < 5)
    ]
    _change(lambda: _replace_year(year, days, "表格导入", actor), actor)
    return len(days), 0


WORKDAYS = ImportKind(
    "workdays", "工作日历",
    (
        Column("day", ("日期",), True, parse_date, "2022-10-08"),
        Column("is_workday", ("类型", "安排"), True,
               one_of({"休息": False, "放假": False, "上班": True, "工作日": True}, "类型"), "上班"),
        Column("name", ("说明", "节日", "名称"), False, at_most(40), "国庆节调休"),
    ),
    ("day",), _check_days, _store_days,
    notes=("一张表格为一个年度的全部安排，导入后替换该年度原有的安排。", "只需列出放假的工作日和上班的周末。"),
)  # fmt: skip
