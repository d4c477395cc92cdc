"""A plan in words, for every page that shows one: list rows, the facts of 考评详细, the stages of the class."""

from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace

from flask import url_for
from flask_login import current_user

from portal.actions.exams import exam_address
from portal.actions.plans import (
    ASSESSMENT_LABELS,
    CATEGORY_LABELS,
    EXAM_PLACES,
    KIND_LABELS,
    MODE_LABELS,
    ORG_STATE_LABELS,
)
from portal.models import Attempt, Case, Plan, Region, Registration
from portal.models.exam_papers import pool_of
from portal.models.jurisdictions import profile_of
from portal.rules.dates import print_clock, print_date, print_datetime, print_window
from portal.rules.exam import KIND_LABELS as QUESTION_KINDS
from portal.rules.flows.plan import PHASE_LABELS, PHASE_TONES, Phase
from portal.rules.flows.registration import ADMITTED
from portal.rules.notice_text import number_in_chinese, print_deadline
from portal.rules.workflow import Actor, Seat
from portal.web.guards import actor
from portal.web.pages import province_name

LINK_LABELS = {"system": "报名系统", "training": "培训平台", "exam": "考试平台"}
CLASS_NAMES = {str(number): f"第{number_in_chinese(number)}类" for number in range(1, 9)}


@dataclass(frozen=True)
class PlanRow:
    """A plan in a list: what it is, when one can register, and where, '' while one cannot."""

    plan: Plan
    province: str
    grade: str
    kind: str
    window: str
    phase: str
    tone: str
    register_href: str


def describe_rows(plans: list[Plan], now: datetime) -> list[PlanRow]:
    """The plans as list rows; 报名 leads to the login and from there to the registration (R11.14).

    Signed-in readers see the button only when they are applicants who can see the plan at their own door.
    """
    reader = actor() if current_user.is_authenticated and current_user.seat else None
    rows = []
    for plan in plans:
        phase, profile = plan.phase(now), profile_of(plan.province)
        opened = phase == Phase.OPEN
        rows.append(PlanRow(
            plan, province_name(plan.province), profile.grade(plan.grade).name, KIND_LABELS[plan.kind],
            print_registration(plan), PHASE_LABELS[phase], PHASE_TONES[phase],
            _register_href(plan, reader) if opened else "",
        ))  # fmt: skip
    return rows


def _register_href(plan: Plan, reader: Actor | None) -> str:
    if reader is None:
        return url_for("account.login", next=f"/applicant/plans/{plan.id}")
    may_see = reader.seat == Seat.APPLICANT and Plan.visible_to(reader).where(Plan.id == plan.id).exists()
    return f"/applicant/plans/{plan.id}" if may_see else ""


def describe_plan(plan: Plan) -> list[tuple]:
    """Everything about a plan as (label, value[, "wide"]) rows; what is still open says so (R2.11)."""
    profile = profile_of(plan.province)
    regions = [name for (name,) in Region.select(Region.name).where(Region.code.in_(plan.regions)).tuples()]
    classes = "、".join(CLASS_NAMES[digit] for digit in plan.classes)
    occupations = f"{plan.edition}版国家职业分类大典内{classes}的职业（工种）" if classes else "不限类别"
    if plan.occupations_from_filing:
        occupations += "，且与所在机构备案（含申报未备案）的职业一致"
    states = "、".join(ORG_STATE_LABELS[state] for state in plan.org_states if state in ORG_STATE_LABELS)
    kinds = "、".join(CATEGORY_LABELS[kind] for kind in plan.audience_kinds if kind in CATEGORY_LABELS)
    rows = [
        ("批次号", plan.batch_no),
        ("等级", profile.grade(plan.grade).name),
        ("类型", KIND_LABELS[plan.kind]),
        ("省份", profile.name),
        ("报名时间", print_registration(plan)),
        ("报名区域", "、".join(regions) or "全省"),
        ("评价机构", f"{kinds or '各类评价机构'}（{states or '不限备案状态'}）"),
        ("考评职业", occupations, "wide"),
        ("培训对象", plan.audience, "wide"),
        ("培训形式", MODE_LABELS[plan.mode]),
        ("考核方式", "、".join(ASSESSMENT_LABELS[each] for each in plan.assessments if each in ASSESSMENT_LABELS)),
        ("学习时长", f"{plan.minutes}分钟" if plan.minutes else ""),
        ("课时数", f"{plan.class_hours}课时" if plan.class_hours else ""),
        ("合格分数线", f"{plan.pass_mark.normalize():f}分（含）" if plan.pass_mark is not None else ""),
        ("考试次数", f"{plan.attempts}次" if plan.attempts else ""),
        ("线上考核", print_sitting(plan)),
        ("试卷组成", print_paper(plan), "wide"),
        ("资格认证", plan.credential_text, "wide"),
    ]
    if plan.require_stamped_form:
        rows.append(("申报表", "提交后打印申报表，由单位盖章后上传。", "wide"))
    return [row for row in rows if row[1] or row[0] in ("报名时间", "批次号")]


def describe_stages(plan: Plan) -> list[tuple[str, str]]:
    """The flow of the class as (stage, dates); an online class has no offline stage (R2.23)."""
    profile = profile_of(plan.province)
    stages = [("网上报名", print_registration(plan))]
    for seat in Seat:
        if seat in profile.seats and seat in profile.chain("city") + profile.chain("province"):
            day = plan.review_by.get(str(seat))
            until = f"{print_date(date.fromisoformat(day))}前" if day else "按时完成"
            stages.append((f"{profile.level_name(seat)}{profile.verb_label(seat)}", until))
    if plan.mode == "mixed":
        stages.append(("在线学习", print_window(plan.study_from, plan.study_to)))
        stages.append(("在线考核", _exam(plan) or "在线学习期满后"))
        stages.append(("线下培训、考核", _training(plan) or "时间及地点另行通知"))
    else:
        stages.append(("线上培训", _training(plan) or print_window(plan.study_from, plan.study_to)))
        stages.append(("线上考核", _exam(plan) or "时间另行通知"))
    stages.append(("颁发证书", ""))
    return [(f"{number_in_chinese(number)}、{name}", dates) for number, (name, dates) in enumerate(stages, 1)]


def links_of(plan: Plan) -> list[tuple[str, str]]:
    """The addresses this reader may see, as (label, href): the system's for all, the others for approved participants
    (R2.28), an outside exam's only for those who may sit it now (R5.17).
    """
    keys = ["system"]
    if current_user.is_authenticated and current_user.seat and actor().seat == Seat.APPLICANT and actor().person:
        mine = Case.select(Case.id).where(
            Case.plan == plan.id, Case.person == actor().person, Case.state.in_(list(ADMITTED))
        )
        if mine.exists():
            keys.append("training")
            sitting = Registration.select().where(Registration.case.in_(mine))
            keys += ["exam"] if plan.exam_place == "portal" or any(map(exam_address, sitting)) else []
    return [(LINK_LABELS[key], plan.links[key]) for key in keys if plan.links.get(key)]


def describe_exam(plan: Plan) -> SimpleNamespace | None:
    """How ready a plan's own online assessment is, for the centre: what is not set, and by kind (label, needed, there,
    enough); None when there is none or it is sat elsewhere.
    """
    if "online" not in plan.assessments or plan.exam_place != "portal":
        return None
    pool, needed = pool_of(plan), {}
    for part in plan.paper:
        needed[part["kind"]] = needed.get(part["kind"], 0) + part["count"]
    rows = [(QUESTION_KINDS[kind], count, len(pool[kind]), count <= len(pool[kind])) for kind, count in needed.items()]
    missing = [] if plan.paper else ["试卷组成尚未设置，无法开始考核。"]
    if plan.exam_minutes is None and (plan.exam_starts_at is None or plan.exam_ends_at is None):
        missing.append("请填写考试开始、结束时间（统一时间考核），或考核时长（各人自行参加），否则无法开始考核。")
    if not all(row[3] for row in rows):
        missing.append("题库中适用本计划的试题不够抽取一份试卷，参加人员将不能开始考核，请补充试题。")
    attempts = Attempt.select().join(Case, on=(Attempt.registration == Case.id)).where(Case.plan == plan.id).count()
    return SimpleNamespace(rows=rows, missing=missing, attempts=attempts)


def print_sitting(plan: Plan) -> str:
    """Where and how long the online assessment is sat, '' for a plan without one."""
    if "online" not in plan.assessments:
        return ""
    if plan.exam_place == "outside":
        return EXAM_PLACES["outside"]
    if plan.exam_minutes:
        return f"完成学习后自行参加，时长{plan.exam_minutes}分钟"
    late = f"，开考{plan.late_minutes}分钟后不能进入" if plan.late_minutes is not None else ""
    return f"统一时间参加{late}"


def print_paper(plan: Plan) -> str:
    """What a paper consists of: 单选题40题，每题1分；…, '' where nothing is set or it is sat elsewhere."""
    if "online" not in plan.assessments or plan.exam_place != "portal":
        return ""
    return "；".join(f"{QUESTION_KINDS[part['kind']]}{part['count']}题，每题{part['points']}分" for part in plan.paper)


def print_registration(plan: Plan) -> str:
    """The registration window with its hours, 12月9日至13日17:00 with the year before it, or that it is still open."""
    if not plan.window.is_complete():
        return f"{print_window(plan.opens_on, plan.closes_on)}（时间待定）"
    if plan.opens_time:
        is_same_year = plan.opens_on.year == plan.closes_on.year
        end = print_deadline(plan.closes_on, plan.closes_time, with_year=not is_same_year)
        return f"{print_datetime(plan.window.opens_at)}至{end}"
    end = print_clock(plan.closes_time) if plan.closes_time else ""
    return print_window(plan.opens_on, plan.closes_on, with_year=True) + end


def _training(plan: Plan) -> str:
    return print_window(plan.training_from, plan.training_to, with_year=True) if plan.training_from else ""


def _exam(plan: Plan) -> str:
    return print_window(plan.exam_starts_at, plan.exam_ends_at, with_year=True) if plan.exam_starts_at else ""
