"""The 审核结果通知书 of one registration: from its final decision to PDF."""

from portal.actions.events import log_document
from portal.documents.decision import Decision, decision_pdf
from portal.models import Case, Event, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.flows.registration import ADMITTED, Action, State
from portal.rules.workflow import Actor


def print_decision(case: Case, *, actor: Actor) -> tuple[bytes, str] | None:
    """The notice as (PDF, file name), for the applicant and the reviewers alike; None before the final decision.

    It stands in the name of the deciding body, whoever clicked (R0.24). Raises MissingGlyph for a character that
    cannot be printed. The print is logged (R12.07).
    """
    event = final_decision(case)
    if event is None:
        return None
    record = _compose(case, event)
    content = decision_pdf(record)
    log_document("decision_notice", f"case:{case.id}", content, actor=actor, number=case.number or "")
    return content, f"审核结果通知书（{record.person}）.pdf"


def final_decision(case: Case) -> Event | None:
    """The event that decided the case for good, or None while it has none."""
    if case.state in ADMITTED:
        action, after = Action.PASS, State.APPROVED
    elif case.state == State.REJECTED:
        action, after = Action.REJECT, State.REJECTED
    else:
        return None
    return (
        Event.select()
        .where(Event.case == case.id, Event.action == str(action), Event.after == str(after))
        .order_by(Event.id.desc())
        .first()
    )


def _compose(case: Case, event: Event) -> Decision:
    registration = Registration.get_by_id(case.id)
    plan, profile = registration.plan, profile_of(case.province)
    wording, grade = profile.wording, profile.grade(plan.grade).name
    occupation = registration.occupation
    job = f"（{occupation.job}）" if occupation and occupation.job else ""
    is_approved = case.state in ADMITTED
    text = wording.approved_text if is_approved else wording.rejected_text
    words = text.format(
        name=case.title, plan=plan.name, occupation=f"{occupation.name}{job}" if occupation else "", grade=grade,
        reason=event.note,
    )  # fmt: skip
    reason = event.note if not is_approved else _opinion(event, registration)
    recorded = event.data.get("on_behalf")
    return Decision(
        person=case.title,
        plan_name=plan.name,
        case_number=case.number or str(case.id),
        is_approved=is_approved,
        reason=reason,
        decided_on=event.at.date(),
        deciding_body=event.on_behalf or event.body,
        number=recorded["document_number"] if recorded else "",
        unit=registration.organisation.name,
        occupation=f"{occupation.name}{job}" if occupation else "",
        handled_by="" if recorded else event.body and _handler(event),
        advice=words.removeprefix(f"{case.title}：") if is_approved else "",
        contact=_contact(plan),
        title=wording.result_title.format(grade=grade),
    )


def _opinion(event: Event, registration: Registration) -> str:
    """The opinion of an approval, with every waived condition and its reason (R3.19)."""
    parts = [event.note or "经审核，符合申报条件。"]
    parts += [f"“{waiver['label']}”同意放宽，理由：{waiver['reason']}" for waiver in registration.waivers]
    return "；".join(part.rstrip("；。") for part in parts) + "。"


def _handler(event: Event) -> str:
    return event.office.name if event.office else ""


def _contact(plan) -> str:
    contact = next((c for c in plan.contacts if c.get("phone") or c.get("mobile")), None)
    return f"{contact.get('name', '')} {contact.get('phone') or contact.get('mobile')}".strip() if contact else ""
