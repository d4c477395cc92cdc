"""The centre's page for correcting an online result that an outside platform reported."""

from flask import request, url_for
from wtforms import RadioField, StringField

from portal.actions.participants import amend_imported, is_amendable
from portal.models import Registration
from portal.models.class_lists import participants_of, results_by
from portal.papers.sessions import name_occupation, print_result
from portal.rules.errors import Invalid
from portal.rules.flows.registration import FLOW
from portal.web.forms import PortalForm, WordsField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.province import blueprint
from portal.web.province.sessions import own_plan

SCORE, PASSED, FAILED, NONE = "score", "passed", "failed", "none"
OUTCOMES = {PASSED: True, FAILED: False}


class CorrectionForm(PortalForm):
    """What the result should have been, and why it is changed."""

    outcome = RadioField(
        "更正为",
        choices=[
            (SCORE, "按下面的成绩"), (PASSED, "合格（没有成绩）"), (FAILED, "不合格（没有成绩）"),
            (NONE, "撤下，没有结果"),
        ],
    )  # fmt: skip
    score = StringField("成绩")
    note = WordsField("更正理由", [filled("请填写更正理由，会记入档案并告知本人。"), at_most(300)])


@blueprint.route("/plans/<int:id>/participants/<int:case>/online-result", methods=["GET", "POST"])
def correct_online(id: int, case: int):
    """Correct an online result that was imported; the portal's own exam stays as it was marked (R5.09)."""
    registration = get_or_404(participants_of(own_plan(id)).where(Registration.case == case))
    form = CorrectionForm(formdata=request.form if request.method == "POST" else None)
    seen = request.form.get("seen", registration.case.version, type=int)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                _amend(registration, form, seen)
                return go(url_for(".participant", id=id, case=case), "考核结果已更正，已通知本人。")
            except Invalid as refusal:
                form.refuse(refusal)
    result = results_by([registration])[case].get("online")
    return show(
        "province/correct_online.html", status=status, form=form, registration=registration, case=registration.case,
        plan=registration.plan, occupation=name_occupation(registration.occupation), seen=seen, flow=FLOW,
        standing=print_result(result), at=result.at if result else None,
        is_open=is_amendable(registration, actor()),
    )  # fmt: skip


def _amend(registration: Registration, form: CorrectionForm, seen: int) -> None:
    outcome, score = form.outcome.data, (form.score.data or "").strip()
    if outcome == SCORE and not score:
        raise Invalid("score", "请填写更正后的成绩。")
    if outcome == SCORE and registration.plan.pass_mark is None:
        raise Invalid("score", "本计划没有设置合格分数线，请直接选择合格或不合格。")
    amend_imported(
        registration, actor=actor(), reason=form.note.data, seen=seen, score=score if outcome == SCORE else None,
        passed=OUTCOMES.get(outcome),
    )  # fmt: skip
