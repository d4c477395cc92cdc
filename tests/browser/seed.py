"""Fills a live server's data folder: `python -m tests.browser.seed SCENARIO '{"…": …}'` prints what it made as JSON."""

import json
import secrets
import sys

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from portal import database
from portal.actions.registrations import open_registration, submit_registration
from portal.models import Case, HeldQualification
from portal.models.jurisdictions import use_profiles
from portal.rules.passwords import make_hash
from portal.settings import ROOT, Settings
from portal.storage import Store
from tests import make
from tests.house.world import add_person, build_places, build_world, decide, fill_in

PASSWORD = "Jiaohao-2022"


def main(scenario: str, options: dict) -> dict:
    """Make the database and the rows of a scenario; gives what the tests need to know."""
    settings = Settings.from_environment().prepare()
    database.use(settings.database)
    database.open_connection()
    database.migrate()
    use_profiles(ROOT / "data" / "profiles")
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
        person = add_person(world, "chengdu", f"person{number}", name=f"并发{number:03d}")
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


SCENARIOS = {"world": seed_world, "queue": seed_queue}

if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2])), ensure_ascii=False))
