"""Last days: where they come from, that the clock stops and goes on, and that no announced day ever moves earlier."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from portal import clock
from portal.actions import cases, deadlines, plans, registrations
from portal.actions.calendar import toggle_day
from portal.actions.registrations import withdraw_registration
from portal.actions.undoing import undo_decision
from portal.database import transaction
from portal.models import Case, Correction, Event, Plan, Registration, Step, jurisdictions
from portal.models.cases import NO_DUE
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import give_portrait, scene

ROOT = Path(__file__).parents[2]
TICK = timedelta(microseconds=1)
# Saturday 10 December 2022; a plan that is open for long, so that its window plays no part.
NOW = "2022-12-10 10:00"
WIDE = {"opens_on": date(2022, 12, 1), "closes_on": date(2023, 12, 31), "training_from": None, "training_to": None}


def with_review_days(monkeypatch, **of_seat) -> None:
    """Give levels working days of their own, as a province's profile may: U=5, C=3; those not named have none."""
    profile = jurisdictions.profile_of(make.SICHUAN)
    seats = {seat: replace(words, review_days=of_seat.get(str(seat))) for seat, words in profile.seats.items()}
    monkeypatch.setitem(jurisdictions._profiles, make.SICHUAN, replace(profile, seats=seats))


@pytest.fixture
def days(monkeypatch):
    """days(U=5, C=3)."""
    return partial(with_review_days, monkeypatch)


@pytest.fixture
def technician(db):
    return make.actor_of(make.make_grant(Seat.TECHNICIAN))


def due(case) -> date | None:
    """The case's last day, which its step must know too."""
    case = Case.get_by_id(case.id)
    step = Step.get(Step.case == case.id, Step.position == case.position)
    assert (case.due_on == NO_DUE and step.due_on is None) or case.due_on == step.due_on
    return step.due_on


def returned(s, case, seat):
    items = ({"key": "person.phone", "label": "联系电话", "note": ""},)
    return s.decide(case, "return", seat, items=items, note="请补正", second_reason="仍有问题")


def resubmitted(s, case):
    case = Case.get_by_id(case.id)
    return registrations.submit_registration(case, actor=s.actor, seen=case.version, declared=True)


class TestWhereADayComesFrom:
    def test_neither_plan_nor_profile_no_deadline(self, db, at, days):
        at(NOW)
        days()
        case = scene(plan=WIDE).submitted()
        assert due(case) is None and case.due_on == NO_DUE

    def test_the_profiles_working_days(self, db, at, days):
        at(NOW)
        days(U=5, C=3)
        s = scene(plan=WIDE)
        case = s.submitted()
        assert due(case) == date(2022, 12, 16)  # Monday is the first of five
        at("2022-12-14 17:59")
        assert due(s.decide(case, "pass", "U")) == date(2022, 12, 19)
        assert due(s.decide(case, "pass", "C")) is None

    def test_the_plans_own_date_wins(self, db, at, days):
        at(NOW)
        days(U=5, C=3)
        s = scene(plan={**WIDE, "review_by": {"U": "2022-12-13", "P": "2023-01-20"}})
        case = s.submitted()
        assert due(case) == date(2022, 12, 13)
        assert due(s.decide(case, "pass", "U")) == date(2022, 12, 14)
        assert due(s.decide(case, "pass", "C")) == date(2023, 1, 20)

    def test_a_decision_ends_the_deadline(self, db, at, days):
        at(NOW)
        days(U=5)
        s = scene(plan=WIDE)
        assert s.decide(s.submitted(), "reject", "U", note="材料不实").due_on == NO_DUE
        other = scene(region="绵阳市", plan=WIDE)
        case = other.submitted()
        case = returned(other, case, "U")
        case = withdraw_registration(case, actor=other.actor, seen=case.version)
        assert (case.due_on, case.paused_on) == (NO_DUE, None)


class TestTheClockStops:
    """A returned case waits for the applicant: the level keeps the days that it had."""

    @pytest.mark.parametrize(
        ("returned_at", "back_at", "expected"),
        [
            ("2022-12-10 12:00", "2022-12-10 13:00", date(2022, 12, 16)),  # nothing was lost
            ("2022-12-12 09:00", "2022-12-12 10:00", date(2022, 12, 16)),  # the same day: four of five days left
            ("2022-12-12 09:00", "2022-12-15 10:00", date(2022, 12, 21)),  # four days after Thursday
            ("2022-12-16 23:59", "2022-12-20 00:00", date(2022, 12, 21)),  # the last day itself: one day to look at it
            ("2022-12-19 09:00", "2022-12-20 09:00", date(2022, 12, 21)),  # late already: one day, not none
            ("2022-12-17 09:00", "2022-12-17 10:00", date(2022, 12, 19)),  # late on a Saturday
        ],
    )
    def test_and_goes_on_with_the_days_left(self, db, at, days, returned_at, back_at, expected):
        at(NOW)
        days(U=5)
        s = scene(plan=WIDE)
        case = s.submitted()
        announced = due(case)
        assert announced == date(2022, 12, 16)
        at(returned_at)
        case = returned(s, case, "U")
        assert case.paused_on == clock.today()
        at(back_at)
        case = resubmitted(s, case)
        assert case.paused_on is None
        assert due(case) == expected >= announced

    def test_the_level_that_returned_keeps_its_days_while_the_first_one_looks_again(self, db, at, days):
        at(NOW)
        days(U=5, C=3)
        s = scene(plan=WIDE)
        case = s.decide(s.submitted(), "pass", "U")
        assert due(case) == date(2022, 12, 14)
        at("2022-12-12 09:00")
        case = returned(s, case, "C")  # two of three left
        at("2022-12-20 09:00")
        case = resubmitted(s, case)
        assert (case.position, due(case)) == (0, date(2022, 12, 27))
        at("2022-12-22 09:00")
        case = s.decide(case, "pass", "U")
        assert (case.position, due(case)) == (1, date(2022, 12, 26))

    def test_a_plans_date_is_prolonged_by_a_correction_and_never_shortened(self, db, at, days):
        at(NOW)
        days()
        s = scene(plan={**WIDE, "review_by": {"U": "2022-12-16"}})
        case = s.submitted()
        at("2022-12-14 09:00")
        case = returned(s, case, "U")  # two working days left
        at("2022-12-20 09:00")
        assert due(resubmitted(s, case)) == date(2022, 12, 22)

    def test_an_undo_puts_the_same_day_back(self, db, at, days):
        at(NOW)
        days(U=5)
        s = scene(plan=WIDE)
        case = s.submitted()
        before = due(case)
        at("2022-12-12 09:00")
        case = returned(s, case, "U")
        undo_decision(case, actor=s.reviewers["U"], seen=case.version)
        case = Case.get_by_id(case.id)
        assert (due(case), case.paused_on) == (before, None)

    @pytest.mark.parametrize("change", ["no date", "an earlier date"])
    def test_a_second_arrival_is_never_due_before_the_first(self, db, at, days, change):
        """The plan's date may be taken away or (before anybody registers) moved while a case goes round."""
        at(NOW)
        days(U=5, C=2)
        s = scene(plan={**WIDE, "review_by": {"U": "2023-02-28"}})
        case = s.submitted()
        assert due(case) == date(2023, 2, 28)
        case = returned(s, s.decide(case, "pass", "U"), "C")
        Plan.update(review_by={} if change == "no date" else {"U": "2022-12-30"}).where(Plan.id == s.plan.id).execute()
        assert due(resubmitted(s, case)) == date(2023, 2, 28)


class TestTheApplicantsDays:
    """What the applicant has: the window, the correction's day, an extension; the latest of them (R3.44)."""

    CLOSED = {
        "opens_on": date(2022, 12, 9),
        "closes_on": date(2022, 12, 13),
        "training_from": None,
        "training_to": None,
    }

    def test_the_proposed_day_is_five_working_days(self, db, at):
        at(NOW)
        s = scene(plan=self.CLOSED)
        returned(s, s.submitted(), "U")
        assert Correction.get().due_on == date(2022, 12, 16)

    @pytest.mark.parametrize(
        ("moment", "is_in_time"), [("2022-12-16 23:59:59.999999", True), ("2022-12-17 00:00", False)]
    )
    def test_its_last_instant(self, db, at, moment, is_in_time):
        at(NOW)
        s = scene(plan=self.CLOSED)
        case = returned(s, s.submitted(), "U")
        at(moment)
        if is_in_time:
            assert resubmitted(s, case).state == "under_review"
        else:
            with pytest.raises(NotAllowed, match="补正期限已过"):
                resubmitted(s, case)

    @pytest.mark.requirement("R3.44")
    @pytest.mark.parametrize(
        ("moment", "is_in_time"), [("2022-12-20 23:59:59.999999", True), ("2022-12-21 00:00", False)]
    )
    def test_an_extension_by_the_level_that_returned(self, db, at, moment, is_in_time):
        at(NOW)
        s = scene(plan=self.CLOSED)
        case = returned(s, s.submitted(), "U")
        at("2022-12-19 09:00")
        with pytest.raises(NotAllowed, match="补正期限已过"):
            resubmitted(s, case)
        for wrong in ("C", "P"):
            with pytest.raises(NotAllowed):
                self.extend(s, case, wrong, date(2022, 12, 20))
        self.extend(s, case, "U", date(2022, 12, 20))
        event = Event.select().where(Event.action == "extend").get()
        assert (event.user_id, event.data["until"]) == (s.reviewers["U"].user, "2022-12-20")
        assert s.reviewers["U"].office_name in Registration.get().extended_by
        at(moment)
        if is_in_time:
            assert resubmitted(s, Case.get_by_id(case.id)).state == "under_review"
        else:
            with pytest.raises(NotAllowed):
                resubmitted(s, Case.get_by_id(case.id))

    def test_an_extension_never_takes_days_away(self, db, at):
        at(NOW)
        s = scene(plan=self.CLOSED)
        case = returned(s, s.submitted(), "U")
        for wrong, field in ((date(2022, 12, 9), "until"), (date(2022, 12, 15), "until")):
            with pytest.raises(Invalid) as refused:
                self.extend(s, case, "U", wrong)
            assert refused.value.field == field
        self.extend(s, case, "U", date(2022, 12, 30))
        with pytest.raises(Invalid, match="2022-12-30"):
            self.extend(s, case, "U", date(2022, 12, 29))
        self.extend(s, case, "U", date(2022, 12, 30))
        assert registrations.last_day(Registration.get()) == date(2022, 12, 30)

    def test_a_draft_is_extended_by_the_plans_centre_alone(self, db, at):
        at(NOW)
        s = scene(plan=self.CLOSED)
        case = s.filled()
        at("2022-12-14 00:00")
        with pytest.raises(NotAllowed):
            resubmitted(s, case)
        for wrong in ("U", "C"):
            with pytest.raises(NotAllowed):
                self.extend(s, case, wrong, date(2022, 12, 14))
        self.extend(s, case, "P", date(2022, 12, 14))
        assert resubmitted(s, case).state == "under_review"

    @staticmethod
    def extend(s, case, seat, until):
        case = Case.get_by_id(case.id)
        return cases.extend_correction(case, actor=s.reviewers[seat], seen=case.version, until=until, note="网络故障")


class TestAPlanThatPutsItsReviewOff:
    """A level's later date moves what runs there, with an event each; an earlier one is for later arrivals."""

    OPEN = {**WIDE, "closes_on": date(2022, 12, 10)}
    PLAN = {**OPEN, "review_by": {"U": "2022-12-13", "C": "2022-12-15"}}

    @staticmethod
    def change(s, **dates):
        plan = Plan.get_by_id(s.plan.id)
        plans.update_plan(
            plan, values={"review_by": dates}, actor=s.reviewers["P"], seen=plan.version, reason="系统维护"
        )

    @staticmethod
    def events(case):
        return [event.note for event in Event.select().where(Event.case == case.id, Event.action == "deadline")]

    def test_moves_the_cases_of_that_level_alone(self, db, at, days):
        at(NOW)
        days()
        s, other = scene(plan=self.PLAN), scene(region="绵阳市", plan=self.PLAN)
        at_unit, elsewhere = s.submitted(), other.submitted()
        self.change(s, U="2022-12-15", C="2022-12-15")
        assert (due(at_unit), due(elsewhere)) == (date(2022, 12, 15), date(2022, 12, 13))
        assert (self.events(at_unit), self.events(elsewhere)) == (["2022-12-13 → 2022-12-15"], [])
        event = Event.get(Event.case == at_unit.id, Event.action == "deadline")
        assert event.user_id == s.reviewers["P"].user
        self.change(s, U="2022-12-15", C="2022-12-16")
        assert due(at_unit) == date(2022, 12, 15) and len(self.events(at_unit)) == 1

    def test_gives_a_late_case_time_again(self, db, at, days):
        at(NOW)
        days()
        s = scene(plan=self.PLAN)
        case = s.submitted()
        at("2022-12-14 09:00")
        self.change(s, U="2022-12-14", C="2022-12-15")
        assert due(case) == date(2022, 12, 14)

    def test_an_earlier_date_is_for_what_arrives_later(self, db, at, days):
        at(NOW)
        days()
        s = scene(plan=self.PLAN)
        here = s.submitted()
        self.change(s, U="2022-12-12", C="2022-12-14")
        assert due(here) == date(2022, 12, 13) and self.events(here) == []
        assert due(s.decide(here, "pass", "U")) == date(2022, 12, 14)

    def test_a_case_without_a_last_day_gets_none(self, db, at, days):
        at(NOW)
        days()
        s = scene(plan=self.OPEN)
        case = s.submitted()
        self.change(s, U="2022-12-20")
        assert due(case) is None and self.events(case) == []

    def test_a_returned_case_comes_back_to_the_later_date(self, db, at, days):
        at(NOW)
        days()
        s = scene(plan=self.PLAN)
        case = returned(s, s.submitted(), "U")  # two working days left
        self.change(s, U="2022-12-30", C="2022-12-30")
        assert due(resubmitted(s, case)) == date(2022, 12, 30)

    def test_an_undo_brings_the_later_date_back(self, db, at, days):
        at(NOW)
        days()
        s = scene(plan=self.PLAN)
        case = s.decide(s.submitted(), "pass", "U")
        self.change(s, U="2022-12-14", C="2022-12-15")
        assert due(case) == date(2022, 12, 15)
        undo_decision(case, actor=s.reviewers["U"], seen=case.version)
        assert (Case.get_by_id(case.id).position, due(case)) == (0, date(2022, 12, 14))


class TestAChangedCalendar:
    """Running deadlines move later, with an event each; never earlier."""

    def test_a_new_holiday_moves_them_later_and_says_so(self, db, at, days, technician):
        at(NOW)
        days(U=5)
        s = scene(plan=WIDE)
        case = s.submitted()
        at("2022-12-12 10:00")
        toggle_day(date(2022, 12, 14), actor=technician, name="临时放假")
        assert due(case) == date(2022, 12, 19)
        event = Event.select().where(Event.case == case.id).order_by(Event.id.desc()).first()
        assert (event.action, event.note, event.user_id) == ("deadline", "2022-12-16 → 2022-12-19", technician.user)

    def test_a_holiday_taken_back_moves_nothing_earlier(self, db, at, days, technician):
        at(NOW)
        days(U=5)
        s = scene(plan=WIDE)
        case = s.submitted()
        toggle_day(date(2022, 12, 14), actor=technician)
        events = Event.select().where(Event.case == case.id).count()
        toggle_day(date(2022, 12, 14), actor=technician)
        assert due(case) == date(2022, 12, 19)
        toggle_day(date(2022, 12, 18), actor=technician)  # a worked Sunday before the last day
        assert due(case) == date(2022, 12, 19)
        assert Event.select().where(Event.case == case.id).count() == events

    def test_what_does_not_run_is_left_alone(self, db, at, days, technician):
        at(NOW)
        days(U=5, C=5)
        s = scene(plan={**WIDE, "review_by": {"C": "2022-12-16"}})
        fixed = s.decide(s.submitted(), "pass", "U")  # the plan's own date is no count of working days
        other = scene(region="绵阳市", plan=WIDE)
        waiting = returned(other, other.submitted(), "U")
        third = scene(region="德阳市", plan=WIDE)
        late = third.submitted()
        at("2022-12-19 10:00")
        toggle_day(date(2022, 12, 14), actor=technician)
        assert [due(case) for case in (fixed, waiting, late)] == [date(2022, 12, 16)] * 3
        assert not Event.select().where(Event.action == "deadline").exists()
        # The days left of the paused one are counted on the calendar of the day on which it comes back.
        toggle_day(date(2022, 12, 21), actor=technician)
        at("2022-12-20 10:00")
        assert due(resubmitted(other, waiting)) == date(2022, 12, 28)

    def test_a_day_beyond_the_deadline_does_not_matter(self, db, at, days, technician):
        at(NOW)
        days(U=5)
        case = scene(plan=WIDE).submitted()
        with transaction():
            assert deadlines.move_running(jurisdictions.working_calendar(), actor=technician) == 0
        toggle_day(date(2022, 12, 19), actor=technician)
        assert due(case) == date(2022, 12, 16)

    def test_two_changes_add_up_from_the_day_of_arrival(self, db, at, days, technician):
        at(NOW)
        days(U=5)
        case = scene(plan=WIDE).submitted()
        toggle_day(date(2022, 12, 14), actor=technician)
        toggle_day(date(2022, 12, 19), actor=technician)
        assert due(case) == date(2022, 12, 20)
        # A day before the case came has nothing to do with it.
        toggle_day(date(2022, 12, 9), actor=technician)
        assert due(case) == date(2022, 12, 20)


class TestEnrolment:
    """R2.08: both days are in, to the last microsecond; through the verb."""

    WINDOW = {
        "opens_on": date(2022, 12, 9),
        "closes_on": date(2022, 12, 13),
        "training_from": None,
        "training_to": None,
    }

    @pytest.mark.requirement("R2.08")
    @pytest.mark.parametrize(
        ("moment", "is_open"),
        [
            ("2022-12-08 23:59:59.999999", False),
            ("2022-12-09 00:00:00", True),
            ("2022-12-13 23:59:00", True),
            ("2022-12-13 23:59:59.999999", True),
            ("2022-12-14 00:00:00", False),
        ],
    )
    def test_the_window(self, db, at, moment, is_open):
        at(moment)
        s = scene(plan=self.WINDOW)
        if is_open:
            assert s.open().state == "draft"
            return
        with pytest.raises(NotAllowed):
            s.open()
        assert (Case.select().count(), Registration.select().count()) == (0, 0)

    def test_a_closing_time_is_sharp(self, db, at):
        from datetime import time

        at("2022-12-13 16:59:59.999999")
        s = scene(plan={**self.WINDOW, "closes_time": time(17)})
        assert s.open()
        at("2022-12-13 17:00")
        other = give_portrait(make.make_person(s.organisation))
        with pytest.raises(NotAllowed):
            registrations.open_registration(s.plan, actor=make.applicant(other))

    def test_a_draft_in_time_cannot_be_submitted_late(self, db, at):
        at("2022-12-13 23:59:59.999999")
        s = scene(plan=self.WINDOW)
        case = s.filled()
        at("2022-12-14 00:00")
        with pytest.raises(NotAllowed):
            resubmitted(s, case)
        assert Case.get_by_id(case.id).state == "draft"
        at("2022-12-13 23:59:59.999999")
        assert resubmitted(s, case).state == "under_review"


class TestAge:
    """R3.18 through the submission: what counts is the age on that day, and the last level sees it."""

    @pytest.mark.requirement("R3.18")
    @pytest.mark.parametrize(
        ("sex", "limit", "on", "is_within"),
        [
            ("男", 65, "2022-12-09 23:59:59.999999", True),
            ("男", 65, "2022-12-10 00:00", False),
            ("女", 60, "2022-12-09 23:59:59.999999", True),
            ("女", 60, "2022-12-10 00:00", False),
        ],
    )
    def test_the_last_day_before_the_birthday(self, db, at, sex, limit, on, is_within):
        at(on)
        birth = date(2022 - limit - 1, 12, 10)
        number = invented.make_number("510104", birth, 1 if sex == "男" else 2)
        s = scene(plan=WIDE, sex=sex, birth=birth, id_number=number)
        case = s.submitted()
        at("2022-12-11 09:00")  # whoever looks later still judges the day of submission
        found = {row["key"]: row["outcome"] for row in Registration.get().results}
        assert found["age"] == ("met" if is_within else "not_met")
        for seat in "UC":
            case = s.decide(case, "pass", seat)
        if is_within:
            assert s.decide(case, "pass", "P").state == "approved"
            return
        for waivers in ({}, {"age": " "}, {"other": "同意"}):
            with pytest.raises(Invalid) as refused:
                s.decide(case, "pass", "P", waivers=waivers)
            assert refused.value.field == "waivers"
        case = s.decide(case, "pass", "P", waivers={"age": "技能紧缺，经研究同意"})
        assert case.state == "approved" and Registration.get().waivers[0]["reason"] == "技能紧缺，经研究同意"


SCRIPT = '''
import json, sys
from datetime import date, datetime
from pathlib import Path
from portal import clock, database
from portal.models import Case, jurisdictions
moments = [float(text) for text in sys.argv[2].split(",")]

class Fixed(datetime):
    """The system clock, stopped at an instant; its zone is the server's."""
    instant = 0.0
    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(cls.instant, tz)

clock.datetime = Fixed
if sys.argv[1] == "naive":  # the control: a program that asks the server's wall clock
    clock.now = lambda: Fixed.now()
database.use(":memory:"); database.open_connection(); database.migrate()
jurisdictions.use_profiles(Path("data/profiles"))
from tests.actions.registering import scene
from portal.rules.errors import NotAllowed
from portal.actions.calendar import toggle_day
Fixed.instant = moments[0]
window = {"opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13), "training_from": None, "training_to": None}
told = []
for moment in moments:
    Fixed.instant = moment
    s = scene(plan=window)
    try:
        case = s.submitted()
    except NotAllowed:
        told.append("closed")
        continue
    items = ({"key": "person.phone", "label": "联系电话", "note": ""},)
    case = s.decide(case, "return", "U", items=items, note="请补正")
    told.append([str(case.submitted_at), str(case.corrections[0].due_on), str(case.paused_on), str(clock.today())])
print(json.dumps(told))
'''


def run_in(zone: str, how: str = "portal") -> list:
    """What the portal decides around the edges of a Shanghai day, on a server whose zone is `zone`."""
    edges = [
        "2022-12-08T15:59:59+00:00",  # 23:59:59 on the eve of the first day
        "2022-12-08T16:00:00+00:00",
        "2022-12-11T16:00:00+00:00",  # Monday in Shanghai, Sunday in London
        "2022-12-13T15:59:59+00:00",
        "2022-12-13T16:00:00+00:00",
    ]
    instants = ",".join(str(datetime.fromisoformat(text).timestamp()) for text in edges)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how, instants], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**os.environ, "TZ": zone, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.requirement("R13.01")
def test_the_servers_zone_does_not_matter():
    in_shanghai = run_in("Asia/Shanghai")
    assert in_shanghai == [
        "closed",
        ["2022-12-09 00:00:00", "2022-12-16", "2022-12-09", "2022-12-09"],
        ["2022-12-12 00:00:00", "2022-12-19", "2022-12-12", "2022-12-12"],
        ["2022-12-13 23:59:59", "2022-12-20", "2022-12-13", "2022-12-13"],
        "closed",
    ]
    assert run_in("UTC") == in_shanghai
    assert run_in("America/New_York") == in_shanghai


def test_the_zone_test_would_see_a_server_clock():
    assert run_in("Asia/Shanghai", "naive") != run_in("UTC", "naive")
