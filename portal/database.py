"""The handle on the one SQLite file, the base of every table, and transaction(): the only way to write."""

import json
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from peewee import OP, DateTimeField, Expression, JSONField, Model, Node, SqliteDatabase
from peewee import sqlite3 as engine
from playhouse.migrations import Runner

# Older engines can corrupt a WAL file that two connections write (the WAL-reset bug, fixed in 3.51.3).
OLDEST_ENGINE = (3, 51, 3)

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",  # NORMAL lost acknowledged commits in a power cut; FULL lost none
    "foreign_keys": 1,
    "cache_size": -16_000,  # KiB
    "temp_store": "memory",
    "journal_size_limit": 64 * 1024 * 1024,
}

database = SqliteDatabase(None, timeout=10)


class BaseModel(Model):
    """A table of the portal; the docstring of each says what one row is."""

    @classmethod
    def get(cls, *query, **filters):
        """As peewee's; a look-up by primary key, which every foreign key is, takes its SQL ready-made.

        Building that SQL anew costs three times as much as the whole look-up.
        """
        key = cls._meta.primary_key
        if len(query) == 1 and not filters and isinstance(query[0], Expression):
            where = query[0]
            if where.op == OP.EQ and where.lhs is key and not isinstance(where.rhs, Node):
                return cls.raw(_key_lookup(cls), key.db_value(where.rhs)).get()
        return super().get(*query, **filters)

    class Meta:
        database = database
        legacy_table_names = False


class MomentField(DateTimeField):
    """A moment on the Asia/Shanghai wall clock, always stored with microseconds so that text order is time order."""

    def db_value(self, value):
        # Text is read first, or a moment given as text would be stored without its zero microseconds.
        value = super().db_value(value)
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


JsonField = partial(JSONField, dumps=partial(json.dumps, ensure_ascii=False))


@cache
def _key_lookup(model: type[Model]) -> str:
    key = model._meta.primary_key
    sql, _ = model.select().where(key == 0).sql()
    return sql


def use(path: Path | str) -> None:
    """Point the handle at a database file (or ':memory:'). Raises RuntimeError on an engine that is not safe."""
    if engine.sqlite_version_info < OLDEST_ENGINE:
        raise RuntimeError(
            f"SQLite {engine.sqlite_version} 存在已知的数据损坏缺陷，需要 3.51.3 或更高版本（请安装 pysqlite3）。"
        )
    if not database.is_closed():
        database.close()
    database.init(str(path), pragmas=PRAGMAS)


def open_connection() -> None:
    """Open this thread's connection unless it is open already; it is kept, since opening costs more than a page."""
    database.connect(reuse_if_open=True)


def transaction() -> AbstractContextManager:
    """Begin IMMEDIATE, so that what is read inside is still true when it is written; nested use is a savepoint.

    A deferred transaction that reads and then writes fails at once under load, whatever the timeout.
    """
    return database.atomic("IMMEDIATE") if database.transaction_depth() == 0 else database.atomic()


def migrate() -> list[str]:
    """Apply the migrations that are still missing, in order; gives their names."""
    return Runner(database, str(Path(__file__).parent / "migrations")).up()
