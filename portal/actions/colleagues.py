"""A unit enters its colleagues for a plan: persons without an account, each with a draft to complete and confirm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from portal import clock
from portal.actions.bars import check_not_barred
from portal.actions.events import record, tell, user_of
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most, one_of
from portal.actions.people import EDUCATIONS, clean_name, correct_name, find_person, has_live_cases, is_unclaimed
from portal.actions.registration_guards import check_organisation, check_room, check_window
from portal.actions.registrations import end_registration, live_registrations, open_draft
from portal.actions.renewals import check_renewal
from portal.database import transaction
from portal.models import Case, Organisation, Person, Plan
from portal.models.entered import DELETED, entered_by
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed, Refusal, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, Action, State
from portal.rules.workflow import Actor, Seat

MOST_ROWS = 500  # one transaction holds all rows of a table; a larger unit enters them in several
ENTERED = "该人员在本计划中已有报名，不需要再录入，请由本人在“我的报名”中办理。"
_COLUMNS = (
    Column("name", ("姓名",), required=True, read=clean_name, example="张三"),
    Column("id_type", ("证件类型",), read=one_of({label: code for code, label in identity.DOCUMENT_TYPES.items()},
           "证件类型"), example="居民身份证（不填即为居民身份证）"),
    Column("id_number", ("证件号码", "身份证号", "身份证号码", "公民身份号码"), required=True, read=identity.normalise,
           example="（该列设为文本格式）"),
    Column("sex", ("性别",), example="男"),
    Column("phone", ("联系电话", "手机", "手机号", "手机号码", "电话"), example="13900000001",
           read=lambda text: identity.check_phone(text) if text else ""),
    Column("education", ("文化程度", "学历"), read=one_of({each: each for each in EDUCATIONS}, "文化程度"),
           example="本科"),
    Column("position", ("职务", "岗位"), read=at_most(60), example="培训主管"),
    Column("address", ("通讯地址", "地址"), read=at_most(200)),
    Column("employer", ("实际工作单位", "会员单位", "工作单位", "单位"), read=at_most(200),
           example="（不填即为本单位）"),
)  # fmt: skip


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
    plan, unit = Plan.get_by_id(plan.id), check_may_enter(plan, actor)
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


def delete_entered(case: Case, *, actor: Actor, seen: int) -> None:
    """Delete a draft this unit has entered, while its person has no account and nothing was submitted.

    What was typed about a person of whom nothing else is left goes with it, so that the rightful holder of a mistyped
    number finds nothing of anybody else's; the case stays, withdrawn, as the anchor of its trail. Raises NotAllowed
    or Stale.
    """
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale("这份草稿刚刚有变化，请刷新后再操作。")
        if actor.seat != Seat.UNIT or not entered_by(actor, [*State]).where(Case.id == case.id).exists():
            raise NotAllowed("只能删除本单位录入的草稿。")
        FLOW.find(Action.WITHDRAW, seat=Seat.SYSTEM, state=case.state)
        if case.state != State.DRAFT or not is_unclaimed(case.person):
            raise NotAllowed("本人已注册账号或报名已提交，单位不能再删除，请由本人在“我的报名”中办理。")
        end_registration(case, "删除录入的草稿", actor=actor, action=DELETED)
        if not has_live_cases(case.person):
            Person.update(
                organisation=None, employer=None, employer_name="", phone="", position="", education="", address="",
                sex=identity.sex(case.person.id_number, case.person.id_type) or "",
            ).where(Person.id == case.person_id).execute()  # fmt: skip


def check_may_enter(plan: Plan, actor: Actor) -> Organisation:
    """The unit that enters its people; raises NotAllowed when the unit or the plan as a whole does not admit it now."""
    if actor.seat != Seat.UNIT or actor.organisation is None:
        raise NotAllowed("只有评价机构可以录入本单位人员。")
    unit = Organisation.get_by_id(actor.organisation)
    if plan.province != unit.province:
        raise NotAllowed("本计划不面向本单位所在的省份。")
    check_window(plan, clock.now())
    check_not_barred(None, unit, province=plan.province)
    check_organisation(plan, unit)
    return unit


def enterable_plans(actor: Actor) -> list[Plan]:
    """The plans whose window is open and which take this unit's people, newest first."""
    found = []
    for plan in Plan.visible_to(actor).where(Plan.state == PlanState.PUBLISHED).order_by(Plan.id.desc()):
        try:
            check_may_enter(plan, actor)
        except NotAllowed:
            continue
        found.append(plan)
    return found


def colleagues_kind(plan: Plan | None, unit: Organisation) -> ImportKind:
    """The table of colleagues for a plan: every row becomes a draft, or none does when one row is wrong.

    `plan` may be None for the empty template only.
    """

    def check(records: list[Record]) -> list[Fault]:
        if len(records) > MOST_ROWS:
            raise Invalid("file", f"一次最多录入{MOST_ROWS}人，请分成几个文件上传。")
        faults = []
        for each in records:
            try:
                _check_row(each.values, plan, unit)
            except _Wrong as wrong:
                faults += [each.fault(column, message) for column, message in wrong.errors]
            except Refusal as refusal:
                faults.append(each.fault(refusal.field if isinstance(refusal, Invalid) else "name", refusal.message))
        return faults

    def store(records: list[Record], actor: Actor) -> tuple[int, int]:
        # Examined a moment ago; who became wrong since takes the whole table back (the caller's transaction).
        for each, entered in zip(records, enter_colleagues([r.values for r in records], plan, actor=actor),
                                 strict=True):  # fmt: skip
            for _, message in entered.errors:
                raise Invalid("file", f"没有录入任何人员。第{each.row}行：{message}")
        return len(records), 0

    return ImportKind(
        key="colleagues", title="集体报名", columns=_COLUMNS, identity=("id_number",), check=check, store=store,
        seats=frozenset({Seat.UNIT}),
        notes=("一人一行，姓名和证件号码须与身份证件一致；证件号码列请设为文本格式。",),
    )  # fmt: skip


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
        person, renamed = find_person(*key), False
        check_renewal(plan, person or Person())
        employer = Organisation.get_or_none(Organisation.name == (values["employer_name"] or unit.name))
        fresh = {**values, "organisation": unit, "province": plan.province, "employer": employer}
        if person is None:
            person = Person.create(**fresh, created_at=clock.now())
            record("enter_person", "录入人员", actor=actor, subject=f"person:{person.id}")
        else:
            renamed = _check_existing(person, values, unit)
            if is_unclaimed(person) and not has_live_cases(person):
                Person.update(**fresh).where(Person.id == person.id).execute()  # entered before, and deleted again
                record("enter_person", "重新录入人员", actor=actor, subject=f"person:{person.id}")
                person, renamed = Person.get_by_id(person.id), False
            elif person.organisation_id is None:
                Person.update(organisation=unit).where(Person.id == person.id).execute()
                person.organisation = unit
        if renamed:
            correct_name(person, values["name"], actor=actor)
            known = live_registrations(plan, person)
            if known:
                return Case.get_by_id(known[0].case_id)
        _check_free(plan, person)
        case = open_draft(plan, person, actor=actor)
        tell(
            user_of(person.id), f"{unit.name}已为您录入“{plan.name}”的报名，请核对、补充后提交。",
            kind="entered", case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
    return case


def _check_row(row: Mapping, plan: Plan, unit: Organisation) -> None:
    """What _enter() would refuse, without writing anything."""
    values = _clean(row)
    person = find_person(values["id_type"], values["id_number"])
    check_renewal(plan, person or Person())
    if person is not None:
        renamed = _check_existing(person, values, unit)
        if not (renamed and live_registrations(plan, person)):
            _check_free(plan, person)


def _check_free(plan: Plan, person: Person) -> None:
    check_not_barred(person, None, province=plan.province)
    try:
        check_room(plan, person)
    except NotAllowed as refusal:
        raise NotAllowed(ENTERED) from refusal  # the guard's own words speak to the applicant


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


def _check_existing(person: Person, values: Mapping, unit: Organisation) -> bool:
    """What is known of a person stays theirs: a unit can neither change it nor learn it from here.

    Gives whether the name has to be corrected: the one a unit typed for somebody who has not yet come in.
    """
    renamed = person.name != values["name"]
    if renamed and not (is_unclaimed(person) and person.organisation_id in (None, unit.id)):
        raise Invalid("name", "该证件号码已登记，但姓名与填写的不一致，请核对。")
    if person.organisation_id not in (None, unit.id):
        raise Invalid("id_number", "该人员在系统中登记的评价机构不是本单位，请由本人在“个人信息”中更新后再录入。")
    return renamed
