"""Builds a database with any number of issued and sealed credentials, by plain bulk inserts.

usage: python -m bench.seed_credentials FOLDER CREDENTIALS
"""

import base64
import json
import sys
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from bench.seed import CHUNK, GIVEN, PROVINCE, SURNAMES, Seeder, _text
from portal import clock, database
from portal.actions import sealing
from portal.models import Credential, FileVersion
from portal.models.jurisdictions import profile_of, use_profiles
from portal.rules import credential as rules
from portal.rules.flows.credential import State
from portal.settings import ROOT, Settings

GRADES, FIRST_YEAR = ("examiner", "senior"), 2010
UNKNOWN_YEAR = 2009  # nothing was issued then: numbers of the right kind that nobody has
# Of a hundred credentials; the rest is valid.
STATES = {0: State.AWAITING_CLAIM, 1: State.VOID_UNCLAIMED, 2: State.REVOKED, 3: State.REPLACED} | dict.fromkeys(
    range(4, 12), State.EXPIRED
)


def main(folder: str, credentials: int) -> None:
    """Fill a fresh folder; prints what was made."""
    settings = Settings(data=Path(folder).resolve(), testing=True).prepare()
    use_profiles(ROOT / "data" / "profiles")
    sealing.use_secret(settings.secret_key)
    database.use(settings.database)
    database.open_connection()
    database.migrate()
    connection = database.database.connection()
    connection.execute("PRAGMA synchronous = OFF")
    CredentialSeeder(connection, credentials).build()
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{credentials:,} credentials, {settings.database.stat().st_size / 1e6:,.0f} MB in {settings.database}")


def number_of(n: int, *, is_known: bool = True) -> str:
    """The number of credential n (counted from 1), or one like it that was never given out."""
    year = FIRST_YEAR + n // 100_000 if is_known else UNKNOWN_YEAR
    return rules.write_number(
        profile_of(PROVINCE).credential, year=year, grade=GRADES[n % 2], serial=n % 100_000 // 2 + 1
    )


def name_of(n: int) -> str:
    """The holder of credential n."""
    names = list(SURNAMES)
    return names[n % len(names)] + GIVEN[n // 7 % len(GIVEN)] + GIVEN[n // 300 % len(GIVEN)]


def token_of(n: int) -> str:
    """The token in the QR code of credential n: as long as a real one."""
    return base64.urlsafe_b64encode(blake2b(b"bench %d" % n, digest_size=16).digest()).decode().rstrip("=")


class CredentialSeeder(Seeder):
    """Persons with a portrait and a credential each."""

    def build(self) -> None:
        """Everything; each chunk in a transaction of its own."""
        self.profile = profile_of(PROVINCE)
        with database.transaction():
            self.add_catalogues()
            self.add_offices()
        for start in range(1, self.cases + 1, CHUNK):
            with database.transaction():
                self.add_credentials(range(start, min(start + CHUNK, self.cases + 1)))

    def add_credentials(self, numbers: range) -> None:
        """The credentials of these numbers with their people and portraits."""
        tables: dict[str, list] = {"person": [], "file_version": [], "credential": []}
        for n in numbers:
            for table, row in self.credential(n).items():
                tables[table].append(row)
        for table, rows in tables.items():
            self.fill(table, rows)

    def credential(self, n: int) -> dict[str, dict]:
        """The rows of one credential by table."""
        state = STATES.get(n % 100, State.VALID)
        end = self.today + timedelta(days=-n % 300 - 1 if state == State.EXPIRED else n % 1000 + 1)
        issued = end - timedelta(days=1096)
        organisation = self.units[n % len(self.units)][0]
        occupation, grade = self.occupations[n % len(self.occupations)], self.profile.grade(GRADES[n % 2])
        person = {"name": name_of(n), "sex": "男" if n % 2 else "女", "id_type": "居民身份证",
                  "id_number": f"510197{1965 + n % 35}{n % 12 + 1:02d}{n % 28 + 1:02d}-{n}"}  # fmt: skip
        token = token_of(n)
        printed = rules.compose_printed(
            self.profile.credential, grade, person=person, occupation=f"职业{n % 60}", unit="云帆技能评价有限公司",
            number=number_of(n), issued_on=issued, valid_to=end, verify=f"https://bench.example/verify/t/{token}",
        )  # fmt: skip
        digest = blake2b(b"portrait %d" % n, digest_size=32).hexdigest()
        plain = {
            "id": n, "number": printed["number"], "kind": rules.CARD, "province": PROVINCE, "grade": str(GRADES[n % 2]),
            "occupation_name": printed["occupation"], "levels": rules.write_levels(grade), "name": person["name"],
            "state": str(state), "version": 1, "token": token, "succession": "",
        }  # fmt: skip
        portrait = FileVersion(id=n, sha256=digest)
        mac = sealing.seal(
            Credential(**plain, imported=False, issued_on=issued, valid_to=end, printed=printed, portrait=portrait)
        )
        ended = state in (State.VOID_UNCLAIMED, State.REVOKED, State.REPLACED)
        return {
            "person": person | {"id": n, "id_type": "201", "organisation_id": organisation, "province": PROVINCE},
            "file_version": {
                "id": n, "owner": f"person:{n}", "slot": "person.portrait", "version": 1, "path": f"aa/{n}.jpg",
                "sha256": digest, "size": 40_000, "mime": "image/jpeg", "pages": 1, "name": "照片.jpg",
            },
            "credential": plain | {
                "person_id": n, "organisation_id": organisation, "occupation_id": occupation, "imported": 0,
                "issued_on": str(issued), "valid_to": str(end), "printed": json.dumps(printed, ensure_ascii=False),
                "portrait_id": n, "mac": mac, "ended_at": _text(clock.now()) if ended else None,
                "claim_due": str(self.today + timedelta(days=30)) if state == State.AWAITING_CLAIM else None,
            },
        }  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
