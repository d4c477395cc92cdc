"""What issuing asks of other tables, read for a whole batch at once: a batch holds the only write lock."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal import clock
from portal.models import Bar, Credential, FileVersion, Occupation, Organisation, Person, Plan, Registration, Submission
from portal.models.succession import renewal_of
from portal.rules.credential import CORRECTION, RENEWAL
from portal.rules.flows.credential import State


@dataclass(frozen=True)
class LookUps:
    """By the registration's id: the last submission, the portrait to print, and the credential that is renewed.

    `suspects` are the registrations for which the question after bars has to be asked one by one; nothing stands
    against the others.
    """

    submissions: dict[int, Submission]
    portraits: dict[int, FileVersion]
    renewed: dict[int, Credential]
    suspects: frozenset[int]


def look_up(plan: Plan, registrations: Sequence[Registration]) -> LookUps:
    """Everything that the checks and the printed fields of these registrations need, in a few queries.

    Gives each registration the plan, and its person, unit and occupation as they are stored now.
    """
    for registration in registrations:
        registration.plan = plan
    for field, model in (("person", Person), ("organisation", Organisation), ("occupation", Occupation)):
        _attach(registrations, field, model)
    for registration in registrations:
        if registration.case.person_id == registration.person_id:
            registration.case.person = registration.person
    submissions = _find_submissions(registrations)
    return LookUps(
        submissions=submissions,
        portraits=_find_portraits(registrations, submissions),
        renewed=find_renewed(registrations) if plan.kind == RENEWAL else {},
        suspects=_find_suspects(plan.province, registrations),
    )


def find_renewed(registrations: Sequence[Registration]) -> dict[int, Credential]:
    """By the registration's id what it renews: the credential it names, or else the person's newest of that kind.

    Only a valid or expired one of the same occupation and grade that nothing renews yet; a void, revoked or replaced
    one is none.
    """
    people = {each.person_id for each in registrations}
    rows = Credential.select().where(Credential.person.in_(people)).order_by(
        Credential.issued_on.desc(), Credential.id.desc()
    )  # fmt: skip
    held: dict[tuple, list[Credential]] = {}
    for row in rows:
        if row.state_now in (State.VALID, State.EXPIRED):
            held.setdefault((row.person_id, row.province, row.grade, row.occupation_id), []).append(row)
    followers = Credential.select(Credential.replaces).where(Credential.replaces.in_([row.id for row in rows]))
    followed = {id_ for (id_,) in followers.tuples()}
    found = {}
    for each in registrations:
        kind, named = (each.person_id, each.plan.province, each.plan.grade, each.occupation_id), each.data.get("renews")
        for row in held.get(kind, ()):
            # What follows nothing and is followed by nothing has no other wording and no renewal.
            is_alone = row.succession != CORRECTION and row.id not in followed
            if (not named or row.id == named) and (is_alone or renewal_of(row) is None):
                found[each.case_id] = row
                break
    return found


def _attach(registrations: Sequence[Registration], field: str, model) -> None:
    """Give each registration the row that its foreign key names, one object for all that share it."""
    wanted = {each.__data__[field] for each in registrations}
    rows = {row.id: row for row in model.select().where(model.id.in_(wanted - {None}))}
    for each in registrations:
        if each.__data__[field] is not None:
            setattr(each, field, rows[each.__data__[field]])


def _find_submissions(registrations: Sequence[Registration]) -> dict[int, Submission]:
    rows = Submission.select().where(Submission.case.in_([each.case_id for each in registrations]))
    return {row.case_id: row for row in rows.order_by(Submission.number)}


def _find_portraits(registrations: Sequence[Registration], submissions: dict) -> dict[int, FileVersion]:
    """The portrait that was reviewed, not one put into the profile later; without a submission the profile's."""
    wanted = {}
    for each in registrations:
        submission = submissions.get(each.case_id)
        versions = submission.files.get("person.portrait") if submission else None
        wanted[each.case_id] = versions[-1] if versions else each.person.portrait_id
    rows = {row.id: row for row in FileVersion.select().where(FileVersion.id.in_(set(wanted.values()) - {None}))}
    return {case: rows[file] for case, file in wanted.items() if file in rows}


def _find_suspects(province: str, registrations: Sequence[Registration]) -> frozenset[int]:
    """Who may be barred: by a bar that is set, or by cards left uncollected for which the sweep has set none yet."""
    people = {each.person_id for each in registrations}
    units = {each.organisation_id for each in registrations}
    bars = Bar.select(Bar.person, Bar.organisation).where(
        Bar.province == province, Bar.live_key.is_null(False), Bar.person.in_(people) | Bar.organisation.in_(units)
    )
    uncollected = Credential.select(Credential.person).where(
        Credential.person.in_(people), Credential.province == province,
        (Credential.state == State.VOID_UNCLAIMED)
        | ((Credential.state == State.AWAITING_CLAIM) & (Credential.claim_due < clock.today())),
    )  # fmt: skip
    barred = list(bars.tuples())
    people = {person for person, _ in barred} | {person for (person,) in uncollected.tuples()}
    units = {unit for _, unit in barred}
    return frozenset(
        each.case_id for each in registrations if each.person_id in people or each.organisation_id in units
    )
