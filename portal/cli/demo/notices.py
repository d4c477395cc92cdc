"""The notices of the demonstration: the source documents with invented contacts, and those of the running classes."""

from datetime import date, time

from portal import clock
from portal.actions import forwards, notices, recommendations
from portal.cli.demo.classes import CENTRE, Class
from portal.cli.demo.pictures import as_pdf, draw_proof
from portal.cli.demo.world import ANHUI, ASSOCIATION, HUANGSHAN, SICHUAN, World, contacts_of
from portal.models import Notice, Office
from portal.rules.workflow import Actor

CONDITIONS = (
    "一、具有独立法人资格、信用记录良好，具有规范的财务制度和管理制度，无违法违规记录。",
    "二、具有完善的管理办法，制定有财务管理制度、评价服务规程、档案管理制度、设备安全操作规程等规章制度。",
    "三、具有与评价工作相适应的办公场所和与所评价职业等级相适应的场地、设备设施。办公用房相对独立，不少于50平方米。",
    "四、配备评价工作专（兼）职负责人、管理人员和考评人员等。每个职业（工种）等级具有相应考评资质的持证人员不少于5人。",
)
SUMMARY = ("一、基本情况", "二、培训工作开展情况", "三、评价工作开展情况", "四、下一步培训评价工作打算")
HUANGSHAN_TEXT = """一、规范备案标准
具备通用条件（见附件1）的企业、职业（技工）院校和社会培训评价组织，依据分级负责、属地管理原则向区县人社部门提出申请，\
区县人社部门初审合格后向市人社部门递交申报材料。备案期限一般为三年，每个备案工种不少于5名考评员。
二、实行定期评估
建立年度报告和评估、退出机制。已备案的评价机构要于每年3月底前报送本机构上一年度工作总结。
三、强化主体责任
评价机构要按照“谁评价、谁发证、谁负责”原则承担主体责任，完善内部监督和责任追究机制，确保认定评价工作全程有记录、可追溯。
四、联系方式"""
SELECTION_TEXT = """一、备案条件
备案单位为本省行政区域内依法登记、注册或备案，以人才培养服务为主要工作职责，具有独立法人的评价组织。
二、方法步骤
我省评价组织的遴选备案工作实行分级负责、分类指导、分步推进、属地管理。人力资源社会保障部门在收到材料后10个工作日内反馈受理意见，\
公示时间不少于5个工作日，备案期限三年。
三、认定流程
评价组织提前10个工作日将具体认定批次计划报属地市鉴定中心备案；认定结果公示期不少于7天，经公示无异议的，10个工作日内报备。
四、联系方式"""


def publish_selection_2020(world: World) -> None:
    """皖人社秘〔2020〕65号, which the organisations' codes come from; public."""
    _publish(world, world.staff["ah-dept"], {
        "number": "皖人社秘〔2020〕65号", "title": "关于遴选职业技能等级认定社会培训评价组织的通知",
        "addressees": "各市人力资源社会保障局，各有关单位", "recipient_groups": ["city_bureaus", "city_centres"],
        "announcement": "现就我省职业技能等级认定社会培训评价组织遴选事项通知如下：", "body": SELECTION_TEXT,
        "contacts": contacts_of(world, ANHUI), "signed_on": date(2020, 3, 30), "is_public": True,
        "printed_by": "安徽省人力资源和社会保障厅办公室", "printed_on": date(2020, 3, 30),
    })  # fmt: skip


def publish_huangshan(world: World, day: date) -> None:
    """The city's rules for organisations, put up by the department's desk, with its two attachments; public."""
    _publish(world, world.staff["ah-dept"], {
        "number": None, "issuer": "黄山市人力资源和社会保障局", "signature": "黄山市人力资源和社会保障局",
        "title": "关于进一步加强技能人才评价机构备案管理工作的通知",
        "addressees": "各企业自主评价机构，职业（技工）院校，社会培训评价组织",
        "recipient_groups": [*(f"office:{each.id}" for each in _huangshan_offices())],
        "announcement": "现就进一步加强我市技能人才评价机构备案管理工作的有关事项通知如下：",
        "body": HUANGSHAN_TEXT, "contacts": contacts_of(world, ANHUI), "signed_on": day, "is_public": True,
    }, files=(
        ("技能人才评价机构备案通用条件", draw_proof(
            "技能人才评价机构备案通用条件", CONDITIONS, stamp="黄山市人力资源和社会保障局",
            day=f"{day.year}年{day.month}月")),
        ("技能人才评价机构年度评价工作总结（模板）", draw_proof(
            "年度评价工作总结（模板）", SUMMARY, stamp="评价机构", day="　　年　月　日")),
    ))  # fmt: skip


def publish_2022(world: World, announced: Class) -> None:
    """川人社职鉴〔2022〕21号."""
    _publish(world, world.staff["sc-centre"], {
        "number": "川人社职鉴〔2022〕21号", "title": "关于举办全省技能人才评价高级考评员培训班的通知",
        "basis": [{"title": "关于举办四川省技能人才评价考评员培训班和考评员复核换证工作的通知",
                   "number": "川人社职鉴〔2022〕5号", "issuer": "四川省职业技能鉴定指导中心"}],
        "announcement": "经研究，拟于2022年12月15日-16日举办技能人才评价高级考评员培训班，"
                        "现将培训班有关具体事宜通知如下：",
        "signed_on": date(2022, 12, 8), "is_public": True,
    }, plan=announced, builtin=("table",))  # fmt: skip


def publish_2021(world: World, announced: Class) -> Notice:
    """The Anhui centre's notice of July 2021 with its blanks."""
    return _publish(world, world.staff["ah-centre"], {
        "number": None, "title": "关于举办技能人才评价考评员培训班的通知", "addressees": "各相关技能人才评价机构",
        "announcement": "我中心定于近期开展技能人才评价考评员培训班，现将有关事项通知如下：",
    }, plan=announced)  # fmt: skip


def forward_2021(world: World, original: Notice, announced: Class) -> Notice:
    """皖人协秘〔2021〕2号: the association's forward to its members, tables until 9 August 17:00."""
    return _forward(world, original, {
        "number": "皖人协秘〔2021〕2号", "opens_on": date(2021, 8, 4), "closes_on": date(2021, 8, 9),
        "closes_time": time(17), "signed_on": date(2021, 8, 4), "printed_by": f"{ASSOCIATION}秘书处",
        "printed_on": date(2021, 8, 4), "copy_to": "安徽省人力资源和社会保障厅", "copy_groups": ["department"],
    })  # fmt: skip


def publish_running(world: World, announced: Class) -> Notice:
    """The notice of a running class; the one that is still open is public and stands first."""
    notice = _publish(world, world.staff[CENTRE[announced.province]], {
        "signed_on": clock.today(), "is_public": True, "title": f"关于举办{announced.plan.name}的通知",
    }, plan=announced, builtin=("table",))  # fmt: skip
    if announced.key.endswith("-open"):
        actor = world.staff[CENTRE[announced.province]]
        notice = notices.pin_notice(notice, actor=actor, seen=notice.version, pinned=True)
    return notice


def forward_running(world: World, original: Notice, announced: Class, last: date) -> Notice:
    """The association passes the running class on to its members."""
    return _forward(world, original, {
        "opens_on": announced.opens.date(), "closes_on": last, "closes_time": time(17), "copy_groups": ["department"],
        "copy_to": "安徽省人力资源和社会保障厅", "printed_by": f"{ASSOCIATION}秘书处",
    })  # fmt: skip


def send_table(world: World, notice: Notice, login: str, count: int, *, send: bool = True) -> None:
    """A member unit's recommendation table under a forward."""
    actor = world.staff[login]
    rows = []
    for number in range(count):
        person = world.next_person(ANHUI)
        occupation = ("企业人力资源管理师", "劳动关系协调员")[number % 2]
        rows.append({
            "name": person.name, "employer": actor.office_name, "position": person.post, "phone": person.phone,
            "id_number": person.id_number, "held": f"{occupation}二级/技师（技能等级）" if send or number == 0 else "",
        })  # fmt: skip
    recommendations.save_table(notice, rows=rows, actor=actor, seen=0, send=send)


def draft_notice(world: World) -> None:
    """A notice that nobody has finished yet, at each centre."""
    for province in (SICHUAN, ANHUI):
        notices.create_notice(actor=world.staff[CENTRE[province]])


def _publish(
    world: World, actor: Actor, values: dict, *, plan: Class | None = None, files=(), builtin: tuple[str, ...] = ()
) -> Notice:
    notice = notices.create_notice(actor=actor, plan=plan.plan if plan else None)
    notice = notices.update_notice(notice, values=values, actor=actor, seen=notice.version)
    for kind in builtin:
        notices.add_attachment(notice, actor=actor, seen=notice.version, title="", builtin=kind)
        notice = Notice.get_by_id(notice.id)
    for title, sheet in files:
        kept = world.store.keep_issued(as_pdf([sheet]), f"{title}.pdf")
        notices.add_attachment(notice, actor=actor, seen=notice.version, title=title, kept=kept)
        notice = Notice.get_by_id(notice.id)
    return notices.publish_notice(notice, actor=actor, seen=notice.version)


def _forward(world: World, original: Notice, values: dict) -> Notice:
    actor = world.staff["ah-assoc"]
    forward = forwards.forward_notice(original, actor=actor)
    forward = notices.update_notice(forward, values=values, actor=actor, seen=forward.version)
    forward = forwards.recompose_forward(forward, actor=actor, seen=forward.version)
    return notices.publish_notice(forward, actor=actor, seen=forward.version)


def _huangshan_offices() -> list[Office]:
    names = ["黄山云谷旅游职业学校", "黄山青禾茶业有限公司", "黄山市职业技能鉴定中心", "黄山市人力资源和社会保障局"]
    names += [f"{county}人力资源和社会保障局" for county in HUANGSHAN]
    return list(Office.select().where(Office.name.in_(names)))
