"""The online assessment in a real browser: each answer saved, connections lost, clocks turned, time running out."""

from datetime import datetime

import pytest

from tests.browser.chromium import PHONE, running

pytestmark = pytest.mark.browser

NOW = datetime(2022, 12, 16, 15, 0)
# What the browser itself complains of when a test takes its connection away.
CUT_OFF = ("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE",
           "status of 400")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("exam") / "data", "exam", now=NOW) as server:
        yield server


@pytest.fixture
def candidate(somebody, server):
    """candidate("timed0"): somebody on the page of the assessment."""
    people = []

    def arrive(role: str, **options):
        who = somebody(server, role=role, **options)
        people.append(who)
        return who.open(f"/applicant/training/{server.seeded['cases'][role]}/exam")

    yield arrive
    for who in people:
        who.complaints[:] = [line for line in who.complaints if not any(word in line for word in CUT_OFF)]


def begin(who):
    """Tick the rules and start."""
    who.page.check("#agreed")
    who.page.click("#start-form .button.primary")
    who.page.locator("#exam-form").wait_for()
    return who


def choose(who, place: int, letter: str):
    who.page.locator(f"input[name=a{place}][value={letter}]").check()


def stored(server, role: str) -> dict:
    rows = server.query(
        "SELECT position, value FROM answer a JOIN attempt t ON t.id = a.attempt_id WHERE t.registration_id = ?",
        server.seeded["cases"][role],
    )
    return dict(rows)


def attempt(server, role: str, what: str = "id"):
    rows = server.query(
        f"SELECT {what} FROM attempt WHERE registration_id = ? ORDER BY id DESC", server.seeded["cases"][role]
    )
    return rows[0][0] if rows else None


def wait_for(who, check, seconds: float = 10) -> None:
    for _ in range(int(seconds * 10)):
        if check():
            return
        who.page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {check}")


def seconds_left(who) -> int:
    minutes, seconds = who.page.inner_text("#exam-left").split(":")
    return int(minutes) * 60 + int(seconds)


@pytest.mark.requirement("R5.11")
def test_each_answer_is_saved_as_it_is_given_and_a_reload_goes_on(candidate, server):
    who = begin(candidate("timed0"))
    choose(who, 0, "B")
    wait_for(who, lambda: stored(server, "timed0") == {0: "B"})
    choose(who, 0, "C")
    choose(who, 6, "A")
    choose(who, 6, "D")
    wait_for(who, lambda: stored(server, "timed0") == {0: "C", 6: "AD"})
    who.see("答案已保存")
    before = seconds_left(who)
    assert 3570 <= before <= 3600
    who.page.reload()
    assert who.page.is_checked("input[name=a0][value=C]") and who.page.is_checked("input[name=a6][value=D]")
    assert who.page.inner_text("#exam-done") == "2" and before - 20 <= seconds_left(who) <= before
    other = candidate("timed0").see("正在进行")
    other.page.click("text=继续考核")
    other.page.locator("#exam-form").wait_for()
    assert other.page.is_checked("input[name=a0][value=C]")
    assert attempt(server, "timed0", "COUNT(*)") == 1


def test_a_lost_connection_is_shown_and_answers_wait_in_the_page(candidate, server):
    who = begin(candidate("timed1"))
    choose(who, 0, "A")
    wait_for(who, lambda: stored(server, "timed1") == {0: "A"})
    who.context.set_offline(True)
    banner = who.page.locator("#exam-lost")
    banner.wait_for(state="visible")
    choose(who, 1, "B")
    choose(who, 0, "D")
    who.page.wait_for_function("() => document.getElementById('exam-lost').innerText.includes('2题的答案暂存在本页')")
    who.shot("exam-lost")
    who.page.locator("#exam-form .exam-bar .button").click()
    who.page.wait_for_function("() => document.getElementById('exam-lost').innerText.includes('还不能交卷')")
    assert who.page.locator("#exam-form").count() == 1, "the paper is still there"
    assert stored(server, "timed1") == {0: "A"}
    who.context.set_offline(False)
    wait_for(who, lambda: stored(server, "timed1") == {0: "D", 1: "B"})
    banner.wait_for(state="hidden")
    who.see("网络已恢复，答案已全部保存")


def test_a_server_that_was_killed_is_waited_for(candidate, server):
    who = begin(candidate("timed2"))
    server.stop(hard=True)
    choose(who, 3, "C")
    who.page.locator("#exam-lost").wait_for(state="visible")
    server.start()
    wait_for(who, lambda: stored(server, "timed2") == {3: "C"}, 20)
    who.page.locator("#exam-lost").wait_for(state="hidden")


def test_a_login_that_ended_costs_no_answer(candidate, server):
    who = begin(candidate("timed3"))
    cookies = who.context.cookies()
    who.context.clear_cookies()
    choose(who, 0, "A")
    who.page.wait_for_function("() => document.getElementById('exam-lost').innerText.includes('登录已过期')")
    again = server.seed("login", login=server.seeded["accounts"]["timed3"])["logins"]["again"]["cookie"]
    who.context.add_cookies([{**next(c for c in cookies if c["name"] == "portal"), "value": again}])
    wait_for(who, lambda: stored(server, "timed3") == {0: "A"}, 15)
    who.page.locator("#exam-lost").wait_for(state="hidden")


@pytest.mark.requirement("R5.22")
def test_the_computers_clock_neither_opens_nor_prolongs(candidate, server):
    """A clock turned to tomorrow's slot opens nothing; one turned back or forward leaves the countdown alone."""
    early = candidate("early0")
    early.page.clock.set_fixed_time(datetime(2022, 12, 17, 15, 0))
    early.page.reload()
    assert early.page.locator("#start-form").count() == 0 and "17日14:30开始" in early.text
    refused = early.page.evaluate(
        """(url) => fetch(url, {method: 'POST', body: new URLSearchParams({
            agreed: 'y', csrf_token: document.querySelector('[name=csrf_token]').value})}).then((a) => a.status)""",
        f"/applicant/training/{server.seeded['cases']['early0']}/exam/start",
    )
    assert refused == 403 and attempt(server, "early0") is None
    who = candidate("slot0")
    who.page.clock.set_system_time(datetime(2022, 12, 16, 9, 0))
    who.page.reload()
    begin(who)
    ends = server.query("SELECT due_at FROM attempt ORDER BY id DESC")[0][0]
    assert ends.startswith("2022-12-16 16:30:00") and seconds_left(who) <= 90 * 60
    who.page.clock.set_system_time(datetime(2022, 12, 16, 23, 0))
    who.page.wait_for_timeout(1500)
    assert 80 * 60 < seconds_left(who) <= 90 * 60
    choose(who, 0, "A")
    wait_for(who, lambda: stored(server, "slot0") == {0: "A"})


def test_the_countdown_ends_in_the_result(candidate, server):
    who = begin(candidate("slot1"))
    choose(who, 0, "B")
    wait_for(who, lambda: stored(server, "slot1") == {0: "B"})
    server.seed("end_attempt", attempt=attempt(server, "slot1"), seconds=4)
    who.page.reload()
    assert seconds_left(who) <= 4
    who.page.wait_for_url("**/result", timeout=15_000)
    who.see("到时自动交卷")
    assert attempt(server, "slot1", "submitted_by") == "system" and attempt(server, "slot1", "submitted_at") == attempt(
        server, "slot1", "due_at"
    )


@pytest.mark.requirement("R5.07")
def test_the_paper_is_submitted_without_any_open_page(candidate, server):
    """Nobody asks the server anything: its own worker hands the paper in, as of the moment it was due."""
    who = begin(candidate("slot2"))
    number = attempt(server, "slot2")
    server.seed("end_attempt", attempt=number, seconds=1)
    who.page.goto("about:blank")
    wait_for(who, lambda: attempt(server, "slot2", "submitted_at") is not None, 40)
    assert attempt(server, "slot2", "submitted_at") == attempt(server, "slot2", "due_at")


def test_back_after_handing_in_shows_the_result(candidate, server):
    who = begin(candidate("timed4"))
    choose(who, 0, "A")
    who.page.locator("#exam-form .exam-bar .button").click()
    who.see("还有28题没有作答")
    who.page.click("form[action$=hand-in] button")
    who.page.wait_for_url("**/result")
    for _ in range(2):
        who.page.go_back()
        who.page.wait_for_load_state("load")
    who.page.wait_for_url("**/result")
    assert who.page.locator("#exam-form").count() == 0 and "本人交卷" in who.text


def test_without_javascript(candidate, server):
    who = candidate("slot3", script=False)
    who.page.check("#agreed")
    who.page.click("#start-form .button.primary")
    assert "没有启用脚本" in who.page.content()
    choose(who, 0, "C")
    choose(who, 6, "A")
    choose(who, 6, "B")
    who.page.click("button[value=save] >> nth=0")
    assert stored(server, "slot3") == {0: "C", 6: "AB"} and "答案已保存" in who.text
    choose(who, 28, "B")
    who.page.click("button[value=hand-in] >> nth=0")
    assert "还有26题没有作答" in who.text
    who.page.click("form[action$=hand-in] button")
    assert "本人交卷" in who.text and attempt(server, "slot3", "submitted_by") == "candidate"


@pytest.mark.parametrize("view", ["desk", "phone"])
def test_pictures(candidate, server, view):
    """For people to look at; and nothing is wider than the window."""
    role = {"desk": "timed5", "phone": "slot4"}[view]
    who = candidate(role, **({"viewport": PHONE} if view == "phone" else {}))
    who.shot(f"exam-rules-{view}", whole=True)
    assert who.overflow <= 0
    begin(who)
    for place in range(8):
        choose(who, place, "A")
    who.see("答案已保存").shot(f"exam-paper-{view}")
    assert who.overflow <= 0
    who.page.locator("#exam-form .exam-bar .button").click()
    who.see("没有作答").shot(f"exam-hand-in-{view}")
    assert who.overflow <= 0
    who.page.click("form[action$=hand-in] button")
    who.page.wait_for_url("**/result")
    who.shot(f"exam-result-{view}", whole=True)
    assert who.overflow <= 0
