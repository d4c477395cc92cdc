"""Accounts: logging in and out, passwords and one-time codes, users, seats and deputies."""

import hashlib
import secrets
from datetime import date, timedelta

from werkzeug.security import check_password_hash, generate_password_hash

from portal import clock
from portal.actions.events import record, tell
from portal.database import transaction
from portal.models import Grant, LoginAttempt, LoginSession, Message, Office, Person, ResetCode, User
from portal.rules.errors import Invalid, NotAllowed, Refusal
from portal.rules.typed_text import squeeze
from portal.rules.workflow import SEAT_LABELS, Actor, Seat

# 等保二级 asks for failure handling: five wrong passwords close an account name, thirty an address, for a quarter hour.
TRIES_PER_LOGIN, TRIES_PER_ADDRESS, TRIES_MINUTES = 5, 30, 15
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
CODE_HOURS, CODE_TRIES = 24, 5
_WEAK = ("12345678", "123456789", "1234567890", "password", "88888888", "11111111", "00000000", "66666666", "qwertyui",
         "abc12345", "a1234567", "qwer1234", "1q2w3e4r", "iloveyou", "woaini1314", "12341234", "password1")  # fmt: skip

# What a wrong login name costs must equal what a wrong password costs, or the time tells which names exist.
_NOBODY = None


class TooManyTries(Refusal):
    """Too many wrong passwords (answered 429)."""


def login(name: str, password: str, *, address: str, agent: str = "") -> LoginSession:
    """Check a login name and password and begin a session; an identity number may be typed with blanks or full width.

    Raises Invalid("password") with the same words whatever was wrong, TooManyTries after too many wrong ones.
    """
    name = normalise_login(name)
    _refuse_guessing(name, address)
    user = User.get_or_none(User.login == name)
    fits = check_password_hash(user.password_hash if user else _nobody(), password)
    if user is None or not fits or not user.active:
        with transaction():
            now = clock.now()
            LoginAttempt.insert_many(
                [{"key": f"login:{name}"[:120], "at": now}, {"key": f"at:{address}", "at": now}]
            ).execute()
            LoginAttempt.delete().where(LoginAttempt.at < now - timedelta(days=1)).execute()
            record("login_failed", "登录失败", actor=_visitor(address), subject=f"login:{_shown(name)}")
        raise Invalid("password", "用户名（证件号码）或密码不正确，请核对后重试。")
    with transaction():
        LoginAttempt.delete().where(LoginAttempt.key == f"login:{name}").execute()
        return begin_session(user, address=address, agent=agent)


def begin_session(user: User, *, address: str, agent: str = "", grant: int | None = None) -> LoginSession:
    """Begin a login of this account with a new random token."""
    with transaction():
        session = LoginSession.create(
            token=secrets.token_urlsafe(32), user=user, grant=grant, created_at=clock.now(), address=address[:45],
            agent=agent[:200],
        )  # fmt: skip
        record("login", "登录", actor=_as_self(user, address), subject=f"user:{user.id}")
        return session


def end_session(token: str, *, actor: Actor) -> None:
    """End one login; its cookie is worthless from now on."""
    with transaction():
        LoginSession.update(ended_at=clock.now()).where(LoginSession.token == token).execute()
        record("logout", "退出登录", actor=actor, subject=f"user:{actor.user}")


def choose_seat(token: str, grant: int, *, actor: Actor) -> Grant:
    """Use another of the account's seats from now on (R0.30); raises NotAllowed for a seat that is not its own today."""
    with transaction():
        seat = Grant.get_or_none(Grant.id == grant, Grant.user == actor.user, Grant.is_in_force(clock.today()))
        if seat is None:
            raise NotAllowed("您没有这个身份，或它已停用。")
        LoginSession.update(grant=seat.id).where(LoginSession.token == token).execute()
        record("seat", "切换身份", actor=actor, subject=f"user:{actor.user}", note=SEAT_LABELS[Seat(seat.seat)])
        return seat


def change_password(user: User, *, old: str, new: str, again: str, actor: Actor, keep_session: str = "") -> None:
    """Replace the own password; all other logins of the account end. Raises Invalid beside the field that is wrong."""
    if not check_password_hash(user.password_hash, old):
        raise Invalid("old", "原密码不正确。")
    if new == old:
        raise Invalid("new", "新密码不能与原密码相同。")
    check_password(new, again, login=user.login)
    with transaction():
        _set_password(user, new, must_change=False)
        LoginSession.update(ended_at=clock.now()).where(
            LoginSession.user == user.id, LoginSession.ended_at.is_null(), LoginSession.token != keep_session
        ).execute()
        record("password", "修改密码", actor=actor, subject=f"user:{user.id}")


def check_password(new: str, again: str, *, login: str) -> None:
    """Raise Invalid("new") for a password that is short, simple, well known or made of the login name."""
    if not SHORTEST_PASSWORD <= len(new) <= LONGEST_PASSWORD:
        raise Invalid("new", f"密码应为{SHORTEST_PASSWORD}至{LONGEST_PASSWORD}个字符。")
    kinds = sum(any(test(c) for c in new) for test in (str.isdigit, str.islower, str.isupper)) + any(
        not c.isalnum() for c in new
    )
    if kinds < 2:
        raise Invalid("new", "密码应至少包含数字、小写字母、大写字母、符号中的两种。")
    if new.lower() in _WEAK or len(set(new)) < 4 or (login and login[-8:].lower() in new.lower()):
        raise Invalid("new", "这个密码太容易被猜到，请换一个，不要包含证件号码或用户名。")
    if new != again:
        raise Invalid("again", "两次输入的新密码不一致。")


def issue_reset_code(user: User, *, actor: Actor) -> str:
    """A one-time code, valid CODE_HOURS, that the unit or the centre hands to somebody who forgot the password.

    An earlier code becomes worthless. Raises NotAllowed unless the actor's office may help this account.
    """
    if not may_reset(user, actor):
        raise NotAllowed("您不能为这个账户重置密码，请由其所在单位、上级中心或技术人员办理。")
    code = "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTUVWXYZ") for _ in range(8))
    with transaction():
        now = clock.now()
        ResetCode.update(used_at=now).where(ResetCode.user == user.id, ResetCode.used_at.is_null()).execute()
        ResetCode.create(
            user=user, code_hash=_hash(code), issued_by=actor.user, issued_at=now,
            expires_at=now + timedelta(hours=CODE_HOURS),
        )  # fmt: skip
        record("reset_code", "发放密码重置码", actor=actor, subject=f"user:{user.id}")
        tell(
            [user.id],
            f"{actor.office_name or actor.name}为您发放了密码重置码。如非本人要求，请立即联系该单位。",
            kind="security",
        )
    return code


def may_reset(user: User, actor: Actor) -> bool:
    """Whether the actor's office may help: technical staff everybody; a unit its own people; a centre applicants of
    its area and the staff of units there; a provincial centre everybody of its province below it.
    """
    if actor.seat == Seat.TECHNICIAN:
        return True
    if actor.seat not in {Seat.UNIT, Seat.CITY_CENTRE, Seat.PROVINCE_CENTRE}:
        return False
    office = Office.get_by_id(actor.office)
    grants = list(Grant.select(Grant, Office).left_outer_join(Office).where(Grant.user == user.id))
    for grant in grants:
        if grant.seat == Seat.APPLICANT:
            continue
        theirs = grant.office
        below = theirs is not None and theirs.level == "unit" and actor.seat in {Seat.CITY_CENTRE, Seat.PROVINCE_CENTRE}
        if not below or theirs.province != office.province:
            return False
        if actor.seat == Seat.CITY_CENTRE and theirs.region_id != office.region_id:
            return False
    person = Person.get_or_none(Person.user == user.id)
    if person is None:
        return bool(grants)
    if actor.seat == Seat.UNIT:
        return person.organisation_id is not None and person.organisation_id == office.organisation_id
    if person.province != office.province:
        return False
    return actor.seat == Seat.PROVINCE_CENTRE or (
        person.organisation_id is not None and person.organisation.region_id == office.region_id
    )


def reset_password(name: str, code: str, *, new: str, again: str, address: str) -> None:
    """Set a new password with a one-time code; wrong names and wrong codes are answered alike.

    Raises Invalid("code") or Invalid("new"/"again"), TooManyTries after too many wrong codes from an address.
    """
    name = normalise_login(name)
    _refuse_guessing(f"reset:{name}", address)
    user = User.get_or_none(User.login == name, User.active)
    check_password(new, again, login=name)
    row = (
        ResetCode.select()
        .where(
            ResetCode.user == (user.id if user else 0), ResetCode.used_at.is_null(), ResetCode.expires_at > clock.now()
        )
        .order_by(ResetCode.id.desc())
        .first()
    )
    wanted = _hash(squeeze(code).upper())
    if row is None or row.tries >= CODE_TRIES or not secrets.compare_digest(row.code_hash, wanted):
        with transaction():
            if row is not None:
                ResetCode.update(tries=ResetCode.tries + 1).where(ResetCode.id == row.id).execute()
            LoginAttempt.insert_many(
                [{"key": f"login:reset:{name}"[:120], "at": clock.now()}, {"key": f"at:{address}", "at": clock.now()}]
            ).execute()
        raise Invalid("code", "重置码不正确或已失效，请向所在单位或鉴定中心重新申请。")
    with transaction():
        used = (
            ResetCode.update(used_at=clock.now()).where(ResetCode.id == row.id, ResetCode.used_at.is_null()).execute()
        )
        if not used:
            raise Invalid("code", "重置码已经使用过，请重新申请。")
        _set_password(user, new, must_change=False)
        LoginSession.update(ended_at=clock.now()).where(
            LoginSession.user == user.id, LoginSession.ended_at.is_null()
        ).execute()
        LoginAttempt.delete().where(LoginAttempt.key == f"login:{name}").execute()
        record("password", "用重置码设置新密码", actor=_as_self(user, address), subject=f"user:{user.id}")


def create_user(
    name: str, login: str, *, actor: Actor, phone: str = "", password: str | None = None
) -> tuple[User, str]:
    """A staff account with a temporary password that must be changed at first use (R1.32, R1.33); gives both.

    Raises Invalid("login") when the name is taken or unsuitable.
    """
    login = normalise_login(login)
    if not 3 <= len(login) <= 40 or not all(c.isalnum() or c in "-_.@" for c in login):
        raise Invalid("login", "登录名应为3至40个字母、数字或“-_.@”。")
    password = password or temporary_password()
    with transaction():
        if User.select().where(User.login == login).exists():
            raise Invalid("login", "这个登录名已被使用，请换一个。")
        user = User(login=login, name=name.strip(), phone=phone, created_at=clock.now(), password_hash="!")
        user.save(force_insert=True)
        _set_password(user, password, must_change=True)
        record("user", "新建账户", actor=actor, subject=f"user:{user.id}", note=f"{user.name}（{_shown(login)}）")
    return user, password


def open_applicant_account(name: str, login: str, password: str, *, address: str = "") -> User:
    """The account of somebody who registered with real name: logs in with the document number, holds the applicant's seat."""
    with transaction():
        user = User(login=normalise_login(login), name=name, created_at=clock.now(), password_hash="!")
        user.save(force_insert=True)
        _set_password(user, password, must_change=False)
        Grant.create(user=user, seat=str(Seat.APPLICANT), granted_at=clock.now())
        record("user", "实名注册", actor=_as_self(user, address), subject=f"user:{user.id}")
    return user


def set_active(user: User, active: bool, *, actor: Actor) -> None:
    """Disable an account, which ends its logins at once, or enable it again. Nobody disables the own account."""
    if user.id == actor.user and not active:
        raise NotAllowed("不能停用自己正在使用的账户。")
    with transaction():
        User.update(active=active).where(User.id == user.id).execute()
        if not active:
            LoginSession.update(ended_at=clock.now()).where(
                LoginSession.user == user.id, LoginSession.ended_at.is_null()
            ).execute()
        record("user", "启用账户" if active else "停用账户", actor=actor, subject=f"user:{user.id}", note=user.name)


def set_temporary_password(user: User, *, actor: Actor) -> str:
    """A new temporary password by technical staff, to be changed at first use; all logins of the account end."""
    password = temporary_password()
    with transaction():
        _set_password(user, password, must_change=True)
        LoginSession.update(ended_at=clock.now()).where(
            LoginSession.user == user.id, LoginSession.ended_at.is_null()
        ).execute()
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
    """Give an account a seat at an office, from a day to a day. Raises Invalid when seat and office do not fit."""
    fitting = {
        Seat.UNIT: ("unit", "unit"), Seat.COUNTY: ("county", "department"), Seat.CITY_CENTRE: ("city", "centre"),
        Seat.CITY_BUREAU: ("city", "department"), Seat.PROVINCE_CENTRE: ("province", "centre"),
        Seat.DEPARTMENT: ("province", "department"),
    }  # fmt: skip
    if seat in fitting and (office is None or (office.level, office.body) != fitting[seat]):
        raise Invalid("office", f"“{SEAT_LABELS[seat]}”与所选机构的类别不符，请重新选择。")
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid("ends_on", "结束日期不能早于开始日期。")
    with transaction():
        same = Grant.select().where(
            Grant.user == user.id, Grant.seat == str(seat), Grant.office == (office.id if office else None),
            Grant.deputy_for.is_null(), Grant.is_in_force(clock.today()),
        )  # fmt: skip
        if office is not None and same.exists():
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
    """Take a seat away from today on; running logins lose it with their next request."""
    with transaction():
        Grant.update(ends_on=clock.today() - timedelta(days=1)).where(Grant.id == grant.id).execute()
        LoginSession.update(grant=None).where(LoginSession.grant == grant.id).execute()
        record("grant", "收回身份", actor=actor, subject=f"user:{grant.user_id}", note=SEAT_LABELS[Seat(grant.seat)])


def appoint_deputy(grant: Grant, deputy: User, *, starts_on: date, ends_on: date, actor: Actor) -> Grant:
    """Let a colleague act in this seat while its holder is away, both days included; every event names both.

    Raises Invalid for a span in the past or without end, or for the holder as own deputy.
    """
    if deputy.id == grant.user_id:
        raise Invalid("deputy", "不能由本人代理本人。")
    if ends_on < starts_on or ends_on < clock.today():
        raise Invalid("ends_on", "代理结束日期不能早于开始日期或今天。")
    with transaction():
        seat = Grant.create(
            user=deputy, office=grant.office_id, seat=grant.seat, starts_on=starts_on, ends_on=ends_on, deputy_for=grant.id,
            granted_by=actor.user, granted_at=clock.now(),
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


def temporary_password() -> str:
    """A password to be told once: twelve characters that cannot be mistaken for each other."""
    letters, digits = "abcdefghjkmnpqrstuvwxyz", "23456789"
    chars = [secrets.choice(letters + digits) for _ in range(10)] + [secrets.choice(letters), secrets.choice(digits)]
    secrets.SystemRandom().shuffle(chars)
    return "".join(chars)


def normalise_login(text: str) -> str:
    """A login name as it is stored: half width, without blanks, lower case but for an identity number's final X."""
    plain = squeeze(text)
    return plain.upper() if plain[:6].isdigit() or plain[1:7].isdigit() else plain.lower()


def _set_password(user: User, password: str, *, must_change: bool) -> None:
    user.password_hash = generate_password_hash(password)
    User.update(password_hash=user.password_hash, must_change=must_change, password_set_at=clock.now()).where(
        User.id == user.id
    ).execute()


def _refuse_guessing(name: str, address: str) -> None:
    since = clock.now() - timedelta(minutes=TRIES_MINUTES)
    for key, limit in ((f"login:{name}"[:120], TRIES_PER_LOGIN), (f"at:{address}", TRIES_PER_ADDRESS)):
        if LoginAttempt.select().where(LoginAttempt.key == key, LoginAttempt.at > since).count() >= limit:
            raise TooManyTries(f"输错次数过多，请{TRIES_MINUTES}分钟后再试；忘记密码请向所在单位或鉴定中心申请重置码。")


def _nobody() -> str:
    global _NOBODY
    _NOBODY = _NOBODY or generate_password_hash(secrets.token_urlsafe(12))
    return _NOBODY


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _shown(login: str) -> str:
    """A login name as the record may show it: identity numbers masked."""
    return f"{login[:4]}****{login[-2:]}" if len(login) >= 9 else login


def _as_self(user: User, address: str) -> Actor:
    return Actor(user=user.id, name=user.name, seat=Seat.APPLICANT, address=address)


def _visitor(address: str) -> Actor:
    return Actor(user=None, name="访客", seat=Seat.SYSTEM, address=address)
