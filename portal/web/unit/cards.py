"""The unit's cards: what can be collected and how long, the claims with their papers, and every card's state."""

from datetime import date

from flask import abort, request, url_for
from flask_wtf.file import FileField
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal import clock
from portal.actions import card_claims
from portal.models import Claim, Credential, Organisation
from portal.models.jurisdictions import profile_of, working_calendar
from portal.papers.card_claims import cards_of, has_void_notice, print_claim_notice, print_void_notice
from portal.rules.errors import Invalid
from portal.rules.flows.credential import FLOW, State
from portal.rules.workdays import Remaining
from portal.storage import ATTACHMENT
from portal.web.claim_files import send_bundle, send_stamped_table, send_table
from portal.web.files import send_bytes, store
from portal.web.forms import PortalForm, TextField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.paging import take_page
from portal.web.unit import blueprint
from portal.web.unit.routes import ENTRIES

AT_ONCE = 500  # cards on the page and in one claim
SOON, URGENT = 10, 3  # working days left at which the countdown changes its colour: the unit has to travel (R6.14)
CHOICES = {"waiting": "待领取", "claims": "领取记录", "all": "全部证卡"}


class ClaimForm(PortalForm):
    """The ticked cards and who fetches them; the scan of the stamped table may follow later."""

    card = SelectMultipleField(
        "证卡", widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False, coerce=int
    )
    receiver = TextField("领取人", [filled("请填写领取人姓名。"), at_most(60)])
    receiver_phone = TextField("联系电话", [filled("请填写领取人的联系电话。"), at_most(30)])
    table = FileField("盖章的汇总表扫描件")


class TableScanForm(PortalForm):
    """The scan of the stamped table, after the claim."""

    table = FileField("盖章的汇总表扫描件")


@blueprint.get("/cards")
def cards():
    """The cards that wait for the unit, its claims, or all of its people's cards."""
    what = request.args.get("show", "waiting")
    if what not in CHOICES:
        abort(404)
    if what == "waiting":
        return _show_waiting(ClaimForm(formdata=None))
    if what == "claims":
        listed = take_page(_claims(), Claim.id, newest_first=True)
        numbers = {claim.id: len(cards_of(claim)) for claim in listed.rows}
        waiting = {claim.id for claim in listed.rows if card_claims.waiting_cards(claim)}
        return show("unit/claims.html", listed=listed, numbers=numbers, waiting=waiting, tabs=_tabs(what))
    listed = take_page(Credential.visible_to(actor()), Credential.id, newest_first=True)
    return show(
        "unit/all_cards.html", listed=listed, tabs=_tabs(what), flow=FLOW, State=State, has_notice=has_void_notice
    )


@blueprint.post("/cards")
def claim_cards():
    """Claim the ticked cards (申请领取): this instant counts (R6.12)."""
    form = ClaimForm()
    try:
        if not form.validate():
            raise Invalid("", "")
        ids = _own_ids(form.card.data or [])
        claim = card_claims.claim_cards(
            ids, actor=actor(), receiver=form.receiver.data, receiver_phone=form.receiver_phone.data,
            kept=_keep(form) if form.table.data else None,
        )  # fmt: skip
    except Invalid as refusal:
        if refusal.message:
            form.refuse(refusal)
        return _show_waiting(form, 422)
    return go(
        url_for(".card_claim", id=claim.id),
        f"已申请领取{len(cards_of(claim))}张证卡，领取单号{claim.number}。请下载汇总表，盖章后上传扫描件。",
    )


@blueprint.get("/cards/claims/<int:id>")
def card_claim(id: int):
    """One claim: its cards, its papers, the stamped table, and the handing out (R6.11)."""
    return _show_claim(_claim(id), TableScanForm(formdata=None))


@blueprint.post("/cards/claims/<int:id>/table")
def upload_claim_table(id: int):
    """Upload the scan of the stamped table, or replace it until the cards are handed out."""
    claim, form = _claim(id), TableScanForm()
    try:
        if not form.validate() or not form.table.data:
            raise Invalid("table", "请选择盖章的汇总表扫描件。")
        card_claims.attach_stamped_table(claim, kept=_keep(form), actor=actor())
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_claim(claim, form, 422)
    return go(url_for(".card_claim", id=id), "已上传盖章的汇总表。")


@blueprint.get("/cards/claims/<int:id>/table.<any(pdf, xlsx):suffix>")
def claim_table_file(id: int, suffix: str):
    """The 汇总表 of exactly the claimed people (R10.09)."""
    return send_table(_claim(id), suffix)


@blueprint.get("/cards/claims/<int:id>/bundle.zip")
def claim_bundle(id: int):
    """The materials of all claimed people in one ZIP (R6.10)."""
    return send_bundle(_claim(id))


@blueprint.get("/cards/claims/<int:id>/stamped")
def stamped_claim_table(id: int):
    """The scan of the stamped table."""
    return send_stamped_table(_claim(id))


@blueprint.get("/cards/notices/<day>.pdf")
def claim_notice(day: str):
    """The 领取通知 of the cards released on a day (R10.71)."""
    try:
        released_on = date.fromisoformat(day)
    except ValueError:
        abort(404)
    printed = print_claim_notice(actor().organisation, released_on, actor=actor())
    if printed is None:
        abort(404)
    return send_bytes(*printed)


@blueprint.get("/cards/<int:id>/void-notice.pdf")
def void_notice(id: int):
    """The 作废通知 of a card (R10.71)."""
    card = get_or_404(Credential.visible_to(actor()).where(Credential.id == id))
    if not has_void_notice(card):
        abort(404)
    return send_bytes(*print_void_notice(card, actor=actor()))


def countdown(claim_due: date) -> Remaining:
    """The working days left until a card is void, coloured sooner than a reviewer's deadline."""
    left = working_calendar().remaining(clock.today(), claim_due)
    if left.tone == "late" or left.days > SOON:
        return left
    return left._replace(tone="today" if left.days <= URGENT else "soon")


def nav_items(reader) -> list[NavItem]:
    """证卡领取, with the number of waiting cards, where cards are collected at all (R6.03)."""
    if profile_of(reader.province).credential.claim_working_days is None:
        return []
    href = url_for("unit.cards")
    return [NavItem("证卡领取", href, _waiting().count() or "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _waiting():
    """What the unit can claim today; an overdue card is left out, whether or not it has been voided yet."""
    return Credential.visible_to(actor()).where(
        Credential.state == State.AWAITING_CLAIM, Credential.claim_due >= clock.today()
    )


def _show_waiting(form: ClaimForm, status: int = 200):
    rows = list(_waiting().order_by(Credential.claim_due, Credential.number).limit(AT_ONCE + 1))
    chosen = set(form.card.data or []) if status != 200 else {row.id for row in rows}
    return show(
        "unit/cards.html", status=status, form=form, rows=rows[:AT_ONCE], more=len(rows) > AT_ONCE, chosen=chosen,
        days=sorted({row.released_on for row in rows if row.released_on}), tabs=_tabs("waiting"), countdown=countdown,
        rules=profile_of(actor().province).credential, organisation=Organisation.get_by_id(actor().organisation),
    )  # fmt: skip


def _show_claim(claim: Claim, form: TableScanForm, status: int = 200):
    waiting = card_claims.waiting_cards(claim)
    return show(
        "unit/claim.html", status=status, claim=claim, cards=cards_of(claim), form=form, flow=FLOW,
        is_open=bool(waiting),
    )  # fmt: skip


def _tabs(active: str) -> list[tuple]:
    counts = {"waiting": _waiting().count()}
    return [(label, url_for(".cards", show=key), key == active, counts.get(key)) for key, label in CHOICES.items()]


def _own_ids(ids: list[int]) -> list[int]:
    """The ids, all of the unit's own cards; others do not exist for it."""
    wanted = set(ids[: AT_ONCE + 1])
    found = Credential.visible_to(actor()).where(Credential.id.in_(wanted)).count()
    if found != len(wanted) or len(ids) > AT_ONCE:
        abort(404)
    return list(wanted)


def _claims():
    return Claim.select().where(Claim.organisation == actor().organisation)


def _claim(id: int) -> Claim:
    return get_or_404(_claims().where(Claim.id == id))


def _keep(form):
    return store().keep(form.table.data.stream, form.table.data.filename, ATTACHMENT, field="table")
