"""Accounts, passwords, seats, deputies, and who may hand out a reset code to whom."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.actions import accounts, guessing, passwords
from portal.actions.guessing import TooManyTries
from portal.models import Event, Grant, LoginAttempt, LoginSession, Message, ResetCode, User
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.passwords import make_hash
from portal.rules.workflow import SEAT_LABELS, Seat
from tests import make

PASSWORD = "liuyun2024"


@pytest.fixture
def technician(db):
    return make.actor_of(make.make_grant(Seat.TECHNICIAN))


def unit_office():
    return make.make_office(organisation=make.make_organisation())


@pytest.mark.parametrize(
    ("password", "is_accepted"),
    [
        ("abc123d", False), ("abc123de", True), ("a1" + "bcdef" * 25 + "g", True), ("a1" + "bcdef" * 25 + "gh", False),
        ("abcdefgh", False), ("ABCDEFGH", False), ("24681357", False), ("abcdefgH", True), ("abcdefg!", True),
        ("password1", False), ("A1234567", False), ("aaab1111", False), ("aaabb111", False), ("aabc1111", True),
        ("x19900307x", True), ("x03078771y", False), ("WWW03078771", False), ("春风十里不如你8", True),
    ],
)  # fmt: skip
def test_password_rules_on_both_sides_of_each_boundary(password, is_accepted):
    def check():
        passwords.check_password(password, password, login="510197199003078771")

    if is_accepted:
        check()
    else:
        with pytest.raises(Invalid) as refusal:
            check()
        assert refusal.value.field == "new"


def test_repeated_password_must_be_the_same():
    with pytest.raises(Invalid) as refusal:
        passwords.check_password("abc123de", "abc123dE", login="x")
    assert refusal.value.field == "again"


def test_tries_are_counted_before_they_are_looked_at(db, at):
    at("2022-12-09 10:00")
    for _ in range(guessing.TRIES_PER_NAME):
        guessing.count_try("ZHANG", "10.0.0.1")
    with pytest.raises(TooManyTries):
        guessing.count_try("ZHANG", "10.0.0.2")
    guessing.count_try("LI", "10.0.0.1")
    for n in range(guessing.TRIES_PER_ADDRESS - guessing.TRIES_PER_NAME - 1):
        guessing.count_try(f"N{n}", "10.0.0.1")
    with pytest.raises(TooManyTries):
        guessing.count_try("WANG", "10.0.0.1")
    at("2022-12-10 10:00:01")
    guessing.count_try("ZHANG", "10.0.0.1")
    assert LoginAttempt.select().count() == 2, "old tries are thrown away"


def test_right_password_takes_the_wrong_ones_back(db):
    user = make.make_user(password_hash=make_hash(PASSWORD))
    for _ in range(3):
        for _ in range(guessing.TRIES_PER_NAME - 1):
            with pytest.raises(Invalid):
                accounts.login(user.login, "wrong-1", address="10.0.0.1")
        accounts.login(user.login, PASSWORD, address="10.0.0.1")


def test_new_account_has_no_seat_and_a_temporary_password(technician):
    user, password = accounts.create_user(" 李 文博 ", " Ｌiwenbo ", actor=technician)
    assert (user.name, user.login, user.must_change) == ("李 文博", "liwenbo", True)
    assert len(password) == 12 and not Grant.select().where(Grant.user == user).exists()
    assert passwords.fits(User.get_by_id(user.id), password)
    assert password not in Event.select().order_by(Event.id.desc()).get().note
    with pytest.raises(Invalid, match="已被使用"):
        accounts.create_user("李文博", "LIWENBO", actor=technician)


@pytest.mark.parametrize(("login", "is_accepted"), [("ab", False), ("abc", True), ("x" * 40, True), ("x" * 41, False),
                                                    ("a b/c", False), ("<b>x", False), ("张三丰", True)])  # fmt: skip
def test_login_names(technician, login, is_accepted):
    if is_accepted:
        accounts.create_user("李文博", login, actor=technician)
    else:
        with pytest.raises(Invalid) as refusal:
            accounts.create_user("李文博", login, actor=technician)
        assert refusal.value.field == "login"


@pytest.mark.requirement("R1.32")
@pytest.mark.parametrize("seat", [seat for seat in Seat if seat not in (Seat.TECHNICIAN, Seat.SYSTEM)])
def test_only_technical_staff_open_accounts_and_give_seats(db, seat):
    actor = make.actor_of(make.make_grant(seat))
    user, grant = make.make_user(), make.make_grant(Seat.UNIT, unit_office())
    verbs = (
        lambda: accounts.create_user("李文博", "liwenbo", actor=actor),
        lambda: accounts.grant_seat(user, Seat.UNIT, unit_office(), actor=actor),
        lambda: accounts.end_grant(grant, actor=actor),
        lambda: accounts.set_active(user, False, actor=actor),
        lambda: accounts.set_temporary_password(user, actor=actor),
        lambda: accounts.appoint_deputy(
            grant, user, starts_on=clock.today(), ends_on=clock.today(), actor=actor
        ),
    )  # fmt: skip
    for verb in verbs:
        with pytest.raises(NotAllowed):
            verb()
    assert User.get_by_id(user.id).active and Grant.get_by_id(grant.id).ends_on is None


def test_seat_must_fit_the_office(technician):
    user, office = make.make_user(), make.make_city_centre()
    for seat in Seat:
        if seat == Seat.CITY_CENTRE:
            accounts.grant_seat(user, seat, office, actor=technician)
        else:
            with pytest.raises(Invalid):
                accounts.grant_seat(user, seat, office, actor=technician)
    with pytest.raises(Invalid, match="已有该身份"):
        accounts.grant_seat(user, Seat.CITY_CENTRE, office, actor=technician)
    with pytest.raises(Invalid):
        accounts.grant_seat(user, Seat.APPLICANT, None, actor=technician)
    with pytest.raises(Invalid):
        accounts.grant_seat(user, Seat.UNIT, None, actor=technician)
    accounts.grant_seat(user, Seat.TECHNICIAN, None, actor=technician)


def test_ended_seat_takes_its_deputies_along_and_is_gone_from_running_logins(technician):
    grant = make.make_grant(Seat.CITY_CENTRE, make.make_city_centre())
    today = clock.today()
    deputy = accounts.appoint_deputy(
        grant, make.make_user(), starts_on=today, ends_on=today + timedelta(days=9), actor=technician
    )
    running = [make.make_session(grant), make.make_session(deputy)]
    accounts.end_grant(grant, actor=technician)
    for seat in (grant, deputy):
        assert not Grant.select().where(Grant.id == seat.id, Grant.is_in_force(today)).exists()
    assert [LoginSession.get_by_id(row.id).grant_id for row in running] == [None, None]


def test_nobody_locks_out_the_last_hand(technician):
    own = Grant.get(Grant.user == technician.user)
    with pytest.raises(NotAllowed):
        accounts.end_grant(own, actor=technician)
    with pytest.raises(NotAllowed):
        accounts.set_active(User.get_by_id(technician.user), False, actor=technician)


def test_deputy_holds_the_seat_on_both_days_and_no_longer(technician, at):
    at("2022-12-01 10:00")
    grant = make.make_grant(Seat.CITY_CENTRE, make.make_city_centre(), ends_on=date(2022, 12, 20))
    colleague = make.make_user()
    span = {"starts_on": date(2022, 12, 5), "ends_on": date(2022, 12, 9)}
    deputy = accounts.appoint_deputy(grant, colleague, **span, actor=technician)
    for day, is_in_force in ((4, False), (5, True), (9, True), (10, False)):
        held = Grant.select().where(Grant.id == deputy.id, Grant.is_in_force(date(2022, 12, day)))
        assert held.exists() == is_in_force
    assert "2022-12-05至2022-12-09" in Message.get(Message.user == colleague).text
    for wrong in (
        {**span, "ends_on": date(2022, 12, 4)},
        {"starts_on": date(2022, 11, 1), "ends_on": date(2022, 11, 30)},
        {"starts_on": date(2022, 12, 5), "ends_on": date(2022, 12, 21)},
    ):
        with pytest.raises(Invalid):
            accounts.appoint_deputy(grant, colleague, **wrong, actor=technician)
    with pytest.raises(Invalid):
        accounts.appoint_deputy(grant, grant.user, **span, actor=technician)
    with pytest.raises(Invalid):
        accounts.appoint_deputy(deputy, make.make_user(), **span, actor=technician)


def helpers():
    """Who may help whom: a unit its people, a centre its area, technical staff everybody, others nobody."""
    chengdu, mianyang = make.make_organisation(), make.make_organisation(region="绵阳市")
    elsewhere = make.make_organisation(province=make.ANHUI, region="合肥市")
    people = {
        "own": make.make_person(chengdu), "city": make.make_person(make.make_organisation()),
        "other city": make.make_person(mianyang), "other province": make.make_person(elsewhere),
    }  # fmt: skip
    users = {name: person.user for name, person in people.items()}
    users["own officer"] = make.make_grant(Seat.UNIT, make.make_office(organisation=chengdu)).user
    users["other officer"] = make.make_grant(Seat.UNIT, make.make_office(organisation=mianyang)).user
    users["city staff"] = make.make_grant(Seat.CITY_CENTRE, make.make_city_centre()).user
    users["province staff"] = make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()).user
    users["technician"] = make.make_grant(Seat.TECHNICIAN).user
    both = make.make_person(chengdu)
    make.make_grant(Seat.CITY_CENTRE, make.make_city_centre(), user=both.user)
    users["own person with a city seat"] = both.user
    offices = {
        Seat.UNIT: make.make_office(organisation=chengdu),
        Seat.COUNTY: make.make_office(level="county", body="department"),
        Seat.CITY_CENTRE: make.make_city_centre(), Seat.CITY_BUREAU: make.make_office(level="city", body="department"),
        Seat.PROVINCE_CENTRE: make.make_province_centre(),
        Seat.DEPARTMENT: make.make_office(level="province", body="department"),
        Seat.TECHNICIAN: None, Seat.APPLICANT: None,
    }  # fmt: skip
    return users, offices


HELPED = {
    Seat.UNIT: {"own"},
    Seat.CITY_CENTRE: {"own", "city", "own officer"},
    Seat.PROVINCE_CENTRE: {"own", "city", "other city", "own officer", "other officer"},
    Seat.TECHNICIAN: {
        "own", "city", "other city", "other province", "own officer", "other officer", "city staff", "province staff",
        "technician", "own person with a city seat",
    },
}  # fmt: skip


@pytest.mark.parametrize("seat", [seat for seat in Seat if seat != Seat.SYSTEM], ids=lambda seat: SEAT_LABELS[seat])
def test_reset_codes_are_handed_out_downwards_only(db, seat):
    users, offices = helpers()
    actor = make.actor_of(make.make_grant(seat, offices[seat]))
    for name, user in users.items():
        if name in HELPED.get(seat, ()):
            assert len(passwords.issue_reset_code(user, actor=actor)) == 8
        else:
            with pytest.raises(NotAllowed):
                passwords.issue_reset_code(user, actor=actor)
    assert ResetCode.select().count() == len(HELPED.get(seat, ()))


def test_own_account_and_disabled_accounts_get_no_code(technician):
    with pytest.raises(NotAllowed):
        passwords.issue_reset_code(User.get_by_id(technician.user), actor=technician)
    with pytest.raises(NotAllowed):
        passwords.issue_reset_code(make.make_user(active=False), actor=technician)


def test_code_is_kept_as_a_hash_and_dies_after_five_wrong_ones(technician, at):
    at("2022-12-09 10:00")
    user = make.make_user()
    code = passwords.issue_reset_code(user, actor=technician)
    assert code not in str(ResetCode.get(ResetCode.user == user).__data__)
    new = {"new": PASSWORD, "again": PASSWORD, "address": "10.0.0.1"}
    for _ in range(passwords.CODE_TRIES):
        with pytest.raises(Invalid):
            passwords.reset_password(user.login, "WRONGONE", **new)
    at("2022-12-09 11:00")
    with pytest.raises(Invalid):
        passwords.reset_password(user.login, code, **new)


def test_new_password_ends_every_other_login(technician):
    user = make.make_user(password_hash=make_hash(PASSWORD))
    mine = accounts.begin_session(user, address="10.0.0.1")
    other = accounts.begin_session(user, address="10.0.0.2")
    own = accounts.self_actor(user.id, user.name, "10.0.0.1")
    passwords.change_password(
        user, old=PASSWORD, new="feiyun2025", again="feiyun2025", actor=own, keep_session=mine.token
    )
    assert LoginSession.get_by_id(mine.id).ended_at is None
    assert LoginSession.get_by_id(other.id).ended_at is not None


def test_login_names_are_found_however_they_are_typed(db):
    person = make.make_person(id_number="EA1234567", id_type="227")
    staff = make.make_user(login="wang.li")
    assert passwords.find_user(" ea 1234567").id == person.user_id
    assert passwords.find_user("ＷANG.LI").id == staff.id
    assert passwords.find_user("wang") is None and passwords.find_user("") is None
