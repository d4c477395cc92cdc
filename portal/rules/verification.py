"""Public verification in plain values: what people type as number and name, and the words for what was found."""

import re
from datetime import date
from typing import NamedTuple

from portal.rules import identity
from portal.rules.dates import print_date
from portal.rules.flows.credential import FLOW, State
from portal.rules.typed_text import squeeze

# The dots that stand inside names of several parts (阿不都·热合曼), as keyboards and old records have them.
_DOTS = str.maketrans(dict.fromkeys("•・‧∙⋅．｡․.", "·"))
_IDENTITY = re.compile(r"\d{17}[\dX]")

NATIONAL_LOOK_UP = "“技能人才评价工作网”（国家职业资格证书、职业技能等级证书全国联网查询）"
NOT_OURS = f"本页只核验本平台签发的考评员证书和证卡，请到{NATIONAL_LOOK_UP}查询。"


class Verdict(NamedTuple):
    """The state as everybody may read it: one word, the tone of its badge, and a sentence with the date."""

    word: str
    tone: str
    sentence: str


def read_number(text: str) -> str:
    """A typed certificate number in the form it is stored: half-width, upper case, without blanks; at most 60 signs."""
    return squeeze(text).upper()[:60]


def is_same_name(typed: str, printed: str) -> bool:
    """Whether a typed name is the printed one; blanks, full-width signs and the kind of middle dot do not matter."""
    return _plain_name(typed) == _plain_name(printed)


def holds_identity_number(text: str) -> bool:
    """Whether somebody typed an 18-digit identity number, which no public page may show again."""
    return _IDENTITY.search(squeeze(text).upper()) is not None


def explain_number(number: str) -> str:
    """What a normalised number that was not found looks like, in a Chinese sentence; "" when it tells nothing.

    It looks at the number alone, so it says the same whether the number or the name was wrong.
    """
    if _IDENTITY.fullmatch(number):
        return "您输入的像是18位身份证号码：请不要在这里输入证件号码，请输入证书（证卡）上印的证书编号。"
    if re.fullmatch(r"\d{16}", number):
        return f"这是16位的旧版国家职业资格证书编号，不是考评员证书编号。{NOT_OURS}"
    if re.fullmatch(r"[A-Z]\d{21}", number):
        return f"这是22位的职业技能等级证书编号，不是考评员证书编号。{NOT_OURS}"
    if re.fullmatch(r"[A-Z]\d{12}", number):
        return "这是13位的评价机构备案编码，不是证书编号。"
    return ""


def word_state(
    state: State, *, ended_on: date | None, claim_due: date | None, valid_to: date | None, is_corrected: bool = False
) -> Verdict:
    """The state by the calendar in words (川人社职鉴〔2022〕21号 七: 逾期未领取的视为自动放弃，作废处理).

    A void card ended with the last day of collection, whenever the sweep ran; `ended_on` is used where there is none.
    """
    void_on = claim_due or ended_on
    sentence = {
        State.ISSUED: "证卡已制作，尚未发放。",
        State.AWAITING_CLAIM: "证卡已发放，尚未由所在单位领取。",
        State.CLAIMED: "所在单位已申请领取，证卡尚未交付。",
        State.VALID: "本证在核验时有效。",
        State.VOID_UNCLAIMED: f"{_on(void_on, '领取期限于{}届满，')}逾期未领取，本证已作废。",
        State.EXPIRED: f"{_on(valid_to, '有效期至{}，')}现已过期。",
        State.REVOKED: f"本证已{_on(ended_on, '于{}')}{'撤销并更正换发新证' if is_corrected else '撤销'}。",
        State.REPLACED: f"本证已{_on(ended_on, '于{}')}换发新证。",
    }[state]
    return Verdict(FLOW.labels[state], FLOW.tones[state], sentence)


def mask_printed(field: str, text: str) -> str:
    """A printed field as a public page shows it: the identity number, and whatever looks like one, masked."""
    if field == "id_number":
        return text if "*" in text else identity.mask(text)
    return identity.mask(text) if _IDENTITY.fullmatch(text.upper()) else text


def _plain_name(name: str) -> str:
    return squeeze(name).upper().translate(_DOTS)


def _on(day: date | None, text: str) -> str:
    return text.format(print_date(day)) if day else ""
