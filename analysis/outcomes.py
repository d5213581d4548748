"""Outcomes of a comparison: counts by type, layer, month, area, place and hour, for every run.

:mod:`analysis.stored` reads them from the files of the runs. A comparison may be unfinished: what a run does not have
is missing here too (NaN or None) and never zero.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.records import APART, TYPES

LAYERS = ("true", "reported", "recorded")
AGE_BANDS = (0, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80)
NAN = float("nan")


@dataclass(frozen=True)
class Outcome:
    """A group of crime types counted together; `per` is the denominator of its rate in residents."""

    name: str
    label: str
    types: tuple[str, ...]
    per: int = 1000

    @property
    def codes(self) -> list[int]:
        return [TYPES.index(t) for t in self.types]


TYPE_LABELS = {
    "burglary": "Burglary",
    "robbery": "Robbery",
    "theft": "Theft",
    "vehicle": "Vehicle theft",
    "assault": "Assault",
    "homicide": "Homicide",
    "drugs": "Drug dealing",
    "harassment": "Harassment in public",
    "extortion": "Extortion",
}
OUTCOMES: dict[str, Outcome] = {
    o.name: o
    for o in (
        Outcome("victimisations", "Crimes with a victim", tuple(t for t in TYPES if t not in APART)),
        Outcome("property", "Property crime", ("burglary", "theft", "vehicle")),
        Outcome("violence", "Violent crime", ("robbery", "assault", "homicide")),
        Outcome("all", "All crimes, drug dealing and harassment included", TYPES),
        *(Outcome(t, TYPE_LABELS.get(t, t.capitalize()), (t,), 100_000 if t == "homicide" else 1000) for t in TYPES),
    )
}


@dataclass
class Frame:
    """What all runs of a comparison share: the grid, the places, the areas and the length of the scored period."""

    width: int
    height: int
    cell_m: float
    cells: np.ndarray  # cell numbers of the city's places, ascending
    area: np.ndarray  # area index of each place, -1 unknown
    area_ids: tuple[str, ...]
    area_names: tuple[str, ...]
    area_columns: dict[str, np.ndarray]
    land_use: np.ndarray | None
    days: int
    start: datetime.date = datetime.date(2024, 1, 1)

    @cached_property
    def _months(self) -> np.ndarray:
        """Calendar month of each scored day, from 0 in the month of the first one."""
        dates = np.datetime64(self.start, "D") + np.arange(max(self.days, 1)).astype("timedelta64[D]")
        return (dates.astype("datetime64[M]") - np.datetime64(self.start, "M")).astype(np.int64)

    @property
    def months(self) -> int:
        return int(self._months[-1]) + 1

    @property
    def month_days(self) -> np.ndarray:
        """Scored days in each month."""
        return np.bincount(self._months, minlength=self.months)

    def month_label(self, month: int) -> str:
        return str(np.datetime64(self.start, "M") + np.timedelta64(month, "M"))

    @property
    def years(self) -> float:
        return self.days / 365

    def month_of(self, day) -> np.ndarray:
        """Calendar month of scored days, counted from the first one."""
        return self._months[np.asarray(day)]

    @cached_property
    def _place(self) -> np.ndarray:
        out = np.full(max(self.width * self.height, int(self.cells.max(initial=-1)) + 1), -1, np.int32)
        out[self.cells] = np.arange(len(self.cells))
        return out

    def place_of(self, cell) -> np.ndarray:
        """Index into `cells`, -1 for cells that are no place of the city."""
        cell = np.asarray(cell)
        inside = (cell >= 0) & (cell < len(self._place))
        return np.where(inside, self._place[np.where(inside, cell, 0)], -1)

    def grid(self, values: np.ndarray, fill: float = NAN) -> np.ndarray:
        """Values of places as an array (height, width); row 0 is the south."""
        out = np.full(self.width * self.height, fill)
        out[self.cells] = values
        return out.reshape(self.height, self.width)


@dataclass
class Run:
    """What one stored run adds up to. Arrays are indexed as named; `areas` has one more row for "outside"."""

    counts: np.ndarray  # int64 [type, layer, month, area + 1]
    places: np.ndarray  # int64 [layer, place]: crimes with a victim
    hours: np.ndarray  # int64 [type, layer, hour]
    residents: int
    area_residents: np.ndarray  # int64 [area]
    area_sums: dict[str, np.ndarray]  # people's counts (stops, arrests, victimisations ...) by area of home
    people: dict[str, float]  # sums of counts, means of states, share victimised
    series: dict[str, np.ndarray]  # monthly sums of daily counts and costs
    ages: dict[str, np.ndarray] = field(default_factory=dict)  # by band of AGE_BANDS
    cleared: int = 0
    treated: np.ndarray | None = None  # bool [place]
    before_after: np.ndarray | None = None  # int64 [2, place]: recorded, equally long before and after day 0
    manifest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Arm:
    """One option of a comparison as its manifest describes it."""

    name: str
    role: str
    interventions: dict[str, dict[str, Any]]
    overrides: tuple[str, ...]
    spec_hash: str = ""


@dataclass
class Comparison:
    """A stored comparison: manifest, arms with the baseline first, and the summed-up runs."""

    folder: Path
    manifest: dict[str, Any]
    arms: list[Arm]
    frame: Frame
    runs: dict[str, list[Run | None]]
    unreadable: list[str]

    @property
    def baseline(self) -> Arm:
        return self.arms[0]

    @property
    def options(self) -> list[Arm]:
        return self.arms[1:]

    @property
    def replications(self) -> int:
        return len(self.runs[self.baseline.name])

    @property
    def residents(self) -> float:
        """Denominator of every rate: residents of the first finished run of the baseline, on its last day."""
        return float(next(r.residents for r in self.runs[self.baseline.name] if r is not None))

    def gather(self, arm: str, value, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Apply `value` (of that shape) to the runs of an arm; NaN where a run is missing or `value` gives None."""
        out = [value(run) if run is not None else None for run in self.runs[arm]]
        empty = np.full(shape, NAN)
        return np.array([empty if v is None else np.asarray(v, float) for v in out])

    def values(self, arm: str, outcome: str, layer: str = "true") -> np.ndarray:
        """Crimes in the scored period, one number a replication."""
        return self.monthly(arm, outcome, layer).sum(axis=1)

    def monthly(self, arm: str, outcome: str, layer: str = "true") -> np.ndarray:
        """Crimes by month, shape (replications, months)."""
        codes, k = OUTCOMES[outcome].codes, LAYERS.index(layer)
        return self.gather(arm, lambda r: r.counts[codes, k].sum(axis=(0, 2)), (self.frame.months,))

    def rate_factor(self, outcome: str | None = None, per: int | None = None) -> float:
        """Factor from a count in the scored period to a rate per 1,000 (or `per`) residents and year."""
        per = per or (OUTCOMES[outcome].per if outcome else 1000)
        return per / (self.residents * self.frame.years)

    def by_area(self, arm: str, outcome: str, layer: str = "true") -> np.ndarray:
        """Crimes by area of the event, shape (replications, areas)."""
        codes, k = OUTCOMES[outcome].codes, LAYERS.index(layer)
        return self.gather(arm, lambda r: r.counts[codes, k, :, :-1].sum(axis=(0, 1)), (len(self.frame.area_ids),))

    def by_place(self, arm: str, layer: str = "true") -> np.ndarray:
        """Crimes with a victim by place, shape (replications, places)."""
        k = LAYERS.index(layer)
        return self.gather(arm, lambda r: r.places[k], self.frame.cells.shape)

    def people_sum(self, arm: str, name: str) -> np.ndarray:
        """Sum (counts) or mean (states) over residents, one number a replication; NaN where not stored."""
        return self.gather(arm, lambda r: r.people.get(name, NAN))

    def people_by_area(self, arm: str, name: str) -> np.ndarray | None:
        """Counts of residents by area of their home, shape (replications, areas); None where not stored."""
        if not any(r is not None and name in r.area_sums for r in self.runs[arm]):
            return None
        return self.gather(arm, lambda r: r.area_sums.get(name), (len(self.frame.area_ids),))

    def series_sum(self, arm: str, name: str) -> np.ndarray:
        """Sum of a daily series over the scored period; a series that an arm does not have is zero there."""
        return self.gather(arm, lambda r: r.series[name].sum() if name in r.series else 0.0)

    def series_names(self, prefix: str) -> list[str]:
        return sorted({n for runs in self.runs.values() for r in runs if r for n in r.series if n.startswith(prefix)})

    def cost(self, arm: str) -> np.ndarray:
        """Cost of an arm's interventions over the scored period, one number a replication."""
        return self.gather(arm, lambda r: sum(v.sum() for n, v in r.series.items() if n.startswith("cost.")))

    @cached_property
    def area_residents(self) -> np.ndarray:
        """Mean residents of every area over the runs of the baseline."""
        found = self.gather(self.baseline.name, lambda r: r.area_residents, (len(self.frame.area_ids),))
        return np.nanmean(found, axis=0)

    def done(self, arm: str) -> int:
        return sum(r is not None for r in self.runs[arm])
