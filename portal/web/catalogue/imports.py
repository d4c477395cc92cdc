"""Imports: upload, preview with errors beside the cells, confirm all rows or none, fetch the marked workbook."""

from flask import abort, request, url_for
from flask_wtf.file import FileField, FileRequired

from portal.actions import imports as verbs
from portal.models import ImportReport
from portal.papers.imports import KINDS, confirm_import, kind_of, make_template, preview_import, rows_of
from portal.rules.errors import Invalid, Stale
from portal.rules.workflow import Seat
from portal.web.files import send_bytes
from portal.web.forms import PortalForm
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_ROWS = 200


class ImportForm(PortalForm):
    """The table to import."""

    file = FileField("表格文件", [FileRequired("请选择要导入的表格。")])


def imports():
    """The kinds of table this seat may import, and what was imported."""
    mine = [kind for kind in KINDS.values() if actor().seat in {Seat.TECHNICIAN, *kind.seats}]
    if not mine:
        abort(403)
    listed = take_page(_visible(), ImportReport.id, newest_first=True)
    titles = {key: kind.title for key, kind in KINDS.items()}
    return show("catalogue/imports.html", kinds=mine, listed=listed, titles=titles)


def import_kind(kind: str):
    """Upload a table: it is looked at, and nothing is imported before the preview was confirmed."""
    wanted = _kind(kind)
    form = ImportForm()
    if request.method == "POST" and form.validate():
        upload = form.file.data
        try:
            report = preview_import(wanted, upload.read(), upload.filename or "", actor=actor())
            return go(url_for(".import_report", id=report.id))
        except Invalid as refusal:
            form.refuse(refusal)
    return show("catalogue/import_kind.html", status=422 if request.method == "POST" else 200, form=form, kind=wanted)


def import_template(kind: str):
    """The workbook to fill in."""
    wanted = _kind(kind)
    return send_bytes(make_template(wanted), f"{wanted.title}导入模板.xlsx", XLSX)


def import_report(id: int):
    """The preview of an upload, or what became of it."""
    report = get_or_404(_visible().where(ImportReport.id == id))
    rows = rows_of(report)
    faults: dict[int, dict[int, list[str]]] = {}
    for row, column, message in report.errors:
        faults.setdefault(row, {}).setdefault(column, []).append(message)
    wrong = sorted(faults)[:SHOWN_ROWS]
    head = next((row for row in rows[:5] if sum(bool(cell) for cell in row) > 1), rows[0] if rows else [])
    first = rows.index(head) + 1 if rows else 0
    shown = wrong or range(first + 1, min(len(rows), first + SHOWN_ROWS) + 1)
    return show(
        "catalogue/import_report.html", report=report, kind=KINDS[report.kind], head=head, faults=faults,
        rows=[(number, rows[number - 1]) for number in shown if 0 < number <= len(rows)],
        columns=max((len(head), *(len(rows[n - 1]) for n in shown if 0 < n <= len(rows))), default=0),
    )  # fmt: skip


def confirm_report(id: int):
    """Import a previewed table: all rows, once."""
    report = get_or_404(_visible().where(ImportReport.id == id))
    try:
        created, changed = confirm_import(report, actor=actor())
    except Stale as refusal:
        return go(url_for(".import_report", id=id), ("info", refusal.message))
    except Invalid as refusal:
        return go(url_for(".import_report", id=id), ("bad", refusal.message))
    return go(url_for(".import_report", id=id), f"导入完成：新增{created}条，更新{changed}条。")


def marked_workbook(id: int):
    """The uploaded rows with red cells and comments where they are wrong."""
    report = get_or_404(_visible().where(ImportReport.id == id, ImportReport.refused > 0))
    if report.workbook is None:
        abort(404)
    name = report.name.rsplit(".", 1)[0]
    return send_bytes(bytes(report.workbook), f"{name}（错误已标注）.xlsx", XLSX)


def _kind(key: str):
    try:
        kind = kind_of(key)
    except Invalid:
        abort(404)
    verbs.check_seat(kind, actor())
    return kind


def _visible():
    """Technical staff see every import, others their own."""
    mine = actor()
    query = ImportReport.select().where(ImportReport.kind.in_(list(KINDS)))
    return query if mine.seat == Seat.TECHNICIAN else query.where(ImportReport.user == mine.user)


ROUTES = (
    ("/imports", ["GET"], imports),
    ("/imports/<kind>", ["GET", "POST"], import_kind),
    ("/imports/<kind>/template", ["GET"], import_template),
    ("/imports/reports/<int:id>", ["GET"], import_report),
    ("/imports/reports/<int:id>/confirm", ["POST"], confirm_report),
    ("/imports/reports/<int:id>/workbook", ["GET"], marked_workbook),
)
