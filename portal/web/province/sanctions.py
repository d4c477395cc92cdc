"""The province's pages of sanctions: the ledger, units with strikes, integrity files, running registrations."""

from flask import abort, request, url_for

from portal import clock
from portal.models import Bar, Case, Organisation, Person, Region
from portal.models.sanction_ledger import KINDS, Filters, LedgerRow, ledger
from portal.models.sanction_records import (
    bars_of,
    count_running,
    has_record_in,
    is_in_force,
    running_registrations,
    struck_units,
)
from portal.models.statements import decided_of
from portal.papers.sanctions import ledger_xlsx
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid
from portal.rules.workflow import Seat
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, show
from portal.web.province import blueprint
from portal.web.province.routes import ENTRIES
from portal.web.sanction_words import explain, history_of, integrity_rows, present_bar, statements_about

ROWS = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/sanctions")
def sanctions():
    """The ledger: every strike, non-collection and bar of the province, filtered (R7.19)."""
    filters, offset = _filters(), max(request.args.get("from", 0, type=int), 0)
    rows = ledger(actor().province, filters, most=ROWS + 1, offset=offset)
    kept = {name: value for name, value in request.args.items() if name != "from" and value}
    return show(
        "province/sanctions.html", pieces=("province/_sanctions.html",), rows=rows[:ROWS], filters=filters,
        kinds=KINDS, regions=_regions(), typed=request.args, tabs=tabs_of("sanctions"),
        active=sum(1 for name in _NAMES if request.args.get(name)), export=url_for(".sanctions_xlsx", **kept),
        next=url_for(".sanctions", **kept, **{"from": offset + ROWS}) if len(rows) > ROWS else "",
        previous=url_for(".sanctions", **kept, **({"from": offset - ROWS} if offset > ROWS else {})) if offset else "",
        href_of_row=_href_of_row,
    )  # fmt: skip


@blueprint.get("/sanctions/ledger.xlsx")
def sanctions_xlsx():
    """The same rows as a workbook, all of them (R7.19)."""
    content = ledger_xlsx(actor().province, _filters(), actor=actor())
    return send_bytes(content, f"诚信台账{clock.today():%Y%m%d}.xlsx", XLSX)


@blueprint.get("/sanctions/units")
def sanction_units():
    """The units whose people have strikes that count, with the bars of units beside them (R7.03)."""
    barred = Bar.select().where(Bar.organisation.is_null(False), Bar.province == actor().province)
    standing = {bar.organisation_id for bar in barred.where(Bar.live_key.is_null(False)) if is_in_force(bar)}
    return show(
        "province/sanction_units.html", rows=struck_units(actor().province), barred=standing,
        tabs=tabs_of("sanction_units"),
    )  # fmt: skip


@blueprint.get("/sanctions/running")
def running():
    """The registrations under way of everybody who is barred, for decision case by case (R7.06)."""
    return show("province/running.html", groups=_running(_bars_in_force()), tabs=tabs_of("running"))


@blueprint.get("/sanctions/people/<int:id>")
def integrity_file(id: int):
    """A person's integrity file with both counts explained (R7.14)."""
    person, province = get_or_404(Person.select().where(Person.id == id)), actor().province
    if not has_record_in(id, province):
        abort(404)
    return show(
        "province/integrity_file.html", person=person, explained=explain(person, province),
        rows=integrity_rows(person, province), history=history_of(person, province),
        statements=[(each, decided_of(each)) for each in statements_about(province, person=id)],
        href_of_row=_href_of_row, may_annul=actor().seat == Seat.PROVINCE_CENTRE,
    )  # fmt: skip


@blueprint.get("/sanctions/organisations/<int:id>")
def unit_record(id: int):
    """A unit's record: its bars, and what its people did (R7.03)."""
    province = actor().province
    unit = get_or_404(Organisation.select().where(Organisation.id == id, Organisation.province == province))
    counts = next(((strikes, people) for row, strikes, people in struck_units(province) if row.id == id), (0, 0))
    return show(
        "province/unit_record.html", unit=unit, counts=counts, href_of_row=_href_of_row,
        bars=[present_bar(bar) for bar in bars_of(organisation=id, province=province)],
        rows=ledger(province, Filters(organisation=id)),
    )  # fmt: skip


def tabs_of(here: str) -> list[tuple]:
    """The three pages of this room, the present one marked; running registrations with their number."""
    waiting = count_running(actor().province)
    pages = (("台账", "sanctions", None), ("单位情况", "sanction_units", None), ("在办报名", "running", waiting))
    return [(label, url_for(f"province.{name}"), name == here, count) for label, name, count in pages]


def nav_items(reader) -> list[NavItem]:
    """The entry in the door's navigation."""
    href = url_for("province.sanctions")
    return [NavItem("诚信管理", href, "", request.path.startswith(href))]


ENTRIES.append(nav_items)

_NAMES = ("kind", "region", "unit", "name", "since", "until", "standing")


def _filters() -> Filters:
    typed = {name: " ".join(request.args.get(name, "").split())[:100] for name in _NAMES}
    return Filters(
        kind=typed["kind"] if typed["kind"] in KINDS else "", region=request.args.get("region", type=int),
        unit=typed["unit"], name=typed["name"], since=_day(typed["since"]), until=_day(typed["until"]),
        standing=typed["standing"] if typed["standing"] in ("yes", "no") else "",
    )  # fmt: skip


def _day(text: str):
    try:
        return parse_date(text) if text else None
    except Invalid:
        return None


def _regions() -> list[Region]:
    rows = Region.select().where(Region.province == actor().province, Region.level.in_(["city", "direct"]))
    return list(rows.order_by(Region.code))


def _bars_in_force() -> list[Bar]:
    rows = Bar.select().where(Bar.province == actor().province, Bar.live_key.is_null(False)).order_by(Bar.id.desc())
    return [bar for bar in rows if is_in_force(bar)]


def _running(bars: list[Bar]) -> list[tuple]:
    """Each bar with its running registrations: (registration, permit or None, whether this desk can open the case)."""
    groups = []
    for bar in bars:
        permits = {permit["registration"]: permit for permit in bar.permits}
        rows = [
            (row, permits.get(row.case_id), Case.find_visible(row.case_id, actor()) is not None)
            for row in running_registrations(bar)
        ]
        if rows:
            groups.append((present_bar(bar), rows))
    return groups


def _href_of_row(row: LedgerRow) -> str:
    if row.kind in ("person", "unit"):
        return url_for("province.bar", id=row.id)
    return url_for("province.integrity_file", id=row.person)
