"""A participant's class in words, for every page that shows it: results, sessions with attendance, good reasons."""

from collections.abc import Callable
from types import SimpleNamespace

from portal.actions.excuses import evidence_of
from portal.actions.participants import ASSESSMENTS
from portal.actions.sessions import describe_time
from portal.models import Attendance, Excuse, Registration
from portal.models.class_lists import results_by
from portal.papers.sessions import print_result
from portal.rules.sessions import VALUE_LABELS, VALUE_TONES


def describe_results(registration: Registration) -> list[SimpleNamespace]:
    """Each assessment the plan lists, with its standing result (R5.13)."""
    standing = results_by([registration])[registration.case_id]
    return [
        SimpleNamespace(
            label=ASSESSMENTS[name],
            text=print_result(standing.get(name)) or "尚无结果",
            tone=("good" if standing[name].passed else "bad") if name in standing else "neutral",
            at=standing[name].at if name in standing else None,
            note=standing[name].note if name in standing else "",
        )
        for name in registration.plan.assessments
        if name in ASSESSMENTS
    ]


def describe_attendance(row: Attendance) -> SimpleNamespace:
    """One session of a participant: where, when, and the attendance."""
    session = row.session
    return SimpleNamespace(
        row=row, session=session, when=describe_time(session.starts_at, session.ends_at),
        place=f"{session.region.name if session.region else ''} {session.place}".strip(),
        tone=VALUE_TONES[row.value] if row.value else "info",
        word=VALUE_LABELS[row.value] if row.value else ("已取消" if session.cancelled_at else "已安排"),
        note=row.note,
    )  # fmt: skip


def describe_excuses(registration: Registration, href_of: Callable[[int, int], str]) -> list[SimpleNamespace]:
    """The good reasons that were filed, the newest first; `href_of` gives the address of an evidence file."""
    rows = list(Excuse.select().where(Excuse.registration == registration.case_id).order_by(Excuse.id.desc()))
    evidence = evidence_of(rows)
    return [describe_excuse(row, [(file.name, href_of(row.id, file.id)) for file in evidence[row.id]]) for row in rows]


def describe_excuse(row: Excuse, files: list[tuple[str, str]]) -> SimpleNamespace:
    """One good reason with its evidence and the decision on it."""
    tone, word = {None: ("soon", "等待认定"), True: ("good", "已认可"), False: ("bad", "未认可")}[row.accepted]
    return SimpleNamespace(
        row=row, about=row.session.name if row.session else "线上学习、考核", tone=tone, word=word, files=files,
        filed_by=row.filed_by.name if row.filed_by else "",
    )  # fmt: skip
