"""How a plan stands: its registrations counted by state, level, unit and city, and the lists behind each figure."""

from dataclasses import dataclass

from peewee import JOIN, fn
from peewee import Case as When

from portal import clock
from portal.models.cases import NO_DUE, Case, Step
from portal.models.jurisdictions import profile_of
from portal.models.offices import Organisation, Region
from portal.models.plans import Plan
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import ADMITTED, State
from portal.rules.sessions import HAS_PASSED
from portal.rules.workflow import IN_REVIEW, Seat


@dataclass(frozen=True)
class Count:
    """One line of an overview: the filter that lists the cases behind it, what to call it, how many, how many late."""

    key: str
    label: str
    number: int
    late: int = 0


@dataclass(frozen=True)
class Progress:
    """One unit or city in the table of milestones: `numbers` in the order of MILESTONES."""

    key: str
    label: str
    numbers: tuple[int, ...]


# How far registrations have come, each including those further on, but for 在训, who are studying now (R3.47).
MILESTONES = {
    "applied": "已申报", "unit_passed": "单位通过", "city_passed": "市级通过", "approved": "省级通过",
    "studying": "在训", "passed": "考核合格", "certified": "已发证",
}  # fmt: skip


def cases_of(
    plan: Plan, *, state: str = "", level: str = "", unit: str = "", city: str = "", late: bool = False,
    reached: str = "",
):  # fmt: skip
    """The registrations of a plan that fit every given filter: a query over Case, its present Step, its Organisation.

    `level` is a seat (only cases waiting there), `unit` an organisation's id, `city` a region's id with its counties;
    "0" means none; `reached` a key of MILESTONES. Every figure of the overview is counted over this query, so its list
    is always as long.
    """
    query = (
        Case.select(Case, Organisation)
        .join(Step, JOIN.LEFT_OUTER, on=((Step.case == Case.id) & (Step.position == Case.position)))
        .switch(Case)
        .join(Organisation, JOIN.LEFT_OUTER, on=(Case.organisation == Organisation.id))
        .where(Case.plan == plan.id)
    )
    if state:
        query = query.where(Case.state == state)
    if level:
        query = query.where(Case.state == IN_REVIEW, Step.seat == level)
    if unit:
        query = query.where(Case.organisation == int(unit) if unit != "0" else Case.organisation.is_null())
    if city:
        query = query.where(_region_is(city))
    if late:
        query = query.where(is_late())
    if reached:
        query = query.where(has_reached(reached))
    return query


def has_reached(milestone: str):
    """The condition that a case has come as far as a key of MILESTONES; nothing has come as far as anything else."""
    if milestone == "applied":
        return Case.submitted_at.is_null(False)
    if milestone == "unit_passed":
        return _passed_by(Seat.UNIT)
    if milestone == "city_passed":
        return _passed_by(Seat.CITY_CENTRE, Seat.CITY_BUREAU)
    if milestone == "studying":
        return Case.state == State.APPROVED
    states = {"approved": ADMITTED, "passed": HAS_PASSED, "certified": {State.CERTIFIED}}.get(milestone, ())
    return Case.state.in_([str(state) for state in states])


def _passed_by(*seats: Seat):
    """A level that has passed the case, unless the case has come back before it since."""
    done = Step.alias()
    rows = done.select(done.id).where(
        done.case == Case.id, done.seat.in_([str(seat) for seat in seats]), done.outcome == "pass",
        done.position <= Case.position,
    )  # fmt: skip
    return fn.EXISTS(rows)


def is_late():
    """The condition that a case is past its present level's last day (R2.31)."""
    return (Case.state == IN_REVIEW) & (Case.due_on != NO_DUE) & (Case.due_on < clock.today())


def count_states(plan: Plan, **filters) -> list[Count]:
    """How many registrations are in each state, in the order of the flow; states without any are left out."""
    flow = FLOWS["registration"]
    found = _count(plan, Case.state, filters)
    return [Count(state, flow.labels[state], *found[state]) for state in flow.labels if state in found]


def count_levels(plan: Plan, **filters) -> list[Count]:
    """How many wait at each level and how many of them are late, for every level of the province's chains (R2.31)."""
    profile = profile_of(plan.province)
    found = _count(plan, Step.seat, {**filters, "state": State.UNDER_REVIEW})
    seats = [seat for seat in Seat if seat in profile.seats]
    return [Count(str(seat), profile.state_label(seat), *found.get(str(seat), (0, 0))) for seat in seats]


def count_units(plan: Plan, **filters) -> list[Count]:
    """How many registrations each unit has, the most first."""
    found = _count(plan, Case.organisation, filters)
    units = Organisation.select(Organisation.id, Organisation.name).where(Organisation.id.in_(list(found)))
    names = dict(units.tuples())
    counts = [Count(str(key or 0), names.get(key, "未选择单位"), *numbers) for key, numbers in found.items()]
    return sorted(counts, key=lambda count: (-count.number, count.label))


def count_cities(plan: Plan, **filters) -> list[Count]:
    """How many registrations come from each city, by its code; counties count to their city."""
    found = _count(plan, Organisation.region, filters)
    regions = {region.id: region for region in Region.select()}
    merged: dict[int, list] = {}
    for key, (number, late) in found.items():
        region = regions.get(key)
        if region is not None and region.level == "county" and region.parent_id in regions:
            region = regions[region.parent_id]
        line = merged.setdefault(region.id if region else 0, [region, 0, 0])
        line[1] += number
        line[2] += late
    ordered = sorted(merged.items(), key=lambda item: item[1][0].code if item[1][0] else "")
    return [
        Count(str(key), region.name if region else "未确定地区", number, late)
        for key, (region, number, late) in ordered
    ]


def count_progress(plan: Plan, by: str) -> list[Progress]:
    """The milestones of each unit (`by` "unit") or city ("city"), each figure as long as its list (R3.47)."""
    found = {key: _keys(plan, by, reached=key) for key in MILESTONES}
    lines = count_units(plan, reached="applied") if by == "unit" else count_cities(plan, reached="applied")
    return [Progress(line.key, line.label, tuple(found[key].get(line.key, 0) for key in MILESTONES)) for line in lines]


def count_milestones(plan: Plan) -> list[Count]:
    """The milestones of the whole plan."""
    return [Count(key, label, cases_of(plan, reached=key).count()) for key, label in MILESTONES.items()]


def _keys(plan: Plan, by: str, **filters) -> dict[str, int]:
    counts = count_units(plan, **filters) if by == "unit" else count_cities(plan, **filters)
    return {count.key: count.number for count in counts}


def _count(plan: Plan, column, filters: dict) -> dict:
    late = fn.SUM(When(None, [(is_late(), 1)], 0))
    rows = cases_of(plan, **filters).select(column, fn.COUNT(Case.id), late).group_by(column).tuples()
    return {key: (number, late) for key, number, late in rows}


def _region_is(city: str):
    if city == "0":
        return Organisation.region.is_null()
    counties = (Region.parent == int(city)) & (Region.level == "county")
    inside = Region.select(Region.id).where((Region.id == int(city)) | counties)
    return Organisation.region.in_(inside)
