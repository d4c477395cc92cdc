"""The queue page: rows by due date, filters in the address, counters, today's own decisions, the finished list."""

from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlencode

from flask import request, url_for

from portal import clock
from portal.actions.events import log_document
from portal.documents.sheets import SheetLayout, write_sheet
from portal.models import queues
from portal.models.cases import due_or_none
from portal.models.decided import decided_by_office, decided_today_by
from portal.models.jurisdictions import profile_of
from portal.models.queue_filters import Filters, capped, read_filters
from portal.models.queues import QueueRow
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import FLOW, Action
from portal.rules.kinds import KINDS, noun_of
from portal.rules.workdays import ESTIMATED_NOTE
from portal.rules.workflow import IN_REVIEW, SEAT_LABELS, Actor, Seat
from portal.web.desk import desk_calendar, desk_counters
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import show

# The words of the decisions are the flow's own (R13.21).
RETURN = next(t.label for t in FLOW.transitions if t.action == Action.RETURN)
TAB_LABELS = {
    "waiting": "待办", "returned": f"{RETURN}中", "behalf": "代录决定", "today": "我今天的决定", "done": "已办",
}  # fmt: skip
DUE_CHOICES = (
    ("", "全部期限"), ("late", "已逾期"), ("today", "今天到期"), ("soon", "3个工作日内"), ("later", "3个工作日后"),
    ("none", "无期限"),
)  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CLAIM_CHOICES = (("", "全部"), ("free", "无人办理"), ("mine", "我正在办理"), ("others", "他人正在办理"))
OUTCOME_CHOICES = (
    ("", "全部结果"),
    *((key, "／".join(dict.fromkeys(kind.outcomes[key][1] for kind in KINDS.values() if key in kind.outcomes)))
      for key in KINDS[FLOW.name].outcomes),
)  # fmt: skip
KIND_CHOICES = (("", "全部种类"), *((key, kind.noun) for key, kind in KINDS.items()))
EXPORT_MOST = 20_000


class Desk(NamedTuple):
    """Where the reader stands: the address of the queue, the query that keeps the filters, and what the seat may do.

    `confirms`: the seat has to confirm each person (R3.41), so passing always asks first.
    """

    base: str
    suffix: str
    filters: Filters
    title: str
    confirms: bool
    reader: int
    is_province: bool


class Line(NamedTuple):
    """A queue row with the words of its deadline."""

    row: QueueRow
    tone: str
    word: str
    estimated: bool
    mine: bool
    state_tone: str
    state_word: str


def here(filters: Filters | None = None) -> Desk:
    """The desk of this request."""
    person = actor()
    filters = read_filters(request.args) if filters is None else filters
    kept = filters.without_page().query()
    return Desk(
        url_for(f"{request.blueprint}.queue"), f"?{urlencode(kept)}" if kept else "", filters,
        f"{SEAT_LABELS[Seat(person.seat)]}待办", person.seat == Seat.UNIT, person.user, request.blueprint == "province",
    )  # fmt: skip


def queue():
    """GET /cases: the tab that the address asks for, whole or as a piece."""
    desk = here()
    return show("desk/queue.html", pieces=("desk/_queue.html",), **queue_context(desk))


def queue_context(desk: Desk) -> dict:
    """Everything the queue template needs."""
    person, filters = actor(), desk.filters
    lines, done, page = [], [], None
    if filters.tab == "today":
        done = decided_today_by(person)
    elif filters.tab == "done":
        page = decided_by_office(person, filters)
        done = page.rows
    else:
        page = queues.waiting_for(person, filters, calendar=desk_calendar())
        lines = lines_of(page.rows, person)
    numbers = desk_counters(person)
    return {
        "desk": desk,
        "filters": filters,
        "lines": lines,
        "done": done,
        "kinds": KINDS,
        "kind_choices": KIND_CHOICES,
        "in_bulk": _has_bulk(lines, page, filters),
        "tabs": tab_items(desk, numbers, person),
        "counters": counter_items(desk, numbers),
        "plans": queues.plans_waiting(person) if filters.tab in ("waiting", "returned", "done", "behalf") else [],
        "cities": _cities(person),
        "dues": DUE_CHOICES,
        "claims": CLAIM_CHOICES,
        "outcomes": OUTCOME_CHOICES,
        "previous": _address(desk, replace(filters, before=page.previous, after="")) if page and page.previous else "",
        "following": _address(desk, replace(filters, after=page.next, before="")) if page and page.next else "",
        "reset": _address(desk, Filters(tab=filters.tab)),
        "estimated_note": ESTIMATED_NOTE,
    }


def _has_bulk(lines: list[Line], page, filters: Filters) -> bool:
    """Whether anything that is filtered can be decided in bulk; rows of other pages are taken to be."""
    if filters.kind:
        return KINDS[filters.kind].in_bulk
    return any(KINDS[line.row.kind].in_bulk for line in lines) or bool(page and (page.previous or page.next))


def lines_of(rows: list[QueueRow], person: Actor) -> list[Line]:
    """The rows with the words of their deadlines and states; each is looked up once, whatever the number of rows."""
    calendar, today, profile = desk_calendar(), clock.today(), profile_of(person.province)
    deadlines: dict = {}
    states: dict = {}
    lines = []
    for row in rows:
        if row.due_on not in deadlines:
            due = due_or_none(row.due_on)
            left = calendar.remaining(today, due)
            deadlines[row.due_on] = (left.tone, left.word, due is not None and calendar.is_estimated(today, due))
        standing = (row.kind, row.state, row.seat)
        if standing not in states:
            flow = FLOWS[row.kind]
            states[standing] = (flow.tones[row.state], flow.labels[row.state])
            if row.state == IN_REVIEW and row.seat:
                states[standing] = ("info", KINDS[row.kind].waiting_label(profile, row.seat))
        lines.append(Line(row, *deadlines[row.due_on], row.claimed_by == person.user, *states[standing]))
    return lines


def units():
    """GET /cases/units?unit=…: suggestions for the unit filter, as a piece."""
    text = read_filters(request.args).unit
    return show("desk/units.html", pieces=("desk/_units.html",), names=queues.units_named(actor(), text), desk=here())


def export():
    """GET /cases/export: the whole filtered tab as XLSX, limited to what the reader may see, and logged (R12.11)."""
    desk, person = here(), actor()
    filters = replace(desk.filters.without_page(), tab="waiting" if desk.filters.tab == "today" else desk.filters.tab)
    head, rows = (_done_table if filters.tab == "done" else _waiting_table)(person, filters)
    title = f"{person.office_name}{TAB_LABELS[filters.tab]}清单"
    layout = SheetLayout(title=title, lines=(f"导出时间：{clock.now():%Y-%m-%d %H:%M}　导出人：{person.name}",))
    content = write_sheet(head, rows, layout)
    log_document("queue_export", f"office:{person.office}", content, actor=person)
    return send_bytes(content, f"{title}{clock.today():%Y%m%d}.xlsx", XLSX)


def _waiting_table(person: Actor, filters: Filters):
    page = queues.waiting_for(person, filters, limit=EXPORT_MOST)
    head = (
        "编号", "种类", "姓名或单位", "考评计划", "初审单位", "区域", "申报考评职业（工种）", "状态", "到达时间",
        "办理期限", "剩余工作日",
    )  # fmt: skip
    rows = [
        (
            line.row.number, noun_of(line.row.kind), line.row.title, line.row.plan, line.row.organisation,
            line.row.region, _occupation(line.row), line.state_word, line.row.arrived_at,
            due_or_none(line.row.due_on), line.word,
        )
        for line in lines_of(page.rows, person)
    ]  # fmt: skip
    return head, rows


def _done_table(person: Actor, filters: Filters):
    page = decided_by_office(person, filters, limit=EXPORT_MOST)
    head = ("编号", "种类", "姓名或单位", "考评计划", "初审单位", "本级决定", "决定时间", "经办人", "当前状态")
    rows = [
        (
            row.number, noun_of(row.kind), row.title, row.plan, row.organisation,
            KINDS[row.kind].outcomes[row.outcome][1], row.decided_at, row.who, FLOWS[row.kind].labels[row.state],
        )
        for row in page.rows
    ]  # fmt: skip
    return head, rows


def _occupation(row: QueueRow) -> str:
    return f"{row.occupation}（{row.job}）" if row.job else row.occupation or ""


def _address(desk: Desk, filters: Filters) -> str:
    query = filters.query()
    return f"{desk.base}?{urlencode(query)}" if query else desk.base


def tab_items(desk: Desk, numbers, person: Actor) -> list[tuple]:
    """The tabs of the desk with their numbers."""
    shown = {
        "waiting": numbers.waiting, "returned": numbers.returned, "behalf": None, "today": numbers.decided,
        "done": None,
    }  # fmt: skip
    if person.seat == Seat.UNIT:
        del shown["behalf"]
    return [
        (TAB_LABELS[tab], _address(desk, Filters(tab=tab)), desk.filters.tab == tab,
         capped(number) if number is not None else None)
        for tab, number in shown.items()
    ]  # fmt: skip


def counter_items(desk: Desk, numbers) -> list[tuple]:
    """The counters row of the waiting tab; each number leads to its rows."""
    filters = desk.filters
    if filters.tab != "waiting":
        return []
    base = replace(filters.without_page(), kind="", due="", claimed="")
    everything = not (filters.kind or filters.due or filters.claimed)
    late = "late" if numbers.late else ""
    return [
        ("全部待办", capped(numbers.waiting), _address(desk, base), everything),
        ("已逾期", capped(numbers.late), _address(desk, replace(base, due="late")), filters.due == "late", late),
        ("今天到期", capped(numbers.today), _address(desk, replace(base, due="today")), filters.due == "today",
         "today" if numbers.today else ""),
        ("3个工作日内", capped(numbers.soon), _address(desk, replace(base, due="soon")), filters.due == "soon",
         "soon" if numbers.soon else ""),
        ("我正在办理", capped(numbers.mine), _address(desk, replace(base, claimed="mine")), filters.claimed == "mine"),
        *_statement_counter(desk, numbers),
    ]  # fmt: skip


def _statement_counter(desk: Desk, numbers) -> list[tuple]:
    """The statements among them, which have no deadline and would wait at the end unseen; nothing while none waits."""
    chosen = desk.filters.kind == queues.STATEMENT
    if not (numbers.statements or chosen):
        return []
    href = _address(desk, Filters(kind=queues.STATEMENT))
    return [(noun_of(queues.STATEMENT), capped(numbers.statements), href, chosen)]


def _cities(person: Actor) -> list[str]:
    """The regions a provincial desk can filter by; other desks have one region only."""
    if person.seat not in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT):
        return []
    return [region.name for region in profile_of(person.province).regions]


ROUTES = (("", ["GET"], queue), ("/units", ["GET"], units), ("/export", ["GET"], export))
