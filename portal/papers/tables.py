"""Recommendation and summary tables on paper and in Excel: rows become the document, and the making is logged."""

from portal.actions.events import log_document
from portal.actions.notices import TABLE_NAME
from portal.actions.recommendations import combined_rows
from portal.documents.tables import (
    Recommended,
    Roster,
    Summarised,
    make_recommendation_table,
    make_summary_table,
    roster_pdf,
    roster_xlsx,
)
from portal.models import Notice, Occupation, Plan, Recommendation
from portal.models.jurisdictions import profile_of
from portal.models.recommended import rows_of_recommended, summary_rows
from portal.rules.errors import Invalid
from portal.rules.notice_text import print_deadline
from portal.rules.workflow import Actor

# The form of 皖人协秘〔2021〕2号 附件1, for forwards in a province whose own form is another one.
_TITLE = "报名表"
_NOTES = ("①请于{cutoff}前发送至{mailbox}。", "②持证情况：请详细填写具体{occupations}具体级别。")
MIMES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def member_table(table: Recommendation) -> Roster:
    """One unit's table under a forward."""
    return _recommendation_roster(table.notice, table.rows)


def combined_table(notice: Notice) -> Roster:
    """All tables that members have handed in under a forward, as one (R2.43)."""
    return _recommendation_roster(notice, combined_rows(notice))


def blank_table(notice: Notice) -> Roster:
    """The empty form of a forward's table, for units that fill it in on paper."""
    return _recommendation_roster(notice, [])


def unit_table(plan: Plan, organisation: int, unit: str, forward: Notice | None = None) -> Roster:
    """The table of everybody a unit recommends in a plan, in the form of the province (R3.40, R10.01-R10.08).

    `forward` is the notice whose cut-off and mailbox the notes name, where there is one.
    """
    form = profile_of(plan.province).forms.summary
    if form.kind == "recommendation_table":
        return _recommendation_roster(forward, rows_of_recommended(plan, organisation))
    grade = profile_of(plan.province).grade(plan.grade).name
    people = tuple(
        Summarised(
            unit=row["employer"], name=row["name"], gender=row["sex"], identity_number=row["id_number"],
            education=row["education"], qualification=row["qualifications"], occupation=row["occupation"],
            phone=row["phone"], address=row["address"],
        )
        for row in summary_rows(plan, organisation)
    )  # fmt: skip
    stem = form.file_name.format(grade=grade)
    return make_summary_table(people, title=form.title.format(grade=grade), file_stem=stem, unit=unit)


def write_table(roster: Roster, suffix: str, *, subject: str, actor: Actor) -> tuple[bytes, str, str]:
    """The table as (bytes, file name, MIME type) for suffix "pdf" or "xlsx"; logged under `subject` (R10.04, R10.10).

    Raises Invalid for another suffix.
    """
    if suffix not in MIMES:
        raise Invalid("suffix", "只能下载PDF或Excel文件。")
    content = roster_pdf(roster) if suffix == "pdf" else roster_xlsx(roster)
    log_document(f"table.{suffix}", subject, content, actor=actor)
    return content, roster.file_name(suffix), MIMES[suffix]


def _recommendation_roster(notice: Notice | None, rows: list[dict[str, str]]) -> Roster:
    title, stem, notes = _TITLE, TABLE_NAME, _NOTES
    if notice is not None:
        form = profile_of(notice.province).forms.summary
        if form.kind == "recommendation_table":
            title, stem, notes = form.title, form.file_name, form.notes
    people = tuple(
        Recommended(row["name"], row["employer"], row["position"], row["id_number"], row["phone"], row["held"])
        for row in rows
    )
    return make_recommendation_table(people, title=title, file_stem=stem, notes=_fill_notes(notice, notes))


def _fill_notes(notice: Notice | None, notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes with the forward's cut-off, mailbox and occupations (R10.03); none without a forward."""
    if notice is None:
        return ()
    names = Occupation.select(Occupation.name).where(Occupation.id.in_(notice.occupations)).order_by(Occupation.code)
    values = {
        "cutoff": print_deadline(notice.closes_on, notice.closes_time),
        "mailbox": notice.mailbox or "发文单位",
        "occupations": "、".join(dict.fromkeys(f"“{name}”" for (name,) in names.tuples())),
    }
    filled = [note.format(**values) for note in notes]
    return tuple(f"备注：{note}" if number == 0 else note for number, note in enumerate(filled))
