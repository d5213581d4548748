"""Outcome tables of a stored comparison: counts by type, layer, month, area, place and hour, for every run.

The files are documented in ``docs/records.md``. A comparison may be unfinished or older than this code: what a run
does not have is missing here too (NaN or None) and never zero.
"""

from __future__ import annotations

import datetime
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import DataError
from sim.records import TYPES

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


TYPE_LABELS = {"burglary": "Burglary", "robbery": "Robbery", "theft": "Theft", "vehicle": "Vehicle theft",
               "assault": "Assault", "homicide": "Homicide", "drugs": "Drug dealing"}
OUTCOMES: dict[str, Outcome] = {o.name: o for o in (
    Outcome("victimisations", "Crimes with a victim", tuple(t for t in TYPES if t != "drugs")),
    Outcome("property", "Property crime", ("burglary", "theft", "vehicle")),
    Outcome("violence", "Violent crime", ("robbery", "assault", "homicide")),
    Outcome("all", "All crimes, drug dealing included", TYPES),
    *(Outcome(t, TYPE_LABELS.get(t, t.capitalize()), (t,), 100_000 if t == "homicide" else 1000) for t in TYPES))}


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

    def place_of(self, cell) -> np.ndarray:
        """Index into `cells`, -1 for cells that are no place of the city."""
        cell = np.asarray(cell)
        if not len(self.cells):
            return np.full(cell.shape, -1)
        at = np.minimum(np.searchsorted(self.cells, cell), len(self.cells) - 1)
        return np.where(self.cells[at] == cell, at, -1)

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
    victims: int = 0
    cleared: int = 0
    discovered: int = 0
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


def load(folder: str | os.PathLike) -> Comparison:
    """Read a comparison folder.

    Raises
    ------
    DataError
        When there is no manifest, no arm, or not one run of the baseline that can be read.
    """
    folder = Path(folder)
    manifest = _json(folder / "manifest.json")
    arms = _arms(manifest, folder)
    replications = _replications(manifest, folder, arms)
    paths = {a.name: [folder / "runs" / a.name / str(r) for r in range(replications)] for a in arms}
    frame = None
    unreadable: list[str] = []
    for path in (p for a in arms for p in paths[a.name] if (p / "manifest.json").exists()):
        try:
            frame = _frame(path)
            break
        except (DataError, KeyError, ValueError, OSError) as error:
            unreadable.append(f"{path.relative_to(folder)}: {error}")
    if frame is None:
        raise DataError(f"{folder}: holds no finished run to report on")
    runs: dict[str, list[Run | None]] = {}
    for arm in arms:
        runs[arm.name] = []
        for path in paths[arm.name]:
            run = None
            if (path / "manifest.json").exists():
                try:
                    run = read_run(path, frame, ages=arm is arms[0])
                except (DataError, KeyError, ValueError, OSError) as error:
                    unreadable.append(f"{path.relative_to(folder)}: {type(error).__name__}: {error}")
            runs[arm.name].append(run)
    if not any(r is not None for r in runs[arms[0].name]):
        raise DataError(f"{folder}: no run of the baseline {arms[0].name!r} is finished; there is nothing to compare with")
    return Comparison(folder, manifest, arms, frame, runs, unreadable)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: the file is missing") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable manifest ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected an object, found {type(found).__name__}")
    return found


def _arms(manifest: dict, folder: Path) -> list[Arm]:
    given = manifest.get("arms") or {}
    if isinstance(given, list):
        given = {a.get("name", f"arm {i}"): a for i, a in enumerate(given) if isinstance(a, dict)}
    if not given and (folder / "runs").is_dir():
        given = {p.name: {} for p in sorted((folder / "runs").iterdir()) if p.is_dir()}
    first = manifest.get("baseline", "baseline")
    arms = []
    for name, a in given.items():
        a = a or {}
        interventions = a.get("interventions") or (a.get("spec") or {}).get("intervention") or {}
        if isinstance(interventions, (list, tuple)):
            settings = (a.get("spec") or {}).get("intervention") or {}
            interventions = {n: settings.get(n, {}) for n in interventions}
        role = a.get("role") or ("baseline" if name == first else _role(interventions))
        arms.append(Arm(name, role, dict(interventions), tuple(map(str, a.get("overrides") or ())),
                        str(a.get("spec_hash") or "")))
    if not arms:
        raise DataError(f"{folder}/manifest.json: expected at least one arm, found none")
    order = {"baseline": 0, "option": 1}
    arms.sort(key=lambda a: 0 if a.name == first else order.get(a.role, 2))
    return arms


def _role(interventions: dict) -> str:
    if set(interventions) in ({"placebo"}, {"same_cost_random"}):
        return next(iter(interventions))
    doses = [p.get("strength", 1.0) for p in interventions.values() if isinstance(p, dict)]
    return "placebo" if interventions and doses and not any(doses) else "option"


def _replications(manifest: dict, folder: Path, arms: list[Arm]) -> int:
    given = manifest.get("replications")
    found = [int(p.name) + 1 for a in arms if (folder / "runs" / a.name).is_dir()
             for p in (folder / "runs" / a.name).iterdir() if p.name.isdigit()]
    return max([given if isinstance(given, int) else 0, 1, *found])


def _table(path: Path, columns: list[str] | None = None) -> dict[str, Any]:
    """Columns of a Parquet file that exist, as Arrow arrays."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [n for n in file.schema_arrow.names if columns is None or n in columns]
            table = file.read(columns=names)
    except FileNotFoundError:
        raise DataError(f"{path}: the file is missing") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not a readable Parquet file ({type(error).__name__})") from None
    return {n: table.column(n).combine_chunks() for n in names}


def _codes(column, names: tuple[str, ...]) -> np.ndarray:
    """Codes of a column of names: index into `names`, -1 for null or unknown."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(column.type) and not names:
        return column.to_numpy(zero_copy_only=False)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column.cast(pa.string()))
    there = {name: i for i, name in enumerate(names)}
    lookup = np.array([there.get(str(v), -1) for v in column.dictionary.to_pylist()] + [-1])
    return lookup[pc.fill_null(column.indices, len(lookup) - 1).to_numpy(zero_copy_only=False)]


def _numpy(column) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False)


def _frame(folder: Path) -> Frame:
    manifest = _json(folder / "manifest.json")
    city = manifest.get("city") or {}
    grid = {**city, **(city.get("grid") or {})}
    rows = city.get("areas") or []
    places = _table(folder / "places.parquet", ["cell", "x_m", "y_m", "area", "land_use"])
    cell = _numpy(places["cell"])
    order = np.argsort(cell)
    ids = tuple(str(r.get("id")) for r in rows) if rows and isinstance(rows[0], dict) else ()
    if not ids and "area" in places:
        ids = tuple(sorted({str(v) for v in places["area"].unique().to_pylist() if v is not None}))
        rows = [{"id": i, "name": i} for i in ids]
    columns = {}
    for key in {k for r in rows for k in r} - {"id", "name"}:
        values = [r.get(key) for r in rows]
        if all(v is None or isinstance(v, (int, float)) for v in values):
            columns[key] = np.array([NAN if v is None else float(v) for v in values])
    days = manifest.get("days") or round(365 * ((manifest.get("spec") or {}).get("years") or 1))
    width = int(grid.get("width") or cell.max() + 1)
    land = None
    if "land_use" in places:
        from sim.city.grid import LAND_USE

        land = _codes(places["land_use"], LAND_USE)[order]
    start = str((manifest.get("spec") or {}).get("start_date") or "2024-01-01")
    return Frame(width, int(grid.get("height") or cell.max() // width + 1), float(grid.get("cell_m") or 100), cell[order],
                 _codes(places["area"], ids)[order] if "area" in places else np.full(len(cell), -1), ids,
                 tuple(str(r.get("name", r.get("id"))) for r in rows), columns, land, int(days),
                 datetime.date.fromisoformat(start))


def read_run(folder: Path, frame: Frame, ages: bool = False) -> Run:
    """Sum up one stored run.

    Parameters
    ----------
    folder : Path
    frame : Frame
        From a run of the same comparison.
    ages : bool
        Also sum residents, offences and victimisations by age.
    """
    manifest = _json(folder / "manifest.json")
    run = Run(**_events(folder, frame), **_people(folder, frame, ages), series=_series(folder, frame), manifest=manifest)
    run.treated = _treated(folder, frame)
    return run


def _events(folder: Path, frame: Frame) -> dict[str, Any]:
    e = _table(folder / "events.parquet", ["day", "minute", "cell", "area", "type", "victim_id", "reported", "discovered",
                                           "recorded", "cleared", "in_burn_in", "time"])
    day = _numpy(e["day"]).astype(np.int64)
    scored = (day >= 0) & (day < frame.days)
    kind = _codes(e["type"], TYPES)
    scored &= kind >= 0
    before_after = _before_after(e, day, kind, frame)
    day, kind = day[scored], kind[scored]
    month, areas = frame.month_of(day), len(frame.area_ids) + 1
    area = _codes(e["area"], frame.area_ids)[scored]
    area = np.where(area < 0, areas - 1, area)
    place = frame.place_of(_numpy(e["cell"])[scored])
    hour = np.clip(_numpy(e["minute"])[scored] // 60, 0, 23).astype(np.int64)
    layer = [np.ones(len(day), bool), _numpy(e["reported"])[scored].astype(bool), _numpy(e["recorded"])[scored].astype(bool)]
    shape = (len(TYPES), frame.months, areas)
    at = np.ravel_multi_index((kind, month, area), shape)
    clock = kind * 24 + hour
    with_victim = (kind != TYPES.index("drugs")) & (place >= 0)
    counts = np.stack([np.bincount(at[m], minlength=np.prod(shape)).reshape(shape) for m in layer], axis=1)
    hours = np.stack([np.bincount(clock[m], minlength=24 * len(TYPES)).reshape(-1, 24) for m in layer], axis=1)
    places = np.stack([np.bincount(place[m & with_victim], minlength=len(frame.cells)) for m in layer])
    victims = e["victim_id"].filter(_mask(scored)).drop_null() if "victim_id" in e else ()
    ids = np.unique(_numpy(victims)) if len(victims) else np.empty(0)
    return dict(counts=counts, hours=hours, places=places, before_after=before_after, victims=int((ids >= 0).sum()),
                cleared=int(_numpy(e["cleared"])[scored].sum()) if "cleared" in e else 0,
                discovered=int(_numpy(e["discovered"])[scored].sum()) if "discovered" in e else 0)


def _before_after(e: dict, day: np.ndarray, kind: np.ndarray, frame: Frame) -> np.ndarray | None:
    """Recorded crimes with a victim by place, before and after day 0: what an evaluator would count."""
    span = min(-int(day.min()) if len(day) else 0, frame.days)
    if span < 90:
        return None
    place = frame.place_of(_numpy(e["cell"]))
    mine = _numpy(e["recorded"]).astype(bool) & (kind >= 0) & (kind != TYPES.index("drugs")) & (place >= 0)
    return np.stack([np.bincount(place[mine & (day >= first) & (day < first + span)], minlength=len(frame.cells))
                     for first in (-span, 0)])


def _mask(values: np.ndarray):
    import pyarrow as pa

    return pa.array(values)


PEOPLE_COUNTS = ("offences", "arrests", "stops", "victimisations")
PEOPLE_STATES = ("fear", "trust")


def _people(folder: Path, frame: Frame, ages: bool) -> dict[str, Any]:
    p = _table(folder / "people.parquet", ["age", "area", *PEOPLE_COUNTS, *PEOPLE_STATES])
    n = len(next(iter(p.values()))) if p else 0
    areas = len(frame.area_ids)
    area = _codes(p["area"], frame.area_ids) if "area" in p else np.full(n, -1)
    inside = area >= 0
    sums, by_area = {}, {}
    for name in PEOPLE_COUNTS:
        if name in p:
            values = _numpy(p[name]).astype(float)
            sums[name] = float(values.sum())
            by_area[name] = np.bincount(area[inside], values[inside], areas)
            if name == "victimisations":
                sums["share_victimised"] = float((values > 0).mean()) if n else NAN
    for name in PEOPLE_STATES:
        if name in p:
            sums[name] = float(np.nanmean(_numpy(p[name]))) if n else NAN
    bands: dict[str, np.ndarray] = {}
    if ages and "age" in p:
        band = np.searchsorted(AGE_BANDS, _numpy(p["age"]), side="right") - 1
        bands["residents"] = np.bincount(band.clip(0), minlength=len(AGE_BANDS)).astype(float)
        for name in ("offences", "victimisations"):
            if name in p:
                bands[name] = np.bincount(band.clip(0), _numpy(p[name]).astype(float), len(AGE_BANDS))
    return dict(residents=n, area_residents=np.bincount(area[inside], minlength=areas), area_sums=by_area, people=sums,
                ages=bands)


def _series(folder: Path, frame: Frame) -> dict[str, np.ndarray]:
    path = folder / "series.parquet"
    if not path.exists():
        return {}
    s = _table(path)
    day = _numpy(s.pop("day"))
    scored = (day >= 0) & (day < frame.days)
    month = frame.month_of(day[scored])
    out = {}
    for name, column in s.items():
        if name.startswith(("cost.", "deaths.")):
            values = np.nan_to_num(_numpy(column)[scored].astype(float))
            out[name] = np.bincount(month, values, frame.months)
    return out


def _treated(folder: Path, frame: Frame) -> np.ndarray | None:
    """Places treated by any intervention: columns `treated` or `treated.<intervention>` of the places."""
    import pyarrow.parquet as pq

    path = folder / "places.parquet"
    names = [n for n in pq.read_schema(path).names if n == "treated" or n.startswith("treated.")]
    if not names:
        return None
    table = _table(path, ["cell", *names])
    place = frame.place_of(_numpy(table.pop("cell")))
    out = np.zeros(len(frame.cells), bool)
    for column in table.values():
        marked = np.nan_to_num(_numpy(column).astype(float)) > 0
        out[place[marked & (place >= 0)]] = True
    return out if out.any() else None
