"""The lobby: bodies arrive whole, limits hold, the application runs in one thread, nothing half reaches it."""

import io
import threading

from portal.lobby import Lobby


class Application:
    """Remembers what reached it."""

    def __init__(self):
        self.seen = []
        self.threads = set()

    def __call__(self, environ, start_response):
        self.threads.add(threading.get_ident())
        body = environ["wsgi.input"].read() if "wsgi.input" in environ else b""
        self.seen.append((environ.get("CONTENT_LENGTH"), body))
        start_response("200 OK", [])
        return [b"done"]


class Slow(io.RawIOBase):
    """A body that arrives in pieces, the last of them only after `gate` opens."""

    def __init__(self, pieces, gate=None, error=None):
        self.pieces, self.gate, self.error = list(pieces), gate, error

    def read(self, size=-1):
        if len(self.pieces) == 1 and self.gate:
            self.gate.wait(5)
        if not self.pieces and self.error:
            raise self.error
        return self.pieces.pop(0) if self.pieces else b""


def post(lobby, body, length=None, **more):
    status = []
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": body, **more}
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    answer = b"".join(lobby(environ, lambda line, headers: status.append(line)))
    return status[0], answer


def test_body_arrives_whole_whether_small_or_spooled(tmp_path):
    app = Application()
    lobby = Lobby(app, limit=1_000_000, folder=tmp_path)
    for size in (1, 65_536, 262_144, 262_145, 1_000_000):
        content = bytes(i % 251 for i in range(size))
        assert post(lobby, io.BytesIO(content), size)[0] == "200 OK"
        assert app.seen[-1] == (str(size), content)
    assert list(tmp_path.iterdir()) == [], "waiting files have no names"


def test_body_without_announced_length_gets_its_true_length(tmp_path):
    app = Application()
    post(Lobby(app, limit=100, folder=tmp_path), Slow([b"ab", b"cd"]), HTTP_TRANSFER_ENCODING="chunked")
    assert app.seen == [("4", b"abcd")]


def test_body_over_the_limit_arrives_empty_with_its_length(tmp_path):
    app = Application()
    lobby = Lobby(app, limit=100, folder=tmp_path)
    post(lobby, io.BytesIO(b"x" * 100), 100)
    post(lobby, io.BytesIO(b"x" * 101), 101)
    assert app.seen == [("100", b"x" * 100), ("101", b"")]


def test_endless_body_is_given_up(tmp_path):
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            self.taken += size
            return b"x" * size

    app, endless = Application(), Endless()
    post(Lobby(app, limit=100_000, folder=tmp_path), endless, HTTP_TRANSFER_ENCODING="chunked")
    assert endless.taken < 600_000 and int(app.seen[0][0]) > 100_000 and app.seen[0][1] == b""


def test_broken_upload_and_full_disk_never_reach_the_application(tmp_path):
    app = Application()
    lobby = Lobby(app, limit=1_000_000, folder=tmp_path)
    status, page = post(lobby, Slow([b"half"], error=ConnectionResetError()), 100)
    assert status.startswith("503") and "没有保存任何更改" in page.decode()
    assert post(lobby, Slow([b"half"]), 100)[0].startswith("503"), "less than announced"
    missing = Lobby(app, limit=1_000_000, folder=tmp_path / "not-there")
    assert post(missing, io.BytesIO(b"x" * 300_000), 300_000)[0].startswith("503")
    assert app.seen == []


def test_slow_upload_holds_nobody_up_and_the_application_has_one_thread(tmp_path):
    app, gate = Application(), threading.Event()
    lobby = Lobby(app, limit=100, folder=tmp_path)
    slow = [threading.Thread(target=post, args=(lobby, Slow([b"a", b"b"], gate), 2)) for _ in range(5)]
    [thread.start() for thread in slow]
    assert post(lobby, io.BytesIO(b""), 0)[1] == b"done"
    assert len(app.seen) == 1, "the page came while five uploads were still on their way"
    gate.set()
    [thread.join(5) for thread in slow]
    assert len(app.seen) == 6 and len(app.threads) == 1
    assert threading.get_ident() not in app.threads


def test_error_of_the_application_is_the_callers_error(tmp_path):
    def broken(environ, start_response):
        raise ValueError("boom")

    try:
        post(Lobby(broken, limit=10, folder=tmp_path), io.BytesIO(b"a"), 1)
    except ValueError as error:
        assert str(error) == "boom"
    else:
        raise AssertionError("the error was swallowed")
