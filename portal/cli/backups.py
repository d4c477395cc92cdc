"""`flask backup` and `flask restore`: everything an instance is, in one file and back."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import lock
from portal.actions import backups
from portal.cli.terminal import Refused, needs_database, operator
from portal.rules.errors import Refusal


@click.command("backup")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@needs_database
def backup(file: Path | None):
    """把数据库和全部文件备份到一个文件（平台运行时也可执行）；不给 FILE 时放在数据目录的 backups 下。"""
    made = backups.make_backup(current_app.config["PORTAL"], file, actor=operator())
    click.echo(f"备份完成：{made.file}")
    click.echo(f"数据表 {made.tables} 张，记录 {made.rows} 条，文件 {made.files} 个，{made.size / 1_048_576:.1f} MB。")
    click.echo("备份含个人信息和密钥，请妥善保管，并复制到另一台设备。")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="不再询问")
@with_appcontext
def restore(file: Path, yes: bool):
    """用备份 FILE 恢复全部数据；平台运行时拒绝执行。原有数据移到旁边的目录，不删除。"""
    settings = current_app.config["PORTAL"]
    if not yes and settings.database.exists():
        click.confirm(f"将用 {file} 替换 {settings.data} 中的数据，是否继续？", abort=True)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with lock.holding(settings.lock_file):
            done = backups.restore_backup(settings, file)
    except lock.Held:
        raise Refused("平台正在运行，请先停止（在其窗口按 Ctrl-C）再恢复。") from None
    except Refusal as refusal:
        raise Refused(refusal.message) from None
    click.echo(f"恢复完成：记录 {done.rows} 条，文件 {done.files} 个，操作记录 {done.events} 条验证完好。")
    if done.kept:
        click.echo(f"原有数据保存在 {done.kept}。")
