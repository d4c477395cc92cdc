"""Dates as people type them and as notices print them, and the document numbers of notices."""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze, to_half_width

BLANK_DAY = "　月　日"  # notices are drafted with blank dates (000·B 二: 「 月 日至 月 日」)
FIRST_YEAR, LAST_YEAR = 1900, 2199  # outside of these a year is a typing error

_DATE = re.compile(
    r"(?P<year>[0-9]{4})(?:年(?P<m1>[0-9]{1,2})月(?P<d1>[0-9]{1,2})[日号]?"
    r"|(?P<sep>[-/.])(?P<m2>[0-9]{1,2})(?P=sep)(?P<d2>[0-9]{1,2})"
    r"|(?P<m3>[0-9]{2})(?P<d3>[0-9]{2}))"
)
_TIME = re.compile(
    r"(?P<half>上午|下午|晚上|中午)?(?P<hour>[0-9]{1,2})"
    r"(?::(?P<min1>[0-9]{2})(?::(?P<sec>[0-9]{2})(?:\.[0-9]+)?)?|[时点](?:(?P<min2>[0-9]{1,2})分?|(?P<mid>半))?整?)"
)


def parse_date(text: str, field: str = "date") -> date:
    """The date meant by 2022-12-08, 2022/12/8, 2022.12.8, 20221208 or 2022年12月8日, full-width digits included.

    Raises Invalid(field) for anything else and for days that do not exist.
    """
    plain = squeeze(text).replace("。", ".")
    if not plain:
        raise Invalid(field, "请填写日期，如2022-12-08")
    match = _DATE.fullmatch(plain)
    if not match:
        raise Invalid(field, f"看不懂日期“{_quote(text)}”，请写成2022-12-08或2022年12月8日")
    return _build_date(match, field)


def parse_datetime(text: str, field: str = "moment") -> datetime:
    """The moment meant by a date as in `parse_date` with a time: 2022-12-08 17:00, 2022-12-08T17:00, 2022年12月8日17时.

    24:00 is the next day's 00:00.  Raises Invalid(field) when either part is missing or impossible.
    """
    # Blanks around the signs go; the one between date and time stays, as it ends the day (2022-12-8 17:00).
    plain = re.sub(r"\s*([-/.年月日号:时点分])\s*", r"\1", to_half_width(text).replace("。", ".").strip())
    if not plain:
        raise Invalid(field, "请填写日期和时间，如2022-12-08 17:00")
    match = _DATE.match(plain)
    if not match:
        raise Invalid(field, f"看不懂日期“{_quote(text)}”，请写成2022-12-08 17:00或2022年12月8日17:00")
    day = _build_date(match, field)
    clock = re.sub(r"^[Tt]|\s", "", plain[match.end() :])
    if not clock:
        raise Invalid(field, "请同时填写时间，如17:00")
    return datetime.combine(day, time.min) + _parse_clock(clock, field)


def print_date(day: date) -> str:
    """The date as notices print it: 2022年12月8日 (data keep `day.isoformat()`)."""
    return f"{day.year}年{day.month}月{day.day}日"


def print_day(day: date) -> str:
    """The date without its year: 8月9日."""
    return f"{day.month}月{day.day}日"


def print_clock(moment: datetime | time) -> str:
    """The time of day to the minute: 17:00, 8:30."""
    return f"{moment.hour}:{moment.minute:02}"


def print_moment(moment: datetime) -> str:
    """Day and time without the year, as in 皖人协秘〔2021〕2号 附件1: 8月9日17:00."""
    return print_day(moment) + print_clock(moment)


def print_datetime(moment: datetime) -> str:
    """Date and time: 2022年12月8日17:00."""
    return print_date(moment) + print_clock(moment)


def print_end(moment: datetime) -> str:
    """The end of a window: one that closes at midnight is named by the day it belongs to, 2021年9月6日24:00."""
    if moment.time() == time():
        return f"{print_date(moment.date() - timedelta(days=1))}24:00"
    return print_datetime(moment)


def print_window(start: date | None, end: date | None, *, with_year: bool = False) -> str:
    """A window as notices print it: 12月9日至13日, 8月30日至9月2日, 12月16日14:30至16:30; a missing end stays blank.

    The year is printed when asked for (once) and always, on both sides, when it changes within the window.
    """
    has_clock = isinstance(start, datetime) and isinstance(end, datetime)
    first, last = _day_of(start), _day_of(end)
    spans_years = bool(first and last) and first.year != last.year
    head = _print_day_or_blank(first, with_year or spans_years) + (print_clock(start) if has_clock else "")
    if has_clock and first == last:
        return head if start == end else f"{head}至{print_clock(end)}"
    if first and first == last:
        return head
    if first and last and not spans_years and first.month == last.month:
        tail = f"{last.day}日"
    else:
        tail = _print_day_or_blank(last, spans_years)
    return f"{head}至{tail}{print_clock(end) if has_clock else ''}"


class DocNumber(NamedTuple):
    """The parts of a document number: 皖人协秘〔2021〕2号 is DocNumber("皖人协秘", 2021, 2)."""

    issuer_word: str
    year: int
    serial: int

    def __str__(self) -> str:
        return f"{self.issuer_word}\u3014{self.year}\u3015{self.serial}号"


_OPENING, _CLOSING = "[\\[(\u3014【〖﹝]", "[\\])\u3015】〗﹞]"
_DOC_NUMBER = re.compile(
    rf"(?P<word>(?:(?!{_OPENING}|{_CLOSING})\D)+){_OPENING}(?P<year>[0-9]{{4}})年?{_CLOSING}第?(?P<serial>[0-9]{{1,6}})号"
)


def doc_number(issuer_word: str, year: int, serial: int, field: str = "doc_number") -> str:
    """The document number in its official form, with the brackets U+3014 and U+3015 and no leading zeros (GB/T 9704).

    Raises Invalid(field) when the issuer word is empty or has digits or brackets, or a number is out of range.
    """
    return str(parse_doc_number(f"{issuer_word}\u3014{year}\u3015{serial}号", field))


def parse_doc_number(text: str, field: str = "doc_number") -> DocNumber:
    """The parts of a document number typed with any brackets and widths, such as 劳社培就司函[2003]117号.

    Raises Invalid(field) for anything else.
    """
    match = _DOC_NUMBER.fullmatch(squeeze(text))
    if not match or not FIRST_YEAR <= int(match["year"]) <= LAST_YEAR or int(match["serial"]) == 0:
        raise Invalid(field, "文号请写成：发文机关代字〔年份〕序号号，如示人函〔2021〕2号")
    return DocNumber(match["word"], int(match["year"]), int(match["serial"]))


def normalise_doc_number(text: str, field: str = "doc_number") -> str:
    """A typed document number in its official form; raises Invalid(field) like `parse_doc_number`."""
    return str(parse_doc_number(text, field))


def _build_date(match: re.Match, field: str) -> date:
    year = int(match["year"])
    month = int(match["m1"] or match["m2"] or match["m3"])
    day = int(match["d1"] or match["d2"] or match["d3"])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(field, f"年份{match['year']}不对，请填写{FIRST_YEAR}至{LAST_YEAR}之间的年份")
    try:
        return date(year, month, day)
    except ValueError:
        raise Invalid(field, f"没有{year}年{month}月{day}日这一天，请核对") from None


def _parse_clock(text: str, field: str) -> timedelta:
    match = _TIME.fullmatch(text)
    if not match:
        raise Invalid(field, f"看不懂时间“{_quote(text)}”，请写成17:00")
    hour, minute = int(match["hour"]), 30 if match["mid"] else int(match["min1"] or match["min2"] or 0)
    second = int(match["sec"] or 0)
    if (match["half"] in ("下午", "晚上") and hour < 12) or (match["half"], hour) in (("中午", 1), ("晚上", 12)):
        hour += 12  # 晚上12点 is 24:00
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        raise Invalid(field, f"没有“{text}”这个时间，请核对")
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _day_of(value: date | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _print_day_or_blank(day: date | None, with_year: bool) -> str:
    if day is None:
        return f"　　年{BLANK_DAY}" if with_year else BLANK_DAY
    return print_date(day) if with_year else print_day(day)


def _quote(text: str) -> str:
    """What was typed, short enough for a message."""
    text = text.strip()
    return text if len(text) <= 30 else f"{text[:30]}…"
