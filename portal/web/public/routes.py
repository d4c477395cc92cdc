"""The home page and the contact page."""

from portal import clock
from portal.actions.contacts import contacts_of
from portal.models import Plan
from portal.models.jurisdictions import profiles
from portal.papers.notices import compose_contacts
from portal.rules.flows.plan import Phase
from portal.web.pages import show
from portal.web.plan_words import describe_rows
from portal.web.public import blueprint
from portal.web.public.notices import public_notices
from portal.web.public.provinces import chosen_province, province_tabs

NOTICES_AT_HOME = 10


@blueprint.get("/")
def home():
    """What anybody may know: public notices, pinned ones first (R2.51), the open plans (R11.14), and the look-ups."""
    province = chosen_province()
    notices = public_notices(province).limit(NOTICES_AT_HOME)
    now = clock.now()
    plans = Plan.visible_to(None)
    if province:
        plans = plans.where(Plan.province == province)
    current = [
        plan for plan in plans.order_by(Plan.closes_on, Plan.id) if plan.phase(now) in (Phase.OPEN, Phase.PUBLISHED)
    ]
    return show(
        "public/home.html", notices=list(notices), plans=describe_rows(current, now), province=province,
        provinces=province_tabs("public.home", province),
    )  # fmt: skip


@blueprint.get("/contact")
def contact():
    """Whom to ask: departments with persons, telephones, mail and address, as edited by each province (R11.13)."""
    province = chosen_province()
    shown = [profile for key, profile in profiles().items() if province in ("", key)]
    return show(
        "public/contact.html", province=province, provinces=province_tabs("public.contact", province),
        sections=[(profile.name, compose_contacts(contacts_of(profile.key))) for profile in shown],
    )  # fmt: skip
