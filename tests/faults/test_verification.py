"""A full disk does not stop verification: it reads, and its limit needs no room."""

import re

from tests.browser.chromium import running
from tests.browser.live import Client
from tests.faults.test_full_disk import MIB, fill_up, small_disk


def test_verification_and_its_limit_work_on_a_full_disk(tmp_path):
    with (
        small_disk(tmp_path / "disk", 24 * MIB) as disk,
        running(disk / "data", "queue", cases=1, reviewers=0, workers=1) as server,
    ):
        fill_up(disk)
        client = Client(server)
        status, text, _ = client.get("/verify")
        assert status == 200
        client.csrf = re.search(r'name="csrf_token" value="([^"]+)"', text)[1]
        status, text, _ = client.post("/verify", {"number": "X1"})
        assert status == 200 and "没有查到" in text
        codes = [client.get(f"/verify/t/{n}")[0] for n in range(100)]
        assert codes == [404] * 99 + [429]
        assert "磁盘" not in client.get("/verify")[1]
