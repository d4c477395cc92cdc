"""The notice on red-head paper and its forward, in the layout of GB/T 9704—2012."""

import re
from dataclasses import dataclass, field
from datetime import date
from math import ceil

from portal.documents.render import render
from portal.rules.dates import print_date

_BLANK_DATE = "　　年　月　日"
# The measures of the type area: 158 mm are 448 pt, that is 28 characters of 16 pt or 20 of 22 pt.
_MEASURE_PT = 448
_TITLE_CHARACTERS = 20
_GOOD_BREAKS = "的和与及、，》”"


@dataclass(frozen=True)
class Basis:
    """A document the notice rests on: 根据<issuer>《<title>》（<number>）."""

    title: str
    number: str = ""
    issuer: str = ""


@dataclass(frozen=True)
class Person:
    """A contact: a name with no, one or several numbers of their own."""

    name: str
    phones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contacts:
    """The contacts of one office; `landline_label` as the issuer words it (电　话, 联系电话)."""

    people: tuple[Person, ...] = ()
    landlines: tuple[str, ...] = ()
    landline_label: str = "联系电话"
    email: str = ""
    address: str = ""
    office: str = ""


@dataclass(frozen=True)
class Annex:
    """An attachment: always listed; printed on a page of its own when it has text or columns.

    Columns without `rows` are an empty form with `blank_rows` to be filled in by hand.
    """

    title: str
    body: str = ""
    columns: tuple[str, ...] = ()
    blank_rows: int = 8
    rows: tuple[tuple[str, ...], ...] = ()
    printed_title: str = ""

    @property
    def is_printed(self) -> bool:
        """Whether the attachment's content follows the notice in the same file."""
        return bool(self.body or self.columns)


@dataclass(frozen=True)
class Notice:
    """A notice; whatever is left empty is left out, but an empty date prints as a blank to be filled in by hand.

    `purpose`, `basis` and `announcement` make the first paragraph. `body` is plain text, one paragraph a line; lines
    that begin with 一、 （一） 1. （1） are headings of the four levels. `signed_on` may be a text with blanks, as in
    000·B (2021 年 7 月 日). `title` may hold line breaks.
    """

    issuer: str
    title: str
    number: str = ""
    addressees: tuple[str, ...] = ()
    purpose: str = ""
    basis: tuple[Basis, ...] = ()
    announcement: str = ""
    body: str = ""
    contacts_heading: str = ""
    contacts: tuple[Contacts, ...] = ()
    annexes: tuple[Annex, ...] = ()
    signature: str = ""
    signed_on: date | str | None = None
    disclosure: str = ""
    keywords: tuple[str, ...] = ()
    copied_to: tuple[str, ...] = ()
    printed_by: str = ""
    printed_on: date | None = None


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of running text: its level (0 text, 1–4 headings), its heading words, the text after them."""

    level: int
    head: tuple[tuple[str, bool], ...] = field(default=())
    text: tuple[tuple[str, bool], ...] = field(default=())


def notice_pdf(notice: Notice, original: Notice | None = None) -> bytes:
    """The notice as PDF; with `original`, a forward: the original follows as the last attachment, on a new page.

    Raises MissingGlyph when a character cannot be printed.
    """
    return render("notice", {"main": _lay_out(notice, original), "original": original and _lay_out(original, None)})


def split_body(text: str) -> tuple[Paragraph, ...]:
    """Plain text as paragraphs with levels; a heading line that runs on after its first 。 is split there (003 一)."""
    return tuple(_read_paragraph(line.strip()) for line in text.splitlines() if line.strip())


def break_title(title: str) -> tuple[str, ...]:
    """The title's lines: as given by line breaks, otherwise of nearly equal length, broken where a word allows it."""
    if "\n" in title:
        return tuple(line.strip() for line in title.splitlines() if line.strip())
    rest, lines = title.strip(), []
    while len(rest) > _TITLE_CHARACTERS:
        ideal = ceil(len(rest) / ceil(len(rest) / _TITLE_CHARACTERS))
        reach = range(max(ideal - 3, 1), min(ideal + 3, _TITLE_CHARACTERS, len(rest) - 2) + 1)
        good = [place for place in reach if rest[place - 1] in _GOOD_BREAKS or rest[place] in "《“"]
        place = min(good, key=lambda place: abs(place - ideal), default=ideal)
        lines.append(rest[:place])
        rest = rest[place:]
    return (*lines, rest)


def compose_opening(notice: Notice) -> str:
    """The first paragraph: purpose, the documents it rests on with title and number, what is announced."""
    parts = [notice.purpose.strip().rstrip("，、；,;")] if notice.purpose.strip() else []
    if notice.basis:
        cited = [f"{basis.issuer}《{_nest(basis.title)}》" + (f"（{basis.number}）" if basis.number else "")
                 for basis in notice.basis]
        parts.append("根据" + "、".join(cited[:-1]) + ("和" if len(cited) > 1 else "") + cited[-1] + "要求")
    if notice.announcement.strip():
        parts.append(notice.announcement.strip().lstrip("，、"))
    opening = "，".join(parts)
    return opening if not opening or opening[-1] in "。：！？:" else opening + "。"


def _lay_out(notice: Notice, original: Notice | None) -> dict:
    """What the template needs beyond the notice itself; it only places, and decides nothing."""
    annexes = notice.annexes + ((Annex(_join_lines(original.title)),) if original else ())
    signed_on = notice.signed_on
    return {
        "notice": notice,
        "title": _join_lines(notice.title),
        "title_lines": break_title(notice.title),
        "head_size": max(20, min(40, int(_MEASURE_PT / max(len(notice.issuer), 1)))),
        "addressees": "，".join(notice.addressees),
        "opening": _mark_blanks(compose_opening(notice)),
        "paragraphs": split_body(notice.body),
        "contacts": [_print_contacts(contacts) for contacts in notice.contacts],
        "annexes": annexes,
        "annex_bodies": [(number, annex, split_body(annex.body)) for number, annex in enumerate(annexes, 1)
                         if annex.is_printed],
        "signature": notice.signature or notice.issuer,
        "signed_on": _mark_blanks(print_date(signed_on) if isinstance(signed_on, date) else signed_on or _BLANK_DATE),
        "disclosure": f"（{notice.disclosure.strip('（）()')}）" if notice.disclosure else "",
        "has_colophon": bool(notice.keywords or notice.copied_to or notice.printed_by),
    }


def _print_contacts(contacts: Contacts) -> tuple[str, list[tuple[str, str]]]:
    with_phones = [f"{person.name} {'、'.join(person.phones)}" for person in contacts.people if person.phones]
    without = [person.name for person in contacts.people if not person.phones]
    lines = [
        ("联系人", "；".join([*with_phones, *(["　".join(without)] if without else [])])),
        (contacts.landline_label, "、".join(contacts.landlines)),
        ("电子邮箱", contacts.email),
        ("通讯地址", contacts.address),
    ]
    return contacts.office, [line for line in lines if line[1]]


_LEVELS = (
    re.compile(r"[一二三四五六七八九十百]+、"),
    re.compile(r"[（(][一二三四五六七八九十百]+[)）]"),
    re.compile(r"\d+[.．、](?!\d)"),
    re.compile(r"[（(]\d+[)）]"),
)
_LONGEST_HEADING = 40


def _read_paragraph(line: str) -> Paragraph:
    level = next((number for number, mark in enumerate(_LEVELS, 1) if mark.match(line)), 0)
    if level not in (1, 2):
        return Paragraph(level, text=_mark_blanks(line))
    head, stop, rest = line.partition("。")
    if not stop and len(line) <= _LONGEST_HEADING and line[-1] not in "；;，,":
        return Paragraph(level, head=_mark_blanks(line))
    if stop and rest and len(head) <= _LONGEST_HEADING:
        return Paragraph(level, head=_mark_blanks(head + stop), text=_mark_blanks(rest))
    return Paragraph(level, text=_mark_blanks(line))


# A space where a number of a date is still to be written: before 日 after 月, before 月 with its 日, before 年.
_BLANK = re.compile(r"(?<![\d\s])\s+(?=年\s*\d*\s*月)|(?<![\d\s])\s+(?=月\s*\d*\s*日)|(?<=月)\s+(?=日)|^\s+(?=[年月])")


def _mark_blanks(text: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces (text, is it a blank to be filled in); blanks print wide enough to write in."""
    pieces, place = [], 0
    for match in _BLANK.finditer(text):
        pieces += [(text[place:match.start()], False), (match.group(), True)]
        place = match.end()
    return tuple(piece for piece in [*pieces, (text[place:], False)] if piece[0])


def _join_lines(title: str) -> str:
    return "".join(line.strip() for line in title.splitlines())


def _nest(title: str) -> str:
    """Inside 《》 the marks of a title are 〈〉 (GB/T 15834—2011)."""
    return title.strip().removeprefix("《").removesuffix("》").replace("《", "〈").replace("》", "〉")
