"""Two counters with different arithmetic."""

from datetime import date, datetime

import pytest

from portal.rules.flows.credential import State
from portal.rules.sanctions import (
    CardFact,
    Outcome,
    StrikeFact,
    barred_unit,
    barring_run,
    counting_strikes,
    explain_cards,
    explain_strikes,
    outcome_of,
    runs_of_voids,
    trailing_voids,
)

LETTERS = {"V": Outcome.VOID, "C": Outcome.COLLECTED, "O": Outcome.OPEN, "R": Outcome.PASSED_OVER}


def cards(history: str) -> list[CardFact]:
    """A history as letters: V void, C collected, O open, R revoked; ids from 1, one a month."""
    return [
        CardFact(number, f"K{number}", date(2023, number, 1), "汽车维修工，考评员", LETTERS[letter])
        for number, letter in enumerate(history, 1)
    ]


def strike(id_: int, year: int, organisation: int = 1, annulled: bool = False) -> StrikeFact:
    at, unit = datetime(year, 5, 1), f"单位{organisation}"
    return StrikeFact(id_, at, f"{year}年培训班", organisation, unit, "absent", at if annulled else None)


@pytest.mark.parametrize(("history", "counted"), [
    ("", 0), ("V", 1), ("VV", 2), ("VC", 0), ("VCV", 1), ("CVV", 2), ("VOV", 2), ("VRV", 2), ("VVC", 0), ("VVCV", 1),
    ("OOO", 0), ("VVV", 3), ("VCVCV", 1), ("RVOVR", 2),
])  # fmt: skip
def test_only_voids_in_a_row_count(history, counted):
    assert len(trailing_voids(cards(history))) == counted


@pytest.mark.parametrize(("history", "limit", "standing", "run"), [
    ("V", 2, (), 0), ("VV", 2, (), 2), ("VCV", 2, (), 0), ("VVC", 2, (), 0), ("VVC", 2, (1, 2), 2),
    ("VCV", 2, (1, 3), 0), ("VV", None, (), 0), ("VVVC", 2, (1, 2, 3), 3), ("VOV", 3, (), 0),
])  # fmt: skip
def test_the_trailing_run_bars_and_a_standing_bar_keeps_its_ground(history, limit, standing, run):
    """A card collected after the bar does not end it; one collected in between takes its ground away."""
    assert len(barring_run(cards(history), limit, standing=standing)) == run


def test_a_cleared_void_neither_counts_nor_resets():
    assert [c.id for c in trailing_voids(cards("VVV"), cleared={1, 2})] == [3]
    assert [len(run) for run in runs_of_voids(cards("VVCVV"), cleared={2})] == [1, 2]


def test_cards_are_taken_by_issue_date_whatever_their_order():
    shuffled = [cards("VCV")[n] for n in (2, 0, 1)]
    assert [c.id for c in trailing_voids(shuffled)] == [3]


@pytest.mark.parametrize(("state", "collected", "outcome"), [
    (State.VALID, False, Outcome.COLLECTED), (State.CLAIMED, False, Outcome.COLLECTED),
    (State.REVOKED, True, Outcome.COLLECTED), (State.EXPIRED, True, Outcome.COLLECTED),
    (State.REPLACED, True, Outcome.COLLECTED), (State.REVOKED, False, Outcome.PASSED_OVER),
    (State.EXPIRED, False, Outcome.PASSED_OVER), (State.ISSUED, False, Outcome.OPEN),
    (State.AWAITING_CLAIM, False, Outcome.OPEN), (State.VOID_UNCLAIMED, False, Outcome.VOID),
])  # fmt: skip
def test_whether_it_was_collected_decides_not_what_became_of_it(state, collected, outcome):
    assert outcome_of(state, was_collected=collected) == outcome


def test_strikes_add_up_over_years_without_annulled_and_cleared_ones():
    """R7.20's arithmetic."""
    rows = [strike(3, 2024), strike(1, 2022), strike(2, 2023, annulled=True), strike(4, 2025)]
    assert [each.id for each in counting_strikes(rows)] == [1, 3, 4]
    assert [each.id for each in counting_strikes(rows, cleared={1})] == [3, 4]


def test_the_unit_of_the_strike_that_reached_the_limit_is_barred():
    rows = [strike(1, 2022, organisation=7), strike(2, 2023, organisation=8), strike(3, 2024, organisation=9)]
    assert barred_unit(rows, 2) == 8
    assert barred_unit(rows[:1], 2) is None
    assert barred_unit(rows, None) is None


def test_the_explanations_name_every_event_and_the_sum():
    said = explain_strikes([strike(1, 2022), strike(2, 2023, annulled=True), strike(3, 2024)], 2, cleared={1})
    assert len(said) == 4
    assert "清零" in said[0] and "撤销" in said[1] and "计为第1次" in said[2]
    assert "累计1次" in said[3] and "达到2次" in said[3]
    said = explain_cards(cards("VCVRO"), 2)
    assert len(said) == 6
    assert "连续第1次" in said[0] and "归零" in said[1] and "连续第1次" in said[2]
    assert "目前连续1次" in said[5] and "连续2次" in said[5]
    assert "未规定" in explain_strikes([], None)[0]
