"""The Anhui class of 2021 in a real browser: the association's forward, members' tables, a registration to the end."""

from datetime import datetime

import pytest

from portal.rules import invented
from tests.browser.chromium import PHONE, running
from tests.journeys import steps

pytestmark = pytest.mark.browser
NOW = datetime(2021, 8, 4, 9, 0)


def test_from_the_forward_to_the_approval(somebody, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    with running(tmp_path_factory.mktemp("anhui") / "data", "journey", now=NOW) as server:
        accounts, organisations = server.seeded["accounts"], server.seeded["organisations"]
        centre = somebody(server).log_in(accounts["province:anhui"])
        plan = publish_plan(centre)
        publish_notice(centre, plan)

        # 转发: the association passes it on to its members with a number, a window and a mailbox of its own.
        association = somebody(server).log_in(accounts["unit:hefei"])
        association.open("/unit/notices").shot("anhui-02-association-notices")
        forward = forward_notice(association)

        # 推荐表: a member fills it in, the association sees who has sent one.
        person = invented.make_people(1, seed="journey-anhui", places=invented.PLACES[:1])[0]
        member = somebody(server).log_in(accounts["member1"])
        member.open(f"/unit/notices/{forward}").shot("anhui-04-member-reads", whole=True)
        member.open(f"/unit/notices/{forward}/table")
        send_table(member, person)
        association.open(f"/unit/notices/{forward}/tables").see("已报送", "未填报").shot("anhui-06-tables")
        with association.page.expect_download() as paper:
            association.page.click("a:has-text('汇总PDF')")
        assert paper.value.suggested_filename.endswith(".pdf")

        # The recommended person registers on the phone; unit, city and province approve.
        phone = somebody(server, viewport=PHONE)
        case = apply(phone, person, organisations["hefei"], folder)
        assert phone.overflow <= 0
        association.open("/unit/cases")
        steps.decide(association, person.name, "pass", picture="anhui-10-unit-desk")
        city = somebody(server).log_in(accounts["city:hefei"]).open("/city/cases")
        steps.decide(city, person.name, "pass", picture="anhui-11-city-desk")
        centre.open("/province/cases")
        steps.decide(centre, person.name, "pass", picture="anhui-12-province-desk")
        phone.open(f"/applicant/registrations/{case}").see("审核通过").shot("anhui-13-approved", whole=True)
        assert server.query('SELECT state FROM "case"') == [("approved",)]
        server.run("-m", "flask", "--app", "app", "audit", "verify")


def publish_plan(centre) -> int:
    """考评员 with 120 minutes, 90 points, two attempts, as the profile proposes."""
    centre.open("/province/plans/new").fill(grade="examiner").press("#new-plan-form .primary")
    centre.fill(opens_on="2021-08-02", closes_on="2021-08-12", study_from="2021-08-16", study_to="2021-08-20")
    for field, wanted in (("minutes", "120"), ("pass_mark", "90"), ("attempts", "2")):
        assert centre.page.input_value(f"#{field}").removesuffix(".0") == wanted
    centre.press("#main button[name=then][value=page]")
    plan = int(centre.page.url.rsplit("/", 1)[1])
    centre.press("button:has-text('发布计划')").see("报名中")
    return plan


def publish_notice(centre, plan: int) -> None:
    centre.open(f"/province/notices/new?plan={plan}").press("#new-notice-form .primary")
    centre.page.fill("#signed_on", "2021-07-30")
    centre.press("#notice-form button[value=page]").press("button:has-text('发布')")
    centre.see("收文单位").shot("anhui-01-notice", whole=True)


def forward_notice(association) -> int:
    association.press("#main td.title a")
    association.press("button:has-text('转发给会员单位')")
    association.fill(closes_on="2021-08-09", closes_time="17:00", mailbox="xh@example.invalid")
    association.page.fill("#signed_on", "2021-08-04")
    association.press("#notice-form button[value=page]")
    forward = int(association.page.url.rsplit("/", 1)[1])
    association.press("button:has-text('发布')").see("皖人协秘〔2021〕1号", "17:00")
    association.shot("anhui-03-forward", whole=True)
    return forward


def send_table(member, person) -> None:
    """One row, as the form of 皖人协秘〔2021〕2号 has it."""
    values = {
        "name": person.name, "employer": "庐阳会员单位1", "position": "车间主任", "id_number": person.id_number,
        "phone": person.phone, "held": "汽车维修工高级技师（一级）",
    }  # fmt: skip
    for name, value in values.items():
        member.page.fill(f"[name=rows-0-{name}]", value)
    member.shot("anhui-05-member-table").press("#table-form button[value=send]")
    member.see("报送")


def apply(who, person, organisation: str, folder) -> int:
    steps.register_account(who, person, "anhui")
    steps.fill_profile(who, folder, region="合肥市", organisation=organisation, address=person.address)
    who.open("/applicant/registrations").press("#registrations form .button:has-text('报名')")
    case = int(who.page.url.split("/registrations/")[1].split("/")[0])
    steps.add_certificate(
        who,
        folder,
        kind="职业资格",
        occupation_name="汽车维修工",
        level="1",
        number="1612000000100001",
        issuer="省职业技能鉴定中心",
        issued_on="2018-05-10",
    )
    who.open(f"/applicant/registrations/{case}/edit")
    option = who.page.locator("#occupation option", has_text="汽车维修工")
    who.page.select_option("#occupation", option.get_attribute("value"))
    for box in who.page.locator("#declarations input[type=checkbox]").all():
        box.check()
    who.shot("anhui-08-phone-filling", whole=True).press("button[name=next]")
    who.page.check("input[name=declared]")
    who.press("#submit-form .primary").see("报名编号", "待单位初审")
    who.shot("anhui-09-phone-submitted", whole=True)
    return case
