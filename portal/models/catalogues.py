"""Reference data that offices edit or import: occupations, calendar, reasons, registers, settings, counters."""

from peewee import BooleanField, CharField, DateField, IntegerField, TextField

from portal.database import BaseModel, JsonField, MomentField


class Occupation(BaseModel):
    """An occupation of one edition of the national classification, or one of its 工种 (`job`, '' where there is none).

    `klass` is the first digit of the code (R2.19); `levels` such as "5,4,3,2,1".
    """

    edition = CharField(8)
    code = CharField(20)
    name = CharField(120, index=True)
    job = CharField(120, default="")
    klass = CharField(1)
    barrier = BooleanField(default=False)  # 准入类
    in_2015 = BooleanField(default=False)
    new = BooleanField(default=False)  # 新职业
    has_standard = BooleanField(default=False)
    common = BooleanField(default=False)  # 通用性强
    levels = CharField(20, default="5,4,3,2,1")
    active = BooleanField(default=True)

    class Meta:
        indexes = ((("edition", "code", "job"), True),)


class OccupationAlias(BaseModel):
    """Another name or another edition's code under which an occupation is known (劳动关系协调员 = 劳动关系协调师)."""

    name = CharField(120)
    code = CharField(20, default="")
    same_as = CharField(20)  # code of the occupation meant

    class Meta:
        indexes = ((("name", "code"), True),)


class Workday(BaseModel):
    """A day that differs from Monday–Friday: a weekday off or a weekend day worked."""

    day = DateField(unique=True)
    is_workday = BooleanField()
    name = CharField(40, default="")


class CalendarYear(BaseModel):
    """A year whose official holiday arrangement is loaded; other years are estimated and say so (R13.03)."""

    year = IntegerField(unique=True)
    source = CharField(120, default="")
    loaded_at = MomentField()


class Reason(BaseModel):
    """A sentence from a library that a centre edits: for returns, rejections, late stamped forms …"""

    kind = CharField(20)  # return | reject | late_stamp
    text = CharField(300)
    province = CharField(20, index=True)
    position = IntegerField(default=0)
    active = BooleanField(default=True)

    class Meta:
        indexes = ((("province", "kind", "text"), True),)


class RegisteredCertificate(BaseModel):
    """A row of an imported certificate register, against which certificates are confirmed without a scan (R3.06)."""

    number = CharField(60)
    name = CharField(60)
    id_number = CharField(30)
    kind = CharField(20)
    occupation_name = CharField(120)
    level = IntegerField(null=True)
    grade = CharField(20, default="")
    issuer = CharField(120, default="")
    issued_on = DateField(null=True)
    source = CharField(120, default="")

    class Meta:
        indexes = ((("number", "id_number"), True),)


class Setting(BaseModel):
    """A value that an administrator edits on the page, such as the contact page; `province` '' means everywhere."""

    key = CharField(60)
    province = CharField(20, default="")
    value = JsonField()

    class Meta:
        indexes = ((("key", "province"), True),)


class Counter(BaseModel):
    """The last number given out of a series; numbers come from nowhere else."""

    name = CharField(120, unique=True)
    last = IntegerField(default=0)


class Article(BaseModel):
    """A page of text that an administrator edits, such as the process guide 考评员外网报考流程 (R2.33)."""

    key = CharField(60)
    province = CharField(20, default="")
    title = CharField(120)
    body = TextField(default="")

    class Meta:
        indexes = ((("key", "province"), True),)
