"""The papers of the card desk: the 汇总表 of a claim, the bundle of materials, the notices."""

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from portal.actions import card_claims, cards, sweeps
from portal.documents.tables import SUMMARY_COLUMNS, roster_pdf, roster_xlsx
from portal.models import Claim, DocumentLog
from portal.papers.card_claims import claim_table, print_claim_notice, print_void_notice
from portal.papers.claim_bundle import MISSING_LIST, pack_bundle
from portal.rules.errors import NotAllowed
from portal.rules.file_names import safe_name, unique_name
from portal.storage import Store
from tests.documents.paper import Paper
from tests.house.world import load_calendar
from tests.make_cards import fresh, make_desk, submit_for


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "uploads")


@pytest.fixture
def desk(db, at, store):
    load_calendar()
    at("2023-03-01 10:00")
    desk = make_desk(0)
    for _ in range(4):
        submit_for(desk, store)
    desk.cards = desk.release()
    return desk


def claim(desk, *some) -> Claim:
    return card_claims.claim_cards(
        [card.id for card in some], actor=desk.unit, receiver="李明", receiver_phone="13900000000"
    )


@pytest.mark.requirement("R10.09", "R6.11")
def test_the_table_lists_the_claimed_people_and_no_other(desk):
    made = claim(desk, *desk.cards[:3])
    roster = claim_table(made)
    sheet = openpyxl.load_workbook(io.BytesIO(roster_xlsx(roster))).active
    rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    head = next(number for number, row in enumerate(rows) if row[0] == "序号")
    assert [text.replace("\n", "") for text in rows[head]] == [text.replace("\n", "") for text in SUMMARY_COLUMNS]
    people = [row for row in rows[head + 1 :] if row[2]]
    assert [(row[2], row[4]) for row in people] == [(card.name, card.person.id_number) for card in desk.cards[:3]]
    assert people[0][1] == desk.organisation.name and "一级" in people[0][6] and people[0][7] == "汽车维修工"
    assert people[0][8] == desk.cards[0].person.phone
    assert len(rows) - head - 1 >= 7
    paper = Paper(roster_pdf(roster))
    assert paper.sizes[0][0] > paper.sizes[0][1]  # landscape
    assert all(paper.has(card.name) for card in desk.cards[:3]) and not paper.has(desk.cards[3].name)
    assert paper.has(f"填报单位：{desk.organisation.name}（盖章）") and paper.has("高级考评员")


@pytest.mark.requirement("R6.10")
def test_the_bundle_has_a_folder_for_each_person(desk, store):
    made = claim(desk, *desk.cards[:3])
    name, pieces = pack_bundle(made, actor=desk.unit, store=store)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert name == f"领取材料（{made.number}）.zip" and archive.testzip() is None
    folders: dict[str, list[str]] = {}
    for entry in archive.namelist():
        folder, _, file = entry.rpartition("/")
        folders.setdefault(folder, []).append(file)
    tables = folders.pop("")
    assert sorted(each.rpartition(".")[2] for each in tables) == ["pdf", "xlsx"]
    assert len(folders) == 3
    for folder, card in zip(sorted(folders), desk.cards, strict=False):
        assert card.name in folder and card.number in folder
        files = folders[folder]
        assert len(files) == len(set(files)) == 5  # two certificates with two scans each, and the form
        assert sum(file.startswith("盖章的申报表") for file in files) == 1
        form = f"{folder}/{next(file for file in files if file.startswith('盖章的申报表'))}"
        assert archive.read(form) == b"%PDF-1.4 stamped"
        assert archive.getinfo(form).external_attr >> 16 == 0o644
    assert DocumentLog.get(DocumentLog.kind == "claim_bundle").number == made.number


def test_what_is_missing_is_named_in_the_bundle(desk, store):
    from portal.models import FileVersion

    gone = FileVersion.get(FileVersion.slot == "stamped_form")
    (store.root / gone.path).unlink()
    plain = desk.issue()  # nothing was ever handed in through the portal
    desk.release(plain)
    made = claim(desk, desk.cards[0], fresh(plain))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pack_bundle(made, actor=desk.unit, store=store)[1])))
    said = archive.read(MISSING_LIST).decode("utf-8-sig").splitlines()
    assert len(said) == 2 and desk.cards[0].name in said[0] and plain.name in said[1]


def test_the_bundle_is_packed_while_it_is_sent(desk, store):
    """No piece holds more than a part of one file, however large it is."""
    from portal.models import FileVersion

    made, form = claim(desk, *desk.cards), FileVersion.get(FileVersion.slot == "stamped_form")
    (store.root / form.path).write_bytes(bytes(3_000_000))
    sizes = [len(piece) for piece in pack_bundle(made, actor=desk.unit, store=store)[1]]
    assert sum(sizes) > 3_000_000 and max(sizes) < 300_000


def test_names_of_files_are_harmless_and_unique():
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert safe_name("a:b\\c\n\u202ed.") == "a_b_c_d"
    assert safe_name("  . ") == "未命名" and len(safe_name("长" * 300).encode()) <= 180
    taken: set[str] = set()
    names = [unique_name(name, taken) for name in ("证书.jpg", "证书.JPG", "证书.jpg", "证书")]
    assert names == ["证书.jpg", "证书 2.JPG", "证书 3.jpg", "证书"]


@pytest.mark.requirement("R10.71")
def test_the_notices_show_the_last_day_and_the_day_of_the_voiding(desk, at):
    content, name = print_claim_notice(desk.organisation.id, date(2023, 3, 1), actor=desk.unit)
    paper = Paper(content)
    assert paper.has("2023年5月26日") and paper.has("60个工作日") and name.endswith(".pdf")
    assert all(paper.has(card.number) for card in desk.cards) and paper.has("永久取消其申报资格")
    assert print_claim_notice(desk.organisation.id, date(2023, 3, 2), actor=desk.unit) is None
    claim(desk, *desk.cards[1:])
    at("2023-05-26 23:59")
    with pytest.raises(NotAllowed):
        print_void_notice(fresh(desk.cards[0]), actor=desk.unit)
    at("2023-05-27 00:00")
    sweeps.run_sweeps()
    paper = Paper(print_void_notice(fresh(desk.cards[0]), actor=desk.unit)[0])
    assert paper.has("自2023年5月27日起作废") and paper.has("领取截止日2023年5月26日未领取")
    assert paper.has(desk.cards[0].number) and paper.has(desk.cards[0].name)
    assert DocumentLog.select().where(DocumentLog.kind == "void_notice").count() == 1
    card = cards.restore_card(fresh(desk.cards[0]), actor=desk.issuer, reason="误作废")
    assert Paper(print_claim_notice(desk.organisation.id, date(2023, 5, 27), actor=desk.unit)[0]).has(card.number)


def test_a_calendar_that_is_not_published_yet_says_so(desk, at):
    at("2030-03-01 10:00")
    card = desk.release(desk.issue())[0]
    content, _ = print_claim_notice(desk.organisation.id, card.released_on, actor=desk.unit)
    assert Paper(content).has("暂按未公布节假日计算")
