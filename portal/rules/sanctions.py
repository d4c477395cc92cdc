"""Two counters with different arithmetic: strikes, which add up, and cards left uncollected, which must be in a row."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from portal.rules.dates import print_date
from portal.rules.flows.credential import State


class BarKind(StrEnum):
    """What a bar follows from: strikes (八（二）, cumulative) or uncollected cards (七, consecutive)."""

    STRIKES = "strikes"
    UNCLAIMED = "unclaimed"


class Outcome(StrEnum):
    """What became of a card, as far as the count of non-collections is concerned."""

    VOID = "void"
    COLLECTED = "collected"
    OPEN = "open"
    PASSED_OVER = "passed_over"


GROUNDS = {"absent": "无故缺勤不参加培训", "dropout": "中途无正当理由未完成培训考核"}
KIND_LABELS = {BarKind.STRIKES: "取消申报资格", BarKind.UNCLAIMED: "永久取消申报资格"}
ENDINGS = {"lifted": "已解除", "groundless": "依据消失，已终止", "expired": "期限届满"}
_OUTCOME_WORDS = {
    Outcome.VOID: "逾期未领取，作废", Outcome.COLLECTED: "已领取", Outcome.OPEN: "尚未到领取期限，暂不计",
    Outcome.PASSED_OVER: "已撤销或失效，不计",
}  # fmt: skip


@dataclass(frozen=True)
class StrikeFact:
    """One decision that an absence had no good reason; `organisation` and `unit` are those of that registration."""

    id: int
    at: datetime
    plan: str
    organisation: int
    unit: str
    ground: str
    annulled_at: datetime | None = None


@dataclass(frozen=True)
class CardFact:
    """One card of a person, by its issue date, and what became of it.

    `corrects` is the date and id of the first wording of a corrected card, whose place among the others it takes: a
    correction is neither a new chance to collect nor a collection.
    """

    id: int
    number: str
    issued_on: date
    about: str  # occupation and grade
    outcome: Outcome
    corrects: tuple[date, int] | None = None

    @property
    def place(self) -> tuple:
        """What the cards of a person are ordered by."""
        return (*(self.corrects or (self.issued_on, self.id)), self.id)


def outcome_of(state: State | str, *, was_collected: bool) -> Outcome:
    """What a card in this state means for the count (七).

    Whether it was collected decides, not what happened to it afterwards: a collected card that is corrected, revoked
    or expires later was collected all the same. One that ended before anybody could collect it says nothing.
    """
    if was_collected or state in (State.CLAIMED, State.VALID):
        return Outcome.COLLECTED
    if state == State.VOID_UNCLAIMED:
        return Outcome.VOID
    return Outcome.OPEN if state in (State.ISSUED, State.AWAITING_CLAIM) else Outcome.PASSED_OVER


def counting_strikes(strikes: Sequence[StrikeFact], cleared: Collection[int] = ()) -> list[StrikeFact]:
    """The strikes that count, the oldest first: over all plans and years (R7.20), without annulled and cleared ones."""
    live = [each for each in strikes if each.annulled_at is None and each.id not in cleared]
    return sorted(live, key=lambda each: (each.at, each.id))


def barred_unit(counting: Sequence[StrikeFact], limit: int | None) -> int | None:
    """The organisation of the strike that reached the limit, which is barred with the person (R7.02, R7.03)."""
    return counting[limit - 1].organisation if limit is not None and len(counting) >= limit else None


def runs_of_voids(cards: Sequence[CardFact], cleared: Collection[int] = ()) -> list[list[CardFact]]:
    """The runs of consecutive non-collections by issue date, over any occupation and grade (R6.17).

    A collected card ends a run; open and passed-over cards, and voids cleared by a lifting, are not looked at. The last
    run is the one that still grows; it is empty when the newest card of interest was collected.
    """
    runs: list[list[CardFact]] = [[]]
    for card in sorted(cards, key=lambda each: each.place):
        if card.outcome == Outcome.COLLECTED:
            runs.append([])
        elif card.outcome == Outcome.VOID and card.id not in cleared:
            runs[-1].append(card)
    return runs


def trailing_voids(cards: Sequence[CardFact], cleared: Collection[int] = ()) -> list[CardFact]:
    """How many cards in a row were left uncollected by now: the counter of 七."""
    return runs_of_voids(cards, cleared)[-1]


def barring_run(
    cards: Sequence[CardFact], limit: int | None, cleared: Collection[int] = (), standing: Collection[int] = ()
) -> list[CardFact]:
    """The run that demands a permanent bar, or [].

    Without a bar it is the trailing run once it is long enough. A bar in force (`standing`: the ids of its cards) keeps
    its ground for ever while its cards still stand in one such run: a card collected later does not end it (R6.16).
    """
    if limit is None:
        return []
    runs = runs_of_voids(cards, cleared)
    for run in runs:
        if len(run) >= limit and any(card.id in standing for card in run):
            return run
    return runs[-1] if len(runs[-1]) >= limit else []


def explain_strikes(strikes: Sequence[StrikeFact], limit: int | None, cleared: Collection[int] = ()) -> list[str]:
    """The count of strikes in sentences: every decision, whether it counts, and the sum."""
    counting, number, lines = {each.id for each in counting_strikes(strikes, cleared)}, 0, []
    for each in sorted(strikes, key=lambda one: (one.at, one.id)):
        said = f"{print_date(each.at.date())} {each.plan}（{each.unit}）：{GROUNDS[each.ground]}"
        if each.id in counting:
            number += 1
            lines.append(f"{said}，计为第{number}次。")
        elif each.annulled_at is not None:
            lines.append(f"{said}，该认定已于{print_date(each.annulled_at.date())}撤销，不计。")
        else:
            lines.append(f"{said}，已随取消申报资格的解除而清零，不再计入。")
    rule = f"达到{limit}次取消申报资格" if limit is not None else "本省未规定达到几次取消申报资格，仅作记录"
    lines.append(f"累计{number}次（跨计划、跨年度累计，不要求连续）；{rule}。")
    return lines


def explain_cards(cards: Sequence[CardFact], limit: int | None, cleared: Collection[int] = ()) -> list[str]:
    """The count of non-collections in sentences: every card by issue date, what it does to the run, and the run."""
    run, lines = 0, []
    for card in sorted(cards, key=lambda each: each.place):
        place = f"（更正换发，按原证卡{print_date(card.corrects[0])}发证的次序计）" if card.corrects else ""
        said = f"{print_date(card.issued_on)}发证 {card.number}（{card.about}）{place}：{_OUTCOME_WORDS[card.outcome]}"
        if card.outcome == Outcome.COLLECTED:
            run = 0
            lines.append(f"{said}，连续次数归零。")
        elif card.outcome == Outcome.VOID and card.id in cleared:
            lines.append(f"{said}；已随取消申报资格的解除而清零，不再计入。")
        elif card.outcome == Outcome.VOID:
            run += 1
            lines.append(f"{said}，连续第{run}次。")
        else:
            lines.append(f"{said}。")
    rule = f"连续{limit}次不领取永久取消申报资格" if limit is not None else "本省没有领取期限的规定"
    lines.append(f"按发证日期先后，目前连续{run}次未领取（不分职业和等级，领取一次即归零）；{rule}。")
    return lines


def warn(count: int, limit: int) -> str:
    """The warning of a first strike: 1/2."""
    return f"{count}/{limit}"
