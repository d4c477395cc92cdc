"""Taking over the cards that a bureau has issued so far, with their holders, and the counters past their numbers."""

import re
import secrets
from collections.abc import Iterator
from datetime import date

from portal import clock
from portal.actions import sealing
from portal.actions.bars import recount_unclaimed
from portal.actions.card_moves import subject_of
from portal.actions.events import record
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most, one_of, read_day
from portal.actions.organisations import find_occupation
from portal.actions.people import find_person
from portal.models import Counter, Credential, Occupation, Organisation, Person
from portal.models.jurisdictions import profile_of, working_calendar
from portal.rules import credential as rules
from portal.rules import identity
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.facts import OccupationRef
from portal.rules.flows.credential import State
from portal.rules.profile_parts import GradeKey
from portal.rules.typed_text import squeeze
from portal.rules.workdays import last_moment
from portal.rules.workflow import Actor, Seat

STATES = {
    "有效": State.VALID,
    "待领取": State.AWAITING_CLAIM,
    "已过期": State.EXPIRED,
    "已作废": State.VOID_UNCLAIMED,
    "已撤销": State.REVOKED,
}
GRADES = {"考评员": GradeKey.EXAMINER, "高级考评员": GradeKey.SENIOR}
EARLIEST = date(1990, 1, 1)


def read_serial(province: str, number: str, grade: str) -> tuple[int, int] | None:
    """(year, serial) of a number that follows the province's pattern for this grade; None for every other number."""
    settings = profile_of(province).credential
    code = next((code for key, code in settings.grade_codes.items() if str(key) == str(grade)), "")
    parts = {"{grade}": re.escape(code), "{year}": r"(?P<year>[0-9]{4})",
             "{serial}": rf"(?P<serial>[0-9]{{{settings.serial_digits}}})"}  # fmt: skip
    pattern = re.escape(settings.number_pattern)
    for name, part in parts.items():
        pattern = pattern.replace(re.escape(name), part)
    found = re.fullmatch(pattern, number)
    return (int(found["year"]), int(found["serial"])) if found else None


def _check(records: list[Record]) -> list[Fault]:
    """What only the database knows; puts the rows found into the values, so that storing looks nothing up again."""
    faults: list[Fault] = []
    numbers = [row.values["number"] for row in records]
    known = set()
    for start in range(0, len(numbers), 500):
        rows = Credential.select(Credential.number).where(Credential.number.in_(numbers[start : start + 500]))
        known |= {number for (number,) in rows.tuples()}
    named: dict[tuple[str, str], str] = {}
    for row in records:
        if row.values["number"] in known:
            faults.append(row.fault("number", "系统中已有这个编号的证书（证卡），不能重复导入。"))
        faults += _check_person(row, named)
        faults += _check_place(row)
    return faults


def _check_person(row: Record, named: dict[tuple[str, str], str]) -> Iterator[Fault]:
    values = row.values
    try:
        values["id_number"] = identity.check(identity.RESIDENT_CARD, values["id_number"])
    except Invalid as refusal:
        yield row.fault("id_number", refusal.message)
        return
    key = identity.RESIDENT_CARD, values["id_number"]
    person = find_person(*key)
    name = person.name if person else named.setdefault(key, values["name"])
    if name != values["name"]:
        where = "系统中" if person else "表中其他行"
        yield row.fault("name", f"这个证件号码在{where}的姓名是“{name}”，请核对。")


def _check_place(row: Record) -> Iterator[Fault]:
    values = row.values
    unit = Organisation.get_or_none(Organisation.name == values["unit"])
    if unit is None:
        yield row.fault("unit", f"系统中没有单位“{values['unit']}”，请先导入该单位或核对全称。")
        return
    values["unit"] = unit
    try:
        values["occupation"] = _find_occupation(values["occupation"])
    except Invalid as refusal:
        yield row.fault("occupation", refusal.message)
    yield from _check_dates(row)


def _check_dates(row: Record) -> Iterator[Fault]:
    values, today = row.values, clock.today()
    settings = profile_of(values["unit"].province).credential
    issued_on = values["issued_on"]
    if not EARLIEST <= issued_on <= today:
        yield row.fault("issued_on", "发证日期不能晚于今天，也不能过早，请核对。")
    if values.get("valid_to") is None:
        values["valid_to"] = rules.last_day(settings, issued_on)
    valid_to, state = values["valid_to"], values.get("state") or State.VALID
    values["state"] = state
    if valid_to is not None and valid_to < issued_on:
        yield row.fault("valid_to", "有效期不能早于发证日期。")
    if state == State.EXPIRED and (valid_to is None or valid_to >= today):
        yield row.fault("state", "有效期尚未届满，状态不能是“已过期”。")
    if state == State.AWAITING_CLAIM:
        if settings.claim_working_days is None:
            yield row.fault("state", "本省颁发电子证书，没有待领取的状态。")
        elif values.get("released_on") is None or not issued_on <= values["released_on"] <= today:
            yield row.fault("released_on", "待领取的证卡请填写发放日期（发证日期之后、今天之前）。")
    ended_on = values.get("ended_on")
    if ended_on and not issued_on <= ended_on <= today:
        yield row.fault("ended_on", "终止日期应在发证日期与今天之间。")


def _find_occupation(text: str) -> Occupation:
    """By code, or by a name that only one occupation has."""
    if text[:1].isdigit():
        return find_occupation(text)
    names = list(Occupation.select().where(Occupation.name == text).order_by(Occupation.edition.desc()))
    newest = [row for row in names if row.edition == names[0].edition]
    if len(newest) == 1:
        return newest[0]
    if newest:
        raise Invalid("occupation", f"“{text}”下有多个工种，请改填职业编码并注明工种。")
    raise Invalid("occupation", f"职业目录中没有“{text}”，请核对，或改填职业编码。")


def _store(records: list[Record], actor: Actor) -> tuple[int, int]:
    highest: dict[str, int] = {}
    counted: dict[int, Person] = {}
    for row in records:
        values = row.values
        province = values["unit"].province
        if actor.province is not None and actor.province != province:
            raise NotAllowed(f"第{row.row}行：“{values['unit'].name}”不属于本省，不能导入其证卡。")
        person = _person(values, actor)
        card = _keep(values, person, province)
        record(
            "import", "导入原有证卡", actor=actor, subject=subject_of(card), after=card.state,
            data={"number": card.number},
        )  # fmt: skip
        counted[person.id] = person
        serial = read_serial(province, card.number, card.grade)
        if serial:
            series = rules.name_series(province, year=serial[0], grade=card.grade)
            highest[series] = max(highest.get(series, 0), serial[1])
    for series, last in highest.items():
        _pass_over(series, last)
    for person in counted.values():  # two voided cards in a row bar, wherever they were voided
        recount_unclaimed(person, actor=actor)
    return len(records), 0


def _person(values: dict, actor: Actor) -> Person:
    number = values["id_number"]
    person = find_person(identity.RESIDENT_CARD, number)
    if person is not None:
        return person
    person = Person.create(
        name=values["name"], id_type=identity.RESIDENT_CARD, id_number=number, sex=identity.sex(number) or "",
        birth=identity.birth_date(number), organisation=values["unit"], employer_name=values["unit"].name,
        phone=values.get("phone") or "", province=values["unit"].province, created_at=clock.now(),
    )  # fmt: skip
    record("enter_person", "随证卡导入人员", actor=actor, subject=f"person:{person.id}")
    return person


def _keep(values: dict, person: Person, province: str) -> Credential:
    profile = profile_of(province)
    grade, state = profile.grade(values["grade"]), values["state"]
    occupation = values["occupation"]
    label = OccupationRef("", occupation.name, occupation.job).label
    issued_on, valid_to = values["issued_on"], values["valid_to"]
    told = {
        "name": person.name, "sex": person.sex, "id_type": identity.DOCUMENT_TYPES[person.id_type],
        "id_number": person.id_number,
    }  # fmt: skip
    released_on = values.get("released_on")
    waits = state == State.AWAITING_CLAIM
    card = Credential(
        number=values["number"], kind=profile.credential.kind, province=province, person=person,
        organisation=values["unit"], grade=str(values["grade"]), occupation=occupation, occupation_name=label,
        levels=rules.write_levels(grade), name=person.name, state=state, issued_on=issued_on, valid_to=valid_to,
        released_on=released_on,
        claim_due=working_calendar().add(released_on, profile.credential.claim_working_days) if waits else None,
        ended_at=_ended_at(values), token=secrets.token_urlsafe(16), imported=True, created_at=clock.now(),
        reason="导入前已终止" if state in (State.VOID_UNCLAIMED, State.REVOKED) else "",
        printed=rules.compose_printed(
            profile.credential, grade, person=told, occupation=label, unit=values["unit"].name,
            number=values["number"], issued_on=issued_on, valid_to=valid_to, verify="",
        ),
    )  # fmt: skip
    card.mac = sealing.seal(card)
    card.save(force_insert=True)
    return card


def _ended_at(values: dict):
    if values["state"] == State.EXPIRED:
        return last_moment(values["valid_to"])
    if values["state"] in (State.VOID_UNCLAIMED, State.REVOKED):
        return last_moment(values["ended_on"]) if values.get("ended_on") else clock.now()
    return None


def _pass_over(series: str, last: int) -> None:
    """Let the counter go on after this number, unless it is past it already."""
    Counter.insert(name=series, last=last).on_conflict(
        conflict_target=[Counter.name], update={Counter.last: last}, where=(Counter.last < last)
    ).execute()


CARDS = ImportKind(
    "cards", "原有证卡",
    (
        Column("number", ("证卡编号", "证书编号", "编号"), True, lambda text: squeeze(text).upper(), "K202200001"),
        Column("name", ("姓名",), True, at_most(60)),
        Column("id_number", ("证件号码", "身份证号", "身份证号码"), True, identity.normalise),
        Column("unit", ("单位", "工作单位", "推荐单位"), True, at_most(200)),
        Column("occupation", ("考评职业（工种）", "职业编码", "职业"), True, at_most(120), "4-12-01-01"),
        Column("grade", ("资格等级", "等级"), True, one_of(GRADES, "资格等级"), "高级考评员"),
        Column("issued_on", ("发证日期",), True, parse_date, "2022-12-26"),
        Column("valid_to", ("有效期至", "有效期"), False, read_day, "2025-12-25"),
        Column("state", ("状态",), False, one_of(STATES, "状态"), "有效"),
        Column("released_on", ("发放日期",), False, read_day),
        Column("ended_on", ("终止日期", "作废日期"), False, read_day),
        Column("phone", ("联系电话",), False, at_most(30)),
    ),
    ("number",), _check, _store, frozenset({Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}),
    notes=(
        "导入系统启用前已发的证卡；人员不存在的自动建立，单位须已在系统中。", "有效期至留空的，按本省有效年限计算。",
        "编号符合本省编号规则的，今后的编号从最大流水号之后继续。",
    ),
)  # fmt: skip
