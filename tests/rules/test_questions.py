"""What a question of the bank must be, at both edges of every limit."""

import pytest

from portal.rules.errors import Invalid
from portal.rules.questions import check_question, print_answer, read_judgement, read_letters

FOUR = ["一年", "二年", "三年", "四年"]


@pytest.mark.parametrize("written, read", [("b", "B"), ("d, A、b", "ABD"), ("ＡＣ", "AC"), ("B；B", "B")])
def test_letters_as_people_write_them(written, read):
    assert read_letters(written) == read


@pytest.mark.parametrize(
    "written, read", [("正确", "A"), ("对", "A"), ("√", "A"), ("错误", "B"), ("×", "B"), ("ｘ", "B")]
)
def test_judgements_as_people_write_them(written, read):
    assert read_judgement(written) == read
    assert print_answer("judge", read) in ("正确", "错误")


def test_a_judgement_needs_no_options():
    assert check_question("judge", " 考评员 应持证上岗 ", [], "对") == ("考评员 应持证上岗", ["正确", "错误"], "A")


@pytest.mark.parametrize(
    "kind, text, options, answer, field",
    [
        ("essay", "题", FOUR, "A", "kind"),
        ("single", "  ", FOUR, "A", "text"),
        ("single", "题" * 1001, FOUR, "A", "text"),
        ("single", "题", [], "A", "option_A"),
        ("single", "题", ["一年"], "A", "option_B"),
        ("single", "题", ["一年", "", "三年"], "A", "option_B"),
        ("single", "题", ["一年", "二年", "一年"], "A", "option_C"),
        ("single", "题", [str(n) for n in range(9)], "A", "option_H"),
        ("single", "题", ["字" * 301, "二年"], "A", "option_A"),
        ("single", "题", FOUR, "", "answer"),
        ("single", "题", FOUR, "AB", "answer"),
        ("single", "题", FOUR, "E", "answer"),
        ("single", "题", FOUR, "丙", "answer"),
        ("multiple", "题", FOUR, "A", "answer"),
        ("multiple", "题", FOUR, "AE", "answer"),
        ("judge", "题", [], "C", "answer"),
        ("judge", "题", [], "", "answer"),
    ],
)
def test_what_is_refused_and_where(kind, text, options, answer, field):
    with pytest.raises(Invalid) as refusal:
        check_question(kind, text, options, answer)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "kind, text, options, answer",
    [("single", "题" * 1000, FOUR, "D"), ("single", "题", ["一年", "二年", "", ""], "B"),
     ("single", "题", [str(n) for n in range(8)], "H"), ("single", "题", ["字" * 300, "二年"], "A"),
     ("multiple", "题", FOUR, "ABCD"), ("multiple", "题", FOUR, "AB")],
)  # fmt: skip
def test_what_is_just_accepted(kind, text, options, answer):
    assert check_question(kind, text, options, answer)[2] == answer
