"""Certificates and cards as plain values: their numbers, how long they are valid, what they allow, what is printed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol

from portal.rules.dates import print_date
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State
from portal.rules.profile_parts import Credential as Settings
from portal.rules.profile_parts import Grade
from portal.rules.workdays import last_day_of_validity

CARD, E_CERTIFICATE = "card", "e_certificate"
RENEWAL, CORRECTION = "renewal", "correction"
# The national words for the five skill levels.
LEVEL_WORDS = {5: "五级/初级工", 4: "四级/中级工", 3: "三级/高级工", 2: "二级/技师", 1: "一级/高级技师"}
# Every field that is printed or stands behind the QR code, in the order of the page.
PRINTED = (
    "title", "body", "name", "sex", "id_type", "id_number", "occupation", "grade", "levels", "unit", "number",
    "issued_on", "valid_to", "issuer", "verify",
)  # fmt: skip


class Held(Protocol):
    """What `may_assess` looks at: a credential's occupation, its levels as "5,4,3", and its state by the calendar."""

    occupation_id: int | None
    levels: str
    state_now: State


def name_series(province: str, *, year: int, grade: str) -> str:
    """The counter behind the numbers: one per province, year of issue and grade (R6.08)."""
    return f"credential:{province}:{year}:{grade}"


def write_number(settings: Settings, *, year: int, grade: str, serial: int) -> str:
    """The number that the pattern gives for this serial. Raises NotAllowed when its digits do not suffice."""
    if serial >= 10**settings.serial_digits:
        last = 10**settings.serial_digits - 1
        raise NotAllowed(f"{year}年的证书编号已用完（最多{last}个），没有发放任何证书，请联系技术人员调整编号规则。")
    code = next((code for key, code in settings.grade_codes.items() if str(key) == str(grade)), "")
    return settings.number_pattern.format(grade=code, year=year, serial=f"{serial:0{settings.serial_digits}d}")


def last_day(settings: Settings, issued_on: date, *, old_end: date | None = None) -> date | None:
    """The last day of validity, None without end (R6.04); a renewal before the old end goes on from there (R6.24).

    Issued 2023-03-01 for three years: 2026-02-28 (川人社职鉴〔2022〕21号 七; R6.07).
    """
    if settings.years is None:
        return None
    start = old_end + timedelta(days=1) if old_end is not None and old_end >= issued_on else issued_on
    return last_day_of_validity(start, settings.years)


def write_levels(grade: Grade) -> str:
    """The levels a grade may assess, as stored: "5,4,3" (R3.13)."""
    return ",".join(str(level) for level in sorted(grade.levels, reverse=True))


def word_levels(levels: str) -> str:
    """Stored levels in words, lowest first: 五级/初级工、四级/中级工、三级/高级工."""
    return "、".join(LEVEL_WORDS[int(level)] for level in levels.split(",") if level)


def may_assess(credential: Held, occupation: int, level: int) -> bool:
    """Whether the holder may assess this level of this occupation today: valid, that one occupation, that level."""
    return (
        credential.state_now == State.VALID
        and credential.occupation_id == occupation
        and str(level) in credential.levels.split(",")
    )


def compose_printed(
    settings: Settings,
    grade: Grade,
    *,
    person: Mapping[str, str],
    occupation: str,
    unit: str,
    number: str,
    issued_on: date,
    valid_to: date | None,
    verify: str,
) -> dict[str, str]:
    """Every printed field as text. `person`: name, sex, id_type (in words), id_number; `verify`: address of the QR.

    The issuer is the one the profile names, whoever clicked (R0.09); without an end no validity is printed (R6.04).
    """
    levels = write_levels(grade)
    fill = {"grade": grade.name, "occupation": occupation, "name": person["name"]}
    return {
        "title": settings.title.format(**fill),
        "body": settings.body_text.format(**fill),
        **{key: person[key] for key in ("name", "sex", "id_type", "id_number")},
        "occupation": occupation,
        "grade": grade.name,
        "levels": word_levels(levels),
        "unit": unit,
        "number": number,
        "issued_on": print_date(issued_on),
        "valid_to": print_date(valid_to) if valid_to else "",
        "issuer": settings.issuer,
        "verify": verify,
    }
