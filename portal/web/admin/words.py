"""Chinese words for what the records keep in code: what an event is about, kinds of documents and jobs."""

from portal.models.jurisdictions import profiles
from portal.papers.imports import KINDS

SUBJECTS = {
    "case": "申请", "person": "人员", "user": "账户", "organisation": "单位", "office": "机构", "plan": "计划",
    "notice": "通知", "occupation": "职业", "alias": "职业别名", "region": "地区", "calendar": "工作日历",
    "import": "导入", "reason": "意见语", "setting": "设置", "article": "页面", "guide": "报考流程",
    "province": "省份", "instance": "平台", "login": "登录名",
}  # fmt: skip
DOCUMENTS = {
    "correction_notice": "一次性补正告知书", "decision_notice": "审核决定书", "guide": "报考流程", "notice": "通知",
    "notice.attachment": "通知附件", "queue_export": "待办清单导出", "registration_form": "申报表",
    "sanctions.xlsx": "诚信台账（电子表格）",
    "table.pdf": "汇总表", "table.xlsx": "汇总表（电子表格）",
}  # fmt: skip
JOBS = {"bulk": "批量办理", "preview": "批量办理预检"}
_SETTINGS = {"contacts": "联系方式", "identity_platform": "统一认证平台", "guide": "报考流程"}


def subject_label(subject: str) -> str:
    """What an event is about in words: "user:7" is 账户7; unknown kinds are only called by their number."""
    kind, _, rest = subject.partition(":")
    if kind == "import" and rest in KINDS:
        return KINDS[rest].title
    if kind in ("province", "guide") and rest in profiles():
        return profiles()[rest].name
    if kind in ("setting", "article"):
        return _SETTINGS.get(rest, SUBJECTS[kind])
    if kind == "calendar" and rest:
        return f"{rest}年{SUBJECTS[kind]}"
    return f"{SUBJECTS.get(kind, '编号')}{rest}" if subject else ""


def document_label(kind: str) -> str:
    """The word for a kind of document or export."""
    return DOCUMENTS.get(kind, "其他文书")


def job_label(kind: str) -> str:
    """The word for a kind of background job."""
    return JOBS.get(kind, "其他任务")
