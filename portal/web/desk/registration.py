"""The page of a registration's case: scans beside data, conditions, changes, and what the office may do with it."""

from types import SimpleNamespace

from portal import clock
from portal.actions import cases, deadlines
from portal.actions.class_traces import may_leave
from portal.actions.reasons import reasons_for
from portal.actions.recusal import is_own_case
from portal.actions.registration_choices import fixed_keys
from portal.actions.registration_copy import awaits_stamp, has_valid_stamp, months_of, unpack_results
from portal.models import Case
from portal.models.dossiers import Dossier, dossier_of
from portal.rules.eligibility import needs_waiver
from portal.rules.flows.registration import ADMITTED, State
from portal.rules.workflow import IN_REVIEW, Seat
from portal.web.desk.case_words import document_of, shared_context
from portal.web.desk.forms import DecisionForm, ExtendForm, LateStampForm, WithdrawForm
from portal.web.desk.queue import RETURN
from portal.web.guards import actor

VERDICTS = {"met": "met", "not_met": "not_met", "judgement": "judge"}


def context_of(found: Case, *, form: DecisionForm | None = None, typed=None) -> dict:
    """Everything the registration's templates need; `typed` keeps ticks, notes and waivers of a refused form."""
    person, dossier = actor(), dossier_of(found, actor())
    shared = shared_context(found, dossier)
    step, can_decide = dossier.step, shared["can_decide"]
    is_own = is_own_case(found, person)
    submission = dossier.submission
    return {
        **shared,
        "form": form or DecisionForm(formdata=None),
        "typed": typed or SimpleNamespace(items=frozenset(), faults={}, waivers={}),
        "documents": _documents(dossier, f"{shared['href']}/files"),
        "groups": _groups(dossier),
        "changes": _changes(dossier),
        "results": _results(dossier, typed, is_last=step is not None and step.position == len(dossier.steps) - 1),
        "months": months_of(submission.data, submission.at.date()) if submission else 0,
        "return_word": RETURN,
        "fixed": fixed_keys(found) if can_decide else frozenset(),
        "confirms": step is not None and step.seat == Seat.UNIT,
        "reasons": {kind: reasons_for(found.province, kind) for kind in ("return", "reject")} if can_decide else {},
        "correction_due": deadlines.correction_due(found, clock.today()) if can_decide else None,
        "is_second": any(each.withdrawn_at is None for each in dossier.corrections),
        "can_record": None if is_own else cases.acts_for(found, person),
        "is_final": found.state in ADMITTED or found.state == State.REJECTED,
        **_unit_forms(found, dossier, person, is_own),
    }


def _unit_forms(found: Case, dossier: Dossier, person, is_own: bool) -> dict:
    """What else the office may do: extend a correction, withdraw, record a late stamped form; nothing on one's own."""
    registration, first = dossier.registration, dossier.steps[0] if dossier.steps else None
    returned_here = found.state == State.RETURNED and found.office_id == person.office and not is_own
    own_unit = not is_own and person.seat == Seat.UNIT and first is not None and first.office_id == person.office
    stamp = None
    if registration is not None:
        registration.case = found
        wanted = registration.plan.require_stamped_form
        stamp = SimpleNamespace(
            wanted=wanted, valid=wanted and has_valid_stamp(registration),
            awaited=wanted and awaits_stamp(registration), exception=registration.stamp_exception,
        )  # fmt: skip
    can_leave = registration is not None and found.state == State.APPROVED and may_leave(registration)
    late = own_unit and stamp is not None and stamp.wanted and not stamp.valid
    late = late and found.state in (IN_REVIEW, State.RETURNED)
    return {
        "stamp": stamp,
        "extend_form": ExtendForm(formdata=None, prefix="extend-") if returned_here else None,
        "withdraw_form": WithdrawForm(formdata=None, prefix="withdraw-")
        if own_unit and (found.state in (IN_REVIEW, State.RETURNED) or can_leave) else None,
        "stamp_form": LateStampForm(formdata=None, prefix="stamp-") if late else None,
        "stamp_reasons": [r.text for r in reasons_for(found.province, "late_stamp")] if late else [],
    }  # fmt: skip


def _results(dossier: Dossier, typed, *, is_last: bool) -> list[SimpleNamespace]:
    registration = dossier.registration
    if registration is None:
        return []
    found = unpack_results(registration.results)
    waivable = {result.key for result in needs_waiver(found)} if is_last else set()
    waived = {waiver["key"]: waiver for waiver in registration.waivers}
    return [
        SimpleNamespace(
            key=result.key, verdict=VERDICTS[result.outcome], text=result.text or result.label, label=result.label,
            found=result.explanation, source=result.source, waivable=result.key in waivable,
            waived=waived.get(result.key), typed=typed.waivers.get(result.key, "") if typed else "",
        )
        for result in found
    ]  # fmt: skip


def _documents(dossier: Dossier, base: str) -> list[SimpleNamespace]:
    """The viewer's documents: those of the newest submission, and beside a changed one the version before."""
    before = {change.key: change.before for change in dossier.changes if change.before and change.before.files}
    changed = {change.key for change in dossier.changes}
    shown = []
    # What changed is looked at first, then the certificates; the portrait needs a glance only.
    papers = (item for item in dossier.items if item.is_file)
    for item in sorted(papers, key=lambda item: (item.key not in changed, item.key == "person.portrait")):
        stamped = item.key == "stamped_form" and dossier.registration and dossier.registration.stamped_form_id
        files = item.files or ((stamped,) if stamped else ())
        word = ("info", "有变化") if item.key in changed else ("", "")
        shown += [document_of(dossier, base, id_, item.label, word, files) for id_ in files if id_ in dossier.files]
        old = before.get(item.key)
        if old:
            gone = [id_ for id_ in old.files if id_ not in files and id_ in dossier.files]
            shown += [document_of(dossier, base, id_, item.label, ("neutral", "修改前"), gone) for id_ in gone]
    return shown


def _groups(dossier: Dossier) -> list[tuple[str, list[SimpleNamespace]]]:
    """The items in their groups, each with its mark of change."""
    changed = {change.key: change for change in dossier.changes}
    groups: dict[str, list] = {}
    for item in dossier.items:
        groups.setdefault(item.group, []).append(
            SimpleNamespace(
                key=item.key, label=item.label, value=item.value, is_file=item.is_file, change=changed.get(item.key),
                files=[id_ for id_ in item.files if id_ in dossier.files],
            )
        )  # fmt: skip
    return list(groups.items())


def _changes(dossier: Dossier) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            label=change.label, key=change.key, before=change.before.value if change.before else "",
            after=change.after.value if change.after else "",
            before_files=[i for i in change.before.files if i in dossier.files] if change.before else [],
            after_files=[i for i in change.after.files if i in dossier.files] if change.after else [],
        )
        for change in dossier.changes
    ]  # fmt: skip
