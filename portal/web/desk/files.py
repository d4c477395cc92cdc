"""The files of a case, opened in place; only those that belong to it, only for those who may see it (R3.35)."""

from flask import abort

from portal.actions.registration_files import files_of_case
from portal.models import Case, Correction, Event, FileVersion
from portal.papers.correction import print_correction
from portal.papers.decision import print_decision
from portal.rules.flows.registration import FLOW
from portal.web.files import preview, send, send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404


def visible_case(id_: int) -> Case:
    """The case, or 404 for whoever may not see it."""
    return Case.find_visible(id_, actor()) or abort(404)


def scan(id_: int, file: int):
    """GET /cases/17/files/55: the file as it was uploaded, for download."""
    return send(_file_of(visible_case(id_), file), download=True)


def scan_page(id_: int, file: int, page: int):
    """GET /cases/17/files/55/pages/2?w=1200: one page as a picture."""
    version = _file_of(visible_case(id_), file)
    if page < 1:
        abort(404)
    try:
        return preview(version, page)
    except FileNotFoundError:
        abort(404)


def correction_notice(id_: int, number: int):
    """GET /cases/17/corrections/3: the 一次性补正告知书 as PDF."""
    case = visible_case(id_)
    correction = get_or_404(Correction.select().where(Correction.case == case.id, Correction.id == number))
    content, name = print_correction(correction, actor=actor())
    return send_bytes(content, name)


def decision_notice(id_: int):
    """GET /cases/17/decision-notice: the 审核结果通知书 as PDF, once there is a final decision (R10.70)."""
    case = visible_case(id_)
    printed = print_decision(case, actor=actor()) if case.kind == FLOW.name else None
    if printed is None:
        abort(404)
    return send_bytes(*printed)


def _file_of(case: Case, file: int) -> FileVersion:
    if file not in files_of_case(case) and file not in _recorded(case):
        abort(404)
    return get_or_404(FileVersion.select().where(FileVersion.id == file))


def _recorded(case: Case) -> set[int]:
    """Scans of decisions that were recorded on behalf of another body (R12.08)."""
    events = Event.select(Event.data).where(Event.case == case.id, Event.on_behalf != "")
    return {event.data.get("on_behalf", {}).get("file") for event in events} - {None}


ROUTES = (
    ("/<int:id_>/files/<int:file>", ["GET"], scan),
    ("/<int:id_>/files/<int:file>/pages/<int:page>", ["GET"], scan_page),
    ("/<int:id_>/corrections/<int:number>", ["GET"], correction_notice),
    ("/<int:id_>/decision-notice", ["GET"], decision_notice),
)
