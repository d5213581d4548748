"""Hours, weekdays and seasons (F12), as the police would see them."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Unscored, measure
from analysis.facts.records import VICTIM, Records

LEAST = 100


def _some(run: Records, types, layer: str = "recorded", domestic: bool = True) -> np.ndarray:
    rows = np.flatnonzero(run.mask(types, layer, domestic))
    if len(rows) < LEAST:
        raise Unscored(f"needs {LEAST} events, the run has {len(rows)}")
    return rows


@measure("F12a")
def evening_violence(run: Records) -> float:
    """Share of robbery and assault from 18:00 to 03:00."""
    hour = run.events["minute"][_some(run, ("robbery", "assault"))] // 60
    return float(((hour >= 18) | (hour < 3)).mean())


@measure("F12b")
def daytime_burglary(run: Records) -> float:
    """Burglaries an hour on weekdays from 9:00 to 17:00 over those in all other hours."""
    rows = _some(run, ("burglary",))
    hour = run.events["minute"][rows] // 60
    weekday = run.weekday(run.events["day"][rows])
    day = (weekday < 5) & (hour >= 9) & (hour < 17)
    hours = 5 * 8
    return float((day.sum() / hours) / max((~day).sum() / (7 * 24 - hours), 1e-9))


@measure("F12c")
def trough(run: Records) -> float:
    """Mean hourly count from 4:00 to 7:00 over the overall mean."""
    hour = run.events["minute"][_some(run, VICTIM)] // 60
    return float(((hour >= 4) & (hour < 7)).mean() * 24 / 3)


def summer_over_winter(run: Records, types) -> float:
    """Mean daily rate of June to August over that of December to February."""
    run.need_years(1)
    rows = _some(run, types)

    def month(day: np.ndarray) -> np.ndarray:
        return run.dates(day).astype("datetime64[M]").view("int64") % 12 + 1

    of_events, of_days = month(run.events["day"][rows]), month(np.arange(run.days))
    summer, winter = (6, 7, 8), (12, 1, 2)
    rate = [np.isin(of_events, s).sum() / np.isin(of_days, s).sum() for s in (summer, winter)]
    return float(rate[0] / max(rate[1], 1e-9))


@measure("F12e")
def burglary_season(run: Records) -> float:
    return summer_over_winter(run, ("burglary",))


@measure("F12f")
def robbery_season(run: Records) -> float:
    return summer_over_winter(run, ("robbery",))
