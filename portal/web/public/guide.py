"""The process guide 考评员外网报考流程: five parts and the drawn flow, as a page and as PDF (R2.33)."""

from dataclasses import dataclass
from math import ceil

from flask import abort

from portal.actions.events import log_document
from portal.documents.annex import annex_pdf
from portal.models.jurisdictions import profile_of, profiles
from portal.papers.guide import guide_parts, guide_text, guide_title
from portal.web.files import send_bytes
from portal.web.pages import show
from portal.web.public import blueprint
from portal.web.public.notices import visitor
from portal.web.public.provinces import chosen_province, province_tabs

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 156, 66, 30, 50, 14
LINE_HEIGHT = 19
_MOST_CHARACTERS = 10  # of a line in a box


@dataclass(frozen=True)
class Box:
    """One box of the flow figure, in the units of its drawing: up to three lines, and a note under it."""

    x: int
    y: int
    lines: tuple[str, ...]
    look: str = ""
    note: str = ""

    @property
    def centre(self) -> int:
        """Its middle, from the left."""
        return self.x + BOX_WIDTH // 2

    @property
    def texts(self) -> list[tuple[int, str, bool]]:
        """Its lines as (height, words, whether small): the last of several is what is done there."""
        top = self.y + BOX_HEIGHT // 2 - (len(self.lines) - 1) * LINE_HEIGHT // 2
        last = len(self.lines) - 1
        return [(top + n * LINE_HEIGHT, words, n == last and last > 0) for n, words in enumerate(self.lines)]


@blueprint.get("/guide")
def guide():
    """The guide of the province asked for, otherwise of the first."""
    province = chosen_province() or next(iter(profiles()))
    rows = draw_flow(province)
    tabs = [tab for tab in province_tabs("public.guide", province) if tab[0] != "全部"]
    return show(
        "public/guide.html", province=province, provinces=tabs, title=guide_title(province),
        parts=guide_parts(province), rows=rows, width=max(row[-1].x for row in rows) + BOX_WIDTH + MARGIN,
        height=rows[-1][0].y + BOX_HEIGHT + MARGIN, box_width=BOX_WIDTH, box_height=BOX_HEIGHT,
    )  # fmt: skip


@blueprint.get("/guide/<province>.pdf")
def guide_pdf(province: str):
    """The guide as PDF, as it is attached to notices."""
    if province not in profiles():
        abort(404)
    title = guide_title(province)
    content = annex_pdf(title, guide_text(province))
    log_document("guide", f"guide:{province}", content, actor=visitor())
    return send_bytes(content, f"{title}.pdf")


def draw_flow(province: str) -> list[list[Box]]:
    """The overall flow (五 整体业务流程, missing in the source): preparation, the reviews by chain, the class."""
    profile = profile_of(province)
    long, short = profile.chain("city"), profile.chain("province")
    reviews = [
        ((*_fold(profile.level_name(seat)), profile.verb_label(seat)),
         "" if seat in short else f"{profile.affiliated_word}单位不经此级")
        for seat in long
    ]  # fmt: skip
    is_online = profile.training.mode == "online"
    exams = [("线上考核", "统一时间")] if is_online else [("在线考核",), ("线下培训、考核", "时间地点另行通知")]
    credential = "下载电子证书" if profile.credential.kind == "e_certificate" else "单位统一领取证卡"
    own = (
        ("实名注册", "登录"),
        ("填写个人信息", "上传照片"),
        ("选择考评计划", "点击报名"),
        ("填写证书信息", "上传材料并提交"),
    )
    rows = (
        [(lines, "", "person") for lines in own],
        [(lines, note, "") for lines, note in reviews],
        [(lines, "", "") for lines in (("在线学习",), *exams)] + [((credential,), "", "end")],
    )
    return [
        [
            Box(MARGIN + place * (BOX_WIDTH + GAP_X), MARGIN + level * (BOX_HEIGHT + GAP_Y), lines, look, note)
            for place, (lines, note, look) in enumerate(row)
        ]
        for level, row in enumerate(rows)
    ]


def _fold(name: str) -> tuple[str, ...]:
    """A name over as many lines as its box needs, of nearly equal length."""
    lines = ceil(len(name) / _MOST_CHARACTERS)
    length = ceil(len(name) / lines)
    return tuple(name[start : start + length] for start in range(0, len(name), length))
