"""The command line: `flask <noun> <verb>`, thin, the same verbs as the doors."""

import click
from flask import Flask

from portal import database
from portal.cli import backups, catalogues, instance, records, rules, users
from portal.rules.errors import Refusal
from portal.rules.workflow import Actor, Seat


def install(app: Flask) -> None:
    """Hang the command groups on the application."""
    for group in (rules.workdays, rules.identity_group, records.audit, records.flows, records.documents_group):
        app.cli.add_command(group)
    for group in (users.users, catalogues.import_group, instance.init, instance.migrate, instance.deadlines_group):
        app.cli.add_command(group)
    for command in (backups.backup, backups.restore, instance.demo):
        app.cli.add_command(command)


__all__ = ["Actor", "Refusal", "Seat", "click", "database", "install"]
