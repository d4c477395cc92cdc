"""The application form (申报表) of a registration, printed from the frozen submission, for signatures and stamps."""

from dataclasses import dataclass
from datetime import date

from portal.documents.render import render

_LONGEST_BESIDE_PORTRAIT = 80


@dataclass(frozen=True)
class Field:
    """One value with its label; `is_wide` gives it a row of its own (addresses, remarks)."""

    label: str
    value: str
    is_wide: bool = False


@dataclass(frozen=True)
class Section:
    """A headed group of values, or (with `columns`) a headed table such as the held certificates or the work log."""

    heading: str
    fields: tuple[Field, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class ConditionResult:
    """One condition of the notice: what the rule found (符合, 不符合, 需审核认定), its ground, its source."""

    condition: str
    result: str
    ground: str = ""
    source: str = ""


@dataclass(frozen=True)
class StampPlace:
    """A box for a signature or stamp (单位初审意见 …); `statement` is printed in it, `signer` below."""

    heading: str
    statement: str = ""
    signer: str = "经办人"
    needs_stamp: bool = True


@dataclass(frozen=True)
class RegistrationForm:
    """A registration as submitted: `version` counts the printed versions, `check_code` is a short hash of its values.

    `stamps` are the places the frozen chain needs, in its order. `portrait` is a JPEG or PNG.
    """

    title: str
    plan_name: str
    case_number: str
    version: int
    check_code: str
    sections: tuple[Section, ...]
    eligibility: tuple[ConditionResult, ...] = ()
    stamps: tuple[StampPlace, ...] = ()
    portrait: bytes | None = None
    submitted_on: date | None = None
    note: str = ""


def registration_form_pdf(form: RegistrationForm) -> bytes:
    """The form as PDF, the version line 第n版 校验码… on every page.

    Raises MissingGlyph when a character cannot be printed, Invalid when the portrait is no image.
    """
    sections = [(section, _pair_fields(section.fields)) for section in form.sections]
    beside = _count_rows_beside_portrait(sections[0][1]) if sections else 0
    return render("registration_form", {"form": form, "sections": sections, "rows_beside_portrait": beside},
                  images={"portrait": form.portrait} if form.portrait else None)


def _count_rows_beside_portrait(rows: list[tuple[Field, ...]]) -> int:
    """The portrait spans at most five rows, and none that may itself run over a page."""
    short = 0
    while short < min(len(rows), 5) and all(len(item.value) <= _LONGEST_BESIDE_PORTRAIT for item in rows[short]):
        short += 1
    return max(short, 1)


def _pair_fields(fields: tuple[Field, ...]) -> list[tuple[Field, ...]]:
    """The rows of a group: two values side by side, a wide one alone."""
    rows, waiting = [], None
    for item in fields:
        if item.is_wide:
            rows += [(waiting,)] if waiting else []
            rows.append((item,))
            waiting = None
        elif waiting:
            rows.append((waiting, item))
            waiting = None
        else:
            waiting = item
    return rows + ([(waiting,)] if waiting else [])
