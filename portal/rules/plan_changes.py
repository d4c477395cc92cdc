"""What may still be changed in a plan that is published, so that nobody who relied on it is harmed."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any

from portal.rules.errors import Invalid
from portal.rules.exam import KIND_LABELS
from portal.rules.flows.plan import Window
from portal.rules.workflow import SEAT_LABELS

FIELD_LABELS = {
    "batch_no": "批次号",
    "name": "计划名称",
    "grade": "等级",
    "kind": "类型",
    "regions": "报名区域",
    "audience": "培训对象",
    "audience_kinds": "评价机构类别",
    "org_states": "机构备案状态",
    "classes": "职业大类",
    "edition": "职业分类大典版本",
    "occupations_from_filing": "按备案职业报名",
    "opens_on": "报名开始日期",
    "opens_time": "报名开始时刻",
    "closes_on": "报名截止日期",
    "closes_time": "报名截止时刻",
    "study_from": "在线学习开始",
    "study_to": "在线学习结束",
    "training_from": "培训开始",
    "training_to": "培训结束",
    "exam_starts_at": "考试开始",
    "exam_ends_at": "考试结束",
    "review_by": "各级审核截止日",
    "mode": "培训形式",
    "contents": "培训内容",
    "minutes": "学习时长（分钟）",
    "class_hours": "课时数",
    "pass_mark": "合格分数线",
    "attempts": "考试次数",
    "assessments": "考核方式",
    "exam_place": "线上考核地点",
    "exam_minutes": "线上考核时长（分钟）",
    "late_minutes": "迟到限制（分钟）",
    "paper": "试卷组成",
    "conditions_text": "申报条件",
    "credential_text": "资格认证",
    "links": "网址",
    "groups": "工作群",
    "contacts": "联系人",
    "registrations_per_person": "每人可报名数",
    "require_stamped_form": "上传盖章申报表",
}
# What never changes once the plan is out: the number people know it by, and what selects the conditions.
FROZEN = frozenset({"batch_no", "grade", "kind", "edition"})
# What may be corrected at any time without a reason: how to reach somebody.
FREE = frozenset({"links", "groups", "contacts"})


def judge_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, has_begun: bool, has_registrations: bool
) -> list[str]:
    """The names of the changed fields that need a written reason; [] when none does.

    `has_begun`: the registration window has opened. Raises Invalid(field) for a change that would harm somebody:
    an announced window that gets shorter, a harder test or a narrower audience while people are registered.
    Filling in what was left blank needs no reason (R2.11).
    """
    changed = [name for name in FIELD_LABELS if name in after and before[name] != after[name]]
    for name in changed:
        if name in FROZEN:
            raise Invalid(name, f"计划已发布，{FIELD_LABELS[name]}不能再修改；如确需更改，请取消本计划后另建。")
    if has_begun:
        _check_window(before, after)
    if has_registrations:
        _check_registered(before, after)
    # A closing time added to a day that counted whole is no blank filled in: it takes hours away.
    return [name for name in changed if name not in FREE and (name.endswith("_time") or not _was_blank(before[name]))]


def label_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What changed, as {field: (before, after)} in words, for the record."""
    return {
        name: (print_value(before[name]), print_value(after[name]))
        for name in FIELD_LABELS
        if name in after and before[name] != after[name]
    }


def print_value(value: Any) -> str:
    """A field's value in words for the record of changes; codes become the words of the pages."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return "，".join(f"{_WORDS.get(name, name)}{print_value(each)}" for name, each in value.items() if each)
    if isinstance(value, (list, tuple)):
        return "；".join(print_value(each) for each in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return _WORDS.get(value, str(value)) if isinstance(value, str) else str(value)


# Codes that stand in a plan's values: parts of contacts and groups, seats, and the choices of the form.
_WORDS = {
    "system": "报名系统", "training": "培训平台", "exam": "考试平台", "name": "", "number": "号码", "audience": "",
    "office": "", "mobile": "手机", "phone": "电话", "email": "邮箱", "address": "地址",
    "liaisons": "评价机构联系人可见", "applicants": "报名人员可见", "renewal": "复核换证", "online": "线上",
    "offline": "线下", "mixed": "线上线下结合", "filed": "已备案", "submitted": "已提交备案资料",
    "central_branch": "中央驻省分支机构", "provincial_industry": "省级行业评价组织", "local": "市县评价机构",
    "examiner": "考评员", "senior": "高级考评员", "kind": "", "count": "题数", "points": "每题分值",
    "portal": "在本平台进行", "outside": "在指定的考试平台进行", **KIND_LABELS,
    **{str(seat): label for seat, label in SEAT_LABELS.items()},
}  # fmt: skip


def _check_window(before: Mapping, after: Mapping) -> None:
    old = Window(before["opens_on"], before["closes_on"], before["closes_time"], before["opens_time"])
    new = Window(*(after.get(name, before[name]) for name in ("opens_on", "closes_on", "closes_time", "opens_time")))
    if not new.is_complete():
        raise Invalid("closes_on", "报名已经开始，报名起止日期不能清空。")
    if old.closes_at and new.closes_at < old.closes_at:
        raise Invalid("closes_on", "报名已经开始，已公布的截止时间不能提前，只能延后。")
    if old.opens_at and new.opens_at > old.opens_at:
        raise Invalid("opens_on", "报名已经开始，开始时间不能推迟。")


def _check_registered(before: Mapping, after: Mapping) -> None:
    for name, harder in (("minutes", 1), ("class_hours", 1), ("pass_mark", 1), ("attempts", -1)):
        old, new = before[name], after.get(name, before[name])
        if old is not None and (new is None or (new - old) * harder > 0):
            raise Invalid(name, f"已有人员报名，{FIELD_LABELS[name]}不能改得更严，也不能清空。")
    name = "registrations_per_person"
    if after.get(name, before[name]) != before[name]:
        # What makes a registration the only one of its kind is built differently for one and for several per person.
        raise Invalid(name, f"已有人员报名，{FIELD_LABELS[name]}不能再修改；如确需更改，请另建计划。")
    for name in ("regions", "audience_kinds", "org_states", "classes"):
        old, new = before[name], after.get(name, before[name])
        if _is_narrower(old, new):
            raise Invalid(name, f"已有人员报名，{FIELD_LABELS[name]}只能扩大，不能缩小。")
    if set(after.get("assessments", before["assessments"])) - set(before["assessments"]):
        raise Invalid("assessments", "已有人员报名，考核方式只能减少，不能再增加。")
    for name in ("require_stamped_form", "occupations_from_filing"):
        if after.get(name, before[name]) and not before[name]:
            raise Invalid(name, f"已有人员报名，不能再增加“{FIELD_LABELS[name]}”的要求。")


def _is_narrower(old: Iterable, new: Iterable) -> bool:
    """Whether a set limits more than before; an empty one does not limit at all."""
    old, new = set(old), set(new)
    return bool(new) and (not old or not old <= new)


def _was_blank(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}
