"""Which rows are a role's own and which are foreign to it, by kind: what fills the addresses of the matrix."""

from portal.models import (
    Attempt,
    Case,
    Correction,
    FileVersion,
    Filing,
    HeldQualification,
    ImportReport,
    Membership,
    Message,
    Module,
    NoticeAttachment,
    Occupation,
    OccupationAlias,
    Organisation,
    Question,
    Reason,
    Region,
    ScopeLine,
    WorkEntry,
)
from tests.house import world_sanctions, world_supervision
from tests.house.world import World

ROLES = {
    "anonymous": "",
    "applicant:chengdu:returned": "A",
    "unit:chengdu": "U",
    "county:chengdu": "K",
    "city:chengdu": "C",
    "bureau:chengdu": "B",
    "province:sichuan": "P",
    "department:sichuan": "D",
    "technician": "T",
    "disabled": "",
}

# A role's own case, and cases it must not even learn of: other people, other units, other cities, the other province,
# and those that have not reached its level yet.
OWN = {
    "A": ("chengdu", "returned"), "U": ("chengdu", "at_unit"), "C": ("chengdu", "at_city"),
    "P": ("chengdu", "at_province"),
    "K": None, "B": None, "D": None, "T": None,
}  # fmt: skip
FOREIGN = {
    "A": [("chengdu", "at_unit"), ("chengdu2", "draft"), ("mianyang", "at_unit"), ("hefei", "at_unit")],
    "U": [("chengdu2", "at_unit"), ("mianyang", "at_unit"), ("hefei", "at_unit"), ("chengdu", "draft")],
    "C": [("mianyang", "at_city"), ("hefei", "at_city"), ("chengdu", "at_unit"), ("sheng", "at_unit")],
    "P": [("hefei", "at_province"), ("chengdu", "at_unit"), ("mianyang", "at_city")],
    "K": [("chengdu", "at_city"), ("hefei", "at_city")], "B": [("chengdu", "at_city"), ("hefei", "at_city")],
    "D": [("chengdu", "at_province"), ("hefei", "at_province")], "T": [],
}  # fmt: skip

FOREIGN_JOBS = ("unit:mianyang", "city:mianyang", "province:anhui")

# Whose personal data no page of a role may hold.
HIDDEN = {
    "A": ["chengdu2", "mianyang", "sheng", "hefei"], "U": ["chengdu2", "mianyang", "sheng", "hefei"],
    "C": ["mianyang", "sheng", "hefei"], "P": ["hefei"], "D": ["hefei"], "K": ["mianyang", "sheng", "hefei"],
    "B": ["mianyang", "sheng", "hefei"], "T": [], "": ["chengdu", "chengdu2", "mianyang", "sheng", "hefei"],
}  # fmt: skip


class Things:
    """Row ids for the addresses, by kind."""

    def __init__(self, world: World):
        self.world = world

    def own(self, kind: str, seat: str, state: str | None = None):
        """An id of this kind that the seat may reach (anything that exists for seats without rows of their own)."""
        place, default = OWN.get(seat) or ("chengdu", "at_city")
        if ":" in kind:
            kind, state = kind.split(":")
        return self.of(kind, place, state or default, seat)

    def foreign(self, kind: str, seat: str) -> list:
        """Ids of this kind that must be "not found" for the seat."""
        kind = kind.split(":")[0]
        world = self.world
        if kind in self.BY_CASE:
            return [self.of(kind, place, state, seat) for place, state in FOREIGN.get(seat, [])]
        if kind == "plan":
            if seat == "P":
                return [world.plans["anhui"]["published"].id, world.plans["anhui"]["draft"].id]
            return [world.plans["sichuan"]["draft"].id, world.plans["anhui"]["draft"].id]
        if kind == "notice":
            hidden = {
                "P": ["anhui:closed", "anhui:draft", "sichuan:forward"],
                "U": ["sichuan:draft", "anhui:closed", "anhui:forward"],
            }
            return [world.notices[key].id for key in hidden.get(seat, ["sichuan:closed", "sichuan:draft"])]
        if kind == "own_notice":
            return [world.notices[key].id for key in ("anhui:draft", "anhui:public", "sichuan:draft")
                    if not (seat == "P" and key.startswith("sichuan"))]  # fmt: skip
        if kind == "public_notice":
            return [world.notices[key].id for key in ("anhui:closed", "anhui:draft", "sichuan:forward")
                    if (seat, key) != ("U", "sichuan:forward")]  # fmt: skip
        if kind == "published":
            return [world.plans["anhui"]["draft"].id]
        if kind == "own_published":
            return [world.plans["anhui"]["draft"].id, world.plans["anhui"]["published"].id]
        if kind in self.SUPERVISED:
            return [self.supervised(kind, key) for key in world_supervision.foreign_to(kind, seat)]
        if kind in world_sanctions.KINDS:
            return [world.sanctions["anhui"][kind]]
        if kind == "helped":
            hidden = {"U": ["chengdu2", "mianyang", "hefei"], "C": ["mianyang", "hefei", "sheng"], "P": ["hefei"]}
            return [world.people[place]["at_unit"].id for place in hidden[seat]]
        if kind == "entered":
            return [world.entered["mianyang"].id, world.cases["chengdu"]["draft"].id]
        if kind == "module":
            return [row.id for row in Module.select().where(Module.plan == world.plans["anhui"]["published"].id)]
        if kind == "study_report":
            kind = f"study_progress:{world.plans['anhui']['published'].id}"
            return [row.id for row in ImportReport.select().where(ImportReport.kind == kind)]
        if kind in ("sent", "asked"):
            keys = ("anhui:forward", "anhui:closed", "sichuan:draft")
            return [world.notices[key].id for key in keys]
        if kind == "member_org":
            return [world.organisations[place].id for place in ("mianyang", "hefei")]
        if kind == "membership":
            other = world.organisations["hefei"].id
            return [row.id for row in Membership.select().where(Membership.association == other)]
        if kind == "attachment":
            rows = NoticeAttachment.select().where(NoticeAttachment.notice == world.notices["anhui:closed"].id)
            return [row.id for row in rows]
        if kind == "job":
            return [job.id for role, job in world.jobs.items() if role in FOREIGN_JOBS and not role.startswith(
                {"U": "unit:", "C": "city:", "P": "province:"}.get(seat, "-"))]  # fmt: skip
        if kind == "credential":
            hidden = {"A": ["chengdu", "mianyang", "hefei"], "U": ["mianyang", "hefei"]}.get(seat, ["hefei"])
            return [world.credentials[place].id for place in hidden]
        if kind in ("claim", "void_card"):
            rows = world.claims if kind == "claim" else {**world.voided, "hefei": world.credentials["hefei"]}
            return [rows[place].id for place in (["mianyang", "hefei"] if seat == "U" else ["hefei"])]
        if kind == "batch":
            return [world.batches["hefei"].id]
        if kind == "question":
            return [row.id for row in Question.select().where(Question.province == "anhui")]
        if kind == "session":
            return [world.sessions["anhui"].id]
        if kind in ("seat", "excuse", "excuse_file"):
            hidden = {"A": ["chengdu2", "hefei"], "U": ["chengdu2", "mianyang", "hefei"], "C": ["mianyang", "hefei"]}
            rows = {"seat": world.seats, "excuse": world.excuses, "excuse_file": world.excuse_files}[kind]
            return [rows[place].id for place in hidden.get(seat, ["hefei"])]
        if kind == "left":
            return [world.cases["hefei"]["unfinished"].id, world.cases["chengdu"]["approved"].id]
        if kind in ("reason",):
            return [row.id for row in Reason.select().where(Reason.province == "anhui")]
        return []

    def has_own(self, kinds, seat: str) -> bool:
        """Whether the seat has rows of its own of these kinds: county, bureau and department review nothing here."""
        return seat not in "KBD" or not self.BY_CASE & {kind.split(":")[0] for kind in kinds}

    BY_CASE = {"case", "person", "file", "stamped", "qualification", "work", "message", "correction", "user",
               "organisation", "office", "slot", "attempt"}  # fmt: skip

    SUPERVISED = ("statement", "evidence", "supervision", "violation")

    def supervised(self, kind: str, key: str) -> int:
        """The id of a statement, its evidence, a supervision record or a case against an organisation."""
        if kind == "evidence":
            return world_supervision.evidence_id(self.world.statements[key])
        return getattr(self.world, f"{kind}s")[key].id

    def of(self, kind: str, place: str, state: str, seat: str):
        """The id of this kind that hangs on a place's case in a state."""
        world = self.world
        if kind in self.SUPERVISED:
            return self.supervised(kind, world_supervision.place_of(kind, seat))
        if kind in world_sanctions.KINDS:
            return world.sanctions["sichuan"][kind]
        person = world.people[place].get(state) or world.people[place]["at_unit"]
        case = world.cases[place].get(state) or world.cases[place]["at_unit"]
        province = {"hefei": "anhui"}.get(place, "sichuan")

        def first(query):
            row = query.first()
            return row.id if row else 0

        found = {
            "case": lambda: case.id,
            "person": lambda: person.id,
            "user": lambda: person.user_id,
            "attempt": lambda: first(Attempt.select().where(Attempt.registration == case.id)),
            "place": lambda: 0,
            "question": lambda: first(Question.select().where(Question.province == province)),
            "plan_attempt": lambda: 0,
            "file": lambda: first(FileVersion.select().where(FileVersion.owner == f"person:{person.id}").order_by(
                FileVersion.id.desc())),
            "stamped": lambda: first(FileVersion.select().where(FileVersion.owner == f"case:{case.id}")),
            "qualification": lambda: first(HeldQualification.select().where(HeldQualification.person == person.id)),
            "work": lambda: first(WorkEntry.select().where(WorkEntry.person == person.id)),
            "correction": lambda: first(Correction.select().where(
                Correction.case == world.cases[place]["returned"].id)),
            "message": lambda: first(Message.select().where(Message.user == person.user_id)),
            "organisation": lambda: world.organisations[place].id,
            "office": lambda: world.offices[place]["C"].id,
            "slot": lambda: "person.portrait",
            "page": lambda: 1,
            "plan": lambda: world.plans[province]["draft" if seat == "P" else "published"].id,
            "helped": lambda: person.id,
            "own_published": lambda: world.plans[province]["published"].id,
            "published": lambda: world.plans[province]["published"].id,
            "notice": lambda: world.notices[f"{province}:closed" if seat in "PU" else f"{province}:public"].id,
            "own_notice": lambda: world.notices[f"{province}:forward" if seat == "U" else f"{province}:draft"].id,
            "attachment": lambda: first(NoticeAttachment.select().where(
                NoticeAttachment.notice == self.of("notice", place, state, seat))),
            "public_notice": lambda: world.notices[f"{province}:public"].id,
            "public_attachment": lambda: first(NoticeAttachment.select().where(
                NoticeAttachment.notice == world.notices[f"{province}:public"].id)),
            "province": lambda: province,
            "entered": lambda: world.entered["chengdu"].id,
            "sent": lambda: world.notices["sichuan:sent"].id,
            "asked": lambda: world.notices["sichuan:asked"].id,
            "member_org": lambda: world.organisations["chengdu2"].id,
            "pdf": lambda: "pdf",
            "ticket": lambda: "no-such-ticket",
            "up": lambda: "up",
            "publish": lambda: "publish",
            "start": lambda: "start",
            "module": lambda: first(Module.select().where(Module.plan == world.plans[province]["published"].id)),
            "study_report": lambda: first(ImportReport.select().where(
                ImportReport.kind == f"study_progress:{world.plans[province]['published'].id}")),
            "membership": lambda: first(Membership.select().where(
                Membership.association == world.organisations[place].id)),
            "draft_attachment": lambda: first(NoticeAttachment.select().where(NoticeAttachment.notice == self.of(
                "own_notice", place, state, seat))),
            "grant": lambda: world.grants[f"unit:{place}"].id,
            "account": lambda: world.grants[f"unit:{place}"].user_id,
            "scope": lambda: first(ScopeLine.select().join(Filing).where(
                Filing.organisation == world.organisations[place].id)),
            "alias": lambda: first(OccupationAlias.select()),
            "report": lambda: first(ImportReport.select().where(
                ImportReport.user == world.grants["province:sichuan" if seat in "PD" else "technician"].user_id)),
            "imports": lambda: "occupations:2022",
            "year": lambda: 2022,
            "load": lambda: "load",
            "disable": lambda: "disable",
            "on": lambda: "on",
            "job": lambda: world.jobs[{
                "U": f"unit:{place}", "C": "city:chengdu", "K": "county:chengdu", "B": "bureau:chengdu",
                "P": f"province:{province}", "D": f"department:{province}"}.get(seat, "unit:chengdu")].id,
            "credential": lambda: world.credentials["chengdu:returned" if seat == "A" else place].id,
            "claim": lambda: world.claims[place].id,
            "void_card": lambda: world.voided[place].id,
            "released": lambda: world.voided[place].released_on.isoformat(),
            "restore": lambda: "restore",
            "batch": lambda: world.batches[place].id,
            "cancel": lambda: "cancel",
            "session": lambda: world.sessions[province].id,
            "seat": lambda: world.seats[place].id,
            "excuse": lambda: world.excuses[place].id,
            "excuse_file": lambda: world.excuse_files[place].id,
            "left": lambda: world.cases[place]["unfinished"].id,
            "region": lambda: first(Region.select()),
            "occupation": lambda: first(Occupation.select()),
            "reason": lambda: first(Reason.select().where(Reason.province == province)),
        }  # fmt: skip
        return found[kind]()


__all__ = ["Case", "HIDDEN", "Organisation", "OWN", "ROLES", "Things"]
