"""Texts and values that are edited on a page: the contact page of a province, articles such as the process guide."""

from collections.abc import Mapping

from portal.actions.events import record
from portal.actions.offices import read_contacts
from portal.database import transaction
from portal.models import Article, Setting
from portal.models.jurisdictions import profiles
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Actor, Seat

CONTACT = "contact"
ARTICLES = {"guide": "考评员外网报考流程"}


def save_contact(province: str, values: Mapping, *, actor: Actor) -> Setting:
    """The contact page of a province (R11.13; 000·B 七): department, persons [{"name", "phone"}], email, address.

    Raises Invalid beside the field. Public pages read it with `contact_of()`.
    """
    _check_editor(actor, province)
    kept = {}
    for key, length, message in (("department", 120, "请填写部门名称。"), ("address", 200, "")):
        kept[key] = " ".join((values.get(key) or "").split())
        if not kept[key] and message:
            raise Invalid(key, message)
        if len(kept[key]) > length:
            raise Invalid(key, f"最多{length}个字，请精简。")
    try:
        kept["persons"] = read_contacts(values.get("persons") or ())
    except Invalid as refusal:
        raise Invalid("persons", refusal.message) from refusal
    kept["email"] = "".join((values.get("email") or "").split())
    name, at, host = kept["email"].partition("@")
    if kept["email"] and not (name and at and "." in host and len(kept["email"]) <= 120 and "@" not in host):
        raise Invalid("email", "电子邮箱的格式不对，请核对。")
    return save_setting(CONTACT, province, kept, "修改联系方式", actor=actor)


def contact_of(province: str) -> dict:
    """The contact page of a province: {"department", "persons", "email", "address"}; empty values when never edited."""
    row = Setting.get_or_none(Setting.key == CONTACT, Setting.province == province)
    return {"department": "", "persons": [], "email": "", "address": "", **(row.value if row else {})}


def save_setting(key: str, province: str, value, label: str, *, actor: Actor) -> Setting:
    """Keep a setting's value; `label` is what the record says was done."""
    with transaction():
        row = Setting.get_or_none(Setting.key == key, Setting.province == province)
        row = row or Setting(key=key, province=province)
        row.value = value
        row.save()
        record("setting", label, actor=actor, subject=f"setting:{key}", note=province)
        return row


def save_article(key: str, province: str, *, title: str, body: str, actor: Actor) -> Article:
    """Edit an article (key of ARTICLES), for one province or with '' for all; empty lines part paragraphs."""
    _check_editor(actor, province)
    title, body = " ".join(title.split()), body.replace("\r\n", "\n").strip()
    if key not in ARTICLES:
        raise Invalid("key", "没有这个页面。")
    if not title or len(title) > 120:
        raise Invalid("title", "请填写标题，最多120个字。")
    if len(body) > 50_000:
        raise Invalid("body", "正文最多50000个字，请精简。")
    with transaction():
        row = Article.get_or_none(Article.key == key, Article.province == province)
        row = row or Article(key=key, province=province)
        row.title, row.body = title, body
        row.save()
        record("article", "修改页面内容", actor=actor, subject=f"article:{key}", note=title)
        return row


def set_identity_platform(is_on: bool, *, actor: Actor) -> Setting:
    """Switch the hooked-in outside identity platform on or off (R1.01)."""
    _check_editor(actor, "")
    label = "启用统一认证平台" if is_on else "停用统一认证平台"
    return save_setting("identity_platform", "", {"on": is_on}, label, actor=actor)


def _check_editor(actor: Actor, province: str) -> None:
    """Technical staff edit everything, a provincial centre the pages of its province."""
    if province and province not in profiles():
        raise Invalid("province", "请选择省份。")
    if actor.seat == Seat.TECHNICIAN or (actor.seat == Seat.PROVINCE_CENTRE and province == actor.province):
        return
    raise NotAllowed("这个页面由本省鉴定中心和技术人员维护。")
