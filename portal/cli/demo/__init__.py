"""`flask demo`: an invented instance of both provinces, with a past and a today, for trying the portal out."""

import gc
import shutil
import time

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import clock, database, lock
from portal.actions import instance, sealing
from portal.cli.demo.story import tell_story
from portal.cli.demo.world import PASSWORD
from portal.cli.terminal import Refused
from portal.settings import Settings, Unsafe

OLD_AFTER_DAYS = 3


@click.command("demo")
@click.option("--fresh", is_flag=True, help="删除演示数据目录中的数据，以今天为准重新生成")
@with_appcontext
def demo(fresh: bool):
    """装入演示数据（只在空的演示数据目录中，再次执行不重复装入），显示地址和演示账户。"""
    settings: Settings = current_app.config["PORTAL"]
    if not settings.demo:
        raise Refused("演示数据只能在演示模式下装入：请执行 ./run demo。")
    try:
        if fresh:
            _clear(settings)
        settings = settings.prepare()
        sealing.use_secret(settings.secret_key)  # made just now: the application started without one
        with lock.holding(settings.lock_file):
            database.open_connection()
            database.migrate()
            if not instance.is_set_up():
                _load(settings)
    except lock.Held:
        raise Refused("演示平台正在运行，请先停止（在其窗口按 Ctrl-C）。") from None
    except Unsafe as refusal:
        raise Refused(refusal.message) from None
    _show(settings)


def _load(settings: Settings) -> None:
    """Everything in one transaction: a broken-off load leaves an empty database behind."""
    click.echo("正在生成演示数据（人员、照片、电话均为虚构），约需一分钟……")
    started = time.monotonic()
    gc.disable()  # hundreds of thousands of short-lived queries; the process ends soon after
    with database.transaction():
        told = tell_story(settings.uploads)
        instance.keep_demo_accounts(told["accounts"])
    click.echo(f"演示数据已生成：报名{told['applicants']}件，用时{time.monotonic() - started:.0f}秒。")


def _clear(settings: Settings) -> None:
    """Settings let demo mode use no folder but one named demo, so nothing real can be lost here."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.holding(settings.lock_file):
        for suffix in ("", "-wal", "-shm"):
            settings.database.with_name(settings.database.name + suffix).unlink(missing_ok=True)
        for folder in (settings.uploads, settings.issued):
            shutil.rmtree(folder, ignore_errors=True)


def _show(settings: Settings) -> None:
    accounts, loaded_on = instance.demo_accounts()
    click.echo(f"演示地址：http://{settings.host}:{settings.port}/　登录页上可一键登录，密码均为 {PASSWORD}")
    for entry in accounts:
        click.echo(f"  {entry['login']:<20}{entry['label']}")
    age = (clock.today() - loaded_on).days if loaded_on else 0
    if age >= OLD_AFTER_DAYS:
        click.echo(f"演示数据生成于{age}天前，期限多已过去；执行 ./run demo --fresh 可以今天为准重新生成。")


