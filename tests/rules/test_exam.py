"""Scores, papers, marking and sitting times, without a database."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.errors import Invalid
from portal.rules.exam import (
    Item,
    Sitting,
    check_paper,
    draw_paper,
    find_shortage,
    keep_score,
    mark,
    read_answer,
    read_items,
    shown_answer,
)

POOL = {"single": [(n, 4) for n in range(1, 21)], "multiple": [(n, 5) for n in range(21, 31)],
        "judge": [(n, 2) for n in range(31, 61)]}  # fmt: skip
PAPER = [{"kind": "single", "count": 6, "points": "10"}, {"kind": "multiple", "count": 3, "points": "10"},
         {"kind": "judge", "count": 20, "points": "0.5"}]  # fmt: skip
SLOT = Sitting(datetime(2022, 12, 16, 14, 30), datetime(2022, 12, 16, 16, 30), None)


@pytest.mark.parametrize("raw, kept", [("89.96", "89.9"), ("89.99", "89.9"), ("90", "90.0"), (0, "0.0"), (100, "100.0"),
                                       (" 88.8 ", "88.8")])  # fmt: skip
def test_a_score_is_cut_and_never_rounded_up(raw, kept):
    assert str(keep_score(raw)) == kept


@pytest.mark.parametrize("raw", ["-0.1", "100.1", "九十", "", "nan", "inf"])
def test_what_is_no_score(raw):
    with pytest.raises(Invalid):
        keep_score(raw)


def test_a_paper_of_halves_and_its_sum():
    assert check_paper([]) == []
    assert check_paper([{"kind": "judge", "count": 200, "points": "0.5"}]) == [
        {"kind": "judge", "count": 200, "points": "0.5"}
    ]
    parts = check_paper([{"kind": "judge", "count": 20, "points": "1.0"}, {"kind": "single", "count": 40, "points": 2},
                         {"kind": "multiple", "count": 0, "points": "3"}])  # fmt: skip
    assert parts == [{"kind": "single", "count": 40, "points": "2"}, {"kind": "judge", "count": 20, "points": "1"}]


@pytest.mark.parametrize(
    "parts", [[("single", 99, "1")], [("single", 101, "1")], [("single", 80, "1.25")], [("single", 201, "0.5")],
              [("single", 10, "0")], [("single", 10, "-10")], [("single", 99, "1"), ("judge", 1, "0.5")]],
)  # fmt: skip
def test_papers_that_are_refused(parts):
    with pytest.raises(Invalid) as refusal:
        check_paper([{"kind": kind, "count": count, "points": points} for kind, count, points in parts])
    assert refusal.value.field == "paper"


@given(st.text(min_size=1, max_size=40))
def test_the_same_seed_gives_the_same_paper_of_a_hundred_points(seed):
    items = draw_paper(seed, PAPER, POOL)
    assert items == draw_paper(seed, PAPER, {kind: rows[::-1] for kind, rows in POOL.items()})
    assert sum(item.points for item in items) == 100
    assert len({item.question for item in items}) == 29
    assert all(sorted(item.order) == list(range(len(item.order))) for item in items)
    assert all(item.order == (0, 1) for item in items[9:])
    assert read_items([item.stored() for item in items]) == items


def test_other_seeds_give_other_orders():
    drawn = [draw_paper(str(seed), PAPER, POOL) for seed in range(50)]
    assert len({tuple(item.question for item in items) for items in drawn}) == 50
    assert len({items[0].order for items in drawn}) > 5


def test_a_pool_just_large_enough():
    small = {**POOL, "multiple": POOL["multiple"][:3]}
    assert find_shortage(PAPER, small) == [] and len(draw_paper("s", PAPER, small)) == 29
    small["multiple"] = small["multiple"][:2]
    assert find_shortage(PAPER, small) == [("multiple", 3, 2)]
    with pytest.raises(ValueError):
        draw_paper("s", PAPER, small)


def test_marking_goes_by_the_shuffled_letters():
    items = [Item(1, Decimal("2"), (2, 0, 1)), Item(2, Decimal("1.5"), (1, 0, 2)), Item(3, Decimal("1"), (0, 1))]
    right = {1: "A", 2: "AC", 3: "B"}
    assert [shown_answer(right[item.question], item.order) for item in items] == ["B", "BC", "B"]
    assert mark(items, right, {0: "B", 1: "BC", 2: "B"}) == Decimal("4.5")
    assert mark(items, right, {0: "A", 1: "BC"}) == Decimal("1.5")
    for wrong in ("B", "C", "ABC", "AC", ""):
        assert mark(items, right, {1: wrong}) == 0, "all right options, and no other"


@pytest.mark.parametrize("text, letters", [("ca", "AC"), (" A, B ", "AB"), ("AAB", "AB"), ("", "")])
def test_answers_are_letters_in_order(text, letters):
    assert read_answer(text) == letters


@pytest.mark.parametrize("text", ["I", "AZ", "1", "甲", "ABCDEFGHA"])
def test_what_is_no_answer(text):
    with pytest.raises(Invalid):
        read_answer(text)


def test_the_slot_to_the_second():
    at = lambda clock: datetime.fromisoformat(f"2022-12-16 {clock}")  # noqa: E731
    assert "开始" in SLOT.why_closed(at("14:29:59")) and not SLOT.why_closed(at("14:30:00"))
    assert not SLOT.why_closed(at("16:29:59.999999")) and "结束" in SLOT.why_closed(at("16:30:00"))
    assert SLOT.due_at(at("16:00")) == at("16:30")
    late = Sitting(SLOT.opens_at, SLOT.closes_at, None, 30)
    assert not late.why_closed(at("15:00:00")) and "30分钟" in late.why_closed(at("15:00:01"))
    assert "尚未公布" in Sitting(SLOT.opens_at, None, None).why_closed(at("15:00"))


def test_a_self_timed_test():
    begun = datetime(2021, 9, 2, 23, 30)
    assert Sitting(None, None, 60).due_at(begun) == datetime(2021, 9, 3, 0, 30)
    assert Sitting(None, datetime(2021, 9, 3), 60).due_at(begun) == datetime(2021, 9, 3)
    assert not Sitting(None, None, 60).why_closed(begun) and not Sitting(None, None, 60).is_over(begun)
