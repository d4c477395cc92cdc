"""How guessing is slowed down: tries are counted before they are looked at, per name and per address."""

from datetime import timedelta

from portal import clock
from portal.database import transaction
from portal.models import LoginAttempt
from portal.rules.errors import Refusal

# 等保二级 asks for failure handling: five wrong passwords close an account name, thirty an address, for a quarter hour.
TRIES_PER_NAME, TRIES_PER_ADDRESS, TRIES_MINUTES = 5, 30, 15


class TooManyTries(Refusal):
    """Too many wrong passwords or codes (answered 429)."""


def count_try(name: str, address: str) -> list[int]:
    """Count one try under a name and an address; gives what forgive_try() takes back when it was right.

    Counted first, in one transaction with the look at the limit: a thousand tries at once are still five. Raises
    TooManyTries, also for a right password, and without saying whether the name exists.
    """
    now, keys = clock.now(), (f"name:{name}"[:120], f"at:{address}"[:120])
    with transaction():
        LoginAttempt.delete().where(LoginAttempt.at < now - timedelta(days=1)).execute()
        for key, limit in zip(keys, (TRIES_PER_NAME, TRIES_PER_ADDRESS), strict=True):
            recent = LoginAttempt.at > now - timedelta(minutes=TRIES_MINUTES)
            if LoginAttempt.select().where(LoginAttempt.key == key, recent).count() >= limit:
                raise TooManyTries(
                    f"输错次数过多，请{TRIES_MINUTES}分钟后再试；忘记密码的，请向所在单位或鉴定中心申请重置码。"
                )
        return [LoginAttempt.create(key=key, at=now).id for key in keys]


def forgive_try(tries: list[int], name: str) -> None:
    """The try was right: it does not count, and neither do the earlier ones under the name."""
    with transaction():
        LoginAttempt.delete().where(LoginAttempt.id.in_(tries)).execute()
        LoginAttempt.delete().where(LoginAttempt.key == f"name:{name}"[:120]).execute()
