"""The migrations and the models describe the same database, and the drawn flows are the flows."""

from pathlib import Path

from peewee import SqliteDatabase
from playhouse.migrations import Runner

from portal import database
from portal.models import NAME_INDEX, ONE_LIAISON, TABLES
from portal.rules.flows import FLOWS

ROOT = Path(__file__).parents[2]


def _shape(handle) -> dict:
    """Tables by their columns and references, in any order (an added column comes last); everything else by its SQL."""
    rows = handle.execute_sql("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    shape = {}
    for kind, name, sql in rows:
        if name.startswith(("case_name_", "schema_migration", "sqlite_")):
            continue
        if kind == "table" and not sql.startswith("CREATE VIRTUAL"):
            columns = handle.execute_sql(f'PRAGMA table_info("{name}")').fetchall()
            references = handle.execute_sql(f'PRAGMA foreign_key_list("{name}")').fetchall()
            shape[name] = (
                sorted((column, type_, required, key) for _, column, type_, required, _, key in columns),
                sorted((column, table, target, deleted) for _, _, table, column, target, _, deleted, _ in references),
            )
        else:
            text = " ".join(sql.split()).replace("( ", "(").replace(" )", ")")
            shape[name] = text.replace("IF NOT EXISTS ", "")
    return shape


def test_migrations_build_what_the_models_say():
    migrated, declared = SqliteDatabase(":memory:"), SqliteDatabase(":memory:")
    Runner(migrated, str(ROOT / "portal" / "migrations")).up()
    with declared.bind_ctx(TABLES):
        declared.create_tables(TABLES)
        for statement in (ONE_LIAISON, NAME_INDEX):
            declared.execute_sql(statement.sql)
    assert _shape(migrated) == _shape(declared)


def test_the_engine_is_safe(db):
    assert database.engine.sqlite_version_info >= database.OLDEST_ENGINE
    version = database.database.execute_sql("SELECT sqlite_version()").fetchone()[0]
    assert tuple(map(int, version.split("."))) >= database.OLDEST_ENGINE


def test_an_old_engine_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(database.engine, "sqlite_version_info", (3, 51, 2))
    try:
        database.use(tmp_path / "x.sqlite3")
    except RuntimeError as error:
        assert "3.51.3" in str(error)
    else:
        raise AssertionError("an engine with the WAL-reset bug was accepted")


def test_the_drawn_flows_are_the_flows():
    text = (ROOT / "docs" / "flows.md").read_text(encoding="utf8")
    for flow in FLOWS.values():
        assert flow.draw() in text, f"run ./run flask flows draw: docs/flows.md does not show {flow.name} as it is"
