"""The Sichuan class of December 2022 in a real browser: from the published notice to the province's approval."""

from datetime import datetime

import pytest

from portal.rules import invented
from tests.browser.chromium import PHONE, running
from tests.journeys import steps

pytestmark = pytest.mark.browser
NOW = datetime(2022, 12, 9, 9, 0)


def test_from_the_notice_to_the_approval(somebody, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    with running(tmp_path_factory.mktemp("sichuan") / "data", "journey", now=NOW, colleagues=4) as server:
        accounts, organisations = server.seeded["accounts"], server.seeded["organisations"]
        centre = somebody(server).log_in(accounts["province:sichuan"])
        plan = publish_plan(centre)
        publish_notice(centre, plan)

        # A visitor finds the notice; two applicants register on their phones, at a city's unit and one of the province.
        people = invented.make_people(2, seed="journey")
        first, second = (somebody(server, viewport=PHONE) for _ in range(2))
        first.open("/").see("高级考评员培训班").shot("sichuan-05-visitor-home")
        case = apply(first, people[0], "成都市", organisations["chengdu"], folder, pictures=True)
        other = apply(second, people[1], "省属", organisations["sheng"], folder)
        assert first.overflow <= 0 and second.overflow <= 0

        # 单位初审: each unit sees its own person only, confirms and reports.
        unit = somebody(server).log_in(accounts["unit:chengdu"])
        assert people[1].name not in unit.open("/unit/cases").shot("sichuan-20-unit-queue").text
        steps.decide(unit, people[0].name, "pass", picture="sichuan-21-unit-desk")
        province_unit = somebody(server).log_in(accounts["unit:sheng"]).open("/unit/cases")
        steps.decide(province_unit, people[1].name, "pass")

        # 市级审核: returned with ticked items, corrected on the phone, and decided again by unit and city.
        city = somebody(server).log_in(accounts["city:chengdu"]).open("/city/cases").shot("sichuan-30-city-queue")
        assert people[1].name not in city.text  # under the province: the city's step is skipped
        return_scan(city, people[0].name)
        correct(first, case, folder)
        unit.open("/unit/cases")
        steps.decide(unit, people[0].name, "pass", picture="sichuan-34-unit-sees-changes")
        city.open("/city/cases")
        steps.decide(city, people[0].name, "pass", picture="sichuan-35-city-sees-changes")

        # 省级审核: one approved, one rejected with a reason, the rest of the filtered set in bulk.
        server.seed("register", people=server.seeded["people"], unit=accounts["unit:sheng"], plan=plan)
        centre.open("/province/cases").shot("sichuan-40-province-queue")
        steps.decide(centre, people[0].name, "pass", picture="sichuan-41-province-desk")
        centre.open("/province/cases")
        steps.decide(centre, people[1].name, "reject", note="所报职业与技师证书的职业不一致，不符合申报条件。")
        approve_in_bulk(centre, len(server.seeded["people"]))

        first.open(f"/applicant/registrations/{case}").see("审核通过").shot("sichuan-50-applicant-approved", whole=True)
        second.open(f"/applicant/registrations/{other}").see("审核不通过", "所报职业与技师证书的职业不一致")
        second.shot("sichuan-51-applicant-rejected", whole=True)
        assert first.overflow <= 0 and second.overflow <= 0
        centre.open(f"/province/plans/{plan}").shot("sichuan-52-plan-overview", whole=True)
        states = dict(server.query('SELECT state, COUNT(*) FROM "case" GROUP BY state'))
        assert states == {"approved": 1 + len(server.seeded["people"]), "rejected": 1}
        server.run("-m", "flask", "--app", "app", "audit", "verify")


def publish_plan(centre) -> int:
    """The class of the notice, with the dates of December 2022."""
    centre.shot("sichuan-01-province-home").open("/province/plans/new")
    centre.fill(grade="senior").press("#new-plan-form .primary")
    centre.fill(
        opens_on="2022-12-09", closes_on="2022-12-13", review_U="2022-12-13", review_C="2022-12-14",
        review_P="2022-12-15", study_from="2022-12-16", study_to="2022-12-25", minutes="1200", pass_mark="60",
        attempts="2", groups__0__number="123456789",
    )  # fmt: skip
    centre.shot("sichuan-02-plan-edit", whole=True).press("#main button[name=then][value=page]")
    plan = int(centre.page.url.rsplit("/", 1)[1])
    centre.press("button:has-text('发布计划')").see("报名中").shot("sichuan-03-plan-published")
    return plan


def publish_notice(centre, plan: int) -> None:
    centre.open(f"/province/notices/new?plan={plan}").press("#new-notice-form .primary")
    centre.page.fill("#signed_on", "2022-12-08")
    centre.page.check("#is_public")
    centre.press("#notice-form button[value=page]").press("button:has-text('发布')")
    centre.see("收文单位").shot("sichuan-04-notice", whole=True)


def apply(who, person, region: str, organisation: str, folder, *, pictures: bool = False) -> int:
    """Everything the applicant does, on a phone."""
    steps.register_account(who, person, "sichuan")
    steps.fill_profile(who, folder, region=region, organisation=organisation, address=person.address)
    if pictures:
        who.shot("sichuan-10-phone-profile", whole=True)
    who.open("/applicant/registrations").press("#registrations form .button:has-text('报名')")
    case = int(who.page.url.split("/registrations/")[1].split("/")[0])
    steps.add_certificate(
        who,
        folder,
        kind="职业资格",
        occupation_name="汽车维修工",
        level="1",
        number="1723000000100001",
        issuer="省职业技能鉴定中心",
        issued_on="2019-05-10",
    )
    steps.add_certificate(
        who,
        folder,
        kind="考评员",
        occupation_name="汽车维修工",
        grade="考评员",
        number="K20200001",
        issuer="省职业技能鉴定中心",
        issued_on="2020-06-01",
        valid_to="2030-05-31",
    )
    steps.add_work(
        who, organisation_name=organisation, starts_on="2018-01-01", ends_on="2021-12-31", evidence="证明人：王示例"
    )
    who.open(f"/applicant/registrations/{case}/edit")
    who.page.select_option(
        "#occupation", who.page.locator("#occupation option", has_text="汽车维修工").get_attribute("value")
    )
    who.page.check("input[name=health] >> nth=0")
    for box in who.page.locator("#declarations input[type=checkbox]").all():
        box.check()
    with who.page.expect_response(lambda answer: answer.url.endswith("/autosave")):
        who.page.locator("#occupation").dispatch_event("change")
    who.settle()
    if pictures:
        who.shot("sichuan-11-phone-filling", whole=True)
    with who.page.expect_download() as paper:
        who.page.click("button:has-text('打印申报表')")
    assert paper.value.suggested_filename.endswith(".pdf")
    who.page.set_input_files("#file-stamp", steps.picture(folder, "盖章申报表.jpg"))
    who.press("#stamp-form button").see("已上传盖章申报表")
    who.press("button[name=next]")
    if pictures:
        who.shot("sichuan-12-phone-confirm", whole=True)
    who.page.check("input[name=declared]")
    who.press("#submit-form .primary").see("报名编号", "待单位初审")
    if pictures:
        who.shot("sichuan-13-phone-submitted", whole=True)
    return case


def return_scan(city, name: str) -> None:
    """退回补正 with one ticked document and a reason of the library."""
    city.page.get_by_role("link", name=name, exact=True).first.click()
    city.settle()
    city.page.locator("#part-items input[type=checkbox][value$='.scan']").first.check()
    city.page.select_option("select[data-insert=note]", label="扫描件不清晰，请重新上传清晰的扫描件")
    city.shot("sichuan-31-city-return")
    city.press("#decision button[value=return]")


def correct(who, case: int, folder) -> None:
    """The applicant uploads the returned scan again, and only it."""
    who.open(f"/applicant/registrations/{case}").see("退回补正", "扫描件不清晰")
    who.shot("sichuan-32-phone-returned", whole=True)
    who.open(f"/applicant/registrations/{case}/edit")
    form = who.page.locator("form[id^=upload-qualification]")
    assert form.count() == 1  # the other materials are locked
    form.locator("[name=mode]").select_option("replace")
    form.locator("[name=scan]").set_input_files(steps.picture(folder, "更清晰的证书.jpg", (1200, 1680)))
    form.locator("button").last.click()
    who.settle()
    who.see("更清晰的证书").shot("sichuan-33-phone-corrected", whole=True)
    who.press("button[name=next]")
    who.page.check("input[name=declared]")
    who.press("#submit-form .primary").see("待单位初审")


def approve_in_bulk(centre, people: int) -> None:
    """通过全部筛选结果: a preview that counts, then a result for every row."""
    centre.open("/province/cases").press("button[value=pass-all]")
    centre.see(f"{people} 件").shot("sichuan-42-bulk-preview")
    centre.press("#bulk-decide .primary").see(f"{people} 件，跳过 0 件").shot("sichuan-43-bulk-result")
