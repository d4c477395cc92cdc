"""Accounts of staff and applicants: create, disable, temporary passwords, codes, seats and deputies."""

from flask import request, url_for
from peewee import JOIN, fn

from portal import clock
from portal.actions import accounts, passwords
from portal.database import transaction
from portal.models import Event, Grant, Office, Person, User
from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze
from portal.rules.workflow import SEAT_LABELS, Seat
from portal.web.admin import blueprint
from portal.web.admin.forms import DeputyForm, SeatForm, UserForm
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, province_name, show
from portal.web.paging import take_page


@blueprint.get("/users")
def users():
    """All accounts, by name, login name or office."""
    asked = {key: request.args.get(key, "").strip() for key in ("words", "seat", "state")}
    query = User.select()
    if asked["words"]:
        words = squeeze(asked["words"])
        at_office = Grant.select(Grant.user).join(Office).where(Office.name.contains(words))
        query = query.where(
            User.name.contains(words) | (User.login == words.upper()) | User.login.contains(words.lower())
            | User.id.in_(at_office)
        )  # fmt: skip
    if asked["seat"]:
        query = query.where(
            User.id.in_(Grant.select(Grant.user).where(Grant.seat == asked["seat"], Grant.is_in_force(clock.today())))
        )
    if asked["state"] in ("active", "off"):
        query = query.where(User.active if asked["state"] == "active" else ~User.active)
    listed = take_page(query, User.id, newest_first=True)
    return show(
        "admin/users.html", pieces=("admin/_users.html",), listed=listed, asked=asked, total=query.count(),
        seats=[(str(seat), SEAT_LABELS[seat]) for seat in Seat if seat != Seat.SYSTEM],
        held=_seats_of([user.id for user in listed.rows]), active=sum(bool(value) for value in asked.values()),
    )  # fmt: skip


@blueprint.route("/users/add", methods=["GET", "POST"])
def add_user():
    """A staff account with a temporary password that is shown once (R1.32)."""
    form = UserForm()
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                user, password = accounts.create_user(
                    form.name.data, form.login.data, phone=form.phone.data or "", actor=actor()
                )
                if form.seat.data:
                    seat = Seat(form.seat.data)
                    accounts.grant_seat(user, seat, _office(seat, form.office.data), actor=actor())
            return show("admin/user_secret.html", user=user, secret=password, word="临时密码", hours=0)
        except Invalid as refusal:
            form.refuse(refusal)
    status = 422 if request.method == "POST" else 200
    return show("admin/user_add.html", status=status, form=form, offices=_offices())


@blueprint.get("/users/<int:id>")
def user(id: int):
    """One account with its seats and what it did last."""
    return _show_user(_user(id), SeatForm(formdata=None), _deputy_form(id))


@blueprint.post("/users/<int:id>/seats")
def grant_seat(id: int):
    """Give a seat."""
    row, form = _user(id), SeatForm()
    if form.validate():
        try:
            seat = Seat(form.seat.data)
            accounts.grant_seat(
                row, seat, _office(seat, form.office.data), starts_on=form.starts_on.data, ends_on=form.ends_on.data,
                actor=actor(),
            )  # fmt: skip
            return go(url_for("admin.user", id=id), f"已授予{SEAT_LABELS[seat]}身份。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show_user(row, form, _deputy_form(id), 422)


@blueprint.post("/users/<int:id>/deputies")
def appoint_deputy(id: int):
    """Let a colleague act in one of this account's seats for a time."""
    row, form = _user(id), _deputy_form(id, request.form)
    if form.validate():
        grant = get_or_404(Grant.select().where(Grant.id == form.grant.data, Grant.user == id))
        deputy = passwords.find_user(form.deputy.data)
        try:
            if deputy is None or not deputy.active:
                raise Invalid("deputy", "没有这个登录名，或账户已停用。")
            accounts.appoint_deputy(
                grant, deputy, starts_on=form.starts_on.data, ends_on=form.ends_on.data, actor=actor()
            )
            return go(url_for("admin.user", id=id), f"已指定{deputy.name}代理。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show_user(row, SeatForm(formdata=None), form, 422)


@blueprint.post("/users/<int:id>/seats/<int:grant>/end")
def end_seat(id: int, grant: int):
    """Take a seat away."""
    row = get_or_404(Grant.select().where(Grant.id == grant, Grant.user == id))
    accounts.end_grant(row, actor=actor())
    return go(url_for("admin.user", id=id), "身份已收回，自即时起不能再使用。")


@blueprint.post("/users/<int:id>/<any(disable, enable):verb>")
def set_user_active(id: int, verb: str):
    """Disable an account, or enable it again."""
    accounts.set_active(_user(id), verb == "enable", actor=actor())
    message = "账户已启用。" if verb == "enable" else "账户已停用，其登录已全部退出。"
    return go(url_for("admin.user", id=id), message)


@blueprint.post("/users/<int:id>/password")
def set_user_password(id: int):
    """A temporary password, shown once."""
    row = _user(id)
    password = accounts.set_temporary_password(row, actor=actor())
    return show("admin/user_secret.html", user=row, secret=password, word="临时密码", hours=0)


@blueprint.post("/users/<int:id>/code")
def hand_out_user_code(id: int):
    """A one-time code with which the person sets a new password, shown once."""
    row = _user(id)
    code = passwords.issue_reset_code(row, actor=actor())
    return show("admin/user_secret.html", user=row, secret=code, word="重置码", hours=passwords.CODE_HOURS)


def _show_user(row: User, seat_form: SeatForm, deputy_form: DeputyForm, status: int = 200):
    today = clock.today()
    grants = list(
        Grant.select(Grant, Office).join(Office, JOIN.LEFT_OUTER).where(Grant.user == row.id).order_by(Grant.id.desc())
    )
    return show(
        "admin/user.html", status=status, user=row, person=Person.get_or_none(Person.user == row.id), today=today,
        grants=[(grant, _is_over(grant, today)) for grant in grants], form=seat_form, deputy_form=deputy_form,
        offices=_offices(), events=list(Event.select().where(
            (Event.subject == f"user:{row.id}") | (Event.user == row.id)).order_by(Event.id.desc()).limit(20)),
    )  # fmt: skip


def _deputy_form(user: int, typed=None) -> DeputyForm:
    form = DeputyForm(formdata=typed, prefix="")
    held = (
        Grant.select(Grant, Office)
        .join(Office)
        .where(Grant.user == user, Grant.deputy_for.is_null(), Grant.is_in_force(clock.today()))
    )
    form.grant.choices = [(grant.id, f"{grant.office.name} {SEAT_LABELS[Seat(grant.seat)]}") for grant in held]
    return form


def _seats_of(users: list[int]) -> dict[int, list[str]]:
    """The seats in force of these accounts, in words."""
    held: dict[int, list[str]] = {}
    rows = (
        Grant.select(Grant.user, Grant.seat, fn.COALESCE(Office.name, ""))
        .join(Office, JOIN.LEFT_OUTER)
        .where(Grant.user.in_(users), Grant.is_in_force(clock.today()))
        .order_by(Grant.id)
        .tuples()
    )
    for user_id, seat, office in rows:
        held.setdefault(user_id, []).append(f"{office} {SEAT_LABELS[Seat(seat)]}".strip())
    return held


def _is_over(grant: Grant, today) -> bool:
    return grant.ends_on is not None and grant.ends_on < today


def _user(id: int) -> User:
    return get_or_404(User.select().where(User.id == id))


def _offices() -> list[tuple[str, str]]:
    """The offices other than units, for suggestions; units are found by their full name."""
    rows = Office.select().where(Office.active, Office.level != "unit").order_by(Office.province, Office.id)
    return [(office.name, province_name(office.province)) for office in rows]


def _office(seat: Seat, name: str) -> Office | None:
    """The office of this name that fits the seat; raises Invalid("office")."""
    name = " ".join((name or "").split())
    if not name:
        return None
    if seat not in accounts.OFFICE_OF:
        raise Invalid("office", "这个身份不属于某一机构，请把机构留空。")
    level, body = accounts.OFFICE_OF[seat]
    found = list(
        Office.select().where(Office.name == name, Office.level == level, Office.body == body, Office.active).limit(2)
    )
    if not found:
        raise Invalid("office", f"没有名为“{name}”的{SEAT_LABELS[seat]}，请填写机构全称，或先增加机构。")
    if len(found) > 1:
        raise Invalid("office", "有多个同名机构，请先在“机构”中区分名称。")
    return found[0]
