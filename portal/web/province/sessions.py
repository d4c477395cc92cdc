"""The centre's pages for offline training: sessions, assignment, the list to print, attendance and results."""

from types import SimpleNamespace

from flask import request, url_for

from portal import clock
from portal.actions import attendance as taking
from portal.actions import sessions as verbs
from portal.models import Attendance, Case, Plan, Region, Registration, Session
from portal.models.class_lists import candidates_for, participants_of, results_by, seats_taken, sessions_of, sitting
from portal.papers.sessions import name_occupation, print_result, print_session_notice, session_list, write_list
from portal.rules.errors import Invalid
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, State
from portal.rules.sessions import STILL_NEEDED, VALUE_LABELS, VALUE_TONES, Value
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.province import blueprint
from portal.web.province.session_forms import MarksForm, RollForm, SessionForm

PASSES = {"": None, "1": True, "0": False}


@blueprint.get("/plans/<int:id>/sessions")
def sessions(id: int):
    """The sessions of a plan, how full each is, and who is not in any yet."""
    plan = own_plan(id)
    rows = [
        SimpleNamespace(
            session=session, taken=seats_taken(session), is_over=session.ends_at <= clock.now(),
            when=verbs.describe_time(session.starts_at, session.ends_at),
        )
        for session in sessions_of(plan)
    ]  # fmt: skip
    counts = {state: participants_of(plan).where(Case.state == state).count() for state in (
        State.APPROVED, State.STUDY_DONE, State.ASSESSED_PART)}  # fmt: skip
    return show(
        "province/sessions.html", plan=plan, rows=rows, counts=counts, labels=FLOW.labels,
        may_add=plan.state == PlanState.PUBLISHED and plan.mode == "mixed",
    )  # fmt: skip


@blueprint.route("/plans/<int:id>/sessions/new", methods=["GET", "POST"])
def new_session(id: int):
    """Add a session, also later in the life of a plan (R2.15)."""
    plan = own_plan(id)
    if request.method == "GET":
        form = SessionForm(plan)
        form.name.data = f"第{'一二三四五六七八九十'[min(len(sessions_of(plan)), 9)]}期"
        return show("province/session_form.html", form=form, plan=plan, session=None)
    form = SessionForm(plan, request.form)
    if form.validate():
        try:
            session = verbs.add_session(plan, actor=actor(), values=form.values())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".session", id=session.id), "已增加，请安排参训人员；安排后本人会收到通知。")
    return show("province/session_form.html", status=422, form=form, plan=plan, session=None)


@blueprint.get("/sessions/<int:id>", endpoint="session")
def one_session(id: int):
    """A session: who sits in it, and who can be assigned."""
    return _show_session(_session(id))


@blueprint.route("/sessions/<int:id>/edit", methods=["GET", "POST"])
def edit_session(id: int):
    """Change a session; the assigned people are told."""
    session = _session(id)
    if request.method == "GET":
        return show(
            "province/session_form.html", form=SessionForm(session.plan, obj=session), plan=session.plan,
            session=session, seen=session.version,
        )  # fmt: skip
    form = SessionForm(session.plan, request.form, obj=session)
    seen = request.form.get("seen", 0, type=int)
    if form.validate():
        try:
            verbs.edit_session(session, actor=actor(), values=form.values(), seen=seen)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".session", id=id), "已保存；时间、地点或说明有变化的，已通知本期人员。")
    return show("province/session_form.html", status=422, form=form, plan=session.plan, session=session, seen=seen)


@blueprint.post("/sessions/<int:id>/cancel")
def cancel_session(id: int):
    """Cancel a session; the assigned people are told."""
    session = _session(id)
    try:
        verbs.cancel_session(
            session, actor=actor(), reason=request.form.get("reason", "")[:300],
            seen=request.form.get("seen", 0, type=int),
        )  # fmt: skip
    except Invalid as refusal:
        return go(url_for(".session", id=id), ("bad", refusal.message))
    return go(url_for(".sessions", id=session.plan_id), f"“{session.name}”已取消，已通知本期人员。")


@blueprint.post("/sessions/<int:id>/assign")
def assign(id: int):
    """Assign the ticked participants, one or many."""
    session = _session(id)
    wanted = [int(text) for text in request.form.getlist("case") if text.isascii() and text.isdigit()]
    chosen = list(participants_of(session.plan).where(Registration.case.in_(wanted[:2000])))
    if not chosen:
        return go(url_for(".session", id=id), ("warn", "请先勾选要安排的人员。"))
    done = verbs.assign_participants(session, chosen, actor=actor())
    if not done.skipped:
        return go(url_for(".session", id=id), f"已安排{done.done}人，已分别发送线下培训通知。")
    said = f"已安排{done.done}人，{len(done.skipped)}人未安排。"
    message = {"tone": "warn", "text": said, "details": [reason for _, reason in done.skipped]}
    return _show_session(session, message=message)


@blueprint.post("/sessions/<int:id>/people/<int:attendance>/remove")
def remove_from_session(id: int, attendance: int):
    """Take somebody out of a session again."""
    session = _session(id)
    verbs.remove_participant(_sitting(session, attendance), actor=actor())
    return go(url_for(".session", id=id), "已移出，已通知本人。")


@blueprint.get("/sessions/<int:id>/people/<int:attendance>/notice")
def assigned_notice(id: int, attendance: int):
    """The separate notice of one assigned participant, to be handed out on paper."""
    return send_bytes(*print_session_notice(_sitting(_session(id), attendance), actor=actor()))


@blueprint.get("/sessions/<int:id>/list.<any(pdf, xlsx):suffix>")
def session_file(id: int, suffix: str):
    """The session list as PDF or Excel (R4.11)."""
    session = _session(id)
    content, name, mime = write_list(
        session_list(session), suffix, subject=f"plan:{session.plan_id}", actor=actor()
    )
    return send_bytes(content, name, mime)


@blueprint.route("/sessions/<int:id>/roll", methods=["GET", "POST"])
def roll(id: int):
    """Attendance as one list: a choice per row, saved together; keys work, scripts are not needed (R4.15)."""
    session = _session(id)
    form = RollForm(request.form if request.method == "POST" else None)
    rows = list(sitting(session))
    typed = {row.id: request.form.get(f"value-{row.id}", "") for row in rows}
    notes = {row.id: request.form.get(f"note-{row.id}", "")[:300] for row in rows}
    if request.method == "POST" and form.validate():
        try:
            number = taking.record_attendance(
                session, {id_: value for id_, value in typed.items() if value}, actor=actor(), notes=notes,
                reason=form.reason.data or "",
            )  # fmt: skip
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go(url_for(".roll", id=id), f"已保存，{number}人的到场情况有更新。")
    status = 422 if request.method == "POST" else 200
    if status == 200:
        typed = {row.id: row.value or "" for row in rows}
        notes = {row.id: row.note for row in rows}
    return show(
        "province/roll.html", status=status, form=form, session=session, plan=session.plan, rows=rows, typed=typed,
        notes=notes, values=[(str(value), VALUE_LABELS[value]) for value in Value], occupation=name_occupation,
        has_marked=any(row.value for row in rows), when=verbs.describe_time(session.starts_at, session.ends_at),
    )  # fmt: skip


@blueprint.route("/sessions/<int:id>/marks", methods=["GET", "POST"])
def marks(id: int):
    """The offline assessment as one list: a score, or pass or fail, per row (R4.18, R5.12)."""
    session = _session(id)
    form = MarksForm(request.form if request.method == "POST" else None)
    rows = list(sitting(session))
    standing = results_by([row.registration for row in rows])
    cases = [row.registration.case_id for row in rows]
    results = {case: standing[case].get(taking.OFFLINE) for case in cases}
    typed = {case: _typed(case) for case in results}
    if request.method == "POST" and form.validate():
        try:
            number = taking.enter_results(session, typed, actor=actor(), reason=form.reason.data or "")
        except Invalid as refusal:
            form.refuse(Invalid("reason" if refusal.field == "note" else refusal.field, refusal.message))
        else:
            return go(url_for(".marks", id=id), f"已保存，{number}人的考核结果有更新。")
    status = 422 if request.method == "POST" else 200
    if status == 200:
        typed = {case: _standing(result) for case, result in results.items()}
    return show(
        "province/marks.html", status=status, form=form, session=session, plan=session.plan, rows=rows, typed=typed,
        results=results, labels=VALUE_LABELS, tones=VALUE_TONES, print_result=print_result,
        occupation=name_occupation, has_results=any(results.values()), present=str(Value.PRESENT),
        assessed=taking.OFFLINE in session.plan.assessments,
    )  # fmt: skip


def own_plan(id: int) -> Plan:
    """A plan of the reader's own centre that has been published, else 404."""
    return get_or_404(
        Plan.visible_to(actor()).where(Plan.id == id, Plan.office == actor().office, Plan.state != PlanState.DRAFT)
    )


def _session(id: int) -> Session:
    mine = Plan.select(Plan.id).where(Plan.office == actor().office)
    return get_or_404(Session.select().where(Session.id == id, Session.plan.in_(mine)))


def _sitting(session: Session, attendance: int) -> Attendance:
    return get_or_404(
        Attendance.select().where(
            Attendance.id == attendance, Attendance.session == session.id, Attendance.removed_at.is_null()
        )
    )


def _show_session(session: Session, message: dict | None = None):
    rows = list(sitting(session))
    free = list(candidates_for(session).order_by(Case.title, Registration.case))
    elsewhere = list(candidates_for(session, elsewhere=True).order_by(Case.title, Registration.case))
    places = {
        row.registration_id: row.session.name
        for row in Attendance.select(Attendance, Session).join(Session).where(
            Attendance.registration.in_([each.case_id for each in elsewhere]), Attendance.removed_at.is_null(),
            Attendance.value.is_null(),
        )
    }  # fmt: skip
    region = Region.get_or_none(Region.id == session.region_id) if session.region_id else None
    return show(
        "province/session.html", session=session, plan=session.plan, rows=rows, free=free, elsewhere=elsewhere,
        places=places, region=region, taken=seats_taken(session), labels=VALUE_LABELS, tones=VALUE_TONES,
        when=verbs.describe_time(session.starts_at, session.ends_at), occupation=name_occupation, flow=FLOW,
        is_open=session.cancelled_at is None and session.plan.state == PlanState.PUBLISHED, message=message,
        assessed=taking.OFFLINE in session.plan.assessments, still_needed=STILL_NEEDED,
    )  # fmt: skip


def _typed(case: int) -> taking.Outcome:
    return taking.Outcome(
        request.form.get(f"score-{case}", "").strip() or None, PASSES.get(request.form.get(f"passed-{case}", "")),
        request.form.get(f"note-{case}", "")[:300],
    )  # fmt: skip


def _standing(result) -> taking.Outcome:
    if result is None:
        return taking.Outcome()
    if result.score is not None:
        return taking.Outcome(f"{result.score.normalize():f}", None, result.note)
    return taking.Outcome(None, result.passed, result.note)
