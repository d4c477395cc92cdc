"""Certificates and cards of examiners, and the units' claims of cards."""

from peewee import BooleanField, CharField, DateField, ForeignKeyField, IntegerField, TextField

from portal import clock
from portal.database import BaseModel, JsonField, MomentField
from portal.models.cases import Registration
from portal.models.catalogues import Occupation
from portal.models.offices import Organisation
from portal.models.people import FileVersion, Person, User
from portal.models.plans import Plan
from portal.rules.flows.credential import State
from portal.rules.workflow import Actor, Seat


class Claim(BaseModel):
    """A unit's claim of cards for its people (七 由单位…统一领取): the instant of the claim is what counts."""

    organisation = ForeignKeyField(Organisation, backref="claims", on_delete="RESTRICT")
    province = CharField(20)
    number = CharField(40, unique=True)
    claimed_at = MomentField()
    claimed_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    receiver = CharField(60)  # who of the unit fetches the cards
    receiver_phone = CharField(30, default="")
    stamped_table = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")
    handed_at = MomentField(null=True)
    handed_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    officer = CharField(60, default="")  # who of the province handed them out
    note = TextField(default="")

    class Meta:
        indexes = ((("organisation", "claimed_at"), False), (("province", "handed_at"), False))


class Credential(BaseModel):
    """An examiner's electronic certificate or card, frozen at issue (appendix D2).

    `printed` holds every printed field as text, `mac` the keyed MAC over them, `file` the first bytes that were
    rendered; nothing of it ever changes. `claim_due` is the last day of the 60 working days. `replaces` is the one
    that this one followed, by `succession` renewal or correction. The plain columns repeat what lists filter by.
    """

    number = CharField(60, unique=True)
    kind = CharField(14)  # e_certificate | card
    province = CharField(20)
    person = ForeignKeyField(Person, backref="credentials", on_delete="RESTRICT")
    registration = ForeignKeyField(Registration, null=True, on_delete="RESTRICT")
    live_key = IntegerField(null=True, unique=True)  # the registration's id unless corrected: one credential each
    plan = ForeignKeyField(Plan, null=True, on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, null=True, on_delete="RESTRICT")  # the unit of that registration
    grade = CharField(20)
    occupation = ForeignKeyField(Occupation, null=True, on_delete="RESTRICT")
    occupation_name = CharField(200)
    levels = CharField(20)  # "5,4,3"
    name = CharField(60)  # the holder's, as printed
    state = CharField(16)
    version = IntegerField(default=1)
    issued_on = DateField()
    valid_to = DateField(null=True)  # last day of validity; None without end
    released_on = DateField(null=True)
    claim_due = DateField(null=True)
    claim = ForeignKeyField(Claim, null=True, backref="credentials", on_delete="RESTRICT")
    ended_at = MomentField(null=True)  # void, expired, revoked or replaced since
    reason = TextField(default="")
    printed = JsonField(default=dict)
    portrait = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")
    token = CharField(40, unique=True)  # random, in the address of the QR code
    mac = CharField(64)
    file = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")
    replaces = ForeignKeyField("self", null=True, backref="successors", on_delete="RESTRICT")
    succession = CharField(10, default="")  # renewal | correction
    imported = BooleanField(default=False)
    created_at = MomentField()

    @property
    def state_now(self) -> State:
        """The state by the calendar, whether or not the sweep has run yet: what every guard and page must use."""
        today = clock.today()
        if self.state == State.AWAITING_CLAIM and self.claim_due is not None and today > self.claim_due:
            return State.VOID_UNCLAIMED
        alive = (State.ISSUED, State.AWAITING_CLAIM, State.CLAIMED, State.VALID)
        if self.state in alive and self.valid_to is not None and today > self.valid_to:
            return State.EXPIRED
        return State(self.state)

    @classmethod
    def visible_to(cls, actor: Actor):
        """The holder's own; the unit's people's; the province's, for its centre and its department; nobody else's."""
        if actor.seat == Seat.APPLICANT:
            return cls.select().where(cls.person == actor.person)
        if actor.seat == Seat.UNIT:
            return cls.select().where(cls.organisation == actor.organisation)
        if actor.seat in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT):
            return cls.select().where(cls.province == actor.province)
        return cls.select().where(cls.id.is_null())

    class Meta:
        indexes = (
            (("person", "issued_on"), False),
            (("organisation", "state"), False),
            (("province", "state", "id"), False),
            (("state", "claim_due"), False),
            (("state", "valid_to"), False),
            (("occupation", "state"), False),
        )
