"""What happens to bulletins (通报) of sanctions: drafted with the bar, their list chosen; published like any notice."""

from collections.abc import Iterable

from portal import clock
from portal.actions.events import record
from portal.actions.notices import CHECKS, DRAFT, open_draft, write_notice
from portal.database import transaction
from portal.models import Bar, Notice, Office
from portal.models.jurisdictions import profile_of
from portal.models.sanction_records import is_in_force, say_ground
from portal.rules import identity
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.sanctions import BarKind
from portal.rules.workflow import Actor, Seat

BULLETIN = "bulletin"
ANNOUNCEMENT = "经核查，下列人员（单位）存在{what}的情形，现予以通报。"
FACTS = {BarKind.STRIKES: "无故缺勤或中途无正当理由未完成培训考核", BarKind.UNCLAIMED: "连续不领取考评员资格证卡"}
DEMAND = (
    "各单位要引以为戒，加强参培人员管理，督促其在规定时间内完成培训考核、领取证卡。被通报的人员、单位自取消申报资格之日起"
    "不得申报，解除时间以省级部门的决定为准。"
)


def draft_bulletin(bars: list[Bar], *, actor: Actor) -> Notice:
    """A draft of the province's centre that lists these bars (R7.02, R7.08); call it inside a transaction.

    It waits for its number and its issue by the province (R7.04). Its recipients are the units and centres of the
    province and the units it names (R7.09).
    """
    province = bars[0].province
    office, profile = _office(province, actor), profile_of(province)
    names = "、".join(_name(bar) for bar in bars)
    cities = [seat for seat in profile.chain("city") if seat == Seat.CITY_CENTRE]
    units = [Office.get_or_none(Office.organisation == bar.organisation_id) for bar in bars if bar.organisation_id]
    notice = Notice.create(
        kind=BULLETIN, office=office, province=province, issuer=office.name, signature=office.name,
        title=f"关于取消{names}考评员申报资格的通报", addressees="，".join(profile.wording.addressees),
        recipient_groups=[
            "organisations", *("city_centres" for _ in cities), *(f"office:{unit.id}" for unit in units if unit)
        ],
        announcement=_announce(bars), body=_compose(bars), contacts=list(office.contacts),
        listed=[_entry(bar) for bar in bars], created_by=actor.user, created_at=clock.now(),
    )  # fmt: skip
    Bar.update(bulletin=notice).where(Bar.id.in_([bar.id for bar in bars])).execute()
    record(
        "create", "草拟通报", actor=actor, subject=f"notice:{notice.id}", after=DRAFT,
        data={"bars": [bar.id for bar in bars]},
    )  # fmt: skip
    return notice


def write_bulletin(bar: Bar, *, actor: Actor) -> Notice:
    """A draft for a bar in force that has none (its draft was thrown away, or the rule drafts none by itself)."""
    with transaction():
        bar = Bar.get_by_id(bar.id)
        _check_writer(bar.province, actor)
        if not is_in_force(bar):
            raise NotAllowed("取消申报资格已经解除或终止，不再通报。")
        if bar.bulletin_id is not None:
            raise NotAllowed("已有通报或通报草稿，请打开后修改。")
        return draft_bulletin([bar], actor=actor)


def list_bars(notice: Notice, bars: Iterable[int], *, actor: Actor, seen: int) -> Notice:
    """Choose which bars in force a draft lists, each with name, masked number, facts and basis (R7.08)."""
    with transaction():
        notice = open_draft(notice, actor, seen)
        _check_writer(notice.province, actor)
        if notice.kind != BULLETIN:
            raise NotAllowed("只有通报列出名单。")
        rows = list(Bar.select().where(Bar.id.in_(list(bars)), Bar.province == notice.province).order_by(Bar.id))
        rows = [bar for bar in rows if is_in_force(bar) and bar.bulletin_id in (None, notice.id)]
        if not rows:
            raise Invalid("bars", "请至少选择一个被取消申报资格的人员或单位。")
        Bar.update(bulletin=None).where(Bar.bulletin == notice.id).execute()
        Bar.update(bulletin=notice).where(Bar.id.in_([bar.id for bar in rows])).execute()
        listed = [_entry(bar) for bar in rows]
        write_notice(notice, listed=listed, body=_compose(rows), announcement=_announce(rows))
        return Notice.get_by_id(notice.id)


def listable_bars(notice: Notice) -> list[Bar]:
    """The bars that a draft lists or could list: in force, and in no other bulletin."""
    rows = Bar.select().where(
        Bar.province == notice.province, Bar.live_key.is_null(False),
        Bar.bulletin.is_null() | (Bar.bulletin == notice.id),
    )  # fmt: skip
    return [bar for bar in rows.order_by(Bar.id) if is_in_force(bar)]


def forget_bar(bar: Bar, *, actor: Actor) -> None:
    """A bar without ground any more leaves the draft that would have made it known; an issued bulletin stays."""
    notice = Notice.get_or_none(Notice.id == bar.bulletin_id) if bar.bulletin_id else None
    if notice is None or notice.state != DRAFT:
        return
    rest = [bar.id for bar in Bar.select(Bar.id).where(Bar.bulletin == notice.id, Bar.live_key.is_null(False))]
    Bar.update(bulletin=None).where(Bar.id == bar.id).execute()
    if rest:
        kept = list(Bar.select().where(Bar.id.in_(rest)).order_by(Bar.id))
        write_notice(notice, listed=[_entry(each) for each in kept], body=_compose(kept))
        return
    Notice.delete().where(Notice.id == notice.id).execute()
    record("delete", "依据消失，删除通报草稿", actor=actor, subject=f"notice:{notice.id}", note=notice.title)


def check_bulletin(notice: Notice) -> None:
    """What a bulletin must have before it is issued: a number, and a list that still holds (R7.08); raises Invalid."""
    if notice.office.notice_word and not notice.number:
        raise Invalid("number", "通报应有文号，请填写后再发布。")
    if not notice.listed:
        raise Invalid("listed", "通报没有列出人员或单位，请先选择。")
    standing = {bar.id for bar in listable_bars(notice)}
    for entry in notice.listed:
        if entry["bar"] not in standing:
            raise Invalid("listed", f"{entry['name']}的取消申报资格已解除或终止，请从通报中去掉后再发布。")


def _entry(bar: Bar) -> dict:
    person = bar.person if bar.person_id else None
    unit = bar.cause.get("unit")
    return {
        "bar": bar.id,
        "name": _name(bar),
        "subject": "person" if person else "organisation",
        "id_number": identity.mask(person.id_number) if person else "",
        "unit": (_unit_name(unit) or _unit_name(person.organisation_id)) if person else "",
        "facts": say_ground(bar),
        "basis": bar.basis,
        "since": bar.starts_at.date().isoformat(),
    }


def _announce(bars: list[Bar]) -> str:
    return ANNOUNCEMENT.format(what="、".join(dict.fromkeys(FACTS[BarKind(bar.kind)] for bar in bars)))


def _compose(bars: list[Bar]) -> str:
    lines = ["一、通报事实"]
    lines += [f"{_name(bar)}：{say_ground(bar)}，自{bar.starts_at:%Y年%-m月%-d日}起取消申报资格。" for bar in bars]
    lines += ["二、处理依据", *dict.fromkeys(f"{bar.basis}。" for bar in bars), "三、有关要求", DEMAND]
    return "\n".join(lines)


def _name(bar: Bar) -> str:
    return bar.person.name if bar.person_id else bar.organisation.name


def _unit_name(organisation: int | None) -> str:
    office = Office.get_or_none(Office.organisation == organisation) if organisation else None
    return office.name if office else ""


def _office(province: str, actor: Actor) -> Office:
    """The office whose bulletin it becomes: the deciding centre's, or else the province's centre."""
    if actor.office is not None and actor.seat == Seat.PROVINCE_CENTRE:
        return Office.get_by_id(actor.office)
    rows = Office.select().where(Office.province == province, Office.level == "province", Office.active)
    return rows.order_by(Office.body != "centre", Office.id).get()


def _check_writer(province: str, actor: Actor) -> None:
    if actor.seat not in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT) or actor.province != province:
        raise NotAllowed("通报由作出决定的省级部门拟写和发布。")


CHECKS[BULLETIN] = check_bulletin
