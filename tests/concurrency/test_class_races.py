"""Many hands on a class at once: the last seats of a session, one participant in two sessions, one absence decided."""

from contextlib import nullcontext
from datetime import datetime

from portal.actions import sessions, unfinished
from portal.models import Attendance, Case, Event, Strike
from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows.registration import State
from tests import make
from tests.make_classes import class_scene, make_class_session, state_of, version_of


def running(**kw):
    """A class whose session starts tomorrow."""
    s = class_scene(make.ANHUI, **kw)
    times = {"starts_at": datetime(2022, 12, 11, 9), "ends_at": datetime(2022, 12, 11, 17)}
    return s, times


def seats_in(*rows) -> int:
    """How many people sit in these sessions."""
    return Attendance.select().where(
        Attendance.session.in_([row.id for row in rows]), Attendance.removed_at.is_null()
    ).count()  # fmt: skip


def assign_all(s, session, people, at_once) -> list:
    return at_once([
        lambda each=each: sessions.assign_participant(session, each, actor=s.centre) for each in people
    ])  # fmt: skip


def test_the_last_seats_are_given_once(on_disk, at_once):
    s, times = running()
    session, people = make_class_session(s.plan, capacity=3, **times), [s.join() for _ in range(8)]
    answers = assign_all(s, session, people, at_once)
    assert seats_in(session) == 3
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(refused) == 5 and all(isinstance(answer, NotAllowed) for answer in refused), refused


def test_the_control_without_one_writer_overfills(on_disk, at_once, monkeypatch):
    """Control: when the counting is no longer inside one transaction, more people sit than there are seats."""
    s, times = running()
    session, people = make_class_session(s.plan, capacity=3, **times), [s.join() for _ in range(8)]
    from threading import Barrier

    gate, count = Barrier(8), sessions.seats_taken

    def count_together(row):
        taken = count(row)
        gate.wait(timeout=30)
        return taken

    monkeypatch.setattr(sessions, "transaction", nullcontext)
    monkeypatch.setattr(sessions, "record", lambda *_, **__: None)
    monkeypatch.setattr(sessions, "seats_taken", count_together)
    assign_all(s, session, people, at_once)
    assert seats_in(session) > 3


def test_one_participant_assigned_to_two_sessions_at_once_sits_in_one(on_disk, at_once):
    s, times = running()
    rooms, one = [make_class_session(s.plan, f"第{n}期", **times) for n in range(4)], s.join()
    at_once([lambda room=room: sessions.assign_participant(room, one, actor=s.centre) for room in rooms])
    assert seats_in(*rooms) == 1


def test_one_absence_is_decided_once(on_disk, at_once):
    s, _ = running()
    one = s.join(State.UNFINISHED)
    seen = version_of(one)
    verbs = [unfinished.strike_participant, unfinished.excuse_participant] * 4
    answers = at_once([
        lambda verb=verb: verb(Case.get_by_id(one.case_id), actor=s.centre, reason="认定", seen=seen) for verb in verbs
    ])  # fmt: skip
    assert sum(isinstance(answer, Stale) for answer in answers) == 7, answers
    decided = Event.select().where(Event.case == one.case_id, Event.action.in_(["strike", "excuse"]))
    assert decided.count() == 1
    assert Strike.select().count() == (1 if state_of(one) == "struck" else 0)


def test_the_sweep_of_two_workers_lists_each_absence_once(on_disk, at_once):
    s, _ = running(exam_ends_at=datetime(2022, 12, 9, 16, 30), exam_minutes=60)
    people = [s.join() for _ in range(5)]
    done = at_once([lambda: unfinished.lapse_overdue(datetime(2022, 12, 10, 10)) for _ in range(4)])
    assert sum(done) == 5, done
    assert {state_of(each) for each in people} == {"unfinished"}
    assert Event.select().where(Event.action == "lapse").count() == 5
