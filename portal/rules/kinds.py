"""What differs between the kinds of cases besides their tables: how each is called and decided, level by level."""

from dataclasses import dataclass

from portal.rules.flows import FLOWS
from portal.rules.flows import registration as registrations
from portal.rules.flows import statement as statements
from portal.rules.profile import Profile
from portal.rules.workflow import SEAT_LABELS, Seat, Transition


@dataclass(frozen=True)
class Kind:
    """One kind of case as its reviewers speak of it.

    `noun` is what one calls it (这件报名). `outcomes` gives (tone, word) of each decision for lists. `waits` says whose
    turn it is, with {level}; where it is empty the province's profile has the words (待市级审核), and they name the
    level in a decision, too (初审通过). `in_bulk`: whether many may be decided at once, or from a row of the queue.
    """

    noun: str
    outcomes: dict[str, tuple[str, str]]
    waits: str = ""
    in_bulk: bool = False

    def waiting_label(self, profile: Profile, seat: Seat | str) -> str:
        """What everybody reads while a case of this kind waits for `seat`."""
        return self.waits.format(level=SEAT_LABELS[Seat(seat)]) if self.waits else profile.state_label(seat)

    def decided_label(self, profile: Profile, seat: Seat | str, transition: Transition) -> str:
        """What a decision of `seat` is called in the record: 初审通过, or the table's own word."""
        suffix = {"pass": "通过", "reject": "不通过"}.get(str(transition.action))
        return transition.label if self.waits or suffix is None else f"{profile.verb_label(seat)}{suffix}"


KINDS: dict[str, Kind] = {
    registrations.FLOW.name: Kind(
        "报名",
        {"pass": ("good", "通过"), "return": ("late", "退回补正"), "reject": ("bad", "不通过")},
        in_bulk=True,
    ),
    statements.FLOW.name: Kind(
        "陈述申辩", {"pass": ("good", "采纳"), "reject": ("bad", "不予采纳")}, waits="待{level}处理"
    ),
}


def noun_of(kind: str) -> str:
    """What one calls a case of this kind; for a kind without a desk, its title."""
    return KINDS[kind].noun if kind in KINDS else FLOWS[kind].title
