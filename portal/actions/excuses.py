"""Good reasons (正当理由) for an absence: filed with evidence, decided by the centre (R4.17)."""

from collections.abc import Iterable

from portal import clock
from portal.actions.attendance import set_attendance
from portal.actions.events import record, tell, user_of, users_at
from portal.actions.files import keep_file
from portal.actions.participants import move_participant
from portal.actions.recusal import is_own_case, own_case_said
from portal.actions.sessions import check_owner, class_link
from portal.database import transaction
from portal.models import Attendance, Case, Event, Excuse, FileVersion, Registration, Session
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.registration import FLOW, IN_CLASS, Action, State
from portal.rules.sessions import OTHER_REASON, VALUE_LABELS, Value
from portal.rules.workflow import Actor, Seat

CAN_EXCUSE = IN_CLASS | {State.UNFINISHED}


def excuse_kinds(province: str) -> tuple[str, ...]:
    """The kinds of good reason that a participant of this province can choose from, 其他 last."""
    listed = profile_of(province).strikes.excuses
    return listed if OTHER_REASON in listed else (*listed, OTHER_REASON)


def file_excuse(
    registration: Registration, *, actor: Actor, reason: str, text: str, kept: Iterable = (),
    session: Session | None = None,
) -> Excuse:  # fmt: skip
    """File a good reason with its kept files (storage.Kept): the participant, or the unit for them (R4.17).

    `session` is the offline session it is about, None for the study or the exam. Raises NotAllowed for anybody else or
    when it has been decided already, Invalid("reason" or "text"), Stale while another one waits for its decision.
    """
    text = text.strip()
    with transaction():
        registration = Registration.get_by_id(registration.case_id)
        case = registration.case
        if not _may_file(registration, actor):
            raise NotAllowed("只能由本人或所在单位说明正当理由。")
        if case.state not in CAN_EXCUSE:
            raise NotAllowed(f"当前状态为“{FLOW.labels[case.state]}”，不需要或不能再说明正当理由。")
        if reason not in excuse_kinds(case.province):
            raise Invalid("reason", "请从列表中选择理由。")
        if not text:
            raise Invalid("text", "请写明时间、经过和未能参加的原因。")
        if Excuse.select().where(Excuse.registration == case.id, Excuse.accepted.is_null()).exists():
            raise Stale("已提交的理由正在等待认定；如需补充，请联系省级鉴定中心。")
        if session is not None and not _was_assigned(case, session):
            raise Invalid("session", "请选择本人被安排的线下培训期次。")
        excuse = Excuse.create(
            registration=case.id, session=session, reason=reason, text=text[:4000], filed_at=clock.now(),
            filed_by=actor.user,
        )  # fmt: skip
        slot = f"excuse:{excuse.id}"
        files = [keep_file(owner=f"case:{case.id}", slot=slot, kept=each, actor=actor) for each in kept]
        record(
            "file_excuse", "说明正当理由", actor=actor, case=case, note=f"{reason}：{text[:200]}",
            data={"excuse": excuse.id, "files": [file.id for file in files]},
        )  # fmt: skip
        tell(
            users_at(registration.plan.office_id), f"{case.title}说明了未能参加培训考核的理由，请认定。", kind="excuse",
            link=f"/province/plans/{registration.plan_id}/excuses",
        )  # fmt: skip
        if actor.person != case.person_id:
            tell(
                user_of(case.person_id), f"{actor.office_name}已为您提交正当理由说明（{reason}）。", kind="excuse",
                case=case, link=class_link(case),
            )  # fmt: skip
        return excuse


def decide_excuse(
    excuse: Excuse, *, actor: Actor, accepted: bool, note: str, seen: bool | None = None
) -> Excuse:  # fmt: skip
    """The centre decides on a good reason, with a note; an accepted one adds no strike (R4.17).

    Accepting marks the session as excused, and ends an open decision on the absence as excused too. While that
    decision is open, as after its annulment, the reason can be decided anew: `seen` is what stands now. Raises
    NotAllowed for anybody but the plan's centre or in one's own matter, Invalid("note"), Stale when it was decided
    otherwise meanwhile.
    """
    if not note.strip():
        raise Invalid("note", "请填写认定意见，本人会看到。")
    with transaction():
        excuse = Excuse.get_by_id(excuse.id)
        registration = excuse.registration
        case = Case.get_by_id(registration.case_id)
        check_owner(registration.plan, actor)
        if is_own_case(case, actor):
            raise NotAllowed(own_case_said(case))
        anew = excuse.accepted is not None
        if excuse.accepted != seen or anew and case.state != State.UNFINISHED:
            raise Stale("这项理由已经认定，请刷新后查看。")
        if anew and excuse.accepted and not accepted:
            _unmark_excused(excuse, case, actor)
        if case.state not in CAN_EXCUSE:
            raise Stale(f"当前状态为“{FLOW.labels[case.state]}”，不需要再认定这项理由。")
        excuse.accepted, excuse.note = accepted, note.strip()[:2000]
        excuse.decided_at, excuse.decided_by = clock.now(), actor.user
        excuse.save(only=[Excuse.accepted, Excuse.note, Excuse.decided_at, Excuse.decided_by])
        word = f"{'重新认定：' if anew else ''}{'认可' if accepted else '不予认可'}"
        record(
            "decide_excuse", f"{word}正当理由", actor=actor, case=case, note=excuse.note,
            data={"excuse": excuse.id, "accepted": accepted},
        )  # fmt: skip
        if accepted:
            _mark_excused(excuse, case, actor)
        tell(
            user_of(case.person_id), f"您说明的理由（{excuse.reason}）：{word}。{excuse.note}", kind="excuse",
            case=case, link=class_link(case),
        )  # fmt: skip
        if accepted and case.state == State.UNFINISHED:
            move_participant(case, Action.EXCUSE, actor=actor, note=excuse.note, data={"excuse": excuse.id})
        return excuse


def accepted_excuse(registration: Registration) -> Excuse | None:
    """The good reason that was accepted, or None."""
    rows = Excuse.select().where(Excuse.registration == registration.case_id, Excuse.accepted)
    return rows.order_by(Excuse.id.desc()).first()


def evidence_of(excuses: Iterable[Excuse]) -> dict[int, list[FileVersion]]:
    """The files of each excuse, by its id."""
    found: dict[int, list[FileVersion]] = {excuse.id: [] for excuse in excuses}
    rows = FileVersion.select().where(FileVersion.slot.in_([f"excuse:{id_}" for id_ in found]))
    for row in rows.where(FileVersion.removed_at.is_null()).order_by(FileVersion.id):
        found[int(row.slot.split(":")[1])].append(row)
    return found


def _may_file(registration: Registration, actor: Actor) -> bool:
    if actor.seat == Seat.APPLICANT:
        return actor.person is not None and actor.person == registration.person_id
    return actor.seat == Seat.UNIT and actor.organisation == registration.organisation_id


def _was_assigned(case: Case, session: Session) -> bool:
    rows = Attendance.select().where(Attendance.session == session.id, Attendance.registration == case.id)
    return rows.where(Attendance.removed_at.is_null()).exists()


def _mark_excused(excuse: Excuse, case: Case, actor: Actor) -> None:
    """The session it is about counts as excused, unless the participant turned out to have been present."""
    if excuse.session_id is None:
        return
    row = Attendance.get_or_none(
        Attendance.session == excuse.session_id, Attendance.registration == case.id, Attendance.removed_at.is_null()
    )
    if row is not None and row.value in (None, Value.ABSENT):
        set_attendance(row, Value.EXCUSED, actor=actor, reason=f"认可正当理由：{excuse.reason}")


def _unmark_excused(excuse: Excuse, case: Case, actor: Actor) -> None:
    """The session counts as missed again where accepting the reason had changed that; what was never entered stays."""
    row = Attendance.get_or_none(
        Attendance.session == excuse.session_id, Attendance.registration == case.id, Attendance.removed_at.is_null()
    )
    if row is None or row.value != Value.EXCUSED:
        return
    events = Event.select().where(Event.case == case.id, Event.action == "attendance").order_by(Event.id.desc())
    last = next((each for each in events if each.data.get("session") == row.session_id), None)
    if last is not None and last.before == VALUE_LABELS[Value.ABSENT]:
        set_attendance(row, Value.ABSENT, actor=actor, reason=f"重新认定，不予认可：{excuse.reason}")
