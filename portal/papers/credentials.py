"""Certificates and cards on paper: drawn once from the frozen fields, kept, and handed out ever after as they are."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.actions import issuing
from portal.actions.credential_files import keep_rendered
from portal.actions.events import log_document
from portal.actions.sealing import is_sealed
from portal.documents import credential as documents
from portal.documents.render import FontBatch, find_unprintable
from portal.models import Credential
from portal.rules import credential as rules
from portal.rules.errors import Invalid, NotAllowed, Refusal
from portal.rules.flows.credential import State
from portal.rules.workflow import SYSTEM, Actor, Seat
from portal.storage import Kept, Store

LOG_KIND = "credential"
# Sheets of one file to print: a hundred cards on twenty sheets, so that the printer's paper and memory suffice.
CARDS_A_FILE = 20 * documents.CARDS_A_SHEET
# From so many documents on, cutting fonts for them takes less time than it saves.
WORTH_A_FONT = 20
_OVER = {State.REVOKED, State.REPLACED, State.VOID_UNCLAIMED}

# Who cannot be printed is not issued to: the look at the fonts hangs in where actions, which know no documents, ask.
if find_unprintable not in issuing.UNPRINTABLE:
    issuing.UNPRINTABLE.append(find_unprintable)

_uploads: Store | None = None
_issued: Store | None = None


@dataclass(frozen=True)
class Drawn:
    """A credential's bytes safely on disk, not yet entered; or why it could not be drawn."""

    credential: int
    kept: Kept | None
    reason: str = ""


def use_stores(uploads: Path, issued: Path) -> None:
    """Where portraits lie and where issued documents are kept; once at start-up."""
    global _uploads, _issued
    _uploads, _issued = Store(uploads), Store(issued)


def stores() -> tuple[Store, Store]:
    """The stores of portraits and of issued documents in use."""
    if _uploads is None or _issued is None:
        raise RuntimeError("use_stores() comes first")
    return _uploads, _issued


def print_credential(credential: Credential, *, actor: Actor) -> tuple[bytes, str]:
    """The document as (PDF, file name): the same bytes every time, whatever has changed since (R10.76, R10.77).

    Drawn now if the job has not come to it yet. The holder gets an electronic certificate that stands; a card comes on
    paper through the unit, so only the issuing side prints it. Each call is logged with user, time and address (R6.33).
    Raises NotAllowed, also for a row that has been tampered with; MissingGlyph; Invalid without a portrait.
    """
    credential = Credential.get_by_id(credential.id)
    check_may_print(credential, actor)
    if credential.file_id is None:
        drawn = draw(credential)
        if drawn.kept is None:
            raise Invalid("credential", drawn.reason)
        keep_rendered(credential.id, drawn.kept, actor=actor)
        credential = Credential.get_by_id(credential.id)
    try:
        content = stores()[1].read(credential.file.path)
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != credential.file.sha256:
        raise NotAllowed("证书文件缺失或已被改动，已停止打印，请联系技术人员核查。")
    log_document(LOG_KIND, f"credential:{credential.id}", content, actor=actor, number=credential.number)
    return content, credential.file.name


def check_may_print(credential: Credential, actor: Actor) -> None:
    """Raises NotAllowed unless this is the holder's own standing certificate, or the issuing side asks (R6.02)."""
    if not is_sealed(credential):
        raise NotAllowed("这张证书（证卡）的数据与签发时不一致，已停止打印，请联系技术人员核查。")
    if actor.seat == Seat.APPLICANT and actor.person == credential.person_id:
        if credential.kind == rules.CARD:
            raise NotAllowed("资格证卡由单位统一领取，不提供下载。")
        if credential.state_now in _OVER:
            raise NotAllowed("这份证书已撤销或已换证，不能下载。")
        return
    if actor.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT) and actor.province == credential.province:
        return
    if actor != SYSTEM:
        raise NotAllowed("只能下载本人的证书。")


def prepare_fonts(ids: list[int]) -> FontBatch | None:
    """Small fonts for drawing many credentials of one kind; None for a few, or where a font cannot be cut."""
    if len(ids) < WORTH_A_FONT:
        return None
    parts = [ids[start : start + 1000] for start in range(0, len(ids), 1000)]
    rows = (row for part in parts for row in Credential.select(Credential.printed).where(Credential.id.in_(part)))
    return documents.prepare_fonts(Credential.get_by_id(ids[0]).kind, (row.printed for row in rows))


def draw(credential: Credential, *, batch: FontBatch | None = None) -> Drawn:
    """Draw the document from the frozen fields and put the bytes onto the disk; whoever enters them first wins.

    Takes its time and writes no row: call it outside of transactions.
    """
    uploads, issued = stores()
    make = documents.card_pdf if credential.kind == rules.CARD else documents.certificate_pdf
    if credential.imported:
        return Drawn(credential.id, None, "由原系统转入，没有可打印的文件。")
    if credential.portrait_id is None:
        return Drawn(credential.id, None, "缺少照片。")
    try:
        portrait = uploads.read(credential.portrait.path)
    except FileNotFoundError:
        return Drawn(credential.id, None, "照片文件缺失，请联系技术人员。")
    if hashlib.sha256(portrait).hexdigest() != credential.portrait.sha256:
        return Drawn(credential.id, None, "照片文件已损坏或被改动，请联系技术人员。")
    try:
        content = make(credential.printed, portrait, batch=batch)
    except Refusal as refusal:
        return Drawn(credential.id, None, refusal.message)
    pages = 2 if credential.kind == rules.CARD else 1
    kept = issued.keep_issued(content, f"{credential.name}-{credential.number}.pdf", pages=pages)
    return Drawn(credential.id, kept)


def print_sheets(credentials: Iterable[Credential], *, actor: Actor) -> bytes:
    """Cards laid out on A4 sheets for printing, from the kept bytes; each is logged, missing ones are drawn now.

    What was revoked, corrected, renewed or voided since is left out: nobody shall hand it out by mistake. Raises
    NotAllowed when nothing is left, Invalid when one cannot be drawn, naming it.
    """
    pages = []
    for credential in credentials:
        if credential.state_now in _OVER:
            continue
        try:
            pages.append(print_credential(credential, actor=actor)[0])
        except Invalid as refusal:
            raise Invalid("credential", f"{credential.name} {credential.number}：{refusal.message}") from refusal
    if not pages:
        raise NotAllowed("这些证卡已撤销、换证或作废，没有可以打印的。")
    return documents.lay_out_sheets(pages)


def write_archive(credentials: Iterable[Credential], target, *, actor: Actor) -> int:
    """All documents as one ZIP, written into the open binary file `target` one at a time; each is logged.

    Gives how many; one that cannot be drawn is left out and named in 未生成.txt.
    """
    count, missing = 0, []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for credential in credentials:
            try:
                content, name = print_credential(credential, actor=actor)
            except Refusal as refusal:
                missing.append(f"{credential.name} {credential.number}：{refusal.message}")
                continue
            archive.writestr(name, content)
            count += 1
        if missing:
            archive.writestr("未生成.txt", "\r\n".join(missing).encode("utf-8-sig"))
    return count


def split_parts(total: int) -> Iterator[tuple[int, int]]:
    """The files in which so many cards are printed: (first, last), counted from 1."""
    for start in range(0, total, CARDS_A_FILE):
        yield start + 1, min(start + CARDS_A_FILE, total)
