"""Who there is: accounts, seats, sessions, and persons with their held qualifications and work log."""

from peewee import BooleanField, CharField, DateField, ForeignKeyField, IntegerField, TextField

from portal import clock
from portal.database import BaseModel, JsonField, MomentField
from portal.models.offices import Office, Organisation, Region


class User(BaseModel):
    """An account. Applicants log in with their document number, staff with a login name."""

    login = CharField(60, unique=True)
    name = CharField(60)
    password_hash = CharField(255)
    phone = CharField(30, default="")
    active = BooleanField(default=True)
    must_change = BooleanField(default=False)
    password_set_at = MomentField(null=True)
    created_at = MomentField()


class Grant(BaseModel):
    """A seat at an office, from a day to a day; `deputy_for` is the grant whose holder is absent (dated deputy)."""

    user = ForeignKeyField(User, backref="grants", on_delete="RESTRICT")
    office = ForeignKeyField(Office, null=True, backref="grants", on_delete="RESTRICT")
    seat = CharField(1)
    starts_on = DateField(null=True)
    ends_on = DateField(null=True)
    deputy_for = ForeignKeyField("self", null=True, on_delete="RESTRICT")
    granted_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    granted_at = MomentField()

    @classmethod
    def active_at(cls, office):
        """The grants at an office (id or column) that are in force today and whose account is active."""
        today = clock.today()
        return (
            cls.select(cls.id)
            .join(User, on=(cls.user == User.id))
            .where(cls.office == office, User.active, cls.is_in_force(today))
        )

    @classmethod
    def is_in_force(cls, day):
        """The condition that a grant's dates hold on a day, both ends included."""
        return (cls.starts_on.is_null() | (cls.starts_on <= day)) & (cls.ends_on.is_null() | (cls.ends_on >= day))


class LoginSession(BaseModel):
    """One login of one browser; ending it makes its cookie worthless. `grant` is the seat in use (R0.30)."""

    token = CharField(64, unique=True)
    user = ForeignKeyField(User, backref="sessions", on_delete="CASCADE")
    grant = ForeignKeyField(Grant, null=True, on_delete="SET NULL")
    created_at = MomentField()
    ended_at = MomentField(null=True)
    address = CharField(45, default="")
    agent = CharField(200, default="")


class LoginAttempt(BaseModel):
    """A failed login, counted per login name and per address to slow guessing down (R1.33)."""

    key = CharField(120)
    at = MomentField()

    class Meta:
        indexes = ((("key", "at"), False),)


class ResetCode(BaseModel):
    """A one-time code with which a forgotten password is replaced, handed out by the unit or the centre."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    code_hash = CharField(64)
    issued_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    issued_at = MomentField()
    expires_at = MomentField()
    used_at = MomentField(null=True)
    tries = IntegerField(default=0)


class FileVersion(BaseModel):
    """An uploaded or issued file; never overwritten, a newer version of the same owner and slot replaces it (R12.04).

    `owner` names what it belongs to ("person:3", "case:17", "notice:2", "plan:5"), `slot` the item
    ("portrait", "qualification:12", "stamped_form", "attachment").
    """

    owner = CharField(40)
    slot = CharField(60)
    version = IntegerField()
    path = CharField(200, unique=True)
    sha256 = CharField(64)
    size = IntegerField()
    mime = CharField(60)
    pages = IntegerField(default=1)
    name = CharField(200)
    by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    at = MomentField()
    removed_at = MomentField(null=True)

    class Meta:
        indexes = ((("owner", "slot", "version"), True),)


class Person(BaseModel):
    """A human being; unique by document. May exist before there is an account (entered by the unit)."""

    user = ForeignKeyField(User, null=True, unique=True, on_delete="RESTRICT")
    name = CharField(60)
    id_type = CharField(3, default="201")
    id_number = CharField(30)
    sex = CharField(1, default="")  # 男 | 女
    birth = DateField(null=True)
    education = CharField(20, default="")
    position = CharField(60, default="")
    phone = CharField(30, default="")
    address = CharField(200, default="")
    organisation = ForeignKeyField(Organisation, null=True, on_delete="RESTRICT")
    employer = ForeignKeyField(Organisation, null=True, on_delete="RESTRICT")
    employer_name = CharField(200, default="")
    exam_region = ForeignKeyField(Region, null=True, on_delete="RESTRICT")
    portrait = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")
    province = CharField(20, default="", index=True)
    declared_at = MomentField(null=True)
    saved_at = MomentField(null=True)
    merged_into = ForeignKeyField("self", null=True, on_delete="RESTRICT")
    created_at = MomentField()

    class Meta:
        indexes = ((("id_type", "id_number"), True), (("name",), False), (("phone",), False))


class HeldQualification(BaseModel):
    """A certificate or title a person holds (持证情况): kind, occupation, specific level, number, issuer (R1.20)."""

    person = ForeignKeyField(Person, backref="qualifications", on_delete="CASCADE")
    kind = CharField(20)  # 职业资格 | 技能等级 | 专业技术职务 | 考评员
    occupation_code = CharField(20, default="")
    occupation_name = CharField(120)
    job = CharField(120, default="")
    level = IntegerField(null=True)  # 1–5 for the first two kinds
    grade = CharField(20, default="")  # 初级 | 中级 | 副高级 | 正高级 for titles; 考评员 | 高级考评员
    number = CharField(60)
    issuer = CharField(120, default="")
    issued_on = DateField(null=True)
    valid_to = DateField(null=True)
    material_kind = CharField(40, default="")
    confirmed_by = CharField(120, default="")  # the register that confirmed it: 系统已确认
    removed_at = MomentField(null=True)


class WorkEntry(BaseModel):
    """A stretch of assessment work (考评工作经历), the evidence for experience conditions (R1.22)."""

    person = ForeignKeyField(Person, backref="work", on_delete="CASCADE")
    organisation_name = CharField(200)
    occupation_name = CharField(120, default="")
    starts_on = DateField()
    ends_on = DateField(null=True)
    evidence = TextField(default="")
    data = JsonField(default=dict)
    removed_at = MomentField(null=True)
