"""Deciding on many cases at once: a preview that says what would happen to each, then a result for every row."""

from types import SimpleNamespace

from flask import redirect, request

from portal.actions import jobs
from portal.actions.bulk import Outcome, decide_many, preview_many
from portal.actions.cases import Decision
from portal.actions.reasons import reasons_for
from portal.models import Case, Job, queues
from portal.models.queue_filters import Filters
from portal.rules.flows.registration import Action
from portal.rules.workflow import Seat
from portal.web.desk.queue import here
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show

AT_ONCE = 200  # rows decided within the request; more become a job
MOST = 20_000
LABELS = {"pass": "通过", "reject": "不通过"}
NOTHING = "请先勾选要办理的报名。"


def preview():
    """POST /cases/preview: what the decision would do with the selection or the whole filtered set; changes nothing."""
    desk, person = here(), actor()
    what = request.form.get("what", "pass")
    action = Action.REJECT if what == "reject" else Action.PASS
    if what == "pass-all":
        pairs = queues.ids_waiting_for(person, Filters(**{**desk.filters.query(), "tab": "waiting"}), MOST)
    else:
        pairs = chosen_pairs()
    if not pairs:
        return go(f"{desk.base}{desk.suffix}", ("warn", NOTHING))
    decision = draft_decision(action, confirmed=True)
    if len(pairs) <= AT_ONCE:
        outcomes = preview_many(pairs, decision, actor=person)
        return _show_preview(action, pairs, outcomes)
    job = jobs.start_job("preview", actor=person, data={"pairs": pairs, "decision": pack(decision)}, total=len(pairs))
    return go(f"{desk.base}/jobs/{job.id}{desk.suffix}")


def decide_bulk():
    """POST /cases/decide: the previewed rows, each with its own event (R3.46); more than AT_ONCE as a job."""
    desk, person = here(), actor()
    action = Action.REJECT if request.form.get("what") == "reject" else Action.PASS
    note = request.form.get("note", "").strip()[:1000]
    previewed = request.form.get("job", type=int)
    if previewed:
        job = get_or_404(own_jobs().where(Job.id == previewed, Job.kind == "preview", Job.state == jobs.DONE))
        passing = set(job.result.get("passed", []))
        pairs = [tuple(pair) for pair in job.data["pairs"] if pair[0] in passing]
    else:
        pairs = chosen_pairs()
    confirmed = person.seat != Seat.UNIT or bool(request.form.get("confirmed"))
    if not pairs:
        return go(f"{desk.base}{desk.suffix}", ("warn", NOTHING))
    decision = draft_decision(action, note=note, confirmed=confirmed)
    wrong = ""
    if action == Action.REJECT and not note:
        wrong = "请填写不通过的理由，申请人会看到这段文字。"
    elif action == Action.PASS and not confirmed:
        wrong = "请逐人核对后勾选确认，再上报。"
    if wrong:
        if previewed:
            return go(f"{desk.base}/jobs/{previewed}{desk.suffix}", ("bad", wrong))
        outcomes = preview_many(pairs, draft_decision(action, confirmed=True), actor=person)
        return _show_preview(action, pairs, outcomes, wrong=wrong, note=note)
    if len(pairs) > AT_ONCE:
        job = jobs.start_job("bulk", actor=person, data={"pairs": pairs, "decision": pack(decision)}, total=len(pairs))
        return go(f"{desk.base}/jobs/{job.id}{desk.suffix}")
    outcomes = decide_many(pairs, decision, actor=person)
    return show(
        "desk/bulk_result.html", pieces=("desk/_bulk_result.html",), desk=desk, label=LABELS[action], job=None,
        done=[o for o in outcomes if o.done], skipped=[o for o in outcomes if not o.done],
    )  # fmt: skip


def job(number: int):
    """GET /cases/jobs/5: how far a bulk decision is; the piece asks again by itself until it has ended."""
    desk, found = here(), get_or_404(own_jobs().where(Job.id == number))
    if found.kind == "preview" and found.state == jobs.DONE:
        return _show_preview_of(found)
    done, skipped = _results(found)
    return show(
        "desk/bulk_result.html", pieces=("desk/_bulk_result.html",), desk=desk, job=found, done=done, skipped=skipped,
        label=LABELS[found.data["decision"]["action"]],
    )  # fmt: skip


def cancel_bulk(number: int):
    """POST /cases/jobs/5/cancel: stop before the next rows; what is decided stays decided."""
    desk, found = here(), get_or_404(own_jobs().where(Job.id == number))
    stopped = jobs.cancel_job(found, actor=actor())
    said = "已停止，其余各件没有办理。" if stopped else "这项批量办理已经结束。"
    return go(f"{desk.base}/jobs/{number}{desk.suffix}", ("info", said))


def own_jobs():
    """The jobs this user has started."""
    return Job.select().where(Job.user == actor().user, Job.kind.in_(["bulk", "preview"]))


def chosen_pairs() -> list[tuple[int, int]]:
    """The ticked rows as (case, seen version); what is no such pair is left out."""
    pairs = []
    for text in dict.fromkeys(request.form.getlist("case")):
        id_, _, seen = text.partition(":")
        if id_.isascii() and id_.isdigit() and seen.isascii() and seen.isdigit() and len(text) < 30:
            pairs.append((int(id_), int(seen)))
    return pairs[:MOST]


def draft_decision(action: str, *, note: str = "", confirmed: bool = False) -> Decision:
    """The decision all rows get; a preview of a rejection needs a note that says that one will follow."""
    return Decision(str(action), note=note or ("（待填写）" if action == Action.REJECT else ""), confirmed=confirmed)


def pack(decision: Decision) -> dict:
    """A bulk decision as JSON."""
    return {"action": decision.action, "note": decision.note, "confirmed": decision.confirmed}


def _show_preview(
    action: str, pairs, outcomes: list[Outcome], *, wrong: str = "", note: str = "", found: Job | None = None
):
    desk, person = here(), actor()
    versions = dict(pairs)
    passing = [SimpleNamespace(id=o.case, title=o.title, seen=versions.get(o.case, 0)) for o in outcomes if o.done]
    skipped = [o for o in outcomes if not o.done]
    return show(
        "desk/bulk.html", pieces=("desk/_bulk.html",), status=422 if wrong else 200, desk=desk, action=str(action),
        label=LABELS[action], passing=passing, skipped=skipped, why=_why(skipped), wrong=wrong, note=note, job=found,
        confirms=person.seat == Seat.UNIT and action == Action.PASS,
        reasons=reasons_for(person.province, "reject") if action == Action.REJECT else [],
    )  # fmt: skip


def _show_preview_of(found: Job):
    done, skipped = _results(found)
    outcomes = [Outcome(o.case, o.title, True, "") for o in done] + skipped
    return _show_preview(found.data["decision"]["action"], found.data["pairs"], outcomes, found=found)


def _results(found: Job) -> tuple[list[Outcome], list[Outcome]]:
    """The rows of a job: those that went through with their names, those that were skipped with the reason."""
    passed = found.result.get("passed", [])
    names: dict[int, str] = {}
    for start in range(0, len(passed), 500):
        part = Case.select(Case.id, Case.title).where(Case.id.in_(passed[start : start + 500]))
        names |= dict(part.tuples())
    label = LABELS[found.data["decision"]["action"]]
    done = [Outcome(id_, names.get(id_, ""), True, label) for id_ in passed]
    return done, [Outcome(id_, title, False, message) for id_, title, message in found.result.get("skipped", [])]


def _why(skipped: list[Outcome]) -> str:
    """原因一 2 件；原因二 1 件: why rows are skipped, the commonest reason first."""
    numbers: dict[str, int] = {}
    for outcome in skipped:
        numbers[outcome.message] = numbers.get(outcome.message, 0) + 1
    ranked = sorted(numbers.items(), key=lambda pair: -pair[1])
    return "；".join(f"{message.rstrip('。')} {number} 件" for message, number in ranked[:4])


def leave_preview():
    """GET on an address that only takes a POST (a reload after logging in): back to the queue."""
    desk = here()
    return redirect(f"{desk.base}{desk.suffix}", 303)


ROUTES = (
    ("/preview", ["POST"], preview),
    ("/preview", ["GET"], leave_preview),
    ("/decide", ["POST"], decide_bulk),
    ("/jobs/<int:number>", ["GET"], job),
    ("/jobs/<int:number>/cancel", ["POST"], cancel_bulk),
)
