"""The pages of cases against organisations: the list with its filters and Excel, one case, opening and deciding it."""

from flask import abort, request, url_for

from portal.actions import organisation_cases as verbs
from portal.models import Organisation, OrganisationCase, Supervision
from portal.models.supervisions import supervised_by, supervisions_for, violations_for
from portal.rules.errors import Invalid
from portal.rules.supervision import GROUND_LABELS, OUTCOME_LABELS, OUTCOME_TONES, PROSECUTORS, Outcome, ground_words
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page
from portal.web.supervision.forms import (
    OutcomeForm,
    ViolationForm,
    named_organisation,
    names_for,
    query_of,
    read_filters,
)
from portal.web.supervision.records import EXPORT_MOST, events_about, seen, send_list, tabs_of

_HEAD = (
    "评价机构", "违规情形", "违规事实", "立案部门", "立案时间", "处理结果", "整改截止日期", "处理依据", "处理理由",
    "处理时间",
)  # fmt: skip
_WORDS = {"ground_words": ground_words, "outcome_labels": OUTCOME_LABELS, "outcome_tones": OUTCOME_TONES}


def violations():
    """GET /violations: the cases the reader may see, newest first, with filters."""
    filters = read_filters()
    rows = violations_for(actor(), filters)
    page = take_page(rows, OrganisationCase.id, newest_first=True)
    return show(
        "supervision/violations.html", pieces=("supervision/_violations.html",), listed=page, filters=filters,
        total=rows.count(), grounds=GROUND_LABELS, may_open=_may_open(), reset=url_for(".violations"),
        export=url_for(".violations_xlsx", **query_of(filters)), tabs=tabs_of("violations"), **_WORDS,
    )  # fmt: skip


def violations_xlsx():
    """GET /violations/export: the filtered cases as XLSX; logged (R12.11)."""
    reader = actor()
    rows = violations_for(reader, read_filters()).order_by(OrganisationCase.id.desc()).limit(EXPORT_MOST)
    lines = [
        (
            row.organisation.name, ground_words(row.ground, row.ground_text), row.facts, row.office.name, row.opened_at,
            OUTCOME_LABELS[Outcome(row.outcome)] if row.outcome else verbs.OPEN, row.rectify_by, row.basis,
            row.outcome_text, row.decided_at,
        )
        for row in rows
    ]  # fmt: skip
    return send_list(_HEAD, lines, "违规案件台账", reader)


def violation(id: int):
    """GET /violations/3: one case, and its decision by the office that opened it."""
    return _show(_own(id))


def new_violation():
    """GET and POST /violations/new?organisation=5 or ?supervision=3: open a case (R7.11)."""
    reader = actor()
    if not _may_open():
        abort(403)
    if request.method == "GET":
        given = request.args.get("organisation", 0, type=int)
        data = {"organisation": get_or_404(supervised_by(reader).where(Organisation.id == given)).name} if given else {}
        found = _supervision(request.args.get("supervision", ""))
        if found is not None:
            data = {"organisation": found.organisation.name, "facts": found.findings, "supervision": str(found.id)}
        return _show_form(ViolationForm(formdata=None, data=data))
    form = ViolationForm()
    if not form.validate():
        return _show_form(form, 422)
    try:
        row = verbs.open_case(
            named_organisation(form.organisation.data, reader), actor=reader, ground=form.ground.data,
            ground_text=form.ground_text.data or "", facts=form.facts.data,
            supervision=_supervision(form.supervision.data or ""),
        )  # fmt: skip
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(form, 422)
    return go(url_for(".violation", id=row.id), "已立案，评价机构会收到消息。")


def decide_violation(id: int):
    """POST /violations/3/decide: warning, rectification until a day, or not founded."""
    row = _own(id)
    form = OutcomeForm()
    if not form.validate():
        return _show(row, form, 422)
    try:
        verbs.decide_case(
            row, actor=actor(), outcome=form.outcome.data, basis=form.basis.data or "", reason=form.reason.data,
            rectify_by=form.rectify_by.data, seen=seen(),
        )  # fmt: skip
    except Invalid as refusal:
        form.refuse(refusal)
        return _show(row, form, 422)
    return go(url_for(".violation", id=id), "处理决定已作出，评价机构会收到消息。")


def _may_open() -> bool:
    return actor().seat in PROSECUTORS


def _own(id: int) -> OrganisationCase:
    return get_or_404(violations_for(actor()).where(OrganisationCase.id == id))


def _supervision(text: str) -> Supervision | None:
    """The record a case is opened from; one that the reader may not see is "not found"."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        abort(404)
    return get_or_404(supervisions_for(actor()).where(Supervision.id == int(text)))


def _show(row: OrganisationCase, form: OutcomeForm | None = None, status: int = 200):
    return show(
        "supervision/violation.html", status=status, row=row, form=form or OutcomeForm(formdata=None),
        may_decide=_may_open() and row.decided_at is None and row.office_id == actor().office,
        events=events_about(f"organisation_case:{row.id}"), **_WORDS,
    )  # fmt: skip


def _show_form(form: ViolationForm, status: int = 200):
    found = _supervision(form.supervision.data or "")
    return show(
        "supervision/violation_form.html", status=status, form=form, names=names_for(actor()), supervision=found
    )


READING = (
    ("", ("GET",), violations),
    ("/export", ("GET",), violations_xlsx),
    ("/<int:id>", ("GET",), violation),
)
WRITING = (
    ("/new", ("GET", "POST"), new_violation),
    ("/<int:id>/decide", ("POST",), decide_violation),
)
