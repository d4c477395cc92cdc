"""What a public look-up reads: one credential by its number or by the token in its QR code, and what followed it."""

from portal.database import database
from portal.models.credentials import Credential
from portal.models.people import FileVersion

# Whoever likes may ask these, hundreds of times a second: SQL that is built once.
_BY_NUMBER = "SELECT id, name FROM credential WHERE number = ?"
_BY_TOKEN = "SELECT id FROM credential WHERE token = ?"
# A chain of renewals longer than this is not followed to its end.
_LONGEST_CHAIN = 20


def find_by_number(typed: str, normalised: str) -> tuple[int, str] | None:
    """(id, holder's name) of the credential with this number: as normalised, or else exactly as it was typed.

    Numbers taken over from elsewhere may hold lower case or blanks. No more is read here, so that a number that exists
    takes no longer than one that does not.
    """
    for number in dict.fromkeys((normalised, typed.strip()[:60])):
        found = database.execute_sql(_BY_NUMBER, (number,)).fetchone()
        if found is not None:
            return found
    return None


def find_by_token(token: str) -> int | None:
    """The id of the credential whose QR code holds this token."""
    found = database.execute_sql(_BY_TOKEN, (token,)).fetchone() if token else None
    return found[0] if found is not None else None


def last_successor(credential: Credential) -> Credential | None:
    """The newest credential that took the place of this one, by renewal or correction; None when nothing did."""
    found, current = None, credential
    for _ in range(_LONGEST_CHAIN):
        current = Credential.select().where(Credential.replaces == current.id).order_by(Credential.id.desc()).first()
        if current is None:
            break
        found = current
    return found


def portrait_of(id_: int) -> FileVersion | None:
    """The photo that is printed on a credential; None without one."""
    credential = Credential.get_or_none(Credential.id == id_)
    return credential.portrait if credential else None
