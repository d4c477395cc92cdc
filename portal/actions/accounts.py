"""Accounts: logging in and out, the seat in use, users, seats and deputies."""

import secrets
from datetime import date, timedelta

from portal import clock
from portal.actions.events import record, tell
from portal.actions.guessing import count_try, forgive_try
from portal.actions.passwords import (
    end_sessions,
    find_user,
    fits,
    login_key,
    store_password,
    temporary_password,
)
from portal.database import transaction
from portal.models import Grant, LoginSession, Message, Office, User
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.passwords import make_hash
from portal.rules.typed_text import squeeze
from portal.rules.workflow import SEAT_LABELS, Actor, Seat

# Which kind of office a seat stands at, as (level, body); the technical staff's seat has no office.
OFFICE_OF = {
    Seat.UNIT: ("unit", "unit"),
    Seat.COUNTY: ("county", "department"),
    Seat.CITY_CENTRE: ("city", "centre"),
    Seat.CITY_BUREAU: ("city", "department"),
    Seat.PROVINCE_CENTRE: ("province", "centre"),
    Seat.DEPARTMENT: ("province", "department"),
}


def login(name: str, password: str, *, address: str, agent: str = "") -> LoginSession:
    """Check a login name and password and begin a session; an identity number may be typed with blanks or full width.

    Raises Invalid("password") with the same words whatever was wrong, TooManyTries after too many wrong ones.
    """
    tries = count_try(login_key(name), address)
    user = find_user(name)
    if not fits(user, password):
        with transaction():
            # What was typed is not kept: it may be a password in the wrong field.
            subject = f"user:{user.id}" if user else "login:"
            note = "" if user else "用户名不存在"
            record("login_failed", "登录失败", actor=_visitor(address), subject=subject, note=note)
        raise Invalid("password", "用户名（证件号码）或密码不正确，请核对后重试。")
    with transaction():
        forgive_try(tries, login_key(name))
        return begin_session(user, address=address, agent=agent)


def begin_session(user: User, *, address: str, agent: str = "", grant: int | None = None) -> LoginSession:
    """Begin a login of this account with a new random token."""
    with transaction():
        session = LoginSession.create(
            token=secrets.token_urlsafe(32), user=user, grant=grant, created_at=clock.now(), address=address[:45],
            agent=agent[:200],
        )  # fmt: skip
        record("login", "登录", actor=self_actor(user.id, user.name, address), subject=f"user:{user.id}")
        return session


def end_session(token: str, *, actor: Actor) -> None:
    """End one login; its cookie is worthless from now on."""
    with transaction():
        LoginSession.update(ended_at=clock.now()).where(LoginSession.token == token).execute()
        record("logout", "退出登录", actor=actor, subject=f"user:{actor.user}")


def choose_seat(token: str, grant: int, *, actor: Actor) -> Grant:
    """Use another of the account's seats from now on (R0.30); raises NotAllowed for a seat that is not its own."""
    with transaction():
        seat = Grant.get_or_none(Grant.id == grant, Grant.user == actor.user, Grant.is_in_force(clock.today()))
        if seat is None:
            raise NotAllowed("您没有这个身份，或它已停用。")
        LoginSession.update(grant=seat.id).where(LoginSession.token == token).execute()
        record("seat", "切换身份", actor=actor, subject=f"user:{actor.user}", note=SEAT_LABELS[Seat(seat.seat)])
        return seat


def create_user(
    name: str, login: str, *, actor: Actor, phone: str = "", password: str | None = None
) -> tuple[User, str]:
    """A staff account with a temporary password that must be changed at first use (R1.32, R1.33); gives both.

    It has no seat yet. Raises NotAllowed for everybody but technical staff and the system, Invalid("login" or "name")
    when the login name is taken or unsuitable.
    """
    _check_technician(actor)
    login, name = squeeze(login).lower(), " ".join(name.split())
    if not 3 <= len(login) <= 40 or not all(c.isalnum() or c in "-_.@" for c in login):
        raise Invalid("login", "登录名应为3至40个字母、数字或“-_.@”。")
    if not name or len(name) > 60:
        raise Invalid("name", "请填写使用人姓名，最多60个字。")
    password = password or temporary_password()
    with transaction():
        if find_user(login) is not None:
            raise Invalid("login", "这个登录名已被使用，请换一个。")
        now = clock.now()
        user = User.create(
            login=login, name=name, phone=phone, created_at=now, password_hash=make_hash(password),
            must_change=True, password_set_at=now,
        )  # fmt: skip
        record("user", "新建账户", actor=actor, subject=f"user:{user.id}", note=f"{user.name}（{_shown(login)}）")
    return user, password


def set_active(user: User, active: bool, *, actor: Actor) -> None:
    """Disable an account, which ends its logins at once, or enable it again. Nobody disables the own account."""
    _check_technician(actor)
    if user.id == actor.user and not active:
        raise NotAllowed("不能停用自己正在使用的账户。")
    with transaction():
        User.update(active=active).where(User.id == user.id).execute()
        if not active:
            end_sessions(user.id)
        record("user", "启用账户" if active else "停用账户", actor=actor, subject=f"user:{user.id}", note=user.name)


def set_temporary_password(user: User, *, actor: Actor) -> str:
    """A new temporary password by technical staff, to be changed at first use; all logins of the account end."""
    _check_technician(actor)
    password = temporary_password()
    with transaction():
        store_password(user, make_hash(password), must_change=True)
        record("password", "设置临时密码", actor=actor, subject=f"user:{user.id}")
    return password


def grant_seat(
    user: User,
    seat: Seat,
    office: Office | None,
    *,
    actor: Actor,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Grant:
    """Give an account a seat at an office, from a day to a day.

    Raises NotAllowed for everybody but technical staff and the system, Invalid when seat and office do not fit. The
    applicant's seat comes with real-name registration only.
    """
    _check_technician(actor)
    seat = Seat(seat)
    if seat not in OFFICE_OF and seat != Seat.TECHNICIAN:
        raise Invalid("seat", "这个身份不能授予：申请人由本人实名注册。")
    if seat in OFFICE_OF and (office is None or (office.level, office.body) != OFFICE_OF[seat]):
        raise Invalid("office", f"“{SEAT_LABELS[seat]}”与所选机构的类别不符，请重新选择。")
    if seat == Seat.TECHNICIAN and office is not None:
        raise Invalid("office", "技术人员不属于某一机构，请不要选择机构。")
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid("ends_on", "结束日期不能早于开始日期。")
    with transaction():
        same = Grant.select().where(
            Grant.user == user.id, Grant.seat == str(seat),
            Grant.office.is_null() if office is None else Grant.office == office.id,
            Grant.deputy_for.is_null(), Grant.is_in_force(clock.today()),
        )  # fmt: skip
        if same.exists():
            raise Invalid("seat", "这个账户已有该身份。")
        grant = Grant.create(
            user=user, office=office, seat=str(seat), starts_on=starts_on, ends_on=ends_on, granted_by=actor.user,
            granted_at=clock.now(),
        )  # fmt: skip
        record(
            "grant", "授予身份", actor=actor, subject=f"user:{user.id}",
            note=f"{SEAT_LABELS[seat]} {office.name if office else ''}".strip(),
        )  # fmt: skip
        return grant


def end_grant(grant: Grant, *, actor: Actor) -> None:
    """Take a seat away from today on, and from its deputies; running logins lose it with their next request."""
    _check_technician(actor)
    if grant.user_id == actor.user and grant.seat == Seat.TECHNICIAN:
        raise NotAllowed("不能收回自己的技术人员身份，请由另一名技术人员办理。")
    if grant.seat == Seat.APPLICANT:
        raise NotAllowed("申请人身份随实名注册取得，不能收回；需要时请停用账户。")
    with transaction():
        ended = [id_ for (id_,) in Grant.select(Grant.id).where(Grant.deputy_for == grant.id).tuples()] + [grant.id]
        still = Grant.ends_on.is_null() | (Grant.ends_on >= clock.today())
        Grant.update(ends_on=clock.today() - timedelta(days=1)).where(Grant.id.in_(ended), still).execute()
        LoginSession.update(grant=None).where(LoginSession.grant.in_(ended)).execute()
        record("grant", "收回身份", actor=actor, subject=f"user:{grant.user_id}", note=SEAT_LABELS[Seat(grant.seat)])


def appoint_deputy(grant: Grant, deputy: User, *, starts_on: date, ends_on: date, actor: Actor) -> Grant:
    """Let a colleague act in this seat while its holder is away, both days included; every event names both.

    Raises Invalid for a span in the past, beyond the seat's own last day, for the holder as own deputy, or for the
    deputy of a deputy.
    """
    _check_technician(actor)
    if grant.deputy_for_id is not None or grant.seat not in OFFICE_OF:
        raise Invalid("grant", "只能为机构的本职身份指定代理人，代理人不能再转委托。")
    if deputy.id == grant.user_id:
        raise Invalid("deputy", "不能由本人代理本人。")
    if ends_on < starts_on or ends_on < clock.today():
        raise Invalid("ends_on", "代理结束日期不能早于开始日期或今天。")
    if grant.ends_on is not None and ends_on > grant.ends_on:
        raise Invalid("ends_on", f"代理结束日期不能晚于该身份的终止日期{grant.ends_on.isoformat()}。")
    with transaction():
        seat = Grant.create(
            user=deputy, office=grant.office_id, seat=grant.seat, starts_on=starts_on, ends_on=ends_on,
            deputy_for=grant.id, granted_by=actor.user, granted_at=clock.now(),
        )  # fmt: skip
        record(
            "deputy", "指定代理人", actor=actor, subject=f"user:{deputy.id}",
            note=f"{grant.user.name}的{SEAT_LABELS[Seat(grant.seat)]}，{starts_on:%Y-%m-%d}至{ends_on:%Y-%m-%d}",
        )  # fmt: skip
        tell(
            [deputy.id],
            f"您被指定代理{grant.user.name}的工作（{starts_on:%Y-%m-%d}至{ends_on:%Y-%m-%d}），可在右上角切换身份。",
            kind="deputy",
        )
        return seat


def read_messages(user: int, *, only: int | None = None) -> None:
    """Mark one message, or all, of an account as read."""
    with transaction():
        unread = Message.update(read_at=clock.now()).where(Message.user == user, Message.read_at.is_null())
        (unread.where(Message.id == only) if only else unread).execute()


def self_actor(user: int, name: str, address: str) -> Actor:
    """Somebody who acts for the own account only, before a seat is in use or without any: named by the first seat."""
    held = Grant.select(Grant.seat).where(Grant.user == user, Grant.is_in_force(clock.today())).order_by(Grant.id)
    first = held.tuples().first()
    return Actor(user=user, name=name, seat=Seat(first[0]) if first else Seat.APPLICANT, address=address)


def _check_technician(actor: Actor) -> None:
    if actor.seat not in (Seat.TECHNICIAN, Seat.SYSTEM):
        raise NotAllowed("账户和身份由技术人员管理。")


def _shown(login: str) -> str:
    """A login name as the record may show it: identity numbers masked."""
    return f"{login[:4]}****{login[-2:]}" if len(login) >= 9 else login


def _visitor(address: str) -> Actor:
    return Actor(user=None, name="访客", seat=Seat.SYSTEM, address=address)
