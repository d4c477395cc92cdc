"""The register of credentials that this portal has issued or taken over, as evidence in somebody's registration."""

from collections.abc import Iterable

from portal.models import Credential, HeldQualification, Person
from portal.models.jurisdictions import profile_of
from portal.rules.facts import ExaminerCard, OccupationRef
from portal.rules.flows.credential import State

_TOLD = (State.VALID, State.EXPIRED)


def confirm_credential(person: Person, qualification: HeldQualification) -> str:
    """The register's name when it holds this valid credential of the person, else '' (R3.06).

    Number, name, document, grade and occupation have to be those of the credential.
    """
    card = Credential.get_or_none(Credential.number == qualification.number, Credential.person == person.id)
    if card is None or card.state_now != State.VALID or card.name != person.name:
        return ""
    settings = profile_of(card.province)
    if qualification.grade != settings.grade(card.grade).name:
        return ""
    known = {card.occupation_name} | ({card.occupation.name} if card.occupation_id else set())
    label = OccupationRef("", qualification.occupation_name, qualification.job).label
    return "本系统证书（证卡）登记" if {label, qualification.occupation_name} & known else ""


def registered_cards(person: int) -> tuple[ExaminerCard, ...]:
    """What the person holds, or held until it expired, by the register (R3.14); void and revoked ones are none."""
    rows = Credential.select().where(Credential.person == person).order_by(Credential.issued_on, Credential.id)
    return tuple(_fact(row) for row in rows if row.state_now in _TOLD)


def numbers_known(numbers: Iterable[str]) -> set[str]:
    """Which of these numbers the register has, whoever holds them: there it decides, and no scan does."""
    wanted = [number for number in numbers if number]
    return {number for (number,) in Credential.select(Credential.number).where(Credential.number.in_(wanted)).tuples()}


def _fact(card: Credential) -> ExaminerCard:
    occupation = card.occupation
    reference = (
        OccupationRef(occupation.code, occupation.name, occupation.job)
        if occupation
        else OccupationRef("", card.occupation_name, "")
    )
    return ExaminerCard(occupation=reference, valid_to=card.valid_to, registered=True, number=card.number)
