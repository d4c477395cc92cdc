"""Classes, their participants, one participant, and the papers: only what the reader's own people concern."""

from types import SimpleNamespace

from flask import abort, request, url_for

from portal.actions.excuses import CAN_EXCUSE
from portal.actions.participants import is_amendable
from portal.models import Attendance, Case, FileVersion, Plan, Registration
from portal.models.class_lists import (
    attendances_of,
    last_attempts,
    passed_in,
    results_by,
    sessions_of,
    visible_participants,
)
from portal.papers.sessions import (
    name_occupation,
    pass_list,
    print_exam_notice,
    print_result,
    print_session_notice,
    why_no_exam_notice,
    write_list,
)
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, IN_CLASS, State
from portal.rules.sessions import HAS_PASSED, LEFT_BEHIND
from portal.rules.workflow import Seat
from portal.web.files import send, send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404, show
from portal.web.paging import take_page
from portal.web.results.words import describe_attendance, describe_excuses, describe_results

GROUPS = {
    "": ("全部", None),
    "in_class": ("在训", IN_CLASS),
    "passed": ("合格", HAS_PASSED),
    "failed": ("不合格", frozenset({State.FAILED})),
    "left": ("未完成", LEFT_BEHIND),
}


def results():
    """The plans in which the reader has participants, the newest first, with their figures."""
    rows = []
    for plan in Plan.visible_to(actor()).where(Plan.state != PlanState.DRAFT).order_by(Plan.id.desc()):
        people = visible_participants(plan, actor())
        total = people.count()
        if total:
            counts = [
                (label, _count(people, states), url_for(".plan_results", id=plan.id, group=key))
                for key, (label, states) in GROUPS.items()
                if states
            ]
            rows.append(SimpleNamespace(plan=plan, total=total, counts=counts))
    return show("results/results.html", rows=rows)


def plan_results(id: int):
    """The participants of one class whom the reader may see, with what they have reached."""
    plan, group = _plan(id), request.args.get("group", "")
    group = group if group in GROUPS else ""
    people = visible_participants(plan, actor())
    chosen = people.where(Case.state.in_(list(GROUPS[group][1]))) if group else people
    listed = take_page(chosen, Registration.case)
    tabs = [
        (
            label, url_for(".plan_results", id=id, group=key or None), key == group,
            _count(people, states),
        )
        for key, (label, states) in GROUPS.items()
    ]  # fmt: skip
    standing, last = results_by(listed.rows), _sessions(listed.rows)
    lines = [
        SimpleNamespace(
            row=row, occupation=name_occupation(row.occupation), session=last.get(row.case_id),
            online=print_result(standing[row.case_id].get("online")),
            offline=print_result(standing[row.case_id].get("offline")),
        )
        for row in listed.rows
    ]  # fmt: skip
    return show(
        "results/plan_results.html", pieces=("results/_plan-results.html",), plan=plan, lines=lines, listed=listed,
        tabs=tabs, flow=FLOW, passed=passed_in(plan, actor()).count(), back=_back(plan),
    )  # fmt: skip


def passed_file(id: int, suffix: str):
    """The pass list as PDF or Excel (R5.21)."""
    plan = _plan(id)
    content, name, mime = write_list(pass_list(plan, actor()), suffix, subject=f"plan:{plan.id}", actor=actor())
    return send_bytes(content, name, mime)


def participant(id: int, case: int):
    """One participant: results, sessions with attendance, good reasons and what was decided on them."""
    registration = find_participant(id, case)
    may_file = actor().seat == Seat.UNIT and actor().organisation == registration.organisation_id
    attempt = last_attempts([registration]).get(case)
    return show(
        "results/participant.html", registration=registration, case=registration.case, plan=registration.plan,
        flow=FLOW, occupation=name_occupation(registration.occupation), results=describe_results(registration),
        attendances=[describe_attendance(row) for row in attendances_of(registration)],
        excuses=describe_excuses(registration, lambda excuse, file: url_for(
            ".excuse_file", id=id, case=case, excuse=excuse, file=file)),
        no_exam_notice=why_no_exam_notice(registration), has_sessions=bool(sessions_of(registration.plan)),
        running=attempt is not None and attempt.submitted_at is None,
        may_correct=is_amendable(registration, actor()), may_file=may_file and registration.case.state in CAN_EXCUSE,
    )  # fmt: skip


def participant_session_notice(id: int, case: int, attendance: int):
    """The separate notice of an offline session, for somebody assigned to it (R4.13)."""
    registration = find_participant(id, case)
    row = get_or_404(_open_attendances(registration).where(Attendance.id == attendance))
    return send_bytes(*print_session_notice(row, actor=actor()))


def participant_exam_notice(id: int, case: int):
    """The exam notice of one participant (R5.20)."""
    registration = find_participant(id, case)
    if why_no_exam_notice(registration):
        abort(404)
    return send_bytes(*print_exam_notice(registration, actor=actor(), site=request.host_url))


def excuse_file(id: int, case: int, excuse: int, file: int):
    """The evidence of a good reason."""
    registration = find_participant(id, case)
    version = FileVersion.select().where(
        FileVersion.id == file, FileVersion.owner == f"case:{registration.case_id}",
        FileVersion.slot == f"excuse:{excuse}",
    )  # fmt: skip
    return send(get_or_404(version))


def find_participant(plan: int, case: int) -> Registration:
    """A participant whom the reader may see, else 404."""
    return get_or_404(visible_participants(_plan(plan), actor()).where(Registration.case == case))


def _plan(id: int) -> Plan:
    """A published plan in which the reader has participants, or of the reader's own office or province; else 404."""
    plan = get_or_404(Plan.visible_to(actor()).where(Plan.id == id, Plan.state != PlanState.DRAFT))
    mine = plan.office_id == actor().office or actor().seat == Seat.DEPARTMENT  # whose plan page leads here
    if not mine and not visible_participants(plan, actor()).exists():
        abort(404)
    return plan


def _count(people, states) -> int:
    return people.where(Case.state.in_(list(states))).count() if states else people.count()


def _back(plan: Plan) -> tuple[str, str]:
    if request.blueprint == "province":
        return url_for("province.plan", id=plan.id), plan.name
    return url_for(".results"), "培训考核"


def _sessions(rows: list[Registration]) -> dict[int, Attendance]:
    found = Attendance.select().where(
        Attendance.registration.in_([row.case_id for row in rows]), Attendance.removed_at.is_null()
    )
    return {row.registration_id: row for row in found.order_by(Attendance.assigned_at, Attendance.id)}


def _open_attendances(registration: Registration):
    return Attendance.select().where(Attendance.registration == registration.case_id, Attendance.removed_at.is_null())


_ONE = "/results/<int:id>/people/<int:case>"
ROUTES = (
    ("/results", ["GET"], results),
    ("/results/<int:id>", ["GET"], plan_results),
    ("/results/<int:id>/passed.<any(pdf, xlsx):suffix>", ["GET"], passed_file),
    (_ONE, ["GET"], participant),
    (f"{_ONE}/sessions/<int:attendance>/notice", ["GET"], participant_session_notice),
    (f"{_ONE}/exam-notice", ["GET"], participant_exam_notice),
    (f"{_ONE}/excuses/<int:excuse>/files/<int:file>", ["GET"], excuse_file),
)
