"""Supervision records (监督检查记录): written about an organisation of the own territory, corrected, closed (R7.16)."""

from collections.abc import Mapping
from datetime import date

from portal import clock
from portal.actions.events import record, tell, users_at
from portal.database import transaction
from portal.models import Office, Organisation, Supervision
from portal.models.supervisions import supervised_by
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.supervision import SUPERVISORS
from portal.rules.workflow import Actor

FIELDS = {
    "held_on": "检查日期", "inspectors": "检查人员", "subject": "检查事项", "findings": "检查情况",
    "demands": "整改要求", "answer_by": "答复期限", "campaign": "专项活动",
}  # fmt: skip
_REQUIRED = {
    "inspectors": "请填写检查人员。", "subject": "请填写检查事项。", "findings": "请填写检查情况。",
}  # fmt: skip


def record_supervision(organisation: Organisation, *, actor: Actor, values: Mapping) -> Supervision:
    """Write a record; `values` by FIELDS. Raises NotAllowed outside of the own territory, Invalid per field."""
    with transaction():
        check_supervises(organisation, actor)
        cleaned = _clean(values)
        row = Supervision.create(
            **cleaned, organisation=organisation, office=actor.office, province=organisation.province, by=actor.user,
            at=clock.now(),
        )  # fmt: skip
        record(
            "supervise", "登记监督检查", actor=actor, subject=f"supervision:{row.id}", note=cleaned["subject"],
            data={"organisation": organisation.id},
        )  # fmt: skip
        demand = ""
        if row.demands:
            demand = "，请按要求整改" + (f"，并于{row.answer_by:%Y-%m-%d}前答复" if row.answer_by else "")
        tell_organisation(
            organisation, f"{actor.office_name}登记了对贵单位的监督检查（{row.subject}）{demand}。", kind="supervision",
            link=f"/unit/supervision/{row.id}",
        )  # fmt: skip
    return row


def update_supervision(row: Supervision, *, actor: Actor, values: Mapping, seen: int) -> Supervision:
    """Correct an open record of the own office; what was there stays in the event. NotAllowed, Stale or Invalid."""
    with transaction():
        row = _load(row, actor, seen)
        cleaned = _clean(values)
        before = {key: getattr(row, key) for key in cleaned}
        changes = {key: [_text(before[key]), _text(new)] for key, new in cleaned.items() if before[key] != new}
        if not changes:
            return row
        _change(row, **cleaned)
        record(
            "update", "修改监督检查记录", actor=actor, subject=f"supervision:{row.id}",
            note="、".join(FIELDS[key] for key in changes), data={"changes": changes},
        )  # fmt: skip
    return Supervision.get_by_id(row.id)


def close_supervision(row: Supervision, *, actor: Actor, note: str, seen: int) -> Supervision:
    """Close an open record of the own office with a note; the organisation is told. NotAllowed, Stale or Invalid."""
    with transaction():
        row = _load(row, actor, seen)
        if not note.strip():
            raise Invalid("note", "请填写办结说明。")
        _change(row, closed_at=clock.now(), closing_note=note.strip())
        record("close", "监督检查办结", actor=actor, subject=f"supervision:{row.id}", note=note.strip())
        tell_organisation(
            row.organisation, f"{actor.office_name}对贵单位的监督检查（{row.subject}）已办结。", kind="supervision",
            link=f"/unit/supervision/{row.id}",
        )  # fmt: skip
    return Supervision.get_by_id(row.id)


def check_supervises(organisation: Organisation, actor: Actor) -> None:
    """Raises NotAllowed unless the organisation is in the territory of a supervising body."""
    mine = supervised_by(actor).where(Organisation.id == organisation.id)
    if actor.seat not in SUPERVISORS or not mine.exists():
        raise NotAllowed("只能对本辖区内的评价机构进行监督检查。")


def tell_organisation(organisation: Organisation, text: str, *, kind: str, link: str) -> None:
    """A message to every account of the organisation's office."""
    office = Office.get_or_none(Office.organisation == organisation)
    if office is not None:
        tell(users_at(office.id), text, kind=kind, link=link)


def _load(row: Supervision, actor: Actor, seen: int) -> Supervision:
    row = Supervision.get_by_id(row.id)
    if actor.seat not in SUPERVISORS or row.office_id != actor.office:
        raise NotAllowed("只有登记这条记录的部门可以修改或办结。")
    if row.version != seen:
        raise Stale("这条监督检查记录已有变化，请刷新后再办理。")
    if row.closed_at is not None:
        raise Stale("这条监督检查记录已办结，不能再修改。")
    return row


def _change(row: Supervision, **changes) -> None:
    changed = (
        Supervision.update(version=row.version + 1, **changes)
        .where(Supervision.id == row.id, Supervision.version == row.version)
        .execute()
    )
    if not changed:
        raise Stale("这条监督检查记录已有变化，请刷新后再办理。")


def _clean(values: Mapping) -> dict:
    cleaned: dict = {key: (values.get(key) or "") for key in FIELDS if key not in ("held_on", "answer_by")}
    cleaned = {key: text.strip() for key, text in cleaned.items()}
    held_on: date | None = values.get("held_on")
    answer_by: date | None = values.get("answer_by")
    if held_on is None:
        raise Invalid("held_on", "请填写检查日期。")
    if held_on > clock.today():
        raise Invalid("held_on", "检查日期不能晚于今天。")
    for key, message in _REQUIRED.items():
        if not cleaned[key]:
            raise Invalid(key, message)
    if answer_by is not None and answer_by < held_on:
        raise Invalid("answer_by", "答复期限不能早于检查日期。")
    if answer_by is not None and not cleaned["demands"]:
        raise Invalid("demands", "设有答复期限的，请写明整改要求。")
    return {**cleaned, "held_on": held_on, "answer_by": answer_by}


def _text(value) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")
