"""Nobody in a provincial seat decides in their own matter: a bar, a card, an attendance, a result (R0.31)."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.actions import attendance, bars
from portal.actions.attendance import Outcome
from portal.actions.card_corrections import correct_credential
from portal.actions.cards import restore_card, revoke_credential, void_overdue
from portal.models import AssessmentResult, Bar, Credential, Person
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State
from portal.rules.workflow import Actor, Seat
from tests import make
from tests.make_cards import fresh, make_desk
from tests.make_classes import class_scene, make_class_session, make_seat, state_of
from tests.make_sanctions import make_registration, make_strike, unit_seat


@pytest.fixture
def unit(db, at):
    at("2022-12-19 10:00")
    found = make.make_organisation("云帆技能评价有限公司", occupations=[make.make_occupation()])
    unit_seat(found)
    return found


def void(card: Credential) -> None:
    """Let a card's last day of collection pass, and the sweep find it."""
    Credential.update(claim_due=clock.today() - timedelta(days=1)).where(Credential.id == card.id).execute()
    assert void_overdue() == 1


def own_seat(person, seat: Seat, office) -> Actor:
    """The person's own account in a provincial seat."""
    grant = make.make_grant(seat, office, user=person.user) if person.user else make.make_grant(seat, office)
    if person.user is None:
        person.user = grant.user
        person.save()
    return make.actor_of(grant)


def test_nobody_lifts_the_own_bar(unit):
    person = make.make_person(unit)
    make_strike(person)
    make_strike(person)
    bar = Bar.get(Bar.person == person)
    actor = own_seat(person, Seat.PROVINCE_CENTRE, make.make_province_centre())
    running = make_registration(person, state="under_review")
    for verb in (
        lambda: bars.lift_bar(bar, actor=actor, reason="自行解除"),
        lambda: bars.set_end_date(bar, actor=actor, ends_on=date(2022, 12, 31), reason="自行定期"),
        lambda: bars.permit_running(bar, running, actor=actor, reason="自行准予"),
    ):
        with pytest.raises(NotAllowed, match="本人"):
            verb()
    assert Bar.get_by_id(bar.id).live_key


def test_nobody_restores_or_corrects_the_own_card(db, at):
    at("2023-03-01 10:00")
    desk = make_desk(1)
    (card,) = desk.cards
    actor = own_seat(card.person, Seat.DEPARTMENT, make.make_office(level="province", body="department"))
    with pytest.raises(NotAllowed, match="本人"):
        correct_credential(card, actor=actor, values={"name": "赵改正"}, reason="有误")
    void(card)
    with pytest.raises(NotAllowed, match="本人"):
        restore_card(fresh(card), actor=actor, reason="自行恢复")
    other = desk.issue(person=card.person, plan=make.make_plan())
    with pytest.raises(NotAllowed, match="本人"):
        revoke_credential(other, actor=actor, reason="自行撤销")
    assert (fresh(card).state, fresh(other).state) == (State.VOID_UNCLAIMED, State.ISSUED)


def test_nobody_marks_or_passes_themselves(db, at):
    at("2021-09-08 10:00")
    scene = class_scene(assessments=["offline"])
    registration = scene.join()
    seat = make_seat(make_class_session(scene.plan), registration)
    other = make_seat(seat.session, scene.join())
    me = own_seat(Person.get_by_id(registration.person_id), Seat.PROVINCE_CENTRE, scene.plan.office)
    with pytest.raises(NotAllowed, match="本人"):
        attendance.record_attendance(seat.session, {other.id: "present", seat.id: "present"}, actor=me)
    scene.mark(seat, "present")
    with pytest.raises(NotAllowed, match="本人"):
        attendance.enter_result(seat.session, registration, Outcome(passed=True), actor=me)
    assert not AssessmentResult.select().exists() and state_of(registration) == "study_done"
    attendance.enter_result(seat.session, registration, Outcome(passed=True), actor=scene.centre)
    assert state_of(registration) == "passed"
