"""A unit enters its colleagues for a plan: persons without an account, each with a draft to complete and confirm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from portal import clock
from portal.actions.events import record, tell, user_of
from portal.actions.people import clean_name, find_person
from portal.actions.registration_guards import check_organisation, check_room, check_window
from portal.actions.registrations import open_draft
from portal.database import transaction
from portal.models import Case, Organisation, Person, Plan
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed, Refusal
from portal.rules.workflow import Actor, Seat


@dataclass(frozen=True)
class EnteredRow:
    """What became of one row: its case, or the refusals with the field (column) each belongs to."""

    row: int
    name: str
    case: Case | None = None
    errors: tuple[tuple[str, str], ...] = field(default=())


def enter_colleagues(rows: Iterable[Mapping], plan: Plan, *, actor: Actor, first_row: int = 2) -> list[EnteredRow]:
    """Enter the rows of a unit's table; every row stands alone, refused ones leave nothing behind.

    Keys of a row: name, id_type (default 201), id_number, and optionally sex, phone, position, education, address,
    employer. `first_row` is the number of the first row in the unit's workbook. The profile need not be complete: each
    person completes and confirms it before submitting. Raises NotAllowed when the unit or the plan as a whole cannot.
    """
    if actor.seat != Seat.UNIT or actor.organisation is None:
        raise NotAllowed("只有评价机构可以录入本单位人员。")
    unit, plan = Organisation.get_by_id(actor.organisation), Plan.get_by_id(plan.id)
    if plan.province != unit.province:
        raise NotAllowed("本计划不面向本单位所在的省份。")
    check_window(plan, clock.now())
    check_organisation(plan, unit)
    entered, seen = [], {}
    for number, row in enumerate(rows, start=first_row):
        name = str(row.get("name") or "").strip()
        try:
            entered.append(EnteredRow(number, name, _enter(row, plan, unit, actor, seen, number)))
        except _Wrong as wrong:
            entered.append(EnteredRow(number, name, errors=wrong.errors))
        except Refusal as refusal:
            column = refusal.field if isinstance(refusal, Invalid) else ""
            entered.append(EnteredRow(number, name, errors=((column, refusal.message),)))
    return entered


class _Wrong(Exception):
    """Several faults in one row."""

    def __init__(self, errors: list[Invalid]):
        super().__init__()
        self.errors = tuple((fault.field, fault.message) for fault in errors)


def _enter(row: Mapping, plan: Plan, unit: Organisation, actor: Actor, seen: dict, number: int) -> Case:
    values = _clean(row)
    key = (values["id_type"], values["id_number"])
    if key in seen:
        raise Invalid("id_number", f"与第{seen[key]}行的证件号码重复。")
    seen[key] = number
    with transaction():
        person = find_person(*key)
        if person is None:
            person = Person.create(
                **values, organisation=unit, province=plan.province, created_at=clock.now(),
                employer=Organisation.get_or_none(Organisation.name == (values["employer_name"] or unit.name)),
            )  # fmt: skip
            record("enter_person", "录入人员", actor=actor, subject=f"person:{person.id}")
        else:
            _check_existing(person, values, unit)
        check_room(plan, person)
        case = open_draft(plan, person, actor=actor)
        tell(
            user_of(person.id), f"{unit.name}已为您录入“{plan.name}”的报名，请核对、补充后提交。",
            kind="entered", case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
    return case


def _clean(row: Mapping) -> dict:
    text = {key: " ".join(str(row.get(key) or "").split()) for key in (
        "name", "id_type", "id_number", "sex", "phone", "position", "education", "address", "employer",
    )}  # fmt: skip
    faults, values = [], {}

    def take(read):
        try:
            values.update(read())
        except Invalid as fault:
            faults.append(fault)

    id_type = text["id_type"] or identity.RESIDENT_CARD
    take(lambda: {"name": clean_name(text["name"])})
    take(lambda: {"id_type": id_type, "id_number": identity.check(id_type, text["id_number"])})
    if text["phone"]:
        take(lambda: {"phone": identity.check_phone(text["phone"])})
    if text["sex"] and "id_number" in values:
        take(lambda: _check_sex(id_type, values["id_number"], text["sex"]))
    if faults:
        raise _Wrong(faults)
    number = values["id_number"]
    return values | {
        "sex": identity.sex(number, id_type) or text["sex"],
        "birth": identity.birth_date(number, id_type),
        "position": text["position"][:60],
        "education": text["education"][:20],
        "address": text["address"][:200],
        "employer_name": text["employer"][:200],
    }


def _check_sex(id_type: str, number: str, typed: str) -> dict:
    if typed not in identity.SEXES:
        raise Invalid("sex", "性别应为“男”或“女”。")
    identity.check_sex(id_type, number, typed)
    return {"sex": typed}


def _check_existing(person: Person, values: Mapping, unit: Organisation) -> None:
    """What is known of a person stays theirs: a unit can neither change it nor learn it from here."""
    if person.name != values["name"]:
        raise Invalid("name", "该证件号码已登记，但姓名与填写的不一致，请核对。")
    if person.organisation_id is None:
        Person.update(organisation=unit).where(Person.id == person.id).execute()
        person.organisation = unit
    elif person.organisation_id != unit.id:
        raise Invalid("id_number", "该人员在系统中登记的评价机构不是本单位，请由本人在“个人信息”中更新后再录入。")
