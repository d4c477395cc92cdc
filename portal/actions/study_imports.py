"""Study time and scores reported by the outside platform: each row is loaded whole or reported (R4.22, R5.16)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from portal import clock
from portal.actions.events import record
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most
from portal.actions.participants import keep_result, results_of
from portal.actions.recusal import check_not_oneself
from portal.actions.study import settle_study
from portal.database import transaction
from portal.models import AssessmentResult, Attempt, Case, Person, Plan, Progress, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Refusal
from portal.rules.exam import keep_score
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import ADMITTED, FLOW, State
from portal.rules.identity import normalise
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor, Seat

_BATCH = 100  # rows per transaction: an exam's answers must not wait for a whole table
_MOST_MINUTES = 100_000
# Whom a person has decided upon already: a table must not change the ground of that decision.
_DECIDED = frozenset({State.UNFINISHED, State.EXCUSED, State.STRUCK})


@dataclass
class Loaded:
    """What a table did: rows that changed something, rows that were known already, and what is wrong with the rest."""

    changed: int = 0
    same: int = 0
    faults: list[Fault] = field(default_factory=list)


def progress_kind(plan: Plan) -> ImportKind:
    """The table of study time and scores of one plan; what only the database knows is found while it is loaded."""
    return ImportKind(
        key="study_progress",
        title="学习时长和成绩",
        columns=(
            Column("name", ("姓名",), read=at_most(60), example="（与报名一致）"),
            Column("id_number", ("证件号码", "身份证号", "身份证号码"), required=True, read=normalise),
            Column("minutes", ("学习时长（分钟）", "学习分钟数"), read=_read_amount, example="120"),
            Column("hours", ("课时", "已学课时"), read=_read_amount),
            Column("score", ("成绩", "分数", "考试成绩"), read=_read_score, example="92.5"),
        ),
        identity=("id_number",),
        check=lambda records: [],
        store=lambda records, actor: _count(load_progress(plan, records, actor=actor)),
        seats=frozenset({Seat.PROVINCE_CENTRE}),
        notes=("学习时长为截至导出时的累计数，重复导入以最新的为准；课时按本省课时长度折算，两列都填时以学习时长为准。",),
    )


def load_progress(plan: Plan, records: Sequence[Record], *, actor: Actor) -> Loaded:
    """Load every right row, whole, and name what is wrong with the others; the same table twice changes nothing.

    Raises NotAllowed unless the actor's office owns the plan and it is still running.
    """
    plan, result = Plan.get_by_id(plan.id), Loaded()
    if actor.seat != Seat.PROVINCE_CENTRE or plan.office_id != actor.office:
        raise NotAllowed("只有发布计划的省级鉴定中心可以导入学习时长和成绩。")
    if plan.state != PlanState.PUBLISHED:
        raise NotAllowed("这个计划已经取消或办结，不能再导入学习时长和成绩。")
    known = _participants(plan)
    for start in range(0, len(records), _BATCH):
        with transaction():
            for each in records[start : start + _BATCH]:
                try:
                    with transaction():
                        changed = _load_row(plan, known.get(each.values["id_number"], ()), each, actor)
                    result.changed += changed
                    result.same += not changed
                except Invalid as refusal:
                    result.faults.append(each.fault(refusal.field, refusal.message))
                except Refusal as refusal:
                    result.faults.append(each.fault("id_number", refusal.message))
    with transaction():
        record(
            "import", "导入学习时长和成绩", actor=actor, subject=f"plan:{plan.id}",
            note=f"更新{result.changed}人，无变化{result.same}人，{len(result.faults)}行有误",
        )  # fmt: skip
    return result


def _load_row(plan: Plan, cases: Sequence[int], row: Record, actor: Actor) -> bool:
    """One row, inside a savepoint of its own: raises what is wrong with it, and then nothing of it stays.

    Who takes part for several occupations has studied and sat outside for all of them.
    """
    if not cases:
        raise Invalid("id_number", "本计划没有这个证件号码的参训人员，请核对。")
    undecided = Case.select(Case.id).where(Case.id.in_(cases), Case.state.not_in(sorted(_DECIDED)))
    ids = [id_ for (id_,) in undecided.order_by(Case.id).tuples()] or cases
    return any([_load_for(plan, id_, row, actor) for id_ in ids])


def _load_for(plan: Plan, case_id: int, row: Record, actor: Actor) -> bool:
    registration = Registration.get_by_id(case_id)
    case, values = Case.get_by_id(case_id), row.values
    if values.get("name") and values["name"] != registration.person.name:
        raise Invalid("name", f"与报名人员的姓名（{registration.person.name}）不一致，请核对。")
    check_not_oneself(registration.person_id, actor, "学习时长和成绩")
    seconds, score = _seconds(plan, values), values.get("score")
    if seconds is None and score is None:
        raise Invalid("minutes", "请填写学习时长、课时或成绩。")
    if case.state in _DECIDED:
        raise Invalid("id_number", f"该人员的状态为“{FLOW.labels[case.state]}”，不能再导入；如有误请先在名单中更正。")
    changed = False
    if seconds is not None:
        before = Progress.get_or_none(Progress.case == case_id)
        changed = before is None or before.outside_seconds != seconds
        Progress.insert(case=case_id, outside_seconds=seconds, outside_at=clock.now()).on_conflict(
            conflict_target=[Progress.case], update={"outside_seconds": seconds, "outside_at": clock.now()}
        ).execute()
        settle_study(registration)
    if score is not None:
        changed = _load_score(registration, score, actor) or changed
    return changed


def _load_score(registration: Registration, score: Decimal, actor: Actor) -> bool:
    """The score of the online assessment, under the same pass rule as the portal's own (R5.16)."""
    standing = next((each for each in results_of(registration) if each.assessment == "online"), None)
    if standing is not None:
        if standing.source == "imported" and standing.score == score:
            return False
        said = f"已登记的结果为{_words(standing)}，与表中的{score}不一致；"
        raise Invalid("score", f"{said}确有错误的请先在该人员的考核结果页面更正。")
    if Attempt.select().where(Attempt.registration == registration.case_id).exists():
        raise Invalid("score", "本人已在本平台参加考核，成绩以系统评分为准，不能导入。")
    try:
        keep_result(registration, "online", actor=actor, source="imported", score=score)
    except Refusal as refusal:
        raise Invalid("score", refusal.message) from refusal
    return True


def _words(result: AssessmentResult) -> str:
    return f"{result.score:.1f}分" if result.score is not None else ("合格" if result.passed else "不合格")


def _seconds(plan: Plan, values: dict) -> int | None:
    if values.get("minutes") is not None:
        return int(values["minutes"] * 60)
    if values.get("hours") is not None:
        return int(values["hours"] * profile_of(plan.province).training.class_hour_minutes * 60)
    return None


def _participants(plan: Plan) -> dict[str, list[int]]:
    """Case ids of the plan's participants by document number; one for each occupation."""
    rows = (
        Registration.select(Person.id_number, Registration.case)
        .join(Person, on=(Registration.person == Person.id))
        .switch(Registration)
        .join(Case, on=(Registration.case == Case.id))
        .where(Registration.plan == plan.id, Case.state.in_(sorted(ADMITTED)))
    )
    found: dict[str, list[int]] = {}
    for number, case in rows.tuples():
        found.setdefault(number, []).append(case)
    return found


def _read_amount(text: str) -> Decimal | None:
    plain = squeeze(text)
    if not plain:
        return None
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise Invalid("amount", f"“{text}”不是数字，请只填数字。") from None
    if not amount.is_finite() or not 0 <= amount <= _MOST_MINUTES:
        raise Invalid("amount", f"应在0至{_MOST_MINUTES}之间。")
    return amount


def _read_score(text: str) -> Decimal | None:
    return keep_score(squeeze(text)) if squeeze(text) else None


def _count(loaded: Loaded) -> tuple[int, int]:
    return 0, loaded.changed
