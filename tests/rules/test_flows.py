"""Every combination of state, action and seat of every flow: what the table opens is open, the rest is refused."""

from itertools import product

import pytest

from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows import credential as credentials
from portal.rules.flows import statement as statements
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
# Appendix D2, likewise. The appendix draws awaiting_claim → valid as one arrow "claimed by the unit, confirmed by the
# province"; here it is two moves, the unit's claim and the province's handing out. `issued` is a card that is made and
# numbered before its release (发放); an electronic certificate begins in `valid`. The issue itself is no move: nothing
# is there before it.
ISSUERS = P | D
D2 = {
    ("issued", "release", ISSUERS): "awaiting_claim",
    ("awaiting_claim", "claim", U | S): "claimed",  # S: a corrected card keeps the claim of the one it follows
    ("claimed", "hand_out", ISSUERS): "valid",
    ("awaiting_claim", "void", S): "void_unclaimed",
    ("void_unclaimed", "restore", ISSUERS): "awaiting_claim",
    ("issued", "expire", S): "expired",
    ("awaiting_claim", "expire", S): "expired",
    ("claimed", "expire", S): "expired",
    ("valid", "expire", S): "expired",
    ("issued", "revoke", ISSUERS): "revoked",
    ("awaiting_claim", "revoke", ISSUERS): "revoked",
    ("claimed", "revoke", ISSUERS): "revoked",
    ("valid", "revoke", ISSUERS): "revoked",
    ("issued", "correct", ISSUERS): "revoked",
    ("awaiting_claim", "correct", ISSUERS): "revoked",
    ("claimed", "correct", ISSUERS): "revoked",
    ("valid", "correct", ISSUERS): "revoked",
    ("valid", "replace", ISSUERS | S): "replaced",
    ("expired", "replace", ISSUERS | S): "replaced",
}
# The statement (R7.18): one level, either way with a reason; whoever files takes it back while it is not decided.
STATEMENT = {
    ("draft", "submit", A | U): "under_review",
    ("under_review", "pass", P | D): "upheld",
    ("under_review", "reject", P | D): "dismissed",
    ("under_review", "withdraw", A | U): "withdrawn",
}
TABLES = {
    "registration": (REGISTRATION, State, Action, D1),
    "credential": (credentials.FLOW, credentials.State, credentials.Action, D2),
    "statement": (statements.FLOW, statements.State, statements.Action, STATEMENT),
}


def expected_of(table: dict) -> dict:
    """(state, action, seat) → state, one line for each seat."""
    return {(state, action, seat): target for (state, action, seats), target in table.items() for seat in seats}


def combinations():
    """Every flow × state × action × seat."""
    found = []
    for name, (_, states, actions, _) in TABLES.items():
        found += [(name, *each) for each in product(states, actions, Seat)]
    return found


@pytest.mark.parametrize(("name", "state", "action", "seat"), combinations())
def test_the_flows_follow_appendix_d(name, state, action, seat):
    flow, states, _, table = TABLES[name]
    expected, key = expected_of(table), (state, action, seat)
    if key in expected:
        found = flow.find(action, seat=seat, state=state)
        assert (found.action, found.target) == (action, expected[key])
        return
    is_elsewhere = any((other, action, seat) in expected for other in states)
    with pytest.raises(Stale if is_elsewhere else NotAllowed) as refused:
        flow.find(action, seat=seat, state=state)
    assert refused.type is (Stale if is_elsewhere else NotAllowed)
    if is_elsewhere:
        assert flow.labels[state] in refused.value.message


def test_the_matrix_is_whole():
    assert len(combinations()) == (14 * 18 + 8 * 10 + 5 * 4) * 9
    for name, (_, _, _, table) in TABLES.items():
        assert {(name, *key) for key in expected_of(table)} <= set(combinations()), name
        assert len(expected_of(table)) == sum(len(seats) for _, _, seats in table)
    assert set(TABLES) == set(FLOWS)


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
    for t in credentials.FLOW.transitions:
        harmful = t.action in ("restore", "revoke", "correct")
        assert (t.note == "required") == harmful, t
    for t in statements.FLOW.transitions:
        assert (t.note == "required") == (t.action in ("pass", "reject")), t
