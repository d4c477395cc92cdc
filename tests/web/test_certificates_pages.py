"""The issuing seat's pages, the holder's 证书查看, and the documents that come out of them."""

import html
import re
import zipfile
from io import BytesIO
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from openpyxl import load_workbook

from portal import jobs
from portal.actions.card_corrections import correct_credential
from portal.actions.jobs import lease_job
from portal.cli.demo.pictures import draw_portrait
from portal.documents import credential as documents
from portal.models import Case, Credential, DocumentLog, FileVersion, Job, Office, Organisation, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.credential import may_assess
from portal.rules.flows.credential import State
from portal.rules.workflow import Seat
from portal.storage import Store
from tests import make
from tests.documents.paper import Paper
from tests.documents.test_credential_papers import pictures_of, read_codes
from tests.make_credentials import issuer_of, make_passed

STAMP_LATER = {"reason": "出差", "reported_to": "省中心", "on": "2023-02-01", "until": "2023-04-01", "by": 1}


class Desk:
    """A plan with people who passed, each with a real portrait, and the browser of the seat that issues."""

    def __init__(self, app, province: str, *, people: int = 1, grade: str = "senior", **plan):
        self.app, self.store = app, Store(app.config["PORTAL"].uploads)
        region = {"sichuan": "成都市", "anhui": "合肥市"}[province]
        self.unit = make.make_organisation(province=province, region=region)
        self.plan = make.make_plan(province=province, grade=grade, name="第一期考评员培训班", **plan)
        self.passed = [self.person(number) for number in range(people)]
        self.actor = issuer_of(province)

    def person(self, number: int) -> Registration:
        registration = make_passed(self.plan, self.unit, portrait=False)
        kept = self.store.keep_issued(draw_portrait(number), "照片.jpg", kind="jpeg")
        registration.person.portrait = FileVersion.create(
            owner=f"person:{registration.person_id}", slot="person.portrait", version=1, path=kept.path,
            sha256=kept.sha256, size=kept.size, mime=kept.mime, name=kept.name, at="2023-01-01",
        )  # fmt: skip
        registration.person.save()
        return registration

    @property
    def grant(self):
        from portal.models import Grant

        return Grant.get(Grant.user == self.actor.user)

    def issue(self, client) -> list[Credential]:
        """Through the page, everybody ticked."""
        client.sign_in(self.grant)
        client.page(f"/province/issuing/{self.plan.id}").press("issue-form", what="chosen")
        return list(Credential.select().where(Credential.plan == self.plan.id).order_by(Credential.id))


def draw_all() -> Job:
    """Do the render job as the worker does."""
    job = lease_job()
    jobs.do_job(job)
    return Job.get_by_id(job.id)


@pytest.fixture(autouse=True)
def _day(at):
    at("2023-03-01 10:00")


def test_the_list_shows_who_is_ready_and_who_is_not_and_why(app, client, page):
    desk = Desk(app, "sichuan", people=3, require_stamped_form=False)
    desk.passed[1].person.portrait = None
    desk.passed[1].person.save()
    client.sign_in(desk.grant)
    overview = page("/province/issuing")
    assert "第一期考评员培训班" in overview.text and "3 人" in overview.text
    text = page(f"/province/issuing/{desk.plan.id}").text
    assert "可以发证（本页 2 人）" in text and "暂不能发证（本页 1 人）" in text and "缺少照片" in text
    made = desk.issue(client)
    assert [card.registration_id for card in made] == [desk.passed[0].case_id, desk.passed[2].case_id]
    job = Job.get(Job.kind == "render_credentials")
    shown = page(f"/province/issuing/{desk.plan.id}/batches/{job.id}")
    assert "川考评2202300001" in shown.text and "停止生成" in shown.text
    assert draw_all().state == "done"
    shown = page(f"/province/issuing/{desk.plan.id}/batches/{job.id}")
    assert "停止生成" not in shown.text and "下载全部（ZIP）" in shown.text


def test_a_second_click_issues_nothing_more(app, client, page):
    desk = Desk(app, "sichuan", people=2)
    client.sign_in(desk.grant)
    form = page(f"/province/issuing/{desk.plan.id}")
    form.press("issue-form", what="chosen")
    form.press("issue-form", what="chosen")
    assert Credential.select().count() == 2 and Job.select().count() == 1


def test_everybody_at_once_and_nobody_chosen(app, client, page, monkeypatch):
    from portal.web.province import issuing as web

    monkeypatch.setattr(web, "AT_ONCE", 2)
    desk = Desk(app, "sichuan", people=5)
    client.sign_in(desk.grant)
    refused = client.post(f"/province/issuing/{desk.plan.id}", {"what": "chosen"})
    assert refused.status_code == 422 and "请至少选择一名" in refused.get_data(as_text=True)
    address, seen = f"/province/issuing/{desk.plan.id}", []
    while address:
        shown = page(address)
        seen += [int(case) for case in re.findall(r'name="case" value="(\d+)"', shown.html)]
        following = re.search(r'rel="next" href="([^"]+)"', shown.html)
        address = html.unescape(following[1]) if following else ""
    assert seen == [row.case_id for row in desk.passed]
    page(f"/province/issuing/{desk.plan.id}").press("issue-form", what="all")
    assert Credential.select().count() == 5


def test_the_other_seat_looks_and_does_not_issue(app, client, page):
    desk = Desk(app, "sichuan")
    centre = make.make_grant("P", desk.plan.office)
    client.sign_in(centre)
    assert "由省人社厅发放" in page(f"/province/issuing/{desk.plan.id}").text
    assert client.post(f"/province/issuing/{desk.plan.id}", {"case": desk.passed[0].case_id}).status_code == 403
    assert Credential.select().count() == 0
    assert "发证</a>" not in client.get("/province/plans").get_data(as_text=True)


@pytest.mark.requirement("R2.27")
def test_who_passes_in_anhui_downloads_and_who_passes_in_sichuan_waits_for_a_card(app, client, page):
    for province in ("anhui", "sichuan"):
        desk = Desk(app, province)
        (credential,) = desk.issue(client)
        client.sign_in(make.grant_of(desk.passed[0].person))
        shown = page("/applicant/certificates")
        answer = client.get(f"/applicant/certificates/{credential.id}/download")
        if province == "anhui":
            assert "下载" in shown.text and answer.status_code == 200 and answer.data.startswith(b"%PDF")
        else:
            assert "待发放" in shown.text and "由单位统一领取" in shown.text and "/download" not in shown.html
            assert answer.status_code == 403


@pytest.mark.requirement("R6.02", "R6.33", "R6.01")
def test_the_holder_downloads_the_own_certificate_and_nobody_elses(app, client, page):
    desk = Desk(app, "anhui", people=2, grade="examiner")
    mine, other = desk.issue(client)
    holder = desk.passed[0].person
    client.sign_in(make.grant_of(holder))
    shown = page("/applicant/certificates")
    assert "安徽省技能人才评价考评员电子证书" in shown.text and mine.number in shown.text
    assert other.number not in shown.text
    first = client.get(f"/applicant/certificates/{mine.id}/download")
    assert first.status_code == 200 and Paper(first.data).has("安徽省技能人才评价考评员电子证书")
    assert Paper(first.data).has(holder.name) and Paper(first.data).has(mine.number)
    assert client.get(f"/applicant/certificates/{other.id}/download").status_code == 404
    second = client.get(f"/applicant/certificates/{mine.id}/download")
    assert second.data == first.data
    rows = list(DocumentLog.select().where(DocumentLog.subject == f"credential:{mine.id}").order_by(DocumentLog.id))
    assert len(rows) == 2
    for row in rows:
        assert (row.user_id, row.address, row.number) == (holder.user_id, "127.0.0.1", mine.number)
        assert row.at.isoformat(sep=" ") == "2023-03-01 10:00:00"
    assert DocumentLog.select().where(DocumentLog.subject == f"credential:{other.id}").count() == 0


def test_each_later_print_is_the_first_bytes_whatever_has_changed(app, client, monkeypatch):
    desk = Desk(app, "anhui")
    (certificate,) = desk.issue(client)
    draw_all()
    client.sign_in(make.grant_of(desk.passed[0].person))
    address = f"/applicant/certificates/{certificate.id}/download"
    first = client.get(address).data
    person = desk.passed[0].person
    person.name, person.portrait = "王改名", None
    person.save()
    Organisation.update(name="改名单位").where(Organisation.id == desk.unit.id).execute()
    monkeypatch.setattr(documents, "render", lambda *_, **__: b"%PDF-1.7 another template")
    assert client.get(address).data == first
    client.sign_in(desk.grant)
    assert client.get(f"/province/credentials/{certificate.id}/print").data == first
    # Control: without the kept file the changed template would have been printed.
    Credential.update(file=None).where(Credential.id == certificate.id).execute()
    FileVersion.delete().where(FileVersion.owner == f"credential:{certificate.id}").execute()
    assert client.get(f"/province/credentials/{certificate.id}/print").data != first


@pytest.mark.requirement("R1.13")
def test_the_downloaded_certificate_shows_the_profile_portrait(app, client):
    desk = Desk(app, "anhui", people=2)
    for number, certificate in enumerate(desk.issue(client)):
        client.sign_in(make.grant_of(desk.passed[number].person))
        content = client.get(f"/applicant/certificates/{certificate.id}/download").data
        photo = next(image for image in pictures_of(content) if image.width != image.height)
        distances = []
        for kind in range(2):
            expected = documents.Image.open(BytesIO(draw_portrait(kind))).convert("RGB").resize((32, 45)).tobytes()
            pairs = zip(photo.resize((32, 45)).tobytes(), expected, strict=True)
            distances.append(sum(abs(a - b) for a, b in pairs))
        assert distances.index(min(distances)) == number


@pytest.mark.requirement("R10.76")
def test_the_certificate_has_all_fields_and_its_code_opens_the_page_of_its_number(app, client):
    desk = Desk(app, "anhui")
    (certificate,) = desk.issue(client)
    person = desk.passed[0].person
    client.sign_in(make.grant_of(person))
    content = client.get(f"/applicant/certificates/{certificate.id}/download").data
    paper = Paper(content)
    for text in (
        "安徽省技能人才评价高级考评员电子证书", person.name, person.id_number, "汽车维修工", "高级考评员",
        "五级/初级工、四级/中级工、三级/高级工、二级/技师、一级/高级技师", certificate.number, "2023年3月1日",
        "安徽省职业技能鉴定中心",
    ):  # fmt: skip
        assert paper.has(text), text
    assert len(pictures_of(content)) == 2  # photo and code
    (address,) = read_codes(content, 0)
    assert address.startswith(app.config["PORTAL"].public_address + "/")
    client.sign_out()
    answer = client.get(urlsplit(address).path)
    assert answer.status_code == 200 and certificate.number in answer.get_data(as_text=True)


@pytest.mark.requirement("R10.77", "R0.09", "R6.05")
def test_the_card_shows_its_holder_one_occupation_the_department_and_an_end_in_three_years(app, client):
    desk = Desk(app, "sichuan")
    (card,) = desk.issue(client)
    content = client.get(f"/province/credentials/{card.id}/print").data
    paper = Paper(content)
    for text in (desk.passed[0].person.name, "汽车维修工", "高级考评员", card.number, "有效期至2026年2月28日"):
        assert paper.has(text), text
    assert paper.has("四川省人力资源和社会保障厅") and not paper.has(profile_of("sichuan").wording.centre)
    assert card.printed["issuer"] == "四川省人力资源和社会保障厅"
    # Exactly one occupation: the field's and, in the sentence, the same again.
    assert card.printed["occupation"] == "汽车维修工" and paper.text.count("汽车维修工") == 2
    assert not paper.has("企业人力资源管理师")


@pytest.mark.requirement("R6.04")
def test_without_years_no_end_is_printed_and_the_certificate_never_expires(app, client, page, at):
    assert profile_of("anhui").credential.years is None
    desk = Desk(app, "anhui")
    (certificate,) = desk.issue(client)
    holder = make.grant_of(desk.passed[0].person)
    client.sign_in(holder)
    content = client.get(f"/applicant/certificates/{certificate.id}/download").data
    assert not Paper(content).has("有效期")
    for day in ("2026-03-01 00:00", "2099-12-31 23:59"):
        at(day)
        assert Credential.get_by_id(certificate.id).state_now == State.VALID
        client.sign_in(holder)
        shown = page("/applicant/certificates")
        assert "已过期" not in shown.text and "有效期至" not in shown.text


def test_a_missing_end_is_not_called_an_unlimited_one(app, client, page):
    """The province's rules say nothing of the validity; no page may promise more."""
    desk = Desk(app, "anhui")
    (certificate,) = desk.issue(client)
    for place in ("/province/pool", "/province/cards?show=all", f"/province/cards/{certificate.id}"):
        shown = page(place)
        assert certificate.number in shown.text and "未规定" in shown.text and "长期" not in shown.text, place
    sheet = load_workbook(BytesIO(client.get("/province/pool/file.xlsx").data)).active
    cells = [cell for row in sheet.iter_rows(values_only=True) for cell in row]
    assert "未规定" in cells and "长期" not in cells
    client.sign_in(make.make_grant(Seat.UNIT, Office.get(Office.organisation == desk.unit)))
    shown = page("/unit/cards?show=all")
    assert certificate.number in shown.text and "未规定" in shown.text and "长期" not in shown.text


@pytest.mark.requirement("R3.13")
def test_an_examiners_certificate_names_levels_five_to_three_and_lets_assess_no_other(app, client):
    desk = Desk(app, "anhui", grade="examiner")
    (certificate,) = desk.issue(client)
    client.sign_in(make.grant_of(desk.passed[0].person))
    paper = Paper(client.get(f"/applicant/certificates/{certificate.id}/download").data)
    assert paper.has("五级/初级工、四级/中级工、三级/高级工") and not paper.has("二级") and not paper.has("一级")
    row = Credential.get_by_id(certificate.id)
    assert [level for level in range(1, 6) if may_assess(row, row.occupation_id, level)] == [3, 4, 5]


@pytest.mark.parametrize("state", [State.REVOKED, State.REPLACED])
def test_a_certificate_that_no_longer_stands_is_not_handed_out(app, client, page, state):
    desk = Desk(app, "anhui")
    (certificate,) = desk.issue(client)
    Credential.update(state=state).where(Credential.id == certificate.id).execute()
    client.sign_in(make.grant_of(desk.passed[0].person))
    assert "/download" not in page("/applicant/certificates").html
    assert client.get(f"/applicant/certificates/{certificate.id}/download").status_code == 403
    client.sign_in(desk.grant)
    assert client.get(f"/province/credentials/{certificate.id}/print").status_code == 200


def test_a_corrected_or_replaced_certificate_names_what_took_its_place(app, client, page):
    desk = Desk(app, "anhui")
    (old,) = desk.issue(client)
    holder = make.grant_of(desk.passed[0].person)
    new = correct_credential(old, actor=desk.actor, values={"name": "赵改正"}, reason="姓名有误")
    client.sign_in(holder)
    shown = page("/applicant/certificates")
    assert f"已更正换发为{new.number}。" in shown.text and "提出陈述申辩" not in shown.text
    Credential.update(succession="renewal").where(Credential.id == new.id).execute()
    assert "提出陈述申辩" in page("/applicant/certificates").text, "revoked, and not by a correction"
    Credential.update(state=State.REPLACED).where(Credential.id == old.id).execute()
    shown = page("/applicant/certificates")
    assert f"已由{new.number}替代。" in shown.text and "提出陈述申辩" not in shown.text


def test_a_batch_comes_as_archive_and_as_sheets(app, client):
    desk = Desk(app, "sichuan", people=6)
    cards = desk.issue(client)
    job = draw_all()
    base = f"/province/issuing/{desk.plan.id}/batches/{job.id}"
    archive = client.get(f"{base}/archive")
    with zipfile.ZipFile(BytesIO(archive.data)) as packed:
        names = packed.namelist()
        assert [card.number for card in cards] == [name.rpartition("-")[2][:-4] for name in names]
        one = packed.read(names[0])
    assert one == client.get(f"/province/credentials/{cards[0].id}/print").data
    sheets = client.get(f"{base}/sheets/1").data
    assert Paper(sheets).sizes == [(210, 297), (210, 297)]
    image = pypdfium2.PdfDocument(sheets)[0].render(scale=200 / 72).to_pil()
    assert {code.text for code in zxingcpp.read_barcodes(image)} == {card.printed["verify"] for card in cards[:5]}
    assert client.get(f"{base}/sheets/2").status_code == 404
    # Each card that left on paper or in the archive is in the log.
    assert DocumentLog.select().where(DocumentLog.subject == f"credential:{cards[5].id}").count() == 2


def test_a_stopped_batch_keeps_its_numbers_and_goes_on_later(app, client, page):
    desk = Desk(app, "sichuan", people=12)
    desk.issue(client)
    job = lease_job()
    assert jobs.do_step(job) is False
    address = f"/province/issuing/{desk.plan.id}/batches/{job.id}"
    answer = client.post(f"{address}/cancel")
    assert answer.status_code == 303 and Job.get_by_id(job.id).state == "cancelled"
    assert jobs.do_step(job) is True
    drawn = Credential.select().where(Credential.file.is_null(False)).count()
    assert (drawn, Credential.select().count()) == (10, 12)
    shown = page(address)
    assert "继续生成" in shown.text and "由" in shown.text
    # The holder of one that was not drawn is served all the same.
    late = Credential.get(Credential.file.is_null())
    assert client.get(f"/province/credentials/{late.id}/print").status_code == 200
    client.post(f"{address}/resume")
    assert draw_all().state == "done"
    assert Credential.select().where(Credential.file.is_null()).count() == 0
    assert {Case.get_by_id(row.case_id).state for row in desk.passed} == {"certified"}


def test_one_without_a_photo_is_held_back_and_named_and_the_others_go_on(app, client, page):
    desk = Desk(app, "sichuan", people=12)
    cards = desk.issue(client)
    (app.config["PORTAL"].uploads / cards[3].portrait.path).unlink()
    job = draw_all()
    assert job.state == "done" and [row[0] for row in job.result["held"]] == [cards[3].id]
    assert Credential.select().where(Credential.file.is_null()).count() == 1
    shown = page(f"/province/issuing/{desk.plan.id}/batches/{job.id}")
    assert "未能生成文件（1 人）" in shown.text and "照片文件缺失" in shown.text
    archive = client.get(f"/province/issuing/{desk.plan.id}/batches/{job.id}/archive").data
    with zipfile.ZipFile(BytesIO(archive)) as packed:
        assert len(packed.namelist()) == 12 and cards[3].number in packed.read("未生成.txt").decode("utf-8-sig")


def test_a_batch_of_another_plan_is_not_found_under_this_one(app, client):
    desk, other = Desk(app, "sichuan"), Desk(app, "sichuan")
    desk.issue(client)
    job = Job.get(Job.kind == "render_credentials")
    assert client.get(f"/province/issuing/{other.plan.id}/batches/{job.id}").status_code == 404
    assert client.get(f"/province/issuing/{desk.plan.id}/batches/{job.id}").status_code == 200
