"""Builds a database with any number of cases, as the portal itself would have left it, by plain bulk inserts.

usage: python bench/seed.py FOLDER CASES     (the folder becomes a data folder that ./run serve can use)
"""

import json

import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from portal import clock, database  # noqa: E402
from portal.actions.events import GENESIS, hash_of  # noqa: E402
from portal.models import Event  # noqa: E402
from portal.models.jurisdictions import official_calendar, profile_of, use_profiles  # noqa: E402
from portal.settings import ROOT, Settings  # noqa: E402

PROVINCE, CITIES, UNITS_PER_CITY, PLANS = "sichuan", 20, 30, 40
REVIEWERS = 24  # accounts at the provincial centre and at the first city's centre
# The shares of a large province in the busy week: most cases are done, the rest waits at unit, city and province.
AT_UNIT, AT_CITY, AT_PROVINCE, RETURNED, REJECTED = 0.05, 0.10, 0.40, 0.02, 0.05
SURNAMES = (
    ("王", 7.2), ("李", 7.0), ("张", 6.7), ("刘", 5.4), ("陈", 4.5), ("杨", 3.1), ("黄", 2.2), ("赵", 2.1), ("吴", 2.0),
    ("周", 2.0), ("徐", 1.7), ("孙", 1.6), ("马", 1.4), ("朱", 1.3), ("胡", 1.3), ("郭", 1.2), ("何", 1.2), ("高", 1.1),
    ("林", 1.1), ("罗", 1.0), ("郑", 1.0), ("梁", 0.9), ("谢", 0.8), ("宋", 0.8), ("唐", 0.7), ("许", 0.7), ("韩", 0.7),
)  # fmt: skip
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
    seeder = Seeder(connection, cases)
    seeder.build()
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{cases} cases, {settings.database.stat().st_size / 1e6:.0f} MB in {settings.database}")


class Seeder:
    """Keeps the ids and the random stream of one database."""

    def __init__(self, connection, cases: int):
        self.run, self.many, self.cases = connection.execute, connection.executemany, cases
        self.random = random.Random(20221209)
        self.now = clock.now().replace(microsecond=0)
        self.today = self.now.date()

    def build(self) -> None:
        self.run("BEGIN IMMEDIATE")
        self.offices()
        self.plans()
        self.accounts()
        self.run("COMMIT")
        for start in range(1, self.cases + 1, CHUNK):
            self.run("BEGIN IMMEDIATE")
            self.chunk(start, min(start + CHUNK, self.cases + 1))
            self.run("COMMIT")

    def insert(self, table: str, **values) -> int:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        return self.run(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(values.values())).lastrowid

    def offices(self) -> None:
        calendar = official_calendar()
        self.many(
            "INSERT INTO workday (day, is_workday, name) VALUES (?, ?, '')",
            [(str(d), 0) for d in sorted(calendar.days_off)] + [(str(d), 1) for d in sorted(calendar.days_worked)],
        )
        self.many(
            "INSERT INTO calendar_year (year, source, loaded_at) VALUES (?, 'bench', ?)",
            [(year, str(self.now)) for year in sorted(calendar.years)],
        )
        self.insert("counter", name="calendar", last=1)
        profile = profile_of(PROVINCE)
        self.occupations = [
            self.insert("occupation", edition="2015", code=f"4-{n // 10 + 1:02d}-01-{n % 10 + 1:02d}", name=f"职业{n}", job="",
                        klass="4", barrier=0, in_2015=1, new=0, has_standard=1, common=1, levels="5,4,3,2,1", active=1)
            for n in range(60)
        ]  # fmt: skip
        self.province = self.office("province", "centre", profile.wording.centre, None)
        self.centres, self.units = [], []
        cities = [region for region in profile.regions if region.kind == "city"][:CITIES]
        for city in cities:
            region = self.insert("region", code=city.code, name=city.name, level="city", filing_code=None, province=PROVINCE, active=1)
            centre = self.office("city", "centre", f"{city.name}职业技能鉴定中心", region)
            self.centres.append(centre)
            for n in range(UNITS_PER_CITY):
                name = f"{city.name}云帆技能评价有限公司{n:03d}"
                organisation = self.insert(
                    "organisation", name=name, kind="social", businesses="[]", category="local", unit_kind="city", region_id=region,
                    allowed_regions="[]", address="", registrar="", nature="", legal_representative="", capital="", contact="{}",
                    province=PROVINCE, active=1,
                )  # fmt: skip
                filing = self.insert("filing", organisation_id=organisation, state="filed", submitted_on="2022-01-10")
                self.many(
                    "INSERT INTO scope_line (filing_id, occupation_id, levels, served) VALUES (?, ?, '5,4,3', '')",
                    [(filing, occupation) for occupation in self.random.sample(self.occupations, 4)],
                )
                office = self.office("unit", "unit", name, region, organisation)
                self.units.append((organisation, office, centre))

    def office(self, level: str, body: str, name: str, region: int | None, organisation: int | None = None) -> int:
        return self.insert(
            "office", name=name, level=level, body=body, region_id=region, organisation_id=organisation, province=PROVINCE,
            notice_word="", address="", contacts="[]", needs_second_look=0, note="", active=1,
        )  # fmt: skip

    def plans(self) -> None:
        columns = {row[1]: row for row in self.run('PRAGMA table_info("plan")').fetchall()}
        self.plan_ids = []
        for n in range(PLANS):
            values = {
                "office_id": self.province, "province": PROVINCE, "batch_no": f"SC-{n:04d}", "name": f"第{n + 1}期高级考评员培训班",
                "grade": "senior", "kind": "training", "mode": "online", "edition": "2015", "state": "published",
                "occupations_from_filing": 1, "opens_on": str(self.today - timedelta(days=20)),
                "closes_on": str(self.today + timedelta(days=20)), "minutes": 120, "pass_mark": 90, "attempts": 2,
                "registrations_per_person": 1, "require_stamped_form": 0, "created_at": str(self.now), "version": 1,
            }  # fmt: skip
            for name, column in columns.items():
                if name != "id" and name not in values and column[3]:
                    values[name] = {"JSON": "{}" if name in ("review_by", "links") else "[]", "TEXT": "", "INTEGER": 0}.get(column[2], "")
            self.plan_ids.append(self.insert("plan", **values))

    def accounts(self) -> None:
        """Reviewers with a login each; their session tokens are `bench-<office>-<n>`."""
        for office, seat in ((self.province, "P"), (self.centres[0], "C"), (self.units[0][1], "U")):
            for n in range(REVIEWERS):
                user = self.insert("user", login=f"bench-{seat}-{n}", name=f"审核员{seat}{n}", password_hash="!", phone="", active=1,
                                   must_change=0, created_at=str(self.now))  # fmt: skip
                grant = self.insert("grant", user_id=user, office_id=office, seat=seat, granted_at=str(self.now))
                self.insert("login_session", token=f"bench-{seat}-{n}", user_id=user, grant_id=grant,
                            created_at=_moment(self.now), address="127.0.0.1", agent="bench")  # fmt: skip

    def chunk(self, start: int, end: int) -> None:
        people, cases, steps, names, registrations, submissions, events = [], [], [], [], [], [], []
        pick, weights = [name for name, _ in SURNAMES], [weight for _, weight in SURNAMES]
        for case in range(start, end):
            r = self.random
            surname = r.choices(pick, weights)[0]
            name = surname + "".join(r.choices(GIVEN, k=r.choice((1, 2, 2))))
            organisation, unit, centre = self.units[r.randrange(len(self.units))]
            if r.random() < 0.15:  # the first city is the big one
                organisation, unit, centre = self.units[r.randrange(UNITS_PER_CITY)]
            plan, occupation = r.choice(self.plan_ids), r.choice(self.occupations)
            number = f"510197{1965 + case % 35}{case % 12 + 1:02d}{case % 28 + 1:02d}{case // 11760 % 1000:03d}X"
            submitted = self.now - timedelta(minutes=r.randrange(20, 40_000))
            draw, state, position = r.random(), "approved", 2
            for share, where, at in ((AT_UNIT, "under_review", 0), (AT_CITY, "under_review", 1), (AT_PROVINCE, "under_review", 2),
                                     (RETURNED, "returned", 1), (REJECTED, "rejected", 2)):  # fmt: skip
                if draw < share:
                    state, position = where, at
                    break
                draw -= share
            offices = (unit, centre, self.province)
            due = str(self.today + timedelta(days=r.randrange(-6, 26))) if state == "under_review" else "9999-12-31"
            moment = _moment(submitted)
            data = {
                "person": {"name": name, "sex": "男" if case % 2 else "女", "id_type": "居民身份证", "id_number": number,
                           "education": "本科", "phone": "19900000000", "address": "云溪市青禾区学府路1号", "organisation": "云帆"},
                "registration": {"occupation": "职业", "reviewer": "云帆", "declarations": ["truthful"]},
                "qualifications": [{"id": case, "kind": "职业资格", "occupation": "职业", "level": 1, "number": f"Q{case:012d}",
                                    "issuer": "省职业技能鉴定中心", "issued_on": "2015-06-01", "material_kind": "scan"}],
                "work": [],
            }  # fmt: skip
            text = json.dumps(data, ensure_ascii=False)
            people.append((case, name, "201", f"{number}-{case}"[:30], data["person"]["sex"], "1980-01-01", organisation, PROVINCE, moment))
            cases.append((case, "registration", state, 2, position, offices[position], organisation, case, plan, PROVINCE,
                          f"SC{case:09d}", name, due, moment, moment, moment))  # fmt: skip
            names.append((case, " ".join(name)))
            for at, (seat, office) in enumerate(zip("UCP", offices, strict=True)):
                reached = moment if at <= position else None
                outcome = "pass" if at < position or state == "approved" else None
                steps.append((case, at, seat, office, reached, due if at == position else None, outcome, moment if outcome else None))
            registrations.append((case, plan, case, organisation, "", organisation, occupation, text, f"{plan}:{case}"))
            submissions.append((case, 1, text, "{}", "0" * 64, moment))
            events.append((case, moment, name))
        self.many("INSERT INTO person (id, name, id_type, id_number, sex, birth, organisation_id, province, created_at, education, position,"
                  " phone, address, employer_name) VALUES (?,?,?,?,?,?,?,?,?,'本科','','19900000000','','')", people)  # fmt: skip
        self.many('INSERT INTO "case" (id, kind, state, version, position, office_id, organisation_id, person_id, plan_id, province, number,'
                  " title, due_on, arrived_at, created_at, submitted_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", cases)  # fmt: skip
        self.many("INSERT INTO case_name (rowid, characters) VALUES (?, ?)", names)
        self.many("INSERT INTO step (case_id, position, seat, office_id, reached_at, due_on, outcome, decided_at, seen)"
                  " VALUES (?,?,?,?,?,?,?,?,1)", steps)  # fmt: skip
        self.many("INSERT INTO registration (case_id, plan_id, person_id, organisation_id, employer_name, reviewer_id, occupation_id, data,"
                  " results, waivers, form_version, form_hash, stamped_version, extended_by, live_key)"
                  " VALUES (?,?,?,?,?,?,?,?,'[]','[]',0,'',0,'',?)", registrations)  # fmt: skip
        self.many("INSERT INTO submission (case_id, number, data, files, sha256, at) VALUES (?,?,?,?,?,?)", submissions)
        self.events(events)

    def events(self, rows: list) -> None:
        """One event a case, chained as the portal chains them."""
        last = self.run("SELECT hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
        previous, made = last[0] if last else GENESIS, []
        for case, moment, name in rows:
            event = Event(
                at=datetime.fromisoformat(moment), case=case, subject="", action="submit", label="提交报名", user=None, name=name, seat="A",
                office=None, body="", on_behalf="", deputy_for="", before="draft", after="under_review", note="", data={}, address="",
                previous=previous,
            )  # fmt: skip
            previous = hash_of(event)
            made.append((moment, case, name, event.previous, previous))
        self.many("INSERT INTO event (at, case_id, subject, action, label, name, seat, body, on_behalf, deputy_for, \"before\", \"after\","
                  " note, data, address, previous, hash)"
                  " VALUES (?,?,'','submit','提交报名',?,'A','','','','draft','under_review','','{}','',?,?)", made)  # fmt: skip


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")


if __name__ == "__main__":

    main(sys.argv[1], int(sys.argv[2]))
