"""Commands that only compute: working days and identity documents."""

import sys
from datetime import date

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import database
from portal.cli.terminal import Refused
from portal.models.jurisdictions import official_calendar, working_calendar
from portal.rules import identity
from portal.rules.dates import parse_date
from portal.rules.errors import Refusal
from portal.rules.workdays import ESTIMATED_NOTE, Calendar


@click.group("workdays")
def workdays():
    """法定工作日计算。"""


# Negative numbers count back, so the number must not be taken for an option.
@workdays.command("add", context_settings={"ignore_unknown_options": True})
@click.argument("start")
@click.argument("days", type=int)
@with_appcontext
def add(start: str, days: int):
    """从 START（不计当日）起数第 DAYS 个工作日；负数向前数。逐日说明跳过的日子，最后一行为结果。"""
    try:
        day = parse_date(start)
        explanation = _calendar(day, days).explain(day, days)
    except Refusal as refusal:
        raise Refused(refusal.message) from None
    for step in explanation.steps:
        if not step.counted:
            click.echo(f"跳过 {step.day:%Y-%m-%d}（{'一二三四五六日'[step.day.weekday()]}）：{step.reason}")
    worked = [step for step in explanation.steps if step.counted and step.day.weekday() >= 5]
    for step in worked:
        click.echo(f"计入 {step.day:%Y-%m-%d}（{'一二三四五六日'[step.day.weekday()]}）：{step.reason}")
    if explanation.estimated:
        click.echo(f"提示：{ESTIMATED_NOTE}。")
    click.echo(explanation.result.isoformat())


@click.group("identity")
def identity_group():
    """证件号码校验。"""


@identity_group.command("check")
@click.argument("kind")
@click.argument("number")
def check(kind: str, number: str):
    """校验证件号码：KIND 为证件类型代码（如 201），NUMBER 为号码。通过返回 0，不通过返回 1 并说明原因。"""
    findings = identity.explain(kind, number)
    for finding in findings:
        mark = {True: "通过", False: "不通过", None: "提示"}[finding.ok]
        click.echo(f"{mark}：{finding.text}")
    if any(finding.ok is False for finding in findings):
        sys.exit(1)


def _calendar(day: date, days: int) -> Calendar:
    """The stored calendar, or before `flask init` the one that `init` would store."""
    if current_app.config["PORTAL"].database.exists():
        database.open_connection()
        if database.database.table_exists("workday"):
            return working_calendar()
    return official_calendar()
