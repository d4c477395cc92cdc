"""Login, logout, the seat in use and the demo accounts."""

from flask import abort, current_app, redirect, request, session, url_for
from flask_login import current_user, login_user, logout_user

from portal.actions import accounts
from portal.actions.guessing import TRIES_MINUTES, TooManyTries
from portal.actions.passwords import find_user
from portal.models import LoginSession, User
from portal.rules.errors import Invalid
from portal.web import errors
from portal.web.account import blueprint
from portal.web.account.demo import demo_accounts
from portal.web.account.forms import LoginForm
from portal.web.account.platform import identity_platform
from portal.web.guards import actor, load_session, safe_next, to_login
from portal.web.pages import go, show


@blueprint.route("/login", methods=["GET", "POST"])
def login():
    """The login page (R1.01); afterwards to the wanted page, or to the home of the seat (R1.03)."""
    if current_user.is_authenticated:
        return go(safe_next(request.values.get("next", "")) or current_user.home)
    form = LoginForm(formdata=request.form or None, next=safe_next(request.args.get("next", "")))
    if request.method == "GET":
        return show_login(form)
    if not form.validate():
        return show_login(form, 422)
    try:
        row = accounts.login(form.login.data, form.password.data, address=address(), agent=request.user_agent.string)
    except Invalid as refusal:
        form.refuse(refusal)
        return show_login(form, 422)
    except TooManyTries as refusal:
        return show_login(form, 429, {"tone": "bad", "text": refusal.message, "details": ()})
    return enter(row, form.next.data or "")


@blueprint.post("/logout")
def logout():
    """End this login for good; the cookie of another window dies with it."""
    if current_user.is_authenticated:
        accounts.end_session(current_user.token, actor=own_actor())
        logout_user()
    session.clear()
    return go(url_for("account.login"), "您已安全退出。")


@blueprint.post("/seat")
def switch_seat():
    """Use another of the account's seats, and go to its home (R0.30)."""
    if not current_user.is_authenticated:
        return to_login()
    seat = request.form.get("seat", type=int)
    if seat is None:
        abort(400)
    accounts.choose_seat(current_user.token, seat, actor=own_actor())
    return go(load_session(current_user.token).home)


@blueprint.get("/no-seat")
def no_seat():
    """The home of an account without a seat: what to do about it."""
    if not current_user.is_authenticated:
        return to_login()
    if current_user.seat is not None:
        return go(current_user.home)
    return show("account/no_seat.html")


@blueprint.post("/demo")
def demo_login():
    """Demo mode's change of roles with one click; there is no such address outside of demo mode."""
    wanted = request.form.get("account", "")
    if not current_app.config["PORTAL"].demo or wanted not in {login for _, login in demo_accounts()}:
        abort(404)
    user = User.get_or_none(User.login == wanted, User.active)
    if user is None:
        abort(404)
    if current_user.is_authenticated:
        accounts.end_session(current_user.token, actor=own_actor())
    return enter(accounts.begin_session(user, address=address(), agent=request.user_agent.string))


@blueprint.get("/platform")
def platform():
    """What the button 统一认证平台登录 does: to the outside platform when one is configured, else to the own login."""
    outside = identity_platform()
    if outside is None:
        return go(url_for("account.login"))
    return redirect(outside.address(url_for("account.platform_return", _external=True)), 303)


@blueprint.get("/platform/return")
def platform_return():
    """The outside platform's answer: begins a login of the account that it vouches for."""
    outside = identity_platform()
    if outside is None:
        abort(404)
    vouched = outside.identify(request.args)
    user = find_user(vouched) if vouched else None
    if user is None or not user.active:
        message = ("bad", "统一认证平台未能确认您的身份，或您尚未在本平台注册。请先实名注册，或用本平台密码登录。")
        return go(url_for("account.login"), message)
    return enter(accounts.begin_session(user, address=address(), agent=request.user_agent.string))


def enter(row: LoginSession, wanted: str = ""):
    """Carry a new login in a fresh session (nothing of the visitor's survives) and lead into the portal."""
    session.clear()
    user = load_session(row.token)
    login_user(user)
    session.permanent = True  # it ends after the idle minutes of the settings
    if user.must_change:
        return go(url_for("account.change_password"))
    return go(safe_next(wanted) or user.home)


def show_login(form: LoginForm, status: int = 200, message: dict | None = None):
    """The login page, with the demo accounts in demo mode."""
    outside = identity_platform()
    demo = demo_accounts() if current_app.config["PORTAL"].demo else []
    response = show(
        "account/login.html", status=status, form=form, outside=outside is not None, demo=demo, message=message,
        guide_href=guide_href(),
    )  # fmt: skip
    if status == 429:
        response.headers["Retry-After"] = str(TRIES_MINUTES * 60)
    return response


def refuse_tries(refusal: TooManyTries):
    """The 429 page of another form that guesses could be made at."""
    response = errors.refuse(429, refusal.message)
    response.headers["Retry-After"] = str(TRIES_MINUTES * 60)
    return response


def guide_href() -> str:
    """The process guide's address at the public door."""
    return url_for("public.guide") if "public.guide" in current_app.view_functions else ""


def address() -> str:
    """The client's network address; a proxy's word counts only when the settings trust it."""
    return request.remote_addr or ""


def own_actor():
    """The actor of this request, also for an account without a seat."""
    return actor() if current_user.seat else accounts.self_actor(current_user.id, current_user.name, address())


from portal.web.account import inbox, passwords, registration  # noqa: E402, F401 - more routes of this door
