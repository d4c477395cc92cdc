"""Who a notice reaches: the groups it may be addressed to, the offices they mean, and what hangs on the notice."""

from collections.abc import Iterable

from peewee import fn

from portal.models.catalogues import Occupation
from portal.models.offices import Filing, Membership, Office, Organisation, ScopeLine
from portal.models.plans import Notice, NoticeAttachment, NoticeRecipient
from portal.rules.errors import Invalid

# The groups a notice can be addressed or copied to (R2.38, R2.44); "office:7" names a single office.
GROUP_LABELS = {
    "organisations": "各技能人才评价机构（已备案或已提交备案资料）",
    "filed": "各职业技能等级认定备案机构",
    "enterprises": "各企业自主评价机构",
    "schools": "各职业（技工）院校",
    "socials": "各社会培训评价组织",
    "city_centres": "各市（州）职业技能鉴定（指导）中心",
    "city_bureaus": "各市（州）人力资源社会保障局",
    "counties": "各区县人社部门",
    "department": "省人力资源和社会保障厅",
    "centre": "省级职业技能鉴定（指导）中心",
    "members": "各会员单位",
}
# The states of a filing whose organisation may recommend people (R1.15, R2.17).
FILED_STATES = ("filed", "submitted")


def resolve_groups(keys: Iterable[str], notice: Notice) -> set[int]:
    """The active offices that these group keys mean for this notice now; the issuing office never."""
    offices: set[int] = set()
    for key in keys:
        offices |= {row for (row,) in offices_of_group(key, notice).tuples()}
    return offices - {notice.office_id}


def recipients_of(notice: Notice, *, is_copy: bool | None = None) -> list[Office]:
    """The offices a published notice went to, by name."""
    query = Office.select().join(NoticeRecipient, on=(NoticeRecipient.office == Office.id))
    query = query.where(NoticeRecipient.notice == notice.id)
    if is_copy is not None:
        query = query.where(NoticeRecipient.is_copy == is_copy)
    return list(query.order_by(Office.name))


def attachments_of(notice: Notice) -> list[NoticeAttachment]:
    """The attachments in their order."""
    return list(
        NoticeAttachment.select().where(NoticeAttachment.notice == notice.id).order_by(NoticeAttachment.position)
    )


def filed_occupations(office: Office) -> list:
    """The occupations that an office's organisation has filed or applied for, by name."""
    return list(
        Occupation.select()
        .join(ScopeLine, on=(ScopeLine.occupation == Occupation.id))
        .join(Filing, on=(ScopeLine.filing == Filing.id))
        .where(Filing.organisation == office.organisation_id, Filing.state.in_(FILED_STATES))
        .group_by(Occupation.id)
        .order_by(Occupation.code, Occupation.job)
    )


def offices_of_group(key: str, notice: Notice):
    """Offices behind one group key; Invalid for a key that is none."""
    offices = Office.select(Office.id).where(Office.active, Office.province == notice.province)
    bodies = {
        "city_centres": ("city", "centre"), "city_bureaus": ("city", "department"),
        "department": ("province", "department"), "centre": ("province", "centre"),
    }  # fmt: skip
    if key in bodies:
        level, body = bodies[key]
        return offices.where(Office.level == level, Office.body == body)
    if key == "counties":
        return offices.where(Office.level == "county")
    if key == "members":
        members = Membership.select(Membership.member).where(Membership.association == notice.office.organisation_id)
        return offices.where(Office.organisation.in_(members))
    if key.startswith("office:") and key[7:].isascii() and key[7:].isdigit():
        return offices.where(Office.id == int(key[7:]))
    kinds = {"enterprises": "enterprise", "schools": "school", "socials": "social"}
    if key not in {"organisations", "filed", *kinds}:
        raise Invalid("recipient_groups", "请从列表中选择发送对象。")
    states = ("filed",) if key == "filed" else FILED_STATES
    filing = Filing.select(Filing.id).where(Filing.organisation == Office.organisation, Filing.state.in_(states))
    offices = offices.join(Organisation, on=(Office.organisation == Organisation.id)).where(
        Organisation.active, fn.EXISTS(filing)
    )
    return offices.where(Organisation.kind == kinds[key]) if key in kinds else offices
