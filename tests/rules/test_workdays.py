"""Proofs of portal.rules.workdays: golden dates counted by hand, the official calendar day by day, laws of counting."""

from datetime import date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.errors import Invalid
from portal.rules.workdays import (
    ESTIMATED_NOTE,
    Calendar,
    Term,
    Unit,
    add_days,
    add_months,
    add_years,
    is_within,
    last_day_of_validity,
    last_moment,
    month_end,
    remaining_word,
)


def days(year, *texts):
    """Dates of one year from "1.21-1.27" or "4.5"."""
    found = set()
    for text in texts:
        first, _, last = text.partition("-")
        first, last = (date(year, *map(int, end.split("."))) for end in (first, last or first))
        found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return found


# The State Council's notices for 2023 and 2025 as published (whole stretches, weekends included) and for part of 2024.
OFF = days(2023, "1.1-1.2", "1.21-1.27", "4.5", "4.29-5.3", "6.22-6.24", "9.29-10.6") | days(
    2025, "1.1", "1.28-2.4", "4.4-4.6", "5.1-5.5", "5.31-6.2", "10.1-10.8"
)
WORKED = days(2023, "1.28-1.29", "4.23", "5.6", "6.25", "10.7-10.8") | days(
    2025, "1.26", "2.8", "4.27", "9.28", "10.11"
)
CALENDAR = Calendar(frozenset(OFF), frozenset(WORKED), frozenset({2023, 2025}))
WEEKS_ONLY = Calendar()


# --- golden dates -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R13.02")
@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        # counted by hand over Spring Festival 2023 (21–27 January off, 28 and 29 worked) and 2025
        (date(2023, 1, 16), 5, date(2023, 1, 28)),
        (date(2023, 1, 16), 10, date(2023, 2, 2)),
        (date(2023, 1, 16), 60, date(2023, 4, 14)),
        (date(2025, 1, 20), 5, date(2025, 1, 26)),
        (date(2025, 1, 20), 10, date(2025, 2, 8)),
        (date(2025, 1, 20), 60, date(2025, 4, 21)),
    ],
)
def test_sixty_ten_and_five_working_days_cross_spring_festival(start, n, expected):
    assert CALENDAR.add(start, n) == expected
    assert CALENDAR.between(start, expected) == n
    assert WEEKS_ONLY.add(start, n) != expected, "the case would not notice a missing holiday table"


@pytest.mark.requirement("R13.04")
@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        (date(2023, 3, 1), 60, date(2023, 5, 26)),
        (date(2025, 1, 20), 10, date(2025, 2, 8)),
        (date(2025, 9, 22), 10, date(2025, 10, 11)),
        (date(2025, 9, 26), 5, date(2025, 10, 10)),
        (date(2025, 6, 9), 10, date(2025, 6, 23)),
    ],
)
def test_golden_dates_of_appendix_a(start, n, expected):
    assert CALENDAR.add(start, n) == expected
    assert CALENDAR.explain(start, n).result == expected


def test_weekends_only_logic_gives_the_wrong_day_that_the_appendix_names():
    assert WEEKS_ONLY.add(date(2023, 3, 1), 60) == date(2023, 5, 24)


START = date(2025, 9, 22)  # a Monday before National Day: all units part company
TERMS = {  # row of appendix A: term, last day counted by hand
    7: (Term(60, Unit.WORKING_DAYS), date(2025, 12, 19)),
    10: (Term(1, Unit.YEARS), date(2026, 9, 22)),
    11: (Term(10, Unit.WORKING_DAYS), date(2025, 10, 11)),
    12: (Term(5, Unit.WORKING_DAYS), date(2025, 9, 28)),
    14: (Term(1, Unit.YEARS), date(2026, 9, 22)),
    16: (Term(5, Unit.YEARS), date(2030, 9, 22)),
    17: (Term(3, Unit.YEARS), date(2028, 9, 22)),
    18: (Term(-10, Unit.WORKING_DAYS), date(2025, 9, 8)),
    19: (Term(7, Unit.DAYS), date(2025, 9, 29)),
    20: (Term(10, Unit.WORKING_DAYS), date(2025, 10, 11)),
}


@pytest.mark.requirement("R13.04")
@pytest.mark.parametrize("row", TERMS)
def test_each_term_of_appendix_a_from_one_start_day(row):
    term, expected = TERMS[row]
    assert CALENDAR.due(START, term) == expected


@pytest.mark.requirement("R13.04")
def test_same_start_and_amount_in_another_unit_gives_another_day():
    for amount in (1, 3, 5, 7, 10, 60):
        start = date(2025, 9, 30)  # the next day is free, so already one working day differs from one day
        dues = [CALENDAR.due(start, Term(amount, unit)) for unit in Unit]
        assert len(set(dues)) == len(Unit), (amount, dues)


@pytest.mark.requirement("R13.04")
@pytest.mark.parametrize(
    ("start", "end", "last_instant", "first_instant_after"),
    [
        # rows 1, 3, 4: calendar dates, both days in
        (date(2021, 8, 4), date(2021, 8, 9), datetime(2021, 8, 9, 23, 59, 59), datetime(2021, 8, 10)),
        (date(2022, 12, 9), date(2022, 12, 13), datetime(2022, 12, 13, 23, 59, 59), datetime(2022, 12, 14)),
        (date(2022, 12, 15), date(2022, 12, 16), datetime(2022, 12, 16, 23, 59, 59), datetime(2022, 12, 17)),
        # row 2: a clock time cuts off the same day
        (None, datetime(2021, 8, 9, 17), datetime(2021, 8, 9, 16, 59, 59), datetime(2021, 8, 9, 17)),
        # row 5: a slot between two clock times
        (
            datetime(2022, 12, 16, 14, 30),
            datetime(2022, 12, 16, 16, 30),
            datetime(2022, 12, 16, 16, 29, 59),
            datetime(2022, 12, 16, 16, 30),
        ),
        # row 7: the card is void at the minute after the sixtieth working day
        (None, CALENDAR.add(date(2023, 3, 1), 60), datetime(2023, 5, 26, 23, 59, 59), datetime(2023, 5, 27)),
        # rows 8 and 13: three years from the day of issue, that day included
        (
            date(2023, 3, 1),
            last_day_of_validity(date(2023, 3, 1), 3),
            datetime(2026, 2, 28, 23, 59, 59),
            datetime(2026, 3, 1),
        ),
        (
            date(2025, 6, 1),
            last_day_of_validity(date(2025, 6, 1), 3),
            datetime(2028, 5, 31, 23, 59, 59),
            datetime(2028, 6, 1),
        ),
        # row 15: a lease of three years
        (
            date(2023, 1, 1),
            last_day_of_validity(date(2023, 1, 1), 3),
            datetime(2025, 12, 31, 23, 59, 59),
            datetime(2026, 1, 1),
        ),
        # rows 21 and 22: month ends
        (None, month_end(2026, 3), datetime(2026, 3, 31, 23, 59, 59), datetime(2026, 4, 1)),
        (None, month_end(2025, 5), datetime(2025, 5, 31, 23, 59, 59), datetime(2025, 6, 1)),
        # row 23: calendar dates of the campaign
        (None, date(2020, 4, 30), datetime(2020, 4, 30, 23, 59, 59), datetime(2020, 5, 1)),
        (None, date(2020, 5, 20), datetime(2020, 5, 20, 23, 59, 59), datetime(2020, 5, 21)),
        (None, date(2020, 5, 30), datetime(2020, 5, 30, 23, 59, 59), datetime(2020, 5, 31)),
    ],
)
def test_windows_and_fixed_ends_of_appendix_a_hold_to_the_second(start, end, last_instant, first_instant_after):
    assert is_within(last_instant, start, end)
    assert not is_within(first_instant_after, start, end)
    if start is not None:
        opening = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)
        assert is_within(opening, start, end)
        assert not is_within(opening - timedelta(seconds=1), start, end)


# --- the calendar table -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def official():
    """All years that the library knows, given with their weekend days as the library lists them."""
    return Calendar(
        frozenset(chinese_calendar.holidays), frozenset(chinese_calendar.workdays), frozenset(range(2004, 2027))
    )


def test_every_day_from_2004_to_2026_agrees_with_the_official_calendar(official):
    day, counted = date(2004, 1, 1), 0
    while day < date(2027, 1, 1):
        counted += chinese_calendar.is_workday(day)
        assert official.is_workday(day) == chinese_calendar.is_workday(day), day
        assert official.between(date(2003, 12, 31), day) == counted, day
        day += timedelta(days=1)


def test_notices_typed_into_this_test_agree_with_the_library(official):
    for year in (2023, 2025):
        for n in range(365):
            day = date(year, 1, 1) + timedelta(days=n)
            assert CALENDAR.is_workday(day) == official.is_workday(day), day


def test_a_superfluous_exception_changes_nothing():
    saturday, monday = date(2025, 6, 7), date(2025, 6, 9)
    odd = Calendar(days_off=frozenset({saturday}), days_worked=frozenset({monday}))
    assert not odd.is_workday(saturday)
    assert odd.is_workday(monday)
    assert odd.between(date(2025, 6, 6), monday) == 1


def test_a_changed_calendar_is_another_calendar():
    """Equality and hash follow the exceptions, so that a calendar may be kept in a cache."""
    same = Calendar(frozenset(OFF), frozenset(WORKED), frozenset({2023, 2025}))
    assert same == CALENDAR
    assert hash(same) == hash(CALENDAR)
    assert same != Calendar(frozenset(OFF), frozenset(WORKED), frozenset({2023}))


# --- laws of counting -------------------------------------------------------------------------------------------------

some_days = st.dates(date(2022, 6, 1), date(2026, 6, 1))


@given(some_days, st.integers(-400, 400))
def test_between_undoes_add(start, n):
    assert CALENDAR.between(start, CALENDAR.add(start, n)) == n


@given(some_days, st.integers(-400, 400).filter(bool))
def test_add_ends_on_a_working_day_and_moves_in_its_direction(start, n):
    end = CALENDAR.add(start, n)
    assert CALENDAR.is_workday(end)
    assert (end > start) == (n > 0)


@given(some_days, some_days)
def test_between_counts_like_a_finger_on_the_wall_calendar(a, b):
    step = timedelta(days=1 if b >= a else -1)
    day, counted = a, 0
    while day != b:
        day += step
        counted += CALENDAR.is_workday(day)
    assert CALENDAR.between(a, b) == (counted if b >= a else -counted)


@given(some_days, st.integers(-80, 80))
def test_explain_tells_every_day_once_and_counts_as_many_as_asked(start, n):
    explanation = CALENDAR.explain(start, n)
    assert explanation.result == CALENDAR.add(start, n)
    assert sum(step.counted for step in explanation.steps) == abs(n)
    assert len(explanation.steps) == abs((explanation.result - start).days)
    assert start not in {step.day for step in explanation.steps}
    assert all(step.counted == CALENDAR.is_workday(step.day) for step in explanation.steps)


def test_zero_gives_the_start_even_on_a_free_day():
    new_year = date(2025, 1, 1)
    assert CALENDAR.add(new_year, 0) == new_year
    assert CALENDAR.explain(new_year, 0).steps == []


def test_negative_counts_back_over_national_day():
    assert CALENDAR.add(date(2025, 10, 11), -10) == date(2025, 9, 22)
    assert CALENDAR.add(date(2025, 10, 5), -1) == date(2025, 9, 30)


@pytest.mark.parametrize("n", [10**7, -(10**7), 10**30])
def test_a_count_beyond_all_years_is_refused_in_words(n):
    with pytest.raises(Invalid) as refusal:
        CALENDAR.add(date(2025, 1, 1), n)
    assert refusal.value.field == "days"
    with pytest.raises(Invalid):
        add_days(date(2025, 1, 1), n)
    with pytest.raises(Invalid):
        add_years(date(2025, 1, 1), n)


def test_the_ends_of_time_are_reachable():
    assert WEEKS_ONLY.add(date(1, 1, 2), -1) == date(1, 1, 1)
    assert WEEKS_ONLY.add(date(9999, 12, 30), 1) == date(9999, 12, 31)
    with pytest.raises(Invalid):
        WEEKS_ONLY.add(date(1, 1, 1), -1)
    with pytest.raises(Invalid):
        WEEKS_ONLY.add(date(9999, 12, 31), 1)


# --- reasons and estimates --------------------------------------------------------------------------------------------


def test_explain_gives_the_reason_of_each_kind_of_day():
    reasons = {step.day: (step.counted, step.reason) for step in CALENDAR.explain(date(2025, 9, 26), 8).steps}
    assert reasons[date(2025, 9, 27)] == (False, "周末")
    assert reasons[date(2025, 9, 28)] == (True, "周末调休上班")
    assert reasons[date(2025, 9, 29)] == (True, "工作日")
    assert reasons[date(2025, 10, 1)] == (False, "节假日放假")
    assert reasons[date(2025, 10, 4)] == (False, "节假日")


def test_a_year_without_calendar_counts_monday_to_friday_and_says_so():
    explanation = CALENDAR.explain(date(2025, 12, 29), 5)
    assert explanation.result == date(2026, 1, 5)
    assert explanation.estimated
    by_day = {step.day: step.reason for step in explanation.steps}
    assert ESTIMATED_NOTE not in by_day[date(2025, 12, 31)]
    assert by_day[date(2026, 1, 1)] == "工作日（暂按未公布节假日计算）"
    assert by_day[date(2026, 1, 3)] == "周末（暂按未公布节假日计算）"


def test_estimated_looks_at_every_year_of_the_span_in_either_direction():
    assert not CALENDAR.is_estimated(date(2025, 1, 1), date(2025, 12, 31))
    assert CALENDAR.is_estimated(date(2025, 12, 31), date(2026, 1, 1))
    assert CALENDAR.is_estimated(date(2026, 1, 1), date(2025, 12, 31))
    assert CALENDAR.is_estimated(date(2023, 1, 1), date(2025, 1, 1)), "2024 in between has no calendar"
    assert CALENDAR.covers(date(2025, 12, 31))
    assert not CALENDAR.covers(date(2026, 1, 1))


# --- months, years, validity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "years", "last"),
    [
        (date(2023, 3, 1), 3, date(2026, 2, 28)),
        (date(2021, 3, 1), 3, date(2024, 2, 29)),
        (date(2024, 2, 29), 3, date(2027, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 28)),
        (date(2023, 1, 1), 3, date(2025, 12, 31)),
    ],
)
def test_validity_ends_the_day_before_the_anniversary(issued, years, last):
    assert last_day_of_validity(issued, years) == last


def test_months_and_years_fall_back_to_the_last_day_of_a_shorter_month():
    assert add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert add_months(date(2025, 3, 31), -1) == date(2025, 2, 28)
    assert add_months(date(2025, 12, 15), 1) == date(2026, 1, 15)
    assert add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert month_end(2024, 2) == date(2024, 2, 29)
    assert month_end(2025, 12) == date(2025, 12, 31)


def test_a_day_is_over_at_the_next_midnight():
    assert last_moment(date(2025, 12, 31)) == datetime(2026, 1, 1)


def test_terms_print_as_the_documents_write_them():
    assert [str(Term(n, unit)) for n, unit in ((60, Unit.WORKING_DAYS), (7, Unit.DAYS), (3, Unit.YEARS))] == [
        "60个工作日",
        "7日",
        "3年",
    ]


# --- words for the queue ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "word", "tone"),
    [
        (None, "无期限", "none"),
        (4, "剩4个工作日", "ok"),
        (3, "剩3个工作日", "soon"),
        (1, "剩1个工作日", "soon"),
        (0, "今天到期", "today"),
        (-1, "逾期1个工作日", "late"),
        (-2, "逾期2个工作日", "late"),
    ],
)
def test_words_and_tones(left, word, tone):
    assert remaining_word(left) == (word, tone)


@pytest.mark.parametrize(
    ("today", "due_on", "expected"),
    [
        (date(2025, 9, 22), None, (None, "无期限", "none")),
        (date(2025, 9, 22), date(2025, 10, 11), (10, "剩10个工作日", "ok")),
        (date(2025, 9, 23), date(2025, 10, 11), (9, "剩9个工作日", "ok")),
        (date(2025, 9, 26), date(2025, 10, 10), (5, "剩5个工作日", "ok")),
        (date(2025, 9, 27), date(2025, 10, 10), (5, "剩5个工作日", "ok")),  # a free Saturday takes nothing away
        (date(2025, 6, 13), date(2025, 6, 13), (0, "今天到期", "today")),
        (date(2025, 6, 15), date(2025, 6, 15), (0, "今天到期", "today")),  # a last day that is free itself
        (date(2025, 6, 14), date(2025, 6, 15), (0, "剩1天（休息日到期）", "soon")),  # Saturday, due on Sunday
        (date(2025, 6, 14), date(2025, 6, 13), (0, "已逾期", "late")),  # Saturday after a Friday is not "today"
        (date(2025, 6, 16), date(2025, 6, 13), (-1, "逾期1个工作日", "late")),
        (date(2025, 6, 17), date(2025, 6, 13), (-2, "逾期2个工作日", "late")),
    ],
)
def test_remaining_time_of_a_queue_row(today, due_on, expected):
    assert CALENDAR.remaining(today, due_on) == expected


@given(some_days, some_days)
def test_a_deadline_is_late_exactly_when_its_day_is_over(today, due_on):
    """Whatever stretch of free days lies between: 今天到期 only on the day, 逾期 only after it."""
    remaining = CALENDAR.remaining(today, due_on)
    assert (remaining.tone == "today") == (today == due_on)
    assert (remaining.tone == "late") == (today > due_on)
