"""Where people are by the hour: time-use schedules by occupation and weekday.

The tables say how a class of people divides an hour among activities. They are rounded from the patterns that
time-use surveys report (Harmonised European Time Use Surveys, Eurostat 2019; American Time Use Survey, BLS 2019);
modelling choice. They are schedules of everybody's day, not curves of crime.
"""

from __future__ import annotations

import functools

import numpy as np

ROUTINES = ("infant", "pupil", "student", "worker", "shift_worker", "jobless", "retired")
ACTIVITIES = ("home", "anchor", "shop", "bar", "visit", "street", "travel_away")
HOME, ANCHOR, SHOP, BAR, VISIT, STREET, AWAY = range(7)
DAY_KINDS = ("weekday", "friday", "saturday", "sunday")

# Lines: hours from-to, then percent of the hour at anchor, shop, bar, visit, street; the rest is at home.
_WORKER = """
0-5 1 0 1 1 1|5-6 4 0 0 0 2|6-7 15 1 0 0 4|7-8 42 2 0 0 6|8-9 66 3 0 1 5|9-12 76 5 0 1 3|12-13 66 9 3 2 4
13-16 75 5 0 2 3|16-17 62 9 1 3 5|17-18 34 13 3 5 6|18-19 13 13 5 6 5|19-20 8 8 6 7 4|20-22 5 2 6 7 3|22-24 3 0 4 3 1
"""
_WORKER_SAT = """
0-2 2 0 7 4 2|2-5 1 0 2 3 1|5-8 6 0 0 0 2|8-10 12 9 0 2 4|10-13 15 20 1 6 8|13-17 13 19 3 10 9|17-19 10 11 7 12 6
19-22 7 3 14 14 4|22-24 4 0 15 10 3
"""
_WORKER_SUN = """
0-2 2 0 9 6 3|2-5 1 0 3 4 1|5-9 4 0 0 1 2|9-12 8 8 1 5 7|12-17 9 11 2 14 10|17-20 6 5 4 11 5|20-24 3 0 4 5 2
"""
_PUPIL = """
0-7 0 0 0 1 0|7-8 35 0 0 0 10|8-12 90 0 0 0 1|12-14 86 2 0 1 3|14-15 72 3 0 4 8|15-16 26 6 0 12 17|16-18 12 6 0 14 18
18-20 4 4 1 13 12|20-22 1 1 1 9 6|22-24 0 0 1 4 2
"""
_PUPIL_FREE = """
0-2 0 0 1 4 2|2-9 0 0 0 3 0|9-12 3 6 0 8 8|12-18 4 11 0 17 17|18-21 2 5 1 17 13|21-24 0 1 2 10 5
"""
_STUDENT = """
0-2 1 0 4 4 2|2-7 0 0 1 2 0|7-9 30 1 0 1 5|9-13 62 4 0 3 6|13-16 52 7 1 6 8|16-18 28 9 3 10 9
18-21 12 6 9 13 7|21-24 3 1 11 11 4
"""
_STUDENT_FREE = """
0-3 1 0 14 8 4|3-9 1 0 2 4 1|9-13 9 11 1 7 7|13-18 10 15 3 14 10|18-21 5 6 12 15 6|21-24 2 0 20 12 4
"""
_SHIFT = """
0-6 30 0 1 1 1|6-9 38 3 0 1 4|9-14 34 11 1 4 5|14-18 40 9 1 4 5|18-22 37 4 4 5 3|22-24 33 1 3 3 1
"""
_SHIFT_WEEKEND = """
0-6 26 0 3 2 1|6-9 28 3 0 1 3|9-14 28 13 1 6 6|14-18 30 12 3 8 6|18-22 27 4 8 9 3|22-24 27 1 7 5 2
"""
_JOBLESS = """
0-2 0 0 4 4 3|2-7 0 0 1 2 1|7-10 0 5 0 3 7|10-14 0 15 1 9 14|14-18 0 14 2 13 16|18-21 0 6 6 13 11|21-24 0 1 6 8 5
"""
_JOBLESS_WEEKEND = """
0-3 0 0 8 6 4|3-8 0 0 1 3 1|8-12 0 9 0 7 8|12-18 0 13 2 15 13|18-21 0 5 8 15 9|21-24 0 1 11 10 5
"""
_RETIRED = """
0-7 0 0 0 0 0|7-9 0 4 0 1 4|9-12 0 18 1 6 10|12-17 0 13 1 9 10|17-20 0 5 2 7 4|20-22 0 1 2 4 1|22-24 0 0 1 1 0
"""
_INFANT = """
0-7 0 0 0 0 0|7-9 25 1 0 0 4|9-12 42 8 0 3 8|12-16 38 9 0 5 9|16-19 12 9 0 6 8|19-24 0 0 0 1 0
"""
_TABLES = {
    "infant": (_INFANT,) * 4,
    "pupil": (_PUPIL, _PUPIL, _PUPIL_FREE, _PUPIL_FREE),
    "student": (_STUDENT, _STUDENT, _STUDENT_FREE, _STUDENT_FREE),
    "worker": (_WORKER, _WORKER, _WORKER_SAT, _WORKER_SUN),
    "shift_worker": (_SHIFT, _SHIFT, _SHIFT_WEEKEND, _SHIFT_WEEKEND),
    "jobless": (_JOBLESS, _JOBLESS, _JOBLESS_WEEKEND, _JOBLESS_WEEKEND),
    "retired": (_RETIRED,) * 4,
}


# Share of the people at home who are awake, by hour (time-use surveys as above).
AWAKE = np.array(
    [
        0.40,
        0.20,
        0.10,
        0.06,
        0.06,
        0.12,
        0.40,
        0.75,
        0.9,
        0.95,
        0.97,
        0.98,
        0.98,
        0.97,
        0.96,
        0.97,
        0.98,
        0.99,
        0.99,
        0.99,
        0.98,
        0.95,
        0.85,
        0.65,
    ]
)


def _parse(text: str) -> np.ndarray:
    hours = np.zeros((24, 6))
    for line in text.strip().replace("\n", "|").split("|"):
        span, *shares = line.split()
        a, b = map(int, span.split("-"))
        hours[a:b, 1:] = np.array(shares, float) / 100
    hours[:, 0] = 1 - hours[:, 1:].sum(axis=1)
    return hours


def hourly() -> np.ndarray:
    """Shares of each hour by activity: float64[routine, day kind, hour, activity], summing to 1."""
    table = np.array([[_parse(t) for t in _TABLES[name]] for name in ROUTINES])
    # Evenings before a free day are those of Friday: later and fuller bars.
    table[:, 1, 20:, BAR] *= 1.9
    table[:, 1, 20:, VISIT] *= 1.3
    table[..., HOME] = 1 - table[..., 1:].sum(axis=-1)
    return table


@functools.cache
def by_tick(hours: int) -> np.ndarray:
    """Shares of ticks of so many hours by activity: float64[routine, day kind, tick of the day, activity]."""
    table = hourly()
    return table.reshape(*table.shape[:2], 24 // hours, hours, 6).mean(axis=3)


def day_kind(weekday: int) -> int:
    """Index into DAY_KINDS of a weekday (0 = Monday)."""
    return 0 if weekday < 4 else weekday - 3


def passing() -> np.ndarray:
    """Share of a day's passers-by who pass in each hour: float64[day kind, hour], summing to 1 over the day.

    People pass where others go while they change between places; that is taken to follow the time all routines alike
    spend out (errands, evenings out, visits, the street).
    """
    out = hourly()[..., SHOP:].sum(axis=-1).mean(axis=0)
    return out / out.sum(axis=-1, keepdims=True)
