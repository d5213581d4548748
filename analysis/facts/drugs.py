"""Drugs, crime and places (F15a-c). The market's facts (F15d-g) need experiments: :mod:`analysis.facts.trials`."""

from __future__ import annotations

import numpy as np

from analysis.concentration import share_of_places
from analysis.facts.base import Unscored, measure
from analysis.facts.records import VIOLENT, Records

LEAST, HOT = 100, 0.044


@measure("F15a")
def dependent_share(run: Records) -> float:
    """Share of acquisitive crimes with an offender who was dependent that month."""
    ids, months = run.noted("dependent_id"), run.noted("dependent_month")
    which = run.mask(("burglary", "robbery", "theft"))
    rows, people = run.doers(which)
    if not len(rows):
        raise Unscored("no acquisitive crime")
    month = run.events["day"][rows] // 30
    width = np.int64(max(people.max(), ids.max(initial=0)) + 1)
    dependent = np.isin(month * width + people, months.astype(np.int64) * width + ids)
    return len(np.unique(rows[dependent])) / int(which.sum())


def _sales(run: Records) -> np.ndarray:
    counts = run.counts(run.mask(("drugs",)))
    if counts.sum() < LEAST:
        raise Unscored(f"needs {LEAST} sales, the run has {counts.sum()}")
    return counts


@measure("F15b")
def crime_at_markets(run: Records) -> float:
    """Share of crimes against persons on the 4.4 % of places with most sales."""
    sales, crimes = _sales(run), run.counts(run.mask(VIOLENT))
    hot = np.argsort(-sales, kind="stable")[: max(1, round(HOT * len(sales)))]
    return float(crimes[hot].sum() / max(crimes.sum(), 1))


@measure("F15c")
def sale_places(run: Records) -> float:
    """Per cent of places with half of a year's sales."""
    return 100 * share_of_places(_sales(run))
