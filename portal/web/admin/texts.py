"""Pages of text, the switch of the outside identity platform, and the code tables as they are in use."""

from flask import abort, current_app, request, url_for

from portal.actions import settings_pages
from portal.actions.contacts import contacts_of, save_contacts
from portal.models import Article, Setting
from portal.models.jurisdictions import profiles
from portal.papers.guide import default_guide, guide_title
from portal.rules.errors import Invalid
from portal.rules.facts import LEVEL_LABELS
from portal.rules.identity import DOCUMENT_TYPES
from portal.rules.workflow import SEAT_LABELS
from portal.web.admin import blueprint
from portal.web.admin.forms import ArticleForm
from portal.web.guards import actor
from portal.web.notices.contact_forms import ContactsForm
from portal.web.notices.forms import add_blank_rows, rows_of
from portal.web.pages import get_or_404, go, province_name, show


@blueprint.get("/texts")
def texts():
    """What can be edited here, and the code tables that come with the portal."""
    switch = Setting.get_or_none(Setting.key == "identity_platform", Setting.province == "")
    own = Article.select(Article.province).where(Article.key == "guide", Article.body != "")
    edited = {row.province for row in own}
    return show(
        "admin/texts.html",
        guides=[(key, profile.name, guide_title(key), key in edited) for key, profile in profiles().items()],
        contacts=[(key, profile.name, len(contacts_of(key))) for key, profile in profiles().items()],
        document_types=DOCUMENT_TYPES, levels=LEVEL_LABELS, seats=[(str(s), word) for s, word in SEAT_LABELS.items()],
        has_platform=current_app.config.get("IDENTITY_PLATFORM") is not None,
        is_platform_on=switch is None or switch.value.get("on", True),
    )  # fmt: skip


@blueprint.route("/texts/guide/<province>", methods=["GET", "POST"])
def edit_article(province: str):
    """The process guide of a province (R2.33)."""
    if province not in profiles():
        abort(404)
    row = Article.get_or_none(Article.key == "guide", Article.province == province)
    form = ArticleForm(obj=row)
    if request.method == "GET" and (row is None or not row.body):
        form.title.data, form.body.data = guide_title(province), default_guide(province)
    if request.method == "POST" and form.validate():
        try:
            settings_pages.save_article(
                "guide", province, title=form.title.data, body=form.body.data or "", actor=actor()
            )
            return go(url_for("admin.texts"), "已保存，公开页面即时更新。")
        except Invalid as refusal:
            form.refuse(refusal)
    status = 422 if request.method == "POST" else 200
    return show(
        "admin/article.html", status=status, form=form, province=province, name=province_name(province), row=row
    )


@blueprint.post("/texts/guide/<province>/reset")
def reset_article(province: str):
    """Back to the guide that comes with the portal."""
    row = get_or_404(Article.select().where(Article.key == "guide", Article.province == province))
    settings_pages.save_article("guide", province, title=row.title, body="", actor=actor())
    return go(url_for("admin.texts"), "已恢复为系统自带的内容。")


@blueprint.route("/texts/contacts/<province>", methods=["GET", "POST"])
def edit_contacts(province: str):
    """The lines of a province's public contact page (R11.13)."""
    if province not in profiles():
        abort(404)
    form = ContactsForm(contacts_of(province), request.form if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        try:
            save_contacts(rows_of(form.contacts), actor=actor(), province=province)
            return go(url_for("admin.texts"), "联系方式已保存，公开页面已更新。")
        except Invalid as refusal:
            form.refuse(refusal)
    if request.method == "POST":
        add_blank_rows(form.contacts, 1)
    status = 422 if request.method == "POST" else 200
    return show("admin/contacts.html", status=status, form=form, province=province, name=province_name(province))


@blueprint.post("/texts/identity-platform/<any(on, off):state>")
def switch_platform(state: str):
    """Switch the outside identity platform on or off (R1.01)."""
    settings_pages.set_identity_platform(state == "on", actor=actor())
    done = "统一认证平台已启用。" if state == "on" else "已停用统一认证平台，使用本平台登录。"
    return go(url_for("admin.texts"), done)
