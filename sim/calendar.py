"""Ticks, hours, days, weekdays and seasons."""

from __future__ import annotations

import datetime
import functools
import math
from dataclasses import dataclass

DAYS_PER_YEAR = 365


@functools.lru_cache(maxsize=64)  # asked for several times in a tick
def _season(start: datetime.date, day: int) -> float:
    year_day = (start + datetime.timedelta(days=day)).timetuple().tm_yday
    return -math.cos(2 * math.pi * ((year_day - 15) / 365.25))


@dataclass(frozen=True)
class Calendar:
    """The clock of a run.

    Parameters
    ----------
    tick_hours : int
        Length of a tick, a divisor of 24.
    start : datetime.date
        Date of day 0 of the scored period. Days of the burn-in are negative.
    burn_in_days : int
        Days before day 0.
    """

    tick_hours: int
    start: datetime.date
    burn_in_days: int

    @property
    def ticks_per_day(self) -> int:
        return 24 // self.tick_hours

    @property
    def tick_minutes(self) -> int:
        return 60 * self.tick_hours

    def day(self, tick: int) -> int:
        """Day of the scored period (negative during burn-in)."""
        return tick // self.ticks_per_day - self.burn_in_days

    def slot(self, tick: int) -> int:
        """Which tick of its day this is, from 0."""
        return tick % self.ticks_per_day

    def date(self, day: int) -> datetime.date:
        return self.start + datetime.timedelta(days=day)

    def weekday(self, day: int) -> int:
        """0 = Monday ... 6 = Sunday."""
        return (self.start.weekday() + day) % 7

    def season(self, day: int) -> float:
        """Warmth of the season: +1 in mid July, -1 in mid January (northern hemisphere)."""
        return _season(self.start, day)

    def timestamp(self, day: int, minute: int) -> datetime.datetime:
        return datetime.datetime.combine(self.date(day), datetime.time()) + datetime.timedelta(minutes=int(minute))
