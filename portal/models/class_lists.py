"""Who is in a class and how it ended: sessions with their people, what is missing, results, and the pass list."""

from peewee import JOIN

from portal.models.cases import Case, Registration
from portal.models.catalogues import Occupation
from portal.models.jurisdictions import profile_of
from portal.models.offices import Organisation, Region
from portal.models.people import Person
from portal.models.plans import Plan
from portal.models.training import AssessmentResult, Attempt, Attendance, Session
from portal.rules.flows.registration import ADMITTED
from portal.rules.sessions import ASSIGNABLE, HAS_PASSED, is_offered
from portal.rules.workflow import Actor, Seat


def participants_of(plan: Plan):
    """Everybody whose registration was finally approved, with person, unit and occupation."""
    return (
        Registration.select(Registration, Case, Person, Organisation, Occupation)
        .join(Case, on=(Registration.case == Case.id))
        .switch(Registration)
        .join(Person, on=(Registration.person == Person.id))
        .switch(Registration)
        .join(Organisation, on=(Registration.organisation == Organisation.id))
        .switch(Registration)
        .join(Occupation, JOIN.LEFT_OUTER, on=(Registration.occupation == Occupation.id))
        .where(Registration.plan == plan.id, Case.state.in_(list(ADMITTED)))
    )


def visible_participants(plan: Plan, actor: Actor):
    """The participants of a plan whom this actor may see: the province all of its plans', the others those whose cases
    have come to them, hence a unit only its own people (R5.18)."""
    if actor.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT):
        return participants_of(plan).where(Case.province == actor.province)
    mine = Case.visible_to(actor).select(Case.id).where(Case.plan == plan.id)
    return participants_of(plan).where(Registration.case.in_(mine))


def passed_in(plan: Plan, actor: Actor):
    """The pass list (合格人员) as this actor may see it: all assessments passed, by unit and name (R5.21)."""
    passed = visible_participants(plan, actor).where(Case.state.in_(list(HAS_PASSED)))
    return passed.order_by(Organisation.name, Case.title, Registration.case)


def allowed_regions(organisation: Organisation) -> tuple[str, ...]:
    """Codes of the regions in which a unit's people may train: its own list, else the province's default (R0.22)."""
    if organisation.allowed_regions:
        return tuple(organisation.allowed_regions)
    region = organisation.region
    if region is None:
        return ()
    own = region.parent if region.level == "county" and region.parent else region
    try:
        return tuple(each.code for each in profile_of(organisation.province).default_allowed_regions(own.name))
    except KeyError:
        return (own.code,)


def is_allowed_in(organisation: Organisation, region: Region | None) -> bool:
    """Whether people of this unit may be sent to a session in `region` (R4.14)."""
    return is_offered(region.code if region else None, allowed_regions(organisation))


def sessions_of(plan: Plan) -> list[Session]:
    """All sessions of a plan with their region, the earliest first; cancelled ones too."""
    rows = Session.select(Session, Region).join(Region, JOIN.LEFT_OUTER, on=(Session.region == Region.id))
    return list(rows.where(Session.plan == plan.id).order_by(Session.starts_at, Session.id))


def sessions_for(registration: Registration, moment) -> list[Session]:
    """The sessions to which this participant can be assigned at `moment`: not over, not cancelled, allowed (R4.14)."""
    return [
        session
        for session in sessions_of(registration.plan)
        if session.cancelled_at is None
        and session.ends_at > moment
        and is_allowed_in(registration.organisation, session.region)
    ]


def sitting(session: Session):
    """Who is assigned to a session, with registration, case, unit and occupation, by unit and name."""
    return (
        Attendance.select(Attendance, Registration, Case, Person, Organisation, Occupation)
        .join(Registration, on=(Attendance.registration == Registration.case))
        .join(Case, on=(Registration.case == Case.id))
        .switch(Registration)
        .join(Person, on=(Registration.person == Person.id))
        .switch(Registration)
        .join(Organisation, on=(Registration.organisation == Organisation.id))
        .switch(Registration)
        .join(Occupation, JOIN.LEFT_OUTER, on=(Registration.occupation == Occupation.id))
        .where(Attendance.session == session.id, Attendance.removed_at.is_null())
        .order_by(Organisation.name, Case.title, Attendance.id)
    )


def seats_taken(session: Session) -> int:
    """How many sit in a session: whoever is excused from it leaves the place to somebody else."""
    rows = Attendance.select().where(Attendance.session == session.id, Attendance.removed_at.is_null())
    return rows.where(Attendance.value.is_null() | (Attendance.value != "excused")).count()


def session_of(registration: Registration) -> Attendance | None:
    """The session a participant is assigned to now: the newest one, with its attendance."""
    rows = Attendance.select(Attendance, Session).join(Session, on=(Attendance.session == Session.id))
    mine = rows.where(Attendance.registration == registration.case_id, Attendance.removed_at.is_null())
    return mine.order_by(Attendance.assigned_at.desc(), Attendance.id.desc()).first()


def attendances_of(registration: Registration) -> list[Attendance]:
    """Every session a participant is or was counted in, the oldest first."""
    rows = Attendance.select(Attendance, Session).join(Session, on=(Attendance.session == Session.id))
    mine = rows.where(Attendance.registration == registration.case_id, Attendance.removed_at.is_null())
    return list(mine.order_by(Session.starts_at, Attendance.id))


def candidates_for(session: Session, *, elsewhere: bool = False):
    """Who can be assigned to a session: done with the online study, without a session (or, with `elsewhere`, in one
    that has not been taken yet), of a unit whose people may go there (R4.12, R4.14)."""
    inside = Session.select(Session.id).where(Session.plan == session.plan_id)
    seats = Attendance.select(Attendance.registration).where(
        Attendance.session.in_(inside), Attendance.removed_at.is_null()
    )
    open_seat = seats.where(Attendance.session != session.id, Attendance.value.is_null())
    settled = seats.where((Attendance.session == session.id) | Attendance.value.in_(["present", "absent"]))
    of_plan = Registration.select(Registration.organisation).where(Registration.plan == session.plan_id)
    units = {row.id: row for row in Organisation.select().where(Organisation.id.in_(of_plan))}
    allowed = [id_ for id_, unit in units.items() if is_allowed_in(unit, session.region)]
    rows = participants_of(session.plan).where(
        Case.state.in_(list(ASSIGNABLE)), Registration.organisation.in_(allowed), Registration.case.not_in(settled)
    )
    return rows.where(Registration.case.in_(open_seat) if elsewhere else Registration.case.not_in(open_seat))


def results_by(registrations: list[Registration]) -> dict[int, dict[str, AssessmentResult]]:
    """The standing results of these registrations: {case: {assessment: result}}."""
    found: dict[int, dict[str, AssessmentResult]] = {row.case_id: {} for row in registrations}
    for row in AssessmentResult.select().where(AssessmentResult.registration.in_(list(found))):
        found[row.registration_id][row.assessment] = row
    return found


def last_attempts(registrations: list[Registration]) -> dict[int, Attempt]:
    """The newest attempt of each of these registrations that has one."""
    rows = Attempt.select().where(Attempt.registration.in_([row.case_id for row in registrations]))
    return {row.registration_id: row for row in rows.order_by(Attempt.number)}
