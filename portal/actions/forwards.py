"""What happens when a unit passes a notice on to its member units: own number, own arrangements, own window (转发)."""

from portal import clock
from portal.actions.events import record
from portal.actions.notices import (
    DRAFT,
    PUBLISHED,
    append_attachment,
    builtin_title,
    compose_from_arrangements,
    open_draft,
    propose_number,
    write_notice,
)
from portal.database import transaction
from portal.models import Notice, Office
from portal.models.recipients import filed_occupations
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.notice_text import title_of_forward
from portal.rules.workflow import Actor, Seat


def forward_notice(original: Notice, *, actor: Actor) -> Notice:
    """A draft that forwards `original` to the unit's members: title, number, window and text proposed (R2.40, R2.41).

    Raises NotAllowed unless a unit that received the notice (or can read it on the public page) does it.
    """
    if actor.seat != Seat.UNIT or actor.organisation is None:
        raise NotAllowed("只有评价机构可以向会员单位转发通知。")
    with transaction():
        original = Notice.visible_to(actor).where(Notice.id == original.id).first()
        if original is None or original.state != PUBLISHED or original.office_id == actor.office:
            raise NotAllowed("只能转发收到的、已发布的通知。")
        office, plan = Office.get_by_id(actor.office), original.plan
        source = f"{original.issuer}《{original.title.replace('《', '〈').replace('》', '〉')}》"
        source += f"（{original.number}）" if original.number else ""
        forward = Notice.create(
            office=office, province=office.province, plan=plan, forward_of=original, issuer=office.name,
            signature=office.name, title=title_of_forward(original.title), addressees="各会员单位",
            recipient_groups=["members"], announcement=f"现将{source}转发给你们，并作如下工作安排：",
            number=propose_number(office.notice_word) if office.notice_word else None,
            contacts=list(office.contacts), wants_table=plan is not None,
            opens_on=plan.opens_on if plan else None, closes_on=plan.closes_on if plan else None,
            closes_time=plan.closes_time if plan else None, mailbox=_mailbox_of(office),
            occupations=[occupation.id for occupation in filed_occupations(office)],
            created_by=actor.user, created_at=clock.now(),
        )  # fmt: skip
        if forward.wants_table:
            append_attachment(forward, title=builtin_title(forward, "table"), builtin="table")
        Notice.update(body=compose_from_arrangements(forward)).where(Notice.id == forward.id).execute()
        subject = f"notice:{forward.id}"
        record("forward", "转发通知", actor=actor, subject=subject, after=DRAFT, data={"original": original.id})
        return Notice.get_by_id(forward.id)


def recompose_forward(forward: Notice, *, actor: Actor, seen: int) -> Notice:
    """Write the text of a forward's draft anew from its window, mailbox and occupations as they are now saved."""
    with transaction():
        forward = open_draft(forward, actor, seen)
        if forward.forward_of_id is None:
            raise Invalid("body", "只有转发的通知可以按安排生成正文。")
        write_notice(forward, body=compose_from_arrangements(forward))
        return Notice.get_by_id(forward.id)


def _mailbox_of(office: Office) -> str:
    """The e-mail address of the office's contacts, else the one its last forward named."""
    listed = next((contact["email"] for contact in office.contacts if contact.get("email")), "")
    own = Notice.select(Notice.mailbox).where(Notice.office == office.id, Notice.mailbox != "")
    return listed or own.order_by(Notice.id.desc()).limit(1).scalar() or ""
