"""The limit on look-ups under the real server: two workers, many connections at once, one count."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.browser.chromium import running
from tests.browser.live import Client


@pytest.mark.requirement("R11.15")
def test_two_workers_allow_a_hundred_look_ups_together(tmp_path):
    """Every look-up on a connection of its own, so that both workers get their share."""
    with running(tmp_path / "data", "queue", cases=1, reviewers=0, workers=2) as server:
        workers = server.workers()
        assert len(workers) == 2
        before = [sum(worker.cpu_times()[:2]) for worker in workers]
        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda n: Client(server).get(f"/verify/t/guess{n}")[0], range(200)))
        assert sorted(codes) == [404] * 100 + [429] * 100
        # Control: both have answered, so a count in memory would have allowed more.
        assert all(sum(worker.cpu_times()[:2]) > old for worker, old in zip(workers, before, strict=True))
        assert Client(server).get("/verify")[0] == 200
