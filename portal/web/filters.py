"""What templates may call: dates as in notices, masked numbers, words for states — all from the rules."""

from datetime import date, datetime

from flask import Flask

from portal import clock
from portal.actions.notices import STATE_LABELS
from portal.models.cases import due_or_none
from portal.models.jurisdictions import profile_of, working_calendar
from portal.rules import identity
from portal.rules.dates import print_date
from portal.rules.flows import FLOWS
from portal.rules.flows.plan import PHASE_LABELS
from portal.rules.workflow import IN_REVIEW, SEAT_LABELS, Seat


def install(app: Flask) -> None:
    """Give the filters to the templates of this application."""
    app.jinja_env.filters.update(
        day=day, moment=moment, chinese_date=chinese_date, mask=identity.mask, mask_phone=identity.mask_phone,
        state_label=state_label, seat_label=seat_label, size=size, event_word=event_word,
    )  # fmt: skip
    app.jinja_env.globals.update(remaining=remaining)


def day(value: date | None) -> str:
    """2022-12-09, as data; '' for none."""
    return value.isoformat()[:10] if value else ""


def moment(value: datetime | None) -> str:
    """2022-12-09 14:30; '' for none."""
    return value.strftime("%Y-%m-%d %H:%M") if value else ""


def chinese_date(value: date | None) -> str:
    """2022年12月9日, as in notices (R13.27); '' for none."""
    return print_date(value) if value else ""


def state_label(kind: str, state: str, province: str = "", seat: str = "") -> str:
    """The one word for a state (R13.21); while in review it names the level whose turn it is, from the profile."""
    if state == IN_REVIEW and province and seat:
        return profile_of(province).state_label(seat)
    return FLOWS[kind].labels[state]


def seat_label(seat: str) -> str:
    """The Chinese word for a seat."""
    return SEAT_LABELS[Seat(seat)]


def size(bytes_: int) -> str:
    """A file size in KB or MB."""
    return f"{bytes_ / 1_048_576:.1f} MB" if bytes_ >= 1_048_576 else f"{max(bytes_ // 1024, 1)} KB"


def remaining(due_on: date | None):
    """Remaining working days until a last day as (days, word, tone, estimated) for badges; None: no deadline."""
    return working_calendar().remaining(clock.today(), due_or_none(due_on) if due_on else None)


def event_word(value: str) -> str:
    """What an event led from or to in words: states by the one glossary; names of regions and the like stay."""
    for flow in FLOWS.values():
        if value in flow.labels:
            return flow.labels[value]
    return STATE_LABELS.get(value) or PHASE_LABELS.get(value, value)
