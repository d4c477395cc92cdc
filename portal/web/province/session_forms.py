"""What is typed about an offline session, and the quick lists of attendance and results."""

from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired

from portal.models import Plan, Region, Session
from portal.web.forms import MomentInput, PortalForm, TextField, WordsField, at_most, filled


class SessionForm(PortalForm):
    """A session: when, where, for how many."""

    name = TextField("期次", [filled("请填写期次名称，例如第一期。"), at_most(60)])
    starts_at = MomentInput("开始时间", [InputRequired("请填写开始时间。")])
    ends_at = MomentInput("结束时间", [InputRequired("请填写结束时间。")])
    region = SelectField("地区", coerce=int)
    place = TextField("地点", [filled("请填写培训地点，会印在通知上。"), at_most(200)])
    capacity = IntegerField("容纳人数", [InputRequired("请填写容纳人数。")])
    note = WordsField("说明", [at_most(1000)])

    def __init__(self, plan: Plan, formdata=None, obj: Session | None = None):
        super().__init__(formdata=formdata, obj=obj)
        rows = Region.select(Region.id, Region.name).where(Region.province == plan.province, Region.active)
        listed = rows.where(Region.level.in_(["city", "direct"])).order_by(Region.code).tuples()
        self.region.choices = [(0, "不限地区"), *listed]
        if not self.is_submitted():
            self.region.data = obj.region_id or 0 if obj else 0

    def values(self) -> dict:
        """What the verb is given."""
        values = {name: self[name].data for name in ("name", "starts_at", "ends_at", "place", "capacity", "note")}
        return {**values, "region": Region.get_or_none(Region.id == self.region.data)}


class RollForm(PortalForm):
    """The list of attendance; its rows are read by name."""

    reason = WordsField("更正理由", [at_most(300)])


class MarksForm(PortalForm):
    """The list of results; its rows are read by name."""

    reason = WordsField("更正理由", [at_most(300)])
