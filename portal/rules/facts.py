"""What the conditions look at: the facts of one registration as plain data, and when two occupations are the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from portal.rules.periods import Period

NO_ALIASES: Mapping[str, str] = MappingProxyType({})


class QualificationKind(StrEnum):
    """The three kinds of held qualification (R1.20); the values are the words of the forms."""

    VOCATIONAL = "职业资格"
    SKILL_LEVEL = "技能等级"
    TITLE = "专业技术职务"


class TitleGrade(StrEnum):
    """Grades of a professional title, lowest first; 副高级 and 正高级 together are 高级."""

    JUNIOR = "初级"
    INTERMEDIATE = "中级"
    ASSOCIATE_SENIOR = "副高级"
    SENIOR = "正高级"

    @property
    def rank(self) -> int:
        """1 for 初级 up to 4 for 正高级."""
        return list(TitleGrade).index(self) + 1


LEVEL_LABELS = {1: "一级/高级技师", 2: "二级/技师", 3: "三级/高级工", 4: "四级/中级工", 5: "五级/初级工"}


@dataclass(frozen=True)
class OccupationRef:
    """An occupation as a certificate or a registration names it; `job` is the 工种, all parts may be empty."""

    code: str = ""
    name: str = ""
    job: str = ""

    @property
    def occupation_class(self) -> int | None:
        """First digit of the code in the national classification (R2.19); None without a usable code."""
        return int(self.code[0]) if self.code[:1].isascii() and self.code[:1].isdigit() else None

    @property
    def label(self) -> str:
        """Name with 工种 in brackets, as the forms print it; the code where there is no name."""
        name = self.name or self.code or "（未填写职业）"
        return f"{name}（{self.job}）" if self.job else name


@dataclass(frozen=True)
class Qualification:
    """One row of 持证情况: a certificate has a `level` 1-5, a title a `title` grade.

    `related` says whether a title's speciality is related to the occupation applied for; None means that nobody has
    decided it yet.
    """

    kind: QualificationKind
    occupation: OccupationRef = OccupationRef()
    level: int | None = None
    title: TitleGrade | None = None
    related: bool | None = None
    number: str = ""
    issuer: str = ""
    issued_on: date | None = None


@dataclass(frozen=True)
class ExaminerCard:
    """An examiner qualification already held: from a register (`registered`), or claimed with an uploaded scan.

    `valid_to` is the last day of validity; None means without end.
    """

    occupation: OccupationRef
    valid_to: date | None = None
    registered: bool = False
    has_scan: bool = False
    number: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything about one registration that a condition may ask; plain data, taken from the frozen submission.

    `sex` is 男 or 女, `declarations` holds the keys of the ticked declarations, `healthy` is None where not asked.
    """

    birth: date
    sex: Literal["男", "女"]
    occupation: OccupationRef
    qualifications: tuple[Qualification, ...] = ()
    experience: tuple[Period, ...] = ()
    cards: tuple[ExaminerCard, ...] = ()
    declarations: frozenset[str] = frozenset()
    healthy: bool | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)


def is_same_occupation(one: OccupationRef, other: OccupationRef, aliases: Mapping[str, str] = NO_ALIASES) -> bool:
    """Whether two references name the same occupation.

    Codes decide where both have one, else names; `aliases` maps a code or name of another edition (2015/2022) to the
    code or name that stands for it. A 工种 separates only where both give one (R8.42: same code, two 工种).
    """
    if one.job and other.job and one.job != other.job:
        return False
    if one.code and other.code:
        return aliases.get(one.code, one.code) == aliases.get(other.code, other.code)
    return bool(_names(one, aliases) & _names(other, aliases))


def _names(reference: OccupationRef, aliases: Mapping[str, str]) -> set[str]:
    return {aliases.get(part, part) for part in (reference.code, reference.name) if part}
