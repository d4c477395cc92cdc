"""Commands about accounts: list, create, disable, new temporary password, seats."""

import click

from portal import database
from portal.actions import accounts
from portal.actions.accounts import set_temporary_password
from portal.actions.passwords import find_user
from portal.cli.terminal import needs_database, operator
from portal.models import Grant, Office, User
from portal.rules.errors import Invalid
from portal.rules.workflow import SEAT_LABELS, Seat

SEATS = "身份：U 单位 K 区县 C 市中心 B 市局 P 省中心 D 省厅 T 技术人员"


@click.group("users")
def users():
    """账户管理。"""


@users.command("list")
@click.option("--find", default="", help="按姓名或登录名查找")
@needs_database
def list_users(find: str):
    """列出账户及其身份。"""
    query = User.select().order_by(User.id)
    if find:
        query = query.where(User.name.contains(find) | User.login.contains(find))
    for user in query:
        grants = Grant.select(Grant, Office).left_outer_join(Office).where(Grant.user == user.id)
        seats = "；".join(f"{g.office.name if g.office else ''}{SEAT_LABELS[Seat(g.seat)]}" for g in grants)
        click.echo(f"{user.login}\t{user.name}\t{'正常' if user.active else '停用'}\t{seats}")


@users.command("create")
@click.argument("login")
@click.argument("name")
@click.option("--seat", type=click.Choice([str(seat) for seat in Seat]), help=SEATS)
@click.option("--office", type=int, help="机构编号（见 flask users offices）")
@needs_database
def create(login: str, name: str, seat: str | None, office: int | None):
    """新建账户，显示一次临时密码（首次登录必须修改）。"""
    with database.transaction():
        user, password = accounts.create_user(name, login, actor=operator())
        if seat:
            accounts.grant_seat(user, Seat(seat), Office.get_or_none(Office.id == office), actor=operator())
    click.echo(f"账户：{user.login}\n临时密码：{password}")


@users.command("offices")
@needs_database
def offices():
    """列出机构编号。"""
    for office in Office.select().order_by(Office.province, Office.level, Office.id):
        click.echo(f"{office.id}\t{office.province}\t{office.level}/{office.body}\t{office.name}")


@users.command("grant")
@click.argument("login")
@click.argument("seat", type=click.Choice([str(seat) for seat in Seat]))
@click.option("--office", type=int)
@needs_database
def grant(login: str, seat: str, office: int | None):
    """授予账户一个身份。"""
    accounts.grant_seat(_find(login), Seat(seat), Office.get_or_none(Office.id == office), actor=operator())
    click.echo("已授予。")


@users.command("password")
@click.argument("login")
@needs_database
def password(login: str):
    """设置新的临时密码并显示一次。"""
    click.echo(f"临时密码：{set_temporary_password(_find(login), actor=operator())}")


@users.command("disable")
@click.argument("login")
@needs_database
def disable(login: str):
    """停用账户，立即结束其登录。"""
    accounts.set_active(_find(login), False, actor=operator())
    click.echo("已停用。")


@users.command("enable")
@click.argument("login")
@needs_database
def enable(login: str):
    """重新启用账户。"""
    accounts.set_active(_find(login), True, actor=operator())
    click.echo("已启用。")


def _find(login: str) -> User:
    user = find_user(login)
    if user is None:
        raise Invalid("login", f"没有登录名为“{login}”的账户。")
    return user
