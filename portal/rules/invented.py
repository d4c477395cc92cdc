"""Invented persons and organisation codes, deterministic by seed: for demonstration and tests only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from portal.rules import identity


class Place(NamedTuple):
    """Where an invented person lives: the first six digits of the identity number and the words of the address."""

    address_code: str
    name: str


# County part 97 is well formed and has never been assigned, so no living person has such a number.
PLACES = (Place("340197", "云溪市青禾区"), Place("510197", "锦川市望江区"))
RARE_CHARACTERS = ("䶮", "㛃", "𬱖", "𠅤")  # for names that fonts and databases find hard

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛")
_GIVEN = {
    "男": "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建亮成畅洪志远文博安邦",
    "女": "芳娜敏静丽艳娟霞秀燕玲桂英梅兰洁莉红琳晶妍茜秋珊莎倩婷慧雅楠宁欣怡瑶雪颖露佳琪萍月彩凤",
}
_STREETS = ("学府路", "长虹路", "工匠大道", "技能街", "青年路", "滨河路", "育才巷", "新园路")
_POSTS = ("专任教师", "实训指导教师", "教研室主任", "技术主管", "车间主任", "工程师", "培训部主任", "班组长")
_EDUCATION = ("中专", "大专", "大专", "大专", "本科", "本科", "本科", "硕士研究生")

_FIRST_BIRTH = date(1968, 1, 1)
_BIRTH_DAYS = 10_007  # prime, so that every stride below visits every day once; the last one is 1995-05-25
_STRIDE = 4_001
_PEOPLE = _BIRTH_DAYS * 500  # 500 order numbers a day and sex


@dataclass(frozen=True)
class Person:
    """An invented person with a well-formed identity number (type 201) and a telephone number nobody has."""

    name: str
    sex: str
    birth: date
    id_type: str
    id_number: str
    phone: str
    education: str
    post: str
    address: str


def make_number(address_code: str, birth: date, order: int) -> str:
    """An identity number with its check character; `order` is 0–999, odd for men, even for women."""
    first17 = f"{address_code}{birth:%Y%m%d}{order:03d}"
    return first17 + identity.check_character(first17)


def make_phone(index: int) -> str:
    """The mobile number of the person with this index: 1990000xxxx for the first ten thousand; up to 9,999,999."""
    if not 0 <= index < 10_000_000:
        raise ValueError(f"no invented telephone number for index {index}")
    return f"1990{index:07d}"


def make_person(index: int, *, seed: str = "demo", places: Sequence[Place] = PLACES) -> Person:
    """The invented person with this index (0 to about five millions): the same for the same seed and places.

    Different indices of one seed have different identity and telephone numbers.
    """
    if not 0 <= index < _PEOPLE:
        raise ValueError(f"no invented person with index {index}")
    random = Random(f"{seed}/{index}")
    offset = Random(seed).randrange(_BIRTH_DAYS)
    sex = random.choice(identity.SEXES)
    place = random.choice(places)
    birth = _FIRST_BIRTH + timedelta(days=(offset + index * _STRIDE) % _BIRTH_DAYS)
    order = 2 * (index // _BIRTH_DAYS) + (1 if sex == "男" else 0)
    return Person(
        name=_make_name(random, sex),
        sex=sex,
        birth=birth,
        id_type=identity.RESIDENT_CARD,
        id_number=make_number(place.address_code, birth, order),
        phone=make_phone(index),
        education=random.choice(_EDUCATION),
        post=random.choice(_POSTS),
        address=f"{place.name}{random.choice(_STREETS)}{random.randrange(1, 300)}号",
    )


def make_people(count: int, *, seed: str = "demo", places: Sequence[Place] = PLACES, first: int = 0) -> list[Person]:
    """The `count` invented persons from index `first` on."""
    return [make_person(index, seed=seed, places=places) for index in range(first, first + count)]


def make_credit_code(index: int, *, address_code: str = PLACES[0].address_code, kind: str = "91") -> str:
    """A well-formed unified social credit code: `kind` 91 company, 12 public institution, 52 private non-enterprise."""
    body = f"{index:08d}"
    first17 = f"{kind}{address_code}{body}{_organisation_check(body)}"
    return first17 + identity.credit_check_character(first17)


def _make_name(random: Random, sex: str) -> str:
    surname = random.choice(_COMPOUND_SURNAMES) if random.random() < 0.02 else random.choice(_SURNAMES)
    length = 1 if random.random() < 0.15 else 2
    return surname + "".join(random.sample(_GIVEN[sex], length))


def _organisation_check(body: str) -> str:
    """The check character of a nine-character organisation code (GB 11714)."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))
