"""The applicant's door: own profile, registrations, training and certificates."""

from flask import request, url_for

from portal.rules.workflow import Seat
from portal.web.guards import door
from portal.web.pages import NavItem

blueprint = door("applicant", {Seat.APPLICANT}, "/applicant")

# The names are those of 安徽省职业技能鉴定中心 2021年7月 附件2 (R1.04): exactly these four, in this order.
_ENTRIES = (
    ("个人信息", "applicant.profile", ("/applicant/profile", "/applicant/qualifications", "/applicant/work")),
    ("我的报名", "applicant.registrations", ("/applicant/registrations", "/applicant/plans")),
    ("培训学习", "applicant.training", ("/applicant/training",)),
    ("证书查看", "applicant.certificates", ("/applicant/certificates",)),
)


def nav(actor) -> list[NavItem]:
    """The four entries of the left navigation bar."""
    return [
        NavItem(label, url_for(endpoint), active=request.path.startswith(places))
        for label, endpoint, places in _ENTRIES
    ]


blueprint.nav = nav

from portal.web.applicant import (  # noqa: E402, F401 - routes hang themselves on the blueprint
    certificates,
    evidence,
    exam,
    filling,
    home,
    profile,
    registrations,
    sanctions,
    sessions,
    statements,
    training,
    uploads,
    void_notice,
)
