"""The command that does what has become due by time alone; cron may call it, nothing depends on it."""

import click
from flask.cli import with_appcontext

from portal import database
from portal.actions import sweeps


@click.group("deadlines")
def deadlines():
    """按时间自动办理的事项。"""


@deadlines.command("run")
@with_appcontext
def run():
    """立即办理到期事项（作废、过期、自动交卷、提醒等）；可重复运行，不会重复办理。"""
    database.open_connection()
    done = sweeps.run_sweeps()
    for name, label, _ in sweeps.SWEEPS:
        click.echo(f"{label}：{done.get(name, '失败，请查看日志')}")
