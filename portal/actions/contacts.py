"""The lines of the contact page, which each provincial centre or the technical staff edits (R11.13)."""

from portal.actions.events import record
from portal.database import transaction
from portal.models import Setting
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Actor, Seat

CONTACTS_KEY = "contacts"
CONTACT_FIELDS = ("office", "name", "mobile", "phone", "email", "address")


def contacts_of(province: str) -> list[dict]:
    """The lines of a province's contact page; [] while nothing was entered."""
    setting = Setting.get_or_none(Setting.key == CONTACTS_KEY, Setting.province == province)
    return setting.value if setting else []


def save_contacts(contacts: list[dict], *, actor: Actor, province: str | None = None) -> None:
    """Replace the contact page of the actor's province, or of `province`, which technical staff must name.

    Raises NotAllowed unless the province's centre or technical staff does it, Invalid for a line that names nobody and
    nothing.
    """
    province = province or actor.province
    is_centre = province is not None and actor.province == province
    is_centre = is_centre and actor.seat == profile_of(province).owners.plans
    if province is None or not (is_centre or actor.seat == Seat.TECHNICIAN):
        raise NotAllowed("只有省级鉴定中心和系统技术人员可以修改联系方式页面。")
    rows = []
    for number, contact in enumerate(contacts, 1):
        row = {name: " ".join(str(contact.get(name) or "").split()) for name in CONTACT_FIELDS}
        if not any(row.values()):
            continue
        if not (row["office"] or row["name"]):
            raise Invalid("contacts", f"第{number}行：请填写部门或联系人姓名。")
        rows.append(row)
    with transaction():
        Setting.insert(key=CONTACTS_KEY, province=province, value=rows).on_conflict(
            conflict_target=[Setting.key, Setting.province], update={Setting.value: rows}
        ).execute()
        data = {"rows": rows, "province": province}
        record("contacts", "修改联系方式页面", actor=actor, subject=f"setting:{CONTACTS_KEY}", data=data)
