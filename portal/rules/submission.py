"""What a submission holds, item by item: names for every item, and what changed between two submissions."""

from dataclasses import dataclass

PERSON_FIELDS = {
    "name": "姓名",
    "sex": "性别",
    "id_type": "证件类型",
    "id_number": "证件号码",
    "birth": "出生日期",
    "education": "文化程度",
    "position": "职务",
    "phone": "联系电话",
    "address": "通讯地址",
    "exam_region": "报考区域",
    "organisation": "评价机构（单位名称）",
    "employer": "实际工作单位（会员单位）",
}
REGISTRATION_FIELDS = {
    "occupation": "申报考评职业（工种）",
    "reviewer": "初审单位",
    "health": "健康状况",
    "declarations": "个人声明",
}
QUALIFICATION_FIELDS = {
    "kind": "证书类别",
    "occupation": "职业（工种）或专业",
    "level": "等级",
    "number": "证书编号",
    "issuer": "发证机构",
    "issued_on": "发证日期",
    "valid_to": "有效期至",
    "material_kind": "证明材料种类",
    "confirmed_by": "系统确认",
}
WORK_FIELDS = {
    "organisation": "考评单位",
    "occupation": "考评职业",
    "from": "开始日期",
    "to": "结束日期",
    "evidence": "证明人或说明",
}
# Items that can be returned on their own but are files, not values.
FILE_LABELS = {"person.portrait": "近期免冠照片", "stamped_form": "盖章的申报表"}


# What no applicant can correct after the first submission: the chain is frozen with the first reviewer, and the chain
# and the occupations follow the organisation.
FIXED_ITEMS = frozenset({"registration.reviewer", "person.organisation"})
IDENTITY_ITEMS = frozenset({"person.name", "person.id_type", "person.id_number"})


@dataclass(frozen=True)
class Item:
    """One thing that can be ticked as wrong, shown and compared: `key` is stable over submissions of a case."""

    key: str
    label: str
    value: str = ""
    files: tuple[int, ...] = ()
    group: str = ""

    @property
    def is_file(self) -> bool:
        return self.key == "stamped_form" or self.key.endswith((".portrait", ".scan"))


@dataclass(frozen=True)
class Change:
    """An item whose value or files differ between two submissions; before or after is None where it was not there."""

    key: str
    label: str
    before: Item | None
    after: Item | None


def items(data: dict, files: dict) -> list[Item]:
    """Every item of a submission in reading order.

    `data` is {"person": {…}, "registration": {…}, "qualifications": [{"id", …}], "work": [{"id", …}]},
    `files` is {slot: [file version ids]}.
    """
    found = [
        Item("person.portrait", FILE_LABELS["person.portrait"], files=_ids(files, "person.portrait"), group="个人信息")
    ]
    found += [
        Item(f"person.{key}", label, _text(data.get("person", {}).get(key)), group="个人信息")
        for key, label in PERSON_FIELDS.items()
        if key in data.get("person", {})
    ]
    found += [
        Item(f"registration.{key}", label, _text(data.get("registration", {}).get(key)), group="报名信息")
        for key, label in REGISTRATION_FIELDS.items()
        if key in data.get("registration", {})
    ]
    for number, row in enumerate(data.get("qualifications", []), start=1):
        key = f"qualification.{row['id']}"
        found.append(Item(key, f"证书信息{number}", _row(row, QUALIFICATION_FIELDS), group="证书信息"))
        found.append(Item(f"{key}.scan", f"证书材料{number}", files=_ids(files, f"{key}.scan"), group="证书信息"))
    for number, row in enumerate(data.get("work", []), start=1):
        key = f"work.{row['id']}"
        found.append(Item(key, f"考评工作经历{number}", _row(row, WORK_FIELDS), group="考评工作经历"))
        found.append(Item(f"{key}.scan", f"经历证明{number}", files=_ids(files, f"{key}.scan"), group="考评工作经历"))
    found.append(Item("stamped_form", FILE_LABELS["stamped_form"], files=_ids(files, "stamped_form"), group="申报表"))
    return found


def changes(before: list[Item], after: list[Item]) -> list[Change]:
    """What differs between two submissions, in the reading order of the newer one; removed items come last."""
    old = {item.key: item for item in before}
    new = {item.key: item for item in after}
    found = []
    for item in after:
        was = old.get(item.key)
        if was is None and not item.value and not item.files:
            continue
        if was is None or (was.value, was.files) != (item.value, item.files):
            found.append(Change(item.key, item.label, was, item))
    found += [Change(item.key, item.label, item, None) for item in before if item.key not in new]
    return found


def _ids(files: dict, slot: str) -> tuple[int, ...]:
    return tuple(files.get(slot, ()))


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return str(value.get("label", ""))
    if isinstance(value, list):
        return "；".join(_text(each) for each in value)
    return str(value)


def _row(row: dict, fields: dict) -> str:
    parts = [f"{label}：{_text(row.get(key))}" for key, label in fields.items() if row.get(key) not in (None, "")]
    return "；".join(parts)
