"""What becomes of those who were approved: study, exam, offline sessions, absences and what was decided on them."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from random import Random

from portal import clock
from portal.actions import attendance, exams, excuses, imports, sessions, study, sweeps, unfinished
from portal.actions.attendance import Outcome
from portal.actions.modules import modules_of
from portal.actions.study_imports import load_progress, progress_kind
from portal.cli.demo import pictures
from portal.cli.demo.classes import CENTRE, Class
from portal.cli.demo.lives import Applicant, Fate
from portal.cli.demo.tale import Life, Tale
from portal.cli.demo.world import World
from portal.models import Attempt, Attendance, Case, Plan, Region, Registration, Session
from portal.models.exam_papers import shown_paper
from portal.models.jurisdictions import working_calendar
from portal.rules.flows.registration import ADMITTED, State
from portal.rules.sessions import ASSIGNABLE, Value

# Fate.course. Who is not in a set studies, sits and passes; ready has only studied, once has one attempt left, later
# comes to the second session; ill has a good reason, ask waits for the decision on one, open for that on the absence.
STAYS_AWAY = {"absent", "ill", "ask", "open"}
SHARES = {"dropout": 0.4, "behind": 0.15, "middle": 0.4, "none": 0.0}  # how much of the study they do
SEATS = ("第一期", "第二期", "第三期")


class Course:
    """One class from its first day of study to the decisions on those who did not finish."""

    def __init__(self, world: World, tale: Tale, place: Class, fates: Iterable[Fate]):
        self.world, self.tale, self.place, self.fates = world, tale, place, list(fates)
        self.random, self.centre = Random(f"course/{place.key}"), world.staff[CENTRE[place.province]]
        self.plan = Plan.get_by_id(place.plan.id)

    def teach_for_slot(self) -> Life:
        """Studied outside, with a table loaded each evening; one exam for all (川人社职鉴〔2022〕21号 五、七)."""
        window, exam = self.plan.study_window, self.plan.exam_starts_at
        days = [window.opens_on + timedelta(offset) for offset in range((exam.date() - window.opens_on).days)]
        for number, day in enumerate(days, 1):
            yield datetime.combine(day, time(20, 10))
            self._load_table(number / (len(days) + 1))
        yield exam - timedelta(hours=2)
        self._load_table(1.0)
        for fate in self._members():
            if fate.course not in STAYS_AWAY:
                minutes = self.random.randrange(1, 12)
                self.tale.begin(exam + timedelta(minutes=minutes), self._sit(fate, self._score_of(fate)))
        yield self.plan.exam_ends_at + timedelta(minutes=6)
        sweeps.run_sweeps(clock.now())
        yield from self.settle(exam.date())

    def teach_with_sessions(self, days: Iterable[date]) -> Life:
        """Studied and sat in the portal whenever one likes; then an offline session of each unit's own region.

        `days` are those of the sessions; the people of one unit are spread over them.
        """
        window = self.plan.study_window
        yield datetime.combine(window.opens_on, time(8, 20))
        held = [session for number, day in enumerate(days) for session in self._add_sessions(number, day)]
        span = max((held[0].starts_at.date() - window.opens_on).days - 6, 1)
        for fate in self._members():
            day = window.opens_on + timedelta(self.random.randrange(span))
            moment = datetime.combine(day, time(19)) + timedelta(minutes=self.random.randrange(20, 150))
            self.tale.begin(moment, self._learn(fate))
        for day in sorted({session.starts_at.date() for session in held}):
            here = [session for session in held if session.starts_at.date() == day]
            yield datetime.combine(day - timedelta(5), time(10, 5))
            for session in here:
                sessions.assign_participants(session, self._assignable(session), actor=self.centre)
            yield datetime.combine(day, time(9, 25))
            for session in here:
                self._call_the_roll(session)
            yield datetime.combine(day, time(16, 40))
            for session in here:
                self._enter_results(session)
            yield datetime.combine(day + timedelta(1), time(8, 5))
            sweeps.run_sweeps(clock.now())
            self._file_excuses()
        yield window.closes_at + timedelta(minutes=10)
        sweeps.run_sweeps(clock.now())
        yield from self.settle(window.closes_on)

    def settle(self, last: date) -> Life:
        """The days after: reasons given, and what the centre found about each absence; who is open stays open."""
        calendar = working_calendar()
        yield datetime.combine(calendar.add(last, 1), time(9, 40))
        self._file_excuses()
        yield datetime.combine(calendar.add(last, 3), time(10, 30))
        for fate, case in self._with_cases({State.UNFINISHED}):
            if fate.course == "ill":
                excuse = excuses.Excuse.get(excuses.Excuse.registration == case.id, excuses.Excuse.accepted.is_null())
                excuses.decide_excuse(excuse, actor=self.centre, accepted=True, note="住院证明属实，可参加下一期。")
            elif fate.course not in ("ask", "open"):
                reason = "未请假，未参加统一考核，经电话核实没有正当理由。"
                unfinished.strike_participant(case, actor=self.centre, reason=reason, seen=case.version)

    def passed(self) -> list[tuple[Fate, Registration]]:
        """Who has passed and waits for the credential."""
        return [(fate, Registration.get_by_id(case.id)) for fate, case in self._with_cases({State.PASSED})]

    def _with_cases(self, states: Iterable[str]) -> list[tuple[Fate, Case]]:
        pairs = [(fate, Case.get_by_id(fate.found["applicant"].case.id)) for fate in self.fates
                 if "applicant" in fate.found and fate.found["applicant"].case]  # fmt: skip
        return [(fate, case) for fate, case in pairs if case.state in states]

    def _members(self) -> list[Fate]:
        return [fate for fate, _ in self._with_cases(ADMITTED)]

    def _load_table(self, part: float) -> None:
        """The outside platform's table: cumulative minutes of everybody who has begun."""
        rows = [["姓名", "证件号码", "学习时长（分钟）"]]
        for fate, _ in self._with_cases({State.APPROVED}):
            minutes = int(self.plan.minutes * part * SHARES.get(fate.course, 1.0))
            if minutes:
                sample = fate.found["applicant"].sample
                rows.append([sample.name, sample.id_number, str(minutes)])
        if len(rows) > 1:
            load_progress(self.plan, imports.examine(progress_kind(self.plan), rows).records, actor=self.centre)

    def _learn(self, fate: Fate) -> Life:
        """One person studies in the portal, then sits the assessment on one of the next days."""
        share = SHARES.get(fate.course, 1.0)
        self._watch(fate, int(self.plan.minutes * share))
        if share < 1.0 or fate.course in STAYS_AWAY | {"ready"}:
            return
        scores = {"fail": (62, 78), "twice": (84, 93), "once": (82,)}.get(fate.course, (self._score_of(fate),))
        for number, score in enumerate(scores):
            yield clock.now() + timedelta(hours=13 + 9 * number, minutes=self.random.randrange(120))
            yield from self._sit(fate, score)

    def _watch(self, fate: Fate, minutes: int) -> None:
        """Minutes of study that end now, one beat each; what is learned leaves no event, but being done does."""
        applicant, end = fate.found["applicant"], clock.now()
        registration, moment = Registration.get_by_id(applicant.case.id), end - timedelta(minutes=minutes)
        for module in modules_of(self.plan):
            length = min(module.minutes, minutes)
            if length <= 0:
                return
            with clock.at(moment):
                study.start_study(registration, module, tab="demo", actor=applicant.actor)
            for number in range(1, length + 1):
                with clock.at(moment + timedelta(minutes=number)):
                    study.keep_beat(registration, module, tab="demo", actor=applicant.actor, pause=number == length)
            minutes -= length
            moment += timedelta(minutes=length)

    def _sit(self, fate: Fate, score: int) -> Life:
        applicant = fate.found["applicant"]
        registration = Registration.get_by_id(applicant.case.id)
        if exams.why_no_exam(registration):
            return
        attempt = exams.start_attempt(registration, actor=applicant.actor)
        yield clock.now() + timedelta(minutes=self.random.randrange(25, 55))
        answers = self._answer(attempt, score)
        if fate.course == "timeout":  # saved and never handed in: the system does it
            exams.save_answers(attempt.id, values=answers, actor=applicant.actor)
        else:
            exams.submit_attempt(attempt.id, actor=applicant.actor, values=answers)

    def _answer(self, attempt: Attempt, score: int) -> dict[int, str]:
        """Answers that earn about so many points; wrong ones for the rest."""
        items, spare, values = list(shown_paper(attempt)), 100 - score, {}
        self.random.shuffle(items)
        for item in items:
            if item.points <= spare:
                spare -= int(item.points)
                values[item.place] = next(letter for letter, _ in item.options if letter != item.right)
            else:
                values[item.place] = item.right
        return values

    def _score_of(self, fate: Fate) -> int:
        mark = int(self.plan.pass_mark)
        return mark - self.random.randrange(3, 20) if fate.course == "fail" else self.random.randrange(mark + 1, 99)

    def _add_sessions(self, number: int, day: date) -> list[Session]:
        """One session in each region whose units have people in the class."""
        regions = dict.fromkeys(fate.found["applicant"].unit.region_id for fate in self._members())
        starts = datetime.combine(day, time(9))
        return [
            sessions.add_session(self.plan, actor=self.centre, values={
                "name": f"{SEATS[number]}（{region.name}）", "region": region,
                "place": f"{region.name}技能大师工作室三楼培训室",
                "starts_at": starts, "ends_at": starts.replace(hour=17), "capacity": 30,
                "note": "请携带身份证，提前20分钟签到；自备签字笔，午餐由培训点安排。",
            })
            for region in map(Region.get_by_id, regions)
        ]  # fmt: skip

    def _assignable(self, session: Session) -> list[Registration]:
        seated = {row.registration_id for row in Attendance.select(Attendance.registration).where(
            Attendance.removed_at.is_null())}  # fmt: skip
        later = {"ready", "later", "once"} if session.name.startswith(SEATS[0]) else {"ready"}
        rows = [(fate, case) for fate, case in self._with_cases(ASSIGNABLE) if case.id not in seated]
        here = [case for fate, case in rows if fate.found["applicant"].unit.region_id == session.region_id
                and fate.course not in later]  # fmt: skip
        return [Registration.get_by_id(case.id) for case in here]

    def _call_the_roll(self, session: Session) -> None:
        known = {case.id: fate for fate, case in self._with_cases(ADMITTED)}
        values = {
            row.id: Value.ABSENT if known[row.registration_id].course in STAYS_AWAY else Value.PRESENT
            for row in session.attendances.where(Attendance.removed_at.is_null())
        }
        if values:
            attendance.record_attendance(session, values, actor=self.centre)

    def _enter_results(self, session: Session) -> None:
        rows = session.attendances.where(Attendance.removed_at.is_null(), Attendance.value == Value.PRESENT)
        there = [row.registration_id for row in rows]
        states = {case.id: fate for fate, case in self._with_cases({State.STUDY_DONE, State.ASSESSED_PART})}
        outcomes = {case: Outcome(score=self.random.randrange(91, 99)) for case in there if case in states}
        attendance.enter_results(session, outcomes, actor=self.centre)

    def _file_excuses(self) -> None:
        for fate, case in self._with_cases({State.UNFINISHED}):
            known = excuses.Excuse.select().where(excuses.Excuse.registration == case.id)
            if fate.course not in ("ill", "ask") or known.exists():
                continue
            applicant: Applicant = fate.found["applicant"]
            absent = Attendance.get_or_none(Attendance.registration == case.id, Attendance.value == Value.ABSENT)
            excuses.file_excuse(
                Registration.get_by_id(case.id), actor=applicant.actor, reason="患病住院",
                text="考核前一日因急性阑尾炎住院手术，未能参加，附住院证明，申请参加下一期。",
                kept=[self._hospital_letter(applicant)], session=absent.session if absent else None,
            )  # fmt: skip

    def _hospital_letter(self, applicant: Applicant):
        told = (f"兹证明{applicant.sample.name}因急性阑尾炎于我院住院治疗，需卧床休息一周。", "特此证明。")
        sheet = pictures.draw_proof("住院证明", told, stamp="青禾综合医院", day=f"{clock.today():%Y年%-m月%-d日}")
        return self.world.store.keep_issued(pictures.as_jpeg(sheet), "住院证明.jpg", kind="jpeg")
