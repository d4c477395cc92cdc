"""What is typed about a notice or a plan: rows of contacts and basis documents, and the notice's own form."""

from wtforms import BooleanField, FieldList, Form, FormField, SelectField, SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from portal.models import Office, Plan
from portal.models.recipients import GROUP_LABELS, filed_occupations
from portal.rules.errors import Invalid
from portal.web.forms import ClockField, DayField, LinesField, PortalForm, TextField, WordsField, at_most

CONTACT_LABELS = {
    "office": "部门", "name": "姓名", "mobile": "手机", "phone": "固定电话", "email": "电子邮箱", "address": "通讯地址",
}  # fmt: skip
_BLANK_ROWS = 2


class TicksField(SelectMultipleField):
    """Several choices as tick boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TypedDayField(DayField):
    """A day typed as text, so that 2022年12月8日 and full-width digits can be typed at all (R2.48)."""

    widget = TextInput()


class ContactRow(Form):
    """One contact: a person of an office, with the numbers and addresses that go with them (R2.29)."""

    office = StringField("部门")
    name = StringField("姓名")
    mobile = StringField("手机")
    phone = StringField("固定电话")
    email = StringField("电子邮箱")
    address = StringField("通讯地址")


class BasisRow(Form):
    """One document that a notice rests on (R2.39)."""

    issuer = StringField("发文机关")
    title = StringField("标题")
    number = StringField("文号")


def rows_of(field_list: FieldList) -> list[dict[str, str]]:
    """The filled-in rows of a list of small forms, each cell trimmed and at most 200 characters."""
    rows = [{name: " ".join((text or "").split())[:200] for name, text in row.data.items()} for row in field_list]
    return [row for row in rows if any(row.values())]


def add_blank_rows(field_list: FieldList, number: int = _BLANK_ROWS) -> None:
    """Room for more rows at the end, without any script."""
    for _ in range(number):
        if len(field_list) < (field_list.max_entries or 1000):
            field_list.append_entry()


class NoticeForm(PortalForm):
    """All parts of a notice (R2.37); almost everything may stay blank in a draft."""

    issuer = TextField("发文机关", [at_most(120)])
    number = TextField("文号", [at_most(60)])
    title = WordsField("标题", [at_most(300)])
    plan = SelectField("考评计划", coerce=int, default=0)
    addressees = TextField("主送", [at_most(500)])
    recipient_groups = TicksField("发送对象")
    offices = LinesField("另发单位", [at_most(2000)])
    purpose = WordsField("目的", [at_most(500)])
    basis = FieldList(FormField(BasisRow), label="依据文件", max_entries=20)
    announcement = WordsField("通知事项", [at_most(1000)])
    body = WordsField("正文", [at_most(30000)])
    opens_on = DayField("推荐开始日期")
    closes_on = DayField("推荐截止日期")
    closes_time = ClockField("截止时刻")
    mailbox = TextField("邮箱", [at_most(120)])
    occupations = TicksField("考评职业", coerce=int)
    wants_table = BooleanField("要求会员单位在线填报推荐表")
    contacts = FieldList(FormField(ContactRow), label="联系人", max_entries=30)
    signature = TextField("落款", [at_most(120)])
    signed_on = TypedDayField("成文日期")
    copy_to = TextField("抄送", [at_most(300)])
    copy_groups = TicksField("抄送对象")
    printed_by = TextField("印发机关", [at_most(120)])
    printed_on = TypedDayField("印发日期")
    keywords = TextField("主题词", [at_most(200)])
    is_public = BooleanField("此件主动公开（在公开页面发布）")

    def __init__(self, notice, formdata=None):
        groups = [key for key in notice.recipient_groups if not key.startswith("office:")]
        single = [int(key[7:]) for key in notice.recipient_groups if key.startswith("office:")]
        names = [name for (name,) in Office.select(Office.name).where(Office.id.in_(single)).tuples()]
        super().__init__(formdata=formdata, obj=notice)
        if not self.is_submitted():
            self.recipient_groups.data, self.offices.data = groups, "\n".join(names)
            self.plan.data = notice.plan_id or 0
        is_forward = notice.forward_of_id is not None
        choices = [(key, label) for key, label in GROUP_LABELS.items() if (key == "members") == is_forward]
        self.recipient_groups.choices = choices
        self.copy_groups.choices = [(key, label) for key, label in GROUP_LABELS.items() if key != "members"]
        if is_forward:
            self.occupations.choices = [
                (each.id, f"{each.name}（{each.job}）" if each.job else each.name)
                for each in filed_occupations(notice.office)
            ]
            del self.plan
        else:
            plans = Plan.select().where(Plan.office == notice.office_id).order_by(Plan.id.desc())
            self.plan.choices = [(0, "（不对应计划）")] + [(each.id, f"{each.batch_no} {each.name}") for each in plans]
            for name in ("opens_on", "closes_on", "closes_time", "mailbox", "occupations", "wants_table"):
                delattr(self, name)
        if not self.is_submitted():
            add_blank_rows(self.contacts)
            add_blank_rows(self.basis)

    def values(self, province: str) -> dict:
        """What the verb is given. Raises Invalid("offices") for a unit that is not known."""
        values = {
            name: field.data
            for name, field in self._fields.items()
            if name not in ("once", "csrf_token", "offices", "basis", "contacts", "plan")
        }
        values["basis"], values["contacts"] = rows_of(self.basis), rows_of(self.contacts)
        for name in ("title", "purpose", "announcement", "body"):
            values[name] = values[name] or ""
        values["recipient_groups"] = list(self.recipient_groups.data or [])
        for name in self.offices.lines:
            office = Office.get_or_none(Office.name == name, Office.province == province, Office.active)
            if office is None:
                raise Invalid("offices", f"没有找到单位“{name[:40]}”，请填写本省单位的全称，每行一个。")
            values["recipient_groups"].append(f"office:{office.id}")
        if "plan" in self._fields:
            values["plan"] = Plan.get_by_id(self.plan.data) if self.plan.data else None
        return values
