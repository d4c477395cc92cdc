"""Offline sessions (期) of a plan: adding them, also later, assigning participants, and telling only those (R4.11)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from portal import clock
from portal.actions.events import record, tell, user_of
from portal.database import transaction
from portal.models import Attendance, Case, Plan, Region, Registration, Session
from portal.models.class_lists import allowed_regions, is_allowed_in, seats_taken, sitting
from portal.rules.dates import print_datetime, print_window
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, State
from portal.rules.sessions import ASSIGNABLE, MOST_SEATS, VALUE_LABELS, Value, check_times
from portal.rules.workflow import Actor, Seat

FIELDS = {
    "name": "期次", "region": "地区", "place": "地点", "starts_at": "开始时间", "ends_at": "结束时间",
    "capacity": "容纳人数", "note": "说明",
}  # fmt: skip
# What a participant must know anew when it changes.
_TOLD = ("region", "place", "starts_at", "ends_at", "note")


@dataclass
class Assigned:
    """What a bulk assignment did: how many now sit there, and who was left out and why."""

    done: int = 0
    skipped: list[tuple[Registration, str]] = field(default_factory=list)


def check_owner(plan: Plan, actor: Actor) -> None:
    """Raises NotAllowed unless the actor sits at the provincial centre that owns the plan."""
    if actor.seat != Seat.PROVINCE_CENTRE or plan.office_id != actor.office:
        raise NotAllowed("只有发布计划的省级鉴定中心可以办理。")


def add_session(plan: Plan, *, actor: Actor, values: Mapping) -> Session:
    """A new session of a published plan, at any time, as the plan goes (R2.15).

    `values` holds the keys of FIELDS; `region` is a Region of the province or None. Raises NotAllowed, or Invalid on
    the field.
    """
    with transaction():
        plan = Plan.get_by_id(plan.id)
        _check_plan(plan, actor)
        session = Session.create(plan=plan, **_clean(plan, values))
        record(
            "add_session", "增加线下培训期次", actor=actor, subject=f"plan:{plan.id}", after=session.name,
            data={"session": session.id, "values": _printed(session)},
        )  # fmt: skip
        return session


def edit_session(session: Session, *, actor: Actor, values: Mapping, seen: int) -> Session:
    """Change a session; whoever is assigned is told a changed time or place, nobody else (R2.15).

    Raises like add_session(); Invalid also for a capacity below the number assigned or a region that is closed to
    somebody assigned; Stale for an old page or a cancelled session.
    """
    with transaction():
        session = _open(session, actor, seen)
        before, cleaned = _printed(session), _clean(session.plan, values)
        if session.starts_at != cleaned["starts_at"] and _has_values(session):
            raise NotAllowed("本期已登记到场情况，不能再改开始时间。")
        taken = seats_taken(session)
        if cleaned["capacity"] < taken:
            raise Invalid("capacity", f"本期已安排{taken}人，容纳人数不能少于{taken}。")
        for row in sitting(session):
            if not is_allowed_in(row.registration.organisation, cleaned["region"]):
                raise Invalid(
                    "region", f"已安排的{row.registration.case.title}所在单位不能到这个地区培训，请先调整安排。"
                )
        changed = [name for name in FIELDS if getattr(session, name) != cleaned[name]]
        if not changed:
            return session
        _write(session, **cleaned)
        session = Session.get_by_id(session.id)
        after = _printed(session)
        record(
            "edit_session", "修改线下培训期次", actor=actor, subject=f"plan:{session.plan_id}", after=session.name,
            data={"session": session.id, "changes": {name: [before[name], after[name]] for name in changed}},
        )  # fmt: skip
        if set(changed) & set(_TOLD):
            for row in sitting(session):
                _tell(row.registration, session, "有变化，请以本次通知为准")
        return session


def cancel_session(session: Session, *, actor: Actor, reason: str, seen: int) -> Session:
    """Cancel a session: whoever is assigned is told why and can be assigned anew.

    Raises NotAllowed once attendance was taken, Invalid("reason"), Stale.
    """
    if not reason.strip():
        raise Invalid("reason", "请填写取消的理由，已安排的人员会收到。")
    with transaction():
        session = _open(session, actor, seen)
        if _has_values(session):
            raise NotAllowed("本期已登记到场情况，不能取消。")
        rows, now = list(sitting(session)), clock.now()
        _write(session, cancelled_at=now)
        Attendance.update(removed_at=now).where(
            Attendance.session == session.id, Attendance.removed_at.is_null()
        ).execute()
        record(
            "cancel_session", "取消线下培训期次", actor=actor, subject=f"plan:{session.plan_id}", before=session.name,
            note=reason.strip(), data={"session": session.id, "people": len(rows)},
        )  # fmt: skip
        for row in rows:
            case = row.registration.case
            tell(
                user_of(case.person_id),
                f"《{session.plan.name}》线下培训“{session.name}”已取消。理由：{reason.strip()} 新的安排另行通知。",
                kind="session", case=case, link=class_link(case),
            )  # fmt: skip
        return Session.get_by_id(session.id)


def assign_participant(session: Session, registration: Registration, *, actor: Actor) -> Attendance:
    """Assign a participant, or move them here from another session; they get a separate notice (R4.11–R4.14).

    Raises NotAllowed with the reason: online study not finished, a region closed to the unit's people, the session
    full, over or cancelled; Stale when they sit here already.
    """
    with transaction():
        session = Session.get_by_id(session.id)
        plan = session.plan
        _check_plan(plan, actor)
        registration, case = Registration.get_by_id(registration.case_id), Case.get_by_id(registration.case_id)
        now = clock.now()
        if session.cancelled_at is not None:
            raise NotAllowed(f"“{session.name}”已取消，不能再安排人员。")
        if registration.plan_id != plan.id:
            raise NotAllowed(f"{case.title}没有报名本计划。")
        if case.state == State.APPROVED:
            raise NotAllowed(f"{case.title}尚未完成在线学习，在线学习完成后才能安排线下培训。")
        if case.state not in ASSIGNABLE:
            raise NotAllowed(f"{case.title}的状态为“{FLOW.labels[case.state]}”，不能再安排线下培训。")
        if not is_allowed_in(registration.organisation, session.region):
            raise NotAllowed(
                f"{case.title}所在单位的人员只能在{_names_of(registration)}参加培训，不能安排到{session.region.name}。"
            )
        if session.ends_at <= now:
            raise NotAllowed(f"“{session.name}”已经结束，不能再安排人员。")
        here = None
        for other in Attendance.select().where(Attendance.registration == case.id, Attendance.removed_at.is_null()):
            if other.session_id == session.id:
                raise Stale(f"{case.title}已安排在“{session.name}”。")
            if other.value == Value.PRESENT:
                raise NotAllowed(f"{case.title}已参加“{other.session.name}”，不需要再安排。")
            if other.value == Value.ABSENT:
                raise NotAllowed(f"{case.title}在“{other.session.name}”登记为无故缺勤，不能再安排。")
            if other.value is None:
                here = other
        if seats_taken(session) >= session.capacity:
            raise NotAllowed(f"“{session.name}”已满（{session.capacity}人），请增加容纳人数或安排到其他期次。")
        if here is not None:
            here.removed_at = now
            here.save(only=[Attendance.removed_at])
        values = {"assigned_at": now, "removed_at": None, "value": None, "note": "", "decided_by": None,
                  "decided_at": None}  # fmt: skip
        Attendance.insert(session=session.id, registration=case.id, **values).on_conflict(
            conflict_target=[Attendance.session, Attendance.registration], update=values
        ).execute()
        record(
            "assign_session", "安排线下培训", actor=actor, case=case, before=here.session.name if here else "",
            after=session.name, data={"session": session.id},
        )  # fmt: skip
        _tell(registration, session, "已安排")
        return Attendance.get(Attendance.session == session.id, Attendance.registration == case.id)


def assign_participants(session: Session, registrations: Iterable[Registration], *, actor: Actor) -> Assigned:
    """Assign many, each on its own: who cannot be assigned is left out with the reason."""
    done = Assigned()
    for registration in registrations:
        try:
            assign_participant(session, registration, actor=actor)
            done.done += 1
        except Refusal as refusal:
            done.skipped.append((registration, refusal.message))
    return done


def remove_participant(attendance: Attendance, *, actor: Actor) -> None:
    """Take a participant out of a session again, while no attendance was taken; they are told."""
    with transaction():
        attendance = Attendance.get_by_id(attendance.id)
        session, case = attendance.session, Case.get_by_id(attendance.registration_id)
        _check_plan(session.plan, actor)
        if attendance.removed_at is not None:
            raise Stale(f"{case.title}已不在“{session.name}”。")
        if attendance.value is not None:
            raise NotAllowed(f"{case.title}的到场情况已登记，不能移出；如有误，请更正登记。")
        attendance.removed_at = clock.now()
        attendance.save(only=[Attendance.removed_at])
        record("unassign_session", "移出线下培训期次", actor=actor, case=case, before=session.name)
        tell(
            user_of(case.person_id), f"您已不在线下培训“{session.name}”的名单中，新的安排另行通知。",
            kind="session", case=case, link=class_link(case),
        )  # fmt: skip


def class_link(case: Case) -> str:
    """Where a participant reads about the own class: sessions, notices, results."""
    return f"/applicant/training/{case.id}/class"


def _check_plan(plan: Plan, actor: Actor) -> None:
    check_owner(plan, actor)
    if plan.state != PlanState.PUBLISHED:
        raise NotAllowed("只有已发布、尚未办结的计划可以安排线下培训。")
    if plan.mode != "mixed":
        raise NotAllowed("本计划为线上培训，没有线下培训；如需线下培训，请先修改计划的培训形式。")


def _open(session: Session, actor: Actor, seen: int) -> Session:
    session = Session.get_by_id(session.id)
    _check_plan(session.plan, actor)
    if session.version != seen:
        raise Stale("这一期刚刚被其他人修改过，请核对最新内容后再操作。")
    if session.cancelled_at is not None:
        raise Stale("这一期已经取消。")
    return session


def _clean(plan: Plan, values: Mapping) -> dict:
    name, place = " ".join((values.get("name") or "").split()), " ".join((values.get("place") or "").split())
    if not name:
        raise Invalid("name", "请填写期次名称，例如第一期。")
    if not place:
        raise Invalid("place", "请填写培训地点，会印在通知上。")
    starts_at, ends_at, region = values.get("starts_at"), values.get("ends_at"), values.get("region")
    check_times(starts_at, ends_at, plan.study_window.opens_on)
    capacity = values.get("capacity")
    if capacity is None or not 1 <= capacity <= MOST_SEATS:
        raise Invalid("capacity", f"容纳人数应在1至{MOST_SEATS}之间。")
    if region is not None and (region.province != plan.province or region.level not in ("city", "direct")):
        raise Invalid("region", "请从列表中选择本省的地区。")
    return {
        "name": name[:60], "region": region, "place": place[:200], "starts_at": starts_at, "ends_at": ends_at,
        "capacity": capacity, "note": (values.get("note") or "").strip()[:2000],
    }  # fmt: skip


def _printed(session: Session) -> dict[str, str]:
    return {
        "name": session.name, "region": session.region.name if session.region else "", "place": session.place,
        "starts_at": print_datetime(session.starts_at), "ends_at": print_datetime(session.ends_at),
        "capacity": str(session.capacity), "note": session.note,
    }  # fmt: skip


def _write(session: Session, **changes) -> None:
    changed = (
        Session.update(version=session.version + 1, **changes)
        .where(Session.id == session.id, Session.version == session.version)
        .execute()
    )
    if not changed:
        raise Stale("这一期刚刚被其他人修改过，请核对最新内容后再操作。")


def _has_values(session: Session) -> bool:
    rows = Attendance.select().where(Attendance.session == session.id, Attendance.value.is_null(False))
    return rows.where(Attendance.removed_at.is_null()).exists()


def _names_of(registration: Registration) -> str:
    names = Region.select(Region.name).where(Region.code.in_(allowed_regions(registration.organisation)))
    return "、".join(name for (name,) in names.order_by(Region.code).tuples())


def _tell(registration: Registration, session: Session, what: str) -> None:
    case, when = registration.case, describe_time(session.starts_at, session.ends_at)
    tell(
        user_of(case.person_id),
        f"《{session.plan.name}》线下培训通知（{what}）：{session.name}，{when}，地点：{session.place}。请打开查看并打印通知。",
        kind="session", case=case, link=class_link(case),
    )  # fmt: skip


def describe_time(starts_at: datetime, ends_at: datetime) -> str:
    """The time of a session in words: 2021年9月8日9:00至17:00."""
    return print_window(starts_at, ends_at, with_year=True)


__all__ = [
    "FIELDS", "VALUE_LABELS", "Assigned", "add_session", "assign_participant", "assign_participants", "cancel_session",
    "check_owner", "class_link", "describe_time", "edit_session", "remove_participant",
]  # fmt: skip
