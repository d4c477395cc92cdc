"""The working-day calendar: a year at a glance, single days, official years (R13.02)."""

from calendar import MONDAY
from calendar import Calendar as Months
from datetime import date

from flask import request, url_for

from portal import clock
from portal.actions import calendar as verbs
from portal.models import CalendarYear, Workday
from portal.models.jurisdictions import official_calendar, working_calendar
from portal.rules.errors import Invalid
from portal.web.admin import blueprint
from portal.web.admin.forms import DayForm
from portal.web.guards import actor
from portal.web.pages import go, show


@blueprint.get("/calendar")
def calendar():
    """Twelve months; every day says whether it is worked."""
    return _show(_asked_year(), DayForm(formdata=None))


@blueprint.post("/calendar/day")
def toggle_day():
    """Turn one day from worked to free or back; running deadlines move later where they must."""
    form = DayForm()
    if form.validate():
        try:
            is_workday = verbs.toggle_day(form.day.data, name=form.name.data or "", actor=actor())
            word = "工作日" if is_workday else "休息日"
            message = f"{form.day.data.isoformat()}已改为{word}，受影响的办理期限只顺延、不提前。"
            return go(url_for("admin.calendar", year=form.day.data.year), message)
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(form.day.data.year if form.day.data else clock.today().year, form, 422)


@blueprint.post("/calendar/<int:year>/<any(load, remove):verb>")
def change_year(year: int, verb: str):
    """Load a year's official arrangement from the library, or forget it."""
    change = verbs.load_official_year if verb == "load" else verbs.remove_year
    moved = change(year, actor=actor())
    done = f"{year}年的节假日安排已导入。" if verb == "load" else f"{year}年的节假日安排已删除。"
    return go(url_for("admin.calendar", year=year), done + (f"有{moved}项办理或证卡领取的期限顺延。" if moved else ""))


def _show(year: int, form: DayForm, status: int = 200):
    known, names = working_calendar(), dict(_names(year))
    months = []
    for month in range(1, 13):
        weeks = [
            [(day, known.is_workday(day), names.get(day, "")) if day.month == month else None for day in week]
            for week in Months(MONDAY).monthdatescalendar(year, month)
        ]
        months.append((month, weeks, sum(bool(cell and cell[1]) for week in weeks for cell in week)))
    return show(
        "admin/calendar.html", pieces=("admin/_calendar.html",), status=status, year=year, months=months, form=form,
        loaded=CalendarYear.get_or_none(CalendarYear.year == year), today=clock.today(),
        is_official_known=year in official_calendar().years, first=verbs.FIRST_YEAR, last=verbs.LAST_YEAR,
    )  # fmt: skip


def _names(year: int):
    return (
        Workday.select(Workday.day, Workday.name)
        .where(Workday.day.between(date(year, 1, 1), date(year, 12, 31)))
        .tuples()
    )


def _asked_year() -> int:
    year = request.args.get("year", clock.today().year, type=int)
    return min(max(year, verbs.FIRST_YEAR), verbs.LAST_YEAR)
