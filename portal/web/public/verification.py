"""Public verification of certificates and cards, by number (and name) or by QR code, without login and cookies."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import abort, current_app, request, url_for
from flask_wtf.csrf import validate_csrf
from itsdangerous import BadData, URLSafeSerializer
from peewee import DoesNotExist, OperationalError
from wtforms import StringField, ValidationError

from portal import clock
from portal.actions.sealing import is_sealed
from portal.models import Credential
from portal.models.verification import find_by_number, find_by_token, last_successor, portrait_of
from portal.rules.credential import CORRECTION, PRINTED
from portal.rules.flows.credential import FLOW, State
from portal.rules.verification import (
    Verdict,
    explain_number,
    holds_identity_number,
    is_same_name,
    mask_printed,
    read_number,
    word_state,
)
from portal.web.files import SANDBOX, send, store
from portal.web.forms import SearchForm, at_most, filled
from portal.web.pages import show
from portal.web.public import blueprint
from portal.web.throttle import throttle

PER_MINUTE = 100  # look-ups of one address (R11.15)
FORM_HOURS, PORTRAIT_MINUTES = 24, 5
LABELS = {
    "title": "证书名称", "body": "证书内容", "name": "姓名", "sex": "性别", "id_type": "证件类型",
    "id_number": "证件号码", "occupation": "职业（工种）", "grade": "考评员等级", "levels": "可考评的技能等级",
    "unit": "工作单位", "number": "证书编号", "issued_on": "发证日期", "valid_to": "有效期至", "issuer": "发证机构",
}  # fmt: skip
DAMAGED = Verdict(
    "无法核验", "bad", "本条记录与签发时的校验码不符，可能已损坏或被改动，不能作为有效凭据，请与发证机构联系核实。"
)


class LookUpForm(SearchForm):
    """A number, and for all that is printed also the name."""

    number = StringField("证书编号", validators=[filled("请填写证书（证卡）上的编号。"), at_most(60)])
    name = StringField("持证人姓名", validators=[at_most(60)])


@dataclass(frozen=True)
class Finding:
    """What one look-up may show; `rows` (label, text[, wide]) and `portrait` (address) only for a full match."""

    verdict: Verdict
    number: str
    issuer: str
    is_full: bool
    rows: tuple = ()
    portrait: str = ""
    successor: str = ""


@blueprint.get("/verify")
def verify():
    """The form; it does not take its fields from the address: names do not belong into logs and histories."""
    return _page(LookUpForm(formdata=None))


@blueprint.post("/verify")
def look_up():
    """Number alone: the state. Number and name: all that is printed. Wrong name and unknown number answer the same."""
    form = LookUpForm(formdata=request.form)
    if not _is_own_form(request.form.get("csrf_token", "")):
        return _page(form, status=400, message="页面停留时间过长，请再按一次“查询”。")
    if not form.validate():
        return _page(form, status=422)
    throttle("verification", PER_MINUTE)
    number, name = read_number(form.number.data), (form.name.data or "").strip()
    try:
        found = find_by_number(form.number.data, number)
    except OperationalError as error:
        return _page(form, _tell_damage("by its number", error), asked=True)
    is_full = is_same_name(name, found[1] if found else "") and bool(name)
    if found is None or (name and not is_full):
        return _page(form, hint=explain_number(number), asked=True)
    return _page(form, _look_at(found[0], is_full=is_full), asked=True)


@blueprint.get("/verify/t/<token>")
def verify_token(token: str):
    """Where the QR code leads: all that is printed, since whoever holds the random token has the document in hand."""
    throttle("verification", PER_MINUTE)
    id_ = find_by_token(token)
    if id_ is None:
        return _page(LookUpForm(formdata=None), status=404, asked=True)
    return _page(LookUpForm(formdata=None), _look_at(id_, is_full=True), asked=True)


@blueprint.get("/verify/portrait/<ticket>")
def verify_portrait(ticket: str):
    """The printed photo, for some minutes after a full match: the signed ticket comes with the matching page."""
    try:
        content = _signer("portrait").loads(ticket)
        id_, until = content["credential"], datetime.fromisoformat(content["until"])
    except (BadData, KeyError, TypeError, ValueError):
        abort(404)
    portrait = portrait_of(id_) if clock.now() <= until else None
    if portrait is None or not store().verify(portrait.path, portrait.sha256):
        abort(404)
    response = send(portrait)
    response.headers["Content-Security-Policy"] = SANDBOX
    return _private(response)


def _page(form: LookUpForm, finding: Finding | None = None, *, status=200, message="", hint="", asked=False):
    settings = current_app.config["PORTAL"]
    for field in (form.number, form.name):
        if holds_identity_number(field.data or ""):
            field.data = ""
    response = show(
        "public/verify.html", status=status, form=form, finding=finding, hint=hint, asked=asked,
        message={"tone": "warn", "text": message, "details": ()} if message else None,
        form_token=_signer("form").dumps(_until(timedelta(hours=FORM_HOURS))),
        checked_at=clock.now(), official=f"{settings.public_address}{url_for('public.verify')}",
    )  # fmt: skip
    return _private(response)


def _look_at(id_: int, *, is_full: bool) -> Finding:
    """What may be shown of a credential. One that does not match its seal is never shown as valid, and is logged."""
    try:
        credential = Credential.get_by_id(id_)
        if not is_sealed(credential):
            raise ValueError("the seal does not match")
        return _describe(credential, is_full)
    except (ValueError, TypeError, AttributeError, KeyError, DoesNotExist, OperationalError) as error:
        return _tell_damage(id_, error)


def _tell_damage(which: int | str, error: Exception) -> Finding:
    """The answer for a row that cannot be read or does not match its seal; a busy database is none and goes on up.

    The log gets no words of the error: they may quote what is stored.
    """
    if isinstance(error, OperationalError) and "decode" not in str(error):
        raise error
    current_app.logger.error("credential %s cannot be verified: %s", which, type(error).__name__)
    return Finding(DAMAGED, "", "", False)


def _describe(credential: Credential, is_full: bool) -> Finding:
    state, printed = State(credential.state_now), credential.printed
    successor = last_successor(credential) if state in (State.REVOKED, State.REPLACED) else None
    verdict = word_state(
        state, ended_on=credential.ended_at.date() if credential.ended_at else None, claim_due=credential.claim_due,
        valid_to=credential.valid_to, is_corrected=successor is not None and successor.succession == CORRECTION,
    )  # fmt: skip
    finding = Finding(
        verdict, mask_printed("number", credential.number), printed.get("issuer", ""), is_full,
        successor=_word_successor(successor, is_full) if successor else "",
    )  # fmt: skip
    if not is_full:
        return finding
    ticket = {"credential": credential.id, "until": _until(timedelta(minutes=PORTRAIT_MINUTES))}
    return Finding(
        finding.verdict, finding.number, finding.issuer, True, rows=tuple(_rows(printed)), successor=finding.successor,
        portrait=url_for("public.verify_portrait", ticket=_signer("portrait").dumps(ticket))
        if credential.portrait_id else "",
    )  # fmt: skip


def _rows(printed: dict):
    """The printed fields in their order, without those the document leaves out (and the address in the QR code)."""
    for key in PRINTED:
        text = printed.get(key, "")
        if key in LABELS and text:
            yield LABELS[key], mask_printed(key, text), key in ("title", "body", "levels", "unit")


def _word_successor(successor: Credential, is_full: bool) -> str:
    if not is_full:
        return "本证之后已换发新证：请查看新证书上的编号或扫描其二维码再核验。"
    return f"换发的新证书编号：{mask_printed('number', successor.number)}（{FLOW.labels[successor.state_now]}）。"


def _is_own_form(token: str) -> bool:
    """Whether a form of ours was sent: by this page's own signed token, or by the session's like every other form.

    A look-up changes nothing, so there is nothing to forge in somebody's name. The token keeps other sites from making
    their visitors look up for them, and needs no cookie: browsers inside other apps lose theirs.
    """
    try:
        return clock.now() <= datetime.fromisoformat(_signer("form").loads(token))
    except (BadData, TypeError, ValueError):
        pass
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    return True


def _signer(what: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt=f"verification-{what}")


def _until(span: timedelta) -> str:
    return (clock.now() + span).isoformat(timespec="seconds")


def _private(response):
    """Kept by no browser, no proxy and no search engine."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@blueprint.record_once
def _exempt(state) -> None:
    # The one POST that checks its token itself, see _is_own_form.
    state.app.extensions["csrf"].exempt(look_up)
