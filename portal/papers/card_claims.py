"""What goes with a claim of cards onto paper: the 汇总表 of the claimed people, and the notices."""

from datetime import date

from portal.actions.events import log_document
from portal.documents.card_notice import CardNotice, card_notice_pdf
from portal.documents.tables import Roster, Summarised, make_summary_table
from portal.models import Claim, Credential, Organisation
from portal.models.jurisdictions import profile_of, working_calendar
from portal.models.recommended import describe_submitted, newest_contents
from portal.rules.dates import print_date
from portal.rules.errors import NotAllowed
from portal.rules.file_names import safe_name
from portal.rules.flows.credential import State
from portal.rules.workdays import ESTIMATED_NOTE
from portal.rules.workflow import Actor

_HEADS = ("序号", "姓名", "考评职业（工种）", "等级", "证卡编号")


def cards_of(claim: Claim) -> list[Credential]:
    """The claimed cards in the order of their numbers; where one was corrected since, the one in its place."""
    rows = Credential.select().where(Credential.claim == claim.id)
    cards = list(rows.order_by(Credential.number, Credential.id))
    followed = {card.replaces_id for card in cards}
    return [card for card in cards if card.id not in followed]


def claim_table(claim: Claim) -> Roster:
    """The 汇总表 of exactly the claimed people (川人社职鉴〔2022〕21号 七, 附; R6.11, R10.09), as it was submitted."""
    cards, profile = cards_of(claim), profile_of(claim.province)
    submitted = newest_contents([card.registration_id for card in cards if card.registration_id])
    people = tuple(_summarise(card, submitted.get(card.registration_id)) for card in cards)
    grades = "、".join(dict.fromkeys(profile.grade(card.grade).name for card in cards))
    form = profile.forms.summary
    stem = f"{form.file_name.format(grade=grades)}（{claim.number}）"
    return make_summary_table(
        people, title=form.title.format(grade=grades), file_stem=stem, unit=claim.organisation.name
    )


def print_claim_notice(organisation: int, released_on: date, *, actor: Actor) -> tuple[bytes, str] | None:
    """The 领取通知 of what was released to a unit on a day, with the last day, as (PDF, file name); None for nothing.

    R10.71; the print is logged.
    """
    rows = Credential.select().where(
        Credential.organisation == organisation, Credential.released_on == released_on,
        Credential.claim_due.is_null(False), Credential.state != State.REVOKED,
    )  # fmt: skip
    cards = list(rows.order_by(Credential.number, Credential.id))
    if not cards:
        return None
    notice = compose_claim_notice(Organisation.get_by_id(organisation), cards)
    content = card_notice_pdf(notice)
    log_document("claim_notice", f"organisation:{organisation}", content, actor=actor, number=released_on.isoformat())
    return content, safe_name(f"{notice.title}（{released_on.isoformat()}）") + ".pdf"


def compose_claim_notice(unit: Organisation, cards: list[Credential]) -> CardNotice:
    """The notice as plain data; all cards were released on the same day."""
    profile, first = profile_of(cards[0].province), cards[0]
    settings, due = profile.credential, max(card.claim_due for card in cards)
    grades = "、".join(dict.fromkeys(profile.grade(card.grade).name for card in cards))
    title, table = settings.title.format(grade=grades), profile.forms.summary.file_name.format(grade=grades)
    doubt = _doubt(first.released_on, due)
    return CardNotice(
        title=f"{title}领取通知", addressee=unit.name,
        opening=(
            f"你单位下列{len(cards)}人的{title}已于{print_date(first.released_on)}发放。请汇集个人资格材料，填写"
            f"《{table}》并加盖公章，于{print_date(due)}（含当日）前由单位统一领取，个人不单独领取。",
        ),
        heads=_HEADS, rows=_rows(cards),
        closing=(
            f"自发放之日起{settings.claim_working_days}个工作日内不主动领取的，视为自动放弃，证卡作废"
            f"{_bar_words(settings.bar_after_unclaimed)}。领取截止日为{print_date(due)}{doubt}。",
        ),
        issuer=settings.issuer, signed_on=first.released_on,
    )  # fmt: skip


def has_void_notice(card: Credential) -> bool:
    """Whether the card is void because its days of collection ended in this portal."""
    return card.state_now == State.VOID_UNCLAIMED and None not in (card.released_on, card.claim_due)


def print_void_notice(card: Credential, *, actor: Actor) -> tuple[bytes, str]:
    """The 作废通知 of one card as (PDF, file name), with the day from which it is void (R10.71); logged.

    Raises NotAllowed unless has_void_notice().
    """
    if not has_void_notice(card):
        raise NotAllowed("这张证卡没有作废，或不是在本系统中作废的，没有作废通知。")
    notice = compose_void_notice(card)
    content = card_notice_pdf(notice)
    log_document("void_notice", f"credential:{card.id}", content, actor=actor, number=card.number)
    return content, safe_name(f"{notice.title}（{card.name}）") + ".pdf"


def compose_void_notice(card: Credential) -> CardNotice:
    """The notice as plain data."""
    profile = profile_of(card.province)
    settings, due = profile.credential, card.claim_due
    void_on = date.fromordinal(due.toordinal() + 1)
    title = settings.title.format(grade=profile.grade(card.grade).name)
    unit = f"{card.organisation.name}、" if card.organisation_id else ""
    return CardNotice(
        title=f"{title}作废通知", addressee=f"{unit}{card.name}",
        opening=(
            f"下列{title}于{print_date(card.released_on)}发放，至领取截止日{print_date(due)}未领取，视为自动放弃，"
            f"自{print_date(void_on)}起作废，编号不再使用。",
        ),
        heads=_HEADS, rows=_rows([card]),
        closing=(
            f"本次计为一次不领取{_bar_words(settings.bar_after_unclaimed)}。如需取得证卡，请重新报名参加培训考核；"
            "对本通知有异议的，可通过单位或在系统中提出申述。",
        ),
        issuer=settings.issuer, signed_on=void_on,
    )  # fmt: skip


def _summarise(card: Credential, data: dict | None) -> Summarised:
    """One row: what was submitted and reviewed (R1.27); name and occupation as the card prints them."""
    person = (data or {}).get("person") or _taken_over(card)
    held = (data or {}).get("qualifications", [])
    return Summarised(
        unit=str(person.get("employer") or card.organisation.name), name=card.name,
        gender=str(card.printed.get("sex") or person.get("sex") or ""),
        identity_number=str(card.printed.get("id_number") or person.get("id_number") or ""),
        education=str(person.get("education") or ""), qualification="；".join(describe_submitted(row) for row in held),
        occupation=card.occupation_name, phone=str(person.get("phone") or ""), address=str(person.get("address") or ""),
    )  # fmt: skip


def _taken_over(card: Credential) -> dict:
    """What is known of the holder of an imported card, which no registration led to."""
    person = card.person
    return {name: getattr(person, name) for name in ("sex", "id_number", "education", "phone", "address")}


def _rows(cards: list[Credential]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (str(place), card.name, card.occupation_name, profile_of(card.province).grade(card.grade).name, card.number)
        for place, card in enumerate(cards, 1)
    )


def _bar_words(limit: int | None) -> str:
    if limit is None:
        return ""
    times = "两" if limit == 2 else str(limit)
    return f"；连续{times}次不领取的，永久取消其申报资格"


def _doubt(start: date, end: date) -> str:
    return f"（{ESTIMATED_NOTE}）" if working_calendar().is_estimated(start, end) else ""
