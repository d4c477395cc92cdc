"""Passwords at rest: Argon2id, with costs a small server can bear when a whole class logs in."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# 19 MiB, two passes, one lane: OWASP's recommended floor; about 25 ms on the target machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def make_hash(password: str) -> str:
    """The hash to store, with its salt and costs inside."""
    return _hasher.hash(password)


def is_password(stored: str, password: str) -> bool:
    """Whether the password belongs to the stored hash; False for an account without a usable one."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
