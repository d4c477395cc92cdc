"""Every combination of state, action and seat of every flow: what the table opens is open, the rest is refused."""

from itertools import product

import pytest

from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import FLOW as REGISTRATION
from portal.rules.flows.registration import Action, State
from portal.rules.workflow import IN_REVIEW, REVIEWERS, Seat

# Appendix D1, written down once more by hand: (state, action, seats) → state. A seat of the chain is
# any reviewer here; that it is its turn, the position decides (tests/actions/test_verb_matrix.py walks the verbs).
A, U, S = frozenset({Seat.APPLICANT}), frozenset({Seat.UNIT}), frozenset({Seat.SYSTEM})
P, D = frozenset({Seat.PROVINCE_CENTRE}), frozenset({Seat.DEPARTMENT})
D1 = {
    ("draft", "submit", A): "under_review",
    ("returned", "resubmit", A): "under_review",
    ("under_review", "pass", REVIEWERS): "approved",
    ("under_review", "return", REVIEWERS): "returned",
    ("under_review", "reject", REVIEWERS): "rejected",
    ("draft", "withdraw", A | S): "withdrawn",
    ("under_review", "withdraw", A | U | S): "withdrawn",
    ("returned", "withdraw", A | U | S): "withdrawn",
    ("under_review", "undo", REVIEWERS): "under_review",
    ("returned", "undo", REVIEWERS): "under_review",
    ("rejected", "undo", REVIEWERS): "under_review",
    ("approved", "undo", REVIEWERS): "under_review",
    ("draft", "extend", REVIEWERS): None,
    ("returned", "extend", REVIEWERS): None,
    ("approved", "withdraw", U): "withdrawn",
    ("approved", "finish_study", S): "study_done",
    ("study_done", "pass_part", S | P): "assessed_part",
    ("study_done", "pass_all", S | P): "passed",
    ("assessed_part", "pass_all", S | P): "passed",
    ("study_done", "fail", S | P): "failed",
    ("assessed_part", "fail", S | P): "failed",
    ("assessed_part", "correct_result", P): "study_done",
    ("passed", "correct_result", P): "study_done",
    ("failed", "correct_result", P): "study_done",
    ("approved", "lapse", S | P): "unfinished",
    ("study_done", "lapse", S | P): "unfinished",
    ("assessed_part", "lapse", S | P): "unfinished",
    ("unfinished", "excuse", P): "excused",
    ("unfinished", "strike", P): "struck",
    ("excused", "annul", P): "unfinished",
    ("struck", "annul", P): "unfinished",
    ("passed", "certify", P | D): "certified",
}
EXPECTED = {(state, action, seat): target for (state, action, seats), target in D1.items() for seat in seats}


def combinations():
    """Every state × action × seat of the registration."""
    return list(product(State, Action, Seat))


@pytest.mark.parametrize(("state", "action", "seat"), combinations())
def test_the_registration_follows_appendix_d1(state, action, seat):
    key = (state, action, seat)
    if key in EXPECTED:
        found = REGISTRATION.find(action, seat=seat, state=state)
        assert (found.action, found.target) == (action, EXPECTED[key])
        return
    is_elsewhere = any((other, action, seat) in EXPECTED for other in State)
    with pytest.raises(Stale if is_elsewhere else NotAllowed) as refused:
        REGISTRATION.find(action, seat=seat, state=state)
    assert refused.type is (Stale if is_elsewhere else NotAllowed)
    if is_elsewhere:
        assert REGISTRATION.labels[state] in refused.value.message


def test_the_matrix_is_whole():
    assert len(combinations()) == 14 * 18 * 9 and set(EXPECTED) <= set(combinations())


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
class TestEveryFlow:
    """What holds for every table, also for those that later issues add."""

    def states(self, flow):
        return {state for t in flow.transitions for state in (*t.sources, t.target) if state is not None}

    def test_buttons_and_find_say_the_same(self, flow):
        actions = {t.action for t in flow.transitions}
        for state, action, seat in product(self.states(flow), actions, Seat):
            drawn = [t for t in flow.open_to(seat, state) if t.action == action]
            # Two rows for one action, seat and state would make the first one win silently.
            assert len(drawn) <= 1, (state, action, seat)
            if drawn:
                assert flow.find(action, seat=seat, state=state) is drawn[0]
            else:
                with pytest.raises((NotAllowed, Stale)):
                    flow.find(action, seat=seat, state=state)

    def test_every_state_has_a_label_and_a_tone(self, flow):
        assert self.states(flow) | {flow.initial} == set(flow.labels) == set(flow.tones)
        assert len(set(flow.labels.values())) == len(flow.labels)

    def test_every_state_is_reached_from_the_first(self, flow):
        reached, grown = set(), {flow.initial}
        while grown - reached:
            reached |= grown
            grown = {t.target for t in flow.transitions if t.target and t.sources & reached} | reached
        assert reached == self.states(flow)

    def test_a_final_state_is_left_by_nothing_but_an_undo(self, flow):
        for t in flow.transitions:
            if t.action != "undo":
                assert not t.sources & flow.final, t
        stuck = {state for state in self.states(flow) if not flow.final & {state}}
        assert all(any(state in t.sources for t in flow.transitions) for state in stuck)

    def test_the_clock_stands_still_outside_of_review_only(self, flow):
        assert IN_REVIEW not in flow.clock_stops and flow.clock_stops <= self.states(flow)

    def test_nobody_without_a_seat_at_a_desk_decides(self, flow):
        for t in flow.transitions:
            assert Seat.TECHNICIAN not in t.by, t
            if t.moves == "next":
                assert t.by <= REVIEWERS, t


def test_a_harmful_decision_needs_a_reason():
    for t in REGISTRATION.transitions:
        harmful = t.action in (Action.RETURN, Action.REJECT, Action.EXTEND)
        harmful = harmful or t.action in (Action.CORRECT_RESULT, Action.EXCUSE, Action.STRIKE, Action.ANNUL)
        harmful = harmful or (t.action == Action.WITHDRAW and Seat.UNIT in t.by)
        assert (t.note == "required") == harmful, t
