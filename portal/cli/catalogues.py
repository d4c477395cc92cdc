"""Commands that import reference data from CSV or Excel files."""

import click


@click.group("import")
def import_group():
    """导入数据（CSV 或 Excel）。"""
