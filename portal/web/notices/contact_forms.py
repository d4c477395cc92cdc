"""What is typed about the contact page, by the province's centre or by technical staff."""

from wtforms import FieldList, FormField

from portal.web.forms import PortalForm
from portal.web.notices.forms import ContactRow, add_blank_rows


class ContactsForm(PortalForm):
    """The lines of the public contact page."""

    contacts = FieldList(FormField(ContactRow), label="联系方式", max_entries=40)

    def __init__(self, rows: list[dict], formdata=None):
        super().__init__(formdata=formdata, data={"contacts": rows})
        if not self.is_submitted():
            add_blank_rows(self.contacts, 3)
