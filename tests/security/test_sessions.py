"""Logins: no fixation, no life after logout or after a right is withdrawn, no guessing behind forged addresses."""

import re

import pytest
from flask.sessions import SecureCookieSessionInterface

from portal.models import Event, Grant, LoginAttempt, LoginSession, User
from portal.rules.passwords import make_hash
from tests import make

PASSWORD = "Chuan-2022-pw"


@pytest.fixture
def account(db, app):
    """A unit's reviewer with a password, and the application."""
    organisation = make.make_organisation("登录测试有限公司")
    grant = make.make_grant("U", make.make_office(organisation=organisation), make.make_user("登录者", login="denglu"))
    User.update(password_hash=make_hash(PASSWORD)).where(User.id == grant.user_id).execute()
    return grant


def log_in(client, password=PASSWORD, login="denglu", **kw):
    page = client.get("/account/login").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    data = {"login": login, "password": password, "csrf_token": token}
    return client.post("/account/login", data=data, **kw)


def cookie_of(client) -> str:
    return client.get_cookie("portal").value


def test_a_login_starts_a_new_session(account, app):
    """What an attacker planted in the victim's session before the login is gone after it."""
    client = app.test_client()
    with client.session_transaction() as planted:
        planted["csrf_token"], planted["planted"] = "c" * 40, "yes"
    before = cookie_of(client)
    assert log_in(client).status_code == 303
    assert cookie_of(client) != before
    with client.session_transaction() as after:
        assert "planted" not in after and after.get("csrf_token") != "c" * 40
    assert client.get("/unit/cases").status_code == 200
    other = app.test_client()
    other.set_cookie("portal", before)
    assert other.get("/unit/cases").status_code == 303


def test_a_cookie_dies_with_the_logout(account, app):
    client = app.test_client()
    log_in(client)
    stolen = cookie_of(client)
    with client.session_transaction() as session:
        raw = session.get("csrf_token")
    page = client.get("/unit/cases").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    assert raw is None or raw
    client.post("/account/logout", data={"csrf_token": token})
    thief = app.test_client()
    thief.set_cookie("portal", stolen)
    assert thief.get("/unit/cases").status_code == 303
    assert thief.get("/unit/cases", headers={"HX-Request": "true"}).status_code == 401


def test_a_forged_cookie_is_nobody(account, app):
    """A cookie signed with another key, one without a signature, and one that names another session say nothing."""
    token = make.make_session(account).token
    own_key, app.secret_key = app.secret_key, "x" * 64
    forged = SecureCookieSessionInterface().get_signing_serializer(app).dumps({"_user_id": token})
    app.secret_key = own_key
    guessed = SecureCookieSessionInterface().get_signing_serializer(app).dumps({"_user_id": str(account.user_id)})
    good = SecureCookieSessionInterface().get_signing_serializer(app).dumps({"_user_id": token})
    for value in (forged, guessed, good[:-2] + "AA", good.replace(".", "", 1), "", "eyJfdXNlcl9pZCI6IjEifQ"):
        client = app.test_client()
        client.set_cookie("portal", value)
        assert client.get("/unit/cases").status_code == 303, value
    client = app.test_client()
    client.set_cookie("portal", good)
    assert client.get("/unit/cases").status_code == 200  # control: the way in is otherwise open


@pytest.mark.parametrize("what", ["account disabled", "seat ended", "login ended", "seat given to another office"])
def test_a_right_withdrawn_counts_at_once(what, account, app):
    client = app.test_client()
    log_in(client)
    assert client.get("/unit/cases").status_code == 200
    if what == "account disabled":
        User.update(active=False).where(User.id == account.user_id).execute()
    elif what == "seat ended":
        Grant.update(ends_on="2000-01-01").where(Grant.id == account.id).execute()
    elif what == "login ended":
        LoginSession.update(ended_at="2000-01-01 00:00:00").where(LoginSession.user == account.user_id).execute()
    else:
        Grant.update(seat="C", office=make.make_city_centre()).where(Grant.id == account.id).execute()
    assert client.get("/unit/cases").status_code in (303, 403)
    assert client.get("/unit/cases").status_code != 200


def test_guessing_is_slowed_down_whatever_address_is_claimed(account, app):
    """A forged X-Forwarded-For is another address neither for the limit nor for the record."""
    statuses = []
    for number in range(30):
        client = app.test_client()
        address = f"203.0.113.{number}"
        forged = {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": "for=1.2.3.4"}
        statuses.append(log_in(client, password=f"falsch-{number}", headers=forged).status_code)
    assert statuses.count(422) <= 10 and statuses[-1] == 429
    # Even the right password has to wait now, and says nothing about being right.
    assert log_in(app.test_client(), headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 429
    addresses = {row.address for row in Event.select()} | {row.key for row in LoginAttempt.select()}
    assert not [a for a in addresses if "203.0.113" in a or "198.51" in a or "1.2.3.4" in a]


def test_a_login_tells_nobody_which_names_exist(account, app):
    """A wrong password and an unknown name are answered with the same words."""
    known = log_in(app.test_client(), password="falsch-falsch-1")
    unknown = log_in(app.test_client(), login="niemand", password="falsch-falsch-1")

    def words(answer):
        html = answer.get_data(as_text=True).split("<main", 1)[1]
        return re.sub(r'value="[^"]*"', "", html)

    assert known.status_code == unknown.status_code == 422
    assert words(known) == words(unknown)
