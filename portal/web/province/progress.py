"""The centre's overview of the study: who is behind, reminders, and the table of the outside platform."""

from flask import request, url_for
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField

from portal import clock
from portal.actions.study import required_seconds
from portal.actions.study_imports import progress_kind
from portal.actions.study_reminders import Reminded, remind_participants, soonest_reminder
from portal.actions.study_reports import reports_of
from portal.models import Case, ImportReport, Plan, StudyTime
from portal.models.studies import STANDINGS, count_standings, studying_in, units_studying
from portal.papers.imports import make_template
from portal.papers.study import import_progress
from portal.rules.errors import Invalid
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, State
from portal.rules.study import percent
from portal.web.files import send_bytes
from portal.web.forms import PortalForm, SearchForm
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page
from portal.web.province import blueprint
from portal.web.province.modules import own_plan

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ProgressSearch(SearchForm):
    """Filters of the overview."""

    standing = SelectField("学习情况", choices=list(STANDINGS.items()), validate_choice=False)
    unit = SelectField("单位", validate_choice=False)
    name = StringField("姓名")


class ProgressFileForm(PortalForm):
    """The outside platform's table."""

    file = FileField("学习时长和成绩表格", [FileRequired("请选择表格。")])


@blueprint.get("/plans/<int:id>/progress")
def progress(id: int):
    """Who has studied how much of what is required, with filters, and who can be reminded (R4.20)."""
    plan = own_plan(id)
    search = ProgressSearch(request.args)
    search.unit.choices = [("", "全部单位"), *((str(row.id), row.name) for row in units_studying(plan))]
    standing, unit = search.standing.data or "", search.unit.data or ""
    unit = unit if unit in dict(search.unit.choices) else ""
    standing = standing if standing in STANDINGS else ""
    query = studying_in(plan, standing=standing, unit=unit, name=(search.name.data or "").strip()[:60])
    listed, counts, required = take_page(query, Case.id), count_standings(plan), required_seconds(plan)
    return show(
        "province/progress.html", pieces=("province/_progress.html",), plan=plan, search=search, listed=listed,
        rows=[_describe(row, required) for row in listed.rows], required=required // 60, behind=counts["behind"],
        may_remind=_is_running(plan), soonest=soonest_reminder(plan),
        counters=[
            (label, counts[key], url_for(".progress", id=id, standing=key or None), key == standing,
             "late" if key in ("behind", "none") and counts[key] else "")
            for key, label in STANDINGS.items()
        ],
    )  # fmt: skip


@blueprint.post("/plans/<int:id>/progress/remind")
def remind_study(id: int):
    """A message to the chosen participants, or to all who are behind; one a day at most."""
    plan = own_plan(id)
    if request.form.get("who") == "all":
        cases = [case for (case,) in Case.select(Case.id).where(
            Case.plan == plan.id, Case.state == State.APPROVED).tuples()]  # fmt: skip
    else:
        cases = request.form.getlist("case", type=int)
    back = url_for(".progress", id=id, standing="behind")
    if not cases:
        return go(back, ("warn", "没有选中人员，请先勾选要提醒的人员。"))
    return go(back, _tell_result(remind_participants(plan, cases, actor=actor())))


@blueprint.route("/plans/<int:id>/progress/import", methods=["GET", "POST"])
def import_study(id: int):
    """The outside platform's table: right rows are loaded, wrong ones come back marked (R4.22)."""
    plan, form = own_plan(id), ProgressFileForm()
    if request.method == "POST" and form.validate():
        upload = form.file.data
        try:
            report = import_progress(plan, upload.read(), upload.filename or "", actor=actor())
            return go(url_for(".study_report", id=id, report=report.id))
        except Invalid as refusal:
            form.refuse(refusal)
    return show(
        "province/import_study.html", status=422 if request.method == "POST" else 200, plan=plan, form=form,
        columns=progress_kind(plan).columns, notes=progress_kind(plan).notes, reports=list(reports_of(plan).limit(20)),
        may_import=plan.state == PlanState.PUBLISHED,
    )  # fmt: skip


@blueprint.get("/plans/<int:id>/progress/template")
def study_template(id: int):
    """The workbook to fill in."""
    return send_bytes(make_template(progress_kind(own_plan(id))), "学习时长和成绩模板.xlsx", XLSX)


@blueprint.get("/plans/<int:id>/progress/reports/<int:report>")
def study_report(id: int, report: int):
    """What an import did, and what is wrong with the rows it left out."""
    plan = own_plan(id)
    return show("province/study_report.html", plan=plan, report=_report(plan, report))


@blueprint.get("/plans/<int:id>/progress/reports/<int:report>/workbook")
def study_workbook(id: int, report: int):
    """The uploaded rows with the wrong cells marked and commented."""
    row = _report(own_plan(id), report, marked=True)
    return send_bytes(bytes(row.workbook), f"{row.name.rpartition('.')[0] or row.name}-有误行标注.xlsx", XLSX)


def _report(plan: Plan, report: int, *, marked: bool = False) -> ImportReport:
    rows = reports_of(plan).where(ImportReport.id == report)
    return get_or_404(rows.where(ImportReport.workbook.is_null(False)) if marked else rows)


def _is_running(plan: Plan) -> bool:
    window = plan.study_window
    return plan.state == PlanState.PUBLISHED and not (window.is_complete() and clock.now() >= window.closes_at)


def _describe(case: Case, required: int) -> dict:
    """One line of the overview."""
    extra = getattr(case, "progress", None)
    return {
        "case": case, "unit": case.organisation.name if case.organisation_id else "", "minutes": case.seconds // 60,
        "outside": (extra.outside_seconds or 0) // 60 if extra else 0, "percent": percent(case.seconds, required),
        "last": StudyTime.last_at.python_value(case.last_at), "reminded": extra.reminded_on if extra else None,
        "state": FLOW.labels[case.state],
        "tone": FLOW.tones[case.state], "behind": case.state == State.APPROVED,
    }  # fmt: skip


def _tell_result(result: Reminded) -> tuple[str, str]:
    left = [
        text for number, text in (
            (result.today, "人今天已经提醒过"), (result.not_behind, "人已学满或不在学习中"),
            (result.no_account, "人还没有账号"),
        ) for text in ([f"{number}{text}"] if number else [])
    ]  # fmt: skip
    said = f"已提醒{result.sent}人" + (f"；{'，'.join(left)}，没有发送" if left else "") + "。"
    return ("good" if result.sent else "info", said)
