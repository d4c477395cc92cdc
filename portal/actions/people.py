"""Persons and their profile: real-name registration, the blocks of personal information, portrait, exam region."""

from collections.abc import Mapping
from datetime import date

from portal import clock
from portal.actions.events import record
from portal.actions.files import keep_file
from portal.database import transaction
from portal.models import Case, Grant, Organisation, Person, Region, User
from portal.models.jurisdictions import profile_of
from portal.rules import identity
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.registration import FLOW as REGISTRATION
from portal.rules.flows.registration import State
from portal.rules.profile import Profile
from portal.rules.submission import PERSON_FIELDS
from portal.rules.workflow import Actor, Seat

# 文化程度 as the summary form of 川人社职鉴〔2022〕21号 asks for it, highest first.
EDUCATIONS = ("博士研究生", "硕士研究生", "本科", "大专", "中专", "技校", "高中", "初中及以下")
PORTRAIT_SLOT = "person.portrait"
_LENGTHS = {"name": 60, "education": 20, "position": 60, "address": 200, "employer": 200}


def register_person(
    name: str, *, id_type: str, id_number: str, phone: str, province: str, password_hash: str, address: str = ""
) -> User:
    """Self-registration under the real name (R1.02); gives the new account, whose login is the document number.

    `address` is the client's network address. A person whom a unit has entered under the same document and name is
    taken over by the new account. Raises Invalid beside the wrong field; one document has one account.
    """
    name = clean_name(name)
    number = identity.check(id_type, id_number)
    phone = identity.check_phone(phone)
    profile_of(province)
    with transaction():
        person = find_person(id_type, number)
        login_taken = User.select().where(User.login == number).exists()
        if login_taken or (person is not None and person.user_id is not None):
            raise Invalid("id_number", "该证件号码已注册，请直接登录；忘记密码的，请联系所在单位或当地鉴定中心重置。")
        if person is not None and person.name != name and (has_live_cases(person) or not is_unclaimed(person)):
            raise Invalid("name", "该证件号码已由单位录入，但姓名与您填写的不一致，请核对姓名，或联系录入的单位更正。")
        now = clock.now()
        user = User.create(
            login=number, name=name, password_hash=password_hash, phone=phone, password_set_at=now, created_at=now
        )
        actor = Actor(user=user.id, name=name, seat=Seat.APPLICANT, province=province, address=address)
        if person is None:
            person = Person.create(
                user=user, name=name, id_type=id_type, id_number=number, phone=phone, province=province,
                sex=identity.sex(number, id_type) or "", birth=identity.birth_date(number, id_type), created_at=now,
            )  # fmt: skip
            label = "实名注册"
        else:
            if is_unclaimed(person) and not has_live_cases(person):
                # A unit has typed this number, perhaps for somebody else, and deleted it again.
                Person.update(name=name, province=province).where(Person.id == person.id).execute()
            Person.update(user=user, phone=person.phone or phone).where(Person.id == person.id).execute()
            label = "实名注册（接管单位录入的人员信息）"
        Grant.create(user=user, office=None, seat=Seat.APPLICANT, granted_at=now)
        record("register", label, actor=actor, subject=f"person:{person.id}")
    return user


def find_person(id_type: str, id_number: str) -> Person | None:
    """The person with this document, renewals of a 港澳居民来往内地通行证 included; merged ones lead to who is kept."""
    number = identity.normalise(id_number)
    person = Person.get_or_none(Person.id_type == id_type, Person.id_number == number)
    if person is None and id_type == "210":
        key = identity.document_key(id_type, number)
        person = Person.select().where(Person.id_type == id_type, Person.id_number.startswith(key)).first()
    while person is not None and person.merged_into_id is not None:
        person = person.merged_into
    return person


def is_unclaimed(person: Person) -> bool:
    """Whether the person is only what a unit has typed so far: no account, nothing submitted, nothing saved."""
    if person.user_id is not None or person.saved_at is not None:
        return False
    return not Case.select().where(Case.person == person.id, Case.submitted_at.is_null(False)).exists()


def has_live_cases(person: Person) -> bool:
    """Whether anything is under way for the person."""
    return Case.select().where(Case.person == person.id, Case.state != State.WITHDRAWN).exists()


def correct_name(person: Person, name: str, *, actor: Actor) -> None:
    """Correct the mistyped name of a person for whom is_unclaimed() holds; the caller has checked that this unit may.

    Their drafts follow. Call inside a transaction.
    """
    data = {"before": person.name, "after": name}
    person.name = name
    person.save(only=[Person.name])
    for case in Case.select().where(Case.person == person.id, Case.state == State.DRAFT):
        Case.update(title=name, version=case.version + 1).where(Case.id == case.id).execute()
    record("correct_name", "更正录入的姓名", actor=actor, subject=f"person:{person.id}", data=data)


def save_profile(person: Person, *, actor: Actor, values: Mapping) -> Person:
    """Save the profile's blocks (R1.06–R1.18); `values` holds the typed texts by field, see find_profile_faults().

    A locked exam region stays as it is whatever is sent (R1.08). Raises the first Invalid; callers that show a form
    ask find_profile_faults() first, which gives all of them at once (R1.17).
    """
    with transaction():
        person = Person.get_by_id(person.id)
        _check_owner(person, actor)
        cleaned, faults = _clean(person, values)
        if faults:
            raise faults[0]
        changed = {key: value for key, value in cleaned.items() if getattr(person, key) != value}
        old_number = person.id_number
        for key, value in changed.items():
            setattr(person, key, value)
        person.saved_at = clock.now()
        person.save()
        if "id_number" in changed and person.user_id:
            User.update(login=person.id_number).where(User.id == person.user_id, User.login == old_number).execute()
        if "name" in changed and person.user_id:
            User.update(name=person.name).where(User.id == person.user_id).execute()
        record(
            "profile", "保存个人信息", actor=actor, subject=f"person:{person.id}", data={"fields": sorted(changed)}
        )
    return person


def find_profile_faults(person: Person, values: Mapping) -> list[Invalid]:
    """Everything wrong with the typed profile, each with its field (R1.17).

    Keys of `values`: name, id_type, id_number, sex, birth, education, position, phone, address, exam_region (code),
    organisation (name from the list), employer (free text); keys that are absent keep what is stored.
    """
    return _clean(person, values)[1]


def missing_fields(person: Person) -> list[str]:
    """Labels of what the province requires and the profile lacks, the portrait included; empty when complete."""
    if not person.province or person.saved_at is None:
        return ["个人信息（尚未保存）"]
    required = profile_of(person.province).registration.required_fields
    labels = PERSON_FIELDS | {"portrait": "近期免冠照片"}
    return [labels[key] for key in required if not _stored(person, key)]


def is_region_locked(person: Person) -> bool:
    """Whether only technical staff can change the exam region now (R1.08)."""
    if not person.province or person.exam_region_id is None or person.saved_at is None:
        return False
    return profile_of(person.province).region_rules.locked


def exam_regions(province: str) -> list[Region]:
    """The choices for 报考区域: the province's own (省直) and every city (R1.07)."""
    regions = Region.select().where(Region.province == province, Region.level.in_(["direct", "city"]), Region.active)
    return sorted(regions, key=lambda region: (region.level != "direct", region.code))


def evaluation_organisations(province: str):
    """The evaluation organisations a person can belong to (R1.14), by name; member units are not among them."""
    return (
        Organisation.select()
        .where(Organisation.province == province, Organisation.active, Organisation.kind != "")
        .order_by(Organisation.name)
    )


def change_exam_region(person: Person, *, actor: Actor, region: Region, note: str) -> Person:
    """Change a saved exam region: technical staff only, with a reason (R0.14, R1.08)."""
    if actor.seat != Seat.TECHNICIAN:
        raise NotAllowed("报考区域保存后只能由技术人员修改，请联系技术人员。")
    if not note.strip():
        raise Invalid("note", "请填写修改报考区域的原因。")
    if region.province != person.province or region.level not in ("direct", "city"):
        raise Invalid("region", "请从列表中选择报考区域。")
    with transaction():
        person = Person.get_by_id(person.id)
        before = person.exam_region.name if person.exam_region else ""
        person.exam_region = region
        person.save(only=[Person.exam_region])
        record(
            "exam_region", "修改报考区域", actor=actor, subject=f"person:{person.id}", before=before, after=region.name,
            note=note,
        )  # fmt: skip
    return person


def set_portrait(person: Person, *, actor: Actor, kept) -> Person:
    """Make a kept picture (storage.Kept) the portrait; earlier ones stay in the record (R1.10, R12.04)."""
    with transaction():
        person = Person.get_by_id(person.id)
        _check_owner(person, actor)
        person.portrait = keep_file(owner=f"person:{person.id}", slot=PORTRAIT_SLOT, kept=kept, actor=actor)
        person.save(only=[Person.portrait])
        record("portrait", "上传照片", actor=actor, subject=f"person:{person.id}")
    return person


def clean_name(text: str, field: str = "name") -> str:
    """A person's name without blanks at the ends and with the middle dot of the standard; raises Invalid."""
    name = " ".join(text.split()).replace("•", "·").replace("・", "·").replace("‧", "·")
    if not name:
        raise Invalid(field, "请填写姓名。")
    if len(name) > _LENGTHS["name"]:
        raise Invalid(field, f"姓名最多{_LENGTHS['name']}个字，请核对。")
    if any(char.isdigit() or char in "<>=@\"'" for char in name):
        raise Invalid(field, "姓名中有不应出现的字符，请按身份证件填写。")
    return name


def can_edit_identity(person: Person) -> bool:
    """Whether name and document can still be corrected by oneself: until the first submission, or when returned."""
    submitted = Case.select().where(
        Case.person == person.id, Case.kind == REGISTRATION.name, Case.submitted_at.is_null(False)
    )
    return not submitted.where(Case.state.not_in([State.RETURNED])).exists()


def _clean(person: Person, values: Mapping) -> tuple[dict, list[Invalid]]:
    """The values as they would be stored, and everything wrong with them."""
    profile, cleaned, faults = profile_of(person.province), {}, []

    def take(key, read):
        try:
            cleaned.update(read())
        except Invalid as fault:
            faults.append(fault)

    typed = {key: " ".join(str(values[key] or "").split()) for key in values}
    if ("name" in typed or "id_number" in typed) and can_edit_identity(person):
        take("name", lambda: {"name": clean_name(typed.get("name", person.name))})
        take("id_number", lambda: _read_document(person, typed))
    id_type, number = cleaned.get("id_type", person.id_type), cleaned.get("id_number", person.id_number)
    take("sex", lambda: _read_sex(typed.get("sex", person.sex), id_type, number))
    take("birth", lambda: _read_birth(typed.get("birth"), person, id_type, number))
    if typed.get("phone") or "phone" not in typed:
        take("phone", lambda: {"phone": identity.check_phone(typed.get("phone", person.phone))})
    for key in ("education", "position", "address"):
        if key in typed:
            take(key, lambda key=key: _read_text(key, typed[key]))
    if "exam_region" in typed and not is_region_locked(person):
        take("exam_region", lambda: _read_region(typed["exam_region"], person.province))
    if "organisation" in typed:
        take("organisation", lambda: _read_organisation(typed["organisation"], person.province))
    if "employer" in typed:
        take("employer", lambda: _read_employer(typed["employer"]))
    wrong = {fault.field for fault in faults}
    faults += _find_gaps(profile, person, typed, wrong)
    return cleaned, faults


def _find_gaps(profile: Profile, person: Person, typed: dict, wrong: set[str]) -> list[Invalid]:
    """Required fields that were sent blank, apart from the portrait, which has its own upload (R1.10)."""
    gaps = []
    for key in profile.registration.required_fields:
        if key == "portrait" or key in wrong or (key == "exam_region" and is_region_locked(person)):
            continue
        if key in typed and not typed[key] and not (key == "birth" and person.birth):
            gaps.append(Invalid(key, f"请填写{PERSON_FIELDS[key]}。"))
    return gaps


def _read_document(person: Person, typed: dict) -> dict:
    id_type = typed.get("id_type") or person.id_type
    number = identity.check(id_type, typed.get("id_number", person.id_number))
    other = find_person(id_type, number)
    if other is not None and other.id != person.id:
        raise Invalid("id_number", "该证件号码已有人使用，请核对；确属本人的，请联系技术人员处理。")
    return {"id_type": id_type, "id_number": number}


def _read_sex(text: str, id_type: str, number: str) -> dict:
    if text and text not in identity.SEXES:
        raise Invalid("sex", "请选择性别。")
    if text:
        identity.check_sex(id_type, number, text)
    return {"sex": text}


def _read_birth(text: str | None, person: Person, id_type: str, number: str) -> dict:
    carried = identity.birth_date(number, id_type)
    if not text:
        return {"birth": carried or person.birth}
    typed = parse_date(text, "birth")
    if carried and typed != carried:
        raise Invalid("birth", f"出生日期与证件号码不一致（证件号码为{carried}），请核对。")
    if not identity.EARLIEST_BIRTH <= typed <= clock.today():
        raise Invalid("birth", "出生日期不对，请核对。")
    return {"birth": typed}


def _read_text(key: str, text: str) -> dict:
    if len(text) > _LENGTHS[key]:
        raise Invalid(key, f"{PERSON_FIELDS[key]}最多{_LENGTHS[key]}个字，请精简。")
    return {key: text}


def _read_region(code: str, province: str) -> dict:
    if not code:
        return {"exam_region": None}
    region = next((each for each in exam_regions(province) if each.code == code), None)
    if region is None:
        raise Invalid("exam_region", "请从列表中选择报考区域。")
    return {"exam_region": region}


def _read_organisation(name: str, province: str) -> dict:
    if not name:
        return {"organisation": None}
    found = evaluation_organisations(province).where(Organisation.name == name).first()
    if found is None:
        raise Invalid("organisation", "没有这个评价机构，单位名称应为评价机构的全称，请从列表中选择。")
    return {"organisation": found}


def _read_employer(name: str) -> dict:
    if len(name) > _LENGTHS["employer"]:
        raise Invalid("employer", f"实际工作单位最多{_LENGTHS['employer']}个字，请精简。")
    return {"employer_name": name, "employer": Organisation.get_or_none(Organisation.name == name) if name else None}


def _stored(person: Person, key: str) -> date | str | int | None:
    if key in ("organisation", "exam_region", "portrait"):
        return getattr(person, f"{key}_id")
    if key == "employer":
        return person.employer_name or person.employer_id
    return getattr(person, key)


def _check_owner(person: Person, actor: Actor) -> None:
    if actor.seat == Seat.APPLICANT and actor.person != person.id:
        raise NotAllowed("只能修改本人的信息。")
    if actor.seat not in (Seat.APPLICANT, Seat.TECHNICIAN):
        raise NotAllowed("个人信息由本人维护。")
