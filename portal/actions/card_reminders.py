"""Reminders that arrive once: before the last day of collection, and before the end of validity."""

from datetime import date, datetime, timedelta

from peewee import fn

from portal import clock
from portal.actions.card_moves import unit_users
from portal.actions.events import tell
from portal.database import transaction
from portal.models import Counter, Credential, Message, Person
from portal.models.jurisdictions import profiles, working_calendar
from portal.rules.flows.credential import State

_RUNNING = (State.CLAIMED, State.VALID)


def send_reminders(moment: datetime | None = None) -> int:
    """The sweep: send what is due by `moment`; gives the number of messages. Idempotent: each arrives once (R6.14).

    A reminder whose day was missed is sent late, unless the next one is due already.
    """
    today, sent = (moment or clock.now()).date(), 0
    for key, profile in profiles().items():
        settings = profile.credential
        sent += _remind_of_claims(key, settings.claim_reminders, today)
        if _is_new_day(key, today):
            sent += _remind_units_of_expiry(key, settings.expiry_reminders, today)
            sent += _remind_holders_of_expiry(key, settings.expiry_reminders, today)
            _keep_day(key, today)
    return sent


def _is_new_day(province: str, today: date) -> bool:
    """Whether the ends of validity have not been gone through today: a year's worth of cards is read for it, and the
    sweep runs every few seconds."""
    return Counter.get_or_none(Counter.name == _day_key(province), Counter.last == today.toordinal()) is None


def _keep_day(province: str, today: date) -> None:
    """Kept after the messages: who is interrupted goes through them again, and each still arrives once."""
    with transaction():
        Counter.insert(name=_day_key(province), last=today.toordinal()).on_conflict(
            conflict_target=[Counter.name], update={Counter.last: today.toordinal()}
        ).execute()


def _day_key(province: str) -> str:
    return f"expiry-reminders:{province}"


def _remind_of_claims(province: str, reminders: tuple[int, ...], today: date) -> int:
    """One message per unit, last day and reminder, however many cards wait."""
    if not reminders:
        return 0
    calendar, sent = working_calendar(), 0
    latest = calendar.add(today, max(reminders) + 1)
    for organisation, due, number in _grouped(
        (Credential.state == State.AWAITING_CLAIM) & (Credential.province == province)
        & Credential.claim_due.between(today, latest), Credential.claim_due,
    ):  # fmt: skip
        left = calendar.between(today, due)
        step = min((step for step in reminders if left <= step), default=None)
        if step is not None:
            word = f"还剩{left}个工作日" if left else "今天是最后一天" if due == today else "只剩休息日"
            text = f"有{number}张证卡尚未领取，领取截止日{due.isoformat()}，{word}；逾期视为自动放弃，证卡作废。"
            key = f"claim:{organisation}:{due.isoformat()}:{step}"
            sent += _send(unit_users(organisation), text, "card_reminder", key, "/unit/cards")
    return sent


def _remind_units_of_expiry(province: str, reminders: tuple[int, ...], today: date) -> int:
    sent = 0
    for step, first, last in _spans(reminders, today):
        for organisation, end, number in _grouped(
            Credential.state.in_(_RUNNING) & (Credential.province == province)
            & Credential.valid_to.between(first, last), Credential.valid_to,
        ):  # fmt: skip
            text = f"本单位有{number}人的考评员证书（证卡）有效期至{end.isoformat()}，请组织办理复核换证。"
            key = f"expiry-unit:{organisation}:{end.isoformat()}:{step}"
            sent += _send(unit_users(organisation), text, "card_reminder", key, "/unit/pool")
    return sent


def _remind_holders_of_expiry(province: str, reminders: tuple[int, ...], today: date) -> int:
    sent = 0
    for step, first, last in _spans(reminders, today):
        key = fn.PRINTF("expiry:%d:%d:%d", Credential.id, step, Person.user)
        known = Message.select(Message.id).where(Message.dedupe == key)
        rows = (
            Credential.select(
                Credential.id, Credential.number, Credential.occupation_name, Credential.valid_to, Person.user
            )
            .join(Person, on=(Credential.person == Person.id))
            .where(
                Credential.state.in_(_RUNNING), Credential.province == province,
                Credential.valid_to.between(first, last), Person.user.is_null(False), ~fn.EXISTS(known),
            )
        )  # fmt: skip
        for id_, number, occupation, end, user in list(rows.tuples()):
            text = f"您的{occupation}考评员证书（证卡）{number}有效期至{end.isoformat()}，请留意复核换证的通知。"
            sent += _send([user], text, "card_reminder", f"expiry:{id_}:{step}", "/applicant/certificates")
    return sent


def _spans(reminders: tuple[int, ...], today: date) -> list[tuple[int, date, date]]:
    """Each reminder with the last days of validity it is for: those that no smaller reminder is for."""
    steps, first, spans = sorted(reminders), today, []
    for step in steps:
        last = today + timedelta(days=step)
        spans.append((step, first, last))
        first = last + timedelta(days=1)
    return spans


def _grouped(condition, day) -> list[tuple[int, date, int]]:
    """(unit, last day, number of cards) of the credentials of units that fulfil a condition."""
    rows = Credential.select(Credential.organisation, day, fn.COUNT(Credential.id)).where(
        condition, Credential.organisation.is_null(False)
    )
    return list(rows.group_by(Credential.organisation, day).order_by(day).tuples())


def _send(users: list[int], text: str, kind: str, key: str, link: str) -> int:
    """Tell those who have not been told; writes nothing when all have."""
    keys = {f"{key}:{user}": user for user in users}
    known = {key for (key,) in Message.select(Message.dedupe).where(Message.dedupe.in_(list(keys))).tuples()}
    missing = [user for each, user in keys.items() if each not in known]
    if missing:
        with transaction():
            tell(missing, text, kind=kind, link=link, dedupe=key)
    return len(missing)
