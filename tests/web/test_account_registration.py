"""Real-name registration: who may register, what is refused, and that nothing else can be made by it."""

import pytest

from portal.models import Person, User
from portal.rules import invented
from tests import make

PASSWORD = "liuyun2024"


def register(page, number=1, **changed):
    sample = invented.make_person(number, seed="register")
    values = {
        "name": sample.name, "id_type": sample.id_type, "id_number": sample.id_number, "phone": sample.phone,
        "province": make.SICHUAN, "new": PASSWORD, "again": PASSWORD, "declared": "y",
    }  # fmt: skip
    return page("/account/register").press("register-form", **{**values, **changed}), sample


@pytest.mark.requirement("R1.02", "R1.03")
def test_registration_refuses_a_second_time_and_a_wrong_check_digit(page, client):
    sample = invented.make_person(1, seed="register")
    wrong = sample.id_number[:17] + ("1" if sample.id_number[17] != "1" else "2")
    refused, _ = register(page, id_number=wrong)
    assert refused.response.status_code == 422 and refused.find("id_number-error") is not None
    assert refused.values("register-form")["name"] == sample.name, "what was typed stays"
    assert not User.select().where(User.login == wrong).exists()
    home, _ = register(page)
    assert home.url.startswith("/applicant") and sample.name in home.text
    person = Person.get(Person.id_number == sample.id_number)
    assert person.user.login == sample.id_number
    client.post("/account/logout")
    again, _ = register(page)
    assert again.response.status_code == 422 and "已注册" in again.text
    assert Person.select().where(Person.id_number == sample.id_number).count() == 1


@pytest.mark.requirement("R1.32")
def test_registration_makes_an_applicant_whatever_else_is_sent(client):
    sample = invented.make_person(2, seed="register")
    extra = {
        "seat": "T", "office": "1", "active": "0", "must_change": "0", "login": "boss", "grants": "T", "user": "1",
        "is_admin": "1", "exam_region": "1", "organisation": "1",
    }  # fmt: skip
    answer = client.post(
        "/account/register",
        {
            "name": sample.name, "id_type": "201", "id_number": sample.id_number, "phone": sample.phone,
            "province": make.SICHUAN, "new": PASSWORD, "again": PASSWORD, "declared": "y", **extra,
        },
    )  # fmt: skip
    assert answer.status_code == 303
    person = Person.get(Person.id_number == sample.id_number)
    assert [(g.seat, g.office_id) for g in person.user.grants] == [("A", None)]
    assert person.user.active and person.organisation_id is None and person.exam_region_id is None
    public = ("/account/login", "/account/register", "/account/reset")
    for url in public:
        assert 'name="seat"' not in client.app.test_client().get(url).get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "请填写姓名"), ("phone", "12345", "手机"), ("declared", None, "请确认"),
        ("new", "short", "8至128"), ("again", "other-pass1", "不一致"),
        ("id_type", "999", ""), ("province", "mars", ""), ("name", "x" * 61, "60"),
    ],
)  # fmt: skip
def test_registration_says_what_is_wrong_beside_the_field(page, field, value, message):
    refused, sample = register(page, **{field: value})
    assert refused.response.status_code == 422
    assert refused.find(f"{field}-error") is not None and message in refused.text
    assert not Person.select().where(Person.id_number == sample.id_number).exists()


def test_registration_is_slowed_down_when_numbers_are_tried(page):
    make.make_person()
    statuses = []
    known = Person.select().first()
    for n in range(35):
        sample = invented.make_person(n, seed="tries")
        refused, _ = register(page, number=n, id_number=known.id_number, name=sample.name)
        statuses.append(refused.response.status_code)
    assert statuses[0] == 422 and statuses[-1] == 429
