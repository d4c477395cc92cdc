"""What happened before today, told in the order of time: lives that run side by side, each under its own clock."""

import heapq
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random

from portal import clock
from portal.models.jurisdictions import working_calendar

# A life does something at the present moment, then yields when it goes on.
Life = Iterator[datetime]


class Tale:
    """Runs lives step by step, always the one whose moment comes first, so that the record is in the order of time."""

    def __init__(self, now: datetime):
        self.now = now
        self._waiting: list[tuple[datetime, int, Life]] = []
        self._order = count()

    def begin(self, moment: datetime, life: Life) -> None:
        """Let a life begin at a moment."""
        heapq.heappush(self._waiting, (moment, next(self._order), life))

    def tell(self) -> int:
        """Run everything that lies before now; what lies later never happens. Gives the number of steps."""
        steps, present = 0, datetime.min
        while self._waiting and self._waiting[0][0] <= self.now:
            moment, _, life = heapq.heappop(self._waiting)
            present = max(present, moment)
            with clock.at(present):
                following = next(life, None)
            steps += 1
            if following is not None:
                self.begin(max(following, present), life)
        return steps


class Days:
    """Days and moments around today, in working days, with an invented person's irregularity."""

    def __init__(self, now: datetime, random: Random):
        self.now, self.today, self.random = now, now.date(), random
        self.calendar = working_calendar()

    def day(self, offset: int) -> date:
        """The working day `offset` working days from today; 0 is today itself, worked or not."""
        return self.calendar.add(self.today, offset) if offset else self.today

    def moment(self, day: date, first: int = 9, last: int = 17) -> datetime:
        """Some moment of a day between two full hours, never after now."""
        minutes = self.random.randrange(first * 60, last * 60)
        found = datetime.combine(day, time()) + timedelta(minutes=minutes, seconds=self.random.randrange(60))
        return min(found, self.now - timedelta(minutes=self.random.randrange(6, 90)))

    def between(self, first: date, last: date, *, evening: bool = True) -> datetime:
        """Some moment between two days, both included, never after now."""
        last = min(last, self.today)
        span = max((last - first).days, 0)
        return self.moment(first + timedelta(days=self.random.randint(0, span)), 8, 22 if evening else 17)

    def later(self, moment: datetime, hours: float = 1) -> datetime:
        """A while after a moment: up to twice the hours given."""
        return moment + timedelta(minutes=self.random.randrange(5, max(int(hours * 120), 6)))
