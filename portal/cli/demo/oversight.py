"""What goes wrong in the demonstration: supervision records, a case against a unit, a bulletin, and a statement."""

from datetime import datetime, time, timedelta

from portal import clock
from portal.actions import bulletins, notices, organisation_cases, statements, supervisions
from portal.cli.demo import pictures
from portal.cli.demo.lives import Fate
from portal.cli.demo.tale import Days, Life, Tale
from portal.cli.demo.world import World
from portal.models import Bar, Case, Notice, Strike
from portal.models.statements import Decided
from portal.rules.sanctions import BarKind
from portal.rules.supervision import CAMPAIGNS, Ground, Outcome


def begin(world: World, days: Days, tale: Tale, known: dict[str, Fate]) -> None:
    """Let all of this happen, each on its day."""
    def at(offset: int, hour: int) -> datetime:
        return datetime.combine(days.day(offset), time(hour, 10))

    tale.begin(at(-20, 10), _inspect_school(world, days))
    tale.begin(at(-16, 14), _inspect_in_county(world, days))
    tale.begin(at(-9, 10), _make_known(world))
    tale.begin(at(-3, 20), _object(world, known))


def _inspect_school(world: World, days: Days) -> Life:
    """The city's bureau finds something, opens a case from it, and one about another unit was decided before."""
    bureau, campaign = world.staff["cd-bureau"], CAMPAIGNS[0]
    school = world.organisations["成都望江职业技术学校"]
    record = supervisions.record_supervision(school, actor=bureau, values={
        "held_on": clock.today(), "inspectors": "市人社局评价监督组（2人）", "campaign": campaign,
        "subject": "技能人才评价质量提升年专项检查", "answer_by": days.day(6),
        "findings": "抽查三个批次的考评记录，其中一个批次的评分表有两处缺少考评人员签名；设备安全操作规程没有上墙。",
        "demands": "补充说明签名缺失的原因，完善考评记录审核制度，将设备安全操作规程上墙，并提交整改报告。",
    })  # fmt: skip
    yield clock.now() + timedelta(days=3)
    organisation_cases.open_case(
        school, actor=bureau, ground=Ground.DISORDER, supervision=record,
        facts="检查中发现一个批次的评分表缺少考评人员签名，考评记录未经复核即归档，内部管理失序。",
    )  # fmt: skip
    plant = world.organisations["成都云帆技能评价有限公司"]
    case = organisation_cases.open_case(
        plant, actor=bureau, ground=Ground.MALICIOUS_COMPETITION,
        facts="接到举报：以“包过”名义宣传招揽考生。经核查，宣传单由合作培训机构自行印制。",
    )
    yield clock.now() + timedelta(days=5)
    organisation_cases.decide_case(
        case, actor=bureau, outcome=Outcome.WARNING, basis="成都市技能人才评价机构监督管理办法（演示）第十二条",
        reason="对合作机构的宣传管理不严，已责令收回宣传单并公开更正，予以警告。", seen=case.version,
    )  # fmt: skip


def _inspect_in_county(world: World, days: Days) -> Life:
    """A county's record about a school of its territory, closed after the answer."""
    county, school = world.staff["hs-county"], world.organisations["黄山云谷旅游职业学校"]
    if not supervisions.supervised_by(county).where(supervisions.Organisation.id == school.id).exists():
        county = world.staff["hs-centre"]
    record = supervisions.record_supervision(school, actor=county, values={
        "held_on": clock.today(), "inspectors": "评价监管股（2人）", "campaign": CAMPAIGNS[0],
        "answer_by": days.day(-8),
        "subject": "考评场地和设备检查", "findings": "茶艺师考场消防通道堆放杂物，其余场地和设备符合要求。",
        "demands": "立即清理消防通道，并书面答复。",
    })  # fmt: skip
    yield clock.now() + timedelta(days=6)
    supervisions.close_supervision(record, actor=county, note="已现场复查，消防通道畅通。", seen=record.version)


def _make_known(world: World) -> Life:
    """Who has left two cards in a row lying is barred for good, and the province says so in a bulletin."""
    centre = world.staff["sc-centre"]
    bar = Bar.get_or_none(Bar.kind == BarKind.UNCLAIMED, Bar.province == centre.province)
    if bar is None:
        return
    draft = bulletins.write_bulletin(bar, actor=centre)
    yield clock.now() + timedelta(hours=2)
    draft = Notice.get_by_id(draft.id)
    year = clock.today().year
    values = {"number": f"川人社职鉴〔{year}〕38号", "signed_on": clock.today(), "is_public": False}
    draft = notices.update_notice(draft, values=values, actor=centre, seen=draft.version)
    notices.publish_notice(draft, actor=centre, seen=draft.version)


def _object(world: World, known: dict[str, Fate]) -> Life:
    """Somebody who is said to have stayed away without reason explains it; the province has to answer."""
    applicant = known["struck-sichuan"].found["applicant"]
    strike = Strike.get_or_none(Strike.person == applicant.person.id)
    if strike is None:
        return
    told = (
        f"兹证明{applicant.sample.name}于考核当日在单位参加防汛值守，未能参加统一考核。",
        "因通讯中断，未能事先请假。特此证明。",
    )
    sheet = pictures.draw_proof("情况说明", told, stamp=applicant.unit.name, day=f"{clock.today():%Y年%-m月%-d日}")
    kept = world.store.keep_issued(pictures.as_jpeg(sheet), "单位情况说明.jpg", kind="jpeg")
    case = statements.open_statement(
        Decided(strike=strike), actor=applicant.actor, contact=applicant.sample.phone, kept=[kept],
        text="考核当日本人在单位参加防汛值守，现场通讯中断，无法事先请假，附单位情况说明。请撤销无故缺勤的认定。",
    )  # fmt: skip
    yield clock.now() + timedelta(minutes=12)
    case = Case.get_by_id(case.id)
    statements.submit_statement(case, actor=applicant.actor, seen=case.version)
