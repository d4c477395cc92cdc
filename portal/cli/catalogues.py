"""Commands that import reference data from CSV or Excel files, all rows or none."""

from pathlib import Path

import click

from portal.actions.imports import ImportKind
from portal.cli.terminal import needs_database, operator
from portal.papers.imports import KINDS, import_file, kind_of

FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group("import")
def import_group():
    """导入数据（CSV 或 Excel，全部行或全不导入）。"""


@import_group.command("organisations")
@FILE
@needs_database
def import_organisations(file: Path):
    """导入评价机构及其备案、备案职业和会员关系。"""
    _import(kind_of("organisations"), file)


@import_group.command("occupations")
@FILE
@click.option(
    "--edition", default="2015", show_default=True, help="表中没有大典版本一栏时，按这个版本导入",
    type=click.Choice([key.split(":")[1] for key in KINDS if key.startswith("occupations:")]),
)  # fmt: skip
@needs_database
def import_occupations(file: Path, edition: str):
    """导入职业目录（职业编码、名称、工种）。"""
    _import(kind_of(f"occupations:{edition}"), file)


@import_group.command("certificates")
@FILE
@needs_database
def import_certificates(file: Path):
    """导入证书信息库，申请人填写的证书与之一致的，系统直接确认。"""
    _import(kind_of("certificates"), file)


@import_group.command("cards")
@FILE
@needs_database
def import_cards(file: Path):
    """导入系统启用前已发的证卡，今后的编号从最大流水号之后继续。"""
    _import(kind_of("cards"), file)


@import_group.command("workdays")
@FILE
@needs_database
def import_workdays(file: Path):
    """导入一个年度的节假日安排。"""
    _import(kind_of("workdays"), file)


def _import(kind: ImportKind, file: Path) -> None:
    created, changed = import_file(kind, file.read_bytes(), file.name, actor=operator())
    click.echo(f"导入{kind.title}：新增{created}条，更新{changed}条。")
