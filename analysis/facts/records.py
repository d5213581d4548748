"""One stored run, as plain arrays that the statistics of the facts are computed from."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.facts.base import Unscored
from analysis.stored import codes_of, numpy_of, read_columns
from sim.errors import DataError
from sim.records import APART, CODE, LINKS, TYPES

WATCHED = "watched.npz"
VIOLENT = ("robbery", "assault", "homicide")
PROPERTY = ("burglary", "theft", "vehicle")
VICTIM = tuple(t for t in TYPES if t not in APART)
USE = ("none", "occasional", "dependent")


@dataclass(frozen=True)
class Records:
    """A run's events, people and places.

    Attributes
    ----------
    events : mapping of name to array[events]
        All events, burn-in included, in the order of time: `day`, `minute`, `place` (index into `places`, -1), `x`,
        `y` (m), `kind` (code), `offender`, `victim`, `dwelling` (ids, -1), `partners` (int64[events, 3], -1),
        `domestic`, `weapon`, `firearm`, `outdoors`, `reported`, `recorded`, `cleared` (bool), `cleared_day`, `link`.
    people : mapping of name to array[people]
        `id`, `male`, `age`, `place` (of home, -1), `dwelling`, `fear`, `use`.
    places : mapping of name to array[places]
        `cell`, `area` (index, -1) and every layer stored.
    areas : mapping of name to array[areas]
        Columns of the area table.
    watched : mapping
        What an observer noted during the run (see :mod:`experiments.watch`); empty without.
    shuffle : int array, optional
        Order in which a null world deals the rates of areas anew.
    """

    events: Mapping[str, np.ndarray]
    people: Mapping[str, np.ndarray]
    places: Mapping[str, np.ndarray]
    areas: Mapping[str, np.ndarray]
    days: int
    burn_in_days: int
    start: datetime.date
    width: int
    cell_m: float
    origin: tuple[float, float]
    seed: int
    terms: float = 1.0  # length of custody relative to the United States
    watched: Mapping[str, np.ndarray] = field(default_factory=dict)
    shuffle: np.ndarray | None = None

    # -- events ------------------------------------------------------------------------------------------------------

    def mask(self, types=VICTIM, layer: str = "true", domestic: bool = True, scored: bool = True) -> np.ndarray:
        """Events of some types on a layer; `scored` leaves the burn-in out."""
        e = self.events
        out = np.isin(e["kind"], [CODE[t] for t in types])
        if layer != "true":
            out &= e[layer]
        if not domestic:
            out &= ~e["domestic"]
        return out & (e["day"] >= 0) if scored else out

    def counts(self, which: np.ndarray) -> np.ndarray:
        """Events of a mask by place."""
        place = self.events["place"][which]
        return np.bincount(place[place >= 0], minlength=self.n_places)

    def yearly(self, which: np.ndarray) -> list[np.ndarray]:
        """Events of a mask by place, for every whole scored year."""
        year = self.events["day"] // 365
        return [self.counts(which & (year == k)) for k in range(self.days // 365)]

    @property
    def n_places(self) -> int:
        return len(self.places["cell"])

    @property
    def years(self) -> float:
        return self.days / 365

    @property
    def span(self) -> float:
        """Years of the record, burn-in included."""
        return (self.days + self.burn_in_days) / 365

    def doers(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Everybody who took part in the events of a mask: (row of the event, id of the person)."""
        rows = np.flatnonzero(which)
        both = np.column_stack([self.events["offender"][rows], self.events["partners"][rows]])
        there = both >= 0
        return np.repeat(rows, there.sum(axis=1)), both[there]

    def with_events(self, **columns: np.ndarray) -> Records:
        """The same run with some columns of its events replaced: a null world."""
        return replace(self, events={**self.events, **columns})

    # -- people ------------------------------------------------------------------------------------------------------

    def row_of(self, ids: np.ndarray) -> np.ndarray:
        """Row of people by id; -1 for those who are not there on the last day."""
        own = self.people["id"]  # ascending
        at = np.minimum(np.searchsorted(own, ids), max(len(own) - 1, 0))
        return np.where((len(own) > 0) & (own[at] == ids), at, -1)

    def age_at(self, rows: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Age in completed years of people (rows) on a day; birthdays are spread over the year by id."""
        turned = (self.people["id"][rows] * 2654435761 % 365) / 365
        return np.floor(self.people["age"][rows] + turned - (self.days - day) / 365).astype(int)

    # -- places and areas --------------------------------------------------------------------------------------------

    def centre(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates (m) of the centres of places."""
        cell = self.places["cell"][place]
        return (self.origin[0] + (cell % self.width + 0.5) * self.cell_m,
                self.origin[1] + (cell // self.width + 0.5) * self.cell_m)

    def area_residents(self) -> np.ndarray:
        area = self.places["area"]
        return np.bincount(area[area >= 0], self.places["residents"][area >= 0], self.n_areas)

    @property
    def n_areas(self) -> int:
        return len(next(iter(self.areas.values()))) if self.areas else int(self.places["area"].max(initial=-1)) + 1

    def area_rates(self, which: np.ndarray, least: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Crimes per 1,000 residents and year of the areas with at least so many residents: (areas, rates)."""
        people = self.area_residents()
        at = self.events["place"][which]
        area = self.places["area"][at[at >= 0]]
        crimes = np.bincount(area[area >= 0], minlength=self.n_areas)
        kept = np.flatnonzero(people >= least)
        rates = 1000 * crimes[kept] / people[kept] / max(self.years, 1e-9)
        if self.shuffle is not None:
            rates = rates[np.argsort(self.shuffle[kept])]
        return kept, rates

    def disadvantage(self, kept: np.ndarray) -> np.ndarray:
        """Mean standard score of poverty and unemployment of some areas."""
        parts = []
        for name in ("poverty_rate", "unemployment_rate"):
            values = self.areas.get(name)
            if values is not None and np.isfinite(values[kept]).all() and values[kept].std() > 0:
                parts.append((values[kept] - values[kept].mean()) / values[kept].std())
        if not parts:
            raise Unscored("the areas have neither poverty nor unemployment")
        return np.mean(parts, axis=0)

    def dates(self, day: np.ndarray) -> np.ndarray:
        return np.datetime64(self.start, "D") + day.astype("timedelta64[D]")

    def weekday(self, day: np.ndarray) -> np.ndarray:
        """Day of the week, 0 is Monday."""
        return (self.dates(day).astype("datetime64[D]").view("int64") - 4) % 7  # day 4 of the count was a Monday

    def noted(self, name: str) -> np.ndarray:
        if name not in self.watched:
            raise Unscored("the run was stored without the notes of an observer")
        return self.watched[name]

    def need_years(self, years: float, what: str = "scored years") -> None:
        if self.days < 365 * years:
            raise Unscored(f"needs {years:g} {what}, the run has {self.years:.3g}")


def read(folder: str | os.PathLike) -> Records:
    """Read a stored run.

    Raises
    ------
    DataError
        When files are missing or not readable.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        city, spec = manifest["city"], manifest["spec"]
    except (OSError, ValueError, KeyError):
        raise DataError(f"{folder}: holds no finished run") from None
    ids = tuple(str(a["id"]) for a in city["areas"])
    places = _places(folder, ids)
    where = np.full(city["width"] * city["height"], -1, np.int64)
    where[places["cell"]] = np.arange(len(places["cell"]))
    watched = {}
    if (folder / WATCHED).is_file():
        with np.load(folder / WATCHED, allow_pickle=False) as notes:
            watched = {name: notes[name] for name in notes.files}
    names = {k for a in city["areas"] for k, v in a.items() if isinstance(v, (int, float))} - {"id"}
    areas = {n: np.array([np.nan if a.get(n) is None else float(a[n]) for a in city["areas"]]) for n in names}
    return Records(_events(folder, where), _people(folder, where), places, areas, int(manifest["days"]),
                   int(manifest.get("burn_in_days") or 0), datetime.date.fromisoformat(spec["start_date"]),
                   int(city["width"]), float(city["cell_m"]), (float(city["x0"]), float(city["y0"])),
                   int(manifest["seed"]), float(spec["city"].get("custody_terms", 1.0)), watched)


def _ids(column: Any) -> np.ndarray:
    import pyarrow.compute as pc

    return numpy_of(pc.fill_null(column, -1)).astype(np.int64)


def _events(folder: Path, where: np.ndarray) -> dict[str, np.ndarray]:
    flags = ("domestic", "weapon", "firearm", "outdoors", "reported", "recorded", "cleared")
    e = read_columns(folder / "events.parquet", ["day", "minute", "cell", "x_m", "y_m", "type", "link", "offender_id",
                                                 "victim_id", "dwelling_id", "co_offenders", "cleared_day", *flags])
    lists = e["co_offenders"]
    offsets = lists.offsets.to_numpy() - lists.offsets[0].as_py() if len(lists) else np.zeros(1, np.int64)
    many = np.diff(offsets)
    partners = np.full((len(many), max(3, int(many.max(initial=0)))), -1, np.int64)
    rows = np.repeat(np.arange(len(many)), many)
    partners[rows, np.arange(offsets[-1]) - np.repeat(offsets[:-1], many)] = numpy_of(lists.flatten())
    cell = numpy_of(e["cell"]).astype(np.int64)
    out = {"day": numpy_of(e["day"]).astype(np.int64), "minute": numpy_of(e["minute"]).astype(np.int64),
           "place": where[cell], "x": numpy_of(e["x_m"]), "y": numpy_of(e["y_m"]), "kind": codes_of(e["type"], TYPES),
           "link": codes_of(e["link"], LINKS), "offender": _ids(e["offender_id"]), "victim": _ids(e["victim_id"]),
           "dwelling": _ids(e["dwelling_id"]), "partners": partners,
           "cleared_day": numpy_of(e["cleared_day"].fill_null(-(2**30))).astype(np.int64)}
    return out | {f: numpy_of(e[f]).astype(bool) for f in flags}


def _people(folder: Path, where: np.ndarray) -> dict[str, np.ndarray]:
    p = read_columns(folder / "people.parquet", ["person_id", "sex", "age", "home_cell", "dwelling_id", "fear", "use"])
    out = {"id": numpy_of(p["person_id"]).astype(np.int64), "male": codes_of(p["sex"], ("female", "male")) == 1,
           "age": numpy_of(p["age"]).astype(np.int64), "place": where[numpy_of(p["home_cell"]).astype(np.int64)],
           "dwelling": _ids(p["dwelling_id"])}
    if "fear" in p:
        out["fear"] = numpy_of(p["fear"]).astype(float)
    if "use" in p:
        out["use"] = codes_of(p["use"], USE)
    return out


def _places(folder: Path, ids: tuple[str, ...]) -> dict[str, np.ndarray]:
    table = read_columns(folder / "places.parquet")
    out = {"area": codes_of(table.pop("area"), ids)}
    table.pop("land_use", None)
    return out | {name: numpy_of(column) for name, column in table.items()}
