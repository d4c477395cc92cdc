"""What happens to bars: set and ended as the rows demand, lifted by decision, asked for before enrolment."""

from datetime import date, datetime

from portal import clock
from portal.actions.bulletins import draft_bulletin, forget_bar
from portal.actions.events import record, tell, user_of, users_at
from portal.actions.recusal import check_not_oneself
from portal.database import transaction
from portal.models import Bar, Case, Office, Organisation, Person, Registration
from portal.models.jurisdictions import profile_of
from portal.models.sanction_records import (
    bars_in_force,
    contact_of,
    is_in_force,
    is_over,
    provinces_of,
    running_registrations,
    say_bar,
    say_ground,
    standing_of,
)
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.sanctions import KIND_LABELS, BarKind, barred_unit, barring_run
from portal.rules.workflow import SYSTEM, Actor, Seat

CLEAR, BARRED = "可以申报", "取消申报资格"
LIFTERS = {BarKind.STRIKES: {Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}, BarKind.UNCLAIMED: {Seat.DEPARTMENT}}


def check_not_barred(
    person: Person | None,
    organisation: Organisation | None,
    *,
    province: str | None = None,
    registration: Registration | None = None,
) -> None:
    """Raises NotAllowed when the person or the unit is barred in the province; it shows the sanction (R3.24, R7.06).

    `province` is the plan's; without one the unit's, or the person's. A `registration` that was allowed to go on by
    decision is not refused. What the rows demand counts even where no sweep has set the bar yet.
    """
    province = province or (organisation.province if organisation else person.province)
    bars = bars_in_force(person=person.id, province=province) if person else []
    bars += bars_in_force(organisation=organisation.id, province=province) if organisation else []
    for bar in bars:
        if registration is None or not is_permitted(bar, registration.case_id):
            raise NotAllowed(f"{say_bar(bar)}暂不能申报；如有异议，请联系{contact_of(province)}。")
    if person is not None and not any(bar.kind == BarKind.UNCLAIMED for bar in bars):
        standing = standing_of(person, province)
        if barring_run(standing.cards, standing.card_limit, standing.cleared_cards):
            raise NotAllowed(
                f"{person.name}已连续{len(standing.trailing)}次逾期未领取证卡，永久取消申报资格。"
                f"依据：{profile_of(province).credential.claim_source}。如有异议，请联系{contact_of(province)}。"
            )


def is_permitted(bar: Bar, registration: int) -> bool:
    """Whether a running registration may go on in spite of a bar, by decision of the province (R7.06)."""
    return any(permit["registration"] == registration for permit in bar.permits)


def recount_strikes(person: Person, *, actor: Actor) -> Bar | None:
    """Set, keep or end the bars that the person's strikes demand now; gives a bar that was newly set.

    Call it inside the transaction of what changed the strikes (R7.04).
    """
    return _first_new([_recount_strikes(person, province, actor) for province in provinces_of(person)])


def recount_unclaimed(person: Person, *, actor: Actor) -> Bar | None:
    """Set, keep or end the permanent bar that the person's cards demand now; gives a bar that was newly set.

    Call it inside the transaction of what voided, restored or claimed a card (R6.16).
    """
    return _first_new([_recount_cards(person, province, actor) for province in provinces_of(person)])


def lift_bar(bar: Bar, *, actor: Actor, reason: str) -> Bar:
    """End a bar by decision of the province; a permanent one by its department only (R7.05, R6.17, R7.10).

    What it followed from is cleared: those strikes or cards count no more. Raises NotAllowed, Stale or
    Invalid("reason").
    """
    with transaction():
        bar = Bar.get_by_id(bar.id)
        check_may_lift(bar, actor)
        check_not_oneself(bar.person_id, actor, "取消申报资格")
        if not is_in_force(bar):
            raise Stale("这项取消申报资格已经解除或终止，请刷新后查看。")
        if not reason.strip():
            raise Invalid("reason", "请填写解除的理由，会记入诚信档案并告知本人和单位。")
        if bar.person_id is not None:  # what has been added to the count since it was set is cleared as well
            standing = standing_of(bar.person, bar.province)
            name, more = {
                BarKind.STRIKES: ("strikes", standing.counting), BarKind.UNCLAIMED: ("credentials", standing.trailing),
            }[BarKind(bar.kind)]  # fmt: skip
            bar.cause = {**bar.cause, name: sorted({*bar.cause.get(name, ()), *(each.id for each in more)})}
        _end(bar, "lifted", actor, reason.strip())
        return bar


def check_may_lift(bar: Bar, actor: Actor) -> None:
    """Raises NotAllowed when this actor's capacity does not suffice to lift the bar."""
    if actor.province != bar.province or actor.seat not in LIFTERS[BarKind(bar.kind)]:
        if bar.permanent:
            raise NotAllowed("永久取消申报资格只能由省人社厅解除。")
        raise NotAllowed("取消申报资格只能由作出决定的省级部门解除。")


def set_end_date(bar: Bar, *, actor: Actor, ends_on: date | None, reason: str) -> Bar:
    """Give a bar a last day, or take it away again (R7.05); a permanent bar has none (R7.10)."""
    with transaction():
        bar = Bar.get_by_id(bar.id)
        if bar.permanent:
            raise NotAllowed("永久取消申报资格没有截止日期。")
        check_may_lift(bar, actor)
        check_not_oneself(bar.person_id, actor, "取消申报资格")
        if not is_in_force(bar):
            raise Stale("这项取消申报资格已经解除或终止，请刷新后查看。")
        if ends_on is not None and ends_on < clock.today():
            raise Invalid("ends_on", "截止日期不能早于今天；如需现在解除，请使用“解除”。")
        if not reason.strip():
            raise Invalid("reason", "请填写理由，会记入诚信档案并告知本人和单位。")
        before = bar.ends_on
        Bar.update(ends_on=ends_on).where(Bar.id == bar.id).execute()
        until = f"截止日期定为{ends_on:%Y-%m-%d}" if ends_on else "截止日期取消，至省级部门解除为止"
        record(
            "limit_bar", "确定取消申报资格的截止日期", actor=actor, subject=f"bar:{bar.id}", note=reason.strip(),
            before=before.isoformat() if before else "", after=ends_on.isoformat() if ends_on else "",
            data=_about(bar),
        )  # fmt: skip
        _tell_both(bar, f"取消申报资格的{until}。理由：{reason.strip()}")
        return Bar.get_by_id(bar.id)


def permit_running(bar: Bar, registration: Registration, *, actor: Actor, reason: str) -> Bar:
    """Let a running registration of the barred person or unit go on (R7.06: decided case by case).

    Without this decision it is neither passed finally nor issued upon while the bar stands.
    """
    with transaction():
        bar, case = Bar.get_by_id(bar.id), Case.get_by_id(registration.case_id)
        if actor.seat not in LIFTERS[BarKind.STRIKES] or actor.province != bar.province:
            raise NotAllowed("已在办理的报名是否继续，由作出决定的省级部门认定。")
        check_not_oneself(case.person_id, actor, "报名")
        if not is_in_force(bar) or case.id not in {each.case_id for each in running_registrations(bar)}:
            raise Stale("这件报名不需要作此决定，请刷新后查看。")
        if is_permitted(bar, case.id):
            raise Stale("这件报名已准予继续。")
        if not reason.strip():
            raise Invalid("reason", "请填写准予继续的理由。")
        at = f"{clock.now():%Y-%m-%d %H:%M}"
        permit = {"registration": case.id, "reason": reason.strip(), "by": actor.name, "at": at}
        Bar.update(permits=[*bar.permits, permit]).where(Bar.id == bar.id).execute()
        record(
            "permit", "准予继续办理", actor=actor, case=case, note=reason.strip(), data={"bar": bar.id},
        )  # fmt: skip
        tell(
            user_of(case.person_id), f"您的报名（{case.number}）准予继续办理。理由：{reason.strip()}", kind="permit",
            case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
        return Bar.get_by_id(bar.id)


def end_expired_bars(moment: datetime) -> int:
    """Close the bars whose end date has passed (a sweep); guards compare the date themselves. Gives how many."""
    today, closed = moment.date(), 0
    for bar in Bar.select().where(Bar.ends_on < today, Bar.live_key.is_null(False)):
        with transaction():
            bar = Bar.get_by_id(bar.id)
            if bar.live_key is not None and is_over(bar):
                _end(bar, "expired", SYSTEM, f"截止日期{bar.ends_on:%Y-%m-%d}已过")
                closed += 1
    return closed


def _recount_strikes(person: Person, province: str, actor: Actor) -> Bar | None:
    profile, standing = profile_of(province), standing_of(person, province)
    counting, limit = standing.counting, standing.strike_limit
    bar = _live(province, "person", person.id, BarKind.STRIKES)
    if limit is None or len(counting) < limit:
        if bar is not None:
            _end(bar, "groundless", actor, f"目前累计{len(counting)}次，未达到{limit}次")
        return None
    unit = barred_unit(counting, limit) if profile.strikes.bars_unit else None
    cause = {"strikes": [each.id for each in counting], "unit": unit}
    if bar is not None:
        before = bar.cause.get("unit")
        Bar.update(cause=cause).where(Bar.id == bar.id).execute()
        if before != unit:  # an older strike was annulled: another one is now the one that reached the limit
            release_unit(bar, actor)
            _bar_unit(bar, unit, actor)
        return None
    bar = _set(province, BarKind.STRIKES, profile.strikes.source, cause, actor, person=person)
    unit_bar = _bar_unit(bar, unit, actor)
    draft_bulletin([each for each in (bar, unit_bar) if each], actor=actor)
    return bar


def _recount_cards(person: Person, province: str, actor: Actor) -> Bar | None:
    standing = standing_of(person, province)
    bar = _live(province, "person", person.id, BarKind.UNCLAIMED)
    held = frozenset(bar.cause["credentials"]) if bar else frozenset()
    run = barring_run(standing.cards, standing.card_limit, standing.cleared_cards, held)
    if not run:
        if bar is not None:
            _end(bar, "groundless", actor, "不再有连续未领取的情形")
        return None
    cause = {"credentials": [card.id for card in run]}
    if bar is not None:
        Bar.update(cause=cause).where(Bar.id == bar.id).execute()
        return None
    source = profile_of(province).credential.claim_source or ""
    return _set(province, BarKind.UNCLAIMED, source, cause, actor, person=person, permanent=True)


def _set(province: str, kind: BarKind, basis: str, cause: dict, actor: Actor, **subject) -> Bar:
    (name, row), *_ = subject.items()
    bar = Bar.create(
        **subject, province=province, kind=kind, basis=basis, cause=cause, starts_at=clock.now(),
        live_key=_key(province, name, row.id, kind),
    )  # fmt: skip
    record(
        "bar", KIND_LABELS[kind], actor=actor, subject=f"bar:{bar.id}", before=CLEAR, after=BARRED,
        note=say_ground(bar), data=_about(bar),
    )  # fmt: skip
    _tell_both(bar, f"{say_bar(bar)}如有异议，请联系{contact_of(province)}。")
    return bar


def _bar_unit(bar: Bar, unit: int | None, actor: Actor) -> Bar | None:
    """Bar the unit with the person, or note one more ground of a bar that stands; gives the unit's bar."""
    if unit is None:
        return None
    standing = _live(bar.province, "organisation", unit, BarKind.STRIKES)
    if standing is not None:
        cause = {"bars": [*standing.cause["bars"], bar.id]}
        Bar.update(cause=cause).where(Bar.id == standing.id).execute()
        record(
            "bar_again", "取消申报资格又增加一项依据", actor=actor, subject=f"bar:{standing.id}",
            note=say_ground(Bar.get_by_id(standing.id)), data={**_about(standing), "bar": bar.id},
        )  # fmt: skip
        return Bar.get_by_id(standing.id)
    organisation = Organisation.get_by_id(unit)
    return _set(
        bar.province, BarKind.STRIKES, bar.basis, {"bars": [bar.id]}, actor, organisation=organisation, follows=bar
    )


def release_unit(bar: Bar, actor: Actor) -> None:
    """A person's bar that has no ground any more is none for the unit either; another person's may still be.

    Call it inside the transaction of what took the ground away.
    """
    for standing in Bar.select().where(Bar.organisation.is_null(False), Bar.live_key.is_null(False)):
        if bar.id not in standing.cause.get("bars", ()):
            continue
        others = [each for each in standing.cause["bars"] if each != bar.id]
        if others:
            Bar.update(cause={"bars": others}, follows=others[0]).where(Bar.id == standing.id).execute()
        else:
            _end(standing, "groundless", actor, f"{bar.person.name}的认定已变更")


def _end(bar: Bar, ending: str, actor: Actor, reason: str) -> None:
    Bar.update(
        lifted_at=clock.now(), lifted_by=actor.user, lift_reason=reason, ending=ending, live_key=None, cause=bar.cause
    ).where(Bar.id == bar.id).execute()
    label = {"lifted": "解除取消申报资格", "expired": "取消申报资格期满", "groundless": "终止取消申报资格"}[ending]
    record(
        f"bar_{ending}", label, actor=actor, subject=f"bar:{bar.id}", before=BARRED, after=CLEAR, note=reason,
        data=_about(bar),
    )  # fmt: skip
    _tell_both(bar, f"取消申报资格（{bar.starts_at:%Y-%m-%d}起）：{label}，可以重新申报。理由：{reason}")
    if ending == "groundless":
        forget_bar(bar, actor=actor)
        if bar.person_id is not None:
            release_unit(bar, actor)


def _tell_both(bar: Bar, text: str) -> None:
    """One message to the person and one to each account of the unit concerned."""
    if bar.person_id is not None:
        tell(user_of(bar.person_id), text, kind="bar", link="/applicant/sanctions")
        unit = bar.cause.get("unit") or bar.person.organisation_id
    else:
        unit = bar.organisation_id
    office = Office.get_or_none(Office.organisation == unit) if unit else None
    if office is not None:
        who = "" if bar.person_id is None else f"【{bar.person.name}】"
        tell(users_at(office.id), f"{who}{text}", kind="bar", link="/unit/sanctions")


def _live(province: str, name: str, id_: int, kind: BarKind) -> Bar | None:
    """The one bar of this kind; one whose end date has passed is closed first, so that a new one can be set."""
    bar = Bar.get_or_none(Bar.live_key == _key(province, name, id_, kind))
    if bar is not None and is_over(bar):
        _end(bar, "expired", SYSTEM, f"截止日期{bar.ends_on:%Y-%m-%d}已过")
        return None
    return bar


def _key(province: str, name: str, id_: int, kind: BarKind) -> str:
    return f"{province}:{name}:{id_}:{kind}"


def _about(bar: Bar) -> dict:
    return {"person": bar.person_id, "organisation": bar.organisation_id, "cause": bar.cause, "kind": str(bar.kind)}


def _first_new(bars: list[Bar | None]) -> Bar | None:
    return next((bar for bar in bars if bar is not None), None)
