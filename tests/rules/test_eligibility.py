from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from portal.rules.eligibility import (
    AgeLimit,
    Declared,
    ExperienceYears,
    HeldExaminerCard,
    HeldQualification,
    OccupationClass,
    Outcome,
    blocks,
    evaluate,
    needs_judgement,
    needs_waiver,
)
from portal.rules.facts import (
    ExaminerCard,
    Facts,
    OccupationRef,
    Qualification,
    QualificationKind,
    TitleGrade,
    is_same_occupation,
)
from portal.rules.periods import Period
from portal.rules.profile import load_profiles

PROFILES = load_profiles(Path(__file__).parents[2] / "data" / "profiles")
ORDINARY = PROFILES["anhui"].conditions("examiner")
SENIOR = PROFILES["sichuan"].conditions("senior")
ON = date(2022, 12, 9)
WELDER = OccupationRef("6-18-02-04", "焊工", "电焊工")
FITTER = OccupationRef("6-20-01-01", "装配钳工")
MET, NOT_MET, JUDGEMENT = Outcome.MET, Outcome.NOT_MET, Outcome.JUDGEMENT


def certificate(level, occupation=WELDER, kind=QualificationKind.VOCATIONAL, **more):
    return Qualification(kind, occupation, level=level, number="X1", issuer="某中心", **more)


def title(grade, related=True, **more):
    return Qualification(QualificationKind.TITLE, OccupationRef(name="焊接技术"), title=grade, related=related, **more)


def make_facts(**changes) -> Facts:
    """A man of 40 who meets every condition of the senior grade."""
    complete = Facts(
        birth=date(1982, 5, 1),
        sex="男",
        occupation=WELDER,
        qualifications=(certificate(1),),
        experience=(Period(date(2020, 1, 1), date(2021, 12, 31)),),
        cards=(ExaminerCard(WELDER, valid_to=date(2024, 1, 1), registered=True, number="K1"),),
        declarations=frozenset({"truthful", "ethics", "mastery", "code_of_conduct"}),
        healthy=True,
    )
    return replace(complete, **changes)


def check(conditions, key, on=ON, **changes):
    """The one result with that key, for otherwise complete facts."""
    return next(result for result in evaluate(conditions, make_facts(**changes), on) if result.key == key)


def pick(conditions, kind):
    return next(rule for rule in conditions if isinstance(rule, kind))


@pytest.mark.requirement("R3.10")
@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        *[(certificate(level), MET if level <= 3 else NOT_MET) for level in (1, 2, 3, 4, 5)],
        *[(certificate(level, kind=QualificationKind.SKILL_LEVEL), MET if level <= 3 else NOT_MET) for level in (3, 4)],
        (certificate(3, FITTER), NOT_MET),
        (certificate(1, FITTER), NOT_MET),
        (certificate(None), NOT_MET),
        (title(TitleGrade.JUNIOR), NOT_MET),
        (title(TitleGrade.INTERMEDIATE), MET),
        (title(TitleGrade.ASSOCIATE_SENIOR), MET),
        (title(TitleGrade.SENIOR), MET),
        (title(TitleGrade.INTERMEDIATE, related=False), NOT_MET),
        (title(TitleGrade.INTERMEDIATE, related=None), JUDGEMENT),
        (title(TitleGrade.JUNIOR, related=None), NOT_MET),
        (title(None), NOT_MET),
    ],
)
def test_ordinary_grade_takes_level_3_of_the_occupation_or_an_intermediate_related_title(held, outcome):
    result = check(ORDINARY, "qualification", qualifications=(held,))
    assert result.outcome is outcome
    assert (result in blocks([result])) is (outcome is NOT_MET)


def test_one_sufficient_qualification_is_enough_and_a_decided_one_beats_an_undecided():
    weak, undecided = certificate(4), title(TitleGrade.INTERMEDIATE, related=None)
    assert check(ORDINARY, "qualification", qualifications=(weak, undecided, certificate(3))).outcome is MET
    assert check(ORDINARY, "qualification", qualifications=(weak, undecided)).outcome is JUDGEMENT


def test_failed_qualification_quotes_the_rule_and_names_what_is_held():
    result = check(ORDINARY, "qualification", qualifications=(certificate(4), certificate(2, FITTER)))
    assert "三级/高级工" in result.text and result.source.endswith("附件1（二）")
    assert "四级/中级工" in result.explanation and "等级未达到" in result.explanation
    assert "装配钳工" in result.explanation and "不一致" in result.explanation
    assert "尚未填写持证情况" in check(ORDINARY, "qualification", qualifications=()).explanation


def test_certificate_issued_after_the_day_of_submission_does_not_count():
    issued_today, later = certificate(3, issued_on=ON), certificate(3, issued_on=ON + timedelta(days=1))
    assert check(ORDINARY, "qualification", qualifications=(issued_today,)).outcome is MET
    assert check(ORDINARY, "qualification", qualifications=(later,)).outcome is NOT_MET


def test_missing_experience_is_flagged_for_judgement_and_never_blocks():
    for log in ((), (Period(date(2021, 1, 1), date(2021, 6, 30)),)):
        result = check(ORDINARY, "experience", experience=log)
        assert result.outcome is JUDGEMENT
        assert needs_judgement([result]) == (result,)
        assert not blocks([result])
    assert "6个月" in result.explanation


@pytest.mark.requirement("R3.16")
@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        ([certificate(1)], MET),
        ([certificate(2)], NOT_MET),
        ([certificate(2), title(TitleGrade.INTERMEDIATE)], NOT_MET),
        ([certificate(1, FITTER)], NOT_MET),
        ([title(TitleGrade.SENIOR)], MET),
        ([title(TitleGrade.ASSOCIATE_SENIOR)], MET),
        ([certificate(2), title(TitleGrade.SENIOR)], MET),
        ([], NOT_MET),
    ],
)
def test_senior_grade_takes_level_1_or_a_senior_title(held, outcome):
    assert check(SENIOR, "qualification", qualifications=tuple(held)).outcome is outcome


@pytest.mark.requirement("R3.17")
def test_level_1_skill_certificate_and_associate_senior_title_pass_with_a_note():
    skill = check(SENIOR, "qualification", qualifications=(certificate(1, kind=QualificationKind.SKILL_LEVEL),))
    assert skill.outcome is MET
    assert "一级职业技能等级证书按高级技师国家职业资格计" in skill.explanation
    associate = check(SENIOR, "qualification", qualifications=(title(TitleGrade.ASSOCIATE_SENIOR),))
    assert associate.outcome is MET
    assert "副高级职称按高级专业技术职称计" in associate.explanation
    for plain in (certificate(1), title(TitleGrade.SENIOR)):
        assert "注：" not in check(SENIOR, "qualification", qualifications=(plain,)).explanation


@pytest.mark.requirement("R3.18")
@pytest.mark.parametrize(("sex", "limit"), [("男", 65), ("女", 60)])
@pytest.mark.parametrize("birth", [date(1957, 12, 9), date(1960, 2, 29), date(1958, 1, 1)])
def test_age_is_within_the_limit_until_the_day_before_the_next_birthday(sex, limit, birth):
    exceeded = date(birth.year + limit + 1, birth.month, birth.day) if birth.day != 29 else None
    exceeded = exceeded or date(birth.year + limit + 1, 3, 1)  # 1960 + 66 and 1960 + 61 are no leap years
    last_day = check(SENIOR, "age", on=exceeded - timedelta(days=1), sex=sex, birth=birth)
    assert last_day.outcome is MET
    assert f"{limit}周岁" in last_day.explanation
    first_day = check(SENIOR, "age", on=exceeded, sex=sex, birth=birth)
    assert first_day.outcome is NOT_MET
    assert f"{limit + 1}周岁" in first_day.explanation


def test_woman_over_60_exceeds_where_a_man_does_not():
    assert check(SENIOR, "age", sex="女", birth=date(1960, 1, 1)).outcome is NOT_MET
    assert check(SENIOR, "age", sex="男", birth=date(1960, 1, 1)).outcome is MET


def test_age_needs_a_waiver_and_does_not_stop_the_submission():
    results = evaluate(SENIOR, make_facts(birth=date(1950, 1, 1)), ON)
    assert [result.key for result in needs_waiver(results)] == ["age"]
    assert blocks(results) == ()


# R3.14 and R3.15 are completed by later parts (cards, batch records); these are their arithmetic.
@pytest.mark.parametrize(
    ("cards", "outcome"),
    [
        ([ExaminerCard(WELDER, ON, registered=True)], MET),
        ([ExaminerCard(WELDER, None, registered=True)], MET),
        ([ExaminerCard(WELDER, ON - timedelta(days=1), registered=True)], NOT_MET),
        ([ExaminerCard(FITTER, date(2030, 1, 1), registered=True)], NOT_MET),
        ([ExaminerCard(WELDER, ON, has_scan=True)], JUDGEMENT),
        ([ExaminerCard(WELDER, ON - timedelta(days=1), has_scan=True)], NOT_MET),
        ([ExaminerCard(WELDER, ON)], NOT_MET),
        ([ExaminerCard(FITTER, ON, has_scan=True)], NOT_MET),
        ([ExaminerCard(FITTER, ON, True), ExaminerCard(WELDER, ON, has_scan=True)], JUDGEMENT),
        ([ExaminerCard(WELDER, ON, has_scan=True), ExaminerCard(WELDER, ON, registered=True)], MET),
        ([], NOT_MET),
    ],
)
def test_senior_grade_needs_a_valid_card_in_the_same_occupation(cards, outcome):
    assert check(SENIOR, "examiner", cards=tuple(cards)).outcome is outcome


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        ([Period(date(2021, 1, 1), date(2021, 12, 30))], NOT_MET),
        ([Period(date(2021, 1, 1), date(2021, 12, 31))], MET),
        ([Period(date(2021, 12, 10))], MET),
        ([Period(date(2021, 12, 11))], NOT_MET),
        ([Period(date(2021, 1, 1), date(2021, 9, 1)), Period(date(2021, 3, 1), date(2021, 12, 30))], NOT_MET),
        # Twice six whole months are 362 days: neither clearly a year nor clearly not.
        ([Period(date(2021, 1, 1), date(2021, 6, 30)), Period(date(2022, 1, 1), date(2022, 6, 30))], JUDGEMENT),
        ([], NOT_MET),
    ],
)
def test_senior_grade_needs_a_full_year_of_assessment_work(log, outcome):
    assert check(SENIOR, "experience", experience=tuple(log)).outcome is outcome


@pytest.mark.requirement("R3.22")
@pytest.mark.parametrize("digit", range(1, 9))
def test_occupation_class_must_be_3_to_6(digit):
    result = check(SENIOR, "occupation_class", occupation=OccupationRef(f"{digit}-12-01-01", "某职业"))
    assert result.outcome is (MET if digit in (3, 4, 5, 6) else NOT_MET)
    assert f"第{digit}类" in result.explanation
    assert bool(blocks([result])) is (digit not in (3, 4, 5, 6))


@pytest.mark.parametrize("code", ["", "X-12", "四-12", "²-12"])
def test_occupation_without_a_usable_code_is_in_no_class(code):
    assert check(SENIOR, "occupation_class", occupation=OccupationRef(code, "某职业")).outcome is NOT_MET


@pytest.mark.parametrize("key", ["mastery", "ethics"])
def test_unticked_declaration_blocks(key):
    declaration = next(rule for rule in SENIOR if rule.key == key).declaration
    ticked = make_facts().declarations - {declaration}
    result = check(SENIOR, key, declarations=ticked)
    assert blocks([result]) == (result,)


def test_ticked_declaration_is_met_unless_the_unit_confirms_it():
    assert check(SENIOR, "ethics").outcome is MET
    assert check(SENIOR, "mastery").outcome is JUDGEMENT
    assert check(ORDINARY, "ethics").outcome is JUDGEMENT


@pytest.mark.parametrize(("healthy", "outcome"), [(True, MET), (False, NOT_MET), (None, NOT_MET)])
def test_health_is_met_only_by_an_explicit_yes(healthy, outcome):
    assert check(SENIOR, "health", healthy=healthy).outcome is outcome


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (WELDER, OccupationRef("6-18-02-04"), True),
        (WELDER, OccupationRef("6-18-02-04", "焊工", "气焊工"), False),
        (WELDER, OccupationRef("6-18-02-04", "另一名称"), True),
        (WELDER, OccupationRef("6-18-02-05", "焊工"), False),
        (WELDER, OccupationRef(name="焊工"), True),
        (WELDER, OccupationRef(name="焊工", job="气焊工"), False),
        (OccupationRef("4-07-03-05", "劳动关系协调员"), OccupationRef("4-07-03-02", "劳动关系协调师"), True),
        (OccupationRef(name="劳动关系协调员"), OccupationRef("4-07-03-02", "劳动关系协调师"), True),
        (OccupationRef(), OccupationRef(), False),
        (OccupationRef(), WELDER, False),
    ],
)
def test_same_occupation_by_code_alias_and_job(one, other, same):
    aliases = {"4-07-03-05": "4-07-03-02", "劳动关系协调员": "4-07-03-02"}
    assert is_same_occupation(one, other, aliases) is same
    assert is_same_occupation(other, one, aliases) is same


def test_aliases_of_the_facts_reach_certificates_and_cards():
    old = OccupationRef("4-07-03-05", "劳动关系协调员")
    changes = {
        "occupation": OccupationRef("4-07-03-02", "劳动关系协调师"),
        "qualifications": (certificate(1, old),),
        "cards": (ExaminerCard(old, registered=True),),
    }
    for aliases, outcome in (({}, NOT_MET), ({"4-07-03-05": "4-07-03-02"}, MET)):
        for key in ("qualification", "examiner"):
            assert check(SENIOR, key, aliases=aliases, **changes).outcome is outcome


def test_complete_applicant_has_nothing_open_but_the_units_confirmation():
    results = evaluate(SENIOR, make_facts(), ON)
    assert [result.key for result in results] == [rule.key for rule in SENIOR]
    assert not blocks(results) and not needs_waiver(results)
    assert [result.key for result in needs_judgement(results)] == ["mastery"]


def test_results_never_fall_into_two_kinds():
    results = evaluate(SENIOR, Facts(date(1940, 1, 1), "女", OccupationRef("2-01", "教师")), ON)
    groups = [blocks(results), needs_waiver(results), needs_judgement(results)]
    assert sum(map(len, groups)) == len(results)
    assert [result.key for result in groups[1]] == ["age"]
    assert all(result.text and result.source and result.explanation for result in results)


@pytest.mark.parametrize(
    ("kind", "at", "beyond"),
    [
        (AgeLimit, {"birth": date(1957, 12, 9)}, {"birth": date(1956, 12, 9)}),
        (
            ExperienceYears,
            {"experience": (Period(date(2021, 12, 10), ON),)},
            {"experience": (Period(date(2021, 12, 11), ON),)},
        ),
        (HeldQualification, {"qualifications": (certificate(1),)}, {"qualifications": (certificate(2),)}),
        (HeldExaminerCard, {}, {"cards": (ExaminerCard(WELDER, ON - timedelta(days=1), registered=True),)}),
        (OccupationClass, {"occupation": OccupationRef("6-18-02-04")}, {"occupation": OccupationRef("7-18-02-04")}),
        (Declared, {"declarations": frozenset({"mastery"})}, {"declarations": frozenset()}),
    ],
)
def test_the_threshold_itself_is_inside(kind, at, beyond):
    rule = pick(SENIOR, kind)
    assert rule.check(make_facts(**at), ON)[0] is not NOT_MET
    assert rule.check(make_facts(**beyond), ON)[0] is NOT_MET
