"""证书查看: the applicant's own certificates and cards, and the download of an electronic certificate."""

from portal.actions.renewals import open_renewals
from portal.models import Credential, Person
from portal.models.jurisdictions import profile_of
from portal.models.statements import Decided
from portal.models.succession import corrected_by, renewal_of
from portal.models.verification import last_successor
from portal.papers import credentials as papers
from portal.rules.credential import E_CERTIFICATE, word_levels
from portal.rules.flows.credential import FLOW, State
from portal.web.applicant import blueprint
from portal.web.applicant.home import approved_registrations, own_person
from portal.web.files import send_bytes
from portal.web.guards import actor
from portal.web.pages import get_or_404, show

_HINTS = {
    State.ISSUED: "证卡已制作，发放后由单位统一领取。",
    State.AWAITING_CLAIM: "请联系单位在领取截止日前统一领取，逾期视为自动放弃。",
    State.CLAIMED: "单位已申请领取，由省级交付单位后转交本人。",
    State.VOID_UNCLAIMED: "逾期未领取，已作废。",
    State.EXPIRED: "有效期已届满，可参加复核换证。",
    State.REPLACED: "已由新的证书（证卡）替代。",
}
_DUE_MATTERS = (State.AWAITING_CLAIM, State.VOID_UNCLAIMED)  # a card that was claimed has its due day behind it


@blueprint.get("/certificates")
def certificates():
    """证书查看: what was issued, with 下载 for electronic certificates (R6.02), or what will be here."""
    person = own_person()
    rows = list(Credential.visible_to(actor()).order_by(Credential.issued_on.desc(), Credential.id.desc()))
    return show(
        "applicant/certificates.html", rows=rows, flow=FLOW, hints=_HINTS, approved=len(approved_registrations()),
        followed={row.id: said for row in rows if (said := word_successor(row))},
        may_state={row.id for row in rows if Decided(credential=row).is_standing},
        may_download={row.id for row in rows if may_download(row)}, title=_title_for(person), facts_of=facts_of,
        renewals=open_renewals(person) if rows else {},
    )  # fmt: skip


@blueprint.get("/certificates/<int:id>/download")
def download_certificate(id: int):
    """The electronic certificate as PDF, the same bytes each time; every download is logged (R6.33)."""
    credential = get_or_404(Credential.visible_to(actor()).where(Credential.id == id))
    content, name = papers.print_credential(credential, actor=actor())
    return send_bytes(content, name)


def facts_of(credential: Credential) -> list[tuple]:
    """What the page tells about one credential; one taken over from elsewhere has fewer printed fields."""
    printed = credential.printed
    rows = [
        ("编号", credential.number),
        ("姓名", credential.name),
        ("考评职业（工种）", credential.occupation_name),
        ("资格等级", printed.get("grade", "")),
        ("可考评等级", word_levels(credential.levels), "wide"),
        ("发证日期", credential.issued_on.isoformat()),
        ("发证机关", printed.get("issuer", ""), "wide"),
    ]
    if credential.valid_to:  # where the province gives none, nothing is said of it, as on the paper (R6.04)
        rows.insert(-1, ("有效期至", credential.valid_to.isoformat()))
    if credential.claim_due and credential.state_now in _DUE_MATTERS:
        rows.append(("领取截止日", credential.claim_due.isoformat(), "wide"))
    return rows


def word_successor(credential: Credential) -> str:
    """Which credential took the place of one that was corrected or replaced, in a sentence; '' for any other."""
    state = credential.state_now
    corrected = corrected_by(credential) if state == State.REVOKED else None
    if corrected is not None:
        return f"已更正换发为{corrected.number}。"
    successor = (renewal_of(credential) or last_successor(credential)) if state == State.REPLACED else None
    return f"已由{successor.number}替代。" if successor is not None else ""


def may_download(credential: Credential) -> bool:
    """Whether the page offers the download; the paper itself decides again."""
    return credential.kind == E_CERTIFICATE and credential.state_now in (State.VALID, State.EXPIRED)


def _title_for(person: Person) -> str:
    if not person.province:
        return ""
    profile = profile_of(person.province)
    return profile.credential.title.format(grade=profile.grade("examiner").name)
