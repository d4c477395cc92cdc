"""我的报名: the plans to register for, own registrations with their status, and what one can do with each."""

from types import SimpleNamespace

from flask import request, url_for

from portal import clock
from portal.actions import people, registration_files, registrations
from portal.actions.cases import PASSING
from portal.actions.registration_copy import open_correction
from portal.actions.registration_guards import offered_occupations
from portal.models import Case, Correction, Event, Plan, PlatformAccount, Region, Registration, Step
from portal.models.jurisdictions import profile_of
from portal.papers.correction import print_correction
from portal.papers.registration import print_registration
from portal.rules.errors import Invalid
from portal.rules.flows.plan import PHASE_LABELS, PHASE_TONES, Phase, PlanState
from portal.rules.flows.registration import ADMITTED, FLOW, Action, State
from portal.rules.workflow import Seat
from portal.storage import SCAN
from portal.web.applicant import blueprint
from portal.web.applicant.filling import (
    applicant_groups,
    describe_stamp,
    own_case,
    results_for_page,
    seen_version,
)
from portal.web.applicant.home import own_person
from portal.web.applicant.uploads import keep_scans
from portal.web.files import send_bytes, store
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.plan_words import links_of

_TONES = {Action.PASS: "good", Action.RETURN: "late", Action.REJECT: "bad", Action.WITHDRAW: "neutral"}


@blueprint.get("/registrations", endpoint="registrations")
def list_registrations():
    """The plans and the own registrations with their status (R3.01)."""
    person = own_person()
    rows = [describe_row(case) for case in own_cases(person)]
    plans = [describe_plan(plan, person) for plan in open_plans(person)]
    return show(
        "applicant/registrations.html", pieces=("applicant/_registrations.html",), rows=rows, plans=plans,
        missing=people.missing_fields(person), first=registrations.PROFILE_FIRST,
    )  # fmt: skip


@blueprint.get("/plans/<int:id>")
def plan(id: int):
    """考评详细: dates, occupations, conditions, places (R2.03)."""
    person = own_person()
    row = get_or_404(published_plans().where(Plan.id == id))
    profile = profile_of(row.province)
    regions = [name for (name,) in Region.select(Region.name).where(Region.code.in_(row.regions)).tuples()]
    unit = person.organisation
    offered = offered_occupations(row, unit) if unit else []
    return show(
        "applicant/plan.html", plan=row, entry=describe_plan(row, person), regions=regions or [f"{profile.name}全省"],
        occupations=offered, organisation=unit, groups=applicant_groups(row), grade=profile.grade(row.grade).name,
        conditions=profile.conditions(row.grade), declarations=profile.declarations_for(row.grade),
        links=links_of(row),
    )  # fmt: skip


@blueprint.post("/plans/<int:id>/register")
def register(id: int):
    """报名: a draft, or the reason why not (R1.05, R2.05)."""
    row = get_or_404(published_plans().where(Plan.id == id))
    case = registrations.open_registration(row, actor=actor())
    return go(url_for("applicant.fill_registration", id=case.id))


@blueprint.get("/registrations/<int:id>")
def registration(id: int):
    """One registration: who has it now and until when, what happened, what can be done."""
    return _show_registration(own_case(id))


@blueprint.post("/registrations/<int:id>/print")
def print_form(id: int):
    """The 申报表 as PDF; a POST, because a changed content makes a new version."""
    case = own_case(id)
    content = print_registration(Registration.get_by_id(id), actor=actor(), store=store())
    return send_bytes(content, f"申报表-{case.title}.pdf")


@blueprint.post("/registrations/<int:id>/stamped-form")
def upload_stamped_form(id: int):
    """The scan of the stamped 申报表, in the draft or later (R3.36, R3.37)."""
    case = own_case(id)
    place = "applicant.fill_registration" if case.state in (State.DRAFT, State.RETURNED) else "applicant.registration"
    try:
        kept = keep_scans("scan")
        if not kept:
            raise Invalid("scan", "请选择盖章申报表的扫描件。")
        for each in kept[-1:]:
            registration_files.attach_stamped_form(case, actor=actor(), kept=each)
    except Invalid as refusal:
        return go(url_for(place, id=id) + "#stamp", ("bad", refusal.message))
    return go(url_for(place, id=id) + "#stamp", "盖章的申报表已上传。")


@blueprint.get("/registrations/<int:id>/corrections/<int:correction>")
def open_notice(id: int, correction: int):
    """The 一次性补正告知书 as PDF."""
    case = own_case(id)
    row = get_or_404(Correction.select().where(Correction.id == correction, Correction.case == case.id))
    content, name = print_correction(row, actor=actor())
    return send_bytes(content, name)


@blueprint.post("/registrations/<int:id>/withdraw")
def withdraw(id: int):
    """撤回报名, or give up a draft (R3.43)."""
    case = own_case(id)
    note = request.form.get("note", "")
    registrations.withdraw_registration(case, actor=actor(), seen=seen_version(case), note=note)
    return go(url_for("applicant.registrations"), "报名已撤回。")


@blueprint.post("/registrations/<int:id>/group-joined")
def join_group(id: int):
    """The participant confirms having joined the work group."""
    case = own_case(id)
    registrations.set_group_joined(case, actor=actor())
    return go(url_for("applicant.registration", id=id), "已记录您加入工作群。")


def own_cases(person) -> list[Case]:
    """The person's registrations, newest first; drafts that were given up are left out."""
    rows = Case.select().where(Case.person == person.id, Case.kind == FLOW.name)
    return list(rows.where((Case.state != State.WITHDRAWN) | Case.number.is_null(False)).order_by(Case.id.desc()))


def published_plans():
    """Every plan that was published; those of another province open too, and say whom they are for."""
    return Plan.select().where(Plan.state != PlanState.DRAFT)


def open_plans(person) -> list[Plan]:
    """The plans to show in 我的报名: open and coming ones first, then the most recently closed."""
    own = published_plans().where(Plan.province == person.province)
    rows = list(own.order_by(Plan.opens_on.desc()).limit(100))
    order = {Phase.OPEN: 0, Phase.PUBLISHED: 1}
    now = clock.now()
    return sorted(rows, key=lambda row: order.get(row.phase(now), 2))[:30]


def describe_plan(row: Plan, person) -> SimpleNamespace:
    """One plan for the list: its phase, the button or why there is none, and an own live registration."""
    phase = row.phase(clock.now())
    own = registrations.live_registrations(row, person)
    reason = registrations.why_not(row, person)
    # With an incomplete profile the button stays: pressing it says what to do first, in the prescribed words (R1.05).
    can_try = phase == Phase.OPEN and reason in ("", registrations.PROFILE_FIRST)
    return SimpleNamespace(
        plan=row, phase=phase, label=PHASE_LABELS[phase], tone=PHASE_TONES[phase], can_try=can_try,
        reason="" if can_try else reason, own=own[0].case_id if own else None,
        grade=profile_of(row.province).grade(row.grade).name,
    )  # fmt: skip


def describe_row(case: Case) -> SimpleNamespace:
    """One own registration for the list."""
    row = Registration.get_by_id(case.id)
    editable = case.state in (State.DRAFT, State.RETURNED)
    return SimpleNamespace(
        case=case, plan=row.plan, occupation=row.occupation, standing=registrations.standing(case), editable=editable,
        href=url_for("applicant.fill_registration" if editable else "applicant.registration", id=case.id),
    )  # fmt: skip


def _show_registration(case: Case):
    row = Registration.get_by_id(case.id)
    steps = list(Step.select().where(Step.case == case.id).order_by(Step.position))
    unit_passed = bool(steps) and steps[0].outcome == Action.PASS
    account = PlatformAccount.get_or_none(PlatformAccount.registration == case.id)
    approved = case.state in ADMITTED
    return show(
        "applicant/registration.html", case=case, registration=row, plan=row.plan, steps=steps,
        standing=registrations.standing(case), events=_timeline(case), results=results_for_page(row),
        stamp=describe_stamp(row), correction=open_correction(case), scan_bytes=SCAN.max_bytes,
        groups=applicant_groups(row.plan) if approved or case.state == State.UNDER_REVIEW else [],
        account=account if approved else None, approved=approved,
        items=[item for item in registrations.items_of(row) if item.value or item.files],
        can_withdraw=case.state in (State.UNDER_REVIEW, State.RETURNED) and not unit_passed,
        editable=case.state in (State.DRAFT, State.RETURNED),
    )  # fmt: skip


def _timeline(case: Case) -> list[SimpleNamespace]:
    """What happened, newest first; bodies are named, not their staff."""
    corrections = {row.id: row for row in Correction.select().where(Correction.case == case.id)}
    hidden = (*PASSING, "print_form", "upload", "remove_file", "view")
    events = Event.select().where(Event.case == case.id, Event.action.not_in(hidden)).order_by(Event.id.desc())
    return [
        SimpleNamespace(
            at=f"{event.at:%Y-%m-%d %H:%M}",
            who="本人" if event.seat == Seat.APPLICANT else event.on_behalf or event.body or event.name,
            what=event.label,
            reason=event.note,
            tone=_TONES.get(event.action, ""),
            files=[
                ("补正告知书", url_for("applicant.open_notice", id=case.id, correction=number))
                for number in [event.data.get("correction")]
                if number in corrections
            ],
        )
        for event in events
    ]
