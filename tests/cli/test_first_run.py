"""From an empty folder to the first plan, by the commands and pages alone; and what a second `init` says."""

import re
from pathlib import Path

import pytest

from tests.cli.alone import ROOT, alone, flask

PASSWORD = "Guanli-2026"


def set_up_and_create_a_plan() -> None:
    """`flask init`, the administrator's login, an account for the centre, and the centre's first plan."""
    from app import create_app
    from portal.models import CalendarYear, Office, Plan, Reason, Region, Workday
    from tests.conftest import Browser

    runner = create_app().test_cli_runner()
    result = runner.invoke(args=["init"], input=f"1\nadmin\n管理员\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert "初始化完成" in result.output and "安徽省" in result.output

    assert CalendarYear.select().count() >= 20 and Workday.select().count() > 500
    assert {region.name for region in Region.select()} >= {"省直", "合肥市", "黄山市"}
    assert Office.select().where(Office.level == "city").count() == 32
    assert Office.get(Office.name == "合肥市职业技能鉴定中心").body == "centre"
    assert Reason.select().count() > 5

    app = create_app()  # the key is there now
    administrator = Browser(app)
    home = administrator.page("/account/login").press("login-form", login="admin", password=PASSWORD)
    assert home.url.startswith("/admin"), home.url
    shown = administrator.page("/admin/users/add").press(
        "user-form", name="测试员", login="centre", seat="P", office="安徽省职业技能鉴定中心"
    )
    temporary = re.search(r"[a-z2-9]{12}", shown.text)[0]

    centre = Browser(app)
    change = centre.page("/account/login").press("login-form", login="centre", password=temporary)
    form = next(form.get("id") for form in change.tree.iter("form") if "password" in (form.get("action") or ""))
    change.press(form, old=temporary, new=PASSWORD, again=PASSWORD)
    edit = centre.page("/province/plans/new").press("new-plan-form", grade="examiner", kind="training")
    plan = Plan.get()
    assert f"/province/plans/{plan.id}" in edit.url
    assert plan.province == "anhui" and plan.batch_no.startswith("34-") and plan.minutes == 120
    print("done")


@pytest.mark.requirement("R13.17")
def test_an_empty_folder_becomes_an_instance_with_a_plan(tmp_path):
    assert "done" in alone(set_up_and_create_a_plan, tmp_path / "data")


def test_the_password_is_asked_again_and_init_runs_once(tmp_path):
    data = tmp_path / "data"
    typed = f"short\nshort\n{PASSWORD}\nother-2026\n{PASSWORD}\n{PASSWORD}\n"
    done = flask(data, "init", "--province", "sichuan", "--login", "admin", "--name", "管理员", typed=typed)
    assert done.returncode == 0 and "两次输入的新密码不一致" in done.stdout and "8至" in done.stdout
    again = flask(data, "init", "--province", "sichuan", "--login", "admin", "--name", "管理员", typed=typed)
    assert again.returncode == 1 and "已初始化" in again.stderr
    assert "已是最新" in flask(data, "migrate").stdout
    assert Path(data / "secret_key").stat().st_mode & 0o077 == 0


def test_an_unknown_province_leaves_nothing_behind(tmp_path):
    data = tmp_path / "data"
    refused = flask(data, "init", "--province", "月球", "--login", "admin", "--name", "管理员")
    assert refused.returncode == 1 and "没有“月球”的省份配置" in refused.stderr
    assert "尚未初始化" not in flask(data, "init", "--province", "安徽省", "--login", "admin", "--name", "管理员",
                                typed=f"{PASSWORD}\n{PASSWORD}\n").stderr  # fmt: skip


def test_commands_before_init_say_what_to_do(tmp_path):
    refused = flask(tmp_path / "data", "users", "list")
    assert refused.returncode == 1 and "flask init" in refused.stderr and "Traceback" not in refused.stderr


def test_tables_are_imported_all_rows_or_none(tmp_path):
    data = tmp_path / "data"
    flask(data, "init", "--province", "anhui", "--login", "admin", "--name", "某", typed=f"{PASSWORD}\n" * 2)
    table = tmp_path / "职业.csv"
    rows = "职业编码,职业名称,工种\n4-12-01-01,汽车维修工,汽车检测工\n6-31-01-03,电工,\n"
    table.write_text(rows, encoding="utf-8-sig")
    done = flask(data, "import", "occupations", table)
    assert done.returncode == 0 and "新增2条" in done.stdout
    table.write_text("职业编码,职业名称\n6-18-01-01,车工\n坏,焊工\n", encoding="utf-8-sig")
    refused = flask(data, "import", "occupations", table)
    assert refused.returncode == 1 and "没有导入任何数据" in refused.stderr and "第3行" in refused.stderr
    units = tmp_path / "机构.csv"
    units.write_text(
        "单位名称,机构类型,省份,所在地区,隶属关系,备案状态,备案职业\n"
        "合肥云帆技能评价有限公司,社会培训评价组织,安徽省,合肥市,市属,已备案,4-12-01-01 汽车检测工：五级至三级\n",
        encoding="utf-8-sig",
    )
    done = flask(data, "import", "organisations", units)
    assert done.returncode == 0, done.stderr
    assert "合肥云帆技能评价有限公司" in flask(data, "users", "offices").stdout


def test_unsafe_settings_are_one_chinese_line(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "portal.sqlite3").write_bytes(b"")
    refused = flask(data, "audit", "verify")
    assert refused.returncode == 1 and "密钥文件" in refused.stderr and "Traceback" not in refused.stderr
    assert ROOT.name not in refused.stdout
