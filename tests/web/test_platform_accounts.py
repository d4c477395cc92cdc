"""Accounts on the training platform: allotted singly or from a file, seen by nobody but their owner."""

import io

import pytest

from portal.documents.sheets import SheetLayout, write_sheet
from portal.models import Case, Event, Message, PlatformAccount, Registration
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make

HEAD = ["姓名", "证件号码", "账号", "初始密码", "说明"]


def make_approved(plan, organisation, state=State.APPROVED) -> Registration:
    """A registration that the province has approved."""
    person = make.make_person(organisation)
    case = Case.create(
        kind="registration", state=state, person=person, plan=plan, province=plan.province, title=person.name,
        organisation=organisation, office=plan.office, created_at=plan.created_at, number=f"N{person.id}",
    )  # fmt: skip
    return Registration.create(case=case, plan=plan, person=person, organisation=organisation, reviewer=organisation)


@pytest.fixture
def world(db):
    """A plan of Sichuan with two approved participants and one who still waits."""
    plan, unit = make.make_plan(), make.make_organisation()
    approved = [make_approved(plan, unit), make_approved(plan, unit)]
    waiting = make_approved(plan, unit, State.UNDER_REVIEW)
    return plan, approved, waiting


@pytest.fixture
def centre(client, world):
    """The provincial centre, signed in."""
    return client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, world[0].office))


def upload(page, plan, rows, expect):
    """Send a table of accounts through the page's form."""
    table = write_sheet(HEAD, rows, SheetLayout(sheet_name="账号"))
    shown = page(f"/province/plans/{plan.id}/accounts")
    return shown.press("accounts-form", file=(io.BytesIO(table), "账号.xlsx"), expect=expect)


@pytest.mark.requirement("R1.29")
def test_a_file_allots_accounts_and_each_participant_sees_only_the_own(centre, page, world):
    plan, (one, two), waiting = world
    rows = [[r.person.name, r.person.id_number, f"pt{n}", f"Start-{n}", ""] for n, r in enumerate((one, two), 1)]
    assert "已分配2个账号" in upload(page, plan, rows, 200).text
    assert {a.registration_id: a.login for a in PlatformAccount.select()} == {one.case_id: "pt1", two.case_id: "pt2"}
    assert Event.select().where(Event.action == "platform_account").count() == 2
    assert Message.select().where(Message.kind == "account").count() == 2
    for mine, other in ((one, two), (two, one)):
        centre.sign_out()
        centre.sign_in(make.grant_of(mine.person))
        own = page(f"/applicant/registrations/{mine.case_id}")
        assert f"pt{1 if mine is one else 2}" in own.text and f"pt{2 if mine is one else 1}" not in own.text
        assert centre.get(f"/applicant/registrations/{other.case_id}").status_code == 404
        assert centre.get(f"/province/plans/{plan.id}/accounts").status_code == 403


def test_a_wrong_row_allots_nothing_and_is_named(centre, page, world):
    plan, (one, two), waiting = world
    rows = [
        [one.person.name, one.person.id_number, "pt1", "", ""],
        ["别的姓名", two.person.id_number, "pt1", "", ""],
        [waiting.person.name, waiting.person.id_number, "pt3", "", ""],
    ]
    shown = upload(page, plan, rows, 422)
    for words in ("没有分配任何账号", "不一致", "已分配给其他人员", "审核通过"):
        assert words in shown.text, words
    assert PlatformAccount.select().count() == 0


def test_one_account_is_allotted_by_hand_and_can_be_changed(centre, page, world):
    plan, (one, two), waiting = world
    form = page(f"/province/plans/{plan.id}/accounts/{one.case_id}")
    refused = form.press("allot-form", login="", note="请记住", expect=422)
    assert "请填写账号" in refused.text and refused.values("allot-form")["note"] == "请记住"
    form.press("allot-form", login="abc", password="Start-1")
    page(f"/province/plans/{plan.id}/accounts/{one.case_id}").press("allot-form", login="abd")
    assert PlatformAccount.get().login == "abd"
    taken = page(f"/province/plans/{plan.id}/accounts/{two.case_id}").press("allot-form", login="abd", expect=422)
    assert "已分配给本计划的其他人员" in taken.text
    assert centre.get(f"/province/plans/{plan.id}/accounts/{waiting.case_id}").status_code == 404


def test_another_province_finds_nothing(client, page, world):
    plan = world[0]
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    assert client.get(f"/province/plans/{plan.id}/accounts").status_code == 404
