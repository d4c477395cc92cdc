"""How far the participants of a plan are with their study, for the centre's overview and its figures."""

from peewee import JOIN, fn

from portal.models.cases import Case, Registration
from portal.models.offices import Organisation
from portal.models.people import Person
from portal.models.plans import Plan
from portal.models.training import Progress, StudyTime
from portal.rules.flows.registration import ADMITTED, State

STANDINGS = {"": "全部", "behind": "未学满", "none": "未开始", "done": "已学满"}


def seconds_studied():
    """The credited seconds of a case as an SQL expression: studied here and reported by the outside platform."""
    own = StudyTime.select(fn.SUM(StudyTime.seconds)).where(StudyTime.registration == Case.id)
    return fn.COALESCE(own, 0) + fn.COALESCE(Progress.outside_seconds, 0)


def studying_in(plan: Plan, *, standing: str = "", unit: str = "", name: str = ""):
    """The participants of a plan with `seconds`, `last_at`, `reminded_on` and `done_at`: a query over Case.

    `standing` is a key of STANDINGS: behind are those whose required time is not reached yet, none those of them who
    have not begun. `unit` is an organisation's id, `name` a part of the name.
    """
    last = StudyTime.select(fn.MAX(StudyTime.last_at)).where(StudyTime.registration == Case.id)
    query = (
        Case.select(
            Case, Organisation, Person, seconds_studied().alias("seconds"), last.alias("last_at"),
            Progress.reminded_on, Progress.done_at, Progress.outside_seconds,
        )  # fmt: skip
        .join(Registration, on=(Registration.case == Case.id))
        .switch(Case)
        .join(Person, on=(Case.person == Person.id))
        .switch(Case)
        .join(Organisation, JOIN.LEFT_OUTER, on=(Case.organisation == Organisation.id))
        .switch(Case)
        .join(Progress, JOIN.LEFT_OUTER, on=(Progress.case == Case.id))
        .where(Case.plan == plan.id, Case.state.in_(sorted(ADMITTED)))
    )
    if standing == "done":
        query = query.where(Progress.done_at.is_null(False))
    elif standing in ("behind", "none"):
        query = query.where(Case.state == State.APPROVED)
        if standing == "none":
            query = query.where(seconds_studied() == 0)
    if unit:
        query = query.where(Case.organisation == int(unit))
    if name:
        query = query.where(Person.name.contains(name))
    return query


def count_standings(plan: Plan) -> dict[str, int]:
    """How many participants of the plan are in each standing."""
    return {key: studying_in(plan, standing=key).count() for key in STANDINGS}


def units_studying(plan: Plan) -> list[Organisation]:
    """The organisations that have participants in the plan."""
    rows = Organisation.select().join(Case, on=(Case.organisation == Organisation.id))
    rows = rows.where(Case.plan == plan.id, Case.state.in_(sorted(ADMITTED)))
    return list(rows.distinct().order_by(Organisation.name))
