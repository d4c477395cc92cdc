"""The inbox: what the portal told this account, newest first (R13.22)."""

from flask import request, url_for
from flask_login import current_user

from portal.actions import accounts
from portal.models import Message
from portal.web.account import blueprint
from portal.web.guards import safe_next, to_login
from portal.web.pages import get_or_404, go, show

ROWS = 30


@blueprint.get("/messages")
def messages():
    """A page of messages, all or only the unread."""
    if not current_user.is_authenticated:
        return to_login()
    context = list_messages()
    return show("account/messages.html", pieces=("account/_messages.html",), **context)


@blueprint.post("/messages/read")
def read_all_messages():
    """Mark all messages as read."""
    if not current_user.is_authenticated:
        return to_login()
    accounts.read_messages(current_user.id)
    return go(url_for("account.messages"), "全部消息已标为已读。")


@blueprint.post("/messages/<int:id>/read")
def read_message(id: int):
    """Mark one message as read and go to what it is about."""
    if not current_user.is_authenticated:
        return to_login()
    message = get_or_404(Message.select().where(Message.id == id, Message.user == current_user.id))
    accounts.read_messages(current_user.id, only=message.id)
    return go(safe_next(message.link) or url_for("account.messages"))


def list_messages() -> dict:
    """What the list shows: by id downwards, `before` and `after` are the ids at the ends of the neighbouring pages."""
    own = Message.select().where(Message.user == current_user.id)
    unread = request.args.get("unread") == "1"
    shown = own.where(Message.read_at.is_null()) if unread else own
    before, after = request.args.get("before", type=int), request.args.get("after", type=int)
    if after is not None:
        rows = list(shown.where(Message.id > after).order_by(Message.id).limit(ROWS + 1))
        more_above, rows = len(rows) > ROWS, rows[:ROWS][::-1]
        more_below = True
    else:
        rows = list((shown.where(Message.id < before) if before else shown).order_by(Message.id.desc()).limit(ROWS + 1))
        more_above, more_below, rows = before is not None, len(rows) > ROWS, rows[:ROWS]
    only = {"unread": 1} if unread else {}
    return {
        "rows": rows,
        "unread": unread,
        "waiting": own.where(Message.read_at.is_null()).count(),
        "previous": url_for("account.messages", after=rows[0].id, **only) if rows and more_above else "",
        "next": url_for("account.messages", before=rows[-1].id, **only) if rows and more_below else "",
    }
