"""Clearance (F09). Levels are for calibration; only their order could be a test, and it is part of no score."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Unscored, measure
from analysis.facts.records import Records

TIME_TO_CLEAR = 180
LEAST = 10


def cleared_share(run: Records, types, which: np.ndarray | None = None) -> float:
    """Share of the recorded events that were cleared, leaving out the last half year."""
    e = run.events
    mine = run.mask(types, "recorded") & (e["day"] < run.days - TIME_TO_CLEAR)
    if which is not None:
        mine &= which
    if mine.sum() < LEAST:
        raise Unscored(f"needs {LEAST} recorded events of {', '.join(types)}, the run has {mine.sum()}")
    return float(e["cleared"][mine].mean())


@measure("F09a")
def homicide(run: Records) -> float:
    return cleared_share(run, ("homicide",))


@measure("F09b")
def aggravated_assault(run: Records) -> float:
    """Assaults with a weapon."""
    return cleared_share(run, ("assault",), run.events["weapon"])


@measure("F09c")
def robbery(run: Records) -> float:
    return cleared_share(run, ("robbery",))


@measure("F09e")
def burglary(run: Records) -> float:
    return cleared_share(run, ("burglary",))


@measure("F09f")
def theft(run: Records) -> float:
    return cleared_share(run, ("theft",))


@measure("F09g")
def vehicle(run: Records) -> float:
    return cleared_share(run, ("vehicle",))
