"""What a unit keeps about itself: its one liaison person, and the member units of an association."""

from portal import clock
from portal.actions.events import record
from portal.database import transaction
from portal.models import Liaison, Membership, Office, Organisation, Person, Registration
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Actor, Seat


def name_liaison(*, actor: Actor, name: str, phone: str, confirmed: bool = False) -> Liaison:
    """Make somebody the one liaison of the actor's unit; an earlier one stays as history (R0.16; 000·B 六（四）).

    Raises Invalid("confirmed") when there is one already and the replacement is not confirmed.
    """
    organisation = _own_organisation(actor)
    name, phone = " ".join(name.split()), identity.check_phone(phone)
    if not name:
        raise Invalid("name", "请填写联系人姓名。")
    with transaction():
        present = active_liaison(organisation)
        if present is not None and (present.name, present.phone) == (name, phone):
            return present
        if present is not None and not confirmed:
            raise Invalid("confirmed", f"现任联系人为{present.name}（{present.phone}），请确认由{name}替换。")
        Liaison.update(active=False).where(Liaison.organisation == organisation, Liaison.active).execute()
        liaison = Liaison.create(organisation=organisation, name=name, phone=phone, since=clock.now())
        note = f"{present.name} → {name}" if present else name
        record("liaison", "指定联系人", actor=actor, subject=f"organisation:{organisation}", note=note)
        return liaison


def active_liaison(organisation: int) -> Liaison | None:
    """The liaison of an organisation, or None."""
    return Liaison.get_or_none(Liaison.organisation == organisation, Liaison.active)


def add_member(*, actor: Actor, name: str, usci: str = "") -> Membership:
    """Add a member unit by its full name (R0.04); a unit that is not yet known is entered, with an office to write to.

    Raises Invalid for an empty name, the unit itself, or one that is a member already.
    """
    association = Organisation.get_by_id(_own_organisation(actor))
    name = " ".join(name.split())
    if not name:
        raise Invalid("name", "请填写会员单位全称。")
    usci = identity.check_credit_code(usci, field="usci") if usci.strip() else None
    with transaction():
        member = Organisation.get_or_none(Organisation.name == name)
        if member is None and usci:
            taken = Organisation.get_or_none(Organisation.usci == usci)
            if taken is not None:
                raise Invalid("usci", f"这个统一社会信用代码属于“{taken.name}”，请核对单位名称。")
        if member is None:
            member = Organisation.create(
                name=name, usci=usci, province=association.province, region=association.region,
                unit_kind=association.unit_kind, allowed_regions=association.allowed_regions,
            )  # fmt: skip
        if member.id == association.id:
            raise Invalid("name", "不能把本单位加为会员单位。")
        if member.province != association.province:
            raise Invalid("name", "这个单位不在本省，不能加为会员单位。")
        if not Office.select().where(Office.organisation == member.id).exists():
            Office.create(
                name=member.name, level="unit", body="unit", region=member.region_id, organisation=member,
                province=member.province,
            )  # fmt: skip
        membership, is_new = Membership.get_or_create(
            association=association, member=member, defaults={"since": clock.today()}
        )
        if not is_new:
            raise Invalid("name", "这个单位已经是会员单位。")
        record("add_member", "增加会员单位", actor=actor, subject=f"organisation:{association.id}", note=member.name)
        return membership


def remove_member(membership: Membership, *, actor: Actor) -> None:
    """End a membership; refused while one of the member's people is registered through the association."""
    organisation = _own_organisation(actor)
    with transaction():
        if membership.association_id != organisation:
            raise NotAllowed("这个会员单位不属于您的单位。")
        registered = (
            Registration.select()
            .join(Person, on=(Registration.person == Person.id))
            .where(Registration.organisation == organisation, Person.employer == membership.member_id)
        )
        if registered.where(Registration.live_key.is_null(False)).exists():
            raise NotAllowed("该会员单位还有正在办理的报名，不能移除。")
        name = membership.member.name
        Membership.delete().where(Membership.id == membership.id).execute()
        record("remove_member", "移除会员单位", actor=actor, subject=f"organisation:{organisation}", note=name)


def members_of(organisation: int) -> list[Membership]:
    """The member units of an association, by name."""
    return list(
        Membership.select(Membership, Organisation)
        .join(Organisation, on=(Membership.member == Organisation.id))
        .where(Membership.association == organisation)
        .order_by(Organisation.name)
    )


def _own_organisation(actor: Actor) -> int:
    if actor.seat != Seat.UNIT or actor.organisation is None:
        raise NotAllowed("只有评价机构可以办理这项操作。")
    return actor.organisation
