"""Numbers, validity, levels and printed fields of credentials, as plain values."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.models.jurisdictions import profile_of
from portal.rules import credential as rules
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State

pytestmark = pytest.mark.usefixtures("_schema")


def settings_of(province: str):
    return profile_of(province).credential


@pytest.mark.requirement("R6.07")
def test_the_last_day_is_the_one_before_the_third_anniversary():
    card = settings_of("sichuan")
    for issued, last in {
        date(2024, 2, 29): date(2027, 2, 28), date(2023, 3, 1): date(2026, 2, 28), date(2023, 1, 1): date(2025, 12, 31),
    }.items():  # fmt: skip
        assert rules.last_day(card, issued) == last


def test_without_years_there_is_no_last_day():
    assert rules.last_day(settings_of("anhui"), date(2023, 3, 1)) is None
    assert rules.last_day(settings_of("anhui"), date(2023, 3, 1), old_end=date(2024, 1, 1)) is None


def test_a_renewal_goes_on_from_the_old_end_or_begins_anew_after_it():
    card, end = settings_of("sichuan"), date(2026, 2, 28)
    assert rules.last_day(card, date(2025, 12, 28), old_end=end) == date(2029, 2, 28)
    assert rules.last_day(card, end, old_end=end) == date(2029, 2, 28)  # on its very last day it is still valid
    assert rules.last_day(card, date(2026, 3, 1), old_end=end) == date(2029, 2, 28)  # the new one begins that day
    assert rules.last_day(card, date(2026, 3, 2), old_end=end) == date(2029, 3, 1)


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.integers(0, 1500))
def test_no_day_is_lost_or_counted_twice_by_a_renewal_before_the_end(issued, before):
    card = settings_of("sichuan")
    end = rules.last_day(card, issued)
    renewed_on = end - timedelta(days=min(before, (end - issued).days))
    assert rules.last_day(card, renewed_on, old_end=end) == rules.last_day(card, end + timedelta(days=1))


def test_the_number_follows_the_pattern():
    assert rules.write_number(settings_of("sichuan"), year=2023, grade="senior", serial=7) == "川考评2202300007"
    assert rules.write_number(settings_of("anhui"), year=2023, grade="examiner", serial=1) == "皖考评1202300001"


def test_the_last_number_of_a_series_and_none_after_it():
    small = replace(settings_of("sichuan"), serial_digits=2)
    assert rules.write_number(small, year=2023, grade="senior", serial=99).endswith("202399")
    with pytest.raises(NotAllowed, match="编号已用完（最多99个）"):
        rules.write_number(small, year=2023, grade="senior", serial=100)


@dataclass
class Holder:
    occupation_id: int = 7
    levels: str = "5,4,3"
    state_now: State = State.VALID


def test_levels_in_words():
    anhui = profile_of("anhui")
    assert rules.write_levels(anhui.grade("examiner")) == "5,4,3"
    assert rules.word_levels("5,4,3") == "五级/初级工、四级/中级工、三级/高级工"
    assert rules.write_levels(anhui.grade("senior")) == "5,4,3,2,1"


@pytest.mark.parametrize(("level", "may"), [(5, True), (4, True), (3, True), (2, False), (1, False)])
def test_an_examiner_assesses_levels_five_to_three_of_one_occupation(level, may):
    holder = Holder(levels=rules.write_levels(profile_of("anhui").grade("examiner")))
    assert rules.may_assess(holder, 7, level) is may
    assert not rules.may_assess(holder, 8, level)


@pytest.mark.parametrize("state", list(State))
def test_only_a_valid_credential_lets_assess(state):
    assert rules.may_assess(Holder(state_now=state), 7, 5) is (state == State.VALID)


def test_every_printed_field_is_text_and_named():
    profile = profile_of("sichuan")
    printed = rules.compose_printed(
        profile.credential, profile.grade("senior"),
        person={"name": "王示例", "sex": "女", "id_type": "居民身份证", "id_number": "1"}, occupation="汽车维修工",
        unit="云帆", number="川考评2202300001", issued_on=date(2023, 3, 1), valid_to=date(2026, 2, 28), verify="https://x",
    )  # fmt: skip
    assert tuple(printed) == rules.PRINTED
    assert all(isinstance(value, str) and value for value in printed.values())
    assert (printed["title"], printed["valid_to"]) == ("高级考评员资格证卡", "2026年2月28日")
