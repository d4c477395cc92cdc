"""A cancelled plan ends what is under way in it: one event and one message each, out of the queues, places free."""

from datetime import date

import pytest

from portal.actions import claims, plans, registrations, undoing
from portal.actions.cases import Decision, decide
from portal.actions.events import verify_chain
from portal.models import Case, Event, Message, Plan, Registration, queues
from portal.models.cases import NO_DUE
from portal.models.queue_filters import Filters
from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows.registration import State
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.actions.registering import Scene, give_portrait, scene

ITEMS = ({"key": "person.phone", "label": "联系电话", "note": ""},)
PLAN = {"review_by": {"U": "2022-12-14"}, "opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 20)}


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def another(s) -> Scene:
    """Somebody else who registers in the same plan."""
    person = give_portrait(make.make_person(s.organisation))
    return Scene(s.plan, s.organisation, person, make.applicant(person), s.reviewers)


def cancel(s) -> Plan:
    plan = Plan.get_by_id(s.plan.id)
    return plans.cancel_plan(plan, actor=s.reviewers["P"], seen=plan.version, reason="师资调整")


@pytest.fixture
def lives():
    """One scene per state of a registration, all in one plan, with the case of each."""
    s = scene(plan=PLAN)
    found = {name: another(s) for name in ("returned", "review", "approved", "rejected", "withdrawn")} | {"draft": s}
    cases = {"draft": s.filled(), "returned": found["returned"].returned(["person.phone"]),
             "review": found["review"].decide(found["review"].submitted(), "pass", "U")}  # fmt: skip
    approved = found["approved"].submitted()
    for seat in "UCP":
        approved = found["approved"].decide(approved, "pass", seat)
    cases["approved"] = approved
    cases["rejected"] = found["rejected"].decide(found["rejected"].submitted(), "reject", "U", note="不符合")
    gone = found["withdrawn"].filled()
    cases["withdrawn"] = registrations.withdraw_registration(gone, actor=found["withdrawn"].actor, seen=gone.version)
    return found, cases


@pytest.mark.parametrize("name", ["draft", "review", "returned"])
def test_what_is_under_way_ends_with_the_plan(lives, name):
    found, cases = lives
    s, before = found[name], Case.get_by_id(cases[name].id)
    if name == "review":
        claims.claim_case(before, actor=s.reviewers["C"])
    events = Event.select().where(Event.case == before.id).count()
    cancel(s)
    after = Case.get_by_id(before.id)
    assert (after.state, after.version) == (State.WITHDRAWN, before.version + 1)
    assert (after.due_on, after.paused_on, after.claimed_by_id, after.claimed_until) == (NO_DUE, None, None, None)
    assert Registration.get_by_id(after.id).live_key is None
    rows = list(Event.select().where(Event.case == before.id).order_by(Event.id))[events:]
    assert [(e.action, e.label, e.before, e.after, e.note, e.seat, e.name) for e in rows] == [
        ("withdraw", "计划取消，报名终止", before.state, "withdrawn", "师资调整", "S", s.reviewers["P"].name)
    ]
    assert verify_chain()[1] is None
    for actor in s.reviewers.values():
        for tab in ("waiting", "returned"):
            assert queues.ids_waiting_for(actor, Filters(tab=tab), 100) == []
    with pytest.raises((NotAllowed, Stale)):
        registrations.submit_registration(after, actor=s.actor, seen=after.version, declared=True)
    with pytest.raises((NotAllowed, Stale)):
        decide(after, Decision("reject", note="x"), actor=s.reviewers["U"], seen=after.version)


@pytest.mark.parametrize("name", ["approved", "rejected", "withdrawn"])
def test_what_was_over_stays_as_it_was_and_is_not_reopened(lives, name):
    found, cases = lives
    before = Case.select().where(Case.id == cases[name].id).dicts().get()
    key = Registration.get_by_id(before["id"]).live_key
    events = Event.select().where(Event.case == before["id"]).count()
    cancel(found[name])
    assert Case.select().where(Case.id == before["id"]).dicts().get() == before
    assert Registration.get_by_id(before["id"]).live_key == key
    assert Event.select().where(Event.case == before["id"]).count() == events
    if name != "withdrawn":
        seat = "P" if name == "approved" else "U"
        with pytest.raises(NotAllowed, match="已取消"):
            undoing.undo_decision(
                Case.get_by_id(before["id"]), actor=found[name].reviewers[seat], seen=before["version"]
            )


def test_everybody_concerned_hears_it_once(lives):
    found, cases = lives
    Message.delete().execute()
    cancel(found["draft"])
    heard = {name: list(Message.select().where(Message.user == s.person.user_id)) for name, s in found.items()}
    assert {name: len(rows) for name, rows in heard.items()} == {
        "draft": 1, "review": 1, "returned": 1, "approved": 1, "rejected": 0, "withdrawn": 0,
    }  # fmt: skip
    for name in ("draft", "review", "returned"):
        assert heard[name][0].case_id == cases[name].id and "报名终止" in heard[name][0].text
    assert "报名终止" not in heard["approved"][0].text
    assert all("师资调整" in rows[0].text for rows in heard.values() if rows)


def test_other_plans_go_on(lives):
    found, _ = lives
    other = scene()
    case = other.submitted()
    cancel(found["draft"])
    assert Case.get_by_id(case.id).state == State.UNDER_REVIEW and Registration.get_by_id(case.id).live_key
    assert not Message.select().where(Message.user == other.person.user_id, Message.kind == "plan").exists()


def test_a_refused_cancelling_ends_nothing(lives):
    found, cases = lives
    plan = Plan.get_by_id(found["draft"].plan.id)
    with pytest.raises(Stale):
        plans.cancel_plan(plan, actor=found["draft"].reviewers["P"], seen=plan.version + 1, reason="师资调整")
    assert {name: Case.get_by_id(case.id).state for name, case in cases.items()} == {
        name: case.state for name, case in cases.items()
    }


def test_the_system_withdraws_in_no_other_way(lives):
    _, cases = lives
    for case in cases.values():
        with pytest.raises(NotAllowed):
            registrations.withdraw_registration(case, actor=SYSTEM, seen=case.version, note="x")
        assert Case.get_by_id(case.id).version == case.version
    assert SYSTEM.seat == Seat.SYSTEM
