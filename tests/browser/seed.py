"""Fills a live server's data folder: `python -m tests.browser.seed SCENARIO '{"…": …}'` prints what it made as JSON."""

import json
import secrets
import sys
from datetime import timedelta

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from portal import clock, database
from portal.actions import sealing
from portal.actions.cases import Decision
from portal.actions.cases import decide as decide_case
from portal.actions.modules import modules_of
from portal.actions.registrations import open_registration, submit_registration
from portal.models import Attempt, Case, Grant, HeldQualification, Office, Person, Plan, User
from portal.models.jurisdictions import use_profiles
from portal.rules.passwords import make_hash
from portal.settings import ROOT, Settings
from portal.storage import Store
from tests import make
from tests import make_exam as exam
from tests.actions import registering
from tests.browser.seed_anhui import seed_anhui_class, tell_answers
from tests.browser.seed_cards import seed_class, study_now
from tests.house.world import World, add_person, build_places, build_world, decide, fill_in, prove, stamp
from tests.make_study import make_class, make_participant

PASSWORD = "Jiaohao-2022"
DIGITS = "零一二三四五六七八九"


def main(scenario: str, options: dict) -> dict:
    """Make the database and the rows of a scenario; gives what the tests need to know."""
    settings = Settings.from_environment().prepare()
    database.use(settings.database)
    database.open_connection()
    database.migrate()
    use_profiles(ROOT / "data" / "profiles")
    sealing.use_secret(settings.secret_key)
    with database.transaction():
        told = SCENARIOS[scenario](Store(settings.uploads), **options)
        grants = told.pop("grants")
        told["logins"] = {role: _login(settings, grant) for role, grant in grants.items()}
        told["accounts"] = {role: grant.user.login for role, grant in grants.items()}
        hashed = make_hash(PASSWORD)
        for grant in grants.values():
            grant.user.password_hash = hashed
            grant.user.save()
    database.database.close()
    return told


def _login(settings: Settings, grant) -> dict:
    """A running login of a grant as the cookie that a browser would hold, with a CSRF token that fits it."""
    from app import create_app

    app = _login.app = getattr(_login, "app", None) or create_app(settings, connect=False)
    token = make.make_session(grant).token
    raw = secrets.token_hex(20)
    values = {"_user_id": token, "_fresh": True, "_permanent": True, "csrf_token": raw}
    cookie = SecureCookieSessionInterface().get_signing_serializer(app).dumps(values)
    return {"cookie": cookie, "csrf": URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)}


def seed_world(store: Store) -> dict:
    """The world of the matrix."""
    world = build_world(store)
    grants = dict(world.grants)
    for place, people in world.people.items():
        grants |= {f"applicant:{place}:{state}": make.grant_of(person) for state, person in people.items()}
    return {
        "grants": grants,
        "cases": {place: {state: case.id for state, case in cases.items()} for place, cases in world.cases.items()},
        "plans": {key: {name: plan.id for name, plan in row.items()} for key, row in world.plans.items()},
        "notices": {key: notice.id for key, notice in world.notices.items()},
        "names": {place: {state: p.name for state, p in people.items()} for place, people in world.people.items()},
    }


def seed_queue(store: Store, cases: int = 100, reviewers: int = 2) -> dict:
    """One city's queue full of cases, with several reviewers at the city's desk, and its unit's people."""
    world = build_places(store)
    grants = dict(world.grants)
    for number in range(cases):
        person = add_person(world, "chengdu", f"person{number}", name=f"并{DIGITS[number // 10]}{DIGITS[number % 10]}")
        actor = make.applicant(person)
        case = fill_in(world, open_registration(world.plans["sichuan"]["published"], actor=actor), actor)
        case = submit_registration(case, actor=actor, seen=case.version, declared=True)
        decide(world, "chengdu", case, "pass", "U")
    writer = add_person(world, "chengdu", "writer")
    actor = make.applicant(writer)
    draft = fill_in(world, open_registration(world.plans["sichuan"]["published"], actor=actor), actor)
    grants["writer"] = make.grant_of(writer)
    city = world.offices["chengdu"]["C"]
    for number in range(reviewers):
        grants[f"reviewer{number}"] = make.make_grant("C", city, make.make_user(f"市审{number}"))
    rows = Case.select(Case.id, Case.version).where(Case.office == city).order_by(Case.id).tuples()
    slot = HeldQualification.get(HeldQualification.person == writer.id)
    return {"grants": grants, "cases": [list(row) for row in rows], "draft": draft.id, "qualification": slot.id}


def seed_journey(store: Store, colleagues: int = 0) -> dict:
    """Offices, units, catalogue and staff, but no plan yet: what the centre finds on its first day.

    `colleagues` people of the unit under the province have their profile and proofs ready, but have not registered.
    """
    world = build_places(store)
    Plan.delete().execute()
    for text in ("扫描件不清晰，请重新上传清晰的扫描件", "证书编号与扫描件不一致，请核对"):
        make.make_reason(text)
    make.make_reason("不符合申报条件", kind="reject")
    grants = dict(world.grants)
    for number in (1, 2):
        member = make.make_member(world.organisations["hefei"], name=f"庐阳会员单位{number}")
        grants[f"member{number}"] = make.make_grant(
            "U", make.make_office(organisation=member), make.make_user(f"联络{number}")
        )
    Office.update(notice_word="皖人协秘").where(Office.id == world.offices["hefei"]["U"].id).execute()
    for number in range(colleagues):
        person = add_person(world, "sheng", f"colleague{number}", name=f"同事{'一二三四五六七八九十'[number]}")
        prove(world, person, make.applicant(person))
    people = [person.id for person in world.people.get("sheng", {}).values()]
    return {"grants": grants, "organisations": {k: o.name for k, o in world.organisations.items()}, "people": people}


def register_people(store: Store, people: list[int], unit: str, plan: int) -> dict:
    """In a running journey: these people register in the plan, and their unit reports them to the province."""
    reviewer = make.actor_of(Grant.select().join(User).where(User.login == unit).get())
    for id_ in people:
        actor = make.applicant(Person.get_by_id(id_))
        case = registering.fill(open_registration(Plan.get_by_id(plan), actor=actor), actor)
        case = submit_registration(case, actor=actor, seen=case.version, declared=True)
        stamp(World(store), case, reviewer)
        case = Case.get_by_id(case.id)
        decide_case(case, Decision("pass", confirmed=True), actor=reviewer, seen=case.version)
    return {"grants": {}}


def seed_exam(store: Store, candidates: int = 6) -> dict:
    """Participants who have finished the study: `timed…` have 60 minutes from their start, `slot…` until 16:30 of the
    server's day, `early` sits tomorrow. Two attempts each.
    """
    today = clock.now().replace(hour=14, minute=30, second=0, microsecond=0)
    exam.make_bank(make.SICHUAN)
    ends = {"exam_starts_at": today, "exam_ends_at": today + timedelta(hours=2)}
    plans = {
        "timed": exam.make_exam_plan(make.SICHUAN, training_to=clock.today() + timedelta(days=9)),
        "slot": exam.make_slot_plan(**ends),
        "early": exam.make_slot_plan(**{name: moment + timedelta(days=1) for name, moment in ends.items()}),
    }
    grants, cases = {}, {}
    for kind, plan in plans.items():
        for number in range(1 if kind == "early" else candidates):
            registration = exam.make_candidate(plan)
            grants[f"{kind}{number}"] = make.grant_of(registration.person)
            cases[f"{kind}{number}"] = registration.case_id
    centre = make.make_grant("P", make.make_province_centre(make.SICHUAN))
    return {"grants": {**grants, "centre": centre}, "cases": cases}


def seed_study(store: Store) -> dict:
    """A participant of a class with two modules of an hour; the server's day lies in its study time."""
    plan = make_class()
    registration = make_participant(plan)
    modules = [module.id for module in modules_of(plan)]
    return {"grants": {"learner": make.grant_of(registration.person)}, "case": registration.case_id, "modules": modules}


def end_attempt(store: Store, attempt: int, seconds: int) -> dict:
    """In a running assessment: this paper's time is over in so many seconds."""
    Attempt.update(due_at=clock.now() + timedelta(seconds=seconds)).where(Attempt.id == attempt).execute()
    return {"grants": {}}


def log_in_again(store: Store, login: str) -> dict:
    """Another login of an applicant, in the role "again"."""
    return {"grants": {"again": Grant.select().join(User).where(User.login == login, Grant.seat == "A").get()}}


SCENARIOS = {
    "world": seed_world, "queue": seed_queue, "journey": seed_journey, "register": register_people, "exam": seed_exam,
    "study": seed_study, "end_attempt": end_attempt, "login": log_in_again, "anhui_class": seed_anhui_class,
    "answers": tell_answers, "class": seed_class, "study_now": study_now,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2])), ensure_ascii=False))
