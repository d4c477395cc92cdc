"""集体报名 through the unit's door: a table or a form makes drafts, a wrong row makes none, the person confirms."""

import io

import openpyxl
import pytest

from portal.actions.people import register_person
from portal.actions.registrations import submit_registration
from portal.documents.incoming import read_rows
from portal.documents.sheets import SheetLayout, write_sheet
from portal.models import Case, Event, Filing, Message, Person, Plan, Registration
from portal.rules import invented
from tests import make
from tests.actions.registering import fill, give_portrait, scene
from tests.conftest import Browser
from tests.web.desks import sign_in

HEAD = ["姓名", "证件号码", "性别", "联系电话", "文化程度", "职务"]


@pytest.fixture(autouse=True)
def _now(at):
    at("2022-12-10 10:00")


@pytest.fixture
def s(client):
    found = scene()
    sign_in(client, found.reviewers["U"])
    return found


def row(number: int, **changes) -> list[str]:
    sample = invented.make_person(number, seed="entered")
    values = {"name": sample.name, "id_number": sample.id_number, "sex": sample.sex, "phone": sample.phone,
              "education": "本科", "position": "培训主管"}  # fmt: skip
    return list({**values, **changes}.values())


def table(rows, head=HEAD) -> tuple[io.BytesIO, str]:
    return io.BytesIO(write_sheet(head, rows, SheetLayout(sheet_name="人员"))), "人员.xlsx"


def counts() -> tuple[int, ...]:
    return Person.select().count(), Case.select().count(), Registration.select().count(), Event.select().count()


def entry(plan: Plan) -> str:
    return f"/unit/colleagues/{plan.id}"


def test_a_table_makes_drafts_that_their_people_take_over_complete_and_confirm(s, page, client):
    assert any(link == "/unit/colleagues" for link in page("/unit/cases").links())
    with_account = make.make_person(s.organisation)
    known = row(9, name=with_account.name, id_number=with_account.id_number, sex="", phone="")
    # With a single open plan the page begins there; the notes of the template stand above its head.
    done = page("/unit/colleagues").press("table-form", file=table([row(1), row(2), known]), expect=200)
    assert "已录入3人的报名草稿" in done.text and "用同一姓名和证件号码在本系统“注册”" in done.text
    assert "待本人确认 3" in done.text and "未注册" in done.text and "已注册" in done.text
    assert row(1)[1] not in done.html, "identity numbers are masked in lists"
    assert Message.select().where(Message.user == with_account.user_id, Message.kind == "entered").count() == 1
    # Registering with the same document and name leads to the draft.
    name, number, _, phone = row(1)[:4]
    user = register_person(name, id_type="201", id_number=number, phone=phone, province="sichuan", password_hash="!")
    person = Person.get(Person.user == user)
    case = Case.get(Case.person == person)
    assert person.position == "培训主管" and case.state == "draft"
    own = Browser(client.app).sign_in(make.grant_of(person))
    assert s.plan.name in own.page("/applicant/registrations").text
    give_portrait(person)
    Person.update(saved_at=case.created_at, exam_region=s.organisation.region, address="某路1号").where(
        Person.id == person.id).execute()  # fmt: skip
    case = fill(case, make.applicant(person))
    submit_registration(case, actor=make.applicant(person), seen=case.version, declared=True)
    assert "待本人确认 2" in page("/unit/colleagues").text
    confirmed = page("/unit/colleagues?list=confirmed")
    assert name in confirmed.text and "已确认 2022-12-10 10:00" in confirmed.text
    assert page(f"/unit/cases/{case.id}").text.count(name)


def test_wrong_rows_are_named_beside_their_cells_and_nothing_is_entered(s, page):
    outsider = make.make_person(make.make_organisation())
    enrolled = s.open()
    before = counts()
    rows = [
        row(1),
        row(2, id_number="510197199001011235"),
        row(3, phone="12", education="读过书"),
        row(1),
        row(4, name=outsider.name, id_number=outsider.id_number, sex="", phone=""),
        row(5, name=s.person.name, id_number=s.person.id_number, sex="", phone=""),
        row(6, sex="男" if row(6)[2] == "女" else "女"),
        row(7, name=""),
    ]
    shown = page(entry(s.plan)).press("table-form", file=table(rows), expect=422)
    assert "没有录入任何人员" in shown.text
    assert counts() == before and Case.get_by_id(enrolled.id).version == enrolled.version
    lines = {line[0].text.strip("第行"): [" ".join("".join(cell.itertext()).split()) for cell in line]
             for line in shown.find("faults").iter("tr") if line[0].get("scope") == "row"}  # fmt: skip
    assert set(lines) == {"3", "4", "5", "6", "7", "8", "9"}
    place = {name: HEAD.index(name) + 1 for name in HEAD}
    assert "错误" in lines["3"][place["证件号码"]] and "错误" not in lines["3"][place["姓名"]]
    assert "文化程度“读过书”无法识别" in lines["4"][place["文化程度"]]
    assert "错误" in lines["4"][place["联系电话"]], "all that is wrong in a row is said at once"
    assert "与第2行重复" in lines["5"][place["证件号码"]]
    assert "登记的评价机构不是本单位" in lines["6"][place["证件号码"]]
    assert "已有报名" in lines["7"][place["姓名"]] and "您" not in lines["7"][place["姓名"]]
    assert "错误" in lines["8"][place["性别"]]
    assert "请填写姓名" in lines["9"][place["姓名"]]


def test_identity_numbers_that_excel_turned_into_numbers_are_refused(s, page):
    before = counts()
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    first = row(1)
    book.active.append([first[0], float(first[1][:17] + "0"), *first[2:]])
    book.active.append(row(2))
    content = io.BytesIO()
    book.save(content)
    shown = page(entry(s.plan)).press("table-form", file=(io.BytesIO(content.getvalue()), "人员.xlsx"), expect=422)
    assert "数值格式" in shown.text and "文本" in shown.text and counts() == before


@pytest.mark.parametrize(("content", "name", "said"), [
    (b"", "a.xlsx", "文件是空的"), (b"MZ" + bytes(300), "a.exe", "请上传 .xlsx"), (b"a,b\n1,2\n", "a.csv", "表头缺少"),
    (",".join(HEAD).encode(), "a.csv", "没有可导入的数据"),
])  # fmt: skip
def test_what_is_no_table_says_so(s, page, content, name, said):
    before = counts()
    assert said in page(entry(s.plan)).press("table-form", file=(io.BytesIO(content), name), expect=422).text
    assert counts() == before


def test_too_many_rows_are_refused_before_anything_is_looked_up(s, page, monkeypatch):
    monkeypatch.setattr("portal.actions.colleagues.MOST_ROWS", 2)
    shown = page(entry(s.plan)).press("table-form", file=table([row(1), row(2), row(3)]), expect=422)
    assert "一次最多录入2人" in shown.text and not Case.select().count()
    page(entry(s.plan)).press("table-form", file=table([row(1), row(2)]), expect=200)
    assert Case.select().count() == 2


def test_a_form_sent_twice_enters_once(s, page):
    for form, fields in (
        ("table-form", lambda: {"file": table([row(1), row(2)])}),
        ("colleague-form", lambda: {"name": row(3)[0], "id_number": row(3)[1]}),
    ):
        shown = page(entry(s.plan))
        shown.press(form, expect=200, **fields())
        after = counts()
        assert "已经提交过" in shown.press(form, expect=200, **fields()).text
        assert counts() == after
    # A new sending of the same table is another one, and every row says why not.
    assert "已有报名" in page(entry(s.plan)).press("table-form", file=table([row(1)]), expect=422).text


def test_one_colleague_by_form_with_errors_beside_the_fields(s, page):
    before = counts()
    shown = page(entry(s.plan)).press(
        "colleague-form", name=row(1)[0], id_number="510197199001011235", phone="12", position="主管", expect=422
    )
    assert shown.find("id_number-error") is not None and shown.find("phone-error") is not None
    assert shown.values("colleague-form")["position"] == "主管" and counts() == before
    done = shown.press("colleague-form", id_number=row(1)[1], phone="", expect=200)
    assert f"已录入{row(1)[0]}的报名草稿" in done.text and Case.get().title == row(1)[0]


def test_the_template_can_be_filled_in_and_read_back(s, page, client):
    answer = client.get("/unit/colleagues/template")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rows = read_rows(answer.data, "模板.xlsx").rows
    head = next(number for number, cells in enumerate(rows, 1) if "姓名*" in cells)
    values = dict(zip(HEAD, row(1), strict=True))
    for place, label in enumerate(rows[head - 1], 1):
        book.active.cell(head + 1, place, values.get(label.strip("*"), "")).number_format = "@"
    content = io.BytesIO()
    book.save(content)
    page(entry(s.plan)).press("table-form", file=(io.BytesIO(content.getvalue()), "模板.xlsx"), expect=200)
    assert Person.get(Person.id_number == row(1)[1]).position == "培训主管"


def test_another_units_people_and_plans_stay_out_of_reach(s, page, client):
    page(entry(s.plan)).press("table-form", file=table([row(1)]), expect=200)
    alone = s.open()  # begun by the person: the unit learns of it when it is submitted
    assert s.person.name not in page("/unit/colleagues").text and alone.state == "draft"
    draft, elsewhere = make.make_plan(state="draft"), make.make_plan(province=make.ANHUI)
    before = counts()
    for plan in (draft, elsewhere):
        assert client.get(entry(plan)).status_code == 404
        for address in (entry(plan), f"{entry(plan)}/one"):
            assert client.post(address, {"name": row(2)[0], "id_number": row(2)[1]}).status_code == 404
    other = make.make_organisation()
    client.sign_in(make.make_grant("U", make.make_office(organisation=other)))
    shown = page("/unit/colleagues")
    assert row(1)[0] not in shown.text and "待本人确认 0" in shown.text
    client.sign_in(make.grant_of(s.person))
    assert client.get("/unit/colleagues").status_code == client.get(entry(s.plan)).status_code == 403
    assert client.post(entry(s.plan), {}).status_code == 403
    assert counts()[:3] == before[:3]


def test_a_plan_that_does_not_take_the_unit_says_why(s, page, client, at):
    Filing.update(state="draft").execute()
    assert "没有可以录入的考评计划" in page("/unit/colleagues").text
    shown = page(entry(s.plan))
    assert "备案状态" in shown.text and "table-form" not in shown.html
    refused = client.post(f"{entry(s.plan)}/one", {
        "name": row(1)[0], "id_type": "201", "id_number": row(1)[1], "education": "",
    })  # fmt: skip
    assert refused.status_code == 403 and not Case.select().count()
    Filing.update(state="filed").execute()
    at("2022-12-20 10:00")
    sign_in(client, s.reviewers["U"])
    assert "报名已截止" in page(entry(s.plan)).text
    answer = client.post(entry(s.plan), {"file": table([row(1)])}, content_type="multipart/form-data")
    assert answer.status_code == 403 and not Case.select().count()


def test_a_draft_entered_by_mistake_is_deleted_from_the_list(s, page):
    page(entry(s.plan)).press("colleague-form", name="错号人", id_number=row(1)[1], expect=200)
    page(entry(s.plan)).press("colleague-form", name=row(2)[0], id_number=row(2)[1], expect=200)
    case = Case.get(Case.title == "错号人")
    shown = page("/unit/colleagues").press(f"/unit/colleagues/entered/{case.id}/delete", expect=200)
    assert "已删除错号人的报名草稿" in shown.text and "待本人确认 1" in shown.text
    assert Case.get_by_id(case.id).state == "withdrawn" and "错号人" not in page("/unit/colleagues?list=given-up").text
    person = Person.get(Person.id_number == row(2)[1])
    Person.update(user=make.make_user(person.name)).where(Person.id == person.id).execute()
    assert "/delete" not in page("/unit/colleagues").html


def test_a_table_with_the_right_name_corrects_the_wrong_one(s, page):
    page(entry(s.plan)).press("table-form", file=table([row(1, name="错名")]), expect=200)
    page(entry(s.plan)).press("table-form", file=table([row(1)]), expect=200)
    assert Person.get(Person.id_number == row(1)[1]).name == row(1)[0] and Case.get().title == row(1)[0]
