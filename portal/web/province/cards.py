"""The province's card desk: release, what waits to be collected, claims to hand out, and every credential's record."""

from flask import abort, request, url_for
from peewee import JOIN
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal import clock
from portal.actions import card_claims, card_corrections, issuing
from portal.actions import cards as verbs
from portal.models import Claim, Credential, Event, Filing, Occupation, Organisation, Person, ScopeLine
from portal.models.jurisdictions import profile_of
from portal.papers.card_claims import cards_of, has_void_notice, print_void_notice
from portal.rules.errors import Invalid
from portal.rules.facts import OccupationRef
from portal.rules.flows.credential import FLOW, Action, State
from portal.web.claim_files import send_bundle, send_stamped_table, send_table
from portal.web.files import send_bytes
from portal.web.forms import PortalForm, TextField, WordsField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show
from portal.web.paging import take_page
from portal.web.province import blueprint
from portal.web.province.routes import ENTRIES

AT_ONCE = 200
# In the order of a card's way; the last one is all there is where nothing is collected.
LISTS = {"issued": "待发放", "awaiting": "待领取", "claims": "待交付", "void": "已作废", "all": "全部"}


class ReleaseForm(PortalForm):
    """The ticked cards."""

    card = SelectMultipleField(
        "证卡", widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False, coerce=int
    )


class HandOutForm(PortalForm):
    """Who hands the cards over, and whether the stamped table came on paper."""

    officer = TextField("交付人", [filled("请填写交付人姓名。"), at_most(60)])
    on_paper = BooleanField("已收到纸质盖章汇总表")


class ReasonForm(PortalForm):
    """Why a card is restored or revoked."""

    reason = WordsField("理由", [filled("请填写理由，会记入档案并告知单位和本人。"), at_most(500)])


class CorrectionForm(ReasonForm):
    """What is to be printed instead, and why."""

    name = TextField("姓名", [filled("请填写姓名。"), at_most(60)])
    sex = SelectField("性别", choices=[("男", "男"), ("女", "女")])
    id_number = TextField("证件号码", [filled("请填写证件号码。"), at_most(30)])
    unit = TextField("单位", [filled("请填写单位。"), at_most(200)])
    occupation = SelectField("考评职业（工种）", validate_choice=True)


@blueprint.get("/cards")
def cards():
    """The lists of the card desk, each with what can be done there."""
    return _show_list(ReleaseForm(formdata=None))


@blueprint.post("/cards")
def release_cards():
    """发放 the ticked cards: from today the working days of collection run (R6.13)."""
    form = ReleaseForm()
    form.validate()
    outcomes = verbs.release_cards((form.card.data or [])[:AT_ONCE], actor=actor())
    done = [outcome for outcome in outcomes if outcome.done]
    failed = [outcome for outcome in outcomes if not outcome.done]
    if not outcomes:
        return go(url_for(".cards", show="issued"), ("warn", "请至少选择一张证卡。"))
    said = f"已发放{len(done)}张" + (
        f"，领取截止日{done[0].card.claim_due.isoformat()}，已通知单位。" if done else "。"
    )
    if failed:
        said += f"跳过{len(failed)}张：{failed[0].card.number}，{failed[0].message}"
    return go(url_for(".cards", show="issued"), ("good" if done else "warn", said))


@blueprint.get("/cards/<int:id>")
def card(id: int):
    """One credential: what it says, what happened to it, and what can be done."""
    return _show_card(_card(id))


@blueprint.post("/cards/<int:id>/<any(restore, revoke):verb>")
def change_card(id: int, verb: str):
    """Restore a wrongly voided card (R6.20), or revoke a credential."""
    row, form = _card(id), ReasonForm()
    do = {"restore": verbs.restore_card, "revoke": verbs.revoke_credential}[verb]
    try:
        if not form.validate():
            raise Invalid("", "")
        row = do(row, actor=actor(), reason=form.reason.data)
    except Invalid as refusal:
        if refusal.message:
            form.refuse(refusal)
        return _show_card(row, 422, **{verb: form})
    restored = f"已恢复，新的领取截止日为{row.claim_due.isoformat()}。" if verb == "restore" else "已撤销。"
    return go(url_for(".card", id=id), f"{row.number}{restored}")


@blueprint.route("/cards/<int:id>/correct", methods=["GET", "POST"])
def correct_card(id: int):
    """更正: revoke and issue a linked one with a new number."""
    row = _card(id)
    issuing.check_issuer(row.province, actor())
    printed = row.printed
    form = CorrectionForm(data={
        "name": row.name, "sex": printed.get("sex", ""), "id_number": printed.get("id_number", ""),
        "unit": printed.get("unit", ""), "occupation": str(row.occupation_id or ""),
    })  # fmt: skip
    form.occupation.choices = _occupations(row)
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if not form.validate():
                raise Invalid("", "")
            successor = card_corrections.correct_credential(
                row, actor=actor(), values=_changes(row, form), reason=form.reason.data
            )
            return go(url_for(".card", id=successor.id), f"已更正，新编号{successor.number}；{row.number}已撤销。")
        except Invalid as refusal:
            if refusal.message:
                form.refuse(refusal)
    return show("province/correct_card.html", status=status, card=row, form=form, flow=FLOW)


@blueprint.get("/cards/<int:id>/void-notice.pdf")
def void_notice(id: int):
    """The 作废通知 of a card (R10.71)."""
    row = _card(id)
    if not has_void_notice(row):
        abort(404)
    return send_bytes(*print_void_notice(row, actor=actor()))


@blueprint.get("/cards/claims/<int:id>")
def card_claim(id: int):
    """A unit's claim: its cards and papers, and the handing out."""
    return _show_claim(_claim(id), HandOutForm(formdata=None))


@blueprint.post("/cards/claims/<int:id>/hand-out")
def hand_out_claim(id: int):
    """Hand the cards of a claim to the unit (R6.11)."""
    claim, form = _claim(id), HandOutForm()
    try:
        if not form.validate():
            raise Invalid("", "")
        number = card_claims.hand_out_claim(
            claim, actor=actor(), officer=form.officer.data, on_paper=form.on_paper.data
        )
    except Invalid as refusal:
        if refusal.message:
            form.refuse(refusal)
        return _show_claim(claim, form, 422)
    return go(url_for(".card_claim", id=id), f"已交付{number}张证卡。")


@blueprint.get("/cards/claims/<int:id>/table.<any(pdf, xlsx):suffix>")
def claim_table_file(id: int, suffix: str):
    """The 汇总表 of the claimed people."""
    return send_table(_claim(id), suffix)


@blueprint.get("/cards/claims/<int:id>/bundle.zip")
def claim_bundle(id: int):
    """The materials of the claimed people in one ZIP (R6.10)."""
    return send_bundle(_claim(id))


@blueprint.get("/cards/claims/<int:id>/stamped")
def stamped_claim_table(id: int):
    """The scan of the stamped table."""
    return send_stamped_table(_claim(id))


def nav_items(reader) -> list[NavItem]:
    """The card desk's entry in the door's navigation, with the claims that wait to be handed out."""
    collects, href = _collects(), url_for("province.cards")
    waiting = _open_claims().count() if collects else 0
    return [NavItem("证卡管理" if collects else "证书管理", href, waiting or "", request.path.startswith(href))]


ENTRIES.append(nav_items)


def _show_list(form: ReleaseForm):
    what = request.args.get("show", "issued" if _collects() else "all")
    if what not in LISTS or (what != "all" and not _collects()):
        abort(404)
    context = {"tabs": _tabs(what), "what": what, "collects": _collects(), "flow": FLOW, "form": form}
    if what == "claims":
        listed = take_page(_open_claims(), Claim.id)
        numbers = {claim.id: len(card_claims.waiting_cards(claim)) for claim in listed.rows}
        return show("province/card_claims.html", listed=listed, numbers=numbers, **context)
    rows = Credential.visible_to(actor()).select_extend(Organisation).join(Organisation, JOIN.LEFT_OUTER)
    word = " ".join(request.args.get("q", "").split())[:60]
    if word:
        people = Person.select(Person.id).where(Person.id_number == word.upper())
        rows = rows.where((Credential.number == word) | (Credential.name == word) | Credential.person.in_(people))
    today = clock.today()
    overdue = (Credential.state == State.AWAITING_CLAIM) & (Credential.claim_due < today)
    if what == "issued":
        rows = rows.where(Credential.state == State.ISSUED)
    elif what == "awaiting":
        rows = rows.where(Credential.state == State.AWAITING_CLAIM, Credential.claim_due >= today)
    elif what == "void":
        rows = rows.where((Credential.state == State.VOID_UNCLAIMED) | overdue)
    newest = what in ("void", "all")
    listed = take_page(rows, Credential.id, newest_first=newest, size=AT_ONCE if what == "issued" else 50)
    return show("province/cards.html", listed=listed, word=word, rules=_rules(), **context)


def _show_card(row: Credential, status: int = 200, restore: ReasonForm | None = None, revoke: ReasonForm | None = None):
    person = actor()
    moves = {t.action for t in FLOW.open_to(person.seat, row.state_now)}
    successor = row.successors.order_by(Credential.id.desc()).first()
    events = Event.select().where(Event.subject == f"credential:{row.id}").order_by(Event.id.desc())
    return show(
        "province/card.html", status=status, card=row, flow=FLOW, moves=moves, Action=Action, events=list(events),
        successor=successor, may_correct=Action.CORRECT in moves and issuing.may_issue(row.province, person),
        restore=restore or ReasonForm(formdata=None), revoke=revoke or ReasonForm(formdata=None),
        has_notice=has_void_notice(row),
        grade=profile_of(row.province).grade(row.grade).name,
    )  # fmt: skip


def _show_claim(claim: Claim, form: HandOutForm, status: int = 200):
    return show(
        "province/card_claim.html", status=status, claim=claim, cards=cards_of(claim), form=form, flow=FLOW,
        is_open=bool(card_claims.waiting_cards(claim)),
    )  # fmt: skip


def _tabs(active: str) -> list[tuple]:
    if not _collects():
        return []
    today, mine = clock.today(), Credential.visible_to(actor())
    counts = {
        "issued": mine.where(Credential.state == State.ISSUED).count(),
        "awaiting": mine.where(Credential.state == State.AWAITING_CLAIM, Credential.claim_due >= today).count(),
        "claims": _open_claims().count(),
    }
    return [(label, url_for(".cards", show=key), key == active, counts.get(key)) for key, label in LISTS.items()]


def _open_claims():
    """Claims of the province with cards that wait to be handed out."""
    waiting = Credential.select(Credential.claim).where(
        Credential.province == actor().province, Credential.state == State.CLAIMED
    )
    return Claim.select().where(Claim.province == actor().province, Claim.id.in_(waiting))


def _occupations(row: Credential) -> list[tuple[str, str]]:
    """The unit's filed occupations, and the one that stands on the card."""
    lines = ScopeLine.select(ScopeLine.occupation).join(Filing).where(Filing.organisation == row.organisation_id)
    known = Occupation.select().where(Occupation.id.in_(lines) | (Occupation.id == row.occupation_id))
    return [
        (str(each.id), OccupationRef("", each.name, each.job).label) for each in known.order_by(Occupation.code)
    ] or [("", row.occupation_name)]


def _changes(row: Credential, form: CorrectionForm) -> dict[str, str]:
    """What was typed differently from what the credential prints."""
    typed = {"name": form.name.data, "sex": form.sex.data, "id_number": form.id_number.data, "unit": form.unit.data}
    changes = {key: value for key, value in typed.items() if value != row.printed.get(key, "")}
    if form.occupation.data and form.occupation.data != str(row.occupation_id or ""):
        changes["occupation"] = form.occupation.data
    return changes


def _collects() -> bool:
    return _rules().claim_working_days is not None


def _rules():
    return profile_of(actor().province).credential


def _card(id: int) -> Credential:
    return get_or_404(Credential.visible_to(actor()).where(Credential.id == id))


def _claim(id: int) -> Claim:
    return get_or_404(Claim.select().where(Claim.id == id, Claim.province == actor().province))
