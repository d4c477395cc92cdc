"""How sanctions are shown, the same in every door: bars in words, both counts explained, a person's integrity file."""

from dataclasses import dataclass

from flask import url_for

from portal.actions.statements import own_open
from portal.models import Bar, Case, Event, Person, Statement
from portal.models.jurisdictions import profile_of
from portal.models.sanction_ledger import Filters, LedgerRow, ledger
from portal.models.sanction_records import (
    Standing,
    bars_of,
    contact_of,
    is_in_force,
    is_over,
    provinces_of,
    say_ground,
    standing_of,
)
from portal.models.statements import decided_for
from portal.rules.flows.statement import State
from portal.rules.sanctions import ENDINGS, KIND_LABELS, BarKind
from portal.web.guards import actor


@dataclass(frozen=True)
class BarView:
    """A bar ready for a page: `state` with its `tone`, `rows` for the label/value grid."""

    bar: Bar
    title: str
    state: str
    tone: str
    in_force: bool
    rows: list[tuple]


@dataclass(frozen=True)
class Explained:
    """Both counts of one person in one province, with the rule each follows and the bars they led to."""

    province: str
    province_name: str
    standing: Standing
    strikes: list[str]
    strike_rule: str
    cards: list[str]
    card_rule: str
    bars: list[BarView]
    contact: str


def present_bar(bar: Bar) -> BarView:
    """A bar in words."""
    in_force = is_in_force(bar)
    if in_force:
        state, tone = "有效", "bad"
    else:
        state, tone = ENDINGS["expired" if is_over(bar) and not bar.ending else bar.ending], "neutral"
    until = "永久，没有截止日期" if bar.permanent else "至省级部门解除为止"
    if bar.ends_on:
        until = f"至{bar.ends_on:%Y-%m-%d}止"
    rows = [
        ("对象", bar.person.name if bar.person_id else bar.organisation.name),
        ("起始时间", f"{bar.starts_at:%Y-%m-%d %H:%M}"),
        ("期限", until),
        ("状态", state),
        ("事实", say_ground(bar), "wide"),
        ("依据", bar.basis, "wide"),
    ]
    if bar.ending:
        who = bar.lifted_by.name if bar.lifted_by_id and bar.ending == "lifted" else "系统"
        rows += [("终止时间", f"{bar.lifted_at:%Y-%m-%d %H:%M}"), ("办理", who), ("理由", bar.lift_reason, "wide")]
    return BarView(bar, KIND_LABELS[BarKind(bar.kind)], state, tone, in_force, rows)


def explain(person: Person, province: str) -> Explained:
    """Both counts of a person in a province, event by event (R7.02, R6.17)."""
    profile, standing = profile_of(province), standing_of(person, province)
    strikes, cards = standing.explain()
    return Explained(
        province, profile.name, standing, strikes, profile.strikes.source, cards,
        profile.credential.claim_source or "本省没有领取期限的规定",
        [present_bar(bar) for bar in bars_of(person=person.id, province=province)], contact_of(province),
    )  # fmt: skip


def explain_everywhere(person: Person) -> list[Explained]:
    """The counts in every province where the person has a record; in their own at least."""
    own = [person.province] if person.province else []
    return [explain(person, province) for province in dict.fromkeys([*own, *provinces_of(person)])]


def integrity_rows(person: Person, province: str) -> list[LedgerRow]:
    """The person's rows of the ledger (R7.14)."""
    return ledger(province, Filters(person=person.id))


def history_of(person: Person, province: str) -> list[Event]:
    """What was decided about the person's bars, the oldest first: set, limited, lifted, ended."""
    subjects = [f"bar:{bar.id}" for bar in bars_of(person=person.id, province=province)]
    return list(Event.select().where(Event.subject.in_(subjects)).order_by(Event.id))


def statements_about(province: str, *, person: int | None = None, organisation: int | None = None) -> list[Statement]:
    """The submitted statements of a person or a unit against decisions in a province (R7.18), the newest first."""
    whose = (Statement.person == person) if person is not None else (Statement.organisation == organisation)
    rows = Statement.select(Statement, Case).join(Case, on=(Statement.case == Case.id))
    return list(
        rows.where(whose, Case.province == province, Case.submitted_at.is_null(False)).order_by(Case.id.desc())
    )


def lead_to_statement(*, strike: int = 0, bar: int = 0, what: str = "陈述申辩") -> tuple[str, str]:
    """Address and words of the button beside a decision at a party's door: file a statement, or see the own open one.

    `what` are the words for filing one. A decision that does not concern the reader gives ("", "").
    """
    decided = decided_for(actor(), strike=strike, bar=bar)
    if decided is None:
        return "", ""
    open_one = own_open(decided, actor())
    if open_one is None:
        return url_for(".file_statement", **{decided.kind: decided.row.id}), what
    words = "陈述申辩草稿，继续填写" if open_one.state == State.DRAFT else "陈述申辩已提出，查看"
    return url_for(".statement", id=open_one.id), words
