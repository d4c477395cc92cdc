"""The words a notice starts with: its title, its opening and its sections, composed from a plan or an arrangement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from portal.rules.dates import print_clock, print_date, print_day, print_window

_DIGITS = "零一二三四五六七八九"
PURPOSE = "为进一步加强考评员队伍建设，规范技能人才评价工作"


@dataclass(frozen=True)
class PlanWords:
    """What the sections of a plan's notice say; blank dates print as blanks (R2.11)."""

    grade: str
    audience: str
    registration: tuple[date | None, date | None]
    registration_closes_at: time | None
    study: tuple[date | None, date | None]
    training: tuple[date | None, date | None]
    exam: tuple[datetime | None, datetime | None]
    contents: Sequence[str]
    conditions: str
    is_online_only: bool
    system_name: str
    links: dict[str, str]
    groups: Sequence[dict]
    levels: Sequence[str]
    credential: str
    guide_title: str
    guide_number: int
    conditions_number: int = 0


@dataclass(frozen=True)
class ForwardWords:
    """What a forward's arrangements say (皖人协秘〔2021〕2号 三)."""

    window: tuple[date | None, date | None]
    closes_time: time | None
    guide_title: str
    table_name: str
    mailbox: str
    occupations: Sequence[str]
    regions: Sequence[str]
    wants_table: bool


def number_in_chinese(number: int) -> str:
    """一 … 九十九, as headings are numbered."""
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else _DIGITS[tens]) + "十" if tens else ""
    return head + (_DIGITS[ones] if ones or not tens else "")


def one_line(title: str) -> str:
    """A title as it is stored: its line breaks gone, without a blank in their place (R2.47)."""
    return "".join(part.strip() for part in title.splitlines())


def title_of_forward(title: str) -> str:
    """转发《原标题》的通知 (R2.41); titles inside the original's own title become 〈〉 (GB/T 15834—2011)."""
    plain = one_line(title).replace("《", "〈").replace("》", "〉")
    return f"转发《{plain}》的通知"


def compose_plan_body(words: PlanWords) -> str:
    """The numbered sections of the notice of a plan, in the order of the sources (000·B; 川人社职鉴〔2022〕21号)."""
    reviewers = f"经{'、'.join(words.levels) or '审核'}"
    channel = f"通过“{words.system_name}”" + (f"（{words.links['system']}）" if words.links.get("system") else "")
    times = [f"（一）报名时间。{print_cutoff(*words.registration, words.registration_closes_at)}，"
             f"报名方式参见“{words.guide_title}”（附件{words.guide_number}）。"]  # fmt: skip
    if words.is_online_only:
        # An online class is studied online: a plan may give these days as its study window only.
        window = words.training if any(words.training) else words.study
        times.append(f"（二）培训时间。{print_window(*window)}。")
    else:
        times.append(
            f"（二）培训时间。通过报名审核的人员在线学习为{print_window(*words.study)}，线下培训为在线学习完成后分期开展。"
        )
    if words.exam[0]:
        times.append(f"（三）考试时间。{print_window(*words.exam)}。")
    conditions = (
        [f"见附件{words.conditions_number}。"] if words.conditions_number else words.conditions.splitlines()
    )  # fmt: skip
    if words.is_online_only:
        form = f"本期培训班{channel}发布培训计划，实行线上培训、线上考核。"
        if words.links.get("exam") or words.links.get("training"):
            form += f"培训考核网址：{words.links.get('training') or words.links['exam']}。"
        form += "参培人员按要求完成线上视频培训课时学习，达到指定学习时长后，参加统一考核。"
    else:
        form = (
            "培训形式为在线学习、考核结合线下培训、考核。在线学习在报名审核通过后在规定时间内自主学习，"
            "线下培训时间及地点另行通知。"
        )
    notes = [
        f"参培人员{channel}注册报名，按要求如实填写个人信息，提交真实有效且符合申报条件的个人资料，{reviewers}。",
        "考评职业应与技能人才评价机构备案（含申报未备案）信息一致，工作单位应填写符合培训对象要求的机构名称。",
        "各级审核单位要按照申报条件严格审核申报人员资格，并按时完成资格审核和数据提交。",
        *(_invite(group) for group in words.groups),
    ]
    sections = (
        ("培训对象", [words.audience]),
        ("报名及培训时间" if not words.is_online_only else "时间安排", times),
        ("培训内容", _enumerate(words.contents, "；", "。")),
        ("申报条件", conditions),
        ("培训形式", [form]),
        ("资格认证", [words.credential]),
        ("报名注意事项", _enumerate(notes)),
        ("联系方式", []),
    )
    lines = []
    for number, (heading, paragraphs) in enumerate(sections, 1):
        lines += [f"{number_in_chinese(number)}、{heading}", *(line for line in paragraphs if line)]
    return "\n".join(lines)


def compose_forward_body(words: ForwardWords) -> str:
    """The arrangements of a forward for the member units."""
    wants = []
    if words.wants_table:
        by = f"各单位请于{print_deadline(words.window[1], words.closes_time)}前在系统内填报{words.table_name}（附件1）"
        wants = [by + (f"，同时报至邮箱：{words.mailbox}。" if words.mailbox else "。")]
    rules = [
        f"推荐报名时间。{print_window(*words.window)}，报名方式参见“{words.guide_title}”进行。",
        *wants,
        "考评职业应与我单位备案信息一致。"
        + (f"我单位备案的考评职业为{'、'.join(words.occupations)}。" if words.occupations else ""),
    ]
    if words.regions:
        rules.append(f"所有人员以及下属会员单位人员的培训、考核、使用都在{'和'.join(words.regions)}进行。")
    return "\n".join([
        "一、培训对象",
        "由我单位推荐，符合申报条件，拟从事技能人才评价考评工作的人员。",
        "二、报名要求",
        *_enumerate(rules),
        "三、联系方式",
    ])  # fmt: skip


def print_cutoff(start: date | None, end: date | None, closes_at: time | None) -> str:
    """A registration window: 12月9日至13日, with the hour where one is set: 8月4日至9日17:00."""
    return print_window(start, end) + (print_clock(closes_at) if closes_at and end else "")


def print_deadline(day: date | None, closes_at: time | None, *, with_year: bool = False) -> str:
    """A last day with its hour: 8月9日17:00; blanks where it is still open."""
    if day is None:
        return "　月　日"
    return (print_date(day) if with_year else print_day(day)) + (print_clock(closes_at) if closes_at else "")


_WHO = {"liaisons": "各技能人才评价机构指定的联系人", "applicants": "报名参培人员"}


def _invite(group: dict) -> str:
    """Who joins which work group (000·B 六（四）, 川人社职鉴〔2022〕21号 六（一）)."""
    return f"请{_WHO.get(group['audience'], '相关人员')}加入{group['name']}（群号{group['number']}）。"


def _enumerate(items: Iterable[str], separator: str = "", last: str = "") -> list[str]:
    items = [item.rstrip("；。") if separator else item for item in items]
    ends = [separator] * (len(items) - 1) + [last] if items else []  # a plan may still be without contents
    return [f"（{number_in_chinese(n)}）{item}{end}" for n, (item, end) in enumerate(zip(items, ends, strict=True), 1)]
