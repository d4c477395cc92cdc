"""Requests that no page of ours makes: forged hosts and redirects, doubled forms, smuggled fields, bent addresses."""

import re
from dataclasses import replace

import html5lib
import pytest

from app import create_app
from portal.models import Case, Event, Grant, Person, User
from portal.rules.passwords import make_hash
from portal.settings import Settings
from tests import make
from tests.house.test_matrix import FORM, own_values, read_table, url_for
from tests.house.things import ROLES, Things
from tests.house.walk import CRASH
from tests.pages import form_values

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example/a",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "https://evil.example",
    "http://evil.example/unit/",
    "https:evil.example",
    "http:/evil.example",
    "//evil.example/unit/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:x",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%0d%0aLocation:%20https://evil.example\r\nX: y",
    "http://localhost@evil.example",
    "http://localhost.evil.example",
    "http://localhost:80@evil.example/",
    "@evil.example",
    "evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "/.\\evil.example",
    "ftp://evil.example",
    "//[::1]",
]
PASSWORD = "Chuan-2022-pw"


@pytest.fixture
def account(db, app):
    grant = make.make_grant(
        "U", make.make_office(organisation=make.make_organisation()), make.make_user(login="denglu")
    )
    User.update(password_hash=make_hash(PASSWORD)).where(User.id == grant.user_id).execute()
    return grant


@pytest.mark.parametrize("next", ELSEWHERE)
def test_the_login_leads_nowhere_else(next, account, app):
    client = app.test_client()
    page = client.get("/account/login", query_string={"next": next}).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    hidden = re.search(r'name="next"[^>]*value="([^"]*)"', page)
    assert not hidden or "evil" not in hidden.group(1) or hidden.group(1).startswith("/")
    for data in ({}, {"next": next}):
        answer = client.post(
            "/account/login", data={"login": "denglu", "password": PASSWORD, "csrf_token": token, **data}
        )
        if answer.status_code == 303:
            break
    place = answer.headers["Location"]
    assert re.fullmatch(r"/(?![/\\])[^\r\n\t\\]*", place), place
    # Signed in, the same address asked for again leads home as well.
    again = client.get("/account/login", query_string={"next": next}).headers["Location"]
    assert re.fullmatch(r"/(?![/\\])[^\r\n\t\\]*", again), again


def test_the_login_leads_back_where_one_wanted_to_go(account, app):
    """Control: an address of our own is kept."""
    client = app.test_client()
    asked = client.get("/unit/?page=2")
    assert asked.status_code == 303
    page = client.get(asked.headers["Location"]).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    wanted = re.search(r'name="next"[^>]*value="([^"]*)"', page).group(1)
    data = {"login": "denglu", "password": PASSWORD, "csrf_token": token, "next": wanted}
    assert client.post("/account/login", data=data).headers["Location"].startswith("/unit/")


def test_a_foreign_host_is_refused_where_names_are_set(db, tmp_path):
    settings = replace(Settings(data=tmp_path / "data", testing=True).prepare(), trusted_hosts=("portal.test",))
    client = create_app(settings, connect=False).test_client()
    assert client.get("/account/login", headers={"Host": "portal.test"}).status_code == 200
    for host in ("evil.example", "portal.test.evil.example", "portal.test@evil.example", "evil.example:80", ""):
        answer = client.get("/account/login", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "evil.example" not in answer.get_data(as_text=True)


def test_a_forged_host_is_never_repeated(ground):
    """Without configured names, too, no page, redirect or cookie holds the host that the request claimed."""
    things = Things(ground.world)
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    for row in read_table():
        if row.method != "GET":
            continue
        seat = next((s for s in "PUCAT" if row.lets_in(s)), "P")
        role = next(role for role, letter in ROLES.items() if letter == seat)
        url = url_for(ground.app, row, own_values(things, row, seat))
        for who in (role, "anonymous"):
            answer = ground.visit(who, "GET", url, headers=forged)
            assert "evil.example" not in answer.text + str(answer.headers), f"{who} {url}"


def test_one_form_sent_twice_acts_once(ground):
    """The second click of a page finds what the first one made (once token); another page's token acts anew."""
    role, url = "province:sichuan", "/province/plans/new"
    page = ground.visit(role, "GET", url)
    if page.status != 200:
        pytest.fail(f"{url}: {page.status}")
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    form = next(form for form in tree.iter("form") if [e for e in form.iter("select") if e.get("name") == "grade"])
    fields = form_values(form) | {"csrf_token": ground.csrf}
    assert fields["once"]
    from portal.database import database
    from portal.models import Plan

    with database.atomic() as savepoint:
        before = Plan.select().count()
        first = ground.visit(role, "POST", url, fields, keep=True)
        second = ground.visit(role, "POST", url, fields, keep=True)
        made = Plan.select().count() - before
        third = ground.visit(role, "POST", url, {**fields, "once": "another-page-another-token"}, keep=True)
        more = Plan.select().count() - before
        savepoint.rollback()
    ground._prints = None
    assert (first.status, second.status) == (303, 303) and second.place == first.place
    assert made == 1, "one form made two plans"
    assert third.status == 303 and more == 2, "control: another form makes another plan"


# What no form offers. `seat`, `office` and the like are sent with every verb; none of it may ever be taken over.
SMUGGLED = {
    "id": "1", "user": "1", "user_id": "1", "person_id": "1", "role": "T", "state": "approved", "status": "approved",
    "version": "99", "position": "9", "office_id": "1", "office": "1", "province": "anhui", "must_change": "",
    "active": "1", "password_hash": "x", "live_key": "", "decided_by": "1", "confirmed_by": "x", "merged_into": "1",
    "created_at": "2000-01-01", "submitted_at": "2000-01-01", "number": "SMUGGLED", "by": "1", "is_admin": "1",
}  # fmt: skip


def guarded_rows() -> dict:
    """What no request of an ordinary role may move: whose rows these are, who holds which seat, who decided."""
    return {
        "grants": list(Grant.select(Grant.id, Grant.user, Grant.office, Grant.seat).tuples()),
        "users": list(User.select(User.id, User.login, User.active, User.password_hash).tuples()),
        "people": list(Person.select(Person.id, Person.user, Person.province, Person.merged_into).tuples()),
        "cases": list(
            Case.select(Case.id, Case.person, Case.plan, Case.province, Case.created_at, Case.number).tuples()
        ),
    }


@pytest.mark.parametrize("row", [r for r in read_table() if r.method == "POST" and r.seats not in ("*", "T")],
                         ids=lambda row: row.endpoint)  # fmt: skip
def test_no_form_takes_what_it_does_not_offer(row, ground):
    """Mass assignment: extra fields change neither owners nor seats nor accounts, on any POST route of any role."""
    from portal.database import database

    things = Things(ground.world)
    makes_numbers = {"applicant.confirm_registration"}  # submitting draws the receipt number
    for role, seat in ROLES.items():
        if not row.lets_in(seat) or seat == "T":
            continue
        url = url_for(ground.app, row, own_values(things, row, seat))
        with database.atomic() as savepoint:
            before = guarded_rows()
            answer = ground.visit(role, "POST", url, {**SMUGGLED, **FORM}, keep=True)
            after = guarded_rows()
            savepoint.rollback()
        ground._prints = None
        assert answer.status != CRASH, f"{url}: {answer.text}"
        if row.endpoint in makes_numbers:
            continue
        for name, rows in before.items():
            kept = [found for found in after[name] if found[0] in {r[0] for r in rows}]
            assert kept == rows or may_touch(row, name), f"{role} {url} changed {name}"


def may_touch(row, name: str) -> bool:
    """Verbs whose very purpose is to change a password or an own login."""
    return name == "users" and row.endpoint in {
        "account.change_password",
        "applicant.profile",
        "applicant.correct_person",
    }


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_method_cannot_be_disguised(header, ground):
    """A GET never becomes a POST by a header or a field, and unknown methods are refused."""
    case = ground.world.cases["chengdu"]["at_city"].id
    for url in (f"/city/cases/{case}", f"/city/cases/{case}/decide", "/account/logout"):
        answer = ground.visit("city:chengdu", "GET", f"{url}?_method=POST&action=pass&seen=5", headers={header: "POST"})
        assert answer.status in (200, 400, 404, 405) and not answer.changed, url
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        answer = ground.visit("city:chengdu", method, f"/city/cases/{case}")
        assert answer.status in (400, 405) and not answer.changed, method


BENT = [
    "0",
    "-1",
    "99999999999999999999",
    "1e3",
    "%31%30",
    "1'--",
    "1;",
    "%00",
    "..",
    "%2e%2e%2f",
    "1%20",
    "case",
]


@pytest.mark.parametrize("id_", BENT)
def test_a_bent_id_is_not_found(id_, ground):
    """Ids that no page ever wrote are 404, and nothing is said about the database."""
    for role, url in (("applicant:mianyang:draft", "/applicant/registrations/{}"), ("city:mianyang", "/city/cases/{}"),
                      ("anonymous", "/notices/{}"), ("applicant:mianyang:draft", "/applicant/files/{}")):  # fmt: skip
        answer = ground.visit(role, "GET", url.format(id_))
        assert answer.status in (303, 308, 404), f"{url.format(id_)}: {answer.status} {answer.text[:200]}"
        assert not re.search(r"peewee|sqlite|Traceback|SELECT|portal/", answer.text), url


def test_a_repeated_parameter_does_not_change_whose_row_it_is(ground):
    """?id=own&id=foreign, a form id against the address, a trailing slash, another case: the address decides."""
    own, foreign = ground.world.cases["chengdu"]["at_city"].id, ground.world.cases["mianyang"]["at_city"].id
    for url in (f"/city/cases/{foreign}?id={own}", f"/city/cases/{foreign}/", f"/CITY/cases/{foreign}",
                f"/city//cases/{foreign}", f"/city/./cases/{foreign}", f"/city/cases/{own}/../{foreign}"):  # fmt: skip
        answer = ground.visit("city:chengdu", "GET", url)
        assert answer.status in (303, 308, 404), f"{url}: {answer.status}"
        name = ground.world.people["mianyang"]["at_city"].name
        assert name not in answer.text, url


def test_an_htmx_header_opens_nothing(ground):
    """HX-Request decides what an answer looks like, never who may have it."""
    case = ground.world.cases["mianyang"]["at_city"].id
    for headers in ({"HX-Request": "true"}, {"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "desk"},
                    {"HX-Request": "true", "HX-History-Restore-Request": "true"}):  # fmt: skip
        for role, wanted in (("city:chengdu", 404), ("unit:chengdu", 403), ("anonymous", 401)):
            answer = ground.visit(role, "GET", f"/city/cases/{case}", headers=headers)
            assert answer.status == wanted, f"{role} {headers}: {answer.status}"
            assert ground.world.people["mianyang"]["at_city"].name not in answer.text


def test_the_record_names_the_real_address(ground):
    """What X-Forwarded-For claims is never written down, unless the operator has named a proxy."""
    from portal.database import database

    with database.atomic() as savepoint:
        ground.visit(
            "applicant:chengdu:draft", "POST", "/account/logout", headers={"X-Forwarded-For": "6.6.6.6"}, keep=True
        )
        addresses = {row.address for row in Event.select().order_by(Event.id.desc()).limit(3)}
        savepoint.rollback()
    ground._prints = None
    assert "6.6.6.6" not in addresses and "127.0.0.1" in addresses
