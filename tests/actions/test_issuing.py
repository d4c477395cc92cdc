"""Issuing to those who passed: who can have a credential, its number and frozen fields, renewals and corrections."""

from dataclasses import replace

import pytest

from portal.actions import issuing
from portal.actions.sealing import is_sealed
from portal.models import (
    Bar,
    Case,
    Counter,
    Credential,
    Event,
    FileVersion,
    Job,
    Message,
    Occupation,
    Office,
    Registration,
    Submission,
)
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.credential import State
from portal.rules.flows.registration import State as RegistrationState
from portal.rules.workflow import Seat
from tests import make
from tests.make_credentials import issuer_of, make_credential, make_passed

STAMP_LATER = {"reason": "出差", "reported_to": "省中心", "on": "2023-02-01", "until": "2023-04-01", "by": 1}


class Class:
    """A plan of one province with a unit and people who passed."""

    def __init__(self, province: str = make.SICHUAN, *, people: int = 1, grade: str = "senior", **plan):
        region = {"sichuan": "成都市", "anhui": "合肥市"}[province]
        self.unit = make.make_organisation(province=province, region=region)
        self.account = make.make_grant(Seat.UNIT, Office.get(Office.organisation == self.unit))
        self.plan = make.make_plan(province=province, grade=grade, **plan)
        self.passed = [make_passed(self.plan, self.unit) for _ in range(people)]
        self.issuer = issuer_of(province)

    def passed_actor(self):
        return make.applicant(self.passed[0].person)

    def issue(self, registrations=None) -> issuing.Batch:
        return issuing.issue_credentials(self.plan, registrations or self.passed, actor=self.issuer)


def state_of(registration: Registration) -> str:
    return Case.get_by_id(registration.case_id).state


@pytest.fixture(autouse=True)
def _day(at):
    at("2023-03-01 10:00")


@pytest.mark.requirement("R5.14")
def test_those_who_passed_appear_in_the_issue_list_and_nobody_else(db):
    here = Class(people=2)
    for state in RegistrationState:
        if state != RegistrationState.PASSED:
            make_passed(here.plan, here.unit, state=state)
    ready, skipped = issuing.issuable(here.plan)
    assert [row.case_id for row in ready] == [row.case_id for row in here.passed]
    assert skipped == []


@pytest.mark.requirement("R6.31")
def test_twenty_at_once_make_twenty_cards_and_one_message_to_each_unit(db):
    here = Class(people=15)
    other = make.make_organisation()
    account = make.make_grant(Seat.UNIT, Office.get(Office.organisation == other))
    batch = here.issue(here.passed + [make_passed(here.plan, other) for _ in range(5)])
    assert Credential.select().count() == len(batch.credentials) == 20
    for grant, number in ((here.account, 15), (account, 5)):
        (message,) = Message.select().where(Message.user == grant.user_id)
        assert f"等{number}人的证卡已制作" in message.text
    # The day of issue and the day of handing out are two fields: issuing starts neither the release nor its term.
    for card in batch.credentials:
        assert (card.state, card.issued_on.isoformat(), card.released_on, card.claim_due) == (
            State.ISSUED, "2023-03-01", None, None
        )  # fmt: skip


def test_numbers_of_a_batch_are_consecutive_unit_by_unit(db):
    here = Class(people=2)
    other = make.make_organisation()
    mixed = [here.passed[0], make_passed(here.plan, other), here.passed[1]]
    made = here.issue(mixed).credentials
    assert [card.number[-5:] for card in made] == ["00001", "00002", "00003"]
    assert [card.organisation_id for card in made] == [here.unit.id, here.unit.id, other.id]


def test_a_certificate_is_valid_at_once_and_a_card_waits(db):
    (certificate,) = Class(make.ANHUI).issue().credentials
    (card,) = Class(make.SICHUAN).issue().credentials
    assert (certificate.kind, certificate.state) == ("e_certificate", State.VALID)
    assert (card.kind, card.state) == ("card", State.ISSUED)
    assert card.printed["issuer"] == "四川省人力资源和社会保障厅"
    assert (card.valid_to.isoformat(), card.printed["valid_to"]) == ("2026-02-28", "2026年2月28日")


@pytest.mark.requirement("R6.01")
def test_who_passed_in_anhui_has_a_certificate_of_exactly_that_title(db):
    here = Class(make.ANHUI, grade="examiner")
    (certificate,) = here.issue().credentials
    assert certificate.printed["title"] == "安徽省技能人才评价考评员电子证书"
    assert certificate.printed["issuer"] == "安徽省职业技能鉴定中心"
    assert certificate.person_id == here.passed[0].person_id
    assert state_of(here.passed[0]) == RegistrationState.CERTIFIED


@pytest.mark.requirement("R6.06")
def test_a_card_is_valid_for_three_years(db, at):
    card = make_credential()
    assert card.valid_to.isoformat() == "2026-02-28"
    at("2026-02-28 23:59:59")
    assert card.state_now == State.ISSUED
    at("2026-03-01 00:00")
    assert card.state_now == State.EXPIRED


@pytest.mark.requirement("R6.08")
def test_numbers_of_two_years_and_two_grades_all_differ_and_a_void_one_never_returns(db, at):
    numbers = []
    for day in ("2023-12-31 10:00", "2024-01-01 10:00"):
        at(day)
        for grade in ("examiner", "senior"):
            numbers += [card.number for card in Class(people=3, grade=grade).issue().credentials]
    assert len(set(numbers)) == 12
    void = Credential.get(Credential.number == numbers[-1])
    Credential.update(state=State.VOID_UNCLAIMED).where(Credential.id == void.id).execute()
    assert make_credential(grade="senior").number not in numbers
    # Even with its row gone the counter does not step back.
    last = Credential.select().order_by(Credential.id.desc()).first()
    Credential.delete().where(Credential.id == last.id).execute()
    assert make_credential(grade="senior").number not in {*numbers, last.number}


@pytest.mark.requirement("R6.32", "R3.38")
def test_who_still_owes_the_stamped_form_is_skipped_and_named(db):
    here = Class(people=2, require_stamped_form=True)
    late, done = here.passed
    Registration.update(stamp_exception=STAMP_LATER).where(Registration.case == late.case_id).execute()
    _stamp(done)
    ready, skipped = issuing.issuable(here.plan)
    assert [row.case_id for row in ready] == [done.case_id]
    batch = here.issue()
    ((left_out, reason),) = batch.skipped
    assert left_out.case.title == late.case.title and "盖章的申报表" in reason
    assert [card.registration_id for card in batch.credentials] == [done.case_id]
    assert state_of(late) == RegistrationState.PASSED
    with pytest.raises(NotAllowed, match="尚待补交盖章的申报表"):
        issuing.issue_one(late, actor=here.issuer)
    _stamp(Registration.get_by_id(late.case_id))
    assert issuing.issue_one(late, actor=here.issuer).number.endswith("00002")


def _stamp(registration: Registration) -> None:
    from portal.actions.registration_copy import contents_of, hash_printed

    registration.stamped_form = FileVersion.select().first()
    registration.form_version = registration.stamped_version = 1
    registration.form_hash = hash_printed(*contents_of(registration))
    registration.save()


def test_each_reason_to_skip_is_named(db):
    here = Class(people=4)
    unpictured, barred, rare, unchosen = here.passed
    unpictured.person.portrait = None
    unpictured.person.save()
    Bar.create(
        person=barred.person, province="sichuan", kind="strikes", basis="川人社职鉴〔2022〕21号 八（二）",
        starts_at="2023-01-01", live_key="x",
    )  # fmt: skip
    rare.person.name = "王\ue000"  # a private-use character: no font of ours draws it, and another one anything
    rare.person.save()
    Registration.update(occupation=None).where(Registration.case == unchosen.case_id).execute()
    from portal.papers import credentials  # noqa: F401 - hangs the look at the fonts in

    batch = here.issue()
    assert batch.credentials == [] and batch.job is None
    reasons = {row.case_id: reason for row, reason in batch.skipped}
    assert "缺少照片" in reasons[unpictured.case_id]
    assert "暂不能申报" in reasons[barred.case_id]
    assert "U+E000" in reasons[rare.case_id]
    assert "没有申报考评职业" in reasons[unchosen.case_id]
    assert Counter.get_or_none(Counter.name == "credential:sichuan:2023:senior") is None


def test_nobody_is_issued_to_twice(db):
    here = Class()
    here.issue()
    batch = here.issue()
    assert batch.credentials == [] and batch.skipped[0][1] == "已发证。"
    with pytest.raises(NotAllowed, match="已发证"):
        issuing.issue_one(here.passed[0], actor=here.issuer)
    assert Credential.select().count() == 1


def test_a_used_up_series_is_refused_and_nothing_is_half_issued(db, monkeypatch):
    here = Class(people=3)
    real = profile_of("sichuan")
    small = replace(real, credential=replace(real.credential, serial_digits=1))
    monkeypatch.setattr(issuing, "profile_of", lambda province: small)
    Counter.create(name="credential:sichuan:2023:senior", last=7)
    assert issuing.numbers_left("sichuan", "senior") == 2
    with pytest.raises(NotAllowed, match="编号已用完"):
        here.issue()
    assert Credential.select().count() == 0 and Job.select().count() == 0
    assert {state_of(row) for row in here.passed} == {RegistrationState.PASSED}
    assert Counter.get(Counter.name == "credential:sichuan:2023:senior").last == 7
    assert [card.number[-1] for card in here.issue(here.passed[:2]).credentials] == ["8", "9"]


@pytest.mark.parametrize(("province", "other"), [("anhui", Seat.DEPARTMENT), ("sichuan", Seat.PROVINCE_CENTRE)])
def test_only_the_seat_that_the_profile_names_issues(db, province, other):
    here = Class(province)
    office = make.make_office(level="province", body="department", province=province)
    strangers = [make.actor_of(make.make_grant(other, office)), make.actor_of(here.account), here.passed_actor()]
    for actor in [*strangers, replace(here.issuer, province="elsewhere")]:
        with pytest.raises(NotAllowed, match="没有进行这项操作的权限"):
            issuing.issue_credentials(here.plan, here.passed, actor=actor)
        with pytest.raises(NotAllowed):
            issuing.issue_one(here.passed[0], actor=actor)
    assert Credential.select().count() == 0
    assert len(here.issue().credentials) == 1


def test_nobody_issues_to_themselves(db):
    here = Class(people=2)
    own, other = here.passed
    own.person.user = here.issuer.user
    own.person.save()
    batch = here.issue()
    assert [card.registration_id for card in batch.credentials] == [other.case_id]
    assert batch.skipped[0][1].startswith("不能为本人发证")


def test_none_or_too_many_at_once(db, monkeypatch):
    here = Class(people=2)
    with pytest.raises(Invalid):
        issuing.issue_credentials(here.plan, [], actor=here.issuer)
    monkeypatch.setattr(issuing, "MOST_AT_ONCE", 1)
    with pytest.raises(Invalid, match="一次最多发放1人"):
        here.issue()


def test_a_cancelled_plan_issues_nothing(db):
    here = Class()
    here.plan.state = "cancelled"
    here.plan.save()
    with pytest.raises(NotAllowed, match="已取消"):
        here.issue()
    with pytest.raises(NotAllowed, match="已取消"):
        issuing.issue_one(here.passed[0], actor=here.issuer)


def test_a_card_names_the_department_and_exactly_one_occupation(db):
    job = make.make_occupation("4-12-01-01", "汽车维修工", "汽车电器维修工")
    here = Class()
    card = issuing.issue_one(make_passed(here.plan, here.unit, occupation=job), actor=here.issuer)
    assert card.printed["issuer"] == "四川省人力资源和社会保障厅" != profile_of("sichuan").wording.centre
    assert card.printed["occupation"] == card.occupation_name == "汽车维修工（汽车电器维修工）"
    assert card.occupation_id == job.id


def test_the_portrait_is_the_reviewed_one_not_a_later_one(db):
    here = Class()
    registration = here.passed[0]
    reviewed = registration.person.portrait
    Submission.create(
        case=registration.case_id, number=1, data={"person": {}}, files={"person.portrait": [reviewed.id]}, sha256="0",
        at="2023-01-01",
    )  # fmt: skip
    later = FileVersion.create(
        owner="x", slot="person.portrait", version=2, path="later", sha256="1", size=1, mime="image/jpeg", name="x",
        at="2023-02-01",
    )  # fmt: skip
    registration.person.portrait = later
    registration.person.save()
    assert here.issue().credentials[0].portrait_id == reviewed.id


def test_an_imported_credential_with_the_next_number_is_passed_over(db):
    first = make_credential()
    Credential.create(**{**first.__data__, "id": None, "number": "川考评2202300002", "token": "t", "live_key": None,
                         "imported": True})  # fmt: skip
    assert make_credential().number == "川考评2202300003"


def test_what_is_recorded(db):
    here = Class()
    (card,) = here.issue().credentials
    event = Event.get(Event.subject == f"credential:{card.id}")
    assert (event.action, event.user_id, event.data["number"]) == ("issue", here.issuer.user, card.number)
    assert Event.select().where(Event.case == here.passed[0].case_id, Event.action == "certify").count() == 1
    (job,) = Job.select()
    assert job.data["credentials"] == [card.id] and job.kind == issuing.RENDER_JOB


def renewal(old: Credential, **kw) -> Registration:
    """A passed renewal registration of the same person."""
    plan = make.make_plan(province=old.province, grade=old.grade, kind="renewal")
    return make_passed(plan, old.organisation, old.person, occupation=old.occupation, **kw)


def make_valid(card: Credential) -> Credential:
    Credential.update(state=State.VALID).where(Credential.id == card.id).execute()
    return Credential.get_by_id(card.id)


def test_a_renewed_card_runs_from_the_old_end_and_the_old_one_ends_when_it_becomes_valid(db, at):
    old = make_valid(make_credential())
    at("2025-12-28 10:00")  # two months before the end
    card = issuing.issue_one(renewal(old), actor=issuer_of("sichuan"))
    assert (card.valid_to.isoformat(), card.replaces_id, card.succession) == ("2029-02-28", old.id, "renewal")
    assert card.printed["valid_to"] == "2029年2月28日" and card.number != old.number
    assert issuing.settle_renewal(card) is None  # still to be collected: the old one goes on
    assert Credential.get_by_id(old.id).state == State.VALID
    card = make_valid(card)
    assert issuing.settle_renewal(card).id == old.id
    assert Credential.get_by_id(old.id).state == State.REPLACED
    assert issuing.settle_renewal(card) is None  # safe to repeat


def test_a_renewal_after_the_end_begins_on_the_day_of_issue(db, at):
    old = make_valid(make_credential())
    at("2026-03-02 10:00")
    assert issuing.issue_one(renewal(old), actor=issuer_of("sichuan")).valid_to.isoformat() == "2029-03-01"


def test_a_renewed_certificate_replaces_the_old_one_at_once(db, at):
    old = make_credential("anhui")
    at("2024-03-01 10:00")
    fresh = issuing.issue_one(renewal(old), actor=issuer_of("anhui"))
    assert (fresh.state, Credential.get_by_id(old.id).state) == (State.VALID, State.REPLACED)


@pytest.mark.parametrize("state", [State.REVOKED, State.VOID_UNCLAIMED, State.REPLACED, State.ISSUED])
def test_what_is_not_valid_or_expired_cannot_be_renewed(db, state):
    old = make_credential()
    Credential.update(state=state).where(Credential.id == old.id).execute()
    with pytest.raises(NotAllowed, match="没有可以复核换证的原证书"):
        issuing.issue_one(renewal(old), actor=issuer_of("sichuan"))


def test_a_renewal_takes_the_named_one_only_if_it_is_the_persons_own(db):
    old, foreign = make_valid(make_credential()), make_valid(make_credential())
    assert issuing.find_renewed(renewal(old, data={"renews": old.id})).id == old.id
    assert issuing.find_renewed(renewal(old, data={"renews": foreign.id}, portrait=True)) is None


def test_a_correction_gets_a_new_number_and_keeps_its_end(db, at):
    old = make_credential()
    at("2024-05-05 10:00")
    fresh = issuing.issue_successor(old, values={"name": "王更正"}, actor=issuer_of("sichuan"), reason="姓名写错")
    assert (fresh.name, fresh.printed["name"], fresh.printed["valid_to"]) == ("王更正", "王更正", "2026年2月28日")
    assert fresh.printed["body"] == old.printed["body"].replace(old.name, "王更正")
    assert (fresh.number, fresh.printed["number"]) == ("川考评2202400001", "川考评2202400001")
    assert (fresh.valid_to, fresh.replaces_id, fresh.succession) == (old.valid_to, old.id, "correction")
    assert fresh.printed["verify"].endswith(fresh.token) and fresh.token != old.token
    assert fresh.live_key == old.registration_id and Credential.get_by_id(old.id).live_key is None
    assert is_sealed(Credential.get_by_id(fresh.id)) and is_sealed(Credential.get_by_id(old.id))
    assert Credential.get_by_id(old.id).printed == old.printed


def test_a_corrected_occupation_is_one_of_the_list(db):
    old = make_credential()
    right = make.make_occupation("4-07-03-04", "企业人力资源管理师")
    issuer = issuer_of("sichuan")
    fresh = issuing.issue_successor(old, values={"occupation": str(right.id)}, actor=issuer, reason="职业写错")
    assert (fresh.occupation_id, fresh.occupation_name) == (right.id, "企业人力资源管理师")
    assert "企业人力资源管理师" in fresh.printed["body"]
    with pytest.raises(Invalid) as refusal:
        issuing.issue_successor(old, values={"occupation": str(Occupation.select().count() + 99)}, actor=issuer,
                                reason="职业写错")  # fmt: skip
    assert refusal.value.field == "occupation"


@pytest.mark.parametrize(
    ("values", "field"),
    [({"number": "1"}, "number"), ({"name": " "}, "name"), ({}, "reason"), ({"valid_to": "2099年1月1日"}, "valid_to")],
)
def test_what_a_correction_cannot_change(db, values, field):
    old = make_credential()
    with pytest.raises(Invalid) as refusal:
        issuing.issue_successor(old, values=values, actor=issuer_of("sichuan"), reason="理由")
    assert refusal.value.field == field
    with pytest.raises(Invalid):
        issuing.issue_successor(old, values={"name": "王更正"}, actor=issuer_of("sichuan"), reason=" ")
