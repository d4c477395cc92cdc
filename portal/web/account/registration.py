"""Real-name registration: how an applicant's account begins. No other kind of account begins here (R1.32)."""

from flask import request
from flask_login import current_user

from portal.actions import accounts, people
from portal.actions.guessing import TooManyTries, count_try, forgive_try
from portal.actions.passwords import hash_password
from portal.rules.errors import Invalid
from portal.web.account import blueprint
from portal.web.account.forms import RegisterForm
from portal.web.account.routes import address, enter, refuse_tries
from portal.web.pages import go, show


@blueprint.route("/register", methods=["GET", "POST"])
def register():
    """实名注册 (R1.02); the new account is logged in at once and sent to its home (R1.03)."""
    if current_user.is_authenticated:
        return go(current_user.home)
    form = RegisterForm()
    if request.method == "POST" and form.validate():
        try:
            return enter(_register(form))
        except Invalid as refusal:
            form.refuse(refusal)
        except TooManyTries as refusal:
            return refuse_tries(refusal)
    return show("account/register.html", status=422 if request.method == "POST" else 200, form=form)


def _register(form: RegisterForm):
    hashed = hash_password(form.new.data, form.again.data, login=form.id_number.data)
    # Which numbers are registered is told one by one, so asking for many is slowed down like guessing.
    tries = count_try(f"register:{address()}:{form.id_number.data}", f"register:{address()}")
    user = people.register_person(
        form.name.data, id_type=form.id_type.data, id_number=form.id_number.data, phone=form.phone.data,
        province=form.province.data, password_hash=hashed, address=address(),
    )  # fmt: skip
    forgive_try(tries, "")
    return accounts.begin_session(user, address=address(), agent=request.user_agent.string)
