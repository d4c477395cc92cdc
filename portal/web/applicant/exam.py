"""线上考核: the rules, the start, the paper with its answers saved as they are given, handing in, and the result."""

from decimal import Decimal
from types import SimpleNamespace

from flask import make_response, request, url_for
from wtforms import BooleanField

from portal import clock
from portal.actions import exams
from portal.models import Attempt, Registration
from portal.models.exam_papers import answers_of, attempts_of, running_attempt, shown_paper, sitting_of
from portal.rules.dates import print_end
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.exam import KIND_LABELS, SUBMITTED_BY, keep_score
from portal.rules.flows.plan import PlanState
from portal.web.applicant import blueprint
from portal.web.applicant.filling import own_case
from portal.web.forms import PortalForm, chosen
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.plan_words import print_paper, print_sitting

_ALL_OR_NOTHING = "每题有两个或两个以上正确选项，全部选对才得分，少选、多选、错选均不得分。"


class StartForm(PortalForm):
    """Started is used: the rules are confirmed before."""

    agreed = BooleanField("我已阅读考核规则，现在开始考核", [chosen("请先阅读考核规则并勾选。")])


@blueprint.get("/training/<int:id>/exam")
def exam(id: int):
    """Before the start: duration, attempts, pass mark and rules; afterwards: the attempts and what they gave."""
    registration = _registration(id)
    exams.submit_due(registration)
    return _show_rules(registration, StartForm())


@blueprint.post("/training/<int:id>/exam/start")
def start_exam(id: int):
    """开始考核: an attempt, or the one that runs already (R5.11)."""
    registration, form = _registration(id), StartForm()
    if not running_attempt(registration.case_id, clock.now()) and not form.validate():
        # A refusal that no tick would change comes first.
        refused = exams.why_no_exam(registration)
        if refused:
            raise NotAllowed(refused)
        return _show_rules(registration, form, 422)
    attempt = exams.start_attempt(registration, actor=actor())
    return go(url_for("applicant.exam_paper", attempt=attempt.id))


@blueprint.get("/training/exam/<int:attempt>")
def exam_paper(attempt: int):
    """The paper with the answers saved so far and the time that is left; afterwards the result (Back button)."""
    row = _attempt(attempt)
    if row.submitted_at is not None:
        return go(url_for("applicant.exam_result", attempt=row.id))
    items = shown_paper(row)
    groups = [
        SimpleNamespace(
            kind=kind, label=KIND_LABELS[kind], rows=rows, points=sum((item.points for item in rows), Decimal(0)),
            note=_ALL_OR_NOTHING if kind == "multiple" else "",
        )
        for kind in KIND_LABELS if (rows := [item for item in items if item.kind == kind])
    ]  # fmt: skip
    return show(
        "applicant/exam_paper.html", attempt=row, registration=row.registration, groups=groups, items=items,
        seconds=_seconds_left(row), drawn=",".join(item.value for item in items),
    )  # fmt: skip


@blueprint.post("/training/exam/<int:attempt>/answers/<int:place>")
def save_answer(attempt: int, place: int):
    """One answer as it is given; says how much time is left, nothing else. 1,500 people do this every 20 seconds."""
    try:
        due = exams.save_answer(attempt, place=place, value=request.form.get("value", "")[:40], actor=actor())
    except NotAllowed:
        _attempt(attempt)  # somebody else's, or none: not found
        raise
    except (Stale, Invalid) as refusal:
        return _say(409 if isinstance(refusal, Stale) else 422, refusal)
    return "", 204, {"X-Seconds-Left": str(max(0, int((due - clock.now()).total_seconds())))}


@blueprint.post("/training/exam/<int:attempt>/answers")
def save_answers(attempt: int):
    """The whole form at once, for pages without JavaScript, and before handing in."""
    row = _attempt(attempt)
    if row.submitted_at is not None:
        return go(url_for("applicant.exam_result", attempt=attempt), ("warn", _why_over(row)))
    try:
        exams.save_answers(attempt, values=_changed(row), actor=actor())
    except Stale as refusal:
        return go(url_for("applicant.exam_result", attempt=attempt), ("warn", refusal.message))
    if request.form.get("action") == "hand-in":
        return go(url_for("applicant.hand_in", attempt=attempt))
    return go(url_for("applicant.exam_paper", attempt=attempt), "答案已保存。")


@blueprint.route("/training/exam/<int:attempt>/hand-in", methods=["GET", "POST"])
def hand_in(attempt: int):
    """交卷: what is still unanswered, and then for good."""
    row = _attempt(attempt)
    if row.submitted_at is not None:
        message = ("info", _why_over(row)) if request.method == "POST" else None
        return go(url_for("applicant.exam_result", attempt=attempt), message)
    if request.method == "POST":
        done = exams.submit_attempt(attempt, actor=actor())
        said = "已交卷。" if done.submitted_by == "candidate" else ("warn", exams.TIME_OVER)
        return go(url_for("applicant.exam_result", attempt=attempt), said)
    given = {place for place, value in answers_of(row).items() if value}
    return show(
        "applicant/exam_hand_in.html", attempt=row, total=len(row.items), seconds=_seconds_left(row),
        open_places=[place for place in range(len(row.items)) if place not in given],
    )  # fmt: skip


@blueprint.get("/training/exam/<int:attempt>/result")
def exam_result(attempt: int):
    """The score, what follows from it, and the paper with one's own answers; the right ones once it is over for all."""
    row = _attempt(attempt)
    if row.submitted_at is None:
        return go(url_for("applicant.exam_paper", attempt=attempt))
    registration = row.registration
    return show(
        "applicant/exam_result.html", attempt=row, registration=registration, entry=_describe(row),
        items=shown_paper(row), kinds=KIND_LABELS, answers_open=_are_answers_open(registration),
        refused=exams.why_no_exam(registration), left=max(0, (registration.plan.attempts or 0) - row.number),
    )  # fmt: skip


def _show_rules(registration: Registration, form: StartForm, status: int = 200):
    plan, now = registration.plan, clock.now()
    running, sitting = running_attempt(registration.case_id, now), sitting_of(plan)
    attempts = attempts_of(registration.case_id)
    return show(
        "applicant/exam.html", status=status, form=form, registration=registration, plan=plan, running=running,
        refused="" if running else exams.why_no_exam(registration), address=exams.exam_address(registration),
        sitting=sitting, until=print_end(sitting.closes_at) if sitting.closes_at else "", how=print_sitting(plan),
        paper=print_paper(plan), used=len(attempts),
        attempts=[_describe(row) for row in attempts], seconds=_seconds_left(running) if running else 0,
    )  # fmt: skip


def _describe(attempt: Attempt) -> SimpleNamespace:
    """One attempt in words."""
    done = attempt.submitted_at is not None
    return SimpleNamespace(
        id=attempt.id, number=attempt.number, started_at=attempt.started_at, submitted_at=attempt.submitted_at,
        how=SUBMITTED_BY.get(attempt.submitted_by, ""), passed=attempt.passed, done=done,
        score=f"{keep_score(attempt.score)}" if done else "", pass_mark=f"{attempt.pass_mark.normalize():f}",
        word=("合格" if attempt.passed else "不合格") if done else "考核中",
        tone=("good" if attempt.passed else "bad") if done else "soon",
    )  # fmt: skip


def _are_answers_open(registration: Registration) -> bool:
    """The right answers are shown when nobody of the class can sit any more."""
    plan = registration.plan
    return sitting_of(plan).is_over(clock.now()) or plan.state == PlanState.FINISHED


def _registration(id: int) -> Registration:
    return Registration.get_by_id(own_case(id).id)


def _attempt(id: int) -> Attempt:
    """An own attempt, handed in by the system if its time is over, else 404."""
    rows = Attempt.select().join(Registration, on=(Attempt.registration == Registration.case))
    row = get_or_404(rows.where(Attempt.id == id, Registration.person == actor().person))
    if row.submitted_at is None and row.due_at <= clock.now():
        exams.submit_due(row.registration)
        row = Attempt.get_by_id(id)
    return row


def _changed(attempt: Attempt) -> dict[int, str]:
    """The answers that were changed on this page; what another computer has saved meanwhile is not overwritten."""
    drawn = dict(enumerate(request.form.get("drawn", "").split(",")))
    values = {place: "".join(request.form.getlist(f"a{place}"))[:40] for place in range(len(attempt.items))}
    return {place: value for place, value in values.items() if value != drawn.get(place, "")}


def _seconds_left(attempt: Attempt) -> int:
    return max(0, int((attempt.due_at - clock.now()).total_seconds()))


def _why_over(attempt: Attempt) -> str:
    return "答卷已经提交，不能再修改。" if attempt.submitted_by == "candidate" else exams.TIME_OVER


def _say(status: int, refusal: Refusal):
    """A refusal in words for the script that asked, not a page."""
    return make_response(refusal.message, status, {"Content-Type": "text/plain; charset=utf-8"})
