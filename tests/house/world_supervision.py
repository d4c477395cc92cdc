"""The world's statements, supervision records and cases against organisations."""

from portal.actions import statements
from portal.models import Case, Organisation
from portal.models.statements import decided_for
from portal.rules.flows.credential import State as CardState
from tests import make
from tests.make_sanctions import make_card
from tests.make_supervision import make_case, make_supervision
from tests.storage import corpus

PLACES = ("chengdu", "chengdu2", "mianyang", "hefei")


def add_supervision(world) -> None:
    """At four places: a person's and a unit's statement about the same revoked card, a record and a case about the
    unit; and a record and a case about an organisation of the county."""
    for place in PLACES:
        person, unit = world.people[place]["returned"], make.actor_of(world.grants[f"unit:{place}"])
        card = make_card(person, state=CardState.REVOKED, number=f"旧证{PLACES.index(place) + 1:05d}")
        for key, actor in (("person", make.applicant(person)), ("unit", unit)):
            world.statements[f"{place}:{key}"] = _state(world, card.id, actor)
        bureau = {"hefei": "province:anhui", "mianyang": "province:sichuan"}.get(place, "bureau:chengdu")
        _supervise(world, place, world.organisations[place], bureau, bureau)
    county = world.grants["county:chengdu"].office.region
    organisation = make.make_organisation("锦江区技能评价中心有限公司", region=county)
    _supervise(world, "county", organisation, "county:chengdu", "bureau:chengdu")


def place_of(kind: str, seat: str) -> str:
    """The key of a seat's own row in the world's dicts."""
    if kind in ("statement", "evidence"):
        return f"chengdu:{'unit' if seat == 'U' else 'person'}"
    return "county" if seat == "K" else "chengdu"


def foreign_to(kind: str, seat: str) -> list[str]:
    """The keys of the rows that must be "not found" for a seat."""
    if kind in ("statement", "evidence"):
        other = "unit" if seat == "U" else "person"
        # A unit does not see what its people state on their own.
        return [f"{place}:{other}" for place in PLACES[1:]] + (["chengdu:person"] if seat == "U" else [])
    return {
        "K": ["chengdu", "mianyang", "hefei"], "U": ["county", "chengdu2", "hefei"], "C": ["mianyang", "hefei"],
        "B": ["mianyang", "hefei"],
    }.get(seat, ["hefei"])  # fmt: skip


def evidence_id(case: Case) -> int:
    """The one file of a statement."""
    return statements.evidence_of(case)[0].id


def _state(world, card: int, actor) -> Case:
    kept = world.store.keep_issued(corpus.jpeg(), "说明.jpg", kind="jpeg")
    case = statements.open_statement(
        decided_for(actor, credential=card), actor=actor, text="撤销依据的事实不准确。", kept=[kept]
    )
    return statements.submit_statement(case, actor=actor, seen=case.version)


def _supervise(world, key: str, organisation: Organisation, role: str, prosecutor: str) -> None:
    actor = make.actor_of(world.grants[role])
    world.supervisions[key] = make_supervision(organisation, actor, held_on=make.clock.today())
    world.violations[key] = make_case(organisation, make.actor_of(world.grants[prosecutor]))
