"""The public door, open to everybody: notices, plans, guide and contact."""

from flask import request, url_for

from portal.web.guards import door

blueprint = door("public", None, None)


def nav(actor) -> list:
    """The public pages, for readers without a login."""
    from portal.web.pages import NavItem

    entries = (
        ("首页", "public.home"), ("通知公告", "public.notices"), ("考评计划", "public.plans"),
        ("证书查询", "public.verify"), ("报考流程", "public.guide"), ("联系我们", "public.contact"),
    )  # fmt: skip
    here = request.endpoint or ""
    if here in ("public.look_up", "public.verify_token"):
        here = "public.verify"
    return [NavItem(label, url_for(name), "", here.rstrip("s") == name.rstrip("s")) for label, name in entries]


blueprint.nav = nav

from portal.web.public import guide, notices, plans, routes, verification  # noqa: E402, F401 - routes hang themselves on the blueprint
