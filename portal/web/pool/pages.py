"""The pool's list with its filters, the figures per occupation and level, and the list as Excel."""

from flask import request, url_for

from portal.actions.events import log_document
from portal.documents.sheets import SheetLayout, write_sheet
from portal.models import Credential
from portal.models import pool as pools
from portal.models.jurisdictions import profile_of
from portal.models.pool import VALIDITIES, PoolFilter
from portal.rules.credential import LEVEL_WORDS, word_levels
from portal.rules.flows.credential import FLOW
from portal.rules.profile_parts import GradeKey
from portal.rules.workflow import Seat
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import show
from portal.web.paging import take_page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAD = (
    "序号", "姓名", "证件号码", "单位", "所属地区", "考评职业（工种）", "资格等级", "可考评等级", "证书（证卡）编号",
    "发证日期", "有效期至", "状态", "联系电话",
)  # fmt: skip


def pool():
    """Who holds what; the unit also sees how many people it has per occupation and level."""
    person, asked = actor(), _asked()
    query = pools.examiners(person, asked)
    listed = take_page(query, Credential.id, newest_first=True)
    is_unit = person.seat == Seat.UNIT
    profile = profile_of(person.province)
    return show(
        "pool/pool.html", listed=listed, asked=asked, total=query.count(), is_unit=is_unit,
        cities=[] if is_unit else pools.cities_of(person.province),
        units=[] if is_unit else pools.units_with_credentials(person),
        occupations=pools.occupations_with_credentials(person), validities=VALIDITIES, levels=LEVEL_WORDS,
        grades={str(key): profile.grade(key).name for key in GradeKey}, flow=FLOW,
        figures=_figures(person.organisation) if is_unit else [], short_levels=_short_levels, here=url_for(".pool"),
        chosen={key: value for key, value in request.args.items() if key not in ("before", "after") and value},
    )  # fmt: skip


def pool_file():
    """What the filters show, whole, as Excel; the export is logged (R12.11)."""
    person, asked = actor(), _asked()
    profile = profile_of(person.province)
    rows = (
        (
            str(number), row.name, row.printed.get("id_number") or row.person.id_number,
            row.organisation.name if row.organisation_id else "", _region(row), row.occupation_name,
            profile.grade(row.grade).name, word_levels(row.levels), row.number, row.issued_on, row.valid_to or "未规定",
            FLOW.labels[row.state_now], row.person.phone,
        )
        for number, row in enumerate(pools.examiners(person, asked).order_by(Credential.id).iterator(), 1)
    )  # fmt: skip
    content = write_sheet(_HEAD, rows, SheetLayout(title="考评人员库", sheet_name="考评人员库"))
    log_document("pool", f"office:{person.office}", content, actor=person)
    return send_bytes(content, "考评人员库.xlsx", XLSX)


def _asked() -> PoolFilter:
    """The filters of the address; what is no proper value counts as not asked for. Without any: who is valid today."""
    given = request.args
    validity = given.get("validity", "valid")
    grade = given.get("grade", "")
    level = given.get("level", 0, type=int)
    return PoolFilter(
        city=_number("city"), unit=_number("unit"), occupation=_number("occupation"),
        grade=grade if grade in set(map(str, GradeKey)) else "", level=level if level in LEVEL_WORDS else None,
        validity=validity if validity in VALIDITIES else "", name=" ".join(given.get("name", "").split())[:60],
    )  # fmt: skip


def _number(name: str) -> int | None:
    value = request.args.get(name, 0, type=int)
    return value if 0 < value < 2**63 else None


def _short_levels(levels: str) -> str:
    """五级、四级、三级: the list has no room for the workers' titles as well."""
    return "、".join(LEVEL_WORDS[int(level)].partition("/")[0] for level in levels.split(",") if level)


def _region(row: Credential) -> str:
    region = row.organisation.region if row.organisation_id else None
    return region.name if region else ""


def _figures(organisation: int) -> list[tuple[str, int, list[int]]]:
    """(occupation, people, people per level from the lowest) of the unit today."""
    counts, people = pools.count_examiners(organisation), pools.count_people(organisation)
    names = dict(pools.occupations_with_credentials(actor()))
    levels = sorted(LEVEL_WORDS, reverse=True)
    return [
        (names[occupation], number, [counts.get((occupation, level), 0) for level in levels])
        for occupation, number in sorted(people.items(), key=lambda pair: names[pair[0]])
    ]


ROUTES = (("/pool", ["GET"], pool), ("/pool/file.xlsx", ["GET"], pool_file))
