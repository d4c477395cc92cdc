"""Every route × every role × own and foreign rows, by real requests: who comes in, what is hidden, what stays."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.house.things import HIDDEN, ROLES, Things
from tests.house.world import World

TABLE = Path(__file__).with_name("routes.csv")
# A form that is plausible for every verb, so that a refusal comes from who asks and not from what is missing.
FORM = {
    "note": "理由", "reason": "理由", "seen": "1", "confirmed": "y", "action": "pass", "case": "1",
    "items": "person.name",
}  # fmt: skip
NO_ROUTE_OF_OURS = {"static"}


@dataclass(frozen=True)
class Row:
    """One line of routes.csv.

    `seats`: letters of the seats that come in, "+" everybody signed in, "*" everybody; "P-D": D comes in, too, but
    every row is "not found" for it. `args`: "case=case file=file",
    the kind of thing (tests/house/things.py) behind each part of the address. `own`: the answers to a seat's own row
    (for POST: whatever the verb says, but never 404). `logs`: tables a GET may write to.
    """

    endpoint: str
    method: str
    seats: str
    args: str
    own: str
    logs: str

    @property
    def kinds(self) -> dict[str, str]:
        return dict(pair.split("=") for pair in self.args.split())

    def lets_in(self, seat: str) -> bool:
        return self.seats == "*" or bool(seat) and (self.seats == "+" or seat in self.seats)

    def finds(self, seat: str) -> bool:
        """Whether the seat has own rows here; letters behind a "-" come through the door and find nothing."""
        return not seat or seat not in self.seats.partition("-")[2]

    @property
    def answers(self) -> set[int]:
        if self.own:
            return {int(code) for code in self.own.split()}
        return {200} if self.method == "GET" else {200, 204, 303, 403, 409, 422}


@cache
def read_table() -> tuple[Row, ...]:
    with TABLE.open(encoding="utf8") as lines:
        return tuple(Row(**line) for line in csv.DictReader(lines))


def routes_of(app) -> set[tuple[str, str]]:
    return {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint not in NO_ROUTE_OF_OURS
    }


def url_for(app, row: Row, values: dict) -> str:
    with app.test_request_context():
        return app.url_for(row.endpoint, _method=row.method, **values)


def own_values(things: Things, row: Row, seat: str) -> dict:
    return {name: things.own(kind, seat) for name, kind in row.kinds.items()}


def foreign_values(things: Things, row: Row, seat: str) -> list[dict]:
    """All arguments foreign together, and, with several, each one foreign beside own ones."""
    own = own_values(things, row, seat)
    columns = {name: things.foreign(kind, seat) for name, kind in row.kinds.items()}
    longest = max((len(values) for values in columns.values()), default=0)
    found = [
        {name: (values[min(i, len(values) - 1)] if values else own[name]) for name, values in columns.items()}
        for i in range(longest)
    ]
    if len(columns) > 1:
        found += [{**own, name: values[0]} for name, values in columns.items() if values]
    return [values for values in found if values != own and all(v not in (0, None) for v in values.values())]


def words_of(html: str) -> str:
    """What stands on a page, without its frame, for failure messages."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.split("<main", 1)[-1]).split())[:400]


def is_login(answer, htmx: bool) -> bool:
    return answer.status == (401 if htmx else 303) and answer.place.startswith("/account/login")


def leaks(world: World, seat: str, text: str, row: Row | None = None) -> list[str]:
    return [word for word in world.secrets(HIDDEN[seat]) if word in text]


def test_every_route_has_a_row(ground):
    """A new route fails the build until somebody has said who may come in."""
    listed = [(row.endpoint, row.method) for row in read_table()]
    assert len(listed) == len(set(listed)), "listed twice: " + str({row for row in listed if listed.count(row) > 1})
    routes = routes_of(ground.app)
    assert routes - set(listed) == set(), f"classify in {TABLE.name}: {sorted(routes - set(listed))}"
    assert set(listed) - routes == set(), f"no longer there: {sorted(set(listed) - routes)}"


def test_every_address_part_has_a_kind(ground):
    for rule in ground.app.url_map.iter_rules():
        for row in read_table():
            if row.endpoint == rule.endpoint and row.method in rule.methods:
                assert set(row.kinds) == rule.arguments, f"{row.endpoint}: {rule}"


@pytest.mark.parametrize("row", read_table(), ids=lambda row: f"{row.method} {row.endpoint}")
@pytest.mark.requirement("R0.01", "R0.02", "R0.19")
def test_who_comes_in(row, ground):
    """Refused requests change nothing and name nobody; foreign rows are "not found"; GETs change nothing."""
    things = Things(ground.world)
    for role, seat in ROLES.items():
        data = FORM if row.method == "POST" else None
        for htmx in (False, True):
            if row.lets_in(seat):
                check_foreign(ground, things, row, role, seat, data, htmx)
                if not (row.finds(seat) and things.has_own(row.kinds.values(), seat)):
                    continue
            url = url_for(ground.app, row, own_values(things, row, seat))
            answer = ground.visit(role, row.method, url, data, htmx=htmx)
            where = f"{role} {row.method} {url} htmx={htmx}: {answer.status} {answer.place}"
            if not row.lets_in(seat):
                if seat:
                    assert answer.status == 403, where
                else:
                    assert is_login(answer, htmx), where
                assert not answer.changed, f"{where} changed {answer.changed}"
            else:
                assert answer.status in row.answers, f"{where}\n{words_of(answer.text)}"
                if row.method == "GET":
                    assert answer.changed <= set(row.logs.split()), f"{where} changed {answer.changed}"
            assert not leaks(ground.world, seat, answer.text), f"{where} names {leaks(ground.world, seat, answer.text)}"


def check_foreign(ground, things: Things, row: Row, role: str, seat: str, data: dict | None, htmx: bool) -> None:
    hidden = foreign_values(things, row, seat)
    if not row.finds(seat):
        hidden.append(own_values(things, row, "P"))
    for values in hidden:
        url = url_for(ground.app, row, values)
        answer = ground.visit(role, row.method, url, data, htmx=htmx)
        where = f"{role} {row.method} {url} (foreign) htmx={htmx}: {answer.status}"
        assert answer.status == 404, f"{where}\n{words_of(answer.text)}"
        assert not answer.changed, f"{where} changed {answer.changed}"
        assert not leaks(ground.world, seat, answer.text), where


@pytest.mark.parametrize("row", [row for row in read_table() if row.method == "POST"], ids=lambda row: row.endpoint)
@pytest.mark.requirement("R13.11")
def test_no_post_without_its_token(row, ground):
    """Without the CSRF token every POST answers 400 and changes nothing, for htmx as well (R13.11)."""
    things = Things(ground.world)
    for role, seat in ROLES.items():
        if not (row.lets_in(seat) and row.finds(seat) and things.has_own(row.kinds.values(), seat)):
            continue
        url = url_for(ground.app, row, own_values(things, row, seat))
        for htmx in (False, True):
            for forged in ({}, {"csrf_token": ""}, {"csrf_token": "IjEyMyI.Zz.zz"}):
                answer = ground.visit(role, "POST", url, FORM | forged, htmx=htmx, token=False)
                assert answer.status == 400 and not answer.changed, f"{role} {url} {htmx} {forged}: {answer.status}"


def test_the_print_sees_a_change(ground):
    """Control: one changed value of one row changes the print of its table, and only of its."""
    from portal.models import Person

    before = dict(ground.prints())
    person = Person.select().first()
    Person.update(phone="1").where(Person.id == person.id).execute()
    ground._prints = None
    after = ground.prints()
    Person.update(phone=person.phone).where(Person.id == person.id).execute()
    ground._prints = None
    assert {name for name in after if after[name] != before[name]} == {"person"}
    assert ground.prints() == before
