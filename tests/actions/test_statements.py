"""Statements against strikes, bars and ended cards: who may file, where they arrive, what a decision does (R7.18)."""

import pytest

from portal.actions import cases, statements, strikes, undoing
from portal.actions.bulk import decide_many, preview_many
from portal.actions.cases import Decision
from portal.actions.claims import claim_case
from portal.models import Bar, Case, Credential, Event, Message, Office, Statement, Step, Strike, Submission
from portal.models.decided import decided_by_office, decided_today_by
from portal.models.queue_filters import Filters
from portal.models.queues import counters, ids_waiting_for, waiting_for
from portal.models.statements import decided_for, statements_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.credential import State as CardState
from portal.rules.flows.statement import State
from portal.rules.sanctions import BarKind
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.actions.registering import fake_kept, scene
from tests.make_sanctions import centre, department, make_card, make_strike, unit_seat

TEXT = "当日因公出差，有单位出差审批单为证。"


@pytest.fixture
def struck(db, at):
    """A person with one strike, with an account, and the unit's account."""
    at("2022-12-20 10:00")
    organisation = make.make_organisation(occupations=[make.make_occupation()])
    person = make.make_person(organisation)
    unit = make.actor_of(unit_seat(organisation))
    clerk = centre()
    strike = make_strike(person, actor=clerk)
    return type("Struck", (), dict(person=person, unit=unit, clerk=clerk, strike=strike, me=make.applicant(person)))


def file(decided, actor, **kw):
    case = statements.open_statement(decided, actor=actor, **{"text": TEXT, **kw})
    return statements.submit_statement(case, actor=actor, seen=case.version)


def decide(case, action, actor, note="经核查，出差属实。"):
    case = Case.get_by_id(case.id)
    cases.decide(case, Decision(action, note=note), actor=actor, seen=case.version)
    return Case.get_by_id(case.id)


def messages(user) -> list[str]:
    return [text for (text,) in Message.select(Message.text).where(Message.user == user).order_by(Message.id).tuples()]


@pytest.mark.requirement("R7.18")
def test_a_statement_reaches_the_queue_of_the_province(struck):
    """It waits beside the registrations at the centre, is counted and found by name and number, and by nobody else."""
    s = scene()
    registration = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    case = file(decided_for(struck.me, strike=struck.strike.id), struck.me, kept=[fake_kept("审批单.jpg")])
    rows = waiting_for(struck.clerk, Filters()).rows
    assert {(row.kind, row.id) for row in rows} == {("registration", registration.id), ("statement", case.id)}
    found = counters(struck.clerk)
    assert (found.waiting, found.statements) == (2, 1)
    assert [row.id for row in waiting_for(struck.clerk, Filters(kind="statement")).rows] == [case.id]
    assert [row.id for row in waiting_for(struck.clerk, Filters(kind="registration")).rows] == [registration.id]
    for q in (case.number, case.number.lower(), struck.person.name, struck.person.name[0], struck.person.id_number):
        assert [row.id for row in waiting_for(struck.clerk, Filters(q=q)).rows] == [case.id], q
    for other in (s.reviewers["U"], s.reviewers["C"], struck.unit, department(), centre(make.ANHUI)):
        assert case.id not in {row.id for row in waiting_for(other, Filters()).rows}
        assert counters(other).statements == 0 and Case.find_visible(case.id, other) is None
    newest = Submission.get(Submission.case == case.id)
    assert newest.data["text"] == TEXT and len(newest.files["evidence"]) == 1
    assert messages(struck.clerk.user)[-1] == "今天有新的陈述申辩到达本单位，请到待办中办理。"
    (step,) = Step.select().where(Step.case == case.id)
    assert (step.seat, step.office_id) == ("P", struck.clerk.office)


@pytest.mark.requirement("R7.18")
def test_a_unit_files_for_its_people_and_for_itself(struck):
    second = make_strike(struck.person, actor=struck.clerk)
    by_unit = file(decided_for(struck.unit, strike=second.id), struck.unit)
    bar = Bar.get(Bar.organisation == struck.unit.organisation)
    for_itself = file(decided_for(struck.unit, bar=bar.id), struck.unit)
    assert [row.id for row in waiting_for(struck.clerk, Filters()).rows] == [by_unit.id, for_itself.id]
    assert by_unit.title == struck.person.name and for_itself.title == bar.organisation.name
    # The person reads what the unit has filed for them, but only the unit takes it back.
    assert {case.id for case in statements_of(struck.me)} == {by_unit.id}
    with pytest.raises(NotAllowed, match="提出人"):
        statements.withdraw_statement(by_unit, actor=struck.me, seen=by_unit.version)
    decide(by_unit, "reject", struck.clerk, note="未提供证明")
    said = f"您的陈述申辩（{by_unit.number}）：不予采纳。理由：未提供证明"
    for user, link in ((struck.me.user, "/applicant"), (struck.unit.user, "/unit")):
        row = Message.get(Message.user == user, Message.text == said)
        assert row.link == f"{link}/statements/{by_unit.id}"


def test_the_department_decides_about_a_permanent_bar_and_nobody_else(struck):
    office = department()
    bar = Bar.create(
        person=struck.person, province="sichuan", kind=BarKind.UNCLAIMED, permanent=True, basis="七", cause={},
        starts_at=struck.strike.at, live_key="sichuan:person:x:unclaimed",
    )  # fmt: skip
    case = file(decided_for(struck.me, bar=bar.id), struck.me)
    assert case.office_id == office.office and Step.get(Step.case == case.id).seat == "D"
    assert Case.find_visible(case.id, struck.clerk) is None
    with pytest.raises(NotAllowed):
        decide(case, "pass", struck.clerk)
    assert decide(case, "pass", office).state == State.UPHELD
    event = Event.select().order_by(Event.id.desc()).first()
    assert (event.label, event.body) == ("采纳", Office.get_by_id(office.office).name)


def test_an_upheld_statement_lifts_nothing_by_itself(struck):
    case = file(decided_for(struck.me, strike=struck.strike.id), struck.me)
    assert decide(case, "pass", struck.clerk).state == State.UPHELD
    assert Strike.get_by_id(struck.strike.id).annulled_at is None
    from portal.models.statements import decided_of

    assert decided_of(Statement.get_by_id(case.id)).is_standing
    strikes.annul_strike(struck.strike.registration, actor=struck.clerk, reason="陈述申辩已采纳")
    after = decided_of(Statement.get_by_id(case.id))
    assert not after.is_standing and "撤销" in after.standing_words


@pytest.mark.parametrize("action", ["pass", "reject"])
def test_each_decision_needs_its_reason(struck, action):
    case = file(decided_for(struck.me, strike=struck.strike.id), struck.me)
    with pytest.raises(Invalid) as refused:
        decide(case, action, struck.clerk, note=" ")
    assert refused.value.field == "note" and Case.get_by_id(case.id).state == State.UNDER_REVIEW


def test_what_is_for_registrations_only_refuses(struck):
    case = file(decided_for(struck.me, strike=struck.strike.id), struck.me)
    assert ids_waiting_for(struck.clerk, Filters(), 10) == [(case.id, case.version)]
    for run in (preview_many, decide_many):
        (outcome,) = run([(case.id, case.version)], Decision("pass", note="好"), actor=struck.clerk)
        assert not outcome.done and "逐件" in outcome.message
    with pytest.raises(NotAllowed):
        cases.decide(case, Decision("return", note="x", items=({"key": "a"},)), actor=struck.clerk, seen=case.version)
    with pytest.raises(NotAllowed):
        cases.extend_correction(case, actor=struck.clerk, seen=case.version, until=case.due_on, note="x")
    claim_case(case, actor=struck.clerk)
    decided = decide(case, "pass", struck.clerk)
    assert undoing.undoable(decided, struck.clerk) is None
    with pytest.raises(NotAllowed):
        undoing.undo_decision(decided, actor=struck.clerk, seen=decided.version)


def test_it_is_among_what_was_decided(struck):
    case = decide(file(decided_for(struck.me, strike=struck.strike.id), struck.me), "pass", struck.clerk)
    for filters in (Filters(tab="done"), Filters(tab="done", kind="statement"), Filters(tab="done", q=case.number)):
        assert [(row.id, row.kind, row.undoable) for row in decided_by_office(struck.clerk, filters).rows] == [
            (case.id, "statement", False)
        ]
    assert decided_by_office(struck.clerk, Filters(tab="done", kind="registration")).rows == []
    assert [(row.label, row.undoable) for row in decided_today_by(struck.clerk)] == [("采纳", False)]


class TestWhoMayFile:
    def test_only_whom_the_decision_concerns(self, struck):
        stranger = make.applicant(make.make_person(make.make_organisation()))
        other_unit = make.actor_of(unit_seat(make.make_organisation()))
        for actor in (stranger, other_unit, struck.clerk, SYSTEM):
            assert decided_for(actor, strike=struck.strike.id) is None
            with pytest.raises(NotAllowed):
                statements.open_statement(decided_for(struck.me, strike=struck.strike.id), actor=actor, text=TEXT)
        assert decided_for(struck.me, strike=struck.strike.id + 99) is None
        assert decided_for(struck.me) is None and not Statement.select().exists()
        assert decided_for(struck.me, strike=struck.strike.id, bar=1) is None

    def test_not_against_what_no_longer_stands(self, struck):
        decided = decided_for(struck.me, strike=struck.strike.id)
        draft = statements.open_statement(decided, actor=struck.me, text=TEXT)
        strikes.annul_strike(struck.strike.registration, actor=struck.clerk, reason="有误")
        with pytest.raises(NotAllowed, match="不需要"):
            statements.submit_statement(draft, actor=struck.me, seen=draft.version)
        with pytest.raises(NotAllowed, match="不需要"):
            statements.open_statement(decided_for(struck.me, strike=struck.strike.id), actor=struck.unit, text=TEXT)

    @pytest.mark.parametrize("state", list(CardState))
    def test_only_against_a_card_that_was_voided_or_revoked(self, struck, state):
        card = make_card(struck.person, state=state)
        decided = decided_for(struck.me, credential=card.id)
        if state in (CardState.VOID_UNCLAIMED, CardState.REVOKED):
            assert file(decided, struck.me).state == State.UNDER_REVIEW
        else:
            with pytest.raises(NotAllowed):
                statements.open_statement(decided, actor=struck.me, text=TEXT)

    def test_not_against_a_card_that_was_only_corrected(self, struck):
        old, new = make_card(struck.person, state=CardState.REVOKED), make_card(struck.person)
        decided = decided_for(struck.me, credential=old.id)
        assert decided.is_standing, "revoked, and nothing in its place"
        Credential.update(replaces=old.id, succession="renewal").where(Credential.id == new.id).execute()
        assert decided_for(struck.me, credential=old.id).is_standing, "a renewal is no correction"
        Credential.update(succession="correction").where(Credential.id == new.id).execute()
        with pytest.raises(NotAllowed, match=f"已更正换发为{new.number}"):
            statements.open_statement(decided, actor=struck.me, text=TEXT)

    def test_one_at_a_time_and_again_after_it_is_closed(self, struck):
        decided = decided_for(struck.me, strike=struck.strike.id)
        case = file(decided, struck.me)
        with pytest.raises(NotAllowed, match=case.number):
            statements.open_statement(decided, actor=struck.me, text=TEXT)
        file(decided_for(struck.unit, strike=struck.strike.id), struck.unit)  # the unit states for itself
        statements.withdraw_statement(case, actor=struck.me, seen=case.version)
        again = file(decided, struck.me)
        assert again.number != case.number
        decide(again, "reject", struck.clerk)
        assert file(decided, struck.me).state == State.UNDER_REVIEW


class TestDraft:
    def test_nobody_else_sees_it_and_it_can_be_thrown_away(self, struck):
        decided = decided_for(struck.unit, strike=struck.strike.id)
        draft = statements.open_statement(decided, actor=struck.unit, kept=[fake_kept()])
        assert draft.state == State.DRAFT and waiting_for(struck.clerk, Filters()).rows == []
        assert list(statements_of(struck.me)) == [] and [c.id for c in statements_of(struck.unit)] == [draft.id]
        with pytest.raises(Invalid) as refused:
            statements.submit_statement(draft, actor=struck.unit, seen=draft.version)
        assert refused.value.field == "text"
        statements.discard_statement(draft, actor=struck.unit, seen=draft.version)
        assert not Statement.select().exists() and not Case.select().where(Case.id == draft.id).exists()

    def test_it_is_frozen_once_submitted(self, struck):
        decided = decided_for(struck.me, strike=struck.strike.id)
        draft = statements.open_statement(decided, actor=struck.me, text=TEXT, kept=[fake_kept("一.jpg")])
        draft = statements.save_statement(
            draft, actor=struck.me, text=TEXT * 2, contact="13900000001", seen=draft.version, kept=[fake_kept("二.jpg")]
        )
        first, second = statements.evidence_of(draft)
        statements.remove_evidence(draft, first, actor=struck.me, seen=draft.version)
        draft = Case.get_by_id(draft.id)
        with pytest.raises(Stale):
            statements.submit_statement(draft, actor=struck.me, seen=draft.version - 1)
        case = statements.submit_statement(draft, actor=struck.me, seen=draft.version)
        assert Submission.get(Submission.case == case.id).files == {"evidence": [second.id]}
        for verb in (
            lambda: statements.save_statement(case, actor=struck.me, text="", contact="", seen=case.version),
            lambda: statements.remove_evidence(case, second, actor=struck.me, seen=case.version),
            lambda: statements.discard_statement(case, actor=struck.me, seen=case.version),
            lambda: statements.submit_statement(case, actor=struck.me, seen=case.version),
        ):
            with pytest.raises(Stale):
                verb()

    def test_bounds(self, struck):
        decided = decided_for(struck.me, strike=struck.strike.id)
        with pytest.raises(Invalid):
            statements.open_statement(decided, actor=struck.me, text="字" * (statements.LONGEST + 1))
        with pytest.raises(Invalid):
            statements.open_statement(decided, actor=struck.me, kept=[fake_kept() for _ in range(13)])
        draft = statements.open_statement(
            decided, actor=struck.me, text="字" * statements.LONGEST, kept=[fake_kept() for _ in range(12)]
        )
        assert len(statements.evidence_of(draft)) == 12

    def test_without_the_office_it_cannot_be_submitted(self, struck):
        draft = statements.open_statement(decided_for(struck.me, strike=struck.strike.id), actor=struck.me, text=TEXT)
        Office.update(active=False).where(Office.id == struck.clerk.office).execute()
        with pytest.raises(NotAllowed, match="尚未在系统中设立"):
            statements.submit_statement(draft, actor=struck.me, seen=draft.version)
        assert Case.get_by_id(draft.id).state == State.DRAFT


def test_nobody_decides_about_their_own(struck):
    """Somebody of the centre who is struck: a colleague decides (R0.31)."""
    both = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, Office.get_by_id(struck.clerk.office),
                                         user=struck.person.user))  # fmt: skip
    case = file(decided_for(struck.me, strike=struck.strike.id), struck.me)
    assert [row.hindrance for row in waiting_for(both, Filters()).rows] == ["own"]
    with pytest.raises(NotAllowed, match="不能审核本人的陈述申辩"):
        decide(case, "pass", both)
    assert decide(case, "pass", struck.clerk).state == State.UPHELD
