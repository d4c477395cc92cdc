"""What tests of the desk start from: a scene of registrations, and browsers signed in as its reviewers."""

from portal.models import Case, Grant
from portal.rules.workflow import Actor
from tests.actions.registering import Scene, give_portrait
from tests.conftest import Browser
from tests.make import applicant, make_person

DOORS = {"U": "/unit", "K": "/city", "C": "/city", "B": "/city", "P": "/province", "D": "/province"}


def sign_in(client: Browser, actor: Actor) -> Browser:
    """This browser in the seat of the actor."""
    return client.sign_in(
        Grant.get(Grant.user == actor.user, Grant.seat == str(actor.seat), Grant.office == actor.office)
    )


def browser(app, actor: Actor) -> Browser:
    """Another browser, signed in."""
    return sign_in(Browser(app), actor)


def more(scene: Scene, number: int, **kw) -> list[Case]:
    """More submitted registrations of other people of the same unit."""
    found = []
    for _ in range(number):
        person = give_portrait(make_person(scene.organisation, **kw))
        found.append(Scene(scene.plan, scene.organisation, person, applicant(person), scene.reviewers).submitted())
    return found


def fresh(case: Case) -> Case:
    """The case as it is now."""
    return Case.get_by_id(case.id)
