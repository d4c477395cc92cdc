"""What all commands share: the operator as actor, and refusals as one Chinese line with exit code 1."""

import getpass
from collections.abc import Callable
from functools import wraps

import click

from portal import database
from portal.rules.errors import Refusal
from portal.rules.workflow import Actor, Seat


def operator() -> Actor:
    """Who works at this terminal, as the record names them."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "?"
    return Actor(user=None, name=f"命令行（{account}）", seat=Seat.TECHNICIAN, office_name="技术人员")


def needs_database(command: Callable) -> Callable:
    """Open the database for a command; a refusal becomes one line on stderr and exit code 1."""

    @wraps(command)
    def run(*args, **kw):
        database.open_connection()
        if not database.database.table_exists("event"):
            raise click.ClickException("平台尚未初始化：请先执行 ./run flask init。")
        try:
            return command(*args, **kw)
        except Refusal as refusal:
            raise click.ClickException(refusal.message) from None

    return run
