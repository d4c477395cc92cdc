"""The province's pages of one bar: its facts, running registrations, lifting, its bulletin; and annulling a strike."""

from flask import request, url_for
from wtforms.validators import Optional

from portal.actions import bars as verbs
from portal.actions.bulletins import list_bars as choose_bars
from portal.actions.bulletins import write_bulletin
from portal.actions.strikes import annul_strike
from portal.models import Bar, Case, Event, Notice, Plan, Registration, Strike
from portal.models.sanction_records import is_in_force, running_registrations, standing_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.sanctions import GROUNDS
from portal.web.forms import DayField, PortalForm, WordsField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.province import blueprint
from portal.web.sanction_words import present_bar


class LiftForm(PortalForm):
    """Why a bar is lifted."""

    reason = WordsField("解除理由", [filled("请填写解除的理由。"), at_most(500)])


class LimitForm(PortalForm):
    """Until when a bar runs."""

    ends_on = DayField("截止日期", [Optional()])
    limit_reason = WordsField("理由", [filled("请填写理由。"), at_most(500)])


class PermitForm(PortalForm):
    """Why a running registration may go on."""

    reason = WordsField("准予继续的理由", [filled("请填写准予继续的理由。"), at_most(300)])


class AnnulForm(PortalForm):
    """Why the decision on an absence is taken back."""

    reason = WordsField("撤销理由", [filled("请填写撤销的理由。"), at_most(500)])


@blueprint.get("/sanctions/bars/<int:id>")
def bar(id: int):
    """One bar with everything that can be decided about it."""
    return _show(_bar(id))


@blueprint.post("/sanctions/bars/<int:id>/lift")
def lift_bar(id: int):
    """End a bar by decision (R7.05, R7.10)."""
    row, form = _bar(id), LiftForm()
    if form.validate():
        try:
            verbs.lift_bar(row, actor=actor(), reason=form.reason.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".bar", id=id), "已解除，已告知本人和单位。")
    return _show(row, 422, lift_form=form)


@blueprint.post("/sanctions/bars/<int:id>/limit")
def limit_bar(id: int):
    """Give a bar a last day, or take it away (R7.05)."""
    row, form = _bar(id), LimitForm()
    if form.validate():
        try:
            verbs.set_end_date(row, actor=actor(), ends_on=form.ends_on.data, reason=form.limit_reason.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".bar", id=id), "截止日期已保存，已告知本人和单位。")
    return _show(row, 422, limit_form=form)


@blueprint.post("/sanctions/bars/<int:id>/bulletin")
def bulletin_of_bar(id: int):
    """Draft the bulletin that a bar still has none of."""
    notice = write_bulletin(_bar(id), actor=actor())
    return go(url_for(".notice", id=notice.id), "通报草稿已建立，请核对后填写文号并发布。")


@blueprint.route("/sanctions/bars/<int:id>/registrations/<int:case>", methods=["GET", "POST"])
def permit_running(id: int, case: int):
    """Let one running registration go on in spite of the bar (R7.06)."""
    row, form = _bar(id), PermitForm()
    registration = next((each for each in running_registrations(row) if each.case_id == case), None)
    registration = registration or get_or_404(Registration.select().where(Registration.case.is_null()))
    if request.method == "POST" and form.validate():
        try:
            verbs.permit_running(row, registration, actor=actor(), reason=form.reason.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".bar", id=id), f"{registration.person.name}的报名准予继续办理。")
    return show(
        "province/permit_running.html", status=422 if request.method == "POST" else 200, form=form,
        view=present_bar(row), registration=registration, permitted=verbs.is_permitted(row, case),
    )  # fmt: skip


@blueprint.route("/sanctions/strikes/<int:id>/annul", methods=["GET", "POST"])
def annul(id: int):
    """Take back the decision on an absence; the page says what follows before it is sent."""
    query = Strike.select(Strike, Plan).join(Plan, on=(Strike.plan == Plan.id))
    strike = get_or_404(query.where(Strike.id == id, Plan.office == actor().office))
    if strike.annulled_at is not None:
        raise Stale(f"该认定已于{strike.annulled_at:%Y-%m-%d %H:%M}撤销。")
    form = AnnulForm()
    if request.method == "POST" and form.validate():
        try:
            annul_strike(Registration.get_by_id(strike.registration_id), actor=actor(), reason=form.reason.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".integrity_file", id=strike.person_id), "认定已撤销，次数已重新计算。")
    counting = standing_of(strike.person, strike.plan.province).counting
    return show(
        "province/annul_strike.html", status=422 if request.method == "POST" else 200, form=form, strike=strike,
        ground=GROUNDS[strike.ground], before=len(counting),
        after=len([each for each in counting if each.id != strike.id]),
    )  # fmt: skip


@blueprint.post("/notices/<int:id>/listed")
def list_bars(id: int):
    """Choose whom a draft of a bulletin lists (R7.08)."""
    notice = get_or_404(Notice.visible_to(actor()).where(Notice.id == id, Notice.office == actor().office))
    chosen = request.form.getlist("bars", type=int)
    try:
        choose_bars(notice, chosen, actor=actor(), seen=request.form.get("seen", 0, type=int))
    except Invalid as refusal:
        return go(url_for(".edit_notice", id=id), ("bad", refusal.message))
    return go(url_for(".edit_notice", id=id), "名单已保存，正文已按名单写成。")


def _bar(id: int) -> Bar:
    return get_or_404(Bar.select().where(Bar.id == id, Bar.province == actor().province))


def _show(row: Bar, status: int = 200, lift_form=None, limit_form=None):
    view, notice = present_bar(row), row.bulletin
    try:
        verbs.check_may_lift(row, actor())
        refused = ""
    except NotAllowed as refusal:
        refused = refusal.message
    permits = {permit["registration"]: permit for permit in row.permits}
    running = [
        (each, permits.get(each.case_id), Case.find_visible(each.case_id, actor()) is not None)
        for each in (running_registrations(row) if view.in_force else [])
    ]
    return show(
        "province/bar.html", status=status, view=view, refused=refused, running=running,
        notice=notice if notice and Notice.visible_to(actor()).where(Notice.id == notice.id).exists() else None,
        may_write=view.in_force and notice is None, related=[present_bar(each) for each in _related(row)],
        history=list(Event.select().where(Event.subject == f"bar:{row.id}").order_by(Event.id)),
        lift_form=lift_form or LiftForm(formdata=None),
        limit_form=limit_form or LimitForm(formdata=None, ends_on=row.ends_on),
    )  # fmt: skip


def _related(row: Bar) -> list[Bar]:
    """For a person's bar the unit's that followed, for a unit's the people's it follows from."""
    if row.organisation_id is not None:
        return list(Bar.select().where(Bar.id.in_(row.cause.get("bars", []))).order_by(Bar.id))
    units = Bar.select().where(Bar.organisation.is_null(False), Bar.province == row.province).order_by(Bar.id)
    return [each for each in units if row.id in each.cause.get("bars", ()) and (is_in_force(each) or each.ending)]
