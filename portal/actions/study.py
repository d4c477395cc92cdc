"""What happens while somebody studies: the server's clock on the one tab in which a person studies, and its credit."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from portal import clock
from portal.actions.participants import finish_study
from portal.database import transaction
from portal.models import Case, Module, Plan, Progress, Registration, StudyClock, StudyTime
from portal.models.jurisdictions import profile_of
from portal.rules.errors import NotAllowed, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import ADMITTED, IN_CLASS, State
from portal.rules.study import count_required, credit_beat
from portal.rules.workflow import Actor

ELSEWHERE = "学习计时已转到您打开的另一个页面，本页不再计时。如要在本页学习，请按“在本页继续学习”。"


@dataclass(frozen=True)
class Beat:
    """Where a person stands after a beat, in seconds: this module, all of the plan, and what the plan requires."""

    module_seconds: int
    module_length: int
    total: int
    required: int
    done: bool

    @property
    def full(self) -> bool:
        """Nothing more counts in this module."""
        return self.module_seconds >= self.module_length


def required_seconds(plan: Plan) -> int:
    """Seconds of study the plan requires; class hours have the length the province's profile gives them (R4.04)."""
    hour = profile_of(plan.province).training.class_hour_minutes
    return count_required(plan.minutes, plan.class_hours, hour)


def credited_seconds(registration: Registration) -> int:
    """Seconds credited so far: studied here, and reported by an outside platform (R4.21, R4.22)."""
    return credited_of([registration.case_id]).get(registration.case_id, 0)


def credited_of(cases: Collection[int]) -> dict[int, int]:
    """The credited seconds of several registrations, by case id; without an entry nothing is credited."""
    own = StudyTime.select(StudyTime.registration, fn.SUM(StudyTime.seconds)).group_by(StudyTime.registration)
    found = dict(own.where(StudyTime.registration.in_(list(cases))).tuples())
    outside = Progress.select(Progress.case, Progress.outside_seconds).where(Progress.case.in_(list(cases)))
    for case, seconds in outside.tuples():
        found[case] = found.get(case, 0) + seconds
    return found


def is_study_done(registration: Registration) -> bool:
    """Whether the required study time has been reached; what opens the assessments (R4.03, R5.01)."""
    return Progress.select().where(Progress.case == registration.case_id, Progress.done_at.is_null(False)).exists()


def why_no_study(registration: Registration, moment: datetime | None = None) -> str:
    """Why nothing can be studied at `moment` (now), as a sentence; '' when study counts (R4.01, R4.06, R2.12)."""
    case, plan, moment = registration.case, registration.plan, moment or clock.now()
    if case.state not in ADMITTED:
        return {
            State.REJECTED: "报名审核未通过，不能参加培训学习。",
            State.WITHDRAWN: "报名已撤回，不能参加培训学习。",
            State.DRAFT: "报名还没有提交；提交并经省级审核通过后才能学习。",
            State.RETURNED: "报名已退回补正；补正并经省级审核通过后才能学习。",
        }.get(case.state, "报名正在审核，省级审核通过后才能学习。")
    if plan.state == PlanState.CANCELLED:
        return "本计划已取消，学习不再计时。"
    window = plan.study_window
    if not window.is_complete():
        return "学习时间尚未公布，公布后显示在本页，届时即可学习。"
    if moment < window.opens_at:
        return f"学习尚未开始，{window.opens_on:%Y年%-m月%-d日}起可以学习。"
    if moment >= window.closes_at or plan.state == PlanState.FINISHED:
        return "学习时间已经结束，学习内容只能查看，不再计时。"
    if case.state not in IN_CLASS:
        return "您的培训考核已有结果，学习内容只能查看，不再计时。"
    return ""


def start_study(registration: Registration, module: Module, *, tab: str, actor: Actor) -> Beat:
    """Let the clock of this person run in this tab: an older tab loses it, and nothing is credited yet (R4.05).

    `tab` is the token the study page was drawn with. Raises NotAllowed when nothing can be studied now.
    """
    with transaction():
        registration, module = _fresh(registration, module, actor)
        refused = why_no_study(registration)
        if refused:
            raise NotAllowed(refused)
        values = {"registration": registration.case_id, "module": module.id, "tab": tab[:40], "beat_at": clock.now()}
        StudyClock.insert(person=registration.person_id, **values).on_conflict(
            conflict_target=[StudyClock.person], update=values
        ).execute()
        return _settle(registration, module)


def keep_beat(registration: Registration, module: Module, *, tab: str, actor: Actor, pause: bool = False) -> Beat:
    """Credit the time since the last beat of this tab; with `pause` the page was hidden or closed and the clock stops.

    What is credited is measured by the server alone (see rules.study.credit_beat). When the required time is reached,
    the assessments open in the same transaction (R4.03). Raises Stale when another tab or module has taken the clock
    over, NotAllowed outside the study time.
    """
    with transaction():
        registration, module = _fresh(registration, module, actor)
        now, window = clock.now(), registration.plan.study_window
        running = StudyClock.get_or_none(StudyClock.person == registration.person_id)
        held = (running.tab, running.registration_id, running.module_id) if running else None
        mine = held == (tab[:40], registration.case_id, module.id)
        # The study time may have ended since the last beat: what lies before its end still counts, once.
        refused = why_no_study(registration, now)
        ended = refused and mine and not why_no_study(registration, running.beat_at) and now >= window.closes_at
        if refused and not ended:
            raise NotAllowed(refused)
        if not mine:
            raise Stale(ELSEWHERE)
        room = module.minutes * 60 - seconds_in(registration, module)
        gained, counted_until = credit_beat(running.beat_at, now, room=room, closes_at=window.closes_at)
        if gained:
            key = {"registration": registration.case_id, "module": module.id}
            StudyTime.insert(**key, seconds=gained, last_at=now).on_conflict(
                conflict_target=[StudyTime.registration, StudyTime.module],
                update={StudyTime.seconds: StudyTime.seconds + gained, StudyTime.last_at: now},
            ).execute()
        if pause or ended:
            running.delete_instance()
        else:
            StudyClock.update(beat_at=counted_until).where(StudyClock.id == running.id).execute()
        return _settle(registration, module)


def seconds_in(registration: Registration, module: Module) -> int:
    """Seconds credited in one module."""
    row = StudyTime.get_or_none(StudyTime.registration == registration.case_id, StudyTime.module == module.id)
    return row.seconds if row else 0


def settle_study(registration: Registration) -> bool:
    """Open the assessments when what is credited suffices; gives whether the study is done now.

    Call it inside the transaction that credited something.
    """
    case, required = Case.get_by_id(registration.case_id), required_seconds(registration.plan)
    if case.state == State.APPROVED and credited_seconds(registration) >= required:
        return finish_study(case)
    return case.state != State.APPROVED


def settle_plan(plan: Plan) -> int:
    """After the required time of a plan was lowered: open the assessments to all who have reached it now."""
    rows = Registration.select().join(Case).where(Case.plan == plan.id, Case.state == State.APPROVED)
    return sum(settle_study(row) for row in list(rows))


def finish_idle_study(moment: datetime) -> int:
    """The sweep for plans that require no study at all: their assessments are open from the approval on."""
    changed = 0
    plans = Plan.select().where(Plan.state == PlanState.PUBLISHED, Plan.minutes.is_null(), Plan.class_hours.is_null())
    for plan in plans:
        for case in Case.select().where(Case.plan == plan.id, Case.state == State.APPROVED):
            changed += finish_study(case)
    return changed


def _fresh(registration: Registration, module: Module, actor: Actor) -> tuple[Registration, Module]:
    """Both rows as they are now; raises NotAllowed unless they belong together and to the actor."""
    registration, module = Registration.get_by_id(registration.case_id), Module.get_by_id(module.id)
    if actor.person is None or registration.person_id != actor.person or module.plan_id != registration.plan_id:
        raise NotAllowed("这不是您的学习内容。")
    if module.removed_at is not None:
        raise NotAllowed("这个学习模块已被撤下，请返回选择其他模块。")
    return registration, module


def _settle(registration: Registration, module: Module) -> Beat:
    done = settle_study(registration)
    return Beat(
        module_seconds=seconds_in(registration, module), module_length=module.minutes * 60,
        total=credited_seconds(registration), required=required_seconds(registration.plan), done=done,
    )  # fmt: skip
