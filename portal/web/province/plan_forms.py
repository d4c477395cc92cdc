"""What is typed about a plan: every parameter, each of which may stay blank in a draft (R2.11)."""

from datetime import date
from decimal import Decimal

from wtforms import BooleanField, DecimalField, FieldList, Form, FormField, IntegerField, SelectField, StringField
from wtforms.validators import Optional

from portal.actions.plans import (
    ASSESSMENT_LABELS,
    AUDIENCES,
    CATEGORY_LABELS,
    EXAM_PLACES,
    KIND_LABELS,
    MODE_LABELS,
    ORG_STATE_LABELS,
)
from portal.models import Plan, Region
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid
from portal.rules.exam import KIND_LABELS as QUESTION_KINDS
from portal.rules.workflow import Seat
from portal.web.forms import ClockField, DayField, LinesField, MomentInput, PortalForm, TextField, WordsField, at_most
from portal.web.notices.forms import ContactRow, TicksField, add_blank_rows, rows_of
from portal.web.plan_words import CLASS_NAMES

_LINKS = ("system", "training", "exam")
_PLAIN = (
    "batch_no", "name", "grade", "kind", "regions", "audience", "audience_kinds", "org_states", "classes", "edition",
    "occupations_from_filing", "opens_on", "opens_time", "closes_on", "closes_time", "study_from", "study_to",
    "training_from", "training_to", "exam_starts_at", "exam_ends_at", "mode", "minutes", "class_hours", "pass_mark",
    "attempts", "assessments", "conditions_text", "credential_text", "registrations_per_person", "require_stamped_form",
    "exam_place", "exam_minutes", "late_minutes",
)  # fmt: skip


class WholeField(IntegerField):
    """A whole number; blank gives None."""

    def __init__(self, label: str, **kw):
        super().__init__(label, [Optional()], **kw)


class GroupRow(Form):
    """One work group of a plan (R1.28)."""

    name = StringField("群名称")
    number = StringField("群号")
    audience = SelectField("谁可以看到", choices=list(AUDIENCES.items()), validate_choice=False)


class PlanForm(PortalForm):
    """All parameters of a plan."""

    name = TextField("计划名称", [at_most(200)])
    batch_no = TextField("批次号", [at_most(40)])
    grade = SelectField("等级")
    kind = SelectField("类型", choices=list(KIND_LABELS.items()))
    opens_on = DayField("报名开始日期")
    opens_time = ClockField("开始时刻")
    closes_on = DayField("报名截止日期")
    closes_time = ClockField("截止时刻")
    study_from = DayField("在线学习开始")
    study_to = DayField("在线学习结束")
    training_from = DayField("培训开始")
    training_to = DayField("培训结束")
    exam_starts_at = MomentInput("考试开始")
    exam_ends_at = MomentInput("考试结束")
    audience = WordsField("培训对象", [at_most(1000)])
    org_states = TicksField("机构备案状态", choices=list(ORG_STATE_LABELS.items()))
    audience_kinds = TicksField("评价机构类别", choices=list(CATEGORY_LABELS.items()))
    regions = TicksField("报名区域")
    classes = TicksField("职业大类", choices=list(CLASS_NAMES.items()))
    edition = SelectField("职业分类大典", choices=[("2015", "2015版"), ("2022", "2022版")])
    occupations_from_filing = BooleanField("只能选择所在机构备案（含申报未备案）的职业")
    registrations_per_person = WholeField("每人可报名数")
    require_stamped_form = BooleanField("要求上传盖章的申报表")
    mode = SelectField("培训形式", choices=list(MODE_LABELS.items()))
    assessments = TicksField("考核方式", choices=list(ASSESSMENT_LABELS.items()))
    contents = LinesField("培训内容", [at_most(3000)])
    minutes = WholeField("学习时长")
    class_hours = WholeField("课时数")
    pass_mark = DecimalField("合格分数线", [Optional()], places=None)
    attempts = WholeField("考试次数")
    exam_place = SelectField("线上考核地点", choices=list(EXAM_PLACES.items()))
    exam_minutes = WholeField("考核时长")
    late_minutes = WholeField("入场时限")
    paper_single_count = WholeField("单选题题数")
    paper_single_points = DecimalField("单选题每题分值", [Optional()], places=None)
    paper_multiple_count = WholeField("多选题题数")
    paper_multiple_points = DecimalField("多选题每题分值", [Optional()], places=None)
    paper_judge_count = WholeField("判断题题数")
    paper_judge_points = DecimalField("判断题每题分值", [Optional()], places=None)
    conditions_text = WordsField("申报条件", [at_most(5000)])
    credential_text = WordsField("资格认证", [at_most(1000)])
    link_system = TextField("报名系统网址", [at_most(300)])
    link_training = TextField("培训平台网址", [at_most(300)])
    link_exam = TextField("考试平台网址", [at_most(300)])
    groups = FieldList(FormField(GroupRow), label="工作群", max_entries=10)
    contacts = FieldList(FormField(ContactRow), label="联系人", max_entries=30)
    review_U = DayField("单位初审截止日")
    review_K = DayField("区县审核截止日")
    review_C = DayField("市级审核截止日")
    review_B = DayField("市人社局审核截止日")
    review_P = DayField("省级审核截止日")
    review_D = DayField("省厅审核截止日")
    reason = WordsField("修改理由", [at_most(300)])

    def __init__(self, plan: Plan, formdata=None):
        super().__init__(formdata=formdata, obj=plan)
        profile = profile_of(plan.province)
        self.grade.choices = [(key, profile.grade(key).name) for key in ("examiner", "senior")]
        rows = Region.select(Region.code, Region.name).where(Region.province == plan.province, Region.active)
        self.regions.choices = list(rows.where(Region.level.in_(["city", "direct"])).order_by(Region.code).tuples())
        self.seats = [seat for seat in Seat if seat in profile.seats]
        for seat in (Seat.UNIT, Seat.COUNTY, Seat.CITY_CENTRE, Seat.CITY_BUREAU, Seat.PROVINCE_CENTRE, Seat.DEPARTMENT):
            if seat not in self.seats:
                delattr(self, f"review_{seat}")
            else:
                self.review(seat).label.text = f"{profile.level_name(seat)}截止日"
        if plan.state == "draft":
            del self.reason
        if not self.is_submitted():
            self.contents.data = "\n".join(plan.contents)
            for key in _LINKS:
                self[f"link_{key}"].data = plan.links.get(key, "")
            for part in plan.paper:
                self[f"paper_{part['kind']}_count"].data = part["count"]
                self[f"paper_{part['kind']}_points"].data = Decimal(part["points"])
            for seat in self.seats:
                self.review(seat).process(None, _day(plan.review_by.get(str(seat))))
            add_blank_rows(self.contacts)
            add_blank_rows(self.groups, 1)

    def review(self, seat: Seat) -> DayField:
        """The last-day field of a level."""
        return self[f"review_{seat}"]

    def reviews(self) -> list[DayField]:
        """The last-day fields of the province's levels, in their order."""
        return [self.review(seat) for seat in self.seats]

    def parts(self) -> list[tuple]:
        """The fields of the paper, as (number of questions, points of each)."""
        return [(self[f"paper_{kind}_count"], self[f"paper_{kind}_points"]) for kind in QUESTION_KINDS]

    def refuse(self, refusal: Invalid) -> None:
        """What is wrong with the paper as a whole stands beside its first field."""
        super().refuse(Invalid("paper_single_count", refusal.message) if refusal.field == "paper" else refusal)

    def values(self) -> dict:
        """What the verb is given."""
        values = {name: self[name].data for name in _PLAIN}
        for name in ("regions", "audience_kinds", "org_states", "classes", "assessments"):
            values[name] = list(values[name] or [])
        values["contents"] = self.contents.lines
        values["contacts"] = rows_of(self.contacts)
        values["groups"] = [row for row in rows_of(self.groups) if row["name"] or row["number"]]
        values["paper"] = [
            {"kind": kind, "count": count.data or 0, "points": str(points.data or 0)}
            for kind, (count, points) in zip(QUESTION_KINDS, self.parts(), strict=True)
        ]
        values["links"] = {key: self[f"link_{key}"].data for key in _LINKS if self[f"link_{key}"].data}
        values["review_by"] = {
            str(seat): self.review(seat).data.isoformat() for seat in self.seats if self.review(seat).data
        }
        return values


class NewPlanForm(PortalForm):
    """From what a new plan starts: a grade and kind of the province's profile, or an earlier plan."""

    grade = SelectField("等级")
    kind = SelectField("类型", choices=list(KIND_LABELS.items()))
    copy_of = SelectField("或复制以前的计划", coerce=int)

    def __init__(self, actor, formdata=None):
        super().__init__(formdata=formdata)
        profile = profile_of(actor.province)
        self.grade.choices = [(key, profile.grade(key).name) for key in ("examiner", "senior")]
        own = Plan.select().where(Plan.office == actor.office).order_by(Plan.id.desc())
        earlier = [(each.id, f"{each.batch_no} {each.name}") for each in own]
        self.copy_of.choices = [(0, "（不复制，从模板新建）"), *earlier]


def _day(text: str | None):
    return date.fromisoformat(text) if text else None
