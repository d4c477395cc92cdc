"""Two people on one registration at the same moment: one of them is first, and nothing is half done."""

import pytest

from portal import clock
from portal.actions import cases, claims, registrations, undoing
from portal.actions.cases import Decision
from portal.actions.events import verify_chain
from portal.actions.once import take_token
from portal.database import transaction
from portal.models import Case, Correction, Event, Office, Registration, SentForm, Step, Submission
from portal.rules.errors import NotAllowed, Refusal, Stale
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene

ITEMS = ({"key": "person.phone", "label": "联系电话", "note": ""},)
ROUNDS = 6


@pytest.fixture
def s(on_disk):
    return scene()


def decision(action: str) -> Decision:
    return Decision(action, note="理由", items=ITEMS, second_reason="仍有问题", confirmed=True)


def decide(case, action, actor):
    return lambda: cases.decide(case, decision(action), actor=actor, seen=case.version)


def undo(case, actor):
    return lambda: undoing.undo_decision(case, actor=actor, seen=case.version)


def withdraw(case, actor):
    return lambda: registrations.withdraw_registration(case, actor=actor, seen=case.version, note="本人要求")


def won(said: list) -> list[int]:
    """Who got through; everybody else was refused in words."""
    assert all(isinstance(error, Refusal) for error in said if isinstance(error, Exception)), said
    return [place for place, answer in enumerate(said) if not isinstance(answer, Exception)]


def is_whole(case) -> Case:
    """The case, after checking that its rows agree with each other and with its events."""
    case = Case.get_by_id(case.id)
    assert verify_chain()[1] is None
    moves = [e for e in Event.select().where(Event.case == case.id).order_by(Event.id) if e.after]
    assert all(one.after == two.before for one, two in zip(moves, moves[1:], strict=False))
    assert moves[-1].after == case.state
    live = Registration.get_by_id(case.id).live_key is not None
    assert live == (case.state not in ("rejected", "withdrawn"))
    waiting = Correction.select().where(Correction.case == case.id, Correction.withdrawn_at.is_null(),
                                        Correction.answered_at.is_null()).count()  # fmt: skip
    assert case.state == "withdrawn" or waiting == (case.state == "returned")
    return case


def test_pass_return_and_reject_at_once(s, at_once):
    """Three colleagues of one office, three different decisions: one stands, with its own effects only."""
    case = s.submitted()
    office = Office.get_by_id(case.office_id)
    people = [make.actor_of(make.make_grant(Seat.UNIT, office)) for _ in range(3)]
    said = at_once([decide(case, what, who) for what, who in zip(("pass", "return", "reject"), people, strict=True)])
    assert len(won(said)) == 1
    assert all(people[won(said)[0]].name in str(error) for error in said if isinstance(error, Stale))
    case = is_whole(case)
    assert case.state == ("under_review", "returned", "rejected")[won(said)[0]]
    assert Step.select().where(Step.case == case.id, Step.outcome.is_null(False)).count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_withdrawing_while_the_unit_passes(s, at_once, round_):
    case = s.submitted()
    said = at_once([withdraw(case, s.actor), decide(case, "pass", s.reviewers["U"])])
    assert len(won(said)) == 1
    case = is_whole(case)
    assert (case.state, case.position) == (("withdrawn", 0), ("under_review", 1))[won(said)[0]]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_undoing_while_the_next_level_decides(s, at_once, round_):
    """R3.34's neighbour: either the decision is taken back, or the next level has acted."""
    case = s.decide(s.submitted(), "pass", "U")
    said = at_once([undo(case, s.reviewers["U"]), decide(case, "pass", s.reviewers["C"])])
    assert len(won(said)) == 1
    assert is_whole(case).position == (0, 2)[won(said)[0]]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_undoing_a_return_while_the_applicant_resubmits(s, at_once, round_):
    case = s.returned(["person.phone"])
    resubmit = lambda: registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)  # noqa: E731
    said = at_once([undo(case, s.reviewers["U"]), resubmit])
    assert len(won(said)) == 1
    assert is_whole(case).submissions.count() == (1, 2)[won(said)[0]]


def test_ten_clicks_on_undo_take_one_decision_back(s, at_once):
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    assert len(won(at_once([undo(case, s.reviewers["C"])] * 10))) == 1
    assert is_whole(case).position == 1
    assert Event.select().where(Event.action == "undo").count() == 1


def test_undoing_a_rejection_while_the_person_registers_anew(s, at_once):
    """The person's one place in the plan is either the old registration's or the new one's."""
    case = s.decide(s.submitted(), "reject", "U", note="材料不实")
    said = at_once([undo(case, s.reviewers["U"]), s.open])
    assert len(won(said)) == 1
    live = Registration.select().where(Registration.live_key.is_null(False))
    assert live.count() == 1 and (live.get().case_id == case.id) == (won(said) == [0])
    is_whole(case)


def test_saving_and_submitting_at_once_freezes_one_of_the_two(s, at_once):
    case = s.filled()
    save = lambda: registrations.save_registration(  # noqa: E731
        case, actor=s.actor, values={"employer": "示例实业公司"}, seen=case.version
    )
    submit = lambda: registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)  # noqa: E731
    said = at_once([save, submit])
    assert len(won(said)) == 1
    # What was frozen is what the applicant saw when pressing the button.
    frozen = [each.data["person"]["employer"] for each in Submission.select()]
    assert frozen == ([] if won(said) == [0] else [s.organisation.name])


def test_twenty_colleagues_claim_one_case(s, at_once):
    case = s.submitted()
    office = Office.get_by_id(case.office_id)
    people = [make.actor_of(make.make_grant(Seat.UNIT, office)) for _ in range(20)]
    said = at_once([lambda who=who: claims.claim_case(case, actor=who) for who in people])
    assert len(won(said)) == 1
    holder = people[won(said)[0]]
    assert all(holder.name in error.message for error in said if isinstance(error, Stale))
    case = Case.get_by_id(case.id)
    assert case.claimed_by_id == holder.user and case.claimed_until > clock.now()
    assert Event.select().where(Event.case == case.id, Event.action == "claim").count() == 1


def test_twenty_colleagues_take_over_one_case(s, at_once):
    """Everybody may; each taking names whom it was taken from, in the order in which it happened."""
    case = s.submitted()
    office = Office.get_by_id(case.office_id)
    people = [make.actor_of(make.make_grant(Seat.UNIT, office)) for _ in range(20)]
    said = at_once([lambda who=who: claims.claim_case(case, actor=who, take_over=True) for who in people])
    assert len(won(said)) == 20
    events = list(
        Event.select().where(Event.case == case.id, Event.action.in_(["claim", "take_over"])).order_by(Event.id)
    )
    assert [e.action for e in events] == ["claim"] + ["take_over"] * 19
    assert all(after.note.endswith(before.name) for before, after in zip(events, events[1:], strict=False))
    assert Case.get_by_id(case.id).claimed_by_id == events[-1].user_id


def test_extending_while_the_applicant_withdraws(s, at_once):
    from datetime import date

    case = s.returned(["person.phone"])
    extend = lambda: cases.extend_correction(  # noqa: E731
        case, actor=s.reviewers["U"], seen=case.version, until=date(2022, 12, 30), note="网络故障"
    )
    said = at_once([extend, withdraw(case, s.actor)])
    assert len(won(said)) == 1
    case = is_whole(case)
    assert (case.state == "withdrawn") == (Registration.get_by_id(case.id).extended_to is None)


def test_a_form_token_is_taken_once(on_disk, at_once):
    said = at_once([lambda: take_token("t" * 43, user=None)] * 20)
    assert said.count(None) == 1 and said.count("") == 19
    assert SentForm.select().count() == 1


def test_reading_inside_the_transaction_is_what_makes_it_safe(s, at_once, monkeypatch):
    """Control: the same withdrawal and pass without the write lock and the version both get through."""
    from contextlib import nullcontext
    from threading import Barrier

    case = s.submitted()
    gate, check, record = Barrier(2), cases.check_decision, cases.record
    blind = lambda case, **changes: Case.update(**changes).where(Case.id == case.id).execute()  # noqa: E731

    def check_and_wait(*given, **named):
        found = check(*given, **named)
        gate.wait(timeout=30)
        return found

    def find_and_wait(*given, **named):
        found = registrations_find(*given, **named)
        gate.wait(timeout=30)
        return found

    def record_alone(*given, **named):
        with transaction():
            return record(*given, **named)

    registrations_find = registrations.FLOW.find
    for module in (cases, registrations):
        monkeypatch.setattr(module, "transaction", nullcontext)
        monkeypatch.setattr(module, "record", record_alone)
        monkeypatch.setattr(module, "bump", blind)
    monkeypatch.setattr(cases, "check_decision", check_and_wait)
    monkeypatch.setattr(type(registrations.FLOW), "find", lambda self, *given, **named: find_and_wait(*given, **named)
                        if given[0] == "withdraw" else registrations_find(*given, **named))  # fmt: skip
    said = at_once([withdraw(case, s.actor), decide(case, "pass", s.reviewers["U"])])
    assert len(won(said)) == 2
    assert Event.select().where(Event.case == case.id, Event.action.in_(["withdraw", "pass"])).count() == 2


def test_the_loser_is_told_in_words(s, at_once):
    case = s.submitted()
    said = at_once([decide(case, "pass", s.reviewers["U"])] * 5)
    refused = [error for error in said if isinstance(error, Exception)]
    assert len(refused) == 4
    assert all(isinstance(error, (Stale, NotAllowed)) and s.reviewers["U"].name in error.message for error in refused)
