"""Notices: numbers, parts, recipients, forwards with their windows, recommendation tables, and their paper."""

from datetime import date, datetime, time
from io import BytesIO

import pytest
from openpyxl import load_workbook

from portal.actions import forwards, members, notices, offices, plans, recommendations
from portal.actions.registration_copy import live_contents
from portal.models import (
    Case,
    Message,
    Notice,
    NoticeRecipient,
    Office,
    Plan,
    Recommendation,
    Registration,
    Step,
    Submission,
)
from portal.models.recipients import attachments_of, recipients_of
from portal.papers.notices import print_notice
from portal.papers.tables import combined_table, member_table, unit_table, write_table
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.workflow import IN_REVIEW, Seat
from tests import make
from tests.documents.paper import Paper

HEXAGONAL = "\u3014{}\u3015"


@pytest.fixture
def centre(db):
    """The actor of the provincial centre of Anhui."""
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))


@pytest.fixture
def sichuan(db):
    """The actor of the provincial centre of Sichuan."""
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.SICHUAN)))


@pytest.fixture
def hr(db):
    """The occupation of the association."""
    return make.make_occupation("4-07-03-01", "企业人力资源管理师")


@pytest.fixture
def association(db, hr):
    """An association of Anhui with one filed occupation."""
    unit = make.make_organisation(
        "江淮人力资源服务协会", province=make.ANHUI, region="合肥市", unit_kind="province", occupations=[hr]
    )
    office = make.make_office(organisation=unit)
    type(office).update(
        notice_word="江淮协秘", contacts=[{"name": "袁工", "mobile": "13900000001", "email": "mishu@example.invalid"}]
    ).where(type(office).id == office.id).execute()
    return unit


@pytest.fixture
def secretary(association):
    """The actor of the association."""
    return unit_actor(association)


@pytest.fixture
def plan(db):
    """The plan of the association's class, open from 4 to 9 August 2021."""
    return make.make_plan(
        province=make.ANHUI, grade="examiner", name="技能人才评价考评员培训班", opens_on=date(2021, 8, 4),
        closes_on=date(2021, 8, 9), training_from=None, training_to=None,
    )  # fmt: skip


def unit_actor(organisation):
    """The actor of a new account at a unit's office."""
    return make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=organisation)))


def save(notice, actor, **values):
    """The notice with these values saved."""
    return notices.update_notice(notice, values=values, actor=actor, seen=notice.version)


def publish(notice, actor):
    """The notice, published."""
    return notices.publish_notice(notice, actor=actor, seen=notice.version)


def call(centre, plan=None, **values):
    """A published notice of the centre to all organisations."""
    draft = notices.create_notice(actor=centre, plan=plan)
    return publish(save(draft, centre, title="关于举办技能人才评价考评员培训班的通知", **values), centre)


def row(number=1, **changes):
    """One row of a recommendation table, of an invented person."""
    person = invented.make_person(number, seed="row")
    values = {
        "name": person.name, "employer": "云帆公司", "position": "主管", "id_number": person.id_number,
        "phone": person.phone, "held": "企业人力资源管理师三级/高级工",
    }  # fmt: skip
    return {**values, **changes}


# --- the notice itself


@pytest.mark.requirement("R2.36")
def test_the_next_number_is_proposed_unique_and_in_hexagonal_brackets(sichuan, at):
    at("2022-12-08 09:00")
    first = notices.create_notice(actor=sichuan)
    assert first.number == "川人社职鉴" + HEXAGONAL.format(2022) + "1号"
    first = save(first, sichuan, number="川人社职鉴[2022]21号")
    assert first.number == "川人社职鉴" + HEXAGONAL.format(2022) + "21号"
    second = notices.create_notice(actor=sichuan)
    assert second.number.endswith("22号")
    with pytest.raises(Invalid) as refused:
        save(second, sichuan, number="川人社职鉴〔２０２２〕21号")
    assert refused.value.field == "number" and "23号" in refused.value.message
    assert save(second, sichuan, number="").number is None
    at("2023-01-03 09:00")
    assert notices.create_notice(actor=sichuan).number.endswith(HEXAGONAL.format(2023) + "1号")


@pytest.mark.requirement("R2.47")
def test_a_title_is_stored_without_its_line_break(centre):
    draft = save(notices.create_notice(actor=centre), centre, title="关于举办技能人才评价\r\n 考评员培训班的通知 ")
    assert Notice.get_by_id(draft.id).title == "关于举办技能人才评价考评员培训班的通知"


@pytest.mark.requirement("R2.37", "R2.46")
def test_the_pdf_shows_all_parts_in_order(centre):
    basis = [{"title": "关于改革完善技能人才评价制度的意见", "number": "人社部发〔2019〕90号", "issuer": ""}]
    values = dict(
        number="皖鉴〔2021〕7号", addressees="各相关技能人才评价机构", purpose="为加强考评员队伍建设", basis=basis,
        announcement="现将有关事项通知如下：",
        body="一、培训对象\n由评价机构推荐的人员。\n二、报名要求\n（一）按时报名。",
        contacts=[{"name": "高工", "phone": "0551-00000000"}], signature="某某中心", signed_on=date(2021, 7, 20),
        copy_to="安徽省人力资源和社会保障厅", printed_by="某某中心办公室", printed_on=date(2021, 7, 21), is_public=True,
    )  # fmt: skip
    draft = save(notices.create_notice(actor=centre), centre, title="关于举办培训班的通知", **values)
    notices.add_attachment(draft, actor=centre, seen=draft.version, title="申报条件", builtin="guide")
    paper = Paper(print_notice(Notice.get_by_id(draft.id), actor=centre))
    paper.in_order(
        draft.issuer, "皖鉴〔2021〕7号", "关于举办培训班的通知", "各相关技能人才评价机构", "为加强考评员队伍建设，根据",
        "人社部发〔2019〕90号", "现将有关事项通知如下", "一、培训对象", "二、报名要求", "联系人", "高工", "附件",
        "申报条件", "某某中心", "2021年7月20日", "此件主动公开", "抄送：安徽省人力资源和社会保障厅",
        "某某中心办公室", "2021年7月21日印发",
    )  # fmt: skip
    assert not paper.has("主题词")
    with_words = save(Notice.get_by_id(draft.id), centre, keywords="人力资源 通知")
    assert Paper(print_notice(with_words, actor=centre)).has("人力资源")


@pytest.mark.requirement("R2.39")
def test_two_basis_documents_are_cited_in_the_first_paragraph(sichuan):
    basis = [
        {"title": "关于改革完善技能人才评价制度的意见", "number": "人社部发〔2019〕90号", "issuer": "部"},
        {"title": "关于持续征集社会培训评价组织的通告", "number": "中就培函〔2020〕16号", "issuer": ""},
    ]
    draft = save(notices.create_notice(actor=sichuan), sichuan, title="通知", basis=basis, body="一、条件")
    Paper(print_notice(draft, actor=sichuan)).in_order(
        "根据部《关于改革完善技能人才评价制度的意见》（人社部发〔2019〕90号）",
        "《关于持续征集社会培训评价组织的通告》（中就培函〔2020〕16号）", "一、条件",
    )  # fmt: skip


@pytest.mark.requirement("R2.29")
def test_two_contacts_with_mobiles_and_one_landline_print_as_in_the_source(centre):
    contacts = [
        {"name": "袁工", "mobile": "13900000001", "phone": "0551-00000001", "email": "a@example.invalid"},
        {"name": "金工", "mobile": "13900000002", "phone": "0551-00000001", "address": "合肥市某路1号"},
    ]
    draft = save(notices.create_notice(actor=centre), centre, title="通知", contacts=contacts, body="一、事项")
    paper = Paper(print_notice(draft, actor=centre))
    paper.in_order("袁工 13900000001；金工 13900000002", "0551-00000001", "a@example.invalid", "合肥市某路1号")
    assert paper.text.count("0551-00000001") == 1


@pytest.mark.requirement("R2.11")
def test_blank_dates_print_as_blanks_and_enrolment_stays_closed(centre, at):
    at("2021-07-20 09:00")
    plan = plans.create_plan(actor=centre, grade="examiner")
    plan = plans.update_plan(plan, values={"name": ""}, actor=centre, seen=plan.version)
    draft = notices.create_notice(actor=centre, plan=plan)
    paper = Paper(print_notice(save(draft, centre, title="通知"), actor=centre))
    paper.in_order("报名时间。月日至月日", "在线学习为月日至月日", "年月日")
    plan = plans.update_plan(plan, values={"name": "培训班"}, actor=centre, seen=plan.version)
    plan = plans.publish_plan(plan, actor=centre, seen=plan.version)
    assert not plan.is_open(datetime(2021, 8, 5))


@pytest.mark.requirement("R2.14", "R2.13", "R2.24")
def test_the_plans_dates_and_contents_print_on_its_notice(sichuan):
    plan = make.make_plan(
        opens_on=date(2022, 12, 9), closes_on=date(2022, 12, 13), training_from=date(2022, 12, 15),
        training_to=date(2022, 12, 16), exam_starts_at=datetime(2022, 12, 16, 14, 30),
        exam_ends_at=datetime(2022, 12, 16, 16, 30), contents=["国家技能人才评价政策法规、制度体系", "考务管理"],
    )  # fmt: skip
    stored = Plan.get_by_id(plan.id)
    assert stored.exam_starts_at == datetime(2022, 12, 16, 14, 30)
    assert stored.exam_ends_at == datetime(2022, 12, 16, 16, 30)
    paper = Paper(print_notice(notices.create_notice(actor=sichuan, plan=plan), actor=sichuan))
    paper.in_order(
        "川人社职鉴", "关于举办全省技能人才评价高级考评员培训班的通知", "各市（州）职业技能鉴定指导中心",
        "12月9日至13日", "12月15日至16日", "12月16日14:30至16:30",
        "（一）国家技能人才评价政策法规、制度体系；", "（二）考务管理。",
    )  # fmt: skip


@pytest.mark.requirement("R2.38")
def test_a_notice_is_seen_by_its_group_and_by_nobody_else(centre, association, at):
    at("2021-08-01 09:00")
    applied = make.make_organisation(province=make.ANHUI, region="合肥市", filed="submitted")
    outsiders = [
        make.make_organisation(province=make.ANHUI, region="合肥市", filed="draft"),
        make.make_organisation(province=make.SICHUAN),
    ]
    city = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("合肥市", make.ANHUI)))
    notice = call(centre, recipient_groups=["organisations"], is_public=False)
    for unit in (association, applied):
        assert notice in Notice.visible_to(unit_actor(unit))
        assert notice in Notice.visible_to(unit_actor(unit)), "a second account of the same office"
    person = make.applicant(make.make_person(association))
    for other in (*map(unit_actor, outsiders), city, person, None):
        assert notice not in Notice.visible_to(other)
    public = call(centre, recipient_groups=["organisations"], is_public=True)
    for other in (*map(unit_actor, outsiders), city, person, None):
        assert public in Notice.visible_to(other)


def test_recipients_get_one_message_each(centre, association):
    account = make.make_grant(Seat.UNIT, make.make_office(organisation=association))
    notice = call(centre, recipient_groups=["organisations", "socials"])
    message = Message.get(Message.user == account.user)
    assert notice.title in message.text and message.link == f"/unit/notices/{notice.id}" and message.read_at is None
    assert Message.select().where(Message.user == account.user).count() == 1


@pytest.mark.requirement("R2.44")
def test_the_copied_body_sees_the_notice(centre, association):
    department = make.make_office(level="province", body="department", province=make.ANHUI)
    desk = make.actor_of(make.make_grant(Seat.DEPARTMENT, department))
    draft = save(
        notices.create_notice(actor=centre), centre, title="通知", recipient_groups=["organisations"],
        copy_groups=["department"], copy_to="安徽省人力资源和社会保障厅",
        printed_by="办公室", printed_on=date(2021, 8, 4),
    )  # fmt: skip
    notice = publish(draft, centre)
    assert notice in Notice.visible_to(desk)
    assert NoticeRecipient.get(NoticeRecipient.notice == notice, NoticeRecipient.office == department).is_copy
    assert "抄送" in Message.get(Message.user == desk.user).text
    paper = Paper(print_notice(notice, actor=centre))
    paper.in_order("抄送：安徽省人力资源和社会保障厅", "办公室", "2021年8月4日印发")


def test_publication_needs_a_title_and_somebody_to_read_it(centre):
    draft = notices.create_notice(actor=centre)
    with pytest.raises(Invalid) as refused:
        publish(draft, centre)
    assert refused.value.field == "title"
    draft = save(draft, centre, title="通知", recipient_groups=["city_bureaus"])
    with pytest.raises(Invalid) as refused:
        publish(draft, centre)
    assert refused.value.field == "recipient_groups"
    with pytest.raises(Invalid) as refused:
        save(Notice.get_by_id(draft.id), centre, recipient_groups=["everybody"])
    assert refused.value.field == "recipient_groups"
    assert not NoticeRecipient.select().exists()


def test_a_published_notice_is_not_changed_but_withdrawn(centre, association):
    notice = call(centre)
    with pytest.raises(Stale):
        save(notice, centre, title="别的标题")
    with pytest.raises(NotAllowed):
        notices.withdraw_notice(notice, actor=unit_actor(association), seen=notice.version, reason="错误")
    withdrawn = notices.withdraw_notice(notice, actor=centre, seen=notice.version, reason="时间有误")
    assert withdrawn not in Notice.visible_to(unit_actor(association)) and withdrawn in Notice.visible_to(centre)


def test_units_write_no_notices_of_their_own(secretary):
    with pytest.raises(NotAllowed):
        notices.create_notice(actor=secretary)


def test_attachments_keep_their_order_without_gap(centre):
    draft = notices.create_notice(actor=centre)
    for title in ("甲", "乙", "丙"):
        notices.add_attachment(draft, actor=centre, seen=draft.version, title=title, builtin="guide")
        draft = Notice.get_by_id(draft.id)
    first, second, third = attachments_of(draft)
    notices.move_attachment(third, actor=centre, seen=draft.version)
    notices.remove_attachment(first, actor=centre, seen=draft.version + 1)
    rows = attachments_of(draft)
    assert [(row.position, row.title) for row in rows] == [(1, "丙"), (2, "乙")]
    assert second.title == "乙"


@pytest.mark.requirement("R13.10")
@pytest.mark.parametrize("field", ["body", "addressees", "signature", "printed_by", "contacts", "basis", "attachment"])
def test_no_part_of_a_public_notice_may_carry_an_identity_number(centre, field):
    number = make.make_person(make.make_organisation(province=make.ANHUI, region="合肥市")).id_number
    draft = save(notices.create_notice(actor=centre), centre, title="通知", is_public=True)
    if field == "attachment":
        notices.add_attachment(
            draft, actor=centre, seen=draft.version, title=f"{number}的材料", builtin="guide"
        )  # fmt: skip
    else:
        rows = {"contacts": [{"name": "袁工", "phone": number}], "basis": [{"title": number}]}
        save(draft, centre, **{field: rows.get(field, f"收：{number}")})
    draft = Notice.get_by_id(draft.id)
    with pytest.raises(Invalid, match="身份证号码") as refused:
        publish(draft, centre)
    assert refused.value.field == ("attachment_title" if field == "attachment" else field)
    assert Notice.get_by_id(draft.id).state == notices.DRAFT
    # The same notice that is sent to its recipients only may name a person.
    centre_city = make.make_city_centre("合肥市", make.ANHUI)
    inner = save(draft, centre, is_public=False, recipient_groups=[f"office:{centre_city.id}"])
    assert publish(inner, centre).state == notices.PUBLISHED


# --- forwards


@pytest.fixture
def original(centre, association, plan, at):
    """The centre's notice, as the association received it."""
    at("2021-08-03 09:00")
    return call(centre, plan=plan, recipient_groups=["organisations"], body="一、培训对象\n原通知正文。")


@pytest.fixture
def member(association):
    """A member unit of the association."""
    return make.make_member(association, "云帆技术有限公司")


@pytest.fixture
def forward(original, secretary, member):
    """The association's published forward: until 9 August 17:00."""
    draft = forwards.forward_notice(original, actor=secretary)
    return publish(save(draft, secretary, closes_time=time(17, 0)), secretary)


@pytest.mark.requirement("R2.41")
def test_the_title_of_a_forward_is_proposed(original, secretary):
    draft = forwards.forward_notice(original, actor=secretary)
    assert draft.title == "转发《关于举办技能人才评价考评员培训班的通知》的通知"


@pytest.mark.requirement("R2.40")
def test_a_forward_shows_its_own_text_first_and_the_original_after_it(forward, original, secretary, member):
    assert forward.number == "江淮协秘" + HEXAGONAL.format(2021) + "1号"
    assert forward.mailbox == "mishu@example.invalid" and forward.forward_of_id == original.id
    paper = Paper(print_notice(forward, actor=secretary))
    paper.in_order(
        "江淮人力资源服务协会", "江淮协秘〔2021〕1号", "转发《", "各会员单位", "8月4日至9日", "8月9日17:00前",
        "mishu@example.invalid", "企业人力资源管理师", "附件", "1.", "参训推荐表", "2.",
        "关于举办技能人才评价考评员培训班的通知",
        "报名表", "持证情况", "原通知正文",
    )  # fmt: skip
    assert original in Notice.visible_to(unit_actor(member)), "the original is linked for whom the forward reached"


def test_a_forward_proposes_the_mailbox_of_the_office_or_of_its_last_forward(forward, original, secretary, association):
    office = Office.get(Office.organisation == association)
    contacts = offices.read_contacts([{"name": "袁工", "phone": "13900000001", "email": "new@example.invalid"}])
    Office.update(contacts=contacts).where(Office.id == office.id).execute()
    assert forwards.forward_notice(original, actor=secretary).mailbox == "new@example.invalid"
    Office.update(contacts=[]).where(Office.id == office.id).execute()
    assert forwards.forward_notice(original, actor=secretary).mailbox == "new@example.invalid"
    Notice.update(mailbox="").execute()
    assert forwards.forward_notice(original, actor=secretary).mailbox == ""


@pytest.mark.requirement("R0.04")
def test_a_forward_reaches_the_member_units(original, secretary, association):
    members.add_member(actor=secretary, name="第一会员公司")
    members.add_member(actor=secretary, name="第二会员公司")
    make.make_organisation("外单位公司", province=make.ANHUI, region="合肥市")
    draft = forwards.forward_notice(original, actor=secretary)
    notice = publish(save(draft, secretary), secretary)
    assert [office.name for office in recipients_of(notice)] == ["第一会员公司", "第二会员公司"]
    with pytest.raises(Invalid):
        members.add_member(actor=secretary, name="第一会员公司")


@pytest.mark.requirement("R2.42")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"closes_on": date(2021, 8, 9), "closes_time": None}, None),
        ({"closes_on": date(2021, 8, 10), "closes_time": None}, "closes_on"),
        ({"closes_on": date(2021, 8, 10), "closes_time": time(0, 0)}, None),
        ({"opens_on": date(2021, 8, 3)}, "opens_on"),
        ({"opens_on": date(2021, 8, 9), "closes_on": date(2021, 8, 8)}, "closes_on"),
        ({"opens_on": None, "closes_on": date(2021, 8, 10)}, "closes_on"),
    ],
)
def test_a_forward_stays_inside_the_plans_window(original, secretary, values, field):
    draft = forwards.forward_notice(original, actor=secretary)
    if field is None:
        assert save(draft, secretary, **values).closes_on == values["closes_on"]
        return
    with pytest.raises(Invalid) as refused:
        save(draft, secretary, **values)
    assert refused.value.field == field


@pytest.mark.requirement("R2.42")
def test_a_forwards_occupations_are_the_units_own(original, secretary, hr):
    other = make.make_occupation("4-12-01-01", "汽车维修工")
    draft = forwards.forward_notice(original, actor=secretary)
    assert draft.occupations == [hr.id]
    with pytest.raises(Invalid) as refused:
        save(draft, secretary, occupations=[hr.id, other.id])
    assert refused.value.field == "occupations"


def test_only_what_was_received_can_be_forwarded(centre, original, secretary):
    stranger = unit_actor(make.make_organisation(province=make.ANHUI, region="合肥市", filed=None))
    for actor, notice in ((stranger, original), (centre, original)):
        with pytest.raises(NotAllowed):
            forwards.forward_notice(notice, actor=actor)
    draft = notices.create_notice(actor=centre)
    with pytest.raises(NotAllowed):
        forwards.forward_notice(draft, actor=secretary)


# --- recommendation tables


@pytest.mark.requirement("R2.09", "R2.43")
def test_rows_go_in_until_the_second_of_the_cut_off(forward, member, at):
    clerk = unit_actor(member)
    at("2021-08-09 16:59:59")
    table = recommendations.save_table(forward, rows=[row()], actor=clerk, seen=0, send=True)
    assert table.submitted_at == datetime(2021, 8, 9, 16, 59, 59) and not table.late
    assert recommendations.can_write_table(forward, clerk)
    at("2021-08-09 17:00:00")
    assert not recommendations.can_write_table(forward, clerk)
    with pytest.raises(NotAllowed, match="17:00截止"):
        recommendations.save_table(forward, rows=[row(), row(2)], actor=clerk, seen=table.version, send=True)
    assert len(Recommendation.get_by_id(table.id).rows) == 1


@pytest.mark.requirement("R2.10")
def test_a_cut_off_without_a_time_counts_the_day_whole(original, secretary, member, at):
    draft = forwards.forward_notice(original, actor=secretary)
    forward = publish(save(draft, secretary, closes_time=None), secretary)
    clerk = unit_actor(member)
    at("2021-08-09 23:59:59")
    table = recommendations.save_table(forward, rows=[row()], actor=clerk, seen=0, send=True)
    at("2021-08-10 00:00:00")
    with pytest.raises(NotAllowed):
        recommendations.save_table(forward, rows=[], actor=clerk, seen=table.version, send=False)


def test_the_association_enters_late_paper_marked_late(forward, secretary, member, at):
    at("2021-08-10 09:00:00")
    table = recommendations.save_table(forward, rows=[row()], actor=secretary, seen=0, send=True, member=member)
    assert table.late and table.organisation == member
    outsider = make.make_organisation(province=make.ANHUI, region="合肥市")
    with pytest.raises(NotAllowed):
        recommendations.save_table(forward, rows=[row()], actor=secretary, seen=0, send=True, member=outsider)
    with pytest.raises(NotAllowed):
        recommendations.save_table(forward, rows=[row()], actor=unit_actor(outsider), seen=0, send=True)


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([{"name": "张三"}], "rows-0-employer"),
        ([row(), row()], "rows-1-id_number"),
        ([row(id_number="110101199003070000")], "rows-0-id_number"),
        ([], "rows"),
        ([{}, {"name": " "}], "rows"),
    ],
)
def test_wrong_rows_are_refused_beside_their_cell(forward, member, rows, field, at):
    clerk = unit_actor(member)
    with pytest.raises(Invalid) as refused:
        recommendations.save_table(forward, rows=rows, actor=clerk, seen=0, send=True)
    assert refused.value.field == field
    assert not Recommendation.select().exists()


def test_a_draft_of_a_table_may_have_holes(forward, member):
    table = recommendations.save_table(
        forward, rows=[{"name": "张三"}, {}], actor=unit_actor(member), seen=0, send=False
    )
    assert table.submitted_at is None and [each["name"] for each in table.rows] == ["张三"]
    with pytest.raises(Stale):
        recommendations.save_table(forward, rows=[], actor=unit_actor(member), seen=0, send=False)


@pytest.mark.requirement("R2.43", "R10.01", "R10.03")
def test_the_table_is_downloadable_with_the_forwards_values(forward, secretary, member, association, tmp_path):
    other = make.make_member(association, "甲会员公司")
    make.make_office(organisation=other)
    NoticeRecipient.create(notice=forward, office=make.make_office(organisation=other))
    recommendations.save_table(forward, rows=[row(1)], actor=unit_actor(member), seen=0, send=True)
    recommendations.save_table(forward, rows=[row(2), row(3)], actor=unit_actor(other), seen=0, send=True)
    content, name, _ = write_table(combined_table(forward), "pdf", subject=f"notice:{forward.id}", actor=secretary)
    assert name == "参训推荐表.pdf"
    Paper(content).in_order(
        "报名表", "姓名", "单位", "职务", "身份证号", "联系电话", "持证情况",
        row(1)["name"], row(2)["name"], row(3)["name"],
        "①请于8月9日17:00前发送至mishu@example.invalid。", "“企业人力资源管理师”具体级别",
    )  # fmt: skip
    table = Recommendation.get(Recommendation.organisation == member)
    content, name, _ = write_table(member_table(table), "xlsx", subject=f"notice:{forward.id}", actor=secretary)
    (tmp_path / name).write_bytes(content)
    sheet = load_workbook(tmp_path / name).active
    cells = [cell for line in sheet.iter_rows() for cell in line if cell.value == row(1)["id_number"]]
    assert len(cells) == 1 and cells[0].data_type == "s" and len(cells[0].value) == 18


def passed(plan, unit, employer=""):
    """Somebody whom the unit has passed at the first review."""
    person = make.make_person(unit)
    case = Case.create(
        kind="registration", state=IN_REVIEW, position=1, organisation=unit, person=person, plan=plan,
        province=plan.province, title=person.name, created_at=datetime(2021, 8, 5), number=f"N{person.id}",
    )  # fmt: skip
    registration = Registration.create(
        case=case, plan=plan, person=person, organisation=unit, employer_name=employer,
        occupation=make.make_occupation(), live_key=f"{plan.id}:{person.id}",
    )  # fmt: skip
    data, files = live_contents(registration)
    Submission.create(case=case, number=1, data=data, files=files, sha256="0" * 64, at=case.created_at)
    Step.create(case=case, position=0, seat="U", office=make.make_office(organisation=unit), outcome="pass")
    return person


@pytest.mark.requirement("R3.40")
def test_the_table_of_the_recommended_is_sent_with_its_moment(forward, plan, association, secretary, at):
    with pytest.raises(Invalid):
        recommendations.send_recommended(forward, actor=secretary, seen=0)
    people = [passed(plan, association, "云帆技术有限公司"), passed(plan, association)]
    waiting = passed(plan, association)
    Step.update(outcome=None).where(Step.case == Case.get(Case.person == waiting)).execute()
    at("2021-08-09 16:00:00")
    table = recommendations.send_recommended(forward, actor=secretary, seen=0)
    assert [each["name"] for each in table.rows] == [person.name for person in people]
    assert table.rows[0]["employer"] == "云帆技术有限公司"
    assert table.submitted_at == datetime(2021, 8, 9, 16, 0) and not table.late


def test_a_table_typed_by_hand_is_not_overwritten_unasked(forward, plan, association, secretary):
    person = passed(plan, association)
    typed = recommendations.save_table(forward, rows=[row(7)], actor=secretary, seen=0, send=False)
    with pytest.raises(Stale):
        recommendations.send_recommended(forward, actor=secretary, seen=0, replace=True)
    with pytest.raises(Invalid, match="没有报送"):
        recommendations.send_recommended(forward, actor=secretary, seen=typed.version)
    kept = Recommendation.get_by_id(typed.id)
    assert (kept.rows, kept.submitted_at, kept.version) == ([row(7)], None, typed.version)
    sent = recommendations.send_recommended(forward, actor=secretary, seen=typed.version, replace=True)
    assert [each["name"] for each in sent.rows] == [person.name] and sent.version == typed.version + 1
    another = passed(plan, association)
    sent = recommendations.send_recommended(forward, actor=secretary, seen=sent.version)  # it only grows
    assert [each["name"] for each in sent.rows] == [person.name, another.name]


@pytest.mark.requirement("R10.05", "R10.06", "R10.08")
def test_the_summary_table_of_the_other_province(sichuan):
    unit = make.make_organisation("蜀工技能评价有限公司")
    plan = make.make_plan()
    people = [passed(plan, unit) for _ in range(3)]
    roster = unit_table(plan, unit.id, unit.name)
    content, name, _ = write_table(roster, "pdf", subject=f"plan:{plan.id}", actor=sichuan)
    paper = Paper(content)
    assert name == "四川省技能人才评价高级考评员资格培训汇总表.pdf" and paper.sizes[0] == (297, 210)
    title = "四川省技能人才评价高级考评员资格培训汇总表"
    paper.in_order(title, f"填报单位：{unit.name}（盖章）", "序号", "工作单位", people[0].name)
    assert [line[0] for line in roster.rows] == ["1", "2", "3", "4", "5", "6", "7"]
    for _ in range(9):
        passed(plan, unit)
    assert len(unit_table(plan, unit.id, unit.name).rows) == 12
    sheet = write_table(roster, "xlsx", subject=f"plan:{plan.id}", actor=sichuan)[0]
    assert load_workbook(BytesIO(sheet)).active["A1"].value == title


@pytest.mark.requirement("R0.16")
def test_a_second_liaison_replaces_the_first_after_confirmation(secretary, association):
    members.name_liaison(actor=secretary, name="袁工", phone="13900000001")
    with pytest.raises(Invalid) as refused:
        members.name_liaison(actor=secretary, name="金工", phone="13900000002")
    assert refused.value.field == "confirmed" and members.active_liaison(association.id).name == "袁工"
    members.name_liaison(actor=secretary, name="金工", phone="13900000002", confirmed=True)
    active = [each for each in association.liaisons if each.active]
    assert [each.name for each in active] == ["金工"] and len(list(association.liaisons)) == 2
