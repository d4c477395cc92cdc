"""Measures one queue page in a process of its own: python -m bench.one_page FOLDER ADDRESS [ROUNDS] → JSON.

Server time is the processor time of a WSGI call to the real application with a real login: it cannot be blurred by what
else the machine does, and everything the page reads lies in the page cache.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median

from werkzeug.test import EnvironBuilder

from app import create_app
from bench.floor import Floor
from bench.rig import Login
from portal import database
from portal.settings import Settings


class Page:
    """The real application on a data folder, called without a network."""

    def __init__(self, folder: Path, token: str = "bench-P-0"):
        self.settings = Settings(data=folder).prepare()
        self.app, self.login = create_app(self.settings), Login(folder, token)

    def get(self, address: str) -> tuple[float, str]:
        """(milliseconds of processor time, HTML)."""
        path, _, query = address.partition("?")
        headers = {"Cookie": self.login.cookie}
        environ = EnvironBuilder(path=path, query_string=query, headers=headers).get_environ()
        answer = []
        start = time.process_time()
        body = self.app(environ, lambda status, headers, _=None: answer.append(status))
        html = b"".join(body)
        spent = time.process_time() - start
        body.close()
        if answer != ["200 OK"]:
            raise SystemExit(f"{address}: {answer}")
        return spent * 1000, html.decode()

    def queries(self, address: str) -> list[str]:
        """The statements of one page, as SQLite's trace reports them."""
        seen: list[str] = []
        connection = database.database.connection()
        connection.set_trace_callback(seen.append)
        self.get(address)
        connection.set_trace_callback(None)
        return seen


def main(folder: Path, address: str, rounds: int = 200) -> dict:
    """Medians in milliseconds, and the number of queries; the floor only for the address that it draws."""
    page, floor = Page(folder), None
    html = page.get(address)[1]
    if "plan=" in address:
        floor = Floor(page.settings.database, page.app, address, page.login.cookie)
        if not floor.is_same(html):
            raise SystemExit("the floor draws another page than the portal: bring bench/floor.py up to date")
    ours, least = [], []
    for _ in range(rounds):  # alternating, so that both meet the same disturbances
        ours.append(page.get(address)[0])
        if floor:
            start = time.process_time()
            floor.page().encode()
            least.append((time.process_time() - start) * 1000)
    figures = {"page": median(ours), "queries": len(page.queries(address)), "bytes": len(html)}
    return figures | ({"floor": median(least)} if floor else {})


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).resolve(), *sys.argv[2:3], *map(int, sys.argv[3:]))))
