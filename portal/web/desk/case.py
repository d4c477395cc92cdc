"""The case page: scans beside data, conditions, changes, opinions and history; claiming while it is shown."""

from types import SimpleNamespace
from urllib.parse import urlencode

from flask import request

from portal import clock
from portal.actions import cases, deadlines
from portal.actions.claims import claim_case, is_held_by_other, release_case
from portal.actions.reasons import reasons_for
from portal.actions.recusal import is_own_case
from portal.actions.registration_choices import fixed_keys
from portal.actions.registration_copy import awaits_stamp, has_valid_stamp, months_of, unpack_results
from portal.actions.undoing import undoable
from portal.models import Case, queues
from portal.models.cases import due_or_none
from portal.models.dossiers import Dossier, dossier_of, scans_ahead
from portal.models.jurisdictions import profile_of
from portal.rules.eligibility import needs_waiver
from portal.rules.errors import Stale
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import ADMITTED, Action, State
from portal.rules.workdays import ESTIMATED_NOTE
from portal.rules.workflow import IN_REVIEW, Seat
from portal.web.desk import desk_calendar
from portal.web.desk.files import visible_case
from portal.web.desk.forms import DecisionForm, ExtendForm, LateStampForm, WithdrawForm
from portal.web.desk.queue import OUTCOME_WORDS, RETURN, Desk, here
from portal.web.guards import actor
from portal.web.pages import go, show

VERDICTS = {"met": "met", "not_met": "not_met", "judgement": "judge"}
WIDTH = 1200  # of a scan's page in the viewer, pixels


def case(id_: int):
    """GET /cases/17: the split view, whole or as a piece; claims nothing."""
    found = visible_case(id_)
    return show("desk/case.html", pieces=("desk/_desk.html",), **case_context(found))


def claim(id_: int):
    """POST /cases/17/claim: made when the page is shown; a colleague's claim is left alone."""
    return _claim(id_, take_over=False)


def take_over(id_: int):
    """POST /cases/17/take-over: the colleague's claim becomes this reader's, visibly."""
    return _claim(id_, take_over=True)


def release(id_: int):
    """POST /cases/17/release: back to the queue."""
    desk, found = here(), visible_case(id_)
    release_case(found, actor=actor())
    return go(f"{desk.base}{desk.suffix}", f"{found.title}的报名已放回待办。")


def _claim(id_: int, *, take_over: bool):
    desk, found = here(), visible_case(id_)
    status, message = 200, None
    try:
        found = claim_case(found, actor=actor(), take_over=take_over)
    except Stale as refusal:
        status, message = 409, {"tone": "warn", "text": refusal.message, "details": ()}
        found = Case.get_by_id(id_)
    if request.htmx:
        return show("desk/case.html", pieces=("desk/_claim.html",), status=status, desk=desk, **claim_context(found))
    if message:
        return show("desk/case.html", status=409, **case_context(found, message=message))
    return go(f"{desk.base}/{id_}{desk.suffix}")


def claim_context(found: Case) -> dict:
    """What the claim mark says."""
    person = actor()
    running = found.claimed_until is not None and found.claimed_until > clock.now() and found.claimed_by_id is not None
    return {
        "case": found,
        "holder": found.claimed_by.name if running else "",
        "is_mine": running and found.claimed_by_id == person.user,
        "is_other": is_held_by_other(found, person.user),
    }


def case_context(
    found: Case, *, form: DecisionForm | None = None, typed=None, message: dict | None = None, **more
) -> dict:
    """Everything the case templates need; `typed` keeps ticks, notes and waivers of a refused form."""
    desk, person = here(), actor()
    dossier = dossier_of(found, person)
    step, profile = dossier.step, profile_of(found.province)
    my_turn = found.state == IN_REVIEW and step is not None and step is dossier.mine
    obstacle = cases.other_eyes_needed(found, dossier.steps, person) if my_turn else ""
    can_decide = my_turn and not obstacle
    is_own = is_own_case(found, person)
    results = _results(dossier, typed, is_last=step is not None and step.position == len(dossier.steps) - 1)
    following = queues.next_after(person, desk.filters, found.due_on, found.id) if my_turn else None
    context = {
        "desk": desk,
        "href": f"{desk.base}/{found.id}",
        "dossier": dossier,
        "form": form or DecisionForm(formdata=None),
        "typed": typed or SimpleNamespace(items=frozenset(), faults={}, waivers={}),
        "message": message,
        "documents": _documents(dossier, f"{desk.base}/{found.id}/files"),
        "ahead": _ahead(desk, following),
        "groups": _groups(dossier),
        "changes": _changes(dossier),
        "results": results,
        "months": months_of(dossier.submission.data, dossier.submission.at.date()) if dossier.submission else 0,
        "opinions": _opinions(dossier),
        "events": _events(dossier, f"{desk.base}/{found.id}"),
        "state_word": profile.state_label(step.seat) if my_turn or (found.state == IN_REVIEW and step) else
        FLOWS[found.kind].labels[found.state],
        "state_tone": "info" if found.state == IN_REVIEW else FLOWS[found.kind].tones[found.state],
        "holder_office": step.office.name if found.state == IN_REVIEW and step else "",
        "due": _due(found),
        "can_decide": can_decide,
        "return_word": RETURN,
        "fixed": fixed_keys(found) if can_decide else frozenset(),
        "obstacle": obstacle,
        "confirms": step is not None and step.seat == Seat.UNIT,
        "reasons": {kind: reasons_for(found.province, kind) for kind in ("return", "reject")} if can_decide else {},
        "correction_due": deadlines.correction_due(found, clock.today()) if can_decide else None,
        "is_second": any(each.withdrawn_at is None for each in dossier.corrections),
        "can_record": None if is_own else cases.acts_for(found, person),
        "undo": undoable(found, person),
        "is_final": found.state in ADMITTED or found.state == State.REJECTED,
        "following": f"{desk.base}/{following}{desk.suffix}" if following else "",
        "last": _last(desk),
        **_unit_forms(found, dossier, person, is_own),
        **claim_context(found),
    }  # fmt: skip
    return context | more


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
    late = own_unit and stamp is not None and stamp.wanted and not stamp.valid
    late = late and found.state in (IN_REVIEW, State.RETURNED)
    return {
        "stamp": stamp,
        "extend_form": ExtendForm(formdata=None, prefix="extend-") if returned_here else None,
        "withdraw_form": WithdrawForm(formdata=None, prefix="withdraw-")
        if own_unit and found.state in (IN_REVIEW, State.RETURNED) else None,
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
        shown += [_document(dossier, base, id_, item.label, word, files) for id_ in files if id_ in dossier.files]
        old = before.get(item.key)
        if old:
            gone = [id_ for id_ in old.files if id_ not in files and id_ in dossier.files]
            shown += [_document(dossier, base, id_, item.label, ("neutral", "修改前"), gone) for id_ in gone]
    return shown


def _document(dossier: Dossier, base: str, id_: int, label: str, word: tuple[str, str], files) -> SimpleNamespace:
    version = dossier.files[id_]
    number = f"（{list(files).index(id_) + 1}）" if len(files) > 1 else ""
    return SimpleNamespace(
        id=id_, label=f"{label}{number}", download=f"{base}/{id_}", tone=word[0], word=word[1],
        pages=[f"{base}/{id_}/pages/{page}?w={WIDTH}" for page in range(1, max(version.pages, 0) + 1)],
    )  # fmt: skip


def _ahead(desk: Desk, following: int | None) -> list[str]:
    """Addresses of the next case's first pages, which the viewer loads when it is idle; looking claims nothing."""
    if following is None:
        return []
    base = f"{desk.base}/{following}/files"
    return [f"{base}/{id_}/pages/1?w={WIDTH}" for id_, pages in scans_ahead(following)[:6] if pages]


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


def _opinions(dossier: Dossier) -> list[SimpleNamespace]:
    """What each level has said, oldest first, without decisions that were taken back."""
    undone = {event.data.get("undone") for event in dossier.events if event.action == Action.UNDO}
    return [
        SimpleNamespace(
            office=event.on_behalf or event.body, who=_name(event), at=event.at.strftime("%Y-%m-%d %H:%M"),
            word=event.label, tone=OUTCOME_WORDS[event.action][0], note=event.note,
        )
        for event in dossier.events
        if event.action in OUTCOME_WORDS and event.id not in undone
    ]  # fmt: skip


def _events(dossier: Dossier, base: str) -> list[SimpleNamespace]:
    """The trail of the case, newest first (R12.02); claims are shown apart."""
    lines = []
    for event in reversed(dossier.events):
        files = []
        if event.data.get("correction"):
            files.append(("一次性补正告知书", f"{base}/corrections/{event.data['correction']}"))
        recorded = event.data.get("on_behalf")
        if recorded and recorded.get("file"):
            files.append((f"决定文件 {recorded['document_number']}", f"{base}/files/{recorded['file']}"))
        who = f"{event.body or '申请人'} {_name(event)}"
        if event.on_behalf:
            paper = f"决定日期{recorded['decided_on']}，文号{recorded['document_number']}"
            office = event.office.name if event.office else ""
            who = f"{event.on_behalf}（{paper}），由{office} {_name(event)}代录"
        reason = event.note
        if event.data.get("until") and event.action == Action.EXTEND:
            reason = f"延长至{event.data['until']}。{reason}"
        lines.append(
            SimpleNamespace(
                at=event.at.strftime("%Y-%m-%d %H:%M"), who=who, what=event.label, reason=reason,
                tone=OUTCOME_WORDS.get(event.action, ("", ""))[0], files=files, passing=event.action in cases.PASSING,
            )
        )
    return lines


def _due(found: Case) -> SimpleNamespace:
    calendar, today, due = desk_calendar(), clock.today(), due_or_none(found.due_on)
    left = calendar.remaining(today, due)
    paused = found.paused_on is not None
    return SimpleNamespace(
        on=due, word="计时已暂停" if paused else left.word, tone="neutral" if paused else left.tone,
        note=ESTIMATED_NOTE if due and calendar.is_estimated(today, due) else "",
    )


def _last(desk: Desk):
    """The decision that led here, with its undo, when the address names it."""
    id_ = request.args.get("last", type=int)
    row = Case.visible_to(actor()).where(Case.id == id_).first() if id_ else None
    event = undoable(row, actor()) if row else None
    if event is None or event.user_id != actor().user:
        return None
    return last_words(desk, row, event)


def last_words(desk: Desk, row: Case, event) -> SimpleNamespace:
    """The strip that names the decision before this case, with its undo."""
    href = f"{desk.base}/{row.id}/undo{desk.suffix}"
    return SimpleNamespace(title=row.title, label=event.label, version=event.data["version"], href=href)


def _name(event) -> str:
    return f"{event.name}（代{event.deputy_for}）" if event.deputy_for else event.name


def with_last(desk: Desk, id_: int, last: int) -> str:
    """The address of a case that also names the case decided before it."""
    return f"{desk.base}/{id_}?{urlencode({**desk.filters.without_page().query(), 'last': last})}"


ROUTES = (
    ("/<int:id_>", ["GET"], case),
    ("/<int:id_>/claim", ["POST"], claim),
    ("/<int:id_>/take-over", ["POST"], take_over),
    ("/<int:id_>/release", ["POST"], release),
)
