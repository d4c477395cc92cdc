"""The trail of a registration: complete and in order for those entitled, not there for everybody else."""

import re

import pytest

from portal.models import Event


@pytest.mark.requirement("R12.02")
def test_the_trail_shows_every_level_in_order(ground):
    """Applicant, unit, city and province in this order on the record's page; outsiders do not even find the page."""
    world = ground.world
    case, person = world.cases["chengdu"]["approved"].id, world.people["chengdu"]["approved"]
    entitled = {
        "applicant:chengdu:approved": f"/applicant/registrations/{case}", "unit:chengdu": f"/unit/cases/{case}",
        "city:chengdu": f"/city/cases/{case}", "province:sichuan": f"/province/cases/{case}",
    }  # fmt: skip
    reviewers = ["unit:chengdu", "city:chengdu", "province:sichuan"]
    decisions = Event.select().where(Event.case == case, Event.action == "pass").order_by(Event.id)
    bodies = [event.body for event in decisions]
    for role, url in entitled.items():
        # The applicant reads which body it was, the reviewers also which colleague.
        # (R0.24: a centre decides in the name of its department)
        names = bodies if role.startswith("applicant") else [world.grants[role].user.name for role in reviewers]
        names = ["提交报名", *names]
        text = ground.visit(role, "GET", url).text
        timeline = re.search(r'class="timeline".*?<ol>(.*?)</ol>', text, re.S).group(1)
        places = [timeline.find(name) for name in names]
        assert -1 not in places, f"{role}: {dict(zip(names, places, strict=True))}"
        assert places == sorted(places) or places == sorted(places, reverse=True), f"{role}: not in order {places}"
    outsiders = {
        "applicant:chengdu:at_unit": f"/applicant/registrations/{case}", "unit:chengdu2": f"/unit/cases/{case}",
        "unit:mianyang": f"/unit/cases/{case}", "city:mianyang": f"/city/cases/{case}",
        "province:anhui": f"/province/cases/{case}", "department:sichuan": f"/province/cases/{case}",
    }  # fmt: skip
    for role, url in outsiders.items():
        answer = ground.visit(role, "GET", url)
        assert answer.status == 404 and person.name not in answer.text, f"{role}: {answer.status}"
