"""Conditions for becoming an examiner, as records with their legal source, and what one person's facts make of them.

What a result does to a registration (decision for the whole portal):

* `NOT_MET` and not waivable - the applicant cannot submit; the page quotes `text` and `source` (`blocks`).
* `NOT_MET` and waivable (原则上, R3.19) - the applicant may submit, but the deciding level must waive the condition
  with a written reason before it can approve (`needs_waiver`).
* `JUDGEMENT` - never blocks; the reviewer sees it flagged and records a view (`needs_judgement`).
* `MET` - nothing to do; the explanation still shows the numbers that were used.

以上, 以内 and 不少于 include the number itself (R13.05). All days are calendar days, both ends included.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Literal

from portal.rules.facts import LEVEL_LABELS, Facts, Qualification, QualificationKind, TitleGrade, is_same_occupation
from portal.rules.periods import full_years, measure_experience


class Outcome(StrEnum):
    """What the facts make of one condition."""

    MET = "met"
    NOT_MET = "not_met"
    JUDGEMENT = "judgement"


OUTCOME_LABELS = {Outcome.MET: "符合", Outcome.NOT_MET: "不符合", Outcome.JUDGEMENT: "待审核人判断"}


@dataclass(frozen=True)
class Result:
    """One condition decided: `explanation` holds the numbers used, `text` and `source` the rule to quote."""

    key: str
    label: str
    outcome: Outcome
    explanation: str
    source: str
    waivable: bool
    text: str = ""

    @property
    def outcome_label(self) -> str:
        """符合 / 不符合 / 待审核人判断."""
        return OUTCOME_LABELS[self.outcome]


Verdict = tuple[Outcome, str]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of a grade's rule list; the parameters come from the jurisdiction profile, the kind from here.

    `text` is the wording of the rule, `source` where it stands; `waivable` marks 原则上 rules (R3.19).
    """

    kind: ClassVar[str] = ""
    key: str
    label: str
    text: str
    source: str
    waivable: bool

    def check(self, facts: Facts, on: date) -> Verdict:
        """Decide this condition for the facts as they stand on the day `on`."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class HeldQualification(Condition):
    """A certificate of at least `lowest_level` in the occupation applied for, or a title of at least `lowest_title`.

    `title_speciality` says whether the title must be in a related speciality (`related`: undecided means judgement)
    or may be in any (`any`). `notes` adds a sentence where a certificate kind or title grade is accepted by
    interpretation (R3.17). Sources: 劳社培就司函[2003]117号 as cited by the provinces' notices (R3.10, R3.16).
    """

    kind: ClassVar[str] = "held_qualification"
    certificates: tuple[Literal["职业资格", "技能等级"], ...]
    lowest_level: int
    lowest_title: TitleGrade
    title_speciality: Literal["related", "any"]
    notes: dict[str, str]

    def check(self, facts: Facts, on: date) -> Verdict:
        """Met by any one qualification; judgement if only an undecided title would do."""
        weighed = [self._weigh(held, facts, on) for held in facts.qualifications]
        for wanted in (Outcome.MET, Outcome.JUDGEMENT):
            words = [explanation for outcome, explanation in weighed if outcome is wanted]
            if words:
                return wanted, "；".join(words)
        level = LEVEL_LABELS[self.lowest_level] + ("及以上" if self.lowest_level > 1 else "")
        title = "高级" if self.lowest_title is TitleGrade.ASSOCIATE_SENIOR else f"{self.lowest_title}及以上"
        have = "；".join(words for _, words in weighed) or "尚未填写持证情况"
        return (
            Outcome.NOT_MET,
            f"需具有{facts.occupation.label}{level}证书，或{title}专业技术职务。现有：{have}。",
        )

    def _weigh(self, held: Qualification, facts: Facts, on: date) -> Verdict:
        if held.kind is QualificationKind.TITLE:
            words = f"{held.title or '未填级别'}专业技术职务"
        else:
            words = f"{held.occupation.label}{LEVEL_LABELS.get(held.level or 0, '未填等级')}{held.kind}证书"
        note = self.notes.get((held.title or "") if held.kind is QualificationKind.TITLE else held.kind, "")
        if held.issued_on and held.issued_on > on:
            return Outcome.NOT_MET, f"{words}（发证日期 {held.issued_on} 晚于申报日 {on}，不计）"
        if held.kind is QualificationKind.TITLE:
            return self._weigh_title(held, words, note)
        if held.kind not in self.certificates:
            return Outcome.NOT_MET, f"{words}（本条不认可此类证书）"
        if not is_same_occupation(held.occupation, facts.occupation, facts.aliases):
            return Outcome.NOT_MET, f"{words}（与申报职业{facts.occupation.label}不一致）"
        if held.level is None or not 1 <= held.level <= self.lowest_level:
            return Outcome.NOT_MET, f"{words}（等级未达到）"
        return Outcome.MET, f"持有{words}，与申报职业一致。{note}"

    def _weigh_title(self, held: Qualification, words: str, note: str) -> Verdict:
        if held.title is None or held.title.rank < self.lowest_title.rank:
            return Outcome.NOT_MET, f"{words}（级别未达到）"
        if self.title_speciality == "any":
            return Outcome.MET, f"具有{words}。{note}"
        if held.related is None:
            return Outcome.JUDGEMENT, f"具有{words}，其专业是否与申报职业相关，由审核人判断。{note}"
        if not held.related:
            return Outcome.NOT_MET, f"{words}（专业与申报职业不相关）"
        return Outcome.MET, f"具有{words}，专业与申报职业相关。{note}"


@dataclass(frozen=True, kw_only=True)
class ExperienceJudged(Condition):
    """Some assessment experience, without a figure in the source: always the reviewer's judgement (R3.11)."""

    kind: ClassVar[str] = "experience_judged"

    def check(self, facts: Facts, on: date) -> Verdict:
        """Judgement in every case; the words give the reviewer the computed total."""
        worked = measure_experience(facts.experience, on)
        if not worked.total_days:
            return Outcome.JUDGEMENT, "未填写考评工作经历，请审核人判断是否具有一定考评工作经验。"
        return Outcome.JUDGEMENT, f"考评工作经历{worked.words}，是否属于“一定考评工作经验”由审核人判断。"


@dataclass(frozen=True, kw_only=True)
class ExperienceYears(Condition):
    """At least `years` full years of assessment work (R3.15), counted as `periods.measure_experience` says."""

    kind: ClassVar[str] = "experience_years"
    years: int

    def check(self, facts: Facts, on: date) -> Verdict:
        """Judgement only where interrupted spells make whole months enough but days not."""
        worked = measure_experience(facts.experience, on)
        words = f"考评工作经历{worked.words}，要求满{self.years}年"
        if worked.years >= self.years:
            return Outcome.MET, f"{words}。"
        if worked.spells > 1 and worked.whole_months >= 12 * self.years:
            return Outcome.JUDGEMENT, f"{words}；分段经历按整月计已满，按天计未满，由审核人判断。"
        return Outcome.NOT_MET, f"{words}，未达到。"


@dataclass(frozen=True, kw_only=True)
class HeldExaminerCard(Condition):
    """Already an examiner, with a card valid on the day and in the same occupation (R3.14).

    A card in the register decides; a claimed one (scan uploaded, no register entry) is for the reviewer to judge.
    """

    kind: ClassVar[str] = "examiner_card"

    def check(self, facts: Facts, on: date) -> Verdict:
        """Met by a valid registered card, judgement by a claimed one, else not met with what is wrong."""
        faults: list[str] = []
        claimed = ""
        for card in facts.cards:
            name = f"{card.occupation.label}考评员证" + (f" {card.number}" if card.number else "")
            until = f"有效期至 {card.valid_to}" if card.valid_to else "未载明有效期"
            if not is_same_occupation(card.occupation, facts.occupation, facts.aliases):
                faults.append(f"{name}与申报职业{facts.occupation.label}不一致")
            elif card.valid_to and card.valid_to < on:
                faults.append(f"{name}已于 {card.valid_to} 到期")
            elif card.registered:
                return Outcome.MET, f"{name}，{until}，申报日 {on} 在有效期内。"
            elif card.has_scan:
                claimed = f"{name}，{until}；系统证书库中没有该证，请审核人核对上传的证书。"
            else:
                faults.append(f"{name}未在系统证书库中，也未上传证书")
        if claimed:
            return Outcome.JUDGEMENT, claimed
        return Outcome.NOT_MET, ("；".join(faults) or "未查到已取得的考评员资格，也未上传考评员证") + "。"


@dataclass(frozen=True, kw_only=True)
class AgeLimit(Condition):
    """Full years of age on the day of submission at most `men` / `women`; 以内 includes the number (R3.18)."""

    kind: ClassVar[str] = "age"
    men: int
    women: int

    def check(self, facts: Facts, on: date) -> Verdict:
        """Exceeded from the next birthday after the limit on; that birthday itself already exceeds."""
        age, limit = full_years(facts.birth, on), self.men if facts.sex == "男" else self.women
        words = f"{facts.sex}，{facts.birth} 出生，申报日 {on} 为{age}周岁，{facts.sex}性要求{limit}周岁以内"
        return (Outcome.MET, f"{words}。") if age <= limit else (Outcome.NOT_MET, f"{words}，已超过。")


@dataclass(frozen=True, kw_only=True)
class OccupationClass(Condition):
    """The occupation applied for stands in one of the `classes` of the national classification (R3.22, R2.19)."""

    kind: ClassVar[str] = "occupation_class"
    classes: tuple[int, ...]

    def check(self, facts: Facts, on: date) -> Verdict:
        """Decided by the first digit of the occupation code."""
        found = facts.occupation.occupation_class
        allowed = "、".join(str(number) for number in self.classes)
        words = f"申报职业{facts.occupation.label}（{facts.occupation.code or '无编码'}）"
        if found in self.classes:
            return Outcome.MET, f"{words}属第{found}类，在第{allowed}类之内。"
        belongs = f"属第{found}类" if found is not None else "不能确定类别"
        return Outcome.NOT_MET, f"{words}{belongs}，不在第{allowed}类之内。"


@dataclass(frozen=True, kw_only=True)
class Declared(Condition):
    """The applicant ticked a declaration of the profile (R3.12, R3.20, R3.21).

    With `unit_confirms` the tick is not the whole condition: the unit judges it at the first review.
    """

    kind: ClassVar[str] = "declaration"
    declaration: str
    unit_confirms: bool

    def check(self, facts: Facts, on: date) -> Verdict:
        """Unticked is not met; ticked is met, or left to the unit's judgement."""
        if self.declaration not in facts.declarations:
            return Outcome.NOT_MET, f"尚未勾选“{self.label}”承诺。"
        if self.unit_confirms:
            return Outcome.JUDGEMENT, "本人已承诺，由所在单位或推荐单位初审时确认。"
        return Outcome.MET, "本人已承诺。"


@dataclass(frozen=True, kw_only=True)
class Healthy(Condition):
    """The applicant states to be healthy and able to carry out assessments (R1.23)."""

    kind: ClassVar[str] = "health"

    def check(self, facts: Facts, on: date) -> Verdict:
        """Met only by an explicit yes."""
        if facts.healthy:
            return Outcome.MET, "本人已声明身体健康，能够正常组织开展考评活动。"
        missing = "尚未作出健康声明。" if facts.healthy is None else "本人声明的健康状况不符合要求。"
        return Outcome.NOT_MET, missing


CONDITION_KINDS: Mapping[str, type[Condition]] = MappingProxyType(
    {
        record.kind: record
        for record in (
            HeldQualification,
            ExperienceJudged,
            ExperienceYears,
            HeldExaminerCard,
            AgeLimit,
            OccupationClass,
            Declared,
            Healthy,
        )
    }
)


def evaluate(conditions: Iterable[Condition], facts: Facts, on: date) -> tuple[Result, ...]:
    """Decide every condition, in the given order, as of the day `on` (the day of submission)."""
    results = []
    for rule in conditions:
        outcome, explanation = rule.check(facts, on)
        results.append(Result(rule.key, rule.label, outcome, explanation, rule.source, rule.waivable, rule.text))
    return tuple(results)


def blocks(results: Iterable[Result]) -> tuple[Result, ...]:
    """The results that stop the applicant's submission: not met and not waivable."""
    return tuple(result for result in results if result.outcome is Outcome.NOT_MET and not result.waivable)


def needs_waiver(results: Iterable[Result]) -> tuple[Result, ...]:
    """The results that let the applicant submit but need the deciding level's waiver with a reason (R3.19)."""
    return tuple(result for result in results if result.outcome is Outcome.NOT_MET and result.waivable)


def needs_judgement(results: Iterable[Result]) -> tuple[Result, ...]:
    """The results a reviewer has to judge; they never block."""
    return tuple(result for result in results if result.outcome is Outcome.JUDGEMENT)
