"""The pages of the card desk: a claim with its papers; release, handing out and corrections."""

import io
import zipfile
from datetime import timedelta

import pytest

from portal.models import Claim, Credential, Grant, Message
from portal.models.jurisdictions import working_calendar
from portal.rules.flows.credential import State
from portal.rules.workflow import Seat
from portal.storage import Store
from tests import make
from tests.house.world import load_calendar
from tests.make_cards import fresh, make_desk, submit_for
from tests.storage import corpus


@pytest.fixture
def desk(app, at):
    load_calendar()
    at("2023-03-01 10:00")
    desk = make_desk(0)
    for _ in range(3):
        submit_for(desk, Store(app.config["PORTAL"].uploads))
    return desk


def grant(actor) -> Grant:
    return Grant.get(Grant.user == actor.user)


def as_unit(client, desk):
    client.sign_out()
    return client.sign_in(grant(desk.unit))


def as_province(client, desk):
    client.sign_out()
    return client.sign_in(grant(desk.issuer))


def claimed(client, desk) -> Claim:
    desk.cards = desk.release()
    as_unit(client, desk).post("/unit/cards", {
        "card": [card.id for card in desk.cards], "receiver": "李明", "receiver_phone": "13900000000",
    })  # fmt: skip
    return Claim.get()


def test_release_on_the_page(client, desk):
    page = as_province(client, desk).page("/province/cards")
    assert "待发放" in page.text and all(card.name in page.text for card in desk.cards)
    page = page.press("release", card=[str(desk.cards[0].id), str(desk.cards[1].id)])
    assert "已发放2张，领取截止日2023-05-26" in page.text
    assert [fresh(card).state for card in desk.cards] == [State.AWAITING_CLAIM, State.AWAITING_CLAIM, State.ISSUED]
    assert "剩60个工作日" in client.page("/province/cards?show=awaiting").text
    assert "请至少选择一张" in client.page("/province/cards").press("release").text


@pytest.mark.requirement("R6.09", "R6.11")
def test_the_unit_claims_with_table_bundle_and_scan(client, desk):
    desk.cards = desk.release()
    browser = as_unit(client, desk)
    page = browser.page("/unit/cards")
    assert "剩60个工作日" in page.text and "证卡领取" in page.text
    page = page.press("claim-form", receiver="", receiver_phone="13900000000", expect=422)
    assert "请填写领取人姓名" in page.text
    page = page.press("claim-form", receiver="李明", receiver_phone="13900000000",
                      card=[str(card.id) for card in desk.cards[:2]])  # fmt: skip
    claim = Claim.get()
    assert claim.number in page.text and "李明" in page.text and desk.cards[2].name not in page.text
    assert [fresh(card).claim_id for card in desk.cards] == [claim.id, claim.id, None]
    for suffix, start in (("pdf", b"%PDF"), ("xlsx", b"PK")):
        answer = browser.get(f"/unit/cards/claims/{claim.id}/table.{suffix}")
        assert answer.status_code == 200 and answer.data.startswith(start)
    answer = browser.get(f"/unit/cards/claims/{claim.id}/bundle.zip")
    assert answer.mimetype == "application/zip" and "attachment" in answer.headers["Content-Disposition"]
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert len({name.partition("/")[0] for name in names if "/" in name}) == 2
    answer = browser.post(f"/unit/cards/claims/{claim.id}/table", {
        "table": (io.BytesIO(corpus.jpeg()), "汇总表.jpg")}, content_type="multipart/form-data")  # fmt: skip
    assert answer.status_code == 303
    assert browser.get(f"/unit/cards/claims/{claim.id}/stamped").mimetype == "image/jpeg"
    assert claim.number in browser.page("/unit/cards?show=claims").text
    # The holder sees the card, and nothing to claim it with.
    client.sign_out()
    page = client.sign_in(make.grant_of(desk.cards[2].person)).page("/applicant/certificates")
    assert desk.cards[2].number in page.text and "申请领取" not in page.text and "/cards" not in page.html
    assert client.post("/unit/cards", {"card": [desk.cards[2].id]}).status_code == 403


def test_other_units_cards_and_claims_are_not_found(client, desk):
    claim = claimed(client, desk)
    other = make_desk(1)
    as_unit(client, other)
    for href in ("", "/table.pdf", "/bundle.zip", "/stamped"):
        assert client.get(f"/unit/cards/claims/{claim.id}{href}").status_code == 404
    assert client.get(f"/unit/cards/{desk.cards[0].id}/void-notice.pdf").status_code == 404
    ids = [desk.cards[0].id, other.cards[0].id]
    answer = client.post("/unit/cards", {"card": ids, "receiver": "李明", "receiver_phone": "13900000000"})
    assert answer.status_code == 404 and fresh(other.cards[0]).state == State.AWAITING_CLAIM
    assert desk.cards[0].name not in client.page("/unit/cards?show=all").text
    foreign = make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI))
    client.sign_out()
    client.sign_in(foreign)
    assert client.get(f"/province/cards/{desk.cards[0].id}").status_code == 404
    assert client.get(f"/province/cards/claims/{claim.id}").status_code == 404


@pytest.mark.requirement("R6.11")
def test_handing_out_on_the_page(client, desk):
    claim = claimed(client, desk)
    as_province(client, desk)
    assert claim.number in client.page("/province/cards?show=claims").text
    page = client.page(f"/province/cards/claims/{claim.id}")
    page = page.press("hand-out-form", officer="王晓", expect=422)
    assert "还没有上传盖章的汇总表" in page.text
    page = page.press("hand-out-form", officer="王晓", on_paper="y")
    assert "已交付3张证卡" in page.text and "王晓" in page.text and 'id="hand-out-form"' not in page.html
    assert {fresh(card).state for card in desk.cards} == {State.VALID}
    as_unit(client, desk)
    assert "王晓" in client.page(f"/unit/cards/claims/{claim.id}").text


@pytest.mark.requirement("R13.07", "R6.15")
def test_opening_a_page_voids_what_is_overdue(client, desk, at):
    """No cron, no daemon: whoever opens a page first does it."""
    desk.cards = desk.release()
    client.app.config["SWEEP_SECONDS"] = 0
    at("2023-05-26 23:59:59")
    client.page("/")
    assert fresh(desk.cards[0]).state == State.AWAITING_CLAIM
    at("2023-05-27 00:00:00")
    client.page("/")
    assert {fresh(card).state for card in desk.cards} == {State.VOID_UNCLAIMED}
    client.page("/")
    assert Message.select().where(Message.kind == "card_void", Message.user == desk.unit.user).count() == 3
    page = as_unit(client, desk).page("/unit/cards")
    assert "没有待领取的证卡" in page.text
    page = client.page("/unit/cards?show=all")
    assert "已作废" in page.text
    assert client.get(f"/unit/cards/{desk.cards[0].id}/void-notice.pdf").data.startswith(b"%PDF")
    client.sign_out()
    page = client.sign_in(make.grant_of(desk.cards[0].person)).page("/applicant/certificates")
    assert f"/applicant/certificates/{desk.cards[0].id}/void-notice.pdf" in page.html
    assert client.get(f"/applicant/certificates/{desk.cards[0].id}/void-notice.pdf").data.startswith(b"%PDF")
    assert client.get(f"/applicant/certificates/{desk.cards[1].id}/void-notice.pdf").status_code == 404


def test_without_a_sweep_the_pages_say_the_same(client, desk, at):
    desk.cards = desk.release()
    at("2023-05-27 00:00:00")
    page = as_unit(client, desk).page("/unit/cards?show=all")
    assert fresh(desk.cards[0]).state == State.AWAITING_CLAIM  # nothing has run
    assert "已作废" in page.text and "没有待领取的证卡" in client.page("/unit/cards").text
    as_province(client, desk)
    assert desk.cards[0].name in client.page("/province/cards?show=void").text
    assert desk.cards[0].name not in client.page("/province/cards?show=awaiting").text


@pytest.mark.requirement("R6.20")
def test_restoring_and_revoking_on_the_page(client, desk, at):
    desk.cards = desk.release()
    at("2023-05-27 08:00")
    page = as_province(client, desk).page(f"/province/cards/{desk.cards[0].id}")
    page = page.press("restore-form", reason="", expect=422)
    page = page.press("restore-form", reason="单位已按期到场")
    assert "新的领取截止日为2023-08-21" in page.text and "单位已按期到场" in page.text and "恢复证卡" in page.text
    page = page.press("revoke-form", reason="提供虚假材料")
    assert "已撤销" in page.text and fresh(desk.cards[0]).state == State.REVOKED
    assert 'id="revoke-form"' not in page.html
    answer = client.post(f"/province/cards/{desk.cards[0].id}/revoke", {"reason": "再来一次"})
    assert answer.status_code == 409


def test_a_wrong_name_is_corrected_on_the_page(client, desk):
    desk.cards = desk.release()
    page = as_province(client, desk).page(f"/province/cards/{desk.cards[0].id}/correct")
    page = page.press("correct-form", name="赵改正", reason="姓名录入有误")
    new = Credential.get(Credential.replaces == desk.cards[0].id)
    assert new.number in page.text and "赵改正" in page.text and new.printed["name"] == "赵改正"
    assert new.claim_due == desk.cards[0].claim_due and new.state == State.AWAITING_CLAIM
    page = client.page(f"/province/cards/{new.id}/correct")
    assert "没有需要更正的内容" in page.press("correct-form", reason="看一看", expect=422).text


@pytest.mark.requirement("R6.03")
def test_where_certificates_are_electronic_there_is_nothing_to_claim(client, app, at):
    from tests.make_credentials import make_credential

    at("2021-08-20 10:00")
    certificate = make_credential(make.ANHUI)
    unit = make.make_grant(Seat.UNIT, make.make_office(organisation=certificate.organisation))
    page = client.sign_in(unit).page("/unit/cards")
    assert "证卡领取" not in page.links() and "claim-form" not in page.html
    client.sign_out()
    centre = make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI))
    page = client.sign_in(centre).page("/province/cards")
    assert certificate.number in page.text and "待发放" not in page.text
    assert client.get("/province/cards?show=awaiting").status_code == 404


def test_search_finds_by_name_number_and_document(client, desk):
    desk.cards = desk.release()
    card = desk.cards[1]
    as_province(client, desk)
    for word in (card.name, card.number, card.person.id_number):
        page = client.page(f"/province/cards?show=all&q={word}")
        assert card.number in page.text and desk.cards[0].number not in page.text


def test_the_holder_reads_the_last_day_of_collection_only_while_it_matters(client, desk):
    holder = make.grant_of(desk.cards[0].person)

    def reads() -> str:
        client.sign_out()
        return client.sign_in(holder).page("/applicant/certificates").text

    assert "领取截止日2023" not in reads()
    claim = claimed(client, desk)
    assert fresh(desk.cards[0]).claim_due and "领取截止日2023-05-26" not in reads()
    as_province(client, desk).page(f"/province/cards/claims/{claim.id}").press(
        "hand-out-form", officer="王晓", on_paper="y"
    )
    assert fresh(desk.cards[0]).state == State.VALID and "2023-05-26" not in reads()


def test_the_holder_of_a_waiting_card_reads_its_last_day(client, desk):
    desk.release()
    client.sign_out()
    page = client.sign_in(make.grant_of(desk.cards[0].person)).page("/applicant/certificates")
    assert "领取截止日2023-05-26" in page.text


@pytest.mark.parametrize(("left", "tone"), [(11, "ok"), (10, "soon"), (4, "soon"), (3, "today"), (1, "today")])
def test_the_countdown_on_the_units_page_changes_its_colour_in_time(client, desk, at, left, tone):
    desk.release()
    due = fresh(desk.cards[0]).claim_due
    calendar = working_calendar()
    day = next(day for day in (due - timedelta(days=n) for n in range(60)) if calendar.remaining(day, due).days == left)
    at(f"{day} 10:00")
    page = as_unit(client, desk).page("/unit/cards")
    badges = [e for e in page.tree.iter("span") if "badge" in (e.get("class") or "") and "个工作日" in (e.text or "")]
    assert [(e.text, e.get("class").split()[-1]) for e in badges] == [(f"剩{left}个工作日", tone)] * 3


def test_on_the_last_day_the_countdown_says_so(client, desk, at):
    desk.release()
    at(f"{fresh(desk.cards[0]).claim_due} 10:00")
    html = as_unit(client, desk).page("/unit/cards").html
    assert html.count("今天到期") == 3 and html.count("badge today") == 3
