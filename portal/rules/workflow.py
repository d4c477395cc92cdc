"""The engine: transition tables as records, who may make which move, and what a refusal says."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from portal.rules.errors import NotAllowed, Stale


class Seat(StrEnum):
    """In which capacity somebody acts: the actors of appendix D, and the technical staff of R0.14."""

    APPLICANT = "A"
    UNIT = "U"
    COUNTY = "K"
    CITY_CENTRE = "C"
    CITY_BUREAU = "B"
    PROVINCE_CENTRE = "P"
    DEPARTMENT = "D"
    SYSTEM = "S"
    TECHNICIAN = "T"


SEAT_LABELS = {
    Seat.APPLICANT: "申请人",
    Seat.UNIT: "评价机构（单位）",
    Seat.COUNTY: "区县人社部门",
    Seat.CITY_CENTRE: "市级鉴定中心",
    Seat.CITY_BUREAU: "市人社局",
    Seat.PROVINCE_CENTRE: "省级鉴定中心",
    Seat.DEPARTMENT: "省人社厅",
    Seat.SYSTEM: "系统",
    Seat.TECHNICIAN: "技术人员",
}

# The state of every kind of case while its frozen chain is walked; whose turn it is, the position says.
IN_REVIEW = "under_review"

REVIEWERS = frozenset(
    {Seat.UNIT, Seat.COUNTY, Seat.CITY_CENTRE, Seat.CITY_BUREAU, Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}
)


@dataclass(frozen=True)
class Actor:
    """Who acts, in which seat and for which office; given to every verb, never a request.

    `deputy_for` names the absent colleague whose seat is used; `address` is the client's network address.
    """

    user: int | None
    name: str
    seat: Seat
    office: int | None = None
    office_name: str = ""
    province: str | None = None
    person: int | None = None
    organisation: int | None = None
    deputy_for: str = ""
    address: str = ""


SYSTEM = Actor(user=None, name="系统", seat=Seat.SYSTEM)


@dataclass(frozen=True)
class Transition:
    """One row of a flow: `action` leads from any of `sources` to `target`, for the seats in `by`.

    `moves` says what happens to the position in the frozen review chain: `first` puts the case before the first
    level, `next` before the next one (and only after the last one into `target`), `stay` leaves it.
    """

    action: StrEnum
    sources: frozenset
    target: StrEnum | None
    by: frozenset[Seat]
    label: str
    note: Literal["none", "optional", "required"] = "none"
    moves: Literal["stay", "first", "next"] = "stay"


def move(action, sources: Iterable, target, by: Iterable[Seat], label: str, **more) -> Transition:
    """A Transition from plain iterables, so that the tables read like tables."""
    return Transition(action, frozenset(sources), target, frozenset(by), label, **more)


@dataclass(frozen=True)
class Flow:
    """A kind of case: its states, its moves and what the applicant reads in each state.

    `labels` names each state for everybody (R13.21: the one glossary); `tones` colours it; `clock_stops` are the
    states in which the reviewers' working-day clock stands still; `final` are states without a way on.
    """

    name: str
    title: str
    initial: StrEnum
    transitions: tuple[Transition, ...]
    labels: dict
    tones: dict = field(default_factory=dict)
    clock_stops: frozenset = frozenset()
    final: frozenset = frozenset()

    def open_to(self, seat: Seat, state) -> tuple[Transition, ...]:
        """The moves this seat can make from this state, in the table's order: they draw the buttons."""
        return tuple(t for t in self.transitions if state in t.sources and seat in t.by)

    def find(self, action: str, *, seat: Seat, state) -> Transition:
        """The transition for this action. Raises NotAllowed (never this seat's) or Stale (not in this state now)."""
        mine = [t for t in self.transitions if t.action == action and seat in t.by]
        if not mine:
            raise NotAllowed("您没有进行这项操作的权限。")
        for transition in mine:
            if state in transition.sources:
                return transition
        raise Stale(f"当前状态为“{self.labels[state]}”，不能再进行“{mine[0].label}”，请刷新后查看最新情况。")

    def has(self, action: str) -> bool:
        """Whether the table knows this action at all."""
        return any(t.action == action for t in self.transitions)

    def note_of(self, action: str) -> str:
        """Whether the action asks for a reason: none, optional or required (its first row decides)."""
        return next((t.note for t in self.transitions if t.action == action), "none")

    def draw(self) -> str:
        """The flow as a Mermaid state diagram (docs/flows.md is compared with it)."""
        lines = ["stateDiagram-v2", f"  [*] --> {self.initial}"]
        for t in self.transitions:
            seats = ",".join(sorted(t.by))
            for source in sorted(t.sources):
                targets = [t.target or source] + ([source] if t.moves == "next" else [])
                lines += [f"  {source} --> {target}: {t.action} ({seats})" for target in dict.fromkeys(targets)]
        return "\n".join(lines)
