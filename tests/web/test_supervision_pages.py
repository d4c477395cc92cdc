"""Supervision records and cases against organisations on pages: written, filtered, exported, read by the unit."""

import io
import re
from datetime import date

import pytest
from python_calamine import load_workbook

from portal.models import OrganisationCase, Supervision
from portal.rules.workflow import Seat
from tests.make_supervision import make_case, make_supervision, make_territory
from tests.web.desks import browser

TAG = "技能人才评价质量提升年"
RECORD = {
    "held_on": "2023年3月8日", "inspectors": "刘示例", "subject": "考评现场管理", "findings": "缺少一个机位。",
    "campaign": TAG, "demands": "补齐机位。", "answer_by": "2023-03-20",
}  # fmt: skip


@pytest.fixture
def t(db, at):
    at("2023-03-10 10:00")
    return make_territory()


def cells(response) -> list[list[str]]:
    return load_workbook(io.BytesIO(response.data)).get_sheet_by_index(0).to_python()


@pytest.mark.requirement("R7.16")
def test_a_county_user_files_a_record(app, t):
    county, unit = browser(app, t.county), browser(app, t.unit)
    form = county.page(f"/city/supervision/new?organisation={t.in_county.id}")
    assert t.in_county.name in form.html and t.in_next_county.name not in form.html
    page = form.press("supervision-form", **RECORD)
    row = Supervision.get()
    assert (row.organisation_id, row.held_on, row.campaign) == (t.in_county.id, date(2023, 3, 8), TAG)
    assert "补齐机位" in page.text and "未办结" in page.text
    seen = unit.page(f"/unit/supervision/{row.id}")
    assert "缺少一个机位" in seen.text and "close-form" not in seen.html and "修改" not in seen.text
    assert t.in_county.name in unit.page("/unit/supervision").text
    for organisation in (t.in_next_county, t.in_city, t.elsewhere, t.abroad):
        assert county.get(f"/city/supervision/new?organisation={organisation.id}").status_code == 404
        refused = county.post("/city/supervision/new", {**RECORD, "organisation": organisation.name})
        assert refused.status_code == 422 and "本辖区内没有" in refused.get_data(as_text=True)
    assert Supervision.select().count() == 1
    for reader, door in ((t.next_county, "city"), (t.other_city, "city"), (t.abroad_centre, "province"),
                         (t.other_unit, "unit")):  # fmt: skip
        assert browser(app, reader).get(f"/{door}/supervision/{row.id}").status_code == 404


def test_it_is_corrected_and_closed(app, t):
    row = make_supervision(t.in_county, t.county)
    county = browser(app, t.county)
    page = county.page(f"/city/supervision/{row.id}/edit").press("supervision-form", subject="题库管理")
    assert "题库管理" in page.text and "考评现场管理 → 题库管理" in page.text
    row = Supervision.get()
    refused = county.post(f"/city/supervision/{row.id}/close", {"note": "", "seen": row.version})
    assert refused.status_code == 422
    closed = county.page(f"/city/supervision/{row.id}").press("close-form", note="已补齐")
    assert "已办结" in closed.text and "已补齐" in closed.text and "close-form" not in closed.html
    assert county.get(f"/city/supervision/{row.id}/edit").status_code == 409
    bureau = browser(app, t.bureau)
    assert "已补齐" in bureau.page(f"/city/supervision/{row.id}").text
    assert bureau.get(f"/city/supervision/{row.id}/edit").status_code == 409
    again = bureau.post(f"/city/supervision/{row.id}/close", {"note": "x", "seen": Supervision.get().version})
    assert again.status_code == 403


@pytest.mark.requirement("R7.22")
def test_the_filter_lists_the_two_tagged_of_three(app, t):
    make_supervision(t.in_county, t.county, campaign=TAG, subject="现场甲")
    make_supervision(t.in_county, t.county, subject="现场乙")
    make_supervision(t.in_city, t.bureau, campaign=TAG, subject="现场丙")
    province = browser(app, t.province)
    everything = province.page("/province/supervision")
    assert "共 3 条" in everything.text and f'value="{TAG}"' in everything.html
    tagged = province.page(f"/province/supervision?campaign={TAG}")
    assert "共 2 条" in tagged.text and "现场甲" in tagged.text and "现场丙" in tagged.text
    assert "现场乙" not in tagged.text
    exported = cells(province.get(f"/province/supervision/export?campaign={TAG}"))
    assert {row[4] for row in exported[3:]} == {"现场甲", "现场丙"} and exported[2][0] == "评价机构"
    piece = province.get(f"/province/supervision?campaign={TAG}", headers={"HX-Request": "true"})
    assert 'id="records"' in piece.get_data(as_text=True)


@pytest.mark.parametrize(
    "query", ["since=x", "until=2023-13-40", "state=%27", "ground=x", "organisation=%25", "after=x"]
)
def test_a_forged_filter_is_no_error(app, t, query):
    make_supervision(t.in_county, t.county)
    client = browser(app, t.province)
    for place in ("supervision", "supervision/export", "violations", "violations/export"):
        assert client.get(f"/province/{place}?{query}").status_code == 200


@pytest.mark.requirement("R7.11")
def test_a_case_with_exactly_the_grounds_of_the_notice(app, t):
    row = make_supervision(t.in_county, t.county)
    bureau, unit = browser(app, t.bureau), browser(app, t.unit)
    form = bureau.page(f"/city/violations/new?supervision={row.id}")
    offered = re.findall(r'<input[^>]*name="ground"[^>]*><span>([^<]+)</span>', form.html)
    assert offered == ["提供虚假材料", "违规失信", "恶意竞争", "管理失序", "其他"]
    assert row.findings in form.html
    refused = bureau.post("/city/violations/new", {"organisation": t.in_county.name, "ground": "other", "facts": "x"})
    assert refused.status_code == 422 and "写明是什么情形" in refused.get_data(as_text=True)
    page = form.press("violation-form", ground="disorder", facts="考评员未回避。")
    case = OrganisationCase.get()
    assert (case.ground, case.supervision_id) == ("disorder", row.id) and "管理失序" in page.text
    assert "考评员未回避" in unit.page(f"/unit/violations/{case.id}").text
    without_day = bureau.post(
        f"/city/violations/{case.id}/decide",
        {"outcome": "rectification", "basis": "x", "reason": "x", "seen": case.version},
    )
    assert without_day.status_code == 422 and "整改截止日期" in without_day.get_data(as_text=True)
    decided = bureau.page(f"/city/violations/{case.id}").press(
        "outcome-form", outcome="rectification", rectify_by="2023-03-31", basis="第三条", reason="事实清楚"
    )
    assert "限期整改" in decided.text and "2023年3月31日" in decided.text and "outcome-form" not in decided.html
    assert "事实清楚" in unit.page(f"/unit/violations/{case.id}").text
    stale = bureau.post(
        f"/city/violations/{case.id}/decide", {"outcome": "warning", "basis": "x", "reason": "x", "seen": case.version}
    )
    assert stale.status_code == 409
    exported = cells(bureau.get("/city/violations/export"))
    assert exported[3][:2] == [t.in_county.name, "管理失序"] and exported[3][5] == "限期整改"


def test_who_opens_and_who_only_reads(app, t):
    case = make_case(t.in_county, t.bureau)
    for reader in (t.county, t.centre):
        client = browser(app, reader)
        assert client.get("/city/violations/new").status_code == 403
        assert "立案</a>" not in client.page("/city/violations").html
        assert "作出处理决定" not in client.page(f"/city/violations/{case.id}").text
        sent = {"outcome": "warning", "basis": "x", "reason": "x", "seen": case.version}
        assert client.post(f"/city/violations/{case.id}/decide", sent).status_code == 403
    for reader, door in ((t.other_city, "city"), (t.next_county, "city"), (t.other_unit, "unit"),
                         (t.abroad_centre, "province")):  # fmt: skip
        assert browser(app, reader).get(f"/{door}/violations/{case.id}").status_code == 404
    far = make_supervision(t.elsewhere, t.province)
    bureau = browser(app, t.bureau)
    assert bureau.get(f"/city/violations/new?supervision={far.id}").status_code == 404
    assert bureau.get("/city/violations/new?supervision=x").status_code == 404
    assert bureau.get(f"/city/violations/new?organisation={t.elsewhere.id}").status_code == 404
    assert t.bureau.seat == Seat.CITY_BUREAU
    department = browser(app, t.department)
    assert department.get(f"/province/violations/new?organisation={t.provincial.id}").status_code == 200
