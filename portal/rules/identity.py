"""Identity documents, unified social credit codes and telephone numbers: normalise, check, compare, mask."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from portal import clock
from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze
from portal.rules.workdays import add_years

RESIDENT_CARD = "201"
OTHER_DOCUMENT = "299"

# Codes and names of 皖人社秘〔2020〕65号 附件5 备注2, in its order.
DOCUMENT_TYPES = {
    "201": "居民身份证",
    "227": "中国护照",
    "210": "港澳居民来往内地通行证",
    "237": "港澳居民居住证",
    "213": "台湾居民来往大陆通行证",
    "238": "台湾居民居住证",
    "208": "外国护照",
    "233": "外国人永久居留身份证",
    "239": "外国人工作许可证（A类）",
    "240": "外国人工作许可证（B类）",
    "241": "外国人工作许可证（C类）",
    "299": "其他个人证件",
}
SEXES = ("男", "女")

EARLIEST_BIRTH = date(1900, 1, 1)

_CHECK_CHARACTERS = "10X98765432"  # GB 11643: remainder of ISO 7064 MOD 11-2 → last character
_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: without I, O, S, V, Z
_CREDIT_WEIGHTS = tuple(3**place % 31 for place in range(17))
# First two digits of GB/T 2260; 81–83 occur only on residence permits (types 237 and 238).
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")


class Finding(NamedTuple):
    """One thing that was looked at: passed (True), wrong (False) or only a warning (None), and the Chinese sentence."""

    ok: bool | None
    text: str


def normalise(number: str) -> str:
    """A document number as it is stored: half-width, without blanks and invisible characters, letters upper case."""
    return squeeze(number).upper()


def check(id_type: str, number: str, *, today: date | None = None, field: str = "id_number") -> str:
    """The normalised number of a document of type `id_type` ("201" …), or Invalid(field) saying what is wrong.

    An unknown type raises Invalid("id_type").  `today` bounds the date of birth (default: the clock's day).
    An unknown address code does not refuse a number, see `warnings`.
    """
    if id_type not in DOCUMENT_TYPES:
        raise Invalid("id_type", f"没有代码为“{id_type[:10]}”的证件类型，请从列表中选择")
    for finding in _examine(id_type, normalise(number), today or clock.today()):
        if finding.ok is False:
            raise Invalid(field, finding.text)
    return normalise(number)


def explain(id_type: str, number: str, *, today: date | None = None) -> list[Finding]:
    """Everything that was looked at, up to the first thing that is wrong; warnings included (for the command line)."""
    if id_type not in DOCUMENT_TYPES:
        return [Finding(False, f"没有代码为“{id_type[:10]}”的证件类型")]
    findings = [Finding(True, f"证件类型：{id_type} {DOCUMENT_TYPES[id_type]}")]
    findings += _examine(id_type, normalise(number), today or clock.today())
    if all(finding.ok is not False for finding in findings):
        findings += [Finding(None, text) for text in warnings(id_type, number)]
    return findings


def warnings(id_type: str, number: str) -> list[str]:
    """Chinese sentences about what is unusual in a valid number but does not refuse it: an unknown address code."""
    plain = normalise(number)
    if id_type == RESIDENT_CARD and len(plain) == 18 and not _PROVINCES.match(plain):
        return [f"前两位“{plain[:2]}”不是已知的省级行政区划代码，请对照证件核对"]
    return []


def has_personal_facts(id_type: str, number: str) -> bool:
    """Whether the number carries date of birth and sex (GB 11643 layout)."""
    return id_type in ("201", "237", "238", "233") and re.fullmatch(r"[0-9]{17}[0-9X]", normalise(number)) is not None


def birth_date(number: str, id_type: str = RESIDENT_CARD) -> date | None:
    """The date of birth in an 18-digit number; None when the document carries none or no real date stands there."""
    return _read_birth(normalise(number)) if has_personal_facts(id_type, number) else None


def sex(number: str, id_type: str = RESIDENT_CARD) -> str | None:
    """男 or 女 from the seventeenth digit of an 18-digit number; None when the document does not carry it."""
    if not has_personal_facts(id_type, number):
        return None
    return "男" if int(normalise(number)[16]) % 2 else "女"


def check_sex(id_type: str, number: str, typed: str, field: str = "sex") -> None:
    """Compare the typed sex with the one in the number; raises Invalid(field) when they differ."""
    carried = sex(number, id_type)
    if carried and typed != carried:
        raise Invalid(field, f"性别与证件号码不一致（证件号码为“{carried}”），请核对性别和证件号码")


def age_on(birth: date, day: date) -> int:
    """Full years (周岁) on `day`; born on 29 February one is a year older on 28 February (民法典 第二百零二条)."""
    years = day.year - birth.year
    return years if add_years(birth, years) <= day else years - 1


def document_key(id_type: str, number: str) -> str:
    """What is equal for all documents of one person and type: the number, but the first nine characters for type 210.

    The last two of eleven characters on a 港澳居民来往内地通行证 count its renewals.
    """
    plain = normalise(number)
    return plain[:9] if id_type == "210" else plain


def same_document(id_type: str, a: str, b: str) -> bool:
    """Whether two typed numbers of one type belong to the same person's document."""
    return document_key(id_type, a) == document_key(id_type, b)


def check_character(first17: str) -> str:
    """The eighteenth character for seventeen digits (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def normalise_credit_code(code: str) -> str:
    """A unified social credit code as it is stored: half-width, upper case, without blanks and hyphens."""
    return squeeze(code).upper().replace("-", "")


def check_credit_code(code: str, field: str = "credit_code") -> str:
    """The normalised 统一社会信用代码 (GB 32100), or Invalid(field) saying why not; letters may be anywhere."""
    plain = normalise_credit_code(code)
    if not plain:
        raise Invalid(field, "请填写统一社会信用代码")
    if len(plain) != 18:
        raise Invalid(field, f"统一社会信用代码应为18位，现为{len(plain)}位，请对照证照核对")
    strange = next((char for char in plain if char not in _CREDIT_ALPHABET), None)
    if strange:
        raise Invalid(field, f"统一社会信用代码中不会出现“{strange}”（不使用字母I、O、S、V、Z），请对照证照核对")
    if plain[17] != credit_check_character(plain[:17]):
        raise Invalid(field, "统一社会信用代码的校验码不对，请对照证照逐位核对")
    return plain


def credit_check_character(first17: str) -> str:
    """The eighteenth character for seventeen characters of a unified social credit code (GB 32100, modulus 31)."""
    values = (_CREDIT_ALPHABET.index(char) for char in first17)
    total = sum(value * weight for value, weight in zip(values, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_ALPHABET[-total % 31]


_MOBILE = re.compile(r"(?:\+?0{0,2}86-?)?(1[3-9][0-9])-?([0-9]{4})-?([0-9]{4})")
_LANDLINE = re.compile(
    r"(?:\+?0{0,2}86-?)?\(?(010|02[0-9]|0[3-9][0-9]{2})\)?-?([2-9][0-9]{6,7})(?:(?:-|转|#)([0-9]{1,6}))?"
)


def check_phone(text: str, field: str = "phone") -> str:
    """A mobile number (11 digits) or a landline as 区号-号码[-分机], normalised; raises Invalid(field) for others."""
    plain = re.sub("[—–－‐‑]+", "-", squeeze(text))
    if not plain:
        raise Invalid(field, "请填写联系电话")
    if match := _MOBILE.fullmatch(plain):
        return "".join(match.groups())
    if match := _LANDLINE.fullmatch(plain):
        return "-".join(part for part in match.groups() if part)
    if re.fullmatch(r"[2-9][0-9]{6,7}", plain):
        raise Invalid(field, "固定电话请加上区号，写成“区号-号码”")
    raise Invalid(field, "联系电话不对，请填写11位手机号码，或写成“区号-号码”的固定电话")


def mask(number: str) -> str:
    """The project's one mask: first 4 and last 4 of 18 characters (3401**********1234), less of shorter numbers.

    Below 18 characters at most half stay visible: the first one and up to the last four.
    """
    length = len(number)
    if length >= 18:
        head, tail = 4, 4
    else:
        visible = length // 2
        head, tail = min(1, visible), min(4, max(0, visible - 1))
    return number[:head] + "*" * (length - head - tail) + number[length - tail :]


def mask_phone(phone: str) -> str:
    """A telephone number with its middle hidden: 199****0001, 0551-****0001; anything else masked like a document."""
    plain = squeeze(phone)
    if match := _MOBILE.fullmatch(plain):
        return f"{match[1]}****{match[3]}"
    if match := _LANDLINE.fullmatch(plain):
        return f"{match[1]}-{'*' * (len(match[2]) - 4)}{match[2][-4:]}"
    return mask(phone)


# Any width of digit (\d matches ０–９ too), with the blanks or hyphens people put between the groups.
_BLANK = r"[ \u3000-]?"
_IN_TEXT: tuple[tuple[re.Pattern, Callable[[str], str]], ...] = (
    (re.compile(rf"(?<!\d)\d{{6}}{_BLANK}\d{{8}}{_BLANK}\d{{3}}[\dXxＸｘ](?!\d)"), mask),
    (re.compile(r"(?<!\d)\d{8}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)"), mask),  # 15 digits, to 2013
    (re.compile(r"(?<![A-Za-z0-9])[A-Z]{3}\d{12}(?!\d)"), mask),  # 外国人永久居留身份证, old
    (re.compile(r"(?<![A-Za-z0-9])[HMhm]\d{10}(?!\d)"), mask),  # 港澳通行证, old; the new one is caught next
    (re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,2}\d{7,8}(?!\d)"), mask),  # passports and permits
    (re.compile(rf"(?<!\d)(?:(?:\+|00)?86{_BLANK})?1[3-9]\d{_BLANK}\d{{4}}{_BLANK}\d{{4}}(?!\d)"), mask_phone),
)


def mask_numbers(text: str) -> str:
    """Free text with every identity number, permit, passport and mobile number in it masked.

    Any run of exactly 18 digits is masked, whatever it means; organisation codes (letter and 12 digits) and
    certificate numbers (letter and 21) stay.
    """
    for pattern, hide in _IN_TEXT:
        text = pattern.sub(lambda found, hide=hide: hide(found[0]), text)
    return text


def _examine(id_type: str, plain: str, today: date) -> Iterator[Finding]:
    """What there is to see in a normalised number, in the order of reading; ends at the first thing that is wrong."""
    if not plain:
        yield Finding(False, "请填写证件号码")
    elif re.fullmatch(r"[0-9.]+E\+[0-9]+", plain):
        yield Finding(False, "号码被表格软件改成了科学计数，请把单元格设为文本后重新填写全部数字")
    elif id_type == RESIDENT_CARD:
        yield from _examine_resident_card(plain, today)
    elif id_type in ("237", "238"):
        yield from _examine_residence_permit(id_type, plain, today)
    elif id_type == "233" and plain[:1].isdigit():
        if plain[0] != "9":
            yield Finding(False, "2023年版外国人永久居留身份证号码以9开头，请对照证件核对")
        else:
            yield from _examine_18(plain, today)
    else:
        pattern, hint = _FORMATS[id_type]
        matches = re.fullmatch(pattern, plain) is not None
        yield Finding(matches, "格式正确" if matches else f"{DOCUMENT_TYPES[id_type]}号码格式不对：应为{hint}")


_FORMATS = {
    "227": (r"[A-Z]{1,2}[0-9]{7,8}", "一至两个字母加7至8位数字，如E00000000"),
    "210": (r"[HM][0-9]{8}([0-9]{2})?", "字母H或M加8位数字（旧版加10位数字）"),
    "213": (r"[0-9]{8}|[0-9]{10}(\(?[A-Z]\)?)?", "8位数字（旧版为10位数字，后可带一个字母）"),
    "208": (r"[A-Z0-9]{5,17}", "5至17位字母或数字"),
    "233": (r"[A-Z]{3}[0-9]{12}", "以9开头的18位号码（旧版为三个字母加12位数字）"),
    "239": (r"[A-Z0-9]{6,20}", "6至20位字母或数字"),
    "240": (r"[A-Z0-9]{6,20}", "6至20位字母或数字"),
    "241": (r"[A-Z0-9]{6,20}", "6至20位字母或数字"),
    "299": (r".{1,30}", "1至30个字符"),
}


def _examine_resident_card(plain: str, today: date) -> Iterator[Finding]:
    if re.fullmatch(r"[0-9]{15}", plain):
        yield Finding(False, "15位旧号码已于2013年停止使用，请填写18位居民身份证号码")
    elif plain[:6] in ("810000", "820000"):
        yield Finding(False, "这是港澳居民居住证的号码，请把证件类型改为“港澳居民居住证”")
    elif plain[:6] == "830000":
        yield Finding(False, "这是台湾居民居住证的号码，请把证件类型改为“台湾居民居住证”")
    elif len(plain) == 18 and plain[0] == "9":
        yield Finding(False, "以9开头的是外国人永久居留身份证号码，请把证件类型改为“外国人永久居留身份证”")
    else:
        yield from _examine_18(plain, today)


def _examine_residence_permit(id_type: str, plain: str, today: date) -> Iterator[Finding]:
    prefixes = ("810000", "820000") if id_type == "237" else ("830000",)
    if plain[:6] not in prefixes:
        yield Finding(False, f"{DOCUMENT_TYPES[id_type]}号码应以{'或'.join(prefixes)}开头，请对照证件核对")
    else:
        yield Finding(True, f"前六位为{plain[:6]}")
        yield from _examine_18(plain, today)


def _examine_18(plain: str, today: date) -> Iterator[Finding]:
    if len(plain) != 18:
        yield Finding(False, f"号码应为18位，现为{len(plain)}位，请对照证件核对")
        return
    yield Finding(True, "长度：18位")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", plain):
        yield Finding(False, "号码应为17位数字加一位数字或X，请对照证件核对")
        return
    birth = _read_birth(plain)
    if birth is None:
        yield Finding(False, f"第7至14位“{plain[6:14]}”不是有效的出生日期，请对照证件核对")
        return
    if birth < EARLIEST_BIRTH:
        yield Finding(False, f"出生日期{birth}早于1900年，请对照证件核对")
        return
    if birth > today:
        yield Finding(False, f"出生日期{birth}晚于今天，请对照证件核对")
        return
    yield Finding(True, f"出生日期：{birth}，性别：{'男' if int(plain[16]) % 2 else '女'}")
    if plain[17] != check_character(plain[:17]):
        # The right character is not told: who mistyped looks at the card, who invents gets no help.
        yield Finding(False, "最后一位校验码不符，号码有误，请对照证件逐位核对")
        return
    yield Finding(True, "校验码正确")


def _read_birth(plain: str) -> date | None:
    try:
        return date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    except ValueError:
        return None
