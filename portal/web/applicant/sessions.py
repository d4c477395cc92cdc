"""线下培训与考核结果: the own sessions and notices, results, and the filing of a good reason."""

from flask import abort, request, url_for

from portal.actions.excuses import CAN_EXCUSE
from portal.models import Attendance, Registration
from portal.models.class_lists import attendances_of, sessions_of
from portal.papers.sessions import describe_exam_time, print_exam_notice, print_session_notice, why_no_exam_notice
from portal.rules.flows.registration import ADMITTED, FLOW
from portal.web.applicant import blueprint
from portal.web.applicant.filling import own_case
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404, show
from portal.web.results.excuses import answer_excuse_form
from portal.web.results.words import describe_attendance, describe_excuses, describe_results


@blueprint.get("/training/<int:id>/class", endpoint="class")
def own_class(id: int):
    """Where and when the offline training is, the exam notice, the results, and the good reasons filed (R5.18)."""
    registration = _admitted(id)
    return show(
        "applicant/class.html", case=registration.case, plan=registration.plan, flow=FLOW,
        results=describe_results(registration), attendances=[describe_attendance(row) for row in attendances_of(
            registration)], has_sessions=registration.plan.mode == "mixed" or bool(sessions_of(registration.plan)),
        exam_time=describe_exam_time(registration.plan), no_exam_notice=why_no_exam_notice(registration),
        excuses=describe_excuses(registration, lambda _, file: url_for("applicant.open_file", id=file)),
        may_excuse=registration.case.state in CAN_EXCUSE,
    )  # fmt: skip


@blueprint.get("/training/<int:id>/class/sessions/<int:attendance>/notice")
def session_notice(id: int, attendance: int):
    """The separate notice of an offline session (R4.13, R10.68)."""
    registration = _admitted(id)
    rows = Attendance.select().where(Attendance.registration == registration.case_id, Attendance.removed_at.is_null())
    return send_bytes(*print_session_notice(get_or_404(rows.where(Attendance.id == attendance)), actor=actor()))


@blueprint.get("/training/<int:id>/class/exam-notice")
def exam_notice(id: int):
    """The exam notice (R5.20, R10.69)."""
    registration = _admitted(id)
    if why_no_exam_notice(registration):
        abort(404)
    return send_bytes(*print_exam_notice(registration, actor=actor(), site=request.host_url))


@blueprint.route("/training/<int:id>/class/excuse", methods=["GET", "POST"])
def own_excuse(id: int):
    """File a good reason for what one could not attend (R4.17)."""
    return answer_excuse_form(_admitted(id), url_for("applicant.class", id=id))


def _admitted(id: int) -> Registration:
    case = own_case(id)
    if case.state not in ADMITTED:
        abort(404)
    return Registration.get_by_id(case.id)
