"""What every test has at hand: a fresh in-memory database, the application, clients that are checked page by page."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings
from itsdangerous import URLSafeTimedSerializer

from portal import clock, database
from portal.actions import sealing
from portal.models import jurisdictions
from tests import make
from tests.pages import Page, check_html

ROOT = Path(__file__).parent.parent

# How long an example takes says more about the machine than about the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "requirement(*ids): the catalogue's requirements whose check this test carries out"
    )
    config.addinivalue_line("markers", "browser: drives a real Chromium")


@pytest.fixture(scope="session")
def _schema():
    """One in-memory database with the real schema for the whole session."""
    database.use(":memory:")
    database.open_connection()
    database.migrate()
    jurisdictions.use_profiles(ROOT / "data" / "profiles")
    sealing.use_secret("5" * 64)


@pytest.fixture
def db(_schema):
    """The database, rolled back after the test."""
    with database.database.atomic() as transaction:
        jurisdictions.forget_calendar()
        make.reset()
        yield database.database
        transaction.rollback()
    jurisdictions.forget_calendar()


@pytest.fixture(autouse=True)
def _running_clock():
    """No test leaves a frozen clock behind."""
    yield
    clock.set_for_test(None)


@pytest.fixture
def at():
    """Freeze the clock: at("2022-12-09 10:00")."""

    def freeze(text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        clock.set_for_test(moment)
        return moment

    return freeze


@pytest.fixture
def app(db, tmp_path):
    """The application on the test database, with its files in a folder of its own."""
    from app import create_app
    from portal.settings import Settings

    settings = Settings(data=tmp_path / "data", testing=True).prepare()
    app = create_app(settings, connect=False)
    app.testing = True
    # CSRF stays on: the test client sends the token of the page it has just read, as a browser does.
    return app


@pytest.fixture
def client(app):
    """A browser without a login. `client.sign_in(user_or_grant)` gives it one."""
    return Browser(app)


@pytest.fixture
def page(client):
    """page("/unit/cases") reads a page; .press("form-id", field=value) sends one of its forms as a browser does."""
    return client.page


class Browser:
    """A test client that keeps cookies, sends CSRF tokens, and checks every HTML answer it reads."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()

    def sign_in(self, grant, token: str | None = None) -> "Browser":
        """Log in with a grant's seat, without going through the login page."""
        login = make.make_session(grant, token=token)
        with self.client.session_transaction() as session:
            session["_user_id"] = login.token
            session["_fresh"] = True
            session.permanent = True
        return self

    def sign_out(self) -> None:
        """Drop the cookies."""
        self.client = self.app.test_client()

    def open(self, method: str, url: str, **kw):
        """Any request; HTML answers are checked against the rules of the house."""
        response = self.client.open(url, method=method, **kw)
        if response.mimetype == "text/html" and response.data and response.status_code != 303:
            check_html(response, whole="HX-Request" not in (kw.get("headers") or {}))
        return response

    def get(self, url: str, **kw):
        """A GET."""
        return self.open("GET", url, **kw)

    def post(self, url: str, data: dict | None = None, *, htmx: bool = False, token: bool = True, **kw):
        """A POST with a valid CSRF token (unless token=False)."""
        data = dict(data or {})
        if token:
            data.setdefault("csrf_token", self.csrf())
        headers = dict(kw.pop("headers", {}) or {})
        if htmx:
            headers["HX-Request"] = "true"
        return self.open("POST", url, data=data, headers=headers, **kw)

    def csrf(self) -> str:
        """A CSRF token that fits this browser's session."""
        with self.client.session_transaction() as stored:
            raw = stored.setdefault("csrf_token", "a" * 40)
        signer = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token")
        return signer.dumps(raw)

    def page(self, url: str, status: int = 200) -> Page:
        """The page behind an address, as something whose forms can be pressed."""
        response = self.get(url, follow_redirects=True)
        assert response.status_code == status, f"{url}: {response.status_code}\n{_text(response)[:600]}"
        return Page(self, response.request.path + _query(response), response)


def _query(response) -> str:
    text = response.request.query_string.decode()
    return f"?{text}" if text else ""


def _text(response) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", response.get_data(as_text=True))
