"""Colleagues entered together: a table or a form makes drafts, and the page shows who has an account and confirmed."""

from flask import request, url_for
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField

from portal.actions.colleagues import (
    MOST_ROWS,
    check_may_enter,
    colleagues_kind,
    delete_entered,
    enter_colleagues,
    enterable_plans,
)
from portal.actions.people import EDUCATIONS
from portal.models import Case, Organisation, Plan
from portal.models.entered import count_entered, entered_by
from portal.papers.colleagues import Refused, enter_table
from portal.papers.imports import make_template
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import ADMITTED, FLOW, State
from portal.web.files import send_bytes
from portal.web.forms import PortalForm, TextField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.paging import take_page
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Tabs of the list: the word in the address, what it says, and the states it shows.
LISTS = (
    ("", "待本人确认", (State.DRAFT,)),
    ("confirmed", "已由本人提交", (State.UNDER_REVIEW, State.RETURNED, *ADMITTED, State.REJECTED)),
    ("given-up", "已撤回", (State.WITHDRAWN,)),
)


class ColleaguesFileForm(PortalForm):
    """The table of colleagues."""

    file = FileField("人员表格", [FileRequired("请选择人员表格。")])


class ColleagueForm(PortalForm):
    """One colleague; what is left blank is completed by the person."""

    name = TextField("姓名", [filled("请填写姓名。"), at_most(60)])
    id_type = SelectField("证件类型", choices=list(identity.DOCUMENT_TYPES.items()))
    id_number = TextField("证件号码", [filled("请填写证件号码。"), at_most(40)])
    phone = TextField("联系电话", [at_most(30)])
    education = SelectField("文化程度", choices=[("", "请选择"), *((each, each) for each in EDUCATIONS)])
    position = TextField("职务", [at_most(60)])
    address = TextField("通讯地址", [at_most(200)])
    employer = TextField("实际工作单位", [at_most(200)])


@blueprint.get("/colleagues")
def colleagues():
    """The open plans to choose from (a single one is chosen already), and everybody the unit has entered so far."""
    plans = enterable_plans(actor())
    return _show(plans[0] if len(plans) == 1 else None)


@blueprint.route("/colleagues/<int:id>", methods=["GET", "POST"])
def enter_table_of_colleagues(id: int):
    """One plan: the upload of a table, which is entered whole or not at all."""
    plan = _plan(id)
    if request.method == "GET":
        return _show(plan)
    form, refused = ColleaguesFileForm(), None
    if form.validate():
        try:
            upload = form.file.data
            done = enter_table(plan, upload.read(), upload.filename or "", actor=actor())
            if not isinstance(done, Refused):
                return go(url_for("unit.colleagues"), f"已录入{done}人的报名草稿，请通知本人登录，补充、确认后提交。")
            refused = done
            form.file.errors = [f"有{len(done.rows)}行共{done.faults}处错误，没有录入任何人员；请更正后重新上传。"]
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(plan, 422, table_form=form, refused=refused)


@blueprint.post("/colleagues/<int:id>/one")
def enter_colleague(id: int):
    """One colleague by form."""
    plan, form = _plan(id), ColleagueForm()
    if form.validate():
        row = {name: form[name].data or "" for name in form.data if name not in ("once", "csrf_token")}
        (entered,) = enter_colleagues([row], plan, actor=actor())
        if entered.case is not None:
            return go(url_for("unit.enter_table_of_colleagues", id=id), f"已录入{entered.name}的报名草稿。")
        for field, message in entered.errors:
            form.refuse(Invalid(field, message))
    return _show(plan, 422, form=form)


@blueprint.post("/colleagues/entered/<int:id>/delete")
def delete_entered_draft(id: int):
    """Take back a draft with a mistyped name or number."""
    case = get_or_404(entered_by(actor(), list(State)).where(Case.id == id))
    delete_entered(case, actor=actor(), seen=request.form.get("seen", 0, int))
    return go(url_for("unit.colleagues"), f"已删除{case.title}的报名草稿。")


@blueprint.get("/colleagues/template")
def colleagues_template():
    """The workbook to fill in."""
    kind = colleagues_kind(None, Organisation.get_by_id(actor().organisation))
    return send_bytes(make_template(kind), "集体报名模板.xlsx", XLSX)


def nav_items(reader) -> list[NavItem]:
    """The entry in the door's navigation."""
    href = url_for("unit.colleagues")
    return [NavItem("集体报名", href, "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _plan(id: int) -> Plan:
    """A published plan of the unit's province, open or not: the page says why nobody can be entered."""
    query = Plan.visible_to(actor()).where(Plan.id == id, Plan.state != PlanState.DRAFT)
    return get_or_404(query)


def _show(plan: Plan | None, status: int = 200, *, table_form=None, form=None, refused: Refused | None = None):
    reader, obstacle = actor(), ""
    if plan is not None:
        try:
            check_may_enter(plan, reader)
        except NotAllowed as refusal:
            obstacle = refusal.message
    chosen = next((each for each in LISTS if each[0] == request.args.get("list")), LISTS[0])
    numbers = count_entered(reader)
    here = url_for("unit.enter_table_of_colleagues", id=plan.id) if plan else url_for("unit.colleagues")
    return show(
        "unit/colleagues.html", status=status, plan=plan, plans=enterable_plans(reader), obstacle=obstacle,
        table_form=table_form or ColleaguesFileForm(formdata=None),
        form=form or ColleagueForm(formdata=None), refused=refused, most=MOST_ROWS,
        lists=[
            (label, f"{here}?list={key}" if key else here, key == chosen[0], sum(numbers.get(s, 0) for s in states))
            for key, label, states in LISTS
        ],
        listed=take_page(entered_by(reader, chosen[2]), Case.id, newest_first=True), states=FLOW.labels,
        tones=FLOW.tones,
    )  # fmt: skip
