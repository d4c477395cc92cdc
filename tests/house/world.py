"""Two provinces, three cities, units and people in every state: what the matrix, the crawl and the attacks walk."""

from dataclasses import dataclass, field
from datetime import timedelta

from portal import clock
from portal.actions import (
    card_claims,
    cards,
    cases,
    colleagues,
    forwards,
    issuing,
    jobs,
    notices,
    recommendations,
    registrations,
)
from portal.actions.cases import Decision
from portal.actions.files import keep_file
from portal.actions.modules import add_module
from portal.actions.registration_files import attach_stamped_form, take_form_version
from portal.actions.sealing import seal
from portal.documents.sheets import write_sheet
from portal.models import (
    Article,
    Attempt,
    Attendance,
    CalendarYear,
    Case,
    Claim,
    Credential,
    Excuse,
    FileVersion,
    Grant,
    HeldQualification,
    ImportReport,
    Job,
    Membership,
    Notice,
    OccupationAlias,
    Office,
    Organisation,
    OrganisationCase,
    Person,
    Plan,
    Question,
    Registration,
    Session,
    Supervision,
    Workday,
)
from portal.models.jurisdictions import official_calendar
from portal.rules import invented
from portal.rules.workflow import Actor, Seat
from portal.storage import Store
from tests import make
from tests.actions import registering
from tests.house.world_sanctions import add_sanctions
from tests.house.world_supervision import add_supervision
from tests.make_classes import make_class_session, make_excuse, make_participant, make_seat
from tests.make_credentials import make_passed
from tests.storage import corpus

# One letter for each place; the name of everybody who belongs there carries its mark, so a leak is seen by its words.
PLACES = {
    "chengdu": ("sichuan", "成都市", "city", "锦"),
    "chengdu2": ("sichuan", "成都市", "city", "羊"),
    "mianyang": ("sichuan", "绵阳市", "city", "涪"),
    "sheng": ("sichuan", "省属", "province", "蜀"),
    "hefei": ("anhui", "合肥市", "city", "庐"),
}
STATES = ("draft", "at_unit", "at_city", "at_province", "returned", "rejected", "approved")


@dataclass
class World:
    """Everything by place: `people["chengdu"]["at_unit"]`; and the accounts by role."""

    store: Store
    grants: dict[str, Grant] = field(default_factory=dict)
    offices: dict[str, dict[str, Office]] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    plans: dict[str, dict[str, Plan]] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    people: dict[str, dict[str, Person]] = field(default_factory=dict)
    cases: dict[str, dict[str, Case]] = field(default_factory=dict)
    entered: dict[str, Case] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    batches: dict[str, Job] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    voided: dict[str, Credential] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    seats: dict[str, Attendance] = field(default_factory=dict)
    excuses: dict[str, Excuse] = field(default_factory=dict)
    excuse_files: dict[str, FileVersion] = field(default_factory=dict)
    statements: dict[str, Case] = field(default_factory=dict)
    supervisions: dict[str, Supervision] = field(default_factory=dict)
    violations: dict[str, OrganisationCase] = field(default_factory=dict)
    sanctions: dict[str, dict[str, int]] = field(default_factory=dict)

    def secrets(self, places) -> list[str]:
        """What only these places' people may read: names, document numbers, telephones and receipt numbers."""
        found = []
        for place in places:
            for state, person in self.people[place].items():
                found += [person.name, person.id_number, person.phone]
                number = self.cases[place][state].number if state in self.cases[place] else None
                found += [number] if number else []
        return found


def build_world(store: Store) -> World:
    """Fill an empty, migrated database; `store` keeps the files."""
    world = build_places(store)
    _announce(world)
    for place in PLACES:
        _register(world, place)
    _work_in_bulk(world)
    _issue_credentials(world)
    _claim_cards(world)
    _leave_traces(world)
    _sit_exams(world)
    _teach(world)
    add_supervision(world)
    add_sanctions(world)
    _hold_classes(world)
    return world


def build_places(store: Store) -> World:
    """Offices, units, plans and reviewers' accounts, without people, cases and notices."""
    load_calendar()
    world = World(store)
    for place in PLACES:
        _build_place(world, place)
    _give_accounts(world)
    return world


def keep_picture(store: Store, owner: str, slot: str, actor: Actor, name: str = "证书.jpg") -> FileVersion:
    """A real stored picture with its row."""
    kept = store.keep_issued(corpus.jpeg(), name, kind="jpeg")
    return keep_file(owner=owner, slot=slot, kept=kept, actor=actor)


def add_person(world: World, place: str, key: str, **kw) -> Person:
    """A person with a complete profile and a portrait at a place's unit."""
    mark = PLACES[place][3]
    number = len(world.people.setdefault(place, {})) + 1
    values = {"name": f"{'赵钱孙李周吴郑王冯陈褚卫'[number % 12]}{mark}{'甲乙丙丁戊己庚辛壬癸'[number % 10]}"}
    person = make.make_person(world.organisations[place], **{**values, **kw})
    actor = make.applicant(person)
    person.portrait = keep_picture(world.store, f"person:{person.id}", "person.portrait", actor, "照片.jpg")
    person.save()
    world.people[place][key] = Person.get_by_id(person.id)
    return world.people[place][key]


def fill_in(world: World, case: Case, actor: Actor) -> Case:
    """Proofs and the choices of a registration."""
    prove(world, Person.get_by_id(actor.person), actor)
    return registering.fill(case, actor)


def prove(world: World, person: Person, actor: Actor) -> None:
    """Qualifications with real scans, and work."""
    if not HeldQualification.select().where(HeldQualification.person == person).exists():
        for changes in ({}, registering.CARD):
            row = registering.hold(person, actor, scan=False, **changes)
            keep_picture(world.store, f"person:{person.id}", f"qualification.{row.id}.scan", actor)
        registering.people_evidence.save_work_entry(person, actor=actor, values=registering.WORK)


def _build_place(world: World, place: str) -> None:
    province, region, unit_kind, mark = PLACES[place]
    # Organisations are public names and carry no mark: only their people's data do.
    organisation = make.make_organisation(
        f"{region}{'第二' if place.endswith('2') else ''}技能评价中心有限公司", province=province, region=region,
        unit_kind=unit_kind, category="local" if unit_kind == "city" else "provincial_industry",
        occupations=[make.make_occupation(), make.make_occupation("4-07-03-04", "企业人力资源管理师")],
    )  # fmt: skip
    offices = {"U": Office.get(Office.organisation == organisation), "P": make.make_province_centre(province)}
    if unit_kind == "city":
        offices["C"] = make.make_city_centre(region, province)
    world.organisations[place], world.offices[place] = organisation, offices
    if province not in world.plans:
        plan = make.make_plan(province=province, name="技能人才评价高级考评员培训班", contacts=[])
        draft = make.make_plan(province=province, name=f"未公布的计划{mark}", state="draft", published_at=None)
        world.plans[province] = {"published": plan, "draft": draft}


def _give_accounts(world: World) -> None:
    def grant(role: str, seat: Seat, office: Office | None, name: str, **kw) -> None:
        world.grants[role] = make.make_grant(seat, office, make.make_user(name, **kw))

    for place, (_, _, unit_kind, _) in PLACES.items():
        grant(f"unit:{place}", Seat.UNIT, world.offices[place]["U"], f"初审员{place[0]}")
        if unit_kind == "city" and f"city:{place.rstrip('2')}" not in world.grants:
            grant(f"city:{place}", Seat.CITY_CENTRE, world.offices[place]["C"], f"市审员{place[0]}")
    for province, place in (("sichuan", "chengdu"), ("anhui", "hefei")):
        grant(f"province:{province}", Seat.PROVINCE_CENTRE, world.offices[place]["P"], f"省审员{province[0]}")
        department = make.make_office(level="province", body="department", province=province)
        grant(f"department:{province}", Seat.DEPARTMENT, department, f"厅员{province[0]}")
    bureau = make.make_office(level="city", body="department", region="成都市")
    county = make.make_office(
        level="county", body="department", name="成都市锦江区人社局",
        region=make.make_region("锦江区", level="county", parent=make.make_region("成都市")),
    )  # fmt: skip
    grant("bureau:chengdu", Seat.CITY_BUREAU, bureau, "局员")
    grant("county:chengdu", Seat.COUNTY, county, "县审员")
    grant("technician", Seat.TECHNICIAN, None, "技术员")
    grant("disabled", Seat.UNIT, world.offices["chengdu"]["U"], "停用者", active=False)
    grant("colleague:chengdu", Seat.UNIT, world.offices["chengdu"]["U"], "初审同事")


def _announce(world: World) -> None:
    for province, role in (("sichuan", "province:sichuan"), ("anhui", "province:anhui")):
        actor = make.actor_of(world.grants[role])
        word = "川" if province == "sichuan" else "皖"
        first = next(p for p, row in PLACES.items() if row[0] == province)
        for key, values in {
            "public": {"is_public": True, "title": f"关于公开事项的通知{word}"},
            # Only the first unit of the province receives it: everybody else must not even learn its title.
            "closed": {
                "title": f"只发一家的通知{word}",
                "recipient_groups": [f"office:{world.offices[first]['U'].id}"],
            },
        }.items():
            notice = notices.create_notice(actor=actor, plan=world.plans[province]["published"])
            notice = notices.update_notice(
                notice, values={"body": "一、事项。", **values}, actor=actor, seen=notice.version
            )
            world.notices[f"{province}:{key}"] = notices.publish_notice(notice, actor=actor, seen=notice.version)
        draft = notices.create_notice(actor=actor, plan=world.plans[province]["published"])
        world.notices[f"{province}:draft"] = notices.update_notice(
            draft, values={"title": f"未发出的通知{word}"}, actor=actor, seen=draft.version
        )
        unit = make.actor_of(world.grants[f"unit:{first}"])
        world.notices[f"{province}:forward"] = forwards.forward_notice(world.notices[f"{province}:closed"], actor=unit)
    # The first unit is an association that asks its member for a table, and is itself asked as another one's member.
    for key, asking, asked in (("sent", "chengdu", "chengdu2"), ("asked", "chengdu2", "chengdu")):
        Membership.create(association=world.organisations[asking], member=world.organisations[asked])
        actor = make.actor_of(world.grants[f"unit:{asking}"])
        forward = forwards.forward_notice(world.notices["sichuan:public"], actor=actor)
        world.notices[f"sichuan:{key}"] = notices.publish_notice(forward, actor=actor, seen=forward.version)
    row = dict.fromkeys(("employer", "position", "id_number", "phone", "held"), "") | {"name": "推荐人"}
    member = make.actor_of(world.grants["unit:chengdu2"])
    recommendations.save_table(world.notices["sichuan:sent"], rows=[row], actor=member, send=False, seen=0)


def _register(world: World, place: str) -> None:
    province = PLACES[place][0]
    plan = world.plans[province]["published"]
    world.cases[place] = {}
    for state in STATES:
        if state == "at_city" and "C" not in world.offices[place]:
            continue
        person = add_person(world, place, state)
        actor = make.applicant(person)
        case = fill_in(world, registrations.open_registration(plan, actor=actor), actor)
        if state != "draft":
            case = registrations.submit_registration(case, actor=actor, seen=case.version, declared=True)
            _bring_to(world, place, case, state)
        world.cases[place][state] = Case.get_by_id(case.id)


def _work_in_bulk(world: World) -> None:
    """A finished bulk decision of each reviewer's account."""
    for role, grant in world.grants.items():
        if grant.seat in "UCPKBD":
            data = {"decision": {"action": "pass", "note": "", "confirmed": True}, "pairs": []}
            job = jobs.start_job("bulk", actor=make.actor_of(grant), data=data, total=0)
            Job.update(state="done", finished_at=clock.now(), result={"passed": [], "skipped": []}).where(
                Job.id == job.id
            ).execute()
            world.jobs[role] = job


def _issue_credentials(world: World) -> None:
    """Somebody with a credential at three places, and the batch it was issued in; one of chengdu's own people has an
    older one, too."""
    for place, issuer in (("chengdu", "department:sichuan"), ("mianyang", "department:sichuan"),
                          ("hefei", "province:anhui")):  # fmt: skip
        person = add_person(world, place, "certified")
        plan = world.plans[PLACES[place][0]]["published"]
        passed = make_passed(plan, world.organisations[place], person)
        batch = issuing.issue_credentials(plan, [passed], actor=make.actor_of(world.grants[issuer]))
        world.credentials[place], world.batches[place] = batch.credentials[0], batch.job
    older = Credential.get_by_id(world.credentials["chengdu"].id)
    older.id, older.number, older.token, older.live_key, older.registration = None, "川考评旧1", "older-one", None, None
    person = world.people["chengdu"]["returned"]
    older.person, older.name, older.portrait = person, person.name, person.portrait
    older.printed = {**older.printed, "name": person.name, "number": older.number}
    older.mac = seal(older)
    older.save(force_insert=True)
    world.credentials["chengdu:returned"] = older


def _claim_cards(world: World) -> None:
    """At two units a claimed card with its stamped table, and one that nobody collected in time; a claim elsewhere."""
    issuer = make.actor_of(world.grants["department:sichuan"])
    plan = world.plans["sichuan"]["published"]
    for place in ("chengdu", "mianyang"):
        unit = make.actor_of(world.grants[f"unit:{place}"])
        people = [add_person(world, place, key) for key in ("claimed", "voided")]
        passed = [make_passed(plan, world.organisations[place], person) for person in people]
        made = [issuing.issue_one(registration, actor=issuer) for registration in passed]
        cards.release_cards([card.id for card in made], actor=issuer)
        kept = world.store.keep_issued(corpus.jpeg(), "汇总表.jpg", kind="jpeg")
        world.claims[place] = card_claims.claim_cards(
            [made[0].id], actor=unit, receiver="领取人", receiver_phone="13900000000", kept=kept
        )
        due = clock.today() - timedelta(days=1)
        Credential.update(claim_due=due).where(Credential.id == made[1].id).execute()
        cards.void_overdue()
        world.voided[place] = Credential.get_by_id(made[1].id)
    world.claims["hefei"] = Claim.create(
        organisation=world.organisations["hefei"], province="anhui", number="领34-2022-0001", claimed_at=clock.now(),
        receiver="领取人",
    )  # fmt: skip


def _leave_traces(world: World) -> None:
    """What the catalogue pages list: reasons of both provinces, an alias, an import's report, a member, a document; and
    drafts that units have entered for colleagues."""
    for number, place in enumerate(("chengdu", "mianyang")):
        sample = invented.make_person(number, seed="world")
        (row,) = colleagues.enter_colleagues(
            [{"name": sample.name, "id_number": sample.id_number}], world.plans["sichuan"]["published"],
            actor=make.actor_of(world.grants[f"unit:{place}"]),
        )  # fmt: skip
        world.entered[place] = row.case
    for province in ("sichuan", "anhui"):
        make.make_reason(province=province)
    Article.create(key="guide", province="sichuan", title="考评员报名流程", body="一、登录。")
    OccupationAlias.create(name="汽修工", same_as="4-12-01-01")
    for role in ("technician", "province:sichuan"):
        user = world.grants[role].user
        ImportReport.create(kind="occupations:2022", name="职业.xlsx", user=user, at=clock.now(), accepted=1)
    Membership.create(association=world.organisations["hefei"], member=make.make_organisation(
        "庐州会员单位有限公司", province="anhui", region="合肥市", filed=None))  # fmt: skip


def _teach(world: World) -> None:
    """A module of study with its file in each published plan, and the report of an import with a marked workbook."""
    for province, role in (("sichuan", "province:sichuan"), ("anhui", "province:anhui")):
        plan, actor = world.plans[province]["published"], make.actor_of(world.grants[role])
        kept = world.store.keep_issued(corpus.pdf(), "考评技术.pdf")
        values = {"title": "考评技术", "kind": "pdf", "minutes": 60}
        add_module(plan, values=values, actor=actor, kept=kept)
        ImportReport.create(
            kind=f"study_progress:{plan.id}", name="进度.xlsx", user=actor.user, at=clock.now(), accepted=1, refused=1,
            errors=[[2, 1, "请核对。"]], workbook=write_sheet(["姓名"], [["甲"]]), stored=True,
        )  # fmt: skip


def _sit_exams(world: World) -> None:
    """A question in each bank, and with every case an attempt that runs, so that each address has a row behind it."""
    question = {
        province: Question.create(
            province=province, kind="judge", text="考评员应持证上岗", options=["正确", "错误"], answer="A",
            created_at=clock.now(),
        )  # fmt: skip
        for province in ("sichuan", "anhui")
    }
    for case in [case for cases_ in world.cases.values() for case in cases_.values()]:
        Attempt.create(
            registration=case.id, number=1, seed="0", items=[[question[case.province].id, "100", [0, 1]]], pass_mark=90,
            started_at=clock.now(), due_at=clock.now() + timedelta(hours=10), open_key=case.id,
        )  # fmt: skip


def _hold_classes(world: World) -> None:
    """An offline session of each plan; at three places somebody who sat in it with evidence for an excuse, and somebody
    left behind."""
    for province in ("sichuan", "anhui"):
        world.sessions[province] = make_class_session(world.plans[province]["published"])
    for place in ("chengdu", "chengdu2", "mianyang", "hefei"):
        province = PLACES[place][0]
        registration = Registration.get_by_id(world.cases[place]["approved"].id)
        world.seats[place] = make_seat(world.sessions[province], registration)
        world.excuses[place] = make_excuse(registration)
        actor = make.applicant(world.people[place]["approved"])
        slot = f"excuse:{world.excuses[place].id}"
        kept = keep_picture(world.store, f"case:{registration.case_id}", slot, actor, "隔离通知.jpg")
        world.excuse_files[place] = kept
        person = add_person(world, place, "unfinished")
        left = make_participant(
            world.plans[province]["published"], world.organisations[place], "unfinished", person=person, steps=False
        )
        world.cases[place]["unfinished"] = Case.get_by_id(left.case_id)


def _bring_to(world: World, place: str, case: Case, state: str) -> None:
    levels = [seat for seat in "UCP" if seat in world.offices[place]]
    wanted = {
        "at_unit": [], "at_city": ["U"], "at_province": levels[:-1], "approved": levels, "returned": [], "rejected": [],
    }[state]  # fmt: skip
    for seat in wanted:
        decide(world, place, case, "pass", seat)
    if state == "returned":
        row = HeldQualification.get(HeldQualification.person == case.person_id)
        items = ({"key": f"qualification.{row.id}.scan", "label": "证书材料", "note": "请重新上传"},)
        decide(world, place, case, "return", "U", items=items, note="扫描件不清晰，请重新上传清晰的扫描件")
    if state == "rejected":
        decide(world, place, case, "reject", "U", note="不符合申报条件")


def decide(world: World, place: str, case: Case, action: str, seat: str, **kw) -> Case:
    """A decision by the reviewer of that seat at the place, through the verb."""
    actor = reviewer(world, place, seat)
    if seat == "U" and action == "pass":
        kw["confirmed"] = True
        registration = Registration.get_by_id(case.id)
        if registration.plan.require_stamped_form:
            stamp(world, case, actor)
    case = Case.get_by_id(case.id)
    cases.decide(case, Decision(action, **kw), actor=actor, seen=case.version)
    return Case.get_by_id(case.id)


def stamp(world: World, case: Case, actor: Actor) -> None:
    """The stamped 申报表 of the newest print."""
    take_form_version(Registration.get_by_id(case.id), actor=actor)
    attach_stamped_form(case, actor=actor, kept=world.store.keep_issued(corpus.jpeg(), "申报表.jpg", kind="jpeg"))


def reviewer(world: World, place: str, seat: str) -> Actor:
    """The actor of a place's reviewer at a level."""
    role = {
        "U": f"unit:{place}", "C": f"city:{place.rstrip('2')}", "P": f"province:{PLACES[place][0]}",
    }[seat]  # fmt: skip
    return make.actor_of(world.grants[role])


def load_calendar() -> None:
    """The official working days of all known years, as `flask init` loads them."""
    known = official_calendar()
    days = [(day, False) for day in known.days_off] + [(day, True) for day in known.days_worked]
    Workday.insert_many(days, fields=[Workday.day, Workday.is_workday]).execute()
    years = [(year, "国务院办公厅", clock.now()) for year in sorted(known.years)]
    CalendarYear.insert_many(years, fields=[CalendarYear.year, CalendarYear.source, CalendarYear.loaded_at]).execute()
