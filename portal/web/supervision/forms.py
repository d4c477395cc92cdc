"""What is typed about a supervision record or a case against an organisation, and the filters of their lists."""

from datetime import date

from flask import request
from wtforms import HiddenField, RadioField
from wtforms.validators import Optional

from portal.models import Organisation
from portal.models.supervisions import Filters, supervised_by
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid
from portal.rules.supervision import GROUND_LABELS, OUTCOME_LABELS
from portal.rules.workflow import Actor
from portal.web.forms import DayField, PortalForm, TextField, WordsField, at_most, chosen, filled

MOST_NAMES = 2000  # organisations proposed while typing


class SupervisionForm(PortalForm):
    """One record."""

    organisation = TextField("评价机构", [filled("请填写评价机构的全称。"), at_most(200)])
    held_on = DayField("检查日期", [filled("请填写检查日期。")])
    inspectors = TextField("检查人员", [filled("请填写检查人员。"), at_most(200)])
    subject = TextField("检查事项", [filled("请填写检查事项。"), at_most(200)])
    campaign = TextField("专项活动", [at_most(60)])
    findings = WordsField("检查情况", [filled("请填写检查情况。"), at_most(4000)])
    demands = WordsField("整改要求", [at_most(2000)])
    answer_by = DayField("答复期限", [Optional()])

    def values(self) -> dict:
        """What the verb is given."""
        return {name: self[name].data for name in
                ("held_on", "inspectors", "subject", "campaign", "findings", "demands", "answer_by")}  # fmt: skip


class CloseForm(PortalForm):
    """The end of a record."""

    note = WordsField("办结说明", [filled("请填写办结说明。"), at_most(1000)])


class ViolationForm(PortalForm):
    """A new case against an organisation."""

    organisation = TextField("评价机构", [filled("请填写评价机构的全称。"), at_most(200)])
    ground = RadioField("违规情形", choices=list(GROUND_LABELS.items()), validators=[chosen("请选择违规情形。")])
    ground_text = TextField("其他情形", [at_most(200)])
    facts = WordsField("违规事实", [filled("请写明违规事实。"), at_most(4000)])
    supervision = HiddenField()


class OutcomeForm(PortalForm):
    """The decision on a case."""

    outcome = RadioField("处理结果", choices=list(OUTCOME_LABELS.items()), validators=[chosen("请选择处理结果。")])
    rectify_by = DayField("整改截止日期", [Optional()])
    basis = TextField("处理依据", [at_most(300)])
    reason = WordsField("处理理由", [filled("请写明处理理由，评价机构会看到。"), at_most(2000)])


def named_organisation(name: str, actor: Actor) -> Organisation:
    """The organisation of the actor's territory with this full name. Raises Invalid("organisation") for none."""
    found = supervised_by(actor).where(Organisation.name == name).first()
    if found is None:
        raise Invalid("organisation", "本辖区内没有这家评价机构，请从列表中选择全称。")
    return found


def names_for(actor: Actor) -> list[str]:
    """The names of the territory's organisations, to be proposed while typing."""
    rows = supervised_by(actor).select(Organisation.name).order_by(Organisation.name).limit(MOST_NAMES)
    return [name for (name,) in rows.tuples()]


def read_filters() -> Filters:
    """The filters of this request's address; what cannot be meant is left out, never an error."""

    def text(name: str, longest: int) -> str:
        return " ".join(request.args.get(name, "").split())[:longest]

    def day(name: str) -> date | None:
        try:
            return parse_date(text(name, 20)) if text(name, 20) else None
        except Invalid:
            return None

    ground, state = text("ground", 30), text("state", 10)
    return Filters(
        campaign=text("campaign", 60), organisation=text("organisation", 60), since=day("since"), until=day("until"),
        state=state if state in ("open", "closed") else "", ground=ground if ground in list(GROUND_LABELS) else "",
    )  # fmt: skip


def query_of(filters: Filters) -> dict:
    """The filters as an address's query: only what is set."""
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in vars(filters).items() if value
    }
