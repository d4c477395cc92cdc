"""Notices from desk to desk: the centre writes, the unit reads and forwards, members fill in the table online."""

from datetime import date, datetime, time
from io import BytesIO

import pytest

from portal.actions import notices
from portal.actions.registration_copy import live_contents
from portal.documents.annex import annex_pdf
from portal.models import Case, Membership, Message, Notice, Recommendation, Registration, Step, Submission
from portal.rules import invented
from portal.rules.workflow import IN_REVIEW, Seat
from tests import make
from tests.documents.paper import Paper


@pytest.fixture
def centre(db):
    """A seat at the provincial centre of Anhui."""
    return make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI))


@pytest.fixture
def association(db):
    """An association with one filed occupation, a number word and a mailbox."""
    occupation = make.make_occupation("4-07-03-01", "企业人力资源管理师")
    unit = make.make_organisation(
        "江淮人力资源服务协会", province=make.ANHUI, region="合肥市", unit_kind="province", occupations=[occupation]
    )
    office = make.make_office(organisation=unit)
    values = {"notice_word": "江淮协秘", "contacts": [{"name": "袁工", "email": "mishu@example.invalid"}]}
    type(office).update(**values).where(type(office).id == office.id).execute()
    return unit


def unit_grant(organisation):
    """A seat at a unit."""
    return make.make_grant(Seat.UNIT, make.make_office(organisation=organisation))


@pytest.fixture
def plan(db):
    """The class of August 2021."""
    return make.make_plan(
        province=make.ANHUI, grade="examiner", name="考评员培训班", opens_on=date(2021, 8, 4),
        closes_on=date(2021, 8, 9), training_from=None, training_to=None,
    )  # fmt: skip


@pytest.fixture
def notice(centre, association, plan, at):
    """The centre's published notice."""
    at("2021-08-03 09:00")
    actor = make.actor_of(centre)
    draft = notices.create_notice(actor=actor, plan=plan)
    return notices.publish_notice(draft, actor=actor, seen=draft.version)


@pytest.mark.requirement("R2.48")
def test_full_width_dates_are_understood(client, page, centre):
    client.sign_in(centre)
    page("/province/notices/new").press("new-notice-form")
    draft = Notice.get()
    page(f"/province/notices/{draft.id}/edit").press(
        "notice-form", title="通知", signed_on="２０２２年１２月８日", printed_by="办公室", printed_on="2022年12月9日"
    )
    stored = Notice.get_by_id(draft.id)
    assert (stored.signed_on, stored.printed_on) == (date(2022, 12, 8), date(2022, 12, 9))
    assert 'value="2022-12-08"' in page(f"/province/notices/{draft.id}/edit").html
    Paper(client.get(f"/province/notices/{draft.id}/pdf").data).in_order("2022年12月8日", "2022年12月9日印发")
    refused = page(f"/province/notices/{draft.id}/edit").press("notice-form", expect=422, signed_on="十二月八日")
    assert "看不懂日期" in refused.text and "十二月八日" in refused.html


def test_the_centre_writes_attaches_and_publishes(client, page, centre, association, plan):
    client.sign_in(centre)
    edit = page(f"/province/notices/new?plan={plan.id}").press("new-notice-form")
    draft = Notice.get()
    assert draft.plan == plan and "一、培训对象" in edit.html
    upload = (BytesIO(annex_pdf("名单", "一、名单")), "名单.pdf")
    page(f"/province/notices/{draft.id}/edit").press("attachment-form", file=upload, attachment_title="学员名单")
    page(f"/province/notices/{draft.id}/edit").press("attachment-form", builtin="table")
    edit = page(f"/province/notices/{draft.id}/edit")
    assert [each.title for each in draft.attachments] == [
        "技能人才评价考评员申报条件", "考评员外网报考流程", "学员名单", "参训推荐表",
    ]  # fmt: skip
    edit.press(
        "notice-form", number="皖鉴[2021]7号", is_public="y", offices=f"{association.name}\n",
        **{"basis-0-title": "关于改革完善技能人才评价制度的意见", "basis-0-number": "人社部发〔2019〕90号",
           "contacts-0-name": "高工", "contacts-0-phone": "0551-00000001"},
    )  # fmt: skip
    stored = Notice.get_by_id(draft.id)
    office = make.make_office(organisation=association)
    assert stored.number == "皖鉴〔2021〕7号" and f"office:{office.id}" in stored.recipient_groups
    before = {name: getattr(stored, name) for name in notices.FIELD_LABELS}
    page(f"/province/notices/{draft.id}/edit").press("notice-form")
    again = Notice.get_by_id(draft.id)
    assert {name: getattr(again, name) for name in notices.FIELD_LABELS} == before, "saving again changes nothing"
    shown = page(f"/province/notices/{draft.id}").press(f"/province/notices/{draft.id}/publish")
    assert "通知已发布" in shown.text and association.name in shown.text
    assert "根据《关于改革完善技能人才评价制度的意见》（人社部发〔2019〕90号）要求" in shown.text
    assert client.get(f"/province/notices/{draft.id}/edit").status_code == 409


def test_an_unknown_unit_is_named(client, page, centre):
    client.sign_in(centre)
    page("/province/notices/new").press("new-notice-form")
    draft = Notice.get()
    answer = page(f"/province/notices/{draft.id}/edit").press("notice-form", expect=422, offices="不存在的单位")
    assert "没有找到单位“不存在的单位”" in answer.text


def test_a_notice_of_others_is_not_there(client, page, centre, association, notice):
    actor = make.actor_of(centre)
    draft = notices.create_notice(actor=actor)
    city = make.make_city_centre("合肥市", make.ANHUI)
    strangers = [
        (unit_grant(make.make_organisation(province=make.ANHUI, region="合肥市", filed=None)), "unit"),
        (make.make_grant(Seat.CITY_CENTRE, city), "city"),
        (make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()), "province"),
    ]
    for grant, door in strangers:
        client.sign_out()
        client.sign_in(grant)
        for row in (notice, draft):
            for verb in ("", "/pdf", "/attachments/1"):
                assert client.get(f"/{door}/notices/{row.id}{verb}").status_code == 404, (door, verb)
        assert notice.title not in page(f"/{door}/notices").text
    client.sign_out()
    client.sign_in(unit_grant(association))
    assert notice.title in page("/unit/notices").text
    assert client.get(f"/unit/notices/{draft.id}").status_code == 404
    assert client.post(f"/unit/notices/{notice.id}/withdraw", {"seen": "1", "reason": "x"}).status_code == 404


@pytest.mark.requirement("R2.40")
def test_a_forward_shows_its_own_text_and_links_the_original(client, page, association, notice):
    client.sign_in(unit_grant(association))
    edit = page(f"/unit/notices/{notice.id}").press(f"/unit/notices/{notice.id}/forward")
    forward = Notice.get(Notice.forward_of == notice)
    assert edit.url == f"/unit/notices/{forward.id}/edit"
    edit.press("notice-form", closes_time="17:00", mailbox="bao@example.invalid")
    stored = Notice.get_by_id(forward.id)
    assert stored.closes_time == time(17, 0) and "8月9日17:00前" in stored.body and "bao@example.invalid" in stored.body
    shown = page(f"/unit/notices/{forward.id}").text
    own, original = shown.index("并作如下工作安排"), shown.index("现将有关事项通知如下")
    assert own < original
    assert f"/unit/notices/{notice.id}" in page(f"/unit/notices/{forward.id}").links()
    answer = page(f"/unit/notices/{forward.id}/edit").press("notice-form", expect=422, closes_on="2021-08-10")
    assert "不能晚于计划的报名截止时间" in answer.text


@pytest.mark.requirement("R2.43")
def test_members_fill_in_the_table_online_until_the_cut_off(client, page, association, notice, at):
    member = make.make_member(association, "云帆技术有限公司")
    chief, clerk = unit_grant(association), unit_grant(member)
    client.sign_in(chief)
    page(f"/unit/notices/{notice.id}").press(f"/unit/notices/{notice.id}/forward").press(
        "notice-form", closes_time="17:00"
    )
    forward = Notice.get(Notice.forward_of == notice)
    page(f"/unit/notices/{forward.id}").press(f"/unit/notices/{forward.id}/publish")
    assert Message.get(Message.user == clerk.user).link == f"/unit/notices/{forward.id}"
    client.sign_out()
    client.sign_in(clerk)
    assert f"/unit/notices/{forward.id}/table" in page(f"/unit/notices/{forward.id}").links()
    person = invented.make_person(7, seed="row")
    cells = {"name": person.name, "employer": member.name, "position": "主管", "id_number": person.id_number,
             "phone": person.phone, "held": "三级/高级工"}  # fmt: skip
    typed = {f"rows-0-{name}": text for name, text in cells.items()}
    at("2021-08-09 16:59:59")
    client.sign_in(clerk)
    wrong = page(f"/unit/notices/{forward.id}/table").press(
        "table-form", expect=422, **{**typed, "rows-0-id_number": "110101199001010000"}, then="send"
    )
    assert "身份证" in wrong.text and person.name in wrong.html and not Recommendation.select().exists()
    sent = page(f"/unit/notices/{forward.id}/table").press("table-form", **typed, then="send")
    assert "已于2021-08-09 16:59报送1人" in sent.text
    at("2021-08-09 17:00:00")
    closed = page(f"/unit/notices/{forward.id}/table")
    assert "已过截止时间" in closed.text and closed.find("table-form") is None
    late = client.post(f"/unit/notices/{forward.id}/table", {**typed, "seen": "1", "then": "send"})
    assert late.status_code == 403 and len(Recommendation.get().rows) == 1
    for suffix, mime in (("pdf", "application/pdf"), ("xlsx", "spreadsheetml")):
        answer = client.get(f"/unit/notices/{forward.id}/table.{suffix}")
        assert answer.status_code == 200 and mime in answer.mimetype
    client.sign_out()
    client.sign_in(chief)
    assert "已报送" in page(f"/unit/notices/{forward.id}/tables").text
    combined = client.get(f"/unit/notices/{forward.id}/tables/all.pdf").data
    Paper(combined).in_order("报名表", person.name, person.id_number)
    assert client.get(f"/unit/notices/{forward.id}/tables/{member.id}.xlsx").status_code == 200
    assert client.get(f"/unit/notices/{forward.id}/tables/99999.xlsx").status_code == 404
    entered = page(f"/unit/notices/{forward.id}/tables/{member.id}/edit").press("table-form", then="send")
    assert "逾期" in entered.text and Recommendation.get().late


def test_a_typed_table_is_replaced_only_by_the_button_that_says_so(client, page, association, notice):
    person = make.make_person(association)
    case = Case.create(
        kind="registration", state=IN_REVIEW, position=1, organisation=association, person=person, plan=notice.plan,
        province=make.ANHUI, title=person.name, created_at=datetime(2021, 8, 5),
    )  # fmt: skip
    registration = Registration.create(
        case=case, plan=notice.plan, person=person, organisation=association, occupation=make.make_occupation(),
        live_key=f"{notice.plan_id}:{person.id}",
    )  # fmt: skip
    data, files = live_contents(registration)
    Submission.create(case=case, number=1, data=data, files=files, sha256="0" * 64, at=case.created_at)
    Step.create(case=case, position=0, seat="U", office=make.make_office(organisation=association), outcome="pass")
    typed = [{"name": "手工填写"}]
    table = Recommendation.create(notice=notice, organisation=association, rows=typed)
    client.sign_in(unit_grant(association))
    shown, send = page("/unit/tables"), f"/unit/notices/{notice.id}/send-recommended"
    assert "与初审通过名单不同" in shown.text and "以初审通过名单替换并报送" in shown.text
    assert "没有报送" in shown.press(send, replace=None).text
    assert Recommendation.get_by_id(table.id).rows == typed
    done = shown.press(send)
    assert "已报送1人" in done.text and "重新报送" in done.text and "与初审通过名单不同" not in done.text
    assert Recommendation.get_by_id(table.id).rows[0]["name"] == person.name
    shown.press(send, expect=409)  # the page from before knows an older table
    assert "已报送1人" in done.press(send).text


def test_a_member_sees_nobody_elses_table(client, association, notice, page):
    members = [make.make_member(association, name) for name in ("甲会员公司", "乙会员公司")]
    client.sign_in(unit_grant(association))
    page(f"/unit/notices/{notice.id}").press(f"/unit/notices/{notice.id}/forward")
    forward = Notice.get(Notice.forward_of == notice)
    page(f"/unit/notices/{forward.id}").press(f"/unit/notices/{forward.id}/publish")
    client.sign_out()
    client.sign_in(unit_grant(members[0]))
    for place in (f"tables/{members[1].id}.pdf", "tables", "tables/all.pdf", f"tables/{members[1].id}/edit"):
        assert client.get(f"/unit/notices/{forward.id}/{place}").status_code == 404


@pytest.mark.requirement("R0.16")
def test_a_second_liaison_replaces_the_first_after_confirmation(client, page, association):
    client.sign_in(unit_grant(association))
    page("/unit/organisation").press("liaison-form", name="袁工", phone="13900000001")
    asked = page("/unit/organisation").press("liaison-form", expect=422, name="金工", phone="13900000002")
    assert "现任联系人为袁工" in asked.text
    done = asked.press("liaison-form", name="金工", phone="13900000002", confirmed="y")
    assert "金工" in done.text and "以前的联系人：袁工" in done.text
    assert [each.name for each in association.liaisons if each.active] == ["金工"]


def test_members_are_added_and_removed(client, page, association):
    client.sign_in(unit_grant(association))
    added = page("/unit/organisation").press("member-form", **{"member-name": "新会员公司"})
    assert "新会员公司" in added.text
    membership = Membership.get()
    gone = added.press(f"/unit/organisation/members/{membership.id}/remove")
    assert not Membership.select().exists() and "已移除" in gone.text
    wrong = page("/unit/organisation").press("member-form", expect=422, **{"member-name": association.name})
    assert "不能把本单位" in wrong.text


def test_the_contact_page_is_edited_by_the_centre(client, page, centre):
    client.sign_in(centre)
    line = {"contacts-0-office": "职业能力建设处", "contacts-0-name": "陈工", "contacts-0-phone": "0551-00000002"}
    page("/province/contacts").press("contacts-form", **line)
    client.sign_out()
    assert "陈工" in page("/contact?province=anhui").text
