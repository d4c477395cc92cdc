"""The ledger of sanctions: strikes, non-collections and bars of a province as one list, filtered and in order."""

from dataclasses import dataclass
from datetime import date, datetime

from portal import clock
from portal.database import database
from portal.models.jurisdictions import profile_of
from portal.models.sanction_records import say_ground
from portal.models.sanctions import Bar
from portal.rules import identity
from portal.rules.sanctions import ENDINGS, GROUNDS, KIND_LABELS, BarKind

KINDS = {
    "strike": "无故缺勤认定", "unclaimed": "逾期未领取证卡", "person": "取消本人申报资格", "unit": "取消单位申报资格",
}  # fmt: skip
PERMANENT = KIND_LABELS[BarKind.UNCLAIMED]  # graver than 取消本人申报资格, and only the department lifts it
HEADS = (
    "类别", "日期", "姓名（单位）", "证件号码", "所在单位", "所在地区", "计划或证卡", "事实", "依据", "状态",
    "终止日期", "终止理由",
)  # fmt: skip

# One row per decision; `standing` says whether it still counts or is in force on the day that is asked about.
_ROWS = """
WITH cleared AS (
  SELECT b.person_id AS person_id, b.kind AS kind, b.cause AS cause FROM bar b
  WHERE b.province = :province AND b.person_id IS NOT NULL AND (b.ending IN ('lifted', 'expired') OR b.ends_on < :today)
), ledger AS (
  SELECT 'strike' AS kind, s.id AS id, s.at AS at, s.person_id AS person_id, s.organisation_id AS organisation_id,
    p.name AS about, s.ground AS ground, s.reason AS facts, '' AS basis, s.annulled_at AS ended_at,
    s.annulled_at IS NULL AND NOT EXISTS (SELECT 1 FROM cleared x, json_each(x.cause, '$.strikes') j
      WHERE x.person_id = s.person_id AND j.value = s.id) AS standing, '' AS ending, '' AS ended_why, NULL AS ends_on
  FROM strike s JOIN plan p ON p.id = s.plan_id WHERE p.province = :province
  UNION ALL
  SELECT 'unclaimed', c.id, COALESCE(c.ended_at, date(c.claim_due, '+1 day') || ' 00:00:00.000000'),
    c.person_id, c.organisation_id, c.number, '', c.occupation_name, '', NULL,
    NOT EXISTS (SELECT 1 FROM cleared x, json_each(x.cause, '$.credentials') j
      WHERE x.person_id = c.person_id AND j.value = c.id), '', '', NULL
  FROM credential c WHERE c.province = :province AND c.kind = 'card'
    AND (c.state = 'void_unclaimed' OR (c.state = 'awaiting_claim' AND c.claim_due < :today))
  UNION ALL
  SELECT CASE WHEN b.person_id IS NULL THEN 'unit' ELSE 'person' END, b.id, b.starts_at, b.person_id,
    COALESCE(b.organisation_id, json_extract(b.cause, '$.unit'), h.organisation_id), '', '', '', b.basis,
    b.lifted_at, b.live_key IS NOT NULL AND (b.ends_on IS NULL OR b.ends_on >= :today), b.ending, b.lift_reason,
    b.ends_on
  FROM bar b LEFT JOIN person h ON h.id = b.person_id WHERE b.province = :province
)
SELECT l.kind, l.id, l.at, l.person_id, COALESCE(h.name, ''), COALESCE(h.id_number, ''), l.organisation_id,
  COALESCE(o.name, ''), COALESCE(r.name, ''), l.about, l.ground, l.facts, l.basis, l.ended_at, l.standing, l.ending,
  l.ended_why, l.ends_on
FROM ledger l LEFT JOIN person h ON h.id = l.person_id LEFT JOIN organisation o ON o.id = l.organisation_id
  LEFT JOIN region r ON r.id = o.region_id
WHERE (:kind = '' OR l.kind = :kind)
  AND (:region IS NULL OR r.id = :region OR r.parent_id = :region)
  AND (:organisation IS NULL OR l.organisation_id = :organisation OR h.organisation_id = :organisation)
  AND (:person IS NULL OR l.person_id = :person)
  AND (:unit = '' OR instr(o.name, :unit) > 0)
  AND (:name = '' OR instr(COALESCE(h.name, ''), :name) > 0)
  AND (:since = '' OR l.at >= :since) AND (:until = '' OR l.at <= :until || ' 23:59:59.999999')
  AND (:standing = '' OR l.standing = (:standing = 'yes'))
ORDER BY l.at DESC, l.kind, l.id DESC LIMIT :most OFFSET :offset"""


@dataclass(frozen=True)
class Filters:
    """What a reader of the ledger looks for; everything may be left open."""

    kind: str = ""
    region: int | None = None
    unit: str = ""
    name: str = ""
    since: date | None = None
    until: date | None = None
    organisation: int | None = None  # rows that name this unit, and those of its present people
    person: int | None = None
    standing: str = ""  # yes: counts, in force; no: annulled, lifted, ended


@dataclass(frozen=True)
class LedgerRow:
    """One decision in the ledger, in words; `tone` colours its state."""

    kind: str
    id: int
    on: str
    person: int | None
    organisation: int | None
    name: str
    id_number: str
    unit: str
    region: str
    about: str
    facts: str
    basis: str
    state: str
    tone: str
    ended_on: str
    ended_why: str
    permanent: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as printed, under HEADS."""
        kind = PERMANENT if self.permanent else KINDS[self.kind]
        return (
            kind, self.on, self.name, self.id_number, self.unit, self.region, self.about, self.facts, self.basis,
            self.state, self.ended_on, self.ended_why,
        )  # fmt: skip


def ledger(province: str, filters: Filters, *, most: int = -1, offset: int = 0) -> list[LedgerRow]:
    """The rows of a province's ledger, the newest first; `most` = -1 gives all of them."""
    values = {
        "province": province, "today": clock.today().isoformat(), "kind": filters.kind, "region": filters.region,
        "unit": filters.unit, "name": filters.name, "since": filters.since.isoformat() if filters.since else "",
        "until": filters.until.isoformat() if filters.until else "", "standing": filters.standing, "most": most,
        "offset": offset, "organisation": filters.organisation, "person": filters.person,
    }  # fmt: skip
    rows = database.execute_sql(_ROWS, values).fetchall()
    bars = {bar.id: bar for bar in Bar.select().where(Bar.id.in_([row[1] for row in rows if row[0] in _BARS]))}
    return [_present(row, bars, province) for row in rows]


_BARS = ("person", "unit")


def _present(row: tuple, bars: dict[int, Bar], province: str) -> LedgerRow:
    (kind, id_, at, person, name, id_number, organisation, unit, region, about, ground, facts, basis, ended_at,
     standing, ending, ended_why, ends_on) = row  # fmt: skip
    profile = profile_of(province)
    if kind == "strike":
        facts, basis = f"{GROUNDS[ground]}：{facts}", profile.strikes.source
        state, tone = ("计入次数", "late") if standing else ("认定已撤销" if ended_at else "已清零", "neutral")
    elif kind == "unclaimed":
        facts, basis = f"{facts}，逾期未领取，作废", profile.credential.claim_source or ""
        state, tone = ("计入连续次数", "late") if standing else ("已清零", "neutral")
    else:
        facts = say_ground(bars[id_])
        state, tone = ("有效", "bad") if standing else (ENDINGS.get(ending, ENDINGS["expired"]), "neutral")
        if standing and ends_on:
            state = f"有效，至{ends_on}止"
    return LedgerRow(
        kind, id_, _day(at), person, organisation, unit if kind == "unit" else name,
        identity.mask(id_number) if id_number else "", unit, region, about, facts, basis, state, tone,
        _day(ended_at) or ("" if standing else _day(ends_on)), ended_why,
        permanent=kind in _BARS and bars[id_].permanent,
    )  # fmt: skip


def _day(value: datetime | str | None) -> str:
    return str(value)[:10] if value else ""
