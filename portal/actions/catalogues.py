"""The catalogue of occupations, their other names, and certificate registers: edited or imported (R13.24)."""

import re
from collections.abc import Mapping

from portal.actions.events import record
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most, one_of, read_day, read_flag
from portal.database import transaction
from portal.models import Occupation, OccupationAlias, RegisteredCertificate
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.facts import QualificationKind
from portal.rules.typed_text import squeeze, to_half_width
from portal.rules.workflow import Actor, Seat

EDITIONS = {"2015": "2015年版", "2022": "2022年版"}
FLAGS = {
    "barrier": "准入类",
    "in_2015": "大典2015",
    "new": "新职业",
    "has_standard": "有国家标准",
    "common": "通用性强",
}
MAINTAINERS = frozenset({Seat.TECHNICIAN, Seat.PROVINCE_CENTRE})
LEVEL_WORDS = {5: "五级", 4: "四级", 3: "三级", 2: "二级", 1: "一级"}
CERTIFICATE_KINDS = (*map(str, QualificationKind), "考评员")
_CODE = re.compile(r"[1-8]-\d{2}-\d{2}-\d{2}")
_CLASS = re.compile(r"[1-8](-\d{2}){0,2}")
_LEVEL_SIGNS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, **{str(n): n for n in range(1, 6)}}
_LEVEL_TITLES = {"高级技师": 1, "技师": 2, "高级工": 3, "高级": 3, "中级工": 4, "中级": 4, "初级工": 5, "初级": 5}


def save_occupation(occupation: Occupation | None, values: Mapping, *, actor: Actor) -> Occupation:
    """Create or change one entry; `values`: edition, code, name, job, levels (text), active and the FLAGS.

    Raises Invalid beside the field, also when edition, code and 工种 together exist already.
    """
    check_maintainer(actor)
    edition, code = read_edition(values["edition"]), read_code(values["code"])
    job, name = " ".join((values.get("job") or "").split()), " ".join(values["name"].split())
    if not name:
        raise Invalid("name", "请填写职业名称。")
    if len(name) > 120 or len(job) > 120:
        raise Invalid("name" if len(name) > 120 else "job", "最多120个字，请精简。")
    with transaction():
        same = Occupation.get_or_none(
            Occupation.edition == edition, Occupation.code == code, Occupation.job == job
        )
        if same is not None and (occupation is None or same.id != occupation.id):
            raise Invalid("job", f"{code} {same.name}{f'（{job}）' if job else ''}已在目录中，请直接修改那一条。")
        row = Occupation.get_by_id(occupation.id) if occupation else Occupation()
        row.edition, row.code, row.klass, row.name, row.job = edition, code, code[0], name, job
        row.levels = read_levels(values.get("levels") or "")
        row.active = bool(values.get("active", True))
        for flag in FLAGS:
            setattr(row, flag, bool(values.get(flag)))
        row.save()
        label = "修改职业目录" if occupation else "增加职业"
        record("occupation", label, actor=actor, subject=f"occupation:{row.id}", note=f"{code} {name} {job}".strip())
        return row


def save_alias(name: str, same_as: str, *, actor: Actor, code: str = "") -> OccupationAlias:
    """Let another name, or another edition's code, stand for an occupation (劳动关系协调员 = 劳动关系协调师)."""
    check_maintainer(actor)
    name, same_as, code = " ".join(name.split()), read_code(same_as, "same_as"), read_code(code) if code.strip() else ""
    if not name or len(name) > 120:
        raise Invalid("name", "请填写其他名称，最多120个字。")
    if not Occupation.select().where(Occupation.code == same_as).exists():
        raise Invalid("same_as", "目录中没有这个职业编码，请核对。")
    with transaction():
        if OccupationAlias.select().where(OccupationAlias.name == name, OccupationAlias.code == code).exists():
            raise Invalid("name", "这个名称已登记。")
        alias = OccupationAlias.create(name=name, code=code, same_as=same_as)
        record("alias", "登记职业别名", actor=actor, subject=f"alias:{alias.id}", note=f"{name} = {same_as}")
        return alias


def remove_alias(alias: OccupationAlias, *, actor: Actor) -> None:
    """Forget another name."""
    check_maintainer(actor)
    with transaction():
        OccupationAlias.delete().where(OccupationAlias.id == alias.id).execute()
        note = f"{alias.name} = {alias.same_as}"
        record("alias", "删除职业别名", actor=actor, subject=f"alias:{alias.id}", note=note)


def check_maintainer(actor: Actor) -> None:
    """Raises NotAllowed for whoever does not maintain the catalogue: the provincial centre and technical staff do."""
    if actor.seat not in MAINTAINERS:
        raise NotAllowed("职业目录由省级鉴定中心和技术人员维护。")


def read_code(text: str, field: str = "code") -> str:
    """An occupation code as it is stored, such as 4-12-01-01; raises Invalid."""
    plain = re.sub(r"[‐-―－—]", "-", squeeze(text))
    if not _CODE.fullmatch(plain):
        raise Invalid(field, f"“{text}”不是职业编码，应如4-12-01-01。")
    return plain


def read_edition(text: str) -> str:
    """The edition of the national classification by its year, '2015' or '2022'; raises Invalid."""
    found = re.search(r"20\d\d", to_half_width(text))
    if found is None or found[0] not in EDITIONS:
        raise Invalid("edition", f"大典版本“{text}”无法识别，可填：{'、'.join(EDITIONS)}。")
    return found[0]


def read_levels(text: str) -> str:
    """Levels as they are stored, lowest first: 五级至一级, 5/4/3, 三级、二级 and 高级工 are read; blank is all."""
    plain = squeeze(text).replace("（", "/").replace("(", "/").replace("）", "").replace(")", "")
    if not plain:
        return "5,4,3,2,1"
    span = re.fullmatch(r"(.+?)(?:至|到|~|～|-|—)(.+)", plain)
    if span:
        first, last = sorted((_read_level(span[1]), _read_level(span[2])))
        numbers = set(range(first, last + 1))
    else:
        numbers = {_read_level(part) for part in re.split(r"[,，、/;；]", plain) if part}
    return ",".join(str(number) for number in sorted(numbers, reverse=True))


def print_levels(levels: str) -> str:
    """Levels in words: 五级至一级 where three or more follow each other, else 五级、三级."""
    numbers = sorted((int(number) for number in levels.split(",") if number), reverse=True)
    if len(numbers) > 2 and numbers[0] - numbers[-1] == len(numbers) - 1:
        return f"{LEVEL_WORDS[numbers[0]]}至{LEVEL_WORDS[numbers[-1]]}"
    return "、".join(LEVEL_WORDS[number] for number in numbers)


def _read_level(text: str) -> int:
    plain = text.strip()
    if plain in _LEVEL_TITLES:
        return _LEVEL_TITLES[plain]
    sign = plain.removesuffix("级")
    if sign not in _LEVEL_SIGNS:
        raise Invalid("levels", f"等级“{text}”无法识别，请填“五级至三级”或“5,4,3”。")
    return _LEVEL_SIGNS[sign]


def _skip_heading(texts: Mapping[str, str]) -> bool:
    """Whether a row of the classification is a 大类, 中类 or 小类: only its fourth level are occupations."""
    level = squeeze(texts.get("place", ""))
    if level:
        return level not in ("4", "职业", "细类", "细类（职业）")
    return bool(_CLASS.fullmatch(squeeze(texts.get("code", ""))))


def _check_occupations(records: list[Record]) -> list[Fault]:
    return []


def _store_occupations(records: list[Record], actor: Actor) -> tuple[int, int]:
    known = {(o.edition, o.code, o.job): o for o in Occupation.select()}
    created, changed = [], 0
    for row in records:
        values = {key: value for key, value in row.values.items() if key != "place"}
        key = (values["edition"], values["code"], values.get("job", ""))
        present = known.get(key)
        if present is None:
            fields = {"job": "", "levels": "5,4,3,2,1", "active": True, **dict.fromkeys(FLAGS, False), **values}
            created.append({"in_2015": values["edition"] == "2015", **fields, "klass": values["code"][0]})
            continue
        different = {name: value for name, value in values.items() if getattr(present, name) != value}
        if different:
            Occupation.update(**different).where(Occupation.id == present.id).execute()
            changed += 1
    for start in range(0, len(created), 200):
        Occupation.insert_many(created[start : start + 200]).execute()
    return len(created), changed


def occupations_of(edition: str) -> ImportKind:
    """The table of occupations, for rows that do not name their edition."""
    columns = (
        Column("code", ("职业编码", "职业代码", "编码", "代码"), True, read_code, "4-12-01-01"),
        Column("name", ("职业名称", "职业", "名称"), True, at_most(120), "汽车维修工"),
        Column("job", ("工种", "工种名称"), False, at_most(120), "汽车机械维修工"),
        Column("edition", ("大典版本", "版本"), False, lambda text: read_edition(text or edition), edition),
        Column("levels", ("技能等级", "等级", "可鉴定等级"), False, read_levels, "五级至一级"),
        *(Column(key, (label, f"是否{label}"), False, read_flag, "否") for key, label in FLAGS.items()),
        Column("place", ("类别层次", "层级", "level"), False, str, "4"),
    )

    def store(records: list[Record], actor: Actor) -> tuple[int, int]:
        for row in records:
            row.values.setdefault("edition", edition)
        return _store_occupations(records, actor)

    return ImportKind(
        f"occupations:{edition}", f"职业目录（{EDITIONS[edition]}）", columns, ("edition", "code", "job"),
        _check_occupations, store, MAINTAINERS, _skip_heading,
        ("同一职业编码下有多个工种的，每个工种填一行。", "“类别层次”为1至3的行（大类、中类、小类）不导入。",
         "目录中已有的职业按编码和工种更新，未列出的保持不变。"),
    )  # fmt: skip


def _check_certificates(records: list[Record]) -> list[Fault]:
    faults = []
    for row in records:
        number = row.values["id_number"]
        if len(number) == 18:
            try:
                identity.check(identity.RESIDENT_CARD, number)
            except Invalid as refusal:
                faults.append(row.fault("id_number", refusal.message))
    return faults


def _store_certificates(records: list[Record], actor: Actor) -> tuple[int, int]:
    created = changed = 0
    for row in records:
        values = {"source": "", **row.values}
        present = RegisteredCertificate.get_or_none(
            RegisteredCertificate.number == values["number"], RegisteredCertificate.id_number == values["id_number"]
        )
        if present is None:
            RegisteredCertificate.create(**values)
            created += 1
        elif any(getattr(present, name) != value for name, value in values.items()):
            RegisteredCertificate.update(**values).where(RegisteredCertificate.id == present.id).execute()
            changed += 1
    return created, changed


def _read_certificate_level(text: str) -> int | None:
    levels = read_levels(text).split(",") if text else []
    if len(levels) > 1:
        raise Invalid("level", f"“{text}”应为一个等级。")
    return int(levels[0]) if levels else None


CERTIFICATES = ImportKind(
    "certificates", "证书信息库",
    (
        Column("number", ("证书编号", "证书号码", "证书号"), True, lambda text: squeeze(text).upper(),
               "S000000000000000001"),
        Column("name", ("姓名", "持证人"), True, at_most(60), ""),
        Column("id_number", ("证件号码", "身份证号", "身份证号码"), True, identity.normalise, ""),
        Column("kind", ("证书类别", "类别"), True,
               one_of({word: word for word in CERTIFICATE_KINDS}, "证书类别"), "技能等级"),
        Column("occupation_name", ("职业（工种）", "职业名称", "职业", "专业"), True, at_most(120), "汽车维修工"),
        Column("level", ("等级", "技能等级"), False, _read_certificate_level, "三级"),
        Column("grade", ("职称级别", "考评员级别"), False, at_most(20), ""),
        Column("issuer", ("发证机构", "发证单位"), False, at_most(120), ""),
        Column("issued_on", ("发证日期",), False, read_day, "2022-06-30"),
        Column("source", ("数据来源", "来源"), False, at_most(120), ""),
    ),
    ("number", "id_number"), _check_certificates, _store_certificates, MAINTAINERS,
    notes=("申请人填写的证书与信息库一致的，系统直接确认，不再要求上传扫描件。",),
)  # fmt: skip
