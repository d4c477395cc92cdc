"""One person registered twice, under two documents or by two units, becomes one again."""

from portal import clock
from portal.actions.bars import recount_strikes, recount_unclaimed, release_unit
from portal.actions.events import record
from portal.database import transaction
from portal.models import (
    Bar,
    Case,
    Credential,
    FileVersion,
    Grant,
    HeldQualification,
    LoginSession,
    Person,
    Registration,
    Statement,
    Strike,
    User,
    WorkEntry,
)
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Actor, Seat


def merge_people(keep: Person, drop: Person, *, actor: Actor, note: str) -> Person:
    """Move everything of `drop` to `keep`, whose data win; technical staff only, with a reason.

    When both have an account the one of `drop` is closed, when only `drop` has one it goes over. Raises Invalid when
    both have a live registration in the same plan: one of them has to be withdrawn first (R3.45).
    """
    if actor.seat != Seat.TECHNICIAN:
        raise NotAllowed("只有技术人员可以合并重复的人员。")
    if not note.strip():
        raise Invalid("note", "请填写合并的依据。")
    with transaction():
        keep, drop = Person.get_by_id(keep.id), Person.get_by_id(drop.id)
        if keep.id == drop.id or keep.merged_into_id or drop.merged_into_id:
            raise Invalid("drop", "请选择两名不同的、尚未合并的人员。")
        if keep.province != drop.province:
            raise Invalid("drop", "两名人员不在同一省份，不能合并。")
        _check_plans(keep, drop)
        _move(keep, drop, actor)
        for recount in (recount_strikes, recount_unclaimed):  # what one human being did counts together
            recount(Person.get_by_id(keep.id), actor=actor)
        record(
            "merge", "合并重复人员", actor=actor, subject=f"person:{keep.id}", note=note,
            data={"dropped": drop.id, "name": drop.name},
        )  # fmt: skip
    return Person.get_by_id(keep.id)


def _check_plans(keep: Person, drop: Person) -> None:
    live = Registration.select(Registration.plan).where(Registration.live_key.is_null(False))
    mine = {plan for (plan,) in live.where(Registration.person == keep.id).tuples()}
    theirs = {plan for (plan,) in live.where(Registration.person == drop.id).tuples()}
    if mine & theirs:
        raise Invalid("drop", "两名人员在同一计划中都有有效报名，请先撤回其中一件再合并。")


def _move(keep: Person, drop: Person, actor: Actor) -> None:
    for registration in Registration.select().where(Registration.person == drop.id):
        key = registration.live_key
        if key:
            plan, _, *rest = key.split(":")
            key = ":".join([plan, str(keep.id), *rest])
        Registration.update(person=keep.id, live_key=key).where(Registration.case == registration.case_id).execute()
    Case.update(person=keep.id).where(Case.person == drop.id).execute()
    Credential.update(person=keep.id).where(Credential.person == drop.id).execute()
    Statement.update(person=keep.id).where(Statement.person == drop.id).execute()
    for strike in Strike.select().where(Strike.person == drop.id):
        key = f"{keep.id}:{strike.plan_id}" if strike.live_key else None
        values = {"person": keep.id, "live_key": key}
        if key and Strike.get_or_none(Strike.live_key == key):  # at most one for a person and a plan (R7.01)
            values |= {"live_key": None, "annulled_at": clock.now()}
        Strike.update(values).where(Strike.id == strike.id).execute()
    for bar in Bar.select().where(Bar.person == drop.id):  # lifted ones, too: what they cleared stays cleared
        values = {"person": keep.id}
        if bar.live_key:
            key = f"{bar.province}:person:{keep.id}:{bar.kind}"
            taken = Bar.get_or_none(Bar.live_key == key)
            values |= {"live_key": None, "ending": "groundless"} if taken else {"live_key": key}
            if taken:  # one bar is left, and that one says which unit it holds
                release_unit(bar, actor)
        Bar.update(values).where(Bar.id == bar.id).execute()
    HeldQualification.update(person=keep.id).where(HeldQualification.person == drop.id).execute()
    WorkEntry.update(person=keep.id).where(WorkEntry.person == drop.id).execute()
    # The slots of qualifications and work carry their row's number, so they cannot collide; portraits would.
    FileVersion.update(owner=f"person:{keep.id}").where(
        FileVersion.owner == f"person:{drop.id}", FileVersion.slot != "person.portrait"
    ).execute()
    if keep.portrait_id is None:
        keep.portrait = drop.portrait
    account, drop.user, drop.merged_into = drop.user_id, None, keep
    drop.save()
    if account and keep.user_id is None:
        keep.user = account
    elif account:
        User.update(active=False).where(User.id == account).execute()
        LoginSession.delete().where(LoginSession.user == account).execute()
        Grant.update(user=keep.user_id).where(Grant.user == account, Grant.seat != Seat.APPLICANT).execute()
    keep.save()
