"""The technical staff's home: what needs attention."""

from datetime import timedelta

from flask import url_for

from portal import clock
from portal.actions.calendar import missing_years
from portal.actions.offices import offices_without_account, units_without_account
from portal.models import Event, Grant, ImportReport, Job, LoginSession, User
from portal.rules.workflow import Seat
from portal.web.admin import blueprint
from portal.web.admin.records import find_backups
from portal.web.pages import province_name, show

BACKUP_DAYS = 2


@blueprint.get("/")
def home():
    """Warnings first (R13.03), then figures and what was done last."""
    now = clock.now()
    offices = offices_without_account()
    day_ago = now - timedelta(days=1)
    running = LoginSession.select(LoginSession.user).where(LoginSession.ended_at.is_null())
    return show(
        "admin/home.html",
        warnings=list(_warnings(offices)),
        offices=[(office, province_name(office.province)) for office in offices],
        units_without=units_without_account(),
        figures=[
            ("可用账户", User.select().where(User.active).count(), url_for("admin.users"), False),
            ("24小时内登录", running.where(LoginSession.created_at > day_ago).distinct().count(),
             url_for("admin.users"), False),
            ("24小时内登录失败", Event.select().where(Event.action == "login_failed", Event.at > day_ago).count(),
             url_for("admin.events", action="login_failed"), False),
            ("待确认的导入", ImportReport.select().where(~ImportReport.stored, ImportReport.refused == 0).count(),
             url_for("admin.imports"), False),
        ],
        events=list(Event.select().where(Event.seat == str(Seat.TECHNICIAN)).order_by(Event.id.desc()).limit(10)),
    )  # fmt: skip


def _warnings(offices: list):
    """What is missing, as (tone, sentence, address, label)."""
    for year in missing_years():
        yield (
            "bad" if year == clock.today().year else "warn",
            f"{year}年的法定节假日安排尚未导入，该年度的工作日期限暂按周一至周五计算。",
            url_for("admin.calendar", year=year), "导入工作日历",
        )  # fmt: skip
    if offices:
        text = f"有{len(offices)}个机构还没有账户，其决定只能由下一级机构代为登记。"
        yield "warn", text, url_for("admin.users"), "开设账户"
    failed = Job.select().where(Job.state == "failed").count()
    if failed:
        yield "bad", f"有{failed}个后台任务失败，请查看原因。", url_for("admin.upkeep"), "查看任务"
    backups = find_backups()
    if not backups or clock.now() - backups[0].at > timedelta(days=BACKUP_DAYS):
        yield "warn", f"最近{BACKUP_DAYS}天没有备份，请检查备份任务。", url_for("admin.upkeep"), "查看备份"
    alone = Grant.select().where(Grant.seat == str(Seat.TECHNICIAN), Grant.is_in_force(clock.today())).count()
    if alone < 2:
        yield "info", "只有一名技术人员，建议再授权一名，以免无人能够登录管理。", url_for("admin.users"), "用户与身份"
