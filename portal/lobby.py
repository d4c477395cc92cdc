"""Where slow clients wait: takes a whole request body in before the worker's single application thread is asked."""

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_CHUNK = 64 * 1024
_IN_MEMORY = 256 * 1024
# A body that is too large is read and thrown away up to this multiple, so that the browser sees our 413 page instead of
# a broken connection.
_PATIENCE = 4


class Lobby:
    """A WSGI wrapper around `app`; many server threads may call it, `app` only ever runs in one thread.

    Measured: with one thread a single 5-second upload stops a worker for 5 seconds; with many threads inside the
    application the pages fight for the interpreter (p99 × 2). Waiting in many threads and working in one has neither
    fault, and needs one database connection per worker. Bodies over `limit` bytes arrive empty with their true
    CONTENT_LENGTH, which Flask's MAX_CONTENT_LENGTH answers with 413; large bodies wait in unnamed files in `folder`.
    """

    def __init__(self, app: Callable, *, limit: int, folder: Path):
        self._app = app
        self._limit = limit
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="application")

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        if not _has_body(environ):
            return self._thread.submit(self._app, environ, start_response).result()
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=self._folder) as body:
            try:
                length = self._receive(environ, body)
            except OSError:
                # Disk full, or the client went away; nothing has reached the application, so nothing is half done.
                return _refuse(start_response)
            environ["CONTENT_LENGTH"] = str(length)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["wsgi.input"] = body
            return self._thread.submit(self._app, environ, start_response).result()

    def _receive(self, environ: dict, body) -> int:
        """Read the body into the file, position it at the start and return its length as the client sent it."""
        source, declared = environ["wsgi.input"], _declared_length(environ)
        length = 0
        while length <= self._limit * _PATIENCE:
            chunk = source.read(_CHUNK)
            if not chunk:
                break
            length += len(chunk)
            if length <= self._limit:
                body.write(chunk)
        if length > self._limit:
            body.seek(0)
            body.truncate()
        elif declared is not None and length < declared:
            raise ConnectionError("the client sent less than it announced")
        body.seek(0)
        return length


def _has_body(environ: dict) -> bool:
    return environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _declared_length(environ: dict) -> int | None:
    text = environ.get("CONTENT_LENGTH", "")
    return int(text) if text.isdecimal() else None


_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>暂时无法接收</title></head><body>
<h1>暂时无法接收</h1><p>服务器暂时无法接收上传的内容，没有保存任何更改。</p>
<p>请稍后重试；如仍不成功，请联系系统管理员。</p></body></html>"""


def _refuse(start_response: Callable) -> list[bytes]:
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), ("Retry-After", "60")]
    headers += [("Content-Security-Policy", "default-src 'none'"), ("X-Content-Type-Options", "nosniff")]
    start_response("503 Service Unavailable", headers)
    return [_PAGE.encode()]
