"""`flask init` and `flask migrate`: from an empty folder to an instance ready for use, and to a newer release."""

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import database, lock
from portal.actions import instance
from portal.cli.terminal import NOT_INITIALISED, Refused, operator
from portal.models.jurisdictions import profiles
from portal.rules.errors import Refusal
from portal.settings import Settings, Unsafe


@click.command("init")
@click.option("--province", "provinces", multiple=True, help="省份配置的键或省名，可重复给出")
@click.option("--login", help="管理员登录名")
@click.option("--name", help="管理员姓名")
@with_appcontext
def init(provinces: tuple[str, ...], login: str | None, name: str | None):
    """初始化平台：选择省份，建立地区、机构和工作日历，设立管理员账户。密码在提示后输入，不在命令行中给出。"""
    settings: Settings = current_app.config["PORTAL"]
    try:
        settings = settings.prepare()
        with lock.holding(settings.lock_file):
            database.open_connection()
            database.migrate()
            if instance.is_set_up():
                raise Refused("平台已初始化，不能重复初始化；机构、账户请登录管理页面维护。")
            keys = _choose_provinces(list(provinces))
            login = login or click.prompt("管理员登录名", default="admin")
            name = name or click.prompt("管理员姓名")
            _set_up(keys, login, name)
    except lock.Held:
        raise Refused("平台正在运行，请先停止（在其窗口按 Ctrl-C）再初始化。") from None
    except Unsafe as refusal:
        raise Refused(refusal.message) from None
    click.echo(f"初始化完成，数据目录：{settings.data}")
    click.echo(f"已设立：{'、'.join(profiles()[key].name for key in keys)}。各级机构的账户请由管理员登录后建立。")
    click.echo(f"下一步：执行 ./run serve 启动平台，用 {login} 登录。")


@click.command("migrate")
@with_appcontext
def migrate():
    """把数据库升级到当前版本；平台启动时也会自动执行。"""
    settings: Settings = current_app.config["PORTAL"]
    if not settings.is_initialised:
        raise Refused(NOT_INITIALISED)
    try:
        with lock.holding(settings.lock_file):
            database.open_connection()
            done = database.migrate()
    except lock.Held:
        raise Refused("平台正在运行，请先停止（在其窗口按 Ctrl-C）再升级。") from None
    click.echo(f"已升级：{'、'.join(done)}" if done else "数据库已是最新版本。")


def _choose_provinces(given: list[str]) -> list[str]:
    """The keys of the named or chosen profiles; asks until the answer can be understood, unless names were given."""
    known = profiles()
    by_word = {word: key for number, (key, profile) in enumerate(known.items(), 1)
               for word in (str(number), key, profile.name)}  # fmt: skip
    if not given:
        for number, profile in enumerate(known.values(), 1):
            click.echo(f"  {number}  {profile.name}")
    while True:
        words = given or click.prompt("请选择省份（填序号，多个用逗号分开）").replace("，", ",").split(",")
        words = [word.strip() for word in words if word.strip()]
        wrong = [word for word in words if word not in by_word]
        if words and not wrong:
            return list(dict.fromkeys(by_word[word] for word in words))
        choices = "、".join(f"{profile.name}（{key}）" for key, profile in known.items())
        message = f"没有“{'、'.join(wrong)}”的省份配置，可选：{choices}。"
        if given:
            raise Refused(message)
        click.echo(message)


def _set_up(keys: list[str], login: str, name: str) -> None:
    """Everything in one transaction; a refused password or name is asked for again, nothing is left half done."""
    while True:
        password = click.prompt("管理员密码（至少8位，含两种以上字符）", hide_input=True)
        again = click.prompt("请再输入一次密码", hide_input=True)
        try:
            with database.transaction():
                instance.set_up(keys, actor=operator())
                instance.create_administrator(login, name, password, again, actor=operator())
            return
        except Refusal as refusal:
            click.echo(refusal.message)
            field = getattr(refusal, "field", "")
            if field == "login":
                login = click.prompt("管理员登录名")
            elif field == "name":
                name = click.prompt("管理员姓名")
            elif field not in ("new", "again"):
                raise Refused(refusal.message) from None
