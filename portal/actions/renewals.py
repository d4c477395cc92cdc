"""Review and renewal (复核换证): who can renew what, what a renewal starts with, and its end without an assessment."""

from datetime import datetime, timedelta

from portal import clock
from portal.actions.participants import move_participant
from portal.database import transaction
from portal.models import Case, Credential, Person, Plan, Registration, Submission
from portal.models.jurisdictions import profile_of
from portal.models.succession import renewal_of
from portal.rules.credential import RENEWAL
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import Action
from portal.rules.flows.registration import State as Participant
from portal.rules.workflow import SYSTEM

RENEWABLE = (State.VALID, State.EXPIRED)


def renewable_credentials(plan: Plan, person: Person) -> list[Credential]:
    """The person's credentials that a renewal plan is for: its grade and province, valid or expired, the newest first.

    What is void, revoked or replaced cannot be renewed; nor what is being renewed already: its new card is on the way.
    """
    rows = Credential.select().where(
        Credential.person == person.id, Credential.province == plan.province, Credential.grade == plan.grade
    )
    found = [row for row in rows if row.state_now in RENEWABLE and renewal_of(row) is None]
    return sorted(found, key=lambda row: (row.issued_on, row.id), reverse=True)


def open_renewals(person: Person) -> dict[int, Plan]:
    """The open renewal plan for each credential of the person that has expired or will soon (R6.24, R6.25), by its id.

    Soon is from the first reminder of the end on; of several plans it is the one that closes last.
    """
    now, found = clock.now(), {}
    plans = Plan.select().where(
        Plan.state == PlanState.PUBLISHED, Plan.kind == RENEWAL, Plan.province == person.province
    )
    for plan in plans.order_by(Plan.closes_on, Plan.id):
        if not plan.is_open(now):
            continue
        soon = now.date() + timedelta(days=max(profile_of(plan.province).credential.expiry_reminders, default=0))
        due = [row for row in renewable_credentials(plan, person) if row.valid_to and row.valid_to <= soon]
        found.update({row.id: plan for row in due})
    return found


def check_renewal(plan: Plan, person: Person) -> None:
    """Raises NotAllowed when the plan is a renewal and the person holds nothing to renew (R2.07, R6.24)."""
    if plan.kind != RENEWAL or renewable_credentials(plan, person):
        return
    name = profile_of(plan.province).grade(plan.grade).name
    raise NotAllowed(f"复核换证只面向持有{name}证书（证卡）的人员，您没有可以换证的{name}证书（证卡）。")


def renewable_occupations(registration: Registration) -> set[int] | None:
    """The occupations a renewal can be for; None for a registration that is no renewal."""
    if registration.plan.kind != RENEWAL:
        return None
    held = renewable_credentials(registration.plan, registration.person)
    return {row.occupation_id for row in held if row.occupation_id}


def prefill_renewal(registration: Registration, offered: list, reviewers: list) -> None:
    """Start a renewal with the old file: the occupation of the credential, and the unit and employer of its last
    submission; certificates and work stand in the profile already. Nothing is ticked or declared for anybody.

    `offered` and `reviewers` are what can be chosen. Changes the row that is about to be stored.
    """
    if registration.plan.kind != RENEWAL:
        return
    held = renewable_credentials(registration.plan, registration.person)
    choice = {occupation.id: occupation for occupation in offered}
    card = next((row for row in held if row.occupation_id in choice), None)
    if card is None:
        return
    registration.occupation = choice[card.occupation_id]
    old = card.registration
    if old is None:
        return
    registration.reviewer = next((each for each in reviewers if each.id == old.reviewer_id), registration.reviewer)
    last = Submission.select().where(Submission.case == old.case_id).order_by(Submission.number.desc()).first()
    if last is not None and old.organisation_id == registration.organisation_id:
        registration.employer_name = last.data["person"].get("employer") or registration.employer_name


def pass_without_assessment(moment: datetime) -> int:
    """The sweep for renewals that demand no assessment: who was approved and needs no study more has passed."""
    changed = 0
    plans = Plan.select().where(Plan.state == PlanState.PUBLISHED, Plan.kind == RENEWAL)
    for plan in [plan for plan in plans if not plan.assessments]:
        waiting = Case.select(Case.id).where(Case.plan == plan.id, Case.state == Participant.STUDY_DONE)
        for (id_,) in list(waiting.tuples()):
            with transaction():
                case = Case.get_by_id(id_)
                if case.state == Participant.STUDY_DONE:
                    move_participant(case, Action.PASS_ALL, actor=SYSTEM, note="复核换证不设考核")
                    changed += 1
    return changed
