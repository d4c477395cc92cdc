"""What leaves as paper or table: no address in a text is fetched, no file is read, no cell calculates."""

import io
import re
import socket
import threading

import openpyxl
import pikepdf
import pytest

from portal.database import database
from portal.models import Case, HeldQualification, Notice, Person, Registration, Submission
from tests.house.walk import CRASH
from tests.pages import form_values, parse

FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "＝1+1", '=HYPERLINK("http://x","y")']


@pytest.fixture
def canary():
    """A port on this machine that counts who knocks."""
    listener, knocks = socket.create_server(("127.0.0.1", 0)), []
    listener.settimeout(0.2)
    stop = threading.Event()

    def listen():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            knocks.append(connection.recv(200))
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", knocks
    stop.set()
    thread.join()
    listener.close()


def test_a_notice_fetches_nothing(ground, canary):
    """Addresses typed into every text field of the notice form end up as text in the PDF, and nobody knocks."""
    address, knocks = canary
    role, notice = "province:sichuan", ground.world.notices["sichuan:draft"].id
    hostile = (
        f'<img src="{address}/img"><link rel="stylesheet" href="{address}/css"><style>@import "{address}/at";</style>'
        f'<link rel=attachment href="file:///etc/hostname"><object data="file:///etc/passwd"></object>'
        f'<svg><image href="{address}/svg"/></svg><iframe src="{address}/frame"></iframe>url({address}/u)'
    )
    with database.atomic() as savepoint:
        page = ground.visit(role, "GET", f"/province/notices/{notice}/edit")
        form = next(f for f in parse(page.text).iter("form") if f.get("id") == "notice-form")
        data = form_values(form) | {"csrf_token": ground.csrf, "then": "page"}
        for name in ("title", "body", "purpose", "announcement", "signature", "printed_by", "copy_to", "addressees"):
            data[name] = hostile[: 110 if name != "body" else None]
        saved = ground.visit(role, "POST", f"/province/notices/{notice}/edit", data, keep=True)
        stored = Notice.get_by_id(notice)
        paper = ground.visit(role, "GET", f"/province/notices/{notice}/pdf")
        savepoint.rollback()
    ground._prints = None
    assert saved.status == 303, saved.text[-2000:]
    assert address in stored.body, "control: the text was stored"
    assert paper.status == 200 and paper.content.startswith(b"%PDF")
    assert not knocks, knocks
    with pikepdf.open(io.BytesIO(paper.content)) as pdf:
        names = pdf.Root.get("/Names", {})
        assert "/EmbeddedFiles" not in names and "/AF" not in pdf.Root
        everything = b"".join(bytes(o.read_bytes()) for o in pdf.objects if isinstance(o, pikepdf.Stream))
    for secret in (socket.gethostname().encode() + b"\n", b"root:x:0:0"):
        assert secret not in everything and secret not in paper.content


def test_no_exported_cell_calculates(ground):
    """Every table that reviewers download: formulas typed by applicants are text, numbers keep their digits."""
    with database.atomic() as savepoint:
        for turn, person in enumerate(Person.select()):
            text = FORMULAS[turn % len(FORMULAS)]
            Person.update(name=text, position=text, address=text, phone=text, employer_name=text).where(
                Person.id == person.id
            ).execute()
        for turn, case in enumerate(Case.select()):
            Case.update(title=FORMULAS[turn % len(FORMULAS)]).where(Case.id == case.id).execute()
        Registration.update(employer_name=FORMULAS[1]).execute()
        HeldQualification.update(number=FORMULAS[0], issuer=FORMULAS[1], occupation_name=FORMULAS[2]).execute()
        for row in Submission.select():
            if "person" not in row.data:  # a statement's submission
                continue
            row.data["person"] |= dict.fromkeys(("name", "position", "address", "phone", "employer"), FORMULAS[0])
            row.save()
        tables = read_tables(ground)
        savepoint.rollback()
    ground._prints = None
    assert len(tables) >= 4
    texts = set()
    for url, book in tables.items():
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", f"{url} {cell.coordinate}: {cell.value}"
                    texts.add(str(cell.value))
                    if str(cell.value)[:1] in "=+-@＝\t" and len(str(cell.value)) > 1:
                        assert cell.quotePrefix, f"{url} {cell.coordinate}: runs when it is edited"
                    if isinstance(cell.value, int | float):
                        assert cell.value < 10**9, f"{url} {cell.coordinate}: a long number as a number"
    typed = [text for text in texts if re.search(r"1\+1|cmd\||HYPERLINK", text)]
    assert typed, "control: the typed formulas are in the tables, as text"


def read_tables(ground) -> dict:
    """The workbooks of every door that gives some."""
    plan = ground.world.plans["sichuan"]["published"].id
    sent = ground.world.notices["sichuan:sent"].id
    wanted = [("unit:chengdu", "/unit/cases/export"), ("city:chengdu", "/city/cases/export"),
              ("province:sichuan", "/province/cases/export"), ("unit:chengdu", f"/unit/tables/{plan}/table.xlsx"),
              ("unit:chengdu", f"/unit/notices/{sent}/tables/all.xlsx")]  # fmt: skip
    found = {}
    for role, url in wanted:
        answer = ground.visit(role, "GET", url)
        assert answer.status != CRASH, f"{url}: {answer.text}"
        if answer.status == 200 and answer.content.startswith(b"PK"):
            found[url] = openpyxl.load_workbook(io.BytesIO(answer.content))
    return found
