"""The reports of loaded tables of study time, so that the marked workbook can be fetched again."""

from collections.abc import Sequence

from portal import clock
from portal.actions.imports import Fault
from portal.database import transaction
from portal.models import ImportReport, Plan
from portal.rules.workflow import Actor


def keep_report(
    plan: Plan, name: str, *, faults: Sequence[Fault], accepted: int, workbook: bytes | None, actor: Actor
) -> ImportReport:
    """What an import did; `accepted` and the rows with faults are counts of rows."""
    with transaction():
        return ImportReport.create(
            kind=_kind(plan), name=name[:200], user=actor.user, at=clock.now(), accepted=accepted,
            refused=len({fault.row for fault in faults}), errors=[list(fault) for fault in faults], workbook=workbook,
            stored=True,
        )  # fmt: skip


def reports_of(plan: Plan):
    """The reports of a plan, the newest first."""
    return ImportReport.select().where(ImportReport.kind == _kind(plan)).order_by(ImportReport.id.desc())


def _kind(plan: Plan) -> str:
    return f"study_progress:{plan.id}"
