"""What a person brings as proof: held qualifications with their scans, and the log of assessment work."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from portal import clock
from portal.actions.events import record
from portal.actions.files import keep_file, remove_file
from portal.actions.own_register import confirm_credential
from portal.database import transaction
from portal.models import FileVersion, HeldQualification, Occupation, Person, RegisteredCertificate, WorkEntry
from portal.models.jurisdictions import profile_of
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.facts import LEVEL_LABELS, QualificationKind, TitleGrade
from portal.rules.typed_text import squeeze
from portal.rules.workflow import Actor, Seat

EXAMINER_CARD = "考评员"
QUALIFICATION_KINDS = (*map(str, QualificationKind), EXAMINER_CARD)
GRADES = {str(QualificationKind.TITLE): tuple(map(str, TitleGrade)), EXAMINER_CARD: ("考评员", "高级考评员")}
_EARLIEST = date(1950, 1, 1)
_Row = TypeVar("_Row", HeldQualification, WorkEntry)


def save_qualification(
    person: Person, *, actor: Actor, values: Mapping, qualification: HeldQualification | None = None
) -> HeldQualification:
    """Add or change a held qualification (R1.20, R1.21); raises the first Invalid of find_qualification_faults()."""
    cleaned, faults = _clean_qualification(person, values)
    if faults:
        raise faults[0]
    with transaction():
        _check_owner(person, actor)
        person = Person.get_by_id(person.id)
        row = _row_to_change(HeldQualification, person, qualification, "没有这条持证情况，可能刚刚被删除。")
        changed = _assign(row, cleaned)
        changed += _assign(row, {"confirmed_by": confirming_register(person, row)})
        _store(row, changed)
        record("qualification", "保存持证情况", actor=actor, subject=f"person:{person.id}", data={"id": row.id})
    return row


def find_qualification_faults(person: Person, values: Mapping) -> list[Invalid]:
    """Everything wrong with a typed qualification.

    Keys: kind, occupation_name, occupation_code, job, level (1–5), grade, number, issuer, issued_on, valid_to,
    material_kind. A specific level is mandatory (皖人协秘〔2021〕2号 附件1 备注②); number, issuer and date may follow
    later, but without them nothing can be submitted (R3.04).
    """
    return _clean_qualification(person, values)[1]


def remove_qualification(qualification: HeldQualification, *, actor: Actor) -> None:
    """Take a qualification out of the register; what was submitted with it stays as it was."""
    with transaction():
        _check_owner(qualification.person, actor)
        HeldQualification.update(removed_at=clock.now()).where(HeldQualification.id == qualification.id).execute()
        record(
            "qualification", "删除持证情况", actor=actor, subject=f"person:{qualification.person_id}",
            data={"id": qualification.id},
        )  # fmt: skip


def gaps_of(qualification: HeldQualification) -> list[str]:
    """Labels of what is missing for complete certificate information (R3.04); empty when complete."""
    by_grade = qualification.kind in GRADES
    wanted = {
        "职业（工种）或专业": qualification.occupation_name,
        "级别" if by_grade else "等级": qualification.grade if by_grade else qualification.level,
        "证书编号": qualification.number,
        "发证机构": qualification.issuer,
        "发证日期": qualification.issued_on,
    }
    return [label for label, value in wanted.items() if not value]


def confirming_register(person: Person, qualification: HeldQualification) -> str:
    """The register that confirms this certificate by number, name and document number, or '' (R3.06).

    A row that knows another level, grade or kind than the one typed confirms nothing: then a scan is demanded.
    """
    if not person.province or not profile_of(person.province).registration.auto_verify or not qualification.number:
        return ""
    if qualification.kind == EXAMINER_CARD and (register := confirm_credential(person, qualification)):
        return register
    row = RegisteredCertificate.get_or_none(
        RegisteredCertificate.number == qualification.number, RegisteredCertificate.id_number == person.id_number
    )
    if row is None or row.name != person.name or row.kind != qualification.kind:
        return ""
    if row.occupation_name and row.occupation_name != qualification.occupation_name:
        return ""
    same = row.grade == qualification.grade if qualification.kind in GRADES else row.level == qualification.level
    return (row.source or "证书信息库") if same else ""


def save_work_entry(person: Person, *, actor: Actor, values: Mapping, entry: WorkEntry | None = None) -> WorkEntry:
    """Add or change a stretch of assessment work (R1.22); raises the first Invalid of find_work_faults()."""
    cleaned, faults = _clean_work(values)
    if faults:
        raise faults[0]
    with transaction():
        _check_owner(person, actor)
        row = _row_to_change(WorkEntry, person, entry, "没有这条考评工作经历，可能刚刚被删除。")
        _store(row, _assign(row, cleaned))
        record("work", "保存考评工作经历", actor=actor, subject=f"person:{person.id}", data={"id": row.id})
    return row


def find_work_faults(values: Mapping) -> list[Invalid]:
    """Everything wrong with a typed work entry.

    Keys: organisation_name, occupation_name, starts_on, ends_on, evidence.
    """
    return _clean_work(values)[1]


def remove_work_entry(entry: WorkEntry, *, actor: Actor) -> None:
    """Take a work entry out of the log; what was submitted with it stays as it was."""
    with transaction():
        _check_owner(entry.person, actor)
        WorkEntry.update(removed_at=clock.now()).where(WorkEntry.id == entry.id).execute()
        record("work", "删除考评工作经历", actor=actor, subject=f"person:{entry.person_id}", data={"id": entry.id})


def attach_scan(person: Person, *, slot: str, kept, actor: Actor, replace: bool = False) -> FileVersion:
    """Add a kept file (storage.Kept) to a slot such as qualification.12.scan; with `replace` it takes the place of all.

    Replaced files stay and open from the trail (R12.04).
    """
    with transaction():
        _check_owner(person, actor)
        if replace:
            for old in scans_of(person, slot):
                remove_file(old, actor=actor)
        version = keep_file(owner=f"person:{person.id}", slot=slot, kept=kept, actor=actor)
        data = {"file": version.id, "slot": slot}
        record("upload", "上传证明材料", actor=actor, subject=f"person:{person.id}", data=data)
    return version


def scans_of(person: Person, slot: str) -> list[FileVersion]:
    """The files of a slot that are in use, oldest first."""
    return list(
        FileVersion.select()
        .where(FileVersion.owner == f"person:{person.id}", FileVersion.slot == slot, FileVersion.removed_at.is_null())
        .order_by(FileVersion.version)
    )


def level_label(qualification: HeldQualification) -> str:
    """三级/高级工, 副高 …: the level or grade in words."""
    if qualification.kind in GRADES:
        return qualification.grade
    return LEVEL_LABELS.get(qualification.level or 0, "")


def _clean_qualification(person: Person, values: Mapping) -> tuple[dict, list[Invalid]]:
    text = {key: " ".join(str(values.get(key) or "").split()) for key in (
        "kind", "occupation_name", "occupation_code", "job", "level", "grade", "issuer", "material_kind",
    )}  # fmt: skip
    cleaned = {
        "kind": text["kind"], "occupation_name": text["occupation_name"], "job": text["job"], "issuer": text["issuer"],
        "number": squeeze(str(values.get("number") or "")).upper(), "level": None, "grade": "",
        "occupation_code": text["occupation_code"], "material_kind": text["material_kind"],
    }  # fmt: skip
    faults = []
    if text["kind"] not in QUALIFICATION_KINDS:
        faults.append(Invalid("kind", "请选择证书类别。"))
    if not text["occupation_name"]:
        faults.append(Invalid("occupation_name", "请填写证书上的职业（工种）或专业。"))
    if text["kind"] in GRADES:
        cleaned["grade"] = text["grade"]
        if text["grade"] not in GRADES[text["kind"]]:
            faults.append(Invalid("grade", f"请选择具体级别：{'、'.join(GRADES[text['kind']])}。"))
    elif text["level"] in ("1", "2", "3", "4", "5"):
        cleaned["level"] = int(text["level"])
    else:
        faults.append(Invalid("level", "请选择具体等级（如二级/技师），不能只写持有证书。"))
    kinds = {kind.key for kind in profile_of(person.province).registration.material_kinds}
    if text["material_kind"] and text["material_kind"] not in kinds:
        faults.append(Invalid("material_kind", "请从列表中选择证明材料种类。"))
    for key, length in (("occupation_name", 120), ("number", 60), ("issuer", 120), ("job", 120)):
        if len(cleaned[key]) > length:
            faults.append(Invalid(key, f"最多{length}个字，请核对。"))
    for key, label, future in (("issued_on", "发证日期", False), ("valid_to", "有效期", True)):
        cleaned[key] = _read_day(values.get(key), key, label, future, faults)
    if cleaned["issued_on"] and cleaned["valid_to"] and cleaned["valid_to"] < cleaned["issued_on"]:
        faults.append(Invalid("valid_to", "有效期不能早于发证日期。"))
    if not cleaned["occupation_code"] and cleaned["occupation_name"]:
        cleaned["occupation_code"] = _code_of(cleaned["occupation_name"], cleaned["job"])
    return cleaned, faults


def _code_of(name: str, job: str) -> str:
    """The code of an occupation known by this name; '' when there is none or more than one."""
    codes = {code for (code,) in Occupation.select(Occupation.code).where(Occupation.name == name).tuples()}
    return codes.pop() if len(codes) == 1 else ""


def _clean_work(values: Mapping) -> tuple[dict, list[Invalid]]:
    text = {key: " ".join(str(values.get(key) or "").split()) for key in ("organisation_name", "occupation_name")}
    cleaned = {**text, "evidence": str(values.get("evidence") or "").strip()[:2000]}
    faults = []
    if not text["organisation_name"]:
        faults.append(Invalid("organisation_name", "请填写组织考评的单位名称。"))
    for key, length in (("organisation_name", 200), ("occupation_name", 120)):
        if len(text[key]) > length:
            faults.append(Invalid(key, f"最多{length}个字，请精简。"))
    cleaned["starts_on"] = _read_day(values.get("starts_on"), "starts_on", "开始日期", False, faults)
    cleaned["ends_on"] = _read_day(values.get("ends_on"), "ends_on", "结束日期", False, faults)
    if cleaned["starts_on"] is None and not any(fault.field == "starts_on" for fault in faults):
        faults.append(Invalid("starts_on", "请填写开始日期。"))
    if cleaned["starts_on"] and cleaned["ends_on"] and cleaned["ends_on"] < cleaned["starts_on"]:
        faults.append(Invalid("ends_on", "结束日期不能早于开始日期；仍在从事的请留空。"))
    return cleaned, faults


def _read_day(value, field: str, label: str, may_be_future: bool, faults: list[Invalid]) -> date | None:
    if not value:
        return None
    try:
        day = value if isinstance(value, date) else parse_date(str(value), field)
    except Invalid as fault:
        faults.append(fault)
        return None
    if day < _EARLIEST or (day > clock.today() and not may_be_future):
        faults.append(Invalid(field, f"{label}{'过早' if day < _EARLIEST else '不能晚于今天'}，请核对。"))
    return day


def _row_to_change(table: type[_Row], person: Person, known: _Row | None, gone: str) -> _Row:
    """The person's row as it stands now, or a new one; the page's own copy may be older than a removal."""
    if known is None:
        return table(person=person)
    row = table.get_or_none(table.id == known.id, table.person == person.id, table.removed_at.is_null())
    if row is None:
        raise NotAllowed(gone)
    return row


def _assign(row: _Row, values: Mapping) -> list[str]:
    """Put the values into the row; gives the names of those that are new to it."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _store(row: _Row, changed: list[str]) -> None:
    """Write a new row whole, a stored one in its changed columns only."""
    if row.id is None:
        row.save()
    elif changed:
        row.save(only=changed)


def _check_owner(person: Person, actor: Actor) -> None:
    if actor.seat != Seat.APPLICANT or actor.person != person.id:
        raise NotAllowed("只能修改本人的信息。")
