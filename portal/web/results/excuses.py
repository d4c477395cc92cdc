"""The form in which a good reason is filed, by the participant or by the unit for them (R4.17)."""

from flask import request, url_for
from wtforms import SelectField

from portal.actions.excuses import excuse_kinds, file_excuse
from portal.models import Registration, Session
from portal.models.class_lists import attendances_of
from portal.rules.errors import Invalid
from portal.storage import SCAN
from portal.web.files import store
from portal.web.forms import PortalForm, WordsField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import go, show
from portal.web.results.routes import find_participant

MOST_FILES = 12


class ExcuseForm(PortalForm):
    """A good reason: what about, which kind, and what happened."""

    session = SelectField("未能参加", coerce=int, default=0)
    reason = SelectField("正当理由")
    text = WordsField("具体情况", [filled("请写明时间、经过和未能参加的原因。"), at_most(2000)])

    def __init__(self, registration: Registration, formdata=None):
        super().__init__(formdata=formdata)
        sessions = [row.session for row in attendances_of(registration)]
        self.session.choices = [(0, "线上学习或线上考核"), *((each.id, f"线下培训：{each.name}") for each in sessions)]
        kinds = excuse_kinds(registration.plan.province)
        self.reason.choices = [("", "请选择"), *((kind, kind) for kind in kinds)]
        if not self.is_submitted() and sessions:
            self.session.data = sessions[-1].id


def answer_excuse_form(registration: Registration, back: str):
    """Show the form, or file what was sent and lead `back`."""
    if request.method == "GET":
        return _show(registration, ExcuseForm(registration), back)
    form = ExcuseForm(registration, request.form)
    if not form.validate():
        return _show(registration, form, back, 422)
    try:
        kept = keep_evidence("scan")
        chosen = Session.get_or_none(Session.id == form.session.data) if form.session.data else None
        file_excuse(
            registration, actor=actor(), reason=form.reason.data, text=form.text.data, kept=kept, session=chosen
        )
    except Invalid as refusal:
        form.refuse(refusal)
        return _show(registration, form, back, 422)
    return go(back, "理由已提交，认定后会发送消息。")


def keep_evidence(field: str) -> list:
    """Check and keep every file sent under this name; raises Invalid for the first bad one, and then none counts."""
    uploads = [upload for upload in request.files.getlist(field) if upload.filename]
    if len(uploads) > MOST_FILES:
        raise Invalid("text", f"一次最多上传{MOST_FILES}个文件，请合成一个PDF文件。")
    return [store().keep(upload.stream, upload.filename, SCAN, field="text") for upload in uploads]


def file_participant_excuse(id: int, case: int):
    """The unit files a good reason for one of its participants."""
    registration = find_participant(id, case)
    return answer_excuse_form(registration, url_for(".participant", id=id, case=case))


def _show(registration: Registration, form: ExcuseForm, back: str, status: int = 200):
    return show(
        "results/excuse.html", status=status, form=form, registration=registration, plan=registration.plan, back=back,
        scan_bytes=SCAN.max_bytes,
    )  # fmt: skip


UNIT_ROUTES = (("/results/<int:id>/people/<int:case>/excuse", ["GET", "POST"], file_participant_excuse),)
