"""What happens to strikes: recorded with the decision on an unfinished registration, annulled, foreseen."""

from portal import clock
from portal.actions.bars import recount_strikes
from portal.actions.events import tell, user_of, users_at
from portal.actions.participants import move_participant
from portal.database import transaction
from portal.models import Bar, Case, Event, Office, Organisation, Plan, Registration, Strike
from portal.models.jurisdictions import profile_of
from portal.models.sanction_records import bars_in_force, standing_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import Action, State
from portal.rules.sanctions import GROUNDS, BarKind, warn
from portal.rules.workflow import Actor


def record_strike(registration: Registration, *, ground: str, reason: str, actor: Actor) -> Strike:
    """Decide that an unfinished registration had no good reason: one strike per person and plan (R7.01).

    `ground` is absent or dropout. The first strike warns person and unit (R7.07); the one that reaches the province's
    limit bars both in this transaction (R7.02, R7.04). Raises NotAllowed, Stale, or Invalid for ground or note.
    """
    if ground not in GROUNDS:
        raise Invalid("ground", "请选择未完成的情形。")
    with transaction():
        case, plan = Case.get_by_id(registration.case_id), Plan.get_by_id(registration.plan_id)
        _check_owner(plan, actor)
        if plan.state == PlanState.CANCELLED:
            raise NotAllowed("本计划已取消，不能认定无故缺勤；如需办结，请认定有正当理由。")
        move_participant(case, Action.STRIKE, actor=actor, note=reason, data={"ground": ground})
        key = _key(registration)
        standing = Strike.get_or_none(Strike.live_key == key)
        if standing is not None:  # a second occupation in the same plan: the same absence
            return standing
        strike = Strike.create(
            person=registration.person_id, organisation=registration.organisation_id, registration=case.id,
            plan=plan.id, ground=ground, reason=reason.strip(), at=clock.now(), decided_by=actor.user, live_key=key,
        )  # fmt: skip
        if recount_strikes(registration.person, actor=actor) is None:
            _warn(strike, plan)
        return strike


def annul_strike(registration: Registration, *, actor: Actor, reason: str) -> None:
    """Take back the decision on an absence; the count is made anew, and a bar without ground ends.

    Raises NotAllowed, Stale when the registration is not decided that way, or Invalid("note").
    """
    with transaction():
        case, plan = Case.get_by_id(registration.case_id), Plan.get_by_id(registration.plan_id)
        _check_owner(plan, actor)
        if case.state != State.STRUCK:
            raise Stale("这件报名当前没有无故缺勤的认定，请刷新后查看。")
        move_participant(case, Action.ANNUL, actor=actor, note=reason)
        strike = Strike.get_or_none(Strike.live_key == _key(registration), Strike.registration == case.id)
        if strike is None:
            return
        Strike.update(annulled_at=clock.now(), live_key=None).where(Strike.id == strike.id).execute()
        _keep_for_another(strike)
        recount_strikes(registration.person, actor=actor)


def preview_strike(registration: Registration) -> list[str]:
    """What would follow from deciding against this participant, in sentences, before it is decided."""
    person, plan = registration.person, registration.plan
    profile, unit = profile_of(plan.province), registration.organisation
    standing, limit = standing_of(person, plan.province), profile_of(plan.province).strikes.limit
    if Strike.get_or_none(Strike.live_key == _key(registration)) is not None:
        return [f"{person.name}在本计划中已有一次认定，同一计划只计一次，次数不变。"]
    counting = standing.counting
    total = len(counting) + 1
    lines = [f"{person.name}累计次数将由{len(counting)}次变为{total}次。"]
    lines += [f"此前：{each.at:%Y-%m-%d} {each.plan}（{each.unit}）{GROUNDS[each.ground]}。" for each in counting]
    if limit is None:
        return [*lines, "本省未规定达到几次取消申报资格，只作记录。"]
    if any(bar.kind == BarKind.STRIKES for bar in bars_in_force(person=person.id, province=plan.province)):
        return [*lines, f"{person.name}已被取消申报资格，本次只增加次数。"]
    if total < limit:
        return [*lines, f"向本人和{unit.name}各发送一条警示（{warn(total, limit)}），不取消申报资格。"]
    lines.append(f"达到{limit}次：立即取消{person.name}的申报资格，直至省级部门解除。依据：{profile.strikes.source}。")
    if profile.strikes.bars_unit:
        struck = unit if total == limit else Organisation.get_by_id(counting[limit - 1].organisation)
        lines.append(_say_unit(struck, plan.province))
    return [*lines, "同时草拟通报，由省级部门填写文号后发布。"]


def _say_unit(unit: Organisation, province: str) -> str:
    if any(bar.kind == BarKind.STRIKES for bar in bars_in_force(organisation=unit.id, province=province)):
        return f"{unit.name}已被取消申报资格，本次再增加一项依据。"
    return f"同时取消{unit.name}的申报资格：该单位所有人员不能报名、不能被推荐，已在办理的报名列出供逐件认定。"


def _warn(strike: Strike, plan: Plan) -> None:
    """The first strike's warning: one message to the person and one to the unit (R7.07)."""
    limit, person = profile_of(plan.province).strikes.limit, strike.person
    standing = standing_of(person, plan.province)
    count = len(standing.counting)
    if limit is None or count >= limit:
        return
    follows = "本人及单位" if profile_of(plan.province).strikes.bars_unit else "本人"
    total = f"累计{warn(count, limit)}次；达到{limit}次将取消{follows}的申报资格。"
    said = f"{plan.name}：{GROUNDS[strike.ground]}，{total}"
    tell(user_of(person.id), f"警示：您在{said}", kind="strike", link="/applicant/sanctions")
    office = Office.get_or_none(Office.organisation == strike.organisation_id)
    if office is not None:
        tell(
            users_at(office.id), f"警示：本单位参培人员{person.name}在{said}", kind="strike", link="/unit/sanctions"
        )


def _keep_for_another(strike: Strike) -> None:
    """Another registration of the person in the same plan may be struck as well: then the plan still counts once."""
    other = (
        Registration.select(Registration, Case)
        .join(Case, on=(Registration.case == Case.id))
        .where(
            Registration.person == strike.person_id, Registration.plan == strike.plan_id, Case.state == State.STRUCK
        )
        .order_by(Registration.case)
        .first()
    )
    if other is None:
        return
    event = Event.select().where(Event.case == other.case_id, Event.action == Action.STRIKE)
    event = event.order_by(Event.id.desc()).get()
    heir = Strike.create(
        person=strike.person_id, organisation=other.organisation_id, registration=other.case_id, plan=strike.plan_id,
        ground=event.data["ground"], reason=event.note, at=event.at, decided_by=event.user_id, live_key=_key(other),
    )  # fmt: skip
    for bar in Bar.select().where(Bar.person == strike.person_id, Bar.live_key.is_null()):
        if strike.id in bar.cause.get("strikes", ()):  # what a lifting has cleared stays cleared
            cause = {**bar.cause, "strikes": [*bar.cause["strikes"], heir.id]}
            Bar.update(cause=cause).where(Bar.id == bar.id).execute()


def _check_owner(plan: Plan, actor: Actor) -> None:
    if plan.office_id != actor.office:
        raise NotAllowed("无故缺勤由举办本期培训班的中心认定。")


def _key(registration: Registration) -> str:
    return f"{registration.person_id}:{registration.plan_id}"


