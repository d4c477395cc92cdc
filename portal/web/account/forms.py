"""What is typed at the account door: login, registration, passwords."""

from wtforms import BooleanField, HiddenField, PasswordField, SelectField
from wtforms.validators import InputRequired

from portal.actions.passwords import LONGEST_PASSWORD
from portal.models.jurisdictions import profiles
from portal.rules.identity import DOCUMENT_TYPES
from portal.web.forms import PortalForm, TextField, at_most, chosen, filled


class SecretField(PasswordField):
    """A password: never trimmed, never written back into the page."""

    def __init__(self, label: str, message: str, **kw):
        super().__init__(label, [InputRequired(message), at_most(LONGEST_PASSWORD)], **kw)


class LoginForm(PortalForm):
    """Login name and password."""

    login = TextField("证件号码或用户名", [filled("请填写证件号码或用户名。"), at_most(60)])
    password = SecretField("密码", "请填写密码。")
    next = HiddenField()


class RegisterForm(PortalForm):
    """Real-name registration of an applicant (R1.02)."""

    name = TextField("姓名", [filled("请填写姓名。"), at_most(60)])
    id_type = SelectField("证件类型", choices=list(DOCUMENT_TYPES.items()))
    id_number = TextField("证件号码", [filled("请填写证件号码。"), at_most(30)])
    phone = TextField("手机号码", [filled("请填写手机号码。"), at_most(30)])
    province = SelectField("报考省份", [chosen("请选择报考省份。")])
    new = SecretField("密码", "请设置密码。")
    again = SecretField("再次输入密码", "请再次输入密码。")
    declared = BooleanField(
        "本人承诺以上为本人真实身份信息", [InputRequired("请确认所填为本人真实身份信息。")]
    )

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.province.choices = [(key, profile.name) for key, profile in profiles().items()]


class ChangePasswordForm(PortalForm):
    """The old password and twice the new one."""

    old = SecretField("原密码", "请填写原密码。")
    new = SecretField("新密码", "请填写新密码。")
    again = SecretField("再次输入新密码", "请再次输入新密码。")


class ResetPasswordForm(PortalForm):
    """A one-time code and twice the new password."""

    login = TextField("证件号码或用户名", [filled("请填写证件号码或用户名。"), at_most(60)])
    code = TextField("重置码", [filled("请填写重置码。"), at_most(30)])
    new = SecretField("新密码", "请填写新密码。")
    again = SecretField("再次输入新密码", "请再次输入新密码。")
