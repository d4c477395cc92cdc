"""The decisions: approve, return, reject, undo, extend, withdraw, late stamp — from the case page or a queue row."""

from types import SimpleNamespace

from flask import redirect, request

from portal.actions.cases import Decision, decide, extend_correction
from portal.actions.registration_files import record_stamp_exception
from portal.actions.registrations import withdraw_registration
from portal.actions.undoing import undo_decision
from portal.models import Case, Submission, queues
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.registration import Action
from portal.rules.kinds import KINDS, noun_of
from portal.rules.submission import items
from portal.rules.workflow import IN_REVIEW
from portal.web.desk import desk_counters, forget_counters
from portal.web.desk.case_words import last_words, with_last
from portal.web.desk.files import visible_case
from portal.web.desk.forms import DecisionForm, ExtendForm, LateStampForm, WithdrawForm
from portal.web.desk.queue import counter_items, here, lines_of, queue_context, tab_items
from portal.web.desk.rooms import ROOMS, parts_of, show_case
from portal.web.guards import actor
from portal.web.pages import go, show

OUTDATED = "页面已过期，请刷新后再办理。"
LONGEST = 500


def approve(id_: int):
    """GET: the row's own small form; POST /cases/17/approve."""
    return _row_form(id_, Action.PASS) if request.method == "GET" else _decide(id_, Action.PASS)


def reject(id_: int):
    """GET: the row's own small form; POST /cases/17/reject."""
    return _row_form(id_, Action.REJECT) if request.method == "GET" else _decide(id_, Action.REJECT)


def return_case(id_: int):
    """POST /cases/17/return: back for correction of the ticked items."""
    return _decide(id_, Action.RETURN)


def undo(id_: int):
    """POST /cases/17/undo: take back the last decision; `at` says where the button stood (today, row or case)."""
    desk, found = here(), visible_case(id_)
    at = request.form.get("at") or ("row" if "row" in request.form else "case")
    event = undo_decision(found, actor=actor(), seen=_seen())
    forget_counters()
    said = {"tone": "good", "text": f"{found.title}：{event.note}，已恢复到决定之前。", "details": ()}
    if at == "row" and request.htmx:
        return _row(id_, 200, message=said)
    if at == "today" and request.htmx:
        return show("desk/queue.html", pieces=("desk/_queue.html",), message=said, **queue_context(desk))
    place = f"{desk.base}/{id_}{desk.suffix}" if at == "case" else f"{desk.base}{desk.suffix}"
    return go(place, said["text"])


def extend(id_: int):
    """POST /cases/17/extend: more time for a correction (R3.44)."""

    def verb(found, form):
        extend_correction(found, actor=actor(), seen=_seen(), until=form.until.data, note=form.note.data)

    return _act(id_, ExtendForm, "extend", verb, "补正期限已延长。")


def withdraw(id_: int):
    """POST /cases/17/withdraw: by the unit, with a reason (R3.43)."""

    def verb(found, form):
        withdraw_registration(found, actor=actor(), seen=_seen(), note=form.note.data)

    return _act(id_, WithdrawForm, "withdraw", verb, "报名已撤回，申请人会收到通知。")


def late_stamp(id_: int):
    """POST /cases/17/late-stamp: the unit records why the stamped form comes later (R0.17, R3.37)."""

    def verb(found, form):
        record_stamp_exception(
            found, actor=actor(), seen=_seen(), reason=form.reason.data, reported_to=form.reported_to.data,
            on=form.on.data, until=form.until.data,
        )  # fmt: skip

    return _act(id_, LateStampForm, "stamp", verb, "已登记延后提交盖章申报表，审核可以继续。")


def typed_decision(found: Case, action: str, form: DecisionForm) -> tuple[Decision, SimpleNamespace]:
    """The decision as typed on the case page, and what to keep on the page when it is refused.

    Only items that the newest submission has can be returned, whatever the request says.
    """
    sent = request.form.getlist("item")
    known = _item_labels(found) if sent else {}
    ticked = [key for key in sent if key in known]
    faults = {key: " ".join(request.form.get(f"fault:{key}", "").split())[:LONGEST] for key in known}
    waivers = {
        name.removeprefix("waiver:"): value.strip()[:LONGEST]
        for name, value in request.form.items()
        if name.startswith("waiver:") and value.strip()
    }
    decision = Decision(
        action,
        note=form.note.data or "",
        items=tuple({"key": key, "label": known[key], "note": faults[key]} for key in dict.fromkeys(ticked)),
        due_on=form.due_on.data if action == Action.RETURN else None,
        second_reason=form.second_reason.data or "",
        waivers=waivers if action == Action.PASS else {},
        confirmed=bool(form.confirmed.data),
    )
    return decision, SimpleNamespace(items=frozenset(ticked), faults=faults, waivers=waivers)


def _item_labels(found: Case) -> dict[str, str]:
    """The items of the newest submission; only registrations have any."""
    newest = Submission.select().where(Submission.case == found.id).order_by(Submission.number.desc()).first()
    return {item.key: item.label for item in items(newest.data, newest.files)} if newest else {}


def _decide(id_: int, action: str):
    desk, person, found = here(), actor(), visible_case(id_)
    if "row" in request.form and request.form["row"].split(":")[0] == str(id_):
        return _decide_row(found, action)
    form = DecisionForm()
    form.validate_on_submit()
    decision, typed = typed_decision(found, action, form)
    if form.errors and (form.due_on.errors or form.note.errors or form.second_reason.errors):
        return show_case(found, 422, form=form, typed=typed)
    following = queues.next_after(person, desk.filters, found.due_on, found.id)
    try:
        event = decide(found, decision, actor=person, seen=_seen())
    except Invalid as refusal:
        form.refuse(refusal)
        return show_case(found, 422, form=form, typed=typed)
    except Stale as refusal:
        said = {"tone": "bad", "text": refusal.message, "details": ()}
        return show_case(Case.get_by_id(id_), 409, message=said)
    forget_counters()
    if action in ROOMS[found.kind].stays_after:
        return go(f"{desk.base}/{id_}{desk.suffix}", f"{found.title}：{event.label}。")
    if following is None:
        return go(f"{desk.base}{desk.suffix}", f"{found.title}：{event.label}。当前筛选条件下已全部办完。")
    place = with_last(desk, following, id_)
    if not request.htmx:
        return redirect(place, 303)
    # The next case follows at once; its address goes into the bar, so that a reload shows the same.
    response = show_case(visible_case(following), last=last_words(desk, found, event))
    response.headers["HX-Push-Url"] = place
    return response


def _decide_row(found: Case, action: str):
    """A decision made in the queue: only the row and the counters change (R3.31)."""
    desk, id_ = here(), found.id
    decision = Decision(
        action,
        note=request.form.get(f"note-{id_}", "").strip()[:1000],
        confirmed=bool(request.form.get(f"confirmed-{id_}")),
    )
    try:
        event = decide(found, decision, actor=actor(), seen=_seen())
    except Invalid as refusal:
        if request.htmx:
            return _row(id_, 422, piece="desk/_row_form.html", action=action, refusal=refusal.message, typed=decision)
        form = DecisionForm(formdata=None, data={"note": decision.note})
        form.refuse(refusal)
        return show_case(found, 422, form=form)
    except Stale as refusal:
        said = {"tone": "bad", "text": refusal.message, "details": ()}
        if request.htmx:
            return _row(id_, 409, message=said, refusal=refusal.message)
        return show_case(Case.get_by_id(id_), 409, message=said)
    forget_counters()
    if request.htmx:
        return _row(id_, 200, event=event)
    return go(f"{desk.base}?{request.query_string.decode()}".rstrip("?"), f"{found.title}：{event.label}。")


def _row(id_: int, status: int, *, piece: str = "", event=None, refusal: str = "", **context):
    """One row as it is now, in place of the one that was pressed, and the counters beside it."""
    desk, person = here(), actor()
    found = Case.get_by_id(id_)
    waiting = found.office_id == person.office and found.state == IN_REVIEW
    piece = piece or ("desk/_row.html" if waiting and event is None else "desk/_row_done.html")
    line = lines_of([queues.one_row(person, id_)], person)[0]
    response = show(
        "desk/queue.html", pieces=(piece, "desk/_counters.html"), status=status, desk=desk, filters=desk.filters,
        kinds=KINDS, line=line, event=event, version=found.version, refusal=refusal, estimated_note="",
        counters=counter_items(desk, desk_counters(person)), tabs=tab_items(desk, desk_counters(person), person),
        **context,
    )  # fmt: skip
    response.headers["HX-Retarget"] = f"#case-{id_}"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _row_form(id_: int, action: str):
    """The small form of a row; without htmx the case page, where the same decision is made."""
    desk, found = here(), visible_case(id_)
    if not request.htmx:
        return redirect(f"{desk.base}/{id_}{desk.suffix}#decision", 303)
    if not KINDS[found.kind].in_bulk:
        return go(f"{desk.base}/{id_}{desk.suffix}")
    return _row(id_, 200, piece="desk/_row_form.html", action=action, typed=Decision(action))


def row(id_: int):
    """GET /cases/17/row: the row as it stands, when its small form is given up."""
    desk = here()
    visible_case(id_)
    return _row(id_, 200) if request.htmx else redirect(f"{desk.base}{desk.suffix}", 303)


def _act(id_: int, form_class, prefix: str, verb, said: str):
    """One of the forms under the data: shape, verb, and the case page again."""
    desk, found = here(), visible_case(id_)
    form = form_class(prefix=f"{prefix}-")
    if form.validate_on_submit():
        try:
            verb(found, form)
            return go(f"{desk.base}/{id_}{desk.suffix}", said)
        except Invalid as refusal:
            form.refuse(refusal)
        except Stale as refusal:
            message = {"tone": "bad", "text": refusal.message, "details": ()}
            return show_case(Case.get_by_id(id_), 409, message=message)
    name = {"extend": "extend_form", "withdraw": "withdraw_form", "stamp": "stamp_form"}[prefix]
    if parts_of(found).get(name) is None:
        raise NotAllowed(f"这件{noun_of(found.kind)}现在不能进行这项操作。")
    return show_case(found, 422, **{name: form})


def _seen() -> int:
    """The version the page showed; raises Stale for none."""
    text = request.form.get("seen") or request.form.get("row", "").rpartition(":")[2]
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Stale(OUTDATED)
    return int(text)


ROUTES = (
    ("/<int:id_>/row", ["GET"], row),
    ("/<int:id_>/approve", ["GET", "POST"], approve),
    ("/<int:id_>/reject", ["GET", "POST"], reject),
    ("/<int:id_>/return", ["POST"], return_case),
    ("/<int:id_>/undo", ["POST"], undo),
    ("/<int:id_>/extend", ["POST"], extend),
    ("/<int:id_>/withdraw", ["POST"], withdraw),
    ("/<int:id_>/late-stamp", ["POST"], late_stamp),
)
