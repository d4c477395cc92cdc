"""The table of organisations: each row an organisation with its filing, its scope and the association it belongs to."""

from collections.abc import Mapping, Sequence

from portal.actions import organisations
from portal.actions.imports import (
    Column,
    Fault,
    ImportKind,
    Record,
    at_most,
    examine,
    one_of,
    read_day,
    store_rows,
)
from portal.actions.organisations import CATEGORIES, FILING_STATES, KINDS
from portal.models import Organisation, Region
from portal.models.jurisdictions import profiles
from portal.rules import identity
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor


def import_organisations(rows: Sequence[Sequence[str]], *, actor: Actor, name: str = "命令行导入") -> tuple[int, int]:
    """Import a table of organisations, all rows or none; `rows` as read, the head among the first five.

    Gives (created, changed). Raises Invalid("file") with the first fault.
    """
    return store_rows(ORGANISATIONS, examine(ORGANISATIONS, rows), name, actor=actor)


def _words(labels: Mapping[str, str]) -> dict[str, str]:
    return {label: key for key, label in labels.items()}


def _read_usci(text: str) -> str:
    return identity.check_credit_code(text, field="usci") if squeeze(text) else ""


def _read_phone(text: str) -> str:
    return identity.check_phone(text) if text.strip() else ""


def _split(text: str) -> list[str]:
    for sign in "；;，,\n":
        text = text.replace(sign, "、")
    return [part.strip() for part in text.split("、") if part.strip()]


def _read_scope(text: str) -> list[tuple[int, str]]:
    """Occupations with levels: 4-12-01-01 汽车机械维修工：五级至三级；6-31-01-03 …"""
    lines = []
    for part in text.replace("\n", "；").replace(";", "；").split("；"):
        if part.strip():
            occupation, _, levels = part.replace(":", "：").partition("：")
            line = organisations.find_occupation(occupation)
            lines.append((line.id, organisations.read_levels(levels or line.levels)))
    return lines


def _find_region(province: str, name: str) -> Region | None:
    names = (name, f"{name}市", f"{name}州")
    known = Region.select().where(Region.province == province, Region.level.in_(["direct", "city", "county"]))
    return known.where((Region.name.in_(names)) | (Region.code == name)).order_by(Region.level != "city").first()


def _check(records: list[Record]) -> list[Fault]:
    faults = []
    provinces = {profile.name: key for key, profile in profiles().items()} | {key: key for key in profiles()}
    names = {row.values["name"] for row in records}
    for row in records:
        values = row.values
        province = provinces.get(values.get("province") or "") or (
            next(iter(provinces.values())) if len(profiles()) == 1 else None
        )
        if province is None:
            faults.append(row.fault("province", f"请填写省份：{'、'.join(p.name for p in profiles().values())}。"))
            continue
        region = _find_region(province, values["region"])
        if region is None:
            faults.append(row.fault("region", f"本省没有名为“{values['region']}”的地区，请核对或先在“地区”中增加。"))
            continue
        values["region"] = region
        codes = [_find_region(province, name) for name in values.get("allowed_regions", ())]
        if any(code is None for code in codes):
            faults.append(row.fault("allowed_regions", "允许地区中有本省没有的地区，请核对。"))
        values["allowed_regions"] = [each.code for each in codes if each]
        if not values.get("unit_kind"):
            values["unit_kind"] = "province" if region.level == "direct" else "city"
        if (values["unit_kind"] == "province") != (region.level == "direct"):
            faults.append(row.fault("unit_kind", "隶属关系与所在地区不一致，请核对：省直（省属）单位不在市（州）。"))
        faults += _check_known(row, names)
    return faults


def _check_known(row: Record, names: set[str]) -> list[Fault]:
    values, faults = row.values, []
    if values.get("usci"):
        taken = Organisation.get_or_none(Organisation.usci == values["usci"])
        if taken is not None and taken.name != values["name"]:
            faults.append(row.fault("usci", f"这个统一社会信用代码属于“{taken.name}”，请核对。"))
    association = values.get("association")
    if association and association not in names and not Organisation.get_or_none(Organisation.name == association):
        faults.append(row.fault("association", f"所属协会“{association}”尚未登记，请先导入该协会。"))
    if values.get("scope") and not values.get("state"):
        faults.append(row.fault("state", "填写了备案职业的，请填写备案状态。"))
    return faults


def _store(records: list[Record], actor: Actor) -> tuple[int, int]:
    created = changed = 0
    for row in records:
        values = row.values
        present = Organisation.get_or_none(Organisation.name == values["name"])
        saved = organisations.save_organisation(present, _merge(present, values), actor=actor)
        created, changed = created + (present is None), changed + (present is not None)
        if values.get("state"):
            filing = organisations.save_filing(saved, _merge_filing(saved, values), actor=actor)
            for occupation, levels in values.get("scope", ()):
                organisations.save_scope_line(
                    filing, organisations.Occupation.get_by_id(occupation), levels, actor=actor
                )
    for row in records:
        if row.values.get("association"):
            association = Organisation.get(Organisation.name == row.values["association"])
            member = Organisation.get(Organisation.name == row.values["name"])
            organisations.join_association(association, member, actor=actor)
    return created, changed


def _merge(present: Organisation | None, values: Mapping) -> dict:
    """The row's values over what is stored: a column that the table does not have, or a blank cell, changes nothing."""
    keys = ("usci", "kind", "category", "unit_kind", "allowed_regions", "address", "legal_representative")
    stored = (*keys, "registrar", "nature", "capital", "active")
    kept = {key: getattr(present, key) for key in stored} if present else {}
    contact = dict(present.contact) if present else {}
    contact |= {key: values[f"contact_{key}"] for key in ("name", "phone") if values.get(f"contact_{key}")}
    given = {key: values[key] for key in keys if values.get(key)}
    return {**kept, **given, "name": values["name"], "region": values["region"], "contact": contact}


def _merge_filing(organisation: Organisation, values: Mapping) -> dict:
    """The row's filing over the one that is stored; like _merge()."""
    keys, filing = ("code", "submitted_on", "starts_on", "ends_on"), organisations.filing_of(organisation)
    kept = {key: getattr(filing, key) for key in keys} if filing else {}
    given = {key: values.get("filing_code" if key == "code" else key) for key in keys}
    return {**kept, **{key: value for key, value in given.items() if value}, "state": values["state"]}


def _unique_faults(records: list[Record]) -> list[Fault]:
    """The same code on two rows: a code belongs to one organisation (R1.31)."""
    faults, seen = [], {}
    for key, label in (("usci", "统一社会信用代码"), ("filing_code", "备案编号")):
        for row in records:
            value = row.values.get(key)
            if value and (key, value) in seen:
                faults.append(row.fault(key, f"{label}与第{seen[key, value]}行相同，请核对。"))
            elif value:
                seen[key, value] = row.row
    return faults


ORGANISATIONS = ImportKind(
    "organisations", "评价机构",
    (
        Column("name", ("单位名称", "机构名称", "名称"), True, at_most(120), "云帆技能评价有限公司"),
        Column("usci", ("统一社会信用代码", "信用代码"), False, _read_usci, ""),
        Column("kind", ("机构类型", "类型"), False, one_of(_words(KINDS), "机构类型"), "企业"),
        Column("category", ("单位类别",), False, one_of(_words(CATEGORIES), "单位类别"), "地方单位"),
        Column("unit_kind", ("隶属关系",), False,
               one_of({"市属": "city", "省直": "province", "省属": "province"}, "隶属关系"), "市属"),
        Column("province", ("省份", "省"), False, squeeze, ""),
        Column("region", ("所在地区", "地区", "所在市"), True, squeeze, ""),
        Column("allowed_regions", ("允许地区",), False, _split, ""),
        Column("address", ("地址", "住所"), False, at_most(200), ""),
        Column("legal_representative", ("法定代表人",), False, at_most(60), ""),
        Column("contact_name", ("联系人",), False, at_most(60), ""),
        Column("contact_phone", ("联系电话", "电话"), False, _read_phone, ""),
        Column("association", ("所属协会",), False, at_most(120), ""),
        Column("state", ("备案状态",), False, one_of(_words(FILING_STATES), "备案状态"), "已备案"),
        Column("filing_code", ("备案编号", "机构编码"), False, lambda text: squeeze(text).upper(), ""),
        Column("submitted_on", ("申请日期",), False, read_day, "2022-03-01"),
        Column("starts_on", ("有效期开始", "备案日期"), False, read_day, "2022-06-01"),
        Column("ends_on", ("有效期截止",), False, read_day, "2025-05-31"),
        Column("scope", ("备案职业",), False, _read_scope, "4-12-01-01：五级至三级；6-31-01-03：五级"),
    ),
    ("name",), lambda records: [*_check(records), *_unique_faults(records)], _store,
    notes=("没有备案、只作为会员单位的，机构类型和备案各列留空。", "允许地区不填的，按本省规定的默认地区。",
           "备案职业用“；”分隔，等级写在“：”后；一个编码下有多个工种的，编码后空一格注明工种。"),
)  # fmt: skip

