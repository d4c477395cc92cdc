"""The Sichuan class of December 2022 after its approval, in a real browser: study, the unified exam, an absence struck,
cards issued, one collected, one void at midnight. The browsers' timers and the server's clock go along with the story.
"""

import io
import json
import zipfile
from datetime import datetime, timedelta

import openpyxl
import psutil
import pypdfium2
import pytest
import zxingcpp

from portal import clock
from portal.rules.exam import read_items, shown_answer
from tests.browser.chromium import PHONE, running
from tests.documents.paper import Paper
from tests.journeys import steps

pytestmark = pytest.mark.browser
# What the browser itself complains of while the story takes its connection away.
CUT_OFF = ("ERR_INTERNET_DISCONNECTED",)
LAST_DAY = datetime(2023, 5, 26)  # 60 working days after 1 March 2023


def test_from_the_approval_to_a_collected_card_and_a_void_one(somebody, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    with running(tmp_path_factory.mktemp("cards") / "data", "class", now=datetime(2022, 12, 15, 8, 50)) as server:
        story = Story(somebody, server, folder)
        story.study()
        story.sit_the_exam()
        story.decide_the_absence()
        story.issue()
        claim = story.claim()
        story.hand_out(claim)
        story.let_the_other_card_lapse()
        story.verify()
        told = server.run("-m", "flask", "--app", "app", "audit", "verify")
        assert "操作记录完好" in told and "证书（证卡）完好：共2张" in told


class Story:
    """The chapters in their order; each person's window is opened anew when a login would have ended meanwhile."""

    def __init__(self, somebody, server, folder):
        self.somebody, self.server, self.folder = somebody, server, folder
        self.cases, self.names, self.plan = (server.seeded[key] for key in ("cases", "names", "plan"))

    def at(self, *moment: int) -> None:
        self.server.set_clock(datetime(*moment))

    def phone(self, key: str):
        """A participant who logs in on a telephone whose timers the story can drive."""
        who = self.somebody(self.server, viewport=PHONE)
        who.page.clock.install()
        return who.log_in(self.server.seeded["accounts"][key])

    def desk(self, role: str):
        return self.somebody(self.server).log_in(self.server.seeded["accounts"][role])

    def state(self, key: str) -> str:
        return self.server.query('SELECT state FROM "case" WHERE id = ?', self.cases[key])[0][0]

    def card(self, key: str, what: str):
        rows = self.server.query(f"SELECT {what} FROM credential WHERE registration_id = ?", self.cases[key])
        return rows[0][0] if rows else None

    # 培训学习

    def study(self) -> None:
        """15 December: one studies on a phone until the required minutes are full; the others have their beats, too."""
        who = self.phone("early")
        who.open("/applicant/training").see("要求 12 分钟").shot("sichuan-60-phone-training", whole=True)
        who.press("text=开始学习").see("学满规定时长后才能参加考核").shot("sichuan-61-phone-modules", whole=True)
        self._study_modules(who, "early", "sichuan-62-phone-module")
        who.open(f"/applicant/training/{self.cases['early']}").see("已达到规定学习时长")
        who.shot("sichuan-63-phone-study-done", whole=True)
        assert who.overflow <= 0 and self.state("early") == "study_done"
        self.at(2022, 12, 15, 13, 0)
        self.server.seed("study_now", cases=[self.cases[key] for key in ("late", "stays", "absent", "unstamped")])
        centre = self.desk("province:sichuan").open(f"/province/plans/{self.plan}/progress")
        centre.see(self.names["absent"]).shot("sichuan-64-province-progress")

    def _study_modules(self, who, key: str, picture: str) -> None:
        """Beat after beat: the page's timer and the server's clock go on together."""
        at = self._now()
        for module in self.server.seeded["modules"]:
            who.open(f"/applicant/training/{self.cases[key]}/modules/{module}").see("正在计时")
            for beat in range(20):
                at += timedelta(seconds=20)
                self.server.set_clock(at)
                who.page.locator("#study-clock").evaluate("e => { e.dataset.old = '' }")
                who.page.clock.fast_forward(20_000)
                who.page.locator("#study-clock:not([data-old])").wait_for()
                if picture and beat == 9:
                    who.shot(picture)
                    picture = ""
                if who.page.locator("#study-clock[data-full]").count():
                    break
            who.see("本模块已学满")

    def _now(self) -> datetime:
        shift = float((self.server.data / "clock-shift").read_text())
        return clock.now() + timedelta(seconds=shift)

    # 统一考核

    def sit_the_exam(self) -> None:
        """16 December: refused at 14:29, entered at 14:30 and at 16:00, submitted for one who leaves the page open."""
        self.at(2022, 12, 16, 14, 29)
        early = self.phone("early").open(f"/applicant/training/{self.cases['early']}/exam")
        early.see("考核于2022年12月16日14:30开始").shot("sichuan-65-phone-exam-too-early", whole=True)
        assert early.page.locator("#start-form").count() == 0
        self.at(2022, 12, 16, 14, 30)
        early.open(f"/applicant/training/{self.cases['early']}/exam").shot("sichuan-66-phone-exam-rules", whole=True)
        self._start(early, "119:5", "120:00")
        self._answer(early, "early")
        early.shot("sichuan-67-phone-exam-answered")
        self._hand_in(early).see("合格")
        early.shot("sichuan-68-phone-exam-passed", whole=True)

        self.at(2022, 12, 16, 15, 40)
        unstamped = self.phone("unstamped").open(f"/applicant/training/{self.cases['unstamped']}/exam")
        self._start(unstamped, "49:5", "50:00")
        self._answer(unstamped, "unstamped")
        self._hand_in(unstamped).see("合格")

        self.at(2022, 12, 16, 16, 0)
        late = self.phone("late").open(f"/applicant/training/{self.cases['late']}/exam")
        self._start(late, "29:5", "30:00")
        late.shot("sichuan-69-phone-exam-30-minutes")
        right = self._answer(late, "late", only=range(9))
        late.context.set_offline(True)
        late.page.locator("#exam-lost").wait_for(state="visible")
        for place in range(9, len(right)):
            self._choose(late, place, right[place])
        late.see("3题的答案暂存在本页").shot("sichuan-70-phone-exam-lost")
        assert len(self._stored("late")) == 9
        late.context.set_offline(False)
        late.see("网络已恢复，答案已全部保存")
        assert self._stored("late") == dict(enumerate(right))
        self._hand_in(late).see("合格")
        late.complaints[:] = [line for line in late.complaints if not any(word in line for word in CUT_OFF)]

        self.at(2022, 12, 16, 16, 5)
        stays = self.phone("stays").open(f"/applicant/training/{self.cases['stays']}/exam")
        self._start(stays, "24:5", "25:00")
        self._answer(stays, "stays", only=range(2))
        self.at(2022, 12, 16, 16, 29, 57)
        stays.page.clock.fast_forward(int((24 * 60 + 52) * 1000))
        stays.page.wait_for_url("**/result", timeout=20_000)
        stays.see("到时自动交卷", "2022-12-16 16:30:00", "不合格").shot("sichuan-71-phone-exam-collected", whole=True)
        assert stays.overflow <= 0
        rows = self.server.query(
            "SELECT submitted_by, submitted_at FROM attempt WHERE registration_id = ?", self.cases["stays"]
        )
        assert rows[0][0] == "system" and rows[0][1].startswith("2022-12-16 16:30:00")
        states = {key: self.state(key) for key in ("early", "late", "unstamped", "stays")}
        assert states == {"early": "passed", "late": "passed", "unstamped": "passed", "stays": "failed"}

    def _start(self, who, *left: str) -> None:
        """Tick the rules and start; the countdown begins with what is left until 16:30."""
        who.page.check("#agreed")
        who.page.click("#start-form .button.primary")
        shown = who.page.locator("#exam-left").inner_text()
        assert shown.startswith(left), f"{shown} is none of {left}"

    def _answer(self, who, key: str, only=None) -> list[str]:
        """Give the right answers (`only` to these places), until the server has them; all of the right ones."""
        drawn = self.server.query("SELECT items FROM attempt WHERE registration_id = ?", self.cases[key])[0][0]
        bank = dict(self.server.query("SELECT id, answer FROM question"))
        right = [shown_answer(bank[item.question], item.order) for item in read_items(json.loads(drawn))]
        wanted = list(only if only is not None else range(len(right)))
        for place in wanted:
            self._choose(who, place, right[place])
        who.see("答案已保存")
        for _ in range(50):
            if len(self._stored(key)) == len(wanted):
                break
            who.page.wait_for_timeout(100)
        assert self._stored(key) == {place: right[place] for place in wanted}
        return right

    def _choose(self, who, place: int, letters: str) -> None:
        for letter in letters:
            who.page.locator(f"input[name=a{place}][value={letter}]").check()

    def _stored(self, key: str) -> dict:
        return dict(self.server.query(
            "SELECT position, value FROM answer a JOIN attempt t ON t.id = a.attempt_id WHERE t.registration_id = ?",
            self.cases[key],
        ))  # fmt: skip

    def _hand_in(self, who):
        who.page.locator("#exam-form .exam-bar .button").click()
        who.see("交卷后不能再修改").page.click("form[action$=hand-in] button")
        who.page.wait_for_url("**/result")
        return who

    # 未完成认定

    def decide_the_absence(self) -> None:
        """19 December: who never came is on the list, and the centre finds no good reason: one of two."""
        self.at(2022, 12, 19, 9, 0)
        self.server.run("-m", "flask", "--app", "app", "deadlines", "run")
        centre = self.desk("province:sichuan").open(f"/province/plans/{self.plan}")
        centre.press("text=未完成认定").see(self.names["absent"], "没有参加线上考核")
        centre.shot("sichuan-72-province-unfinished")
        centre.press(".button:has-text('认定') >> nth=-1").see("累计次数将由0次变为1次")
        centre.page.check("input[name=decision][value=unexcused]")
        centre.page.fill("#note", "未说明理由，电话联系本人确认无正当理由。")
        centre.shot("sichuan-73-province-strike", whole=True)
        centre.press("#decide-form .primary").see("已计入无故缺勤").shot("sichuan-74-province-struck")
        assert self.state("absent") == "struck"
        absent = self.phone("absent").open("/account/messages").see("警示")
        absent.shot("sichuan-75-phone-warning")
        absent.open("/applicant/sanctions").see("1 / 2 次").shot("sichuan-76-phone-sanctions", whole=True)
        assert absent.overflow <= 0
        unit = self.desk("unit:chengdu").open("/unit/sanctions").see(self.names["absent"])
        unit.shot("sichuan-77-unit-sanctions")
        centre.open(f"/province/plans/{self.plan}").press("text=考核结果和合格名单").see("合格名单（PDF）")
        centre.shot("sichuan-78-province-results", whole=True)

    # 发证和发放

    def issue(self) -> None:
        """The department sees who is skipped and why, issues, prints, and releases on 1 March 2023."""
        self.at(2023, 2, 20, 9, 0)
        department = self.desk("department:sichuan").open("/province/issuing").shot("sichuan-79-department-issuing")
        department.press("#main table a:has-text('办理')")
        department.see(self.names["unstamped"], "尚待补交盖章的申报表")
        department.shot("sichuan-80-department-preview", whole=True)
        department.press("#issue-form .primary").see("已制作2张")
        department.page.get_by_text("下载全部（ZIP）").wait_for(timeout=60_000)  # drawn in the background
        department.shot("sichuan-81-department-batch", whole=True)
        assert self.state("unstamped") == "passed" and self.state("early") == self.state("late") == "certified"
        self.at(2023, 3, 1, 9, 30)
        department = self.desk("department:sichuan").open("/province/cards?show=issued")
        for box in department.page.locator("input[name=card]").all():
            box.check()
        department.shot("sichuan-82-department-release")
        department.press("#release .primary").see("已发放2张", LAST_DAY.date().isoformat())
        department.open("/province/cards?show=awaiting").see("剩60个工作日").shot("sichuan-83-department-awaiting")

    # 领取和交付

    def claim(self) -> str:
        """10 March: the unit sees how many working days are left and claims one card with its papers."""
        self.at(2023, 3, 10, 10, 0)
        unit = self.desk("unit:chengdu").open("/unit/cards").see("剩53个工作日")
        unit.page.get_by_label(f"选择 {self.names['late']}").uncheck()
        unit.fill(receiver="赵领取", receiver_phone="13900000000").shot("sichuan-84-unit-claim", whole=True)
        unit.press("#claim-form .primary").see("已申请领取1张证卡")
        claim = unit.page.url.rsplit("/", 1)[1]
        paper = Paper(self._download(unit, "text=汇总表（PDF"))
        for words in ("四川省技能人才评价高级考评员资格培训汇总表", self.names["early"], "填报单位："):
            assert paper.has(words), words
        assert not paper.has(self.names["late"])
        sheet = openpyxl.load_workbook(io.BytesIO(self._download(unit, "text=汇总表（Excel"))).active
        cells = [cell for row in sheet.iter_rows(values_only=True) for cell in row if cell]
        assert self.names["early"] in cells and self.names["late"] not in cells
        bundle = zipfile.ZipFile(io.BytesIO(self._download(unit, "text=打包下载")))
        names = bundle.namelist()
        assert bundle.testzip() is None
        assert any("盖章的申报表" in name and self.names["early"] in name for name in names)
        assert sum(self.names["early"] in name for name in names) >= 3 and "缺少的材料.txt" not in names
        unit.page.set_input_files("#table", steps.picture(self.folder, "盖章汇总表.jpg"))
        unit.press("#table-form .primary").see("已上传盖章的汇总表").shot("sichuan-85-unit-claimed", whole=True)
        return claim

    def _download(self, who, selector: str) -> bytes:
        with who.page.expect_download() as paper:
            who.page.locator(selector).first.click()
        return paper.value.path().read_bytes()

    def hand_out(self, claim: str) -> None:
        """15 March: the department checks the papers and hands the card out; its holder sees it valid."""
        self.at(2023, 3, 15, 10, 0)
        department = self.desk("department:sichuan").open("/province/cards?show=claims")
        department.press("#main table a").see("盖章汇总表已上传")
        department.fill(officer="周交付").shot("sichuan-86-department-hand-out", whole=True)
        department.press("#hand-out-form .primary").see("周交付")
        assert self.card("early", "state") == "valid" and self.card("late", "state") == "awaiting_claim"
        content = department.context.request.get(f"/province/credentials/{self.card('early', 'id')}/print").body()
        self.codes = {"early": _read_code(content)}
        late = department.context.request.get(f"/province/credentials/{self.card('late', 'id')}/print").body()
        self.codes["late"] = _read_code(late)
        early = self.phone("early").open("/applicant/certificates").see("有效")
        early.shot("sichuan-87-phone-certificate", whole=True)
        assert early.overflow <= 0 and claim

    # 逾期作废

    def let_the_other_card_lapse(self) -> None:
        """26 May 2023: until midnight it can be claimed; one minute later a page says void, though nothing has run."""
        self.at(2023, 5, 26, 23, 59)
        unit = self.desk("unit:chengdu").open("/unit/cards").see(self.names["late"], "今天到期")
        unit.fill(receiver="赵领取", receiver_phone="13900000000").shot("sichuan-88-unit-last-minute")
        jobs = _stop_jobs(self.server)
        try:
            self.at(2023, 5, 27, 0, 0)
            late = self.somebody(self.server, viewport=PHONE)
            late.page.goto(self.codes["late"])
            late.see("已作废", self.names["late"]).shot("sichuan-89-phone-verified-void", whole=True)
            assert late.overflow <= 0 and self.card("late", "state") == "awaiting_claim"  # nothing has been run yet
            unit.press("#claim-form .primary")  # the page was drawn a minute ago
            unit.see("领取截止日为2023-05-26，逾期未领取，已作废").shot("sichuan-90-unit-too-late")
            assert self.card("late", "state") == "void_unclaimed"
        finally:
            for process in jobs:
                process.resume()
        unit.open("/unit/cards?show=all").see("已作废", "作废通知").shot("sichuan-90-unit-all-cards")
        assert self.card("early", "state") == "valid"

    # 查验

    def verify(self) -> None:
        """A stranger scans the collected card, and looks the void one up by its number."""
        address = self.codes["early"]
        assert address.startswith(f"{self.server.url}/verify/t/")
        stranger = self.somebody(self.server, viewport=PHONE)
        stranger.page.goto(address)
        stranger.see("有效", self.names["early"], self.card("early", "number"))
        stranger.shot("sichuan-90-phone-verified-valid", whole=True)
        assert stranger.overflow <= 0 and stranger.page.locator(".verify-print img").count() == 1
        stranger.open("/verify").fill(number=self.card("late", "number"), name=self.names["late"])
        stranger.press("#verify-form .primary").see("已作废")


def _read_code(card: bytes) -> str:
    """The address in the QR code on the back of a card, as a camera sees it."""
    (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(card)[1].render(scale=2).to_pil())
    return code.text


def _stop_jobs(server) -> list[psutil.Process]:
    """Halt the process that does due things in the background, so that only pages are left to do them."""
    family = psutil.Process(server.process.pid).children(recursive=True)
    jobs = [process for process in family if "jobs" in process.cmdline()]
    assert jobs
    for process in jobs:
        process.suspend()
    return jobs
