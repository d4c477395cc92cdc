"""我的报名 through the client: plans, the form that saves as it goes, read-back, progress, corrections."""

import io
from datetime import date

import pytest

from portal.actions import people_evidence, registration_files, registrations
from portal.models import Case, FileVersion, HeldQualification, Person, PlatformAccount, Registration, Submission
from tests import make
from tests.actions.registering import fake_kept, give_portrait, picture, scene

GROUPS = [
    {"number": "667805044", "name": "2022年高级考评员培训班", "audience": "applicants"},
    {"number": "639273002", "name": "技能评价系统交流3群", "audience": "liaisons"},
]


@pytest.fixture(autouse=True)
def _now(at):
    at("2022-12-10 10:00")


@pytest.fixture
def s(client):
    found = scene(plan={"groups": GROUPS})
    client.sign_in(make.grant_of(found.person))
    return found


def held_by(s) -> list[HeldQualification]:
    mine = HeldQualification.select().where(HeldQualification.person == s.person.id)
    return list(mine.order_by(HeldQualification.id))


def edit_page(case) -> str:
    return f"/applicant/registrations/{case.id}/edit"


@pytest.mark.requirement("R2.03")
def test_the_batch_number_opens_the_details(s, page):
    listed = page("/applicant/registrations")
    link = next(a for a in listed.tree.iter("a") if (a.text or "") == s.plan.batch_no)
    shown = page(link.get("href"))
    for words in ("2022年12月7日", "汽车维修工", "高级考评员", "成都市" if s.plan.regions else "全省", "考评员资格"):
        assert words in shown.text, words


@pytest.mark.requirement("R2.05")
def test_the_button_is_there_only_within_the_window_and_when_eligible_to_try(s, page, at, client):
    button = f"/applicant/plans/{s.plan.id}/register"

    def has_button() -> bool:
        return any(form.get("action") == button for form in page("/applicant/registrations").tree.iter("form"))

    s.plan.opens_on, s.plan.closes_on = date(2022, 12, 9), date(2022, 12, 13)
    s.plan.save()
    for moment, wanted in (
        ("2022-12-08 23:59", False), ("2022-12-09 00:00", True), ("2022-12-13 23:59", True),
        ("2022-12-14 00:00", False),
    ):  # fmt: skip
        at(moment)
        client.sign_in(make.grant_of(s.person))
        assert has_button() is wanted, moment
    at("2022-12-10 10:00")
    client.sign_in(make.grant_of(s.person))
    s.plan.audience_kinds = ["central_branch"]
    s.plan.save()
    assert not has_button()
    assert "央企驻地分支机构" in page("/applicant/registrations").text
    answer = client.post(button)
    assert answer.status_code == 403 and Registration.select().count() == 0


@pytest.mark.requirement("R1.28")
def test_the_work_group_is_shown_to_those_who_may_join(s, page):
    case = s.filled()
    for address in (f"/applicant/plans/{s.plan.id}", f"/applicant/registrations/{case.id}/confirm"):
        text = page(address).text
        assert "667805044" in text and "2022年高级考评员培训班" in text, address
        assert "639273002" not in text, address


def test_joining_the_group_is_confirmed_by_oneself(s, page):
    case = s.submitted()
    shown = page(f"/applicant/registrations/{case.id}")
    after = shown.press(f"/applicant/registrations/{case.id}/group-joined")
    assert "本人确认" in after.text and Registration.get_by_id(case.id).group_joined_at is not None


def test_the_form_saves_as_it_goes(s, page, client):
    case = s.open()
    values = page(edit_page(case)).values("registration-form")
    values["occupation"] = str(make.make_occupation().id)
    answer = client.post(f"/applicant/registrations/{case.id}/autosave", values, htmx=True)
    assert answer.status_code == 204 and answer.headers["X-Saved-At"] == "10:00"
    assert int(answer.headers["X-Seen"]) == Case.get_by_id(case.id).version
    assert page(edit_page(case)).values("registration-form")["occupation"] == values["occupation"]
    # Another tab with the older page is told, and overwrites nothing.
    stale = client.post(f"/applicant/registrations/{case.id}/autosave", {**values, "occupation": ""}, htmx=True)
    assert stale.status_code == 409
    assert Registration.get_by_id(case.id).occupation_id is not None
    forged = make.make_occupation("6-20-01-01", "未备案职业")
    values |= {"seen": answer.headers["X-Seen"], "occupation": str(forged.id)}
    assert client.post(f"/applicant/registrations/{case.id}/autosave", values, htmx=True).status_code == 422
    assert Registration.get_by_id(case.id).occupation_id == make.make_occupation().id


def test_the_draft_survives_an_expired_login(s, page, client):
    case = s.filled()
    values = page(edit_page(case)).values("registration-form")
    client.sign_out()
    answer = client.post(
        f"/applicant/registrations/{case.id}/autosave", values, htmx=True,
        headers={"HX-Current-URL": f"http://localhost{edit_page(case)}"},
    )  # fmt: skip
    # Both say to autosave.js that the login has gone; it then offers the form's own way to the login (data-login).
    assert answer.status_code in (400, 401)
    assert Registration.get_by_id(case.id).occupation_id is not None
    away = client.get(edit_page(case))
    assert away.status_code == 303 and "edit" in away.headers["Location"]
    client.sign_in(make.grant_of(s.person))
    assert page(edit_page(case)).values("registration-form")["occupation"] == str(make.make_occupation().id)


def test_uploads_answer_with_the_pieces_they_change(s, page, client):
    case = s.filled()
    held = held_by(s)[0]
    # The scene's files have no bytes; this one is real.
    form = page(edit_page(case))
    assert form.values(f"upload-qualification.{held.id}")["mode"] == "add"
    answer = form.press(
        f"upload-qualification.{held.id}", htmx=True, mode="replace", material_kind="online_query",
        scan=[(io.BytesIO(picture()), "一.jpg"), (io.BytesIO(picture()), "二.jpg")],
    )  # fmt: skip
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200 and html.lstrip().startswith('<div id="materials"')
    assert 'id="seen"' in html and f'value="{Case.get_by_id(case.id).version}"' in html
    assert len(people_evidence.scans_of(s.person, f"qualification.{held.id}.scan")) == 2
    assert HeldQualification.get_by_id(held.id).material_kind == "online_query"
    bad = form.press(f"upload-qualification.{held.id}", htmx=True, scan=(io.BytesIO(b"MZ" + bytes(300)), "证书.pdf"))
    assert bad.status_code == 422 and "field-errors" in bad.get_data(as_text=True)
    newest = people_evidence.scans_of(s.person, f"qualification.{held.id}.scan")[0]
    page(edit_page(case)).press(f"/applicant/registrations/{case.id}/files/{newest.id}/remove")
    assert len(people_evidence.scans_of(s.person, f"qualification.{held.id}.scan")) == 1


@pytest.mark.requirement("R3.03")
def test_submitting_reads_everything_back_first(s, page, client):
    case = s.filled()
    form = page(edit_page(case))
    confirm = form.press("registration-form", next="1")
    assert confirm.url.endswith("/confirm")
    assert Submission.select().count() == 0 and Case.get_by_id(case.id).state == "draft"
    for words in (s.person.name, s.person.id_number, "汽车维修工", "1723000000100001", s.organisation.name):
        assert words in confirm.text, words
    refused = confirm.press("submit-form", expect=422)
    assert "信息真实承诺" in refused.text and Submission.select().count() == 0
    done = refused.press("submit-form", declared="yes")
    assert "报名已提交" in done.text and Case.get_by_id(case.id).state == "under_review"
    # The second click of the same page finds what the first one made.
    again = client.post(f"/applicant/registrations/{case.id}/confirm", {"seen": "1", "declared": "yes"})
    assert again.status_code == 303 and Submission.select().count() == 1


@pytest.mark.requirement("R3.02")
def test_certificate_information_and_materials_stand_on_one_page(s, page):
    case = s.open()
    form = page(edit_page(case))
    added = form.form("add-qualification")
    names = {e.get("name") for e in added.iter() if e.get("name")}
    assert {"kind", "occupation_name", "level", "number", "issuer", "issued_on", "material_kind", "scan"} <= names
    refused = page(f"/applicant/registrations/{case.id}/confirm").press("submit-form", declared="yes", expect=422)
    assert "请填写证书相关信息并上传证书材料" in refused.text
    assert Submission.select().count() == 0


@pytest.mark.requirement("R3.01")
def test_the_status_in_the_list_follows_the_review(s, page, client):
    def status() -> str:
        piece = client.get("/applicant/registrations", headers={"HX-Request": "true"}).get_data(as_text=True)
        assert "<html" not in piece and piece.lstrip().startswith('<div id="registrations"')
        return piece

    case = s.filled()
    assert "草稿" in status()
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    assert "待单位初审" in status()
    for seat, word in (("U", "待市级审核"), ("C", "待省级审核"), ("P", "审核通过")):
        case = s.decide(case, "pass", seat)
        assert word in status()
    assert s.plan.name in page("/applicant/registrations").text


def correction(s):
    """A returned registration: telephone and the first certificate's scan."""
    case = s.submitted()
    held = held_by(s)[0]
    told = (
        {"key": "person.phone", "label": "联系电话", "note": "少一位"},
        {"key": f"qualification.{held.id}.scan", "label": "证书材料1", "note": "不清晰"},
    )
    return s.decide(case, "return", "U", items=told, note="材料不清晰，请补正"), held


def test_the_correction_page_opens_only_what_was_returned(s, page, client):
    case, held = correction(s)
    shown = page(edit_page(case))
    assert "材料不清晰，请补正" in shown.text and "少一位" in shown.text
    assert set(shown.values("person-form")) - {"csrf_token", "seen"} == {"person-phone"}
    assert set(shown.values("registration-form")) - {"csrf_token", "seen"} == set()
    uploads = [form.get("id") for form in shown.tree.iter("form") if (form.get("id") or "").startswith("upload-")]
    assert uploads == [f"upload-qualification.{held.id}"]
    notice = next(link for link in shown.links() if "/corrections/" in link)
    pdf = client.get(notice)
    assert pdf.status_code == 200 and pdf.data[:5] == b"%PDF-"


def test_forged_posts_change_nothing_but_the_returned_items(s, page, client):
    case, held = correction(s)
    other = held_by(s)[-1]
    before = Registration.get_by_id(case.id)
    forged = {"seen": str(case.version), "occupation": str(make.make_occupation("4-07-03-04", "企业人力资源管理师").id),
              "employer": "伪造单位", "reviewer": "1", "health": "no"}  # fmt: skip
    for address in (f"/applicant/registrations/{case.id}/autosave", edit_page(case)):
        client.post(address, forged)
    after = Registration.get_by_id(case.id)
    for name in ("occupation_id", "employer_name", "reviewer_id", "data"):
        assert getattr(after, name) == getattr(before, name), name
    forged = {"seen": str(case.version), "person-position": "伪造职务"}
    client.post(f"/applicant/registrations/{case.id}/person", forged)
    assert Person.get_by_id(s.person.id).position != "伪造职务"
    files = FileVersion.select().count()
    refused = client.post(
        f"/applicant/registrations/{case.id}/files",
        {"slot": f"qualification.{other.id}.scan", "scan": (io.BytesIO(picture()), "伪造.jpg")},
        content_type="multipart/form-data",
    )
    assert refused.status_code == 403 and FileVersion.select().count() == files
    assert client.post(f"/applicant/registrations/{case.id}/qualifications", {"kind": "职业资格"}).status_code == 403


def test_a_correction_is_answered_on_the_page(s, page):
    case, held = correction(s)
    shown = page(edit_page(case)).press("person-form", **{"person-phone": "19900005555"})
    # A returned scan is wanted anew; a second page then joins the new one.
    form, slot = f"upload-qualification.{held.id}", f"qualification.{held.id}.scan"
    assert shown.values(form)["mode"] == "replace"
    shown = shown.press(form, scan=(io.BytesIO(picture()), "清晰.jpg"))
    assert [file.name for file in people_evidence.scans_of(s.person, slot)] == ["清晰.jpg"]
    assert shown.values(form)["mode"] == "add"
    confirm = page(f"/applicant/registrations/{case.id}/confirm")
    done = confirm.press("submit-form", declared="yes")
    assert "待单位初审" in done.text
    assert Submission.get(Submission.number == 2).data["person"]["phone"] == "19900005555"


def test_the_form_is_printed_stamped_and_uploaded(client, page, app):
    s = scene(plan={"require_stamped_form": True})
    client.sign_in(make.grant_of(s.person))
    page("/applicant/profile").press("profile-form", portrait=(io.BytesIO(picture()), "照片.jpg"))
    case = s.filled()
    pdf = client.post(f"/applicant/registrations/{case.id}/print")
    assert pdf.status_code == 200 and pdf.data[:5] == b"%PDF-"
    shown = page(edit_page(case))
    after = shown.press("stamp-form", scan=(io.BytesIO(picture()), "盖章申报表.jpg"))
    assert "已上传盖章申报表" in after.text
    assert Registration.get_by_id(case.id).stamped_version == 1
    page("/applicant/profile").press("profile-form", position="改了职务")
    assert "需重新盖章" in page(edit_page(case)).text


def test_the_platform_account_is_shown_after_the_approval_to_its_owner_only(s, page, client):
    case = s.submitted()
    other_person = give_portrait(make.make_person(s.organisation))
    for seat in "UCP":
        case = s.decide(case, "pass", seat)
    PlatformAccount.create(registration=case.id, login="PX001", password="p-001", allotted_at=Case.get().created_at)
    assert "PX001" in page(f"/applicant/registrations/{case.id}").text
    client.sign_in(make.grant_of(other_person))
    assert client.get(f"/applicant/registrations/{case.id}").status_code == 404
    for address in ("/applicant/registrations", "/applicant/training"):
        assert "PX001" not in page(address).text


@pytest.mark.requirement("R0.01")
def test_nothing_of_another_applicant_opens(s, client, page):
    case = s.submitted()
    draft = scene()
    theirs = draft.filled()
    held = HeldQualification.get(HeldQualification.person == s.person.id)
    stamp = registration_files.take_form_version(Registration.get_by_id(case.id), actor=s.actor)
    registration_files.attach_stamped_form(Case.get_by_id(case.id), actor=s.actor, kept=fake_kept())
    file = FileVersion.select().order_by(FileVersion.id.desc()).first()
    client.sign_in(make.grant_of(draft.person))
    before = Case.get_by_id(case.id).version
    for address in (
        f"/applicant/registrations/{case.id}", f"/applicant/registrations/{case.id}/edit",
        f"/applicant/registrations/{case.id}/confirm", f"/applicant/registrations/{case.id}/corrections/1",
        f"/applicant/qualifications/{held.id}", "/applicant/work/1", f"/applicant/files/{file.id}",
        f"/applicant/files/{file.id}/pages/1",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address
    for address in (
        f"/applicant/registrations/{case.id}/edit", f"/applicant/registrations/{case.id}/autosave",
        f"/applicant/registrations/{case.id}/confirm", f"/applicant/registrations/{case.id}/withdraw",
        f"/applicant/registrations/{case.id}/print", f"/applicant/registrations/{case.id}/stamped-form",
        f"/applicant/registrations/{case.id}/files", f"/applicant/registrations/{case.id}/files/{file.id}/remove",
        f"/applicant/registrations/{case.id}/person", f"/applicant/registrations/{case.id}/portrait",
        f"/applicant/registrations/{case.id}/qualifications", f"/applicant/registrations/{case.id}/group-joined",
        f"/applicant/qualifications/{held.id}", f"/applicant/qualifications/{held.id}/remove",
        f"/applicant/files/{file.id}/remove", "/applicant/work/1", "/applicant/work/1/remove",
    ):  # fmt: skip
        assert client.post(address, {"seen": str(before)}).status_code == 404, address
    assert Case.get_by_id(case.id).version == before and stamp
    assert client.get(f"/applicant/registrations/{theirs.id}/edit").status_code == 200


def test_the_own_certificate_pages_say_what_will_come(s, page):
    assert "审核通过后" in page("/applicant/training").text
    assert "发证后" in page("/applicant/certificates").text
    case = s.submitted()
    for seat in "UCP":
        case = s.decide(case, "pass", seat)
    assert s.plan.name in page("/applicant/training").text


def test_withdrawal_from_the_page(s, page, client):
    case = s.submitted()
    shown = page(f"/applicant/registrations/{case.id}")
    done = shown.press(f"/applicant/registrations/{case.id}/withdraw")
    assert "报名已撤回" in done.text and Case.get_by_id(case.id).state == "withdrawn"
    passed = s.decide(s.submitted(), "pass", "U")
    shown = page(f"/applicant/registrations/{passed.id}")
    assert not any("withdraw" in (form.get("action") or "") for form in shown.tree.iter("form"))
    answer = client.post(f"/applicant/registrations/{passed.id}/withdraw", {"seen": str(passed.version)})
    assert answer.status_code == 403


@pytest.mark.requirement("R1.16")
def test_the_member_unit_stands_in_the_unit_column(client, page):
    from portal.models.recommended import rows_of_recommended

    s = scene()
    member = make.make_member(s.organisation, "示例会员单位")
    s.person.employer_name = member.name
    s.person.save()
    client.sign_in(make.grant_of(s.person))
    case = s.filled(reviewer=s.organisation.id)
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    s.decide(case, "pass", "U")
    (row,) = rows_of_recommended(s.plan, s.organisation.id)
    assert row["employer"] == "示例会员单位"
    assert Registration.get_by_id(case.id).organisation_id == s.organisation.id


def test_a_plan_of_another_province_opens_and_says_whom_it_is_for(s, page, client):
    elsewhere = scene(make.ANHUI, grade="examiner")
    shown = page(f"/applicant/plans/{elsewhere.plan.id}")
    assert "只面向" in shown.text
    answer = client.post(f"/applicant/plans/{elsewhere.plan.id}/register")
    assert answer.status_code == 403 and Registration.select().count() == 0
