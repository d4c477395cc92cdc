"""Examination rules: scores kept to one decimal, papers drawn by a seed, marking, and when an attempt can run."""

from decimal import ROUND_DOWN, Decimal, InvalidOperation

from portal.rules.errors import Invalid

FULL_MARKS = Decimal(100)


def keep_score(raw: Decimal | str | int | float) -> Decimal:
    """The score as it is kept and shown: one decimal, the rest cut off, never rounded up (R5.19).

    Raises Invalid("score") for what is no number between 0 and 100.
    """
    try:
        score = Decimal(str(raw).strip())
    except InvalidOperation:
        raise Invalid("score", "请填写0至100之间的数字，例如89.5。") from None
    if not score.is_finite() or not 0 <= score <= FULL_MARKS:
        raise Invalid("score", "成绩应在0至100之间。")
    return score.quantize(Decimal("0.1"), rounding=ROUND_DOWN)
