"""What is announced: plans with all parameters, notices and forwards, recipients, recommendation tables."""

from peewee import (
    BooleanField,
    CharField,
    DateField,
    DecimalField,
    ForeignKeyField,
    IntegerField,
    TextField,
    TimeField,
)

from portal.database import BaseModel, JsonField, MomentField
from portal.models.offices import Office, Organisation
from portal.models.people import FileVersion, User
from portal.rules.flows.plan import Phase, PlanState, Window, phase
from portal.rules.workflow import Actor, Seat


class Plan(BaseModel):
    """A training and assessment plan (考评计划); nearly everything may be blank while it is drafted (R2.11)."""

    office = ForeignKeyField(Office, on_delete="RESTRICT")  # the provincial centre that owns it
    province = CharField(20, index=True)
    batch_no = CharField(40, null=True, unique=True)
    name = CharField(200, default="")
    grade = CharField(20)  # key of a grade in the profile: examiner | senior
    kind = CharField(12, default="training")  # training | renewal
    regions = JsonField(default=list)  # region codes; empty = the whole province (R2.35)
    audience = TextField(default="")
    audience_kinds = JsonField(default=list)  # organisation categories; empty = all (R2.18)
    org_states = JsonField(default=lambda: ["filed", "submitted"])
    classes = JsonField(default=list)  # first digits of occupation codes; empty = all (R2.19)
    edition = CharField(8, default="2015")
    occupations_from_filing = BooleanField(default=True)
    opens_on = DateField(null=True)
    opens_time = TimeField(null=True)
    closes_on = DateField(null=True)
    closes_time = TimeField(null=True)
    study_from = DateField(null=True)
    study_to = DateField(null=True)
    training_from = DateField(null=True)
    training_to = DateField(null=True)
    exam_starts_at = MomentField(null=True)
    exam_ends_at = MomentField(null=True)
    review_by = JsonField(default=dict)  # {seat: "2022-12-14"}: last day for each level (R2.31)
    mode = CharField(12, default="online")  # online | mixed
    contents = JsonField(default=list)
    minutes = IntegerField(null=True)
    class_hours = IntegerField(null=True)
    pass_mark = DecimalField(5, 1, null=True)
    attempts = IntegerField(null=True)
    assessments = JsonField(default=list)
    paper = JsonField(default=list)  # [{"kind", "count", "points"}]: adds up to 100 points (R5.10)
    exam_minutes = IntegerField(null=True)  # of a self-timed online test; the unified slot needs none
    late_minutes = IntegerField(null=True)  # of the unified slot: entering later than this is refused (R5.08)
    exam_place = CharField(10, default="portal")  # portal | outside: where the online assessment is sat (R5.17)
    conditions_text = TextField(default="")
    credential_text = TextField(default="")
    links = JsonField(default=dict)  # {"system": url, "training": url, "exam": url} (R2.28)
    groups = JsonField(default=list)  # [{"number", "name", "audience": liaisons|applicants}] (R1.28)
    contacts = JsonField(default=list)  # [{"name", "mobile", "phone", "email", "address"}] (R2.29)
    registrations_per_person = IntegerField(default=1)
    require_stamped_form = BooleanField(default=False)
    state = CharField(12, default=PlanState.DRAFT)
    published_at = MomentField(null=True)
    closed_at = MomentField(null=True)
    created_at = MomentField()
    version = IntegerField(default=1)

    @property
    def window(self) -> Window:
        """The registration window."""
        return Window(self.opens_on, self.closes_on, self.closes_time, self.opens_time)

    @property
    def study_window(self) -> Window:
        """When study counts (R2.12, R4.06): the online study dates, or else the training dates, both ends inside."""
        return Window(self.study_from or self.training_from, self.study_to or self.training_to)

    @property
    def has_slot(self) -> bool:
        """Whether everybody sits one unified exam in a slot (R5.07) instead of starting whenever they are ready."""
        return self.exam_starts_at is not None and self.exam_ends_at is not None and self.exam_minutes is None

    @classmethod
    def visible_to(cls, actor: Actor | None):
        """The owning centre's plans with their drafts; for everybody else what is published (R2.01, R11.14)."""
        published = cls.state != PlanState.DRAFT
        if actor is not None and actor.seat == Seat.PROVINCE_CENTRE:
            return cls.select().where((cls.office == actor.office) | (published & (cls.province == actor.province)))
        if actor is not None and actor.province is not None:
            return cls.select().where(published & (cls.province == actor.province))
        return cls.select().where(published)

    def phase(self, moment) -> Phase:
        """Where the plan stands at `moment`."""
        return phase(
            self.state,
            moment,
            window=self.window,
            training=Window(self.study_from or self.training_from, self.training_to or self.study_to),
            exam_starts_at=self.exam_starts_at,
            exam_ends_at=self.exam_ends_at,
        )

    def is_open(self, moment) -> bool:
        """Whether registrations are accepted at `moment`."""
        return self.phase(moment) == Phase.OPEN


class Notice(BaseModel):
    """A notice (通知) or the forward of one (转发): every part of the source documents is a field (R2.37)."""

    office = ForeignKeyField(Office, on_delete="RESTRICT")
    province = CharField(20, index=True)
    plan = ForeignKeyField(Plan, null=True, on_delete="RESTRICT")
    forward_of = ForeignKeyField("self", null=True, backref="forwards", on_delete="RESTRICT")
    issuer = CharField(120)
    number = CharField(60, null=True, unique=True)
    title = CharField(300, default="")
    addressees = CharField(500, default="")
    recipient_groups = JsonField(default=list)  # group keys, resolved to offices when it is published
    purpose = TextField(default="")  # 为…, the first words of the opening paragraph
    basis = JsonField(default=list)  # [{"title", "number", "issuer"}], cited in the opening paragraph (R2.39)
    announcement = TextField(default="")  # …现将有关事项通知如下：, its last words
    body = TextField(default="")
    contacts = JsonField(default=list)
    signature = CharField(120, default="")
    signed_on = DateField(null=True)
    kind = CharField(10, default="notice")  # notice | bulletin (通报: `listed` names whom it is about, R7.08)
    listed = JsonField(default=list)  # [{"bar", "name", "subject", "id_number", "unit", "facts", "basis"}], frozen
    printed_by = CharField(120, default="")
    printed_on = DateField(null=True)
    copy_to = CharField(300, default="")
    copy_groups = JsonField(default=list)
    keywords = CharField(200, default="")
    is_public = BooleanField(default=False)
    pinned = BooleanField(default=False)
    opens_on = DateField(null=True)  # a forward's own window (R2.42)
    closes_on = DateField(null=True)
    closes_time = TimeField(null=True)
    mailbox = CharField(120, default="")
    occupations = JsonField(default=list)  # occupation ids
    wants_table = BooleanField(default=False)  # demands a recommendation table (R2.43)
    state = CharField(12, default="draft")  # draft | published | withdrawn
    published_at = MomentField(null=True)
    created_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    created_at = MomentField()
    version = IntegerField(default=1)

    @classmethod
    def visible_to(cls, actor: Actor | None):
        """What the reader's office issued or received, and what is public; nothing else (R2.38, R2.44, R2.45).

        Who received a forward also sees the original that it carries (R2.40).
        """
        seen = cls.is_public
        if actor is not None and actor.office is not None:
            forward = cls.alias()
            mine = NoticeRecipient.select(NoticeRecipient.notice).where(NoticeRecipient.office == actor.office)
            carried = forward.select(forward.forward_of).where(forward.state == "published", forward.id.in_(mine))
            seen = seen | cls.id.in_(mine) | (cls.id.in_(carried))
            return cls.select().where((cls.office == actor.office) | ((cls.state == "published") & seen))
        return cls.select().where((cls.state == "published") & seen)

    @property
    def window(self) -> Window:
        """A forward's own window."""
        return Window(self.opens_on, self.closes_on, self.closes_time)


class NoticeRecipient(BaseModel):
    """An office that a published notice went to, as addressee or as copied body (抄送)."""

    notice = ForeignKeyField(Notice, backref="recipients", on_delete="CASCADE")
    office = ForeignKeyField(Office, on_delete="RESTRICT")
    is_copy = BooleanField(default=False)

    class Meta:
        indexes = ((("notice", "office"), True),)


class NoticeAttachment(BaseModel):
    """A numbered attachment: an uploaded file, or a `builtin` document: guide | conditions | table."""

    notice = ForeignKeyField(Notice, backref="attachments", on_delete="CASCADE")
    position = IntegerField()
    title = CharField(200)
    builtin = CharField(12, default="")
    file = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")


class Recommendation(BaseModel):
    """A member unit's table under a forward (参训推荐表), one per unit; rows as entered (R2.43, R3.40)."""

    notice = ForeignKeyField(Notice, backref="recommendations", on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, on_delete="RESTRICT")
    rows = JsonField(default=list)  # [{"name","employer","position","id_number","phone","held"}]
    submitted_at = MomentField(null=True)
    late = BooleanField(default=False)
    version = IntegerField(default=1)

    class Meta:
        indexes = ((("notice", "organisation"), True),)
