"""What somebody has done in a class already: from then on its approval stands, and nobody is withdrawn from it."""

from portal import clock
from portal.models import AssessmentResult, Attempt, Attendance, Plan, Progress, Registration, StudyTime
from portal.rules.errors import NotAllowed


def has_class_begun(plan: Plan) -> bool:
    """Whether the class has started: the first day of its study window is here; never while that day is open."""
    opens_at = plan.study_window.opens_at
    return opens_at is not None and clock.now() >= opens_at


def has_traces(registration: Registration) -> bool:
    """Whether study time, an attempt, a session or a result of this participant exists."""
    columns = (
        StudyTime.registration, Progress.case, Attempt.registration, Attendance.registration,
        AssessmentResult.registration,
    )  # fmt: skip
    return any(column.model.select().where(column == registration.case_id).exists() for column in columns)


def may_leave(registration: Registration) -> bool:
    """Whether an approved participant can still be withdrawn by the unit; what check_may_leave() would say."""
    return not has_class_begun(registration.plan) and not has_traces(registration)


def check_may_leave(registration: Registration) -> None:
    """Raises NotAllowed when an approved participant can no longer be withdrawn: only before the class starts does
    a withdrawal count no strike (R3.43; 川人社职鉴〔2022〕21号 八（二）)."""
    if has_class_begun(registration.plan):
        raise NotAllowed("培训已经开始，不能再撤回；因故不能参加的，请说明正当理由并提交证明材料。")
    if has_traces(registration):
        raise NotAllowed("已有学习或考核记录，不能再撤回；因故不能参加的，请说明正当理由并提交证明材料。")
