"""The classes of the demonstration: those of the source documents in their years, and the running ones around today."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from portal.actions import plans
from portal.cli.demo import lessons
from portal.cli.demo.tale import Days
from portal.cli.demo.world import ANHUI, SICHUAN, World, contacts_of
from portal.models import Plan
from portal.rules.workflow import Actor, Seat

CENTRE = {ANHUI: "ah-centre", SICHUAN: "sc-centre"}
TRAINING_SITE = "https://peixun.example.com"
SYSTEM_SITE = "https://pingjia.example.com"


@dataclass
class Class:
    """One class: its plan, the span in which people register (`opens` to `closes`) and until when it is reviewed."""

    key: str
    plan: Plan
    opens: datetime
    closes: datetime
    reviewed: datetime
    units: tuple[str, ...] = ()
    stamped: bool = False
    notes: dict = field(default_factory=dict)

    @property
    def province(self) -> str:
        return self.plan.province


@dataclass(frozen=True)
class Outline:
    """A running class in working days from today: window, last day of each level, training, and what it is called."""

    key: str
    province: str
    grade: str
    name: str
    window: tuple[int, int]
    review: dict
    training: tuple[int, int]
    units: tuple[str, ...]
    classes: tuple[str, ...] = ()
    audience_kinds: tuple[str, ...] = ()
    closes_time: time | None = None
    audience: str = ""
    kind: str = "training"


_SC_CITY = ("成都云帆技能评价有限公司", "成都望江职业技术学校", "绵阳青禾高级技工学校", "德阳云岭重型装备有限公司")
_SC_ALL = (*_SC_CITY, "四川云岭建设技能评价中心", "泸州青禾酒店服务有限公司", "成都青禾制冷设备有限公司")
_AH_CITY = ("新华教育集团", "芜湖云帆汽车制造有限公司", "黄山云谷旅游职业学校", "黄山青禾茶业有限公司")
_AH_AUDIENCE = "由已备案或拟备案的开展职业技能等级认定工作的央企驻皖分支机构、省级行业评价组织等推荐，"
_AH_PEOPLE = "符合申报条件，拟从事技能人才评价考评工作，并经我中心审核通过的人员。"
_AH_DIRECT = ("安徽省人力资源服务协会", "云岭能源集团安徽分公司")
_U, _C, _P = str(Seat.UNIT), str(Seat.CITY_CENTRE), str(Seat.PROVINCE_CENTRE)

# Chosen so that every level has something overdue, something due today, something soon and something later.
OUTLINES = (
    Outline("sc-late", SICHUAN, "examiner", "{year}年第一期考评员培训班",
            (-16, -9), {_U: -6, _C: -3, _P: -1}, (4, 5), _SC_ALL),
    Outline("sc-today", SICHUAN, "examiner", "{year}年第二期考评员培训班",
            (-10, -4), {_U: -2, _C: 0, _P: 0}, (6, 7), _SC_ALL),
    Outline("sc-soon", SICHUAN, "examiner", "{year}年装备制造考评员培训班",
            (-7, -1), {_U: 0, _C: 2, _P: 4}, (7, 8), _SC_ALL),
    Outline("sc-open", SICHUAN, "senior", "{year}年高级考评员培训班",
            (-6, 3), {_U: 4, _C: 6, _P: 9}, (11, 12), _SC_ALL, classes=("3", "4", "5", "6")),
    Outline("ah-late", ANHUI, "examiner", "{year}年市属机构第一期考评员培训班",
            (-15, -9), {_U: -6, _C: -3, _P: -1}, (5, 6), _AH_CITY),
    Outline("ah-today", ANHUI, "examiner", "{year}年市属机构第二期考评员培训班",
            (-9, -4), {_U: -1, _C: 0, _P: 2}, (7, 8), _AH_CITY),
    Outline("ah-soon", ANHUI, "examiner", "{year}年市属机构第三期考评员培训班",
            (-6, 2), {_U: 3, _C: 5, _P: 8}, (10, 11), _AH_CITY),
    Outline("ah-first", ANHUI, "examiner", "{year}年省直机构第一期考评员培训班",
            (-16, -9), {_U: -4, _P: -1}, (5, 6), _AH_DIRECT, audience_kinds=("central_branch", "provincial_industry")),
    Outline("ah-before", ANHUI, "examiner", "{year}年省直机构第二期考评员培训班",
            (-9, -3), {_U: 0, _P: 0}, (6, 7), _AH_DIRECT, audience_kinds=("central_branch", "provincial_industry")),
    Outline("ah-open", ANHUI, "examiner", "{year}年省直机构第三期考评员培训班",
            (-5, 4), {_U: 5, _P: 8}, (10, 11), _AH_DIRECT, audience_kinds=("central_branch", "provincial_industry"),
            closes_time=time(17), audience=_AH_AUDIENCE + _AH_PEOPLE),
)  # fmt: skip


def announce_running(world: World, days: Days, outline: Outline) -> Class:
    """Draft and publish one of the running classes, as of now."""
    actor = world.staff[CENTRE[outline.province]]
    first, last = (days.day(offset) for offset in outline.window)
    train_from, train_to = (days.day(offset) for offset in outline.training)
    values = {
        "name": outline.name.format(year=first.year), "opens_on": first, "closes_on": last,
        "closes_time": outline.closes_time,
        "review_by": {seat: days.day(offset).isoformat() for seat, offset in outline.review.items()},
        "audience_kinds": list(outline.audience_kinds), "contacts": contacts_of(world, outline.province, 2),
    }  # fmt: skip
    if outline.classes:
        values["classes"] = list(outline.classes)
    if outline.audience:
        values["audience"] = outline.audience
    if outline.kind == "training":
        values |= _stages(outline.province, train_from, train_to)
    plan = _publish(world, actor, outline.grade, values, outline.kind)
    opens, closes = datetime.combine(first, time(8)), datetime.combine(last, outline.closes_time or time(22))
    reviewed = datetime.combine(days.day(max(outline.review.values())), time(18))
    return Class(outline.key, plan, opens, min(closes, days.now), min(reviewed, days.now), outline.units,
                 plan.require_stamped_form)  # fmt: skip


def announce_2022(world: World) -> Class:
    """The senior class of 川人社职鉴〔2022〕21号: window 12-09 to 12-13, training 12-15 and 16, exam 14:30 to 16:30."""
    values = {
        "name": "2022年全省技能人才评价高级考评员培训班", "batch_no": "51-2022-PX-021",
        "opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13),
        "review_by": {_U: "2022-12-13", _C: "2022-12-14", _P: "2022-12-15"},
        "training_from": date(2022, 12, 15), "training_to": date(2022, 12, 16),
        "exam_starts_at": datetime(2022, 12, 16, 14, 30), "exam_ends_at": datetime(2022, 12, 16, 16, 30),
        "minutes": 600, "pass_mark": 60, "attempts": 1, "classes": ["3", "4", "5", "6"],
        "audience": "已经备案成功或已经向当地人社部门提交备案资料的等级认定机构，"
        "参与2015版国家职业分类大典内第三、四、五、六类的职业（工种）评价工作，工作责任心强，办事公正，有较高专业知识、技能水平和实际工作经验且符合高级考评员申报条件的人员。",
        "groups": [{"number": "667805044", "name": "2022年高级考评员培训班QQ工作群", "audience": "applicants"}],
        "links": {"system": SYSTEM_SITE, "training": TRAINING_SITE, "exam": TRAINING_SITE},
        "contacts": contacts_of(world, SICHUAN, 2),
    }  # fmt: skip
    plan = _publish(world, world.staff["sc-centre"], "senior", values)
    return Class("sc-2022", plan, datetime(2022, 12, 9, 8), datetime(2022, 12, 13, 22), datetime(2022, 12, 15, 12),
                 _SC_ALL, True)  # fmt: skip


def announce_2021(world: World) -> Class:
    """The Anhui class of July 2021 as its notice announces it: with the dates still blank."""
    values = {
        "name": "2021年技能人才评价考评员培训班", "batch_no": "34-2021-PX-002",
        "audience_kinds": ["central_branch", "provincial_industry"],
        "audience": _AH_AUDIENCE + _AH_PEOPLE.replace("条件", "条件（附件1）"),
        "groups": [{"number": "639273002", "name": "技能评价系统交流3群QQ工作群", "audience": "liaisons"}],
        "links": {"system": SYSTEM_SITE}, "contacts": contacts_of(world, ANHUI),
    }  # fmt: skip
    plan = _publish(world, world.staff["ah-centre"], "examiner", values)
    return Class("ah-2021", plan, datetime(2021, 8, 4, 9), datetime(2021, 8, 9, 17), datetime(2021, 8, 13, 12),
                 _AH_DIRECT)  # fmt: skip


def date_2021(world: World, announced: Class) -> None:
    """Fill the blanks in: registration from 4 to 9 August 2021, 17:00 (皖人协秘〔2021〕2号 三（一）)."""
    values = {
        "opens_on": date(2021, 8, 4), "closes_on": date(2021, 8, 9), "closes_time": time(17),
        "review_by": {_U: "2021-08-10", _P: "2021-08-13"},
        "study_from": date(2021, 8, 16), "study_to": date(2021, 8, 27),
    }  # fmt: skip
    announced.plan = plans.update_plan(
        announced.plan, values=values, actor=world.staff["ah-centre"], seen=announced.plan.version,
        reason="报名时间已经确定",
    )


def draft_with_blanks(world: World) -> None:
    """A draft in each province whose dates nobody has decided yet: 月　日至　月　日."""
    plans.create_plan(actor=world.staff["ah-centre"], grade="examiner")
    plans.create_plan(actor=world.staff["sc-centre"], grade="senior", kind="renewal")


def _stages(province: str, first: date, last: date) -> dict:
    """Study, training and exam between two days, as the province holds them."""
    if province == ANHUI:
        return {"study_from": first, "study_to": last, "groups": [
            {"number": "639273002", "name": "技能评价系统交流3群QQ工作群", "audience": "liaisons"}
        ], "links": {"system": SYSTEM_SITE}}  # fmt: skip
    return {
        "training_from": first, "training_to": last, "minutes": 600, "pass_mark": 60, "attempts": 1,
        "exam_starts_at": datetime.combine(last, time(14, 30)), "exam_ends_at": datetime.combine(last, time(16, 30)),
        "groups": [{"number": "667805044", "name": "培训班QQ工作群", "audience": "applicants"}],
        "links": {"system": SYSTEM_SITE, "training": TRAINING_SITE},
    }  # fmt: skip


def _publish(world: World, actor: Actor, grade: str, values: dict, kind: str = "training") -> Plan:
    plan = plans.create_plan(actor=actor, grade=grade, kind=kind)
    plan = plans.update_plan(plan, values=values, actor=actor, seen=plan.version)
    lessons.fill_modules(world, plan, actor=actor)
    return plans.publish_plan(plan, actor=actor, seen=plan.version)
