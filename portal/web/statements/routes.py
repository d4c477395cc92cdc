"""Filing a statement: the form against one decision, the draft with its evidence, submitting, withdrawing, reading."""

from types import SimpleNamespace

from flask import abort, request, url_for
from flask_wtf.file import MultipleFileField

from portal.actions import statements as verbs
from portal.actions.cases import PASSING
from portal.models import Case, Event, FileVersion, Office, Statement, Step, Submission
from portal.models.jurisdictions import profile_of
from portal.models.statements import Decided, decided_for, decided_of, evidence_of, statements_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.statement import FLOW, Action, State
from portal.rules.kinds import KINDS
from portal.rules.workflow import Seat
from portal.storage import SCAN
from portal.web.files import send, store
from portal.web.forms import PortalForm, TextField, WordsField, at_most
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page

_TONES = {Action.PASS: "good", Action.REJECT: "bad", Action.WITHDRAW: "neutral"}


class StatementForm(PortalForm):
    """What is stated, how to reach who states it, and the evidence."""

    text = WordsField("陈述申辩的事实和理由", [at_most(verbs.LONGEST)])
    contact = TextField("联系方式", [at_most(60)])
    scan = MultipleFileField("证据材料")


def statements():
    """GET /statements: the own ones, newest first."""
    page = take_page(statements_of(actor()), Case.id, newest_first=True)
    rows = [(case, decided_of(case.statement)) for case in page.rows]
    return show("statements/list.html", rows=rows, listed=page, flow=FLOW)


def file_statement():
    """GET and POST /statements/new?strike=3 (or bar=, credential=): the form, then a draft, or submitted at once."""
    decided = _decided()
    if request.method == "GET":
        open_one = verbs.own_open(decided, actor())
        if open_one is not None:
            return go(_page(open_one.id))
        return _show_form(decided, StatementForm(formdata=None))
    form = StatementForm()
    if not form.validate():
        return _show_form(decided, form, 422)
    try:
        if _submits() and not form.text.data:
            raise Invalid("text", "请写明陈述申辩的事实和理由。")
        case = verbs.open_statement(
            decided, actor=actor(), text=form.text.data, contact=form.contact.data or "", kept=_keep_uploads()
        )
        return _saved(case)
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(decided, form, 422)


def statement(id: int):
    """GET and POST /statements/7: a draft as a form, everything else to be read."""
    case, row = _own(id)
    if request.method == "GET":
        if _is_mine(row) and case.state == State.DRAFT:
            form = StatementForm(formdata=None, data={"text": row.text, "contact": row.contact})
            return _show_form(decided_of(row), form, case=case)
        return _show(case, row)
    form = StatementForm()
    if not form.validate():
        return _show_form(decided_of(row), form, 422, case=case)
    try:
        case = verbs.save_statement(
            case, actor=actor(), text=form.text.data, contact=form.contact.data or "", seen=_seen(),
            kept=_keep_uploads(),
        )  # fmt: skip
        return _saved(case)
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(decided_of(row), form, 422, case=Case.get_by_id(id))


def remove_evidence(id: int, file: int):
    """POST /statements/7/files/55/remove: out of the draft; it stays on record."""
    case, _ = _own(id)
    verbs.remove_evidence(case, _file(case, file), actor=actor(), seen=_seen())
    return go(_page(id), "已删除这份证据材料。")


def statement_file(id: int, file: int):
    """GET /statements/7/files/55: one piece of evidence."""
    case, _ = _own(id)
    try:
        return send(_file(case, file))
    except FileNotFoundError:
        abort(404)


def discard_statement(id: int):
    """POST /statements/7/discard: the draft is thrown away."""
    case, _ = _own(id)
    verbs.discard_statement(case, actor=actor(), seen=_seen())
    return go(url_for(".statements"), "草稿已删除。")


def withdraw_statement(id: int):
    """POST /statements/7/withdraw: while it is not decided."""
    case, _ = _own(id)
    verbs.withdraw_statement(case, actor=actor(), seen=_seen())
    return go(_page(id), "陈述申辩已撤回。")


def _decided() -> Decided:
    """The decision that the address names, if it concerns the reader; otherwise "not found"."""
    ids = {name: request.args.get(name, 0, type=int) for name in ("strike", "bar", "credential")}
    if any(abs(id_) >= 2**63 for id_ in ids.values()):
        abort(404)
    return decided_for(actor(), **ids) or abort(404)


def _own(id: int) -> tuple[Case, Statement]:
    case = get_or_404(statements_of(actor()).where(Case.id == id))
    return case, Statement.get_by_id(id)


def _is_mine(row: Statement) -> bool:
    """Whether the reader is who filed it: a person also reads what their unit has filed for them."""
    return row.organisation_id is None or actor().seat == Seat.UNIT


def _file(case: Case, file: int) -> FileVersion:
    owned = FileVersion.select().where(FileVersion.id == file, FileVersion.owner == f"statement:{case.id}")
    return get_or_404(owned)


def _saved(case: Case):
    if not _submits():
        return go(_page(case.id), "已保存草稿。")
    case = verbs.submit_statement(case, actor=actor(), seen=case.version)
    return go(_page(case.id), f"陈述申辩已提交，编号{case.number}。")


def _submits() -> bool:
    return request.form.get("then") == "submit"


def _keep_uploads() -> list:
    """Check and keep the files that came; raises Invalid("scan") for the first bad one, and then none counts."""
    uploads = [upload for upload in request.files.getlist("scan") if upload.filename]
    if len(uploads) > verbs.MOST_FILES:
        raise Invalid("scan", f"证据材料最多{verbs.MOST_FILES}个文件，可以合成一个PDF文件后再上传。")
    return [store().keep(upload.stream, upload.filename, SCAN, field="scan") for upload in uploads]


def _seen() -> int:
    text = request.form.get("seen", "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Stale("页面已过期，请刷新后再办理。")
    return int(text)


def _page(id: int) -> str:
    return url_for(".statement", id=id)


def _show_form(decided: Decided, form: StatementForm, status: int = 200, *, case: Case | None = None):
    try:
        office = verbs.deciding_office(decided)[1].name
    except NotAllowed:
        office = ""
    action = _page(case.id) if case else url_for(".file_statement", **{decided.kind: decided.row.id})
    return show(
        "statements/form.html", status=status, decided=decided, form=form, case=case, action=action, office=office,
        files=evidence_of(case) if case else [], most=verbs.LONGEST, scan_bytes=SCAN.max_bytes,
    )  # fmt: skip


def _show(case: Case, row: Statement):
    decided, submission = decided_of(row), Submission.get_or_none(Submission.case == case.id)
    step = Step.select(Step, Office).join(Office).where(Step.case == case.id).first()
    files = list(FileVersion.select().where(
        FileVersion.id.in_([id_ for ids in (submission.files if submission else {}).values() for id_ in ids])
    ))  # fmt: skip
    waiting = case.state == State.UNDER_REVIEW
    label = FLOW.labels[case.state]
    if waiting and step:
        label = KINDS[FLOW.name].waiting_label(profile_of(case.province), step.seat)
    return show(
        "statements/statement.html", case=case, statement=row, decided=decided, files=files, label=label,
        tone=FLOW.tones[case.state], events=_timeline(case), holder=step.office.name if waiting and step else "",
        against=submission.data["against"] if submission else decided.words,
        can_withdraw=waiting and _is_mine(row), by=row.organisation.name if row.organisation_id else "本人",
    )  # fmt: skip


def _timeline(case: Case) -> list[SimpleNamespace]:
    """What happened, newest first; bodies are named, not their staff."""
    events = Event.select().where(Event.case == case.id, Event.action.not_in(PASSING)).order_by(Event.id.desc())
    return [
        SimpleNamespace(
            at=f"{event.at:%Y-%m-%d %H:%M}", what=event.label, reason=event.note, tone=_TONES.get(event.action, ""),
            who=event.body or ("本人" if event.seat == Seat.APPLICANT else event.name), files=[],
        )
        for event in events
    ]  # fmt: skip


ROUTES = (
    ("", ["GET"], statements),
    ("/new", ["GET", "POST"], file_statement),
    ("/<int:id>", ["GET", "POST"], statement),
    ("/<int:id>/files/<int:file>", ["GET"], statement_file),
    ("/<int:id>/files/<int:file>/remove", ["POST"], remove_evidence),
    ("/<int:id>/discard", ["POST"], discard_statement),
    ("/<int:id>/withdraw", ["POST"], withdraw_statement),
)
