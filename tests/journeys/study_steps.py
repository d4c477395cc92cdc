"""Studying and sitting a paper in a page, while the server's clock and the page's own go on together."""

from datetime import datetime, timedelta

from tests.browser.chromium import Someone
from tests.browser.live import LiveServer

BEAT = 20  # seconds between two reports of an open study page
# Counts how often the page has drawn a fresh clock, which it does just before it sets its next timer.
_COUNT = """() => { window.beats = 0; new MutationObserver((seen) => { for (const change of seen)
  for (const node of change.addedNodes) if (node.id === "study-clock") window.beats += 1; }
).observe(document.body, { childList: true, subtree: true }); }"""
_HIDE = """() => { Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange")); }"""


def studied(server: LiveServer, case: int) -> int:
    """The seconds credited so far."""
    return server.query("SELECT COALESCE(SUM(seconds), 0) FROM study_time WHERE registration_id = ?", case)[0][0]


def begin_module(who: Someone) -> None:
    """Wait until the open module's page is being timed."""
    who.page.evaluate(_COUNT)
    who.see("正在计时")


def beat_until(who: Someone, done, moment: datetime) -> datetime:
    """Let time pass beat by beat, for the page and for the server, until `done()`; gives what time it is then."""
    while not done():
        moment += timedelta(seconds=BEAT)
        before = who.page.evaluate("window.beats")
        who.server.set_clock(moment)
        who.page.clock.fast_forward(BEAT * 1000)
        who.page.wait_for_function("before => window.beats > before", arg=before)
    return moment


def pause_after(who: Someone, seconds: int) -> datetime:
    """Turn away from the page exactly so many seconds after its last report; gives what time it is then."""
    last = who.server.query("SELECT beat_at FROM study_clock")[0][0]
    moment = datetime.fromisoformat(last) + timedelta(seconds=seconds, milliseconds=1)
    with who.page.expect_response("**/pause"):
        who.server.set_clock(moment)
        who.page.evaluate(_HIDE)
    return moment


def begin_paper(who: Someone) -> int:
    """Tick the rules and start; gives the attempt."""
    who.page.check("#agreed")
    who.press("#start-form .primary")
    who.page.locator("#exam-form").wait_for()
    return int(who.page.url.split("/exam/")[1].split("#")[0])


def wrong_for(right: str, options: int) -> str:
    """A letter that is certainly not the right answer."""
    return next(letter for letter in "ABCDEF"[:options] if letter != right)


def tick(who: Someone, place: int, letters: str) -> None:
    """Choose these options of a question with the finger or mouse."""
    for letter in letters:
        who.page.locator(f"input[name=a{place}][value={letter}]").check()


def type_answer(who: Someone, place: int, letters: str) -> None:
    """Choose these options with the keyboard alone: arrow keys among radios, the space bar on boxes."""
    first = who.page.locator(f"input[name=a{place}]").first
    if first.get_attribute("type") == "radio":
        first.focus()
        who.page.keyboard.press("Space")
        for _ in range(ord(letters) - ord("A")):
            who.page.keyboard.press("ArrowDown")
        return
    for letter in letters:
        who.page.locator(f"input[name=a{place}][value={letter}]").focus()
        who.page.keyboard.press("Space")


def saved(server: LiveServer, attempt: int) -> dict[int, str]:
    """The answers that the server has."""
    return dict(server.query("SELECT position, value FROM answer WHERE attempt_id = ?", attempt))


def wait_saved(who: Someone, attempt: int, values: dict[int, str]) -> None:
    """Until the server has these answers."""
    for _ in range(100):
        if saved(who.server, attempt) == values:
            return
        who.page.wait_for_timeout(50)
    raise AssertionError(f"{saved(who.server, attempt)} != {values}")
