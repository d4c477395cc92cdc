"""Starts the production server: granian with one worker per core and one supervised job process, ended together."""

import codecs
import contextlib
import errno
import gc
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from functools import partial

from portal import lock
from portal.lobby import Lobby
from portal.settings import ROOT, Settings, Unsafe

# Workers are forked while other threads of the server run. A module that such a thread is importing at that moment
# stays locked in the worker for ever (seen: encodings.idna, which every host name needs; the worker then answered
# nobody). So what those threads need is loaded before the first of them starts; tests/test_serve.py compares.
for _codec in ("idna", "ascii", "latin-1"):
    codecs.lookup(_codec)

# Threads in which slow uploads wait (see portal.lobby); the application itself runs in one thread per worker.
_WAITING_THREADS = 128
# granian counts idle keep-alive connections, too, against this limit: a small one would lock browsers out.
_CONNECTIONS_PER_WORKER = 1024
_BACKLOG = 2048
_HEADER_BYTES = 64 * 1024
_HEADER_MILLISECONDS = 15_000
# How long a running request or job step may take to finish after the signal to stop; then it is killed and rolled back.
_GRACE_SECONDS = 5
_STATIC_SECONDS = 7 * 24 * 3600  # static addresses carry a version, so this may be long
# The path alone: query strings carry names that were searched for, and codes (ASVS 14.2.1).
_ACCESS_FORMAT = '%(time)s %(addr)s "%(method)s %(path)s" %(status)d %(dt_ms).1f ms'


class OneLine(logging.Formatter):
    """A log formatter that cannot be tricked into a second line: control characters become visible escapes."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if text.isprintable():
            return text
        return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def main(arguments: list[str]) -> int:
    """`python -m portal.serve` starts everything, with `jobs PARENT` or `migrate` a part of it; gives the exit code."""
    try:
        settings = Settings.from_environment()
        if not settings.is_initialised:
            raise Unsafe("平台尚未初始化：请先执行 ./run flask init，或用 ./run demo 试用演示数据。")
        if arguments[:1] == ["jobs"]:
            return work(settings, parent=int(arguments[1]))
        if arguments == ["migrate"]:
            return migrate(settings)
        return serve(settings)
    except KeyboardInterrupt:
        return 130
    except Unsafe as refusal:
        print(f"无法启动：{refusal.message}", file=sys.stderr)
        return 2


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM (0) or until the web workers cannot be kept alive (1); may raise Unsafe first."""
    settings = settings.prepare()
    try:
        handle = lock.take(settings.lock_file)
    except lock.Held as held:
        other = f"（进程号 {held.holder}）" if held.holder else ""
        raise Unsafe(f"数据目录 {settings.data} 正由另一个服务器{other}或恢复命令使用：请先停止它。") from None
    _refuse_busy_port(settings)
    # In a process of its own: no database connection may be open when workers are forked.
    if subprocess.run([sys.executable, "-m", "portal.serve", "migrate"], pass_fds=(handle,), check=False).returncode:
        raise Unsafe("数据库升级失败，数据没有改变：请查看上面的错误信息。")
    # Forked workers inherit the lock; Python 3.14 would no longer fork by itself.
    multiprocessing.set_start_method("fork", force=True)

    stopping = threading.Event()
    jobs = threading.Thread(target=_keep_jobs_running, args=(handle, stopping), name="jobs", daemon=True)
    jobs.start()
    threading.Thread(target=_announce, args=(settings, stopping), name="announce", daemon=True).start()
    try:
        return _keep_server_running(settings, stopping)
    finally:
        stopping.set()
        jobs.join(_GRACE_SECONDS + 2)
        print("平台已停止。", flush=True)


def work(settings: Settings, *, parent: int) -> int:
    """The job process: runs `portal.jobs.work_forever(stop)` until SIGTERM or until the server is gone."""
    _die_with(parent)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server passes SIGTERM on
    tempfile.tempdir = str(settings.incoming)
    from app import create_app
    from portal import jobs

    create_app()
    jobs.work_forever(stop)
    return 0


def migrate(settings: Settings) -> int:
    """Bring the database to this release's schema, under the lock that the starting server already holds."""
    from portal import database

    database.use(settings.database)
    database.open_connection()
    done = database.migrate()
    if done:
        print(f"数据库已升级：{'、'.join(done)}", flush=True)
    return 0


def load_application(settings: Settings, *, parent: int, loaded) -> Lobby:
    """Build the application inside a freshly forked web worker, and set the event `loaded` when that succeeded."""
    _die_with(parent)
    # Uploads are spooled beside their final place: /tmp is memory on many systems.
    tempfile.tempdir = str(settings.incoming)
    from app import create_app

    lobby = Lobby(create_app(), limit=settings.request_bytes, folder=settings.incoming)
    # What was loaded stays for ever: walking it again and again in search of garbage took a seventh of every page.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    loaded.set()
    return lobby


def _build_server(settings: Settings):
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    lines = {"()": "portal.serve.OneLine", "fmt": "%(message)s"}
    console = {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}
    return Server(
        "app:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=_WAITING_THREADS,
        blocking_threads_idle_timeout=60,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_CONNECTIONS_PER_WORKER,
        http1_settings=HTTP1Settings(max_buffer_size=_HEADER_BYTES, header_read_timeout=_HEADER_MILLISECONDS),
        log_level=LogLevels.error,  # its warnings question the many waiting threads, which are intended
        log_dictconfig={
            "formatters": {"lines": lines},
            "handlers": {"console": console},
            "loggers": {
                "_granian": {"handlers": ["console"], "level": "ERROR", "propagate": False},
                "granian.access": {"handlers": ["console"], "level": "INFO", "propagate": False},
            },
        },
        log_access=settings.access_log,
        log_access_format=_ACCESS_FORMAT,
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,  # older phones' in-app browsers; ASVS 12.1.1 allows 1.2
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=_GRACE_SECONDS,
        static_path_route=["/static"],
        static_path_mount=[ROOT / "static"],
        static_path_expires=_STATIC_SECONDS,
    )


def _keep_server_running(settings: Settings, stopping: threading.Event) -> int:
    """Run granian; when it gives up because workers were killed in quick succession, start it again.

    Only where no worker could build the application at all does the server end, with 1.
    """
    while True:
        loaded = multiprocessing.Event()
        server = _build_server(settings)
        _hear_stop(server, stopping)
        loader = partial(load_application, settings, parent=os.getpid(), loaded=loaded)
        with contextlib.suppress(SystemExit):
            server.serve(target_loader=loader, wrap_loader=False)
        if stopping.is_set():
            return 0
        if not loaded.is_set():
            print("网页进程无法启动，服务器停止：请查看上面的错误信息。", file=sys.stderr, flush=True)
            return 1
        print("网页进程异常退出，正在重新启动……", file=sys.stderr, flush=True)


def _hear_stop(server, stopping: threading.Event) -> None:
    """Let the job process end at the same moment as the web workers, not after them."""
    interrupt = server.signal_handler_interrupt

    def stop(*details) -> None:
        stopping.set()
        interrupt(*details)

    server.signal_handler_interrupt = stop


def _keep_jobs_running(handle: int, stopping: threading.Event) -> None:
    """Start the job process, start it again whenever it ends, and end it with the server."""
    pause = 1.0
    while not stopping.is_set():
        started = time.monotonic()
        # The child inherits the lock: as long as it writes, nobody may restore over it.
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.serve", "jobs", str(os.getpid())],
            pass_fds=(handle,),
            stdin=subprocess.DEVNULL,
        )
        while process.poll() is None and not stopping.wait(0.2):
            pass
        if process.poll() is None:
            _end(process)
            return
        if stopping.is_set():
            return
        pause = 1.0 if time.monotonic() - started > 60 else min(pause * 2, 30.0)
        print(f"任务进程异常退出（代码 {process.returncode}），{pause:.0f} 秒后重新启动。", file=sys.stderr, flush=True)
        stopping.wait(pause)


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _refuse_busy_port(settings: Settings) -> None:
    # granian binds with SO_REUSEPORT: without this, two servers on one port would silently share the visitors.
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reasons = {errno.EADDRINUSE: "已被其他程序占用", errno.EACCES: "当前用户无权使用（1024 以下的端口）"}
            reason = reasons.get(error.errno, "不是本机的地址")
            raise Unsafe(f"{settings.host}:{settings.port} {reason}：请用 PORTAL_HOST、PORTAL_PORT 另选。") from None


def _announce(settings: Settings, stopping: threading.Event) -> None:
    """Print the address once the portal really answers there."""
    address = _address(settings)
    for _ in range(600):
        if stopping.wait(0.1):
            return
        if _answers(settings):
            print(f"平台已启动：{address}（按 Ctrl-C 停止）", flush=True)
            return


def _answers(settings: Settings) -> bool:
    if settings.tls_certificate:
        with contextlib.suppress(OSError), socket.create_connection((_reachable(settings), settings.port), 1):
            return True
        return False
    host = settings.trusted_hosts[0] if settings.trusted_hosts else f"{_reachable(settings)}:{settings.port}"
    request = urllib.request.Request(_address(settings), headers={"Host": host})
    try:
        # Without the machine's proxy: it could not reach this machine's own address.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True  # an error page is an answer, too
    except OSError:
        return False


def _address(settings: Settings) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{_bracket(_reachable(settings))}:{settings.port}/"


def _reachable(settings: Settings) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _die_with(parent: int) -> None:
    """End this process soon after the server process was killed, so that no worker goes on unseen."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        # A signal that another thread receives does not wake Python's main thread; then the end comes like this.
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
