"""The command line: `flask <noun> <verb>`, thin, the same verbs as the doors."""

from flask import Flask


def install(app: Flask) -> None:
    """Hang the command groups on the application."""
