"""Examination rules: scores kept to one decimal, papers drawn by a seed, marking, and when an attempt can run."""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from portal.rules.dates import print_clock, print_datetime, print_end
from portal.rules.errors import Invalid

FULL_MARKS = Decimal(100)
# In the order in which a paper shows them.
KIND_LABELS = {"single": "单选题", "multiple": "多选题", "judge": "判断题"}
LETTERS = "ABCDEFGH"
SUBMITTED_BY = {"candidate": "本人交卷", "system": "到时自动交卷"}
_HALF = Decimal("0.5")


@dataclass(frozen=True)
class Item:
    """One question of a drawn paper: `order` are the places of its options in the bank, as the paper shows them."""

    question: int
    points: Decimal
    order: tuple[int, ...]

    def stored(self) -> list:
        """As it is kept in the attempt."""
        return [self.question, str(self.points), list(self.order)]


@dataclass(frozen=True)
class Sitting:
    """When the online assessment of a plan can be sat: one slot for everybody, or `minutes` from one's own start.

    Either end may be None: not announced for the slot, no limit for a self-timed test. `late_minutes` is the last
    moment to enter a slot (R5.08).
    """

    opens_at: datetime | None
    closes_at: datetime | None
    minutes: int | None
    late_minutes: int | None = None

    @property
    def is_slot(self) -> bool:
        """Whether everybody ends at the same moment (川人社职鉴〔2022〕21号 七: 统一安排考核)."""
        return self.minutes is None

    def why_closed(self, moment: datetime) -> str:
        """Why nobody can start at `moment`, '' when one can; the first instant is inside, the last is not (R5.07)."""
        if self.is_slot and (self.opens_at is None or self.closes_at is None):
            return "考核时间尚未公布，公布后会显示在本页。"
        if self.opens_at is not None and moment < self.opens_at:
            return f"考核于{print_datetime(self.opens_at)}开始，到时在本页进入。"
        if self.is_over(moment):
            return f"考核已于{print_end(self.closes_at)}结束，不能再进入。"
        if self.is_slot and self.late_minutes is not None:
            last = self.opens_at + timedelta(minutes=self.late_minutes)
            if moment > last:
                return f"开考{self.late_minutes}分钟后（{print_clock(last)}以后）不能再进入考核。"
        return ""

    def is_over(self, moment: datetime) -> bool:
        """Whether the last moment has passed."""
        return self.closes_at is not None and moment >= self.closes_at

    def due_at(self, started_at: datetime) -> datetime:
        """When a paper started then is collected: the end of the slot, or the own minutes, never beyond the end."""
        if self.is_slot:
            return self.closes_at
        own = started_at + timedelta(minutes=self.minutes)
        return own if self.closes_at is None else min(own, self.closes_at)


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


def check_paper(paper: Sequence[Mapping]) -> list[dict]:
    """The composition as it is stored, in the order of KIND_LABELS; [] for none (a draft may leave it blank).

    Each part: kind, count of questions, points of each (multiples of 0.5). Raises Invalid("paper") unless all parts
    together make 100 points (R5.10).
    """
    parts = []
    for kind in KIND_LABELS:
        for part in paper:
            if part["kind"] != kind or not part["count"]:
                continue
            points = Decimal(str(part["points"] or 0))
            if not 0 < part["count"] <= 200:
                raise Invalid("paper", f"{KIND_LABELS[kind]}的题数应在1至200之间。")
            if points <= 0 or points % _HALF:
                raise Invalid("paper", f"{KIND_LABELS[kind]}的每题分值应大于0，且是0.5的倍数。")
            parts.append({"kind": kind, "count": int(part["count"]), "points": f"{points.normalize():f}"})
    total = sum((part["count"] * Decimal(part["points"]) for part in parts), Decimal(0))
    if parts and total != FULL_MARKS:
        raise Invalid("paper", f"各题型题数乘以分值合计{total.normalize():f}分，应恰为100分。")
    return parts


def find_shortage(paper: Sequence[Mapping], pool: Mapping[str, Sequence]) -> list[tuple[str, int, int]]:
    """Kinds of which the bank has too few questions for this paper, as (kind, needed, there)."""
    needed = Counter()
    for part in paper:
        needed[part["kind"]] += part["count"]
    return [(kind, count, len(pool.get(kind, ()))) for kind, count in needed.items() if count > len(pool.get(kind, ()))]


def draw_paper(seed: str, paper: Sequence[Mapping], pool: Mapping[str, Sequence[tuple[int, int]]]) -> list[Item]:
    """A paper of exactly 100 points; the same seed, paper and pool give the same one (R5.10).

    `pool` holds, by kind, (question id, number of options). Options of a judgement keep their order: 正确 before 错误.
    Raises ValueError when the pool is too small; ask find_shortage() before.
    """
    if find_shortage(paper, pool):
        raise ValueError("the pool has too few questions for this paper")
    chance = random.Random(seed)
    rest = {kind: chance.sample(sorted(questions), len(questions)) for kind, questions in sorted(pool.items())}
    items = []
    for part in paper:
        for _ in range(part["count"]):
            question, options = rest[part["kind"]].pop()
            order = list(range(options))
            if part["kind"] != "judge":
                chance.shuffle(order)
            items.append(Item(question, Decimal(part["points"]), tuple(order)))
    return items


def read_items(stored: Sequence[Sequence]) -> list[Item]:
    """The paper of an attempt, as Item.stored() wrote it."""
    return [Item(question, Decimal(points), tuple(order)) for question, points, order in stored]


def read_answer(text: str) -> str:
    """The letters of an answer in order and once each ("CA" is "AC", '' for none); raises Invalid("value")."""
    letters = re.sub(r"[\s,，、]", "", text).upper()
    if len(letters) > len(LETTERS) or not set(letters) <= set(LETTERS):
        raise Invalid("value", "没有这个选项，请在页面上选择。")
    return "".join(sorted(set(letters)))


def shown_answer(right: str, order: Sequence[int]) -> str:
    """The right options' letters as this paper shows them, from their letters in the bank."""
    places = {LETTERS.index(letter) for letter in right}
    return "".join(LETTERS[shown] for shown, place in enumerate(order) if place in places)


def mark(items: Sequence[Item], right: Mapping[int, str], given: Mapping[int, str]) -> Decimal:
    """The points of a paper (R5.09): each question full points for exactly the right options, otherwise none.

    `right` are the bank's answers by question, `given` the candidate's by place in the paper, as the paper shows them.
    """
    return sum(
        (item.points for place, item in enumerate(items)
         if given.get(place) and given[place] == shown_answer(right[item.question], item.order)),
        Decimal(0),
    )  # fmt: skip
