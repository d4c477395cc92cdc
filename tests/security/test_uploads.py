"""Hostile files through the real web form, and the stored ones through every door that is not theirs."""

import io
from pathlib import Path

import pytest

from portal.models import FileVersion, HeldQualification
from portal.storage import SCAN
from tests.house.things import Things
from tests.house.walk import CRASH
from tests.storage import corpus
from tests.storage.cases import HOSTILE, NAMES

ROLE = "applicant:chengdu:draft"
CHOSEN = {
    "gif-named-jpg", "svg", "html-behind-jpeg-magic", "html-behind-pdf-header", "exe-named-pdf", "jpeg-named-exe",
    "zip-as-scan", "jpeg-truncated-95", "pdf-javascript-nested", "pdf-launch", "pdf-embedded-file", "pdf-password",
    "pdf-51-pages", "pdf-html-tail", "png-profile-200M", "jpeg-60k-60k", "heic-26-megapixels", "empty",
}  # fmt: skip
PLACES_TO_GUESS = [
    "", "/uploads", "/data", "/data/uploads", "/static", "/files", "/static/../data/uploads", "/applicant/files",
    "/static/%2e%2e/data/uploads", "/static/..%2fdata/uploads",
]  # fmt: skip
CASES = [case for case in HOSTILE if case.title in CHOSEN]


@pytest.fixture
def slot(ground):
    person = ground.world.people["chengdu"]["draft"]
    return f"qualification.{HeldQualification.get(HeldQualification.person == person.id).id}.scan"


def send(ground, content: bytes, name: str, slot: str, *, htmx: bool = False, **kw):
    case = ground.world.cases["chengdu"]["draft"].id
    data = {"slot": slot, "scan": (io.BytesIO(content), name)}
    return ground.visit(ROLE, "POST", f"/applicant/registrations/{case}/files", data, htmx=htmx,
                        content_type="multipart/form-data", **kw)  # fmt: skip


def stored(ground) -> set[str]:
    root = Path(ground.world.store.root)
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and "cache" not in p.parts}


def test_the_chosen_cases_exist():
    assert {case.title for case in CASES} == CHOSEN
    assert all(case.limits is SCAN for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_a_hostile_file_is_refused_in_words(case, htmx, ground, slot):
    """A sentence in Chinese beside the field, no row, and nothing left on the disk."""
    before = stored(ground)
    answer = send(ground, case.make(), case.filename, slot, htmx=htmx)
    assert answer.status == 422, f"{answer.status} {answer.text[:300]}"
    assert case.says in answer.text, case.says
    assert not answer.changed & {"file_version", "case", "registration"}
    assert stored(ground) == before
    assert corpus.MARK.decode() not in answer.text


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "\x00" not in name and "\r" not in name and "\udce4" not in name]
)
def test_a_hostile_name_is_only_a_name(name, ground, slot):
    """Whatever the name, the file lies under a random one in its folder, and the shown name is harmless."""
    from portal.database import database

    before = stored(ground)
    with database.atomic() as savepoint:
        answer = send(ground, corpus.pdf(), name or "x", slot, keep=True)
        newest = FileVersion.select().order_by(FileVersion.id.desc()).first()
        savepoint.rollback()
    ground._prints = None
    assert answer.status in (200, 303, 422), answer.text[:300]
    new = stored(ground) - before
    if answer.status == 422:
        assert not new
        return
    assert new == {newest.path} and newest.path.count("/") == 1 and newest.path.endswith(".pdf")
    assert not set('/\\<>:"|?*\r\n\x00') & set(newest.name)
    for path in new:
        (Path(ground.world.store.root) / path).unlink()


def test_an_honest_picture_is_kept_without_its_secrets(ground, slot):
    """Control: a picture is accepted; what is kept are its pixels, not its GPS position or a tail behind it."""
    from portal.database import database

    sent = corpus.jpeg(exif=corpus.exif_with_gps()) + corpus.MARK
    before = stored(ground)
    with database.atomic() as savepoint:
        answer = send(ground, sent, "证书.jpg", slot, keep=True)
        kept = ground.world.store.read(FileVersion.select().order_by(FileVersion.id.desc()).first().path)
        savepoint.rollback()
    ground._prints = None
    assert answer.status == 303
    assert kept != sent and corpus.MARK not in kept and b"GPS" not in kept and b"Exif" not in kept
    for path in stored(ground) - before:
        (Path(ground.world.store.root) / path).unlink()


def test_a_file_without_a_slot_of_ones_own_is_refused(ground):
    """The slot is part of the form: somebody else's, or an invented one, takes no file."""
    other = ground.world.people["mianyang"]["at_unit"]
    foreign = HeldQualification.get(HeldQualification.person == other.id).id
    for slot in (f"qualification.{foreign}.scan", "qualification.0.scan", "../../x", "", "stamped_form", "person.name",
                 "qualification.1'.scan", "work.99999.scan"):  # fmt: skip
        answer = send(ground, corpus.jpeg(), "a.jpg", slot)
        assert answer.status in (403, 404, 422), f"{slot}: {answer.status}"
        assert answer.status != CRASH and "file_version" not in answer.changed, slot


@pytest.mark.requirement("R13.08")
def test_a_stored_file_has_no_address_of_its_own(ground):
    """Guessing the stored file's place without a session, or with somebody else's, finds nothing."""
    things = Things(ground.world)
    id_ = things.own("file", "A")
    path = FileVersion.get_by_id(id_).path
    guesses = [f"{before}/{path}" for before in PLACES_TO_GUESS]
    guesses += ["/static//etc/passwd", "/static/%2e%2e/app.py", "/assets/../app.py", "/data/live/portal.sqlite3"]
    guesses += ["/portal.sqlite3", "/secret_key"]
    for role in ("anonymous", "applicant:mianyang:at_unit", "unit:mianyang", "technician"):
        for url in guesses:
            answer = ground.visit(role, "GET", url)
            assert answer.status in (303, 308, 400, 403, 404), f"{role} {url}: {answer.status}"
            assert b"\xff\xd8\xff" not in answer.content and b"SQLite" not in answer.content
        # The served address is checked against who asks.
        for url in (f"/applicant/files/{id_}", f"/applicant/files/{id_}/pages/1"):
            answer = ground.visit(role, "GET", url)
            assert answer.status in (303, 403, 404) and b"\xff\xd8" not in answer.content, f"{role} {url}"
    mine = ground.visit("applicant:chengdu:returned", "GET", f"/applicant/files/{id_}")
    assert mine.status == 200 and mine.content.startswith(b"\xff\xd8\xff")  # control: the owner reads it


def test_uploads_lie_outside_of_everything_that_is_served(ground):
    """The folder is private to the portal's own account, and no static path leads into it."""
    root = Path(ground.world.store.root)
    static = Path(ground.app.static_folder).resolve()
    assert static not in [root.resolve(), *root.resolve().parents] and root.resolve() not in static.parents
    assert root.stat().st_mode & 0o077 == 0
    one = next(p for p in root.rglob("*.jpg"))
    assert one.stat().st_mode & 0o077 == 0


def test_a_preview_of_a_page_that_is_not_there(ground):
    id_ = Things(ground.world).own("file", "A")
    for page in ("0", "2", "1001", "99999999999", "-1"):
        answer = ground.visit("applicant:chengdu:returned", "GET", f"/applicant/files/{id_}/pages/{page}?w=99999999")
        assert answer.status == 404, f"{page}: {answer.status} {answer.text[:200]}"
    for width in ("0", "-5", "99999999", "abc"):
        answer = ground.visit("applicant:chengdu:returned", "GET", f"/applicant/files/{id_}/pages/1?w={width}")
        assert answer.status == 200 and len(answer.content) < 5_000_000, width
