"""Cases against organisations (违规案件): opened on one of the grounds of the notice, and decided (R7.11)."""

from datetime import date

from portal import clock
from portal.actions.events import record
from portal.actions.supervisions import tell_organisation
from portal.database import transaction
from portal.models import Organisation, OrganisationCase, Supervision
from portal.models.supervisions import supervised_by
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.supervision import OUTCOME_LABELS, PROSECUTORS, Ground, Outcome, ground_words
from portal.rules.workflow import Actor

OPEN = "调查中"


def open_case(
    organisation: Organisation,
    *,
    actor: Actor,
    ground: str,
    ground_text: str = "",
    facts: str,
    supervision: Supervision | None = None,
) -> OrganisationCase:
    """Open a case, directly or from a supervision record of the same organisation; the organisation is told.

    Raises NotAllowed for another seat or outside of the own territory, Invalid for ground, ground_text or facts.
    """
    with transaction():
        mine = supervised_by(actor).where(Organisation.id == organisation.id)
        if actor.seat not in PROSECUTORS or not mine.exists():
            raise NotAllowed("只有市人社局和省级部门可以对本辖区内的评价机构立案。")
        if ground not in list(Ground):
            raise Invalid("ground", "请选择违规情形。")
        if ground == Ground.OTHER and not ground_text.strip():
            raise Invalid("ground_text", "选择“其他”的，请写明是什么情形。")
        if not facts.strip():
            raise Invalid("facts", "请写明违规事实。")
        if supervision is not None and supervision.organisation_id != organisation.id:
            raise Invalid("supervision", "所选的监督检查记录不是这家评价机构的。")
        row = OrganisationCase.create(
            organisation=organisation, office=actor.office, province=organisation.province, ground=ground,
            ground_text=ground_text.strip() if ground == Ground.OTHER else "", facts=facts.strip(),
            supervision=supervision, opened_at=clock.now(), opened_by=actor.user,
        )  # fmt: skip
        words = ground_words(row.ground, row.ground_text)
        record(
            "open_violation", "立案", actor=actor, subject=f"organisation_case:{row.id}", after=OPEN, note=words,
            data={"organisation": organisation.id, "supervision": supervision.id if supervision else None},
        )  # fmt: skip
        tell_organisation(
            organisation, f"{actor.office_name}已对贵单位立案（{words}），请配合调查。", kind="violation",
            link=_link(row),
        )  # fmt: skip
    return row


def decide_case(
    row: OrganisationCase,
    *,
    actor: Actor,
    outcome: str,
    basis: str,
    reason: str,
    rectify_by: date | None = None,
    seen: int,
) -> OrganisationCase:
    """Decide a case of the own office: 警告, 限期整改 until a day, or 不成立; the organisation is told.

    `basis` is the rule the decision rests on (not needed for 不成立). Raises NotAllowed, Stale, or Invalid per field.
    """
    with transaction():
        row = OrganisationCase.get_by_id(row.id)
        if actor.seat not in PROSECUTORS or row.office_id != actor.office:
            raise NotAllowed("只有立案的部门可以作出处理决定。")
        if row.version != seen or row.decided_at is not None:
            raise Stale("这件案件已有变化，请刷新后查看最新情况。")
        if outcome not in list(Outcome):
            raise Invalid("outcome", "请选择处理结果。")
        if outcome == Outcome.RECTIFICATION and (rectify_by is None or rectify_by < clock.today()):
            raise Invalid("rectify_by", "请填写整改截止日期，不能早于今天。")
        if outcome != Outcome.DISMISSED and not basis.strip():
            raise Invalid("basis", "请写明处理依据。")
        if not reason.strip():
            raise Invalid("reason", "请写明处理理由，评价机构会看到。")
        until = rectify_by if outcome == Outcome.RECTIFICATION else None
        changed = (
            OrganisationCase.update(
                outcome=outcome, outcome_text=reason.strip(), basis=basis.strip(), rectify_by=until,
                decided_at=clock.now(), decided_by=actor.user, version=row.version + 1,
            )
            .where(OrganisationCase.id == row.id, OrganisationCase.version == row.version)
            .execute()
        )  # fmt: skip
        if not changed:
            raise Stale("这件案件已有变化，请刷新后查看最新情况。")
        label = OUTCOME_LABELS[Outcome(outcome)]
        record(
            "decide_violation", f"处理决定：{label}", actor=actor, subject=f"organisation_case:{row.id}",
            before=OPEN, after=label, note=reason.strip(),
            data={"basis": basis.strip(), "rectify_by": until.isoformat() if until else None},
        )  # fmt: skip
        until_words = f"，请于{until:%Y-%m-%d}前完成整改" if until else ""
        words = ground_words(row.ground, row.ground_text)
        tell_organisation(
            row.organisation, f"{actor.office_name}对贵单位的案件（{words}）作出处理：{label}{until_words}。"
            f"理由：{reason.strip()}", kind="violation", link=_link(row),
        )  # fmt: skip
    return OrganisationCase.get_by_id(row.id)


def _link(row: OrganisationCase) -> str:
    return f"/unit/violations/{row.id}"
