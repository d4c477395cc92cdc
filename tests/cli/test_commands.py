"""The small commands: working days, identity documents, accounts, the record, documents and the drawn flows."""

import pytest

from portal import clock
from portal.actions import events
from portal.database import transaction
from portal.models import DocumentLog, Event, Grant, User
from portal.rules import invented
from portal.rules.workflow import SYSTEM, Seat
from tests import make


@pytest.fixture
def run(app):
    """run("users", "list") gives the result of a command on the test database."""
    runner = app.test_cli_runner()
    return lambda *arguments, **kw: runner.invoke(args=list(arguments), **kw)


def test_sixty_working_days_are_explained_and_end_the_answer(run):
    result = run("workdays", "add", "2023-03-01", "60")
    lines = result.output.splitlines()
    assert result.exit_code == 0 and lines[-1] == "2023-05-26"
    assert any("2023-04-05" in line and "跳过" in line for line in lines)  # 清明
    assert any("2023-05-06" in line and "计入" in line for line in lines)  # a Saturday worked


@pytest.mark.parametrize(("start", "days", "end"), [
    ("2023-05-26", "-60", "2023-03-01"),
    ("2023年3月1日", "0", "2023-03-01"),
    ("2022-12-30", "1", "2023-01-03"),
    ("2023-01-03", "-1", "2022-12-30"),
])  # fmt: skip
def test_negative_numbers_count_back(run, start, days, end):
    result = run("workdays", "add", start, days)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, end)


def test_a_year_without_calendar_says_so(run):
    assert "提示" in run("workdays", "add", "2060-03-01", "5").output
    assert "提示" not in run("workdays", "add", "2023-03-01", "5").output


@pytest.mark.parametrize("start", ["2023-02-30", "abc"])
def test_a_day_that_is_none_is_refused_in_chinese(run, start):
    result = run("workdays", "add", start, "5")
    assert result.exit_code == 1 and result.output.startswith("错误：") and "Traceback" not in result.output


def test_the_identity_check_answers_by_exit_code_and_reason(run):
    number = invented.make_person(1).id_number
    right = run("identity", "check", "201", number)
    assert right.exit_code == 0 and "不通过" not in right.output and "通过" in right.output
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    refused = run("identity", "check", "201", wrong)
    assert refused.exit_code == 1 and "校验码不符" in refused.output
    assert run("identity", "check", "201", number[:-1]).exit_code == 1
    assert run("identity", "check", "999", number).exit_code == 1


def test_accounts_are_made_found_and_disabled(run):
    office = make.make_city_centre()
    made = run("users", "create", "zhang-san", "张三", "--seat", "C", "--office", str(office.id))
    assert made.exit_code == 0, made.output
    user = User.get(User.login == "zhang-san")
    assert user.must_change and Grant.get(Grant.user == user).office_id == office.id
    assert made.output.splitlines()[1].removeprefix("临时密码：").isalnum()
    listed = run("users", "list", "--find", "张三").output
    assert "zhang-san" in listed and office.name in listed
    assert run("users", "disable", "zhang-san").exit_code == 0 and not User.get_by_id(user.id).active
    assert run("users", "enable", "zhang-san").exit_code == 0 and User.get_by_id(user.id).active
    before = user.password_hash
    assert "临时密码" in run("users", "password", "zhang-san").output
    assert User.get_by_id(user.id).password_hash != before
    assert run("users", "offices").output.count(office.name) == 1
    nobody = run("users", "disable", "nobody")
    assert nobody.exit_code == 1 and "没有登录名为“nobody”的账户" in nobody.output


def test_an_account_whose_seat_is_refused_is_not_made_at_all(run):
    unit = make.make_office(organisation=make.make_organisation())
    refused = run("users", "create", "li-si", "李四", "--seat", "C", "--office", str(unit.id))
    assert refused.exit_code == 1 and "Traceback" not in refused.output
    assert not User.select().where(User.login == "li-si").exists()


def test_a_tampered_record_is_found_and_named(run):
    with transaction():
        for number in range(5):
            events.record("test", f"第{number}步", actor=SYSTEM)
    sound = run("audit", "verify")
    assert sound.exit_code == 0 and "完好：共5条" in sound.output
    third = Event.select().order_by(Event.id).offset(2).first()
    Event.update(note="改过").where(Event.id == third.id).execute()
    broken = run("audit", "verify")
    assert broken.exit_code == 1 and f"第{third.id}条损坏" in broken.output and "此前2条完好" in broken.output


def test_a_removed_row_is_found_at_the_one_after_it(run):
    with transaction():
        rows = [events.record("test", f"第{number}步", actor=SYSTEM) for number in range(4)]
    Event.delete().where(Event.id == rows[1].id).execute()
    broken = run("audit", "verify")
    assert broken.exit_code == 1 and f"第{rows[2].id}条损坏" in broken.output


def test_documents_are_listed_with_their_hash(run):
    DocumentLog.create(kind="notice", subject="notice:1", name="张三", at=clock.now(), sha256="ab" * 32)
    output = run("documents", "list").output
    assert "notice:1" in output and "abababababababab" in output


def test_the_drawn_flows_are_the_ones_in_the_docs(run, request):
    drawn = run("flows", "draw").output
    assert drawn.strip() == (request.config.rootpath / "docs" / "flows.md").read_text(encoding="utf8").strip()


def test_demo_data_is_refused_outside_of_demo_mode(run):
    refused = run("demo")
    assert refused.exit_code == 1 and "演示模式" in refused.output
    assert not Grant.select().where(Grant.seat == Seat.TECHNICIAN).exists()
