"""Which organisations a body supervises, and the records and cases about them that it may read."""

from dataclasses import dataclass
from datetime import date

from peewee import ModelSelect

from portal.models.offices import Office, Organisation, Region
from portal.models.sanctions import OrganisationCase, Supervision
from portal.rules.supervision import CAMPAIGNS
from portal.rules.workflow import Actor, Seat


@dataclass(frozen=True)
class Filters:
    """What the address of a list says. `state` is open | closed, `since` and `until` are days, both included."""

    campaign: str = ""
    organisation: str = ""
    since: date | None = None
    until: date | None = None
    state: str = ""
    ground: str = ""

    @property
    def active(self) -> int:
        """How many are set."""
        return sum(bool(value) for value in vars(self).values())


def supervised_by(actor: Actor) -> ModelSelect:
    """The organisations of the actor's territory: the county's, the city's with its counties', or the province's.

    A provincial organisation (省属) has the province as its only territory.
    """
    rows = Organisation.select()
    if actor.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT):
        return rows.where(Organisation.province == actor.province)
    if actor.seat in (Seat.COUNTY, Seat.CITY_CENTRE, Seat.CITY_BUREAU) and actor.office is not None:
        own = Office.select(Office.region).where(Office.id == actor.office)
        regions = Region.select(Region.id).where(Region.id.in_(own))
        if actor.seat != Seat.COUNTY:
            regions = Region.select(Region.id).where(Region.id.in_(own) | Region.parent.in_(own))
        return rows.where(Organisation.region.in_(regions), Organisation.province == actor.province)
    return rows.where(Organisation.id.is_null())


def supervisions_for(actor: Actor, filters: Filters = Filters()) -> ModelSelect:
    """The records this actor may read: about the organisations of the territory, a unit those about itself."""
    rows = _about(Supervision, actor)
    if filters.campaign:
        rows = rows.where(Supervision.campaign == filters.campaign)
    if filters.since:
        rows = rows.where(Supervision.held_on >= filters.since)
    if filters.until:
        rows = rows.where(Supervision.held_on <= filters.until)
    if filters.state:
        rows = rows.where(Supervision.closed_at.is_null(filters.state == "open"))
    return _named(rows, filters)


def violations_for(actor: Actor, filters: Filters = Filters()) -> ModelSelect:
    """The cases against organisations that this actor may read, as with the records."""
    rows = _about(OrganisationCase, actor)
    if filters.ground:
        rows = rows.where(OrganisationCase.ground == filters.ground)
    if filters.since:
        rows = rows.where(OrganisationCase.opened_at >= filters.since)
    if filters.until:
        rows = rows.where(OrganisationCase.opened_at < date.fromordinal(filters.until.toordinal() + 1))
    if filters.state:
        rows = rows.where(OrganisationCase.decided_at.is_null(filters.state == "open"))
    return _named(rows, filters)


def campaigns_of(province: str) -> list[str]:
    """The tags to propose: the known campaigns, then what was typed before."""
    used = Supervision.select(Supervision.campaign).where(Supervision.province == province, Supervision.campaign != "")
    typed = [tag for (tag,) in used.distinct().order_by(Supervision.campaign).tuples()]
    return list(dict.fromkeys([*CAMPAIGNS, *typed]))


def _about(model, actor: Actor) -> ModelSelect:
    rows = model.select(model, Organisation, Office).join(Organisation, on=(model.organisation == Organisation.id))
    rows = rows.switch(model).join(Office, on=(model.office == Office.id))
    if actor.seat == Seat.UNIT:
        return rows.where(model.organisation == actor.organisation)
    return rows.where(model.organisation.in_(supervised_by(actor).select(Organisation.id)))


def _named(rows: ModelSelect, filters: Filters) -> ModelSelect:
    return rows.where(Organisation.name.contains(filters.organisation)) if filters.organisation else rows
