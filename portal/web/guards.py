"""Who may come in: doors that deny by default, the signed-in user, and the actor that verbs are given."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, abort, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user

from portal import clock
from portal.actions import once
from portal.models.logins import Login, login_of, person_of
from portal.rules.errors import NotAllowed
from portal.rules.workflow import Actor, Seat

login_manager = LoginManager()

# Where each seat's home is; the door of the same name.
DOOR_OF = {
    Seat.APPLICANT: "applicant",
    Seat.UNIT: "unit",
    Seat.COUNTY: "city",
    Seat.CITY_CENTRE: "city",
    Seat.CITY_BUREAU: "city",
    Seat.PROVINCE_CENTRE: "province",
    Seat.DEPARTMENT: "province",
    Seat.TECHNICIAN: "admin",
}

APPLICANT_ONLY = "报名须使用申请人身份：请退出后用本人证件号码注册或登录，或在右上角切换到申请人身份。"


class SignedIn(UserMixin):
    """The signed-in account with all its seats and the one in use."""

    def __init__(self, token: str, login: Login):
        self.token, self.id, self.name, self.must_change = token, login.user, login.name, login.must_change
        self.seats = login.seats
        self.seat = next((s for s in self.seats if s.id == login.grant), self.seats[0] if self.seats else None)

    def get_id(self) -> str:
        """The session's token: what the signed cookie carries instead of a user number."""
        return self.token

    @property
    def home(self) -> str:
        """The address of the home page of the seat in use (R1.03)."""
        return url_for(f"{DOOR_OF[Seat(self.seat.seat)]}.home") if self.seat else url_for("account.no_seat")


@login_manager.user_loader
def load_session(token: str) -> SignedIn | None:
    """The account behind a cookie's token, unless the login was ended, is too old, or the account is disabled."""
    login = login_of(token)
    oldest = clock.now() - timedelta(hours=current_app.config["PORTAL"].session_hours)
    return None if login is None or login.created_at < oldest else SignedIn(token, login)


def actor() -> Actor:
    """Who acts in this request, in the seat in use."""
    if "actor" not in g:
        seat = current_user.seat
        person = None
        if seat.seat == Seat.APPLICANT:
            row = person_of(current_user.id)
            person = row[0] if row else None
        g.actor = Actor(
            user=current_user.id,
            name=current_user.name,
            seat=Seat(seat.seat),
            office=seat.office,
            office_name=seat.name or "",
            province=seat.province if seat.office else (row[1] if seat.seat == Seat.APPLICANT and row else None),
            person=person,
            organisation=seat.organisation,
            deputy_for=seat.absent,
            address=request.remote_addr or "",
        )
    return g.actor


def door(name: str, seats: set[Seat] | None, prefix: str | None = None) -> Blueprint:
    """A blueprint that lets in only accounts whose seat in use is among `seats`; None opens it to everybody.

    Every door is closed by this one function, so a route cannot forget to ask (default deny).
    """
    blueprint = Blueprint(name, f"portal.web.{name}", url_prefix=prefix)
    blueprint.seats = frozenset(seats) if seats is not None else None
    blueprint.nav = lambda actor: []

    @blueprint.before_request
    def close_door():
        if seats is not None:
            refused = require_seat(seats)
            if refused is not None:
                return refused
        return take_form()

    blueprint.after_request(remember_form)
    return blueprint


def require_seat(seats: set[Seat]):
    """None when the seat in use is among `seats`; otherwise the way to the login, or 403."""
    if not current_user.is_authenticated:
        return to_login()
    if current_user.must_change:
        return redirect(url_for("account.change_password"), 303)
    if current_user.seat is None or Seat(current_user.seat.seat) not in seats:
        # Somebody with several seats may just stand in the wrong one: the 403 page offers the switch.
        if seats == {Seat.APPLICANT}:
            # Staff who were led to their login by 报名 on a public plan page.
            raise NotAllowed(APPLICANT_ONLY)
        abort(403)
    return None


def to_login():
    """To the login page, and back to where one wanted to go (only addresses that a GET can open)."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else request.headers.get("HX-Current-URL", "")
    target = url_for("account.login", next=safe_next(wanted))
    if request.htmx:
        return "", 401, {"HX-Redirect": target}
    return redirect(target, 303)


def safe_next(address: str) -> str:
    """An address on this host as a path, or '' for everything that leads elsewhere."""
    if address.startswith(request.host_url):
        address = address[len(request.host_url) - 1 :]
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address
    return address if plain and all(ord(c) >= 32 for c in address) else ""


def take_form():
    """Take the one-time token of a posted form; the second click is led to where the first one went."""
    token = request.form.get("once", "") if request.method == "POST" else ""
    if not token:
        return None
    user = current_user.id if current_user.is_authenticated else None
    taken = once.take_token(token, user=user)
    if taken is None:
        g.once = token
        return None
    from portal.web.pages import go

    return go(taken or request.path, ("info", "这份表单已经提交过，没有重复保存。"))


def remember_form(response):
    """Remember where a successful form led, or free its token when it was refused."""
    token = g.pop("once", None)
    if token:
        if response.status_code < 400:
            once.keep_place(
                token, response.headers.get("HX-Redirect") or response.headers.get("Location") or request.path
            )
        else:
            once.free_token(token)
    return response


def nav_of(blueprint_name: str) -> Callable:
    """The navigation of a door by its blueprint's name."""
    return current_app.blueprints[blueprint_name].nav


def end_session() -> None:
    """Forget the cookie's login on this browser."""
    session.clear()
