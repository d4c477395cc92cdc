"""Organisations with their filings, scope lines and allowed regions: edited one by one or imported."""

from collections.abc import Iterable, Mapping

from portal.actions.catalogues import read_levels
from portal.actions.events import record
from portal.actions.offices import check_technician
from portal.database import transaction
from portal.models import Filing, Membership, Occupation, Office, Organisation, Region, ScopeLine
from portal.models.jurisdictions import profile_of
from portal.rules import identity
from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor

KINDS = {"enterprise": "企业", "school": "院校", "social": "社会培训评价组织"}
CATEGORIES = {"local": "地方单位", "central_branch": "中央驻省分支机构", "provincial_industry": "省级行业评价组织"}
UNIT_KINDS = {"city": "市属（经市级审核）", "province": "省直（省属）"}
FILING_STATES = {
    "draft": "准备中",
    "submitted": "已提交备案资料",
    "filed": "已备案",
    "rejected": "不予备案",
    "exited": "已退出",
}


def save_organisation(organisation: Organisation | None, values: Mapping, *, actor: Actor) -> Organisation:
    """Add or change an organisation; its office comes and goes with it.

    `values`: name, usci, kind, category, unit_kind, region (Region), allowed_regions (codes; empty: the province's
    default for its region, R0.22), address, registrar, nature, legal_representative, capital, contact ({"name",
    "phone"}), active. Raises Invalid beside the field; the USCC is checked (GB 32100) and unique (R1.31).
    """
    check_technician(actor)
    with transaction():
        row = Organisation.get_by_id(organisation.id) if organisation else Organisation()
        row.name = _read_name(values["name"], row.id or 0)
        row.usci = _read_usci(values.get("usci") or "", row.id or 0)
        row.kind = _choice(values.get("kind") or "", {"": "", **KINDS}, "kind", "请选择机构类型。")
        row.category = _choice(values.get("category") or "local", CATEGORIES, "category", "请选择单位类别。")
        row.unit_kind = _choice(values.get("unit_kind") or "", UNIT_KINDS, "unit_kind", "请选择隶属关系。")
        region = values.get("region")
        if region is None or region.level not in ("direct", "city", "county"):
            raise Invalid("region", "请选择所在地区。")
        if row.unit_kind == "province" and region.level != "direct":
            raise Invalid("region", f"省直（省属）单位的所在地区应为“{profile_of(region.province).affiliated_word}”。")
        if row.unit_kind == "city" and region.level == "direct":
            raise Invalid("region", "市属单位的所在地区应为其所在的市（州）。")
        row.region, row.province = region, region.province
        row.allowed_regions = _read_allowed(values.get("allowed_regions") or (), region)
        for key, length in _TEXTS.items():
            text = " ".join((values.get(key) or "").split())
            if len(text) > length:
                raise Invalid(key, f"最多{length}个字，请精简。")
            setattr(row, key, text)
        row.contact = _read_contact(values.get("contact") or {})
        row.active = bool(values.get("active", True))
        row.save()
        _keep_office(row)
        label = "修改评价机构" if organisation else "增加评价机构"
        record("organisation", label, actor=actor, subject=f"organisation:{row.id}", note=row.name)
        return row


def save_filing(organisation: Organisation, values: Mapping, *, actor: Actor) -> Filing:
    """Enter or change the filing of an organisation, until the filing itself is handled in the portal.

    `values`: state (key of FILING_STATES), code, submitted_on, starts_on, ends_on. Raises Invalid beside the field.
    """
    check_technician(actor)
    state = _choice(values.get("state") or "", FILING_STATES, "state", "请选择备案状态。")
    code = squeeze(values.get("code") or "").upper() or None
    starts_on, ends_on = values.get("starts_on"), values.get("ends_on")
    if code is not None and len(code) > 30:
        raise Invalid("code", "备案编号最多30个字符。")
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid("ends_on", "有效期截止日期不能早于开始日期。")
    with transaction():
        filing = filing_of(organisation) or Filing(organisation=organisation)
        taken = Filing.get_or_none(Filing.code == code) if code else None
        if taken is not None and taken.id != filing.id:
            raise Invalid("code", f"这个备案编号属于“{taken.organisation.name}”，请核对。")
        filing.state, filing.code, filing.submitted_on = state, code, values.get("submitted_on")
        filing.starts_on, filing.ends_on = starts_on, ends_on
        filing.save()
        note = f"{FILING_STATES[state]} {code or ''}".strip()
        record("filing", "登记备案信息", actor=actor, subject=f"organisation:{organisation.id}", note=note)
        return filing


def filing_of(organisation: Organisation) -> Filing | None:
    """The organisation's latest filing, or None."""
    return Filing.select().where(Filing.organisation == organisation.id).order_by(Filing.id.desc()).first()


def save_scope_line(filing: Filing, occupation: Occupation, levels: str, *, actor: Actor) -> ScopeLine:
    """Put an occupation (its 工种) with these levels (text) into a filing's scope, or change its levels."""
    check_technician(actor)
    with transaction():
        line = ScopeLine.get_or_none(ScopeLine.filing == filing.id, ScopeLine.occupation == occupation.id)
        line = line or ScopeLine(filing=filing, occupation=occupation)
        line.levels = read_levels(levels or occupation.levels)
        line.save()
        note = f"{occupation.code} {occupation.name} {occupation.job}".strip() + f"（{line.levels}）"
        record("scope", "登记备案职业", actor=actor, subject=f"organisation:{filing.organisation_id}", note=note)
        return line


def remove_scope_line(line: ScopeLine, *, actor: Actor) -> None:
    """Take an occupation out of a filing's scope."""
    check_technician(actor)
    with transaction():
        note = f"{line.occupation.code} {line.occupation.name} {line.occupation.job}".strip()
        ScopeLine.delete().where(ScopeLine.id == line.id).execute()
        record("scope", "移除备案职业", actor=actor, subject=f"organisation:{line.filing.organisation_id}", note=note)


def join_association(association: Organisation, member: Organisation, *, actor: Actor) -> None:
    """Make one organisation a member unit of another (R0.04); nothing happens when it is one."""
    check_technician(actor)
    if association.id == member.id:
        raise Invalid("association", "不能把单位加为自己的会员单位。")
    with transaction():
        if not Membership.select().where(Membership.association == association, Membership.member == member).exists():
            Membership.create(association=association, member=member)
            record(
                "add_member", "增加会员单位", actor=actor, subject=f"organisation:{association.id}", note=member.name
            )


def find_occupation(text: str) -> Occupation:
    """The occupation of a code, with its 工种 after a blank, stroke or in brackets where the code has several.

    The newest edition that has it is taken. Raises Invalid("occupation").
    """
    plain = text.strip().replace("（", " ").replace("）", " ").replace("(", " ").replace(")", " ").replace("/", " ")
    code, *rest = plain.split()
    found = list(
        Occupation.select().where(Occupation.code == code, Occupation.active).order_by(Occupation.edition.desc())
    )
    found = [row for row in found if row.edition == found[0].edition]
    words = [word for word in rest if word not in {row.name for row in found}]
    if words:
        found = [row for row in found if row.job == words[0]]
    if not found:
        raise Invalid("occupation", f"职业目录中没有“{text}”，请核对编码和工种。")
    if len(found) > 1:
        jobs = "、".join(row.job or "（不分工种）" for row in found)
        raise Invalid("occupation", f"“{code}”下有多个工种（{jobs}），请注明工种。")
    return found[0]


def regions_of(province: str) -> list[Region]:
    """The regions an organisation can be in: the province's own first, then cities, each with its counties."""
    rows = list(
        Region.select().where(
            Region.province == province, Region.active, Region.level.in_(["direct", "city", "county"])
        )
    )
    order = {row.id: row.code for row in rows}
    return sorted(rows, key=lambda r: (r.level != "direct", order.get(r.parent_id, r.code), r.level != "city", r.code))


_TEXTS = {"address": 200, "registrar": 100, "nature": 40, "legal_representative": 60, "capital": 60}


def _keep_office(organisation: Organisation) -> None:
    office = Office.get_or_none(Office.organisation == organisation.id)
    if office is None:
        office = Office(level="unit", body="unit", organisation=organisation)
    office.name, office.region, office.province = organisation.name[:120], organisation.region, organisation.province
    office.active = organisation.active
    office.save()


def _read_name(text: str, own: int) -> str:
    name = " ".join((text or "").split())
    if not name:
        raise Invalid("name", "请填写单位全称。")
    if len(name) > 120:
        raise Invalid("name", "单位名称最多120个字，请核对。")
    if Organisation.select().where(Organisation.name == name, Organisation.id != own).exists():
        raise Invalid("name", "这个单位已登记，请直接修改。")
    return name


def _read_usci(text: str, own: int) -> str | None:
    if not squeeze(text):
        return None
    code = identity.check_credit_code(text, field="usci")
    taken = Organisation.get_or_none(Organisation.usci == code)
    if taken is not None and taken.id != own:
        raise Invalid("usci", f"这个统一社会信用代码属于“{taken.name}”，请核对。")
    return code


def _read_allowed(codes: Iterable[str], region: Region) -> list[str]:
    own = region.parent if region.level == "county" else region
    if not codes:
        try:
            listed = profile_of(region.province).default_allowed_regions(own.name)
        except KeyError:
            return [own.code]
        return [each.code for each in listed]
    known = {each.code for each in profile_of(region.province).regions} | {
        code
        for (code,) in Region.select(Region.code)
        .where(Region.province == region.province, Region.level.in_(["direct", "city"]))
        .tuples()
    }
    wrong = [code for code in codes if code not in known]
    if wrong:
        raise Invalid("allowed_regions", "请从列表中选择本省的地区。")
    return list(dict.fromkeys(codes))


def _read_contact(contact: Mapping) -> dict:
    name, phone = " ".join((contact.get("name") or "").split()), (contact.get("phone") or "").strip()
    if len(name) > 60:
        raise Invalid("contact_name", "最多60个字，请精简。")
    kept = {"name": name} if name else {}
    if phone:
        kept["phone"] = identity.check_phone(phone, "contact_phone")
    return kept


def _choice(value: str, choices: Mapping[str, str], field: str, message: str) -> str:
    if value not in choices:
        raise Invalid(field, message)
    return value
