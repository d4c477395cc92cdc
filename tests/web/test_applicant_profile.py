"""The applicant's profile pages, with real photos and scans through the client."""

import io

import pytest

from portal.actions import people
from portal.models import FileVersion, HeldQualification, Person
from portal.models.jurisdictions import profile_of
from tests import make
from tests.actions.registering import picture, picture_of, scene

LIMIT = 3_145_728
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>"


@pytest.fixture(autouse=True)
def _now(at):
    at("2022-12-10 10:00")


@pytest.fixture
def s(client):
    found = scene()
    client.sign_in(make.grant_of(found.person))
    return found


def photo(content: bytes, name: str = "照片.jpg"):
    return (io.BytesIO(content), name)


def portraits(person) -> int:
    return FileVersion.select().where(FileVersion.owner == f"person:{person.id}", FileVersion.version > 1).count()


@pytest.mark.requirement("R1.04")
def test_the_navigation_has_four_entries_and_each_works(s, page):
    first = page("/applicant/")
    nav = next(e for e in first.tree.iter("nav") if e.get("aria-label") == "导航")
    links = [(" ".join("".join(a.itertext()).split()), a.get("href")) for a in nav.iter("a")]
    assert [label for label, _ in links] == ["个人信息", "我的报名", "培训学习", "证书查看"]
    for label, href in links:
        opened = page(href)
        heading = next(opened.tree.iter("h1"))
        assert "".join(heading.itertext()) == label


@pytest.mark.requirement("R1.05")
def test_enrolling_with_incomplete_information(s, client, page):
    Person.update(portrait=None).where(Person.id == s.person.id).execute()
    listed = page("/applicant/registrations")
    answer = listed.press(f"/applicant/plans/{s.plan.id}/register")
    assert answer.response.status_code == 403
    assert "先维护个人信息，后报名考试" in answer.text
    from portal.models import Registration

    assert Registration.select().count() == 0


@pytest.mark.requirement("R1.17")
def test_three_errors_three_messages_and_the_input_stays(s, page):
    other = "男" if s.person.sex == "女" else "女"
    answer = page("/applicant/profile").press(
        "profile-form", phone="12345", organisation="随便写的单位", sex=other, position="刚填的职务", expect=422
    )
    for field in ("phone", "organisation", "sex"):
        assert answer.find(f"{field}-error") is not None, field
    assert answer.values("profile-form")["position"] == "刚填的职务"
    assert answer.values("profile-form")["phone"] == "12345"
    assert Person.get_by_id(s.person.id).position != "刚填的职务"


@pytest.mark.requirement("R1.06")
def test_every_column_of_both_summary_forms_comes_from_the_profile(s, page):
    shown = page("/applicant/profile")
    fields = set(shown.values("profile-form")) | {"sex"}
    for province in (make.ANHUI, make.SICHUAN):
        columns = {column.field for column in profile_of(province).forms.summary.columns}
        # The serial number is the row's, the occupation is the registration's; certificates have their own block.
        assert columns - {"number", "occupation", "qualifications"} <= fields, province
    assert "持证情况" in shown.text


@pytest.mark.requirement("R1.11")
def test_a_photo_of_exactly_three_megabytes_is_saved_and_one_byte_more_is_not(s, page):
    form = page("/applicant/profile")
    saved = form.press("profile-form", portrait=photo(picture_of(LIMIT)))
    assert saved.response.status_code == 200 and portraits(s.person) == 1
    kept = Person.get_by_id(s.person.id).portrait_id
    form = page("/applicant/profile")
    answer = form.press("profile-form", portrait=photo(picture_of(LIMIT + 1)), position="写到一半", expect=422)
    assert "照片超过 3M，不能保存" in answer.text
    assert answer.values("profile-form")["position"] == "写到一半"
    assert portraits(s.person) == 1 and Person.get_by_id(s.person.id).portrait_id == kept


@pytest.mark.requirement("R1.12")
def test_a_photo_must_be_an_image(s, page, app):
    before = len(list(app.config["PORTAL"].uploads.rglob("*.*")))
    answer = page("/applicant/profile").press("profile-form", portrait=photo(PDF, "a.jpg"), expect=422)
    assert "照片没有保存" in answer.text and "PDF" in answer.text
    assert portraits(s.person) == 0
    assert len(list(app.config["PORTAL"].uploads.rglob("*.*"))) == before


@pytest.mark.requirement("R13.09", "R3.08")
def test_the_limits_of_photo_and_scan_are_two(s, page):
    five = picture_of(5 * 1024 * 1024)
    refused = page("/applicant/profile").press("profile-form", portrait=photo(five), expect=422)
    assert "3M" in refused.text
    row = {"kind": "职业资格", "occupation_name": "汽车维修工", "level": "1", "material_kind": "scan"}
    form = page("/applicant/qualifications/new")
    exe = (io.BytesIO(b"MZ\x90\x00" + b"\x00" * 500), "证书.exe")
    answer = form.press("qualification-form", **row, scan=exe, expect=422)
    assert HeldQualification.select().count() == 0 and "PDF" in answer.text
    two = [(io.BytesIO(five), "第一页.jpg"), (io.BytesIO(picture()), "第二页.jpg")]
    form.press("qualification-form", **row, scan=two)
    held = HeldQualification.get()
    assert FileVersion.select().where(FileVersion.slot == f"qualification.{held.id}.scan").count() == 2


@pytest.mark.requirement("R1.08")
def test_a_saved_region_is_read_only_and_a_forged_post_changes_nothing(client, page):
    direct, wuhu = make.make_region("省直", province=make.ANHUI), make.make_region("芜湖市", province=make.ANHUI)
    s = scene(make.ANHUI, grade="examiner", exam_region=wuhu)
    client.sign_in(make.grant_of(s.person))
    shown = page("/applicant/profile")
    assert "exam_region" not in shown.values("profile-form")
    assert "联系技术人员修改变更信息" in shown.text and "0551-" in shown.text
    client.post("/applicant/profile", {**shown.values("profile-form"), "exam_region": direct.code, "position": "新"})
    person = Person.get_by_id(s.person.id)
    assert person.exam_region_id == wuhu.id and person.position == "新"


def test_the_first_save_chooses_the_region(client, page):
    direct = make.make_region("省直", province=make.ANHUI)
    make.make_region("芜湖市", province=make.ANHUI)
    unit = make.make_organisation(province=make.ANHUI, region=direct, unit_kind="province")
    person = make.make_person(unit, exam_region=None, saved_at=None)
    client.sign_in(make.grant_of(person))
    shown = page("/applicant/")
    assert shown.url == "/applicant/profile"
    after = shown.press("profile-form", exam_region=direct.code, portrait=photo(picture()))
    assert people.missing_fields(Person.get_by_id(person.id)) == []
    assert "个人信息已保存" in after.text


def test_evidence_is_entered_changed_and_removed(s, page):
    page("/applicant/qualifications/new").press(
        "qualification-form", kind="技能等级", occupation_name="汽车维修工", level="2", number="Y1", issuer="示例机构",
        issued_on="２０２０年５月１日",
    )  # fmt: skip
    held = HeldQualification.get()
    assert held.level == 2 and held.issued_on.isoformat() == "2020-05-01"
    edit = page(f"/applicant/qualifications/{held.id}")
    edit.press("qualification-form", number="Y2", scan=(io.BytesIO(picture()), "证.jpg"), material_kind="scan")
    edit = page(f"/applicant/qualifications/{held.id}")
    edit.press("qualification-form", scan=(io.BytesIO(picture()), "新证.jpg"), mode="replace")
    kept = FileVersion.select().where(FileVersion.slot.startswith("qualification"))
    versions = list(kept.order_by(FileVersion.version))
    assert [bool(version.removed_at) for version in versions] == [True, False]
    shown = page(f"/applicant/qualifications/{held.id}")
    assert "已停用" in shown.text and f"/applicant/files/{versions[0].id}" in shown.links()
    shown.press(f"/applicant/qualifications/{held.id}/remove")
    assert HeldQualification.get_by_id(held.id).removed_at is not None
    assert page("/applicant/qualifications/99999", status=404)


@pytest.mark.requirement("R13.08")
def test_stored_files_are_nobody_elses(s, client, page, app):
    form = page("/applicant/qualifications/new")
    form.press("qualification-form", kind="职业资格", occupation_name="汽车维修工", level="1", material_kind="scan",
               scan=(io.BytesIO(picture()), "证.jpg"))  # fmt: skip
    version = FileVersion.get(FileVersion.slot.startswith("qualification"))
    own = client.get(f"/applicant/files/{version.id}")
    assert own.status_code == 200 and own.data[:2] == b"\xff\xd8"
    assert own.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/applicant/files/{version.id}/pages/1?w=160").status_code == 200
    assert client.get(f"/applicant/files/{version.id}/pages/9").status_code == 404
    stored = app.config["PORTAL"].uploads / version.path
    assert stored.is_file() and "static" not in stored.parts and "证" not in version.path
    for guess in (f"/static/{version.path}", f"/uploads/{version.path}", f"/static/../uploads/{version.path}"):
        assert client.get(guess).status_code == 404
    other = make.make_person(s.organisation)
    client.sign_in(make.grant_of(other))
    for address in (f"/applicant/files/{version.id}", f"/applicant/files/{version.id}/pages/1"):
        assert client.get(address).status_code == 404
    client.sign_out()
    answer = client.get(f"/applicant/files/{version.id}")
    assert answer.status_code == 303 and "login" in answer.headers["Location"]


def test_a_name_with_markup_stays_text(s, client):
    client.post("/applicant/profile", {"position": '<b hx-get="/x">职务</b>', "sex": s.person.sex})
    Person.update(position='<b hx-get="/x">职务</b>').where(Person.id == s.person.id).execute()
    html = client.get("/applicant/profile").get_data(as_text=True)
    assert '<b hx-get' not in html
