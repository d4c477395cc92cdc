"""What goes wrong and what follows: strikes, bars, statements, supervision, cases against organisations."""

from peewee import BooleanField, CharField, DateField, ForeignKeyField, IntegerField, TextField

from portal.database import BaseModel, JsonField, MomentField
from portal.models.cases import Case, Registration
from portal.models.credentials import Credential
from portal.models.offices import Office, Organisation
from portal.models.people import Person, User
from portal.models.plans import Notice, Plan


class Strike(BaseModel):
    """An absence or a drop-out that was decided to be without good reason (八（二）): at most one per person and plan.

    `organisation` is the unit of that registration and stays it (R1.34). An annulled one no longer counts.
    """

    person = ForeignKeyField(Person, backref="strikes", on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, backref="strikes", on_delete="RESTRICT")
    registration = ForeignKeyField(Registration, on_delete="RESTRICT")
    plan = ForeignKeyField(Plan, on_delete="RESTRICT")
    ground = CharField(10)  # absent | dropout
    reason = TextField()
    at = MomentField()
    decided_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    annulled_at = MomentField(null=True)
    live_key = CharField(40, null=True, unique=True)  # "<person>:<plan>" while it counts

    class Meta:
        indexes = ((("person", "at"), False), (("organisation", "at"), False))


class Bar(BaseModel):
    """A person or a unit whose qualification to apply is cancelled; ended only by lifting, or by its own end date.

    `cause` lists what it follows from: {"strikes": [ids], "unit": organisation} or {"credentials": [ids]}, for a unit
    {"bars": [ids of its people's bars]}. `live_key` makes one bar of a kind per subject and province. `ending` says how
    it ended: lifted (a decision: its cause counts no more), expired (its end date passed: likewise), groundless (what
    it followed from was annulled or restored). `permits` are running registrations that may go on all the same.
    """

    person = ForeignKeyField(Person, null=True, backref="bars", on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, null=True, backref="bars", on_delete="RESTRICT")
    follows = ForeignKeyField("self", null=True, backref="consequences", on_delete="RESTRICT")  # a unit's: its person's
    province = CharField(20)
    kind = CharField(12)  # strikes | unclaimed
    permanent = BooleanField(default=False)
    basis = CharField(300)
    cause = JsonField(default=dict)
    starts_at = MomentField()
    ends_on = DateField(null=True)
    lifted_at = MomentField(null=True)
    lifted_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    lift_reason = TextField(default="")
    bulletin = ForeignKeyField(Notice, null=True, on_delete="SET NULL")
    ending = CharField(12, default="")  # lifted | expired | groundless
    permits = JsonField(default=list)  # [{"registration", "reason", "by", "at"}] (R7.06: decided case by case)
    live_key = CharField(80, null=True, unique=True)  # "<province>:person:7:strikes" while it is in force

    class Meta:
        indexes = ((("province", "starts_at"), False), (("ends_on",), False))


class Statement(BaseModel):
    """A statement against a decision: the subject of a case of kind "statement" (R7.18)."""

    case = ForeignKeyField(Case, primary_key=True, backref="statement", on_delete="CASCADE")
    person = ForeignKeyField(Person, null=True, on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, null=True, on_delete="RESTRICT")
    strike = ForeignKeyField(Strike, null=True, on_delete="RESTRICT")
    bar = ForeignKeyField(Bar, null=True, on_delete="RESTRICT")
    credential = ForeignKeyField(Credential, null=True, on_delete="RESTRICT")
    text = TextField()
    contact = CharField(60, default="")


class Supervision(BaseModel):
    """A finding of a county, city or province at an organisation (监督检查记录); `campaign` tags it (R7.16, R7.22)."""

    organisation = ForeignKeyField(Organisation, backref="supervisions", on_delete="RESTRICT")
    office = ForeignKeyField(Office, on_delete="RESTRICT")
    province = CharField(20)
    held_on = DateField()
    inspectors = CharField(200)
    subject = CharField(200)
    findings = TextField()
    demands = TextField(default="")
    answer_by = DateField(null=True)
    campaign = CharField(60, default="")
    by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    at = MomentField()
    closed_at = MomentField(null=True)
    closing_note = TextField(default="")
    version = IntegerField(default=1)

    class Meta:
        indexes = ((("organisation", "held_on"), False), (("province", "campaign"), False))


class OrganisationCase(BaseModel):
    """A case against an organisation, by one of the grounds of the notice (R7.11), and what was decided."""

    organisation = ForeignKeyField(Organisation, backref="violation_cases", on_delete="RESTRICT")
    office = ForeignKeyField(Office, on_delete="RESTRICT")
    province = CharField(20)
    ground = CharField(20)  # false_material | dishonesty | malicious_competition | disorder | other
    ground_text = CharField(200, default="")  # what "other" is
    facts = TextField()
    supervision = ForeignKeyField(Supervision, null=True, on_delete="RESTRICT")
    opened_at = MomentField()
    opened_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    outcome = CharField(16, default="")  # warning | rectification | dismissed
    outcome_text = TextField(default="")
    basis = CharField(300, default="")
    rectify_by = DateField(null=True)
    decided_at = MomentField(null=True)
    decided_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    version = IntegerField(default=1)

    class Meta:
        indexes = ((("organisation", "opened_at"), False), (("province", "decided_at"), False))
