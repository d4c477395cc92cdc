"""The keyed seal over a credential: whoever changes a printed field, its validity or its portrait breaks it."""

import hashlib
import hmac
import json
from collections.abc import Iterator

from portal.models import Credential, Event, FileVersion
from portal.rules.flows.credential import Action

RENDERED = "render"  # the event that carries the hash of a credential's first bytes
# Purpose and version are part of the derivation: the same secret also signs sessions, and must not be usable for both.
_PURPOSE = b"skills-evaluation-portal/credential-seal/1"
_SEALED = (
    "number", "kind", "province", "grade", "occupation_name", "levels", "name", "token", "succession", "imported",
)  # fmt: skip
_key = b""


def use_secret(secret: str) -> None:
    """Derive the sealing key from the instance's secret (its key file travels with every backup); once at start-up."""
    global _key
    extracted = hmac.new(b"\x00" * 32, secret.encode(), hashlib.sha256).digest()
    _key = hmac.new(extracted, _PURPOSE + b"\x01", hashlib.sha256).digest() if secret else b""


def seal(credential: Credential) -> str:
    """The MAC (HMAC-SHA256, hexadecimal) over everything of this credential that never changes.

    RuntimeError while no secret is in use, which a started portal always has.
    """
    if not _key:
        raise RuntimeError("no secret to seal with: sealing.use_secret() comes first")
    values = {name: getattr(credential, name) for name in _SEALED}
    values["issued_on"] = credential.issued_on.isoformat()
    values["valid_to"] = credential.valid_to.isoformat() if credential.valid_to else None
    values["printed"] = credential.printed
    values["portrait"] = credential.portrait.sha256 if credential.portrait_id else None
    values["replaces"] = credential.replaces.number if credential.replaces_id else None
    content = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return hmac.new(_key, content, hashlib.sha256).hexdigest()


def is_sealed(credential: Credential) -> bool:
    """Whether the stored MAC is the one that this row must have; every verification asks this."""
    return hmac.compare_digest(credential.mac.encode(), seal(credential).encode())


def find_broken(uploads, issued) -> Iterator[tuple[Credential, str]]:
    """Every credential that does not stand the test, with what is wrong in Chinese; reads all rows and all files.

    `uploads` and `issued` are the stores of portraits and of rendered files (`verify(path, sha256)`). The state, which
    no seal can cover since it changes, has to be the one that the chained record tells.
    """
    for credential in Credential.select().order_by(Credential.id).iterator():
        if not is_sealed(credential):
            yield credential, "内容与签发时的校验码不符"
        if credential.state != recorded_state(credential):
            yield credential, "状态与操作记录不符"
        if credential.portrait_id and not _stands(uploads, credential.portrait):
            yield credential, "照片文件缺失或已被改动"
        if credential.file_id:
            if not _stands(issued, credential.file):
                yield credential, "证书文件缺失或已被改动"
            elif first_hash(credential) != credential.file.sha256:
                yield credential, "证书文件与首次生成时的记录不符"


def find_lost() -> list[str]:
    """The numbers that the chained record says were issued and that no credential carries any more."""
    issued = Event.select(Event.subject, Event.data).where(Event.action == Action.ISSUE)
    there = {id_ for (id_,) in Credential.select(Credential.id).tuples()}
    return [
        event.data.get("number", event.subject)
        for event in issued.order_by(Event.id).iterator()
        if event.subject.startswith("credential:") and int(event.subject.partition(":")[2]) not in there
    ]


def recorded_state(credential: Credential) -> str | None:
    """The state that the last move in the chained record left; None when nothing is recorded."""
    event = (
        Event.select(Event.after)
        .where(Event.subject == f"credential:{credential.id}", Event.after != "")
        .order_by(Event.id.desc())
        .first()
    )
    return event.after if event else None


def first_hash(credential: Credential) -> str | None:
    """SHA-256 of the bytes that were rendered first, from the chained record; None when nothing was."""
    event = (
        Event.select(Event.data)
        .where(Event.subject == f"credential:{credential.id}", Event.action == RENDERED)
        .order_by(Event.id)
        .first()
    )
    return event.data.get("sha256") if event else None


def _stands(store, version: FileVersion) -> bool:
    return store.verify(version.path, version.sha256)
