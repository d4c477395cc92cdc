"""What is typed at the technical staff's door."""

from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, widgets
from wtforms.validators import Optional

from portal.actions.offices import OFFICE_KINDS
from portal.actions.organisations import CATEGORIES, FILING_STATES, KINDS, UNIT_KINDS
from portal.models.jurisdictions import profiles
from portal.rules.workflow import SEAT_LABELS, Seat
from portal.web.forms import DayField, LinesField, PortalForm, TextField, WordsField, at_most, chosen, filled

_GRANTABLE = [seat for seat in SEAT_LABELS if seat not in (Seat.APPLICANT, Seat.SYSTEM)]


def choices(labels: dict[str, str], blank: str = "请选择") -> list[tuple[str, str]]:
    """The options of a choice, with an empty one first."""
    return [("", blank), *labels.items()] if blank else list(labels.items())


class UserForm(PortalForm):
    """A new staff account, at once with its first seat if wanted."""

    name = TextField("使用人姓名", [filled("请填写使用人姓名。"), at_most(60)])
    login = TextField("登录名", [filled("请填写登录名。"), at_most(40)])
    phone = TextField("联系电话", [at_most(30)])
    seat = SelectField("身份", choices=[("", "暂不授予"), *((str(s), SEAT_LABELS[s]) for s in _GRANTABLE)])
    office = TextField("机构", [at_most(120)])


class SeatForm(PortalForm):
    """One more seat for an account."""

    seat = SelectField("身份", [chosen("请选择身份。")], choices=[(str(s), SEAT_LABELS[s]) for s in _GRANTABLE])
    office = TextField("机构", [at_most(120)])
    starts_on = DayField("开始日期", [Optional()])
    ends_on = DayField("结束日期", [Optional()])


class DeputyForm(PortalForm):
    """Somebody who acts in a seat while its holder is away."""

    grant = SelectField("被代理的身份", [chosen("请选择被代理的身份。")], coerce=int)
    deputy = TextField("代理人登录名", [filled("请填写代理人的登录名。"), at_most(60)])
    starts_on = DayField("开始日期", [filled("请填写开始日期。")])
    ends_on = DayField("结束日期", [filled("请填写结束日期。")])


class OfficeForm(PortalForm):
    """A centre or department."""

    kind = SelectField("机构类别", choices=list(OFFICE_KINDS.items()))
    province = SelectField("省份")
    region = SelectField("地区", coerce=lambda text: int(text) if text else None)
    name = TextField("机构名称", [filled("请填写机构名称。"), at_most(120)])
    notice_word = TextField("发文字号", [at_most(30)])
    address = TextField("地址", [at_most(200)])
    contacts = LinesField("联系人", [at_most(1000)])
    note = WordsField("备注", [at_most(2000)])
    active = BooleanField("使用中", default=True)

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.province.choices = [(key, profile.name) for key, profile in profiles().items()]


class RegionForm(PortalForm):
    """A city or county (R13.25)."""

    level = SelectField("层级", choices=[("county", "区县"), ("city", "市（州）")])
    parent = SelectField("上级地区", coerce=lambda text: int(text) if text else None)
    code = TextField("地区代码", [at_most(12)])
    name = TextField("名称", [filled("请填写名称。"), at_most(60)])
    filing_code = TextField("备案地区代码", [at_most(2)])
    active = BooleanField("使用中", default=True)


class OrganisationForm(PortalForm):
    """An organisation, or a mere member unit."""

    name = TextField("单位全称", [filled("请填写单位全称。"), at_most(120)])
    usci = TextField("统一社会信用代码", [at_most(40)])
    kind = SelectField("机构类型", choices=choices(KINDS, "仅为会员单位"))
    category = SelectField("单位类别", choices=choices(CATEGORIES, ""))
    unit_kind = SelectField("隶属关系", choices=choices(UNIT_KINDS, ""))
    region = SelectField("所在地区", coerce=lambda text: int(text) if text else None)
    allowed_regions = SelectMultipleField(
        "允许地区", widget=widgets.ListWidget(prefix_label=False), option_widget=widgets.CheckboxInput()
    )
    address = TextField("地址", [at_most(200)])
    registrar = TextField("登记机关", [at_most(100)])
    nature = TextField("单位性质", [at_most(40)])
    legal_representative = TextField("法定代表人", [at_most(60)])
    capital = TextField("注册资本", [at_most(60)])
    contact_name = TextField("联系人", [at_most(60)])
    contact_phone = TextField("联系电话", [at_most(30)])
    active = BooleanField("使用中", default=True)


class FilingForm(PortalForm):
    """The filing of an organisation."""

    state = SelectField("备案状态", choices=choices(FILING_STATES))
    code = TextField("备案编号", [at_most(30)])
    submitted_on = DayField("申请日期", [Optional()])
    starts_on = DayField("有效期开始", [Optional()])
    ends_on = DayField("有效期截止", [Optional()])


class ScopeForm(PortalForm):
    """One occupation of a filing."""

    occupation = TextField("职业编码和工种", [filled("请填写职业编码，有多个工种的注明工种。"), at_most(240)])
    levels = TextField("等级", [at_most(40)])


class MemberForm(PortalForm):
    """The association that an organisation belongs to."""

    association = TextField("所属协会全称", [filled("请填写协会全称。"), at_most(120)])


class ExamRegionForm(PortalForm):
    """A wrong exam region, changed by technical staff only (R0.14)."""

    region = SelectField("报考区域", coerce=lambda text: int(text) if text else None)
    note = WordsField("修改原因", [filled("请填写修改报考区域的原因。"), at_most(300)])


class MergeForm(PortalForm):
    """The other record of a person who was entered twice."""

    drop = IntegerField("并入的人员编号", [filled("请填写另一条人员记录的编号。")])
    note = WordsField("合并依据", [filled("请填写合并的依据。"), at_most(300)])


class ArticleForm(PortalForm):
    """A page of text."""

    title = TextField("标题", [filled("请填写标题。"), at_most(120)])
    body = WordsField("正文", [at_most(50_000)])


class DayForm(PortalForm):
    """One day of the calendar."""

    day = DayField("日期", [filled("请选择日期。")])
    name = TextField("说明", [at_most(40)])
