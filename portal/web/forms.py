"""What every form shares: the one-time token, Chinese messages, and fields that read Chinese dates."""

import secrets

from flask_wtf import FlaskForm
from wtforms import DateField, Field, HiddenField, StringField, TextAreaField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import TextInput

from portal.rules.dates import parse_date, parse_datetime
from portal.rules.errors import Invalid


class TokenField(HiddenField):
    """A fresh token each time the form is drawn, whatever came in: a corrected form is another sending."""

    def _value(self):
        return secrets.token_urlsafe(18)


class PortalForm(FlaskForm):
    """The base of all forms: CSRF, the one-time token, Chinese messages, and a place for what a verb refused."""

    once = TokenField()

    class Meta(FlaskForm.Meta):
        locales = ("zh",)

    def refuse(self, refusal: Invalid) -> None:
        """Put a verb's refusal beside the field it names, or above the form when there is no such field."""
        field = self._fields.get(refusal.field)
        if field is not None and field.type not in ("HiddenField", "TokenField", "CSRFTokenField"):
            field.errors = [*field.errors, refusal.message]
        else:
            self.form_errors.append(refusal.message)


class SearchForm(FlaskForm):
    """The base of search forms: sent by GET, without tokens, so that its address can be shared."""

    class Meta(FlaskForm.Meta):
        csrf = False
        locales = ("zh",)


class TextField(StringField):
    """One line of text without blanks around it and without line breaks."""

    def process_formdata(self, valuelist):
        super().process_formdata(valuelist)
        self.data = " ".join((self.data or "").split()) if self.data else ""


class WordsField(TextAreaField):
    """Several lines of text without blanks around them."""

    def process_formdata(self, valuelist):
        super().process_formdata(valuelist)
        self.data = (self.data or "").replace("\r\n", "\n").strip()


class LinesField(WordsField):
    """A list of texts, one per line; empty lines do not count. `lines` gives them."""

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in (self.data or "").splitlines() if line.strip()]


class DayField(DateField):
    """A calendar day, also typed as 2022年12月8日 or with full-width digits (R2.48); blank gives None."""

    def process_formdata(self, valuelist):
        text = (valuelist[0] if valuelist else "").strip()
        self.raw_data, self.data = valuelist, None
        if not text:
            return
        try:
            self.data = parse_date(text)
        except Invalid as refusal:
            raise ValueError(refusal.message) from refusal


class MomentInput(Field):
    """A moment on the Shanghai clock from a datetime-local input or typed in Chinese; blank gives None."""

    widget = TextInput()
    widget.input_type = "datetime-local"

    def _value(self):
        if self.raw_data:
            return self.raw_data[0]
        return self.data.strftime("%Y-%m-%dT%H:%M") if self.data else ""

    def process_formdata(self, valuelist):
        text = (valuelist[0] if valuelist else "").strip()
        self.raw_data, self.data = valuelist, None
        if not text:
            return
        try:
            self.data = parse_datetime(text)
        except Invalid as refusal:
            raise ValueError(refusal.message) from refusal


class ClockField(TimeField):
    """A time of day; blank gives None."""

    def process_formdata(self, valuelist):
        text = (valuelist[0] if valuelist else "").strip().replace("：", ":")
        self.raw_data, self.data = valuelist, None
        if text:
            try:
                super().process_formdata([text])
            except ValueError as error:
                raise ValueError("请按“17:00”这样的格式填写时间。") from error


def filled(message: str) -> DataRequired:
    """A validator for a field that must be filled in; `message` says what to enter."""
    return DataRequired(message)


def chosen(message: str) -> InputRequired:
    """A validator for a choice that must be made; `message` says what to choose."""
    return InputRequired(message)


def at_most(length: int) -> Length:
    """A validator for the greatest number of characters."""
    return Length(max=length, message=f"最多{length}个字，请精简。")
