"""Settings: what the environment may say, and every unsafe value that must stop the start."""

import os
import threading

import pytest

from portal.settings import MIB, Settings, Unsafe, is_guessable
from portal.storage import limits


def settings(folder, **env):
    return Settings.from_environment({"PORTAL_DATA": str(folder), **env})


def test_fresh_folder_is_not_initialised_and_has_no_key(tmp_path):
    fresh = settings(tmp_path / "live")
    assert fresh.secret_key == "" and not fresh.is_initialised
    assert not (tmp_path / "live").exists(), "reading settings makes nothing"


def test_prepare_makes_private_folders_and_a_private_random_key(tmp_path):
    old = os.umask(0)
    try:
        first = settings(tmp_path / "one").prepare()
        second = settings(tmp_path / "two").prepare()
    finally:
        os.umask(old)
    assert len(first.secret_key) == 64 and first.secret_key != second.secret_key
    assert first.secret_key_file.stat().st_mode & 0o777 == 0o600
    for folder in (first.data, first.uploads, first.issued, first.backups, first.fonts, first.incoming):
        assert folder.stat().st_mode & 0o777 == 0o700, folder
    assert settings(tmp_path / "one").prepare().secret_key == first.secret_key, "a second start keeps the key"
    assert sorted(path.name for path in first.data.glob(".secret*")) == []


def test_first_starts_at_once_agree_on_one_key(tmp_path):
    keys, barrier = [], threading.Barrier(8)

    def start():
        barrier.wait()
        keys.append(settings(tmp_path / "live").prepare().secret_key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(keys) == 8 and len(set(keys)) == 1


def test_initialised_needs_key_and_database(tmp_path):
    ready = settings(tmp_path).prepare()
    assert not ready.is_initialised
    ready.database.touch()
    assert settings(tmp_path).is_initialised


def test_key_does_not_show_in_reports(tmp_path):
    ready = settings(tmp_path).prepare()
    assert ready.secret_key not in repr(ready) and ready.secret_key not in str(ready)


def test_lost_key_is_refused_and_never_replaced(tmp_path):
    ready = settings(tmp_path).prepare()
    ready.database.touch()
    ready.secret_key_file.unlink()
    with pytest.raises(Unsafe, match="丢失"):
        settings(tmp_path)
    with pytest.raises(Unsafe, match="丢失"):
        ready.prepare()
    assert not ready.secret_key_file.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_key_that_others_can_touch_is_refused(tmp_path, mode):
    settings(tmp_path).prepare().secret_key_file.chmod(mode)
    with pytest.raises(Unsafe, match="chmod 600"):
        settings(tmp_path)


@pytest.mark.parametrize("key", ["", "a1b2c3d4" * 4 + "", "x" * 64, "0123456789abcdef0123456789abcde", "changeme" * 8])
def test_guessable_keys_are_refused(tmp_path, key):
    if key == "a1b2c3d4" * 4:
        assert not is_guessable(key), "32 characters of 8 kinds are the border, on the allowed side"
        return
    settings(tmp_path).prepare().secret_key_file.write_text(key)
    with pytest.raises(Unsafe, match="过短或可被猜到"):
        settings(tmp_path)


def test_demo_and_real_data_never_meet(tmp_path):
    assert settings(tmp_path / "demo", PORTAL_DEMO="1").demo
    with pytest.raises(Unsafe, match="演示"):
        settings(tmp_path / "live", PORTAL_DEMO="1")
    with pytest.raises(Unsafe, match="演示"):
        settings(tmp_path / "demo")
    assert Settings.from_environment({"PORTAL_DEMO": "1"}).data.parts[-3:] == ("data", "live", "demo")
    assert Settings.from_environment({}).data.parts[-2:] == ("data", "live")


def test_clock_shift_is_for_tests_only(tmp_path):
    with pytest.raises(Unsafe, match="PORTAL_TEST_CLOCK_SHIFT"):
        settings(tmp_path, PORTAL_TEST_CLOCK_SHIFT="-86400")
    assert settings(tmp_path, PORTAL_TEST_CLOCK_SHIFT="-86400", PORTAL_TESTING="1").testing
    with pytest.raises(Unsafe, match="PORTAL_TESTING"):
        settings(tmp_path, PORTAL_TESTING="1", PORTAL_HOST="0.0.0.0")


@pytest.mark.parametrize(
    "env",
    [
        {"PORTAL_PORT": "0"},
        {"PORTAL_PORT": "65536"},
        {"PORTAL_PORT": "８０００"},
        {"PORTAL_PORT": "80a"},
        {"PORTAL_HTTPS": "maybe"},
        {"PORTAL_SESSION_HOURS": "25"},
        {"PORTAL_WORKERS": "0"},
        {"PORTAL_LOG_LEVEL": "loud"},
        {"PORTAL_REQUEST_MIB": "20"},
        {"PORTAL_TLS_CERTIFICATE": "/nowhere/a.pem", "PORTAL_TLS_KEY": "/nowhere/b.pem"},
        {"PORTAL_TLS_KEY": "/nowhere/b.pem"},
        {"PORTAL_DATA": "static"},
    ],
)
def test_nonsense_is_refused_in_chinese_and_names_no_default(tmp_path, env):
    if env.get("PORTAL_DATA") == "static":
        from portal.settings import ROOT

        env = {"PORTAL_DATA": str(ROOT / "static" / "live")}
    with pytest.raises(Unsafe) as refusal:
        settings(tmp_path, **env)
    assert any("一" <= sign <= "鿿" for sign in refusal.value.message)


def test_borders_are_allowed(tmp_path):
    for name, value in [("PORTAL_PORT", "1"), ("PORTAL_PORT", "65535"), ("PORTAL_SESSION_HOURS", "24")]:
        settings(tmp_path, **{name: value})
    found = settings(tmp_path, PORTAL_REQUEST_MIB="21", PORTAL_HOSTS="a.example, b.example", PORTAL_HTTPS="1")
    assert found.request_bytes == 21 * MIB
    assert found.trusted_hosts == ("a.example", "b.example") and found.https


def test_defaults_are_those_of_the_catalogue(tmp_path):
    found = settings(tmp_path)
    assert (found.idle_minutes, found.session_hours) == (30, 12)
    assert found.request_bytes > max(limits.ATTACHMENT.max_bytes, limits.SCAN.max_bytes), "one file fits into a form"
    assert (found.host, found.port, found.https, found.demo, found.testing) == ("127.0.0.1", 8000, False, False, False)
    assert found.access_log and not settings(tmp_path / "demo", PORTAL_DEMO="1").access_log


def test_the_public_address_is_as_set_or_the_first_host_name(tmp_path):
    def address(**env):
        return Settings.from_environment({"PORTAL_DATA": str(tmp_path / "data"), **env}).public_address

    assert address(PORTAL_ADDRESS="https://kaoping.example.gov.cn/") == "https://kaoping.example.gov.cn"
    assert address(PORTAL_HOSTS="kp.example.cn,other", PORTAL_HTTPS="1") == "https://kp.example.cn"
    assert address(PORTAL_PORT="8123") == "http://127.0.0.1:8123"
    for wrong in ("kaoping.example.gov.cn", "ftp://x", "https://x/verify", "https://x y", "javascript:alert(1)"):
        with pytest.raises(Unsafe, match="PORTAL_ADDRESS"):
            address(PORTAL_ADDRESS=wrong)
