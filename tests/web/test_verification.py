"""Public verification: what a number, a number with its name, and a QR code say, and what they never say."""

import re
from datetime import date, datetime

import pytest

from portal.actions import card_corrections, cards
from portal.actions.files import keep_file
from portal.actions.sealing import seal
from portal.database import database
from portal.models import Credential
from portal.rules.flows.credential import State
from portal.storage import Store
from tests import make
from tests.make_credentials import issuer_of, make_credential, make_passed
from tests.pages import identity_numbers
from tests.storage import corpus


@pytest.fixture
def issued(app, at):
    """A card of Sichuan with a real photo, issued on 2023-03-01 (valid to 2026-02-28)."""
    at("2023-03-01 10:00")
    organisation = make.make_organisation()
    person = make.make_person(organisation)
    kept = Store(app.config["PORTAL"].uploads).keep_issued(corpus.jpeg(), "照片.jpg", kind="jpeg")
    owner = make.applicant(person)
    person.portrait = keep_file(owner=f"person:{person.id}", slot="person.portrait", kept=kept, actor=owner)
    person.save()
    return make_credential(registration=make_passed(make.make_plan(), organisation, person))


def set_state(card, state, **kw):
    """Put a credential into a state, as its own flow would have left it."""
    Credential.update(state=state, **kw).where(Credential.id == card.id).execute()


def look_up(page, number, name=""):
    """The page that the form leads to."""
    return page("/verify").press("verify-form", number=number, name=name, expect=200)


def result_of(shown):
    """The text of the answer alone, without the time."""
    section = next(e for e in shown.tree.iter("section") if "verify-result" in (e.get("class") or ""))
    return " ".join("".join(section.itertext()).partition("核验时间")[0].split())


@pytest.mark.requirement("R11.08")
def test_valid_expired_and_void_answer_with_their_word(page, issued, at):
    set_state(issued, State.VALID)
    at("2026-02-28 23:59:59")
    assert result_of(look_up(page, issued.number)).startswith("有效 ")
    at("2026-03-01 00:00:00")  # no sweep has run: the calendar decides
    expired = result_of(look_up(page, issued.number))
    assert Credential.get_by_id(issued.id).state == State.VALID
    assert expired.startswith("已过期 ") and "2026年2月28日" in expired
    at("2023-06-01 09:00")
    set_state(issued, State.AWAITING_CLAIM, released_on=date(2023, 3, 1), claim_due=date(2023, 5, 30))
    assert result_of(look_up(page, issued.number)).startswith("已作废 ")


@pytest.mark.requirement("R6.18")
def test_a_void_card_says_so_with_its_date_before_and_after_the_sweep(page, issued, at):
    set_state(issued, State.AWAITING_CLAIM, released_on=date(2023, 3, 1), claim_due=date(2023, 5, 30))
    at("2023-05-30 23:59:59")
    assert result_of(look_up(page, issued.number)).startswith("待领取 ")
    at("2023-05-31 00:00:00")
    before = result_of(look_up(page, issued.number))
    assert before.startswith("已作废 ") and "2023年5月30日" in before
    assert cards.void_overdue() == 1
    assert result_of(look_up(page, issued.number)) == before
    # It stays in the history, and the next number is another one.
    assert Credential.get_by_id(issued.id).state == State.VOID_UNCLAIMED
    assert make_credential().number != issued.number


@pytest.mark.parametrize("state, word", [
    (State.ISSUED, "已制证，待发放"), (State.CLAIMED, "已申请领取，待交付"), (State.REVOKED, "已撤销"),
    (State.REPLACED, "已换证"),
])  # fmt: skip
def test_every_other_state_has_its_word(page, issued, state, word):
    ended = datetime(2023, 3, 2, 9) if state in (State.REVOKED, State.REPLACED) else None
    set_state(issued, state, ended_at=ended, reason="内部原因")
    said = result_of(look_up(page, issued.number))
    assert said.startswith(word) and "内部原因" not in said
    assert ("2023年3月2日" in said) == (ended is not None)


def test_a_number_alone_tells_no_person(page, issued):
    said = result_of(look_up(page, issued.number))
    printed = issued.printed
    for key in ("name", "sex", "id_number", "occupation", "unit", "levels"):
        assert printed[key] not in said, key
    assert printed["id_number"][:4] + "*" not in said
    assert printed["issuer"] in said and issued.number in said
    assert "/verify/portrait/" not in look_up(page, issued.number).html


def test_number_and_name_give_all_that_is_printed_and_the_photo(page, client, issued, at):
    shown = look_up(page, issued.number, issued.name)
    printed = issued.printed
    for key in ("title", "name", "sex", "id_type", "occupation", "grade", "levels", "unit", "number", "issued_on",
                "valid_to", "issuer", "body"):  # fmt: skip
        assert printed[key] in shown.text, key
    number = printed["id_number"]
    assert number not in shown.html and f"{number[:4]}**********{number[-4:]}" in shown.text
    assert "核验时间：2023-03-01 10:00:00" in shown.text and "http://127.0.0.1:8000/verify" in shown.text
    photo = re.search(r'src="(/verify/portrait/[^"]+)"', shown.html)[1]
    answer = client.get(photo)
    assert answer.status_code == 200 and answer.data[:2] == b"\xff\xd8"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Robots-Tag"].startswith("noindex")
    at("2023-03-01 10:05:00")
    assert client.get(photo).status_code == 200
    at("2023-03-01 10:05:01")
    assert client.get(photo).status_code == 404


def test_a_photo_that_was_changed_on_disk_is_not_shown(page, client, issued):
    photo = re.search(r'src="(/verify/portrait/[^"]+)"', look_up(page, issued.number, issued.name).html)[1]
    stored = client.app.config["PORTAL"].uploads / issued.portrait.path
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.chmod(0o600)
    stored.write_bytes(content)
    assert client.get(photo).status_code == 404


def test_the_qr_code_is_a_full_match(page, client, issued):
    shown = page(f"/verify/t/{issued.token}")
    assert issued.name in shown.text and issued.printed["unit"] in shown.text and "/verify/portrait/" in shown.html
    assert issued.printed["verify"].endswith(f"/verify/t/{issued.token}")
    assert identity_numbers(shown.html) == []
    # Another's token, or one sign less, is nobody's.
    for token in (issued.token[:-1], issued.token + "A", issued.token.swapcase(), "a" * 500, "%20", "一"):
        assert "没有查到" in page(f"/verify/t/{token}", 404).text


def test_nothing_is_kept_or_found_by_search_engines(client, issued):
    for url in ("/verify", f"/verify/t/{issued.token}"):
        answer = client.get(url)
        assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]
        assert '<meta name="robots" content="noindex, nofollow">' in answer.get_data(as_text=True)
        assert "Set-Cookie" not in answer.headers


def test_it_needs_no_cookie_and_survives_an_old_page(app, client, issued, at):
    """The form's own token is enough; after a day the page asks to press again and keeps what was typed."""
    shown = client.page("/verify")
    client.sign_out()
    at("2023-03-02 10:00:00")
    answer = shown.press("verify-form", number=issued.number, expect=200)
    assert "待发放" in answer.text
    at("2023-03-02 10:00:01")
    client.sign_out()
    late = shown.press("verify-form", number=issued.number, name=issued.name, expect=400)
    assert "再按一次" in late.text and late.values("verify-form")["number"] == issued.number
    client.sign_out()
    assert "待发放" in late.press("verify-form", expect=200).text


def test_the_form_does_not_take_its_fields_from_the_address(page, issued):
    shown = page(f"/verify?number={issued.number}&name={issued.name}")
    assert issued.name not in shown.html and shown.values("verify-form")["number"] == ""


@pytest.mark.parametrize("typed", [
    " {number} ", "{number}\u200b", "{spaced}", "{full}", "{lower}",
])  # fmt: skip
def test_what_people_type_is_read(page, db, at, typed):
    at("2023-03-01 10:00")
    card = make_credential()
    number = "SC考评22023A00001"
    Credential.update(number=number).where(Credential.id == card.id).execute()
    card = Credential.get_by_id(card.id)
    Credential.update(mac=seal(card)).where(Credential.id == card.id).execute()
    full = "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in number)
    text = typed.format(number=number, spaced=" ".join(number), full=full, lower=number.lower())
    spaced = "　".join(card.name)
    assert "已制证" in look_up(page, text, spaced).text
    assert card.printed["unit"] in look_up(page, text, spaced).text


def test_a_number_taken_over_with_lower_case_is_found_as_it_was_typed(page, issued):
    issued.number = "川职鉴 a-17"
    issued.printed = {"number": issued.number, "name": issued.name}
    issued.mac = seal(issued)
    issued.save()
    assert "已制证" in look_up(page, "川职鉴 a-17").text


@pytest.mark.parametrize("number, said", [
    ("1234567890123456", "16位的旧版国家职业资格证书"),
    ("Ｓ" + "０" * 19 + "２１", "22位的职业技能等级证书"),
    ("Y000051001064", "13位的评价机构备案编码"), ("S123", "没有查到"),
])  # fmt: skip
def test_foreign_numbers_are_recognised(page, issued, number, said):
    shown = look_up(page, number)
    assert said in shown.text and "没有查到" in shown.text


def test_an_identity_number_is_never_shown_again(page, issued):
    number = issued.printed["id_number"]
    for field in ("number", "name"):
        values = {"number": issued.number, "name": "某人", field: number}
        shown = look_up(page, **values)
        assert identity_numbers(shown.html) == []
    assert "请不要在这里输入证件号码" in look_up(page, number).text


def test_a_replaced_one_mentions_its_successor_and_its_number_only_for_a_full_match(page, issued, at):
    new = card_corrections.correct_credential(
        issued, actor=issuer_of("sichuan"), values={"unit": "新单位有限公司"}, reason="单位名称有误"
    )
    alone = result_of(look_up(page, issued.number))
    assert alone.startswith("已撤销 ") and "更正换发" in alone and "新证" in alone
    assert new.number not in look_up(page, issued.number).html and new.token not in look_up(page, issued.number).html
    full = result_of(look_up(page, issued.number, issued.name))
    assert f"{new.number}（已制证，待发放）" in full and "新单位有限公司" not in full
    assert new.token not in page(f"/verify/t/{issued.token}").html


@pytest.mark.parametrize("damage", [
    {"printed": {"name": "别人", "number": "1"}}, {"valid_to": date(2036, 2, 28)}, {"mac": "0" * 64},
    {"state": "valie"}, {"issued_on": "2023-0x-01"}, {"printed": "不是JSON对象"}, {"token": "x" * 22},
])  # fmt: skip
def test_what_does_not_match_its_seal_is_never_shown_as_valid(page, issued, damage, caplog):
    set_state(issued, State.VALID)
    assert result_of(look_up(page, issued.number, issued.name)).startswith("有效 ")  # control
    Credential.update(**damage).where(Credential.id == issued.id).execute()
    token = damage.get("token", issued.token)
    for shown in (look_up(page, issued.number), look_up(page, issued.number, issued.name), page(f"/verify/t/{token}")):
        said = result_of(shown)
        assert said.startswith("无法核验 ") and "有效期" not in said and "本证在核验时有效" not in said
        assert issued.printed["unit"] not in said and "/verify/portrait/" not in shown.html
    assert f"credential {issued.id} cannot be verified" in caplog.text and issued.name not in caplog.text


def test_silent_damage_of_the_stored_bytes_is_told(page, issued):
    """One flipped bit anywhere in the text of what is printed (also one that makes it unreadable)."""
    set_state(issued, State.VALID)
    row = database.execute_sql("SELECT CAST(printed AS BLOB) FROM credential WHERE id = ?", (issued.id,)).fetchone()[0]
    for place in range(0, len(row), max(1, len(row) // 40)):
        flipped = bytearray(row)
        flipped[place] ^= 1 << (place % 7)
        sql = "UPDATE credential SET printed = CAST(? AS TEXT) WHERE id = ?"
        database.execute_sql(sql, (bytes(flipped), issued.id))
        answer = page("/verify").press("verify-form", number=issued.number)
        assert "无法核验" in answer.text, (place, bytes(flipped)[max(0, place - 20):place + 20])
    database.execute_sql("UPDATE credential SET printed = CAST(? AS TEXT) WHERE id = ?", (row, issued.id))
    assert result_of(look_up(page, issued.number)).startswith("有效 ")
    database.execute_sql("UPDATE credential SET name = CAST(? AS TEXT) WHERE id = ?", (b"\xe5\xff", issued.id))
    for name in ("", issued.name):
        assert "无法核验" in look_up(page, issued.number, name).text


def test_the_home_page_leads_there(page, issued):
    assert "/verify" in page("/").links()
    shown = page("/verify")
    current = [e for e in shown.tree.iter("a") if e.get("aria-current")]
    assert {"".join(e.itertext()).strip() for e in current} == {"证书查询"}


def test_an_empty_number_is_asked_for(page, db):
    assert "请填写证书" in page("/verify").press("verify-form", number=" ", name="某人", expect=422).text
    long = page("/verify").press("verify-form", number="1" * 61, expect=422)
    assert "最多60个字" in long.text


def test_an_anhui_certificate_without_end_is_valid_for_good(page, db, at):
    at("2021-06-01 10:00")
    card = make_credential(make.ANHUI)
    at("2051-06-01 10:00")
    shown = look_up(page, card.number, card.name)
    assert result_of(shown).startswith("有效 ") and "有效期至" not in result_of(shown)
