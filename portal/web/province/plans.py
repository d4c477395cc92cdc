"""The centre's pages for plans: list, new, edit, publish, cancel, finish, and the overview with its drill-down."""

from flask import abort, request, url_for

from portal import clock
from portal.actions import plans as verbs
from portal.actions.modules import find_empty
from portal.models import Case, Event, Notice, Plan, Step
from portal.models.jurisdictions import profile_of
from portal.models.overviews import (
    MILESTONES,
    cases_of,
    count_cities,
    count_levels,
    count_milestones,
    count_progress,
    count_states,
    count_units,
)
from portal.rules.errors import Invalid
from portal.rules.flows import FLOWS
from portal.rules.flows.plan import PlanState
from portal.rules.plan_changes import FIELD_LABELS
from portal.rules.workflow import IN_REVIEW, Actor
from portal.web.guards import actor
from portal.web.notices.forms import add_blank_rows
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.plan_words import describe_exam, describe_plan, describe_rows
from portal.web.province import blueprint
from portal.web.province.plan_forms import NewPlanForm, PlanForm
from portal.web.province.routes import ENTRIES

ROWS = 50
_TABS = (("", "全部"), (PlanState.DRAFT, "草稿"), (PlanState.PUBLISHED, "已发布"), (PlanState.FINISHED, "已结束"),
         (PlanState.CANCELLED, "已取消"))  # fmt: skip
_FILTERS = ("state", "level", "unit", "city", "reached")


@blueprint.get("/plans")
def plans():
    """The province's plans, the newest first, by state."""
    state, now = request.args.get("state", ""), clock.now()
    query = Plan.visible_to(actor())
    rows = list((query.where(Plan.state == state) if state else query).order_by(Plan.id.desc()))
    tabs = [(label, url_for(".plans", state=key or None), state == key) for key, label in _TABS]
    return show(
        "province/plans.html", pieces=("province/_plans.html",), rows=describe_rows(rows, now), tabs=tabs,
        may_write=_may_write(), late={row.id: cases_of(row, late=True).count() for row in rows},
        totals={row.id: Case.select().where(Case.plan == row.id).count() for row in rows},
    )  # fmt: skip


@blueprint.route("/plans/new", methods=["GET", "POST"])
def new_plan():
    """A new draft from the province's profile or from an earlier plan."""
    form = NewPlanForm(actor(), request.form if request.method == "POST" else None)
    if request.method == "GET":
        return show("province/new_plan.html", form=form)
    if not form.validate():
        return show("province/new_plan.html", status=422, form=form)
    try:
        source = Plan.visible_to(actor()).where(Plan.id == form.copy_of.data).first() if form.copy_of.data else None
        plan = verbs.create_plan(actor=actor(), grade=form.grade.data, kind=form.kind.data, copy_of=source)
    except Invalid as refusal:
        form.refuse(refusal)
        return show("province/new_plan.html", status=422, form=form)
    return go(url_for(".edit_plan", id=plan.id), "草稿已建立，请补充内容后发布。")


@blueprint.route("/plans/<int:id>/edit", methods=["GET", "POST"])
def edit_plan(id: int):
    """All parameters of a plan."""
    plan = _own_plan(id)
    form = PlanForm(plan, request.form if request.method == "POST" else None)
    if request.method == "GET":
        return _show_form(plan, form)
    if not form.validate():
        return _show_form(plan, form, 422)
    reason = form.reason.data or "" if "reason" in form else ""
    try:
        verbs.update_plan(
            plan, values=form.values(), actor=actor(), seen=request.form.get("seen", 0, type=int), reason=reason
        )
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(plan, form, 422)
    if request.form.get("then") == "page":
        return go(url_for(".plan", id=id), "已保存。")
    return go(url_for(".edit_plan", id=id), "已保存。")


@blueprint.get("/plans/<int:id>")
def plan(id: int):
    """How a plan stands: its figures by state, level, unit and city, its parameters, and what happened to it."""
    row = get_or_404(Plan.visible_to(actor()).where(Plan.id == id))
    events = Event.select().where(Event.subject == f"plan:{row.id}").order_by(Event.id.desc()).limit(30)
    return show(
        "province/plan.html", plan=row, row=describe_rows([row], clock.now())[0], facts=describe_plan(row),
        states=count_states(row), levels=count_levels(row), units=count_units(row), cities=count_cities(row),
        total=cases_of(row).count(), late=cases_of(row, late=True).count(), mine=_may_write(row), events=list(events),
        blanks=verbs.find_blanks(row) if row.state == PlanState.DRAFT else [],
        empty=find_empty(row) if row.state == PlanState.DRAFT and _may_write(row) else [],
        notices=list(Notice.visible_to(actor()).where(Notice.plan == row.id, Notice.forward_of.is_null())),
        field_labels=FIELD_LABELS, review_by=row.review_by, draft=row.state == PlanState.DRAFT,
        published=row.state == PlanState.PUBLISHED, closed=_is_closed(row), exam=describe_exam(row),
        milestones=count_milestones(row), milestone_labels=list(MILESTONES.items()),
        milestone_tables=[("地区", "city", count_progress(row, "city")), ("单位", "unit", count_progress(row, "unit"))],
    )  # fmt: skip


@blueprint.get("/plans/<int:id>/cases")
def plan_cases(id: int):
    """The registrations behind one figure of the overview; the list is as long as the figure."""
    row = get_or_404(Plan.visible_to(actor()).where(Plan.id == id))
    filters, after = _filters(), request.args.get("after", 0, type=int)
    query = cases_of(row, **filters)
    total = query.count()
    rows = list(query.where(Case.id > after).order_by(Case.id).limit(ROWS + 1))
    following = url_for(".plan_cases", id=id, after=rows[ROWS - 1].id, **_given(filters)) if len(rows) > ROWS else ""
    open_to = {case for (case,) in Case.visible_to(actor()).select(Case.id).where(Case.plan == row.id).tuples()}
    return show(
        "province/plan_cases.html", pieces=("province/_plan-cases.html",), plan=row, rows=rows[:ROWS], total=total,
        next=following, previous=url_for(".plan_cases", id=id, **_given(filters)) if after else "",
        caption=_caption(row, filters), flow=FLOWS["registration"], open_to=open_to, words=_words(row, rows[:ROWS]),
        case_href=lambda case: url_for(".case", id_=case),
    )  # fmt: skip


@blueprint.post("/plans/<int:id>/<any(publish, cancel, finish, delete):verb>")
def change_plan(id: int, verb: str):
    """Publish, cancel, finish or throw away a plan."""
    row, seen = _own_plan(id), request.form.get("seen", 0, type=int)
    try:
        if verb == "publish":
            verbs.publish_plan(row, actor=actor(), seen=seen)
        elif verb == "cancel":
            verbs.cancel_plan(row, actor=actor(), seen=seen, reason=request.form.get("reason", "")[:300])
        elif verb == "finish":
            verbs.finish_plan(row, actor=actor(), seen=seen)
        else:
            verbs.delete_draft(row, actor=actor(), seen=seen)
    except Invalid as refusal:
        return go(url_for(".plan", id=id), ("bad", refusal.message))
    done = {"publish": "计划已发布。", "cancel": "计划已取消，报名人员已收到消息。", "finish": "计划已办结。",
            "delete": "草稿已删除。"}  # fmt: skip
    return go(url_for(".plans") if verb == "delete" else url_for(".plan", id=id), done[verb])


def nav_items(reader: Actor) -> list[NavItem]:
    """The plans' entry in the door's navigation."""
    href = url_for("province.plans")
    return [NavItem("考评计划", href, "", request.path.startswith((href, "/province/sessions")))]


ENTRIES.insert(1, nav_items)  # next to the desk: it is what the centre opens most


def _show_form(plan: Plan, form: PlanForm, status: int = 200):
    if status == 422:
        add_blank_rows(form.contacts, 1)
        add_blank_rows(form.groups, 1)
    return show(
        "province/edit_plan.html", pieces=("province/_plan-form.html",) if status == 422 else (), status=status,
        form=form, plan=plan, seen=request.form.get("seen") or plan.version,
        note=profile_of(plan.province).grade(plan.grade).note,
    )  # fmt: skip


def _own_plan(id: int) -> Plan:
    return get_or_404(Plan.visible_to(actor()).where(Plan.id == id, Plan.office == actor().office))


def _may_write(plan: Plan | None = None) -> bool:
    owner = profile_of(actor().province).owners.plans
    return actor().seat == owner and (plan is None or plan.office_id == actor().office)


def _is_closed(plan: Plan) -> bool:
    return plan.window.is_complete() and clock.now() >= plan.window.closes_at


def _filters() -> dict:
    """The overview's filters as given; a number that is none finds nothing rather than everything."""
    given: dict = {name: request.args.get(name, "")[:15] for name in _FILTERS}
    for name in ("unit", "city"):
        if given[name] and not (given[name].isascii() and given[name].isdigit()):
            abort(404)
    given["late"] = request.args.get("late") == "1"
    return given


def _given(filters: dict) -> dict:
    return {name: "1" if value is True else value for name, value in filters.items() if value}


def _caption(plan: Plan, filters: dict) -> str:
    """What the list shows, in words."""
    parts = []
    for key, counts in (
        ("state", count_states), ("level", count_levels), ("unit", count_units), ("city", count_cities),
    ):  # fmt: skip
        if filters[key]:
            parts += [count.label for count in counts(plan) if count.key == filters[key]]
    if filters["reached"]:
        parts.append(MILESTONES.get(filters["reached"], "没有这一阶段"))
    if filters["late"]:
        parts.append("已逾期")
    return "、".join(parts) or "全部报名"


def _words(plan: Plan, rows: list[Case]) -> dict[int, str]:
    """The state of each case in words; while in review it names the level."""
    seats = dict(cases_of(plan).select(Case.id, Step.seat).where(Case.id.in_([row.id for row in rows])).tuples())
    flow, profile = FLOWS["registration"], profile_of(plan.province)
    return {
        row.id: profile.state_label(seats[row.id]) if row.state == IN_REVIEW else flow.labels[row.state] for row in rows
    }

