"""Supervision of organisations: who supervises, the grounds of a case against one, and its outcomes (R7.11, R7.16)."""

from enum import StrEnum

from portal.rules.workflow import Seat

# Who writes records, each about the organisations of the own territory (R7.16: 县区加强对辖区内评价机构的监督).
SUPERVISORS = frozenset({Seat.COUNTY, Seat.CITY_CENTRE, Seat.CITY_BUREAU, Seat.PROVINCE_CENTRE, Seat.DEPARTMENT})
# Who opens and decides a case against an organisation: the bureau of the city, the bodies of the province.
PROSECUTORS = frozenset({Seat.CITY_BUREAU, Seat.PROVINCE_CENTRE, Seat.DEPARTMENT})
# Proposed beside the tags that were typed before (R7.22).
CAMPAIGNS = ("技能人才评价质量提升年",)


class Ground(StrEnum):
    """The grounds of the notice, exactly these and other (R7.11)."""

    FALSE_MATERIAL = "false_material"
    DISHONESTY = "dishonesty"
    MALICIOUS_COMPETITION = "malicious_competition"
    DISORDER = "disorder"
    OTHER = "other"


GROUND_LABELS = {
    Ground.FALSE_MATERIAL: "提供虚假材料",
    Ground.DISHONESTY: "违规失信",
    Ground.MALICIOUS_COMPETITION: "恶意竞争",
    Ground.DISORDER: "管理失序",
    Ground.OTHER: "其他",
}


class Outcome(StrEnum):
    """What a case against an organisation can end in."""

    WARNING = "warning"
    RECTIFICATION = "rectification"
    DISMISSED = "dismissed"


OUTCOME_LABELS = {Outcome.WARNING: "警告", Outcome.RECTIFICATION: "限期整改", Outcome.DISMISSED: "不成立"}
OUTCOME_TONES = {Outcome.WARNING: "bad", Outcome.RECTIFICATION: "late", Outcome.DISMISSED: "neutral"}


def ground_words(ground: str, text: str = "") -> str:
    """The ground as everybody reads it; what "other" is stands behind it."""
    label = GROUND_LABELS[Ground(ground)]
    return f"{label}（{text}）" if text and ground == Ground.OTHER else label
