"""Proofs of portal.rules.identity and portal.rules.invented: documents, codes, telephones and masks."""

import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import clock
from portal.rules import identity, invented
from portal.rules.errors import Invalid

TODAY = date(2026, 1, 15)
STANDARD_EXAMPLE = "11010519491231002X"  # the example in GB 11643 itself
INVENTED = invented.make_number("340197", date(1990, 1, 1), 1)


def refusal(id_type, number):
    """The Chinese sentence with which `number` is refused."""
    with pytest.raises(Invalid) as caught:
        identity.check(id_type, number, today=TODAY)
    assert caught.value.field == "id_number"
    return caught.value.message


# --- the twelve types -------------------------------------------------------------------------------------------------


def test_the_list_has_exactly_the_twelve_types_of_the_notice():
    assert list(identity.DOCUMENT_TYPES.items()) == [
        ("201", "居民身份证"),
        ("227", "中国护照"),
        ("210", "港澳居民来往内地通行证"),
        ("237", "港澳居民居住证"),
        ("213", "台湾居民来往大陆通行证"),
        ("238", "台湾居民居住证"),
        ("208", "外国护照"),
        ("233", "外国人永久居留身份证"),
        ("239", "外国人工作许可证（A类）"),
        ("240", "外国人工作许可证（B类）"),
        ("241", "外国人工作许可证（C类）"),
        ("299", "其他个人证件"),
    ]


def test_an_unknown_type_is_refused_at_the_type_field():
    with pytest.raises(Invalid) as caught:
        identity.check("200", STANDARD_EXAMPLE, today=TODAY)
    assert caught.value.field == "id_type"
    assert "200" in caught.value.message


PERMIT_HONG_KONG = invented.make_number("810000", date(1985, 6, 15), 123)
PERMIT_TAIWAN = invented.make_number("830000", date(1985, 6, 15), 124)


@pytest.mark.parametrize(
    ("id_type", "typed", "stored"),
    [
        ("201", STANDARD_EXAMPLE, STANDARD_EXAMPLE),
        ("201", "１１０１０５１９４９１２３１００２ｘ", STANDARD_EXAMPLE),
        ("201", " 110105 19491231 002x\u200b\n", STANDARD_EXAMPLE),
        ("237", PERMIT_HONG_KONG, PERMIT_HONG_KONG),
        ("238", PERMIT_TAIWAN, PERMIT_TAIWAN),
        ("233", "911124198108030024", "911124198108030024"),
        ("233", "abc123456789012", "ABC123456789012"),
        ("227", "e00000000", "E00000000"),
        ("227", "EA0000000", "EA0000000"),
        ("210", "h00000000", "H00000000"),
        ("210", "M0000000001", "M0000000001"),
        ("213", "00000000", "00000000"),
        ("213", "0000000000（B）", "0000000000(B)"),
        ("208", "x1245", "X1245"),
        ("239", "1234E5678", "1234E5678"),
        ("240", "ABC123", "ABC123"),
        ("241", "A" * 20, "A" * 20),
        ("299", "军字第 001 号", "军字第001号"),
    ],
)
def test_good_numbers_are_stored_in_one_form(id_type, typed, stored):
    assert identity.check(id_type, typed, today=TODAY) == stored
    assert all(finding.ok is not False for finding in identity.explain(id_type, typed, today=TODAY))


@pytest.mark.parametrize(
    ("id_type", "number", "words"),
    [
        ("201", "", "请填写证件号码"),
        ("201", "　 ", "请填写证件号码"),
        ("201", STANDARD_EXAMPLE[:17] + "1", "校验码不符"),
        ("201", "110105491231002", "15位旧号码已于2013年停止使用"),
        ("201", STANDARD_EXAMPLE[:17], "应为18位，现为17位"),
        ("201", STANDARD_EXAMPLE + "1", "应为18位，现为19位"),
        ("201", "1101051949123100XX", "17位数字加一位数字或X"),
        ("201", "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "17位数字加一位数字或X"),
        ("201", "3.40103E+17", "单元格设为文本"),
        ("201", invented.make_number("340197", date(1990, 2, 28), 1).replace("19900228", "19900229"), "出生日期"),
        ("201", PERMIT_HONG_KONG, "港澳居民居住证"),
        ("201", PERMIT_TAIWAN, "台湾居民居住证"),
        ("201", "911124198108030024", "外国人永久居留身份证"),
        ("237", PERMIT_TAIWAN, "810000或820000开头"),
        ("237", STANDARD_EXAMPLE, "810000或820000开头"),
        ("238", PERMIT_HONG_KONG, "830000开头"),
        ("238", PERMIT_TAIWAN[:17] + ("1" if PERMIT_TAIWAN[17] != "1" else "2"), "校验码不符"),
        ("233", "911124198108030025", "校验码不符"),
        ("233", "811124198108030024", "以9开头"),
        ("233", "AB1234567890123", "格式不对"),
        ("227", "123456789", "格式不对"),
        ("210", "H0000000", "格式不对"),
        ("210", "H000000001", "格式不对"),
        ("210", "A00000000", "格式不对"),
        ("213", "0000000", "格式不对"),
        ("208", "ABCD", "格式不对"),
        ("208", "A" * 18, "格式不对"),
        ("239", "A" * 5, "格式不对"),
        ("240", "A" * 21, "格式不对"),
        ("299", "A" * 31, "格式不对"),
    ],
)
def test_bad_numbers_are_refused_in_words(id_type, number, words):
    message = refusal(id_type, number)
    assert words in message
    findings = identity.explain(id_type, number, today=TODAY)
    assert findings[-1] == (False, message), "the command line tells the same reason, and it comes last"
    assert [finding.ok for finding in findings].count(False) == 1


def test_the_right_check_character_is_never_told():
    assert refusal("201", STANDARD_EXAMPLE[:17] + "1").count("X") == 0


def test_birth_is_neither_in_the_future_nor_before_1900():
    born_today = invented.make_number("340197", TODAY, 1)
    assert identity.check("201", born_today, today=TODAY) == born_today
    assert "晚于今天" in refusal("201", invented.make_number("340197", date(2026, 1, 16), 1))
    first = invented.make_number("340197", date(1900, 1, 1), 1)
    assert identity.check("201", first, today=TODAY) == first
    assert "早于1900年" in refusal("201", invented.make_number("340197", date(1899, 12, 31), 1))


def test_without_a_day_the_clock_decides_what_future_is():
    number = invented.make_number("340197", date(2020, 5, 2), 1)
    try:
        clock.set_for_test(datetime(2020, 5, 1, 23, 59))
        with pytest.raises(Invalid):
            identity.check("201", number)
        clock.set_for_test(datetime(2020, 5, 2))
        assert identity.check("201", number) == number
    finally:
        clock.set_for_test(None)


def test_an_unknown_address_code_is_only_a_warning():
    strange = invented.make_number("770101", date(1990, 1, 1), 1)
    assert identity.check("201", strange, today=TODAY) == strange
    assert len(identity.warnings("201", strange)) == 1
    assert identity.explain("201", strange, today=TODAY)[-1].ok is None
    assert identity.warnings("201", INVENTED) == [], "an unassigned county in a known province is not even a warning"


numbers = st.builds(
    invented.make_number,
    st.sampled_from(["110105", "340197", "510197", "659001"]),
    st.dates(date(1900, 1, 1), date(2025, 12, 31)),
    st.integers(0, 999),
)


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_wrong_character_is_detected(number, place, typed):
    wrong = number[:place] + typed + number[place + 1 :]
    if wrong == number:
        assert identity.check("201", wrong, today=TODAY) == number
    else:
        with pytest.raises(Invalid):
            identity.check("201", wrong, today=TODAY)


@given(numbers, st.integers(0, 16))
def test_every_swap_of_neighbours_is_detected(number, place):
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(Invalid):
            identity.check("201", swapped, today=TODAY)


@given(st.sampled_from([*identity.DOCUMENT_TYPES, "200", ""]), st.text(max_size=40))
def test_any_text_is_accepted_or_refused(id_type, text):
    """No input whatever raises anything else, and what is accepted is accepted again unchanged."""
    try:
        stored = identity.check(id_type, text, today=TODAY)
    except Invalid:
        return
    assert identity.check(id_type, stored, today=TODAY) == stored


# --- what a number says -----------------------------------------------------------------------------------------------


def test_birth_and_sex_are_read_from_the_number():
    assert identity.birth_date(STANDARD_EXAMPLE) == date(1949, 12, 31)
    assert identity.sex(STANDARD_EXAMPLE) == "女"
    assert identity.sex(INVENTED) == "男"
    assert identity.birth_date(PERMIT_HONG_KONG, "237") == date(1985, 6, 15)
    assert identity.birth_date("H00000000", "210") is None
    assert identity.sex("H00000000", "210") is None
    assert identity.birth_date("123456789012345678", "299") is None, "18 digits of another document say nothing"


def test_typed_sex_must_agree_with_the_number_where_it_carries_one():
    identity.check_sex("201", INVENTED, "男")
    identity.check_sex("208", "AB12345", "女")
    with pytest.raises(Invalid) as caught:
        identity.check_sex("201", INVENTED, "女")
    assert caught.value.field == "sex"


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(1960, 6, 15), date(2025, 6, 14), 64),
        (date(1960, 6, 15), date(2025, 6, 15), 65),
        (date(2000, 2, 29), date(2025, 2, 27), 24),
        (date(2000, 2, 29), date(2025, 2, 28), 25),
        (date(2000, 2, 29), date(2024, 2, 28), 23),
        (date(2000, 2, 29), date(2024, 2, 29), 24),
        (date(2000, 1, 1), date(2000, 1, 1), 0),
    ],
)
def test_age_in_full_years(birth, day, years):
    assert identity.age_on(birth, day) == years


def test_renewed_permits_of_one_person_are_one_document():
    assert identity.same_document("210", "H1234567801", "h12345678")
    assert identity.same_document("210", "H1234567801", "H1234567802")
    assert not identity.same_document("210", "H1234567801", "M1234567801")
    assert not identity.same_document("210", "H1234567801", "H1234567901"), "the ninth character still counts"
    assert identity.same_document("201", STANDARD_EXAMPLE, STANDARD_EXAMPLE.lower())
    assert not identity.same_document("201", STANDARD_EXAMPLE, INVENTED)
    assert not identity.same_document("299", "ABCDEFGHI1", "ABCDEFGHI2"), "only type 210 counts renewals"


# --- unified social credit codes --------------------------------------------------------------------------------------

CREDIT_EXAMPLE = "91350100M000100Y43"  # the example in GB 32100 itself


@pytest.mark.parametrize("typed", [CREDIT_EXAMPLE, "９１３５０１００ｍ０００１００ｙ４３", "91350100-M000100Y-43 "])
def test_a_credit_code_is_stored_in_one_form(typed):
    assert identity.check_credit_code(typed) == CREDIT_EXAMPLE


def test_letters_among_the_first_eight_are_allowed():
    code = invented.make_credit_code(8, kind="N2")
    assert identity.check_credit_code(code) == code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "请填写"),
        (CREDIT_EXAMPLE[:17], "现为17位"),
        (CREDIT_EXAMPLE[:17] + "4", "校验码不对"),
        ("9135O100M000100Y43", "不会出现“O”"),
        ("91350100M000100Y4中", "不会出现“中”"),
    ],
)
def test_a_wrong_credit_code_is_refused_in_words(code, words):
    with pytest.raises(Invalid) as caught:
        identity.check_credit_code(code)
    assert caught.value.field == "credit_code"
    assert words in caught.value.message


@given(st.integers(0, 99_999_999), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_every_single_wrong_character_of_a_credit_code_is_detected(index, place, typed):
    code = invented.make_credit_code(index)
    wrong = code[:place] + typed + code[place + 1 :]
    if wrong == code:
        assert identity.check_credit_code(wrong) == code
    else:
        with pytest.raises(Invalid):
            identity.check_credit_code(wrong)


# --- telephones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("19900000001", "19900000001"),
        ("+86 199 0000 0001", "19900000001"),
        ("１９９-0000-0001", "19900000001"),
        ("0551-20000000", "0551-20000000"),
        ("（0551）20000000", "0551-20000000"),
        ("055120000000", "0551-20000000"),
        ("0559—2000000", "0559-2000000"),
        ("028 2000 0000", "028-20000000"),
        ("010-20000000转123", "010-20000000-123"),
    ],
)
def test_telephones_are_stored_in_one_form(typed, stored):
    assert identity.check_phone(typed) == stored
    assert identity.check_phone(stored) == stored


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "请填写联系电话"),
        ("20000000", "加上区号"),
        ("1990000000", "11位手机号码"),
        ("199000000011", "11位手机号码"),
        ("12000000001", "11位手机号码"),
        ("0551-2000", "11位手机号码"),
        ("电话", "11位手机号码"),
    ],
)
def test_what_is_no_telephone_is_refused_in_words(typed, words):
    with pytest.raises(Invalid) as caught:
        identity.check_phone(typed)
    assert caught.value.field == "phone"
    assert words in caught.value.message


# --- masks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("340197199001011234", "3401**********1234"),
        ("ABC123456789012", "A**********9012"),
        ("H0123456701", "H******6701"),
        ("E01234567", "E*****567"),
        ("01234567", "0****567"),
        ("AB12", "A**2"),
        ("北一二", "北**"),
        ("AB", "A*"),
        ("A", "*"),
        ("", ""),
    ],
)
def test_the_one_mask(number, masked):
    assert identity.mask(number) == masked


@given(st.text(alphabet="0123456789ABCXYZ", max_size=30))
def test_a_mask_keeps_the_length_and_shows_at_most_half(number):
    masked = identity.mask(number)
    shown = [(place, char) for place, char in enumerate(masked) if char != "*"]
    assert len(masked) == len(number)
    assert all(number[place] == char for place, char in shown)
    assert len(shown) <= len(number) / 2


def test_telephones_are_masked_in_the_middle():
    assert identity.mask_phone("19900000001") == "199****0001"
    assert identity.mask_phone("0551-20000001") == "0551-****0001"
    assert identity.mask_phone("028-2000001-12") == "028-***0001"
    assert identity.mask_phone("") == ""


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证340197199001011234。", "身份证3401**********1234。"),
        ("ID110105 19491231 002x,", "ID1101************002x,"),
        ("证号３４０１９７１９９００１０１１２３４", "证号３４０１**********１２３４"),
        ("旧号110105491231002", "旧号1**********1002"),
        ("护照E01234567", "护照E*****567"),
        ("通行证H0123456701和M01234567", "通行证H******6701和M*****567"),
        ("居留证ABC123456789012", "居留证A**********9012"),
        ("电话199 0000 0001、+8619900000002", "电话199****0001、199****0002"),
        ("机构Y000051001064，证书S000034010001213000001号", "机构Y000051001064，证书S000034010001213000001号"),
        ("2022年12月8日第20221208号", "2022年12月8日第20221208号"),
        ("没有号码", "没有号码"),
    ],
)
def test_numbers_in_free_text_are_masked_and_codes_stay(text, masked):
    assert identity.mask_numbers(text) == masked


@given(st.text(max_size=20), numbers, st.text(max_size=20))
def test_no_identity_number_survives_in_free_text(before, number, after):
    text = identity.mask_numbers(f"{before} {number} {after}")
    assert number not in text


# --- invented persons -------------------------------------------------------------------------------------------------


def test_invented_people_are_plausible_and_pass_every_check():
    people = invented.make_people(3000)
    for person in people:
        assert identity.check(person.id_type, person.id_number, today=TODAY) == person.id_number
        assert identity.birth_date(person.id_number) == person.birth
        assert identity.sex(person.id_number) == person.sex
        assert identity.check_phone(person.phone) == person.phone
        assert re.fullmatch(r"1990000\d{4}", person.phone)
        assert person.id_number[4:6] == "97", "a county code that was never assigned"
        assert 2 <= len(person.name) <= 4
    assert {person.sex for person in people} == {"男", "女"}


def test_invented_people_differ_from_each_other_also_beyond_the_first_ten_thousand():
    people = [person for first in (0, 10_007, 500_000) for person in invented.make_people(200, first=first)]
    assert len({person.id_number for person in people}) == 600
    assert len({person.phone for person in people}) == 600


def test_the_same_seed_invents_the_same_people_and_another_seed_others():
    assert invented.make_people(20) == invented.make_people(20)
    assert invented.make_person(7) == invented.make_people(3, first=5)[2]
    assert invented.make_people(20, seed="b") != invented.make_people(20)


def test_invented_credit_codes_pass_the_check_and_differ():
    codes = [invented.make_credit_code(index) for index in range(500)]
    assert [identity.check_credit_code(code) for code in codes] == codes
    assert len(set(codes)) == 500
