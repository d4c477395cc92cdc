"""The jurisdiction profile: everything that differs between provinces, read from a file and checked at start."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Any

from portal.rules.eligibility import CONDITION_KINDS, Condition, Declared, HeldQualification, OccupationClass
from portal.rules.profile_parts import (
    ApplicationForm,
    Chains,
    Credential,
    Declaration,
    Forms,
    Grade,
    GradeKey,
    Grades,
    Group,
    OccupationRules,
    Owners,
    Region,
    RegionRules,
    RegistrationRules,
    SeatWords,
    Strikes,
    SummaryForm,
    Training,
    UnitKind,
    Wording,
)
from portal.rules.records import BadKey, read_record
from portal.rules.submission import PERSON_FIELDS
from portal.rules.workflow import REVIEWERS, Seat

TRUTHFUL = "truthful"  # the declaration every applicant ticks: the information is true (R1.19)
REQUIRABLE_FIELDS = frozenset(PERSON_FIELDS) | {"portrait"}
COLUMN_FIELDS = frozenset(PERSON_FIELDS) | {"number", "qualifications", "occupation"}
OWN_REGION, ALL_REGIONS = "own", "all"
PLAN_NUMBERS = {"minutes": "学习时长（分钟）", "pass_mark": "合格分数线", "attempts": "考试次数"}

# The placeholders a text may use; a text of any other field uses none.
_PLACEHOLDERS = {
    SeatWords: frozenset({"region", "unit"}),
    SummaryForm: frozenset({"grade", "cutoff", "mailbox", "occupations"}),
    ApplicationForm: frozenset({"grade"}),
    Credential: frozenset({"grade", "year", "serial", "name", "occupation"}),
    Wording: frozenset({"grade", "plan", "name", "occupation", "reason"}),
}


class ProfileError(Exception):
    """A profile cannot be used; the message names the file and the key, so that it can be put right."""

    def __init__(self, file: Path, key: str, reason: str):
        super().__init__(f"省份配置文件 {file}：键 {key}：{reason}" if key else f"省份配置 {file}：{reason}")
        self.file = file
        self.key = key


@dataclass(frozen=True)
class Profile:
    """One province. `key` is the file's name, `code` its six digits of GB/T 2260, `affiliated_word` 省直 or 省属.

    The other fields are groups of settings, each described in `profile_parts`.
    """

    key: str
    name: str
    code: str
    affiliated_word: str
    chains: Chains
    seats: dict[Seat, SeatWords]
    owners: Owners
    regions: tuple[Region, ...]
    region_rules: RegionRules
    registration: RegistrationRules
    declarations: dict[str, Declaration]
    grades: Grades
    occupations: OccupationRules
    training: Training
    credential: Credential
    strikes: Strikes
    forms: Forms
    wording: Wording
    groups: tuple[Group, ...]

    def chain(self, unit_kind: UnitKind | str) -> tuple[Seat, ...]:
        """The seats that review a registration of such a unit, first to last; ValueError for an unknown kind."""
        return getattr(self.chains, UnitKind(unit_kind))

    def state_label(self, seat: Seat | str) -> str:
        """What everybody reads while a case waits for `seat`, such as 待市级审核; KeyError if it reviews nothing."""
        return self.seats[Seat(seat)].state_label

    def verb_label(self, seat: Seat | str) -> str:
        """What the level does: 初审 or 审核."""
        return self.seats[Seat(seat)].verb

    def level_name(self, seat: Seat | str) -> str:
        """Name of the level, as in 市（州）职业技能鉴定指导中心."""
        return self.seats[Seat(seat)].level_name

    def deciding_body(self, seat: Seat | str, *, region: str = "", unit: str = "") -> str:
        """The body whose decision is recorded when this seat decides (R0.24): the department a centre acts for.

        `region` and `unit` (the deciding office) are names; a body named after a missing region is the office.
        """
        template = self.seats[Seat(seat)].deciding_body
        return unit if "{region}" in template and not region else template.format(region=region, unit=unit)

    def grade(self, key: GradeKey | str) -> Grade:
        """The settings of 考评员 or 高级考评员; ValueError for an unknown key."""
        return getattr(self.grades, GradeKey(key))

    def occupation_classes(self, grade: GradeKey | str) -> tuple[int, ...]:
        """Classes of the national classification that a new plan of the grade proposes; empty means all."""
        return next((rule.classes for rule in self.grade(grade).conditions if isinstance(rule, OccupationClass)), ())

    def conditions(self, grade: GradeKey | str, classes: tuple[int, ...] | None = None) -> tuple[Condition, ...]:
        """The rule list of the grade; a plan that limits the classes otherwise gives its own `classes` (R2.19)."""
        rules = self.grade(grade).conditions
        if classes is None:
            return rules
        return tuple(replace(rule, classes=classes) if isinstance(rule, OccupationClass) else rule for rule in rules)

    def asks_health(self, grade: GradeKey | str) -> bool:
        """Whether the enrolment form of the grade asks for a health statement (R1.23)."""
        return any(rule.kind == "health" for rule in self.grade(grade).conditions)

    def declarations_for(self, grade: GradeKey | str) -> dict[str, Declaration]:
        """The declarations to tick, by key: the one on truthfulness first (R1.19), then those of the grade."""
        return {key: self.declarations[key] for key in (TRUTHFUL, *self.grade(grade).declarations)}

    def numbers_to_enter(self) -> tuple[str, ...]:
        """The plan numbers without a default here, which the publisher must enter (R2.26): keys of PLAN_NUMBERS."""
        return tuple(key for key in PLAN_NUMBERS if getattr(self.training, key) is None)

    def region(self, name: str) -> Region:
        """The region of that name; KeyError where the province has none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)

    def default_allowed_regions(self, own: str) -> tuple[Region, ...]:
        """The regions in which people of a unit of the region named `own` train, sit exams and work (R0.21, R0.22).

        The default only: every unit keeps a list of its own. KeyError for a region the province does not have.
        """
        listed = getattr(self.region_rules.allowed, self.region(own).kind)
        if ALL_REGIONS in listed:
            return self.regions
        return tuple(
            self.region(name) for name in dict.fromkeys(own if name == OWN_REGION else name for name in listed)
        )

    def stamp_places(self, unit_kind: UnitKind | str) -> tuple[str, ...]:
        """Headings of the boxes to stamp on the 申报表, for the seats of the chain that stamp it (R10.64)."""
        stamps = self.forms.application.stamps
        return tuple(stamps[seat] for seat in self.chain(unit_kind) if seat in stamps)


def load_profiles(folder: Path | str) -> dict[str, Profile]:
    """Read every `*.toml` of the folder: profiles by key. Raises ProfileError for the first fault (R13.20)."""
    files = sorted(Path(folder).glob("*.toml"))
    if not files:
        raise ProfileError(Path(folder), "", "没有找到省份配置文件（*.toml）")
    return {profile.key: profile for profile in map(load_profile, files)}


def load_profile(file: Path) -> Profile:
    """Read and check one profile; raises ProfileError naming the file and the key."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(file, "", f"不是可读的TOML文件（{error}）") from error
    try:
        profile = read_record(Profile, table, special={Condition: _read_condition})
        if profile.key != file.stem:
            raise BadKey("key", f"应与文件名相同（{file.stem}）")
        for key, reason in _find_faults(profile):
            raise BadKey(key, reason)
    except BadKey as fault:
        raise ProfileError(file, fault.key, fault.reason) from fault
    return profile


def _read_condition(table: Any, path: str) -> Condition:
    """A condition's `kind` decides which further keys it has."""
    if not isinstance(table, dict) or "kind" not in table:
        raise BadKey(f"{path}.kind", "缺少这个键")
    kind = table["kind"]
    if not isinstance(kind, str) or kind not in CONDITION_KINDS:
        raise BadKey(f"{path}.kind", f"只能是{'、'.join(CONDITION_KINDS)}之一")
    return read_record(CONDITION_KINDS[kind], {name: value for name, value in table.items() if name != "kind"}, path)


def _find_faults(profile: Profile) -> Iterator[tuple[str, str]]:
    """Everything the types cannot say, as (key, reason)."""
    yield from _find_chain_faults(profile)
    yield from _find_region_faults(profile)
    yield from _find_grade_faults(profile)
    yield from _find_form_faults(profile)
    yield from _find_template_faults(profile, "")


def _find_chain_faults(profile: Profile) -> Iterator[tuple[str, str]]:
    for kind in UnitKind:
        chain = profile.chain(kind)
        if not chain or len(set(chain)) != len(chain) or not REVIEWERS.issuperset(chain):
            yield f"chains.{kind}", "应至少有一级，且各级为不重复的审核层级（U、K、C、B、P、D）"
        for seat in chain:
            if seat not in profile.seats:
                yield f"seats.{seat}", f"缺少这个键（chains.{kind}用到该层级）"
        for seat in chain[:-1]:
            if seat not in profile.forms.application.stamps:
                yield f"forms.application.stamps.{seat}", f"缺少这个键（chains.{kind}用到该层级）"
    for item in fields(profile.owners):
        if getattr(profile.owners, item.name) not in REVIEWERS:
            yield f"owners.{item.name}", "应为审核层级（U、K、C、B、P、D）之一"


def _find_region_faults(profile: Profile) -> Iterator[tuple[str, str]]:
    if not _is_digits(profile.code, 6):
        yield "code", "应为GB/T 2260的6位数字"
    for item in ("name", "code", "filing_code"):
        values = Counter(getattr(region, item) for region in profile.regions)
        for value, count in values.items():
            if count > 1 and value is not None:
                yield f"regions.{item}", f"“{value}”重复"
    for number, region in enumerate(profile.regions):
        if region.kind is UnitKind.CITY and not (_is_digits(region.code, 6) and region.code[:2] == profile.code[:2]):
            yield f"regions[{number}].code", f"应为本省（{profile.code[:2]}开头）的6位区划代码"
        if region.kind is UnitKind.PROVINCE and region.code != profile.code + "00":
            yield f"regions[{number}].code", f"应为本省代码后加00（{profile.code}00）"
        if region.filing_code is not None and not _is_digits(region.filing_code, 2):
            yield f"regions[{number}].filing_code", "应为2位数字"
    if [region.name for region in profile.regions if region.kind is UnitKind.PROVINCE] != [profile.affiliated_word]:
        yield "regions", f"应恰有一个kind为province的区域，名称为“{profile.affiliated_word}”"
    known = {region.name for region in profile.regions} | {OWN_REGION, ALL_REGIONS}
    for kind in UnitKind:
        listed = getattr(profile.region_rules.allowed, kind)
        if not listed or not known.issuperset(listed):
            yield f"region_rules.allowed.{kind}", f"只能填本省区域名称、{OWN_REGION}或{ALL_REGIONS}，且不能为空"


def _find_grade_faults(profile: Profile) -> Iterator[tuple[str, str]]:
    if TRUTHFUL not in profile.declarations:
        yield f"declarations.{TRUTHFUL}", "缺少这个键"
    for name in GradeKey:
        grade, path = profile.grade(name), f"grades.{name}"
        for key in grade.declarations:
            if key not in profile.declarations:
                yield f"declarations.{key}", f"缺少这个键（{path}.declarations用到）"
        if not grade.levels or not set(grade.levels) <= {1, 2, 3, 4, 5}:
            yield f"{path}.levels", "应为1至5的等级"
        if not grade.conditions:
            yield f"{path}.conditions", "不能为空"
        if len({rule.key for rule in grade.conditions}) != len(grade.conditions):
            yield f"{path}.conditions", "各条件的key不能重复"
        for number, rule in enumerate(grade.conditions):
            yield from _find_condition_faults(rule, grade, f"{path}.conditions[{number}]")


def _find_condition_faults(rule: Condition, grade: Grade, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(rule, Declared) and rule.declaration not in grade.declarations:
        yield f"{path}.declaration", "应是本等级declarations中的一项"
    if isinstance(rule, HeldQualification) and rule.lowest_level > 5:
        yield f"{path}.lowest_level", "应为1至5的等级"
    if isinstance(rule, OccupationClass) and not (rule.classes and set(rule.classes) <= set(range(1, 9))):
        yield f"{path}.classes", "应为1至8的大类"


def _find_form_faults(profile: Profile) -> Iterator[tuple[str, str]]:
    for key in profile.registration.required_fields:
        if key not in REQUIRABLE_FIELDS:
            yield "registration.required_fields", f"不认识“{key}”，可用：{'、'.join(sorted(REQUIRABLE_FIELDS))}"
    for item in ("organisation_states", "material_kinds"):
        if not getattr(profile.registration, item):
            yield f"registration.{item}", "不能为空"
    for number, column in enumerate(profile.forms.summary.columns):
        if column.field not in COLUMN_FIELDS:
            yield f"forms.summary.columns[{number}].field", f"不认识“{column.field}”"
    for item in ("contents", "assessments"):
        if not getattr(profile.training, item):
            yield f"training.{item}", "不能为空"
    if profile.training.pass_mark is not None and profile.training.pass_mark > 100:
        yield "training.pass_mark", "满分为100分"
    if len(profile.training.module_kinds) != len(profile.training.contents):
        yield "training.module_kinds", "应与contents一一对应"
    if sum(part.count * part.points for part in profile.training.paper) != 100:
        yield "training.paper", "各题型的题数乘以分值之和应为100分"
    yield from _find_number_faults(profile)


def _find_number_faults(profile: Profile) -> Iterator[tuple[str, str]]:
    credential = profile.credential
    used = {name for _, name, _, _ in Formatter().parse(credential.number_pattern) if name}
    if used != {"year", "grade", "serial"}:
        yield "credential.number_pattern", "应含{year}、{grade}和{serial}各一处，号码才不会重复"
    for grade in GradeKey:
        if grade not in credential.grade_codes:
            yield f"credential.grade_codes.{grade}", "缺少这个键"
    if len(set(credential.grade_codes.values())) != len(credential.grade_codes):
        yield "credential.grade_codes", "每个等级的代码应不同"
    if (credential.claim_working_days is None) != (credential.kind == "e_certificate"):
        yield "credential.claim_working_days", "证卡（card）应填领取期限，电子证书（e_certificate）应留空"


def _find_template_faults(value: Any, path: str, allowed: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Texts that could not be filled in later: unknown placeholders or unpaired braces."""
    if isinstance(value, str):
        try:
            used = {name for _, name, _, _ in Formatter().parse(value) if name is not None}
        except ValueError:
            yield path, "花括号不成对"
        else:
            if not used <= allowed:
                yield path, f"只能使用占位符{'、'.join(f'{{{name}}}' for name in sorted(allowed)) or '（无）'}"
    elif is_dataclass(value):
        allowed = _PLACEHOLDERS.get(type(value), allowed)
        for item in fields(value):
            yield from _find_template_faults(getattr(value, item.name), f"{path}.{item.name}".lstrip("."), allowed)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _find_template_faults(each, f"{path}.{name}", allowed)
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _find_template_faults(each, f"{path}[{number}]", allowed)


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()
