"""Papers made twice are the same and logged twice; dates stand as the notices print them, in data as ISO days."""

import hashlib
import io
from datetime import date

import openpyxl
import pypdfium2
import pytest

from portal.actions import notices
from portal.models import Correction, DocumentLog, Notice, Submission
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import Scene, picture, scene
from tests.web.desks import browser, fresh

ITEMS = ({"key": "person.phone", "label": "联系电话", "note": ""},)


def text_of(content: bytes) -> str:
    pages = pypdfium2.PdfDocument(content)
    return "".join(page.get_textpage().get_text_range() for page in pages).replace("\r", "").replace("\n", "")


@pytest.fixture
def s(db, at) -> Scene:
    """A class with a person and a unit, on the day of its notice."""
    at("2022-12-08 09:00")
    return scene(plan={"review_by": {"U": "2022-12-14"}})


@pytest.fixture
def notice(s) -> Notice:
    """The published notice of a class, signed on 8 December 2022, which the unit has received."""
    centre = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    plan = make.make_plan(opens_on=date(2022, 12, 9), closes_on=date(2022, 12, 13))
    draft = notices.create_notice(actor=centre, plan=plan)
    Notice.update(signed_on=date(2022, 12, 8)).where(Notice.id == draft.id).execute()
    return notices.publish_notice(draft, actor=centre, seen=draft.version)


def make_twice(at, enter, method: str, url: str, subject: str, who: str) -> bytes:
    """Make one paper on two days: the same bytes, and two rows that say what, who, when and which."""
    before, made = DocumentLog.select().count(), []
    moments = [at("2022-12-14 10:00"), at("2022-12-15 16:30")]
    for moment in moments:
        at(moment.isoformat())
        browser = enter()  # a login does not last until the next day
        answer = browser.get(url) if method == "GET" else browser.post(url)
        assert answer.status_code == 200 and answer.mimetype == "application/pdf", url
        made.append(answer.data)
    rows = list(DocumentLog.select().order_by(DocumentLog.id).offset(before))
    assert len(rows) == 2 and [row.at for row in rows] == moments
    for row, content in zip(rows, made, strict=True):
        assert (row.subject, row.name, row.sha256) == (subject, who, hashlib.sha256(content).hexdigest())
        assert row.user_id is not None
    assert rows[0].sha256 == rows[1].sha256 and made[0] == made[1], url
    return made[0]


@pytest.mark.requirement("R12.07")
def test_the_same_paper_made_twice_has_two_log_rows_with_equal_hashes(app, client, page, at, s, notice):
    own = client.sign_in(make.grant_of(s.person))
    own.page("/applicant/profile").press("profile-form", portrait=(io.BytesIO(picture()), "照片.jpg"))
    at("2022-12-10 09:00")
    case = s.submitted()
    subject = f"case:{case.id}"
    url = f"/applicant/registrations/{case.id}/print"
    make_twice(at, lambda: client.sign_in(make.grant_of(s.person)), "POST", url, subject, s.person.name)
    at("2022-12-12 09:00")
    s.decide(case, "return", "U", items=ITEMS, note="空号")
    me = s.reviewers["U"].name

    def unit():
        return browser(app, s.reviewers["U"])

    correction = Correction.get(Correction.case == case.id)
    make_twice(at, unit, "GET", f"/unit/cases/{case.id}/corrections/{correction.id}", subject, me)
    at("2022-12-12 10:00")
    rejected = scene()
    other = rejected.decide(rejected.submitted(), "reject", "U", note="不符合申报条件")
    url, name = f"/unit/cases/{other.id}/decision-notice", rejected.reviewers["U"].name
    make_twice(at, lambda: browser(app, rejected.reviewers["U"]), "GET", url, f"case:{other.id}", name)
    make_twice(at, unit, "GET", f"/unit/notices/{notice.id}/pdf", f"notice:{notice.id}", me)
    # The control: a changed content has another hash.
    before = DocumentLog.select().where(DocumentLog.subject == f"notice:{notice.id}").get().sha256
    Notice.update(title="另一个标题").where(Notice.id == notice.id).execute()
    unit().get(f"/unit/notices/{notice.id}/pdf")
    assert DocumentLog.select().order_by(DocumentLog.id.desc()).get().sha256 != before


@pytest.mark.requirement("R13.27")
def test_notices_print_chinese_dates_and_exports_hold_iso_days(app, at, s, notice):
    at("2022-12-10 09:00")
    case = s.submitted()
    unit = browser(app, s.reviewers["U"])
    printed = text_of(unit.get(f"/unit/notices/{notice.id}/pdf").data)
    assert "2022年12月8日" in printed and "2022-12-08" not in printed
    assert "2022年12月8日" in unit.page(f"/unit/notices/{notice.id}").text
    sheet = openpyxl.load_workbook(io.BytesIO(unit.get("/unit/cases/export").data)).active
    rows = [[cell.value for cell in line] for line in sheet.iter_rows()]
    head = next(row for row in rows if "办理期限" in row)
    (line,) = [dict(zip(head, row, strict=True)) for row in rows if case.number in row]
    # Texts, so that no program turns them into its own idea of a date.
    assert line["办理期限"] == fresh(case).due_on.isoformat() == "2022-12-14"
    assert line["到达时间"] == "2022-12-10 09:00"
    assert not any("年" in str(value) and "月" in str(value) for value in line.values())
    # The stored submission holds days the same way.
    held = Submission.get(Submission.case == case.id).data
    assert held["person"]["birth"] == s.person.birth.isoformat()
    assert {row["issued_on"] for row in held["qualifications"]} == {"2019-05-10", "2020-06-01"}
