"""The demonstration: loaded by one command, worth looking at on the day it is tried, and every page of it opens."""

import re
import time
from collections import Counter

import pytest

from tests.cli.alone import alone, flask

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """(data folder, what the command printed) of one loaded demonstration."""
    data = tmp_path_factory.mktemp("portal") / "demo"
    done = flask(data, "demo", PORTAL_DEMO="1", PORTAL_PORT="8123")
    assert done.returncode == 0, done.stderr
    return data, done.stdout


def start():
    """The application on the loaded demonstration, inside a story."""
    from app import create_app
    from portal import database

    app = create_app()
    database.open_connection()
    return app


def count_queues() -> None:
    """Every main queue is full, with something overdue, due today and due later; every state is there."""
    from portal import clock
    from portal.actions.events import verify_chain
    from portal.models import Case, Event, Office, Person, Plan, User
    from portal.rules.flows.plan import PlanState
    from portal.rules.flows.registration import UNDER_WAY, State
    from portal.rules.workflow import IN_REVIEW

    start()
    today = clock.today()
    waiting = {}
    for office, due in (
        Case.select(Office.name, Case.due_on).join(Office, on=(Case.office == Office.id))
        .where(Case.state == IN_REVIEW).tuples()
    ):  # fmt: skip
        waiting.setdefault(office, []).append(due)
    for name in (
        "成都云帆技能评价有限公司", "成都市职业技能鉴定指导中心", "四川省职业技能鉴定指导中心",
        "安徽省人力资源服务协会", "合肥市职业技能鉴定中心", "安徽省职业技能鉴定中心",
    ):  # fmt: skip
        days = waiting[name]
        assert len(days) >= 25, (name, len(days))
        assert min(days) < today < max(days) and today in days, (name, sorted(set(days)))
    states = Counter(state for (state,) in Case.select(Case.state).tuples())
    assert all(states[state] >= 5 for state in (*UNDER_WAY, State.REJECTED, State.WITHDRAWN, State.APPROVED)), states
    assert Case.select().where(Case.claimed_until > clock.now()).count() >= 5
    names = "".join(name for (name,) in Person.select(Person.name).tuples())
    assert all(sign in names for sign in "䶮㛃𬱖𠅤·")
    assert Plan.select().where(Plan.state == PlanState.DRAFT, Plan.opens_on.is_null()).count() == 2

    assert verify_chain()[1] is None
    moments = [at for (at,) in Event.select(Event.at).order_by(Event.id).tuples()]
    assert moments == sorted(moments) and moments[-1] <= clock.now()
    officials = ("袁远", "金文君", "高韵涵", "黄宇晨", "王雨婷", "凌春乐", "陈德宝", "张开成")
    people = {name for table in (Person, User) for (name,) in table.select(table.name).tuples()}
    assert not people & set(officials)
    assert all(number[2:6] == "0197" for (number,) in Person.select(Person.id_number).tuples())
    print("done")


def see_classes() -> None:
    """Classes after the approval: every state of participants and credentials, and what is waiting to be decided."""
    from portal.actions.exams import why_no_exam
    from portal.actions.modules import modules_of, what_is_missing
    from portal.models import (
        Bar,
        Case,
        Credential,
        Excuse,
        Notice,
        OrganisationCase,
        Person,
        Plan,
        Question,
        Registration,
        Statement,
        Supervision,
        User,
    )  # fmt: skip
    from portal.models.exam_papers import shortage_of
    from portal.rules.flows.credential import State as CredentialState
    from portal.rules.flows.registration import State
    from portal.rules.flows.statement import State as StatementState
    from portal.web.account.demo import demo_accounts

    start()
    states = Counter(state for (state,) in Case.select(Case.state).where(Case.kind == "registration").tuples())
    assert set(states) == set(State), set(State) - set(states)
    held = Counter((row.province, row.state_now) for row in Credential.select())
    assert {state for province, state in held if province == "sichuan"} == set(CredentialState), held
    assert held["anhui", CredentialState.VALID] >= 10
    assert Credential.select().where(Credential.province == "anhui", Credential.file.is_null(False)).count() >= 5
    assert Credential.select().where(Credential.succession == "correction").count() == 1

    for plan in Plan.select().where(Plan.state == "published"):
        assert not [module.title for module in modules_of(plan) if what_is_missing(module)], plan.name
        assert not plan.paper or not shortage_of(plan), plan.name
    for province in ("anhui", "sichuan"):
        assert Question.select().where(Question.province == province).count() >= 60
    bars = list(Bar.select().where(Bar.live_key.is_null(False)))
    assert {bool(bar.organisation_id) for bar in bars} == {True, False} and any(bar.permanent for bar in bars)
    assert {notice.state for notice in Notice.select().where(Notice.kind == "bulletin")} == {"draft", "published"}
    assert Excuse.select().where(Excuse.accepted.is_null()).count() >= 2
    waiting = Case.select().join(Statement, on=(Statement.case == Case.id)).where(
        Case.state == StatementState.UNDER_REVIEW)  # fmt: skip
    assert waiting.count() == 1
    assert Supervision.select().where(Supervision.campaign != "").count() == 2
    assert {bool(row.outcome) for row in OrganisationCase.select()} == {True, False}

    login = next(login for label, login in demo_accounts() if "可参加线上考核" in label)
    person = Person.get(Person.user == User.get(User.login == login))
    assert why_no_exam(Registration.get(Registration.person == person)) == ""
    print("done")


def see_source_documents() -> None:
    """Both provinces' classes and notices of the source documents, with their numbers, dates, codes and blanks."""
    from datetime import date, datetime, time

    from portal.models import Filing, Notice, Plan, Recommendation, Region
    from portal.models.recipients import attachments_of
    from portal.rules.workflow import Seat

    start()
    senior = Plan.get(Plan.batch_no == "51-2022-PX-021")
    assert (senior.grade, senior.opens_on, senior.closes_on) == ("senior", date(2022, 12, 9), date(2022, 12, 13))
    assert (senior.training_from, senior.training_to) == (date(2022, 12, 15), date(2022, 12, 16))
    assert (senior.exam_starts_at, senior.exam_ends_at) == (
        datetime(2022, 12, 16, 14, 30), datetime(2022, 12, 16, 16, 30)
    )  # fmt: skip
    assert len(senior.contents) == 5 and senior.classes == ["3", "4", "5", "6"] and senior.require_stamped_form
    assert senior.groups[0]["number"] == "667805044"
    assert Notice.get(Notice.number == "川人社职鉴〔2022〕21号").plan == senior

    forward = Notice.get(Notice.number == "皖人协秘〔2021〕2号")
    assert (forward.closes_on, forward.closes_time) == (date(2021, 8, 9), time(17)) and len(forward.occupations) == 2
    original = forward.forward_of
    assert original.office.name == "安徽省职业技能鉴定中心" and "　月　日" in original.body
    assert Recommendation.select().where(Recommendation.notice == forward).count() == 2
    assert Filing.get(Filing.code == "S000034010001").organisation.name == "新华教育集团"
    rules = Notice.get(Notice.title == "关于进一步加强技能人才评价机构备案管理工作的通知")
    assert rules.is_public and len(attachments_of(rules)) == 2
    assert Region.select().where(Region.level == "county").count() == 7
    for province in ("anhui", "sichuan"):
        assert any(plan.is_open(datetime.now()) for plan in Plan.select().where(Plan.province == province))
    held = {str(seat) for seat in Seat} - {"S"}
    assert held == seats_of_demo_accounts()
    print("done")


def seats_of_demo_accounts() -> set[str]:
    """The seats that the listed accounts hold."""
    from portal.models import Grant, User
    from portal.web.account.demo import demo_accounts

    logins = [login for _, login in demo_accounts()]
    return {seat for (seat,) in Grant.select(Grant.seat).join(User, on=(Grant.user == User.id))
            .where(User.login.in_(logins)).tuples()}  # fmt: skip


def open_every_page() -> None:
    """Sign in by one click as each demo account and open what its pages link to, one or two addresses per kind."""
    from portal.web.account.demo import demo_accounts
    from tests.conftest import Browser

    app, opened = start(), 0
    for label, login in demo_accounts():
        browser = Browser(app)
        home = browser.page("/account/login").press("demo-accounts", account=login)
        waiting, seen, per_kind = [home.url, "/"], set(), Counter()
        while waiting:
            address = waiting.pop(0)
            kind = re.sub(r"\d+", "N", address.split("?")[0])
            if address in seen or per_kind[kind] >= 2 or address.startswith("/account/login"):
                continue
            seen.add(address)
            per_kind[kind] += 1
            answer = browser.get(address, follow_redirects=True)
            assert answer.status_code == 200, (label, address, answer.status_code)
            opened += 1
            if answer.mimetype == "text/html":
                waiting += re.findall(r'(?:href|src)="(/(?!static|assets)[^"#]*)"', answer.text.replace("&amp;", "&"))
    assert opened > 300, opened
    print("done", opened)


def choose_an_occupation() -> None:
    """Somebody of the association registers for the class that is open: exactly two occupations are on offer."""
    from portal.models import Plan
    from portal.web.account.demo import demo_accounts
    from tests.conftest import Browser

    app = start()
    login = next(login for label, login in demo_accounts() if "安徽，可报名" in label)
    browser = Browser(app)
    browser.page("/account/login").press("demo-accounts", account=login)
    plan = next(plan for plan in Plan.select().where(Plan.province == "anhui", Plan.state == "published")
                .order_by(Plan.id.desc()) if plan.audience_kinds)  # fmt: skip
    listed = browser.page("/applicant/registrations")
    actions = [form.get("action") or "" for form in listed.tree.iter("form")]
    edit = listed.press(next(action for action in actions if f"plans/{plan.id}" in action))
    select = next(element for element in edit.tree.iter("select") if element.get("name") == "occupation")
    offered = [" ".join(option.itertext()).strip() for option in select.iter("option") if option.get("value")]
    assert len(offered) == 2, offered
    assert "企业人力资源管理师" in offered[0] and "劳动关系协调员" in offered[1]
    print("done")


@pytest.mark.requirement("R13.18")
def test_both_provinces_and_all_roles_are_there_and_every_page_opens(demo):
    assert "done" in alone(see_source_documents, demo[0], PORTAL_DEMO="1")
    assert "done" in alone(open_every_page, demo[0], PORTAL_DEMO="1")


@pytest.mark.requirement("R2.21")
def test_the_association_offers_exactly_its_two_occupations(demo):
    assert "done" in alone(choose_an_occupation, demo[0], PORTAL_DEMO="1")


def test_the_queues_are_worth_looking_at_today(demo):
    assert "done" in alone(count_queues, demo[0], PORTAL_DEMO="1")


def test_classes_and_credentials_of_every_state_are_there_and_the_record_is_sound(demo):
    assert "done" in alone(see_classes, demo[0], PORTAL_DEMO="1")
    verified = flask(demo[0], "audit", "verify", PORTAL_DEMO="1")
    assert verified.returncode == 0 and "操作记录完好" in verified.stdout, verified.stderr


def test_the_command_shows_address_and_accounts_and_loads_once(demo):
    data, printed = demo
    assert "http://127.0.0.1:8123/" in printed and "sc-unit" in printed and "密码均为" in printed
    before = (data / "portal.sqlite3").stat().st_size
    started = time.monotonic()
    again = flask(data, "demo", PORTAL_DEMO="1", PORTAL_PORT="8123")
    assert again.returncode == 0 and "正在生成" not in again.stdout and "sc-unit" in again.stdout
    assert time.monotonic() - started < 10  # a second or two on a free machine
    assert (data / "portal.sqlite3").stat().st_size == before


def test_a_folder_with_real_data_is_never_taken_for_a_demonstration(tmp_path):
    refused = flask(tmp_path / "live", "demo", PORTAL_DEMO="1")
    assert refused.returncode == 1 and "演示模式只能使用" in refused.stderr
    assert not (tmp_path / "live").exists()
