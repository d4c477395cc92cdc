"""The load generators: a small asyncio HTTP client on the loopback, an open and a closed loop, and wrk for pages."""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from urllib.parse import urlencode

from bench.rig import say

MOST_CONNECTIONS = 256


class Connection:
    """One keep-alive connection; `head` is that of the last answer."""

    def __init__(self, port: int):
        self.port, self.reader, self.writer, self.head = port, None, None, b""

    async def send(
        self, method: str, path: str, cookie: str, form: dict | None = None, *, client: str = ""
    ) -> tuple[int, bytes]:
        """Send a request, read the whole answer; gives status and body. Raises OSError when the connection breaks.

        `client` is the address a trusted proxy would report.
        """
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        body = urlencode(form).encode() if form is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {cookie}\r\n"
        if client:
            head += f"X-Forwarded-For: {client}\r\n"
        if form is not None:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + body)
        try:
            self.head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as broken:
            self.close()
            raise OSError("connection lost") from broken
        length = re.search(rb"\r\ncontent-length: (\d+)", self.head, re.IGNORECASE)
        length = int(length[1]) if length else 0  # 204 has none
        return int(self.head[9:12]), await self.reader.readexactly(length)

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


# A request to make: given a connection, it gives whether the server said yes.
Request = Callable[[Connection], Awaitable[bool]]


async def open_loop(port: int, requests: Iterable[Request], rate: float) -> list[float]:
    """Send requests at a fixed rate, whether the earlier ones are answered or not.

    Gives seconds from the moment each was due, so that a slow server cannot hide behind a slow client.
    """
    free, took, start = [Connection(port) for _ in range(MOST_CONNECTIONS)], [], time.perf_counter()

    async def one(request: Request, due: float) -> None:
        while not free:
            await asyncio.sleep(0.001)
        connection = free.pop()
        if await request(connection):
            took.append(time.perf_counter() - start - due)
        free.append(connection)

    tasks = []
    for number, request in enumerate(requests):
        due = number / rate
        await asyncio.sleep(max(0.0, start + due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(request, due)))
    await asyncio.gather(*tasks)
    for connection in free:
        connection.close()
    return took


async def closed_loop(port: int, requests: Iterator[Request], clients: int, seconds: float) -> float:
    """Each client takes the next request when its last is answered; gives answers per second."""
    start, done = time.perf_counter(), 0

    async def one() -> None:
        nonlocal done
        connection = Connection(port)
        while time.perf_counter() - start < seconds:
            answered = await next(requests)(connection)
            done += answered
        connection.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return done / (time.perf_counter() - start)


def pages_a_second(url: str, cookie: str, seconds: int) -> float:
    """What wrk counts with 32 connections (so that both workers get their share); every answer must be 200."""
    if not shutil.which("wrk"):
        say("installing wrk")
        root = [] if shutil.which("sudo") is None else ["sudo"]
        subprocess.run([*root, "apt-get", "install", "-y", "-q", "wrk"], check=True, stdout=subprocess.DEVNULL)
    command = ["wrk", "-t1", "-c32", "--timeout", "20s", f"-d{seconds}s", "-H", f"Cookie: {cookie}", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
