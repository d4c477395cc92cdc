"""What statements are about, whose they are, and what has become of the decision that one attacks."""

from dataclasses import dataclass
from datetime import datetime

from portal.models.cases import Case
from portal.models.credentials import Credential
from portal.models.people import FileVersion, Person
from portal.models.sanction_records import is_in_force
from portal.models.sanctions import Bar, Statement, Strike
from portal.models.succession import corrected_by
from portal.rules.flows.credential import State as CredentialState
from portal.rules.flows.statement import FLOW
from portal.rules.sanctions import GROUNDS, KIND_LABELS
from portal.rules.workflow import Actor, Seat

EVIDENCE = "evidence"
# The states of a card or certificate against which a statement can be filed.
ATTACKED = (CredentialState.VOID_UNCLAIMED, CredentialState.REVOKED)


@dataclass(frozen=True)
class Decided:
    """One decision that a statement can be against: a strike, a bar, or the end of a card."""

    strike: Strike | None = None
    bar: Bar | None = None
    credential: Credential | None = None

    @property
    def row(self):
        """The one that it is."""
        return self.strike or self.bar or self.credential

    @property
    def kind(self) -> str:
        """strike, bar or credential."""
        return "strike" if self.strike else "bar" if self.bar else "credential"

    @property
    def province(self) -> str:
        """The province whose body decided."""
        return self.strike.plan.province if self.strike else self.row.province

    @property
    def person(self) -> Person | None:
        """The person it is about; None for a unit's bar."""
        return self.row.person

    @property
    def at(self) -> datetime | None:
        """When it was decided, or happened."""
        return self.strike.at if self.strike else self.bar.starts_at if self.bar else self.credential.ended_at

    @property
    def words(self) -> str:
        """What is attacked, in a phrase."""
        if self.strike:
            return f"“{self.strike.plan.name}”{GROUNDS[self.strike.ground]}的认定"
        if self.bar:
            who = self.bar.person.name if self.bar.person_id else self.bar.organisation.name
            permanent = "永久" if self.bar.permanent and not KIND_LABELS[self.bar.kind].startswith("永久") else ""
            return f"对{who}{permanent}{KIND_LABELS[self.bar.kind]}的决定"
        ended = "作废" if self.credential.state_now == CredentialState.VOID_UNCLAIMED else "撤销"
        return f"证书（证卡）{self.credential.number}的{ended}"

    @property
    def reason(self) -> str:
        """What the decision gave as its reason."""
        return self.strike.reason if self.strike else self.bar.basis if self.bar else self.credential.reason

    @property
    def is_standing(self) -> bool:
        """Whether the decision is still in force: only then there is something to state against it."""
        if self.strike:
            return self.strike.annulled_at is None
        if self.bar:
            return is_in_force(self.bar)
        # A corrected one was not taken away: it lives on in its new wording.
        return self.credential.state_now in ATTACKED and corrected_by(self.credential) is None

    @property
    def standing_words(self) -> str:
        """What has become of it, in a sentence."""
        if self.is_standing:
            return "该决定目前仍然有效。"
        if self.strike:
            return f"该认定已于{self.strike.annulled_at:%Y-%m-%d %H:%M}撤销。"
        if self.bar:
            when = f"于{self.bar.lifted_at:%Y-%m-%d %H:%M}" if self.bar.lifted_at else ""
            return f"该决定已{when}解除或终止。"
        successor = corrected_by(self.credential)
        return f"该证书（证卡）已更正换发为{successor.number}。" if successor else "该证书（证卡）已恢复。"


def decided_for(actor: Actor, *, strike: int = 0, bar: int = 0, credential: int = 0) -> Decided | None:
    """The decision that this actor may state against: about oneself, or about the own unit or its people; else None."""
    mine = _is_units if actor.seat == Seat.UNIT else _is_persons if actor.seat == Seat.APPLICANT else None
    if mine is None or sum(bool(each) for each in (strike, bar, credential)) != 1:
        return None
    if strike:
        found = Decided(strike=Strike.get_or_none(Strike.id == strike))
    elif bar:
        found = Decided(bar=Bar.get_or_none(Bar.id == bar))
    else:
        found = Decided(credential=Credential.get_or_none(Credential.id == credential))
    return found if found.row is not None and mine(found, actor) else None


def decided_of(statement: Statement) -> Decided:
    """What a statement is against."""
    return Decided(statement.strike, statement.bar, statement.credential)


def statements_of(actor: Actor):
    """The cases of the statements that this actor may see at a party's door, to be narrowed down and ordered.

    A person sees those about themselves, a unit those it has filed.
    """
    rows = Case.select(Case, Statement).join(Statement, on=(Statement.case == Case.id)).where(Case.kind == FLOW.name)
    if actor.seat == Seat.APPLICANT:
        # A unit's draft about its person is nobody else's yet.
        own_draft = Statement.organisation.is_null() | Case.submitted_at.is_null(False)
        return rows.where(Statement.person == actor.person, own_draft)
    if actor.seat == Seat.UNIT:
        return rows.where(Statement.organisation == actor.organisation)
    return rows.where(Case.id.is_null())


def evidence_of(case: Case) -> list[FileVersion]:
    """The evidence files of a statement that are in use, the oldest first."""
    rows = FileVersion.select().where(
        FileVersion.owner == f"statement:{case.id}", FileVersion.slot == EVIDENCE, FileVersion.removed_at.is_null()
    )
    return list(rows.order_by(FileVersion.id))


def _is_persons(found: Decided, actor: Actor) -> bool:
    return actor.person is not None and found.row.person_id == actor.person


def _is_units(found: Decided, actor: Actor) -> bool:
    if actor.organisation is None:
        return False
    own = found.row.organisation_id == actor.organisation
    # A person's bar names no unit: it is the unit's business while the person belongs to it.
    return own or (found.bar is not None and found.person is not None
                   and found.person.organisation_id == actor.organisation)  # fmt: skip
