"""Login names and passwords: which are accepted, changing them, and the one-time codes that replace a forgotten one."""

import hashlib
import secrets
from datetime import timedelta

from peewee import fn

from portal import clock
from portal.actions.events import record, tell
from portal.actions.guessing import count_try, forgive_try
from portal.database import transaction
from portal.models import Grant, LoginSession, Office, Person, Region, ResetCode, User
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.passwords import is_password, make_hash
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor, Seat

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
CODE_HOURS, CODE_TRIES = 24, 5
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without those that are mistaken for each other on paper
_WEAK = ("12345678", "123456789", "1234567890", "password", "88888888", "11111111", "00000000", "66666666", "qwertyui",
         "abc12345", "a1234567", "qwer1234", "1q2w3e4r", "iloveyou", "woaini1314", "12341234", "password1")  # fmt: skip

# What a wrong login name costs must equal what a wrong password costs, or the time tells which names exist.
_NOBODY = None


def find_user(login: str) -> User | None:
    """The account of a login name as it was typed; staff names are kept in lower case, document numbers in upper."""
    plain = squeeze(login)
    names = (plain.lower(), plain.upper())
    return next(iter(User.select().where(User.login.in_(names)).order_by(User.login != names[0])), None)


def login_key(login: str) -> str:
    """Under which name the tries of a login name are counted, however it is typed."""
    return squeeze(login).upper()


def fits(user: User | None, password: str) -> bool:
    """Whether the password is this account's; takes as long for nobody's account."""
    global _NOBODY
    _NOBODY = _NOBODY or make_hash(secrets.token_urlsafe(12))
    is_right = is_password(user.password_hash if user else _NOBODY, password[:LONGEST_PASSWORD])
    return is_right and user is not None and user.active


def check_password(new: str, again: str, *, login: str) -> None:
    """Raise Invalid("new") for a password that is short, simple, well known or made of the login name."""
    if not SHORTEST_PASSWORD <= len(new) <= LONGEST_PASSWORD:
        raise Invalid("new", f"密码应为{SHORTEST_PASSWORD}至{LONGEST_PASSWORD}个字符。")
    kinds = sum(any(test(c) for c in new) for test in (str.isdigit, str.islower, str.isupper)) + any(
        not (c.isascii() and c.isalnum()) for c in new
    )
    if kinds < 2:
        raise Invalid("new", "密码应至少包含数字、小写字母、大写字母、符号中的两种。")
    if new.lower() in _WEAK or len(set(new)) < 4 or (len(login) > 2 and login[-8:].lower() in new.lower()):
        raise Invalid("new", "这个密码太容易被猜到，请换一个，不要包含证件号码或用户名。")
    if new != again:
        raise Invalid("again", "两次输入的新密码不一致。")


def hash_password(new: str, again: str, *, login: str) -> str:
    """What is stored of an acceptable password (Argon2id with salt); raises Invalid("new" or "again") otherwise."""
    check_password(new, again, login=squeeze(login))
    return make_hash(new)


def change_password(user: User, *, old: str, new: str, again: str, actor: Actor, keep_session: str = "") -> None:
    """Replace the own password; all other logins of the account end. Raises Invalid beside the field that is wrong.

    Raises TooManyTries when the old password is guessed at, as in a session somebody left open.
    """
    tries = count_try(f"old:{user.id}", actor.address)
    if not fits(user, old):
        raise Invalid("old", "原密码不正确。")
    forgive_try(tries, f"old:{user.id}")
    if new == old:
        raise Invalid("new", "新密码不能与原密码相同。")
    hashed = hash_password(new, again, login=user.login)
    with transaction():
        store_password(user, hashed, must_change=False, keep_session=keep_session)
        record("password", "修改密码", actor=actor, subject=f"user:{user.id}")


def store_password(user: User, hashed: str, *, must_change: bool, keep_session: str = "") -> None:
    """Keep a password's hash; every login of the account but `keep_session` ends, and open reset codes die."""
    with transaction():
        now = clock.now()
        User.update(password_hash=hashed, must_change=must_change, password_set_at=now).where(
            User.id == user.id
        ).execute()
        end_sessions(user.id, keep=keep_session)
        ResetCode.update(used_at=now).where(ResetCode.user == user.id, ResetCode.used_at.is_null()).execute()


def end_sessions(user: int, *, keep: str = "") -> None:
    """End all running logins of an account except the one with the token `keep`."""
    LoginSession.update(ended_at=clock.now()).where(
        LoginSession.user == user, LoginSession.ended_at.is_null(), LoginSession.token != keep
    ).execute()


def temporary_password() -> str:
    """A password to be told once: twelve characters that cannot be mistaken for each other, digits among them."""
    letters, digits = "abcdefghjkmnpqrstuvwxyz", "23456789"
    chars = [secrets.choice(letters + digits) for _ in range(10)] + [secrets.choice(letters), secrets.choice(digits)]
    secrets.SystemRandom().shuffle(chars)
    return "".join(chars)


def issue_reset_code(user: User, *, actor: Actor) -> str:
    """A one-time code, valid CODE_HOURS, that the unit or the centre hands to somebody who forgot the password.

    An earlier code becomes worthless. Raises NotAllowed unless the actor's office may help this account.
    """
    if not may_reset(user, actor):
        raise NotAllowed("您不能为这个账户重置密码，请由其所在单位、上级中心或技术人员办理。")
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
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
    if not user.active or user.id == actor.user:
        return False
    if actor.seat == Seat.TECHNICIAN:
        return True
    if actor.seat not in {Seat.UNIT, Seat.CITY_CENTRE, Seat.PROVINCE_CENTRE}:
        return False
    office, today = Office.get_by_id(actor.office), clock.today()
    grants = list(
        Grant.select(Grant, Office)
        .left_outer_join(Office)
        .where(Grant.user == user.id, Grant.ends_on.is_null() | (Grant.ends_on >= today))
    )
    for grant in grants:
        if grant.seat != Seat.APPLICANT and not _is_unit_below(grant.office, office, actor.seat):
            return False
    person = Person.get_or_none(Person.user == user.id)
    if person is None:
        return bool(grants)
    if actor.seat == Seat.UNIT:
        return person.organisation_id is not None and person.organisation_id == office.organisation_id
    if person.province != office.province:
        return False
    return actor.seat == Seat.PROVINCE_CENTRE or _is_persons_city(person, office)


def people_to_help(actor: Actor, words: str) -> list[Person]:
    """Persons with an account whom the actor's office may help, by name or document number; at most 30."""
    words = squeeze(words)
    if len(words) < 2:
        return []
    found = (
        Person.select(Person, User)
        .join(User, on=(Person.user == User.id))
        .where(User.active, (fn.REPLACE(Person.name, " ", "").contains(words)) | (Person.id_number == words.upper()))
        .order_by(Person.id)
        .limit(300)
    )
    if actor.seat == Seat.UNIT:
        found = found.where(Person.organisation == actor.organisation)
    elif actor.province:
        found = found.where(Person.province == actor.province)
    return [person for person in found if may_reset(person.user, actor)][:30]


def reset_password(login: str, code: str, *, new: str, again: str, address: str) -> None:
    """Set a new password with a one-time code; wrong names and wrong codes are answered alike.

    Raises Invalid("code") or Invalid("new"/"again"), TooManyTries after too many wrong codes.
    """
    check_password(new, again, login=squeeze(login))
    name = f"reset:{login_key(login)}"
    tries = count_try(name, address)
    # Only after the try was counted: hashing is dear, and this door is open to everybody.
    hashed = make_hash(new)
    user = find_user(login)
    wanted = _hash(squeeze(code).upper())
    with transaction():
        row = (
            ResetCode.select()
            .where(
                ResetCode.user == (user.id if user and user.active else 0), ResetCode.used_at.is_null(),
                ResetCode.expires_at > clock.now(), ResetCode.tries < CODE_TRIES,
            )
            .order_by(ResetCode.id.desc())
            .first()
        )  # fmt: skip
        is_right = row is not None and secrets.compare_digest(row.code_hash, wanted)
        if row is not None and not is_right:
            ResetCode.update(tries=ResetCode.tries + 1).where(ResetCode.id == row.id).execute()
        if is_right:
            store_password(user, hashed, must_change=False)
            own = Actor(user=user.id, name=user.name, seat=Seat.APPLICANT, address=address)
            record("password", "用重置码设置新密码", actor=own, subject=f"user:{user.id}")
    if not is_right:
        raise Invalid("code", "证件号码（用户名）或重置码不正确，或重置码已失效，请核对，或重新申请重置码。")
    forgive_try(tries, name)
    forgive_try([], login_key(login))


def _is_unit_below(theirs: Office | None, office: Office, seat: Seat) -> bool:
    """Whether a staff member's office is a unit in the area of the centre that wants to help."""
    if theirs is None or theirs.level != "unit" or theirs.province != office.province:
        return False
    if seat == Seat.CITY_CENTRE:
        return is_within(theirs.region_id, office.region_id)
    return seat == Seat.PROVINCE_CENTRE


def _is_persons_city(person: Person, office: Office) -> bool:
    region = person.organisation.region_id if person.organisation_id else person.exam_region_id
    return is_within(region, office.region_id)


def is_within(region: int | None, area: int | None) -> bool:
    """Whether a region is the area or lies in it (a county in its city)."""
    while region is not None and region != area:
        region = Region.select(Region.parent).where(Region.id == region).tuples().first()[0]
    return region is not None


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
