"""The desk in a real browser: by keyboard alone, without JavaScript, back and forward, when somebody was faster."""

import pytest

from tests.browser.chromium import running
from tests.browser.live import Client

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("desk") / "data", "queue", cases=12, reviewers=3) as server:
        yield server


def passed(server) -> int:
    return server.query("SELECT COUNT(*) FROM event WHERE action = 'pass' AND seat = 'C'")[0][0]


def waiting_link(who):
    return who.page.locator("tr[data-row] td a, tr[data-row] th a").first


@pytest.mark.requirement("R13.23")
def test_tab_and_enter_suffice(somebody, server):
    """From the queue to the decision without a mouse: Tab to the case, Enter, Tab to 通过, Enter."""
    who, before = somebody(server, role="reviewer0").open("/city/cases"), passed(server)
    name = waiting_link(who).inner_text()
    tab_to(who, f"e => e.tagName === 'A' && e.innerText === {name!r}")
    who.page.keyboard.press("Enter")
    who.page.wait_for_url("**/city/cases/*")
    who.settle()
    tab_to(who, "e => e.tagName === 'BUTTON' && e.value === 'pass'")
    who.page.keyboard.press("Enter")
    who.page.locator(".desk-last").wait_for()
    assert passed(server) == before + 1
    assert name in who.page.inner_text(".desk-last")


def tab_to(who, wanted: str, most: int = 90) -> None:
    for _ in range(most):
        who.page.keyboard.press("Tab")
        if who.page.evaluate(f"() => ({wanted})(document.activeElement)"):
            return
    raise AssertionError(f"the Tab key never reached {wanted}")


def test_one_key_decides_and_the_next_case_follows(somebody, server):
    who, before = somebody(server, role="reviewer0").open("/city/cases"), passed(server)
    waiting_link(who).click()
    who.page.locator("#decision").wait_for()
    first = who.page.inner_text("#desk h1")
    who.page.keyboard.press("a")
    who.page.locator(".desk-last").wait_for()
    assert who.page.inner_text("#desk h1") != first and passed(server) == before + 1
    # Typing an "a" in the reason is only a letter.
    who.page.click("#note")
    who.page.keyboard.type("aaa xr")
    assert who.page.input_value("#note") == "aaa xr" and passed(server) == before + 1
    who.page.fill("#note", "")


def test_back_and_forward_show_whole_pages(somebody, server):
    """Never a bare piece, and never a page that still offers what has been decided."""
    who = somebody(server, role="reviewer0").open("/city/cases")
    who.page.select_option("select[name=claimed]", index=1)
    who.press("#queue form button:has-text('查询'), #queue .filters button")
    who.open("/city/cases")
    waiting_link(who).click()
    who.page.locator("#decision").wait_for()
    decided = who.page.inner_text("#desk h1")
    who.page.click("#decision button[value=pass]")
    who.page.locator(".desk-last").wait_for()
    for step in ("back", "back", "forward", "forward", "back"):
        getattr(who.page, f"go_{step}")()
        who.settle()
        assert who.page.locator("header.top").count() == 1, f"{step}: {who.page.url} is a bare piece"
        assert who.page.locator("h1").count() == 1
        if who.page.locator("#desk h1").count() and who.page.inner_text("#desk h1") == decided:
            assert who.page.locator("#decision button[value=pass]").count() == 0, "a decided case still offers 通过"


def free_link(who):
    """The last case of the queue: colleagues take the first ones."""
    return who.page.locator("tr[data-row]").last.locator("a").first


def test_without_javascript_the_whole_way(somebody, server):
    """Queue, case, decision, the next case, undo, a filter: forms and links alone."""
    who = somebody(server, role="reviewer1", script=False).open("/city/cases")
    before = passed(server)
    name = free_link(who).inner_text()
    free_link(who).click()
    assert who.page.inner_text("#desk h1") == name
    who.page.click("#decision button[value=pass]")
    who.page.locator(".desk-last").wait_for()
    assert passed(server) == before + 1
    assert name in who.page.inner_text(".desk-last")
    who.page.click(".desk-last button")
    who.page.locator(".message").first.wait_for()
    assert server.query("SELECT COUNT(*) FROM event WHERE action = 'undo'")[0][0] == 1
    who.open("/city/cases?q=" + name)
    assert who.page.locator("tr[data-row]").count() == 1
    free_link(who).click()
    who.page.locator("#part-items input[type=checkbox]").first.check()
    who.page.fill("#note", "请补正所列内容")
    who.page.click("#decision button[value=return]")
    who.page.locator(".message.good").wait_for()
    assert server.query("SELECT COUNT(*) FROM correction WHERE withdrawn_at IS NULL")[0][0] == 1
    # What is wrong is said on the page, and what was typed stays.
    who.open("/city/cases")
    free_link(who).click()
    who.page.fill("#note", "")
    who.page.click("#decision button[value=reject]")
    who.page.locator(".error-summary").wait_for()
    assert "理由" in who.page.inner_text(".error-summary")


def test_who_was_faster_is_named(somebody, server):
    """A case that a colleague has decided meanwhile: nothing happens, and the page says who, what and when."""
    who = somebody(server, role="reviewer0").open("/city/cases")
    waiting_link(who).click()
    who.page.locator("#decision").wait_for()
    case = int(who.page.url.split("/cases/")[1].split("?")[0].split("#")[0])
    other = Client(server, "reviewer1")
    seen = server.query('SELECT version FROM "case" WHERE id = ?', case)[0][0]
    other.post(f"/city/cases/{case}/take-over", {"seen": seen})
    assert other.post(f"/city/cases/{case}/approve", {"seen": seen, "action": "pass"})[0] in (200, 303)
    before = passed(server)
    who.page.click("#decision button[value=pass]")
    who.see("市审1", "审核通过")
    assert passed(server) == before
    assert "于" in who.text and "办理" in who.text
