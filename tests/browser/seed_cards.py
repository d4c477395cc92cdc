"""The class of 川人社职鉴〔2022〕21号 as it stands when its training begins: approved, with modules, paper and bank."""

from datetime import date, datetime, timedelta

from portal import clock
from portal.actions.cases import Decision
from portal.actions.cases import decide as decide_case
from portal.actions.files import keep_file
from portal.actions.modules import add_module, modules_of
from portal.actions.registration_files import record_stamp_exception
from portal.actions.registrations import open_registration, submit_registration
from portal.cli.demo.pictures import draw_portrait
from portal.models import Case, Person, Plan, Registration
from portal.storage import Store
from tests import make
from tests.house.world import World, add_person, build_places, decide, fill_in, reviewer
from tests.make_exam import make_bank
from tests.make_study import sit

# Who they become in the story: the card collected and the card left lying, and three ways of not getting one.
PEOPLE = {"early": "chengdu", "late": "chengdu", "stays": "chengdu", "absent": "chengdu", "unstamped": "sheng"}
PAPER = [{"kind": "single", "count": 5, "points": "10"}, {"kind": "multiple", "count": 3, "points": "10"},
         {"kind": "judge", "count": 4, "points": "5"}]  # fmt: skip
PLAN = {
    "opens_on": date(2022, 12, 9), "closes_on": date(2022, 12, 13), "training_from": date(2022, 12, 15),
    "training_to": date(2022, 12, 16), "exam_starts_at": datetime(2022, 12, 16, 14, 30),
    "exam_ends_at": datetime(2022, 12, 16, 16, 30), "exam_minutes": None, "assessments": ["online"], "paper": PAPER,
    "minutes": 12, "pass_mark": 60, "attempts": 1, "require_stamped_form": True,
    "review_by": {"U": "2022-12-13", "C": "2022-12-14", "P": "2022-12-14"},
    "groups": [{"number": "123456789", "name": "培训班QQ工作群", "audience": "applicants"}],
}  # fmt: skip
MODULES = {
    "国家技能人才评价政策法规、制度体系": "一、评价机构承担评价和发证的主体责任。\n二、考评人员持证上岗，独立评分。",
    "考评员工作流程": "一、考前核对场地、设备和材料。\n二、考中维护秩序。\n三、如实填写考评记录并签名。",
}


def seed_class(store: Store) -> dict:
    """Registered on 9 December 2022 and approved by the 14th, through every level; the server's clock goes on after."""
    clock.set_for_test(datetime(2022, 12, 9, 9, 0))
    world = build_places(store)
    plan, centre = world.plans["sichuan"]["published"], make.actor_of(world.grants["province:sichuan"])
    Plan.update(**PLAN).where(Plan.id == plan.id).execute()
    for title, body in MODULES.items():
        add_module(plan, values={"title": title, "kind": "text", "minutes": 6, "body": body}, actor=centre)
    make_bank(make.SICHUAN)
    cases = {key: _register(world, place, key) for key, place in PEOPLE.items()}
    clock.set_for_test(None)
    people = {key: Person.get_by_id(case.person_id) for key, case in cases.items()}
    return {
        "grants": world.grants | {key: make.grant_of(person) for key, person in people.items()},
        "plan": plan.id, "cases": {key: case.id for key, case in cases.items()},
        "modules": [module.id for module in modules_of(plan)],
        "names": {key: person.name for key, person in people.items()},
    }  # fmt: skip


def study_now(store: Store, cases: list[int]) -> dict:
    """In the running class: these participants study all there is from now on, beat by beat through the verbs."""
    began = clock.now()
    for case in cases:
        registration = Registration.get_by_id(case)
        actor = make.applicant(registration.person)
        clock.set_for_test(began)
        for module in modules_of(registration.plan):
            sit(registration, module, module.minutes * 60, every=60, actor=actor)
    clock.set_for_test(None)
    return {"grants": {}}


def _register(world: World, place: str, key: str) -> Case:
    person = add_person(world, place, key)
    actor = make.applicant(person)
    picture = world.store.keep_issued(draw_portrait(2 * person.id + (person.sex == "男")), "照片.jpg", kind="jpeg")
    person.portrait = keep_file(owner=f"person:{person.id}", slot="person.portrait", kept=picture, actor=actor)
    person.save()
    clock.set_for_test(datetime(2022, 12, 10, 10, 0) + timedelta(minutes=person.id))
    case = fill_in(world, open_registration(world.plans["sichuan"]["published"], actor=actor), actor)
    case = submit_registration(case, actor=actor, seen=case.version, declared=True)
    for number, seat in enumerate(seat for seat in "UCP" if seat in world.offices[place]):
        clock.set_for_test(datetime(2022, 12, 12, 10, 0) + timedelta(days=number))
        case = _report_unstamped(world, place, case) if (key, seat) == ("unstamped", "U") else decide(
            world, place, case, "pass", seat)  # fmt: skip
    return case


def _report_unstamped(world: World, place: str, case: Case) -> Case:
    """The unit notes why the stamped form comes later and reports the registration (八（三）)."""
    unit = reviewer(world, place, "U")
    record_stamp_exception(
        case, actor=unit, seen=Case.get_by_id(case.id).version, reason="疫情防控隔离", reported_to="负责同志",
        on=clock.today(), until=date(2023, 2, 28),
    )  # fmt: skip
    case = Case.get_by_id(case.id)
    decide_case(case, Decision("pass", confirmed=True), actor=unit, seen=case.version)
    return Case.get_by_id(case.id)
