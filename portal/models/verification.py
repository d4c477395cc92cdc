"""What a public look-up reads: one credential by its number or by the token in its QR code, and what followed it."""

from datetime import date

from portal.models.credentials import Credential
from portal.models.people import FileVersion
from portal.rules.dates import print_date

# A chain of renewals longer than this is not followed to its end.
_LONGEST_CHAIN = 20


def find_by_number(typed: str, normalised: str) -> Credential | None:
    """The credential of a number, as it was typed or normalised: numbers taken over from elsewhere may hold anything."""
    return Credential.get_or_none(Credential.number.in_([normalised, typed.strip()[:60]]))


def find_by_token(token: str) -> Credential | None:
    """The credential whose QR code holds this token; None for the empty token."""
    return Credential.get_or_none(Credential.token == token) if token else None


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


def agrees_with_print(credential: Credential) -> bool:
    """Whether the columns that pages read still say what is printed (and sealed): number, name and the two days.

    Only fields that were printed are compared: a card taken over from elsewhere may hold fewer.
    """
    columns = {
        "number": credential.number,
        "name": credential.name,
        "issued_on": _print(credential.issued_on),
        "valid_to": _print(credential.valid_to),
    }
    return all(credential.printed[key] == value for key, value in columns.items() if key in credential.printed)


def _print(day: date | None) -> str:
    return print_date(day) if day else ""
