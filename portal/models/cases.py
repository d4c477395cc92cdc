"""Everything that is reviewed: the case, its frozen chain and submissions, events, messages, and the registration."""

from datetime import date

from peewee import (
    SQL,
    BlobField,
    BooleanField,
    CharField,
    DateField,
    ForeignKeyField,
    IntegerField,
    TextField,
    fn,
)

from portal import clock
from portal.database import BaseModel, JsonField, MomentField, database
from portal.models.catalogues import Occupation
from portal.models.offices import Office, Organisation
from portal.models.people import FileVersion, Grant, Person, User
from portal.models.plans import Plan
from portal.rules.workflow import IN_REVIEW, REVIEWERS, Actor, Seat

# A case without a deadline sorts after all others, and keyset paging needs no special case for NULL.
NO_DUE = date(9999, 12, 31)


# What visible_to() says of a reviewer, for one case.
_REACHES = """
SELECT EXISTS (SELECT 1 FROM step WHERE case_id = :case AND office_id = :mine AND reached_at IS NOT NULL)
  OR (:in_review AND EXISTS (SELECT 1 FROM step WHERE case_id = :case AND office_id = :mine)
    AND NOT EXISTS (SELECT 1 FROM "grant" g JOIN user u ON u.id = g.user_id WHERE g.office_id = :holder AND u.active
      AND (g.starts_on IS NULL OR g.starts_on <= :today) AND (g.ends_on IS NULL OR g.ends_on >= :today)))"""


class Case(BaseModel):
    """One thing under review, of whatever kind. `position` is the place in the frozen chain, whose office is `office`.

    `title` is the name a reviewer looks for (the applicant's at submission); `due_on` is the last day of the level
    at `position`; `paused_on` is set while the clock stands still. `version` grows with every change.
    """

    kind = CharField(20)
    state = CharField(20)
    version = IntegerField(default=1)
    position = IntegerField(default=0)
    office = ForeignKeyField(Office, null=True, on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, null=True, on_delete="RESTRICT")
    person = ForeignKeyField(Person, null=True, on_delete="RESTRICT")
    plan = ForeignKeyField(Plan, null=True, on_delete="RESTRICT")
    province = CharField(20)
    number = CharField(40, null=True, unique=True)
    title = CharField(200)
    due_on = DateField(default=NO_DUE)
    paused_on = DateField(null=True)
    arrived_at = MomentField(null=True)  # when it came to the present office
    claimed_by = ForeignKeyField(User, null=True, on_delete="SET NULL")
    claimed_until = MomentField(null=True)
    created_at = MomentField()
    submitted_at = MomentField(null=True)

    @classmethod
    def visible_to(cls, actor: Actor):
        """The cases this actor may see: the applicant's own; those that have reached the reviewer's office.

        A body of the chain also sees a case that waits at an office without an account, to record its decision on
        its behalf (R0.28). Nobody else sees anything; a row outside of this is "not found", never "forbidden".
        """
        if actor.seat == Seat.APPLICANT:
            return cls.select().where(cls.person == actor.person)
        if actor.seat not in REVIEWERS or actor.office is None:
            return cls.select().where(cls.id.is_null())
        mine = Step.select(Step.case).where(Step.case == cls.id, Step.office == actor.office)
        reached = mine.where(Step.reached_at.is_null(False))
        without_account = ~fn.EXISTS(Grant.active_at(cls.office))
        return cls.select().where(fn.EXISTS(reached) | ((cls.state == IN_REVIEW) & without_account & fn.EXISTS(mine)))

    @classmethod
    def find_visible(cls, id_: int, actor: Actor) -> "Case | None":
        """The one case with this id if visible_to() holds it, otherwise None.

        Asked at every page, scan and decision of a desk, hence with SQL that is built once: a fifth of a decision.
        """
        case = cls.get_or_none(cls.id == id_)
        if case is None or actor.seat == Seat.APPLICANT:
            return case if case and case.person_id == actor.person else None
        if actor.seat not in REVIEWERS or actor.office is None:
            return None
        values = {
            "case": id_, "mine": actor.office, "holder": case.office_id, "in_review": case.state == IN_REVIEW,
            "today": clock.today().isoformat(),
        }  # fmt: skip
        return case if database.execute_sql(_REACHES, values).fetchone()[0] else None

    class Meta:
        indexes = (
            (("office", "state", "due_on", "id"), False),
            (("office", "state", "plan", "due_on", "id"), False),
            (("office", "state", "organisation", "due_on", "id"), False),
            (("plan", "state"), False),
        )


class Step(BaseModel):
    """One level of a case's chain, frozen at submission, with what happened at it last.

    `seen` is the number of the submission this level last decided on: later ones are compared with it.
    `days_left` are the working days that remained when the clock stopped.
    """

    case = ForeignKeyField(Case, backref="steps", on_delete="CASCADE")
    position = IntegerField()
    seat = CharField(1)
    office = ForeignKeyField(Office, on_delete="RESTRICT")
    reached_at = MomentField(null=True)
    due_on = DateField(null=True)
    days_left = IntegerField(null=True)
    outcome = CharField(12, null=True)
    decided_at = MomentField(null=True)
    decided_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    seen = IntegerField(default=0)

    class Meta:
        indexes = (
            (("case", "position"), True),
            (("office", "decided_at", "id"), False),
            (("office", "outcome", "decided_at", "id"), False),
        )


class Submission(BaseModel):
    """What was submitted, frozen: `data` the values, `files` the file versions by slot, `sha256` over both."""

    case = ForeignKeyField(Case, backref="submissions", on_delete="CASCADE")
    number = IntegerField()
    data = JsonField()
    files = JsonField()  # {slot: [file version id, …]}
    sha256 = CharField(64)
    at = MomentField()

    class Meta:
        indexes = ((("case", "number"), True),)


class Correction(BaseModel):
    """A 一次性补正告知书: the items that were returned, and only they are open to the applicant."""

    case = ForeignKeyField(Case, backref="corrections", on_delete="CASCADE")
    number = CharField(60, unique=True)
    submission = IntegerField()
    office = ForeignKeyField(Office, on_delete="RESTRICT")
    items = JsonField()  # [{"key", "label", "note"}]
    reason = TextField()
    second_reason = TextField(default="")  # why a second return was needed
    due_on = DateField(null=True)
    at = MomentField()
    withdrawn_at = MomentField(null=True)
    answered_at = MomentField(null=True)


class Event(BaseModel):
    """What somebody did: append-only, each row's hash covers the row before it (R12.01).

    `body` is the body whose decision it is (R0.24); `on_behalf` the body without an account that decided on paper;
    `data` holds whatever else is needed to understand or take back the event.
    """

    at = MomentField()
    case = ForeignKeyField(Case, null=True, backref="events", on_delete="RESTRICT")
    subject = CharField(60, default="")  # what it is about when it is not a case: "plan:3", "user:7"
    action = CharField(40)
    label = CharField(60)
    user = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    name = CharField(60)
    seat = CharField(1)
    office = ForeignKeyField(Office, null=True, on_delete="RESTRICT")
    body = CharField(120, default="")
    on_behalf = CharField(120, default="")
    deputy_for = CharField(60, default="")
    before = CharField(60, default="")
    after = CharField(60, default="")
    note = TextField(default="")
    data = JsonField(default=dict)
    address = CharField(45, default="")
    previous = CharField(64)
    hash = CharField(64)

    class Meta:
        indexes = ((("case", "id"), False), (("subject", "id"), False), (("user", "at"), False))


class Message(BaseModel):
    """A notice to one user inside the portal (R13.22); `dedupe` makes a reminder arrive once."""

    user = ForeignKeyField(User, backref="messages", on_delete="CASCADE")
    case = ForeignKeyField(Case, null=True, on_delete="CASCADE")
    kind = CharField(30)
    text = TextField()
    link = CharField(200, default="")
    at = MomentField()
    read_at = MomentField(null=True)
    dedupe = CharField(120, null=True, unique=True)

    class Meta:
        indexes = ((("user", "read_at"), False), (("user", "id"), False))


class Registration(BaseModel):
    """An examiner registration: the subject of a case of kind "registration".

    `data` is the working copy that a submission freezes; `live_key` is unique while the registration is live, so
    one person has one live registration in a plan (R3.45); `form_version` counts the printed 申报表.
    """

    case = ForeignKeyField(Case, primary_key=True, backref="registration", on_delete="CASCADE")
    plan = ForeignKeyField(Plan, backref="registrations", on_delete="RESTRICT")
    person = ForeignKeyField(Person, backref="registrations", on_delete="RESTRICT")
    organisation = ForeignKeyField(Organisation, on_delete="RESTRICT")
    employer_name = CharField(200, default="")
    reviewer = ForeignKeyField(Organisation, null=True, on_delete="RESTRICT")  # who does the first review (R3.26)
    occupation = ForeignKeyField(Occupation, null=True, on_delete="RESTRICT")
    data = JsonField(default=dict)
    results = JsonField(default=list)  # eligibility at submission
    waivers = JsonField(default=list)  # [{"key", "reason", "by", "at", "office"}] (R3.19)
    confirmed_by_unit = JsonField(null=True)  # {"by", "at"}: the unit's per-person confirmation (R3.41)
    form_version = IntegerField(default=0)
    form_hash = CharField(64, default="")
    stamped_form = ForeignKeyField(FileVersion, null=True, on_delete="RESTRICT")
    stamped_version = IntegerField(default=0)
    stamp_exception = JsonField(null=True)  # {"reason", "reported_to", "on", "until", "by"} (R0.17, R3.37)
    declared_at = MomentField(null=True)
    extended_to = DateField(null=True)  # last day for a late submission (R3.44)
    extended_by = CharField(120, default="")
    group_joined_at = MomentField(null=True)
    live_key = CharField(60, null=True, unique=True)


class PlatformAccount(BaseModel):
    """A participant's account on the training platform, allotted after approval (R1.29)."""

    registration = ForeignKeyField(Registration, unique=True, backref="account", on_delete="CASCADE")
    login = CharField(80)
    password = CharField(80, default="")
    note = CharField(200, default="")
    allotted_at = MomentField()


class DocumentLog(BaseModel):
    """A document that was made: what, about whom, by whom, when, with the hash of its content (R12.07)."""

    kind = CharField(40)
    subject = CharField(60)
    number = CharField(60, default="")
    user = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    name = CharField(60, default="")
    at = MomentField()
    sha256 = CharField(64)
    address = CharField(45, default="")

    class Meta:
        indexes = ((("subject", "id"), False),)


class Job(BaseModel):
    """Long work with progress: leased by the one worker, done in small committed steps, resumed after a crash."""

    kind = CharField(30)
    data = JsonField()
    state = CharField(12, default="waiting")  # waiting | running | done | failed | cancelled
    total = IntegerField(default=0)
    done = IntegerField(default=0)
    result = JsonField(default=dict)
    message = CharField(300, default="")
    user = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    created_at = MomentField()
    leased_until = MomentField(null=True)
    finished_at = MomentField(null=True)

    class Meta:
        indexes = ((("state", "id"), False),)


class SentForm(BaseModel):
    """A form's one-time token: the second click of the same page finds what the first one made."""

    token = CharField(64, unique=True)
    user = ForeignKeyField(User, null=True, on_delete="CASCADE")
    place = CharField(300, default="")
    at = MomentField()


class ImportReport(BaseModel):
    """What an import did and which rows it refused, kept so that the marked workbook can be fetched again."""

    kind = CharField(30)
    name = CharField(200)
    user = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    at = MomentField()
    accepted = IntegerField(default=0)
    refused = IntegerField(default=0)
    errors = JsonField(default=list)
    workbook = BlobField(null=True)
    stored = BooleanField(default=False)


def due_or_none(day: date) -> date | None:
    """A case's due day for display; None when it has none."""
    return None if day == NO_DUE else day


ONE_LIAISON = SQL("CREATE UNIQUE INDEX IF NOT EXISTS liaison_one_active ON liaison (organisation_id) WHERE active = 1")
NAME_INDEX = SQL(
    "CREATE VIRTUAL TABLE IF NOT EXISTS case_name USING fts5(characters, content='', contentless_delete=1, "
    "tokenize='unicode61')"
)
