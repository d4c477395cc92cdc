"""The papers of a class: session notice and exam notice of one participant, the session list, and the pass list."""

from collections.abc import Iterable

from portal import clock
from portal.actions.attendance import OFFLINE
from portal.actions.events import log_document
from portal.actions.sessions import describe_time
from portal.documents.class_notice import ClassNotice, class_notice_pdf
from portal.documents.tables import Roster
from portal.models import Attendance, Case, Occupation, Plan, Registration, Session
from portal.models.class_lists import passed_in, results_by, sitting
from portal.models.exam_papers import sitting_of
from portal.models.jurisdictions import profile_of
from portal.papers.tables import write_table
from portal.rules.dates import print_clock, print_date, print_datetime, print_end
from portal.rules.errors import NotAllowed
from portal.rules.flows.registration import ADMITTED
from portal.rules.sessions import VALUE_LABELS
from portal.rules.workflow import Actor

_LIST_COLUMNS = ("序号", "姓名", "性别", "证件号码", "单位", "申报考评\n职业（工种）", "联系电话", "到场情况",
                 "考核结果", "签到")  # fmt: skip
_LIST_WIDTHS = (11, 20, 11, 44, 46, 34, 29, 22, 26, 22)
_PASS_COLUMNS = ("序号", "姓名", "性别", "证件号码", "单位", "申报考评\n职业（工种）", "报名编号", "线上考核",
                 "线下考核")  # fmt: skip
_PASS_WIDTHS = (12, 20, 11, 46, 52, 38, 34, 26, 26)


def print_session_notice(attendance: Attendance, *, actor: Actor) -> tuple[bytes, str]:
    """The separate notice (另行通知) of time and place as (PDF, file name), for somebody assigned; logged (R4.13).

    Raises NotAllowed when they are not in the session or the session was cancelled.
    """
    session, registration = attendance.session, attendance.registration
    if attendance.removed_at is not None or session.cancelled_at is not None:
        raise NotAllowed("线下培训的安排已取消或变更，请以最新的通知为准。")
    case, plan = registration.case, registration.plan
    points = [
        "请携带本人身份证件原件和本通知，提前15分钟到达并签到。",
        "因故不能参加的，请事先在系统中说明正当理由并上传证明材料；无正当理由缺勤的，按规定记录。",
    ]
    if OFFLINE in plan.assessments:
        points.insert(1, "线下培训结束时进行考核，考核结果由本中心登记。")
    notice = ClassNotice(
        title="线下培训通知",
        person=case.title,
        number=case.number or str(case.id),
        opening=f"你已完成“{plan.name}”的在线学习，现将线下培训的时间和地点通知如下：",
        facts=_filled(
            ("期次", session.name),
            ("姓名", case.title),
            ("所在单位", registration.organisation.name),
            ("申报考评职业", name_occupation(registration.occupation)),
            ("培训时间", describe_time(session.starts_at, session.ends_at)),
            ("培训地点", f"{session.region.name if session.region else ''} {session.place}".strip()),
            ("说明", session.note),
        ),
        points=tuple(points),
        office=plan.office.name,
        issued_on=attendance.assigned_at.date(),
        contact=_contact(plan),
    )
    content = class_notice_pdf(notice)
    log_document("session_notice", f"case:{case.id}", content, actor=actor, number=case.number or "")
    return content, f"线下培训通知（{case.title}）.pdf"


def print_exam_notice(registration: Registration, *, actor: Actor, site: str) -> tuple[bytes, str]:
    """The notice of the online assessment as (PDF, file name): who, when, and at which address; logged (R5.20).

    `site` is the portal's own address, for an assessment that is sat here. Raises NotAllowed before the final approval,
    or for a plan without an online assessment or without announced times.
    """
    refused = why_no_exam_notice(registration)
    if refused:
        raise NotAllowed(refused)
    case, plan, sitting_ = registration.case, registration.plan, sitting_of(registration.plan)
    address = plan.links.get("exam") if plan.exam_place == "outside" else ""
    facts = _filled(
        ("姓名", case.title),
        ("证件号码", registration.person.id_number),
        ("所在单位", registration.organisation.name),
        ("申报考评职业", name_occupation(registration.occupation)),
        ("等级", profile_of(plan.province).grade(plan.grade).name),
        ("考试时间", describe_exam_time(plan)),
        ("考试时长", f"{plan.exam_minutes}分钟（自开始答题起计时）" if plan.exam_minutes else ""),
        ("考试地址", address or plan.links.get("system") or site),
        ("合格分数线", f"{plan.pass_mark.normalize():f}分" if plan.pass_mark is not None else ""),
    )
    late = f"开考{sitting_.late_minutes}分钟后不能再进入考试。" if sitting_.is_slot and sitting_.late_minutes else ""
    notice = ClassNotice(
        title="考试通知",
        person=case.title,
        number=case.number or str(case.id),
        opening=f"你参加“{plan.name}”的报名申请已审核通过，现将线上考核的有关事项通知如下：",
        facts=facts,
        points=(
            "完成规定的学习后方可参加考试，请提前登录考试地址，检查网络和设备。",
            f"{late}时间以系统时钟为准，到时系统自动交卷。",
            "因故不能参加的，请在系统中说明正当理由并上传证明材料；无正当理由缺考的，按规定记录。",
        ),
        office=plan.office.name,
        issued_on=clock.today(),
        contact=_contact(plan),
    )
    content = class_notice_pdf(notice)
    log_document("exam_notice", f"case:{case.id}", content, actor=actor, number=case.number or "")
    return content, f"考试通知（{case.title}）.pdf"


def why_no_exam_notice(registration: Registration) -> str:
    """Why there is no exam notice for this participant, '' when there is one."""
    plan = registration.plan
    if Case.get_by_id(registration.case_id).state not in ADMITTED:
        return "审核通过后才有考试通知。"
    if "online" not in plan.assessments:
        return "本计划没有线上考核。"
    if not describe_exam_time(plan):
        return "考试时间尚未公布，公布后可以打印考试通知。"
    return ""


def describe_exam_time(plan: Plan) -> str:
    """When the online assessment is sat: 2022年12月16日 14:30-16:30, or from when to when a self-timed one is open.

    '' while that has not been announced.
    """
    sitting_ = sitting_of(plan)
    opens_at, closes_at = sitting_.opens_at, sitting_.closes_at
    if sitting_.is_slot:
        if opens_at is None or closes_at is None:
            return ""
        if opens_at.date() == closes_at.date():
            return f"{print_date(opens_at.date())} {print_clock(opens_at)}-{print_clock(closes_at)}"
        return f"{print_datetime(opens_at)}至{print_datetime(closes_at)}"
    if closes_at is None:
        return ""
    head = f"{print_datetime(opens_at)}起，" if opens_at else "完成规定的学习后，"
    return f"{head}{print_end(closes_at)}前自行安排"


def session_list(session: Session) -> Roster:
    """Everybody assigned to a session, to be signed at the door (R4.11)."""
    rows = list(sitting(session))
    results = results_by([row.registration for row in rows])
    region = f"{session.region.name} " if session.region else ""
    return Roster(
        title=f"{session.plan.name}线下培训名单（{session.name}）",
        file_stem=f"线下培训名单（{session.name}）",
        columns=_LIST_COLUMNS,
        rows=tuple(
            (
                str(number), row.registration.case.title, row.registration.person.sex,
                row.registration.person.id_number, row.registration.organisation.name,
                name_occupation(row.registration.occupation), row.registration.person.phone,
                VALUE_LABELS[row.value] if row.value else "",
                print_result(results[row.registration.case_id].get(OFFLINE)), "",
            )
            for number, row in enumerate(rows, 1)
        ),
        widths=_LIST_WIDTHS,
        line=f"时间：{describe_time(session.starts_at, session.ends_at)}　　地点：{region}{session.place}　　"
        f"安排{len(rows)}人（容纳{session.capacity}人）",
        notes=(f"说明：{session.note}",) if session.note else (),
        is_landscape=True,
    )  # fmt: skip


def pass_list(plan: Plan, actor: Actor) -> Roster:
    """The pass list (合格人员名单) of a plan, as far as this actor may see it: a unit its own people (R5.18, R5.21)."""
    rows = list(passed_in(plan, actor))
    results = results_by(rows)
    return Roster(
        title=f"{plan.name}合格人员名单",
        file_stem="合格人员名单",
        columns=_PASS_COLUMNS,
        rows=tuple(
            (
                str(number), row.case.title, row.person.sex, row.person.id_number, row.organisation.name,
                name_occupation(row.occupation), row.case.number or "",
                *(print_result(results[row.case_id].get(name)) for name in ("online", OFFLINE)),
            )
            for number, row in enumerate(rows, 1)
        ),
        widths=_PASS_WIDTHS,
        line=f"批次号：{plan.batch_no or ''}　　{actor.office_name}　　共{len(rows)}人　　{print_date(clock.today())}",
        is_landscape=True,
    )  # fmt: skip


def write_list(roster: Roster, suffix: str, *, subject: str, actor: Actor) -> tuple[bytes, str, str]:
    """A list as (bytes, file name, MIME type) for suffix "pdf" or "xlsx"; logged. Raises Invalid for another suffix."""
    return write_table(roster, suffix, subject=subject, actor=actor)


def print_result(result) -> str:
    """A standing result in words: 92分 合格, or 合格 alone; '' for none."""
    if result is None:
        return ""
    word = "合格" if result.passed else "不合格"
    return word if result.score is None else f"{result.score.normalize():f}分 {word}"


def name_occupation(occupation: Occupation | None) -> str:
    """An occupation with its job in brackets; '' for none."""
    if occupation is None:
        return ""
    return f"{occupation.name}（{occupation.job}）" if occupation.job else occupation.name


def _filled(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((label, text) for label, text in facts if text)


def _contact(plan: Plan) -> str:
    lines: Iterable[dict] = (each for each in plan.contacts if each.get("phone") or each.get("mobile"))
    return "；".join(f"{each.get('name', '')} {each.get('phone') or each.get('mobile')}".strip() for each in lines)
