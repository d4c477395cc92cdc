"""Regions and offices: the places of the portal and the desks that cases come to."""

import re
from collections.abc import Mapping, Sequence

from peewee import fn

from portal.actions.events import record
from portal.database import transaction
from portal.models import Grant, Office, Region
from portal.models.jurisdictions import profile_of, profiles
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor, Seat

# Kinds of office that are set up by hand, as (level, body); a unit's office comes with its organisation.
OFFICE_KINDS = {
    "county/department": "区县人社部门",
    "city/centre": "市级鉴定中心",
    "city/department": "市人社局",
    "province/centre": "省级鉴定中心",
    "province/department": "省人社厅",
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
LEVEL_LABELS = {"province": "省", "direct": "省直（省属）", "city": "市（州）", "county": "区县", "unit": "单位"}
BODY_LABELS = {"unit": "单位", "centre": "鉴定中心", "department": "人社部门"}


def save_region(region: Region | None, values: Mapping, *, actor: Actor) -> Region:
    """Add a city or county, or change name, filing code and use of a region (R13.25); codes never change.

    `values`: name, code, level (city | county), parent (id), filing_code, active. Raises Invalid beside the field.
    """
    check_technician(actor)
    name = _name(values["name"], 60)
    with transaction():
        if region is None:
            region = _new_region(name, values)
            label = "增加地区"
        else:
            region = Region.get_by_id(region.id)
            _refuse_same_name(name, region.parent_id, region.province, region.id)
            region.name, label = name, "修改地区"
        filing_code = squeeze(values.get("filing_code") or "") or None
        if filing_code is not None and not (len(filing_code) == 2 and filing_code.isascii() and filing_code.isdigit()):
            raise Invalid("filing_code", "备案地区代码应为2位数字，没有的请留空。")
        region.filing_code = filing_code
        region.active = bool(values.get("active", True))
        region.save()
        record("region", label, actor=actor, subject=f"region:{region.id}", note=f"{region.name}（{region.code}）")
        return region


def save_office(office: Office | None, values: Mapping, *, actor: Actor) -> Office:
    """Add or change an office that is not a unit's.

    `values`: name, kind (key of OFFICE_KINDS), province, region (Region or None), notice_word, address, contacts (list
    of {"name", "phone", "email"}, the last may be missing), needs_second_look, note, active. Kind, province and region
    stay as they are once a case or an account may refer to them. Raises Invalid beside the field.
    """
    check_technician(actor)
    name = _name(values["name"], 120)
    with transaction():
        if office is None:
            office = _new_office(values)
            label = "增加机构"
        else:
            office, label = Office.get_by_id(office.id), "修改机构"
            if office.level == "unit" and name != office.name:
                raise Invalid("name", "单位的名称请在“评价机构”页面修改。")
        namesake = Office.select().where(Office.name == name, Office.province == office.province)
        if namesake.where(Office.id != (office.id or 0)).exists():
            raise Invalid("name", "已有同名的机构，请核对。")
        office.name = name
        office.notice_word = _short(values, "notice_word", 30)
        office.address = _short(values, "address", 200)
        office.note = (values.get("note") or "").strip()
        office.contacts = read_contacts(values.get("contacts") or ())
        office.active = bool(values.get("active", True))
        office.save()
        record("office", label, actor=actor, subject=f"office:{office.id}", note=office.name)
        return office


def read_contacts(contacts: Sequence[Mapping]) -> list[dict]:
    """Contacts as they are stored, each with a name and a telephone that can be called; an e-mail address may follow.

    Raises Invalid("contacts").
    """
    kept = []
    for contact in contacts:
        name, phone = " ".join((contact.get("name") or "").split()), (contact.get("phone") or "").strip()
        if not name and not phone:
            continue
        if not name or not phone:
            raise Invalid("contacts", "每名联系人应有姓名和电话，一行一名，如“李老师 0551-00000000”。")
        row = {"name": name[:60], "phone": identity.check_phone(phone, "contacts")}
        email = (contact.get("email") or "").strip()
        if email:
            if len(email) > 120 or not _EMAIL.fullmatch(email):
                raise Invalid("contacts", f"电子邮箱“{email[:40]}”不对，请核对，如“name@example.com”。")
            row["email"] = email
        kept.append(row)
    return kept


def offices_without_account() -> list[Office]:
    """Offices other than units that nobody can log in for today: their decisions are recorded by others (R0.28)."""
    return list(
        Office.select()
        .where(Office.active, Office.level != "unit", ~_has_account())
        .order_by(Office.province, Office.level, Office.id)
    )


def units_without_account() -> int:
    """How many units have no account yet."""
    return Office.select().where(Office.active, Office.level == "unit", ~_has_account()).count()


def check_technician(actor: Actor) -> None:
    """Raises NotAllowed for everybody but technical staff and the system."""
    if actor.seat not in (Seat.TECHNICIAN, Seat.SYSTEM):
        raise NotAllowed("这项维护由技术人员办理。")


def _has_account():
    return fn.EXISTS(Grant.active_at(Office.id))


def _new_region(name: str, values: Mapping) -> Region:
    level, code = values.get("level"), squeeze(values.get("code") or "")
    if level not in ("city", "county"):
        raise Invalid("level", "请选择地区的层级。")
    parent = Region.get_or_none(Region.id == values.get("parent"))
    wanted = "province" if level == "city" else "city"
    if parent is None or parent.level != wanted:
        raise Invalid("parent", "请选择所属的省。" if level == "city" else "请选择所属的市（州）。")
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise Invalid("code", "地区代码应为6位数字（GB/T 2260）。")
    prefix = parent.code[:2] if level == "city" else parent.code[:4]
    if not code.startswith(prefix):
        raise Invalid("code", f"地区代码应以{parent.name}的代码{prefix}开头。")
    taken = Region.get_or_none(Region.code == code)
    if taken is not None:
        raise Invalid("code", f"这个代码属于“{taken.name}”，请核对。")
    _refuse_same_name(name, parent.id, parent.province, 0)
    return Region(code=code, name=name, level=level, parent=parent, province=parent.province)


def _refuse_same_name(name: str, parent: int | None, province: str, own: int) -> None:
    same = Region.select().where(Region.name == name, Region.province == province, Region.id != own)
    same = same.where(Region.parent.is_null() if parent is None else Region.parent == parent)
    if same.exists():
        raise Invalid("name", "同一地区下已有这个名称，请核对。")


def _new_office(values: Mapping) -> Office:
    if values.get("kind") not in OFFICE_KINDS:
        raise Invalid("kind", "请选择机构类别。")
    level, body = values["kind"].split("/")
    province, region = values.get("province"), values.get("region")
    if province not in profiles():
        raise Invalid("province", "请选择省份。")
    if level == "province":
        if region is not None:
            raise Invalid("region", "省级机构不选地区，请留空。")
    elif region is None or region.level != level or region.province != province:
        raise Invalid("region", f"请选择{profile_of(province).name}的一个{LEVEL_LABELS[level]}。")
    same = Office.select().where(
        Office.province == province, Office.level == level, Office.body == body, Office.active,
        Office.region.is_null() if region is None else Office.region == region.id,
    )  # fmt: skip
    if same.exists():
        raise Invalid("kind", f"这里已有{OFFICE_KINDS[values['kind']]}“{same.get().name}”，请修改那一个。")
    return Office(level=level, body=body, province=province, region=region, name="")


def _name(text: str, length: int) -> str:
    name = " ".join((text or "").split())
    if not name:
        raise Invalid("name", "请填写名称。")
    if len(name) > length:
        raise Invalid("name", f"名称最多{length}个字，请精简。")
    return name


def _short(values: Mapping, key: str, length: int) -> str:
    text = " ".join((values.get(key) or "").split())
    if len(text) > length:
        raise Invalid(key, f"最多{length}个字，请精简。")
    return text
