"""The engine on a small flow of its own: what find() gives, what it raises, and in which order the buttons come."""

from enum import StrEnum

import pytest

from portal.rules.errors import NotAllowed, Stale
from portal.rules.workflow import REVIEWERS, SEAT_LABELS, SYSTEM, Flow, Seat, move


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    OUT = "out"


class Push(StrEnum):
    GO = "go"
    HALT = "halt"
    BREAK = "break"
    STAY = "stay"


FLOW = Flow(
    "light",
    "信号灯",
    Light.RED,
    (
        move(Push.GO, {Light.RED}, Light.GREEN, {Seat.UNIT}, "放行"),
        move(Push.HALT, {Light.GREEN}, Light.RED, {Seat.UNIT, Seat.COUNTY}, "拦停"),
        move(Push.BREAK, {Light.RED}, Light.OUT, {Seat.APPLICANT}, "报废"),
        move(Push.BREAK, {Light.RED, Light.GREEN}, Light.OUT, {Seat.UNIT}, "代为报废", note="required"),
        move(Push.STAY, {Light.RED, Light.GREEN}, None, {Seat.COUNTY}, "等待"),
        move(Push.GO, {Light.GREEN}, Light.OUT, {Seat.COUNTY}, "过完", moves="next"),
    ),
    labels={Light.RED: "红灯", Light.GREEN: "绿灯", Light.OUT: "已报废"},
)


def test_the_same_action_is_another_move_for_another_seat():
    own = FLOW.find(Push.BREAK, seat=Seat.APPLICANT, state=Light.RED)
    for_him = FLOW.find(Push.BREAK, seat=Seat.UNIT, state=Light.RED)
    assert (own.label, own.note) == ("报废", "none")
    assert (for_him.label, for_him.note) == ("代为报废", "required")


def test_an_action_that_is_never_this_seats_is_forbidden():
    with pytest.raises(NotAllowed):
        FLOW.find(Push.GO, seat=Seat.APPLICANT, state=Light.RED)


def test_an_action_that_is_this_seats_elsewhere_is_stale_and_says_where_the_case_is():
    with pytest.raises(Stale) as refused:
        FLOW.find(Push.BREAK, seat=Seat.APPLICANT, state=Light.GREEN)
    assert "绿灯" in refused.value.message and "报废" in refused.value.message
    # Another seat could make this move from here: that must not open it to this one.
    assert FLOW.find(Push.BREAK, seat=Seat.UNIT, state=Light.GREEN)


@pytest.mark.parametrize("seat", list(Seat))
def test_unknown_actions_are_nobodys(seat):
    with pytest.raises(NotAllowed):
        FLOW.find("approve", seat=seat, state=Light.RED)


def test_actions_and_states_may_come_as_plain_text():
    assert FLOW.find("go", seat=Seat("U"), state="red").target == Light.GREEN


def test_buttons_keep_the_order_of_the_table():
    assert [t.action for t in FLOW.open_to(Seat.UNIT, Light.RED)] == [Push.GO, Push.BREAK]
    assert [t.action for t in FLOW.open_to(Seat.UNIT, "green")] == [Push.HALT, Push.BREAK]
    assert FLOW.open_to(Seat.UNIT, Light.OUT) == ()
    assert FLOW.open_to(Seat.SYSTEM, Light.RED) == ()


def test_the_drawing_shows_each_arrow_once():
    lines = FLOW.draw().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "  [*] --> red"]
    assert "  green --> red: halt (K,U)" in lines
    # Without a target of its own a move stays; one along the chain shows both staying and leaving.
    assert {"  red --> red: stay (K)", "  green --> out: go (K)", "  green --> green: go (K)"} <= set(lines)
    assert len(lines) == len(set(lines))


def test_seats_are_the_letters_of_the_catalogue():
    assert {str(seat) for seat in Seat} == set("AUKCBPDST")
    assert set(SEAT_LABELS) == set(Seat)
    assert {Seat.APPLICANT, Seat.SYSTEM, Seat.TECHNICIAN}.isdisjoint(REVIEWERS)
    assert REVIEWERS | {Seat.APPLICANT, Seat.SYSTEM, Seat.TECHNICIAN} == set(Seat)
    assert (SYSTEM.user, SYSTEM.seat, SYSTEM.office) == (None, Seat.SYSTEM, None)
