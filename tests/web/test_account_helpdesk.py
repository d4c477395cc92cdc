"""The helpdesk room: unit and centres hand out reset codes to their own people; the province's catalogue."""

import pytest

from portal.models import Occupation, ResetCode
from portal.rules.workflow import Seat
from tests import make


def offices():
    unit = make.make_organisation()
    return unit, {
        Seat.UNIT: make.make_office(organisation=unit), Seat.CITY_CENTRE: make.make_city_centre(),
        Seat.PROVINCE_CENTRE: make.make_province_centre(),
        Seat.COUNTY: make.make_office(level="county", body="department", region="成都市"),
        Seat.CITY_BUREAU: make.make_office(level="city", body="department", region="成都市"),
        Seat.DEPARTMENT: make.make_office(level="province", body="department"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("seat", "door"), [(Seat.UNIT, "unit"), (Seat.CITY_CENTRE, "city"), (Seat.PROVINCE_CENTRE, "province")]
)
def test_code_is_shown_once_and_sets_a_new_password(client, page, seat, door):
    unit, all_offices = offices()
    person = make.make_person(unit)
    stranger = make.make_person(make.make_organisation(province=make.ANHUI, region="合肥市"))
    client.sign_in(make.make_grant(seat, all_offices[seat]))
    found = page(f"/{door}/helpdesk").press(f"/{door}/helpdesk", words=person.name)
    assert person.id_number not in found.html, "numbers are masked in lists"
    shown = found.press(f"/{door}/helpdesk/{person.id}/code", expect=200)
    code = shown.find("secret").text
    assert ResetCode.get().user_id == person.user_id
    assert code not in page(f"/{door}/helpdesk?words={person.name}").html
    assert "没有找到" in page(f"/{door}/helpdesk?words={stranger.id_number}").text
    for other in (stranger.id, 999_999):
        assert client.post(f"/{door}/helpdesk/{other}/code").status_code == 404
    assert ResetCode.select().count() == 1
    client.sign_out()
    new = {"login": person.id_number, "code": code, "new": "feiyun2025", "again": "feiyun2025"}
    done = page("/account/reset").press("reset-form", **new, expect=200)
    home = done.press("login-form", login=person.id_number, password="feiyun2025")
    assert home.url.startswith("/applicant")


@pytest.mark.parametrize(
    ("seat", "door"), [(Seat.COUNTY, "city"), (Seat.CITY_BUREAU, "city"), (Seat.DEPARTMENT, "province")]
)
def test_other_seats_of_the_same_doors_hand_out_nothing(client, seat, door):
    unit, all_offices = offices()
    person = make.make_person(unit)
    client.sign_in(make.make_grant(seat, all_offices[seat]))
    assert client.get(f"/{door}/helpdesk").status_code == 403
    assert client.post(f"/{door}/helpdesk/{person.id}/code").status_code == 403
    assert not ResetCode.select().exists()


def test_unit_finds_its_own_people_only(client, page):
    unit, all_offices = offices()
    own, other = make.make_person(unit, name="欧阳文博"), make.make_person(make.make_organisation(), name="欧阳文静")
    without = make.make_person(unit, name="欧阳文轩", account=False)
    client.sign_in(make.make_grant(Seat.UNIT, all_offices[Seat.UNIT]))
    found = page("/unit/helpdesk?words=欧阳").text
    assert own.name in found and other.name not in found and without.name not in found
    assert "请输入姓名" in page("/unit/helpdesk").text
    assert client.post(f"/unit/helpdesk/{other.id}/code").status_code == 404
    assert client.post(f"/unit/helpdesk/{without.id}/code").status_code == 404


@pytest.mark.requirement("R13.24")
def test_province_maintains_the_catalogue_and_the_department_does_not(client, page):
    _, all_offices = offices()
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, all_offices[Seat.PROVINCE_CENTRE]))
    assert "/province/occupations" in page("/province/occupations").links()
    page("/province/occupations/add").press(
        "occupation-form", edition="2015", code="4-12-01-01", name="汽车维修工", job="汽车机械维修工", expect=200
    )
    assert Occupation.get().job == "汽车机械维修工"
    assert client.get("/province/imports/organisations").status_code == 403
    assert client.get("/province/imports/certificates").status_code == 200
    client.sign_in(make.make_grant(Seat.DEPARTMENT, all_offices[Seat.DEPARTMENT]))
    for url in ("occupations", "occupations/add", "occupations/aliases", "imports/occupations:2015"):
        assert client.get(f"/province/{url}").status_code == 403, url
    # It takes over the cards it has issued so far, and nothing else.
    hrefs = page("/province/imports").links()
    kinds = {href.split("/")[3] for href in hrefs if href.startswith("/province/imports/")}
    assert kinds == {"cards"}
