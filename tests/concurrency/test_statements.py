"""Statements at the same moment: one open draft, one submission, one decision."""

from contextlib import nullcontext

import pytest

from portal.actions import cases, statements
from portal.actions.cases import Decision
from portal.actions.events import verify_chain
from portal.models import Case, Statement, Step, Submission
from portal.models.statements import decided_for
from portal.rules.errors import NotAllowed, Stale
from tests import make
from tests.make_sanctions import centre, make_strike

ROUNDS = 5


@pytest.fixture
def struck(on_disk):
    """A person with a strike: their actor, a clerk of the centre, and the strike."""
    person, clerk = make.make_person(make.make_organisation()), centre()
    strike = make_strike(person, actor=clerk)
    return make.applicant(person), clerk, strike


def file(me, strike):
    decided = decided_for(me, strike=strike.id)
    return lambda: statements.open_statement(decided, actor=me, text="情况说明。")


def test_ten_forms_at_once_are_one_draft(struck, at_once):
    me, _, strike = struck
    said = at_once([file(me, strike)] * 10)
    assert sum(isinstance(each, Case) for each in said) == 1
    assert all(isinstance(each, Case | NotAllowed) for each in said), said
    assert Statement.select().count() == 1


def test_control_without_the_lock_there_are_more(struck, at_once, monkeypatch):
    """The look at what is open and the new row must be one step; without the lock several forms get through."""
    me, _, strike = struck
    more = 0
    for _ in range(ROUNDS * 3):
        Statement.delete().execute()
        Case.delete().where(Case.kind == "statement").execute()
        with monkeypatch.context() as unprotected:
            unprotected.setattr(statements, "transaction", nullcontext)
            at_once([file(me, strike)] * 6)
        more += Statement.select().count() > 1
    assert more, "nothing went wrong without the lock: the test above would prove nothing"


def test_submitting_twice_is_once(struck, at_once):
    me, _, strike = struck
    case = file(me, strike)()
    said = at_once([lambda: statements.submit_statement(case, actor=me, seen=case.version)] * 8)
    assert sum(isinstance(each, Case) for each in said) == 1
    assert all(isinstance(each, Case | Stale) for each in said), said
    assert (Submission.select().where(Submission.case == case.id).count(), Step.select().count()) == (1, 1)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_decided_and_withdrawn_at_once(struck, at_once, round_):
    """Whichever comes first stands; the other is told."""
    me, clerk, strike = struck
    case = file(me, strike)()
    case = statements.submit_statement(case, actor=me, seen=case.version)
    said = at_once([
        lambda: statements.withdraw_statement(case, actor=me, seen=case.version),
        lambda: cases.decide(case, Decision("pass", note="属实"), actor=clerk, seen=case.version),
        lambda: cases.decide(case, Decision("reject", note="不实"), actor=clerk, seen=case.version),
    ])  # fmt: skip
    assert sum(isinstance(each, Stale) for each in said) == 2, said
    assert Case.get_by_id(case.id).state in ("withdrawn", "upheld", "dismissed") and verify_chain()[1] is None
