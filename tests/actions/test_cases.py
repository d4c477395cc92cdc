"""Decisions: the way through the chain, whose turn it is, whose eyes, what a return stops, what an undo puts back."""

from dataclasses import replace
from datetime import date

import pytest

from portal.actions import cases, undoing
from portal.actions.cases import Decision, OnBehalf, decide
from portal.actions.events import verify_chain
from portal.actions.registrations import save_registration, submit_registration
from portal.models import Case, Correction, Event, Grant, Message, Registration, Step, queues
from portal.models.cases import NO_DUE
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene

ITEMS = ({"key": "person.phone", "label": "联系电话", "note": ""},)


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def _trail(case) -> list[tuple[str, str]]:
    return [(e.action, e.seat) for e in Event.select().where(Event.case == case.id).order_by(Event.id)]


@pytest.mark.requirement("R3.25", "R3.27")
def test_nothing_is_visible_above_before_the_unit_passes_then_city_then_province():
    s = scene()
    case = s.submitted()
    assert [step.seat for step in cases.steps_of(case)] == ["U", "C", "P"]
    for seat in "CP":
        assert not Case.visible_to(s.reviewers[seat]).where(Case.id == case.id).exists()
    case = s.decide(case, "pass", "U")
    assert Case.visible_to(s.reviewers["C"]).where(Case.id == case.id).exists()
    assert not Case.visible_to(s.reviewers["P"]).where(Case.id == case.id).exists()
    case = s.decide(case, "pass", "C")
    assert Case.visible_to(s.reviewers["P"]).where(Case.id == case.id).exists()
    case = s.decide(case, "pass", "P")
    assert (case.state, case.due_on) == (State.APPROVED, NO_DUE)


@pytest.mark.requirement("R0.20", "R3.28")
def test_a_unit_of_the_province_goes_from_unit_to_province_without_a_city_row():
    s = scene(unit_kind="province")
    case = s.decide(s.submitted(), "pass", "U")
    step = Step.get(Step.case == case.id, Step.position == case.position)
    assert (step.seat, step.office_id) == ("P", s.plan.office_id)
    case = s.decide(case, "pass", "P")
    assert case.state == State.APPROVED
    assert {seat for _, seat in _trail(case)} == {"A", "U", "P"}
    assert not Step.select().where(Step.case == case.id, Step.seat.in_(["K", "C", "B"])).exists()


@pytest.mark.requirement("R12.01")
def test_each_transition_makes_one_row_with_who_when_what_from_to_and_why(at):
    s = scene()
    case = s.submitted()
    before = Event.select().count()
    moment = at("2022-12-12 10:30")
    case = s.decide(case, "reject", "U", note="不在备案范围内")
    rows = list(Event.select().order_by(Event.id))[before:]
    assert len(rows) == 1
    row = rows[0]
    assert (row.name, row.at, row.action) == (s.reviewers["U"].name, moment, "reject")
    assert (row.before, row.after, row.note) == (State.UNDER_REVIEW, State.REJECTED, "不在备案范围内")
    assert row.office_id == s.reviewers["U"].office
    assert verify_chain()[1] is None


@pytest.mark.parametrize("action", ["reject", "return"])
def test_a_refusal_needs_a_reason_and_changes_nothing_without(action):
    s = scene()
    case = s.submitted()
    for note in ("", "   ", "\n"):
        with pytest.raises(Invalid) as refusal:
            decide(case, Decision(action, note=note, items=ITEMS), actor=s.reviewers["U"], seen=case.version)
        assert refusal.value.field == "note"
    assert Case.get_by_id(case.id).version == case.version
    assert Case.get_by_id(case.id).state == State.UNDER_REVIEW


@pytest.mark.requirement("R3.34")
def test_the_second_reviewer_is_told_who_decided_what_and_when(at):
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    colleague = make.actor_of(make.make_grant(Seat.CITY_CENTRE, Case.get_by_id(case.id).office, make.make_user("周二")))
    at("2022-12-12 11:11")
    decide(case, Decision("pass"), actor=s.reviewers["C"], seen=case.version)
    after = Case.get_by_id(case.id)
    with pytest.raises(Stale) as refusal:
        decide(case, Decision("reject", note="x"), actor=colleague, seen=case.version)
    for word in (s.reviewers["C"].name, "2022-12-12 11:11", "通过"):
        assert word in refusal.value.message
    now = Case.get_by_id(case.id)
    assert (now.state, now.version, now.position) == (after.state, after.version, after.position)
    # Also with the newest version: it is no longer that office's turn.
    with pytest.raises(Stale):
        decide(case, Decision("reject", note="x"), actor=colleague, seen=now.version)


@pytest.mark.requirement("R0.31")
def test_nobody_reviews_their_own_registration():
    s = scene()
    case = s.submitted()
    office = Case.get_by_id(case.id).office
    own = make.actor_of(make.make_grant(Seat.UNIT, office, s.person.user))
    for action in ("pass", "return", "reject"):
        with pytest.raises(NotAllowed, match="本人"):
            decide(case, Decision(action, note="x", items=ITEMS, confirmed=True), actor=own, seen=case.version)
    assert Case.get_by_id(case.id).version == case.version


def test_nobody_passes_the_same_case_at_two_levels():
    s = scene()
    user = make.make_user()
    unit = make.actor_of(make.make_grant(Seat.UNIT, Case.get_by_id((case := s.submitted()).id).office, user))
    city = replace(s.reviewers["C"], user=user.id, name=user.name)
    decide(case, Decision("pass", confirmed=True), actor=unit, seen=case.version)
    case = Case.get_by_id(case.id)
    with pytest.raises(NotAllowed, match="同一人不得审核同一件报名的两级"):
        decide(case, Decision("pass"), actor=city, seen=case.version)
    decide(case, Decision("pass"), actor=s.reviewers["C"], seen=case.version)


def test_a_dated_deputy_decides_on_its_days_under_both_names_and_not_twice():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    absent = Grant.get(Grant.user == s.reviewers["C"].user)
    deputy = make.make_grant(
        Seat.CITY_CENTRE, absent.office, starts_on=date(2022, 12, 12), ends_on=date(2022, 12, 13), deputy_for=absent
    )
    acting = make.actor_of(deputy, deputy_for=s.reviewers["C"].name)
    event = decide(case, Decision("pass"), actor=acting, seen=case.version)
    assert (event.name, event.deputy_for) == (acting.name, s.reviewers["C"].name)
    inside = Grant.select().where(Grant.id == deputy.id, Grant.is_in_force(date(2022, 12, 13)))
    outside = Grant.select().where(Grant.id == deputy.id, Grant.is_in_force(date(2022, 12, 14)))
    assert inside.exists() and not outside.exists()
    # Being a deputy does not lend a second pair of eyes.
    case = Case.get_by_id(case.id)
    province = replace(s.reviewers["P"], user=acting.user)
    with pytest.raises(NotAllowed, match="同一人"):
        decide(case, Decision("pass"), actor=province, seen=case.version)


def test_another_citys_reviewer_decides_nothing():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    other = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("绵阳市")))
    assert not Case.visible_to(other).where(Case.id == case.id).exists()
    with pytest.raises(NotAllowed):
        decide(case, Decision("pass"), actor=other, seen=case.version)


@pytest.mark.requirement("R13.22")
def test_each_decision_leaves_one_unread_message_for_the_applicant():
    for action, more in (
        ("pass", {"confirmed": True}),
        ("reject", {"note": "理由"}),
        ("return", {"note": "理由", "items": ITEMS}),
    ):
        s = scene()
        case = s.submitted()
        Message.update(read_at=None).execute()
        s.decide(case, action, "U", **more)
        rows = list(Message.select().where(Message.case == case.id, Message.kind == action))
        assert [(row.user_id, row.read_at) for row in rows] == [(s.person.user_id, None)]
        assert action == "pass" or "理由" in rows[0].text


def test_reviewers_hear_once_a_day_that_something_arrived(at):
    s = scene()
    first = s.submitted()
    s.decide(first, "pass", "U")
    city = s.reviewers["C"].user
    again = scene()
    again.reviewers["C"] = s.reviewers["C"]
    again.decide(again.submitted(), "pass", "U")
    assert Message.select().where(Message.user == city, Message.kind == "arrived").count() == 1


def test_the_clock_stops_while_a_correction_is_open_and_never_moves_an_announced_day_earlier(at):
    s = scene(plan={"review_by": {"C": "2022-12-15"}, "closes_on": date(2022, 12, 30)})
    case = s.decide(s.submitted(), "pass", "U")
    assert case.due_on == date(2022, 12, 15)
    case = s.decide(case, "return", "C", items=ITEMS, note="请补正")
    step = Step.get(Step.case == case.id, Step.seat == "C")
    assert (step.days_left, case.paused_on) == (3, date(2022, 12, 12))
    at("2022-12-20 09:00")
    case = submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    case = s.decide(case, "pass", "U")
    # Three working days were left: 21, 22 and 23 December; the announced 15 December is past and never comes back.
    assert (case.due_on, case.paused_on) == (date(2022, 12, 23), None)


def test_a_second_return_needs_its_own_reason_and_a_withdrawn_one_does_not_count():
    s = scene()
    case = s.returned(["person.phone"])
    case = undoing.undo_decision(case, actor=s.reviewers["U"], seen=case.version) and Case.get_by_id(case.id)
    case = s.decide(case, "return", "U", items=ITEMS, note="请补正")
    case = submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    with pytest.raises(Invalid) as refusal:
        s.decide(case, "return", "U", items=ITEMS, note="仍有误")
    assert refusal.value.field == "second_reason"
    case = s.decide(case, "return", "U", items=ITEMS, note="仍有误", second_reason="补正后的号码仍是空号")
    numbers = [c.number for c in Correction.select().where(Correction.case == case.id)]
    assert len(set(numbers)) == 3


def test_a_return_needs_ticked_items_and_a_day_that_has_not_passed():
    s = scene()
    case = s.submitted()
    for decision, field in (
        (Decision("return", note="x"), "items"),
        (Decision("return", note="x", items=ITEMS, due_on=date(2022, 12, 11)), "due_on"),
    ):
        with pytest.raises(Invalid) as refusal:
            decide(case, decision, actor=s.reviewers["U"], seen=case.version)
        assert refusal.value.field == field
    decide(
        case,
        Decision("return", note="x", items=ITEMS, due_on=date(2022, 12, 12)),
        actor=s.reviewers["U"],
        seen=case.version,
    )


@pytest.mark.parametrize("action", ["pass", "return", "reject"])
def test_undo_puts_everything_back(action):
    s = scene(plan={"review_by": {"U": "2022-12-14", "C": "2022-12-16"}})
    case = s.submitted()
    before = Case.select().where(Case.id == case.id).dicts().get()
    steps = list(Step.select().where(Step.case == case.id).order_by(Step.position).dicts())
    registration = Registration.select().where(Registration.case == case.id).dicts().get()
    case = s.decide(case, action, "U", note="理由", items=ITEMS)
    undoing.undo_decision(case, actor=s.reviewers["U"], seen=case.version)
    after = Case.select().where(Case.id == case.id).dicts().get()
    assert after.pop("version") == before.pop("version") + 2
    assert after == before
    assert list(Step.select().where(Step.case == case.id).order_by(Step.position).dicts()) == steps
    assert Registration.select().where(Registration.case == case.id).dicts().get() == registration
    assert not Correction.select().where(Correction.case == case.id, Correction.withdrawn_at.is_null()).exists()
    assert not Case.visible_to(s.reviewers["C"]).where(Case.id == case.id).exists()


def test_undo_is_closed_once_the_next_level_or_the_applicant_has_acted_and_for_other_offices():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    for seat in "CP":
        with pytest.raises(NotAllowed):
            undoing.undo_decision(case, actor=s.reviewers[seat], seen=case.version)
    case = s.decide(case, "pass", "C")
    with pytest.raises(NotAllowed):
        undoing.undo_decision(case, actor=s.reviewers["U"], seen=case.version)
    with pytest.raises(Stale):
        undoing.undo_decision(case, actor=s.reviewers["C"], seen=case.version - 1)
    other = scene()
    returned = other.returned(["registration.health"])
    edited = save_registration(returned, actor=other.actor, values={"health": False}, seen=returned.version)
    with pytest.raises(NotAllowed):
        undoing.undo_decision(edited, actor=other.reviewers["U"], seen=edited.version)


def test_only_the_returning_office_extends_a_correction():
    s = scene()
    case = s.returned(["person.phone"], seat="C")
    until = date(2022, 12, 31)
    other = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("绵阳市")))
    for stranger in (other, s.reviewers["U"], s.reviewers["P"]):
        with pytest.raises(NotAllowed):
            cases.extend_correction(case, actor=stranger, seen=case.version, until=until, note="x")
    for wrong, field in (((until, " "), "note"), ((date(2022, 12, 11), "x"), "until")):
        with pytest.raises(Invalid) as refusal:
            cases.extend_correction(case, actor=s.reviewers["C"], seen=case.version, until=wrong[0], note=wrong[1])
        assert refusal.value.field == field
    event = cases.extend_correction(case, actor=s.reviewers["C"], seen=case.version, until=until, note="出差")
    assert Registration.get_by_id(case.id).extended_to == until
    assert event.name == s.reviewers["C"].name


def test_with_nobody_at_the_province_the_city_records_its_decision():
    s = scene()
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    city, paper = s.reviewers["C"], OnBehalf(date(2022, 12, 11), "川人社职鉴〔2022〕30号")
    recorded = Decision("pass", note="省厅审批通过", on_behalf=paper)
    with pytest.raises((NotAllowed, Stale)):  # somebody is there: the province decides itself
        decide(case, recorded, actor=city, seen=case.version)
    Grant.update(ends_on=date(2022, 12, 11)).where(Grant.office == s.plan.office).execute()
    for wrong, field in (
        (replace(paper, document_number=" "), "document_number"),
        (replace(paper, decided_on=date(2022, 12, 13)), "decided_on"),
    ):
        with pytest.raises(Invalid) as refusal:
            decide(case, replace(recorded, on_behalf=wrong), actor=city, seen=case.version)
        assert refusal.value.field == field
    stranger = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("绵阳市")))
    with pytest.raises(NotAllowed):
        decide(case, recorded, actor=stranger, seen=case.version)
    event = decide(case, recorded, actor=city, seen=case.version)
    case = Case.get_by_id(case.id)
    assert case.state == State.APPROVED
    assert event.on_behalf == s.plan.office.name
    assert "代录" in event.label
    assert event.data["on_behalf"]["document_number"] == "川人社职鉴〔2022〕30号"
    assert Step.get(Step.case == case.id, Step.seat == "P").decided_by is None


def test_a_unit_never_records_the_decision_of_the_body_above_it():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    Grant.update(ends_on=date(2022, 12, 11)).where(Grant.office == s.reviewers["C"].office).execute()
    paper = OnBehalf(date(2022, 12, 11), "成鉴〔2022〕3号")
    assert cases.acts_for(case, s.reviewers["U"]) is None
    with pytest.raises((NotAllowed, Stale)):
        decide(case, Decision("pass", on_behalf=paper), actor=s.reviewers["U"], seen=case.version)
    assert Case.get_by_id(case.id).version == case.version
    # The control: the province, a body of the administration in the same chain, records it.
    assert cases.acts_for(case, s.reviewers["P"]).seat == "C"
    event = decide(case, Decision("pass", on_behalf=paper), actor=s.reviewers["P"], seen=case.version)
    assert event.on_behalf and Case.get_by_id(case.id).position == 2


def test_who_decided_at_any_earlier_level_decides_no_more():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    case = s.decide(case, "pass", "C")
    for user, refused in ((s.reviewers["U"].user, True), (s.reviewers["P"].user, False)):
        actor = replace(s.reviewers["P"], user=user)
        said = cases.other_eyes_needed(case, cases.steps_of(case), actor)
        assert bool(said) is refused
        assert not refused or "您已审核过这件报名" in said and "前一级" not in said
        assert (queues.one_row(actor, case.id).hindrance == "same") is refused


def test_the_clock_stops_in_the_states_that_the_flow_names(monkeypatch):
    s = scene(plan={"review_by": {"U": "2022-12-14"}})
    case = s.decide(s.submitted(), "return", "U", items=ITEMS, note="请补正")
    assert (case.paused_on, case.due_on) == (date(2022, 12, 12), date(2022, 12, 14))
    other = scene(plan={"review_by": {"U": "2022-12-14"}})
    case = other.decide(other.submitted(), "reject", "U", note="不符合")
    assert (case.paused_on, case.due_on) == (None, NO_DUE)
    # The control: the table decides it, not the name of the action.
    flow = replace(FLOWS["registration"], clock_stops=frozenset({State.REJECTED}))
    monkeypatch.setitem(FLOWS, "registration", flow)
    third = scene(plan={"review_by": {"U": "2022-12-14"}})
    case = third.decide(third.submitted(), "reject", "U", note="不符合")
    assert (case.paused_on, case.due_on) == (date(2022, 12, 12), date(2022, 12, 14))


def test_a_claim_of_a_colleague_keeps_others_from_deciding_until_it_expires(at):
    from portal.actions.claims import claim_case

    s = scene()
    case = s.submitted()
    colleague = make.actor_of(make.make_grant(Seat.UNIT, Case.get_by_id(case.id).office))
    claim_case(case, actor=colleague)
    with pytest.raises(Stale, match=colleague.name):
        decide(case, Decision("pass", confirmed=True), actor=s.reviewers["U"], seen=case.version)
    at("2022-12-12 09:20:00")  # the claim has run its twenty minutes
    decide(case, Decision("pass", confirmed=True), actor=s.reviewers["U"], seen=case.version)


def test_the_deciding_body_is_named_by_its_region():
    s = scene()
    s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    event = Event.select().where(Event.seat == "C", Event.action == "pass").get()
    assert event.body == "成都市人力资源和社会保障局"
