"""Builds a database with participants who have finished the study and one unified exam that is open now.

usage: python -m bench.seed_exam FOLDER PARTICIPANTS
"""

import json
import sys
from datetime import timedelta
from pathlib import Path

from bench.seed import PROVINCE, Seeder, _text
from portal import database
from portal.models.jurisdictions import profile_of, use_profiles
from portal.rules.passwords import make_hash
from portal.settings import ROOT, Settings

PASSWORD = "Jiaohao-2022"
BANK = {"single": 400, "multiple": 200, "judge": 200}
FIRST_USER = 1_000  # the account of participant n is FIRST_USER + n


def main(folder: str, participants: int) -> None:
    """Fill a fresh folder; prints what was made."""
    settings = Settings(data=Path(folder).resolve(), testing=True).prepare()
    use_profiles(ROOT / "data" / "profiles")
    database.use(settings.database)
    database.open_connection()
    database.migrate()
    connection = database.database.connection()
    connection.execute("PRAGMA synchronous = OFF")
    ExamSeeder(connection, participants).build()
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{participants:,} participants, {settings.database.stat().st_size / 1e6:,.0f} MB in {settings.database}")


class ExamSeeder(Seeder):
    """A plan with a slot of two days, a bank, and participants with an account, a login and a seat each."""

    def build(self) -> None:
        """Everything."""
        with database.transaction():
            self.add_catalogues()
            self.add_offices()
            self.add_exam()
            self.add_bank()
            self.add_participants()

    def add_exam(self) -> None:
        """The one plan, with the paper that the province's profile proposes."""
        paper = [
            {"kind": part.kind, "count": part.count, "points": str(part.points)}
            for part in profile_of(PROVINCE).training.paper
        ]
        lists = ("regions", "audience", "audience_kinds", "classes", "contents", "groups", "contacts")
        today = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.plan = self.add(
            "plan", office_id=self.province, province=PROVINCE, batch_no="SC-EXAM", name="高级考评员培训班",
            grade="senior", kind="training", mode="online", edition="2015", state="published", org_states='["filed"]',
            occupations_from_filing=1, registrations_per_person=1, minutes=120, pass_mark=90, attempts=2, version=1,
            assessments='["online"]', paper=json.dumps(paper), exam_place="portal",
            exam_starts_at=_text(today - timedelta(days=1)), exam_ends_at=_text(today + timedelta(days=2)),
            training_from=str(self.today - timedelta(days=3)), training_to=str(self.today + timedelta(days=2)),
            review_by="{}", links="{}", **dict.fromkeys(lists, "[]"),
        )  # fmt: skip

    def add_bank(self) -> None:
        """Questions as long as real ones."""
        rows = []
        for kind, number in BANK.items():
            for n in range(number):
                options = [f"第{n}题的第{sign}个选项，说法与有关规定一致" for sign in "一二三四"]
                rows.append({
                    "province": PROVINCE, "kind": kind,
                    "text": f"关于技能人才评价考评工作，下列第{n}项说法是否符合规定？",
                    "options": json.dumps(["正确", "错误"] if kind == "judge" else options, ensure_ascii=False),
                    "answer": {"single": "ABCD"[n % 4], "multiple": "ABD", "judge": "AB"[n % 2]}[kind],
                })  # fmt: skip
        self.fill("question", rows)

    def add_participants(self) -> None:
        """Participants who may sit; the login of participant n is the session `bench-A-n`."""
        hashed, moment = make_hash(PASSWORD), _text(self.now - timedelta(days=5))
        tables: dict[str, list] = {
            name: [] for name in ("user", "person", "grant", "case", "registration", "login_session")
        }
        for n in range(1, self.cases + 1):
            organisation, user, name = self.units[n % len(self.units)][0], FIRST_USER + n, f"考生{n}"
            tables["user"].append(
                {"id": user, "login": f"bench-{n}", "name": name, "password_hash": hashed, "active": 1}
            )
            tables["person"].append({
                "id": n, "user_id": user, "name": name, "sex": "男", "id_type": "201", "phone": "19900000000",
                "id_number": f"510197{1965 + n % 35}{n % 12 + 1:02d}{n % 28 + 1:02d}-{n}", "province": PROVINCE,
                "organisation_id": organisation, "saved_at": moment,
            })  # fmt: skip
            tables["grant"].append({"id": user, "user_id": user, "seat": "A", "granted_at": moment})
            tables["case"].append({
                "id": n, "kind": "registration", "state": "study_done", "version": 9, "position": 2,
                "office_id": self.province, "organisation_id": organisation, "person_id": n, "plan_id": self.plan,
                "province": PROVINCE, "number": f"SC{n:09d}", "title": name, "submitted_at": moment,
            })  # fmt: skip
            tables["registration"].append({
                "case_id": n, "plan_id": self.plan, "person_id": n, "organisation_id": organisation, "data": "{}",
                "results": "[]", "waivers": "[]", "live_key": f"{self.plan}:{n}",
            })  # fmt: skip
            tables["login_session"].append({"token": f"bench-A-{n}", "user_id": user, "grant_id": user})
        for table, rows in tables.items():
            self.fill(table, rows)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
