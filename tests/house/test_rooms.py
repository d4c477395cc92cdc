"""The rules of the house, read from the syntax trees: who writes, who asks the clock, how things are named."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTAL = sorted((ROOT / "portal").rglob("*.py"))
MODELS_WRITE = {"save", "create", "insert", "insert_many", "update", "delete", "delete_instance", "delete_by_id",
                "bulk_create", "bulk_update", "replace", "replace_many", "get_or_create"}  # fmt: skip
_WRITING_SQL = re.compile(
    r"\b(INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|REPLACE\s+INTO|DROP\s|ALTER\s)"
)
# Who may write: the verbs, the worker that keeps its own rows, and the code that makes the schema.
WRITERS = ("portal/actions/", "portal/migrations/")
BANNED_NAMES = {"utils", "helpers", "common", "manager", "service", "util", "helper", "misc"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _models() -> set[str]:
    from portal.models import TABLES

    return {table.__name__ for table in TABLES}


def writes_in(source: str, models: set[str]) -> list[int]:
    """The lines on which a piece of code writes to a table: Table.verb(…), or row.save() and row.delete_instance()."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WRITING_SQL.search(node.value):
            found.append(node.lineno)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        verb, owner = node.func.attr, node.func.value
        if verb not in MODELS_WRITE:
            continue
        on_table = isinstance(owner, ast.Name) and owner.id in models
        on_row = verb in {"save", "delete_instance"} and not (node.args or node.keywords)
        if on_table or on_row:
            found.append(node.lineno)
    return found


def test_only_actions_write():
    models = _models()
    offenders = [
        f"{_name(path)}:{line}"
        for path in PORTAL
        if not _name(path).startswith(WRITERS)
        for line in writes_in(path.read_text(encoding="utf8"), models)
    ]
    assert not offenders, "writes outside of actions: " + ", ".join(offenders)


def test_the_writing_test_sees_a_write():
    """Control: the walk above does find each way of writing."""
    for line in (
        "Case.update(state='x')",
        "Case.create()",
        "row.save()",
        "database.execute_sql('DELETE FROM x')",
        "database.execute_sql(f'UPDATE t SET x = {y}')",
    ):
        assert writes_in(line, {"Case"}) == [1], line
    assert writes_in("values.update(a=1)", {"Case"}) == []


def test_only_the_clock_asks_the_time():
    asks = {("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
    allowed = {"portal/clock.py"}
    offenders = []
    for path in PORTAL:
        if _name(path) in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if (last, node.func.attr) in asks:
                    offenders.append(f"{_name(path)}:{node.lineno}")
    assert not offenders, "ask portal.clock instead: " + ", ".join(offenders)


def test_only_settings_reads_the_environment():
    # The workshop only hands a few variables on to its child process; the clock reads the tests' shift.
    allowed = {"portal/settings.py", "portal/clock.py", "portal/storage/workshop.py"}
    offenders = [
        f"{_name(path)}:{node.lineno}"
        for path in PORTAL
        if _name(path) not in allowed
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and getattr(node.value, "id", "") == "os"
    ]
    assert not offenders, offenders


@pytest.mark.parametrize("path", PORTAL, ids=_name)
def test_a_module_says_what_belongs_there(path):
    tree = ast.parse(path.read_text(encoding="utf8"))
    assert not tree.body or ast.get_docstring(tree), f"{_name(path)} has no docstring"
    assert path.stem not in BANNED_NAMES, f"{path.stem} is not a name here"


def test_files_stay_short():
    """About 400 lines; a file that is a tenth longer is asked to be two."""
    long = {
        _name(path): count
        for path in [*PORTAL, *(ROOT / "templates").rglob("*.html"), *(ROOT / "static").glob("*.*")]
        if path.parent.name != "migrations"
        if (count := len(path.read_text(encoding="utf8").splitlines())) > 440
    }
    assert not long, long


def test_verbs_never_take_a_request():
    offenders = [
        f"{_name(path)}:{node.name}"
        for path in PORTAL
        if _name(path).startswith("portal/actions/")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.FunctionDef)
        if "request" in {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}
    ]
    assert not offenders, offenders


def test_templates_make_nothing_safe_by_hand():
    """Escaping is never switched off in a template; markup comes from templates alone."""
    offenders = [
        _name(path)
        for path in (ROOT / "templates").rglob("*.html")
        if "|safe" in (text := path.read_text(encoding="utf8").replace(" ", "")) or "autoescapefalse" in text
    ]
    assert not offenders, offenders


def test_every_template_is_used():
    """A template that nobody renders, includes, imports or extends is dead."""
    sources = "\n".join(
        path.read_text(encoding="utf8") for path in [*PORTAL, ROOT / "app.py", *(ROOT / "templates").rglob("*.html")]
    )
    unused = []
    for path in (ROOT / "templates").rglob("*.html"):
        name = path.relative_to(ROOT / "templates").as_posix()
        if name.startswith(("errors/", "documents/")):
            continue
        # A door may build the first part of the name ("{door}/queue.html"), so the last part decides.
        if name not in sources and f"/{path.name}" not in sources:
            unused.append(name)
    assert not unused, unused
