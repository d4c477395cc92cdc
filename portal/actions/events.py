"""The record of what happened: events in a hash chain, messages to users, and the log of documents."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime

from portal import clock
from portal.database import database
from portal.models import Case, DocumentLog, Event, Grant, Message, User
from portal.rules.workflow import Actor

GENESIS = "0" * 64
_HASHED = (
    "at", "case_id", "subject", "action", "label", "user_id", "name", "seat", "office_id", "body", "on_behalf",
    "deputy_for", "before", "after", "note", "data", "address", "previous",
)  # fmt: skip
# Written at every verb while it holds the only write lock, hence as SQL that is built once.
_INSERT = "INSERT INTO event ({}, hash) VALUES ({}, ?)".format(
    ", ".join(f'"{name}"' for name in _HASHED), ", ".join("json(?)" if name == "data" else "?" for name in _HASHED)
)
_TELL = (
    "INSERT INTO message (user_id, case_id, kind, text, link, at, dedupe) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)


def record(
    action: str,
    label: str,
    *,
    actor: Actor,
    case: Case | None = None,
    subject: str = "",
    before: str = "",
    after: str = "",
    note: str = "",
    body: str = "",
    on_behalf: str = "",
    data: dict | None = None,
) -> Event:
    """Append one event to the chain; call it inside the verb's transaction, which is what keeps the chain single."""
    assert database.in_transaction(), "events are written inside the verb's transaction"
    last = database.execute_sql("SELECT hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
    event = Event(
        at=clock.now(),
        case=case.id if case else None,
        subject=subject,
        action=str(action),
        label=label,
        user=actor.user,
        name=actor.name,
        seat=str(actor.seat),
        office=actor.office,
        body=body or actor.office_name,
        on_behalf=on_behalf,
        deputy_for=actor.deputy_for,
        before=str(before),
        after=str(after),
        note=note,
        data=data or {},
        address=actor.address,
        previous=last[0] if last else GENESIS,
    )
    event.hash = hash_of(event)
    event.id = database.execute_sql(_INSERT, [*(_stored(event, name) for name in _HASHED), event.hash]).lastrowid
    return event


def hash_of(event: Event) -> str:
    """The hash that this event must carry: SHA-256 over its fields and the hash before it."""
    values = {name: _plain(getattr(event, name)) for name in _HASHED}
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _stored(event: Event, name: str):
    value = getattr(event, name)
    return json.dumps(value, ensure_ascii=False) if name == "data" else getattr(Event, name).db_value(value)


def verify_chain() -> tuple[int, Event | None]:
    """Walk the whole chain; gives the number of sound events and the first broken one, or None when all are sound."""
    previous, sound = GENESIS, 0
    for event in Event.select().order_by(Event.id).iterator():
        if event.previous != previous or event.hash != hash_of(event):
            return sound, event
        previous, sound = event.hash, sound + 1
    return sound, None


def tell(
    users: Iterable[int], text: str, *, kind: str, link: str = "", case: Case | None = None, dedupe: str | None = None
) -> None:
    """Put a message into the inbox of each user; with `dedupe` a second one of the same key is not written (R13.22)."""
    at, about = Message.at.db_value(clock.now()), case.id if case else None
    for user in dict.fromkeys(users):
        key = f"{dedupe}:{user}" if dedupe else None
        database.execute_sql(_TELL, (user, about, kind, text, link, at, key))


def users_at(office: int) -> list[int]:
    """The accounts that hold a seat at an office today."""
    rows = (
        Grant.select(Grant.user)
        .join(User, on=(Grant.user == User.id))
        .where(Grant.office == office, User.active, Grant.is_in_force(clock.today()))
    )
    return [user for (user,) in rows.tuples()]


def user_of(person: int | None) -> list[int]:
    """The account of a person, as a list that is empty while the person has none."""
    rows = database.execute_sql("SELECT user_id FROM person WHERE id = ? AND user_id IS NOT NULL", (person,))
    return [user for (user,) in rows.fetchall()]


def log_document(kind: str, subject: str, content: bytes, *, actor: Actor, number: str = "") -> DocumentLog:
    """Note that a document was made or exported, with the hash of its bytes (R12.07, R12.11)."""
    return DocumentLog.create(
        kind=kind,
        subject=subject,
        number=number,
        user=actor.user,
        name=actor.name,
        at=clock.now(),
        sha256=hashlib.sha256(content).hexdigest(),
        address=actor.address,
    )


def _plain(value):
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value
