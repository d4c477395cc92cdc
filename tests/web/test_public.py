"""The public pages: no login, only what is public, no number of anybody."""

import re
from datetime import date, datetime

import pytest

from portal.actions import contacts, notices, plans
from portal.documents.annex import annex_pdf
from portal.models import Case, Notice, Plan
from portal.papers.guide import guide_parts
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from portal.storage import ATTACHMENT, Store
from tests import make
from tests.documents.paper import Paper
from tests.pages import identity_numbers, text_of


@pytest.fixture
def centre(db):
    """The actor of the provincial centre of Sichuan."""
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))


def publish(centre, title, **values):
    """A published notice."""
    draft = notices.create_notice(actor=centre)
    values = {"recipient_groups": ["city_centres"], "title": title, "body": "一、事项\n请按时办理。", **values}
    draft = notices.update_notice(draft, values=values, actor=centre, seen=draft.version)
    return notices.publish_notice(draft, actor=centre, seen=draft.version)


@pytest.fixture
def city(db):
    """Somebody to send notices to."""
    return make.make_city_centre()


@pytest.mark.requirement("R11.02", "R2.45")
def test_a_public_notice_opens_with_attachments_and_another_is_not_there(page, client, centre, city, tmp_path):
    draft = notices.create_notice(actor=centre)
    content = annex_pdf("学员名单", "一、名单")
    kept = Store(client.app.config["PORTAL"].uploads).keep(content, "名单.pdf", ATTACHMENT)
    notices.add_attachment(draft, actor=centre, seen=draft.version, title="学员名单", kept=kept)
    draft = Notice.get_by_id(draft.id)
    values = {"title": "公开通知", "is_public": True, "body": "一、事项"}
    draft = notices.update_notice(draft, values=values, actor=centre, seen=draft.version)
    shown = notices.publish_notice(draft, actor=centre, seen=draft.version)
    hidden = publish(centre, "内部通知")
    listed = page("/notices")
    assert "公开通知" in listed.text and "内部通知" not in listed.text
    opened = page(f"/notices/{shown.id}")
    assert "此件主动公开" in opened.text and "学员名单" in opened.text
    attachment = next(link for link in opened.links() if "/attachments/" in link)
    answer = client.get(attachment)
    assert answer.status_code == 200 and answer.data == content
    for address in (f"/notices/{hidden.id}", f"/notices/{hidden.id}/pdf", f"/notices/{draft.id + 99}"):
        assert client.get(address).status_code == 404
    for address in (attachment.replace(f"/{shown.id}/", f"/{hidden.id}/"), f"/notices/{shown.id}/attachments/99"):
        assert client.get(address).status_code == 404


@pytest.mark.requirement("R2.52")
def test_the_pdf_of_a_notice_is_made_on_demand(client, centre, city):
    notice = publish(centre, "关于举办培训班的通知", is_public=True)
    answer = client.get(f"/notices/{notice.id}/pdf")
    assert answer.mimetype == "application/pdf"
    Paper(answer.data).in_order("关于举办培训班的通知", "请按时办理")


@pytest.mark.requirement("R2.51")
def test_a_pinned_call_is_first_on_the_home_page(page, centre, city, at):
    at("2022-12-01 09:00")
    call = publish(centre, "征集公告", is_public=True)
    at("2022-12-02 09:00")
    publish(centre, "较新的通知", is_public=True)
    text = page("/").text
    assert text.index("较新的通知") < text.index("征集公告")
    notices.pin_notice(call, actor=centre, seen=call.version, pinned=True)
    text = page("/").text
    assert text.index("征集公告") < text.index("较新的通知")


def test_only_public_notices_can_be_pinned(centre, city):
    notice = publish(centre, "内部通知")
    with pytest.raises(Invalid):
        notices.pin_notice(notice, actor=centre, seen=notice.version, pinned=True)


@pytest.mark.requirement("R11.14")
def test_an_open_plan_is_listed_without_login_and_leads_to_it(page, client, db):
    plan = make.make_plan(name="技能人才评价高级考评员培训班")
    draft = make.make_plan(name="未发布的计划", state="draft")
    for address in ("/", "/plans"):
        shown = page(address)
        assert plan.name in shown.text and draft.name not in shown.text
    button = next(link for link in page("/plans").links() if "applicant" in link)
    answer = client.get(button)
    assert answer.status_code == 200 and "统一认证平台登录" in answer.get_data(as_text=True)
    assert client.get(f"/applicant/plans/{plan.id}").status_code == 303
    assert client.get(f"/plans/{draft.id}").status_code == 404


def test_a_plan_that_is_not_open_has_no_button(page, db):
    closed = make.make_plan(opens_on=date(2020, 1, 1), closes_on=date(2020, 1, 5))
    blank = make.make_plan(opens_on=None, closes_on=None)
    for plan in (closed, blank):
        assert not [link for link in page(f"/plans/{plan.id}").links() if "applicant" in link]
    assert "月 日" in page(f"/plans/{blank.id}").text


@pytest.mark.requirement("R2.02", "R2.03", "R2.13")
def test_the_batch_number_opens_the_details(page, db):
    make.make_region("成都市")
    plan = make.make_plan(
        opens_on=date(2022, 12, 9), closes_on=date(2022, 12, 13), training_from=date(2022, 12, 15),
        training_to=date(2022, 12, 16), exam_starts_at=datetime(2022, 12, 16, 14, 30),
        exam_ends_at=datetime(2022, 12, 16, 16, 30), classes=["3", "4"], regions=["510100"],
        conditions_text="（一）有高级技师国家职业资格。",
    )  # fmt: skip
    listed = page("/plans")
    assert plan.name in listed.text and plan.batch_no in listed.text
    detail = page(f"/plans/{plan.id}")
    for words in (
        "2022年12月9日至13日", "2022年12月15日至16日", "2022年12月16日14:30至16:30", "第三类、第四类",
        "（一）有高级技师国家职业资格。", "成都市",
    ):  # fmt: skip
        assert words in detail.text, words
    anchors = [e for e in listed.tree.iter("a") if (e.text or "") == plan.batch_no]
    assert [e.get("href") for e in anchors] == [f"/plans/{plan.id}"]


@pytest.mark.requirement("R2.23")
def test_an_online_class_shows_no_offline_stage(page, db):
    online = make.make_plan(mode="online", assessments=["online"])
    mixed = make.make_plan(province=make.ANHUI, grade="examiner", mode="mixed", assessments=["online", "offline"])
    assert "线下" not in page(f"/plans/{online.id}").text
    assert "线下培训、考核" in page(f"/plans/{mixed.id}").text


@pytest.mark.requirement("R2.28")
def test_training_and_exam_addresses_are_links_for_approved_participants(page, client, db):
    links = {key: f"https://{key}.example.invalid/" for key in ("system", "training", "exam")}
    plan = make.make_plan(links=links)
    unit = make.make_organisation()
    person, other = make.make_person(unit), make.make_person(unit)
    for somebody, state in ((person, State.APPROVED), (other, State.UNDER_REVIEW)):
        Case.create(
            kind="registration", state=state, organisation=unit, person=somebody, plan=plan, province=plan.province,
            title=somebody.name, created_at=datetime(2022, 12, 9),
        )  # fmt: skip

    def hrefs():
        return set(links.values()) & set(page(f"/plans/{plan.id}").links())

    assert hrefs() == {links["system"]}
    client.sign_in(make.grant_of(other))
    assert hrefs() == {links["system"]}
    client.sign_out()
    client.sign_in(make.grant_of(person))
    assert hrefs() == set(links.values())


@pytest.mark.requirement("R1.28")
def test_work_groups_show_for_their_audience_only(page, client, db):
    groups = [
        {"number": "600000001", "name": "联系人交流群", "audience": "liaisons"},
        {"number": "600000002", "name": "培训班群", "audience": "applicants"},
    ]
    plan = make.make_plan(groups=groups)
    unit = make.make_organisation()
    stranger = make.make_person(make.make_organisation(province=make.ANHUI, region="合肥市"))

    def seen():
        text = page(f"/plans/{plan.id}").text
        return [each["number"] for each in groups if each["number"] in text]

    assert seen() == []
    for grant, numbers in (
        (make.make_grant(Seat.UNIT, make.make_office(organisation=unit)), ["600000001"]),
        (make.grant_of(make.make_person(unit)), ["600000002"]),
        (make.grant_of(stranger), []),
    ):
        client.sign_out()
        client.sign_in(grant)
        assert seen() == numbers


@pytest.mark.requirement("R2.33")
@pytest.mark.parametrize("province", [make.ANHUI, make.SICHUAN])
def test_the_guide_has_five_parts_and_a_figure_and_is_linked(page, client, db, province):
    assert [re.sub(r"^.、", "", part.heading) for part in guide_parts(province)] == [
        "系统登录", "报名流程", "培训学习", "证书查看", "整体业务流程",
    ]  # fmt: skip
    guide = page(f"/guide?province={province}")
    assert guide.find("flow-figure") is not None and guide.html.count("<rect") >= 9
    assert "/guide" in page("/account/login").links()
    plan = make.make_plan(province=province, grade="examiner")
    assert f"/guide?province={province}" in page(f"/plans/{plan.id}").links()
    answer = client.get(f"/guide/{province}.pdf")
    Paper(answer.data).in_order("系统登录", "报名流程", "培训学习", "证书查看", "整体业务流程")
    assert client.get("/guide/elsewhere.pdf").status_code == 404


@pytest.mark.requirement("R2.30")
def test_the_attachment_list_prints_in_order_and_each_downloads(client, page, centre, city):
    plan = plans.create_plan(actor=centre, grade="senior")
    draft = notices.create_notice(actor=centre, plan=plan)
    notices.add_attachment(draft, actor=centre, seen=draft.version, title="", builtin="table")
    draft = Notice.get_by_id(draft.id)
    draft = notices.update_notice(draft, values={"is_public": True}, actor=centre, seen=draft.version)
    notice = notices.publish_notice(draft, actor=centre, seen=draft.version)
    titles = ["技能人才评价高级考评员申报条件", "考评员报名流程", "四川省技能人才评价高级考评员资格培训汇总表"]
    Paper(client.get(f"/notices/{notice.id}/pdf").data).in_order(
        "附件：", *(part for number, title in enumerate(titles, 1) for part in (f"{number}.", title))
    )
    links = [link for link in page(f"/notices/{notice.id}").links() if "/attachments/" in link]
    assert len(links) == 3
    for link, title in zip(links, titles, strict=True):
        answer = client.get(link)
        assert answer.status_code == 200
        assert Paper(answer.data).has(title)


@pytest.mark.requirement("R11.13")
@pytest.mark.parametrize(
    ("seat", "start", "label"), [("P", "/province/cases", "联系方式"), ("T", "/admin/texts", "编辑四川省联系方式")]
)
def test_edited_contacts_show_on_the_contact_page(client, page, seat, start, label):
    client.sign_in(make.make_grant(Seat(seat), make.make_province_centre()))
    link = next(a.get("href") for a in page(start).tree.iter("a") if text_of(a) == label)
    rows = [
        {"office": "职业能力建设处", "name": "陈工", "phone": "028-00000001"},
        {"office": "鉴定指导中心", "name": "张工", "mobile": "13900000001", "phone": "028-00000002",
         "email": "zx@example.invalid", "address": "成都市某路17号4楼"},
    ]  # fmt: skip
    typed = {f"contacts-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    refused = page(link).press("contacts-form", expect=422, **{**typed, "contacts-2-phone": "028-00000003"})
    assert "第3行：请填写部门或联系人姓名。" in refused.text and "028-00000003" in refused.html
    refused.press("contacts-form", **{"contacts-2-phone": ""})
    client.sign_out()
    text = page("/contact?province=sichuan").text
    for words in ("职业能力建设处", "陈工", "028-00000001", "张工 13900000001", "028-00000002", "zx@example.invalid",
                  "成都市某路17号"):  # fmt: skip
        assert words in text
    assert "028-00000003" not in text


def test_the_contact_page_is_written_by_its_own_centre_only(centre):
    row = {"office": "鉴定指导中心", "phone": "028-00000001"}
    for seat, office in ((Seat.CITY_CENTRE, make.make_city_centre()), (Seat.PROVINCE_CENTRE, centre.office)):
        other = make.actor_of(make.make_grant(seat, office))
        with pytest.raises(NotAllowed):
            contacts.save_contacts([row], actor=other, province=make.ANHUI)
    with pytest.raises(NotAllowed):
        contacts.save_contacts([row], actor=make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre())))
    assert contacts.contacts_of(make.ANHUI) == contacts.contacts_of(make.SICHUAN) == []


@pytest.mark.requirement("R13.10")
def test_no_identity_number_stands_on_any_public_page(client, page, centre, city):
    person = make.make_person(make.make_organisation())
    publish(centre, "公开通知", is_public=True)
    plan = make.make_plan()
    Case.create(
        kind="registration", state=State.APPROVED, person=person, plan=plan, province=plan.province, title=person.name,
        created_at=datetime(2022, 12, 9),
    )  # fmt: skip
    draft = notices.create_notice(actor=centre)
    body = f"一、名单\n{person.name} {person.id_number}"
    values = {"title": "名单", "body": body, "is_public": True}
    draft = notices.update_notice(draft, values=values, actor=centre, seen=draft.version)
    with pytest.raises(Invalid) as refused:
        notices.publish_notice(draft, actor=centre, seen=draft.version)
    assert refused.value.field == "body"
    seen, waiting = set(), ["/"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        response = client.get(address)
        assert response.status_code in (200, 303), address
        if response.mimetype != "text/html":
            continue
        html = response.get_data(as_text=True)
        assert not identity_numbers(html), address
        links = re.findall(r'href="(/[^"]*)"', html)
        waiting += [link.replace("&amp;", "&") for link in links if link not in seen and not link.startswith("/static")]
        waiting = [link for link in dict.fromkeys(waiting) if link not in seen]
    assert {"/", "/notices", "/plans", "/guide", "/contact", f"/plans/{plan.id}"} <= seen


def test_the_pages_of_one_province(page, centre, city, db):
    publish(centre, "四川的通知", is_public=True)
    assert "四川的通知" in page("/?province=sichuan").text
    assert "四川的通知" not in page("/?province=anhui").text
    assert "四川的通知" in page("/?province=nowhere").text
    assert Plan.select().count() == 0


def test_staff_whom_the_login_led_to_a_registration_learn_whose_door_it_is(client, page):
    plan = make.make_plan()
    client.sign_in(make.make_grant("P", plan.office))
    refused = page(f"/applicant/plans/{plan.id}", status=403)
    assert "报名须使用申请人身份" in refused.text and "请退出后用本人证件号码注册或登录" in refused.text
    piece = client.get(f"/applicant/plans/{plan.id}", headers={"HX-Request": "true"})
    assert piece.status_code == 403 and "报名须使用申请人身份" in piece.get_data(as_text=True)
    assert f"/applicant/plans/{plan.id}" not in page(f"/plans/{plan.id}").links()
    # Other doors say what they said before.
    assert "报名须使用申请人身份" not in page("/unit/cases", status=403).text
