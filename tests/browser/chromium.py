"""A real Chromium for tests: people with their own windows, pictures of where they stand, and what the console said."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.live import LiveServer
from tests.browser.seed import PASSWORD

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}
# Words of a refusal that a test provokes itself: the browser reports every such status.
EXPECTED = ("status of 409", "status of 422", "status of 401", "status of 403", "status of 404", "status of 413")


def find_chromium() -> str | None:
    """The Chromium of the machine, or None where there is none that can be driven (Ubuntu's snap cannot)."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found or "/snap/" in str(Path(found).resolve()):
        return None
    return found


_started: list = []


@pytest.fixture(scope="session")
def chromium():
    """The browser, started once for the session."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: the real-browser tests were not run")
    if _started:  # another folder's conftest has it already; one process can drive one Playwright
        yield _started[0]
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        _started.append(playwright.chromium.launch(executable_path=path, args=ARGUMENTS))
        yield _started[0]
        _started.pop().close()


@contextmanager
def running(folder: Path, scenario: str, **options):
    """A server on a fresh data folder, stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    server = LiveServer(folder, scenario, **options)
    try:
        yield server.start()
    finally:
        server.stop()


class Someone:
    """One person at a window of their own: opens pages, presses buttons, is photographed; complaints are kept."""

    def __init__(self, browser, server: LiveServer, *, viewport=DESK, role: str | None = None, script: bool = True):
        phone = viewport is PHONE
        self.server = server
        self.context = browser.new_context(
            viewport=viewport, java_script_enabled=script, locale="zh-CN", is_mobile=phone, has_touch=phone,
            base_url=server.url, timezone_id="Asia/Shanghai",
        )  # fmt: skip
        self.context.set_default_timeout(15_000)
        if role:
            cookie = server.seeded["logins"][role]["cookie"]
            self.context.add_cookies([{"name": "portal", "value": cookie, "url": server.url}])
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._hear)

    def _hear(self, message) -> None:
        if message.type in ("error", "warning") and not any(word in message.text for word in EXPECTED):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def log_in(self, login: str, password: str = PASSWORD) -> "Someone":
        """Through the login page, as people do."""
        self.open("/account/login")
        self.page.fill("#login", login)
        self.page.fill("#password", password)
        self.page.click("#login-form .button.primary")
        self.page.wait_for_url(lambda url: "/account/login" not in url)
        return self

    def open(self, path: str) -> "Someone":
        answer = self.page.goto(self.server.url + path)
        assert answer.status < 400, f"{path}: {answer.status}\n{self.text[:600]}"
        return self

    @property
    def text(self) -> str:
        return " ".join(self.page.inner_text("body").split())

    def see(self, *words: str) -> "Someone":
        """Wait until the page shows these words."""
        for word in words:
            self.page.get_by_text(word).first.wait_for(state="attached")
        return self

    def fill(self, **values: str) -> "Someone":
        """Type into fields by their ids (`__` for `-`)."""
        for name, value in values.items():
            field = self.page.locator(f"#{name.replace('__', '-')}")
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value, timeout=3000)
            else:
                field.fill(value)
        return self

    def press(self, selector: str) -> "Someone":
        """Click, and wait until what it starts is over."""
        self.page.locator(selector).first.click()
        self.settle()
        return self

    def settle(self) -> None:
        """Until the page is loaded and no htmx request is under way."""
        self.page.wait_for_load_state("load")
        self.page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")

    def shot(self, name: str, *, whole: bool = False) -> "Someone":
        """A picture of the window for people to look at."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=whole)
        return self

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def somebody(chromium):
    """somebody(server, role=…, viewport=…): windows that are closed after the test, which fails when one complained."""
    people = []

    def arrive(server, **options) -> Someone:
        people.append(Someone(chromium, server, **options))
        return people[-1]

    yield arrive
    for number, person in enumerate(people, 1):  # where everybody stood at the end, for whoever reads a failure
        person.shot(f"last-{number}")
    complaints = [line for person in people for line in person.complaints]
    for person in people:
        person.close()
    assert not complaints, "\n".join(complaints)
