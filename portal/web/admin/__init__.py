"""The technical staff's door (R0.14): offices, users, seats, catalogues, calendar and records."""

from flask import request, url_for

from portal.rules.workflow import Seat
from portal.web import catalogue
from portal.web.admin.words import document_label, job_label, subject_label
from portal.web.guards import door
from portal.web.pages import NavItem

blueprint = door("admin", {Seat.TECHNICIAN}, "/admin")

_ROOMS = (
    ("首页", "admin.home", ("home",)),
    ("用户与身份", "admin.users", ("user",)),
    ("机构", "admin.offices", ("office",)),
    ("地区", "admin.regions", ("region",)),
    ("评价机构", "admin.organisations", ("organisation", "filing", "scope")),
    ("报名人员", "admin.people", ("people", "person")),
    ("职业目录", "admin.occupations", ("occupation", "alias")),
    ("工作日历", "admin.calendar", ("calendar", "year")),
    ("数据导入", "admin.imports", ("import",)),
    ("页面与代码", "admin.texts", ("text", "article", "code", "platform")),
    ("操作日志", "admin.events", ("event", "document")),
    ("任务与备份", "admin.upkeep", ("upkeep",)),
)


def nav(actor) -> list[NavItem]:
    """The rooms of this door; the one whose words are in the endpoint's name is the active one."""
    here = (request.endpoint or "").removeprefix("admin.")
    active = next((label for label, _, words in reversed(_ROOMS) if any(word in here for word in words)), "")
    return [NavItem(label, url_for(endpoint), active=label == active) for label, endpoint, _ in _ROOMS]


blueprint.nav = nav
blueprint.app_template_filter("subject_label")(subject_label)
blueprint.app_template_filter("document_label")(document_label)
blueprint.app_template_filter("job_label")(job_label)
catalogue.mount(blueprint)

from portal.web.admin import (  # noqa: E402, F401 - routes hang themselves on the blueprint
    calendar,
    offices,
    organisations,
    people,
    records,
    routes,
    texts,
    users,
)
