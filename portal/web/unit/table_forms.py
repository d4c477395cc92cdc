"""What is typed into a recommendation table, and about the unit itself."""

import re

from wtforms import BooleanField, FieldList, Form, FormField, StringField

from portal.actions.recommendations import MOST_ROWS, ROW_FIELDS
from portal.rules.errors import Invalid
from portal.web.forms import PortalForm, TextField, at_most, filled

_CELL = re.compile(r"rows-(\d+)-(\w+)")


class PersonRow(Form):
    """One person of the table (皖人协秘〔2021〕2号 附件1)."""

    name = StringField("姓名")
    employer = StringField("单位")
    position = StringField("职务")
    id_number = StringField("身份证号")
    phone = StringField("联系电话")
    held = StringField("持证情况")


class TableForm(PortalForm):
    """The rows of a recommendation table; five empty ones follow what is there."""

    rows = FieldList(FormField(PersonRow), label="推荐人员", max_entries=MOST_ROWS + 10)

    def __init__(self, rows: list[dict], employer: str, formdata=None):
        super().__init__(formdata=formdata, data={"rows": rows})
        if not self.is_submitted():
            for _ in range(5):
                self.rows.append_entry()

    def rows_as_typed(self) -> list[dict]:
        """All rows in their places, empty ones too, each cell at most 200 characters."""
        return [{name: (row.data.get(name) or "")[:200] for name in ROW_FIELDS} for row in self.rows]

    def refuse(self, refusal: Invalid) -> None:
        """Beside the cell that a verb refused, as well as above the form."""
        cell = _CELL.fullmatch(refusal.field)
        if cell and int(cell[1]) < len(self.rows):
            field = self.rows[int(cell[1])].form[cell[2]]
            field.errors = [*field.errors, refusal.message]
        self.form_errors.append(refusal.message)


class LiaisonForm(PortalForm):
    """The unit's one liaison person (R0.16)."""

    name = TextField("姓名", [filled("请填写联系人姓名。"), at_most(60)])
    phone = TextField("联系电话", [filled("请填写联系电话。"), at_most(30)])
    confirmed = BooleanField("确认由此人替换现任联系人")


class MemberForm(PortalForm):
    """A member unit to add (R0.04)."""

    name = TextField("单位全称", [filled("请填写会员单位全称。"), at_most(200)])
    usci = TextField("统一社会信用代码", [at_most(30)])
