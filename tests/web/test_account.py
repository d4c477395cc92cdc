"""The account door: login, logout, seats, passwords, registration, inbox."""

import re

import pytest

from portal import clock
from portal.actions import accounts, passwords
from portal.models import Event, Grant, LoginSession, Message, Setting, User
from portal.rules import invented
from portal.rules.passwords import make_hash
from portal.rules.workflow import Seat
from tests import make

PASSWORD = "liuyun2024"
WRONG = "用户名（证件号码）或密码不正确"


def make_account(seat=Seat.UNIT, office=None, **kw):
    user = make.make_user(password_hash=make_hash(PASSWORD), **kw)
    if office is None and seat in accounts.OFFICE_OF:
        level, body = accounts.OFFICE_OF[seat]
        office = make.make_organisation() and make.Office.get(level="unit") if level == "unit" else None
        office = office or make.make_office(level=level, body=body, region=None if level == "province" else "成都市")
    return make.make_grant(seat, office, user=user)


def sign_in(page, login, password=PASSWORD, **kw):
    return page("/account/login").press("login-form", login=login, password=password, **kw)


@pytest.mark.requirement("R1.01")
def test_login_page_shows_the_entry_and_a_working_local_login(page):
    grant = make_account()
    shown = page("/account/login")
    assert "统一认证平台登录" in shown.text
    home = shown.press("login-form", login=grant.user.login, password=PASSWORD, expect=200)
    assert home.url.startswith("/unit") and grant.user.name in home.text


@pytest.mark.requirement("R1.03")
@pytest.mark.parametrize(
    ("seat", "home"),
    [
        (Seat.UNIT, "/unit"), (Seat.COUNTY, "/city"), (Seat.CITY_CENTRE, "/city"), (Seat.CITY_BUREAU, "/city"),
        (Seat.PROVINCE_CENTRE, "/province"), (Seat.DEPARTMENT, "/province"), (Seat.TECHNICIAN, "/admin"),
    ],
)  # fmt: skip
def test_each_role_lands_on_its_own_home(page, seat, home):
    grant = make_account(seat)
    assert sign_in(page, grant.user.login).url.startswith(home)


@pytest.mark.requirement("R1.03")
def test_applicant_logs_in_with_the_document_number_however_it_is_typed(page):
    person = make.make_person()
    User.update(password_hash=make_hash(PASSWORD)).where(
        User.id == person.user_id
    ).execute()
    number = person.id_number
    typed = f" {number[:6]} {number[6:14]}　{number[14:].lower()} "
    assert sign_in(page, typed).url.startswith("/applicant")


def test_wrong_password_and_unknown_name_get_the_same_answer(client):
    grant = make_account()
    csrf = re.compile(r'value="[^"]{30,}"')
    answers = []
    for name in (grant.user.login, "nobody"):
        answer = client.post("/account/login", {"login": name, "password": "wrong-pass1"})
        assert answer.status_code == 422 and WRONG in answer.get_data(as_text=True)
        answers.append(csrf.sub("", answer.get_data(as_text=True)).replace(name, "X"))
    assert answers[0] == answers[1]
    User.update(active=False).where(User.id == grant.user_id).execute()
    disabled = client.post("/account/login", {"login": grant.user.login, "password": PASSWORD})
    assert disabled.status_code == 422 and WRONG in disabled.get_data(as_text=True)


def test_typed_login_stays_and_password_never_comes_back(client):
    answer = client.post("/account/login", {"login": "zhangsan", "password": "wrong-pass1"}).get_data(as_text=True)
    assert 'value="zhangsan"' in answer and "wrong-pass1" not in answer


@pytest.mark.requirement("R1.33")
def test_wrong_logins_are_throttled_even_for_the_right_password(client, at):
    at("2022-12-09 10:00")
    grant = make_account()
    statuses = [
        client.post("/account/login", {"login": grant.user.login, "password": f"wrong-{n}"}).status_code
        for n in range(10)
    ]
    assert statuses == [422] * 5 + [429] * 5
    right = {"login": grant.user.login, "password": PASSWORD}
    refused = client.post("/account/login", right)
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "900"
    assert "15分钟后再试" in refused.get_data(as_text=True)
    at("2022-12-09 10:14:59")
    assert client.post("/account/login", right).status_code == 429
    at("2022-12-09 10:15:01")
    assert client.post("/account/login", right).status_code == 303


def test_thousand_wrong_passwords_are_evaluated_at_most_ten_times(client, monkeypatch):
    grant = make_account()
    looked_at = []
    monkeypatch.setattr(accounts, "fits", lambda user, password: looked_at.append(password))
    for n in range(1000):
        client.client.post(
            "/account/login", data={"login": grant.user.login, "password": f"wrong-{n}", "csrf_token": client.csrf()}
        )
    assert 0 < len(looked_at) <= 10


def test_thousand_wrong_passwords_for_many_names_close_the_address(client, monkeypatch):
    looked_at = []
    monkeypatch.setattr(accounts, "fits", lambda user, password: looked_at.append(password))
    for n in range(200):
        client.client.post(
            "/account/login", data={"login": f"name{n}", "password": "wrong-1", "csrf_token": client.csrf()}
        )
    assert len(looked_at) == 30


def test_thousand_wrong_codes_are_evaluated_at_most_ten_times(client, monkeypatch):
    grant = make_account()
    code = passwords.issue_reset_code(grant.user, actor=make.actor_of(make.make_grant(Seat.TECHNICIAN)))
    looked_at, real = [], passwords.secrets.compare_digest
    monkeypatch.setattr(
        passwords.secrets, "compare_digest", lambda a, b: looked_at.append(b) or real(a, b)
    )
    new = {"login": grant.user.login, "new": "feiyun2025", "again": "feiyun2025"}
    for n in range(1000):
        client.client.post("/account/reset", data={**new, "code": f"{n:08d}", "csrf_token": client.csrf()})
    assert 0 < len(looked_at) <= 10
    assert client.post("/account/reset", {**new, "code": code}).status_code == 429


def test_reset_code_works_once_and_says_the_same_for_unknown_names(client):
    grant = make_account()
    running = make.make_session(grant)
    code = passwords.issue_reset_code(grant.user, actor=make.actor_of(make.make_grant(Seat.TECHNICIAN)))
    new = {"new": "feiyun2025", "again": "feiyun2025"}
    wrong = client.post("/account/reset", {**new, "login": grant.user.login, "code": "AAAAAAAA"})
    nobody = client.post("/account/reset", {**new, "login": "nobody", "code": "AAAAAAAA"})
    assert wrong.status_code == nobody.status_code == 422
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", wrong.get_data(as_text=True)) == strip.sub("", nobody.get_data(as_text=True))
    typed = f" {code[:4].lower()} {code[4:]}"
    assert client.post("/account/reset", {**new, "login": grant.user.login, "code": typed}).status_code == 303
    assert LoginSession.get_by_id(running.id).ended_at is not None
    assert client.post("/account/reset", {**new, "login": grant.user.login, "code": code}).status_code == 422
    assert client.post("/account/login", {"login": grant.user.login, "password": "feiyun2025"}).status_code == 303


def test_reset_code_dies_after_a_day_and_when_a_new_one_is_issued(client, at):
    at("2022-12-09 10:00")
    grant, technician = make_account(), make.actor_of(make.make_grant(Seat.TECHNICIAN))
    new = {"login": grant.user.login, "new": "feiyun2025", "again": "feiyun2025"}
    first = passwords.issue_reset_code(grant.user, actor=technician)
    second = passwords.issue_reset_code(grant.user, actor=technician)
    assert client.post("/account/reset", {**new, "code": first}).status_code == 422
    at("2022-12-10 10:00")
    assert client.post("/account/reset", {**new, "code": second}).status_code == 422
    third = passwords.issue_reset_code(grant.user, actor=technician)
    at("2022-12-11 09:59:59")
    assert client.post("/account/reset", {**new, "code": third}).status_code == 303


@pytest.mark.requirement("R1.33")
def test_temporary_password_must_be_changed_before_anything_else(page, client):
    technician = make.make_grant(Seat.TECHNICIAN)
    user, temporary = accounts.create_user("李文博", "Liwenbo", actor=make.actor_of(technician))
    make.make_organisation()
    make.make_grant(Seat.UNIT, make.Office.get(level="unit"), user=user)
    forced = sign_in(page, "LIWENBO", temporary)
    assert forced.url == "/account/password" and "临时密码" in forced.text
    assert client.get("/unit/").headers["Location"] == "/account/password"
    same = forced.press("password-form", old=temporary, new=temporary, again=temporary, expect=422)
    assert "新密码不能与原密码相同" in same.text
    for weak in ("short1", "12345678", "liwenbo1", "aaaa1111"):
        assert forced.press("password-form", old=temporary, new=weak, again=weak).response.status_code == 422
    assert forced.press("password-form", old="wrong", new=PASSWORD, again=PASSWORD, expect=422)
    home = forced.press("password-form", old=temporary, new=PASSWORD, again=PASSWORD, expect=200)
    assert home.url.startswith("/unit")
    assert User.get_by_id(user.id).password_hash.startswith("$argon2id$")


@pytest.mark.requirement("R1.33")
def test_session_ends_after_the_idle_minutes_and_after_its_hours(app, client, at):
    assert app.permanent_session_lifetime.total_seconds() == 30 * 60
    at("2022-12-09 08:00")
    grant = make_account()
    answer = client.post("/account/login", {"login": grant.user.login, "password": PASSWORD})
    cookie = next(h for h in answer.headers.getlist("Set-Cookie") if h.startswith("portal="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Expires" in cookie
    at("2022-12-09 20:00")
    assert client.get("/account/messages").status_code == 200
    at("2022-12-09 20:00:01")
    assert client.get("/account/messages").status_code == 303


def test_login_gives_a_new_session_and_drops_what_was_planted(client):
    grant = make_account()
    with client.client.session_transaction() as stored:
        stored["planted"], stored["csrf_token"] = "x", "b" * 40
    planted = client.csrf()
    client.post("/account/login", {"login": grant.user.login, "password": PASSWORD})
    with client.client.session_transaction() as stored:
        assert "planted" not in stored and stored.get("csrf_token") != "b" * 40
        first = stored["_user_id"]
    assert client.post("/account/messages/read", {"csrf_token": planted}).status_code == 400
    client.post("/account/logout")
    client.post("/account/login", {"login": grant.user.login, "password": PASSWORD})
    with client.client.session_transaction() as stored:
        assert stored["_user_id"] != first and len(first) >= 40


def test_logout_makes_the_old_cookie_worthless(client):
    grant = make_account()
    client.post("/account/login", {"login": grant.user.login, "password": PASSWORD})
    old = client.client.get_cookie("portal").value
    assert client.post("/account/logout").headers["Location"] == "/account/login"
    client.client.set_cookie("portal", old)
    assert client.get("/account/messages").status_code == 303
    assert client.client.get("/account/logout").status_code in (400, 405)


def test_disabled_account_is_out_with_its_next_request(client):
    grant = make_account()
    client.sign_in(grant)
    assert client.get("/account/messages").status_code == 200
    accounts.set_active(grant.user, False, actor=make.actor_of(make.make_grant(Seat.TECHNICIAN)))
    assert client.get("/account/messages").status_code == 303
    accounts.set_active(grant.user, True, actor=make.actor_of(make.make_grant(Seat.TECHNICIAN)))
    assert client.get("/account/messages").status_code == 303, "an ended session stays ended"


NEXT = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https:evil.example", "https://evil.example", "http://evil.example/unit/", "HTTPS://EVIL.EXAMPLE",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "mailto:a@b",
    "ftp://evil.example", "/\t/evil.example", "/\n/evil.example", "/\r\n//evil.example", "\t//evil.example",
    " //evil.example", " https://evil.example", "evil.example", "http://localhost//evil.example",
    "http://localhost@evil.example/", "http://localhost.evil.example/", "//localhost@evil.example",
    "http:///evil.example", "http:evil.example", "/\x00/evil.example", "https:/evil.example", "?next=//evil.example",
    "#//evil.example", "/%0d%0aLocation:%20https://evil.example", "/%2f%2fevil.example", "/%5cevil.example",
    "/account/../..//evil.example", "/.//evil.example", "/unit/",
)  # fmt: skip


@pytest.mark.parametrize("wanted", NEXT)
def test_next_never_leads_off_the_host(client, wanted):
    from urllib.parse import urljoin, urlsplit

    grant = make_account()
    answer = client.post("/account/login", {"login": grant.user.login, "password": PASSWORD, "next": wanted})
    assert answer.status_code == 303
    place = answer.headers["Location"]
    # A browser reads a backslash as a slash and drops tabs and line breaks.
    read = re.sub(r"[\t\r\n]", "", place).replace("\\", "/")
    assert urlsplit(urljoin("http://localhost/account/login", read)).netloc == "localhost"
    assert place.startswith("/") and not read.startswith("//")
    again = client.get("/account/login", query_string={"next": wanted}).headers["Location"]
    assert again.startswith("/") and not again.replace("\\", "/").startswith("//")


def test_wanted_page_is_reached_after_login(page):
    grant = make_account(Seat.TECHNICIAN)
    asked = page("/admin/?x=1")
    assert asked.url.startswith("/account/login?next=")
    assert asked.press("login-form", login=grant.user.login, password=PASSWORD).url == "/admin/?x=1"


def test_seat_switch_leads_to_the_other_home_and_refuses_foreign_seats(client):
    grant = make_account()
    user = grant.user
    person = make.make_person(user=user)
    own = make.make_grant(Seat.APPLICANT, user=user)
    foreign = make.make_grant(Seat.TECHNICIAN)
    client.sign_in(grant)
    assert client.get("/applicant/").status_code == 403
    assert client.post("/account/seat", {"seat": foreign.id}).status_code == 403
    assert client.get("/admin/").status_code == 403
    assert client.post("/account/seat", {"seat": own.id}).headers["Location"].startswith("/applicant")
    assert client.get("/applicant/", follow_redirects=True).status_code == 200
    assert client.get("/unit/").status_code == 403
    assert person.user_id == user.id
    Grant.update(ends_on=clock.today().replace(year=2000)).where(Grant.id == grant.id).execute()
    assert client.post("/account/seat", {"seat": grant.id}).status_code == 403


def test_account_without_a_seat_is_told_what_to_do(page):
    user = make.make_user(password_hash=make_hash(PASSWORD))
    shown = sign_in(page, user.login)
    assert shown.url == "/account/no-seat" and "技术人员" in shown.text
    assert page("/account/messages").url == "/account/messages"
    assert shown.press("/account/logout").url == "/account/login"


def test_messages_are_listed_by_pages_and_read_one_by_one(page, client):
    grant, other = make_account(), make_account()
    for n in range(65):
        link = "/unit/" if n == 64 else ""
        Message.create(user=grant.user, kind="test", text=f"第{n}条消息", link=link, at=clock.now())
    foreign = Message.create(user=other.user, kind="test", text="别人的消息", at=clock.now())
    client.sign_in(grant)
    seen, shown = [], page("/account/messages")
    while True:
        seen += re.findall(r"第(\d+)条消息", shown.html)
        following = [e.get("href") for e in shown.tree.iter("a") if e.get("rel") == "next"]
        if not following:
            break
        shown = page(following[0])
    assert seen == [str(n) for n in range(64, -1, -1)]
    back = page(next(e.get("href") for e in shown.tree.iter("a") if e.get("rel") == "prev"))
    assert re.findall(r"第(\d+)条消息", back.html) == [str(n) for n in range(34, 4, -1)]
    assert "别人的消息" not in shown.html
    newest = Message.get(Message.text == "第64条消息")
    assert client.post(f"/account/messages/{newest.id}/read").headers["Location"] == "/unit/"
    assert Message.get_by_id(newest.id).read_at is not None
    assert client.post(f"/account/messages/{foreign.id}/read").status_code == 404
    assert Message.get_by_id(foreign.id).read_at is None
    client.post("/account/messages/read")
    assert "没有未读消息" in page("/account/messages?unread=1").text
    assert Message.get_by_id(foreign.id).read_at is None


def test_demo_login_exists_in_demo_mode_only(app, client):
    grant = make_account()
    Setting.create(key="demo.accounts", value=[{"label": "评价机构", "login": grant.user.login}])
    assert client.post("/account/demo", {"account": grant.user.login}).status_code == 404
    from dataclasses import replace

    app.config["PORTAL"] = replace(app.config["PORTAL"], demo=True)
    outsider = make_account()
    assert client.post("/account/demo", {"account": outsider.user.login}).status_code == 404
    shown = client.page("/account/login")
    assert "演示账户" in shown.text
    home = shown.press("demo-accounts", account=grant.user.login)
    assert home.url.startswith("/unit")
    assert home.press("/account/demo", account=grant.user.login).url.startswith("/unit")


@pytest.mark.requirement("R1.01")
def test_outside_identity_platform_can_be_hooked_in_and_switched_off(app, client):
    grant = make_account()

    class Adapter:
        def address(self, return_to):
            return f"https://identity.example/login?back={return_to}"

        def identify(self, arguments):
            return grant.user.login if arguments.get("ticket") == "good" else None

    assert client.get("/account/platform").headers["Location"] == "/account/login"
    assert client.get("/account/platform/return?ticket=good").status_code == 404
    app.config["IDENTITY_PLATFORM"] = Adapter()
    assert "/account/platform" in client.page("/account/login").links()
    assert client.get("/account/platform").headers["Location"].startswith("https://identity.example/login?back=http")
    assert client.get("/account/platform/return?ticket=bad").headers["Location"] == "/account/login"
    assert client.get("/account/platform/return?ticket=good").headers["Location"].startswith("/unit")
    client.sign_out()
    Setting.create(key="identity_platform", value={"on": False})
    assert client.get("/account/platform").headers["Location"] == "/account/login"


def test_every_login_and_logout_is_recorded_without_the_whole_number(client):
    sample = invented.make_person(3, seed="register")
    client.post("/account/login", {"login": sample.id_number, "password": "wrong-1"})
    failed = Event.get(Event.action == "login_failed")
    assert sample.id_number not in str(failed.__data__) and failed.address == "127.0.0.1"
    grant = make_account()
    client.post("/account/login", {"login": grant.user.login, "password": "wrong-1"})
    assert Event.select().where(Event.subject == f"user:{grant.user_id}").get().action == "login_failed"
