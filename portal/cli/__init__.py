"""The command line: `flask <noun> <verb>`, thin, the same verbs as the doors."""

from flask import Flask

from portal.cli import backups, catalogues, deadlines, instance, records, rules, users
from portal.cli.demo import demo
from portal.cli.terminal import read_settings

COMMANDS = (
    instance.init, instance.migrate, demo, backups.backup, backups.restore, users.users, catalogues.import_group,
    rules.workdays, rules.identity_group, records.audit, records.flows, records.documents_group,
    deadlines.deadlines,
)  # fmt: skip


def install(app: Flask) -> None:
    """Hang the commands on the application."""
    for command in COMMANDS:
        app.cli.add_command(command)


__all__ = ["COMMANDS", "install", "read_settings"]
