"""The pool of examiners: exactly the people asked for, their Excel list, and the figures per occupation and level."""

import io
from datetime import date

import openpyxl
import pytest

from portal.actions import card_claims, cards, expiry
from portal.models import Credential, DocumentLog, Region
from portal.models.pool import PoolFilter, count_examiners, count_people, examiners, levels_allowed
from portal.rules.flows.credential import State
from portal.rules.workflow import Seat
from tests import make
from tests.house.world import load_calendar
from tests.make_cards import Desk, fresh, make_desk

FITTER = ("6-31-01-03", "电工")


@pytest.fixture
def desks(db, at) -> dict[str, Desk]:
    """Two units of one city and one of another, each with a valid card, one waiting and one of another occupation."""
    load_calendar()
    at("2023-03-01 10:00")
    found = {}
    for key, region in (("one", "成都市"), ("two", "成都市"), ("far", "绵阳市")):
        desk = make_desk(0, organisation=make.make_organisation(region=region))
        valid, waiting = desk.issue(), desk.issue()
        other = desk.issue(plan=make.make_plan(grade="examiner"), occupation=make.make_occupation(*FITTER))
        hand_out(desk, valid, other)
        desk.release(waiting)
        desk.cards = [fresh(valid), fresh(waiting), fresh(other)]
        found[key] = desk
    return found


def hand_out(desk: Desk, *some: Credential) -> None:
    desk.release(*some)
    claim = card_claims.claim_cards(
        [card.id for card in some], actor=desk.unit, receiver="李明", receiver_phone="13900000000"
    )
    card_claims.hand_out_claim(claim, actor=desk.issuer, officer="王晓", on_paper=True)


def found_by(desk: Desk, **asked) -> set[int]:
    return {row.id for row in examiners(desk.issuer, PoolFilter(**asked))}


@pytest.mark.requirement("R6.28")
def test_the_filters_return_exactly_the_expected_people(desks):
    one, two, far = desks["one"], desks["two"], desks["far"]
    city = Region.get(Region.name == "成都市").id
    car, electric = make.make_occupation().id, make.make_occupation(*FITTER).id
    assert found_by(one, city=city, occupation=car, validity="valid") == {one.cards[0].id, two.cards[0].id}
    assert found_by(one, city=city, occupation=car) == {card.id for d in (one, two) for card in d.cards[:2]}
    assert found_by(one, unit=far.organisation.id, validity="valid") == {far.cards[0].id, far.cards[2].id}
    assert found_by(one, grade="examiner") == {desk.cards[2].id for desk in desks.values()} == found_by(
        one, occupation=electric)  # fmt: skip
    assert found_by(one, level=1, validity="valid") == {desk.cards[0].id for desk in desks.values()}
    assert found_by(one, validity="not_yet") == {desk.cards[1].id for desk in desks.values()}
    assert found_by(one, name=one.cards[0].name, unit=one.organisation.id) >= {one.cards[0].id}
    county = make.make_region("锦江区", level="county", parent=Region.get_by_id(city))
    below = make_desk(1, organisation=make.make_organisation(region=county))
    assert below.cards[0].id in found_by(one, city=city)


def test_validity_is_by_the_calendar(desks, at):
    one = desks["one"]
    at("2025-12-01 10:00")
    assert found_by(one, validity="soon", unit=one.organisation.id) == {one.cards[0].id, one.cards[2].id}
    assert found_by(one, validity="ended", unit=one.organisation.id) == {one.cards[1].id}
    at("2026-02-28 23:59")
    assert found_by(one, validity="valid", unit=one.organisation.id) == {one.cards[0].id, one.cards[2].id}
    at("2026-03-01 00:00")
    for _ in range(2):  # before and after the sweeps
        assert found_by(one, validity="valid") == set()
        assert found_by(one, validity="expired", unit=one.organisation.id) == {one.cards[0].id, one.cards[2].id}
        cards.void_overdue()
        expiry.expire_credentials()


def test_units_see_their_own(desks):
    one = desks["one"]
    assert {row.id for row in examiners(one.unit, PoolFilter())} == {card.id for card in one.cards}


@pytest.mark.requirement("R6.26")
def test_the_senior_card_stands_beside_the_ordinary_one_and_the_wider_counts(db, at):
    load_calendar()
    at("2023-03-01 10:00")
    desk = make_desk(0)
    person = make.make_person(desk.organisation)
    ordinary = desk.issue(person=person, plan=make.make_plan(grade="examiner"))
    senior = desk.issue(person=fresh(ordinary).person)
    hand_out(desk, ordinary, senior)
    assert {fresh(card).state for card in (ordinary, senior)} == {State.VALID}
    car = make.make_occupation().id
    assert levels_allowed(person.id, car) == {1, 2, 3, 4, 5}
    assert found_by(desk, name=person.name) == {ordinary.id, senior.id}
    assert count_examiners(desk.organisation.id) == {(car, level): 1 for level in (1, 2, 3, 4, 5)}
    cards.revoke_credential(fresh(senior), actor=desk.issuer, reason="有误")
    assert levels_allowed(person.id, car) == {3, 4, 5}
    assert levels_allowed(person.id, make.make_occupation(*FITTER).id) == set()


def test_only_valid_cards_in_hand_are_counted(desks, at):
    unit, car, electric = desks["one"].organisation.id, make.make_occupation().id, make.make_occupation(*FITTER).id
    assert count_examiners(unit) == {**{(car, level): 1 for level in (1, 2, 3, 4, 5)},
                                     **{(electric, level): 1 for level in (3, 4, 5)}}  # fmt: skip
    assert count_people(unit) == {car: 1, electric: 1}
    assert count_examiners(unit, on=date(2026, 2, 28)) == count_examiners(unit)
    assert count_examiners(unit, on=date(2026, 3, 1)) == count_people(unit, on=date(2023, 2, 28)) == {}


@pytest.mark.requirement("R6.28")
def test_the_pool_page_and_its_excel(client, desks):
    one, far = desks["one"], desks["far"]
    client.sign_in(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    page = client.page("/province/pool")
    assert all(desk.cards[0].number in page.text for desk in desks.values())
    assert one.cards[1].number not in page.text  # not collected yet
    page = client.page(f"/province/pool?unit={far.organisation.id}&validity=all")
    assert far.cards[1].number in page.text and one.cards[0].number not in page.text
    answer = client.get(f"/province/pool/file.xlsx?unit={far.organisation.id}&validity=valid&grade=senior")
    rows = [[str(cell or "") for cell in row] for row in
            openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)]  # fmt: skip
    people = [row for row in rows if row[0] == "1" or row[0] == "2"]
    assert [row[8] for row in people] == [far.cards[0].number] and people[0][2] == far.cards[0].person.id_number
    assert DocumentLog.select().where(DocumentLog.kind == "pool").count() == 1


def test_the_units_pool_page_shows_its_figures(client, desks):
    one = desks["one"]
    client.sign_in(make.Grant.get(make.Grant.user == one.unit.user))
    page = client.page("/unit/pool?validity=all")
    assert "电工" in page.text and one.cards[1].number in page.text
    assert desks["far"].cards[0].number not in page.text
    assert "本单位现在没有" not in page.text
    assert client.get("/unit/pool?validity=nonsense&level=99&unit=abc&occupation=-1").status_code == 200
