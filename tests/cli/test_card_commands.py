"""flask import cards, and what time does to cards from the command line."""

import pytest

from portal.models import Credential
from portal.rules.flows.credential import State
from tests import make
from tests.actions.test_card_import import line, table
from tests.house.world import load_calendar
from tests.make_cards import fresh, make_desk


@pytest.fixture
def run(app, at):
    load_calendar()
    at("2023-03-01 10:00")
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=list(arguments))


def test_cards_are_imported_whole_or_not_at_all(run, tmp_path):
    make.make_occupation()
    make.make_organisation("云帆技能评价有限公司")
    file = tmp_path / "证卡.xlsx"
    file.write_bytes(table(line("川考评2202200007"), line("K2", 2, 单位="无名单位")))
    result = run("import", "cards", str(file))
    assert result.exit_code == 1 and "第3行" in result.output and "无名单位" in result.output
    assert not Credential.select().exists()
    file.write_bytes(table(line("川考评2202200007"), line("K2", 2)))
    result = run("import", "cards", str(file))
    assert result.exit_code == 0 and "新增2条" in result.output, result.output
    assert Credential.select().where(Credential.imported).count() == 2


@pytest.mark.requirement("R6.15", "R13.07")
def test_the_daily_command_voids_once(run, at):
    desk = make_desk(1)
    at("2023-05-27 00:00")
    for _ in range(2):
        assert run("deadlines", "run").exit_code == 0
    assert fresh(desk.cards[0]).state == State.VOID_UNCLAIMED
    from portal.models import Event

    rows = Event.select().where(Event.subject == f"credential:{desk.cards[0].id}", Event.action == "void")
    assert rows.count() == 1
