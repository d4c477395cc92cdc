"""题库: the province's questions with filters, one question, and the way to the Excel import (R5.10)."""

from flask import request, url_for
from peewee import fn
from wtforms import SelectField, StringField

from portal.actions import questions as verbs
from portal.models import Question
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid
from portal.rules.exam import KIND_LABELS, LETTERS
from portal.rules.questions import print_answer
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor, Seat
from portal.web.forms import PortalForm, TextField, WordsField, at_most
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.paging import take_page
from portal.web.province import blueprint
from portal.web.province.routes import ENTRIES

_FILTERS = ("kind", "topic", "grade", "words")


class QuestionForm(PortalForm):
    """One question; a judgement needs no options."""

    kind = SelectField("题型", choices=list(KIND_LABELS.items()), validate_choice=False)
    text = WordsField("题干", [at_most(1000)])
    option_A = TextField("选项A", [at_most(300)])
    option_B = TextField("选项B", [at_most(300)])
    option_C = TextField("选项C", [at_most(300)])
    option_D = TextField("选项D", [at_most(300)])
    option_E = TextField("选项E", [at_most(300)])
    option_F = TextField("选项F", [at_most(300)])
    option_G = TextField("选项G", [at_most(300)])
    option_H = TextField("选项H", [at_most(300)])
    answer = StringField("正确答案", [at_most(40)])
    grade = SelectField("适用等级")
    topic = TextField("学习内容", [at_most(120)])
    explanation = WordsField("解析", [at_most(1000)])

    def __init__(self, province: str, question: Question | None = None):
        super().__init__(obj=question)
        self.grade.choices = [("", "不限"), *grades_of(province).items()]
        if question is not None and not self.is_submitted():
            self.answer.data = print_answer(question.kind, question.answer)
            for letter, option in zip(LETTERS, question.options if question.kind != "judge" else (), strict=False):
                self[f"option_{letter}"].data = option

    def options(self) -> list:
        """The fields of the options, in their order."""
        return [self[f"option_{letter}"] for letter in LETTERS]

    def values(self) -> dict:
        """What the verb is given."""
        names = ("kind", "text", "answer", "grade", "topic", "explanation")
        return {name: self[name].data for name in names} | {"options": [field.data or "" for field in self.options()]}


@blueprint.get("/questions")
def questions():
    """The bank: by kind, topic, grade and words."""
    province = verbs.check_keeper(actor())
    asked = {name: request.args.get(name, "").strip()[:120] for name in _FILTERS}
    bank = Question.select().where(Question.province == province, Question.removed_at.is_null())
    query = bank
    for name in ("kind", "topic", "grade"):
        if asked[name]:
            query = query.where(getattr(Question, name) == ("" if asked[name] == "none" else asked[name]))
    if asked["words"]:
        query = query.where(Question.text.contains(asked["words"]) | Question.text.contains(squeeze(asked["words"])))
    counts = dict(
        Question.select(Question.kind, fn.COUNT(Question.id)).where(
            Question.province == province, Question.removed_at.is_null()
        ).group_by(Question.kind).tuples()
    )  # fmt: skip
    rest = {name: value for name, value in asked.items() if name != "kind" and value}
    tabs = [("全部题型", url_for(".questions", **rest), not asked["kind"], sum(counts.values()))]
    tabs += [
        (label, url_for(".questions", kind=kind, **rest), asked["kind"] == kind, counts.get(kind, 0))
        for kind, label in KIND_LABELS.items()
    ]
    return show(
        "province/questions.html", pieces=("province/_questions.html",), asked=asked, tabs=tabs, total=query.count(),
        listed=take_page(query, Question.id, newest_first=True), kinds=KIND_LABELS, grades=grades_of(province),
        topics=topics_of(province), print_answer=print_answer, active=sum(bool(value) for value in asked.values()),
    )  # fmt: skip


@blueprint.route("/questions/add", methods=["GET", "POST"])
def add_question():
    """A new question."""
    return _edit(None)


@blueprint.route("/questions/<int:id>", methods=["GET", "POST"])
def edit_question(id: int):
    """One question; saving it makes a new row, papers keep the old one."""
    return _edit(_question(id))


@blueprint.post("/questions/<int:id>/remove")
def remove_question(id: int):
    """Take a question out of use."""
    verbs.remove_question(_question(id), actor=actor())
    return go(url_for(".questions"), "已删除，已经生成的试卷不受影响。")


def grades_of(province: str) -> dict[str, str]:
    """The province's grades by key."""
    profile = profile_of(province)
    return {key: profile.grade(key).name for key in ("examiner", "senior")}


def topics_of(province: str) -> list[str]:
    """The topics in use, and the contents that the province's profile proposes for plans."""
    rows = Question.select(Question.topic).where(
        Question.province == province, Question.removed_at.is_null(), Question.topic != ""
    )  # fmt: skip
    used = [topic for (topic,) in rows.distinct().tuples()]
    return sorted({*used, *profile_of(province).training.contents})


def nav_items(reader: Actor) -> list[NavItem]:
    """The bank's entry in the door's navigation, for the centre that keeps it."""
    if reader.seat != Seat.PROVINCE_CENTRE:
        return []
    href = url_for("province.questions")
    return [NavItem("题库", href, "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _question(id: int) -> Question:
    province = verbs.check_keeper(actor())
    return get_or_404(
        Question.select().where(Question.id == id, Question.province == province, Question.removed_at.is_null())
    )


def _edit(question: Question | None):
    province = verbs.check_keeper(actor())
    form = QuestionForm(province, question)
    if request.method == "POST" and form.validate():
        try:
            verbs.save_question(question, form.values(), actor=actor())
            if request.form.get("then") == "next":
                return go(url_for(".add_question"), "已保存，请继续增加。")
            return go(url_for(".questions"), "已保存。")
        except Invalid as refusal:
            form.refuse(refusal)
    return show(
        "province/question.html", status=422 if request.method == "POST" else 200, form=form, question=question,
        topics=topics_of(province),
    )  # fmt: skip
