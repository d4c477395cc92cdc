"""What all commands share: the operator as actor, and refusals as one Chinese line with exit code 1."""

import getpass
from collections.abc import Callable
from functools import wraps

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import database
from portal.rules.errors import Refusal
from portal.rules.workflow import Actor, Seat
from portal.settings import Settings, Unsafe

NOT_INITIALISED = "平台尚未初始化：请先执行 ./run flask init。"


class Refused(click.ClickException):
    """Ends a command with one Chinese line on stderr and exit code 1."""

    def show(self, file=None) -> None:
        """Print the line; click's own would begin with an English word."""
        click.echo(f"错误：{self.message}", file=file, err=file is None)


def read_settings() -> Settings:
    """The settings from the environment; what makes them unsafe is one line here, not a traceback."""
    try:
        return Settings.from_environment()
    except Unsafe as refusal:
        raise Refused(refusal.message) from None


def operator() -> Actor:
    """Who works at this terminal, as the record names them."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "?"
    return Actor(user=None, name=f"命令行（{account}）", seat=Seat.TECHNICIAN, office_name="技术人员")


def needs_database(command: Callable) -> Callable:
    """Open the database for a command; a refusal becomes one line on stderr and exit code 1."""

    @with_appcontext
    @wraps(command)
    def run(*args, **kw):
        if database.database.is_closed():
            if not current_app.config["PORTAL"].is_initialised:
                raise Refused(NOT_INITIALISED)
            database.open_connection()
        if not database.database.table_exists("event"):
            raise Refused(NOT_INITIALISED)
        try:
            return command(*args, **kw)
        except Refusal as refusal:
            raise Refused(refusal.message) from None

    return run
