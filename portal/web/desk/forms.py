"""What a reviewer types: a decision, an extension, a withdrawal, a late stamp, another body's decision, a reason."""

from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import Optional

from portal.actions.reasons import KINDS
from portal.web.forms import DayField, PortalForm, TextField, WordsField, at_most, filled


class DecisionForm(PortalForm):
    """A decision on one case; ticked items, their notes and the waivers are read by name (see typed_decision)."""

    note = WordsField("理由或意见", [at_most(1000)])
    due_on = DayField("补正截止日期", [Optional()])
    second_reason = WordsField("再次退回的原因", [at_most(500)])
    confirmed = BooleanField("已逐条核对申报条件，确认本人符合条件，同意推荐上报")


class ExtendForm(PortalForm):
    """More time for a correction (R3.44)."""

    until = DayField("延长至", [filled("请填写延长后的截止日期。")])
    note = WordsField("延长理由", [filled("请填写延长期限的理由。"), at_most(500)])


class WithdrawForm(PortalForm):
    """The unit withdraws one of its people's registrations (R3.43)."""

    note = WordsField("撤回理由", [filled("请填写撤回的理由，申请人会看到这段文字。"), at_most(500)])


class LateStampForm(PortalForm):
    """Why the stamped form comes later, to whom it was reported and until when it follows (R0.17, R3.37)."""

    reason = TextField("不能及时盖章的原因", [filled("请选择或填写不能及时盖章的原因。"), at_most(300)])
    reported_to = TextField("报备的单位负责同志", [filled("请填写报备的单位负责同志姓名。"), at_most(60)])
    on = DayField("报备日期", [filled("请填写报备日期。")])
    until = DayField("最迟补交日期", [filled("请填写最迟补交日期。")])


class BehalfForm(PortalForm):
    """A decision on paper of a body without an account (R0.28, R12.08)."""

    what = RadioField(
        "决定", choices=[("pass", "通过"), ("reject", "不通过")], validators=[filled("请选择该单位的决定。")]
    )
    document_number = TextField("决定的文号", [filled("请填写该单位决定的文号。"), at_most(60)])
    decided_on = DayField("决定日期", [filled("请填写该单位作出决定的日期。")])
    note = WordsField("意见或理由", [at_most(1000)])
    scan = FileField("决定文件的扫描件")


class ReasonForm(PortalForm):
    """A sentence of the reason library."""

    kind = SelectField("用于", choices=list(KINDS.items()))
    text = TextField("理由", [filled("请填写理由的文字。"), at_most(300)])
