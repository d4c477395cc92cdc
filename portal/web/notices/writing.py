"""The pages for writing notices, for the doors that may: edit, attach, publish, withdraw, pin, delete."""

from flask import request, url_for

from portal.actions import notices as verbs
from portal.actions.bulletins import BULLETIN, listable_bars
from portal.models import Notice, NoticeAttachment
from portal.models.recipients import attachments_of
from portal.rules.errors import Invalid
from portal.storage import ATTACHMENT
from portal.web.files import store
from portal.web.guards import actor
from portal.web.notices.forms import NoticeForm, add_blank_rows
from portal.web.pages import get_or_404, go, show
from portal.web.sanction_words import present_bar


def edit_notice(id: int):
    """The form of a draft, with its attachments beside it."""
    notice = own_notice(id)
    verbs.open_draft(notice, actor(), notice.version)
    form = NoticeForm(notice, request.form if request.method == "POST" else None)
    if request.method == "GET":
        if notice.kind == BULLETIN and not notice.number and notice.office.notice_word:
            form.number.data = verbs.propose_number(notice.office.notice_word)  # it is drafted without a number
        return show_form(notice, form)
    if not form.validate():
        return show_form(notice, form, 422)
    try:
        values = form.values(notice.province)
        verbs.update_notice(notice, values=values, actor=actor(), seen=request.form.get("seen", 0, type=int))
    except Invalid as refusal:
        form.refuse(refusal)
        return show_form(notice, form, 422)
    if request.form.get("then") == "page":
        return go(url_for(".notice", id=id), "已保存。")
    return go(url_for(".edit_notice", id=id), "已保存。")


def show_form(notice: Notice, form: NoticeForm, status: int = 200):
    """The form page; refused input stays as it was typed."""
    if status == 422:
        add_blank_rows(form.contacts, 1)
    return show(
        "notices/edit.html", pieces=("notices/_notice-form.html",) if status == 422 else (), status=status, form=form,
        notice=notice, attachments=attachments_of(notice), builtins=_builtins(notice),
        seen=request.form.get("seen") or notice.version,
        listable=[present_bar(bar) for bar in listable_bars(notice)] if notice.kind == BULLETIN else [],
    )  # fmt: skip


def publish_notice(id: int):
    """Publish a draft."""
    notice = own_notice(id)
    try:
        verbs.publish_notice(notice, actor=actor(), seen=request.form.get("seen", 0, type=int))
    except Invalid as refusal:
        return go(url_for(".edit_notice", id=id), ("bad", refusal.message))
    return go(url_for(".notice", id=id), "通知已发布，收文单位已收到消息。")


def withdraw_notice(id: int):
    """Take a published notice back."""
    notice, reason = own_notice(id), request.form.get("reason", "")
    try:
        verbs.withdraw_notice(notice, actor=actor(), seen=request.form.get("seen", 0, type=int), reason=reason)
    except Invalid as refusal:
        return go(url_for(".notice", id=id), ("bad", refusal.message))
    return go(url_for(".notice", id=id), "通知已撤回。")


def pin_notice(id: int):
    """Put a public notice first on the home page, or let it go."""
    notice, pinned = own_notice(id), bool(request.form.get("pinned"))
    verbs.pin_notice(notice, actor=actor(), seen=request.form.get("seen", 0, type=int), pinned=pinned)
    return go(url_for(".notice", id=id), "已在首页置顶。" if pinned else "已取消置顶。")


def delete_notice(id: int):
    """Throw a draft away."""
    verbs.delete_draft(own_notice(id), actor=actor(), seen=request.form.get("seen", 0, type=int))
    return go(url_for(".notices", own=1), "草稿已删除。")


def add_attachment(id: int):
    """Append an uploaded file or a built-in document to a draft."""
    notice = own_notice(id)
    upload, builtin = request.files.get("file"), request.form.get("builtin", "")
    try:
        verbs.open_draft(notice, actor(), request.form.get("seen", 0, type=int))
        kept = None
        if upload and upload.filename:
            kept, builtin = store().keep(upload.stream, upload.filename, ATTACHMENT), ""
        title = request.form.get("attachment_title", "")[:200]
        verbs.add_attachment(
            notice, actor=actor(), seen=notice.version, title=title, builtin=builtin, kept=kept
        )  # fmt: skip
    except Invalid as refusal:
        return go(url_for(".edit_notice", id=id) + "#attachments", ("bad", refusal.message))
    return go(url_for(".edit_notice", id=id) + "#attachments", "附件已添加。")


def change_attachment(id: int, attachment: int, verb: str):
    """Take an attachment off a draft, or move it up."""
    notice = own_notice(id)
    query = NoticeAttachment.select().where(NoticeAttachment.id == attachment, NoticeAttachment.notice == notice.id)
    change = {"remove": verbs.remove_attachment, "up": verbs.move_attachment}[verb]
    change(get_or_404(query), actor=actor(), seen=request.form.get("seen", 0, type=int))
    return go(url_for(".edit_notice", id=id) + "#attachments")


def own_notice(id: int) -> Notice:
    """The notice if the reader's office writes it, else 404."""
    return get_or_404(Notice.visible_to(actor()).where(Notice.id == id, Notice.office == actor().office))


def _builtins(notice: Notice) -> list[tuple[str, str]]:
    kinds = ["guide", "table"] if notice.plan is None else ["conditions", "guide", "table"]
    return [(kind, verbs.builtin_title(notice, kind)) for kind in kinds]


ROUTES = (
    ("/<int:id>/edit", edit_notice, ("GET", "POST")),
    ("/<int:id>/publish", publish_notice, ("POST",)),
    ("/<int:id>/withdraw", withdraw_notice, ("POST",)),
    ("/<int:id>/delete", delete_notice, ("POST",)),
    ("/<int:id>/attachments", add_attachment, ("POST",)),
    ("/<int:id>/attachments/<int:attachment>/<any(remove, up):verb>", change_attachment, ("POST",)),
)
PIN_ROUTE = ("/<int:id>/pin", pin_notice, ("POST",))
