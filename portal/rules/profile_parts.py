"""The groups of settings a jurisdiction profile is made of: typed records, one per table of the profile's file."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from portal.rules.eligibility import Condition
from portal.rules.workflow import Seat


class UnitKind(StrEnum):
    """市属 unit, or a unit affiliated to the province (省直 / 省属); decides the chain (R3.30) and the regions."""

    CITY = "city"
    PROVINCE = "province"


class GradeKey(StrEnum):
    """考评员 and 高级考评员; the grade of a plan selects the rule list (R2.06)."""

    EXAMINER = "examiner"
    SENIOR = "senior"


@dataclass(frozen=True)
class Chains:
    """The seats that review a registration, first to last, for each kind of unit (R3.25-R3.30, R0.20)."""

    city: tuple[Seat, ...]
    province: tuple[Seat, ...]


@dataclass(frozen=True)
class SeatWords:
    """How one reviewing level is named.

    `state_label` is what everybody reads while the case waits there (待市级审核), `verb` what the level does (审核),
    `level_name` who it is, `deciding_body` whose decision is recorded (R0.24; {region} and {unit} are filled in),
    `review_days` working days the level has, None where the source gives no figure (R2.31).
    """

    state_label: str
    verb: str
    level_name: str
    deciding_body: str
    review_days: int | None


@dataclass(frozen=True)
class Owners:
    """The seat that owns plans and their notices, that hands out numbers, and that issues credentials."""

    plans: Seat
    numbers: Seat
    credentials: Seat


@dataclass(frozen=True)
class Region:
    """A choice for 报考区域 (R1.07): `code` is GB/T 2260, `filing_code` the two digits of 皖人社秘〔2020〕65号 附件3.

    The two are separate lists and neither follows from the other. The province's own entry (省直 / 省属) has no code of
    its own in GB/T 2260 and takes the province's with 00 appended.
    """

    name: str
    kind: UnitKind
    code: str
    filing_code: str | None


@dataclass(frozen=True)
class AllowedRegions:
    """Default regions for training, exam and use of a unit's people (R0.22): names, or `own`, or `all`."""

    city: tuple[str, ...]
    province: tuple[str, ...]


@dataclass(frozen=True)
class RegionRules:
    """`locked`: a saved 报考区域 is changed by technical staff only (R1.08), whose contact is `lock_contact`."""

    locked: bool
    lock_contact: str
    allowed: AllowedRegions


@dataclass(frozen=True)
class Grade:
    """One grade: its `name`, the skill `levels` it may assess, its rule list and the declarations to tick.

    `note` warns the publisher where the province's own notice does not regulate this grade.
    """

    name: str
    levels: tuple[int, ...]
    source: str
    note: str | None
    declarations: tuple[str, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Grades:
    """The two grades (R2.06)."""

    examiner: Grade
    senior: Grade


@dataclass(frozen=True)
class Declaration:
    """A text with a tick box; `clauses` are printed under it as a numbered list (考评人员守则, R3.21)."""

    title: str
    text: str
    clauses: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class MaterialKind:
    """A kind of proof for a certificate; any one kind suffices (R3.07)."""

    key: str
    label: str


@dataclass(frozen=True)
class RegistrationRules:
    """What a registration needs.

    `required_fields`: keys of the personal information (R1.24-R1.26; `portrait` beside the keys of
    `submission.PERSON_FIELDS`). `auto_verify`: a certificate the system confirms needs no scan (R3.06).
    `organisation_states`: the filing states whose people may enrol (R1.15, R2.17). `first_reviewer`: may the applicant
    choose between employer and recommending unit, or is it always the recommending organisation (R3.26).
    `stamp_exceptions`: default reasons for a later stamped form (R3.37, R3.39).
    """

    required_fields: tuple[str, ...]
    organisation_states: tuple[Literal["filed", "submitted"], ...]
    first_reviewer: Literal["recommender", "employer_or_recommender"]
    require_stamped_form: bool
    stamp_exceptions: tuple[str, ...]
    auto_verify: bool
    material_kinds: tuple[MaterialKind, ...]


@dataclass(frozen=True)
class OccupationRules:
    """`edition` of the national classification; `from_filing`: only occupations filed or applied for (R2.20)."""

    edition: str
    from_filing: bool


@dataclass(frozen=True)
class PaperPart:
    """So many questions of one kind in a paper, each worth `points`; all parts together make 100 points (R5.10)."""

    kind: Literal["single", "multiple", "judge"]
    count: int
    points: int


@dataclass(frozen=True)
class Training:
    """Defaults of a new plan, each editable per plan (R2.23-R2.26).

    `minutes` of study, `pass_mark` (inclusive, points of 100) and `attempts` are None where the province states none:
    the publisher must enter them. `class_hour_minutes` is the length of a 课时 (R4.04); `assessments` are all needed
    for the credential (R5.13). `module_kinds` says, for each of the `contents`, of which kind its study module is.
    `exam_minutes` is the length of a self-timed online test, None where everybody sits in one unified slot; `paper`
    its usual composition. `study_reminders`: automatic reminders so many days before the study window ends (R4.20).
    """

    mode: Literal["mixed", "online"]
    contents: tuple[str, ...]
    module_kinds: tuple[Literal["text", "pdf", "video", "link"], ...]
    minutes: int | None
    pass_mark: int | None
    attempts: int | None
    class_hour_minutes: int
    assessments: tuple[Literal["online", "offline"], ...]
    exam_minutes: int | None
    paper: tuple[PaperPart, ...]
    study_reminders: tuple[int, ...]


@dataclass(frozen=True)
class Credential:
    """What those who pass receive (R2.27): validity in `years`, None without end; `claim_working_days` None where
    nothing is collected; `bar_after_unclaimed` consecutive non-collections bar for good (R6.16), by the article
    `claim_source`.

    Numbers follow `number_pattern` with {year} of issue, {grade} (from `grade_codes`) and {serial} of `serial_digits`
    digits, which restarts per year and grade (R6.08). `claim_reminders` are working days before the last day of
    collection (R6.14), `expiry_reminders` calendar days before the last day of validity (R6.25). `body_text` is printed
    on a certificate; {name}, {grade} and {occupation} are filled in.
    """

    kind: Literal["e_certificate", "card"]
    title: str
    issuer: str
    years: int | None
    claim_working_days: int | None
    bar_after_unclaimed: int | None
    claim_source: str | None
    number_pattern: str
    serial_digits: int
    grade_codes: dict[GradeKey, str]
    claim_reminders: tuple[int, ...]
    expiry_reminders: tuple[int, ...]
    body_text: str


@dataclass(frozen=True)
class Strikes:
    """Unexcused absences that bar the person, None where the province has no such rule; and whether the unit too.

    `excuses` are the kinds of good reason (正当理由) a participant can file (R4.17); `source` is the rule's article.
    """

    limit: int | None
    bars_unit: bool
    excuses: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Column:
    """A column of a form: the `field` printed in it and its `heading`, which may hold a line break."""

    field: str
    heading: str


@dataclass(frozen=True)
class SummaryForm:
    """The table a unit hands in (R10.01-R10.10); {grade}, {cutoff}, {mailbox} and {occupations} are filled in.

    `stamp_line` stands under the title where there is one; at least `min_rows` rows are printed.
    """

    kind: Literal["recommendation_table", "summary_table"]
    title: str
    file_name: str
    stamp_line: str | None
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    min_rows: int
    landscape: bool


@dataclass(frozen=True)
class ApplicationForm:
    """The 申报表 of one registration (R10.64): title and, per seat, the heading of the box to stamp."""

    title: str
    stamps: dict[Seat, str]


@dataclass(frozen=True)
class Forms:
    """Forms that differ between provinces."""

    summary: SummaryForm
    application: ApplicationForm


@dataclass(frozen=True)
class Wording:
    """Names and phrases on pages and documents; {grade}, {plan}, {name}, {occupation} and {reason} are filled in.

    `notice_word` is the issuer word of document numbers (川人社职鉴), None where the centre numbers none.
    """

    system_name: str
    centre: str
    department: str
    notice_word: str | None
    notice_title: str
    addressees: tuple[str, ...]
    guide_title: str
    result_title: str
    approved_text: str
    rejected_text: str
    correction_title: str
    correction_text: str


@dataclass(frozen=True)
class Group:
    """A work group a plan can name (R1.28): its usual label and who may see it; the number is the plan's."""

    label: str
    audience: Literal["liaisons", "applicants"]
