"""Builds a database with any number of cases, as the portal itself would have left it, by plain bulk inserts.

usage: python -m bench.seed FOLDER CASES     (the folder becomes a data folder that ./run serve can use)
"""

import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

from portal import clock, database
from portal.actions.events import GENESIS, hash_of
from portal.models import Event
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import official_calendar, profile_of, use_profiles
from portal.settings import ROOT, Settings

PROVINCE, CITIES, UNITS_PER_CITY, PLANS, OCCUPATIONS = "sichuan", 20, 30, 40, 60
BIG_CITY = 0.15  # this share of all cases belongs to the first city, on top of its even share
REVIEWERS = 24  # accounts at the provincial centre, at the first city's centre and at its first unit
ACCOUNTS = 1_000  # the account of the applicant of case n is ACCOUNTS + n; the reviewers' come before
# The shares of a large province in the busy week, as (share, state, position): the rest is approved.
SHARES = (
    (0.05, "under_review", 0),
    (0.10, "under_review", 1),
    (0.40, "under_review", 2),
    (0.02, "returned", 1),
    (0.05, "rejected", 2),
)
# Weights of surnames in percent: the commonest ones, a two-character one and a rare one.
SURNAMES = {
    "王": 7.2, "李": 7.0, "张": 6.7, "刘": 5.4, "陈": 4.5, "杨": 3.1, "黄": 2.2, "赵": 2.1, "吴": 2.0, "周": 2.0,
    "徐": 1.7, "孙": 1.6, "马": 1.4, "朱": 1.3, "胡": 1.3, "郭": 1.2, "何": 1.2, "高": 1.1, "林": 1.1, "罗": 1.0,
    "郑": 1.0, "梁": 0.9, "谢": 0.8, "宋": 0.8, "唐": 0.7, "许": 0.7, "韩": 0.7, "欧阳": 0.06, "阚": 0.01,
}  # fmt: skip
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰文华建国玉珍梅志鹏飞宇浩欣怡梓涵轩雨泽诺嘉琪俊博思远晓东海燕"
CHUNK = 20_000


def main(folder: str, cases: int) -> None:
    """Fill a fresh folder; prints what was made."""
    settings = Settings(data=Path(folder).resolve(), testing=True).prepare()
    use_profiles(ROOT / "data" / "profiles")
    database.use(settings.database)
    database.open_connection()
    database.migrate()
    connection = database.database.connection()
    connection.execute("PRAGMA synchronous = OFF")
    Seeder(connection, cases).build()
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{cases:,} cases, {settings.database.stat().st_size / 1e6:,.0f} MB in {settings.database}")


class Seeder:
    """Keeps the ids and the random stream of one database."""

    def __init__(self, connection, cases: int):
        self.connection, self.cases = connection, cases
        self.random = random.Random(20221209)
        self.now = clock.now()
        self.today = self.now.date()
        self.required: dict[str, dict] = {}

    def build(self) -> None:
        """Everything; each chunk of cases in a transaction of its own."""
        with database.transaction():
            self.add_catalogues()
            self.add_offices()
            self.add_plans()
            self.add_reviewers()
        for start in range(1, self.cases + 1, CHUNK):
            with database.transaction():
                self.add_cases(range(start, min(start + CHUNK, self.cases + 1)))

    def fill(self, table: str, rows: list[dict]) -> int:
        """Insert rows of the same keys; columns that must not be NULL and are not given get 0, now or an empty text."""
        if table not in self.required:
            empty = {"INTEGER": 0, "DATETIME": _text(self.now)}
            columns = self.connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            self.required[table] = {
                name: empty.get(kind, "") for _, name, kind, not_null, _, is_key in columns if not_null and not is_key
            }
        rest = {name: empty for name, empty in self.required[table].items() if name not in rows[0]}
        names = ", ".join(f'"{name}"' for name in [*rows[0], *rest])
        marks = ", ".join("?" * (len(rows[0]) + len(rest)))
        sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
        if len(rows) == 1:
            return self.connection.execute(sql, [*rows[0].values(), *rest.values()]).lastrowid
        self.connection.executemany(sql, [(*row.values(), *rest.values()) for row in rows])
        return 0

    def add(self, table: str, **values) -> int:
        """Insert one row and give its id."""
        return self.fill(table, [values])

    def add_catalogues(self) -> None:
        calendar = official_calendar()
        self.fill("workday", [{"day": str(day), "is_workday": 0} for day in sorted(calendar.days_off)])
        self.fill("workday", [{"day": str(day), "is_workday": 1} for day in sorted(calendar.days_worked)])
        self.fill("calendar_year", [{"year": year, "source": "bench"} for year in sorted(calendar.years)])
        self.add("counter", name="calendar", last=1)
        self.occupations = [
            self.add(
                "occupation", edition="2015", code=f"4-{n // 10 + 1:02d}-01-{n % 10 + 1:02d}", name=f"职业{n}",
                klass="4", in_2015=1, has_standard=1, common=1, levels="5,4,3,2,1", active=1,
            )
            for n in range(OCCUPATIONS)
        ]  # fmt: skip

    def add_offices(self) -> None:
        profile = profile_of(PROVINCE)
        self.province = self.add_office("province", "centre", profile.wording.centre, None)
        self.centres, self.units = [], []  # units: (organisation, office, centre)
        for city in [region for region in profile.regions if region.kind == "city"][:CITIES]:
            region = self.add("region", code=city.code, name=city.name, level="city", province=PROVINCE, active=1)
            centre = self.add_office("city", "centre", f"{city.name}职业技能鉴定中心", region)
            self.centres.append(centre)
            for n in range(UNITS_PER_CITY):
                name = f"{city.name}云帆技能评价有限公司{n:03d}"
                organisation = self.add(
                    "organisation", name=name, kind="social", category="local", unit_kind="city", region_id=region,
                    businesses="[]", allowed_regions="[]", contact="{}", province=PROVINCE, active=1,
                )  # fmt: skip
                filing = self.add("filing", organisation_id=organisation, state="filed", submitted_on="2022-01-10")
                for occupation in self.random.sample(self.occupations, 4):
                    self.add("scope_line", filing_id=filing, occupation_id=occupation, levels="5,4,3")
                self.units.append((organisation, self.add_office("unit", "unit", name, region, organisation), centre))

    def add_office(self, level: str, body: str, name: str, region: int | None, organisation: int | None = None) -> int:
        return self.add(
            "office", name=name, level=level, body=body, region_id=region, organisation_id=organisation,
            province=PROVINCE, contacts="[]", active=1,
        )  # fmt: skip

    def add_plans(self) -> None:
        lists = ("regions", "audience", "audience_kinds", "classes", "contents", "assessments", "groups", "contacts")
        self.plans = [
            self.add(
                "plan", office_id=self.province, province=PROVINCE, batch_no=f"SC-{n:04d}",
                name=f"第{n + 1}期高级考评员培训班", grade="senior", kind="training", mode="online", edition="2015",
                state="published", org_states='["filed"]', occupations_from_filing=1, registrations_per_person=1,
                opens_on=str(self.today - timedelta(days=20)), closes_on=str(self.today + timedelta(days=20)),
                minutes=120, pass_mark=90, attempts=2, version=1,
                review_by="{}", links="{}", **dict.fromkeys(lists, "[]"),
            )
            for n in range(PLANS)
        ]  # fmt: skip

    def add_reviewers(self) -> None:
        """Reviewers with a login each, whose session tokens are `bench-<seat>-<n>`."""
        for office, seat in ((self.province, "P"), (self.centres[0], "C"), (self.units[0][1], "U")):
            for n in range(REVIEWERS):
                token = f"bench-{seat}-{n}"
                user = self.add("user", login=token, name=f"审核员{seat}{n}", password_hash="!", active=1)
                grant = self.add("grant", user_id=user, office_id=office, seat=seat)
                self.add("login_session", token=token, user_id=user, grant_id=grant)

    def add_cases(self, numbers: range) -> None:
        """The cases of these numbers with everything that hangs on them."""
        tables: dict[str, list] = {
            name: [] for name in ("user", "person", "case", "case_name", "step", "registration", "submission")
        }
        surnames, weights = list(SURNAMES), list(SURNAMES.values())
        for case in numbers:
            given = self.random.choices(GIVEN, k=self.random.choice((1, 2, 2)))
            name = self.random.choices(surnames, weights)[0] + "".join(given)
            for table, rows in self.case(case, name).items():
                tables[table] += rows
        for table, rows in tables.items():
            self.fill(table, rows)
        self.add_events(tables["case"])

    def case(self, case: int, name: str) -> dict[str, list[dict]]:
        """The rows of one case by table."""
        pick, chance = self.random.choice, self.random.random
        organisation, unit, centre = pick(self.units[:UNITS_PER_CITY] if chance() < BIG_CITY else self.units)
        plan, occupation = pick(self.plans), pick(self.occupations)
        offices = (unit, centre, self.province)
        state, position = self.standing()
        due = self.today + timedelta(days=self.random.randrange(-6, 26)) if state == "under_review" else NO_DUE
        moment = _text(self.now - timedelta(minutes=self.random.randrange(20, 40_000)))
        person = {
            "name": name, "sex": "男" if case % 2 else "女", "education": "本科", "phone": "19900000000",
            "id_type": "201", "id_number": f"510197{1965 + case % 35}{case % 12 + 1:02d}{case % 28 + 1:02d}-{case}",
        }  # fmt: skip
        data = {
            "person": person,
            "registration": {"occupation": "职业", "reviewer": "云帆", "declarations": ["truthful"]},
            "qualifications": [
                {
                    "id": case, "kind": "职业资格", "occupation": "职业", "level": 1, "number": f"Q{case:012d}",
                    "issuer": "省职业技能鉴定中心", "issued_on": "2015-06-01", "material_kind": "scan",
                }
            ],
            "work": [],
        }  # fmt: skip
        text = json.dumps(data, ensure_ascii=False)
        account = {"id": ACCOUNTS + case, "login": f"bench-{case}", "name": name, "password_hash": "!", "active": 1}
        steps = [
            {
                "case_id": case, "position": at, "seat": seat, "office_id": offices[at],
                "reached_at": moment if at <= position else None, "due_on": str(due) if at == position else None,
                "outcome": "pass" if at < position or state == "approved" else None,
                "decided_at": moment if at < position or state == "approved" else None, "seen": 1,
            }
            for at, seat in enumerate("UCP")
        ]  # fmt: skip
        return {
            "user": [account],
            "person": [
                person
                | {"id": case, "user_id": ACCOUNTS + case, "organisation_id": organisation, "province": PROVINCE}
            ],
            "case": [
                {
                    "id": case, "kind": "registration", "state": state, "version": 2, "position": position,
                    "office_id": offices[position], "organisation_id": organisation, "person_id": case, "plan_id": plan,
                    "province": PROVINCE, "number": f"SC{case:09d}", "title": name, "due_on": str(due),
                    "arrived_at": moment, "created_at": moment, "submitted_at": moment,
                }
            ],
            "case_name": [{"rowid": case, "characters": " ".join(name)}],
            "step": steps,
            "registration": [
                {
                    "case_id": case, "plan_id": plan, "person_id": case, "organisation_id": organisation,
                    "reviewer_id": organisation, "occupation_id": occupation, "data": text, "results": "[]",
                    "waivers": "[]", "live_key": f"{plan}:{case}",
                }
            ],
            "submission": [
                {"case_id": case, "number": 1, "data": text, "files": "{}", "sha256": "0" * 64, "at": moment}
            ],
        }  # fmt: skip

    def standing(self) -> tuple[str, int]:
        """State and position, drawn by SHARES."""
        draw = self.random.random()
        for share, state, position in SHARES:
            if draw < share:
                return state, position
            draw -= share
        return "approved", 2

    def add_events(self, cases: list[dict]) -> None:
        """One event a case, chained as the portal chains them."""
        last = self.connection.execute("SELECT hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
        previous, rows = last[0] if last else GENESIS, []
        for case in cases:
            said = {
                "action": "submit", "label": "提交报名", "name": case["title"], "seat": "A", "before": "draft",
                "after": "under_review",
            }  # fmt: skip
            blank = dict.fromkeys(("subject", "body", "on_behalf", "deputy_for", "note", "address"), "")
            event = Event(
                at=datetime.fromisoformat(case["submitted_at"]), case=case["id"], user=None, office=None, data={},
                previous=previous, **said, **blank,
            )  # fmt: skip
            previous = hash_of(event)
            row = said | {"at": case["submitted_at"], "case_id": case["id"], "data": "{}"}
            rows.append(row | {"previous": event.previous, "hash": previous})
        self.fill("event", rows)


def _text(value: datetime) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
