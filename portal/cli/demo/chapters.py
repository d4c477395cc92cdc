"""The classes that go on after the approval: who is in them, what becomes of each, and when credentials are issued."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from random import Random

from portal import clock
from portal.actions import sweeps
from portal.cli.demo import classes, lessons, notices, oversight
from portal.cli.demo.classes import Class, Outline
from portal.cli.demo.course import Course
from portal.cli.demo.desk import CardDesk, issue_certificates
from portal.cli.demo.lives import Fate
from portal.cli.demo.tale import Days, Life, Tale
from portal.cli.demo.world import ANHUI, SICHUAN, World
from portal.rules.workflow import Seat

P3 = ("submit", "pass", "pass", "pass")
YUNFAN, WANGJIANG, QINGHE, COOLING = (
    "成都云帆技能评价有限公司", "成都望江职业技术学校", "绵阳青禾高级技工学校", "成都青禾制冷设备有限公司",
)  # fmt: skip
XINHUA, WUHU, TOURISM = "新华教育集团", "芜湖云帆汽车制造有限公司", "黄山云谷旅游职业学校"
_SC, _AH = (YUNFAN, WANGJIANG, QINGHE, COOLING), (XINHUA, WUHU, TOURISM)
_U, _C, _P = str(Seat.UNIT), str(Seat.CITY_CENTRE), str(Seat.PROVINCE_CENTRE)
_CLASSES = ("3", "4", "5", "6")

# In working days from today; that of three years ago from the day on which its cards were issued.
OLD = Outline("sc-old", SICHUAN, "examiner", "{year}年第三期考评员培训班",
              (-42, -37), {_U: -34, _C: -31, _P: -28}, (-22, -21), _SC)  # fmt: skip
CARDS = Outline("sc-cards", SICHUAN, "senior", "{year}年全省高级考评员培训班",
                (-112, -107), {_U: -105, _C: -102, _P: -99}, (-92, -91), _SC, classes=_CLASSES)  # fmt: skip
EXAM = Outline("sc-exam", SICHUAN, "senior", "{year}年第二期高级考评员培训班",
               (-28, -22), {_U: -19, _C: -16, _P: -13}, (-6, -5), _SC, classes=_CLASSES)  # fmt: skip
STUDY = Outline("sc-study", SICHUAN, "examiner", "{year}年康养和制造类考评员培训班",
                (-27, -21), {_U: -18, _C: -15, _P: -12}, (-6, 4), _SC)  # fmt: skip
RENEWED = Outline("sc-renewed", SICHUAN, "senior", "{year}年高级考评员复核换证",
                  (-78, -71), {_U: -68, _C: -65, _P: -62}, (0, 0), _SC, classes=_CLASSES, kind="renewal")  # fmt: skip
RENEWAL = Outline("sc-renewal-open", SICHUAN, "examiner", "{year}年考评员复核换证",
                  (-5, 8), {_U: 10, _C: 12, _P: 15}, (0, 0), _SC, kind="renewal")  # fmt: skip
AH_PAST = Outline("ah-past", ANHUI, "examiner", "{year}年市属机构春季考评员培训班",
                  (-82, -77), {_U: -74, _C: -71, _P: -68}, (-64, -50), _AH)  # fmt: skip
AH_STUDY = Outline("ah-study", ANHUI, "examiner", "{year}年市属机构秋季考评员培训班",
                   (-27, -22), {_U: -19, _C: -16, _P: -13}, (-11, 5), _AH)  # fmt: skip


class Chapters:
    """Begins the lives of these classes; `enter` lets an applicant's life begin, `known` names those worth a login."""

    def __init__(
        self, world: World, days: Days, tale: Tale, enter: Callable[[Fate], None], known: dict[str, Fate]
    ):  # fmt: skip
        self.world, self.days, self.tale, self.enter, self.known = world, days, tale, enter, known
        self.old_days = Days(_three_years_ago(days.now), Random("old"))
        self.of_2022: dict[str, Fate] = {}
        self.of_old: list[Fate] = []

    def begin(self) -> None:
        """Everything but the two classes of the source documents, which call follow_2021() and follow_2022()."""
        self.tale.begin(datetime(2021, 7, 20, 9), self._import_banks())
        for moment in self._mornings():
            self.tale.begin(moment, self._sweep())
        for days, outline, live in (
            (self.old_days, OLD, self._old), (self.days, CARDS, self._cards), (self.days, RENEWED, self._renewed),
            (self.days, AH_PAST, self._ah_past), (self.days, STUDY, self._study), (self.days, AH_STUDY, self._ah_study),
            (self.days, EXAM, self._exam), (self.days, RENEWAL, self._renewal),
        ):  # fmt: skip
            announced_on = datetime.combine(days.day(outline.window[0]), time(9, 30)) - timedelta(days=8)
            self.tale.begin(announced_on, live(days, outline))
        oversight.begin(self.world, self.days, self.tale, self.known)

    def follow_2021(self, announced: Class, fates: list[Fate]) -> None:
        """The Anhui class of 2021 studied, sat both assessments, and got its certificates."""
        for fate, course in zip(fates, ("", "twice", "", "fail"), strict=False):
            fate.course = course
        course = Course(self.world, self.tale, announced, fates)
        self.tale.begin(datetime(2021, 8, 16, 8), course.teach_with_sessions([date(2021, 8, 25)]))
        self.tale.begin(datetime(2021, 9, 10, 9), issue_certificates(self.world, course, date(2021, 9, 10)))

    def extra_2022(self, announced: Class) -> list[Fate]:
        """Two more people of the senior class of 2022, whose second time comes much later."""
        self.of_2022 = {
            "absent": Fate(announced, COOLING, P3, course="absent"), "void": Fate(announced, YUNFAN, P3, card="void"),
        }  # fmt: skip
        return list(self.of_2022.values())

    def follow_2022(self, announced: Class, fates: list[Fate]) -> None:
        """川人社职鉴〔2022〕21号: exam on 16 December, cards in January, expired three years later."""
        fates[2].course = "fail"
        self.of_2022 |= {"first": fates[0], "second": fates[4]}
        course = Course(self.world, self.tale, announced, fates)
        self.tale.begin(datetime(2022, 12, 15, 13), course.teach_for_slot())
        desk = CardDesk(self.world, course)
        life = desk.live(date(2022, 12, 28), releases=[date(2023, 1, 4)], now=self.days.now)
        self.tale.begin(datetime(2022, 12, 28, 9), life)

    def _old(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        self.of_old = [Fate(place, unit, P3) for unit in (YUNFAN, YUNFAN, WANGJIANG, QINGHE, YUNFAN, WANGJIANG)]
        self.of_old[4].course, self.of_old[5].card = "fail", "void"
        self.known["holder-sichuan"] = self.of_old[0]
        course = self._admit(place, self.of_old)
        yield from course.teach_for_slot()
        desk = CardDesk(self.world, course)
        yield from desk.live(days.today, releases=[days.day(4)], now=self.days.now)

    def _cards(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        units, kinds = (YUNFAN, WANGJIANG, YUNFAN, QINGHE), ("", "", "wait", "wait", "corrected", "wait", "claimed",
            "revoked", "claimed", "made", "wait", "void")  # fmt: skip
        fates = [Fate(place, units[number % 4], P3, card=kind) for number, kind in enumerate(kinds)]
        fates += [Fate(place, YUNFAN, P3, card="void", earlier=self.of_2022["void"])]
        fates += [Fate(place, unit, P3, course=course) for unit, course in (
            (WANGJIANG, "absent"), (QINGHE, "ill"), (YUNFAN, "dropout"), (WANGJIANG, "fail"), (YUNFAN, "timeout"),
        )]  # fmt: skip
        self.known["struck-sichuan"] = fates[13]
        course = self._admit(place, fates)
        yield from course.teach_for_slot()
        desk = CardDesk(self.world, course)
        yield from desk.live(days.day(-80), releases=[days.day(-72), days.day(-57)], now=days.now)

    def _renewed(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        fates = [Fate(place, self.of_2022[key].unit, P3, earlier=self.of_2022[key]) for key in ("first", "second")]
        course = self._admit(place, fates)
        yield datetime.combine(days.day(-58), time(8))
        sweeps.run_sweeps(clock.now())
        yield from CardDesk(self.world, course).live(days.day(-52), releases=[days.day(-49)], now=days.now)

    def _exam(self, days: Days, outline: Outline) -> Life:
        """Sat a few days ago: some wait for their cards, some for a decision; one has not come for the second time."""
        place = yield from self._announce(days, outline)
        fates = [Fate(place, unit, P3, course=course) for unit, course in (
            (YUNFAN, ""), (WANGJIANG, ""), (QINGHE, ""), (YUNFAN, ""), (COOLING, ""), (YUNFAN, "fail"),
            (WANGJIANG, "open"), (QINGHE, "ask"), (YUNFAN, "ill"),
        )]  # fmt: skip
        fates.append(Fate(place, COOLING, P3, course="absent", earlier=self.of_2022["absent"]))
        yield from self._admit(place, fates).teach_for_slot()

    def _study(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        fates = [Fate(place, unit, P3, course=course) for unit, course in (
            (YUNFAN, ""), (YUNFAN, "behind"), (WANGJIANG, ""), (WANGJIANG, "none"), (QINGHE, "dropout"), (QINGHE, ""),
            (COOLING, "behind"), (YUNFAN, "none"),
        )]  # fmt: skip
        yield from self._admit(place, fates).teach_for_slot()

    def _renewal(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        self._admit(place, [
            Fate(place, YUNFAN, ("submit", "pass"), earlier=self.of_old[1]),
            Fate(place, WANGJIANG, ("submit",), earlier=self.of_old[2]),
        ])  # fmt: skip

    def _ah_past(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        fates = [Fate(place, unit, P3, course=course) for unit, course in (
            (XINHUA, ""), (XINHUA, ""), (XINHUA, "twice"), (WUHU, ""), (WUHU, ""), (TOURISM, ""), (TOURISM, "ill"),
            (XINHUA, "fail"), (WUHU, "absent"), (XINHUA, "dropout"), (XINHUA, ""),
        )]  # fmt: skip
        self.known["holder-anhui"] = fates[0]
        course = self._admit(place, fates)
        yield from course.teach_with_sessions([days.day(-54), days.day(-52)])
        yield from issue_certificates(self.world, course, days.day(-40), downloads=5)

    def _ah_study(self, days: Days, outline: Outline) -> Life:
        place = yield from self._announce(days, outline)
        fates = [Fate(place, unit, P3, course=course) for unit, course in (
            (XINHUA, "ready"), (XINHUA, "middle"), (XINHUA, ""), (WUHU, ""), (TOURISM, "ask"), (XINHUA, "once"),
            (TOURISM, "later"), (XINHUA, "later"), (WUHU, "behind"), (TOURISM, "none"), (XINHUA, "ready"),
            (WUHU, "fail"),
        )]  # fmt: skip
        self.known |= {"ready-to-sit-anhui": fates[0], "middle-anhui": fates[1]}
        yield from self._admit(place, fates).teach_with_sessions([days.day(-2), days.day(3)])

    def _announce(self, days: Days, outline: Outline):
        """Publish the class and, some hours later, its notice; gives the class."""
        place = classes.announce_running(self.world, days, outline)
        yield clock.now() + timedelta(hours=4)
        notices.publish_running(self.world, place)
        return place

    def _admit(self, place: Class, fates: Iterable[Fate]) -> Course:
        fates = list(fates)
        for fate in fates:
            self.enter(fate)
        return Course(self.world, self.tale, place, fates)

    def _mornings(self) -> Iterable[datetime]:
        """When time alone has its effects: every Monday night of the past, every night of the last weeks."""
        day = date(2021, 8, 2)
        while day <= self.days.today:
            yield datetime.combine(day, time(0, 20))
            day += timedelta(days=7 if self.days.today - day > timedelta(days=28) else 1)

    def _sweep(self) -> Life:
        sweeps.run_sweeps(clock.now())
        return
        yield

    def _import_banks(self) -> Life:
        lessons.import_banks(self.world)
        return
        yield


def _three_years_ago(now: datetime) -> datetime:
    """The day on which the old cards were issued: they are valid for some more weeks."""
    return (now - timedelta(days=3 * 365 + 1 - 25)).replace(hour=12)
