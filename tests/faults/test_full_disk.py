"""A full disk: the portal says so in Chinese, keeps what it acknowledged, and goes on when there is room again."""

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress

import pytest

from tests.browser.chromium import running
from tests.browser.live import Client
from tests.storage import corpus

MIB = 1024 * 1024


@contextmanager
def small_disk(folder, size: int):
    """A file system of its own with `size` bytes; skipped where mounting is not permitted."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"mounting is not permitted here, so the full disk was not tried: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_and_survived(tmp_path):
    with (
        small_disk(tmp_path / "disk", 24 * MIB) as disk,
        running(disk / "data", "queue", cases=4, reviewers=1) as server,
    ):
        draft, slot = server.seeded["draft"], f"qualification.{server.seeded['qualification']}.scan"
        writer, reviewer = Client(server, "writer"), Client(server, "reviewer0")
        content = corpus.jpeg(size=(600, 800))

        def upload():
            return writer.upload(f"/applicant/registrations/{draft}/files", {"slot": slot}, "scan", "证书.jpg", content)

        def approve(number: int):
            case, version = server.seeded["cases"][number]
            return reviewer.post(f"/city/cases/{case}/approve", {"seen": version, "action": "pass"})

        assert upload()[0] == 303 and approve(0)[0] in (200, 303)  # control: with room it works
        rows = server.query("SELECT COUNT(*) FROM file_version")[0][0]
        filler = fill_up(disk)

        status, text, _ = upload()
        assert status in (503, 507) and "磁盘空间" in text and "没有保存" in text, f"{status} {text[:200]}"
        assert server.query("SELECT COUNT(*) FROM file_version")[0][0] == rows
        status, text, _ = approve(1)
        assert status in (200, 303, 503), f"{status}\n{server.log[-2500:]}"
        if status == 503:
            assert "磁盘空间" in text and "没有保存" in text
        # Reading goes on.
        assert reviewer.get("/city/cases")[0] == 200 and Client(server).get("/")[0] == 200

        filler.unlink()
        assert upload()[0] == 303
        assert approve(2)[0] in (200, 303)
        passed = {row[0] for row in server.query("SELECT case_id FROM event WHERE action = 'pass' AND seat = 'C'")}
        assert {server.seeded["cases"][0][0], server.seeded["cases"][2][0]} <= passed
        assert (server.seeded["cases"][1][0] in passed) == (status != 503)
        for path, size in server.query("SELECT path, size FROM file_version"):
            assert (server.data / "uploads" / path).stat().st_size == size
        server.run("-m", "flask", "--app", "app", "audit", "verify")


def fill_up(disk):
    """Leave no byte free."""
    filler = disk / "filler"
    handle = os.open(filler, os.O_CREAT | os.O_WRONLY)
    for size in (65536, 4096, 1):
        with suppress(OSError):
            while os.write(handle, b"\0" * size):
                pass
    os.close(handle)
    assert shutil.disk_usage(disk).free < 4096
    return filler
