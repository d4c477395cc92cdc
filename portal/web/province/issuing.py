"""Issuing credentials: the list of those who passed, with who is skipped and why, and each batch with its documents."""

import tempfile

from flask import abort, current_app, request, send_file, url_for
from peewee import fn
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.actions import issuing, jobs
from portal.models import Case, Credential, Job, Occupation, Organisation, Person, Plan, Registration
from portal.models.jurisdictions import profile_of
from portal.papers import credentials as papers
from portal.rules.credential import CARD
from portal.rules.errors import Invalid
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import State
from portal.rules.workflow import Actor
from portal.web.files import send_bytes
from portal.web.forms import PortalForm
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.paging import take_page
from portal.web.province import blueprint
from portal.web.province.routes import ENTRIES

AT_ONCE = 100  # rows of one page: each is looked at for what stands against it
NOTHING_LEFT = "这一批的文件已经处理完毕。"


class IssueForm(PortalForm):
    """The ticked people, or everybody who passed."""

    case = SelectMultipleField("人员", widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False,
                               coerce=int)  # fmt: skip


@blueprint.get("/issuing")
def issuing_plans():
    """The plans with people who passed, and how many have their credential."""
    plans = list(Plan.visible_to(actor()).where(Plan.state != PlanState.DRAFT).order_by(Plan.id.desc()))
    counts = _count_states([plan.id for plan in plans])
    rows = [(plan, *counts[plan.id]) for plan in plans if plan.id in counts]
    return show("province/issuing.html", rows=rows, title=_title(actor().province), mine=_may_issue())


@blueprint.route("/issuing/<int:id>", methods=["GET", "POST"])
def issue_list(id: int):
    """Who passed and waits for a credential (R5.14): the ready ones to be ticked, the others with what is missing."""
    plan = _plan(id)
    form = IssueForm()
    if request.method == "GET":
        return _show_list(plan, form)
    issuing.check_issuer(plan.province, actor())
    try:
        if not form.validate():
            raise Invalid("registrations", "请刷新后重新选择。")
        if request.form.get("what") == "all":
            chosen = list(issuing.waiting(plan).limit(issuing.MOST_AT_ONCE))
        else:
            ids = (form.case.data or [])[: issuing.MOST_AT_ONCE + 1]
            chosen = [Registration(case=case) for case in ids]
        batch = issuing.issue_credentials(plan, chosen, actor=actor())
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_list(plan, form, 422)
    if batch.job is None:
        return go(url_for(".issue_list", id=id), ("warn", _why_none(batch.skipped)))
    said = f"已制作{len(batch.credentials)}张，编号{batch.credentials[0].number}至{batch.credentials[-1].number}。"
    said += f"跳过{len(batch.skipped)}人，原因见下。" if batch.skipped else ""
    return go(url_for(".issue_batch", id=id, number=batch.job.id), said)


@blueprint.get("/issuing/<int:id>/batches/<int:number>")
def issue_batch(id: int, number: int):
    """One batch: how far its documents are, what was held back and why, and what can be printed."""
    plan, job = _batch(id, number)
    listed = take_page(_credentials(job), Credential.id, size=AT_ONCE)
    total = len(job.data["credentials"])
    drawn = _credentials(job).where(Credential.file.is_null(False)).count()
    return show(
        "province/issue_batch.html", pieces=("province/_issue-batch.html",), plan=plan, job=job, listed=listed,
        total=total, drawn=drawn, held=job.result.get("held", []), skipped=job.data.get("skipped", []),
        parts=list(papers.split_parts(total)) if _is_card(plan) else [], mine=_may_issue(),
        open=job.state in jobs.OPEN, own=job.user_id == actor().user,
    )  # fmt: skip


@blueprint.post("/issuing/<int:id>/batches/<int:number>/<any(cancel, resume):verb>")
def change_batch(id: int, number: int, verb: str):
    """Stop drawing, or go on with what is not drawn yet; the numbers stay given out either way."""
    plan, job = _batch(id, number)
    issuing.check_issuer(plan.province, actor())
    if verb == "cancel":
        stopped = jobs.cancel_job(job, actor=actor())
        said = "已停止生成文件；已发的证书（证卡）和编号不变，可随时继续生成。" if stopped else NOTHING_LEFT
        return go(url_for(".issue_batch", id=id, number=number), ("info", said))
    if job.state in jobs.OPEN:
        return go(url_for(".issue_batch", id=id, number=number), ("info", "正在生成，请稍候。"))
    missing = [row.id for row in _credentials(job).where(Credential.file.is_null())]
    if not missing:
        return go(url_for(".issue_batch", id=id, number=number), ("info", NOTHING_LEFT))
    again = issuing.start_rendering(plan, job.data["credentials"], [], actor=actor())
    return go(url_for(".issue_batch", id=id, number=again.id), f"继续生成{len(missing)}份文件。")


@blueprint.get("/issuing/<int:id>/batches/<int:number>/archive")
def batch_archive(id: int, number: int):
    """All documents of a batch as one ZIP."""
    plan, job = _batch(id, number)
    issuing.check_issuer(plan.province, actor())
    file = tempfile.TemporaryFile(dir=current_app.config["PORTAL"].incoming)  # noqa: SIM115 - closed by the answer
    papers.write_archive(_credentials(job).iterator(), file, actor=actor())
    file.seek(0)
    name = f"{plan.name}-证书（证卡）-{number}.zip"
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)


@blueprint.get("/issuing/<int:id>/batches/<int:number>/sheets/<int:part>")
def batch_sheets(id: int, number: int, part: int):
    """So many cards of a batch on A4 sheets with cut marks; parts are counted from 1."""
    plan, job = _batch(id, number)
    issuing.check_issuer(plan.province, actor())
    parts = list(papers.split_parts(len(job.data["credentials"])))
    if not _is_card(plan) or not 1 <= part <= len(parts):
        abort(404)
    first, last = parts[part - 1]
    cards = list(_credentials(job).offset(first - 1).limit(last - first + 1))
    return send_bytes(papers.print_sheets(cards, actor=actor()), f"{plan.name}-证卡排版-{first}至{last}.pdf")


@blueprint.get("/credentials/<int:id>/print")
def print_credential(id: int):
    """The document of one credential, as it was drawn first."""
    credential = get_or_404(Credential.visible_to(actor()).where(Credential.id == id))
    content, name = papers.print_credential(credential, actor=actor())
    return send_bytes(content, name)


def nav_items(person: Actor) -> list[NavItem]:
    """发证, for the seat that issues the province's credentials."""
    if not issuing.may_issue(person.province, person):
        return []
    return [NavItem("发证", url_for("province.issuing_plans"), active=request.path.startswith("/province/issuing"))]


ENTRIES.append(nav_items)


def _show_list(plan: Plan, form: IssueForm, status: int = 200):
    query = (
        Registration.select(Registration, Case, Person, Organisation, Occupation)
        .join(Case, on=(Registration.case == Case.id))
        .switch(Registration)
        .join(Person, on=(Registration.person == Person.id))
        .switch(Registration)
        .join(Organisation, on=(Registration.organisation == Organisation.id))
        .switch(Registration)
        .left_outer_join(Occupation, on=(Registration.occupation == Occupation.id))
        .where(Registration.plan == plan.id, Case.state == State.PASSED)
    )
    listed = take_page(query, Registration.organisation, Registration.case, size=AT_ONCE)
    ready, skipped = issuing.issuable(plan, listed.rows, actor=actor())
    counts = _count_states([plan.id]).get(plan.id, (0, 0))
    batches = _batches(plan)
    return show(
        "province/issue_list.html", status=status, plan=plan, form=form, listed=listed, ready=ready, skipped=skipped,
        waiting=counts[0], issued=counts[1], batches=batches, mine=_may_issue(), most=issuing.MOST_AT_ONCE,
        left=issuing.numbers_left(plan.province, plan.grade), title=_title(plan.province, plan.grade),
        cancelled=plan.state == PlanState.CANCELLED, card=_is_card(plan),
    )  # fmt: skip


def _plan(id: int) -> Plan:
    return get_or_404(Plan.visible_to(actor()).where(Plan.id == id, Plan.state != PlanState.DRAFT))


def _batch(id: int, number: int) -> tuple[Plan, Job]:
    plan = _plan(id)
    job = get_or_404(Job.select().where(Job.id == number, Job.kind == issuing.RENDER_JOB))
    if job.data.get("plan") != plan.id:
        abort(404)
    return plan, job


def _batches(plan: Plan) -> list[Job]:
    """The newest batches of a plan."""
    rows = Job.select().where(Job.kind == issuing.RENDER_JOB, fn.json_extract(Job.data, "$.plan") == plan.id)
    return list(rows.order_by(Job.id.desc()).limit(20))


def _credentials(job: Job):
    """The batch's credentials in the order of their numbers; they were made one after the other."""
    ids = job.data["credentials"]
    return Credential.select().where(Credential.id.in_(ids)).order_by(Credential.id)


def _count_states(plans: list[int]) -> dict[int, tuple[int, int]]:
    """By plan: how many passed and wait, and how many have their credential; plans without either are left out."""
    found: dict[int, list[int]] = {}
    rows = (
        Case.select(Case.plan, Case.state, fn.COUNT(Case.id))
        .where(Case.plan.in_(plans), Case.kind == "registration", Case.state.in_([State.PASSED, State.CERTIFIED]))
        .group_by(Case.plan, Case.state)
    )
    for plan, state, number in rows.tuples():
        found.setdefault(plan, [0, 0])[state == State.CERTIFIED] = number
    return {plan: (waiting, issued) for plan, (waiting, issued) in found.items()}


def _title(province: str, grade: str = "examiner") -> str:
    profile = profile_of(province)
    return profile.credential.title.format(grade=profile.grade(grade).name)


def _is_card(plan: Plan) -> bool:
    return profile_of(plan.province).credential.kind == CARD


def _may_issue() -> bool:
    return issuing.may_issue(actor().province, actor())


def _why_none(skipped: list) -> str:
    reasons = dict.fromkeys(reason for _, reason in skipped)
    return "没有发放任何证书：" + " ".join(list(reasons)[:3]) if reasons else "没有可以发证的人员。"
