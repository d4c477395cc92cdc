"""A returned registration: only the returned items change, it starts anew, and files keep their versions."""

from datetime import date

import pytest

from portal.actions import people, people_evidence, registration_files, registrations
from portal.models import (
    Case,
    Correction,
    Event,
    FileVersion,
    HeldQualification,
    Reason,
    Registration,
    Step,
    Submission,
)
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.submission import changes, items
from tests import make
from tests.actions.registering import SENIOR, fake_kept, scene


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-10 10:00")


def first_held(s) -> HeldQualification:
    mine = HeldQualification.select().where(HeldQualification.person == s.person.id)
    return mine.order_by(HeldQualification.id).get()


def returned(s, *keys, seat="U"):
    case = s.submitted()
    held = first_held(s)
    wanted = [key.replace("qualification", f"qualification.{held.id}") for key in keys]
    for before in "UCP"[: "UCP".index(seat)]:
        case = s.decide(case, "pass", before)
    told = tuple({"key": key, "label": key, "note": ""} for key in wanted)
    return s.decide(case, "return", seat, items=told, note="请补正"), held


def changed_keys(case) -> set[str]:
    old, new = Submission.select().where(Submission.case == case.id).order_by(Submission.number.desc()).limit(2)[::-1]
    return {change.key for change in changes(items(old.data, old.files), items(new.data, new.files))}


def resubmit(s, case):
    case = Case.get_by_id(case.id)
    return registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)


def test_only_returned_items_can_be_changed():
    s = scene()
    case, held = returned(s, "registration.occupation")
    other = make.make_occupation("4-07-03-04", "企业人力资源管理师")
    for values in ({"health": False}, {"declarations": []}, {"reviewer": None}, {"work": []}, {"employer": "别处"}):
        with pytest.raises(NotAllowed, match="补正|初审单位"):
            registrations.save_registration(
                case, actor=s.actor, values={"occupation": other.id, **values}, seen=case.version
            )
    assert Registration.get_by_id(case.id).occupation_id != other.id
    with pytest.raises(NotAllowed):
        registration_files.attach_file(case, actor=s.actor, slot=f"qualification.{held.id}.scan", kept=fake_kept())
    with pytest.raises(NotAllowed):
        registrations.correct_person(case, actor=s.actor, values={"phone": "19900008888"}, seen=case.version)
    case = registrations.save_registration(case, actor=s.actor, values={"occupation": other.id}, seen=case.version)
    assert Registration.get_by_id(case.id).occupation_id == other.id


def test_edits_elsewhere_do_not_slip_in():
    s = scene()
    case, held = returned(s, "person.phone")
    people.save_profile(s.person, actor=s.actor, values={"position": "别的职务", "phone": "19900007777"})
    people_evidence.save_qualification(
        s.person, actor=s.actor, qualification=held, values={**SENIOR, "number": "GEFAELSCHT"}
    )
    people_evidence.attach_scan(
        s.person, slot=f"qualification.{held.id}.scan", kept=fake_kept(), actor=s.actor, replace=True
    )
    case = resubmit(s, case)
    assert changed_keys(case) == {"person.phone"}


def test_a_correction_starts_from_the_first_level_with_the_same_chain():
    s = scene()
    case, held = returned(s, "qualification", "qualification.scan", seat="C")
    chain = [(step.seat, step.office_id) for step in Step.select().where(Step.case == case.id).order_by(Step.position)]
    people_evidence.save_qualification(s.person, actor=s.actor, qualification=held, values={**SENIOR, "number": "NEU1"})
    slot = f"qualification.{held.id}.scan"
    registration_files.attach_file(case, actor=s.actor, slot=slot, kept=fake_kept("清晰.jpg"), replace=True)
    with pytest.raises(Stale):
        registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)
    case = resubmit(s, case)
    assert case.position == 0 and case.office_id == s.reviewers["U"].office
    assert [(x.seat, x.office_id) for x in Step.select().where(Step.case == case.id).order_by(Step.position)] == chain
    assert changed_keys(case) == {f"qualification.{held.id}", slot}
    assert Correction.get().answered_at is not None
    assert Registration.get_by_id(case.id).confirmed_by_unit is None
    with pytest.raises(Invalid):
        s.decide(case, "pass", "U", confirmed=False)


@pytest.mark.requirement("R3.05")
def test_an_unclear_scan_is_returned_and_replaced():
    s = scene()
    reason = make.make_reason()
    assert "不清晰" in reason.text and Reason.select().where(Reason.kind == "return").exists()
    case, held = returned(s, "qualification.scan")
    slot = f"qualification.{held.id}.scan"
    before = Submission.get().files[slot]
    new = registration_files.attach_file(case, actor=s.actor, slot=slot, kept=fake_kept("清晰.jpg"), replace=True)
    case = resubmit(s, case)
    assert Submission.get(Submission.number == 2).files[slot] == [new.id] != before
    assert changed_keys(case) == {slot}


def test_reviewers_open_what_was_submitted_and_nothing_of_the_working_copy():
    s = scene(plan={"require_stamped_form": True})
    case, held = returned(s, "qualification.scan")
    slot = f"qualification.{held.id}.scan"
    old = Submission.get().files[slot]
    new = registration_files.attach_file(case, actor=s.actor, slot=slot, kept=fake_kept("清晰.jpg"), replace=True)
    kept = registration_files.files_of_case(case)
    assert set(old) <= kept and new.id not in kept
    registration_files.take_form_version(Registration.get_by_id(case.id), actor=s.actor)
    form = registration_files.attach_stamped_form(Case.get_by_id(case.id), actor=s.actor, kept=fake_kept("申报表.pdf"))
    assert form.id in registration_files.files_of_case(case)
    # The control: what is submitted is opened, beside what it replaced.
    case = resubmit(s, case)
    assert {*old, new.id, form.id} <= registration_files.files_of_case(case)
    draft = scene()
    assert registration_files.files_of_case(draft.filled()) == set()


@pytest.mark.requirement("R12.04")
def test_an_earlier_scan_stays_on_record():
    s = scene()
    case = s.filled()
    held = first_held(s)
    slot = f"qualification.{held.id}.scan"
    first = people_evidence.scans_of(s.person, slot)[0]
    second = registration_files.attach_file(case, actor=s.actor, slot=slot, kept=fake_kept("二.jpg"), replace=True)
    assert (first.version, second.version) == (1, 2)
    assert FileVersion.get_by_id(first.id).path == first.path and first.path != second.path
    assert [row.id for row in people_evidence.scans_of(s.person, slot)] == [second.id]
    assert {first.id, second.id} <= {row.id for row in FileVersion.select().where(FileVersion.slot == slot)}


@pytest.mark.requirement("R3.33")
def test_a_returned_registration_has_its_own_last_day(at):
    s = scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 10)})
    case = s.submitted()
    told = ({"key": "person.phone", "label": "联系电话", "note": "请补齐"},)
    case = s.decide(case, "return", "U", items=told, note="请补齐", due_on=date(2022, 12, 15))
    assert case.state == "returned" and registrations.standing(case).due_on == date(2022, 12, 15)
    case = registrations.correct_person(case, actor=s.actor, values={"phone": "19900006666"}, seen=case.version)
    at("2022-12-16 00:00")
    with pytest.raises(NotAllowed, match="补正期限已过"):
        resubmit(s, case)
    at("2022-12-15 23:59")
    case = resubmit(s, case)
    assert case.state == "under_review"
    assert Submission.get(Submission.number == 2).data["person"]["phone"] == "19900006666"


def test_within_the_window_a_missed_correction_day_does_no_harm(at):
    s = scene(plan={"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 20)})
    case = s.submitted()
    told = ({"key": "person.phone", "label": "联系电话", "note": ""},)
    case = s.decide(case, "return", "U", items=told, note="请补齐", due_on=date(2022, 12, 12))
    at("2022-12-14 10:00")
    assert resubmit(s, case).state == "under_review"


def test_a_slot_of_somebody_else_or_of_nothing_is_refused():
    s, other = scene(), scene()
    case = s.open()
    foreign = people_evidence.save_qualification(other.person, actor=other.actor, values=SENIOR)
    for slot in (f"qualification.{foreign.id}.scan", "qualification.x.scan", "person.other", "work.1", ""):
        with pytest.raises(NotAllowed):
            registration_files.attach_file(case, actor=s.actor, slot=slot, kept=fake_kept())
    theirs = FileVersion.select().where(FileVersion.owner == f"person:{other.person.id}")
    assert not theirs.where(FileVersion.slot.endswith("scan")).exists()


def test_a_submitted_registration_takes_no_more_files():
    s = scene()
    case = s.submitted()
    held = HeldQualification.select().where(HeldQualification.person == s.person.id).get()
    with pytest.raises(Stale):
        registration_files.attach_file(case, actor=s.actor, slot=f"qualification.{held.id}.scan", kept=fake_kept())


def test_a_certificate_and_its_files_are_added_together_or_not_at_all():
    def count() -> list[int]:
        return [table.select().count() for table in (HeldQualification, FileVersion, Event)]

    s = scene()
    stale, kept = s.submitted(), [fake_kept(), fake_kept()]
    before = count()
    with pytest.raises(Stale):
        registration_files.add_qualification(stale, actor=s.actor, values={**SENIOR, "number": "X1"}, kept=kept)
    assert count() == before
    other = scene(region="绵阳市")
    row = registration_files.add_qualification(
        other.open(), actor=other.actor, values={**SENIOR, "number": "X1"}, kept=kept
    )
    assert len(people_evidence.scans_of(other.person, f"qualification.{row.id}.scan")) == 2
