"""The reason library of a province: sentences for returns, rejections and late stamped forms, edited by its centre."""

from peewee import IntegrityError, fn

from portal.actions.events import record
from portal.database import transaction
from portal.models import Reason
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Actor, Seat

KINDS = {"return": "退回补正", "reject": "审核不通过", "late_stamp": "延后提交盖章申报表"}
DEFAULTS = {
    "return": (
        "扫描件不清晰，请重新上传清晰的扫描件",
        "扫描件不完整，请按顺序上传全部页面",
        "证书信息与扫描件不一致，请核对后更正",
        "证明材料与所填证书不是同一份，请更换",
        "照片不符合要求，请上传近期免冠证件照",
        "申报表未盖章或盖章不清，请重新盖章后上传",
        "个人信息填写有误，请核对后更正",
    ),
    "reject": (
        "不符合申报条件：职业资格（技能等级）或专业技术职务未达到要求",
        "不符合申报条件：考评工作经历未达到要求",
        "申报职业不在所在单位备案范围内",
        "提交的材料不真实",
    ),
}


def seed_default_reasons(province: str) -> int:
    """Put the usual sentences into a province's library (R3.05, R3.39); gives how many were missing. Safe to repeat."""
    texts = DEFAULTS | {"late_stamp": profile_of(province).registration.stamp_exceptions}
    with transaction():
        known = {(kind, text) for kind, text in Reason.select(Reason.kind, Reason.text)
                 .where(Reason.province == province).tuples()}  # fmt: skip
        rows = [
            {"kind": kind, "text": text, "province": province, "position": position}
            for kind, sentences in texts.items()
            for position, text in enumerate(sentences, start=1)
            if (kind, text) not in known
        ]
        if rows:
            Reason.insert_many(rows).execute()
    return len(rows)


def reasons_for(province: str, kind: str, *, hidden: bool = False) -> list[Reason]:
    """The sentences of a kind in their order; hidden ones only when asked for."""
    rows = Reason.select().where(Reason.province == province, Reason.kind == kind)
    if not hidden:
        rows = rows.where(Reason.active)
    return list(rows.order_by(Reason.position, Reason.id))


def add_reason(province: str, *, actor: Actor, kind: str, text: str) -> Reason:
    """A new sentence at the end of its kind. Raises Invalid when it is there already."""
    _check_owner(province, actor)
    text = _checked(kind, text)
    with transaction():
        last = Reason.select(fn.MAX(Reason.position)).where(Reason.province == province, Reason.kind == kind).scalar()
        try:
            reason = Reason.create(kind=kind, text=text, province=province, position=(last or 0) + 1)
        except IntegrityError as error:
            raise Invalid("text", "这条理由已经有了；如已停用，可以重新启用。") from error
        record("reason", "新增理由", actor=actor, subject=f"reason:{reason.id}", note=text)
    return reason


def edit_reason(reason: Reason, *, actor: Actor, text: str) -> Reason:
    """Another wording; decisions already made keep theirs. Raises Invalid."""
    _check_owner(reason.province, actor)
    text = _checked(reason.kind, text)
    with transaction():
        before = Reason.get_by_id(reason.id).text
        try:
            Reason.update(text=text).where(Reason.id == reason.id).execute()
        except IntegrityError as error:
            raise Invalid("text", "这条理由已经有了，请修改原来的一条。") from error
        record("reason", "修改理由", actor=actor, subject=f"reason:{reason.id}", note=f"{before} → {text}")
    return Reason.get_by_id(reason.id)


def hide_reason(reason: Reason, *, actor: Actor, hidden: bool = True) -> None:
    """Take a sentence out of use, or back into it."""
    _check_owner(reason.province, actor)
    with transaction():
        Reason.update(active=not hidden).where(Reason.id == reason.id).execute()
        label = "停用理由" if hidden else "启用理由"
        record("reason", label, actor=actor, subject=f"reason:{reason.id}", note=reason.text)


def move_reason(reason: Reason, *, actor: Actor, up: bool) -> None:
    """One place up or down among the sentences of its kind; nothing happens at the ends."""
    _check_owner(reason.province, actor)
    with transaction():
        order = [each.id for each in reasons_for(reason.province, reason.kind, hidden=True)]
        place = order.index(reason.id)
        other = place - 1 if up else place + 1
        if not 0 <= other < len(order):
            return
        order[place], order[other] = order[other], order[place]
        for position, id_ in enumerate(order, start=1):
            Reason.update(position=position).where(Reason.id == id_).execute()


def _check_owner(province: str, actor: Actor) -> None:
    if actor.seat not in (Seat.PROVINCE_CENTRE, Seat.DEPARTMENT) or actor.province != province:
        raise NotAllowed("理由库由省级鉴定中心维护。")


def _checked(kind: str, text: str) -> str:
    text = " ".join(text.split())
    if kind not in KINDS:
        raise Invalid("kind", "请选择理由的用途。")
    if not text:
        raise Invalid("text", "请填写理由的文字。")
    if len(text) > 300:
        raise Invalid("text", "最多300个字，请精简。")
    return text
