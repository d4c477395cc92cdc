"""What a question of the bank must be: kind, text, options and the right ones (R5.10)."""

import re
from collections.abc import Sequence

from portal.rules.errors import Invalid
from portal.rules.exam import KIND_LABELS, LETTERS
from portal.rules.typed_text import squeeze, to_half_width

JUDGE_OPTIONS = ("正确", "错误")
KIND_WORDS = {
    **{label: kind for kind, label in KIND_LABELS.items()},
    "单选": "single", "单项选择题": "single", "多选": "multiple", "多项选择题": "multiple", "判断": "judge",
    "是非题": "judge",
}  # fmt: skip
_TRUE = frozenset({"A", "正确", "对", "是", "√", "✓", "✔", "T", "TRUE", "Y"})
_FALSE = frozenset({"B", "错误", "错", "否", "×", "✗", "✘", "X", "F", "FALSE", "N"})


def check_question(kind: str, text: str, options: Sequence[str], answer: str) -> tuple[str, list[str], str]:
    """Text, options and answer as they are stored; raises Invalid("kind" | "text" | "option_A" … | "answer").

    A single choice has one right option of 2 to 8, a multiple choice at least two; a judgement is 正确 (A) or 错误 (B).
    """
    if kind not in KIND_LABELS:
        raise Invalid("kind", f"请选择题型：{'、'.join(KIND_LABELS.values())}。")
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines() if line.strip())
    if not text:
        raise Invalid("text", "请填写题干。")
    if len(text) > 1000:
        raise Invalid("text", "题干最多1000个字，请精简。")
    if kind == "judge":
        return text, list(JUDGE_OPTIONS), read_judgement(answer)
    found = _check_options(options)
    letters = read_letters(answer)
    missing = [letter for letter in letters if LETTERS.index(letter) >= len(found)]
    if missing:
        raise Invalid("answer", f"答案中的{'、'.join(missing)}没有对应的选项。")
    if kind == "single" and len(letters) != 1:
        raise Invalid("answer", "单选题应有且只有一个正确答案，例如B。")
    if kind == "multiple" and len(letters) < 2:
        raise Invalid("answer", "多选题应有两个或两个以上正确答案，例如A、B、D。")
    return text, found, letters


def read_letters(text: str) -> str:
    """Letters of right options in order, once each: "d, a、b" is "ABD"; raises Invalid("answer")."""
    letters = re.sub(r"[,，、;；/\s]", "", to_half_width(text)).upper()
    if not letters:
        raise Invalid("answer", "请填写正确答案。")
    if not set(letters) <= set(LETTERS):
        raise Invalid("answer", f"答案“{text[:20]}”无法识别，请填选项字母，例如A、B、D。")
    return "".join(sorted(set(letters)))


def read_judgement(text: str) -> str:
    """A for 正确, B for 错误, as people write it; raises Invalid("answer")."""
    plain = squeeze(to_half_width(text)).upper()
    if plain in _TRUE:
        return "A"
    if plain in _FALSE:
        return "B"
    raise Invalid("answer", "判断题的答案请填“正确”或“错误”。")


def print_answer(kind: str, answer: str) -> str:
    """The right answer for people: letters (A、C), or 正确 and 错误."""
    return JUDGE_OPTIONS["AB".index(answer)] if kind == "judge" else "、".join(answer)


def _check_options(options: Sequence[str]) -> list[str]:
    """Options without blanks at the end; none may be missing between two others, none stand there twice."""
    given = [" ".join(option.split()) for option in options]
    while given and not given[-1]:
        given.pop()
    if len(given) < 2:
        raise Invalid("option_A" if not given else "option_B", "请至少填写A、B两个选项。")
    if len(given) > len(LETTERS):
        raise Invalid("option_H", f"最多{len(LETTERS)}个选项。")
    for place, option in enumerate(given):
        field = f"option_{LETTERS[place]}"
        if not option:
            raise Invalid(field, "中间的选项不能空着，请依次填写。")
        if len(option) > 300:
            raise Invalid(field, "选项最多300个字，请精简。")
        if option in given[:place]:
            raise Invalid(field, f"与选项{LETTERS[given.index(option)]}相同。")
    return given
