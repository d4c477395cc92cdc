"""How tests walk through every door: a world built once per module, and requests whose effects are taken back."""

import hashlib
import secrets
import traceback
from dataclasses import dataclass, field

import pytest
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from portal.database import database
from portal.models import TABLES
from portal.models.jurisdictions import forget_calendar
from portal.storage import Store
from tests import make
from tests.house.world import World, build_world

CRASH = 599


@dataclass
class Answer:
    """What a request gave, and the names of the tables of which it changed a single value."""

    status: int
    text: str
    headers: dict
    changed: frozenset
    content: bytes = field(repr=False, default=b"")

    @property
    def place(self) -> str:
        """Where it leads."""
        return self.headers.get("HX-Redirect") or self.headers.get("Location") or ""


class Ground:
    """An application on a world, and one browser cookie per role."""

    def __init__(self, app, world: World):
        self.app, self.world = app, world
        self.cookies = {}
        self.csrf = ""
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        raw = secrets.token_hex(20)
        self.csrf = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)
        self.cookies["anonymous"] = serializer.dumps({"csrf_token": raw})
        grants = dict(world.grants)
        for place, people in world.people.items():
            grants |= {f"applicant:{place}:{state}": make.grant_of(person) for state, person in people.items()}
        for role, grant in grants.items():
            values = {"_user_id": make.make_session(grant).token, "_fresh": True, "_permanent": True, "csrf_token": raw}
            self.cookies[role] = serializer.dumps(values)
        self.grants = grants

    def visit(self, role: str, method: str, url: str, data: dict | None = None, *, htmx: bool = False,
              token: bool = True, keep: bool = False, **kw) -> Answer:  # fmt: skip
        """One request as this role; whatever it wrote is rolled back afterwards unless `keep`."""
        headers = {"HX-Request": "true"} if htmx else {}
        headers |= kw.pop("headers", {})
        if method == "POST":
            data = {**({"csrf_token": self.csrf} if token else {}), **(data or {})}
        client = self.app.test_client()
        client.set_cookie("portal", self.cookies[role])
        with database.atomic() as savepoint:
            before, count = dict(self.prints()), database.connection().total_changes
            try:
                response = client.open(url, method=method, data=data, headers=headers, **kw)
            except Exception as error:  # a crash is an answer, too: 599, with what happened as its text
                savepoint.rollback()
                self._prints = None
                return Answer(CRASH, f"{error!r} at {_place_of(error)}", {}, frozenset())
            content = response.get_data()
            touched = database.connection().total_changes != count
            if touched:
                self._prints = None
            after = self.prints() if touched else before
            changed = frozenset(name for name, value in after.items() if before[name] != value)
            if not keep:
                savepoint.rollback()
        if touched:
            self._prints = None
            forget_calendar()
        binary = not (response.mimetype or "").startswith(("text/", "application/json"))
        text = "" if binary else content.decode("utf8", "replace")
        return Answer(response.status_code, text, dict(response.headers), changed, content)

    _prints = None

    def prints(self) -> dict[str, str]:
        """A hash over every row of every table; remembered until something writes."""
        if self._prints is None:
            names = sorted(table._meta.table_name for table in TABLES)
            rows = {name: database.execute_sql(f'SELECT * FROM "{name}"').fetchall() for name in names}
            self._prints = {name: hashlib.sha256(repr(found).encode()).hexdigest() for name, found in rows.items()}
        return self._prints


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/site-packages/" not in frame.filename and "/tests/" not in frame.filename]
    return f"{ours[-1].filename.rpartition('/main/')[2]}:{ours[-1].lineno}" if ours else "?"


def lay_ground(folder) -> Ground:
    """A fresh world in the open transaction, and the application that shows it."""
    from app import create_app
    from portal.settings import Settings

    forget_calendar()
    make.reset()
    settings = Settings(data=folder / "data", testing=True).prepare()
    app = create_app(settings, connect=False)
    app.testing = True
    return Ground(app, build_world(Store(settings.uploads)))


@pytest.fixture(scope="module")
def ground(_schema, tmp_path_factory):
    """The world, built once for a test module and rolled back after it."""
    with database.atomic() as transaction:
        yield lay_ground(tmp_path_factory.mktemp("world"))
        transaction.rollback()
    forget_calendar()
