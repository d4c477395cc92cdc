"""Factories of supervision: a territory of bodies and organisations, records, and cases against organisations."""

from datetime import date
from types import SimpleNamespace

from portal.actions.organisation_cases import open_case
from portal.actions.supervisions import record_supervision
from portal.models import Organisation, OrganisationCase, Supervision
from portal.rules.supervision import Ground
from portal.rules.workflow import Actor, Seat
from tests import make

FINDINGS = {
    "held_on": date(2023, 3, 8), "inspectors": "刘示例、陈示例", "subject": "考评现场管理", "campaign": "",
    "findings": "考场监控缺少一个机位，考评记录完整。", "demands": "补齐监控机位。", "answer_by": None,
}  # fmt: skip


def make_territory() -> SimpleNamespace:
    """A city with two counties, another city, the province and another province: organisations and their bodies."""
    city = make.make_region("成都市")
    county = make.make_region("锦江区", level="county", parent=city)
    next_county = make.make_region("武侯区", level="county", parent=city)

    def body(seat: Seat, level: str, kind: str, region, province: str = make.SICHUAN, name: str | None = None) -> Actor:
        office = make.make_office(level=level, body=kind, region=region, province=province, name=name)
        return make.actor_of(make.make_grant(seat, office))

    found = SimpleNamespace(
        in_county=make.make_organisation("锦江云帆技能评价有限公司", region=county),
        in_next_county=make.make_organisation("武侯云帆技能评价有限公司", region=next_county),
        in_city=make.make_organisation("蓉城云帆技能评价有限公司", region=city),
        elsewhere=make.make_organisation("绵州云帆技能评价有限公司", region="绵阳市"),
        provincial=make.make_organisation("全川云帆技能评价协会", region="省属", unit_kind="province"),
        abroad=make.make_organisation("庐州云帆技能评价有限公司", region="合肥市", province=make.ANHUI),
    )
    found.county = body(Seat.COUNTY, "county", "department", county)
    found.next_county = body(Seat.COUNTY, "county", "department", next_county)
    found.centre = body(Seat.CITY_CENTRE, "city", "centre", city)
    found.bureau = body(Seat.CITY_BUREAU, "city", "department", city)
    found.other_city = body(Seat.CITY_BUREAU, "city", "department", make.make_region("绵阳市"))
    found.province = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    found.department = body(Seat.DEPARTMENT, "province", "department", None)
    found.abroad_centre = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    found.unit = make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=found.in_county)))
    found.other_unit = make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=found.in_city)))
    return found


def make_supervision(organisation: Organisation, actor: Actor, **changes) -> Supervision:
    """A record, written through the verb."""
    return record_supervision(organisation, actor=actor, values={**FINDINGS, **changes})


def make_case(organisation: Organisation, actor: Actor, **changes) -> OrganisationCase:
    """A case against an organisation, opened through the verb."""
    values = {"ground": Ground.FALSE_MATERIAL, "facts": "考评记录与现场不符。", **changes}
    return open_case(organisation, actor=actor, **values)
