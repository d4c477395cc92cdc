"""The materials of a claim as one ZIP: a folder for each person, packed while it is sent."""

import zipfile
from collections.abc import Iterator

from portal import clock
from portal.actions.events import log_document
from portal.actions.registration_copy import STAMPED_FORM
from portal.documents.glyphs import MissingGlyph
from portal.documents.tables import roster_pdf, roster_xlsx
from portal.models import Claim, Credential, FileVersion, Submission
from portal.papers.card_claims import cards_of, claim_table
from portal.rules.file_names import safe_name, unique_name
from portal.rules.workflow import Actor
from portal.storage import Store

MISSING_LIST = "缺少的材料.txt"
_CHUNK = 256 * 1024


def pack_bundle(claim: Claim, *, actor: Actor, store: Store) -> tuple[str, Iterator[bytes]]:
    """The ZIP of a claim as (file name, its bytes in pieces): the table, and one folder per person with the scans of
    the certificates and the stamped form (R6.10).

    Files are read while they are sent, so that memory stays flat. What is not there is named in a list inside.
    """
    cards, files, missing = cards_of(claim), [], []
    for place, card in enumerate(cards, 1):
        folder = safe_name(f"{place:03d} {card.name} {card.number}")
        found = list(_materials(card))
        if not found:
            missing.append(f"{card.name}（{card.number}）：系统中没有证书材料和盖章的申报表。")
        names: set[str] = set()
        for label, version in found:
            if not _is_there(store, version):
                missing.append(f"{card.name}（{card.number}）：{label}的文件缺失。")
                continue
            name = unique_name(f"{label}.{version.path.rpartition('.')[2]}", names)
            files.append((f"{folder}/{name}", version))
    tables, roster = {}, claim_table(claim)
    tables[safe_name(roster.file_name("xlsx"))] = roster_xlsx(roster)
    try:
        tables[safe_name(roster.file_name("pdf"))] = roster_pdf(roster)
    except MissingGlyph as fault:
        missing.append(f"汇总表没有生成PDF：{fault.message}")
    if missing:
        tables[MISSING_LIST] = "\r\n".join(missing).encode("utf-8-sig")
    listed = "\n".join([*tables, *(f"{name} {version.sha256}" for name, version in files)])
    log_document("claim_bundle", f"claim:{claim.id}", listed.encode(), actor=actor, number=claim.number)
    return safe_name(f"领取材料（{claim.number}）") + ".zip", _stream(tables, files, store)


def _materials(card: Credential) -> Iterator[tuple[str, FileVersion]]:
    """Labelled files of the frozen submission: each certificate's scans, and the stamped form."""
    registration = card.registration
    if registration is None:
        return
    submission = (
        Submission.select().where(Submission.case == registration.case_id).order_by(Submission.number.desc()).first()
    )
    files, held = (submission.files, submission.data["qualifications"]) if submission else ({}, [])
    wanted = []
    for row in held:
        label = f"{row['kind']} {row['occupation']['label']} {row['level']}".strip()
        wanted += [(label, id_) for id_ in files.get(f"qualification.{row['id']}.scan", [])]
    # A stamped form that was allowed to come later stands with the registration (R3.37).
    stamped = [registration.stamped_form_id] if registration.stamped_form_id else files.get(STAMPED_FORM, [])
    wanted += [("盖章的申报表", id_) for id_ in stamped]
    versions = {row.id: row for row in FileVersion.select().where(FileVersion.id.in_([id_ for _, id_ in wanted]))}
    yield from ((label, versions[id_]) for label, id_ in wanted if id_ in versions)


def _is_there(store: Store, version: FileVersion) -> bool:
    try:
        store.open(version.path).close()
    except FileNotFoundError:
        return False
    return True


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, clock.now().timetuple()[:6])
    entry.external_attr = 0o644 << 16  # without it the files unpack unreadable on Unix
    return entry


class _Outlet:
    """What zipfile writes into: pieces wait here until they are sent."""

    def __init__(self):
        self._pieces: list[bytes] = []
        self._place = 0

    def write(self, piece) -> int:
        self._pieces.append(bytes(piece))
        self._place += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        """Nothing to do: whoever sends takes."""

    def take(self) -> bytes:
        piece, self._pieces = b"".join(self._pieces), []
        return piece


def _stream(tables: dict[str, bytes], files: list[tuple[str, FileVersion]], store: Store) -> Iterator[bytes]:
    outlet = _Outlet()
    # Scans are compressed already; the archive is only a wrapping.
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for name, content in tables.items():
            archive.writestr(_entry(name), content)
            yield outlet.take()
        for name, version in files:
            with store.open(version.path) as source, archive.open(_entry(name), "w") as target:
                while piece := source.read(_CHUNK):
                    target.write(piece)
                    yield outlet.take()
    yield outlet.take()
