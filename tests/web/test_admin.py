"""The technical staff's door by real requests: who comes in, and each room's forms."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from portal import clock
from portal.actions import accounts, calendar, people
from portal.models import (
    Case,
    Event,
    Filing,
    Grant,
    ImportReport,
    LoginSession,
    Occupation,
    Office,
    Organisation,
    Person,
    Region,
    ScopeLine,
    User,
)
from portal.rules.passwords import make_hash
from portal.rules.workdays import ESTIMATED_NOTE
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene

ROOMS = (
    "/admin/", "/admin/users", "/admin/users/add", "/admin/offices", "/admin/offices/add", "/admin/regions",
    "/admin/regions/add", "/admin/organisations", "/admin/organisations/add", "/admin/people", "/admin/calendar",
    "/admin/occupations", "/admin/occupations/add", "/admin/occupations/aliases", "/admin/imports",
    "/admin/imports/organisations", "/admin/imports/workdays/template", "/admin/texts", "/admin/texts/guide/sichuan",
    "/admin/texts/contacts/sichuan", "/admin/events", "/admin/documents", "/admin/upkeep",
)  # fmt: skip


@pytest.fixture
def technician(client):
    grant = make.make_grant(Seat.TECHNICIAN)
    client.sign_in(grant)
    return grant


def secret_of(page) -> str:
    return page.find("secret").text


@pytest.mark.requirement("R0.14")
@pytest.mark.parametrize("seat", [seat for seat in Seat if seat not in (Seat.TECHNICIAN, Seat.SYSTEM)])
def test_every_room_is_closed_to_every_other_seat(client, seat):
    assert client.get("/admin/").headers["Location"].startswith("/account/login")
    user = make.make_user()
    client.sign_in(make.make_grant(seat, make.make_province_centre()))
    for url in ROOMS:
        assert client.get(url).status_code == 403, url
    for url in (f"/admin/users/{user.id}/password", f"/admin/users/{user.id}/disable", "/admin/calendar/day"):
        assert client.post(url).status_code == 403, url
    assert User.get_by_id(user.id).active


def test_every_room_opens_and_every_link_in_it_leads_somewhere(client, technician):
    organisation = make.make_organisation(occupations=[make.make_occupation(), make.make_occupation(job="机械")])
    make.make_person(organisation)
    make.make_city_centre()
    seen = set()
    for url in ROOMS:
        if "template" in url:
            continue
        for link in client.page(url).links():
            if link.startswith("/admin") and link not in seen:
                seen.add(link)
                assert client.client.get(link).status_code in (200, 303), f"{link} on {url}"
    assert len(seen) > 40


@pytest.mark.requirement("R1.32", "R1.33")
def test_account_is_created_and_its_password_shown_once(client, technician, page):
    office = make.make_city_centre()
    made = page("/admin/users/add").press(
        "user-form", name="李文博", login="liwenbo", seat="C", office=office.name, must_change="", active="", expect=200
    )
    password = secret_of(made)
    user = User.get(User.login == "liwenbo")
    assert user.must_change and user.active
    assert [(g.seat, g.office_id, g.granted_by_id) for g in user.grants] == [("C", office.id, technician.user_id)]
    assert password not in page(f"/admin/users/{user.id}").html
    client.post("/account/logout")
    forced = page("/account/login").press("login-form", login="liwenbo", password=password)
    assert forced.url == "/account/password"


def test_account_form_keeps_what_was_typed_and_makes_nothing_halfway(page, technician):
    refused = page("/admin/users/add").press(
        "user-form", name="李文博", login="liwenbo", seat="C", office="没有的中心", expect=422
    )
    assert refused.find("office-error") is not None
    assert refused.values("user-form")["login"] == "liwenbo"
    assert not User.select().where(User.login == "liwenbo").exists()


def test_same_form_sent_twice_makes_one_account(page, technician):
    form = page("/admin/users/add")
    form.press("user-form", name="李文博", login="liwenbo", expect=200)
    again = form.press("user-form", name="李文博", login="liwenbo")
    assert "已经提交过" in again.text
    assert User.select().where(User.login == "liwenbo").count() == 1


def test_seats_deputies_and_disabling(client, technician, page):
    office = make.make_city_centre()
    user, colleague = make.make_user(), make.make_user()
    shown = page(f"/admin/users/{user.id}").press("seat-form", seat="C", office=office.name, expect=200)
    grant = Grant.get(Grant.user == user)
    today = clock.today().isoformat()
    shown = shown.press("deputy-form", grant=str(grant.id), deputy=colleague.login, starts_on=today, ends_on=today)
    assert Grant.get(Grant.user == colleague).deputy_for_id == grant.id
    wrong = shown.press("deputy-form", grant=str(grant.id), deputy="nobody", starts_on=today, ends_on=today)
    assert wrong.response.status_code == 422 and "没有这个登录名" in wrong.text
    foreign = make.make_grant(Seat.CITY_CENTRE, office)
    assert client.post(f"/admin/users/{user.id}/seats/{foreign.id}/end").status_code == 404
    running = make.make_session(grant)
    shown.press(f"/admin/users/{user.id}/disable", expect=200)
    assert LoginSession.get_by_id(running.id).ended_at and not User.get_by_id(user.id).active
    page(f"/admin/users/{user.id}").press(f"/admin/users/{user.id}/enable", expect=200)
    page(f"/admin/users/{user.id}").press(f"/admin/users/{user.id}/seats/{grant.id}/end", expect=200)
    assert not Grant.select().where(Grant.id == grant.id, Grant.is_in_force(clock.today())).exists()
    assert client.post(f"/admin/users/{technician.user_id}/disable").status_code == 403


def test_user_search_finds_by_name_login_and_office(page, technician):
    office = make.make_city_centre()
    user = make.make_grant(Seat.CITY_CENTRE, office, user=make.make_user("欧阳文博", login="ouyang")).user
    for words in ("欧阳", "ouy", office.name[:4]):
        found = page("/admin/users").press("/admin/users", words=words)
        assert f"/admin/users/{user.id}" in found.links(), words
    assert f"/admin/users/{user.id}" not in page("/admin/users?words=没有").links()
    assert f"/admin/users/{user.id}" not in page("/admin/users?seat=U").links()


@pytest.mark.requirement("R0.14")
def test_wrong_exam_region_is_changed_by_technical_staff_only_and_audited(client, page, technician):
    person = make.make_person(make.make_organisation(province=make.ANHUI, region="合肥市"))
    other = make.make_region("芜湖市", province=make.ANHUI)
    client.sign_in(make.grant_of(person))
    people.save_profile(person, actor=make.applicant(person), values={"exam_region": other.code})
    assert Person.get_by_id(person.id).exam_region.name == "合肥市", "a saved region stays"
    assert client.post(f"/admin/people/{person.id}/exam-region", {"region": other.id, "note": "x"}).status_code == 403
    client.sign_in(technician)
    shown = page(f"/admin/people/{person.id}")
    refused = shown.press("region-form", region=str(other.id), note="", expect=422)
    assert refused.find("note-error") is not None
    shown.press("region-form", region=str(other.id), note="单位来函更正", id_number="1", name="别名", expect=200)
    changed = Person.get_by_id(person.id)
    assert (changed.exam_region_id, changed.name, changed.id_number) == (other.id, person.name, person.id_number)
    event = Event.get(Event.action == "exam_region")
    assert (event.before, event.after, event.note) == ("合肥市", "芜湖市", "单位来函更正")
    assert event.user_id == technician.user_id


def test_person_entered_twice_is_merged(page, technician):
    organisation = make.make_organisation()
    keep, drop = make.make_person(organisation), make.make_person(organisation, account=False)
    shown = page(f"/admin/people/{keep.id}")
    assert shown.press("merge-form", drop="999999", note="同一人").response.status_code == 422
    shown.press("merge-form", drop=str(drop.id), note="同一人换证", expect=200)
    assert Person.get_by_id(drop.id).merged_into_id == keep.id
    assert page(f"/admin/people?words={keep.name}").links().count(f"/admin/people/{keep.id}") == 1


@pytest.mark.requirement("R13.25")
def test_county_is_added_on_the_page(page, technician):
    province = Region.create(code="510000", name="四川省", level="province", province=make.SICHUAN)
    city = make.make_region("成都市", parent=province)
    Region.update(parent=province).where(Region.id == city.id).execute()
    form = page(f"/admin/regions/add?parent={city.id}")
    assert form.values("region-form")["parent"] == str(city.id)
    wrong = form.press("region-form", code="340197", name="望江区", expect=422)
    assert wrong.find("code-error") is not None and wrong.values("region-form")["name"] == "望江区"
    wrong.press("region-form", code="510197", expect=200)
    county = Region.get(Region.code == "510197")
    page("/admin/offices/add").press(
        "office-form", kind="county/department", province=make.SICHUAN, region=str(county.id), name="望江区人社局",
        contacts="李老师 028-87654321 li@example.invalid\n王老师：13900000000", expect=200,
    )  # fmt: skip
    office = Office.get(Office.region == county)
    assert [each["name"] for each in office.contacts] == ["李老师", "王老师"]
    edited = page(f"/admin/offices/{office.id}")
    assert [each.get("email") for each in office.contacts] == ["li@example.invalid", None]
    assert "李老师 028-87654321 li@example.invalid" in edited.values("office-form")["contacts"]
    edited.press("office-form", name="望江区人力资源和社会保障局", level="province", active=None, expect=200)
    changed = Office.get_by_id(office.id)
    assert (changed.name, changed.level, changed.active) == ("望江区人力资源和社会保障局", "county", False)


@pytest.mark.requirement("R1.31")
def test_organisation_with_filing_scope_and_allowed_regions(page, technician):
    chengdu, mianyang = make.make_region("成都市"), make.make_region("绵阳市")
    make.make_occupation()
    form = page("/admin/organisations/add")
    wrong = form.press(
        "organisation-form", name="云帆公司", usci="91510100MA0000001A", unit_kind="city", region=str(chengdu.id),
        expect=422,
    )  # fmt: skip
    assert wrong.find("usci-error") is not None and wrong.values("organisation-form")["name"] == "云帆公司"
    shown = wrong.press("organisation-form", usci="", allowed_regions=[chengdu.code, mianyang.code], expect=200)
    organisation = Organisation.get(Organisation.name == "云帆公司")
    assert organisation.allowed_regions == [chengdu.code, mianyang.code]
    early = shown.press("scope-form", occupation="4-12-01-01", levels="", expect=422)
    assert early.find("occupation-error") is not None
    shown = shown.press("filing-form", state="filed", code="S000051001064", starts_on="2022年6月1日", expect=200)
    shown = shown.press("scope-form", occupation="4-12-01-01", levels="三级至一级", expect=200)
    assert ScopeLine.get().levels == "3,2,1" and Filing.get().starts_on.isoformat() == "2022-06-01"
    shown = shown.press("organisation-form", allowed_regions=[mianyang.code], expect=200)
    assert Organisation.get_by_id(organisation.id).allowed_regions == [mianyang.code]
    association = make.make_organisation("云帆协会")
    shown = shown.press("member-form", association="云帆协会", expect=200)
    assert association.memberships.get().member_id == organisation.id
    shown.press(f"/admin/organisations/{organisation.id}/scope/{ScopeLine.get().id}/remove", expect=200)
    assert not ScopeLine.select().exists()


@pytest.mark.requirement("R13.24")
def test_two_jobs_under_one_code_stand_apart_in_the_list(page, technician):
    for job in ("汽车机械维修工", "汽车电器维修工"):
        page("/admin/occupations/add").press(
            "occupation-form", edition="2015", code="4-12-01-01", name="汽车维修工", job=job, expect=200
        )
    shown = page("/admin/occupations?words=4-12-01-01")
    assert shown.text.count("汽车机械维修工") == 1 and shown.text.count("汽车电器维修工") == 1
    refused = page("/admin/occupations/add").press(
        "occupation-form", edition="2015", code="4-12-01-01", name="汽车维修工", job="汽车电器维修工", expect=422
    )
    assert refused.find("job-error") is not None
    assert "汽车机械维修工" not in page("/admin/occupations?words=电器").text


def test_catalogue_is_paged_without_gap_or_repetition(page, technician):
    rows = [
        {"edition": edition, "code": f"4-12-{n // 5:02d}-01", "name": f"职业{n}", "job": f"工种{n % 5}", "klass": "4"}
        for n in range(80) for edition in ("2015", "2022")
    ]  # fmt: skip
    Occupation.insert_many(rows).execute()
    seen, shown = [], page("/admin/occupations?klass=4")
    for _ in range(10):
        seen += re.findall(r"/admin/occupations/(\d+)\"", shown.html)
        following = [e.get("href") for e in shown.tree.iter("a") if e.get("rel") == "next"]
        if not following:
            break
        shown = page(following[0])
    assert len(seen) == len(set(seen)) == 160
    back = page(next(e.get("href") for e in shown.tree.iter("a") if e.get("rel") == "prev"))
    assert re.findall(r"/admin/occupations/(\d+)\"", back.html) == seen[100:150]
    for broken in ("x", "[1]", '["a"]', "null", '{"a":1}', '[null,null,null]', "[1e99,1,1]"):
        assert page("/admin/occupations").browser.get(
            "/admin/occupations", query_string={"after": broken}
        ).status_code == 200  # fmt: skip


@pytest.mark.requirement("R13.03")
def test_missing_next_year_is_said_beside_due_dates_too(client, page, technician, at):
    at("2022-12-28 10:00")
    for year in (2022, 2023):
        calendar.load_official_year(year, actor=make.actor_of(technician))
    there = scene()
    case = there.submitted()
    Case.update(due_on=date(2023, 1, 6)).where(Case.id == case.id).execute()
    reviewer = Grant.get(Grant.user == there.reviewers["U"].user)
    client.sign_in(reviewer)
    assert ESTIMATED_NOTE not in page("/unit/cases").text
    client.sign_in(technician)
    page("/admin/calendar?year=2023").press("/admin/calendar/2023/remove", expect=200)
    assert "2023年的法定节假日安排尚未导入" in page("/admin/").text
    client.sign_in(reviewer)
    assert ESTIMATED_NOTE in page("/unit/cases").html


def test_home_warns_of_a_missing_calendar_year_until_it_is_imported(page, technician, at):
    at("2022-12-09 10:00")
    calendar.load_official_year(2022, actor=make.actor_of(technician))
    home = page("/admin/")
    assert "2023年的法定节假日安排尚未导入" in home.text and "2022年的法定节假日安排" not in home.text
    year = page("/admin/calendar?year=2023")
    assert "尚未导入" in year.text
    loaded = year.press("/admin/calendar/2023/load", expect=200)
    assert "尚未导入" not in loaded.text and "春节" in loaded.html
    assert "尚未导入" not in page("/admin/").text
    loaded.press("/admin/calendar/2023/remove", expect=200)
    assert "2023年的法定节假日安排尚未导入" in page("/admin/").text


@pytest.mark.requirement("R13.02")
def test_calendar_page_shows_twelve_months_and_turns_a_day(page, technician, at):
    at("2023-03-01 10:00")
    shown = page("/admin/calendar?year=2023")
    assert [f"{month}月（" in shown.text for month in range(1, 13)] == [True] * 12
    assert len(re.findall(r'name="day" value="2023-', shown.html)) == 365
    assert "3月（23个工作日）" in shown.text
    turned = shown.press("days-form", day="2023-03-08", expect=200)
    assert "3月（22个工作日）" in turned.text and "已改为休息日" in turned.text
    wrong = turned.press("day-form", day="二月三十", expect=422)
    assert wrong.find("day-error") is not None
    assert page("/admin/calendar?year=99999").response.status_code == 200


def upload(page, kind, name, text):
    return page(f"/admin/imports/{kind}").press(
        "import-form", file=(BytesIO(text.encode("utf-8-sig") if isinstance(text, str) else text), name)
    )


@pytest.mark.requirement("R13.24")
def test_import_previews_then_takes_all_rows_once(page, client, technician):
    shown = upload(page, "occupations:2022", "目录.csv", "职业编码,职业名称,工种\n4-12-01-01,汽车维修工,机械\n")
    report = ImportReport.get()
    assert "1行可以导入" in shown.text and "机械" in shown.text and not Occupation.select().exists()
    done = shown.press(f"/admin/imports/reports/{report.id}/confirm", expect=200)
    assert "新增1条" in done.text and Occupation.get().edition == "2022"
    again = client.post(f"/admin/imports/reports/{report.id}/confirm")
    assert again.status_code == 303 and Occupation.select().count() == 1
    assert Event.select().where(Event.action == "import").count() == 1


def test_import_with_errors_shows_them_beside_the_cell_and_gives_the_marked_workbook(page, client, technician):
    shown = upload(page, "occupations:2015", "目录.csv", "职业编码,职业名称\n4-12-01-01,汽车维修工\n4-12-1,电工\n")
    cell = next(e for e in shown.tree.iter("td") if (e.text or "").strip() == "4-12-1")
    assert "不是职业编码" in "".join(cell.itertext())
    report = ImportReport.get()
    assert client.post(f"/admin/imports/reports/{report.id}/confirm").status_code == 303
    assert not Occupation.select().exists()
    marked = client.get(f"/admin/imports/reports/{report.id}/workbook")
    sheet = load_workbook(BytesIO(marked.data)).active
    assert "不是职业编码" in sheet["A3"].comment.text
    for name, content in (("a.exe", b"MZ"), ("a.xlsx", b"PK\x03\x04broken"), ("a.csv", b""), ("a.csv", b"\x00\x01")):
        refused = upload(page, "occupations:2015", name, content)
        assert refused.response.status_code == 422 and refused.find("file-error") is not None
    assert client.get("/admin/imports/nothing").status_code == 404
    template = client.get("/admin/imports/occupations:2015/template")
    assert load_workbook(BytesIO(template.data)).active["A3"].value == "职业编码*"


def test_record_can_be_filtered_and_paged(page, technician):
    actor = make.actor_of(technician)
    for n in range(60):
        accounts.create_user(f"甲{n}", f"user-{n:03d}", actor=actor)
    first = page("/admin/events?action=user")
    seen = re.findall(r"（user-\d{3}|user-(\d{3})", first.html)
    following = next(e.get("href") for e in first.tree.iter("a") if e.get("rel") == "next")
    seen += re.findall(r"user-(\d{3})", page(following).html)
    assert len(seen) >= 60 and "action=user" in following
    assert "还没有记录" in page("/admin/events?name=没有").text
    for odd in ("first=昨天", "last=2022-13-45", "of=case&number=x", f"of=case&number={10**24}",
                "of=what", "of=case", "seat=Q"):
        assert page(f"/admin/events?{odd}").response.status_code == 200, odd
    assert page("/admin/events?first=2000-01-01&last=2000-01-02").text.count("甲1") == 0


def test_the_pages_send_to_the_manual_by_its_name(page, technician):
    title = Path("docs/manual.md").read_text(encoding="utf8").splitlines()[0]
    assert title.endswith("操作手册")
    for place in ("/admin/upkeep", "/admin/texts"):
        assert "见操作手册" in page(place).text, place


def test_article_is_edited_and_put_back(page, technician):
    form = page("/admin/texts/guide/sichuan")
    assert "系统登录" in form.values("article-form")["body"]
    form.press("article-form", body="一、登录\n先注册。", expect=200)
    assert page("/admin/texts/guide/sichuan").values("article-form")["body"] == "一、登录\n先注册。"
    page("/admin/texts").press("/admin/texts/guide/sichuan/reset", expect=200)
    assert "系统登录" in page("/admin/texts/guide/sichuan").values("article-form")["body"]
    assert page("/admin/").browser.get("/admin/texts/guide/mars").status_code == 404


@pytest.mark.requirement("R1.33")
def test_reset_code_from_technical_staff_sets_a_new_password(client, page, technician):
    user = make.make_user(password_hash=make_hash("liuyun2024"))
    make.make_grant(Seat.CITY_CENTRE, make.make_city_centre(), user=user)
    code = secret_of(page(f"/admin/users/{user.id}").press(f"/admin/users/{user.id}/code", expect=200))
    client.sign_out()
    done = page("/account/reset").press(
        "reset-form", login=user.login, code=code, new="feiyun2025", again="feiyun2025", expect=200
    )
    assert done.press("login-form", login=user.login, password="feiyun2025").url.startswith("/city")


@pytest.mark.requirement("R13.26")
def test_no_menu_entry_for_payment_messages_or_wechat(page, technician):
    for url in ROOMS:
        if "template" not in url:
            text = page(url).text
            assert not [word for word in ("缴费", "支付", "短信", "微信", "收费") if word in text], url
