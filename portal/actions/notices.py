"""What happens to notices: drafting, numbering, attaching, publishing to recipients, withdrawing, pinning."""

import re
from collections.abc import Callable
from typing import Any

from peewee import IntegrityError, fn

from portal import clock
from portal.actions.events import record, tell, users_at
from portal.actions.files import keep_file
from portal.database import transaction
from portal.models import Notice, NoticeAttachment, NoticeRecipient, Occupation, Office, Plan, Region
from portal.models.jurisdictions import profile_of
from portal.models.recipients import filed_occupations, offices_of_group, recipients_of, resolve_groups
from portal.rules.dates import doc_number, normalise_doc_number, parse_doc_number
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.plan import Window
from portal.rules.notice_text import (
    PURPOSE,
    ForwardWords,
    PlanWords,
    compose_forward_body,
    compose_plan_body,
    one_line,
)
from portal.rules.profile_parts import UnitKind
from portal.rules.typed_text import to_half_width
from portal.rules.workflow import Actor, Seat

_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
DRAFT, PUBLISHED, WITHDRAWN = "draft", "published", "withdrawn"
STATE_LABELS = {DRAFT: "草稿", PUBLISHED: "已发布", WITHDRAWN: "已撤回"}
STATE_TONES = {DRAFT: "neutral", PUBLISHED: "good", WITHDRAWN: "bad"}
# A forward asks for this table, also where the province's own form is another one (皖人协秘〔2021〕2号 附件1).
TABLE_NAME = "参训推荐表"
BUILTIN_LABELS = {"guide": "报考流程", "conditions": "申报条件", "table": "推荐表（汇总表）"}
FIELD_LABELS = {
    "issuer": "发文机关", "number": "文号", "title": "标题", "addressees": "主送", "recipient_groups": "发送对象",
    "purpose": "目的", "basis": "依据文件", "announcement": "通知事项", "body": "正文", "contacts": "联系人",
    "signature": "落款", "signed_on": "成文日期", "printed_by": "印发机关", "printed_on": "印发日期",
    "copy_to": "抄送", "copy_groups": "抄送对象", "keywords": "主题词", "is_public": "此件主动公开",
    "pinned": "首页置顶", "plan": "考评计划", "opens_on": "推荐开始日期", "closes_on": "推荐截止日期",
    "closes_time": "推荐截止时刻", "mailbox": "邮箱", "occupations": "考评职业", "wants_table": "填报推荐表",
}  # fmt: skip
_PRINTED = (
    "title", "issuer", "addressees", "purpose", "announcement", "body", "signature", "copy_to", "printed_by",
    "keywords", "mailbox",
)  # fmt: skip
_ISSUERS = frozenset({Seat.PROVINCE_CENTRE, Seat.DEPARTMENT})
# What a kind of notice must have before it is published, filled by the kinds' own files: f(notice), raising Invalid.
CHECKS: dict[str, Callable[[Notice], None]] = {}


def create_notice(*, actor: Actor, plan: Plan | None = None) -> Notice:
    """A draft of the actor's office with the next document number proposed; with a plan, its text is written."""
    if actor.seat not in _ISSUERS:
        raise NotAllowed("只有省级鉴定中心和省人社厅可以拟写通知；评价机构可以转发收到的通知。")
    office, profile = Office.get_by_id(actor.office), profile_of(actor.province)
    values: dict[str, Any] = {
        "issuer": office.name,
        "signature": office.name,
        "addressees": "，".join(profile.wording.addressees),
        "recipient_groups": _propose_groups(profile),
        "contacts": list(office.contacts),
    }
    if plan is not None:
        if plan.office_id != actor.office:
            raise NotAllowed("这个计划不属于您的单位。")
        values |= compose_from_plan(plan)
    with transaction():
        word = office.notice_word
        notice = Notice.create(
            **values, office=office, province=actor.province, plan=plan, created_by=actor.user, created_at=clock.now(),
            number=propose_number(word) if word else None,
        )  # fmt: skip
        if plan is not None:
            for builtin in ("conditions", "guide"):
                append_attachment(notice, title=builtin_title(notice, builtin), builtin=builtin)
        record("create", "新建通知", actor=actor, subject=f"notice:{notice.id}", after=DRAFT)
        return notice


def update_notice(notice: Notice, *, values: dict[str, Any], actor: Actor, seen: int) -> Notice:
    """Save typed values (keys of FIELD_LABELS) of a draft; almost everything may stay blank (R2.11).

    The title loses its line breaks (R2.47), the number gets its official brackets (R2.36). Raises Invalid for a number
    that is taken, an unknown group, or a forward outside of its plan or of the unit's own filing (R2.42).
    """
    unknown = values.keys() - FIELD_LABELS.keys()
    if unknown:
        raise ValueError(f"no notice fields: {sorted(unknown)}")
    with transaction():
        notice = open_draft(notice, actor, seen)
        values = _clean_values(notice, {name: getattr(notice, name) for name in FIELD_LABELS} | values)
        check_forward(notice, values)
        own_words = notice.forward_of_id is None or values["body"] != compose_from_arrangements(notice)
        write_notice(notice, **values)
        if not own_words:
            # Nobody touched the proposed text: it goes on saying what the arrangements are.
            body = compose_from_arrangements(Notice.get_by_id(notice.id))
            Notice.update(body=body).where(Notice.id == notice.id).execute()
        return Notice.get_by_id(notice.id)


def publish_notice(notice: Notice, *, actor: Actor, seen: int) -> Notice:
    """Send a draft to everybody it is addressed or copied to, and to the public page if it says 主动公开 (R2.45).

    Groups become offices now: who joins a group later did not receive the notice; who joins an office did.
    """
    with transaction():
        notice = open_draft(notice, actor, seen)
        if not notice.title:
            raise Invalid("title", "请填写通知标题。")
        check_forward(notice, {name: getattr(notice, name) for name in FIELD_LABELS})
        if notice.kind in CHECKS:
            CHECKS[notice.kind](notice)
        if notice.wants_table and notice.closes_on is None:
            raise Invalid("closes_on", "要求填报推荐表的通知，请填写推荐截止日期。")
        if notice.is_public:
            check_no_numbers(notice)
        addressed = resolve_groups(notice.recipient_groups, notice)
        copied = resolve_groups(notice.copy_groups, notice) - addressed
        if not addressed and not notice.is_public:
            raise Invalid("recipient_groups", "发送对象中没有任何单位，请重新选择，或设为主动公开。")
        write_notice(notice, state=PUBLISHED, published_at=clock.now())
        rows = [{"notice": notice.id, "office": office, "is_copy": office in copied} for office in addressed | copied]
        if rows:
            NoticeRecipient.insert_many(rows).execute()
        record(
            "publish", "发布通知", actor=actor, subject=f"notice:{notice.id}", before=DRAFT, after=PUBLISHED,
            data={"number": notice.number, "title": notice.title, "recipients": sorted(addressed | copied)},
        )  # fmt: skip
        _tell_recipients(notice, copied)
        return Notice.get_by_id(notice.id)


def withdraw_notice(notice: Notice, *, actor: Actor, seen: int, reason: str) -> Notice:
    """Take a published notice back; its recipients are told why. The number stays used."""
    if not reason.strip():
        raise Invalid("reason", "请填写撤回的理由，收文单位会看到。")
    with transaction():
        notice = _own(notice, actor, seen)
        if notice.state != PUBLISHED:
            raise Stale("这份通知没有发布，不能撤回。")
        write_notice(notice, state=WITHDRAWN, pinned=False)
        record(
            "withdraw", "撤回通知", actor=actor, subject=f"notice:{notice.id}", before=PUBLISHED, after=WITHDRAWN,
            note=reason,
        )  # fmt: skip
        for office in recipients_of(notice):
            tell(users_at(office.id), f"通知“{notice.title}”已撤回。理由：{reason}", kind="notice")
        return Notice.get_by_id(notice.id)


def pin_notice(notice: Notice, *, actor: Actor, seen: int, pinned: bool) -> Notice:
    """Put a public notice first on the home page, or let it go (R2.51)."""
    with transaction():
        notice = _own(notice, actor, seen)
        if pinned and not (notice.is_public and notice.state == PUBLISHED):
            raise Invalid("pinned", "只有已发布且主动公开的通知可以置顶。")
        write_notice(notice, pinned=pinned)
        label = "首页置顶" if pinned else "取消置顶"
        record("pin" if pinned else "unpin", label, actor=actor, subject=f"notice:{notice.id}")
        return Notice.get_by_id(notice.id)


def delete_draft(notice: Notice, *, actor: Actor, seen: int) -> None:
    """Throw a draft away; its proposed number becomes free again."""
    with transaction():
        notice = open_draft(notice, actor, seen)
        Notice.delete().where(Notice.id == notice.id).execute()
        record("delete", "删除通知草稿", actor=actor, subject=f"notice:{notice.id}", note=notice.title)


def add_attachment(
    notice: Notice, *, actor: Actor, seen: int, title: str, builtin: str = "", kept=None
) -> NoticeAttachment:
    """Append a numbered attachment to a draft: a kept file (`storage.Kept`), or a built-in document (R2.30, R2.33)."""
    with transaction():
        notice = open_draft(notice, actor, seen)
        title = one_line(title) or (builtin_title(notice, builtin) if builtin else getattr(kept, "name", ""))
        if not title:
            raise Invalid("attachment_title", "请填写附件名称。")
        if builtin and builtin not in BUILTIN_LABELS:
            raise Invalid("builtin", "请选择附件。")
        if not builtin and kept is None:
            raise Invalid("file", "请选择要上传的文件。")
        attachment = append_attachment(notice, title=title, builtin=builtin)
        if kept is not None:
            version = keep_file(owner=f"notice:{notice.id}", slot=f"attachment:{attachment.id}", kept=kept, actor=actor)
            NoticeAttachment.update(file=version).where(NoticeAttachment.id == attachment.id).execute()
        write_notice(notice)
        return NoticeAttachment.get_by_id(attachment.id)


def remove_attachment(attachment: NoticeAttachment, *, actor: Actor, seen: int) -> None:
    """Take an attachment off a draft; those behind it move up, so that the numbers stay without gap."""
    with transaction():
        notice = open_draft(attachment.notice, actor, seen)
        NoticeAttachment.delete().where(NoticeAttachment.id == attachment.id).execute()
        NoticeAttachment.update(position=NoticeAttachment.position - 1).where(
            NoticeAttachment.notice == notice.id, NoticeAttachment.position > attachment.position
        ).execute()
        write_notice(notice)


def move_attachment(attachment: NoticeAttachment, *, actor: Actor, seen: int) -> None:
    """Let an attachment change places with the one before it."""
    with transaction():
        notice = open_draft(attachment.notice, actor, seen)
        before = NoticeAttachment.get_or_none(
            NoticeAttachment.notice == notice.id, NoticeAttachment.position == attachment.position - 1
        )
        if before is not None:
            for row, position in ((before, attachment.position), (attachment, before.position)):
                NoticeAttachment.update(position=position).where(NoticeAttachment.id == row.id).execute()
            write_notice(notice)


def propose_number(word: str, year: int | None = None) -> str:
    """The document number after the highest one in use for this issuer and year (R2.36); UNIQUE guards it, not this."""
    year = year or clock.today().year
    used = Notice.select(Notice.number).where(Notice.number.startswith(f"{word}\u3014{year}\u3015")).tuples()
    return doc_number(word, year, max((parse_doc_number(number).serial for (number,) in used), default=0) + 1)


def compose_from_plan(plan: Plan) -> dict[str, Any]:
    """Title, opening and sections for a plan's notice, in the wording of its province."""
    profile = profile_of(plan.province)
    grade, wording = profile.grade(plan.grade), profile.wording
    reviewers = profile.chain(_reviewed_kind(plan))
    words = PlanWords(
        grade=grade.name, audience=plan.audience, registration=(plan.opens_on, plan.closes_on),
        registration_closes_at=plan.closes_time, study=(plan.study_from, plan.study_to),
        training=(plan.training_from, plan.training_to), exam=(plan.exam_starts_at, plan.exam_ends_at),
        contents=plan.contents, conditions=plan.conditions_text, is_online_only=plan.mode == "online",
        system_name=wording.system_name, links=plan.links,
        groups=[group for group in plan.groups if group.get("number")],
        levels=[f"{profile.level_name(seat)}{profile.verb_label(seat)}" for seat in reviewers],
        credential=plan.credential_text, guide_title=wording.guide_title, guide_number=2, conditions_number=1,
    )  # fmt: skip
    return {
        "title": wording.notice_title.format(grade=grade.name),
        "purpose": PURPOSE,
        "announcement": f"我中心定于近期举办{plan.name or '　　　　'}，现将有关事项通知如下：",
        "body": compose_plan_body(words),
        "contacts": list(plan.contacts),
    }


def compose_from_arrangements(forward: Notice) -> str:
    """The arrangements of a forward in words (皖人协秘〔2021〕2号 三)."""
    profile = profile_of(forward.province)
    organisation = forward.office.organisation
    regions = []
    if organisation is not None and organisation.region_id:
        rows = Region.select(Region.name).where(Region.code.in_(organisation.allowed_regions))
        regions = [name for (name,) in rows.order_by(Region.code).tuples()]
    names = Occupation.select(Occupation.name).where(Occupation.id.in_(forward.occupations)).order_by(Occupation.code)
    return compose_forward_body(
        ForwardWords(
            window=(forward.opens_on, forward.closes_on), closes_time=forward.closes_time,
            guide_title=profile.wording.guide_title,
            table_name=builtin_title(forward, "table"),
            mailbox=forward.mailbox, occupations=list(dict.fromkeys(name for (name,) in names.tuples())),
            regions=regions, wants_table=forward.wants_table,
        )  # fmt: skip
    )


def builtin_title(notice: Notice, builtin: str) -> str:
    """What a built-in attachment is called in this notice's province."""
    profile = profile_of(notice.province)
    if builtin == "guide":
        return profile.wording.guide_title
    grade = profile.grade(notice.plan.grade).name if notice.plan else "考评员"
    if builtin == "conditions":
        return f"技能人才评价{grade}申报条件"
    form = profile.forms.summary
    if notice.forward_of_id and form.kind != "recommendation_table":
        return TABLE_NAME
    return form.file_name.format(grade=grade, cutoff="", mailbox="", occupations="")


def open_draft(notice: Notice, actor: Actor, seen: int) -> Notice:
    """The notice as it stands, if this actor may change it now; raises NotAllowed or Stale."""
    notice = _own(notice, actor, seen)
    if notice.state != DRAFT:
        raise Stale("这份通知已经发布或撤回，不能再修改；如有变动，请撤回后另发。")
    return notice


def write_notice(notice: Notice, **changes) -> None:
    """The one conditional UPDATE of a notice; raises Invalid for a number in use, Stale when it moved meanwhile."""
    try:
        with transaction():
            changed = (
                Notice.update(version=notice.version + 1, **changes)
                .where(Notice.id == notice.id, Notice.version == notice.version)
                .execute()
            )
    except IntegrityError:
        number = parse_doc_number(changes["number"])
        following = propose_number(number.issuer_word, number.year)
        raise Invalid("number", f"文号“{changes['number']}”已被使用，可改用“{following}”。") from None
    if not changed:
        raise Stale("这份通知刚刚被其他人修改过，请核对最新内容后再操作。")


def check_forward(notice: Notice, values: dict[str, Any]) -> None:
    """A forward's window lies inside its plan's, its occupations inside the unit's own filing (R2.42)."""
    if notice.forward_of_id is None:
        return
    window = Window(values["opens_on"], values["closes_on"], values["closes_time"])
    if window.is_complete() and window.closes_at <= window.opens_at:
        raise Invalid("closes_on", "推荐截止时间应晚于开始时间。")
    plan = notice.plan
    if plan is not None and (values["opens_on"] or values["closes_on"]):
        if not plan.window.is_complete():
            raise Invalid("closes_on", "原通知的报名时间尚未确定，请先不填推荐时间。")
        if window.closes_at and window.closes_at > plan.window.closes_at:
            raise Invalid("closes_on", f"推荐截止时间不能晚于计划的报名截止时间（{_print_end(plan.window)}）。")
        if window.opens_at and window.opens_at < plan.window.opens_at:
            raise Invalid("opens_on", f"推荐开始日期不能早于计划的报名开始日期（{plan.opens_on}）。")
    strange = set(values["occupations"]) - {occupation.id for occupation in filed_occupations(notice.office)}
    if strange:
        raise Invalid("occupations", "考评职业应在本单位备案（含申报未备案）的职业之内。")


def check_no_numbers(notice: Notice) -> None:
    """Refuse to make public what names somebody by an 18-character number (R13.10); raises Invalid on the field.

    Everything that the page, the paper or the list of attachments prints is looked at.
    """
    texts = [(name, FIELD_LABELS[name], getattr(notice, name)) for name in _PRINTED]
    for name in ("contacts", "basis"):
        texts += [(name, FIELD_LABELS[name], str(cell or "")) for row in getattr(notice, name) for cell in row.values()]
    for each in NoticeAttachment.select().where(NoticeAttachment.notice == notice.id):
        texts += [("attachment_title", "附件名称", text) for text in (each.title, each.file.name if each.file else "")]
    for name, label, text in texts:
        if _IDENTITY.search(to_half_width(text or "")):
            raise Invalid(name, f"主动公开的通知中不能出现身份证号码（{label}），请删除或改为部分隐藏。")


def _reviewed_kind(plan: Plan) -> UnitKind:
    """Whose chain a plan's notice describes: the longer one, unless only units affiliated to the province register."""
    levels = {level for (level,) in Region.select(Region.level).where(Region.code.in_(plan.regions)).tuples()}
    return UnitKind.PROVINCE if levels == {"direct"} else UnitKind.CITY


def _propose_groups(profile) -> list[str]:
    """Evaluation organisations always; city centres where the province's usual addressees name them."""
    named = "".join(profile.wording.addressees)
    cities = [seat for seat in profile.chain("city") if seat == Seat.CITY_CENTRE]
    return ["organisations", *("city_centres" for seat in cities if profile.level_name(seat) in named)]


def _own(notice: Notice, actor: Actor, seen: int) -> Notice:
    notice = Notice.get_by_id(notice.id)
    if actor.office is None or notice.office_id != actor.office:
        raise NotAllowed("这份通知不是您的单位拟写的。")
    if actor.seat not in _ISSUERS and not (actor.seat == Seat.UNIT and notice.forward_of_id):
        raise NotAllowed("您当前的身份不能办理通知。")
    if notice.version != seen:
        raise Stale("这份通知刚刚被其他人修改过，请核对最新内容后再操作。")
    return notice


def _clean_values(notice: Notice, values: dict[str, Any]) -> dict[str, Any]:
    values = dict(values)
    values["title"] = one_line(values["title"])
    values["number"] = normalise_doc_number(values["number"], "number") if (values["number"] or "").strip() else None
    for name in ("recipient_groups", "copy_groups"):
        values[name] = list(dict.fromkeys(values[name]))
        for key in values[name]:
            try:
                offices_of_group(key, notice)
            except Invalid as refusal:
                raise Invalid(name, refusal.message) from None
    for basis in values["basis"]:
        if not basis.get("title"):
            raise Invalid("basis", "请填写依据文件的标题。")
    if values["plan"] is not None and values["plan"].province != notice.province:
        raise Invalid("plan", "请选择本省的计划。")
    return values


def append_attachment(notice: Notice, *, title: str, builtin: str) -> NoticeAttachment:
    """Write the row of the next attachment; call it inside a transaction."""
    mine = NoticeAttachment.select(fn.MAX(NoticeAttachment.position)).where(NoticeAttachment.notice == notice.id)
    last = mine.scalar()
    return NoticeAttachment.create(notice=notice, position=(last or 0) + 1, title=title, builtin=builtin)


def _tell_recipients(notice: Notice, copied: set[int]) -> None:
    doors = {"unit": "unit", "county": "city", "city": "city", "province": "province"}
    for office in recipients_of(notice):
        what = "抄送通知" if office.id in copied else "新通知"
        tell(
            users_at(office.id), f"收到{what}：{notice.title}" + (f"（{notice.number}）" if notice.number else ""),
            kind="notice", link=f"/{doors[office.level]}/notices/{notice.id}", dedupe=f"notice:{notice.id}",
        )  # fmt: skip


def _print_end(window: Window) -> str:
    return f"{window.closes_on} {window.closes_time:%H:%M}" if window.closes_time else f"{window.closes_on}"
