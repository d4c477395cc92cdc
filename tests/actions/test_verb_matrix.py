"""Every place a registration can be in × every action × every seat, through the real verbs: done, or untouched."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import clock
from portal.actions import cases, registrations, undoing
from portal.actions.cases import Decision
from portal.actions.events import verify_chain
from portal.database import database
from portal.models import TABLES, Case, Correction, Event, Plan, Registration, Step
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows.registration import FLOW, Action, State
from portal.rules.workflow import SYSTEM, Actor, Seat
from tests import make
from tests.actions.registering import give_portrait, scene

ITEMS = ({"key": "person.phone", "label": "联系电话", "note": ""},)
CHAIN = "UCP"
# The moves up to the approval; what follows it has a matrix of its own (test_matrix_cards.py).
REVIEW = (
    Action.SUBMIT, Action.RESUBMIT, Action.PASS, Action.RETURN, Action.REJECT, Action.WITHDRAW, Action.UNDO,
    Action.EXTEND,
)  # fmt: skip
DECIDING = (Action.PASS, Action.RETURN, Action.REJECT)
# A place: the decisions that lead there from the first submission, the last one not a pass.
PLACES = {
    "draft": None,
    "at U": (),
    "at C": ("pass U",),
    "at P": ("pass U", "pass C"),
    "returned by U": ("return U",),
    "returned by C": ("pass U", "return C"),
    "returned by P": ("pass U", "pass C", "return P"),
    "resubmitted to U": ("return U", "resubmit"),
    "resubmitted to U after C": ("pass U", "return C", "resubmit"),
    "rejected by U": ("reject U",),
    "rejected by C": ("pass U", "reject C"),
    "rejected by P": ("pass U", "pass C", "reject P"),
    "approved": ("pass U", "pass C", "pass P"),
    "withdrawn": ("withdraw",),
    "withdrawn after U": ("pass U", "withdraw"),
}


def act(case: Case, action: str, actor: Actor) -> None:
    """The verb that carries out an action, called as a door calls it."""
    case = Case.get_by_id(case.id)
    if action in (Action.SUBMIT, Action.RESUBMIT):
        registrations.submit_registration(case, actor=actor, seen=case.version, declared=True)
    elif action == Action.WITHDRAW:
        registrations.withdraw_registration(case, actor=actor, seen=case.version, note="本人要求")
    elif action == Action.UNDO:
        undoing.undo_decision(case, actor=actor, seen=case.version)
    elif action == Action.EXTEND:
        until = clock.today() + timedelta(days=30)
        cases.extend_correction(case, actor=actor, seen=case.version, until=until, note="情况特殊")
    else:
        decision = Decision(action, note="理由", items=ITEMS, second_reason="又有新情况", confirmed=True)
        cases.decide(case, decision, actor=actor, seen=case.version)


def everybody(s) -> dict[str, Actor]:
    """Every seat at its proper desk, and the same seats at other desks."""
    other = scene(region="绵阳市")
    offices = {"K": make.make_office(level="county", body="department", region="武侯区"),
               "B": make.make_office(level="city", body="department", region="成都市"),
               "D": make.make_office(level="province", body="department")}  # fmt: skip
    found = {
        "A": s.actor,
        "U": s.reviewers["U"],
        "C": s.reviewers["C"],
        "P": s.reviewers["P"],
        "S": SYSTEM,
        "T": make.actor_of(make.make_grant(Seat.TECHNICIAN)),
        **{seat: make.actor_of(make.make_grant(Seat(seat), office)) for seat, office in offices.items()},
        "A elsewhere": other.actor,
        "U elsewhere": other.reviewers["U"],
        "C elsewhere": other.reviewers["C"],
        "P elsewhere": replace(s.reviewers["P"], office=other.reviewers["C"].office),
        # The right office does not help in another seat, nor the right seat without an office.
        "C at U": replace(s.reviewers["C"], office=s.reviewers["U"].office),
        "T at U": replace(s.reviewers["U"], seat=Seat.TECHNICIAN),
        "A at U": replace(s.reviewers["U"], seat=Seat.APPLICANT),
        "U nowhere": replace(s.reviewers["U"], office=None),
    }
    assert {actor.seat for actor in found.values()} == set(Seat)
    return found


def expected(case: Case, s, action: str, actor: Actor):
    """The target of an allowed move, or the Refusal that must be raised; from appendix D1, not from the code."""
    state, first = case.state, Step.get_or_none(Step.case == case.id, Step.position == 0)
    own = actor.seat == Seat.APPLICANT and actor.person == s.person.id
    here = Step.get_or_none(Step.case == case.id, Step.position == case.position)
    at_desk = here is not None and (here.seat, here.office_id) == (str(actor.seat), actor.office)
    if action in (Action.SUBMIT, Action.RESUBMIT):
        if not own:
            return NotAllowed
        return State.UNDER_REVIEW if state in (State.DRAFT, State.RETURNED) else Stale
    if action in DECIDING:
        if state != State.UNDER_REVIEW:
            return Stale if actor.seat in "UKCBPD" else NotAllowed
        if not at_desk:
            acted = Step.select().where(Step.case == case.id, Step.office == actor.office, Step.outcome.is_null(False))
            return Stale if actor.office and acted.exists() else NotAllowed
        following = here.position < len(CHAIN) - 1
        return {
            Action.PASS: State.UNDER_REVIEW if following else State.APPROVED,
            Action.RETURN: State.RETURNED,
            Action.REJECT: State.REJECTED,
        }[action]
    if action == Action.WITHDRAW:
        if actor.seat == Seat.UNIT:
            if state not in (State.UNDER_REVIEW, State.RETURNED, State.APPROVED):
                return Stale
            return State.WITHDRAWN if first.office_id == actor.office else NotAllowed
        if actor.seat != Seat.APPLICANT:
            return NotAllowed
        if state not in (State.DRAFT, State.UNDER_REVIEW, State.RETURNED):
            return Stale
        reported = first is not None and first.outcome == Action.PASS
        return State.WITHDRAWN if own and not reported else NotAllowed
    if action == Action.EXTEND:
        if actor.seat not in "UKCBPD":
            return NotAllowed
        if state not in (State.DRAFT, State.RETURNED):
            return Stale
        allowed = case.office_id if state == State.RETURNED else Plan.get_by_id(case.plan_id).office_id
        return state if actor.office == allowed else NotAllowed
    last = Event.select().where(Event.case == case.id).order_by(Event.id.desc()).first()
    mine = (last.seat, last.office_id) == (str(actor.seat), actor.office) and actor.office is not None
    return State.UNDER_REVIEW if last.action in DECIDING and mine else NotAllowed


def everything() -> dict:
    """All rows of all tables."""
    return {
        table.__name__: database.execute_sql(f'SELECT * FROM "{table._meta.table_name}" ORDER BY 1').fetchall()
        for table in TABLES
    }


def bring(s, way) -> Case:
    """A registration at one of the PLACES."""
    if way is None:
        return s.filled()
    case = s.submitted()
    for step in way:
        action, _, seat = step.partition(" ")
        if action == "resubmit":
            act(case, Action.RESUBMIT, s.actor)
        elif action == "withdraw":
            act(case, Action.WITHDRAW, s.reviewers["U"])
        else:
            act(case, action, s.reviewers[seat])
    return Case.get_by_id(case.id)


@pytest.fixture
def s(db, at):
    at("2022-12-10 10:00")
    return scene()


@pytest.mark.requirement("R12.01")
@pytest.mark.parametrize("place", PLACES)
def test_each_verb_acts_or_refuses_untouched(s, place):
    """Allowed: the table's target, exactly one event of the case, its chain sound. Else: not one cell changed."""
    actors = everybody(s)
    case = bring(s, PLACES[place])
    before, done = everything(), 0
    events = Event.select().count()
    for action in REVIEW:
        for who, actor in actors.items():
            wanted = expected(case, s, action, actor)
            where = f"{place}: {action} by {who}"
            with database.atomic() as outer:
                try:
                    act(case, action, actor)
                except Refusal as refusal:
                    assert type(refusal) is wanted, f"{where}: {refusal!r}"
                    assert refusal.message.endswith("。") and len(refusal.message) > 8
                    assert everything() == before, where
                    continue
                assert isinstance(wanted, str), f"{where} must be refused"
                now = Case.get_by_id(case.id)
                assert now.state == wanted, where
                event = Event.select().order_by(Event.id.desc()).first()
                real = Action.RESUBMIT if action in (Action.SUBMIT, Action.RESUBMIT) and case.submitted_at else action
                real = Action.SUBMIT if real == Action.RESUBMIT and not case.submitted_at else real
                assert (event.action, event.case_id, event.user_id, event.seat) == (
                    real, case.id, actor.user, str(actor.seat)
                ), where  # fmt: skip
                assert (event.before, event.after) == (case.state, now.state), where
                assert Event.select().count() == events + 1, where
                assert now.version > case.version, where
                assert verify_chain()[1] is None, where
                transition = FLOW.find(real, seat=actor.seat, state=case.state)
                assert transition.target is None or now.state in (transition.target, State.UNDER_REVIEW), where
                done += 1
                outer.rollback()
    assert done >= (0 if place.startswith("withdrawn") else 1), "nothing at all was possible here"
    assert (done == 0) == place.startswith("withdrawn")


@pytest.mark.parametrize("place", ["at U", "returned by C", "approved"])
@pytest.mark.parametrize("action", list(Action))
def test_an_old_page_is_stale_for_everybody(s, place, action):
    case = bring(s, PLACES[place])
    before = everything()
    seen = Case(id=case.id, version=case.version)
    for actor in (s.actor, *s.reviewers.values()):
        for shift in (-1, 1):
            with pytest.raises((Stale, NotAllowed)):
                _act_having_seen(seen, action, actor, case.version + shift)
    assert everything() == before


def _act_having_seen(case, action, actor, version):
    if action in (Action.SUBMIT, Action.RESUBMIT):
        registrations.submit_registration(case, actor=actor, seen=version, declared=True)
    elif action == Action.WITHDRAW:
        registrations.withdraw_registration(case, actor=actor, seen=version, note="本人要求")
    elif action == Action.UNDO:
        undoing.undo_decision(case, actor=actor, seen=version)
    elif action == Action.EXTEND:
        until = clock.today() + timedelta(days=30)
        cases.extend_correction(case, actor=actor, seen=version, until=until, note="情况特殊")
    else:
        decision = Decision(action, note="理由", items=ITEMS, confirmed=True)
        cases.decide(case, decision, actor=actor, seen=version)


@pytest.mark.parametrize("place", ["at U", "at P", "returned by U", "approved"])
@pytest.mark.parametrize("action", ["submit", "resubmit", "withdraw", "undo", "extend", "claim", "open", ""])
def test_decide_makes_decisions_and_nothing_else(s, place, action):
    """decide() must not be a back door to the other moves of the table, which have guards of their own."""
    case = bring(s, PLACES[place])
    before = everything()
    for actor in (s.actor, *s.reviewers.values()):
        with pytest.raises((NotAllowed, Stale)):
            cases.decide(
                case, Decision(action, note="理由", items=ITEMS, confirmed=True), actor=actor, seen=case.version
            )
    assert everything() == before


class TestOwnCase:
    """R0.31: whoever the registration is about has no hand in its review, whatever seat they hold."""

    @pytest.fixture
    def own(self, s):
        """The same human being in the unit's, the city's and the province's seat."""
        return {
            seat: make.actor_of(make.make_grant(Seat(seat), make_office_of(s, seat), user=s.person.user))
            for seat in CHAIN
        }

    @pytest.mark.parametrize("action", DECIDING)
    def test_no_decision_at_any_level(self, s, own, action):
        case = s.submitted()
        for seat in CHAIN:
            before = everything()
            with pytest.raises(NotAllowed, match="本人"):
                act(case, action, own[seat])
            assert everything() == before
            act(case, Action.PASS, s.reviewers[seat])
            case = Case.get_by_id(case.id)

    @pytest.mark.parametrize("place", ["rejected by U", "returned by U", "at C", "approved", "rejected by P"])
    def test_no_undoing_of_what_colleagues_decided(self, s, own, place):
        case = bring(s, PLACES[place])
        before = everything()
        for actor in own.values():
            with pytest.raises(NotAllowed):
                act(case, Action.UNDO, actor)
        assert everything() == before

    @pytest.mark.parametrize("place", ["at U", "at C", "returned by C"])
    def test_no_withdrawing_for_oneself_in_the_units_name(self, s, own, place):
        case = bring(s, PLACES[place])
        before = everything()
        with pytest.raises(NotAllowed, match="本人"):
            act(case, Action.WITHDRAW, own["U"])
        assert everything() == before
        act(case, Action.WITHDRAW, s.reviewers["U"])
        assert Case.get_by_id(case.id).state == State.WITHDRAWN

    @pytest.mark.parametrize("place", ["returned by U", "returned by C", "draft"])
    def test_no_more_time_for_oneself(self, s, own, place):
        case = bring(s, PLACES[place])
        before = everything()
        for actor in own.values():
            with pytest.raises(NotAllowed):
                act(case, Action.EXTEND, actor)
        assert everything() == before


def make_office_of(s, seat):
    """The office at which a seat of the scene's chain works."""
    from portal.models import Office

    return Office.get_by_id(s.reviewers[seat].office)


class TestUndo:
    """What an undo puts back is what was there."""

    @pytest.mark.parametrize(
        ("way", "last"),
        [
            ((), "pass U"), ((), "return U"), ((), "reject U"),
            (("pass U",), "pass C"), (("pass U",), "return C"),
            (("pass U", "pass C"), "pass P"), (("pass U", "pass C"), "reject P"), (("pass U", "pass C"), "return P"),
            (("pass U", "return C", "resubmit"), "pass U"),
        ],
    )  # fmt: skip
    def test_the_rows_are_as_before(self, s, way, last):
        case = bring(s, way)
        before = everything()
        action, _, seat = last.partition(" ")
        act(case, action, s.reviewers[seat])
        decided = Case.get_by_id(case.id)
        event = undoing.undo_decision(decided, actor=s.reviewers[seat], seen=decided.version)
        after = everything()
        assert event.data["undone"] and event.before == decided.state
        assert after["Step"] == before["Step"]
        # Only the version has grown; and the case's registration is as it was.
        then, now = (next(row for row in rows["Case"] if row[0] == case.id) for rows in (before, after))
        assert [a for a, b in zip(now, then, strict=True) if a != b] == [Case.get_by_id(case.id).version]
        assert after["Registration"] == before["Registration"]
        assert after["Submission"] == before["Submission"]
        # And the level can decide anew, differently.
        act(case, Action.REJECT, s.reviewers[seat])
        assert Case.get_by_id(case.id).state == State.REJECTED

    def test_an_undone_return_was_no_return(self, s):
        """Its notice is withdrawn, and the one return that needs no second reason is still to come."""
        case = bring(s, ("return U",))
        act(case, Action.UNDO, s.reviewers["U"])
        assert Correction.get().withdrawn_at is not None and Correction.get().answered_at is None
        again = s.decide(case, "return", "U", note="理由", items=ITEMS)
        assert again.state == State.RETURNED
        assert Correction.select().where(Correction.withdrawn_at.is_null()).count() == 1
        resubmitted = registrations.submit_registration(again, actor=s.actor, seen=again.version, declared=True)
        with pytest.raises(Invalid) as refused:
            s.decide(resubmitted, "return", "U", note="理由", items=ITEMS)
        assert refused.value.field == "second_reason"

    def test_a_colleague_of_the_same_office_may_undo(self, s):
        case = bring(s, ("reject U",))
        colleague = make.actor_of(make.make_grant(Seat.UNIT, make_office_of(s, "U")))
        assert undoing.undo_decision(case, actor=colleague, seen=case.version).user_id == colleague.user

    def test_twice_is_once(self, s):
        case = bring(s, ("reject U",))
        act(case, Action.UNDO, s.reviewers["U"])
        with pytest.raises(NotAllowed):
            act(case, Action.UNDO, s.reviewers["U"])

    def test_not_after_the_applicant_has_edited(self, s):
        case = bring(s, ("return U",))
        registrations.correct_person(case, actor=s.actor, values={"phone": "13900000009"}, seen=case.version)
        with pytest.raises(NotAllowed):
            act(case, Action.UNDO, s.reviewers["U"])

    def test_a_print_of_the_form_is_no_edit(self, s):
        from portal.actions.registration_files import take_form_version

        case = bring(s, ("pass U",))
        take_form_version(Registration.get_by_id(case.id), actor=s.reviewers["U"])
        act(case, Action.UNDO, s.reviewers["U"])
        assert Case.get_by_id(case.id).position == 0

    def test_a_rejection_cannot_be_taken_back_once_the_place_is_taken(self, s):
        case = bring(s, ("reject U",))
        assert Registration.get_by_id(case.id).live_key is None
        again = registrations.open_registration(s.plan, actor=s.actor)
        before = everything()
        with pytest.raises(NotAllowed, match="重新报名"):
            act(case, Action.UNDO, s.reviewers["U"])
        assert everything() == before
        registrations.withdraw_registration(again, actor=s.actor, seen=again.version)
        act(case, Action.UNDO, s.reviewers["U"])
        assert Registration.get_by_id(case.id).live_key == f"{s.plan.id}:{s.person.id}"

    def test_an_undone_rejection_does_not_exceed_the_places_of_the_plan(self, db, at):
        at("2022-12-10 10:00")
        codes = [
            ("4-12-01-01", "汽车维修工"),
            ("4-07-03-04", "企业人力资源管理师"),
            ("4-04-05-05", "信息通信网络运行管理员"),
        ]
        occupations = [make.make_occupation(*code) for code in codes]
        s = scene(occupations=occupations, plan={"registrations_per_person": 2})
        case = s.submitted(occupation=occupations[0].id)
        act(case, Action.REJECT, s.reviewers["U"])
        for occupation in occupations[1:]:
            draft = s.open()
            registrations.save_registration(
                draft, actor=s.actor, values={"occupation": occupation.id}, seen=draft.version
            )
        with pytest.raises(NotAllowed):
            act(case, Action.UNDO, s.reviewers["U"])
        assert len(registrations.live_registrations(s.plan, s.person)) == 2


def test_nobody_passes_two_successive_levels(s):
    case = s.submitted()
    both = make.make_user("孙两岗")
    seats = {seat: make.actor_of(make.make_grant(Seat(seat), make_office_of(s, seat), user=both)) for seat in "UC"}
    act(case, Action.PASS, seats["U"])
    before = everything()
    for action in DECIDING:
        with pytest.raises(NotAllowed, match="同一人不得审核同一件报名的两级"):
            act(case, action, seats["C"])
    assert everything() == before
    act(case, Action.PASS, s.reviewers["C"])


def test_a_portrait_of_somebody_else_does_not_open_the_desk(db, at):
    """A person without any account acts for nobody."""
    at("2022-12-10 10:00")
    s = scene()
    case = s.submitted()
    stranger = give_portrait(make.make_person(s.organisation))
    for action in Action:
        with pytest.raises((NotAllowed, Stale)):
            act(case, action, make.applicant(stranger))
