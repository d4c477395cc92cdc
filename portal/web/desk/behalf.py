"""Writing down the decision of a body without an account: date, document number and scan (R0.28, R12.08)."""

from dataclasses import replace

from flask import abort

from portal.actions.cases import Decision, OnBehalf, acts_for, check_decision, decide
from portal.actions.files import keep_file
from portal.database import transaction
from portal.rules.errors import Invalid
from portal.storage import ATTACHMENT
from portal.web.desk.deciding import _seen
from portal.web.desk.files import visible_case
from portal.web.desk.forms import BehalfForm
from portal.web.desk.queue import here
from portal.web.files import store
from portal.web.guards import actor
from portal.web.pages import go, show


def record(id_: int):
    """GET and POST /cases/17/record: only while the case waits at an office without an account."""
    desk, person, case = here(), actor(), visible_case(id_)
    form = BehalfForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                return _record(desk, person, case, form)
            except Invalid as refusal:
                form.refuse(refusal)
    step = acts_for(case, person)
    if step is None:
        abort(404)
    return show(
        "desk/record.html", pieces=("desk/_record.html",), status=status, desk=desk, case=case, step=step, form=form
    )


def _record(desk, person, case, form):
    decision = Decision(
        form.what.data, note=form.note.data or "", on_behalf=OnBehalf(form.decided_on.data, form.document_number.data)
    )
    # Refuse before the file is kept: a scan without a decision would be litter.
    seen = _seen()
    check_decision(case, decision, actor=person, seen=seen)
    if not form.scan.data or not form.scan.data.filename:
        raise Invalid("scan", "请上传该单位决定文件的扫描件。")
    kept = store().keep(form.scan.data.stream, form.scan.data.filename, ATTACHMENT, field="scan")
    with transaction():
        version = keep_file(owner=f"case:{case.id}", slot="decision", kept=kept, actor=person)
        decision = replace(decision, on_behalf=replace(decision.on_behalf, file=version.id))
        event = decide(case, decision, actor=person, seen=seen)
    return go(f"{desk.base}/{case.id}{desk.suffix}", f"已代录：{event.on_behalf}，{event.label}。")


ROUTES = (("/<int:id_>/record", ["GET", "POST"], record),)
