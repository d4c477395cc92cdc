"""Statements (陈述申辩) against a strike, a bar or the end of a card: written, submitted, withdrawn (R7.18)."""

from collections.abc import Iterable

from portal import clock
from portal.actions.cases import PARTIES, arrive, bump, index_name, tell_parties
from portal.actions.events import record, user_of, users_at
from portal.actions.files import keep_file, remove_file
from portal.actions.numbers import next_number
from portal.actions.registration_copy import digest
from portal.database import transaction
from portal.models import Case, FileVersion, Office, Statement, Step, Submission
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import profile_of
from portal.models.statements import EVIDENCE, Decided, decided_for, decided_of, evidence_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.statement import FLOW, Action, State
from portal.rules.workflow import Actor, Seat

LONGEST = 4000
MOST_FILES = 12
_OPEN = (State.DRAFT, State.UNDER_REVIEW)


def open_statement(
    decided: Decided, *, actor: Actor, text: str = "", contact: str = "", kept: Iterable = ()
) -> Case:
    """A new draft against a decision, with its evidence (storage.Kept).

    Raises NotAllowed for somebody whom the decision does not concern, when it is no longer in force, or while an own
    statement against it is open; Invalid("text") for a text that is too long.
    """
    with transaction():
        row = decided.row
        found = decided_for(actor, **{decided.kind: row.id})
        if found is None:
            raise NotAllowed("这项决定与您无关，不能提出陈述申辩。")
        if not found.is_standing:
            raise NotAllowed(f"{found.standing_words}不需要再提出陈述申辩。")
        open_one = own_open(found, actor)
        if open_one is not None:
            raise NotAllowed(f"对这项决定的陈述申辩（{open_one.number or '草稿'}）尚未办结，请勿重复提出。")
        _check_text(text)
        unit = actor.organisation if actor.seat == Seat.UNIT else None
        person, about = found.person, found.row.organisation_id
        case = Case.create(
            kind=FLOW.name, state=State.DRAFT, person=person,
            organisation=unit or about or (person.organisation_id if person else None), province=found.province,
            title=person.name if person else found.row.organisation.name, created_at=clock.now(),
        )  # fmt: skip
        Statement.create(
            case=case, person=person, organisation=unit, strike=found.strike, bar=found.bar,
            credential=found.credential, text=text.strip(), contact=contact.strip(),
        )  # fmt: skip
        _keep_evidence(case, kept, actor)
    return case


def save_statement(
    case: Case, *, actor: Actor, text: str, contact: str, seen: int, kept: Iterable = ()
) -> Case:
    """Change a draft and add evidence; raises NotAllowed, Stale or Invalid("text")."""
    with transaction():
        case, statement = _load(case, actor, seen)
        _check_draft(case)
        _check_text(text)
        statement.text, statement.contact = text.strip(), contact.strip()
        statement.save(only=[Statement.text, Statement.contact])
        _keep_evidence(case, kept, actor)
        bump(case)
    return case


def remove_evidence(case: Case, version: FileVersion, *, actor: Actor, seen: int) -> None:
    """Take a file out of a draft; raises NotAllowed or Stale."""
    with transaction():
        case, _ = _load(case, actor, seen)
        _check_draft(case)
        if version.owner != _owner(case):
            raise NotAllowed("这份文件不属于这件陈述申辩。")
        remove_file(version, actor=actor)
        bump(case)


def discard_statement(case: Case, *, actor: Actor, seen: int) -> None:
    """Throw a draft away, which nobody else has seen; raises NotAllowed or Stale."""
    with transaction():
        case, _ = _load(case, actor, seen)
        _check_draft(case)
        for version in evidence_of(case):
            remove_file(version, actor=actor)
        record("discard", "删除陈述申辩草稿", actor=actor, subject=f"statement:{case.id}")
        Statement.delete().where(Statement.case == case.id).execute()
        Case.delete().where(Case.id == case.id, Case.version == case.version).execute()


def submit_statement(case: Case, *, actor: Actor, seen: int) -> Case:
    """Submit: the text and the evidence are frozen, and the case comes to the province (R7.18).

    One level decides: the department about a permanent bar, the centre about everything else. Raises Invalid("text")
    for an empty text, NotAllowed when the decision is no longer in force or its office does not exist, or Stale.
    """
    with transaction():
        case, statement = _load(case, actor, seen)
        transition = FLOW.find(Action.SUBMIT, seat=actor.seat, state=case.state)
        decided = decided_of(statement)
        if not statement.text:
            raise Invalid("text", "请写明陈述申辩的事实和理由。")
        if not decided.is_standing:
            raise NotAllowed(f"{decided.standing_words}不需要再提出陈述申辩。")
        seat, office = deciding_office(decided)
        step = Step.create(case=case.id, position=0, seat=seat, office=office)
        data = {"against": decided.words, "reason": decided.reason, "text": statement.text,
                "contact": statement.contact, "by": actor.office_name or actor.name}  # fmt: skip
        files = {EVIDENCE: [version.id for version in evidence_of(case)]}
        Submission.create(
            case=case.id, number=1, data=data, files=files, sha256=digest({"data": data, "files": files}),
            at=clock.now(),
        )  # fmt: skip
        before = case.state
        bump(case, number=_number(case), submitted_at=clock.now())
        index_name(case.id, case.title)
        arrive(case, step)
        record(
            Action.SUBMIT, transition.label, actor=actor, case=case, before=before, after=case.state,
            data={"submission": 1, decided.kind: decided.row.id},
        )  # fmt: skip
        tell_parties(case, f"陈述申辩（{case.number}）已提交，由{office.name}处理。", kind="submitted")
    return case


def withdraw_statement(case: Case, *, actor: Actor, seen: int) -> Case:
    """Take a submitted statement back while it is not decided; only by who has filed it. NotAllowed or Stale."""
    with transaction():
        case, _ = _load(case, actor, seen)
        transition = FLOW.find(Action.WITHDRAW, seat=actor.seat, state=case.state)
        before = case.state
        bump(case, state=transition.target, due_on=NO_DUE, claimed_by=None, claimed_until=None)
        record(Action.WITHDRAW, transition.label, actor=actor, case=case, before=before, after=case.state)
    return case


def own_open(decided: Decided, actor: Actor) -> Case | None:
    """The actor's statement against this decision that is not decided yet, draft or submitted."""
    column = {"strike": Statement.strike, "bar": Statement.bar, "credential": Statement.credential}[decided.kind]
    rows = Case.select().join(Statement, on=(Statement.case == Case.id))
    rows = rows.where(column == decided.row.id, Case.state.in_(_OPEN))
    if actor.seat == Seat.UNIT:
        return rows.where(Statement.organisation == actor.organisation).first()
    return rows.where(Statement.organisation.is_null(), Statement.person == actor.person).first()


def deciding_office(decided: Decided) -> tuple[Seat, Office]:
    """Who decides about a statement; raises NotAllowed while the province has no such office."""
    permanent = decided.bar is not None and decided.bar.permanent
    seat, body = (Seat.DEPARTMENT, "department") if permanent else (Seat.PROVINCE_CENTRE, "centre")
    office = (
        Office.select()
        .where(Office.province == decided.province, Office.level == "province", Office.body == body, Office.active)
        .order_by(Office.id)
        .first()
    )
    if office is None:
        raise NotAllowed("受理陈述申辩的省级部门尚未在系统中设立，不能提交，请联系技术人员。")
    return seat, office


def parties_of(case: Case) -> list[tuple[list[int], str]]:
    """The person it is about and the unit that filed it, each at their own door."""
    statement = Statement.get_by_id(case.id)
    found = [(user_of(statement.person_id), f"/applicant/statements/{case.id}")] if statement.person_id else []
    if statement.organisation_id:
        office = Office.get(Office.organisation == statement.organisation_id)
        found.append((users_at(office.id), f"/unit/statements/{case.id}"))
    return found


def _load(case: Case, actor: Actor, seen: int) -> tuple[Case, Statement]:
    case = Case.get_by_id(case.id)
    statement = Statement.get_by_id(case.id)
    if actor.seat == Seat.UNIT:
        mine = actor.organisation is not None and statement.organisation_id == actor.organisation
    else:
        mine = actor.seat == Seat.APPLICANT and actor.person is not None
        mine = mine and statement.organisation_id is None and statement.person_id == actor.person
    if not mine:
        raise NotAllowed("只有提出人可以修改、提交或撤回这件陈述申辩。")
    if case.version != seen:
        raise Stale("这件陈述申辩已有变化，请刷新后查看最新情况。")
    return case, statement


def _check_draft(case: Case) -> None:
    if case.state != State.DRAFT:
        raise Stale("陈述申辩已提交，不能再修改，请刷新后查看最新情况。")


def _check_text(text: str) -> None:
    if len(text.strip()) > LONGEST:
        raise Invalid("text", f"陈述申辩的内容最多{LONGEST}个字，其余可作为证据材料上传。")


def _keep_evidence(case: Case, kept: Iterable, actor: Actor) -> None:
    kept = list(kept)
    if len(evidence_of(case)) + len(kept) > MOST_FILES:
        raise Invalid("scan", f"证据材料最多{MOST_FILES}个文件，可以合成一个PDF文件后再上传。")
    for each in kept:
        keep_file(owner=_owner(case), slot=EVIDENCE, kept=each, actor=actor)


def _owner(case: Case) -> str:
    return f"statement:{case.id}"


def _number(case: Case) -> str:
    """陈述, province digits, year and a serial: 陈述5120220001; registrations have digits only."""
    prefix = f"陈述{profile_of(case.province).code[:2]}{clock.today().year}"
    return f"{prefix}{next_number(f'statement:{prefix}'):04d}"


PARTIES[FLOW.name] = parties_of
