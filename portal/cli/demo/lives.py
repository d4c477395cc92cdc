"""How an applicant's registration went: registering, filling in, submitting, and what each level made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from portal import clock
from portal.actions import cases, claims, people, people_evidence, registration_files, registrations
from portal.actions.cases import Decision
from portal.actions.registration_copy import evaluate_registration
from portal.cli.demo.classes import Class
from portal.cli.demo.papers import Papers
from portal.cli.demo.tale import Days, Life
from portal.cli.demo.world import World
from portal.models import Case, HeldQualification, Organisation, Person, Registration, Step
from portal.models.jurisdictions import profile_of
from portal.rules import invented
from portal.rules.eligibility import needs_waiver
from portal.rules.flows.registration import Action, State
from portal.rules.workflow import IN_REVIEW, Actor, Seat

_DOTTED = ("阿依努尔·买买提", "德吉·卓玛", "古丽娜尔·吐尔逊")
EDUCATION = {"中专": "中专（中技）", "大专": "大学专科", "本科": "大学本科"}
REASONS = {
    "scan": "扫描件不清晰，请重新上传清晰的扫描件",
    "address": "个人信息填写有误，请核对后更正",
    "form": "申报表未盖章或盖章不清，请重新盖章后上传",
    "reject": "不符合申报条件：考评工作经历未达到要求",
}


@dataclass
class Fate:
    """What becomes of one applicant: `script` are the acts after the draft, in their order.

    submit, pass, return:scan, return:address, fix, reject, withdraw, withdraw-by-unit, claim. `special` bends the
    person: rare, elderly, dotted, late-stamp, register, half (a draft that stops in the middle). `course` is what
    becomes of an approved one in the class (see course.py), `card` of the card (see desk.py); `earlier` is the same
    person's fate in a class before.
    """

    place: Class
    unit: str
    script: tuple[str, ...]
    special: str = ""
    today: bool = False
    course: str = ""
    card: str = ""
    earlier: "Fate | None" = None
    found: dict = field(default_factory=dict)


class Applicant:
    """One applicant on the way through a class; the acts of the script are methods."""

    def __init__(self, world: World, days: Days, papers: Papers, fate: Fate, number: int):
        self.world, self.days, self.papers, self.fate, self.number = world, days, papers, fate, number
        self.random = Random(f"life/{number}")
        before = fate.earlier.found["applicant"] if fate.earlier else None
        self.sample = before.sample if before else _bend(world.next_person(fate.place.province), fate.special, number)
        self.before, fate.found["applicant"] = before, self
        self.portrait = 2 * self.random.randrange(9) + (1 if self.sample.sex == "男" else 0)
        self.unit: Organisation = world.organisations[fate.unit]
        self.case: Case | None = None

    def live(self) -> Life:
        """The steps of this life; yields the moment of each following one."""
        self._register()
        yield self.days.later(clock.now(), 0.5)
        self._bring_proof()
        fate = self.fate
        if fate.special == "profile":
            return
        yield self.days.later(clock.now(), 0.5)
        self._fill_in()
        for act, moment in zip(fate.script, self._moments(), strict=True):
            yield max(moment, clock.now() + timedelta(minutes=3))
            verb, _, what = act.partition(":")
            getattr(self, verb.replace("-", "_"))(what)

    def _moments(self) -> Iterator[datetime]:
        """When the acts happen: the submission in the window, the others spread until the review ends."""
        place, present = self.fate.place, clock.now()
        last = place.closes if self.fate.script and self.fate.script[0] == "submit" else place.reviewed
        present = present + (max(last, present) - present) * (0.1 + 0.5 * self.random.random())
        for number, act in enumerate(self.fate.script):
            if number:
                room = max(place.reviewed - present, timedelta(minutes=10 * len(self.fate.script)))
                present += room * (0.25 + 0.5 * self.random.random()) / (len(self.fate.script) - number)
            if act == "fix":
                present = clock.now() + timedelta(hours=self.random.randrange(5, 40))
            elif self.fate.today and number == len(self.fate.script) - 1 or act == "claim":
                present = self.days.now - timedelta(minutes=self.random.randrange(2, 15 if act == "claim" else 200))
            moment = self._in_office_hours(present)
            if act == "submit":
                moment = min(moment, place.closes - timedelta(minutes=self.random.randrange(2, 240)))
            yield min(moment, self.days.now)

    def _in_office_hours(self, moment: datetime) -> datetime:
        if 8 <= moment.hour < 18 or moment > self.days.now - timedelta(days=1):
            return moment
        return moment.replace(hour=9 + self.random.randrange(8), minute=self.random.randrange(60))

    def _register(self) -> None:
        sample = self.sample
        if self.before:
            self.actor, self.person = self.before.actor, Person.get_by_id(self.before.person.id)
            self.fate.found["login"] = self.before.fate.found["login"]
            return
        user = people.register_person(
            sample.name, id_type=sample.id_type, id_number=sample.id_number, phone=sample.phone,
            province=self.fate.place.province, password_hash=self.world.password_hash, address="198.51.100.7",
        )  # fmt: skip
        person = Person.get(Person.user == user)
        self.actor = Actor(
            user=user.id, name=sample.name, seat=Seat.APPLICANT, province=person.province, person=person.id,
            address="198.51.100.7",
        )  # fmt: skip
        self.fate.found["login"] = user.login
        region = self.unit.region
        people.save_profile(person, actor=self.actor, values={
            "sex": sample.sex, "education": EDUCATION.get(sample.education, sample.education), "phone": sample.phone,
            "position": sample.post, "address": sample.address, "exam_region": region.code,
            "organisation": self.unit.name, "employer": self.fate.found.get("employer", self.unit.name),
        })  # fmt: skip
        self.person = people.set_portrait(person, actor=self.actor, kept=self.papers.portrait(self.portrait))

    def _bring_proof(self) -> None:
        """Held qualifications with their scans and the log of assessment work, as the grade demands them."""
        occupation = self.before.occupation if self.before else self.random.choice(self._occupations())
        self.occupation = self.fate.found["occupation"] = occupation
        is_senior = self.fate.place.plan.grade == "senior"
        if self.before:  # the certificates and the work stand in the profile; only the examiner's card is a new one
            if is_senior:
                self._hold({"kind": "考评员", "occupation_name": occupation.name, "occupation_code": occupation.code,
                            "job": occupation.job, "grade": "考评员"})  # fmt: skip
            return
        level = 1 if is_senior else self.random.choice((1, 2, 2, 3, 3))
        is_title = self.random.random() < 0.18 and self.fate.special != "register"
        first = {
            "kind": "专业技术职务" if is_title else self.random.choice(("技能等级", "技能等级", "职业资格")),
            "occupation_name": occupation.name, "occupation_code": occupation.code, "job": occupation.job,
            "level": "" if is_title else str(level),
            "grade": ("副高级" if is_senior else self.random.choice(("中级", "副高级"))) if is_title else "",
        }  # fmt: skip
        if is_title:
            first |= {"occupation_code": "", "job": "", "occupation_name": f"{occupation.name.rstrip('员工师')}技术"}
        self._hold(first)
        if is_senior:
            self._hold({"kind": "考评员", "occupation_name": occupation.name, "occupation_code": occupation.code,
                        "job": occupation.job, "grade": "考评员"})  # fmt: skip
        elif self.random.random() < 0.2:
            other = self.random.choice(self._occupations())
            self._hold({"kind": "技能等级", "occupation_name": other.name, "occupation_code": other.code,
                        "job": other.job, "level": "3"})  # fmt: skip
        if is_senior or self.random.random() < 0.7:
            today = clock.today()
            start = date(today.year - self.random.randrange(3, 6), self.random.randrange(1, 13), 1)
            entry = people_evidence.save_work_entry(self.person, actor=self.actor, values={
                "organisation_name": self.unit.name, "occupation_name": occupation.name, "starts_on": start.isoformat(),
                "ends_on": "", "evidence": f"证明人：{self.unit.contact.get('name', '')}",
            })  # fmt: skip
            if is_senior:
                kept = self.papers.proof(self.sample, occupation.name, self.unit.name, start)
                people_evidence.attach_scan(self.person, slot=f"work.{entry.id}.scan", kept=kept, actor=self.actor)

    def _hold(self, values: dict) -> HeldQualification:
        issued = date(clock.today().year - self.random.randrange(2, 9), self.random.randrange(1, 13),
                      self.random.randrange(1, 28))  # fmt: skip
        kinds = profile_of(self.fate.place.province).registration.material_kinds
        material = self.random.choices(kinds, (8, 2, 1)[: len(kinds)])[0].key
        values = values | {
            "number": self.fate.found.get("number") or self.papers.number(values["kind"], issued),
            "issuer": self.papers.issuer(self.fate.place.province, values["kind"]), "issued_on": issued.isoformat(),
            "valid_to": (issued.replace(year=clock.today().year + 2)).isoformat() if values["kind"] == "考评员" else "",
            "material_kind": material,
        }  # fmt: skip
        if self.fate.special == "register":
            self.papers.put_into_register(self.sample, values, self.fate.place.province)
        held = people_evidence.save_qualification(self.person, actor=self.actor, values=values)
        if not held.confirmed_by:
            self._scan(held, unclear="return:scan" in self.fate.script and values["kind"] != "考评员")
        return held

    def _scan(self, held: HeldQualification, *, unclear: bool = False) -> None:
        kept = self.papers.certificate(self.sample, held, self.portrait, unclear=unclear)
        people_evidence.attach_scan(
            self.person, slot=f"qualification.{held.id}.scan", kept=kept, actor=self.actor, replace=True
        )

    def _occupations(self) -> list:
        wanted = self.fate.place.plan.classes
        rows = [line.occupation for filing in self.unit.filings for line in filing.scope]
        return [row for row in rows if not wanted or row.klass in wanted]

    def _fill_in(self) -> None:
        plan = self.fate.place.plan
        self.case = registrations.open_registration(plan, actor=self.actor)
        if self.fate.special == "half":
            return
        profile = profile_of(plan.province)
        values = {"occupation": self.occupation.id, "declarations": list(profile.declarations_for(plan.grade))}
        if profile.asks_health(plan.grade):
            values["health"] = True
        registrations.save_registration(self.case, actor=self.actor, values=values, seen=self.case.version)
        if plan.require_stamped_form and self.fate.special != "late-stamp":
            self._stamp()

    def _stamp(self) -> None:
        registration = Registration.get_by_id(self.case.id)
        version, content = registration_files.take_form_version(registration, actor=self.actor)
        kept = self.papers.form(self.sample, registration, self.unit.name, version, content)
        registration_files.attach_stamped_form(self.case, actor=self.actor, kept=kept)

    def submit(self, _: str) -> None:
        """The applicant submits, or resubmits after a correction."""
        self.case = Case.get_by_id(self.case.id)
        registrations.submit_registration(self.case, actor=self.actor, seen=self.case.version, declared=True)

    def fix(self, _: str) -> None:
        """The applicant mends what was returned and submits again."""
        for key in self.fate.found.pop("returned"):
            if key.endswith(".scan"):
                self._scan(HeldQualification.get_by_id(int(key.split(".")[1])))
            elif key == "person.address":
                street = self.sample.address.split("区")[0]
                values = {"address": f"{street}区育才巷{self.random.randrange(10, 99)}号2栋301室"}
                people.save_profile(self.person, actor=self.actor, values=values)
                if self.fate.place.stamped:
                    self._stamp()
            elif key == "stamped_form":
                self._stamp()
        self.submit("")

    def pass_(self, _: str) -> None:
        """The level whose turn it is lets it pass; the unit confirms, the last level waives what may be waived."""
        step = self._step()
        if step.seat == Seat.UNIT and self.fate.special == "late-stamp":
            case = Case.get_by_id(self.case.id)
            registration_files.record_stamp_exception(
                case, actor=self._reviewer(), seen=case.version, reason="出差或外派",
                reported_to=self.world.next_person(self.fate.place.province).name, on=clock.today(),
                until=max(self.days.day(6), clock.today() + timedelta(days=6)),
            )  # fmt: skip
        waivers = {}
        if not Step.select().where(Step.case == self.case.id, Step.position > step.position).exists():
            results = evaluate_registration(Registration.get_by_id(self.case.id))
            waivers = {result.key: "身体健康，仍在一线从事考评工作，同意放宽。" for result in needs_waiver(results)}
        self._decide(Decision(Action.PASS, confirmed=True, waivers=waivers))

    def return_(self, what: str) -> None:
        """The level sends it back for one thing."""
        items = {item.key: item for item in registrations.items_of(Registration.get_by_id(self.case.id))}
        if what == "scan":
            keys = [key for key in items if key.startswith("qualification.") and key.endswith(".scan")][:1]
        else:
            keys = ["person.address"] if what == "address" else ["stamped_form"]
        notes = {"scan": "请重新拍照或扫描，四角完整、字迹清楚", "address": "请写明楼栋和房号", "form": "印章不清"}
        rows = tuple({"key": key, "label": items[key].label, "note": notes[what]} for key in keys)
        self._decide(Decision(Action.RETURN, note=REASONS[what], items=rows))
        self.fate.found["returned"] = keys

    def reject(self, _: str) -> None:
        """The level refuses for good."""
        self._decide(Decision(Action.REJECT, note=REASONS["reject"]))

    def withdraw(self, _: str) -> None:
        """The applicant takes it back."""
        case = Case.get_by_id(self.case.id)
        registrations.withdraw_registration(case, actor=self.actor, seen=case.version, note="个人原因，改报下一期")

    def withdraw_by_unit(self, _: str) -> None:
        """The unit takes it back after having passed it."""
        case = Case.get_by_id(self.case.id)
        unit = self.world.at_office[Step.get(Step.case == case.id, Step.position == 0).office_id][0]
        note = "本人已调离本单位，不再从事考评工作"
        registrations.withdraw_registration(case, actor=unit, seen=case.version, note=note)

    def claim(self, _: str) -> None:
        """A second person at the desk has opened it."""
        claims.claim_case(Case.get_by_id(self.case.id), actor=self._reviewer(last=True))

    def _decide(self, decision: Decision) -> None:
        case = Case.get_by_id(self.case.id)
        cases.decide(case, decision, actor=self._reviewer(), seen=case.version)

    def _step(self) -> Step:
        case = Case.get_by_id(self.case.id)
        assert case.state == IN_REVIEW, f"{self.fate.script} of {self.fate.place.key} stands at {State(case.state)}"
        return Step.get(Step.case == case.id, Step.position == case.position)

    def _reviewer(self, *, last: bool = False) -> Actor:
        staff = self.world.at_office[self._step().office_id]
        return staff[-1] if last else staff[0]


# Methods cannot be called pass and return.
setattr(Applicant, "pass", Applicant.pass_)
setattr(Applicant, "return", Applicant.return_)


def _bend(person: invented.Person, special: str, number: int) -> invented.Person:
    """The person with a rare character, a dotted name, or beyond the usual age."""
    if special == "rare":
        sign = invented.RARE_CHARACTERS[number % len(invented.RARE_CHARACTERS)]
        return replace(person, name=person.name[0] + sign)
    if special == "dotted":
        name, id_number = _DOTTED[number % len(_DOTTED)], _renumber(person, person.birth, number)
        return replace(person, name=name, sex="女", id_number=id_number)
    if special == "elderly":
        birth = date(clock.today().year - 62, 3, 15)
        return replace(person, birth=birth, sex="女", id_number=_renumber(person, birth, number))
    return person


def _renumber(person: invented.Person, birth: date, number: int) -> str:
    """A woman's identity number with an order number that the other invented people do not have."""
    return invented.make_number(person.id_number[:6], birth, 800 + 2 * number % 200)
