"""Texts and switches that are edited on a page: articles such as the process guide, the outside identity platform."""

from portal.actions.events import record
from portal.database import transaction
from portal.models import Article, Setting
from portal.models.jurisdictions import profiles
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Actor, Seat

ARTICLES = {"guide": "考评员外网报考流程"}


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
