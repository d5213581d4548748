"""What becomes of those who were sanctioned (F08)."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Unscored, measure
from analysis.facts.records import Records
from sim.records import TYPES

US_TERMS = 0.8  # length of custody relative to the United States from which its figures apply
LEAST = 40


def survival(days: np.ndarray, happened: np.ndarray, at: int) -> float:
    """Kaplan and Meier's estimate of the share without the event `at` days later.

    The sample is too small or too short when nobody is followed that far: NaN.
    """
    days, happened = np.asarray(days, float), np.asarray(happened, bool)
    if not (days >= at).any() and not happened.all():
        return float("nan")
    alive = 1.0
    for t in np.unique(days[happened & (days <= at)]):
        alive *= 1 - (happened & (days == t)).sum() / (days >= t).sum()
    return float(alive)


def releases(run: Records) -> tuple[np.ndarray, np.ndarray]:
    """First release of every sentenced person in the record: (id, day); people who are still there at the end."""
    person, day = run.noted("released_id"), run.noted("released_day")
    mine = run.noted("released_sentenced").astype(bool) & (run.row_of(person) >= 0)
    person, day = person[mine], day[mine]
    order = np.lexsort((day, person))
    first = np.unique(person[order], return_index=True)[1]
    return person[order][first], day[order][first]


def arrests(run: Records) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cleared events of all types: (who, day of the offence, day of the arrest), accomplices included."""
    e = run.events
    rows, people = run.doers(e["cleared"] & run.mask(TYPES, scored=False))
    return people, e["day"][rows], e["cleared_day"][rows]


def until_arrest(run: Records, person: np.ndarray, since: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days until the first arrest for an offence after `since`, and whether there was one before the record ends."""
    who, offence, day = arrests(run)
    days, happened = run.days - since, np.zeros(len(person), bool)
    order = np.lexsort((day, who))
    who, offence, day = who[order], offence[order], day[order]
    low, high = np.searchsorted(who, person), np.searchsorted(who, person, side="right")
    for k in range(len(person)):
        later = np.flatnonzero((offence[low[k]:high[k]] >= since[k]) & (day[low[k]:high[k]] >= since[k]))
        if len(later):
            days[k], happened[k] = day[low[k] + later[0]] - since[k], True
    return np.maximum(days, 1), happened


def rearrested(run: Records, at: int) -> float:
    """Share of the released who are arrested again within `at` days."""
    if run.terms < US_TERMS:
        raise Unscored("figures of the United States; this city has shorter terms of custody")
    if run.span * 365 < at + 180:
        raise Unscored(f"needs {at + 180} days of record, the run has {run.span * 365:.0f}")
    person, since = releases(run)
    if len(person) < LEAST:
        raise Unscored(f"needs {LEAST} people released after a sentence, the run has {len(person)}")
    return 1 - survival(*until_arrest(run, person, since), at)


@measure("F08a")
def one_year(run: Records) -> float:
    """Within a year."""
    return rearrested(run, 365)


@measure("F08b")
def three_years(run: Records) -> float:
    """Within three years."""
    return rearrested(run, 1095)


@measure("F08d")
def sanctioned_again(run: Records) -> float:
    """Share of those arrested who are arrested for a later offence within a year."""
    if run.terms >= US_TERMS:
        raise Unscored("figures of countries with shorter terms of custody")
    who, _, day = arrests(run)
    there = (run.row_of(who) >= 0) & (day <= run.days - 365)
    order = np.lexsort((day[there], who[there]))
    person, first = np.unique(who[there][order], return_index=True)
    if len(person) < LEAST:
        raise Unscored(f"needs {LEAST} people arrested a year before the end, the run has {len(person)}")
    days, happened = until_arrest(run, person, day[there][order][first] + 1)
    return float((happened & (days <= 365)).mean())
