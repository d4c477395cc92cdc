"""What happens to recommendation tables (参训推荐表): members enter rows under a forward and send them in time."""

from typing import Any

from portal import clock
from portal.actions.bars import check_not_barred
from portal.actions.events import record, tell, users_at
from portal.actions.notices import PUBLISHED
from portal.database import transaction
from portal.models import Notice, NoticeRecipient, Office, Organisation, Person, Recommendation
from portal.models.recommended import rows_of_recommended
from portal.models.sanction_records import contact_of
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.notice_text import print_deadline
from portal.rules.workflow import Actor, Seat

ROW_FIELDS = ("name", "employer", "position", "id_number", "phone", "held")
ROW_LABELS = ("姓名", "单位", "职务", "身份证号", "联系电话", "持证情况")
# More in one table is a typing accident; a unit with more people registers them one by one.
MOST_ROWS = 200


def save_table(
    notice: Notice,
    *,
    rows: list[dict[str, Any]],
    actor: Actor,
    seen: int,
    send: bool,
    member: Organisation | None = None,
) -> Recommendation:
    """Keep the rows of a unit's table and, with `send`, hand it in; the moment is recorded (R2.43, R3.40).

    A member writes its own table until the forward's cut-off, afterwards the form is closed (R2.09). The issuing unit
    may enter a table for a `member` that sent paper, or its own, also afterwards: then it is marked late. `seen` is the
    table's version, 0 while there is none. Raises NotAllowed, Stale, or Invalid("rows-<n>-<field>").
    """
    now = clock.now()
    with transaction():
        notice = Notice.get_by_id(notice.id)
        organisation = _check_writer(notice, actor, member)
        closes_at = notice.window.closes_at
        is_late = closes_at is not None and now >= closes_at
        is_issuer = notice.office_id == actor.office
        if is_late and not is_issuer:
            raise NotAllowed(f"推荐表已于{print_deadline(notice.closes_on, notice.closes_time)}截止，请联系发文单位。")
        _check_people(rows, notice.province)
        rows = check_rows(rows, complete=send)
        if send and not rows:
            raise Invalid("rows", "请至少填写一人。")
        table = Recommendation.get_or_none(
            Recommendation.notice == notice.id, Recommendation.organisation == organisation.id
        )
        if (table.version if table else 0) != seen:
            raise Stale("推荐表刚刚被同事修改过，请核对最新内容后再保存。")
        if table is None:
            table = Recommendation.create(notice=notice, organisation=organisation, version=0)
        changes = {"submitted_at": now, "late": is_late} if send else {}
        Recommendation.update(rows=rows, version=seen + 1, **changes).where(Recommendation.id == table.id).execute()
        if send:
            _record_sending(notice, organisation.id, rows, is_late, actor)
            if not is_issuer:
                tell(
                    users_at(notice.office_id), f"{organisation.name}已报送推荐表（{len(rows)}人）。", kind="table",
                    link=f"/unit/notices/{notice.id}/tables",
                )  # fmt: skip
        return Recommendation.get_by_id(table.id)


def send_recommended(notice: Notice, *, actor: Actor, seen: int, replace: bool = False) -> Recommendation:
    """Hand in the table of everybody this unit has passed in the notice's plan; the moment is recorded (R3.40).

    `notice` is the unit's forward, or the centre's notice that it received. `seen` is the table's version, 0 while
    there is none. Rows that would be lost, such as those typed by hand, are given up with `replace` only. Raises Stale,
    or Invalid when nobody was passed or rows would be lost.
    """
    now = clock.now()
    with transaction():
        notice = Notice.get_by_id(notice.id)
        if actor.seat != Seat.UNIT or actor.organisation is None or notice.plan_id is None:
            raise NotAllowed("只有评价机构可以报送本单位的推荐表，且通知应对应一个计划。")
        if notice.state != PUBLISHED or not Notice.visible_to(actor).where(Notice.id == notice.id).exists():
            raise NotAllowed("通知尚未发布，或不属于本单位。")
        check_not_barred(None, Organisation.get_by_id(actor.organisation), province=notice.province)
        rows = rows_of_recommended(notice.plan, actor.organisation)
        if not rows:
            raise Invalid("rows", "本单位还没有初审通过的人员，请先完成初审。")
        closes_at = notice.window.closes_at
        is_late = closes_at is not None and now >= closes_at
        table = Recommendation.get_or_none(
            Recommendation.notice == notice.id, Recommendation.organisation == actor.organisation
        )
        if (table.version if table else 0) != seen:
            raise Stale("推荐表刚刚被同事修改过，请核对最新内容后再报送。")
        if table is None:
            table = Recommendation.create(notice=notice, organisation=actor.organisation, version=0)
        elif has_own_rows(table, rows) and not replace:
            raise Invalid(
                "rows", "已有的推荐表与初审通过名单不同，没有报送。如确需替换，请点“以初审通过名单替换并报送”。"
            )
        Recommendation.update(rows=rows, submitted_at=now, late=is_late, version=seen + 1).where(
            Recommendation.id == table.id
        ).execute()
        _record_sending(notice, actor.organisation, rows, is_late, actor)
        return Recommendation.get_by_id(table.id)


def has_own_rows(table: Recommendation, rows: list[dict[str, str]]) -> bool:
    """Whether a table holds rows that these do not repeat exactly: typed by hand, edited, or no longer recommended."""
    return any(row not in rows for row in table.rows)


def can_write_table(notice: Notice, actor: Actor) -> bool:
    """Whether the actor's unit may still fill in a table under this notice now."""
    if not notice.wants_table or notice.state != PUBLISHED or actor.seat != Seat.UNIT:
        return False
    closes_at = notice.window.closes_at
    return notice.office_id == actor.office or closes_at is None or clock.now() < closes_at


def check_rows(rows: list[dict[str, Any]], *, complete: bool) -> list[dict[str, str]]:
    """The rows trimmed, empty ones dropped; with `complete`, every cell is needed and numbers must be right.

    A typed identity number is checked in any case, and nobody may stand in the table twice. Raises
    Invalid("rows-<n>-<field>"), n counted from 0 over the given rows.
    """
    if len(rows) > MOST_ROWS:
        raise Invalid("rows", f"一张推荐表最多{MOST_ROWS}人。")
    kept, seen = [], set()
    for number, row in enumerate(rows):
        cells = {name: " ".join(str(row.get(name) or "").split()) for name in ROW_FIELDS}
        if not any(cells.values()):
            continue
        for name, label in zip(ROW_FIELDS, ROW_LABELS, strict=True):
            if complete and not cells[name]:
                raise Invalid(f"rows-{number}-{name}", f"第{number + 1}行：请填写{label}。")
        if cells["id_number"]:
            field = f"rows-{number}-id_number"
            cells["id_number"] = identity.check(identity.RESIDENT_CARD, cells["id_number"], field=field)
            if cells["id_number"] in seen:
                raise Invalid(field, f"第{number + 1}行：这个身份证号在表中出现了两次。")
            seen.add(cells["id_number"])
        kept.append(cells)
    return kept


def tables_under(notice: Notice) -> list[tuple[Office, Recommendation | None]]:
    """Every recipient of a forward with its table, or None while it has not started one; by the unit's name (R2.43)."""
    found = Recommendation.select().where(Recommendation.notice == notice.id)
    tables = {table.organisation_id: table for table in found}
    offices = (
        Office.select()
        .join(NoticeRecipient, on=(NoticeRecipient.office == Office.id))
        .where(NoticeRecipient.notice == notice.id, ~NoticeRecipient.is_copy)
        .order_by(Office.name)
    )
    return [(office, tables.get(office.organisation_id)) for office in offices]


def combined_rows(notice: Notice) -> list[dict[str, str]]:
    """The rows of all tables that were handed in under a forward, in the order of the units' names (R2.43)."""
    tables = (
        Recommendation.select(Recommendation.rows)
        .join(Organisation, on=(Recommendation.organisation == Organisation.id))
        .where(Recommendation.notice == notice.id, Recommendation.submitted_at.is_null(False))
        .order_by(Organisation.name)
    )
    return [row for table in tables for row in table.rows]


def _record_sending(notice: Notice, organisation: int, rows: list, is_late: bool, actor: Actor) -> None:
    label = "报送推荐表（逾期）" if is_late else "报送推荐表"
    data = {"organisation": organisation, "rows": len(rows)}
    record("submit_table", label, actor=actor, subject=f"notice:{notice.id}", data=data)


def _check_people(rows: list[dict[str, Any]], province: str) -> None:
    """Nobody whose qualification is cancelled is recommended (R7.06); raises Invalid on the row of the first.

    Why, the person is told, not everybody who types their number.
    """
    for number, row in enumerate(rows):
        typed = identity.normalise(str(row.get("id_number") or ""))
        person = Person.get_or_none(Person.id_number == typed) if typed else None
        try:
            check_not_barred(person, None, province=province) if person else None
        except NotAllowed:
            said = f"该人员已被取消申报资格，不能推荐；如有异议，请由本人联系{contact_of(province)}。"
            raise Invalid(f"rows-{number}-id_number", f"第{number + 1}行：{said}") from None


def _check_writer(notice: Notice, actor: Actor, member: Organisation | None) -> Organisation:
    if notice.state != PUBLISHED or not notice.wants_table:
        raise NotAllowed("这份通知不需要填报推荐表。")
    if actor.seat != Seat.UNIT or actor.organisation is None:
        raise NotAllowed("只有评价机构和会员单位可以填报推荐表。")
    organisation = member or Organisation.get_by_id(actor.organisation)
    check_not_barred(None, organisation, province=notice.province)
    if organisation.id != actor.organisation and notice.office_id != actor.office:
        raise NotAllowed("只能填报本单位的推荐表。")
    received = (
        NoticeRecipient.select()
        .join(Office, on=(NoticeRecipient.office == Office.id))
        .where(NoticeRecipient.notice == notice.id, ~NoticeRecipient.is_copy, Office.organisation == organisation.id)
    )
    if not received.exists() and not (notice.office_id == actor.office and organisation.id == actor.organisation):
        raise NotAllowed("这份通知没有发给该单位，不能填报。")
    return organisation
