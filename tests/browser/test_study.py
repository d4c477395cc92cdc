"""Study in a real Chromium: an open page is timed, a hidden one is not, and the page opened last holds the clock."""

import time
from datetime import datetime

import pytest

from tests.browser.chromium import PHONE, running

pytestmark = pytest.mark.browser

_HIDE = """state => { Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange")); }"""


@pytest.fixture
def server(tmp_path):
    """Asked for before the windows, so that it outlives them: an open page goes on reporting."""
    with running(tmp_path / "data", "study", now=datetime(2022, 12, 10, 9, 0)) as server:
        yield server


def seconds(server) -> int:
    return server.query("SELECT COALESCE(SUM(seconds), 0) FROM study_time")[0][0]


def open_module(who, number: int = 0):
    """The module's page, its beats every second instead of every twenty."""

    def hasten(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('data-seconds="20"', 'data-seconds="1"'))

    path = f"/applicant/training/{who.server.seeded['case']}/modules/{who.server.seeded['modules'][number]}"
    who.page.route(f"**{path}", hasten)
    return who.open(path).see("正在计时")


@pytest.mark.requirement("R4.05")
def test_the_page_in_sight_is_timed_and_closing_it_stops(server, somebody):
    who, began = somebody(server, role="learner", viewport=PHONE), time.monotonic()
    open_module(who)
    time.sleep(5)
    assert 3 <= seconds(server) <= time.monotonic() - began
    who.page.evaluate(_HIDE, "hidden")
    who.see("已暂停计时")
    time.sleep(1)
    stopped = seconds(server)
    time.sleep(3)
    assert seconds(server) == stopped
    who.page.evaluate(_HIDE, "visible")
    who.see("正在计时")
    time.sleep(3)
    assert stopped + 1 <= seconds(server) <= stopped + 4
    assert who.overflow <= 0
    who.page.goto("about:blank")
    time.sleep(1)
    stopped = seconds(server)
    time.sleep(3)
    assert seconds(server) == stopped


@pytest.mark.requirement("R4.05")
def test_the_page_opened_last_holds_the_clock_and_the_other_says_so(server, somebody):
    who, began = somebody(server, role="learner"), time.monotonic()
    open_module(who)
    other = somebody(server, role="learner")
    open_module(other, 1)
    who.see("学习计时已转到您打开的另一个页面")
    time.sleep(4)
    assert seconds(server) <= time.monotonic() - began
    who.press("[data-study-again]").see("正在计时")
    other.see("学习计时已转到您打开的另一个页面")
    assert seconds(server) <= time.monotonic() - began
