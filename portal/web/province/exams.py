"""考核情况: the attempts of a plan for the centre, and any paper exactly as its candidate saw it."""

from types import SimpleNamespace

from flask import request, url_for

from portal.models import Attempt, Case, Plan
from portal.models.exam_papers import shown_paper
from portal.rules.exam import KIND_LABELS, SUBMITTED_BY, keep_score
from portal.web.guards import actor
from portal.web.pages import get_or_404, show
from portal.web.paging import take_page
from portal.web.province import blueprint

_STATES = {"running": "考核中", "passed": "合格", "failed": "不合格"}


@blueprint.get("/plans/<int:id>/exam")
def exam_attempts(id: int):
    """The attempts of a plan, the newest first, by what became of them."""
    plan, state = _plan(id), request.args.get("state", "")
    every = _attempts(plan)
    narrowed = {
        "running": every.where(Attempt.submitted_at.is_null()), "passed": every.where(Attempt.passed),
        "failed": every.where(Attempt.passed == False),  # noqa: E712
    }  # fmt: skip
    listed = take_page(narrowed.get(state, every), Attempt.id, newest_first=True)
    tabs = [("全部", url_for(".exam_attempts", id=id), not state, every.count())]
    tabs += [
        (label, url_for(".exam_attempts", id=id, state=key), state == key, narrowed[key].count())
        for key, label in _STATES.items()
    ]
    names = dict(
        Case.select(Case.id, Case.title).where(Case.id.in_([row.registration_id for row in listed.rows])).tuples()
    )
    return show(
        "province/exam_attempts.html", pieces=("province/_exam-attempts.html",), plan=plan, listed=listed, tabs=tabs,
        rows=[_describe(row, names[row.registration_id]) for row in listed.rows],
    )  # fmt: skip


@blueprint.get("/plans/<int:id>/exam/<int:attempt>")
def exam_attempt(id: int, attempt: int):
    """One submitted paper with its answers, the right ones and the points."""
    plan = _plan(id)
    row = get_or_404(_attempts(plan).where(Attempt.id == attempt, Attempt.submitted_at.is_null(False)))
    return show(
        "province/exam_attempt.html", plan=plan, entry=_describe(row, Case.get_by_id(row.registration_id).title),
        items=shown_paper(row), kinds=KIND_LABELS,
    )  # fmt: skip


def _plan(id: int) -> Plan:
    return get_or_404(Plan.visible_to(actor()).where(Plan.id == id))


def _attempts(plan: Plan):
    return Attempt.select().join(Case, on=(Attempt.registration == Case.id)).where(Case.plan == plan.id)


def _describe(row: Attempt, name: str) -> SimpleNamespace:
    key = "running" if row.submitted_at is None else "passed" if row.passed else "failed"
    return SimpleNamespace(
        id=row.id, name=name, number=row.number, started_at=row.started_at, submitted_at=row.submitted_at,
        how=SUBMITTED_BY.get(row.submitted_by, ""), score="" if row.score is None else f"{keep_score(row.score)}",
        pass_mark=f"{row.pass_mark.normalize():f}", word=_STATES[key], done=key != "running",
        tone={"running": "soon", "passed": "good", "failed": "bad"}[key],
    )  # fmt: skip
