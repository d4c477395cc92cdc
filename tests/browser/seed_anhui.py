"""The Anhui class of 2021 with an approved participant, and others whom the centre must tell apart from them."""

from datetime import date

from portal.actions.files import keep_file
from portal.actions.modules import seed_modules
from portal.actions.registrations import open_registration, submit_registration
from portal.cli.demo.pictures import draw_portrait
from portal.models import Attempt, Case, Module, Office, Person, Plan
from portal.models.exam_papers import shown_paper
from portal.models.jurisdictions import profile_of
from portal.rules import invented
from portal.rules.flows.registration import State
from portal.rules.workflow import SYSTEM
from portal.storage import Store
from tests import make
from tests import make_exam as exam
from tests.actions import registering
from tests.house.world import build_places, decide, keep_picture
from tests.make_classes import make_participant

NAME = "任琪怡"
# 100 points in 15 questions, so that a wrong single one (10 points) still passes and two do not.
PAPER = [{"kind": "single", "count": 5, "points": "10"}, {"kind": "multiple", "count": 5, "points": "6"},
         {"kind": "judge", "count": 5, "points": "4"}]  # fmt: skip
# Invented texts for the two modules that the notice names.
BODIES = (
    "一、技能人才评价由职业资格评价、职业技能等级认定和专项职业能力考核组成。\n\n"
    "二、评价机构按照“谁评价、谁发证、谁负责”的原则承担主体责任，在备案的职业（工种）和等级范围内开展工作。\n\n"
    "三、考评人员应当持有效证书，按照评价方案和评分标准独立评分，遵守回避和保密的规定。",
    "一、考评前核对考评场地、设备和材料，熟悉评分标准。\n\n"
    "二、考评中逐项记录，同一考生由两名以上考评人员独立评分。\n\n"
    "三、考评后签字确认成绩，不得涂改；发现违规的，当场记录并报告督导人员。",
)
QUESTIONS = {
    "single": ("第{}场考评中，考评人员评定成绩的依据是", ("评分标准", "考生的单位", "他人的意见", "考生的学历"), "A"),
    "multiple": ("第{}场考评中，考评人员应当做到", ("独立评分", "主动回避", "保守秘密", "代考生答题"), "ABC"),
    "judge": ("第{}场考评的成绩签字确认后，考评人员可以涂改", ("正确", "错误"), "B"),
}


def seed_anhui_class(store: Store) -> dict:
    """Self-paced, 120 minutes, two attempts, 90 points, online and offline: what the profile proposes."""
    world = build_places(store)
    Plan.delete().execute()
    plan = _make_plan()
    somebody = _approve(world, plan)
    unit = world.organisations["hefei"]
    lazy = make_participant(plan, unit, State.APPROVED, name="孙未学")
    bare = make_participant(plan, unit, State.PASSED, name="周无照")
    other_unit = make.make_organisation("徽州工匠技能评价有限公司", province=make.ANHUI, region="合肥市",
                                        occupations=[make.make_occupation()])  # fmt: skip
    person = _with_photo(store, make.make_person(other_unit, name="吴外人"), 3)
    stranger = make_participant(plan, other_unit, State.PASSED, person=person)
    grants = {
        **world.grants, "somebody": make.grant_of(somebody.person),
        "unit:other": make.make_grant("U", Office.get(Office.organisation == other_unit), make.make_user("初审外人")),
    }  # fmt: skip
    rows = {"somebody": somebody.id, "lazy": lazy.case_id, "bare": bare.case_id, "stranger": stranger.case_id}
    return {
        "grants": grants, "plan": plan.id, "cases": rows, "unit": unit.name, "name": NAME,
        "person": Person.get_by_id(somebody.person_id).id_number,
        "modules": [row.id for row in Module.select().where(Module.plan == plan.id).order_by(Module.position)],
    }  # fmt: skip


def tell_answers(store: Store, attempt: int) -> dict:
    """What is right at each place of a running paper, and how many options the place has."""
    items = shown_paper(Attempt.get_by_id(attempt))
    return {"grants": {}, "right": [item.right for item in items], "options": [len(item.options) for item in items]}


def _make_plan() -> Plan:
    training = profile_of(make.ANHUI).training
    plan = make.make_plan(
        province=make.ANHUI, grade="examiner", name="2021年第一期技能人才评价考评员培训班", batch_no="2021-01",
        mode=training.mode, contents=list(training.contents), minutes=training.minutes, attempts=training.attempts,
        pass_mark=training.pass_mark, assessments=list(training.assessments), exam_minutes=training.exam_minutes,
        paper=PAPER, training_from=None, training_to=None, study_from=date(2021, 8, 16), study_to=date(2021, 8, 20),
    )  # fmt: skip
    for module, body in zip(seed_modules(plan), BODIES, strict=True):
        Module.update(body=body).where(Module.id == module.id).execute()
    for kind, (text, options, answer) in QUESTIONS.items():
        for number in range(1, 9):
            exam.make_question(kind, text=text.format(number), options=list(options), answer=answer)
    return plan


def _approve(world, plan: Plan) -> Case:
    """A registration through every desk: unit, city, province."""
    unit = world.organisations["hefei"]
    people = invented.make_people(9, seed="anhui-cards", places=invented.PLACES[:1])
    sample = next(row for row in people if row.sex == "女")
    values = {"id_number": sample.id_number, "birth": sample.birth, "sex": sample.sex}
    person = _with_photo(world.store, make.make_person(unit, name=NAME, **values), 2)
    actor = make.applicant(person)
    held = registering.hold(person, actor, scan=False)
    keep_picture(world.store, f"person:{person.id}", f"qualification.{held.id}.scan", actor)
    case = registering.fill(open_registration(plan, actor=actor), actor)
    case = submit_registration(case, actor=actor, seen=case.version, declared=True)
    for seat in "UCP":
        case = decide(world, "hefei", case, "pass", seat)
    return Case.get_by_id(case.id)


def _with_photo(store: Store, person: Person, kind: int) -> Person:
    """A drawn portrait, so that the papers look like papers."""
    kept = store.keep_issued(draw_portrait(kind), "照片.jpg", kind="jpeg")
    row = keep_file(owner=f"person:{person.id}", slot="person.portrait", kept=kept, actor=SYSTEM)
    Person.update(portrait=row).where(Person.id == person.id).execute()
    return Person.get_by_id(person.id)
