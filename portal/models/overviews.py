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
from portal.rules.flows.registration import State
from portal.rules.workflow import IN_REVIEW, Seat


@dataclass(frozen=True)
class Count:
    """One line of an overview: the filter that lists the cases behind it, what to call it, how many, how many late."""

    key: str
    label: str
    number: int
    late: int = 0


def cases_of(plan: Plan, *, state: str = "", level: str = "", unit: str = "", city: str = "", late: bool = False):
    """The registrations of a plan that fit every given filter: a query over Case, its present Step, its Organisation.

    `level` is a seat (only cases waiting there), `unit` an organisation's id, `city` a region's id with its counties;
    "0" means none. Every figure of the overview is counted over this query, so its list is always as long.
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
    return query


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
