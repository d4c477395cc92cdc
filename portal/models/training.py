"""What a class consists of: study modules and the time spent on them, offline sessions, results, excuses."""

from peewee import BooleanField, CharField, DateField, DecimalField, ForeignKeyField, IntegerField, TextField

from portal.database import BaseModel, JsonField, MomentField
from portal.models.cases import Case, Registration
from portal.models.offices import Region
from portal.models.people import FileVersion, Person, User
from portal.models.plans import Plan


class Module(BaseModel):
    """A module of study of a plan (学习模块), in the order of `position`; `minutes` is the most that counts of it."""

    plan = ForeignKeyField(Plan, backref="modules", on_delete="CASCADE")
    position = IntegerField()
    title = CharField(200)
    kind = CharField(8)  # text | pdf | video | link
    body = TextField(default="")
    file = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")
    url = CharField(300, default="")
    minutes = IntegerField()
    removed_at = MomentField(null=True)

    class Meta:
        indexes = ((("plan", "position"), False),)


class StudyTime(BaseModel):
    """Seconds of study the server has credited to one registration in one module; never more than its length."""

    registration = ForeignKeyField(Registration, backref="study", on_delete="CASCADE")
    module = ForeignKeyField(Module, on_delete="RESTRICT")
    seconds = IntegerField(default=0)
    last_at = MomentField()

    class Meta:
        indexes = ((("registration", "module"), True),)


class StudyClock(BaseModel):
    """The one tab in which a person is studying now, and when its last beat came; one row per person (R4.05)."""

    person = ForeignKeyField(Person, unique=True, on_delete="CASCADE")
    registration = ForeignKeyField(Registration, on_delete="CASCADE")
    module = ForeignKeyField(Module, on_delete="CASCADE")
    tab = CharField(40)
    beat_at = MomentField()


class Progress(BaseModel):
    """How far one participant is with the study: what an outside platform reported, when the required time was reached.

    The seconds studied here are the sum of StudyTime; both together count (R4.21, R4.22).
    """

    case = ForeignKeyField(Case, primary_key=True, on_delete="CASCADE")
    outside_seconds = IntegerField(default=0)
    outside_at = MomentField(null=True)
    done_at = MomentField(null=True)
    reminded_on = DateField(null=True)


class Session(BaseModel):
    """One phase (期) of offline training: where, when, for how many (R4.11)."""

    plan = ForeignKeyField(Plan, backref="sessions", on_delete="RESTRICT")
    name = CharField(60)
    region = ForeignKeyField(Region, null=True, on_delete="RESTRICT")
    place = CharField(200)
    starts_at = MomentField()
    ends_at = MomentField()
    capacity = IntegerField()
    note = TextField(default="")
    cancelled_at = MomentField(null=True)
    version = IntegerField(default=1)

    class Meta:
        indexes = ((("plan", "starts_at"), False),)


class Attendance(BaseModel):
    """A participant assigned to an offline session; `value` is decided once per session (R4.15)."""

    session = ForeignKeyField(Session, backref="attendances", on_delete="RESTRICT")
    registration = ForeignKeyField(Registration, backref="attendances", on_delete="CASCADE")
    assigned_at = MomentField()
    value = CharField(8, null=True)  # present | excused | absent
    note = CharField(300, default="")
    decided_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    decided_at = MomentField(null=True)
    removed_at = MomentField(null=True)

    class Meta:
        indexes = ((("session", "registration"), True), (("registration",), False))


class Excuse(BaseModel):
    """A good reason (正当理由) that a participant filed with evidence, and what was decided on it (R4.17).

    The evidence are file versions of owner "case:<id>", slot "excuse:<id>".
    """

    registration = ForeignKeyField(Registration, backref="excuses", on_delete="CASCADE")
    session = ForeignKeyField(Session, null=True, on_delete="RESTRICT")
    reason = CharField(60)  # one of the reasons of the province's list
    text = TextField()
    filed_at = MomentField()
    filed_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    accepted = BooleanField(null=True)
    decided_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    decided_at = MomentField(null=True)
    note = TextField(default="")


class AssessmentResult(BaseModel):
    """The result of one assessment of a plan for one participant; all that the plan lists must be passed (R5.13).

    `score` is kept to one decimal, cut and never rounded up (R5.19); a bare pass has none.
    """

    registration = ForeignKeyField(Registration, backref="assessment_results", on_delete="CASCADE")
    assessment = CharField(10)  # online | offline
    score = DecimalField(5, 1, null=True)
    passed = BooleanField()
    source = CharField(10)  # exam | entered | imported
    session = ForeignKeyField(Session, null=True, on_delete="RESTRICT")
    entered_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    at = MomentField()
    note = CharField(300, default="")

    class Meta:
        indexes = ((("registration", "assessment"), True),)


class Question(BaseModel):
    """A question of a province's bank; never changed once used: an edit is a new row that `replaces` the old (R5.10).

    `answer` holds the right options' letters in order ("B", "ACD"); true/false questions have A 正确, B 错误.
    `topic` is the module title it belongs to, '' for any; `grade` a key of the profile's grades, '' for both.
    """

    province = CharField(20)
    grade = CharField(20, default="")
    topic = CharField(120, default="")
    kind = CharField(10)  # single | multiple | judge
    text = TextField()
    options = JsonField()  # ["…", "…"], lettered A, B, C …
    answer = CharField(10)
    explanation = TextField(default="")
    replaces = ForeignKeyField("self", null=True, on_delete="RESTRICT")
    created_at = MomentField()
    created_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    removed_at = MomentField(null=True)

    class Meta:
        indexes = ((("province", "kind", "removed_at"), False),)


class Attempt(BaseModel):
    """One sitting of the online assessment: started is used, whether or not it is submitted (R5.05).

    `items` is the paper as drawn from `seed`: [[question id, points, [option order]], …]; `open_key` is the
    registration's id while the attempt runs, so that two tabs can never have two (R5.11).
    """

    registration = ForeignKeyField(Registration, backref="attempt_rows", on_delete="CASCADE")
    number = IntegerField()
    seed = CharField(40)
    items = JsonField()
    pass_mark = DecimalField(5, 1)
    started_at = MomentField()
    due_at = MomentField()
    submitted_at = MomentField(null=True)
    submitted_by = CharField(10, default="")  # candidate | system
    score = DecimalField(6, 2, null=True)
    passed = BooleanField(null=True)
    open_key = IntegerField(null=True, unique=True)

    class Meta:
        indexes = ((("registration", "number"), True), (("submitted_at", "due_at"), False))


class Answer(BaseModel):
    """The answer last saved to one item of an attempt: letters of the options as the paper shows them, '' for none."""

    attempt = ForeignKeyField(Attempt, backref="answers", on_delete="CASCADE")
    position = IntegerField()
    value = CharField(10, default="")
    at = MomentField()

    class Meta:
        indexes = ((("attempt", "position"), True),)
