"""Ticks, days, weekdays and seasons."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calendar import Calendar

hours = st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24])
dates = st.dates(datetime.date(1990, 1, 1), datetime.date(2090, 1, 1))


@given(hours, dates, st.integers(0, 4000), st.integers(0, 200_000))
def test_days_and_slots_cover_time_without_gaps(h, start, burn_in, tick):
    c = Calendar(h, start, burn_in)
    assert c.ticks_per_day * h == 24 and c.tick_minutes == 60 * h
    assert (c.day(tick) + burn_in) * c.ticks_per_day + c.slot(tick) == tick
    assert 0 <= c.slot(tick) < c.ticks_per_day
    step = c.day(tick + 1) - c.day(tick)
    assert (step, c.slot(tick + 1)) in ((0, c.slot(tick) + 1), (1, 0))


@given(dates, st.integers(-4000, 40_000))
def test_weekdays_follow_the_date(start, day):
    c = Calendar(4, start, 0)
    assert c.weekday(day) == c.date(day).weekday()
    assert c.date(day) - start == datetime.timedelta(days=day)
    assert -1 <= c.season(day) <= 1


def test_seasons_and_times():
    c = Calendar(4, datetime.date(2024, 1, 1), 365)
    assert c.day(0) == -365 and c.day(365 * 6) == 0
    assert c.season(14) == pytest.approx(-1, abs=1e-3) and c.season(14 + 182) == pytest.approx(1, abs=1e-3)
    assert c.timestamp(1, 61) == datetime.datetime(2024, 1, 2, 1, 1)
    assert c.date(-365) == datetime.date(2023, 1, 1)
