"""Supervision records and cases against organisations: territory, fields, closing, grounds and outcomes."""

from datetime import date

import pytest

from portal.actions import organisation_cases, supervisions
from portal.models import Event, Message, OrganisationCase, Supervision
from portal.models.supervisions import Filters, campaigns_of, supervised_by, supervisions_for, violations_for
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.supervision import GROUND_LABELS, Ground, Outcome
from portal.rules.workflow import SYSTEM, Seat
from tests import make
from tests.make_supervision import FINDINGS, make_case, make_supervision, make_territory


@pytest.fixture
def t(db, at):
    at("2023-03-10 10:00")
    return make_territory()



@pytest.mark.requirement("R7.16")
def test_the_county_files_a_record_about_its_own_organisation(t):
    """And about no other: not the next county's, not the city's own, not another city's or province's."""
    row = make_supervision(t.in_county, t.county)
    assert Supervision.get().office_id == t.county.office and row.findings == FINDINGS["findings"]
    assert [each.id for each in supervisions_for(t.county)] == [row.id]
    for other in (t.in_next_county, t.in_city, t.elsewhere, t.provincial, t.abroad):
        with pytest.raises(NotAllowed, match="本辖区"):
            make_supervision(other, t.county)
    assert Supervision.select().count() == 1
    (said,) = Message.select().where(Message.user == t.unit.user)
    assert t.county.office_name in said.text and said.link == f"/unit/supervision/{row.id}"


def test_every_body_has_its_territory(t):
    reach = {
        "county": {t.in_county}, "centre": {t.in_county, t.in_next_county, t.in_city},
        "bureau": {t.in_county, t.in_next_county, t.in_city},
        "province": {t.in_county, t.in_next_county, t.in_city, t.elsewhere, t.provincial},
        "department": {t.in_county, t.in_next_county, t.in_city, t.elsewhere, t.provincial},
    }  # fmt: skip
    for name, expected in reach.items():
        actor = getattr(t, name)
        assert set(supervised_by(actor)) == expected, name
        for organisation in (t.in_county, t.in_next_county, t.in_city, t.elsewhere, t.provincial, t.abroad):
            if organisation in expected:
                make_supervision(organisation, actor)
            else:
                with pytest.raises(NotAllowed):
                    make_supervision(organisation, actor)
    for actor in (t.unit, SYSTEM, make.actor_of(make.make_grant(Seat.TECHNICIAN))):
        assert not supervised_by(actor).exists()
        with pytest.raises(NotAllowed):
            make_supervision(t.in_county, actor)


def test_who_reads_a_record(t):
    row = make_supervision(t.in_county, t.county)
    for reader in (t.unit, t.county, t.centre, t.bureau, t.province, t.department):
        assert supervisions_for(reader).where(Supervision.id == row.id).exists(), reader
    for reader in (t.next_county, t.other_city, t.other_unit, t.abroad_centre):
        assert not supervisions_for(reader).exists(), reader


@pytest.mark.requirement("R7.22")
def test_the_campaign_is_a_filter(t):
    """Two of three records carry the tag: the filter lists the two."""
    tag = "技能人才评价质量提升年"
    first = make_supervision(t.in_county, t.county, campaign=tag)
    make_supervision(t.in_county, t.county, campaign="")
    third = make_supervision(t.in_city, t.bureau, campaign=tag)
    assert {row.id for row in supervisions_for(t.province, Filters(campaign=tag))} == {first.id, third.id}
    assert supervisions_for(t.province).count() == 3
    make_supervision(t.in_city, t.bureau, campaign="双随机")
    assert campaigns_of("sichuan") == [tag, "双随机"] and campaigns_of("anhui") == [tag]


def test_the_other_filters(t):
    old = make_supervision(t.in_county, t.county, held_on=date(2023, 2, 1))
    new = make_supervision(t.in_city, t.bureau, held_on=date(2023, 3, 1))
    supervisions.close_supervision(old, actor=t.county, note="已整改", seen=old.version)
    for filters, wanted in (
        (Filters(organisation=t.in_city.name[:4]), {new.id}), (Filters(state="open"), {new.id}),
        (Filters(state="closed"), {old.id}), (Filters(since=date(2023, 2, 2)), {new.id}),
        (Filters(since=date(2023, 2, 1), until=date(2023, 2, 1)), {old.id}),
        (Filters(until=date(2023, 1, 31)), set()),
    ):  # fmt: skip
        assert {row.id for row in supervisions_for(t.province, filters)} == wanted, filters


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("held_on", {"held_on": None}), ("held_on", {"held_on": date(2023, 3, 11)}),
        ("inspectors", {"inspectors": " "}),
        ("subject", {"subject": ""}), ("findings", {"findings": ""}), ("answer_by", {"answer_by": date(2023, 3, 7)}),
        ("demands", {"demands": "", "answer_by": date(2023, 3, 20)}),
    ],
)  # fmt: skip
def test_what_a_record_needs(t, field, changes):
    with pytest.raises(Invalid) as refused:
        make_supervision(t.in_county, t.county, **{"held_on": date(2023, 3, 8), **changes})
    assert refused.value.field == field and not Supervision.select().exists()


def test_the_day_of_the_check_itself_is_early_enough(t):
    row = make_supervision(t.in_county, t.county, held_on=date(2023, 3, 10), answer_by=date(2023, 3, 10))
    assert row.answer_by == row.held_on


def test_it_is_corrected_and_closed_by_its_own_office_only(t):
    row = make_supervision(t.in_county, t.county)
    for actor in (t.bureau, t.province, t.unit, t.next_county):
        with pytest.raises(NotAllowed):
            supervisions.update_supervision(row, actor=actor, values=FINDINGS, seen=row.version)
        with pytest.raises(NotAllowed):
            supervisions.close_supervision(row, actor=actor, note="好", seen=row.version)
    with pytest.raises(Stale):
        supervisions.update_supervision(row, actor=t.county, values=FINDINGS, seen=row.version + 1)
    same = supervisions.update_supervision(row, actor=t.county, values=FINDINGS, seen=row.version)
    assert same.version == row.version
    after = supervisions.update_supervision(
        row, actor=t.county, values={**FINDINGS, "subject": "题库管理"}, seen=row.version
    )
    event = Event.select().order_by(Event.id.desc()).first()
    assert event.data["changes"] == {"subject": [FINDINGS["subject"], "题库管理"]}
    with pytest.raises(Invalid):
        supervisions.close_supervision(after, actor=t.county, note=" ", seen=after.version)
    closed = supervisions.close_supervision(after, actor=t.county, note="已整改", seen=after.version)
    assert closed.closed_at is not None and closed.closing_note == "已整改"
    for verb in (
        lambda: supervisions.close_supervision(closed, actor=t.county, note="又", seen=closed.version),
        lambda: supervisions.update_supervision(closed, actor=t.county, values=FINDINGS, seen=closed.version),
    ):
        with pytest.raises(Stale):
            verb()


class TestCases:
    @pytest.mark.requirement("R7.11")
    def test_the_grounds_are_exactly_those_of_the_notice_and_other(self, t):
        assert list(GROUND_LABELS.values()) == ["提供虚假材料", "违规失信", "恶意竞争", "管理失序", "其他"]
        assert list(GROUND_LABELS) == list(Ground)
        for ground in Ground:
            assert make_case(t.in_city, t.bureau, ground=ground, ground_text="转包评价业务").ground == ground
        for ground in ("", "fraud", "其他"):
            with pytest.raises(Invalid) as refused:
                make_case(t.in_city, t.bureau, ground=ground)
            assert refused.value.field == "ground"
        with pytest.raises(Invalid) as refused:
            make_case(t.in_city, t.bureau, ground=Ground.OTHER, ground_text=" ")
        assert refused.value.field == "ground_text"

    def test_opened_by_the_bureau_in_its_city_and_by_the_province(self, t):
        for actor in (t.bureau, t.province, t.department):
            make_case(t.in_county, actor)
        make_case(t.elsewhere, t.province)
        for organisation, actor in (
            (t.in_county, t.county), (t.in_county, t.centre), (t.in_county, t.unit), (t.elsewhere, t.bureau),
            (t.provincial, t.bureau), (t.abroad, t.province), (t.in_county, SYSTEM),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                make_case(organisation, actor)
        with pytest.raises(Invalid) as refused:
            make_case(t.in_county, t.bureau, facts="")
        assert refused.value.field == "facts"

    def test_from_a_record_of_the_same_organisation(self, t):
        row = make_supervision(t.in_county, t.county)
        assert make_case(t.in_county, t.bureau, supervision=row).supervision_id == row.id
        with pytest.raises(Invalid):
            make_case(t.in_city, t.bureau, supervision=row)

    @pytest.mark.parametrize("outcome", list(Outcome))
    def test_each_outcome_reaches_the_organisation(self, t, outcome):
        case = make_case(t.in_county, t.bureau)
        day = date(2023, 3, 31) if outcome == Outcome.RECTIFICATION else None
        done = organisation_cases.decide_case(
            case, actor=t.bureau, outcome=outcome, basis="003 三", reason="事实清楚", rectify_by=day, seen=case.version
        )
        assert (done.outcome, done.rectify_by) == (outcome, day) and done.decided_at is not None
        assert violations_for(t.unit).get().outcome_text == "事实清楚"
        said = Message.select().where(Message.user == t.unit.user).order_by(Message.id.desc()).first()
        word = {"warning": "警告", "rectification": "限期整改，请于2023-03-31前", "dismissed": "不成立"}[outcome]
        assert word in said.text and said.link == f"/unit/violations/{case.id}"
        with pytest.raises(Stale):
            organisation_cases.decide_case(
                done, actor=t.bureau, outcome=outcome, basis="x", reason="x", rectify_by=day, seen=done.version
            )

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("outcome", {"outcome": ""}), ("outcome", {"outcome": "suspension"}), ("basis", {"basis": " "}),
            ("reason", {"reason": ""}), ("rectify_by", {"outcome": "rectification"}),
            ("rectify_by", {"outcome": "rectification", "rectify_by": date(2023, 3, 9)}),
        ],
    )  # fmt: skip
    def test_what_a_decision_needs(self, t, field, changes):
        case = make_case(t.in_county, t.bureau)
        values = {"outcome": "warning", "basis": "003 三", "reason": "事实清楚", "seen": case.version, **changes}
        with pytest.raises(Invalid) as refused:
            organisation_cases.decide_case(case, actor=t.bureau, **values)
        assert refused.value.field == field and OrganisationCase.get().decided_at is None

    def test_only_the_office_that_opened_it_decides(self, t):
        case = make_case(t.in_county, t.bureau)
        for actor in (t.province, t.department, t.county, t.centre, t.unit):
            with pytest.raises(NotAllowed):
                organisation_cases.decide_case(
                    case, actor=actor, outcome="warning", basis="x", reason="x", seen=case.version
                )
        with pytest.raises(Stale):
            organisation_cases.decide_case(
                case, actor=t.bureau, outcome="warning", basis="x", reason="x", seen=case.version + 1
            )
        assert OrganisationCase.get().decided_at is None

    def test_today_is_the_first_day_for_rectification(self, t):
        case = make_case(t.in_county, t.bureau)
        done = organisation_cases.decide_case(
            case, actor=t.bureau, outcome="rectification", basis="x", reason="x", rectify_by=date(2023, 3, 10),
            seen=case.version,
        )  # fmt: skip
        assert done.rectify_by == date(2023, 3, 10)

    def test_filters_and_readers(self, t):
        one = make_case(t.in_county, t.bureau, ground=Ground.DISORDER)
        two = make_case(t.elsewhere, t.province)
        organisation_cases.decide_case(
            one, actor=t.bureau, outcome="dismissed", basis="", reason="查无实据", seen=one.version
        )
        for filters, wanted in (
            (Filters(ground=Ground.DISORDER), {one.id}), (Filters(state="open"), {two.id}),
            (Filters(state="closed"), {one.id}), (Filters(organisation=t.elsewhere.name), {two.id}),
            (Filters(since=date(2023, 3, 10), until=date(2023, 3, 10)), {one.id, two.id}),
            (Filters(until=date(2023, 3, 9)), set()),
        ):  # fmt: skip
            assert {row.id for row in violations_for(t.province, filters)} == wanted, filters
        for reader in (t.county, t.centre, t.unit):
            assert {row.id for row in violations_for(reader)} == {one.id}
        assert not violations_for(t.next_county).exists() and not violations_for(t.abroad_centre).exists()
