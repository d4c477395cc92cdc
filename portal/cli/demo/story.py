"""The whole demonstration: which applicants there are in which class and what became of them."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from portal import clock
from portal.actions import accounts, colleagues
from portal.cli.demo import classes, notices
from portal.cli.demo.chapters import Chapters
from portal.cli.demo.classes import OUTLINES, Class, Outline
from portal.cli.demo.lives import Applicant, Fate
from portal.cli.demo.papers import Papers
from portal.cli.demo.tale import Days, Life, Tale
from portal.cli.demo.world import ANHUI, TERMINAL, World, make_world
from portal.models import Grant, User
from portal.rules.workflow import Seat

P1, P2, P3 = ("submit", "pass"), ("submit", "pass", "pass"), ("submit", "pass", "pass", "pass")
WAIT = {"U": ("submit",), "C": P1, "P": P2, "D": P3}
YUNFAN, WANGJIANG, QINGHE, YUNLING = (
    "成都云帆技能评价有限公司", "成都望江职业技术学校", "绵阳青禾高级技工学校", "德阳云岭重型装备有限公司",
)  # fmt: skip
LUZHOU, DIRECT = "泸州青禾酒店服务有限公司", "四川云岭建设技能评价中心"
XINHUA, WUHU, TOURISM, TEA = "新华教育集团", "芜湖云帆汽车制造有限公司", "黄山云谷旅游职业学校", "黄山青禾茶业有限公司"
ASSOCIATION, ENERGY = "安徽省人力资源服务协会", "云岭能源集团安徽分公司"

_DOTTED = ("sc-open", "ah-today")

# Class → (unit, how many acts of passing, number of applicants): at whose desk they wait today.
WAITING = {
    "sc-late": ((YUNFAN, 0, 3), (YUNFAN, 1, 5), (YUNFAN, 2, 4), (WANGJIANG, 2, 2), (QINGHE, 1, 2), (DIRECT, 1, 3)),
    "sc-today": ((YUNFAN, 0, 4), (YUNFAN, 1, 5), (WANGJIANG, 1, 4), (YUNFAN, 2, 3), (WANGJIANG, 2, 2), (QINGHE, 2, 3),
                 (DIRECT, 1, 3), (QINGHE, 1, 3), (YUNLING, 1, 2)),
    "sc-soon": ((YUNFAN, 0, 7), (YUNFAN, 1, 4), (WANGJIANG, 1, 4), (YUNFAN, 2, 3), (YUNLING, 2, 2), (QINGHE, 1, 2),
                (WANGJIANG, 0, 3), (LUZHOU, 1, 2)),
    "sc-open": ((YUNFAN, 0, 14), (YUNFAN, 1, 4), (WANGJIANG, 1, 3), (YUNFAN, 2, 2), (DIRECT, 1, 3), (QINGHE, 0, 3),
                (QINGHE, 1, 2), (DIRECT, 0, 3), (LUZHOU, 0, 2)),
    "ah-late": ((XINHUA, 0, 3), (XINHUA, 1, 6), (XINHUA, 2, 3), (WUHU, 2, 1), (TOURISM, 1, 2)),
    "ah-today": ((XINHUA, 0, 4), (XINHUA, 1, 10), (XINHUA, 2, 3), (WUHU, 2, 2), (WUHU, 1, 3), (TOURISM, 2, 2),
                 (TEA, 1, 2)),
    "ah-soon": ((XINHUA, 0, 18), (XINHUA, 1, 9), (WUHU, 0, 3), (WUHU, 1, 2), (TOURISM, 1, 2), (TOURISM, 0, 2)),
    "ah-first": ((ASSOCIATION, 0, 4), (ASSOCIATION, 1, 4)),
    "ah-before": ((ASSOCIATION, 0, 5), (ASSOCIATION, 1, 5), (ENERGY, 1, 2)),
    "ah-open": ((ASSOCIATION, 0, 16), (ASSOCIATION, 1, 5), (ENERGY, 0, 2), (ENERGY, 1, 1)),
}  # fmt: skip


def tell_story(uploads: Path) -> dict:
    """Let everything happen up to now; gives {"accounts": [{"label", "login"}], "applicants": number}."""
    now = clock.now()
    with clock.at(datetime(2020, 3, 30, 9)):
        world = make_world(uploads)
        notices.publish_selection_2020(world)
    days = Days(now, Random("demo"))
    story = _Story(world, days)
    story.plan_past()
    story.plan_present()
    story.tale.tell()
    with clock.at(now):
        return {"accounts": story.list_accounts(), "applicants": len(story.fates)}


class _Story:
    def __init__(self, world: World, days: Days):
        self.world, self.days = world, days
        self.papers, self.tale, self.fates = Papers(world.store), Tale(days.now), []
        self.known: dict[str, Fate] = {}
        self.chapters = Chapters(world, days, self.tale, self._enter, self.known)

    def plan_past(self) -> None:
        """The two classes of the source documents."""
        self.tale.begin(datetime(2021, 7, 26, 10), self._class_of_2021())
        self.tale.begin(datetime(2022, 12, 5, 10), self._class_of_2022())
        self.tale.begin(datetime(2025, 4, 21, 10), self._huangshan())
        self.chapters.begin()

    def plan_present(self) -> None:
        """The running classes, each announced some days before its window opens."""
        for outline in OUTLINES:
            first = self.days.day(outline.window[0])
            self.tale.begin(datetime.combine(first, time(10)) - timedelta(days=8), self._running_class(outline))
        self.tale.begin(self.days.now - timedelta(hours=3), self._desks_today())

    def _class_of_2021(self) -> Life:
        world = self.world
        announced = classes.announce_2021(world)
        original = notices.publish_2021(world, announced)
        yield datetime(2021, 8, 3, 15)
        classes.date_2021(world, announced)
        yield datetime(2021, 8, 4, 9)
        forward = notices.forward_2021(world, original, announced)
        fates = []
        for number in range(9):
            script = ("submit", "reject") if number == 8 else P2
            unit = ENERGY if number == 5 else ASSOCIATION
            fates.append(Fate(announced, unit, script, "rare" if number == 1 else ""))
            self._enter(fates[-1])
        self.chapters.follow_2021(announced, fates)
        yield datetime(2021, 8, 6, 10, 20)
        notices.send_table(world, forward, "ah-member", 3)
        yield datetime(2021, 8, 9, 16, 40)
        notices.send_table(world, forward, "ah-member2", 2)

    def _class_of_2022(self) -> Life:
        announced = classes.announce_2022(self.world)
        yield datetime(2022, 12, 8, 9)
        notices.publish_2022(self.world, announced)
        units, fates = (YUNFAN, WANGJIANG, QINGHE, DIRECT), []
        for number in range(14):
            unit = units[number % 4]
            script = P2 if unit == DIRECT else P3
            if number in (5, 9):
                script = ("submit", "pass", "reject")
            elif number == 10:
                script = ("submit", "return:scan", "fix", "pass", "pass", "pass")
            elif number == 12:
                script = ("submit", "withdraw")
            fates.append(Fate(announced, unit, script))
        fates += self.chapters.extra_2022(announced)
        for fate in fates:
            self._enter(fate)
        self.chapters.follow_2022(announced, fates)

    def _huangshan(self) -> Life:
        notices.publish_huangshan(self.world, date(2025, 4, 21))
        return
        yield

    def _running_class(self, outline: Outline) -> Life:
        world = self.world
        announced = classes.announce_running(world, self.days, outline)
        yield clock.now() + timedelta(hours=4)
        original = notices.publish_running(world, announced)
        for fate in self._fates_of(announced):
            self._enter(fate)
        if outline.key == "ah-open":
            yield announced.opens
            last = self.days.day(outline.window[1] - 1)
            forward = notices.forward_running(world, original, announced, last)
            yield self.days.later(announced.opens + timedelta(days=1), 20)
            notices.send_table(world, forward, "ah-member", 4)
            yield self.days.later(clock.now(), 20)
            notices.send_table(world, forward, "ah-member2", 2, send=False)
            yield self.days.later(max(clock.now(), announced.opens + timedelta(days=2)), 10)
            rows = [{"name": each.name, "id_number": each.id_number, "phone": each.phone, "position": each.post}
                    for each in (world.next_person(ANHUI) for _ in range(3))]  # fmt: skip
            colleagues.enter_colleagues(rows, announced.plan, actor=world.staff["ah-assoc"])

    def _fates_of(self, place: Class) -> Iterator[Fate]:
        """The applicants of one running class: those who wait, and the others of every kind."""
        random = Random(place.key)
        specials = iter(("rare", "rare", "elderly", *(["dotted"] if place.key in _DOTTED else [])))
        for unit, passes, number in WAITING[place.key]:
            for index in range(number):
                script = ("submit", *["pass"] * passes)
                special = ""
                if index == 0 and number > 2:
                    special = next(specials, "")
                elif index == 1 and number > 4 and not place.stamped:
                    special = "register"
                elif index == 1 and number > 3 and place.stamped and passes:
                    special = "late-stamp"
                if index == 2:
                    script = ("submit", "return:scan", "fix", *script[1:])
                elif index == 3 and passes:
                    script = ("submit", "pass", "return:address", "fix", *script[1:])
                if index == number - 1 and number > 3:
                    script = (*script, "claim")
                yield Fate(place, unit, script, special)
        main, second = WAITING[place.key][0][0], WAITING[place.key][-1][0]
        done = ("submit", *["pass"] * (2 if main in (ASSOCIATION, ENERGY, DIRECT) else 3))
        yield Fate(place, main, ("submit", "pass", "return:address"), today=True)
        yield Fate(place, second, ("submit", "return:scan"))
        yield Fate(place, main, ("submit", "pass", "reject"), today=True)
        yield Fate(place, main, ("submit", random.choice(("reject", "withdraw"))))
        for is_today in (False, True, True):
            yield Fate(place, main, done, today=is_today)
        yield Fate(place, main, (), random.choice(("half", "")))
        if place.key.endswith("-late"):
            yield Fate(place, main, ("submit", "pass", "withdraw-by-unit"))
        if place.key in ("sc-open", "ah-open"):
            yield self._remember("ready", Fate(place, main, (), "profile" if place.province == ANHUI else ""))
            yield self._remember("returned", Fate(place, main, ("submit", "return:scan")))

    def _remember(self, what: str, fate: Fate) -> Fate:
        self.known[f"{what}-{fate.place.province}"] = fate
        return fate

    def _enter(self, fate: Fate) -> None:
        self.fates.append(fate)
        applicant = Applicant(self.world, self.days, self.papers, fate, len(self.fates))
        first = max(fate.place.opens, clock.now())
        room = (fate.place.closes - first) * (0.15 if len(fate.script) > 3 else 0.45)
        random = Random(f"enter/{len(self.fates)}")
        moment = first + room * random.random()
        if moment.hour < 8:
            moment += timedelta(hours=8 + random.randrange(6))
        self.tale.begin(moment, applicant.live())

    def _desks_today(self) -> Life:
        """What is new this morning: drafts of plans and notices, and a deputy."""
        classes.draft_with_blanks(self.world)
        notices.draft_notice(self.world)
        centre, deputy = self.world.staff["cd-centre"], self.world.staff["cd-centre2"]
        grant = Grant.get(Grant.user == centre.user, Grant.seat == Seat.CITY_CENTRE)
        last = self.days.day(5)
        accounts.appoint_deputy(
            grant, User.get_by_id(deputy.user), starts_on=self.days.today, ends_on=last, actor=TERMINAL
        )
        return
        yield

    def list_accounts(self) -> list[dict]:
        """One account per role, in the order an application travels through them."""
        def of_fate(key: str, words: str) -> dict:
            login = self.known[key].found["login"]
            return {"label": f"申请人 {User.get(User.login == login).name}（{words}）", "login": login}

        def of_staff(login: str, words: str) -> dict:
            return {"label": words, "login": login}

        return [
            of_fate("ready-sichuan", "四川，已填好，可提交"),
            of_staff("sc-unit", "评价机构 初审、领取证卡（成都云帆）"),
            of_staff("cd-centre", "成都市鉴定指导中心"),
            of_staff("sc-centre", "四川省鉴定指导中心（培训考核、缺勤认定）"),
            of_staff("sc-dept", "四川省人社厅（发证）"),
            of_fate("returned-sichuan", "四川，待补正"),
            of_fate("holder-sichuan", "四川，持证，可复核换证"),
            of_fate("struck-sichuan", "四川，已提出陈述申辩"),
            of_staff("qh-cooling", "评价机构（成都青禾，已被取消申报资格）"),
            of_staff("sc-direct", "省属评价机构（四川云岭）"),
            of_staff("cd-bureau", "成都市人社局"),
            of_fate("ready-anhui", "安徽，可报名"),
            of_staff("ah-assoc", "安徽省人力资源服务协会"),
            of_staff("ah-member", "会员单位（合肥云帆）"),
            of_staff("ah-centre", "安徽省鉴定中心（培训考核、发证）"),
            of_staff("ah-dept", "安徽省人社厅"),
            of_fate("returned-anhui", "安徽，待补正"),
            of_fate("ready-to-sit-anhui", "安徽，可参加线上考核"),
            of_fate("middle-anhui", "安徽，学习中"),
            of_fate("holder-anhui", "安徽，持电子证书"),
            of_staff("xinhua", "评价机构 初审（新华教育集团）"),
            of_staff("hf-centre", "合肥市鉴定中心"),
            of_staff("hs-centre", "黄山市鉴定中心"),
            of_staff("hs-county", "屯溪区人社局"),
            of_staff("tech", "技术人员"),
        ]
