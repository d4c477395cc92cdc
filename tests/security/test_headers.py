"""What every answer carries: content policy, no sniffing, no framing, no caching of signed-in pages, safe cookies."""

import pytest

from app import create_app
from portal.settings import Settings
from portal.web.errors import POLICY
from portal.web.files import SANDBOX
from tests.house.test_matrix import own_values, read_table, url_for
from tests.house.things import ROLES, Things

ROLE_OF = {seat: role for role, seat in ROLES.items() if seat}


def answers(ground):
    """Every route once as a role that comes in, whole and as a piece, and once as somebody who does not."""
    things = Things(ground.world)
    for row in read_table():
        seat = next((s for s in "PUCADT" if row.lets_in(s)), "P")
        url = url_for(ground.app, row, own_values(things, row, seat))
        for role, htmx in ((ROLE_OF[seat], False), (ROLE_OF[seat], True), ("anonymous", False)):
            yield row, role, htmx, ground.visit(role, row.method, url, {} if row.method == "POST" else None, htmx=htmx)


def test_every_answer_carries_the_headers(ground):
    for row, role, htmx, answer in answers(ground):
        where = f"{row.method} {row.endpoint} as {role} htmx={htmx}: {answer.status}"
        assert answer.status < 500, f"{where} {answer.text}"
        headers = answer.headers
        assert headers["Content-Security-Policy"] in (POLICY, SANDBOX), where
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] == "same-origin", where
        assert headers["X-Frame-Options"] == "SAMEORIGIN", where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        assert "Server" not in headers and "X-Powered-By" not in headers, where
        if row.endpoint.startswith("assets."):
            continue
        assert "Cookie" in headers["Vary"], where
        if role != "anonymous" and row.endpoint != "account.logout":
            cached = headers["Cache-Control"]
            assert "no-store" in cached or cached.startswith("private"), f"{where}: {cached}"
        if headers.get("Content-Type", "").startswith("text/html") and answer.status == 200 and answer.text:
            assert "HX-Request" in headers["Vary"], where


def test_the_policy_has_no_loophole():
    rules = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert rules["default-src"] == "'none'" and rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in POLICY and "*" not in POLICY and "http" not in POLICY
    assert "sandbox" in SANDBOX and "script" not in SANDBOX


@pytest.mark.parametrize("https", [False, True])
def test_cookies_are_closed(https, db, tmp_path):
    """The session cookie is out of reach of scripts and other sites; under TLS it is Secure, bound to the host."""
    settings = Settings(data=tmp_path / "data", testing=not https, https=https).prepare()
    app = create_app(settings, connect=False)
    base = "https://localhost" if https else "http://localhost"
    answer = app.test_client().get("/account/login", base_url=base)
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0] and "SameSite=Lax" in cookies[0] and "Path=/" in cookies[0]
    assert ("Secure" in cookies[0]) == https and cookies[0].startswith("__Host-portal=") == https
    assert "Domain" not in cookies[0]
    assert answer.headers.get("Strict-Transport-Security") == ("max-age=31536000" if https else None)


def test_a_stored_file_has_no_rights(ground):
    """Whatever is inside a stored file, the browser runs nothing of it, and keeps it away from our pages."""
    things = Things(ground.world)
    answer = ground.visit("applicant:chengdu:returned", "GET", f"/applicant/files/{things.own('file', 'A')}")
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Security-Policy"] == SANDBOX
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    saved = ground.visit("applicant:chengdu:returned", "GET", f"/applicant/files/{things.own('file', 'A')}?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")
