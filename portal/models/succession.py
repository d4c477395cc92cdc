"""How credentials follow each other: a correction takes the place of a wrong one, a renewal comes after an old one."""

from portal.models.credentials import Credential
from portal.rules.credential import CORRECTION, RENEWAL
from portal.rules.flows.credential import ALIVE


def corrections_of(card: Credential) -> list[Credential]:
    """The credential in all its wordings, the first one first: what it corrects, itself, and what corrected it."""
    chain = [card]
    while chain[0].succession == CORRECTION and chain[0].replaces_id is not None:
        chain.insert(0, chain[0].replaces)
    while later := _next(chain[-1]):
        chain.append(later)
    return chain


def corrected_by(card: Credential) -> Credential | None:
    """The last wording of a credential that was corrected; None for one that was not."""
    last = corrections_of(card)[-1]
    return last if last.id != card.id else None


def renewal_of(card: Credential) -> Credential | None:
    """What renews this credential, in whatever wording, and is alive by the calendar: on the way or in hand; or None.

    Looked for behind every wording: the renewal may have been issued before the old or the new one was corrected.
    """
    for wording in corrections_of(card):
        for renewed in Credential.select().where(Credential.replaces == wording.id, Credential.succession == RENEWAL):
            found = next((each for each in corrections_of(renewed) if each.state_now in ALIVE), None)
            if found is not None:
                return found
    return None


def rival_of(card: Credential) -> Credential | None:
    """Another renewal of what this credential renews, alive by the calendar; None for what renews nothing."""
    first = corrections_of(card)[0]
    if first.succession != RENEWAL or first.replaces_id is None:
        return None
    other = renewal_of(first.replaces)
    return other if other is not None and other.id not in {each.id for each in corrections_of(card)} else None


def _next(card: Credential) -> Credential | None:
    return Credential.get_or_none(Credential.replaces == card.id, Credential.succession == CORRECTION)
