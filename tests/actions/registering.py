"""What tests of registrations start from: a plan, an organisation, a person with everything that is needed."""

import io
from dataclasses import dataclass, field

from PIL import Image

from portal import clock
from portal.actions import cases, people, people_evidence, registrations
from portal.actions.cases import Decision
from portal.models import Case, FileVersion, HeldQualification, Office, Organisation, Person, Plan, Registration
from portal.rules.workflow import Actor, Seat
from portal.storage import Kept
from tests import make

_paths = iter(range(1, 1_000_000))


def fake_kept(name: str = "证书.jpg", mime: str = "image/jpeg", pages: int = 1) -> Kept:
    """A kept file without bytes on disk, for tests that only look at rows."""
    number = next(_paths)
    return Kept(f"{number % 256:02x}/{number:032x}.jpg", f"{number:064x}", 1000, mime, pages, name)


def picture(side: int = 600, kind: str = "JPEG") -> bytes:
    """The bytes of a real picture."""
    out = io.BytesIO()
    options = {"quality": 90} if kind == "JPEG" else {}
    Image.effect_noise((side, side * 7 // 5), 60).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def picture_of(size: int) -> bytes:
    """A real JPEG of exactly this many bytes: comments fill it up."""
    content = picture()
    filler = b""
    rest = size - len(content)
    while rest > 0:
        length = min(rest - 4, 65_000)
        if 0 < rest - 4 - length < 5:
            length -= 100
        filler += b"\xff\xfe" + (length + 2).to_bytes(2, "big") + b" " * length
        rest = size - len(content) - len(filler)
    assert len(content) + len(filler) == size
    return content[:2] + filler + content[2:]


class NoFiles:
    """A store for compositions that need no real portrait."""

    def read(self, path: str) -> bytes:
        """Nothing."""
        return b""


def give_portrait(person: Person) -> Person:
    """A portrait on record, so that the profile is complete."""
    kept = fake_kept("照片.jpg")
    person.portrait = FileVersion.create(
        owner=f"person:{person.id}", slot="person.portrait", version=1, at=clock.now(), path=kept.path,
        sha256=kept.sha256, size=kept.size, mime=kept.mime, pages=kept.pages, name=kept.name,
    )  # fmt: skip
    person.save()
    return Person.get_by_id(person.id)


@dataclass
class Scene:
    """One plan and one person who may register for it."""

    plan: Plan
    organisation: Organisation
    person: Person
    actor: Actor
    reviewers: dict[str, Actor] = field(default_factory=dict)

    def open(self) -> Case:
        """A fresh draft."""
        return registrations.open_registration(self.plan, actor=self.actor)

    def filled(self, **values) -> Case:
        """A draft with everything a submission needs."""
        case = self.open()
        return fill(case, self.actor, **values)

    def submitted(self, **values) -> Case:
        """A registration at the first level."""
        case = self.filled(**values)
        return registrations.submit_registration(case, actor=self.actor, seen=case.version, declared=True)

    def decide(self, case: Case, action: str, seat: str, **kw) -> Case:
        """A reviewer's decision."""
        case = Case.get_by_id(case.id)
        if action == "pass" and seat == "U":
            kw.setdefault("confirmed", True)
        cases.decide(case, Decision(action, **kw), actor=self.reviewers[seat], seen=case.version)
        return Case.get_by_id(case.id)

    def returned(self, keys: list[str], seat: str = "U", **values) -> Case:
        """A registration that was returned with these items."""
        case = self.submitted(**values)
        for before in "UCP"[: "UCP".index(seat)]:
            if before in self.reviewers:
                case = self.decide(case, "pass", before)
        items = tuple({"key": key, "label": key, "note": ""} for key in keys)
        return self.decide(case, "return", seat, items=items, note="请补正")


def scene(province: str = make.SICHUAN, *, grade: str = "senior", unit_kind: str = "city", region: str | None = None,
          occupations=None, plan: dict | None = None, **person) -> Scene:  # fmt: skip
    """Plan, organisation with office and filing, complete person, and a reviewer at each level of the chain."""
    region = region or {"city": {"anhui": "合肥市", "sichuan": "成都市"}[province],
                        "province": {"anhui": "省直", "sichuan": "省属"}[province]}[unit_kind]  # fmt: skip
    occupations = occupations or [make.make_occupation(), make.make_occupation("4-07-03-04", "企业人力资源管理师")]
    organisation = make.make_organisation(
        province=province, region=region, unit_kind=unit_kind, occupations=occupations,
        category="local" if unit_kind == "city" else "provincial_industry",
    )  # fmt: skip
    row = make.make_plan(province=province, grade=grade, **(plan or {}))
    somebody = give_portrait(make.make_person(organisation, **person))
    found = Scene(row, organisation, somebody, make.applicant(somebody))
    offices = {"U": Office.get(Office.organisation == organisation), "P": row.office}
    if unit_kind == "city":
        offices["C"] = make.make_city_centre(region, province)
    for seat, office in offices.items():
        found.reviewers[seat] = make.actor_of(make.make_grant(Seat(seat), office))
    return found


SENIOR = {"kind": "职业资格", "occupation_name": "汽车维修工", "level": "1", "number": "1723000000100001",
          "issuer": "省职业技能鉴定中心", "issued_on": "2019-05-10", "material_kind": "scan"}  # fmt: skip
CARD = {"kind": "考评员", "occupation_name": "汽车维修工", "grade": "考评员", "number": "K20200001", "issuer": "省中心",
        "issued_on": "2020-06-01", "valid_to": "2030-05-31", "material_kind": "scan"}  # fmt: skip
WORK = {"organisation_name": "云帆技能评价有限公司", "occupation_name": "汽车维修工", "starts_on": "2018-01-01",
        "ends_on": "2021-12-31", "evidence": "证明人：王示例"}  # fmt: skip


def hold(person: Person, actor: Actor, scan: bool = True, **changes) -> HeldQualification:
    """A held qualification with its scan."""
    row = people_evidence.save_qualification(person, actor=actor, values={**SENIOR, **changes})
    if scan:
        people_evidence.attach_scan(person, slot=f"qualification.{row.id}.scan", kept=fake_kept(), actor=actor)
    return row


def fill(case: Case, actor: Actor, **values) -> Case:
    """Certificates, work and choices for a senior examiner of 4-12-01-01."""
    registration = Registration.get_by_id(case.id)
    person = registration.person
    if not HeldQualification.select().where(HeldQualification.person == person).exists():
        hold(person, actor)
        hold(person, actor, **CARD)
        people_evidence.save_work_entry(person, actor=actor, values=WORK)
    profile = registrations.profile_of(case.province)
    chosen = {
        "occupation": make.make_occupation().id,
        "declarations": [k for k in profile.declarations_for(registration.plan.grade) if k != "truthful"],
    }
    if profile.asks_health(registration.plan.grade):
        chosen["health"] = True
    return registrations.save_registration(case, actor=actor, values={**chosen, **values}, seen=case.version)


__all__ = ["people"]
