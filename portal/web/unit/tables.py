"""The unit's tables: its own under a forward, its members' tables, and the table of a plan's recommended people."""

from flask import abort, request, url_for

from portal.actions import recommendations as verbs
from portal.models import Notice, Organisation, Plan, Recommendation
from portal.models.jurisdictions import profile_of
from portal.models.recommended import recommended_in, rows_of_recommended
from portal.papers.tables import blank_table, combined_table, member_table, unit_table, write_table
from portal.rules.errors import Invalid
from portal.rules.flows.plan import PlanState
from portal.rules.notice_text import print_deadline
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES
from portal.web.unit.table_forms import TableForm

SUFFIX = "<any(pdf, xlsx):suffix>"


@blueprint.get("/tables")
def plan_tables():
    """The plans in which the unit recommends people: how many, the table to download, the sending of it."""
    unit = actor().organisation
    rows = []
    for plan in Plan.visible_to(actor()).order_by(Plan.id.desc()):
        number = recommended_in(plan, unit).count()
        notices = Notice.visible_to(actor()).where(Notice.plan == plan.id, Notice.state == "published")
        notice = notices.order_by(Notice.forward_of.is_null(), Notice.id.desc()).first()
        sent = notice and Recommendation.get_or_none(
            Recommendation.notice == notice.id, Recommendation.organisation == unit
        )
        has_own = bool(sent and number and verbs.has_own_rows(sent, rows_of_recommended(plan, unit)))
        if number or sent:
            form = profile_of(plan.province).forms.summary
            grade = profile_of(plan.province).grade(plan.grade).name
            name = form.file_name.format(grade=grade, cutoff="", mailbox="", occupations="")
            rows.append(
                {"plan": plan, "number": number, "notice": notice, "sent": sent, "name": name, "has_own": has_own}
            )
    return show("unit/plan_tables.html", rows=rows)


@blueprint.get(f"/tables/<int:id>/table.{SUFFIX}")
def plan_table(id: int, suffix: str):
    """The table of everybody the unit recommends in a plan, in the province's form."""
    plan = get_or_404(Plan.visible_to(actor()).where(Plan.id == id))
    forwards = Notice.select().where(Notice.plan == plan.id, Notice.office == actor().office)
    forward = forwards.where(Notice.forward_of.is_null(False), Notice.state == "published").first()
    roster = unit_table(plan, actor().organisation, actor().office_name, forward)
    return _send(roster, suffix, f"plan:{plan.id}")


@blueprint.post("/notices/<int:id>/send-recommended")
def send_recommended(id: int):
    """Hand in the table of everybody passed; the moment is recorded (R3.40)."""
    notice = get_or_404(Notice.visible_to(actor()).where(Notice.id == id))
    seen, replace = request.form.get("seen", 0, type=int), request.form.get("replace") == "1"
    try:
        table = verbs.send_recommended(notice, actor=actor(), seen=seen, replace=replace)
    except Invalid as refusal:
        return go(url_for("unit.plan_tables"), ("bad", refusal.message))
    return go(url_for("unit.plan_tables"), f"已报送{len(table.rows)}人的推荐表。")


@blueprint.route("/notices/<int:id>/table", methods=["GET", "POST"])
def table(id: int):
    """The own table under a forward: rows online until the cut-off (R2.43)."""
    return _edit_table(_asking(id), Organisation.get_by_id(actor().organisation), url_for("unit.table", id=id))


@blueprint.get(f"/notices/<int:id>/table.{SUFFIX}")
def table_file(id: int, suffix: str):
    """The own table as a file; the empty form while there is none."""
    notice = _asking(id)
    own = Recommendation.get_or_none(
        Recommendation.notice == notice.id, Recommendation.organisation == actor().organisation
    )
    return _send(member_table(own) if own else blank_table(notice), suffix, f"notice:{notice.id}")


@blueprint.get("/notices/<int:id>/tables")
def tables(id: int):
    """All members under the own forward, with their tables."""
    notice = _own_forward(id)
    return show(
        "unit/tables.html", notice=notice, rows=verbs.tables_under(notice), people=len(verbs.combined_rows(notice)),
        deadline=print_deadline(notice.closes_on, notice.closes_time, with_year=True),
    )  # fmt: skip


@blueprint.get(f"/notices/<int:id>/tables/all.{SUFFIX}")
def all_tables_file(id: int, suffix: str):
    """All members' rows as one table."""
    return _send(combined_table(_own_forward(id)), suffix, f"notice:{id}")


@blueprint.get(f"/notices/<int:id>/tables/<int:organisation>.{SUFFIX}")
def member_table_file(id: int, organisation: int, suffix: str):
    """One member's table as a file."""
    notice = _own_forward(id)
    query = Recommendation.select().where(
        Recommendation.notice == notice.id, Recommendation.organisation == organisation
    )  # fmt: skip
    return _send(member_table(get_or_404(query)), suffix, f"notice:{id}")


@blueprint.route("/notices/<int:id>/tables/<int:organisation>/edit", methods=["GET", "POST"])
def edit_member_table(id: int, organisation: int):
    """Enter a member's table for it, when it came on paper; after the cut-off it is marked late."""
    notice = _own_forward(id)
    known = {office.organisation_id for office, _ in verbs.tables_under(notice)}
    if organisation not in known:
        abort(404)
    place = url_for("unit.edit_member_table", id=id, organisation=organisation)
    return _edit_table(notice, Organisation.get_by_id(organisation), place)


def nav_items(reader) -> list[NavItem]:
    """The tables' entry in the door's navigation."""
    href = url_for("unit.plan_tables")
    return [NavItem("推荐表和汇总表", href, "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _edit_table(notice: Notice, organisation: Organisation, place: str):
    row = Recommendation.get_or_none(
        Recommendation.notice == notice.id, Recommendation.organisation == organisation.id
    )
    is_open, stored = verbs.can_write_table(notice, actor()), row.rows if row else []
    # Only one's own people: whoever enters a member's paper table must not read the member's registrations (R0.02).
    is_out = notice.plan is not None and notice.plan.state != PlanState.DRAFT
    may_fill = is_out and organisation.id == actor().organisation
    wants_fill = may_fill and request.args.get("fill") == "1"
    proposed = rows_of_recommended(notice.plan, organisation.id) if wants_fill else stored
    form = TableForm(proposed, organisation.name, request.form if request.method == "POST" else None)
    context = {
        "form": form, "notice": notice, "table": row, "organisation": organisation, "place": place, "is_open": is_open,
        "deadline": print_deadline(notice.closes_on, notice.closes_time, with_year=True),
        "mine": notice.office_id == actor().office, "may_fill": may_fill,
    }  # fmt: skip
    if request.method == "GET":
        return show("unit/table.html", seen=row.version if row else 0, **context)
    seen, send = request.form.get("seen", 0, type=int), request.form.get("then") == "send"
    other = organisation if organisation.id != actor().organisation else None
    try:
        if not form.validate():
            raise Invalid("rows", "表格内容过多，请分开填报。")
        saved = verbs.save_table(
            notice, rows=form.rows_as_typed(), actor=actor(), seen=seen, send=send, member=other
        )  # fmt: skip
    except Invalid as refusal:
        form.refuse(refusal)
        return show("unit/table.html", pieces=("unit/_table-form.html",), status=422, seen=seen, **context)
    if not send:
        return go(place, "已保存，尚未报送。")
    word = f"已于{saved.submitted_at:%Y-%m-%d %H:%M}报送{len(saved.rows)}人。"
    return go(place, ("warn", f"{word}（逾期）") if saved.late else word)


def _asking(id: int) -> Notice:
    """A published notice that asks the reader's unit for a table, else 404."""
    query = Notice.visible_to(actor()).where(Notice.id == id, Notice.wants_table, Notice.state == "published")
    return get_or_404(query)


def _own_forward(id: int) -> Notice:
    query = Notice.visible_to(actor()).where(
        Notice.id == id, Notice.office == actor().office, Notice.wants_table, Notice.state == "published"
    )
    return get_or_404(query)


def _send(roster, suffix: str, subject: str):
    content, name, mime = write_table(roster, suffix, subject=subject, actor=actor())
    return send_bytes(content, name, mime)
