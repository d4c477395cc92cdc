"""Changing the own password, and setting a new one with a one-time code."""

from flask import request, url_for
from flask_login import current_user

from portal.actions import passwords
from portal.actions.guessing import TooManyTries
from portal.models import User
from portal.rules.errors import Invalid
from portal.web.account import blueprint
from portal.web.account.forms import ChangePasswordForm, ResetPasswordForm
from portal.web.account.routes import address, own_actor, refuse_tries
from portal.web.guards import load_session, to_login
from portal.web.pages import go, show


@blueprint.route("/password", methods=["GET", "POST"])
def change_password():
    """The own password; forced at the first use of an allocated account (R1.33)."""
    if not current_user.is_authenticated:
        return to_login()
    form = ChangePasswordForm()
    if request.method == "POST" and form.validate():
        try:
            passwords.change_password(
                User.get_by_id(current_user.id), old=form.old.data, new=form.new.data, again=form.again.data,
                actor=own_actor(), keep_session=current_user.token,
            )  # fmt: skip
            return go(load_session(current_user.token).home, "密码已修改，其他设备上的登录已退出。")
        except Invalid as refusal:
            form.refuse(refusal)
        except TooManyTries as refusal:
            return refuse_tries(refusal)
    status = 422 if request.method == "POST" else 200
    return show("account/change_password.html", status=status, form=form, forced=current_user.must_change)


@blueprint.route("/reset", methods=["GET", "POST"])
def reset_password():
    """A new password with the one-time code of the unit or the centre."""
    form = ResetPasswordForm()
    if request.method == "POST" and form.validate():
        try:
            passwords.reset_password(
                form.login.data, form.code.data, new=form.new.data, again=form.again.data, address=address()
            )
            return go(url_for("account.login"), "新密码已设置，请用新密码登录。")
        except Invalid as refusal:
            form.refuse(refusal)
        except TooManyTries as refusal:
            return refuse_tries(refusal)
    return show("account/reset_password.html", status=422 if request.method == "POST" else 200, form=form)
