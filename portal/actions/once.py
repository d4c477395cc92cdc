"""One-time form tokens: a form that was sent twice acts once."""

from portal import clock
from portal.database import transaction
from portal.models import SentForm


def take_token(token: str, *, user: int | None) -> str | None:
    """Take a token; None when it is new, otherwise the place the first sending led to ('' while it is under way)."""
    with transaction():
        sent = SentForm.get_or_none(SentForm.token == token[:64])
        if sent is not None:
            return sent.place if sent.user_id == user else ""
        SentForm.create(token=token[:64], user=user, at=clock.now())
    return None


def keep_place(token: str, place: str) -> None:
    """Remember where the form led, for its second sending."""
    with transaction():
        SentForm.update(place=place[:300]).where(SentForm.token == token[:64]).execute()


def free_token(token: str) -> None:
    """Give a refused form's token back, so that it can be corrected and sent again."""
    with transaction():
        SentForm.delete().where(SentForm.token == token[:64]).execute()
