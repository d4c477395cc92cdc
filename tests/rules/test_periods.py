from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.periods import Period, full_years, measure_experience, merge_periods, total_months

ON = date(2022, 12, 9)


def span(first: date, days: int) -> Period:
    return Period(first, first + timedelta(days=days - 1))


@pytest.mark.parametrize(
    ("since", "on", "years"),
    [
        (date(1957, 12, 10), date(2022, 12, 9), 64),
        (date(1957, 12, 9), date(2022, 12, 9), 65),
        (date(2000, 2, 29), date(2022, 2, 28), 21),
        (date(2000, 2, 29), date(2022, 3, 1), 22),
        (date(2000, 2, 29), date(2024, 2, 29), 24),
    ],
)
def test_full_years_turn_on_the_anniversary(since, on, years):
    assert full_years(since, on) == years


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        (date(2021, 1, 1), date(2021, 12, 30), 0),  # 364 days
        (date(2021, 1, 1), date(2021, 12, 31), 1),
        (date(2021, 7, 15), date(2022, 7, 13), 0),
        (date(2021, 7, 15), date(2022, 7, 14), 1),
        (date(2019, 3, 1), date(2020, 2, 28), 0),  # 365 days, but the year ends on 29 February
        (date(2019, 3, 1), date(2020, 2, 29), 1),
        (date(2020, 2, 29), date(2021, 2, 27), 0),
        (date(2020, 2, 29), date(2021, 2, 28), 1),
        (date(2019, 1, 1), date(2020, 12, 30), 1),
        (date(2019, 1, 1), date(2020, 12, 31), 2),
    ],
)
def test_unbroken_year_runs_to_the_day_before_the_anniversary(first, last, years):
    assert measure_experience([Period(first, last)], ON).years == years


@pytest.mark.parametrize(("second", "years"), [(164, 0), (165, 1)])
def test_broken_experience_needs_365_days(second, years):
    log = [span(date(2020, 1, 10), 200), span(date(2021, 9, 1), second)]
    assert measure_experience(log, ON).years == years


def test_overlapping_and_adjoining_periods_count_once():
    log = [
        Period(date(2021, 6, 1), date(2021, 9, 30)),
        Period(date(2021, 1, 1), date(2021, 6, 30)),
        Period(date(2021, 10, 1), date(2021, 12, 30)),
        Period(date(2021, 2, 1), date(2021, 3, 1)),
    ]
    assert merge_periods(log, ON) == ((date(2021, 1, 1), date(2021, 12, 30)),)
    assert measure_experience(log, ON).years == 0
    assert measure_experience([*log, Period(date(2021, 12, 31), date(2021, 12, 31))], ON).years == 1


def test_running_period_ends_today_and_the_future_does_not_count():
    assert measure_experience([Period(date(2021, 12, 10))], ON).years == 1
    assert measure_experience([Period(date(2021, 12, 11))], ON).years == 0
    assert measure_experience([Period(date(2021, 12, 11), date(2030, 1, 1))], ON).years == 0
    assert measure_experience([Period(date(2023, 1, 1), date(2025, 1, 1))], ON).total_days == 0
    assert measure_experience([Period(date(2022, 5, 2), date(2022, 5, 1))], ON).total_days == 0


@pytest.mark.parametrize(
    ("log", "months"),
    [
        ([], 0),
        ([Period(date(2021, 1, 1), date(2021, 1, 30))], 0),
        ([Period(date(2021, 1, 1), date(2021, 1, 31))], 1),
        ([Period(date(2021, 1, 31), date(2021, 2, 28))], 1),
        ([Period(date(2021, 1, 31), date(2021, 2, 27))], 0),
        ([Period(date(2021, 1, 15), date(2022, 3, 14))], 14),
        ([Period(date(2021, 1, 1), date(2021, 12, 30))], 11),
        ([span(date(2021, 1, 1), 16), span(date(2021, 5, 1), 15)], 1),
        ([span(date(2021, 1, 1), 16), span(date(2021, 5, 1), 14)], 0),
    ],
)
def test_total_months_of_the_log(log, months):
    assert total_months(log, ON) == months


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ([], "累计0天（共0天）"),
        ([span(date(2021, 1, 1), 31)], "累计1个月（共31天）"),
        ([span(date(2021, 1, 1), 33)], "累计1个月零2天（共33天）"),
        ([span(date(2021, 1, 1), 3), span(date(2021, 5, 1), 3)], "累计6天（共6天，分2段）"),
    ],
)
def test_measured_experience_in_words(log, words):
    assert measure_experience(log, ON).words == words


days = st.dates(date(2015, 1, 1), date(2022, 12, 9))


@given(st.lists(st.tuples(days, st.integers(1, 900)), max_size=6))
def test_merging_counts_every_worked_day_once(rows):
    log = [span(first, length) for first, length in rows]
    worked = {day for period in log for day in _each_day(period) if day <= ON}
    measured = measure_experience(log, ON)
    assert measured.total_days == len(worked)
    assert measured.years <= measured.total_days // 365
    assert total_months(log, ON) * 28 <= measured.total_days


def _each_day(period: Period):
    return (period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1))
