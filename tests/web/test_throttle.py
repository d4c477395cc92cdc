"""How often one address may ask: exactly the limit in any sixty seconds, for all processes together."""

import multiprocessing
import os
import re
from datetime import datetime, timedelta
from threading import Thread

import pytest

from portal.settings import Settings
from portal.web import throttle
from portal.web.throttle import Tally, network_of

NOON = datetime(2022, 12, 16, 12)
KEY, OTHER = b"k" * 16, b"o" * 16


def after(**span) -> datetime:
    return NOON + timedelta(**span)


def test_exactly_the_limit_in_any_sixty_seconds(tmp_path):
    tally = Tally(tmp_path / "throttle")
    moments = [after(milliseconds=100 * n) for n in range(100)]
    assert [tally.take(KEY, 100, moment) for moment in moments] == [0] * 100
    assert tally.take(KEY, 100, after(seconds=10)) == 50_000
    assert tally.take(KEY, 100, after(milliseconds=59_999)) == 1
    # The window slides: one more for each that is a minute old, not a hundred at once.
    assert tally.take(KEY, 100, after(seconds=60)) == 0
    assert tally.take(KEY, 100, after(seconds=60)) == 100
    assert tally.take(KEY, 100, after(milliseconds=60_100)) == 0
    assert tally.take(OTHER, 100, after(milliseconds=60_100)) == 0
    # A minute of silence forgets everything.
    assert [tally.take(KEY, 100, after(minutes=3)) for _ in range(101)] == [0] * 100 + [60_000]


def test_refused_uses_do_not_prolong_the_wait(tmp_path):
    tally = Tally(tmp_path / "throttle")
    assert [tally.take(KEY, 2, NOON) for _ in range(2)] == [0, 0]
    assert [tally.take(KEY, 2, after(seconds=n)) for n in range(1, 60)] == [1000 * (60 - n) for n in range(1, 60)]
    assert tally.take(KEY, 2, after(seconds=60)) == 0


def test_a_clock_that_was_turned_back_locks_nobody_out(tmp_path):
    tally = Tally(tmp_path / "throttle")
    assert [tally.take(KEY, 2, NOON) for _ in range(3)] == [0, 0, 60_000]
    assert tally.take(KEY, 2, after(milliseconds=-5)) == 60_000  # another process, a blink behind
    assert tally.take(KEY, 2, after(hours=-3)) == 0


def test_a_full_bucket_forgets_the_one_that_was_silent_longest(tmp_path):
    """More busy addresses than there is room for: nobody is refused because of others."""
    tally = Tally(tmp_path / "throttle", buckets=1)
    keys = [bytes([n]) * 16 for n in range(1, 10)]
    for n, key in enumerate(keys[:8]):
        assert [tally.take(key, 3, after(seconds=n)) for _ in range(4)][:3] == [0, 0, 0]
    assert tally.take(keys[8], 3, after(seconds=9)) == 0
    assert tally.take(keys[1], 3, after(seconds=9)) > 0  # still counted
    assert tally.take(keys[0], 3, after(seconds=9)) == 0  # forgotten: coarse, not closed
    assert (tmp_path / "throttle").stat().st_size <= 4096


def test_the_file_stays_small_and_tells_nobody_who_asked(app, tmp_path):
    client = app.test_client()
    for n in range(300):
        client.get("/verify/t/x", environ_overrides={"REMOTE_ADDR": f"10.0.{n // 250}.{n % 250}"})
    content = (app.config["PORTAL"].data / "throttle").read_bytes()
    assert 0 < len(content) <= 32 * 1024 * 1024
    assert not re.search(rb"10\.0\.\d", content)
    assert (app.config["PORTAL"].data / "throttle").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"\xff" * 512, b"\x00" * 512, os.urandom(512)])
def test_a_damaged_file_stops_nothing(tmp_path, damage):
    path = tmp_path / "throttle"
    Tally(path, buckets=1).take(KEY, 3, NOON)
    path.write_bytes(damage * 8)
    tally = Tally(path, buckets=1)
    assert [tally.take(KEY, 3, NOON) for _ in range(4)] == [0, 0, 0, 60_000]
    path.write_bytes(KEY + damage[16:])  # the key is right, the rest is not
    assert Tally(path, buckets=1).take(KEY, 3, after(hours=1)) == 0


@pytest.mark.parametrize("trouble", ["no folder", "full"])
def test_an_unwritable_disk_stops_nothing_and_still_counts(tmp_path, trouble, monkeypatch):
    tally = Tally(tmp_path / ("missing/throttle" if trouble == "no folder" else "throttle"))
    if trouble == "full":
        write, real = os.pwrite, []

        def refuse_once(*details):
            if real:
                return write(*details)
            real.append(1)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "pwrite", refuse_once)
    assert [tally.take(KEY, 3, NOON) for _ in range(4)] == [0, 0, 0, 60_000]


@pytest.mark.parametrize("one, two, same", [
    ("10.0.0.1", "10.0.0.2", False), ("::ffff:10.0.0.1", "10.0.0.1", True),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("fe80::1%eth0", "fe80::2%eth1", True), (None, "", True), ("unix:", "nonsense", True),
])  # fmt: skip
def test_whom_an_address_stands_for(one, two, same):
    assert (network_of(one) == network_of(two)) is same


def test_a_limit_beyond_the_ring_is_refused(tmp_path):
    with pytest.raises(ValueError):
        Tally(tmp_path / "throttle").take(KEY, 121, NOON)


# ---- several processes -----------------------------------------------------------------------------------------------

PROCESSES, TRIES = 4, 200


def count_allowed(path, gate, allowed, *, without_lock=False):
    """One process that tries TRIES times as fast as it can, together with the others."""
    if without_lock:
        throttle.fcntl.lockf = lambda *_: None
        read = os.pread

        def slow(*details):
            found = read(*details)
            os.sched_yield()
            return found

        throttle.os.pread = slow
    tally = Tally(path)
    gate.wait(timeout=30)
    allowed.put(sum(tally.take(KEY, 100, NOON) == 0 for _ in range(TRIES)))


def run_processes(paths, **kw) -> int:
    """How many uses all processes together were allowed."""
    context = multiprocessing.get_context("fork")
    gate, allowed = context.Barrier(len(paths)), context.Queue()
    workers = [context.Process(target=count_allowed, args=(path, gate, allowed), kwargs=kw) for path in paths]
    for worker in workers:
        worker.start()
    total = sum(allowed.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(30)
    return total


def test_all_processes_share_one_limit(tmp_path):
    for n in range(5):
        assert run_processes([tmp_path / str(n)] * PROCESSES) == 100


def test_control_a_count_of_its_own_for_each_process_multiplies_the_limit(tmp_path):
    assert run_processes([tmp_path / str(n) for n in range(PROCESSES)]) == 100 * PROCESSES


def test_control_without_the_lock_processes_count_past_each_other(tmp_path):
    assert any(run_processes([tmp_path / str(n)] * PROCESSES, without_lock=True) > 100 for n in range(30))


def test_threads_of_one_process_share_it_as_well(tmp_path):
    tally, allowed = Tally(tmp_path / "throttle"), []
    threads = [
        Thread(target=lambda: allowed.append(sum(tally.take(KEY, 100, NOON) == 0 for _ in range(TRIES))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 100


# ---- over the web ----------------------------------------------------------------------------------------------------


def look_up(client, number="X1", address="10.0.0.1", **kw):
    """One look-up from an address; gives the answer."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/verify").text)[1]
    return client.post("/verify", data={"csrf_token": token, "number": number}, environ_overrides={
        "REMOTE_ADDR": address}, **kw)  # fmt: skip


@pytest.mark.requirement("R11.15")
def test_the_hundred_and_first_look_up_within_a_minute_answers_429(app, at):
    client = app.test_client()
    for n in range(100):
        at(f"2022-12-16 14:30:{n * 59 // 100:02d}")
        assert look_up(client).status_code == 200, n
    at("2022-12-16 14:30:59")
    refused = look_up(client)
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "1"
    assert "每分钟最多100次" in refused.text and "14:31:01" in refused.text
    # Guesses of tokens count with them; looking at the form does not.
    assert client.get("/verify/t/x", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code == 429
    assert client.get("/verify", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code == 200
    assert look_up(client, address="10.0.0.2").status_code == 200
    at("2022-12-16 14:31:01")
    assert look_up(client).status_code == 200


def test_guessed_tokens_are_limited_alone_as_well(app, at):
    at("2022-12-16 14:30")
    client = app.test_client()
    codes = [client.get(f"/verify/t/{n}").status_code for n in range(102)]
    assert codes == [404] * 100 + [429] * 2


def test_what_was_not_looked_up_does_not_count(app, at):
    at("2022-12-16 14:30")
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/verify").text)[1]
    for _ in range(120):
        assert client.post("/verify", data={"csrf_token": token, "number": ""}).status_code == 422
        assert client.post("/verify", data={"number": "X"}).status_code == 400
    assert look_up(client).status_code == 200


@pytest.mark.parametrize("proxies, shared", [(0, True), (1, False)])
def test_behind_a_proxy_the_client_counts_if_the_proxy_is_trusted(db, tmp_path, at, proxies, shared):
    """Without trust the header is anybody's word: whoever invents addresses is still one address."""
    from app import create_app

    at("2022-12-16 14:30")
    settings = Settings(data=tmp_path / "data", testing=True, trusted_proxies=proxies).prepare()
    client = create_app(settings, connect=False).test_client()
    codes = [
        client.get("/verify/t/x", headers={"X-Forwarded-For": f"10.1.{n}.1"}).status_code for n in range(101)
    ]  # fmt: skip
    assert codes[:100] == [404] * 100 and codes[100] == (429 if shared else 404)
    # What a client writes before the proxy's own entry changes nothing.
    if proxies:
        codes = [client.get("/verify/t/x", headers={"X-Forwarded-For": f"9.9.9.{n}, 10.2.0.1"}).status_code
                 for n in range(101)]  # fmt: skip
        assert codes[100] == 429


def test_a_look_up_writes_nothing_to_the_database(app, at):
    from portal.database import database

    at("2022-12-16 14:30")
    client = app.test_client()
    client.get("/verify")
    before = database.connection().total_changes
    assert look_up(client).status_code == 200
    client.get("/verify/t/abc")
    assert database.connection().total_changes == before
