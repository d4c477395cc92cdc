"""Who may see a case: find_visible() and visible_to() say the same for every seat, office and state."""

from dataclasses import replace
from itertools import product

import pytest

from portal.models import Case, Grant
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def test_one_case_is_visible_to_exactly_those_whose_list_holds_it():
    one, two = scene(region="成都市"), scene(region="绵阳市")
    at_unit, at_city = one.submitted(), two.decide(two.submitted(), "pass", "U")
    done = scene(region="成都市")
    rejected = done.decide(done.submitted(), "reject", "U", note="不符合条件")
    cases = [at_unit, at_city, rejected]
    actors = [actor for s in (one, two, done) for actor in (*s.reviewers.values(), s.actor)]
    actors += [replace(actors[0], office=None), replace(one.actor, person=None)]
    actors += [make.actor_of(make.make_grant(Seat.TECHNICIAN))]

    def answers() -> list[bool]:
        found = []
        for case, actor in product(cases, actors):
            listed = Case.visible_to(actor).where(Case.id == case.id).exists()
            assert (Case.find_visible(case.id, actor) == case) == listed, (case.state, actor.seat)
            found.append(listed)
        return found

    assert {True, False} == set(answers())
    # An office that loses its last account becomes one whose decisions others may record.
    before = answers()
    Grant.update(ends_on="2022-12-11").where(Grant.office == at_unit.office_id).execute()
    assert answers() != before
    assert Case.find_visible(0, actors[0]) is None
