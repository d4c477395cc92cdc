"""Bulletins: drafted with the bar, issued by the province with a number, listing whom it is about, public on demand."""

from datetime import date

import pytest

from portal.actions import bars, bulletins, notices
from portal.actions.cards import void_overdue
from portal.models import Bar, Message, Notice, Office
from portal.papers.bulletins import listed_table
from portal.papers.notices import print_notice
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.workflow import Seat
from tests import make
from tests.documents.paper import Paper
from tests.make_sanctions import centre, department, make_card, make_strike, unit_seat


@pytest.fixture
def unit(db, at):
    at("2022-12-19 10:00")
    found = make.make_organisation("云帆技能评价有限公司")
    found.seat = unit_seat(found)
    return found


@pytest.fixture
def person(unit):
    found = make.make_person(unit)
    make_strike(found, make.make_plan(name="2022年第一期培训班"))
    make_strike(found, make.make_plan(name="2022年第二期培训班"))
    return found


@pytest.fixture
def draft(person) -> Notice:
    return Notice.get(Notice.kind == "bulletin")


def issue(draft: Notice, actor, **values) -> Notice:
    number = notices.propose_number(draft.office.notice_word)
    draft = notices.update_notice(draft, values={"number": number, **values}, actor=actor, seen=draft.version)
    return notices.publish_notice(draft, actor=actor, seen=draft.version)


@pytest.mark.requirement("R7.08", "R10.72")
def test_the_bulletin_lists_people_and_units_with_facts_and_basis(unit, person, draft):
    """Number, list, facts and basis on paper, identity numbers masked; the recipients see it."""
    city = make.make_grant(Seat.CITY_CENTRE, make.make_city_centre())
    other = unit_seat(make.make_organisation("远航技能评价有限公司"))
    actor = centre()
    with pytest.raises(Invalid) as refused:
        notices.publish_notice(draft, actor=actor, seen=draft.version)
    assert refused.value.field == "number"
    issued = issue(draft, actor)
    paper = Paper(print_notice(issued, actor=actor))
    masked = f"{person.id_number[:4]}**********{person.id_number[-4:]}"
    paper.in_order(
        "川人社职鉴〔2022〕1号", "通报", person.name, "2022年第一期培训班", "2022年第二期培训班",
        "川人社职鉴〔2022〕21号",
        "取消申报资格人员（单位）名单", "1", person.name, masked, unit.name, "累计2次无故缺勤", "2", unit.name,
    )  # fmt: skip
    assert person.id_number not in paper.text
    for seat in (unit.seat, other, city):
        reader = make.actor_of(seat)
        assert Notice.visible_to(reader).where(Notice.id == issued.id).exists()
        assert Message.select().where(Message.user == seat.user_id, Message.text.contains(issued.number)).count() == 1


@pytest.mark.requirement("R7.09")
def test_without_the_mark_it_is_not_public_and_public_ones_carry_no_numbers(draft):
    assert "证件号码" in listed_table(draft)[0]
    issued = issue(draft, centre())
    assert not Notice.visible_to(None).where(Notice.id == issued.id).exists()
    withdrawn = Notice.get_by_id(issued.id)
    notices.withdraw_notice(withdrawn, actor=centre(), seen=withdrawn.version, reason="改为主动公开")
    bar = Bar.get(Bar.person.is_null(False))
    Bar.update(bulletin=None).execute()
    again = issue(bulletins.write_bulletin(bar, actor=centre()), centre(), is_public=True)
    assert Notice.visible_to(None).where(Notice.id == again.id).exists()
    heads, rows = listed_table(again)
    assert "证件号码" not in heads and not any("*" in cell for row in rows for cell in row)


def test_the_list_is_frozen_on_the_notice(unit, person, draft):
    """What was issued goes on saying what was so when it was issued."""
    issued = issue(draft, centre())
    before = issued.listed
    person.name = "改名"
    person.save()
    for bar in Bar.select():
        bars.lift_bar(bar, actor=centre(), reason="解除")
    assert Notice.get_by_id(issued.id).listed == before


def test_a_lifted_bar_is_not_made_known_any_more(draft):
    bars.lift_bar(Bar.get(Bar.person.is_null(False)), actor=centre(), reason="解除")
    with pytest.raises(Invalid, match="请从通报中去掉"):
        issue(draft, centre())


def test_choosing_whom_a_draft_lists(unit, person, draft):
    other = make.make_person(make.make_organisation("远航技能评价有限公司"))
    for _ in range(2):
        make_strike(other)
    theirs = Bar.get(Bar.person == other)
    mine = Bar.get(Bar.person == person)
    actor = centre()
    with pytest.raises(Invalid):
        bulletins.list_bars(draft, [], actor=actor, seen=draft.version)
    with pytest.raises(Invalid):  # it stands in a draft of its own
        bulletins.list_bars(draft, [theirs.id], actor=actor, seen=draft.version)
    second = Notice.get_by_id(theirs.bulletin_id)
    notices.delete_draft(second, actor=actor, seen=second.version)
    draft = bulletins.list_bars(draft, [mine.id, theirs.id], actor=actor, seen=draft.version)
    assert [row["name"] for row in draft.listed] == [person.name, other.name]
    assert other.name in draft.body and unit.name not in draft.body
    assert Bar.get(Bar.organisation == unit).bulletin_id is None
    with pytest.raises(Stale):
        bulletins.list_bars(draft, [mine.id], actor=actor, seen=draft.version - 1)


def test_who_may_write_a_bulletin(unit, person, draft):
    bar = Bar.get(Bar.person == person)
    with pytest.raises(NotAllowed):
        bulletins.write_bulletin(bar, actor=make.actor_of(unit.seat))
    with pytest.raises(NotAllowed, match="已有通报"):
        bulletins.write_bulletin(bar, actor=centre())
    with pytest.raises(NotAllowed):
        bulletins.list_bars(draft, [bar.id], actor=department(), seen=draft.version)
    assert Office.get_by_id(draft.office_id).body == "centre"


def test_a_bulletin_for_uncollected_cards_says_so(unit):
    """None is drafted by itself, since the rule names none; the province may write one."""
    lost = make.make_person(unit)
    for month in (1, 2):
        make_card(lost, issued_on=date(2022, month, 1), claim_due=date(2022, month + 3, 1))
    assert void_overdue() == 2
    bar = Bar.get(Bar.person == lost)
    assert bar.bulletin_id is None
    draft = bulletins.write_bulletin(bar, actor=centre())
    assert "连续不领取" in draft.announcement and "缺勤" not in draft.announcement + draft.body
    assert draft.listed[0]["facts"].startswith("连续2次不领取证卡")
