"""The world's strikes and bars: in each province somebody of a unit of their own, so that nobody else is barred."""

from portal import clock
from portal.models import Bar
from tests import make
from tests.make_sanctions import make_registration, make_strike

KINDS = ("bar", "strike", "running", "recorded", "recorded_unit")


def add_sanctions(world) -> None:
    """Two strikes each, which bar where the profile says so, else a bar by hand; and a running registration."""
    for province, region in (("sichuan", "成都市"), ("anhui", "合肥市")):
        unit = make.make_organisation("天府诚信评价有限公司" if province == "sichuan" else None, province=province,
                                      region=region)  # fmt: skip
        person = make.make_person(unit)
        running = make_registration(person, state="approved")
        strikes = [make_strike(person) for _ in range(2)]
        bar = Bar.get_or_none(Bar.person == person) or Bar.create(
            person=person, province=province, kind="strikes", basis="测试", cause={}, starts_at=clock.now(),
            live_key=f"{province}:person:{person.id}:strikes",
        )  # fmt: skip
        rows = {"bar": bar.id, "strike": strikes[0].id, "running": running.case_id, "recorded": person.id}
        world.sanctions[province] = {**rows, "recorded_unit": unit.id}
