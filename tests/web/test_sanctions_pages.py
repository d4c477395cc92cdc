"""The pages of sanctions: ledger and workbook, integrity file, lifting, running registrations, bulletins."""

from datetime import date
from io import BytesIO

import openpyxl
import pytest

from portal.actions import notices
from portal.actions.bars import lift_bar
from portal.actions.cards import void_overdue
from portal.actions.statements import open_statement, submit_statement, withdraw_statement
from portal.actions.strikes import annul_strike
from portal.models import Bar, Credential, DocumentLog, Notice, Strike
from portal.models.sanction_ledger import HEADS, Filters, ledger
from portal.models.statements import decided_for
from portal.rules.workflow import Seat
from tests import make
from tests.make_sanctions import centre, department, make_card, make_registration, make_strike, unit_seat


@pytest.fixture
def unit(db, at):
    at("2022-12-19 10:00")
    found = make.make_organisation("云帆技能评价有限公司")
    found.seat = unit_seat(found)
    return found


@pytest.fixture
def person(unit):
    found = make.make_person(unit)
    for name in ("2022年第一期培训班", "2022年第二期培训班"):
        make_strike(found, make.make_plan(name=name))
    return found


@pytest.fixture
def province(client, person):
    """The centre's account, signed in."""
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    return client


def void(card) -> None:
    Credential.update(claim_due=date(2022, 12, 10)).where(Credential.id == card.id).execute()
    assert void_overdue() == 1


def sheet(client, query: str = "") -> list[tuple]:
    answer = client.get(f"/province/sanctions/ledger.xlsx{query}")
    rows = openpyxl.load_workbook(BytesIO(answer.data)).active.iter_rows(values_only=True)
    return [tuple(cell or "" for cell in row) for row in rows]


@pytest.mark.requirement("R7.19")
def test_the_ledger_holds_the_decisions_made_and_the_workbook_the_same_rows(province, person, unit, page, at):
    """Two strikes, two bars, a non-collection, an annulled strike of somebody else: six rows, filtered as asked."""
    other = make.make_person(make.make_organisation("远航技能评价有限公司", region="绵阳市"))
    annulled = make_strike(other)
    annul_strike(annulled.registration, actor=centre(), reason="申辩成立")
    void(make_card(other, issued_on=date(2022, 6, 1)))
    shown = page("/province/sanctions")
    kinds = [row.cells[0] for row in ledger("sichuan", Filters())]
    assert sorted(kinds) == sorted(["无故缺勤认定"] * 3 + ["取消本人申报资格", "取消单位申报资格", "逾期未领取证卡"])
    for query, expected in {
        "": 6, "?kind=strike": 3, "?kind=strike&standing=yes": 2, "?standing=no": 1, "?kind=unit": 1,
        f"?name={other.name}": 2, "?unit=远航": 2, "?since=2022-12-19": 5, "?until=2022-12-18": 1,
        f"?region={other.organisation.region_id}": 2, "?since=2023-01-01": 0, "?name=不存在": 0,
    }.items():  # fmt: skip
        head, *rows = sheet(province, query)
        assert head == HEADS and len(rows) == expected, query
        listed = page(f"/province/sanctions{query}")
        for row in rows:
            assert row[2] in listed.text and row[1] in listed.text, (query, row)
        assert listed.html.count("<tr>") - bool(rows) == expected, query
    assert shown.text.count("计入次数") == 2 and "认定已撤销" in shown.text
    assert DocumentLog.select().where(DocumentLog.kind == "sanctions.xlsx").exists()
    lift_bar(Bar.get(Bar.person == person), actor=centre(), reason="已接受教育")
    head, *rows = sheet(province, "?kind=person")
    assert rows[0][9:] == ("已解除", "2022-12-19", "已接受教育")
    assert {row[9] for row in sheet(province, "?kind=strike")[1:]} == {"已清零", "认定已撤销"}


def test_the_ledger_and_its_workbook_call_a_permanent_bar_permanent(province, unit, page):
    lost = make.make_person(unit)
    for month in (1, 2):
        void(make_card(lost, issued_on=date(2022, month, 1)))
    kinds = {row[2]: row[0] for row in sheet(province, "?kind=person")[1:]}
    assert kinds.pop(lost.name) == "永久取消申报资格" and set(kinds.values()) == {"取消本人申报资格"}
    listed = page(f"/province/sanctions?kind=person&name={lost.name}").html.partition("<tbody>")[2]
    assert "永久取消申报资格" in listed and "取消本人申报资格" not in listed


@pytest.mark.requirement("R7.14")
def test_the_integrity_file_shows_the_record_to_those_who_may(province, person, unit, page, client):
    """Strikes, non-collections, bars, liftings, statements; the unit sees its own people, others find nothing."""
    void(make_card(person, issued_on=date(2022, 6, 1)))
    strike = Strike.select().first()
    case = open_statement(decided_for(make.applicant(person), strike=strike.id), actor=make.applicant(person),
                          text="当日住院，已附证明。")  # fmt: skip
    case = submit_statement(case, actor=make.applicant(person), seen=case.version)
    lift_bar(Bar.get(Bar.organisation == unit), actor=centre(), reason="单位已整改")
    shown = page(f"/province/sanctions/people/{person.id}").text
    for words in (
        "2022年第一期培训班", "2022年第二期培训班", "计为第2次", "累计2次", "连续1次", "川人社职鉴〔2022〕21号 七",
        "取消申报资格", case.number, "四川省职业技能鉴定指导中心",
    ):  # fmt: skip
        assert words in shown, words
    assert person.id_number not in shown
    assert "单位已整改" in page(f"/province/sanctions/bars/{Bar.get(Bar.organisation == unit).id}").text
    make_other = make.make_person(make.make_organisation(province=make.ANHUI, region="合肥市"), province=make.ANHUI)
    page(f"/province/sanctions/people/{make_other.id}", status=404)
    client.sign_in(unit.seat)
    assert "累计2次" in page(f"/unit/sanctions/people/{person.id}").text
    client.sign_in(unit_seat(make.make_organisation()))
    page(f"/unit/sanctions/people/{person.id}", status=404)
    client.sign_in(make.grant_of(person))
    own = page("/applicant/sanctions").text
    assert "累计2次" in own and "达到2次取消申报资格" in own and "连续1次" in own
    assert client.get(f"/province/sanctions/people/{person.id}").status_code == 403


@pytest.mark.requirement("R11.12", "R7.09")
def test_a_bulletin_is_public_only_when_marked(province, person, page, client):
    """Without 主动公开 the public address answers 404, with it 200; never with an identity number."""
    draft = Notice.get(Notice.kind == "bulletin")
    form = page(f"/province/notices/{draft.id}/edit")
    assert form.values("notice-form")["number"] == "川人社职鉴〔2022〕1号"  # proposed when it is edited
    form.press("notice-form")
    issued = page(f"/province/notices/{draft.id}").press(f"/province/notices/{draft.id}/publish")
    assert "已发布" in issued.text and "取消申报资格人员（单位）名单" in issued.text
    reader = client.app.test_client()
    assert reader.get(f"/notices/{draft.id}").status_code == 404
    assert reader.get(f"/notices/{draft.id}/pdf").status_code == 404
    assert "通报" not in reader.get("/notices").get_data(as_text=True)
    row = Notice.get_by_id(draft.id)
    notices.withdraw_notice(row, actor=centre(), seen=row.version, reason="改为主动公开")
    Bar.update(bulletin=None).execute()
    bar = Bar.get(Bar.person == person)
    opened = page(f"/province/sanctions/bars/{bar.id}").press(f"/province/sanctions/bars/{bar.id}/bulletin")
    second = Notice.get(Notice.kind == "bulletin", Notice.state == "draft")
    assert second.title in opened.text
    page(f"/province/notices/{second.id}/edit").press("notice-form", is_public="y")
    page(f"/province/notices/{second.id}").press(f"/province/notices/{second.id}/publish")
    answer = reader.get(f"/notices/{second.id}")
    assert answer.status_code == 200 and reader.get(f"/notices/{second.id}/pdf").status_code == 200
    text = answer.get_data(as_text=True)
    assert person.name in text and "证件号码" not in text and person.id_number[-4:] not in text
    assert second.title in reader.get("/notices").get_data(as_text=True)


def test_choosing_the_list_on_the_page(province, person, unit, page):
    draft, own = Notice.get(Notice.kind == "bulletin"), Bar.get(Bar.person == person)
    assert len(page(f"/province/notices/{draft.id}/edit").values("listed-form")["bars"]) == 2
    page(f"/province/notices/{draft.id}/edit").press("listed-form", bars=[str(own.id)])
    assert [row["bar"] for row in Notice.get_by_id(draft.id).listed] == [own.id]
    refused = page(f"/province/notices/{draft.id}/edit").press("listed-form", bars=None)
    assert "请至少选择一个" in refused.text


def test_publishing_without_a_number_leads_back_to_the_form(province, person, page):
    draft = Notice.get(Notice.kind == "bulletin")
    told = page(f"/province/notices/{draft.id}").press(f"/province/notices/{draft.id}/publish")
    assert "通报应有文号" in told.text and Notice.get_by_id(draft.id).state == "draft"


def test_lifting_and_limiting_on_the_page(province, person, page):
    bar = Bar.get(Bar.person == person)
    url = f"/province/sanctions/bars/{bar.id}"
    assert "请填写解除的理由" in page(url).press("lift-form", expect=422).text
    limited = page(url).press("limit-form", ends_on="2023年12月18日", limit_reason="一年")
    assert "至2023-12-18止" in limited.text
    lifted = page(url).press("lift-form", reason="已接受教育")
    assert "已解除" in lifted.text and Bar.get_by_id(bar.id).ending == "lifted"
    assert lifted.find("lift-form") is None


def test_a_permanent_bar_offers_lifting_to_the_department_only(province, unit, page, client):
    lost = make.make_person(unit)
    for month in (1, 2):
        void(make_card(lost, issued_on=date(2022, month, 1)))
    bar = Bar.get(Bar.person == lost)
    shown = page(f"/province/sanctions/bars/{bar.id}")
    assert "只能由省人社厅解除" in shown.text and shown.find("lift-form") is None and shown.find("limit-form") is None
    assert client.post(f"/province/sanctions/bars/{bar.id}/lift", {"reason": "解除"}).status_code == 403
    client.sign_in(make.make_grant(Seat.DEPARTMENT, make.make_office(level="province", body="department")))
    shown = page(f"/province/sanctions/bars/{bar.id}")
    assert shown.find("limit-form") is None
    assert "已解除" in shown.press("lift-form", reason="查明系单位漏领").text
    assert department().seat == Seat.DEPARTMENT


def test_running_registrations_are_decided_one_by_one_on_the_page(province, person, unit, page):
    running = make_registration(make.make_person(unit), state="approved")
    bar = Bar.get(Bar.organisation == unit)
    listed = page("/province/sanctions/running")
    assert "在办报名 1" in listed.text and "报名编号" in listed.text
    url = f"/province/sanctions/bars/{bar.id}/registrations/{running.case_id}"
    assert url in listed.links() and running.person.name in listed.text
    assert page(url).press("permit-form", reason="", expect=422)
    done = page(url).press("permit-form", reason="报名在先")
    assert "准予继续" in done.text and "报名在先" in page("/province/sanctions/running").text
    assert "已准予继续办理" in page(url).text


def test_annulling_a_strike_on_the_page(province, person, page):
    strike = Strike.select().order_by(Strike.id.desc()).first()
    shown = page(f"/province/sanctions/strikes/{strike.id}/annul")
    assert "由2次变为1次" in shown.text
    done = shown.press("annul-form", reason="申辩成立：当日住院")
    assert "累计1次" in done.text and "依据消失" in done.text
    page(f"/province/sanctions/strikes/{strike.id}/annul", status=409)


@pytest.mark.requirement("R7.03")
def test_the_province_sees_how_often_a_units_people_were_absent(province, unit, page):
    other = make.make_organisation("远航技能评价有限公司")
    for _ in range(2):
        make_strike(make.make_person(other))
    shown = page("/province/sanctions/units")
    assert "远航技能评价有限公司22正常" in shown.text
    assert not Bar.select().where(Bar.organisation == other).exists()
    assert "2次" in page(f"/province/sanctions/organisations/{other.id}").text


def test_the_units_page_shows_its_bar_and_its_people(unit, person, page, client):
    client.sign_in(unit.seat)
    shown = page("/unit/sanctions")
    assert "取消申报资格" in shown.text and person.name in shown.text
    assert f"/unit/sanctions/people/{person.id}" in shown.links()
    assert any(link.startswith("/unit/statements/new") for link in shown.links())


def test_a_barred_unit_reads_so_on_each_of_its_pages_until_it_is_lifted(unit, person, page, client):
    client.sign_in(unit.seat)
    for address in ("/unit/cases", "/unit/cards"):
        shown = page(address)
        assert "本单位自2022-12-19起被取消申报资格（至省级部门解除为止）" in shown.text, address
        assert "/unit/sanctions" in [link.get("href") for link in shown.find("unit-bar").iter("a")]
    client.sign_in(unit_seat(make.make_organisation("远航技能评价有限公司")))
    assert page("/unit/cases").find("unit-bar") is None
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    assert page("/province/cases").find("unit-bar") is None
    lift_bar(Bar.get(Bar.organisation == unit), actor=centre(), reason="单位已整改")
    client.sign_in(unit.seat)
    assert page("/unit/cases").find("unit-bar") is None


def test_beside_a_decision_stands_the_open_statement_instead_of_another_one(unit, person, page, client):
    """At the person's and the unit's door, each with its own statement: draft, submitted, and offered again after."""
    make.make_province_centre()
    strike, own = Strike.select().first(), Bar.get(Bar.person == person)
    units_bar = Bar.get(Bar.organisation == unit)
    me, office = make.applicant(person), make.actor_of(unit.seat)
    for reader, seat, decision, address in (
        (me, make.grant_of(person), {"strike": strike.id}, "/applicant/sanctions"),
        (me, make.grant_of(person), {"bar": own.id}, "/applicant/sanctions"),
        (office, unit.seat, {"bar": units_bar.id}, "/unit/sanctions"),
        (office, unit.seat, {"strike": strike.id}, f"/unit/sanctions/people/{person.id}"),
    ):  # fmt: skip
        door = address.split("/")[1]
        (name, id_), = decision.items()
        offered = f"/{door}/statements/new?{name}={id_}"
        client.sign_in(seat)
        assert offered in page(address).links(), address
        case = open_statement(decided_for(reader, **decision), actor=reader, text="当日住院，已附证明。")
        shown = page(address)
        assert offered not in shown.links() and "草稿，继续填写" in shown.text
        case = submit_statement(case, actor=reader, seen=case.version)
        shown = page(address)
        assert offered not in shown.links() and f"/{door}/statements/{case.id}" in shown.links()
        assert "陈述申辩已提出，查看" in shown.text
        withdraw_statement(case, actor=reader, seen=case.version)
        assert offered in page(address).links() and "已提出，查看" not in page(address).text
