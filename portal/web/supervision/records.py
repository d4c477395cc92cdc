"""The pages of supervision records: the list with its filters and Excel, one record, writing, correcting, closing."""

from flask import abort, request, url_for

from portal import clock
from portal.actions import supervisions as verbs
from portal.actions.events import log_document
from portal.documents.sheets import SheetLayout, write_sheet
from portal.models import Event, Organisation, OrganisationCase, Supervision
from portal.models.supervisions import campaigns_of, supervised_by, supervisions_for, violations_for
from portal.rules.errors import Invalid, Stale
from portal.rules.supervision import PROSECUTORS, SUPERVISORS
from portal.web.desk.queue import XLSX
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page
from portal.web.supervision.forms import (
    CloseForm,
    SupervisionForm,
    named_organisation,
    names_for,
    query_of,
    read_filters,
)

EXPORT_MOST = 20_000
_HEAD = (
    "评价机构", "检查日期", "检查部门", "检查人员", "检查事项", "检查情况", "整改要求", "答复期限", "专项活动", "状态",
    "办结时间", "办结说明",
)  # fmt: skip


def supervisions():
    """GET /supervision: the records the reader may see, newest first, with filters (R7.22)."""
    filters, reader = read_filters(), actor()
    rows = supervisions_for(reader, filters)
    page = take_page(rows, Supervision.id, newest_first=True)
    return show(
        "supervision/records.html", pieces=("supervision/_records.html",), listed=page, filters=filters,
        total=rows.count(), campaigns=campaigns_of(reader.province), may_write=_may_write(),
        reset=url_for(".supervisions"), export=url_for(".supervisions_xlsx", **query_of(filters)),
        today=clock.today(), tabs=tabs_of("supervisions"),
    )  # fmt: skip


def supervisions_xlsx():
    """GET /supervision/export: the filtered records as XLSX; logged (R12.11)."""
    reader = actor()
    rows = supervisions_for(reader, read_filters()).order_by(Supervision.id.desc()).limit(EXPORT_MOST)
    lines = [
        (
            row.organisation.name, row.held_on, row.office.name, row.inspectors, row.subject, row.findings, row.demands,
            row.answer_by, row.campaign, "已办结" if row.closed_at else "未办结", row.closed_at, row.closing_note,
        )
        for row in rows
    ]  # fmt: skip
    return send_list(_HEAD, lines, "监督检查记录", reader)


def supervision(id: int):
    """GET /supervision/3: one record, its history, and what the own office may do with it."""
    return _show(_own(id))


def new_supervision():
    """GET and POST /supervision/new?organisation=5: a record about an organisation of the own territory (R7.16)."""
    reader = actor()
    if not _may_write():
        abort(403)
    if request.method == "GET":
        given = request.args.get("organisation", 0, type=int)
        name = get_or_404(supervised_by(reader).where(Organisation.id == given)).name if given else ""
        return _show_form(SupervisionForm(formdata=None, data={"organisation": name, "held_on": clock.today()}))
    form = SupervisionForm()
    if not form.validate():
        return _show_form(form, 422)
    try:
        organisation = named_organisation(form.organisation.data, reader)
        row = verbs.record_supervision(organisation, actor=reader, values=form.values())
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(form, 422)
    return go(url_for(".supervision", id=row.id), "监督检查记录已保存。")


def edit_supervision(id: int):
    """GET and POST /supervision/3/edit: while it is open, by the office that wrote it."""
    row = _own(id)
    if not _is_open_here(row):
        raise Stale("这条监督检查记录不能修改：已办结，或不是本部门登记的。")
    if request.method == "GET":
        form = SupervisionForm(formdata=None, obj=row)
        form.organisation.data = row.organisation.name
        return _show_form(form, row=row)
    form = SupervisionForm()
    form.organisation.data = row.organisation.name  # a record stays with its organisation
    if not form.validate():
        return _show_form(form, 422, row=row)
    try:
        verbs.update_supervision(row, actor=actor(), values=form.values(), seen=seen())
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(form, 422, row=row)
    return go(url_for(".supervision", id=id), "监督检查记录已修改。")


def close_supervision(id: int):
    """POST /supervision/3/close: with a note."""
    row = _own(id)
    form = CloseForm()
    if not form.validate():
        return _show(row, form, 422)
    try:
        verbs.close_supervision(row, actor=actor(), note=form.note.data, seen=seen())
    except Invalid as refusal:
        form.refuse(refusal)
        return _show(row, form, 422)
    return go(url_for(".supervision", id=id), "监督检查已办结。")


def tabs_of(chosen: str) -> list[tuple]:
    """The two lists of the room."""
    return [
        ("监督检查记录", url_for(".supervisions"), chosen == "supervisions"),
        ("违规案件", url_for(".violations"), chosen == "violations"),
    ]


def send_list(head, lines, title: str, reader):
    """A list as XLSX under its title, with who exported it and when."""
    stamp = f"导出时间：{clock.now():%Y-%m-%d %H:%M}　导出人：{reader.name}"
    content = write_sheet(head, lines, SheetLayout(title=f"{reader.office_name}{title}", lines=(stamp,)))
    log_document("supervision_export", f"office:{reader.office}", content, actor=reader)
    return send_bytes(content, f"{title}{clock.today():%Y%m%d}.xlsx", XLSX)


def events_about(subject: str) -> list[Event]:
    """What happened to a row, newest first."""
    return list(Event.select().where(Event.subject == subject).order_by(Event.id.desc()).limit(50))


def seen() -> int:
    """The version the page showed; raises Stale for none."""
    text = request.form.get("seen", "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Stale("页面已过期，请刷新后再办理。")
    return int(text)


def _may_write() -> bool:
    return actor().seat in SUPERVISORS


def _own(id: int) -> Supervision:
    return get_or_404(supervisions_for(actor()).where(Supervision.id == id))


def _is_open_here(row: Supervision) -> bool:
    return _may_write() and row.closed_at is None and row.office_id == actor().office


def _show(row: Supervision, form: CloseForm | None = None, status: int = 200):
    open_here = _is_open_here(row)
    return show(
        "supervision/record.html", status=status, row=row, form=form or CloseForm(formdata=None), open_here=open_here,
        may_open_case=actor().seat in PROSECUTORS, events=events_about(f"supervision:{row.id}"),
        cases=list(violations_for(actor()).where(OrganisationCase.supervision == row.id)), fields=verbs.FIELDS,
        today=clock.today(),
    )  # fmt: skip


def _show_form(form: SupervisionForm, status: int = 200, *, row: Supervision | None = None):
    reader = actor()
    return show(
        "supervision/record_form.html", status=status, form=form, row=row, names=[] if row else names_for(reader),
        campaigns=campaigns_of(reader.province),
    )  # fmt: skip


READING = (
    ("", ("GET",), supervisions),
    ("/export", ("GET",), supervisions_xlsx),
    ("/<int:id>", ("GET",), supervision),
)
WRITING = (
    ("/new", ("GET", "POST"), new_supervision),
    ("/<int:id>/edit", ("GET", "POST"), edit_supervision),
    ("/<int:id>/close", ("POST",), close_supervision),
)
