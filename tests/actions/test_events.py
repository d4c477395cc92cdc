"""The chain of events finds every kind of tampering, nobody but record() writes it, and messages arrive once."""

import ast
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from portal.actions import events
from portal.actions.events import GENESIS, hash_of, record, tell, users_at, verify_chain
from portal.database import database, transaction
from portal.models import Event, Message
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.actions.registering import scene

PORTAL = Path(__file__).parents[2] / "portal"


@pytest.fixture
def chain(db, at):
    """Ten events, some of cases, all of one chain."""
    at("2022-12-10 10:00:00.000001")
    actor = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()), deputy_for="周主任")
    with transaction():
        for number in range(10):
            record(
                "update", "修改计划", actor=actor, subject=f"plan:{number}", note=f"第{number}次", before="draft",
                after="published", data={"changes": {"closes_on": ["2022-12-13", None], "数": [1, 2.5, True]}},
            )  # fmt: skip
    return list(Event.select().order_by(Event.id))


def test_an_untouched_chain_is_sound(chain):
    assert verify_chain() == (10, None)
    assert chain[0].previous == GENESIS
    assert [event.previous for event in chain[1:]] == [event.hash for event in chain[:-1]]


def test_an_empty_chain_is_sound(db):
    assert verify_chain() == (0, None)


HASHED = [name for name in Event._meta.sorted_field_names if name not in ("id", "hash")]


@pytest.mark.parametrize("name", [*HASHED, "hash"])
@pytest.mark.parametrize("place", [0, 5, 9])
def test_every_changed_field_is_found(chain, name, place):
    """Also of the first and the last row; and the named row is the changed one."""
    field = Event._meta.fields[name]
    now = getattr(chain[place], getattr(field, "object_id_name", name))
    other = {
        "at": lambda: datetime(2022, 12, 10, 10, 0, 0, 2),
        "case": make_case,
        "user": lambda: make.make_user().id,
        "office": lambda: make.make_city_centre().id,
        "data": lambda: {"changes": {"closes_on": ["2022-12-13", None], "数": [1, 2.5, False]}},
        "hash": lambda: "f" * 64,
        "previous": lambda: "e" * 64,
    }.get(name, lambda: f"{now}x")()
    assert other != now
    Event.update({field: other}).where(Event.id == chain[place].id).execute()
    sound, broken = verify_chain()
    assert (sound, broken.id) == (place, chain[place].id)


def make_case() -> int:
    """Another case that an event could be made to point at."""
    return scene().open().id


def test_a_row_rehashed_by_somebody_clever_breaks_at_the_next_one(chain):
    changed = chain[4]
    changed.note = "从未发生"
    Event.update(note=changed.note, hash=hash_of(changed)).where(Event.id == changed.id).execute()
    assert verify_chain()[0] == 5
    assert verify_chain()[1].id == chain[5].id


@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_deleted_row_is_found_at_the_one_that_followed_it(chain, place):
    Event.delete().where(Event.id == chain[place].id).execute()
    sound, broken = verify_chain()
    assert (sound, broken.id) == (place, chain[place + 1].id)


def test_an_inserted_row_is_found(chain):
    Event.update(id=Event.id + 100).where(Event.id > chain[4].id).execute()
    with transaction():
        record("publish", "伪造", actor=SYSTEM)
    forged = Event.select().order_by(Event.id.desc()).first()
    Event.update(id=chain[4].id + 1, previous=chain[4].hash).where(Event.id == forged.id).execute()
    assert verify_chain()[1].id == chain[4].id + 1


def test_two_rows_that_changed_places_are_found(chain):
    first, second = chain[3].id, chain[4].id
    Event.update(id=9_999).where(Event.id == first).execute()
    Event.update(id=first).where(Event.id == second).execute()
    Event.update(id=second).where(Event.id == 9_999).execute()
    sound, broken = verify_chain()
    assert (sound, broken.id) == (3, first)


def test_the_hash_survives_the_way_through_the_database(chain):
    """Whatever a verb puts into `data`: nested, Chinese, numbers, None; and moments with and without microseconds."""
    odd = {"嵌套": {"b": [None, True, 1.5, "“引号”"], "a": {}}, "空": "", "z": {"10": 1, "9": 2}}
    with transaction():
        event = record("update", "修改", actor=SYSTEM, data=odd, note="第一行\n第二行 🙂")
    again = Event.get_by_id(event.id)
    assert again.data == odd and again.hash == hash_of(again) == hash_of(event)
    assert verify_chain() == (11, None)


def test_an_event_outside_of_a_transaction_is_refused(db, monkeypatch):
    monkeypatch.setattr(events.database, "in_transaction", lambda: False)
    with pytest.raises(AssertionError):
        record("update", "修改", actor=SYSTEM)


def test_a_refused_verb_leaves_no_event(db):
    with pytest.raises(RuntimeError), transaction():
        record("update", "修改", actor=SYSTEM)
        raise RuntimeError
    assert Event.select().count() == 0


def test_the_event_names_who_for_whom_and_from_where(chain):
    event = chain[0]
    assert (event.seat, event.deputy_for, event.address) == ("P", "周主任", "127.0.0.1")
    assert event.body and event.office_id and event.user_id and event.name
    assert event.at == datetime(2022, 12, 10, 10, 0, 0, 1)


class TestAppendOnly:
    """R12.01: rows cannot be edited in the app: no code path updates or deletes an event, and one alone makes them."""

    def writes(self, source: str) -> list[tuple[str, int]]:
        """(what, line) of everything in a piece of code that writes events."""
        found = []
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called == "Event":
                    found.append(("make", node.lineno))
                verb = re.fullmatch(
                    r"(?:\w+\.)*Event\.(update|delete|replace|insert|create|set_by_id|delete_by_id|bulk_\w+"
                    r"|insert_many|insert_from|replace_many|get_or_create|update_many)", called
                )  # fmt: skip
                if verb:
                    found.append((verb[1], node.lineno))
                if re.fullmatch(r"(?:\w+\.)*event\.(save|delete_instance)", called):
                    found.append(("save", node.lineno))
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                sql = " ".join(node.value.split())
                if re.search(r'\b(UPDATE|DELETE FROM|REPLACE INTO|INSERT INTO|DROP TABLE) +"?event"?\b', sql, re.I):
                    found.append(("sql", node.lineno))
        return found

    @pytest.mark.requirement("R12.01")
    def test_record_alone_writes_events(self):
        found = [
            (path.relative_to(PORTAL).as_posix(), what)
            for path in sorted(PORTAL.rglob("*.py"))
            for what, _ in self.writes(path.read_text(encoding="utf8"))
        ]
        assert sorted(found) == [("actions/events.py", "make"), ("actions/events.py", "sql")]

    @pytest.mark.parametrize(
        "code",
        [
            "Event.update(note='').execute()", "models.Event.delete().execute()", "event.save()", "Event.create(at=1)",
            "event.delete_instance()", "db.execute_sql('update event set note = 1')", "Event.insert_many([])",
            "db.execute_sql('DELETE FROM \"event\" WHERE id = 1')",
        ],
    )  # fmt: skip
    def test_the_search_would_see_one(self, code):
        assert self.writes(code)

    def test_rows_that_events_point_to_cannot_be_deleted_under_them(self, db, at):
        at("2022-12-10 10:00")
        case = scene().open()
        for statement in ('DELETE FROM "case"', "DELETE FROM user"):
            with pytest.raises(Exception, match="FOREIGN KEY"), database.atomic():
                database.execute_sql(statement)
                database.execute_sql("PRAGMA foreign_key_check")
        assert Event.select().where(Event.case == case.id).count() == 1


class TestMessages:
    """tell() puts one message into each inbox, and with a key one only."""

    def test_each_user_once(self, db):
        one, two = make.make_user(), make.make_user()
        tell([one.id, two.id, one.id], "请办理。", kind="arrived")
        assert sorted(Message.select(Message.user).tuples()) == [(one.id,), (two.id,)]
        assert all(message.read_at is None for message in Message.select())

    def test_the_key_is_per_user(self, db):
        one, two = make.make_user(), make.make_user()
        tell([one.id], "请办理。", kind="arrived", dedupe="arrived:1:2022-12-10")
        tell([one.id, two.id], "请办理。", kind="arrived", dedupe="arrived:1:2022-12-10")
        tell([one.id], "请办理。", kind="arrived", dedupe="arrived:1:2022-12-11")
        tell([one.id], "请办理。", kind="arrived")
        tell([one.id], "请办理。", kind="arrived")
        counted = {user: Message.select().where(Message.user == user).count() for user in (one.id, two.id)}
        assert counted == {one.id: 4, two.id: 1}

    def test_nobody_is_nobody(self, db):
        tell([], "请办理。", kind="arrived")
        assert Message.select().count() == 0

    @pytest.mark.parametrize(
        ("dates", "there"),
        [
            ({}, True),
            ({"starts_on": "2022-12-10"}, True), ({"starts_on": "2022-12-11"}, False),
            ({"ends_on": "2022-12-10"}, True), ({"ends_on": "2022-12-09"}, False),
        ],
    )  # fmt: skip
    def test_who_sits_at_an_office_today(self, db, at, dates, there):
        at("2022-12-10 23:59:59")
        office = make.make_province_centre()
        grant = make.make_grant(Seat.PROVINCE_CENTRE, office, **dates)
        closed = make.make_user(active=False)
        make.make_grant(Seat.PROVINCE_CENTRE, office, user=closed)
        assert users_at(office.id) == ([grant.user_id] if there else [])


def test_the_hash_is_plain_sha256_over_json(chain):
    """Somebody without this program can verify the chain: the recipe, written down once more."""
    import hashlib

    row = database.execute_sql(
        "SELECT at, case_id, subject, action, label, user_id, name, seat, office_id, body, on_behalf, deputy_for, "
        '"before", "after", note, data, address, previous, hash FROM event ORDER BY id LIMIT 1'
    ).fetchone()
    names = (
        "at", "case_id", "subject", "action", "label", "user_id", "name", "seat", "office_id", "body", "on_behalf",
        "deputy_for", "before", "after", "note", "data", "address", "previous",
    )  # fmt: skip
    values = dict(zip(names, row, strict=False))
    values["at"] = str(values["at"]).replace(" ", "T")
    values["data"] = json.loads(values["data"])
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == row[-1]
