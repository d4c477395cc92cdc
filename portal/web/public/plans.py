"""Plans for everybody: the list before login (R11.14) and 考评详细, the page behind a batch number (R2.03)."""

from flask_login import current_user

from portal import clock
from portal.actions.plans import groups_for
from portal.models import Notice, Plan
from portal.models.jurisdictions import profile_of
from portal.papers.notices import compose_contacts
from portal.rules.workflow import Seat
from portal.web.guards import actor
from portal.web.pages import get_or_404, show
from portal.web.plan_words import describe_plan, describe_rows, describe_stages, links_of
from portal.web.public import blueprint
from portal.web.public.provinces import chosen_province, province_tabs


@blueprint.get("/plans")
def plans():
    """All published plans, those open for registration first."""
    province, now = chosen_province(), clock.now()
    query = Plan.visible_to(None)
    if province:
        query = query.where(Plan.province == province)
    rows = sorted(query.order_by(Plan.published_at.desc(), Plan.id.desc()), key=lambda plan: not plan.is_open(now))
    return show(
        "public/plans.html", plans=describe_rows(rows, now), province=province,
        provinces=province_tabs("public.plans", province),
    )  # fmt: skip


@blueprint.get("/plans/<int:id>")
def plan(id: int):
    """考评详细: dates, occupations, conditions, places, contacts; groups and addresses for whom they are meant."""
    row, now = get_or_404(Plan.visible_to(None).where(Plan.id == id)), clock.now()
    links = links_of(row)
    notices = Notice.visible_to(None).where(Notice.plan == row.id, Notice.forward_of.is_null()).order_by(Notice.id)
    return show(
        "public/plan.html", plan=row, row=describe_rows([row], now)[0], facts=describe_plan(row),
        stages=describe_stages(row), contacts=compose_contacts(row.contacts), notices=list(notices),
        groups=groups_for(row, _audiences(row)), links=links,
        hidden_links=len(links) < len([href for href in row.links.values() if href]),
        guide=profile_of(row.province).wording.guide_title,
        conditions=_conditions_of(row),
    )  # fmt: skip


def _conditions_of(plan: Plan) -> list[str]:
    """The conditions in the plan's words; where it has none, as the checks of its grade state them (R2.22)."""
    lines = [line for line in plan.conditions_text.splitlines() if line.strip()]
    classes = tuple(int(each) for each in plan.classes) or None
    rules = profile_of(plan.province).conditions(plan.grade, classes)
    return lines or [f"{rule.text}（{rule.source}）" for rule in rules]


def _audiences(plan: Plan) -> set[str]:
    """Which work groups this reader may join: liaisons are at units, applicants have the applicant's seat (R1.28)."""
    if not (current_user.is_authenticated and current_user.seat):
        return set()
    reader = actor()
    if reader.seat == Seat.PROVINCE_CENTRE and reader.office == plan.office_id:
        return {"liaisons", "applicants"}
    if reader.province != plan.province:
        return set()
    return {Seat.UNIT: {"liaisons"}, Seat.APPLICANT: {"applicants"}}.get(reader.seat, set())
