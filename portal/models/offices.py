"""Where people belong: regions, offices, organisations with their filings, and members of associations."""

from peewee import BooleanField, CharField, DateField, ForeignKeyField, IntegerField, TextField

from portal.database import BaseModel, JsonField, MomentField
from portal.models.catalogues import Occupation


class Region(BaseModel):
    """A province, a city, a county, or the province's own 省直 / 省属, which has no GB/T 2260 code of its own.

    `code` is unique (GB/T 2260, or the province's code with "00" appended for 省直); `filing_code` is the two-digit
    code used in organisation codes, which is not derived from GB/T 2260 (皖人社秘〔2020〕65号 附件3).
    """

    code = CharField(12, unique=True)
    name = CharField(60)
    level = CharField(10)  # province | city | county | direct
    parent = ForeignKeyField("self", null=True, backref="children", on_delete="RESTRICT")
    filing_code = CharField(2, null=True)
    province = CharField(20, index=True)  # key of the jurisdiction profile
    active = BooleanField(default=True)


class Organisation(BaseModel):
    """A body that recommends people: an evaluation organisation, an association, or one of its member units."""

    name = CharField(200, unique=True)
    usci = CharField(18, null=True, unique=True)
    kind = CharField(20, default="")  # enterprise | school | social; empty for a mere member unit
    businesses = JsonField(default=list)
    category = CharField(40, default="local")  # central_branch | provincial_industry | local (audience of R2.18)
    unit_kind = CharField(10, default="city")  # city | province: which chain its people's cases take
    region = ForeignKeyField(Region, null=True, on_delete="RESTRICT")
    allowed_regions = JsonField(default=list)  # region codes for training, exams and use of its people (R0.22)
    address = CharField(200, default="")
    registrar = CharField(100, default="")
    nature = CharField(40, default="")
    legal_representative = CharField(60, default="")
    capital = CharField(60, default="")
    contact = JsonField(default=dict)
    province = CharField(20, index=True)
    active = BooleanField(default=True)


class Membership(BaseModel):
    """A member unit (会员单位) of an association (R0.04)."""

    association = ForeignKeyField(Organisation, backref="memberships", on_delete="RESTRICT")
    member = ForeignKeyField(Organisation, backref="associations", on_delete="RESTRICT")
    since = DateField(null=True)

    class Meta:
        indexes = ((("association", "member"), True),)


class Liaison(BaseModel):
    """The one liaison person of an organisation (R0.16); replaced ones stay as history."""

    organisation = ForeignKeyField(Organisation, backref="liaisons", on_delete="RESTRICT")
    name = CharField(60)
    phone = CharField(30)
    active = BooleanField(default=True)
    since = MomentField()


class Filing(BaseModel):
    """An organisation's filing (备案), imported for now; its state decides whose people may register (R1.15, R2.17)."""

    organisation = ForeignKeyField(Organisation, backref="filings", on_delete="RESTRICT")
    state = CharField(20)  # draft | submitted | filed | rejected | exited
    code = CharField(30, null=True, unique=True)
    submitted_on = DateField(null=True)
    starts_on = DateField(null=True)
    ends_on = DateField(null=True)


class ScopeLine(BaseModel):
    """One occupation of a filing, with its levels (highest number is the lowest level) and dates."""

    filing = ForeignKeyField(Filing, backref="scope", on_delete="CASCADE")
    occupation = ForeignKeyField(Occupation, on_delete="RESTRICT")
    levels = CharField(20, default="")  # "5,4,3"
    served = CharField(40, default="")
    starts_on = DateField(null=True)
    ends_on = DateField(null=True)

    class Meta:
        indexes = ((("filing", "occupation"), True),)


class Office(BaseModel):
    """A desk that cases come to: a unit, a county, a city or a province body.

    `body` is unit, centre or department: a centre acts by order of a department, whose decision it is (R0.24).
    """

    name = CharField(120)
    level = CharField(10)  # unit | county | city | province
    body = CharField(12)  # unit | centre | department
    region = ForeignKeyField(Region, null=True, on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, null=True, unique=True, on_delete="RESTRICT")
    province = CharField(20, index=True)
    notice_word = CharField(30, default="")  # issuer word of document numbers, such as 皖人协秘
    address = CharField(200, default="")
    contacts = JsonField(default=list)
    needs_second_look = IntegerField(default=0)
    note = TextField(default="")
    active = BooleanField(default=True)

    class Meta:
        indexes = ((("province", "level", "body"), False),)
