"""Everything that happens because of the time alone, without anybody: one list, run as often as one likes (R13.07)."""

import logging
from collections.abc import Callable
from datetime import datetime

from portal import clock
from portal.actions.bars import end_expired_bars
from portal.actions.card_reminders import send_reminders
from portal.actions.cards import void_overdue
from portal.actions.exams import submit_overdue
from portal.actions.expiry import expire_credentials
from portal.actions.renewals import pass_without_assessment
from portal.actions.study import finish_idle_study
from portal.actions.study_reminders import remind_before_end
from portal.actions.unfinished import lapse_overdue

log = logging.getLogger("portal.sweeps")

# Each takes the moment and gives how many rows it changed. Each is idempotent, writes in short transactions of its own,
# finds its rows by an index, and is never relied upon: guards and pages compare the dates themselves.
SWEEPS: tuple[tuple[str, str, Callable[[datetime], int]], ...] = (
    ("void_cards", "逾期未领取的证卡作废", void_overdue),
    ("expire_credentials", "证书（证卡）有效期届满", expire_credentials),
    ("card_reminders", "领取和有效期提醒", send_reminders),
    ("finish_idle_study", "没有学习要求的计划开放考核", finish_idle_study),
    ("pass_renewals", "不设考核的复核换证", pass_without_assessment),
    ("study_reminders", "学习期限提醒", remind_before_end),
    # Papers before absences: who sat the exam and failed was not absent.
    ("submit_overdue", "到时自动交卷", submit_overdue),
    ("lapse_overdue", "培训考核到期未完成", lapse_overdue),
    ("end_bars", "取消申报资格期满", end_expired_bars),
)


def run_sweeps(moment: datetime | None = None) -> dict[str, int]:
    """Run all of them at `moment` (now); gives how much each changed. One that fails is logged and stops no other."""
    moment, done = moment or clock.now(), {}
    for name, _, sweep in SWEEPS:
        try:
            done[name] = sweep(moment)
        except Exception:
            log.exception("sweep %s failed", name)
    return done
