"""What a registration demands of its reviewers, and what follows from their decisions."""

from datetime import date

import pytest

from portal.actions import registration_files, registrations
from portal.actions.registration_copy import awaits_stamp, has_valid_stamp
from portal.actions.undoing import undo_decision
from portal.models import Case, Event, Filing, Registration, Step
from portal.rules.errors import Invalid, NotAllowed, Stale
from tests.actions.registering import NoFiles, fake_kept, scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-10 10:00")


def registration_of(case) -> Registration:
    return Registration.get_by_id(case.id)


@pytest.mark.requirement("R3.41")
def test_the_unit_confirms_each_person():
    s = scene()
    case = s.submitted()
    with pytest.raises(Invalid) as refusal:
        s.decide(case, "pass", "U", confirmed=False)
    assert refusal.value.field == "confirmed"
    assert Case.get_by_id(case.id).position == 0
    case = s.decide(case, "pass", "U", confirmed=True)
    assert registration_of(case).confirmed_by_unit["by"] == s.reviewers["U"].name


def test_undoing_takes_the_confirmation_back():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    undo_decision(case, actor=s.reviewers["U"], seen=case.version)
    assert registration_of(case).confirmed_by_unit is None


@pytest.mark.requirement("R3.36")
def test_nothing_goes_up_without_the_stamped_form():
    s = scene(plan={"require_stamped_form": True})
    case = s.submitted()
    with pytest.raises(Invalid) as refusal:
        s.decide(case, "pass", "U")
    assert refusal.value.field == "stamped_form"
    registration_files.take_form_version(registration_of(case), actor=s.actor)
    registration_files.attach_stamped_form(case, actor=s.reviewers["U"], kept=fake_kept("盖章申报表.pdf"))
    assert has_valid_stamp(registration_of(case))
    assert s.decide(case, "pass", "U").position == 1


@pytest.mark.requirement("R3.37", "R0.17")
def test_a_recorded_exception_lets_the_review_proceed_and_the_mark_stays():
    s = scene(plan={"require_stamped_form": True})
    case = s.submitted()
    told = {"reason": "疫情防控隔离", "reported_to": "示例负责人", "on": date(2022, 12, 9), "until": date(2022, 12, 20)}
    for missing in told:
        with pytest.raises(Invalid) as refusal:
            registration_files.record_stamp_exception(
                case, actor=s.reviewers["U"], seen=case.version, **{**told, missing: "" if missing[0] == "r" else None}
            )
        assert refusal.value.field == missing
    with pytest.raises(NotAllowed):
        registration_files.record_stamp_exception(case, actor=s.reviewers["P"], seen=case.version, **told)
    registration_files.record_stamp_exception(case, actor=s.reviewers["U"], seen=case.version, **told)
    assert registration_of(case).stamp_exception["reported_to"] == "示例负责人"
    assert Event.get(Event.action == "stamp_exception").note == "疫情防控隔离"
    for seat in "UCP":
        case = s.decide(case, "pass", seat)
        assert awaits_stamp(registration_of(case)), seat
    assert case.state == "approved"
    registration_files.take_form_version(registration_of(case), actor=s.actor)
    registration_files.attach_stamped_form(case, actor=s.actor, kept=fake_kept("盖章申报表.pdf"))
    assert not awaits_stamp(registration_of(case))


def test_an_exception_that_has_run_out_holds_the_unit_up(at):
    s = scene(plan={"require_stamped_form": True})
    case = s.submitted()
    registration_files.record_stamp_exception(
        case, actor=s.reviewers["U"], seen=case.version, reason="住院治疗", reported_to="示例负责人",
        on=date(2022, 12, 9), until=date(2022, 12, 11),
    )  # fmt: skip
    at("2022-12-12 09:00")
    with pytest.raises(Invalid, match="已过"):
        s.decide(case, "pass", "U")
    at("2022-12-11 23:00")
    assert s.decide(case, "pass", "U").position == 1


def test_a_changed_content_makes_the_stamp_worthless():
    s = scene(plan={"require_stamped_form": True})
    case = s.filled()
    with pytest.raises(Invalid, match="先打印"):
        registration_files.attach_stamped_form(case, actor=s.actor, kept=fake_kept())
    assert registration_files.take_form_version(registration_of(case), actor=s.actor)[0] == 1
    assert registration_files.take_form_version(registration_of(case), actor=s.actor)[0] == 1
    registration_files.attach_stamped_form(case, actor=s.actor, kept=fake_kept())
    assert has_valid_stamp(registration_of(case))
    from portal.actions.people import save_profile

    save_profile(s.person, actor=s.actor, values={"position": "技术总监"})
    assert not has_valid_stamp(registration_of(case))
    with pytest.raises(Invalid, match="重新打印"):
        registration_files.attach_stamped_form(case, actor=s.actor, kept=fake_kept())
    case = Case.get_by_id(case.id)
    case = registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    with pytest.raises(Invalid):
        s.decide(case, "pass", "U")
    assert registration_files.take_form_version(registration_of(case), actor=s.actor)[0] == 2
    registration_files.attach_stamped_form(case, actor=s.actor, kept=fake_kept())
    assert s.decide(case, "pass", "U").position == 1
    with pytest.raises(Stale):
        registration_files.attach_stamped_form(case, actor=s.actor, kept=fake_kept())


def old_person(grade: str = "senior"):
    """A man of 66: over the age that holds 原则上."""
    from portal.rules import invented

    numbers = (invented.make_person(n, seed="old") for n in range(3000))
    sample = next(p for p in numbers if p.sex == "男")
    birth = date(1956, 6, 1)
    number = sample.id_number[:6] + f"{birth:%Y%m%d}" + sample.id_number[14:17]
    from portal.rules.identity import check_character

    return {"id_number": number + check_character(number), "birth": birth, "sex": "男"}


@pytest.mark.requirement("R3.19")
def test_the_age_is_waived_by_the_deciding_level_with_a_reason():
    s = scene(**old_person())
    case = s.submitted()
    result = next(row for row in registration_of(case).results if row["key"] == "age")
    assert result["outcome"] == "not_met" and result["waivable"]
    case = s.decide(s.decide(case, "pass", "U"), "pass", "C")
    for waivers in ({}, {"age": "  "}):
        with pytest.raises(Invalid) as refusal:
            s.decide(case, "pass", "P", waivers=waivers)
        assert refusal.value.field == "waivers"
    assert Case.get_by_id(case.id).state == "under_review"
    case = s.decide(case, "pass", "P", waivers={"age": "行业紧缺，身体状况良好"})
    assert case.state == "approved"
    waiver = registration_of(case).waivers[0]
    assert (waiver["key"], waiver["reason"]) == ("age", "行业紧缺，身体状况良好")
    event = Event.select().where(Event.case == case.id, Event.action == "pass").order_by(Event.id.desc()).first()
    assert event.data["waivers"] == {"age": "行业紧缺，身体状况良好"}
    # Printed: the form carries the waiver with its reason.
    from portal.papers.registration import compose_form

    form = compose_form(registration_of(case), 1, "a" * 64, NoFiles())
    assert "行业紧缺，身体状况良好" in form.note


@pytest.mark.requirement("R3.23")
def test_the_filing_is_looked_at_again_before_the_approval():
    s = scene()
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    Filing.update(state="rejected").where(Filing.organisation == s.organisation).execute()
    with pytest.raises(NotAllowed) as refusal:
        s.decide(case, "pass", "P")
    assert "未通过备案" in refusal.value.message and s.organisation.name in refusal.value.message
    Filing.update(state="filed").where(Filing.organisation == s.organisation).execute()
    assert s.decide(case, "pass", "P").state == "approved"


def test_a_rejection_frees_the_place_and_its_undo_takes_it_again():
    s = scene()
    case = s.decide(s.submitted(), "reject", "U", note="不符合")
    assert registration_of(case).live_key is None
    undo_decision(case, actor=s.reviewers["U"], seen=case.version)
    assert registration_of(case).live_key == f"{s.plan.id}:{s.person.id}"
    case = s.decide(Case.get_by_id(case.id), "reject", "U", note="不符合")
    s.open()
    with pytest.raises(NotAllowed, match="重新报名"):
        undo_decision(case, actor=s.reviewers["U"], seen=case.version)


def test_an_approved_registration_keeps_the_place():
    s = scene()
    case = s.submitted()
    for seat in "UCP":
        case = s.decide(case, "pass", seat)
    assert registration_of(case).live_key
    with pytest.raises(NotAllowed):
        s.open()
    assert Step.select().where(Step.case == case.id, Step.outcome == "pass").count() == 3
