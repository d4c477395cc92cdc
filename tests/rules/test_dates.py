"""Proofs of portal.rules.dates: reading what people type, writing what notices print, one form of document numbers."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.dates import (
    DocNumber,
    doc_number,
    normalise_doc_number,
    parse_date,
    parse_datetime,
    parse_doc_number,
    print_date,
    print_datetime,
    print_end,
    print_moment,
    print_window,
)
from portal.rules.errors import Invalid

some_days = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@pytest.mark.requirement("R2.48")
def test_full_width_signature_date_is_kept_as_data_and_printed_as_in_notices():
    signed = parse_date("２０２２年１２月８日")
    assert signed.isoformat() == "2022-12-08"
    assert print_date(signed) == "2022年12月8日"


@pytest.mark.parametrize(
    "text",
    [
        "2022年12月８日",  # as the Sichuan notice has it
        "2022-12-08",
        "2022-12-8",
        "２０２２－１２－０８",
        "2022/12/8",
        "2022.12.8",
        "2022。12。8",
        "20221208",
        " 2022 年 12 月 8 日 ",
        "2022　年12月08号",
        "2022年12月8",
    ],
)
def test_every_usual_way_to_write_a_date_is_read(text):
    assert parse_date(text) == date(2022, 12, 8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请填写日期"),
        ("　", "请填写日期"),
        ("12月8日", "看不懂日期“12月8日”"),
        ("22-12-08", "看不懂"),
        ("2022-12/08", "看不懂"),
        ("2022-12-08 17:00", "看不懂"),
        ("二〇二二年十二月八日", "看不懂"),
        ("2023-02-29", "没有2023年2月29日这一天"),
        ("2022年13月1日", "没有2022年13月1日这一天"),
        ("1899-12-31", "1900至2199"),
        ("2200-01-01", "1900至2199"),
        ("٢٠٢٢-١٢-٠٨", "看不懂"),
        ("9" * 5000, "…”"),
    ],
)
def test_what_is_no_date_is_refused_in_words(text, words):
    with pytest.raises(Invalid) as refusal:
        parse_date(text, field="signed_on")
    assert refusal.value.field == "signed_on"
    assert words in refusal.value.message
    assert len(refusal.value.message) < 120


@given(some_days)
def test_what_is_printed_is_read_back(day):
    assert parse_date(print_date(day)) == day
    assert parse_date(day.isoformat()) == day
    assert parse_date(f"{day:%Y%m%d}") == day


@pytest.mark.parametrize(
    "text",
    [
        "2022-12-08 17:00",
        "2022-12-08T17:00",
        "2022-12-08T17:00:00",
        "2022/12/8 17:00",
        "20221208 17:00",
        "2022年12月8日17:00",
        "2022 年 12 月 8 日 17：00",
        "２０２２年１２月８日１７时",
        "2022年12月8日17点整",
        "2022年12月8日下午5:00",
        "2022年12月8日下午5点",
    ],
)
def test_every_usual_way_to_write_a_moment_is_read(text):
    assert parse_datetime(text) == datetime(2022, 12, 8, 17)


def test_minutes_halves_and_midnight():
    assert parse_datetime("2022年12月16日14时30分") == datetime(2022, 12, 16, 14, 30)
    assert parse_datetime("2022年12月16日下午2点半") == datetime(2022, 12, 16, 14, 30)
    assert parse_datetime("2022-12-31 24:00") == datetime(2023, 1, 1)
    assert parse_datetime("2022-12-31 0:00") == datetime(2022, 12, 31)
    assert parse_datetime("2022年12月31日晚上12点") == datetime(2023, 1, 1)
    assert parse_datetime("2022年12月31日中午12点") == datetime(2022, 12, 31, 12)
    assert parse_datetime("2022年12月31日上午8:05") == datetime(2022, 12, 31, 8, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请填写日期和时间"),
        ("2022-12-08", "请同时填写时间"),
        ("2022-12-08 25:00", "没有“25:00”这个时间"),
        ("2022-12-08 24:01", "没有“24:01”这个时间"),
        ("2022-12-08 17:60", "没有“17:60”这个时间"),
        ("2022-12-08 17", "看不懂时间"),
        ("2022-02-30 17:00", "没有2022年2月30日这一天"),
        ("17:00", "看不懂日期"),
    ],
)
def test_what_is_no_moment_is_refused_in_words(text, words):
    with pytest.raises(Invalid) as refusal:
        parse_datetime(text, field="closes_at")
    assert refusal.value.field == "closes_at"
    assert words in refusal.value.message


@given(some_days, st.times())
def test_a_printed_moment_is_read_back_to_the_minute(day, clock):
    moment = datetime.combine(day, clock).replace(second=0, microsecond=0)
    assert parse_datetime(print_datetime(moment)) == moment
    assert parse_datetime(f"{moment:%Y-%m-%dT%H:%M}".rjust(16, "0")) == moment


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for parse in (parse_date, parse_datetime, parse_doc_number):
        try:
            parse(text)
        except Invalid as refusal:
            assert refusal.message  # noqa: PT017 - any other exception is the failure


def test_moments_print_as_in_the_registration_form():
    assert print_moment(datetime(2021, 8, 9, 17)) == "8月9日17:00"
    assert print_moment(datetime(2021, 8, 9, 8, 5)) == "8月9日8:05"
    assert print_datetime(datetime(2022, 12, 8, 17)) == "2022年12月8日17:00"


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (date(2022, 12, 9), date(2022, 12, 13), "12月9日至13日"),
        (date(2021, 8, 30), date(2021, 9, 2), "8月30日至9月2日"),
        (date(2022, 12, 30), date(2023, 1, 2), "2022年12月30日至2023年1月2日"),
        (date(2022, 12, 9), date(2022, 12, 9), "12月9日"),
        (date(2022, 12, 9), date(2023, 12, 9), "2022年12月9日至2023年12月9日"),
        (datetime(2022, 12, 16, 14, 30), datetime(2022, 12, 16, 16, 30), "12月16日14:30至16:30"),
        (datetime(2021, 8, 4, 8), datetime(2021, 8, 9, 17), "8月4日8:00至9日17:00"),
        (date(2021, 8, 4), datetime(2021, 8, 9, 17), "8月4日至9日"),  # mixed: days only
        (None, None, "　月　日至　月　日"),
        (date(2021, 8, 4), None, "8月4日至　月　日"),
        (datetime(2021, 8, 4, 8), None, "8月4日至　月　日"),
    ],
)
def test_windows_print_as_in_notices(start, end, printed):
    assert print_window(start, end) == printed


def test_the_year_of_a_window_is_printed_once_when_asked_for():
    assert print_window(date(2022, 12, 9), date(2022, 12, 13), with_year=True) == "2022年12月9日至13日"
    assert print_window(None, None, with_year=True) == "　　年　月　日至　月　日"


@pytest.mark.parametrize(
    ("typed", "official"),
    [
        ("皖人协秘〔2021〕2号", "皖人协秘〔2021〕2号"),
        ("川人社职鉴[2022]21号", "川人社职鉴〔2022〕21号"),
        ("劳社培就司函[2003]117号", "劳社培就司函〔2003〕117号"),
        ("皖人社秘（2020）65号", "皖人社秘〔2020〕65号"),
        ("皖人社秘(2020)65号", "皖人社秘〔2020〕65号"),
        ("皖人社秘【2020】65号", "皖人社秘〔2020〕65号"),
        ("皖人社秘［２０２０］６５号", "皖人社秘〔2020〕65号"),
        (" 皖人社秘 〔2020〕 第 065 号 ", "皖人社秘〔2020〕65号"),
    ],
)
def test_document_numbers_come_out_in_the_official_form(typed, official):
    normalised = normalise_doc_number(typed)
    assert normalised == official
    assert [f"{ord(char):X}" for char in normalised if not char.isalnum()] == ["3014", "3015"]


def test_a_document_number_is_built_from_its_parts_and_taken_apart():
    assert doc_number("皖人协秘", 2021, 2) == "皖人协秘\u30142021\u30152号"
    assert parse_doc_number("皖人协秘〔2021〕2号") == DocNumber("皖人协秘", 2021, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "〔2021〕2号",
        "皖人协秘2021-2号",
        "皖人协秘〔21〕2号",
        "皖人协秘〔2021〕号",
        "皖人协秘〔2021〕0号",
        "皖人协秘〔2021〕2",
        "皖1〔2021〕2号",
    ],
)
def test_what_is_no_document_number_is_refused(text):
    with pytest.raises(Invalid) as refusal:
        normalise_doc_number(text, field="number")
    assert refusal.value.field == "number"


@pytest.mark.parametrize(
    ("word", "year", "serial"), [("", 2021, 1), ("皖〔人〕", 2021, 1), ("皖人", 21, 1), ("皖人", 2021, 0)]
)
def test_parts_that_make_no_document_number_are_refused(word, year, serial):
    with pytest.raises(Invalid):
        doc_number(word, year, serial)


def test_a_window_that_closes_at_midnight_is_named_by_its_last_day():
    assert print_end(datetime(2021, 8, 21)) == "2021年8月20日24:00"
    assert print_end(datetime(2022, 1, 1)) == "2021年12月31日24:00"
    assert print_end(datetime(2021, 8, 20, 23, 59)) == "2021年8月20日23:59"
    assert print_end(datetime(2021, 8, 21, 0, 1)) == "2021年8月21日0:01"
