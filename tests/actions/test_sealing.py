"""The seal over credentials: what it covers, what it lets pass, and the command that proves all of them."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from portal.actions import backups, sealing
from portal.actions.sealing import find_broken, is_sealed, seal
from portal.database import database
from portal.models import Credential, Event, FileVersion
from portal.papers import credentials as papers
from portal.rules.workflow import SYSTEM
from tests import make
from tests.make_credentials import issuer_of, make_credential, with_photo


@pytest.fixture(autouse=True)
def _day(at):
    at("2023-03-01 10:00")


# A changed value for every column; those that may change in the credential's life stay out of the seal.
CHANGES = {
    "number": "川考评2202399999", "kind": "e_certificate", "province": "anhui", "grade": "examiner",
    "occupation_name": "焊工", "levels": "5", "name": "王冒名", "issued_on": date(2024, 1, 1), "token": "other",
    "valid_to": date(2099, 1, 1), "imported": True, "succession": "renewal",
}  # fmt: skip
LIVES = {
    "state", "version", "released_on", "claim_due", "claim", "ended_at", "reason", "file", "live_key", "created_at",
    # People and units may be merged, and what is printed of them is sealed as text.
    "person", "registration", "plan", "organisation", "occupation", "id", "mac",
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_column_breaks_the_seal(db, column):
    card = make_credential()
    assert is_sealed(Credential.get_by_id(card.id))
    Credential.update(**{column: CHANGES[column]}).where(Credential.id == card.id).execute()
    assert not is_sealed(Credential.get_by_id(card.id))


def test_every_column_is_sealed_or_known_to_live():
    assert set(CHANGES) | LIVES | {"printed", "portrait", "replaces"} == set(Credential._meta.fields)


def test_each_printed_field_is_sealed(db):
    card = make_credential()
    for field in card.printed:
        row = Credential.get_by_id(card.id)
        row.printed = {**card.printed, field: card.printed[field] + "改"}
        assert not is_sealed(row), field
    row = Credential.get_by_id(card.id)
    row.printed = {**card.printed, "extra": "x"}
    assert not is_sealed(row)


def test_the_portraits_content_and_the_predecessor_are_sealed(db):
    card, other = make_credential(), make_credential()
    FileVersion.update(sha256="0" * 64).where(FileVersion.id == card.portrait_id).execute()
    assert not is_sealed(Credential.get_by_id(card.id))
    Credential.update(replaces=card.id).where(Credential.id == other.id).execute()
    assert not is_sealed(Credential.get_by_id(other.id))


def test_what_happens_to_a_credential_in_its_life_leaves_the_seal(db):
    card = make_credential()
    Credential.update(
        state="valid", version=9, claim_due=date(2023, 5, 1), released_on=date(2023, 3, 2), reason="x",
        person=make.make_person().id, live_key=None,
    ).where(Credential.id == card.id).execute()  # fmt: skip
    assert is_sealed(Credential.get_by_id(card.id))


def test_another_secret_gives_another_seal_and_the_bare_secret_none(db):
    card, was = make_credential(), sealing._key
    try:
        sealing.use_secret("6" * 64)
        assert not is_sealed(card)
        sealing.use_secret("5" * 64)
        assert is_sealed(card)
        assert sealing._key not in (b"5" * 64, bytes.fromhex("5" * 64))  # the secret that signs sessions seals nothing
        sealing.use_secret("")
        with pytest.raises(RuntimeError):
            seal(card)
    finally:
        sealing._key = was


def test_control_a_mac_over_the_number_alone_would_miss_it(db):
    card = make_credential()
    Credential.update(valid_to=card.valid_to + timedelta(days=365)).where(Credential.id == card.id).execute()
    row = Credential.get_by_id(card.id)
    assert row.number == card.number and row.mac == card.mac  # a comparison of these would say nothing is wrong
    assert not is_sealed(row)


def _print(app, province: str = make.SICHUAN) -> Credential:
    card = with_photo(make_credential(province), app)
    papers.print_credential(card, actor=issuer_of(province))
    return Credential.get_by_id(card.id)


def _verify(app):
    return app.test_cli_runner().invoke(args=["audit", "verify"])


def test_audit_verify_proves_seals_and_files(app):
    _print(app)
    result = _verify(app)
    assert result.exit_code == 0, result.output
    assert "证书（证卡）完好：共1张" in result.output


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["row", "state", "file", "portrait", "lost", "exchanged", "deleted"])
def test_audit_verify_names_what_was_changed(app, damage):
    card, other = _print(app), _print(app)
    settings = app.config["PORTAL"]
    place = settings.issued / card.file.path
    if damage == "row":
        Credential.update(printed={**card.printed, "levels": "一级"}).where(Credential.id == card.id).execute()
    elif damage == "state":  # a revoked one made valid behind the portal's back
        Credential.update(state="valid").where(Credential.id == card.id).execute()
    elif damage == "deleted":
        Credential.delete().where(Credential.id == card.id).execute()
    elif damage == "file":
        _flip(place)
    elif damage == "portrait":
        _flip(settings.uploads / card.portrait.path)
    elif damage == "lost":
        place.unlink()
    else:  # a cleverer one: bytes and row both exchanged
        place.write_bytes(b"%PDF-1.7 forged")
        FileVersion.update(sha256=_sha256(place)).where(FileVersion.id == card.file_id).execute()
    result = _verify(app)
    assert result.exit_code == 1
    assert card.number in result.output and other.number not in result.output
    if damage == "exchanged":  # control: the hash beside the bytes alone would have been satisfied
        version = FileVersion.get_by_id(card.file_id)
        assert papers.stores()[1].verify(version.path, version.sha256)
        assert "首次生成" in result.output


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_changed_row_is_not_printed(app):
    from portal.rules.errors import NotAllowed

    card = _print(app)
    Credential.update(name="王冒名").where(Credential.id == card.id).execute()
    with pytest.raises(NotAllowed, match="与签发时不一致"):
        papers.print_credential(card, actor=issuer_of("sichuan"))


@pytest.mark.parametrize("damage", ["flipped", "lost"])
def test_bytes_that_are_not_the_first_ones_are_never_handed_out(app, damage):
    from portal.rules.errors import NotAllowed

    card = _print(app)
    place = app.config["PORTAL"].issued / card.file.path
    _flip(place) if damage == "flipped" else place.unlink()
    with pytest.raises(NotAllowed, match="已停止打印"):
        papers.print_credential(card, actor=issuer_of("sichuan"))


def test_a_changed_portrait_is_not_drawn_and_holds_up_nobody(app):
    card, other = with_photo(make_credential(), app), with_photo(make_credential(), app, 2)
    place = app.config["PORTAL"].uploads / card.portrait.path
    place.write_bytes(b"no picture at all")
    drawn = [papers.draw(each) for each in (card, other)]
    assert drawn[0].kept is None and "改动" in drawn[0].reason and drawn[1].kept is not None


def test_sheets_leave_out_what_was_revoked_since(app, monkeypatch):
    from portal.actions.cards import revoke_credential
    from portal.rules.errors import NotAllowed

    issuer, cards = issuer_of("sichuan"), [_print(app), _print(app)]
    revoke_credential(cards[0], actor=issuer, reason="误发")
    laid_out = []
    monkeypatch.setattr(papers.documents, "lay_out_sheets", lambda pages: laid_out.extend(pages) or b"%PDF")
    cards = [Credential.get_by_id(card.id) for card in cards]
    papers.print_sheets(cards, actor=issuer)
    assert laid_out == [papers.print_credential(cards[1], actor=issuer)[0]]
    with pytest.raises(NotAllowed, match="没有可以打印"):
        papers.print_sheets(cards[:1], actor=issuer)


def test_the_first_hash_is_the_first_renderings(app):
    card = _print(app)
    event = Event.get(Event.subject == f"credential:{card.id}", Event.action == "render")
    assert event.data["sha256"] == card.file.sha256 == sealing.first_hash(card)
    assert list(find_broken(*papers.stores())) == []


def test_seals_survive_backup_and_restore(_schema, tmp_path, monkeypatch):
    """The key travels with the backup: in another folder, with another start, everything still proves."""
    from app import create_app
    from portal.database import migrate, use
    from portal.settings import Settings

    was = database.database
    try:
        settings = Settings(data=tmp_path / "one" / "data").prepare()
        use(settings.database)
        database.connect(reuse_if_open=True)
        migrate()
        app = create_app(settings)
        make.reset()
        card = _print(app)
        first, _ = papers.print_credential(card, actor=SYSTEM)
        assert not database.in_transaction()
        made = backups.make_backup(settings, tmp_path / "b.tar", actor=SYSTEM)
        database.close()
        elsewhere = Settings(data=tmp_path / "two" / "data")
        elsewhere.data.mkdir(parents=True)
        backups.restore_backup(elsewhere, made.file)
        again = create_app(elsewhere.prepare())
        result = _verify(again)
        assert result.exit_code == 0, result.output
        database.connect(reuse_if_open=True)
        assert Path(database.database).is_relative_to(elsewhere.data)
        assert papers.print_credential(card, actor=SYSTEM)[0] == first  # byte for byte, from the restored store
        Credential.update(valid_to=date(2099, 1, 1)).execute()
        result = _verify(again)
        assert result.exit_code == 1 and card.number in result.output
    finally:
        database.close()
        use(was)
        database.connect(reuse_if_open=True)
        migrate()
