"""Reporting to the police (F10)."""

from __future__ import annotations

import numpy as np

from analysis.concentration import rank_correlation
from analysis.facts.base import Unscored, measure
from analysis.facts.records import PROPERTY, VIOLENT, Records

LEAST = 20


def reported_share(run: Records, which: np.ndarray) -> float:
    if which.sum() < LEAST:
        raise Unscored(f"needs {LEAST} events of a type, the run has {which.sum()}")
    return float(run.events["reported"][which].mean())


@measure("F10a")
def violent(run: Records) -> float:
    return reported_share(run, run.mask(VIOLENT))


@measure("F10b")
def property_crime(run: Records) -> float:
    return reported_share(run, run.mask(PROPERTY))


@measure("F10c")
def order(run: Records) -> float:
    """Rank correlation of the types' shares with vehicle theft > robbery, assault with a weapon > burglary > simple
    assault > theft."""
    weapon = run.events["weapon"]
    assault = run.mask(("assault",))
    found = [reported_share(run, run.mask(("vehicle",))), reported_share(run, run.mask(("robbery",))),
             reported_share(run, assault & weapon), reported_share(run, run.mask(("burglary",))),
             reported_share(run, assault & ~weapon), reported_share(run, run.mask(("theft",)))]
    return rank_correlation(found, [6, 4.5, 4.5, 3, 2, 1])
