"""What the case page says of every kind of case: claim, deadline, opinions, record, and the decision before."""

from types import SimpleNamespace
from urllib.parse import urlencode

from flask import request

from portal import clock
from portal.actions import cases
from portal.actions.claims import is_held_by_other
from portal.actions.undoing import undoable
from portal.models import Case, queues
from portal.models.cases import due_or_none
from portal.models.dossiers import Dossier, scans_ahead
from portal.models.jurisdictions import profile_of
from portal.rules.flows import FLOWS
from portal.rules.flows.registration import Action
from portal.rules.kinds import KINDS
from portal.rules.workdays import ESTIMATED_NOTE
from portal.rules.workflow import IN_REVIEW
from portal.web.desk import desk_calendar
from portal.web.desk.queue import Desk, here
from portal.web.guards import actor

WIDTH = 1200  # of a scan's page in the viewer, pixels


def shared_context(found: Case, dossier: Dossier) -> dict:
    """What the page of any kind of case needs about its standing, its reader's turn and its record."""
    desk, person, kind = here(), actor(), KINDS[found.kind]
    step, flow, href = dossier.step, FLOWS[found.kind], f"{desk.base}/{found.id}"
    in_review = found.state == IN_REVIEW and step is not None
    my_turn = in_review and step is dossier.mine
    obstacle = cases.other_eyes_needed(found, dossier.steps, person) if my_turn else ""
    following = queues.next_after(person, desk.filters, found.due_on, found.id) if my_turn else None
    return {
        "desk": desk,
        "href": href,
        "noun": kind.noun,
        "dossier": dossier,
        "ahead": scans_next(desk, following),
        "opinions": opinions_of(dossier),
        "events": lines_of_record(dossier, href),
        "state_word": kind.waiting_label(profile_of(found.province), step.seat) if in_review else
        flow.labels[found.state],
        "state_tone": "info" if found.state == IN_REVIEW else flow.tones[found.state],
        "holder_office": step.office.name if in_review else "",
        "due": due_of(found),
        "can_decide": my_turn and not obstacle,
        "obstacle": obstacle,
        "undo": undoable(found, person),
        "following": f"{desk.base}/{following}{desk.suffix}" if following else "",
        "last": last_of(desk),
        **claim_context(found),
    }  # fmt: skip


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


def document_of(dossier: Dossier, base: str, id_: int, label: str, word: tuple[str, str], files) -> SimpleNamespace:
    version = dossier.files[id_]
    number = f"（{list(files).index(id_) + 1}）" if len(files) > 1 else ""
    return SimpleNamespace(
        id=id_, label=f"{label}{number}", download=f"{base}/{id_}", tone=word[0], word=word[1],
        pages=[f"{base}/{id_}/pages/{page}?w={WIDTH}" for page in range(1, max(version.pages, 0) + 1)],
    )  # fmt: skip


def scans_next(desk: Desk, following: int | None) -> list[str]:
    """Addresses of the next case's first pages, which the viewer loads when it is idle; looking claims nothing."""
    if following is None:
        return []
    base = f"{desk.base}/{following}/files"
    return [f"{base}/{id_}/pages/1?w={WIDTH}" for id_, pages in scans_ahead(following)[:6] if pages]


def opinions_of(dossier: Dossier) -> list[SimpleNamespace]:
    """What each level has said, oldest first, without decisions that were taken back."""
    outcomes = KINDS[dossier.case.kind].outcomes
    undone = {event.data.get("undone") for event in dossier.events if event.action == Action.UNDO}
    return [
        SimpleNamespace(
            office=event.on_behalf or event.body, who=_name(event), at=event.at.strftime("%Y-%m-%d %H:%M"),
            word=event.label, tone=outcomes[event.action][0], note=event.note,
        )
        for event in dossier.events
        if event.action in outcomes and event.id not in undone
    ]  # fmt: skip


def lines_of_record(dossier: Dossier, base: str) -> list[SimpleNamespace]:
    """The trail of the case, newest first (R12.02); claims are shown apart."""
    outcomes, lines = KINDS[dossier.case.kind].outcomes, []
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
                tone=outcomes.get(event.action, ("", ""))[0], files=files, passing=event.action in cases.PASSING,
            )
        )
    return lines


def due_of(found: Case) -> SimpleNamespace:
    calendar, today, due = desk_calendar(), clock.today(), due_or_none(found.due_on)
    left = calendar.remaining(today, due)
    paused = found.paused_on is not None
    return SimpleNamespace(
        on=due, word="计时已暂停" if paused else left.word, tone="neutral" if paused else left.tone,
        note=ESTIMATED_NOTE if due and calendar.is_estimated(today, due) else "",
    )


def last_of(desk: Desk) -> SimpleNamespace | None:
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


def with_last(desk: Desk, id_: int, last: int) -> str:
    """The address of a case that also names the case decided before it."""
    return f"{desk.base}/{id_}?{urlencode({**desk.filters.without_page().query(), 'last': last})}"


def _name(event) -> str:
    return f"{event.name}（代{event.deputy_for}）" if event.deputy_for else event.name
