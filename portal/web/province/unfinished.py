"""The centre's pages for whoever was left behind: the list of a plan, one decision with its preview, good reasons."""

from types import SimpleNamespace

from flask import request, url_for
from wtforms import RadioField

from portal.actions import unfinished as verbs
from portal.actions.excuses import decide_excuse, evidence_of
from portal.models import Case, Excuse, Plan, Registration
from portal.models.class_lists import attendances_of, participants_of
from portal.papers.sessions import name_occupation
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, State
from portal.rules.sessions import LEFT_BEHIND
from portal.web.forms import PortalForm, WordsField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.province import blueprint
from portal.web.province.sessions import own_plan
from portal.web.results.words import describe_attendance, describe_excuse, describe_excuses, describe_results

EXCUSED, UNEXCUSED, ANNUL = "excused", "unexcused", "annul"


class DecideForm(PortalForm):
    """The decision on one absence."""

    decision = RadioField(
        "认定", choices=[(EXCUSED, "有正当理由，不计入无故缺勤"), (UNEXCUSED, "无正当理由，计入无故缺勤（中途放弃）")]
    )
    note = WordsField("理由", [filled("请填写理由，会记入档案并告知本人。"), at_most(500)])


class AnnulForm(PortalForm):
    """The reason why a decision is taken back."""

    note = WordsField("撤销理由", [filled("请填写撤销的理由，会记入档案并告知本人。"), at_most(500)])


class ExcuseDecisionForm(PortalForm):
    """The decision on one good reason."""

    accepted = RadioField("认定", choices=[("1", "认可"), ("0", "不予认可")])
    note = WordsField("认定意见", [filled("请填写认定意见，本人会看到。"), at_most(500)])


@blueprint.get("/plans/<int:id>/unfinished")
def unfinished(id: int):
    """Everybody left behind: what is missing, the good reason filed beside it, and the decision (R4.16)."""
    plan = own_plan(id)
    people = participants_of(plan).where(Case.state.in_(list(LEFT_BEHIND)))
    rows = list(people.order_by(Case.state != str(State.UNFINISHED), Case.title, Registration.case))
    excuses: dict[int, Excuse] = {}
    for excuse in Excuse.select().where(Excuse.registration.in_([row.case_id for row in rows])).order_by(Excuse.id):
        excuses[excuse.registration_id] = excuse
    lines = [
        SimpleNamespace(
            row=row, gap=verbs.gap_of(row), occupation=name_occupation(row.occupation),
            excuse=describe_excuse(excuses[row.case_id], []) if row.case_id in excuses else None,
        )
        for row in rows
    ]  # fmt: skip
    return show(
        "province/unfinished.html", plan=plan, lines=lines, flow=FLOW, finished=plan.state == PlanState.FINISHED,
        open=sum(line.row.case.state == State.UNFINISHED for line in lines), waiting=_waiting(plan).count(),
    )  # fmt: skip


@blueprint.route("/plans/<int:id>/unfinished/<int:case>", methods=["GET", "POST"])
def decide_unfinished(id: int, case: int):
    """One absence: what is missing, what would follow, and the decision; or its taking back."""
    registration = get_or_404(
        participants_of(own_plan(id)).where(Registration.case == case, Case.state.in_(list(LEFT_BEHIND)))
    )
    is_open = registration.case.state == State.UNFINISHED
    posted = request.form if request.method == "POST" else None
    form = DecideForm(formdata=posted) if is_open else AnnulForm(formdata=posted)
    seen = request.form.get("seen", registration.case.version, type=int)
    if posted is None or not form.validate():
        return _show(registration, form, seen, 200 if posted is None else 422)
    try:
        if isinstance(form, AnnulForm):
            verbs.annul_decision(registration.case, actor=actor(), reason=form.note.data, seen=seen)
            said = "认定已撤销，请重新认定。"
        elif form.decision.data == EXCUSED:
            verbs.excuse_participant(registration.case, actor=actor(), reason=form.note.data, seen=seen)
            said = f"{registration.case.title}：已认定有正当理由。"
        else:
            verbs.strike_participant(registration.case, actor=actor(), reason=form.note.data, seen=seen)
            said = f"{registration.case.title}：已认定无正当理由，已计入无故缺勤。"
    except Invalid as refusal:
        form.refuse(refusal)
        return _show(registration, form, seen, 422)
    back = url_for(".decide_unfinished", id=id, case=case) if isinstance(form, AnnulForm) else url_for(
        ".unfinished", id=id)  # fmt: skip
    return go(back, said)


@blueprint.get("/plans/<int:id>/excuses", endpoint="excuses")
def list_excuses(id: int):
    """The good reasons filed in a plan, those that wait first."""
    plan = own_plan(id)
    rows = list(_excuses(plan).order_by(Excuse.accepted.is_null(False), Excuse.id.desc()).limit(500))
    return show("province/excuses.html", plan=plan, rows=[(row, describe_excuse(row, [])) for row in rows], flow=FLOW)


@blueprint.route("/plans/<int:id>/excuses/<int:excuse>", methods=["GET", "POST"])
def decide_on_excuse(id: int, excuse: int):
    """One good reason with its evidence, and the decision on it (R4.17)."""
    row = get_or_404(_excuses(own_plan(id)).where(Excuse.id == excuse))
    form = ExcuseDecisionForm(formdata=request.form if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                decide_excuse(
                    row, actor=actor(), accepted=form.accepted.data == "1", note=form.note.data,
                    seen={"1": True, "0": False}.get(request.form.get("seen", "")),
                )  # fmt: skip
                return go(url_for(".excuses", id=id), "已认定，已通知本人。")
            except Invalid as refusal:
                form.refuse(refusal)
    registration = row.registration
    files = [
        (file.name, url_for(".excuse_file", id=id, case=row.registration.case_id, excuse=row.id, file=file.id))
        for file in evidence_of([row])[row.id]
    ]
    return show(
        "province/excuse.html", status=status, form=form, row=row, excuse=describe_excuse(row, files), flow=FLOW,
        registration=registration, case=registration.case, plan=registration.plan,
        attendances=[describe_attendance(each) for each in attendances_of(registration)],
        results=describe_results(registration), undecided=row.accepted is None, anew=_is_open_anew(row),
    )  # fmt: skip


def _is_open_anew(excuse: Excuse) -> bool:
    """Whether a reason that was decided can be decided again: the decision on the absence is open."""
    return excuse.accepted is not None and excuse.registration.case.state == State.UNFINISHED


def _excuses(plan: Plan):
    return (
        Excuse.select(Excuse, Registration, Case)
        .join(Registration, on=(Excuse.registration == Registration.case))
        .join(Case, on=(Registration.case == Case.id))
        .where(Registration.plan == plan.id)
    )


def _waiting(plan: Plan):
    return _excuses(plan).where(Excuse.accepted.is_null())


def _show(registration: Registration, form: PortalForm, seen: int, status: int):
    case, plan = registration.case, registration.plan
    is_open = case.state == State.UNFINISHED
    try:
        preview = verbs.preview_decision(case) if is_open else []
    except (NotAllowed, Stale) as refusal:
        preview = [refusal.message]
    return show(
        "province/unfinished_case.html", status=status, form=form, registration=registration, case=case, plan=plan,
        flow=FLOW, gap=verbs.gap_of(registration), occupation=name_occupation(registration.occupation), seen=seen,
        is_open=is_open, preview=preview, results=describe_results(registration),
        attendances=[describe_attendance(each) for each in attendances_of(registration)],
        excuses=describe_excuses(registration, lambda excuse, file: url_for(
            ".excuse_file", id=plan.id, case=case.id, excuse=excuse, file=file)),
    )  # fmt: skip
