"""Who is signed in, and which seats the account holds today: asked before every page, hence one statement of SQL."""

from datetime import datetime
from typing import NamedTuple

from portal import clock
from portal.database import database
from portal.rules.workflow import SEAT_LABELS, Seat


class HeldSeat(NamedTuple):
    """A seat in force today with its office; `absent` is the colleague it stands in for, or ''."""

    id: int
    seat: str
    office: int | None
    name: str | None
    province: str | None
    organisation: int | None
    absent: str

    @property
    def label(self) -> str:
        """The seat in words, as in the switch of seats."""
        if self.seat == Seat.APPLICANT:
            return "申请人"
        label = f"{self.name or ''} {SEAT_LABELS[Seat(self.seat)]}".strip()
        return f"{label}（代{self.absent}）" if self.absent else label


class Login(NamedTuple):
    """A login that was not ended, of an account that is active; `grant` is the seat chosen last."""

    user: int
    name: str
    must_change: bool
    grant: int | None
    created_at: datetime
    seats: list[HeldSeat]


_LOGIN = """
SELECT u.id, u.name, u.must_change, l.grant_id, l.created_at,
  g.id, g.seat, g.office_id, o.name, o.province, o.organisation_id, coalesce(a.name, '')
FROM login_session l JOIN user u ON u.id = l.user_id
  LEFT JOIN "grant" g ON g.user_id = u.id AND (g.starts_on IS NULL OR g.starts_on <= :today)
    AND (g.ends_on IS NULL OR g.ends_on >= :today)
  LEFT JOIN office o ON o.id = g.office_id
  LEFT JOIN "grant" d ON d.id = g.deputy_for_id LEFT JOIN user a ON a.id = d.user_id
WHERE l.token = :token AND l.ended_at IS NULL AND u.active
ORDER BY g.id"""


def login_of(token: str) -> Login | None:
    """The login behind a session's token with its seats in the order they were granted; None when there is none."""
    values = {"token": token, "today": clock.today().isoformat()}
    lines = database.execute_sql(_LOGIN, values).fetchall()
    if not lines:
        return None
    user, name, must_change, grant, created_at = lines[0][:5]
    seats = [HeldSeat(*line[5:]) for line in lines if line[5] is not None]
    return Login(user, name, bool(must_change), grant, datetime.fromisoformat(created_at), seats)


def person_of(user: int) -> tuple[int, str] | None:
    """Id and province of the person whose account this is: asked at every request of an applicant, also every answer
    of an exam."""
    return database.execute_sql("SELECT id, province FROM person WHERE user_id = ?", (user,)).fetchone()


def unread_by(user: int) -> int:
    """How many messages wait unread for an account."""
    sql = "SELECT count(*) FROM message WHERE user_id = ? AND read_at IS NULL"
    return database.execute_sql(sql, (user,)).fetchone()[0]
