"""State × action × seat of what follows the approval: participants, credentials and statements, through the verbs.

Generated from FLOWS (which tests/rules/test_flows.py holds to appendix D by hand): what the table opens works, with one
event of the right kind; everything else is refused and not one cell of any table changes.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import clock
from portal.actions import card_claims, cards, expiry, issuing, participants, registrations, statements, unfinished
from portal.actions import cases as deciding
from portal.actions.card_corrections import correct_credential
from portal.actions.card_moves import move_credential
from portal.actions.cases import Decision
from portal.actions.events import verify_chain
from portal.actions.participants import keep_result, lapse, move_participant
from portal.actions.undoing import undo_decision
from portal.database import database
from portal.models import AssessmentResult, Bar, Case, Claim, Credential, Event, Person, Registration, Statement
from portal.models.jurisdictions import profile_of
from portal.models.statements import decided_for, evidence_of
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows import FLOWS
from portal.rules.flows import credential as credentials
from portal.rules.flows import registration as registration_flow
from portal.rules.flows import statement as statement_flow
from portal.rules.flows.credential import State as CardState
from portal.rules.flows.registration import ADMITTED, Action, State
from portal.rules.sanctions import BarKind
from portal.rules.workflow import SYSTEM, Actor, Seat
from tests import make
from tests.actions.registering import fake_kept, give_portrait, scene
from tests.actions.test_verb_matrix import everything
from tests.make_credentials import make_credential, make_passed
from tests.make_sanctions import make_strike

# The moves up to the approval have a matrix of their own (test_verb_matrix.py).
AFTER = [
    Action.FINISH_STUDY, Action.PASS_PART, Action.PASS_ALL, Action.FAIL, Action.LAPSE, Action.CORRECT_RESULT,
    Action.EXCUSE, Action.STRIKE, Action.ANNUL, Action.CERTIFY,
]  # fmt: skip
DONE, UNTOUCHED = "done", "untouched"


def opens(flow_name: str, action: str, state: str, seat: Seat):
    """The transition that the table opens, or None."""
    found = FLOWS[flow_name].transitions
    return next((t for t in found if t.action == action and state in t.sources and seat in t.by), None)


def attempt(verb, before: dict, where: str) -> str:
    """Run a verb inside a savepoint: DONE, or UNTOUCHED when it refused in Chinese and left every table as it was."""
    try:
        result = verb()
    except Refusal as refusal:
        assert isinstance(refusal, (NotAllowed, Stale)), f"{where}: {refusal!r}"
        assert refusal.message.endswith("。") and len(refusal.message) > 5, where
        result = False
    if result is False:
        after = everything()
        changed = [name for name in after if after[name] != before[name]]
        assert not changed, f"{where} changed {changed}"
        return UNTOUCHED
    return DONE


def newest() -> Event:
    return Event.select().order_by(Event.id.desc()).first()


@pytest.fixture
def s(db, at):
    at("2022-12-20 10:00")
    today = clock.today()
    return scene(
        plan={"training_from": today - timedelta(days=1), "training_to": today, "assessments": ["online"]}
    )


def everybody(s) -> dict[str, Actor]:
    """Every seat at its proper place in the scene, and the province's two elsewhere."""
    other = scene(make.ANHUI)
    region = make.make_region("锦江区", level="county", parent=make.make_region("成都市"))
    offices = {
        "K": make.make_office(level="county", body="department", region=region),
        "B": make.make_office(level="city", body="department", region="成都市"),
        "D": make.make_office(level="province", body="department"),
    }  # fmt: skip
    found = {
        "A": s.actor, "U": s.reviewers["U"], "C": s.reviewers["C"], "P": s.reviewers["P"], "S": SYSTEM,
        "T": make.actor_of(make.make_grant(Seat.TECHNICIAN)),
        **{seat: make.actor_of(make.make_grant(Seat(seat), office)) for seat, office in offices.items()},
    }  # fmt: skip
    assert {actor.seat for actor in found.values()} == set(Seat)
    abroad = make.make_office(level="province", body="department", province=make.ANHUI)
    return found | {
        "A elsewhere": other.actor, "U elsewhere": other.reviewers["U"], "P elsewhere": other.reviewers["P"],
        "D elsewhere": make.actor_of(make.make_grant(Seat.DEPARTMENT, abroad)),
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- participants


def participant(s, state: str) -> Case:
    """Somebody of the plan who stands in this state, by column."""
    person = give_portrait(make.make_person(s.organisation))
    return Case.get_by_id(make_passed(s.plan, s.organisation, person, state=state, reviewer=s.organisation).case_id)


@pytest.mark.parametrize("state", list(State))
def test_the_move_of_a_participant_follows_the_table(s, state):
    """move_participant(): every action × every seat from this state, whatever the verb around it demands besides."""
    actors = everybody(s)
    case, events = participant(s, state), Event.select().count()
    before, done = everything(), 0
    for action in AFTER:
        for who, actor in actors.items():
            where, wanted = f"{state}: {action} by {who}", opens("registration", action, state, actor.seat)
            wanted = None if "elsewhere" in who else wanted
            with database.atomic() as outer:
                fresh = Case.get_by_id(case.id)
                outcome = attempt(
                    lambda f=fresh, a=action, who=actor: move_participant(f, a, actor=who, note="理由"), before, where
                )
                assert outcome == (DONE if wanted else UNTOUCHED), where
                if outcome == DONE:
                    now, event = Case.get_by_id(case.id), newest()
                    assert (now.state, now.version) == (wanted.target, case.version + 1), where
                    assert (event.action, event.before, event.after) == (action, state, wanted.target), where
                    assert (event.user_id, event.seat) == (actor.user, str(actor.seat)), where
                    assert Event.select().count() == events + 1 and verify_chain()[1] is None, where
                    done += 1
                outer.rollback()
    open_here = [t for t in registration_flow.FLOW.transitions if state in t.sources and t.action in AFTER]
    assert (done > 0) == bool(open_here)


@pytest.mark.parametrize("action", AFTER)
def test_a_reason_is_demanded_where_the_table_demands_one(s, action):
    for transition in [t for t in registration_flow.FLOW.transitions if t.action == action]:
        case = participant(s, next(iter(transition.sources)))
        seat = next(iter(transition.by))
        actor = replace(s.reviewers["P"], seat=seat)
        with database.atomic() as outer:
            if transition.note == "required":
                with pytest.raises(Invalid) as refused:
                    move_participant(case, action, actor=actor, note="  ")
                assert refused.value.field == "note" and Case.get_by_id(case.id).state == case.state
            else:
                move_participant(case, action, actor=actor)
            outer.rollback()


def result_of(case: Case, passed: bool) -> None:
    AssessmentResult.create(
        registration=case.id, assessment="online", passed=passed, score=95 if passed else 60, source="entered",
        at=clock.now(),
    )  # fmt: skip


def registration_of(case: Case) -> Registration:
    return Registration.get_by_id(case.id)


# The doors' verbs: the action each makes, the seats that the verb itself narrows the table to, and how it is called.
VERBS = {
    "finish study": (Action.FINISH_STUDY, "*", lambda case, actor: participants.finish_study(case)),
    "enter a pass": (
        Action.PASS_ALL, "PS",
        lambda case, actor: keep_result(registration_of(case), "online", actor=actor, source="entered", score="90"),
    ),
    "enter a fail": (
        Action.FAIL, "PS",
        lambda case, actor: keep_result(registration_of(case), "online", actor=actor, source="entered", score="89.9"),
    ),
    "correct": (
        Action.CORRECT_RESULT, "P",
        lambda case, actor: participants.correct_result(
            registration_of(case), "online", actor=actor, reason="录入有误"
        ),
    ),
    "lapse": (Action.LAPSE, "PS", lambda case, actor: lapse(case, actor=actor, note="已到期")),
    "excuse": (
        Action.EXCUSE, "P",
        lambda case, actor: unfinished.excuse_participant(case, actor=actor, reason="住院", seen=case.version),
    ),
    "strike": (
        Action.STRIKE, "P",
        lambda case, actor: unfinished.strike_participant(case, actor=actor, reason="无故", seen=case.version),
    ),
    "annul": (
        Action.ANNUL, "P",
        lambda case, actor: unfinished.annul_decision(case, actor=actor, reason="有误", seen=case.version),
    ),
    "issue": (Action.CERTIFY, "D", lambda case, actor: issuing.issue_one(registration_of(case), actor=actor)),
    "withdraw": (
        Action.WITHDRAW, "U",
        lambda case, actor: registrations.withdraw_registration(case, actor=actor, seen=case.version, note="要求"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", sorted(ADMITTED))
def test_the_verbs_on_a_participant(s, state):
    """Every verb × every seat: the table's move by the seat in whose hands the province has put it, else nothing."""
    actors = everybody(s)
    assert profile_of(make.SICHUAN).owners.credentials == Seat.DEPARTMENT  # who issues in this scene
    case = participant(s, state)
    if state in (State.PASSED, State.FAILED, State.CERTIFIED):
        result_of(case, passed=state != State.FAILED)
    before, done = everything(), set()
    for name, (action, seats, verb) in VERBS.items():
        for who, actor in actors.items():
            where = f"{state}: {name} by {who}"
            # Study is counted by the server whoever looks; the class of this plan has begun, so nobody leaves it.
            seat = Seat.SYSTEM if seats == "*" else actor.seat
            wanted = opens("registration", action, state, seat) if seats == "*" or who in tuple(seats) else None
            wanted = None if name == "withdraw" else wanted
            # A correction needs a result, an annulment by this verb may also take an excuse back.
            if name == "correct" and state == State.ASSESSED_PART:
                wanted = None
            with database.atomic() as outer:
                outcome = attempt(lambda v=verb, a=actor: v(Case.get_by_id(case.id), a), before, where)
                assert outcome == (DONE if wanted else UNTOUCHED), where
                if outcome == DONE:
                    assert Case.get_by_id(case.id).state == wanted.target, where
                    done.add(name)
                outer.rollback()
    expected = {
        name for name, (action, _, _) in VERBS.items()
        if name != "withdraw" and (name, state) != ("correct", State.ASSESSED_PART)
        and any(t.action == action and state in t.sources for t in registration_flow.FLOW.transitions)
    }  # fmt: skip
    assert done == expected


@pytest.mark.parametrize("state", sorted(ADMITTED - {State.UNFINISHED}))
def test_an_absence_is_decided_once(s, state):
    """With the page of a moment ago nothing is decided again, whatever it has become since."""
    case = participant(s, State.UNFINISHED)
    Case.update(state=state, version=case.version + 1).where(Case.id == case.id).execute()
    before = everything()
    for verb in (unfinished.excuse_participant, unfinished.strike_participant):
        with pytest.raises(Stale):
            verb(case, actor=s.reviewers["P"], reason="x", seen=case.version)
    assert everything() == before


# ----------------------------------------------------------------------------------------------- credentials


@pytest.fixture
def desk(s):
    """A card of the scene's unit, issued by the department."""
    person = s.person
    registration = make_passed(s.plan, s.organisation, person)
    return make_credential(registration=registration)


def put(card: Credential, state: str) -> Credential:
    """The card in this state with the columns that belong to it, its days still running."""
    today = clock.today()
    values: dict = {"state": state, "claim": None, "ended_at": None, "released_on": None, "claim_due": None}
    if state not in (CardState.ISSUED,):
        values |= {"released_on": today, "claim_due": today + timedelta(days=30)}
    if state in (CardState.CLAIMED, CardState.VALID):
        values["claim"] = Claim.create(
            organisation=card.organisation_id, province=card.province, number=f"LQ-{state}", claimed_at=clock.now(),
            receiver="周示例", receiver_phone="13900000001",
        ).id  # fmt: skip
    if state in (CardState.VOID_UNCLAIMED, CardState.EXPIRED, CardState.REVOKED, CardState.REPLACED):
        values["ended_at"] = clock.now()
    Credential.update(**values).where(Credential.id == card.id).execute()
    return Credential.get_by_id(card.id)


@pytest.mark.parametrize("state", list(CardState))
def test_the_move_of_a_credential_follows_the_table(s, desk, state):
    """move_credential(): every action × every seat; a seat of another province or unit moves nothing."""
    actors, card = everybody(s), put(desk, state)
    before, done, events = everything(), 0, Event.select().count()
    for action in credentials.Action:
        for who, actor in actors.items():
            where = f"{state}: {action} by {who}"
            wanted = opens("credential", action, state, actor.seat) if "elsewhere" not in who else None
            with database.atomic() as outer:
                fresh = Credential.get_by_id(card.id)
                outcome = attempt(
                    lambda f=fresh, a=action, who=actor: move_credential(f, a, actor=who, note="理由"), before, where
                )
                assert outcome == (DONE if wanted else UNTOUCHED), where
                if outcome == DONE:
                    now, event = Credential.get_by_id(card.id), newest()
                    assert (now.state, now.version) == (wanted.target, card.version + 1), where
                    assert (event.action, event.before, event.after) == (action, state, wanted.target), where
                    assert (event.subject, event.seat) == (f"credential:{card.id}", str(actor.seat)), where
                    assert Event.select().count() == events + 1 and verify_chain()[1] is None, where
                    done += 1
                outer.rollback()
    assert (done > 0) == any(state in t.sources for t in credentials.FLOW.transitions)


def release(card, actor):
    """A bulk verb: what cannot be released is skipped and says why; what is not the province's is not looked at."""
    outcomes = cards.release_cards([card.id], actor=actor)
    assert all(outcome.done or outcome.message.endswith("。") for outcome in outcomes)
    return any(outcome.done for outcome in outcomes)


def claim(card, actor):
    card_claims.claim_cards([card.id], actor=actor, receiver="周示例", receiver_phone="13900000001")


def hand_out(card, actor):
    number = card.claim_id or Claim.create(
        organisation=card.organisation_id, province=card.province, number="LQ-none", claimed_at=clock.now(),
        receiver="周示例",
    ).id  # fmt: skip
    card_claims.hand_out_claim(Claim.get_by_id(number), actor=actor, officer="吴示例", on_paper=True)


CARD_VERBS = {
    "release": (credentials.Action.RELEASE, "PD", release),
    "claim": (credentials.Action.CLAIM, "U", claim),
    "hand out": (credentials.Action.HAND_OUT, "PD", hand_out),
    "restore": (credentials.Action.RESTORE, "PD", lambda card, actor: cards.restore_card(
        card, actor=actor, reason="寄送有误")),
    "revoke": (credentials.Action.REVOKE, "PD", lambda card, actor: cards.revoke_credential(
        card, actor=actor, reason="材料不实")),
    # Only the seat that issues gives out the new number.
    "correct": (credentials.Action.CORRECT, "D", lambda card, actor: correct_credential(
        card, actor=actor, values={"name": "更名者"}, reason="姓名有误")),
}  # fmt: skip


@pytest.mark.parametrize("state", list(CardState))
def test_the_verbs_on_a_credential(s, desk, state):
    actors, card = everybody(s), put(desk, state)
    if not card.claim_id:
        # A claim without cards: what the province sees when there is nothing to hand out.
        empty = Claim.create(
            organisation=card.organisation_id, province=card.province, number="LQ-empty", claimed_at=clock.now(),
            receiver="周示例",
        )  # fmt: skip
        card.claim = empty
    before, done = everything(), set()
    for name, (action, seats, verb) in CARD_VERBS.items():
        for who, actor in actors.items():
            where = f"{state}: {name} by {who}"
            wanted = opens("credential", action, state, actor.seat) if who in tuple(seats) else None
            with database.atomic() as outer:
                outcome = attempt(lambda v=verb, a=actor: v(card, a), before, where)
                assert outcome == (DONE if wanted else UNTOUCHED), where
                if outcome == DONE:
                    assert Credential.get_by_id(card.id).state == wanted.target, where
                    done.add(name)
                outer.rollback()
    assert done == {
        name for name, (action, _, _) in CARD_VERBS.items()
        if any(t.action == action and state in t.sources for t in credentials.FLOW.transitions)
    }  # fmt: skip


@pytest.mark.parametrize("state", list(CardState))
def test_time_alone_moves_what_the_table_lets_it_move(s, desk, state):
    """The sweeps, years later: an uncollected card is void, everything else alive has expired, nothing else moves."""
    card = put(desk, state)
    Credential.update(valid_to=clock.today() + timedelta(days=60)).where(Credential.id == card.id).execute()
    for days, after in ((30, {}), (31, {CardState.AWAITING_CLAIM: CardState.VOID_UNCLAIMED}), (61, {
        CardState.ISSUED: CardState.EXPIRED, CardState.CLAIMED: CardState.EXPIRED, CardState.VALID: CardState.EXPIRED,
        CardState.AWAITING_CLAIM: CardState.VOID_UNCLAIMED,
    })):  # fmt: skip
        with database.atomic() as outer:
            clock.set_for_test(clock.now() + timedelta(days=days))
            cards.void_overdue()
            expiry.expire_credentials()
            assert Credential.get_by_id(card.id).state == after.get(CardState(state), state), (state, days)
            assert (cards.void_overdue(), expiry.expire_credentials()) == (0, 0)
            clock.set_for_test(clock.now() - timedelta(days=days))
            outer.rollback()


# ------------------------------------------------------------------------------------------------ statements

WAYS = {
    statement_flow.State.DRAFT: (), statement_flow.State.UNDER_REVIEW: ("submit",),
    statement_flow.State.UPHELD: ("submit", "pass"), statement_flow.State.DISMISSED: ("submit", "reject"),
    statement_flow.State.WITHDRAWN: ("submit", "withdraw"),
}  # fmt: skip


def act(case: Case, action: str, actor: Actor) -> None:
    """The verb that carries out an action on a statement."""
    case = Case.get_by_id(case.id)
    if action == "submit":
        statements.submit_statement(case, actor=actor, seen=case.version)
    elif action == "withdraw":
        statements.withdraw_statement(case, actor=actor, seen=case.version)
    elif action == "undo":
        undo_decision(case, actor=actor, seen=case.version)
    elif action == "extend":
        deciding.extend_correction(case, actor=actor, seen=case.version, until=clock.today(), note="理由")
    else:
        items = ({"key": "text", "label": "内容", "note": ""},)
        deciding.decide(case, Decision(action, note="理由", items=items), actor=actor, seen=case.version)


@pytest.mark.parametrize("by", ["A", "U"])
@pytest.mark.parametrize("about", ["strike", "bar"])
@pytest.mark.parametrize("state", list(WAYS))
def test_the_verbs_on_a_statement(s, about, by, state):
    """By whoever has filed it, and decided by the one body whose turn it is: the centre, or about a permanent bar the
    department."""
    actors = everybody(s)
    decider = "P" if about == "strike" else "D"
    if about == "strike":
        decided = {"strike": make_strike(s.person, actor=actors["P"]).id}
    else:
        decided = {"bar": Bar.create(
            person=s.person, province="sichuan", kind=BarKind.UNCLAIMED, permanent=True, basis="七", cause={},
            starts_at=clock.now(), live_key="sichuan:person:x:unclaimed",
        ).id}  # fmt: skip
    case = statements.open_statement(decided_for(actors[by], **decided), actor=actors[by], text="情况说明。")
    for action in WAYS[state]:
        act(case, action, actors[decider] if action in ("pass", "reject") else actors[by])
    case = Case.get_by_id(case.id)
    assert case.state == state
    before, done, events = everything(), set(), Event.select().count()
    for action in (*statement_flow.Action, "return", "undo", "extend"):
        for who, actor in actors.items():
            where = f"{about} by {by}, {state}: {action} by {who}"
            entitled = who == (decider if action in ("pass", "reject") else by)
            wanted = opens("statement", action, state, actor.seat) if entitled else None
            with database.atomic() as outer:
                outcome = attempt(lambda a=action, actor=actor: act(case, a, actor), before, where)
                assert outcome == (DONE if wanted else UNTOUCHED), where
                if outcome == DONE:
                    now, event = Case.get_by_id(case.id), newest()
                    assert now.state == wanted.target and now.version > case.version, where
                    assert (event.action, event.before, event.after) == (action, state, wanted.target), where
                    assert Event.select().count() == events + 1 and verify_chain()[1] is None, where
                    done.add(action)
                outer.rollback()
    assert done == {t.action for t in statement_flow.FLOW.transitions if state in t.sources}


@pytest.mark.parametrize("state", list(WAYS))
def test_only_a_draft_is_edited(s, state):
    """Text and evidence, by the filer alone; frozen from the submission on."""
    actors = everybody(s)
    strike = make_strike(s.person, actor=actors["P"])
    case = statements.open_statement(
        decided_for(s.actor, strike=strike.id), actor=s.actor, text="说明。", kept=[fake_kept()]
    )
    for action in WAYS[state]:
        act(case, action, actors["P"] if action in ("pass", "reject") else s.actor)
    case = Case.get_by_id(case.id)
    (version,) = evidence_of(case)
    verbs = {
        "save": lambda a: statements.save_statement(case, actor=a, text="改", contact="", seen=case.version),
        "remove": lambda a: statements.remove_evidence(case, version, actor=a, seen=case.version),
        "discard": lambda a: statements.discard_statement(case, actor=a, seen=case.version),
    }
    before, done = everything(), set()
    for name, verb in verbs.items():
        for who, actor in actors.items():
            where = f"{state}: {name} by {who}"
            with database.atomic() as outer:
                outcome = attempt(lambda v=verb, a=actor: v(a), before, where)
                assert (outcome == DONE) == (state == statement_flow.State.DRAFT and who == "A"), where
                done |= {name} if outcome == DONE else set()
                outer.rollback()
    assert done == (set(verbs) if state == statement_flow.State.DRAFT else set())
    assert Statement.select().count() == 1 and Person.get_by_id(s.person.id)


def test_the_sight_of_a_change(s):
    """Control: attempt() notices one changed cell behind a refusal."""
    case = participant(s, State.APPROVED)
    before = everything()

    def liar():
        Case.update(title="改").where(Case.id == case.id).execute()
        raise Stale("这件报名已有变化，请刷新后查看。")

    with pytest.raises(AssertionError, match="Case"):
        attempt(liar, before, "control")
